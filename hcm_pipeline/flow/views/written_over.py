"""The view of values that were written to Oracle HCM and that somebody else has changed there: a person, or another integration.

Two things tell of it. The receipt of a write says what was there before: another value than the one that was written last was
somebody else's. And Oracle HCM may have said another value anew since the last write.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from hcm_pipeline.delivery import names_of
from hcm_pipeline.flow.hr_statements import stated
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.profile import ATTRIBUTES, Attribute
from hcm_pipeline.targets.oracle import HR, STATEMENT, OracleTarget, key_of, key_sql, limits_of, same_sql, was
from hcm_pipeline.warehouse import Relation, Scratch, literal, quote, scratch, table

LOOKED_BACK = dt.timedelta(days=30)
"""How far back receipts are read."""


@dataclass(frozen=True)
class WrittenOver:
    """A value of a worker that somebody else has changed. `times`: so often within 30 days the change was found before it was
    written over; `now`: Oracle HCM says another value than was written last; `last`: when a receipt told of it last."""

    person_number: str
    attribute: Attribute
    times: int
    now: bool
    last: dt.datetime | None


def written_over(con: duckdb.DuckDBPyConnection, installation: Installation) -> tuple[WrittenOver, ...]:
    """The values that somebody else has changed, those that were changed most often first."""
    section, connection = installation.profile.writeback, installation.settings.oracle
    if section is None or connection is None or not section.to_hr:
        return ()
    target = OracleTarget(key_of(connection), limits_of(1, 1), section=section)
    with scratch(con) as t:
        if t.first(f"select 1 from {table(con, 'delivered')} where target = {literal(target.key)} limit 1") is None:
            return ()
        found = t.rows(
            f"""select person_number, attribute, coalesce(before.times, 0), coalesce(differing.now, false), before.last
            from ({_before_sql(target, installation.clock() - LOOKED_BACK)}) before
            full join ({_now_sql(t, target, installation)}) differing using (person_number, attribute)
            order by 3 desc, 1, 2"""
        )
    return tuple(WrittenOver(*row) for row in found)


def fought_over(found: Sequence[WrittenOver]) -> tuple[WrittenOver, ...]:
    """Those of which the same value was changed by somebody else twice at least: two writers do not agree."""
    return tuple(one for one in found if one.times + one.now > 1)


def said_since_written(con: duckdb.DuckDBPyConnection, installation: Installation, number: str) -> bool:
    """Whether Oracle HCM has said anew what it has of a worker since it was written last."""
    connection = installation.settings.oracle
    if connection is None:
        return False
    with scratch(con) as t:
        delivered = t.complete(table(con, "delivered"), {STATEMENT: "VARCHAR"})
        row = t.first(
            f"""select 1 from {delivered} delivered join {stated(installation, t)} said using (person_number)
            where target = {literal(key_of(connection))} and person_number = {literal(number)}
            and said.statement > coalesce(delivered.{STATEMENT}::bigint, 0)"""
        )
    return row is not None


def _before_sql(target: OracleTarget, since: dt.datetime) -> str:
    """SELECT: person_number, attribute, times and last of values that were not there any more when they were looked at again."""
    receipts = f"""(from receipts where target = {literal(target.key)} and state = 'succeeded' and reason is not null
        and logged_at >= {literal(since.isoformat())}::timestamptz)"""
    parts = []
    for name in target.attributes:
        before, after, how = (
            f"json_extract_string(reason, '$.{name}.{which}')" for which in ("before", "after", "how")
        )
        parts.append(
            f"""select person_number, {literal(name)} as attribute, count(*)::integer as times, max(logged_at) as last from (
                select *, lag(after_key) over (partition by person_number order by logged_at) as written_key
                from (select person_number, logged_at, {how} as how, {key_sql(name, before)} as before_key,
                        {key_sql(name, after)} as after_key
                    from {receipts} where {after} is not null))
            where written_key is not null and how <> '' and not {same_sql(name, "before_key", "written_key")} group by 1, 2"""
        )
    return " union all ".join(parts)


def _now_sql(t: Scratch, target: OracleTarget, installation: Installation) -> str:
    """SELECT: person_number, attribute and now (true) of values that Oracle HCM has said otherwise since they were written."""
    delivered = t.complete(table(t.con, "delivered"), dict.fromkeys(names_of(target), "VARCHAR"))
    said: Relation = stated(installation, t)
    parts = []
    for name in ATTRIBUTES:
        if name not in target.attributes or HR[name] not in installation.profile.columns:
            continue
        keys = f"{key_sql(name, f'delivered.{quote(name)}')} as ours, {key_sql(name, f'worker.{quote(HR[name])}')} as theirs"
        parts.append(
            f"""select person_number, {literal(name)} as attribute, true as now from (
                select person_number, {keys}
                from {delivered} delivered join worker_versions worker using (person_number)
                join {said} said using (person_number)
                where delivered.target = {literal(target.key)} and worker.valid_to is null
                and delivered.{quote(name)} is distinct from delivered.{quote(was(name))}
                and said.statement > coalesce(delivered.{STATEMENT}::bigint, 0))
            where not {same_sql(name, "ours", "theirs")}"""
        )
    nothing = "select null::varchar as person_number, null::varchar as attribute, null::boolean as now limit 0"
    return " union all ".join(parts) or nothing
