"""The register of extracts: every file ever taken, once, by the sha256 of its bytes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from hcm_pipeline.errors import ExtractRefused, UsageError
from hcm_pipeline.extracts.description import Description
from hcm_pipeline.extracts.taking import Taken
from hcm_pipeline.lookalikes import skeleton
from hcm_pipeline.profile import FieldSpec, Profile, Source
from hcm_pipeline.warehouse import first, query, transaction


@dataclass(frozen=True)
class Extract:
    """A registered extract."""

    extract_id: int
    sha256: str
    source: str
    content: str
    business_date: dt.date
    name: str
    description: Description
    status: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Its headings."""
        return self.description.columns

    def stored(self, extracts: Path) -> Path:
        """The immutable copy."""
        return extracts / self.sha256[:2] / self.sha256


_COLUMNS = "extract_id, sha256, source, content, business_date, name, shape, status"


def _extract(row: Sequence[Any]) -> Extract:
    number, sha256, source, content, date, name, shape, status = row
    return Extract(number, sha256, source, content, date, name, Description.from_json(shape), status)


def with_bytes(con: duckdb.DuckDBPyConnection, sha256: str) -> Extract | None:
    """The extract with these bytes, if they were ever taken."""
    row = first(con, f"select {_COLUMNS} from extracts where sha256 = ?", [sha256])
    return _extract(row) if row else None


def of_day(con: duckdb.DuckDBPyConnection, day: dt.date) -> list[Extract]:
    """The extracts of a business date in the order of their arrival, but for those that could not be read."""
    rows = con.execute(
        f"select {_COLUMNS} from extracts where business_date = ? and status <> 'refused' order by extract_id",
        [day],
    ).fetchall()
    return [_extract(row) for row in rows]


def in_sequence(profile: Profile, extracts: list[Extract]) -> list[Extract]:
    """A day's extracts in the order in which they count: as they arrived, but those of a source with a `sequence` by it."""
    ordered = list(extracts)
    for source in profile.sources:
        places = [i for i, extract in enumerate(ordered) if extract.source == source.name]
        if source.sequence is None or len(places) < 2:
            continue
        pattern = re.compile(source.sequence)
        own = sorted(
            (ordered[i] for i in places), key=lambda extract: (_sequence_key(pattern, extract.name), extract.extract_id)
        )
        for place, extract in zip(places, own, strict=True):
            ordered[place] = extract
    return ordered


def _sequence_key(pattern: re.Pattern[str], name: str) -> tuple[int, int, str]:
    """Numbers before other text; a name that the pattern does not fit comes first."""
    found = pattern.search(name)
    if found is None:
        return (0, 0, name)
    text = found[1] if pattern.groups and found[1] is not None else found[0]
    return (1, int(text), "") if text.isdecimal() else (2, 0, text)


def effective(extracts: list[Extract]) -> tuple[list[Extract], list[Extract]]:
    """Which of a day's extracts, in their order, are read, and which a later full one of the same source supersedes."""
    last_full = {e.source: place for place, e in enumerate(extracts) if e.content == "full"}
    used = [e for place, e in enumerate(extracts) if place >= last_full.get(e.source, 0)]
    return used, [e for e in extracts if e not in used]


def groups(used: list[Extract]) -> list[list[Extract]]:
    """Extracts that are applied one after the other: full ones that follow each other speak together, and each changes-only one by
    itself, so that of two for one worker the later counts."""
    found: list[list[Extract]] = []
    for extract in used:
        if extract.content == "full" and found and found[-1][-1].content == "full":
            found[-1].append(extract)
        else:
            found.append([extract])
    return found


def choose(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date) -> tuple[list[Extract], list[Extract]]:
    """Which of a day's extracts are read, and which are superseded: by a later full one of the same source on that day or,
    where they come after a gap, by one of a later day."""
    used, superseded = effective(in_sequence(profile, of_day(con, day)))
    every = {source.name: source.every for source in profile.sources}
    late = [e for e in used if e.content == "changes-only" and _made_good(con, e, day, every.get(e.source))]
    return [e for e in used if e not in late], superseded + late


def note_quiet(con: duckdb.DuckDBPyConnection, extract: Extract, day: dt.date, name: str, now: dt.datetime) -> None:
    """The same file without records came for another date: on that date nothing had changed, and no extract is missing."""
    if extract.description.records == 0 and day != extract.business_date:
        con.execute("insert into quiet_deliveries values (?, ?, ?, ?)", [extract.extract_id, day, name, now])


def step_back(day: dt.date, every: str) -> dt.date:
    """The business date before `day` on which a source is due."""
    back = {0: 3, 6: 2}.get(day.weekday(), 1) if every == "weekday" else 1
    return day - dt.timedelta(days=back)


def last_before(con: duckdb.DuckDBPyConnection, extract: Extract, day: dt.date) -> dt.date | None:
    """The newest date up to which an extract's source was applied without it, by itself or by a full extract."""
    row = first(
        con,
        query(__package__, "applied_before"),
        {"extract_id": extract.extract_id, "day": day, "source": extract.source},
    )
    return row[0] if row else None


def _made_good(con: duckdb.DuckDBPyConnection, extract: Extract, day: dt.date, every: str | None) -> bool:
    """It comes after a gap, nobody has accepted it, and a later full extract says all that it says."""
    if every is None or is_accepted(con, extract):
        return False
    last = last_before(con, extract, day)
    if last is not None and last >= step_back(day, every):
        return False
    row = first(
        con,
        """select 1 from extracts where content = 'full' and status <> 'refused'
        and (business_date > $day or (business_date = $day and extract_id > $me)) limit 1""",
        {"day": day, "me": extract.extract_id},
    )
    return row is not None


def is_accepted(con: duckdb.DuckDBPyConnection, extract: Extract) -> bool:
    """Whether the latest decision about the extract is that it be applied as it is."""
    row = first(
        con,
        "select decision from extract_decisions where extract_id = ? order by decided_at desc limit 1",
        [extract.extract_id],
    )
    return row is not None and row[0] == "accept"


def named(con: duckdb.DuckDBPyConnection, beginning: str) -> Extract:
    """The one extract whose sha256 begins so. Raises UsageError when none or several do."""
    rows = con.execute(
        f"select {_COLUMNS} from extracts where starts_with(sha256, ?) order by extract_id", [beginning.lower()]
    ).fetchall()
    if len(rows) != 1 or not beginning:
        raise UsageError(
            f"{beginning}: {'no extract begins' if not rows else f'{len(rows)} extracts begin'} so; see `extract show`"
        )
    return _extract(rows[0])


def decide(
    con: duckdb.DuckDBPyConnection,
    extract: Extract,
    decision: str,
    *,
    by: str,
    why: str,
    now: dt.datetime,
    how: str = "cli",
) -> None:
    """Enter an approval or a refusal (accept, refuse), in a transaction of its own; the next run of the extract's date acts on it.

    Refusing what was applied takes it back: its date is processed anew without it.
    """
    with transaction(con):
        con.execute(
            "insert into extract_decisions values (?, ?, ?, ?, ?, ?)", [extract.extract_id, decision, by, now, why, how]
        )
        if decision == "refuse":
            con.execute(
                "update extracts set status = 'refused', reason = ? where extract_id = ?",
                [f"refused by {by}: {why}", extract.extract_id],
            )
        elif extract.status in ("refused", "stopped"):
            con.execute(
                "update extracts set status = 'landed', reason = null where extract_id = ?", [extract.extract_id]
            )
        if first(con, "select 1 from days where business_date = ?", [extract.business_date]):
            con.execute("insert or ignore into to_rebuild values (?)", [extract.business_date])


def columns_faults(wanted: Mapping[str, FieldSpec], description: Description, name: str) -> tuple[list[str], list[str]]:
    """(unknown columns, missing columns) of an extract whose source has its fields so. Raises ExtractRefused when a required column
    is missing."""
    specs = {spec.column: spec for spec in wanted.values()}
    missing = [column for column in specs if column not in description.columns]
    required = [column for column in missing if specs[column].required]
    if required:
        raise ExtractRefused(
            name,
            "missing_required_column",
            f"the required column{'s' if len(required) > 1 else ''} {', '.join(required)} "
            f"{'are' if len(required) > 1 else 'is'} missing; the file has {_headings(description.columns, required)}. "
            "Correct the extract, or name its columns in the profile",
        )
    return [column for column in description.columns if column not in specs], missing


def _headings(columns: Sequence[str], missing: Sequence[str]) -> str:
    """The headings of a file. In one that looks like a missing one, and is another text, all but ASCII is escaped."""
    drawn = {skeleton(column.lower()) for column in missing}
    alike = [
        ascii(column)[1:-1] + " (which looks alike)" if skeleton(column.lower()) in drawn else column
        for column in columns
    ]
    return ", ".join(alike)


def enter(
    con: duckdb.DuckDBPyConnection, profile: Profile, source: Source, taken: Taken, description: Description, *,
    name: str, day: dt.date, now: dt.datetime,
) -> Extract:  # fmt: skip
    """Enter a new extract. Raises ExtractRefused for columns that the profile cannot read."""
    unknown, missing = columns_faults(profile.columns_of(source), description, name)
    number = (first(con, "select coalesce(max(extract_id), 0) + 1 from extracts") or (1,))[0]
    con.execute(
        "insert into extracts values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'landed', null, null, null, null)",
        [number, taken.sha256, source.name, source.content, day, name, taken.size, now, description.to_json(),
         unknown, missing],
    )  # fmt: skip
    return Extract(number, taken.sha256, source.name, source.content, day, name, description, "landed")
