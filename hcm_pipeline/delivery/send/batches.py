"""How the operations of a manifest are cut into requests: the one place that decides it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Operations in a request: in the `first`, which is smaller where it is a canary, and in every other (`rest`) at most.

    Raises ValueError for a first one that is larger than the others: no target takes it.
    """

    first: int
    rest: int

    def __post_init__(self) -> None:
        if not 0 < self.first <= self.rest:
            raise ValueError(f"a first request of {self.first} operations, where the others hold {self.rest}")

    def slices(self, operations: int) -> Iterator[tuple[int, int]]:
        """Yield (first position, position after the last) of every request, in order."""
        start = 0
        while start < operations:
            end = min(operations, start + (self.rest if start else self.first))
            yield start, end
            start = end

    def requests(self, operations: int) -> int:
        """How many requests so many operations take."""
        return sum(1 for _ in self.slices(operations))

    def request_sql(self, position: str) -> tuple[str, str]:
        """SQL for (request_no, op_no) of the operation at a position; `slices` says the same."""
        missing = self.rest - self.first
        shifted = f"({position} + {missing})"
        return f"{shifted} // {self.rest}", f"{shifted} % {self.rest} - if({position} < {self.first}, {missing}, 0)"
