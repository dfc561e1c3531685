"""The workers who will start, leave and change stage by a date ahead, from what is known now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from hcm_pipeline.profile import Profile, scope_sql
from hcm_pipeline.warehouse import Scratch, literal, quote, scratch
from hcm_pipeline.workers.change_kinds import kind_sql
from hcm_pipeline.workers.lifecycle import HERE, moment_of, with_lifecycle
from hcm_pipeline.workers.snapshot import Before, known_now


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
    """Everybody whose stage is another one at the end of `until`, by kind and time. It reads only: a read copy will do."""
    with scratch(con) as t:
        return foreseen(t, profile, known_now(t, profile), until)


def foreseen(t: Scratch, profile: Profile, before: Before, until: dt.date) -> list[Coming]:
    """See `forecast`, from what `before` knows."""
    moment = moment_of(until, dt.datetime.max.replace(tzinfo=dt.UTC), profile.workers.life.zone)
    scope, here = scope_sql(profile), ", ".join(map(literal, HERE))
    open_now = f"(from {before.versions} where valid_to is null)"
    facts = f"""(select {", ".join(map(quote, profile.columns))} from {before.known.workers}
        semi join (from {open_now} where next_at <= $moment) using (person_number))"""
    return [
        Coming(*row)
        for row in t.rows(
            f"""select ahead.person_number, {kind_sql(profile, "[]::varchar[]", "current", "ahead")} as kind,
                current.life_stage, ahead.life_stage, current.active, ahead.active, current.next_at
            from (select *, {scope} as in_scope from {with_lifecycle(profile, facts, moment, before.around)}) ahead
            join (select *, {scope} as in_scope from {open_now}) current using (person_number),
                lateral (select ahead.person_number in
                    (select person_number from {before.versions} where life_stage in ({here})) as worked_before)
            where current.life_stage <> ahead.life_stage order by kind, current.next_at, ahead.person_number""",
            {"moment": moment},
        )
    ]
