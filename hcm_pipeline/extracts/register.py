"""The register of extracts: every statement ever taken, which is a source, a business date and bytes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import duckdb

from hcm_pipeline.errors import ExtractRefused, UsageError
from hcm_pipeline.extracts.description import Description
from hcm_pipeline.extracts.extract import Extract
from hcm_pipeline.extracts.in_force import effective, in_sequence, says_nothing_new, takings
from hcm_pipeline.extracts.taking import Taken
from hcm_pipeline.lookalikes import skeleton
from hcm_pipeline.profile import FieldSpec, Profile, Source
from hcm_pipeline.warehouse import first, query, transaction

_COLUMNS = "extract_id, sha256, source, content, business_date, name, shape, status"


def _extract(row: Sequence[Any]) -> Extract:
    number, sha256, source, content, date, name, shape, status = row
    return Extract(number, sha256, source, content, date, name, Description.from_json(shape), status)


def newest_id(con: duckdb.DuckDBPyConnection) -> int:
    """The number of the newest extract; 0 when there is none."""
    (found,) = first(con, "select coalesce(max(extract_id), 0) from extracts", []) or (0,)
    return int(found)


def entered_since(con: duckdb.DuckDBPyConnection, sha256: str, name: str, extract_id: int) -> bool:
    """Whether bytes were entered under a name after an extract."""
    found = "select 1 from extracts where sha256 = ? and name = ? and extract_id > ? limit 1"
    return first(con, found, [sha256, name, extract_id]) is not None


def in_use(con: duckdb.DuckDBPyConnection, sha256: str) -> bool:
    """Whether an extract has these bytes, and so the stored copy of them."""
    return first(con, "select 1 from extracts where sha256 = ? limit 1", [sha256]) is not None


def of_day(con: duckdb.DuckDBPyConnection, day: dt.date) -> list[Extract]:
    """The extracts of a business date in the order of their arrival, but for those that could not be read."""
    rows = con.execute(
        f"select {_COLUMNS} from extracts where business_date = ? and status <> 'refused' order by extract_id",
        [day],
    ).fetchall()
    return [_extract(row) for row in rows]


def said_before(
    con: duckdb.DuckDBPyConnection, profile: Profile, source: Source, sha256: str, name: str, day: dt.date
) -> Extract | None:
    """The extract that says already what these bytes would say for a source and a date; None: they are a new statement.

    It is the one in force, or one after which the same files would count in the same order. One that a person has refused is
    refused for as long as nobody accepts it; one that could not be read may be tried again.
    """
    rows = con.execute(
        f"""select {_COLUMNS}, coalesce((select max_by(decision, decided_at) from extract_decisions d
            where d.extract_id = extracts.extract_id) = 'refuse', false) as by_a_person
        from extracts where sha256 = ? and source = ? and business_date = ? order by extract_id desc""",
        [sha256, source.name, day],
    ).fetchall()
    for *row, refused in rows:
        if refused:
            return _extract(row)
    same = next((_extract(row[:-1]) for row in rows if row[7] != "refused"), None)
    if same is None:
        return None
    own = [one for one in of_day(con, day) if one.source == source.name]
    new = replace(same, extract_id=max(one.extract_id for one in own) + 1, name=name)
    return same if says_nothing_new(profile, own, new, as_parts(con, own)) else None


def as_parts(con: duckdb.DuckDBPyConnection, extracts: Sequence[Extract]) -> frozenset[int]:
    """Those of whom a person has said that they are parts of their day, beside others."""
    return frozenset(one.extract_id for one in extracts if latest_decision(con, one) == "part")


def choose(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date) -> tuple[list[Extract], list[Extract]]:
    """Which of a day's extracts are read, and which are superseded: by a later full one of the same source on that day or,
    where they come after a gap, by one of a later day."""
    extracts = in_sequence(profile, of_day(con, day))
    used, superseded = effective(profile, extracts, as_parts(con, extracts) if len(extracts) > 1 else frozenset())
    every = {source.name: source.every for source in profile.sources}
    late = [e for e in used if e.content == "changes-only" and _made_good(con, e, day, every.get(e.source))]
    return [e for e in used if e not in late], superseded + late


def doubtful(
    con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date
) -> list[tuple[Extract, Extract]]:  # fmt: skip
    """Full extracts of a day that would take the place of others of their source, each with one of those, unless a person has said
    that they do: whether they are corrections or parts is seen by whom they name."""
    extracts = in_sequence(profile, of_day(con, day))
    if len(extracts) < 2:
        return []
    accepted = frozenset(one.extract_id for one in extracts if latest_decision(con, one) == "accept")
    return takings(profile, extracts, as_parts(con, extracts), accepted)


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


def latest_decision(con: duckdb.DuckDBPyConnection, extract: Extract) -> str | None:
    """The newest decision about an extract: accept, part or refuse; None: nobody has decided."""
    row = first(
        con,
        "select decision from extract_decisions where extract_id = ? order by decided_at desc limit 1",
        [extract.extract_id],
    )
    return str(row[0]) if row else None


def is_accepted(con: duckdb.DuckDBPyConnection, extract: Extract) -> bool:
    """Whether the latest decision about the extract is that it be applied as it is, in the place of others or beside them."""
    return latest_decision(con, extract) in ("accept", "part")


def named(con: duckdb.DuckDBPyConnection, beginning: str) -> Extract:
    """The one extract that is meant: by the beginning of its sha256 and, where the same bytes were taken for several dates or
    sources, these behind it (`0981…@2026-11-18@workers`). Of those that say the same of one date the newest is meant.

    Raises UsageError when none or several are.
    """
    sha256, _, rest = beginning.partition("@")
    day, _, source = rest.partition("@")
    rows = con.execute(
        f"""select {_COLUMNS} from extracts where starts_with(sha256, ?) and ? in ('', business_date::varchar) and ? in ('', source)
        qualify row_number() over (partition by sha256, business_date, source order by extract_id desc) = 1 order by extract_id""",
        [sha256.lower(), day, source],
    ).fetchall()
    if len(rows) == 1 and sha256:
        return _extract(rows[0])
    if rows and sha256:
        found = [_extract(row) for row in rows[:5]]
        several = f"{len(rows)} extracts begin so, among them {', '.join(one.statement for one in found)}"
    else:
        several = "no extract begins so"
    raise UsageError(f"{beginning}: {several}; see `extract show`")


def reference(con: duckdb.DuckDBPyConnection, extract: Extract) -> str:
    """The name of an extract and of no other: its sha256, with date and source where its bytes were taken for several."""
    row = first(con, "select count(distinct (business_date, source)) from extracts where sha256 = ?", [extract.sha256])
    return extract.statement if row and row[0] > 1 else extract.sha256


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
    """Enter an approval or a refusal (accept, part, refuse), in a transaction of its own; the next run of the extract's date acts
    on it. A part speaks beside the full extracts of its source and date, and takes the place of none.

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


def columns_faults(
    wanted: Mapping[str, FieldSpec], description: Description, name: str, content: str
) -> tuple[list[str], list[str]]:
    """(unknown columns, missing columns) of an extract whose source has its fields so. Raises ExtractRefused when a required column
    is missing.

    A changes-only extract whose columns are those that occur needs that of the person number alone, and without records none.
    """
    specs = {spec.column: spec for spec in wanted.values()}
    missing = [column for column in specs if column not in description.columns]
    required = [column for column in missing if specs[column].required]
    if description.is_open and content == "changes-only":
        number = wanted["person_number"].column
        required = [column for column in required if column == number and description.records]
    if required:
        raise ExtractRefused(
            name,
            "missing_required_column",
            f"the required column{'s' if len(required) > 1 else ''} {', '.join(required)} "
            f"{'are' if len(required) > 1 else 'is'} missing; {_headings(specs, description.columns, required)}. "
            "Correct the extract, or name its columns in the profile",
        )
    return [column for column in description.columns if column not in specs], missing


def _headings(specs: Mapping[str, FieldSpec], columns: Sequence[str], missing: Sequence[str]) -> str:
    """The headings of a file in words: all of them where the profile knows half, or they are half of those that it knows.

    In one that looks like a missing one, and is another text, all but ASCII is escaped. Otherwise a row may stand in the header's
    place, and say who somebody is.
    """
    drawn = {skeleton(column.lower()) for column in missing}
    alike = {column for column in columns if skeleton(column.lower()) in drawn}
    told = [f"{ascii(column)[1:-1]} (which looks alike)" if column in alike else column for column in columns]
    known = [shown for column, shown in zip(columns, told, strict=True) if column in specs or column in alike]
    if 2 * len(known) >= min(len(specs), len(columns)):
        return f"the file has {', '.join(told)}"
    return (
        f"of the {len(columns)} headings of the file the profile knows {', '.join(known) or 'none'}, and the others are not shown: "
        "a row may stand where the header should"
    )


def enter(
    con: duckdb.DuckDBPyConnection, profile: Profile, source: Source, taken: Taken, description: Description, *,
    name: str, day: dt.date, now: dt.datetime,
) -> Extract:  # fmt: skip
    """Enter a new extract. Raises ExtractRefused for columns that the profile cannot read."""
    unknown, missing = columns_faults(profile.columns_of(source), description, name, source.content)
    number = (first(con, "select coalesce(max(extract_id), 0) + 1 from extracts") or (1,))[0]
    con.execute(
        "insert into extracts values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'landed', null, null, null, null)",
        [number, taken.sha256, source.name, source.content, day, name, taken.size, now, description.to_json(),
         unknown, missing],
    )  # fmt: skip
    return Extract(number, taken.sha256, source.name, source.content, day, name, description, "landed")
