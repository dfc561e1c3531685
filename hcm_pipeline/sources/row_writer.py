"""Rows and rejects of a format that reads record by record, put into their tables in batches of bounded size."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from hcm_pipeline.sources.source_format import LONGEST_TORN, REJECT_COLUMNS, ROW_NO, TORN
from hcm_pipeline.warehouse import Relation, Scratch, quote

RAW_CHARS = 32_768
"""Characters of a rejected record that are kept; all of it is in the stored file."""
_BATCH_ROWS = 10_240
_BATCH_CHARS = 1 << 22
UNSAID = {ROW_NO: "bigint", "columns": "varchar[]"}

Reject = tuple[int, str, str | None, str, str]
"""row_no, rule, column_name, value_class, raw"""


class RowWriter:
    """Fills `rows` (row_no, numbers, texts; a blank text as NULL), `rejects` (REJECT_COLUMNS), `unsaid` (UNSAID) and `torn`
    (TORN)."""

    def __init__(self, t: Scratch, header: Sequence[str], numbers: Sequence[str] = ()) -> None:
        self._t = t
        self.header = tuple(header)
        self._width = len(header)
        self._numbers_kept = len(numbers)
        kinds = {**dict.fromkeys(numbers, "bigint"), **dict.fromkeys(header, "varchar")}
        self.rows: Relation = t.empty("rows", {ROW_NO: "bigint", **kinds})
        self.rejects: Relation = t.empty("rejects", REJECT_COLUMNS)
        self.unsaid: Relation = t.empty("unsaid", UNSAID)
        self.torn: Relation = t.empty("torn", TORN)
        columns = [f"c{place}" for place in range(len(header))]
        self.names = [ROW_NO, *numbers, *columns]
        """Those of the columns of an Arrow table of rows, of which `select` gives the columns of `rows`."""
        self.select = ", ".join([ROW_NO, *map(quote, numbers), *(f"nullif({name}, '')" for name in columns)])
        self._clear()
        self.kept = 0
        self.rejected = 0

    def _clear(self) -> None:
        self._numbers: list[int] = []
        self._values: list[Sequence[str | None]] = []
        self._groups: list[Sequence[int]] = []
        self._rejects: list[Reject] = []
        self._unsaid: list[tuple[int, list[str]]] = []
        self._torn: list[tuple[int, list[str | None]]] = []
        self._chars = 0

    def keep(self, number: int, values: Sequence[str | None], chars: int, groups: Sequence[int] = ()) -> None:
        """A row; `chars` is about its length."""
        self._numbers.append(number)
        self._values.append(values)
        if self._numbers_kept:
            self._groups.append(groups)
        self._chars += chars
        if len(self._numbers) >= _BATCH_ROWS or self._chars >= _BATCH_CHARS:
            self.flush()

    def leave_unsaid(self, number: int, columns: list[str]) -> None:
        """The columns of which a row says nothing at all."""
        self._unsaid.append((number, columns))

    def reject(self, row: Reject, fields: Sequence[str | None] | None = None) -> None:
        """A record that is no row. `fields`: as far as they can be read, see TORN."""
        self._rejects.append(row)
        if fields is not None:
            self._torn.append((row[0], [field and field[:LONGEST_TORN] for field in fields]))
        self._chars += len(row[4])
        if len(self._rejects) >= _BATCH_ROWS or self._chars >= _BATCH_CHARS:
            self.flush()

    def flush(self) -> None:
        """Put down what was collected; call it behind the last record."""
        if self._numbers:
            texts = [pa.array(column, pa.string()) for column in zip(*self._values, strict=True)] if self._width else []
            ids = [pa.array(column, pa.int64()) for column in zip(*self._groups, strict=True)]
            arrays = [pa.array(self._numbers, pa.int64()), *ids, *texts]
            self._t.append(self.rows, pa.Table.from_arrays(arrays, names=self.names), self.select)
            self.kept += len(self._numbers)
        if self._rejects:
            types = (pa.int64(), pa.string(), pa.string(), pa.string(), pa.string())
            columns = zip(zip(*self._rejects, strict=True), types, strict=True)
            rejected = pa.Table.from_arrays([pa.array(c, kind) for c, kind in columns], names=list(REJECT_COLUMNS))
            self._t.append(self.rejects, rejected)
            self.rejected += len(self._rejects)
        if self._unsaid:
            numbers = pa.array([number for number, _ in self._unsaid], pa.int64())
            columns_of = pa.array([columns for _, columns in self._unsaid], pa.list_(pa.string()))
            self._t.append(self.unsaid, pa.Table.from_arrays([numbers, columns_of], names=list(UNSAID)))
        if self._torn:
            self._t.append(self.torn, torn_table(self._torn))
        self._clear()


def torn_table(rejects: Sequence[tuple[int, Sequence[str | None]]]) -> pa.Table:
    """Numbers and fields of rejects, as TORN has them."""
    numbers = pa.array([row_no for row_no, _ in rejects], pa.int64())
    fields = pa.array([list(fields) for _, fields in rejects], pa.list_(pa.string()))
    return pa.Table.from_arrays([numbers, fields], names=list(TORN))
