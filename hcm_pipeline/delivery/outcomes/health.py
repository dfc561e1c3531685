"""Whether a service processes what it takes, as it was last known. One that does not may still accept, and what it holds may be
lost when it is restarted: so uploading stops until it runs.

Two things tell: the service itself, where it can be asked, and its outcomes. It is *silent* when two requests were accepted, are
overdue, and it has spoken of nothing at all since the first.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from hcm_pipeline.delivery.service import Health, HealthState, OutcomeRules
from hcm_pipeline.errors import GuardStop
from hcm_pipeline.profile import Outcomes
from hcm_pipeline.warehouse import Warehouse, first

SILENT_REQUESTS = 2
"""One request without an answer may be lost; a second one says that nothing is worked off."""
PROBE_AFTER = 4
"""A silent service is tried again when so many times `outcomes.missing_after_minutes` have passed since the last acceptance."""


class ServiceStopped(GuardStop):
    """The service would only pile up what it is sent; nothing was sent. `health` is what was found."""

    def __init__(self, health: Health, says: str) -> None:
        self.health = health
        super().__init__(says)


@dataclass(frozen=True)
class Remembered:
    """The last known health: since when it is so, when it was asked, and when the service was last seen to run again."""

    health: Health
    since: dt.datetime
    checked_at: dt.datetime
    resumed_at: dt.datetime | None


def remembered(con: duckdb.DuckDBPyConnection, target: str) -> Remembered | None:
    """The last known health of a target; None before it was first asked."""
    row = first(
        con,
        "select state, reason, until, since, checked_at, resumed_at from job_states where target = ?",
        [target],
    )
    return Remembered(Health(HealthState(row[0]), row[1], row[2]), *row[3:]) if row else None


def remember(
    con: duckdb.DuckDBPyConnection, target: str, health: Health, now: dt.datetime, resumed: dt.datetime | None
) -> None:
    """Keep what is known of a target; `since` stays while the state does."""
    before = remembered(con, target)
    since = before.since if before and before.health.state is health.state else now
    con.execute(
        "insert or replace into job_states values (?, ?, ?, ?, ?, ?, ?)",
        [target, str(health.state), health.reason, since, now, resumed, health.until],
    )


def resumed_at(before: Remembered | None, health: Health, now: dt.datetime) -> dt.datetime | None:
    """Since when the service runs again: time in which it did not is nobody's delay."""
    if before is None:
        return None
    return now if before.health.stopped and not health.stopped else before.resumed_at


def with_silence(con: duckdb.DuckDBPyConnection, target: str, health: Health, rules: Outcomes) -> Health:
    """The health that the service tells, or that it is silent, which only its outcomes tell."""
    if health.stopped:
        return health
    row = first(
        con,
        """select count(distinct (failure.plan_no, failure.request_no)), max(acceptance.accepted_at)
        from failures failure join accepted_requests acceptance using (plan_no, request_no)
        where failure.target = $1 and failure.state = 'missing' and acceptance.accepted_at
            > coalesce((select last_entry_at from log_reads where target = $1), timestamptz '-infinity')""",
        [target],
    )
    if row is None or row[0] < SILENT_REQUESTS:
        return health
    until = row[1] + PROBE_AFTER * dt.timedelta(minutes=rules.missing_after_minutes)
    return Health(HealthState.SILENT, f"{row[0]} accepted requests, and not one entry in the log since", until)


def refuse_silent(warehouse: Warehouse, target: OutcomeRules, now: dt.datetime) -> None:
    """Raises ServiceStopped when the service is known to be silent and is not to be tried again yet.

    An upload asks the service itself about the rest.
    """
    if not warehouse.home.read_copy.is_file():
        return
    with warehouse.read() as con:
        known = remembered(con, target.key)
    if known and known.health.state is HealthState.SILENT and known.health.stops(now):
        raise ServiceStopped(known.health, target.describe_health(known.health))
