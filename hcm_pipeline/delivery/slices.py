"""How the operations of a manifest are cut into bulk requests: the one place that decides it."""

from __future__ import annotations

from collections.abc import Iterator

from hcm_pipeline.scim.manifest import OPERATIONS_PER_REQUEST


def slices(operations: int) -> Iterator[tuple[int, int]]:
    """Yield (first position, position after the last) of every request, in order."""
    for start in range(0, operations, OPERATIONS_PER_REQUEST):
        yield start, min(operations, start + OPERATIONS_PER_REQUEST)


def request_sql(position: str) -> tuple[str, str]:
    """SQL for (request_no, op_no) of the operation at a position; `slices` says the same."""
    return f"{position} // {OPERATIONS_PER_REQUEST}", f"{position} % {OPERATIONS_PER_REQUEST}"
