"""The snapshot: versions of workers, each true for a span of business dates, and the changes between two of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hcm_pipeline.profile import Profile, scope_sql
from hcm_pipeline.warehouse import Relation, Scratch, literal, table
from hcm_pipeline.workers.change_kinds import attributes_sql, first_kind_sql, kind_sql
from hcm_pipeline.workers.judging import Accepted
from hcm_pipeline.workers.known import Known, facts_of, known_before, worker_versions
from hcm_pipeline.workers.lifecycle import HERE, WAITING, AsOf, Circumstances, circumstances_of, with_lifecycle


@dataclass(frozen=True)
class Before:
    """All that is known before a business date.

    `versions`: every version of every worker, the columns of `worker_versions`. `known`: what the open ones say. `around`: what
    stages depend on beside that.
    """

    versions: Relation
    known: Known
    around: Circumstances


DIFFERING = {"person_number": "varchar", "extract_id": "integer", "row_no": "bigint", "before_from": "date",
             "is_due": "boolean", "attributes": "varchar[]", "kind": "varchar"}  # fmt: skip
"""The columns of `Changed.changes`: name to DuckDB type."""


@dataclass(frozen=True)
class Changed:
    """The difference between two snapshots.

    `accepted` are the rows that were compared. `existing` and `new`: extract_id, row_no, person_number, digest, as_read and
    before_from: those of workers who are known, and of those who are not (before_from, the beginning of the open version, is null).
    `changes`:
    person_number, extract_id, row_no, before_from, is_due (no row says so, a date has come), attributes and kind: one row a known
    worker who differs.
    """

    accepted: Accepted
    existing: Relation
    new: Relation
    changes: Relation


def known_now(t: Scratch, profile: Profile) -> Before:
    """All that the warehouse knows, as it is whenever it is read."""
    versions, other_rows = worker_versions(t), table(t.con, "other_rows")
    around = circumstances_of(t, profile.workers.life, table(t.con, "absences"))
    return Before(versions, known_before(t, profile, versions, other_rows), around)


def compare(t: Scratch, profile: Profile, accepted: Accepted, before: Before, as_of: AsOf, *, rejudge: bool) -> Changed:
    """Find the difference that the accepted rows make, and the dates that have come by the moment of `as_of`. `rejudge`: all
    workers are judged, because the profile is another one."""
    placed = t.make(
        "placed",
        f"""select stated.*, worker.valid_from as before_from from {accepted.rows} stated
        left join {before.known.workers} worker on worker.person_number = stated.person_number""",
    )
    existing = t.view("existing", f"from {placed} where before_from is not null")
    new = t.view("new", f"from {placed} where before_from is null")
    due = due_of(t, before, placed, as_of, rejudge=rejudge)
    if not t.first(f"select 1 from {existing} union all select 1 from {due} limit 1"):
        return Changed(accepted, existing, new, t.empty("differing", DIFFERING))
    facts = facts_of(profile)
    stated = f"""(select {facts} from {accepted.facts} semi join {existing} using (extract_id, row_no)
        union all select {facts} from {before.known.workers} semi join {due} using (person_number))"""
    then = with_lifecycle(profile, stated, as_of.moment, before.around)
    return Changed(accepted, existing, new, changes_between(t, profile, then, before, due))


def _knows_nobody(t: Scratch, before: Before) -> bool:
    return t.first(f"select 1 from {before.known.workers} limit 1") is None


def due_of(t: Scratch, before: Before, accepted: Relation, as_of: AsOf, *, rejudge: bool) -> Relation:
    """The workers of whom no row is accepted and whose stage has to be judged again: person_number."""
    if _knows_nobody(t, before):
        return t.empty("due", {"person_number": "varchar"})
    missing = f"(life_stage = 'missing') <> (person_number in (from {before.around.missing}))"
    return t.make(
        "due",
        f"""select person_number from {before.versions}
        where valid_to is null and ({"true" if rejudge else "next_at <= $moment"} or {missing})
        and person_number not in (select person_number from {accepted})""",
        {} if rejudge else {"moment": as_of.moment},
    )


def worked_before(t: Scratch, before: Before) -> Relation:
    """Of the few who wait for their first day, those who worked here earlier: person_number."""
    here, waiting = (", ".join(map(literal, stages)) for stages in (HERE, WAITING))
    return t.make(
        "worked_before",
        f"""select distinct version.person_number from {before.versions} version
        semi join {before.known.workers} worker
            on worker.person_number = version.person_number and worker.life_stage in ({waiting})
        where version.life_stage in ({here})""",
    )


def changes_between(t: Scratch, profile: Profile, then: str, before: Before, due: Relation) -> Relation:
    """The workers of `then` (rows with their stage, in parentheses) who differ from what is known: see `Changed.changes`."""
    scope = scope_sql(profile)
    was = f"select * replace (enabled as active), active as status_active from {before.known.workers}"
    kind = kind_sql(profile, "attributes", "pair.before", "pair.now")
    read = sorted(set(re.findall(r'\bpair\.(?:before|now)\.("(?:[^"]|"")*"|\w+)', kind)))
    was_read, now_read = (f"{{{', '.join(f'{name}: {side}.{name}' for name in read)}}}" for side in ("was", "is_now"))
    pairs = f"""select is_now.person_number, is_now.extract_id, is_now.row_no, was.valid_from as before_from,
            due.person_number is not null as is_due, {attributes_sql(list(profile.columns), "was", "is_now")} as attributes,
            {was_read} as before, {now_read} as now,
            is_now.person_number in (from {worked_before(t, before)}) as worked_before
        from (select *, {scope} as in_scope from {then}) is_now
        join (select *, {scope} as in_scope from ({was})) was using (person_number)
        left join {due} due using (person_number)"""
    return t.make(
        "differing",
        f"""select person_number, extract_id, row_no, before_from, is_due, attributes, {kind} as kind
        from ({pairs}) pair where len(attributes) > 0""",
    )


def record_changes(
    t: Scratch, profile: Profile, before: Before, changed: Changed, as_of: AsOf, *, rejudge: bool
) -> dict[str, int]:
    """Close and open versions, and enter the changes; how many there are by kind."""
    is_first = _knows_nobody(t, before)
    anything = t.first(f"select 1 from {changed.changes} union all select 1 from {changed.new} limit 1") is not None
    if anything:
        _open_versions(t, profile, before, changed, as_of)
        t.run(
            f"""update worker_versions version set valid_to = ? from {changed.changes} change
            where version.valid_to is null and version.person_number = change.person_number
                and version.valid_from = change.before_from""",
            [as_of.day],
        )
    if rejudge and not is_first:
        _settle_unchanged(t, profile, before, changed, as_of)
    if not is_first:
        _keep_readings(t, changed.accepted.readings)
    if not anything:
        return {}
    of_new = "" if is_first else f"and person_number in (select person_number from {changed.new})"
    t.run(
        f"""insert into changes by name
        select ?::date as business_date, person_number, kind, attributes, before_from from {changed.changes}
        union all
        select ?, person_number, {first_kind_sql("life_stage")}, [], null from worker_versions
        where valid_from = ? and valid_to is null {of_new}""",
        [as_of.day] * 3,
    )
    kinds = t.rows("select kind, count(*) from changes where business_date = ? group by 1 order by 1", [as_of.day])
    return dict(kinds)


def _open_versions(t: Scratch, profile: Profile, before: Before, changed: Changed, as_of: AsOf) -> None:
    # One INSERT for a table in a transaction: in DuckDB 2.0.0 rows can be lost from sight when an INSERT of more than a
    # row group follows an empty one (tests/warehouse/test_duckdb.py).
    facts = facts_of(profile)
    opened = t.view(
        "opened",
        f"""select extract_id, row_no, as_read from {changed.new}
        union all select extract_id, row_no, as_read from {changed.existing}
            semi join (from {changed.changes} where not is_due) using (extract_id, row_no)""",
    )
    stated = f"""(select {facts}, as_read from {changed.accepted.facts} join {opened} using (extract_id, row_no)
        union all select {facts}, as_read from {before.known.workers}
            where person_number in (select person_number from {changed.changes} where is_due))"""
    t.run(
        f"""insert into worker_versions by name
        select *, ?::date as valid_from, null::date as valid_to, ?::timestamptz as known_from
        from {with_lifecycle(profile, stated, as_of.moment, before.around)}""",
        [as_of.day, as_of.now],
    )


def _keep_readings(t: Scratch, readings: Relation) -> None:
    """Keep how rows stand in their files (`Accepted.readings`) that say what the open versions say, and stood otherwise before."""
    if not t.count(readings):
        return
    other = t.make(
        "read_otherwise",
        f"""select person_number, any_value(said.as_read) as as_read from {readings} said
        join (select person_number, digest, as_read from {worker_versions(t)} where valid_to is null) version
        using (person_number, digest) where said.as_read is distinct from version.as_read group by all""",
    )
    if t.count(other):
        t.run(
            f"""update worker_versions version set as_read = other.as_read from {other} other
            where version.valid_to is null and version.person_number = other.person_number"""
        )


def _settle_unchanged(t: Scratch, profile: Profile, before: Before, changed: Changed, as_of: AsOf) -> None:
    """Under another profile: digests over its columns, and moments by its rules, for the versions that stay."""
    t.run(f"""
        update worker_versions version set digest = accepted.digest from {changed.existing} accepted
        where version.valid_to is null and version.person_number = accepted.person_number
            and version.valid_from = accepted.before_from and version.digest <> accepted.digest
    """)
    judged = with_lifecycle(profile, str(before.known.workers), as_of.moment, before.around)
    t.run(f"""
        update worker_versions version set next_at = judged.next_at from {judged} judged
        where version.valid_to is null and version.person_number = judged.person_number
            and version.next_at is distinct from judged.next_at
    """)
