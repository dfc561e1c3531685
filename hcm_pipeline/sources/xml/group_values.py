"""The values of the groups around records, given to the records as the pieces of a file come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hcm_pipeline.sources.arrow_arrays import integers
from hcm_pipeline.sources.xml.plain_records import PlainPiece

Ints = npt.NDArray[np.int64]


class NotYetKnown(Exception):
    """A group has a value behind a record that went by without it, or several: only the end of the file tells them."""


class GroupValues:
    """Knows the values of the groups that may still be open."""

    def __init__(self, columns: int) -> None:
        nothing = np.empty(0, np.int64), pa.nulls(0, pa.string())
        self._open: list[tuple[Ints, pa.Array]] = [nothing] * columns

    def columns_of(self, piece: PlainPiece) -> list[pa.Array]:
        """The column of each value around, for the records of the next piece. Raises NotYetKnown."""
        return [
            self._column(column, groups, [one[1:] for one in piece.around if one[0] == column], piece)
            for column, groups in enumerate(piece.groups)
        ]

    def _column(self, column: int, groups: Ints, given: Sequence[tuple[Ints, pa.Array]], piece: PlainPiece) -> pa.Array:
        if any(np.any(numbers <= piece.groups_before) for numbers, _ in given):
            raise NotYetKnown
        known = [self._open[column], *given]
        numbers, texts = np.concatenate([one for one, _ in known]), pa.concat_arrays([text for _, text in known])
        order = np.argsort(numbers, kind="stable")
        numbers = numbers[order]
        if np.any(numbers[1:] == numbers[:-1]):
            raise NotYetKnown
        is_open = np.isin(numbers, piece.open_groups)
        self._open[column] = numbers[is_open], texts.take(integers(order[is_open]))
        if not numbers.size:
            return pa.nulls(groups.size, pa.string())
        places = np.minimum(np.searchsorted(numbers, groups), numbers.size - 1)
        return texts.take(integers(order[places], numbers[places] != groups))
