"""The protocol of a source: what is landed, described and staged is asked of its format, and of nobody else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hcm_pipeline.extracts import Description, Taken
from hcm_pipeline.home import Home
from hcm_pipeline.profile import Source
from hcm_pipeline.sources.places import Looked, Place, Waiting
from hcm_pipeline.warehouse import Relation, Scratch, quote

ROW_NO = "row_no"
"""The number of a record, as people find it in the extract. No extract may bring a column of this name."""
REJECT_COLUMNS = {
    ROW_NO: "bigint",
    "rule": "varchar",
    "column_name": "varchar",
    "value_class": "varchar",
    "raw": "varchar",
}


SEPARATOR = "chr(31)"
"""SQL for what stands between the texts of a line."""
TORN = {ROW_NO: "bigint", "fields": "varchar[]"}
"""Rejects of which a part can be read."""
LONGEST_TORN = 1_024
"""Characters of a field of such a reject that are kept."""


@dataclass(frozen=True)
class StagedExtract:
    """The records of an extract: each is a row or a reject.

    `rows`: row_no, and every column of the extract by its heading, as text, blank as NULL.
    `rejects`: row_no, rule, column_name, value_class (what was wrong, without the value), raw (the record as far as it is kept).
    """

    rows: Relation
    rejects: Relation
    records: int
    """Rows and rejects. A trailer is neither."""
    total: int | None = None
    """Records by the extract's own count, where it has one."""
    torn: Relation | None = None
    """Of rejects of which a part can be read: row_no, and fields, a list of texts in their order. With as many fields as there are
    columns each stands in its place; with more or fewer the row is torn in one place, and what stands behind it is moved."""
    guessed: str | None = None
    """The encoding that was taken for want of another, where nobody has named it; None where it is certain."""
    unsaid: Relation | None = None
    """Of rows that leave columns out, which is less than a blank: row_no, and columns, a list of headings. None: no row does."""
    between: str = SEPARATOR
    """SQL for what stands between the texts of a row where it says no more than the row: see `said_sql`."""


@dataclass(frozen=True)
class Lines:
    """The records of an extract as lines, before anybody reads their fields: for those who know most of them already.

    `rows`: row_no, and line: the record as it stands in the file. No line holds SEPARATOR. `texts`: SQL over `line`: the texts of
    all columns in the order of the `header`, SEPARATOR between them, and nothing of a blank. `said`: SQL over `line`: what
    `said_sql` makes of these texts with what stands `between` them.
    """

    header: tuple[str, ...]
    rows: Relation
    texts: str = "line"
    said: str = "line"
    between: str = SEPARATOR

    def read_sql(self, only: str) -> str:
        """SELECT of row_no and every column, blank as NULL: the rows of `StagedExtract` that `only`, a relation with row_no, names.
        DuckDB stops at a line with another number of fields than there are columns."""
        cells = ", ".join(f"nullif(cells[{place}], '') as {quote(name)}" for place, name in enumerate(self.header, 1))
        return f"""select {ROW_NO}, {cells} from (
            select {ROW_NO}, if(len(cells) = {len(self.header)}, cells, error('a ragged line')) as cells from (
                select {ROW_NO}, string_split({self.texts}, {SEPARATOR}) as cells
                from {self.rows} line semi join {only} wanted using ({ROW_NO})))"""


def said_sql(texts: Sequence[str], between: str) -> str:
    """SQL (VARCHAR): all texts of a row as one, which no other texts make: what stands `between` them in the file where no text
    holds it, as in most rows, and SEPARATOR where one does. So the line of a row is what the row says, without a look at its
    fields."""
    apart = f"concat({f', {SEPARATOR}, '.join(texts)})"
    if between == SEPARATOR:
        return apart
    return f"case when contains({apart}, {between}) then {apart} else concat({f', {between}, '.join(texts)}) end"


class SourceFormat(Protocol):
    """One format of extracts. Values of a profile's `[[sources]]` that belong to it are read here only."""

    @property
    def keys(self) -> frozenset[str]:
        """Keys of `[[sources]]` that this format reads, besides those of every source."""

    def faults(self, source: Source) -> Iterable[tuple[str, str, str]]:
        """Keys of a source of this format that it lacks, or that do not fit together: key, value, and what is allowed."""

    def look(self, place: Place, cursor: str | None) -> Looked:
        """Everything that waits in a place since the look that gave the cursor."""

    def take(self, place: Place, waiting: Waiting, home: Home) -> Taken:
        """Take one thing that waits, as bytes that never change again. Raises ExtractRefused."""

    def describe(self, stored: Path, source: Source, name: str) -> Description:
        """Read a taken extract once and say what it is; `name` is for messages. Raises ExtractRefused."""

    def summary(self, description: Description) -> str:
        """A description in a line, for people."""

    def stage(
        self, t: Scratch, stored: Path, description: Description, source: Source, *, name: str, folder: Path
    ) -> StagedExtract:
        """Make relations of all records; `folder` is for files that go away again.

        Call it outside a transaction: an extract that DuckDB cannot read would abort one. Raises ExtractRefused.
        """

    def lines(
        self, t: Scratch, stored: Path, description: Description, source: Source, *, folder: Path
    ) -> Lines | None:
        """All records as lines, of an extract of which `stage` would make a row of each; None: ask `stage`. A line that is cut into
        its fields gives the same row, or has another number of them. Outside a transaction, too.
        """


class FileFormat:
    """The half of a format that is the same for all files: they lie in a place, and are taken from it one by one."""

    def faults(self, source: Source) -> Iterable[tuple[str, str, str]]:
        """None: each key is right by itself."""
        del source
        return ()

    def look(self, place: Place, cursor: str | None) -> Looked:
        """All files of the place."""
        return place.look(cursor)

    def take(self, place: Place, waiting: Waiting, home: Home) -> Taken:
        """The file's bytes. Raises ExtractRefused."""
        return place.take(waiting, home)

    def lines(
        self, t: Scratch, stored: Path, description: Description, source: Source, *, folder: Path
    ) -> Lines | None:
        """None: what a record is, is known once it is read."""
        del t, stored, description, source, folder
        return None
