"""Who will start, leave and change stage by a date ahead, from what is known now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from hcm_pipeline.profile import Profile, scope_sql
from hcm_pipeline.warehouse import literal, quote
from hcm_pipeline.workers.change_kinds import kind_sql
from hcm_pipeline.workers.lifecycle import HERE, lives_sql, make_surroundings, moment_of
from hcm_pipeline.workers.snapshot import KNOWN


@dataclass(frozen=True)
class Coming:
    """One worker who stands elsewhere by then. `first_at` is the moment of the first change on the way."""

    person_number: str
    kind: str
    stage_now: str
    stage_then: str
    enabled_now: bool
    enabled_then: bool
    first_at: dt.datetime


def forecast(con: duckdb.DuckDBPyConnection, profile: Profile, until: dt.date) -> list[Coming]:
    """Everybody whose stage is another one at the end of `until`, by kind and time. Makes temporary tables only."""
    life = profile.workers.life
    make_surroundings(con, life)
    con.execute(f"create or replace temp view known as {KNOWN}")
    moment = moment_of(until, dt.datetime.max.replace(tzinfo=dt.UTC), life.zone)
    scope = scope_sql(profile)
    here = ", ".join(map(literal, HERE))
    names = ", ".join(map(quote, profile.columns))
    due = "(from worker_versions where valid_to is null and next_at <= $moment)"
    then = lives_sql(profile, f"(select {names} from known semi join {due} using (person_number))", moment)
    rows = con.execute(
        f"""select n.person_number, {kind_sql(profile, "[]::varchar[]", "b", "n")} as kind,
            b.life_stage, n.life_stage, b.active, n.active, b.next_at
        from (select *, {scope} as in_scope from {then}) n
        join (select *, {scope} as in_scope from worker_versions where valid_to is null) b using (person_number),
            lateral (select n.person_number in (select person_number from worker_versions where life_stage in ({here})) as been)
        where n.life_stage <> b.life_stage order by kind, b.next_at, n.person_number""",
        {"moment": moment},
    ).fetchall()
    return [Coming(*row) for row in rows]
