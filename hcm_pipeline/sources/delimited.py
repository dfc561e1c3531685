"""Stages a delimited file in DuckDB: every record becomes a row or a reject, and nothing is lost between the two.

The fast path lets DuckDB read the file; it is taken only for files whose structure `examine` found regular throughout,
and believed only when it finds as many rows as `examine` counted. Everything else takes the careful path, which judges
record by record. For every file that both can read, both give the same table.
"""

from __future__ import annotations

import codecs
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa

from hcm_pipeline.sources._unpack import unpacked
from hcm_pipeline.sources.detect import OWN_COLUMN, Shape
from hcm_pipeline.sources.records import Record, Splitter, lines

RAW_CHARS = 32_768
"""Characters of a rejected row that are kept; the whole row is in the stored file."""

_BATCH_ROWS = 61_440
_BATCH_CHARS = 1 << 25
_DUCKDB_RECORD_BYTES = 1_000_000
_SURROGATE = re.compile("[\ud800-\udfff]")
_GLOB = re.compile(r"[*?\[\]{}]")


@dataclass(frozen=True)
class StageCounts:
    """What became of the records of a file; `rows + rejected` is all of them."""

    rows: int
    rejected: int
    path: Literal["fast", "careful"]


def stage(
    con: duckdb.DuckDBPyConnection,
    stored: Path,
    shape: Shape,
    table: str,
    scratch: Path,
    *,
    max_field_chars: int,
    name: str | None = None,
) -> StageCounts:
    """Create TEMP tables `table` (row_no and every column of the header, VARCHAR, empty as NULL) and `table`_rejects.

    `table`_rejects holds row_no, rule, column_name, value_class (what was wrong, without the value) and raw. Rules:
    undecodable, nul_byte, field_too_long, repeated_header, ragged_row; a row is rejected once, for the first that
    applies.
    `row_no` is the row's number in a spreadsheet (see `records`). Call it outside a transaction: a file that DuckDB
    cannot read would abort one. Raises ExtractRefused (unterminated_quote, record_too_long); no table is left then.
    `name` is what messages call the file.
    """
    try:
        counts = None
        if not shape.irregular and shape.longest_record <= min(max_field_chars, _DUCKDB_RECORD_BYTES):
            counts = _fast(con, stored, shape, table, scratch)
        return counts or _careful(con, stored, shape, table, max_field_chars, name or stored.name)
    except BaseException:
        with suppress(duckdb.Error):
            _drop(con, table)
        raise


def _fast(con: duckdb.DuckDBPyConnection, stored: Path, shape: Shape, table: str, scratch: Path) -> StageCounts | None:
    """None when DuckDB cannot read the file, or reads something else than was counted."""
    target = _quoted(table)
    with _plain_utf8(stored, shape, scratch) as plain, _in_file_order(con):
        if _GLOB.search(str(plain)):
            return None
        _create(con, table, shape)
        try:
            numbered = f"select 0::bigint as {OWN_COLUMN}, * from {_read(plain, shape)}"
            con.execute(f"create or replace temp table {target} as {numbered}")
        except duckdb.Error:
            return None
        rows = _one(con, f"select count(*) from {target}")
        if rows != shape.records:
            return None
        like_header = " and ".join(
            f"contains({_quoted(column)}, {_literal(cell)})"
            for column, cell in zip(shape.header, shape.cells, strict=True)
            if cell
        )
        repeated = _one(con, f"select count(*) from {target} where {like_header}")
        if repeated:
            return None
        # rowid follows the file because the insertion order was preserved; numbering while reading takes twice as long
        con.execute(f"update {target} set {OWN_COLUMN} = rowid + {shape.header_row + 1}")
    return StageCounts(rows=rows, rejected=0, path="fast")


def _read(plain: Path, shape: Shape) -> str:
    # No new_line: duckdb 2.0.0 reads no row at all of a CRLF file when it is given.
    columns = ", ".join(f"{_literal(column)}: 'VARCHAR'" for column in shape.header)
    quote = '"' if shape.quoted else ""
    return f"""read_csv({_literal(str(plain))}, auto_detect = false, columns = {{{columns}}}, header = true,
        delim = {_literal(shape.delimiter)}, quote = '{quote}', escape = '{quote}', comment = '', nullstr = '',
        allow_quoted_nulls = true, strict_mode = true, null_padding = false, ignore_errors = false, parallel = true,
        compression = 'none', encoding = 'utf-8', hive_partitioning = false, filename = false)"""


@contextmanager
def _plain_utf8(stored: Path, shape: Shape, scratch: Path) -> Iterator[Path]:
    """The file as plain UTF-8: itself, or a copy in scratch that goes away afterwards."""
    if shape.compression == "none" and shape.encoding == "utf-8":
        yield stored
        return
    handle, copy = tempfile.mkstemp(suffix=".csv", prefix="stage-", dir=scratch)  # made with mode 0600
    try:
        with os.fdopen(handle, "wb") as out:
            if shape.encoding == "utf-8":
                with unpacked(stored, stored.name) as (_, chunks):
                    out.writelines(chunks)
            else:
                out.writelines(text.encode("utf-8") for text in _texts(stored, shape))
        yield Path(copy)
    finally:
        Path(copy).unlink(missing_ok=True)


@contextmanager
def _in_file_order(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    kept = _one(con, "select current_setting('preserve_insertion_order')")
    if kept:
        yield
        return
    con.execute("set preserve_insertion_order = true")
    try:
        yield
    finally:
        con.execute("set preserve_insertion_order = false")


def _texts(stored: Path, shape: Shape) -> Iterator[str]:
    """The text in chunks; bytes that are not valid become lone surrogates."""
    wide = shape.encoding.startswith("utf-16")
    decoder = codecs.getincrementaldecoder(shape.encoding)("surrogatepass" if wide else "surrogateescape")
    with unpacked(stored, stored.name) as (_, chunks):
        skip = shape.bom_bytes
        for chunk in chunks:
            yield decoder.decode(chunk[skip:])
            skip = 0
        yield decoder.decode(b"", final=True)


def _careful(
    con: duckdb.DuckDBPyConnection, stored: Path, shape: Shape, table: str, max_field_chars: int, name: str
) -> StageCounts:
    _create(con, table, shape)
    judge = _Judge(shape, max_field_chars)
    inserter = _Inserter(con, table, len(shape.header))
    splitter = Splitter(shape.delimiter, name, regular="quotes" not in shape.irregular)
    for cut in lines(_texts(stored, shape), name):
        for record in splitter.feed(cut):
            if record[0] == shape.header_row:
                continue
            reject = judge(record)
            if reject is None:
                inserter.keep(record)
            else:
                inserter.reject(reject)
    splitter.finish()
    inserter.flush()
    return StageCounts(rows=inserter.rows, rejected=inserter.rejected, path="careful")


Reject = tuple[int, str, str | None, str, str]
"""row_no, rule, column_name, value_class, raw"""


class _Judge:
    """Says whether a record can be a row."""

    def __init__(self, shape: Shape, max_field_chars: int) -> None:
        self._header = shape.header
        self._columns = len(shape.header)
        self._cells = list(shape.cells)
        self._telling = next(position for position, cell in enumerate(shape.cells) if cell)
        self._max = max_field_chars
        self._suspect = shape.damaged or shape.has_nul

    def __call__(self, record: Record) -> Reject | None:
        _, fields, raw = record
        if self._suspect:
            if _SURROGATE.search(raw):
                return self._reject(
                    record, "undecodable", _SURROGATE, "bytes that are not valid in the file's encoding"
                )
            if "\0" in raw:
                return self._reject(record, "nul_byte", re.compile("\0"), "NUL byte")
        if len(raw) > self._max:
            for position, field in enumerate(fields):
                if len(field) > self._max:
                    return self._row(
                        record, "field_too_long", position, f"{len(field):,} characters, {self._max:,} allowed"
                    )
        if len(fields) != self._columns:
            return self._row(record, "ragged_row", None, f"{len(fields)} fields, {self._columns} columns")
        if self._cells[self._telling] in fields[self._telling] and [field.strip() for field in fields] == self._cells:
            return self._row(record, "repeated_header", None, "the header once more")
        return None

    def _reject(self, record: Record, rule: str, fault: re.Pattern[str], value_class: str) -> Reject:
        found = (position for position, field in enumerate(record[1]) if fault.search(field))
        return self._row(record, rule, next(found, None), value_class)

    def _row(self, record: Record, rule: str, position: int | None, value_class: str) -> Reject:
        row_no, fields, raw = record
        aligned = position is not None and len(fields) == self._columns
        column = self._header[position] if aligned and position is not None else None
        shown = raw[:RAW_CHARS].replace("\0", "\N{SYMBOL FOR NULL}")
        return row_no, rule, column, value_class, _SURROGATE.sub(_visible, shown)


def _visible(match: re.Match[str]) -> str:
    """A byte that could not be decoded, as `\\xff`; half of a UTF-16 pair, as `\\ud800`."""
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


class _Inserter:
    """Collects rows and rejects, and puts them into their tables in batches of bounded size."""

    def __init__(self, con: duckdb.DuckDBPyConnection, table: str, columns: int) -> None:
        self._con = con
        self._table = table
        values = ", ".join(f"nullif(c{position}, '')" for position in range(columns))
        self._insert = f"insert into {_quoted(table)} select row_no, {values} from hcm_staged_batch"
        self._names = [f"c{position}" for position in range(columns)]
        self._numbers: list[int] = []
        self._fields: list[list[str]] = []
        self._rejects: list[Reject] = []
        self._chars = 0
        self.rows = 0
        self.rejected = 0

    def keep(self, record: Record) -> None:
        self._numbers.append(record[0])
        self._fields.append(record[1])
        self._chars += len(record[2])
        if len(self._numbers) >= _BATCH_ROWS or self._chars >= _BATCH_CHARS:
            self.flush()

    def reject(self, row: Reject) -> None:
        self._rejects.append(row)
        self._chars += len(row[4])
        if len(self._rejects) >= _BATCH_ROWS or self._chars >= _BATCH_CHARS:
            self.flush()

    def flush(self) -> None:
        if self._numbers:
            texts = [pa.array(column, pa.string()) for column in zip(*self._fields, strict=True)]
            arrays = [pa.array(self._numbers, pa.int64()), *texts]
            self._put(self._insert, pa.Table.from_arrays(arrays, names=["row_no", *self._names]))
            self.rows += len(self._numbers)
        if self._rejects:
            types = (pa.int64(), pa.string(), pa.string(), pa.string(), pa.string())
            arrays = [
                pa.array(column, kind) for column, kind in zip(zip(*self._rejects, strict=True), types, strict=True)
            ]
            names = ["row_no", "rule", "column_name", "value_class", "raw"]
            insert = f"insert into {_quoted(self._table + '_rejects')} select * from hcm_staged_batch"
            self._put(insert, pa.Table.from_arrays(arrays, names=names))
            self.rejected += len(self._rejects)
        self._numbers, self._fields, self._rejects, self._chars = [], [], [], 0

    def _put(self, insert: str, batch: pa.Table) -> None:
        self._con.register("hcm_staged_batch", batch)
        try:
            self._con.execute(insert)
        finally:
            self._con.unregister("hcm_staged_batch")


def _create(con: duckdb.DuckDBPyConnection, table: str, shape: Shape) -> None:
    _drop(con, table)
    columns = ", ".join(f"{_quoted(column)} varchar" for column in shape.header)
    con.execute(f"create temp table {_quoted(table)} ({OWN_COLUMN} bigint, {columns})")
    con.execute(
        f"create temp table {_quoted(table + '_rejects')} "
        "(row_no bigint, rule varchar, column_name varchar, value_class varchar, raw varchar)"
    )


def _drop(con: duckdb.DuckDBPyConnection, table: str) -> None:
    for made in (table, table + "_rejects"):
        con.execute(f"drop table if exists temp.{_quoted(made)}")


def _one(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0]) if row else 0


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
