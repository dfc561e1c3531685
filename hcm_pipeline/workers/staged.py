"""The files of one business date as they are: every record a row or a reject, and what the trailer counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import duckdb

from hcm_pipeline.extracts.register import Extract
from hcm_pipeline.profile.model import FieldSpec, Profile, Source
from hcm_pipeline.sources import stage
from hcm_pipeline.warehouse import Relation, first, literal, quote

Progress = Callable[[str], None]


class Folders(Protocol):
    """Where files are: the immutable copies of all extracts, and room for a file that has to be unpacked. A home is one."""

    @property
    def extracts(self) -> Path: ...
    @property
    def scratch(self) -> Path: ...


@dataclass(frozen=True)
class Staged:
    """One extract as it is.

    `fields` are the worker fields as its source writes them. `rows`: row_no and every column of the file's header, as text.
    `rejects`: row_no, rule, column_name, value_class, raw. `records` counts the data records, rejected ones among them, without a
    trailer; `total` is what the trailer counts, None where there is none.
    """

    extract: Extract
    fields: Mapping[str, FieldSpec]
    rows: Relation
    rejects: Relation
    records: int
    total: int | None = None

    @property
    def header(self) -> tuple[str, ...]:
        """The columns that the file has."""
        return self.extract.shape.header


@contextmanager
def staged_extracts(
    con: duckdb.DuckDBPyConnection, profile: Profile, used: Sequence[Extract], folders: Folders, progress: Progress
) -> Iterator[tuple[Staged, ...]]:
    """Every file, staged, for the time of a block. Outside a transaction: a file that cannot be read would abort one.

    Raises ExtractRefused.
    """
    with ExitStack() as stack:
        yield tuple(stack.enter_context(_staged(con, profile, extract, folders, progress)) for extract in used)


@contextmanager
def _staged(
    con: duckdb.DuckDBPyConnection, profile: Profile, extract: Extract, folders: Folders, progress: Progress
) -> Iterator[Staged]:
    progress(f"reading {extract.name}")
    source, name = source_of(profile, extract), f"raw_{extract.extract_id}"
    counts = stage(
        con, extract.stored(folders.extracts), extract.shape, name, folders.scratch,
        max_field_chars=source.max_field_chars, name=extract.name,
    )  # fmt: skip
    rows = Relation(f"temp.{quote(name)}", ("row_no", *extract.shape.header))
    rejects = Relation(f"temp.{quote(name + '_rejects')}", ("row_no", "rule", "column_name", "value_class", "raw"))
    try:
        made = Staged(extract, profile.columns, rows, rejects, counts.rows + counts.rejected)
        yield take_trailer(con, made, source.trailer) if source.trailer is not None else made
    finally:
        for relation in (rows, rejects):
            con.execute(f"drop table if exists {relation}")


def source_of(profile: Profile, extract: Extract) -> Source:
    """The source of an extract; one that the profile no longer knows is read like the first."""
    return next((source for source in profile.sources if source.name == extract.source), profile.sources[0])


def take_trailer(con: duckdb.DuckDBPyConnection, staged: Staged, pattern: str) -> Staged:
    """Take the last record out, if it is the trailer. It may have as many cells as a row, or another number."""
    shape = staged.extract.shape
    cells = ", ".join(f"coalesce({quote(name)}, '')" for name in shape.header)
    text = f"rtrim(concat_ws({literal(shape.delimiter)}, {cells}), {literal(shape.delimiter)})"
    last = first(
        con,
        f"""select row_no, line, rejected from (
            select row_no, {text} as line, false as rejected from (from {staged.rows} order by row_no desc limit 1)
            union all select row_no, raw, true from (from {staged.rejects} order by row_no desc limit 1))
        order by row_no desc limit 1""",
    )
    found = re.search(pattern, str(last[1] or "")) if last else None
    if last is None or found is None or not found[1].isdecimal():
        return staged
    con.execute(f"delete from {staged.rejects if last[2] else staged.rows} where row_no = ?", [last[0]])
    return replace(staged, records=staged.records - 1, total=int(found[1]))
