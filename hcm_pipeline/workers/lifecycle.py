"""The stage of a worker on a day: a function of the facts, the day and the place where the day begins.

HR states facts: dates and a status. Where a worker stands between them changes when a date comes, without any extract.
Every version therefore carries its stage, whether the account is enabled in it, and `next_at`, the moment when the stage has
to be judged again; a day judges only those whose moment has come.

| stage      | when (the first that holds)                                                       | enabled          |
|------------|-----------------------------------------------------------------------------------|------------------|
| `erased`   | the profile's `erased` condition holds                                            | no               |
| `missing`  | absent from complete extracts in a row, and the profile disables those            | no               |
| `no_show`  | the status says inactive before the hire date: the hire was cancelled             | no               |
| `future`   | the hire date lies further ahead than the pre-hire window; no account yet         | no               |
| `prehire`  | the hire date lies ahead                                                          | `prehire_active` |
| a step     | so many days have gone by since the last day                                      | no               |
| `grace`    | the last day is over, the days of grace are not                                   | yes              |
| `left`     | the last day is over, or the status says inactive                                 | no               |
| `on_leave` | the profile's `on_leave` condition holds                                          | `leave_active`   |
| `active`   | otherwise                                                                         | yes              |

The last day is the termination date, unless it lies before the hire date: then it ended an earlier employment.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from hcm_pipeline.profile import Life, Profile
from hcm_pipeline.warehouse import DUCKDB_TYPES, Relation, Scratch, holds_sql, literal, quote

WAITING = ("future", "prehire")
"""Stages of those who have not started."""
HERE = ("active", "on_leave")
"""Stages of those who work here; in every other one they are gone."""


@dataclass(frozen=True)
class AsOf:
    """A business date and its times: `moment` is the point in time for which dates count (see `moment_of`), `now` what the clock
    says, in UTC."""

    day: dt.date
    moment: dt.datetime
    now: dt.datetime


@dataclass(frozen=True)
class Circumstances:
    """All that the stage of a worker depends on beside the facts.

    `zones`: name: the time zones that exist. `missing`: person_number: the workers whom their absence ends.
    """

    zones: Relation
    missing: Relation


def circumstances_of(t: Scratch, life: Life, absences: Relation) -> Circumstances:
    """The circumstances as `absences` (person_number, status, valid_to) has them whenever they are read."""
    zones = (
        t.make("zones", "select name from pg_timezone_names()")
        if life.zone_field
        else t.empty("zones", {"name": "varchar"})
    )
    counts = "status = 'missing' and valid_to is null" if life.missing == "disable" else "false"
    return Circumstances(zones, t.view("missing", f"select person_number from {absences} where {counts}"))


def moment_of(day: dt.date, now: dt.datetime, zone: str) -> dt.datetime:
    """The moment at which a business date is judged: now, if that is on this date in `zone`; otherwise its end or beginning.

    So a date that is run again later on the same day sees more places whose day is over, and one that is processed anew
    afterwards sees them all.
    """
    place = ZoneInfo(zone)
    begin = dt.datetime.combine(day, dt.time.min, place)
    end = dt.datetime.combine(day, dt.time(23, 59, 59), place)
    return min(max(now, begin), end)


def with_lifecycle(profile: Profile, facts: str, moment: dt.datetime, around: Circumstances) -> str:
    """Rows of facts (`active` is what the status says) with `status_active`, `active`, `life_stage` and `next_at` as of a moment,
    in parentheses. `facts` is a relation by name, or a SELECT in parentheses."""
    life = profile.workers.life
    helpers = ", ".join(map(quote, (_TODAY, _LAST_DAY, _ZONE)))
    last_day = "case when hire_date is null or termination_date >= hire_date then termination_date end"
    in_place = f"""select *, {_zone_sql(life, around)} as {quote(_ZONE)}, {last_day} as {quote(_LAST_DAY)}
        from ({_with_all_fields(profile, facts)})"""
    dated = f"select *, {_today_sql(life, moment)} as {quote(_TODAY)} from ({in_place})"
    judged = f"select *, {_stage_sql(life, around)} as life_stage from ({dated})"
    return f"""(
        select * exclude ({helpers}) replace ({enabled_sql(life)} as active), active as status_active, {_next_sql(life)} as next_at
        from ({judged}))"""


_TODAY, _LAST_DAY, _ZONE = "day there", "last day", "zone there"


def _with_all_fields(profile: Profile, facts: str) -> str:
    """Fields that no column is mapped to are null; conditions may name them all the same."""
    lacking = {name: DUCKDB_TYPES[kind] for name, kind in profile.types.items() if name not in profile.columns}
    return f"select *{''.join(f', null::{kind} as {quote(name)}' for name, kind in lacking.items())} from {facts}"


def _zone_sql(life: Life, around: Circumstances) -> str:
    field = quote(life.zone_field or "")
    own = f"when {field} in (select name from {around.zones}) then {field}" if life.zone_field else ""
    cases = " ".join(f"when {holds_sql(rule.when)} then {literal(rule.zone)}" for rule in life.zones)
    return f"case {own} {cases} else {literal(life.zone)} end" if own or cases else literal(life.zone)


def _today_sql(life: Life, moment: dt.datetime) -> str:
    """SQL (DATE): what day it is where the worker is."""
    if life.zone_field is None and not life.zones:
        return f"date '{moment.astimezone(ZoneInfo(life.zone)).date().isoformat()}'"
    return f"timezone({quote(_ZONE)}, timestamptz '{moment.astimezone(dt.UTC).isoformat()}')::date"


def _steps(life: Life) -> list[tuple[str, int]]:
    """The profile's steps, the latest first."""
    return [(step.stage, step.after_days) for step in reversed(life.steps)]


def _stage_sql(life: Life, around: Circumstances) -> str:
    today, last = quote(_TODAY), quote(_LAST_DAY)
    cases = []
    if life.erased is not None:
        cases.append(f"when {holds_sql(life.erased)} then 'erased'")
    cases += [
        f"when person_number in (select person_number from {around.missing}) then 'missing'",
        f"when hire_date > {today} and {_inactive(life)} then if(termination_date < hire_date, 'left', 'no_show')",
    ]
    if life.prehire_days is not None:
        cases.append(f"when hire_date - {life.prehire_days} > {today} then 'future'")
    cases.append(f"when hire_date > {today} then 'prehire'")
    cases += [f"when {today} >= {last} + {days} then {literal(stage)}" for stage, days in _steps(life)]
    cases.append(f"when {today} > {last} + {life.grace_days} then 'left'")
    if life.grace_days:
        # an exit that the status tells ahead of the last day ends nobody whom the profile keeps beyond it
        cases.append(f"when {today} > {last} or ({last} is not null and {_inactive(life)}) then 'grace'")
    cases.append(f"when {_inactive(life)} then 'left'")
    if life.on_leave is not None:
        cases.append(f"when {holds_sql(life.on_leave)} then 'on_leave'")
    return f"case {' '.join(cases)} else 'active' end"


def _inactive(life: Life) -> str:
    """SQL (BOOLEAN): the status ends or prevents a working life."""
    if life.status == "must-agree":
        return "not active"
    return f"(not active and {quote(_LAST_DAY)} is null and coalesce(hire_date <= {quote(_TODAY)}, true))"


def _next_sql(life: Life) -> str:
    """SQL (TIMESTAMPTZ): the beginning of the next day, where the worker is, on which the stage is another one."""
    today, last = quote(_TODAY), quote(_LAST_DAY)
    days = [f"case when not coalesce({_inactive(life)} and termination_date < hire_date, false) then hire_date end"]
    if life.prehire_days is not None:
        days.append(f"case when not {_inactive(life)} then hire_date - {life.prehire_days} end")
    days += [f"{last} + {after}" for _, after in _steps(life)]
    days.append(
        f"{last} + {life.grace_days + 1}" if life.grace_days else f"case when not {_inactive(life)} then {last} + 1 end"
    )
    if life.grace_days:
        days.append(f"case when not {_inactive(life)} then {last} + 1 end")
    coming = ", ".join(f"case when ({day}) > {today} then {day} end" for day in days)
    return f"""case when life_stage not in ('erased', 'missing')
        then timezone({quote(_ZONE)}, least({coming}, null::date)::timestamp) end"""


def enabled_sql(life: Life) -> str:
    """SQL (BOOLEAN) over `life_stage`: the account is enabled."""
    enabled = ["active", "grace"]
    enabled += ["prehire"] if life.prehire_active else []
    enabled += ["on_leave"] if life.leave_active else []
    return f"life_stage in ({', '.join(map(literal, enabled))})"
