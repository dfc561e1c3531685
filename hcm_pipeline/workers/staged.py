"""The files of one business date as they are: every record a row or a reject, and what the trailer counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from hcm_pipeline.extracts import Extract
from hcm_pipeline.profile import FieldSpec, Profile
from hcm_pipeline.sources import REJECT_COLUMNS, ROW_NO, SEPARATOR, Lines, format_of
from hcm_pipeline.warehouse import Relation, Scratch, scratch

LINES_FROM = 2_000
"""Records of an extract from which on lines are looked at before their fields are read: of fewer, the statements take longer."""
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

    `fields` are the worker fields as its source writes them. `read`: row_no and every column of the file's header, as text: of all
    rows or, beside `lines`, of those that were asked for (see `require` and `all_rows`). `rejects`: row_no, rule,
    column_name, value_class, raw. `records` counts the data records, rejected ones among them, without a trailer; `total` is what
    the trailer counts, None where there is none.
    """

    extract: Extract
    fields: Mapping[str, FieldSpec]
    read: Relation
    rejects: Relation
    records: int
    total: int | None = None
    namespace: str = ""
    """The text before the person numbers of its source."""
    torn: Relation | None = None
    """Of rejects with more or fewer fields than columns: row_no, and fields (a list of texts)."""
    guessed: str | None = None
    """The encoding that was taken for want of another; None where it is certain."""
    unsaid: Relation | None = None
    """Of rows that leave columns out: row_no, and columns (a list of headings). A blank says more than that."""
    between: str = SEPARATOR
    """SQL for what stands between the texts of a row in the file: see `said_sql` of the sources."""
    lines: Lines | None = None
    """All rows as they stand in the file, of a file whose rows were recognised by that; None: all were read."""
    same: Relation | None = None
    """The rows that were: row_no, person_number, digest, as_read (see `recognised`)."""
    others: Relation | None = None
    """The known workers whose rows are none of these: person_number."""
    standing: Relation | None = None
    """Rows in quarantine that stand as they stood (see `stand_again`): they are not read either."""

    @property
    def has_many_lines(self) -> bool:
        """Whether a file of so many records is looked at line by line."""
        return self.records >= LINES_FROM

    @property
    def header(self) -> tuple[str, ...]:
        """The columns that the extract has, as it is read now."""
        return tuple(name for name in self.read.columns if name != ROW_NO)

    def require(self, t: Scratch, rows: str) -> None:
        """See to it that rows are among those in `read`; `rows` is a relation with row_no."""
        if self.lines is None:
            return
        missing = t.view("missing", f"select {ROW_NO} from {rows} anti join {self.read} using ({ROW_NO})")
        t.run(f"insert into {self.read} {self.lines.read_sql(str(missing))}")

    @property
    def not_same(self) -> str:
        """The rows that are not recognised, in parentheses: all columns, of which only those are read that are asked for."""
        if self.same is None or self.lines is None:
            return f"(from {self.read})"
        rows = f"from {self.read} anti join {self.same} using ({ROW_NO})"
        if self.standing is None:
            return f"({rows})"
        unread = f"(select {ROW_NO} from {self.standing} anti join {self.read} using ({ROW_NO}))"
        return f"({rows} union all by name {self.lines.read_sql(unread)})"

    def all_rows(self, t: Scratch) -> Relation:
        """`read`, with every row of the file."""
        if self.lines is not None:
            self.require(t, str(self.lines.rows))
        return self.read


class CannotBeRead(Exception):
    """Staging an extract failed; its cause says how. The others of its day can still be read."""

    def __init__(self, extract: Extract) -> None:
        self.extract = extract
        super().__init__(extract.name)


Recognise = Callable[[Scratch, Staged, Lines], Staged | None]
"""Recognises rows by their lines, and reads the others into `Staged.read`; None where all should be read (see `recognised`)."""


@contextmanager
def staged_extracts(
    con: duckdb.DuckDBPyConnection, profile: Profile, used: Sequence[Extract], folders: Folders, progress: Progress,
    recognise: Recognise | None = None,
) -> Iterator[tuple[Staged, ...]]:  # fmt: skip
    """Every extract, staged by its format, for the time of a block. Outside a transaction: one that cannot be read would abort it.
    With `recognise`, it need not be read as a whole.

    Raises HomeError for a stored copy that is not what was delivered, and CannotBeRead for whatever else goes wrong with one.
    """
    for extract in used:
        extract.require_whole(folders.extracts)
    with scratch(con) as t:
        yield tuple(_staged(t, profile, extract, folders, progress, recognise) for extract in used)


def _staged(
    t: Scratch, profile: Profile, extract: Extract, folders: Folders, progress: Progress, recognise: Recognise | None
) -> Staged:
    progress(f"reading {extract.name}")
    source = profile.source_of(extract.source)
    try:
        if recognise is not None and (found := _recognised(t, profile, extract, folders, recognise)) is not None:
            return found
        read = format_of(source).stage(
            t, extract.stored(folders.extracts), extract.description, source, name=extract.name, folder=folders.scratch
        )
    except Exception as error:
        raise CannotBeRead(extract) from error
    fields = profile.columns_of(source)
    return Staged(
        extract,
        fields,
        t.complete(read.rows, {fields["person_number"].column: "varchar"}),
        read.rejects,
        read.records,
        read.total,
        namespace=source.prefix,
        torn=read.torn,
        guessed=read.guessed,
        unsaid=read.unsaid if source.content == "changes-only" else None,
        between=read.between,
    )


def _recognised(
    t: Scratch, profile: Profile, extract: Extract, folders: Folders, recognise: Recognise
) -> Staged | None:
    """An extract whose rows are recognised by their lines, if they can be, and if it has so many that this takes less than to read
    them.
    """
    records = extract.description.records
    if records is not None and records < LINES_FROM:
        return None
    source = profile.source_of(extract.source)
    stored = extract.stored(folders.extracts)
    lines = format_of(source).lines(t, stored, extract.description, source, folder=folders.scratch)
    if lines is None:
        return None
    read = t.empty("rows", {ROW_NO: "bigint", **dict.fromkeys(lines.header, "varchar")})
    rejects = t.empty("rejects", REJECT_COLUMNS)
    found = Staged(
        extract,
        profile.columns_of(source),
        read,
        rejects,
        t.count(lines.rows),
        namespace=source.prefix,
        between=lines.between,
        lines=lines,
    )
    staged = recognise(t, found, lines)
    if staged is None:
        t.drop(read, rejects, lines.rows)
    return staged
