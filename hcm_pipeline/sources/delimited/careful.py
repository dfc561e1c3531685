"""The careful path: every record is judged by itself, and becomes a row or a reject."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from hcm_pipeline.characters import trimmed
from hcm_pipeline.sources.delimited.records import Record, Splitter
from hcm_pipeline.sources.delimited.shape import Shape
from hcm_pipeline.sources.encodings import LONE, decoder_of, marked, visible
from hcm_pipeline.sources.row_writer import torn_table
from hcm_pipeline.sources.source_format import LONGEST_TORN, REJECT_COLUMNS, ROW_NO, TORN
from hcm_pipeline.sources.text_lines import lines
from hcm_pipeline.sources.unpack import unpacked
from hcm_pipeline.warehouse import Relation, Scratch

RAW_CHARS = 32_768
"""Characters of a rejected row that are kept; the whole row is in the stored file."""
_BATCH_ROWS = 61_440
_BATCH_CHARS = 1 << 25


_TORN_BY = ("ragged_row", "undecodable", "nul_byte", "field_too_long")
"""Rules of rejects of which a part can be read."""


@dataclass(frozen=True)
class JudgedRecords:
    """Rows, rejects, how many of each, and the fields of ragged rows (see TORN)."""

    rows: Relation
    rejects: Relation
    kept: int
    rejected: int
    torn: Relation


def judge_records(t: Scratch, stored: Path, shape: Shape, max_field_chars: int, name: str) -> JudgedRecords:
    """Judge every record. Raises ExtractRefused (unterminated_quote, record_too_long)."""
    rows = t.empty("rows", {ROW_NO: "bigint", **dict.fromkeys(shape.header, "varchar")})
    rejects = t.empty("rejects", REJECT_COLUMNS)
    judge = _Judge(shape, max_field_chars)
    torn = t.empty("torn", TORN)
    inserter = _Inserter(t, rows, rejects, torn)
    splitter = Splitter(shape.delimiter, name, regular="quotes" not in shape.irregular, literal=shape.literal)
    for cut in lines(decoded(stored, shape), name):
        for record in splitter.feed(cut):
            if record[0] == shape.header_row:
                continue
            reject = judge(record)
            if reject is None:
                inserter.keep(judge.marked(record))
            else:
                inserter.reject(reject, record)
    splitter.finish()
    inserter.flush()
    return JudgedRecords(rows, rejects, inserter.rows, inserter.rejected, torn)


def decoded(stored: Path, shape: Shape) -> Iterator[str]:
    """The text in chunks; bytes that are not valid become lone surrogates."""
    decoder = decoder_of(shape.encoding)
    with unpacked(stored, stored.name) as (_, chunks):
        skip = shape.bom_bytes
        for chunk in chunks:
            yield decoder.decode(chunk[skip:])
            skip = 0
        yield decoder.decode(b"", final=True)


Reject = tuple[int, str, str | None, str, str]
"""row_no, rule, column_name, value_class, raw"""


class _Judge:
    """The rules by which a record is a reject instead of a row."""

    def __init__(self, shape: Shape, max_field_chars: int) -> None:
        self._header = shape.header
        self._columns = len(shape.header)
        self._cells = list(shape.cells)
        self._telling = next(position for position, cell in enumerate(shape.cells) if cell)
        self._max = max_field_chars
        self._suspect = shape.damaged or shape.has_nul

    def __call__(self, record: Record) -> Reject | None:
        _, fields, raw = record
        if self._suspect and len(fields) != self._columns:  # nobody can tell whose the cell is
            if LONE.search(raw):
                return self._row(record, "undecodable", None, "bytes that are not valid in the file's encoding")
            if "\0" in raw:
                return self._row(record, "nul_byte", None, "NUL byte")
        if len(raw) > self._max:
            for position, field in enumerate(fields):
                if len(field) > self._max:
                    return self._row(
                        record, "field_too_long", position, f"{len(field):,} characters, {self._max:,} allowed"
                    )
        if len(fields) != self._columns:
            return self._row(record, "ragged_row", None, f"{len(fields)} fields, {self._columns} columns")
        if self._cells[self._telling] in fields[self._telling] and [trimmed(field) for field in fields] == self._cells:
            return self._row(record, "repeated_header", None, "the header once more")
        return None

    def marked(self, record: Record) -> Record:
        """The record with a sign for each byte that is no text: its cell breaks a rule of the contract then, and the row counts."""
        row_no, fields, raw = record
        if not self._suspect or ("\0" not in raw and not LONE.search(raw)):
            return record
        return row_no, [marked(field) for field in fields], raw

    def _row(self, record: Record, rule: str, position: int | None, value_class: str) -> Reject:
        row_no, fields, raw = record
        aligned = position is not None and len(fields) == self._columns
        column = self._header[position] if aligned and position is not None else None
        return row_no, rule, column, value_class, visible(raw[:RAW_CHARS])


class _Inserter:
    """Collects rows and rejects, and puts them into their tables in batches of bounded size."""

    def __init__(self, t: Scratch, rows: Relation, rejects: Relation, torn: Relation) -> None:
        self._t = t
        self._into = (rows, rejects, torn)
        self._names = [f"c{position}" for position in range(len(rows.columns) - 1)]
        self._select = ", ".join([ROW_NO, *(f"nullif({name}, '')" for name in self._names)])
        self._numbers: list[int] = []
        self._fields: list[list[str]] = []
        self._rejects: list[Reject] = []
        self._torn: list[tuple[int, list[str]]] = []
        self._chars = 0
        self.rows = 0
        self.rejected = 0

    def keep(self, record: Record) -> None:
        self._numbers.append(record[0])
        self._fields.append(record[1])
        self._chars += len(record[2])
        if len(self._numbers) >= _BATCH_ROWS or self._chars >= _BATCH_CHARS:
            self.flush()

    def reject(self, row: Reject, record: Record) -> None:
        self._rejects.append(row)
        if row[1] in _TORN_BY and len(record[1]) <= 2 * len(self._names):
            self._torn.append((record[0], [marked(field[:LONGEST_TORN]) for field in record[1]]))
        self._chars += len(row[4])
        if len(self._rejects) >= _BATCH_ROWS or self._chars >= _BATCH_CHARS:
            self.flush()

    def flush(self) -> None:
        rows, rejects, torn = self._into
        if self._numbers:
            texts = [pa.array(column, pa.string()) for column in zip(*self._fields, strict=True)]
            arrays = [pa.array(self._numbers, pa.int64()), *texts]
            batch = pa.Table.from_arrays(arrays, names=[ROW_NO, *self._names])
            self._t.append(rows, batch, self._select)
            self.rows += len(self._numbers)
        if self._rejects:
            types = (pa.int64(), pa.string(), pa.string(), pa.string(), pa.string())
            columns = zip(zip(*self._rejects, strict=True), types, strict=True)
            arrays = [pa.array(column, kind) for column, kind in columns]
            self._t.append(rejects, pa.Table.from_arrays(arrays, names=list(REJECT_COLUMNS)))
            self.rejected += len(self._rejects)
        if self._torn:
            self._t.append(torn, torn_table(self._torn))
        self._numbers, self._fields, self._rejects, self._torn, self._chars = [], [], [], [], 0
