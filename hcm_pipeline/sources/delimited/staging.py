"""Staging of a delimited file in DuckDB: every record becomes a row or a reject, and nothing is lost between the two.

The fast path lets DuckDB read the file; it is taken only for files whose structure `examine` found regular throughout,
and believed only when it finds as many rows as `examine` counted. Everything else takes the careful path, which judges
record by record. For every file that both can read, both give the same rows.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from hcm_pipeline.sources.delimited.careful import decoded, judge_records
from hcm_pipeline.sources.delimited.shape import Shape
from hcm_pipeline.sources.source_format import REJECT_COLUMNS, ROW_NO, SEPARATOR, Lines
from hcm_pipeline.sources.unpack import unpacked
from hcm_pipeline.warehouse import Relation, Scratch, literal, quote

_DUCKDB_RECORD_BYTES = 1_000_000
_GLOB = re.compile(r"[*?\[\]{}]")


@dataclass(frozen=True)
class StageCounts:
    """How many of the records of a file became rows, and how many rejects; `rows + rejected` is all of them."""

    rows: int
    rejected: int
    path: Literal["fast", "careful"]


@dataclass(frozen=True)
class Records:
    """`rows`: row_no and every column of the header, blank as NULL. `rejects`: the columns of REJECT_COLUMNS. `torn`: row_no and
    fields of ragged rows; None where there can be none."""

    rows: Relation
    rejects: Relation
    counts: StageCounts
    torn: Relation | None = None


def read_records(t: Scratch, stored: Path, shape: Shape, folder: Path, *, max_field_chars: int, name: str) -> Records:
    """All records of a file.

    Rules of rejects: undecodable, nul_byte, field_too_long, repeated_header, ragged_row; a row is rejected once, for the first
    that applies. `row_no` is the row's number in a spreadsheet (see `records`). `folder` takes a copy that goes away again.
    Raises ExtractRefused (unterminated_quote, record_too_long).
    """
    if _is_regular(shape, max_field_chars):
        read = read_fast(t, stored, shape, folder)
        if read is not None:
            return read
    return read_carefully(t, stored, shape, max_field_chars, name)


def _is_regular(shape: Shape, max_field_chars: int) -> bool:
    return not shape.irregular and shape.longest_record <= min(max_field_chars, _DUCKDB_RECORD_BYTES)


def read_carefully(t: Scratch, stored: Path, shape: Shape, max_field_chars: int, name: str) -> Records:
    """The records, each judged by itself."""
    found = judge_records(t, stored, shape, max_field_chars, name)
    return Records(found.rows, found.rejects, StageCounts(found.kept, found.rejected, "careful"), found.torn)


def read_fast(t: Scratch, stored: Path, shape: Shape, folder: Path) -> Records | None:
    """The records as DuckDB reads them; None when it cannot, or reads something else than was counted."""
    with _plain_utf8(stored, shape, folder) as plain, _in_file_order(t):
        if _GLOB.search(str(plain)):
            return None
        try:
            rows = t.make("rows", f"select 0::bigint as {ROW_NO}, * from {_read_csv(plain, shape)}")
        except duckdb.Error:
            return None
        if t.count(rows) != shape.records or _has_header_again(t, rows, shape):
            t.drop(rows)
            return None
        # rowid follows the file because the insertion order was preserved; numbering while reading takes twice as long
        t.run(f"update {rows} set {ROW_NO} = rowid + {shape.header_row + 1}")
    return Records(rows, t.empty("rejects", REJECT_COLUMNS), StageCounts(shape.records or 0, 0, "fast"))


def read_lines(t: Scratch, stored: Path, shape: Shape, folder: Path, *, max_field_chars: int) -> Lines | None:
    """The records of a regular file as lines; None where one of them does not stand in a line of its own."""
    if not _is_regular(shape, max_field_chars):
        return None
    with _plain_utf8(stored, shape, folder) as plain, _in_file_order(t):
        if _GLOB.search(str(plain)):
            return None
        try:
            found = t.make(
                "lines",
                f"select if(contains(line, {SEPARATOR}), error('a separator in a text'), line) as line from {_whole_lines(plain)}",
            )
        except duckdb.Error:
            return None
    again = " and ".join(f"contains(line, {literal(cell)})" for cell in shape.cells if cell) or "false"
    # a quoted line end makes two lines of a record: there are more of them then
    if found.made != shape.records or t.first(f"select 1 from {found} where {again} limit 1"):
        t.drop(found)
        return None
    rows = t.view("lines", f"select rowid + {shape.header_row + 1} as {ROW_NO}, line from {found}")
    return Lines(shape.header, rows, _texts(shape), _said(shape), literal(shape.delimiter))


_TWO = literal('""')
_BARE = f"replace(line, {_TWO}, '')"
"""SQL: a line without two quotes side by side."""
_ENCLOSES_NOTHING = f"""not contains({_BARE}, '"') and not contains(line, {literal('"' * 3)})"""
"""SQL: the quotes of a line, of which most have none, enclose nothing."""


def _texts(shape: Shape) -> str:
    """SQL (VARCHAR) over `line`: the texts of its fields, as `Lines` has them.

    Where quoting is regular, every second piece between two quotes is quoted, and an empty one that is not stands for a quote: none
    is at an end, with a delimiter there.
    """
    end = literal(shape.delimiter)
    if not shape.quoted:
        return _separated("line", end)
    pieces = f"""list_transform(string_split({end} || line || {end}, '"'), lambda piece, place: case when place % 2 = 0 then piece
        when piece = '' then '"' else {_separated("piece", end)} end)"""
    return (
        f"""case when {_ENCLOSES_NOTHING} then {_separated(_BARE, end)} else array_to_string({pieces}, '')[2:-2] end"""
    )


def _said(shape: Shape) -> str:
    """SQL (VARCHAR) over `line`: what it says, as `Lines` has it. A line that encloses nothing says it itself."""
    if not shape.quoted:
        return "line"
    end, texts = literal(shape.delimiter), _texts(shape)
    enclosed = f"case when contains({texts}, {end}) then {texts} else replace({texts}, {SEPARATOR}, {end}) end"
    return f"case when {_ENCLOSES_NOTHING} then {_BARE} else {enclosed} end"


def _separated(text: str, delimiter: str) -> str:
    return f"replace({text}, {delimiter}, {SEPARATOR})"


def _has_header_again(t: Scratch, rows: Relation, shape: Shape) -> bool:
    like_header = " and ".join(
        f"contains({quote(column)}, {literal(cell)})"
        for column, cell in zip(shape.header, shape.cells, strict=True)
        if cell
    )
    return t.first(f"select 1 from {rows} where {like_header} limit 1") is not None


def _read_csv(plain: Path, shape: Shape) -> str:
    # No new_line: duckdb 2.0.0 reads no row at all of a CRLF file when it is given.
    columns = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in shape.header)
    quotes = '"' if shape.quoted else ""
    return f"""read_csv({literal(str(plain))}, auto_detect = false, columns = {{{columns}}}, header = true,
        delim = {literal(shape.delimiter)}, quote = '{quotes}', escape = '{quotes}', comment = '', nullstr = '',
        allow_quoted_nulls = true, strict_mode = true, null_padding = false, ignore_errors = false, parallel = true,
        compression = 'none', encoding = 'utf-8', hive_partitioning = false, filename = false)"""


def _whole_lines(plain: Path) -> str:
    # cut nowhere: of a file with NUL bytes the structure is not regular
    return f"""read_csv({literal(str(plain))}, auto_detect = false, columns = {{'line': 'VARCHAR'}}, header = true,
        delim = chr(0), quote = '', escape = '', comment = '', strict_mode = true, null_padding = false,
        ignore_errors = false, parallel = true, compression = 'none', encoding = 'utf-8', hive_partitioning = false,
        filename = false)"""


@contextmanager
def _plain_utf8(stored: Path, shape: Shape, folder: Path) -> Iterator[Path]:
    """The file as plain UTF-8: itself, or a copy in the folder that goes away afterwards."""
    if shape.compression == "none" and shape.encoding == "utf-8":
        yield stored
        return
    handle, copy = tempfile.mkstemp(suffix=".csv", prefix="stage-", dir=folder)  # made with mode 0600
    try:
        with os.fdopen(handle, "wb") as out:
            if shape.encoding == "utf-8":
                with unpacked(stored, stored.name) as (_, chunks):
                    out.writelines(chunks)
            else:
                out.writelines(text.encode("utf-8") for text in decoded(stored, shape))
        yield Path(copy)
    finally:
        Path(copy).unlink(missing_ok=True)


@contextmanager
def _in_file_order(t: Scratch) -> Iterator[None]:
    [kept] = t.first("select current_setting('preserve_insertion_order')") or (True,)
    if kept:
        yield
        return
    t.run("set preserve_insertion_order = true")
    try:
        yield
    finally:
        t.run("set preserve_insertion_order = false")
