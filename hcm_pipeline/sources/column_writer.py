"""Rows that come as columns, put into their tables in batches of bounded size, beside the reading of those that follow."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hcm_pipeline.extracts import beside
from hcm_pipeline.sources.arrow_arrays import ends_of, integers, nulls_of, strings
from hcm_pipeline.sources.row_writer import UNSAID, RowWriter
from hcm_pipeline.warehouse import Relation, Scratch

_BATCH_BYTES = 1 << 24
"""Bytes of an extract whose rows are put down at once: of few rows the statement takes longer than the rows."""
_ROWS_BESIDE = 2_048
"""Rows of a batch that are worth another thread."""


@dataclass(frozen=True)
class _Batch:
    relation: Relation
    rows: pa.Table
    select: str

    def __len__(self) -> int:
        return int(self.rows.num_rows)


class ColumnWriter:
    """Fills `rows` and `unsaid` of a RowWriter, and other tables beside them. See `writing_columns`."""

    def __init__(self, writer: RowWriter, put: Callable[[_Batch], None], *, all_said: bool) -> None:
        self._writer = writer
        self._put = put
        self._all_said = all_said
        self._held: dict[str, list[_Batch]] = {}
        self._bytes = 0

    def keep(
        self, records: int, columns: Sequence[pa.Array | None], size: int, ids: Sequence[npt.NDArray[np.int64]] = ()
    ) -> None:
        """Rows as columns, in the order of the header, behind those that were kept before; None for a column without values.

        `size`: bytes of the extract that they were read from. `ids`: the numbers of each row.
        """
        if not records:
            return
        writer, kept = self._writer, self._writer.kept
        texts = [pa.nulls(records, pa.string()) if column is None else column for column in columns]
        numbers = integers(np.arange(kept + 1, kept + records + 1, dtype=np.int64))
        rows = pa.Table.from_arrays([numbers, *map(integers, ids), *texts], names=writer.names)
        self.add(writer.rows, rows, writer.select)
        if not self._all_said:
            unsaid = np.column_stack([np.ones(records, np.bool_) if one is None else nulls_of(one) for one in columns])
            self._leave_unsaid(kept, unsaid)
        writer.kept += records
        self._bytes += size
        if self._bytes >= _BATCH_BYTES:
            self.flush()

    def add(self, relation: Relation, rows: pa.Table, select: str = "*") -> None:
        """Rows of a relation that belong to those of the records."""
        self._held.setdefault(relation.name, []).append(_Batch(relation, rows, select))

    def _leave_unsaid(self, before: int, unsaid: npt.NDArray[np.bool_]) -> None:
        """The columns of which rows say nothing: a row and a column of each."""
        counts = unsaid.sum(axis=1)
        if counts.any():
            numbers = integers(np.flatnonzero(counts) + before + 1)
            names = strings(self._writer.header).take(integers(np.nonzero(unsaid)[1].astype(np.int64)))
            columns = pa.ListArray.from_arrays(ends_of(counts[counts > 0]), names)
            self.add(self._writer.unsaid, pa.Table.from_arrays([numbers, columns], names=list(UNSAID)))

    def flush(self) -> None:
        """Put down what was collected."""
        for held in self._held.values():
            self._put(_Batch(held[0].relation, pa.concat_tables([one.rows for one in held]), held[0].select))
        self._held, self._bytes = {}, 0


@contextlib.contextmanager
def writing_columns(t: Scratch, writer: RowWriter, *, all_said: bool) -> Iterator[ColumnWriter]:
    """A writer for the time of a block; all its rows are in their tables behind it. Nobody else may use the connection meanwhile.

    Not `all_said`: a column that is null in a row is one of which the row says nothing at all.
    """

    def put(batch: _Batch) -> None:
        t.append(batch.relation, batch.rows, batch.select)

    with beside(put, large=_ROWS_BESIDE) as feed:
        columns = ColumnWriter(writer, feed, all_said=all_said)
        yield columns
        columns.flush()
