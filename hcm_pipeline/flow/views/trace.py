"""The view of one worker: versions with file, row and column, changes, quarantine, names, operations and outcomes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from hcm_pipeline.errors import PipelineError, UsageError
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.naming import workforce
from hcm_pipeline.flow.views.clearing import Clearing, clearings
from hcm_pipeline.flow.views.held_back import HeldCells, cells_of
from hcm_pipeline.flow.views.identities import LedgerEntry, ledger_entry
from hcm_pipeline.flow.views.rows import mappings_of, values_of
from hcm_pipeline.flow.views.written_back import WrittenBack, written_back
from hcm_pipeline.flow.views.written_over import said_since_written
from hcm_pipeline.identity import Tried, explain
from hcm_pipeline.profile import Profile, scope_sql
from hcm_pipeline.sources import told_by
from hcm_pipeline.targets.entra import compile_mapping
from hcm_pipeline.warehouse import DUCKDB_TYPES, Relation, Scratch, query, quote, scratch
from hcm_pipeline.workers import first_kind_sql, kind_sql

LAST_DAY = dt.date(9999, 12, 31)


@dataclass(frozen=True)
class FieldValue:
    """One field of a version: the column it was read from, its value, and the SCIM attributes that are made of it.

    `kept_from`: file and row of the last good value, where the cell of the version's own row is held back.
    """

    field: str
    column: str
    value: Any
    becomes: tuple[str, ...]
    kept_from: str | None = None


@dataclass(frozen=True)
class Version:
    """A state of a worker that was true from `valid_from` until the day before `valid_to`, and the row that said so."""

    valid_from: dt.date
    valid_to: dt.date | None
    file: str
    extract_sha256: str
    row_no: int
    life_stage: str
    status_active: bool
    next_at: dt.datetime | None
    known_from: dt.datetime
    landed_at: dt.datetime
    values: tuple[FieldValue, ...]
    told_by: tuple[str, ...] = ()
    """How the row was come by, where its extract says so: entries of feeds, and the reading."""

    def value(self, field: str) -> Any:
        """The value of a field."""
        return next(found.value for found in self.values if found.field == field)


@dataclass(frozen=True)
class WithdrawnVersion:
    """A version that was believed once, and withdrawn when a day was processed anew."""

    valid_from: dt.date
    file: str
    row_no: int
    life_stage: str
    known_from: dt.datetime
    known_to: dt.datetime


@dataclass(frozen=True)
class OtherRow:
    """A row of the worker against which the profile's rules decided."""

    valid_from: dt.date
    valid_to: dt.date | None
    file: str
    row_no: int


@dataclass(frozen=True)
class NamedChange:
    """The name of a change, and the rule that says so."""

    business_date: dt.date
    kind: str
    why: str


@dataclass(frozen=True)
class Spell:
    """A state that lasted from one business date until another."""

    status: str
    valid_from: dt.date
    valid_to: dt.date | None


@dataclass(frozen=True)
class ChangedAttribute:
    """One attribute that changed on a business date."""

    business_date: dt.date
    kind: str
    attribute: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class QuarantinedCell:
    """A cell that broke a rule. `held`: `cells` where the row counted without it, `row` where the row did not count."""

    business_date: dt.date
    file: str
    row_no: int
    held: str
    rule: str
    column: str | None
    value_class: str | None
    value: str | None


@dataclass(frozen=True)
class Operation:
    """An operation of a manifest, and what became of it."""

    business_date: dt.date
    manifest_id: str
    request_no: int
    op_no: int
    kind: str
    state: str
    accepted_at: dt.datetime | None
    action: str | None
    reference: str | None
    error_code: str | None
    failure_class: str | None
    reason: str | None
    advice: str | None
    mend: str | None
    attempts: int | None
    next_try_at: dt.datetime | None
    logged_at: dt.datetime | None


@dataclass(frozen=True)
class Story:
    """All that is known of one worker."""

    person_number: str
    versions: tuple[Version, ...]
    withdrawn: tuple[WithdrawnVersion, ...]
    other_rows: tuple[OtherRow, ...]
    kinds: tuple[NamedChange, ...]
    manager_warnings: tuple[Spell, ...]
    absences: tuple[Spell, ...]
    changes: tuple[ChangedAttribute, ...]
    quarantine: tuple[QuarantinedCell, ...]
    held_back: tuple[HeldCells, ...]
    identity: LedgerEntry | None
    tried: tuple[Tried, ...]
    operations: tuple[Operation, ...]
    cleared: tuple[Clearing, ...] = ()
    written_back: tuple[WrittenBack, ...] = ()
    """What Oracle HCM was given of Entra ID."""


def _written_back(con: duckdb.DuckDBPyConnection, installation: Installation, number: str) -> list[WrittenBack]:
    """The values that were written; that one does not stand is known once Oracle HCM has spoken since."""
    found = written_back(con, installation.profile, number)
    if not any(one.stands is False for one in found) or said_since_written(con, installation, number):
        return found
    return [replace(one, stands=None) if one.stands is False else one for one in found]


def trace(
    installation: Installation, number: str, date: dt.date | None = None, known_on: dt.date | None = None
) -> Story:
    """One worker's story up to a date; with `known_on` by what was known at the end of that day.

    Raises UsageError when no extract holds the person number.
    """
    with installation.warehouse.read() as con:
        story = story_of(con, installation.profile, number, date, known_on)
        story = replace(
            story,
            cleared=tuple(one for at in installation.targets for one in clearings(con, at.target, number)),
            written_back=tuple(_written_back(con, installation, number)),
        )
    story = replace(story, versions=tuple(_with_entries(installation, version) for version in story.versions))
    if not (story.versions or story.quarantine or story.operations or story.identity):
        raise UsageError(f"{number}: no extract holds this person number{f' up to {date}' if date else ''}")
    return story


def _with_entries(installation: Installation, version: Version) -> Version:
    """With how its row was come by. A stored copy that is gone says nothing; the next run of its day tells of that."""
    if not version.file.endswith(".jsonl"):
        return version
    sha256 = version.extract_sha256
    try:
        told = told_by(installation.home.extracts / sha256[:2] / sha256, version.row_no)
    except (OSError, PipelineError):
        return version
    return replace(version, told_by=told)


def story_of(
    con: duckdb.DuckDBPyConnection, profile: Profile, number: str, date: dt.date | None, known_on: dt.date | None = None
) -> Story:
    """All that the warehouse holds of a worker; see `trace`."""
    with scratch(con) as t:
        return _story(t, profile, number, date, known_on)


def _story(t: Scratch, profile: Profile, number: str, date: dt.date | None, known_on: dt.date | None) -> Story:
    con, limit, workers = t.con, date or LAST_DAY, workforce(t, profile)
    return Story(
        person_number=number,
        versions=tuple(_versions(t, profile, workers.versions, number, date, known_on)),
        withdrawn=tuple(values_of(con, WithdrawnVersion, _WITHDRAWN, [number])),
        other_rows=tuple(values_of(con, OtherRow, _OTHER_ROWS, [number])),
        kinds=tuple(_kinds(con, profile, workers.versions, number, limit)),
        manager_warnings=tuple(values_of(con, Spell, _SPELLS.format("manager_warnings"), [number])),
        absences=tuple(values_of(con, Spell, _SPELLS.format("absences"), [number])),
        changes=tuple(values_of(con, ChangedAttribute, _CHANGES, [number, limit])),
        quarantine=tuple(values_of(con, QuarantinedCell, _QUARANTINE, [number, limit])),
        held_back=cells_of(con, number),
        identity=ledger_entry(con, number),
        tried=tuple(explain(t, profile, workers, number)),
        operations=tuple(values_of(con, Operation, _OPERATIONS, [number, limit])),
    )


_WITHDRAWN = """
    select v.valid_from, e.name as file, v.row_no, v.life_stage, v.known_from, v.known_to
    from withdrawn_versions v join extracts e using (extract_id) where v.person_number = ? order by v.known_to, v.valid_from"""
_OTHER_ROWS = """
    select o.valid_from, o.valid_to, e.name as file, o.row_no from other_rows o join extracts e using (extract_id)
    where o.person_number = ? order by 1, 3, 4"""
_SPELLS = "select status, valid_from, valid_to from {} where person_number = ? order by 2"
_CHANGES = """
    select business_date, kind, attribute, old, new from change_attributes
    where person_number = ? and business_date <= ? order by 1, 3"""
_QUARANTINE = """
    select business_date, file, row_no, held, rule, column_name as "column", value_class, "value"
    from quarantine_reasons where person_number = ? and business_date <= ? order by 1, 3, 4"""
_OPERATIONS = """
    select business_date, manifest_id, request_no, op_no, kind, state, accepted_at, action, reference,
        error_code, failure_class, reason, advice, mend, attempts, next_try_at, logged_at
    from receipts where person_number = ? and business_date <= ? order by accepted_at nulls last, business_date"""


def _versions(
    t: Scratch, profile: Profile, versions: Relation, number: str, date: dt.date | None, known_on: dt.date | None
) -> list[Version]:
    becomes: dict[str, list[str]] = {}
    for leaf in compile_mapping(profile).leaves:
        becomes.setdefault("manager" if leaf.origin == "manager_external_id" else leaf.origin, []).append(leaf.column)
    if known_on is None:
        found = mappings_of(t.con, _versions_sql(profile, versions), [number, date, date, date])
    else:
        found = mappings_of(t.con, _believed_sql(profile, _believed(t, profile, date or known_on, known_on)), [number])
    kept = _kept_from(t.con, number)
    return [
        Version(
            **{name: value for name, value in row.items() if name not in profile.columns and name != "source"},
            values=tuple(
                FieldValue(
                    name, spec.column, row[name], tuple(becomes.get(name, ())),
                    kept.get((row["valid_from"], row["extract_sha256"], row["row_no"], name)),
                )
                for name, spec in profile.columns_of(profile.source_of(row["source"])).items()
            ),
        )
        for row in found
    ]  # fmt: skip


def _kept_from(con: duckdb.DuckDBPyConnection, number: str) -> dict[tuple[dt.date, str, int, str], str]:
    """File and row of the last good value of each cell that a version's row holds back, by the version, its row and the field."""
    rows = con.execute(query(__package__, "kept_from"), {"number": number}).fetchall()
    return {tuple(key): place or "no row: it was never known" for *key, place in rows}


def _versions_sql(profile: Profile, versions: Relation) -> str:
    """Versions of a worker, of which those of one date when it is given; the last columns are the profile's fields."""
    fields = ", ".join(f"v.{quote(name)}" for name in profile.columns)
    return f"""
        select v.valid_from, v.valid_to, e.name as file, e.sha256 as extract_sha256, v.row_no, v.life_stage, v.status_active,
            v.next_at, v.known_from, e.landed_at, e.source, {fields}
        from {versions} v join extracts e using (extract_id)
        where v.person_number = ? and (?::date is null or (v.valid_from <= ? and coalesce(v.valid_to, date '9999-12-31') > ?))
        order by v.valid_from"""


def _believed(t: Scratch, profile: Profile, date: dt.date, known_on: dt.date) -> Relation:
    """All workers as they were for a date, by what was known at the end of another day."""
    types = {name: DUCKDB_TYPES[kind] for name, kind in profile.types.items()}
    return t.complete(t.view("believed", f"from believed(date '{date}', date '{known_on}')"), types)


def _believed_sql(profile: Profile, believed: Relation) -> str:
    """The version of a worker on a date, as it was believed at the end of another day."""
    fields = ", ".join(f"v.{quote(name)}" for name in profile.columns)
    return f"""
        select v.valid_from, null as valid_to, e.name as file, e.sha256 as extract_sha256, v.row_no, v.life_stage,
            v.status_active, null as next_at, v.known_from, e.landed_at, e.source, {fields}
        from {believed} v join extracts e using (extract_id) where v.person_number = ?"""


def _kinds(
    con: duckdb.DuckDBPyConnection, profile: Profile, versions: Relation, number: str, limit: dt.date
) -> list[NamedChange]:
    """The name of every change of one worker, and the rule that says so."""
    own = f"(select *, {scope_sql(profile)} as in_scope from {versions} where person_number = $number)"
    at_first = first_kind_sql("later.life_stage", lambda rule: rule.why)
    why = kind_sql(profile, "change.attributes", "earlier", "later", lambda rule: rule.why)
    changes = """
        select *, exists (
            from worker_versions worked where worked.person_number = $number and worked.valid_from < changes.before_from
            and worked.life_stage in ('active', 'on_leave')) as worked_before
        from changes where person_number = $number"""
    return values_of(
        con,
        NamedChange,
        f"""select change.business_date, change.kind, if(change.before_from is null, {at_first}, {why}) as why
        from ({changes}) change join {own} later on later.valid_from = change.business_date
        left join {own} earlier on earlier.valid_from = change.before_from
        where change.business_date <= $limit order by 1""",
        {"number": number, "limit": limit},
    )
