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
from hcm_pipeline.sources import ROW_NO, format_of
from hcm_pipeline.warehouse import Relation, Scratch, scratch

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
    namespace: str = ""
    """The text before the person numbers of its source."""
    torn: Relation | None = None
    """Of rejects with more or fewer fields than columns: row_no, and fields (a list of texts)."""
    guessed: str | None = None
    """The encoding that was taken for want of another; None where it is certain."""
    unsaid: Relation | None = None
    """Of rows that leave columns out: row_no, and columns (a list of headings). A blank says more than that."""

    @property
    def header(self) -> tuple[str, ...]:
        """The columns that the extract has, as it is read now."""
        return tuple(name for name in self.rows.columns if name != ROW_NO)


class CannotBeRead(Exception):
    """Staging an extract failed; its cause says how. The others of its day can still be read."""

    def __init__(self, extract: Extract) -> None:
        self.extract = extract
        super().__init__(extract.name)


@contextmanager
def staged_extracts(
    con: duckdb.DuckDBPyConnection, profile: Profile, used: Sequence[Extract], folders: Folders, progress: Progress
) -> Iterator[tuple[Staged, ...]]:
    """Every extract, staged by its format, for the time of a block. Outside a transaction: one that cannot be read would abort it.

    Raises HomeError for a stored copy that is not what was delivered, and CannotBeRead for whatever else goes wrong with one.
    """
    for extract in used:
        extract.require_whole(folders.extracts)
    with scratch(con) as t:
        yield tuple(_staged(t, profile, extract, folders, progress) for extract in used)


def _staged(t: Scratch, profile: Profile, extract: Extract, folders: Folders, progress: Progress) -> Staged:
    progress(f"reading {extract.name}")
    source = profile.source_of(extract.source)
    try:
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
    )
