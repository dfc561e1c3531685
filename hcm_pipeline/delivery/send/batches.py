"""How the operations of a manifest are cut into bulk requests: the one place that decides it.

The first request is smaller where it is a canary: `first` is how many operations it holds.
"""

from __future__ import annotations

from collections.abc import Iterator

from hcm_pipeline.delivery.manifest import OPERATIONS_PER_REQUEST


def slices(operations: int, first: int = OPERATIONS_PER_REQUEST) -> Iterator[tuple[int, int]]:
    """Yield (first position, position after the last) of every request, in order."""
    start = 0
    while start < operations:
        end = min(operations, start + (OPERATIONS_PER_REQUEST if start else first))
        yield start, end
        start = end


def request_sql(position: str, first: int = OPERATIONS_PER_REQUEST) -> tuple[str, str]:
    """SQL for (request_no, op_no) of the operation at a position; `slices` says the same."""
    shifted = f"({position} + {OPERATIONS_PER_REQUEST - first})"
    return (
        f"{shifted} // {OPERATIONS_PER_REQUEST}",
        f"{shifted} % {OPERATIONS_PER_REQUEST} - if({position} < {first}, {OPERATIONS_PER_REQUEST - first}, 0)",
    )
