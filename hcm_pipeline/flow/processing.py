"""Processing: the snapshots of business dates, in order, each in one transaction."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import duckdb

from hcm_pipeline.directory import folded_sql
from hcm_pipeline.errors import GuardStop, UsageError
from hcm_pipeline.flow import verdict_table
from hcm_pipeline.flow.borders import as_refusal
from hcm_pipeline.flow.installation import Clock, Progress, quiet, utc_now
from hcm_pipeline.flow.naming import name_workers
from hcm_pipeline.home import Home
from hcm_pipeline.profile import LoadedProfile, Profile
from hcm_pipeline.warehouse import Warehouse, first, transaction
from hcm_pipeline.workers import CannotBeRead, Day, is_current, prepare, recorded, rewind
from hcm_pipeline.workers import DayCounts as DayCounts

PUBLISH_EVERY = 10.0
"""Seconds after which people see in the read copy what a range of dates has come to, while it goes on."""


def pending_days(warehouse: Warehouse, today: dt.date) -> list[dt.date]:
    """Business dates with extracts that no snapshot holds yet, oldest first; the newest date when only planning is left.

    A date after `today` waits until it has come.
    """
    with warehouse.write() as con:
        rows = con.execute(
            "select distinct business_date from extracts where status in ('landed', 'stopped')"
            " and business_date <= ? order by 1",
            [today],
        ).fetchall()
        newest = first(con, "select max(business_date) from days where status = 'done'")
    return [date for (date,) in rows] or ([newest[0]] if newest and newest[0] else [])


@dataclass(frozen=True)
class Audit:
    """Counts that must be 0 after every date: rows of its extracts that are nowhere, and names that two workers hold."""

    unaccounted_rows: int
    names_held_twice: int


def process(
    warehouse: Warehouse, loaded: LoadedProfile, wanted: list[dt.date], *, clock: Clock = utc_now, progress: Progress = quiet
) -> Iterator[DayCounts]:  # fmt: skip
    """Bring the snapshots of `wanted` and of everything that follows from them up to date, in order.

    One transaction a day: a crash leaves whole days behind, and the same call goes on from there. Yields after each day
    is committed; the read copy follows, every so many seconds. Raises GuardStop after a stopped day was recorded; the days after
    it are then not touched.
    """
    for counts, _ in _process(warehouse, loaded, wanted, clock, progress):
        yield counts


def process_audited(
    warehouse: Warehouse, loaded: LoadedProfile, wanted: list[dt.date], *, clock: Clock = utc_now, progress: Progress = quiet
) -> Iterator[tuple[DayCounts, Audit]]:  # fmt: skip
    """As `process`; each date with the audit of its extracts and of the ledger, made as the date is committed."""
    for counts, con in _process(warehouse, loaded, wanted, clock, progress):
        yield counts, audit(con, counts.business_date)


def _process(
    warehouse: Warehouse, loaded: LoadedProfile, wanted: list[dt.date], clock: Clock, progress: Progress
) -> Iterator[tuple[DayCounts, duckdb.DuckDBPyConnection]]:
    home, published = warehouse.home, time.monotonic()
    with warehouse.write() as con:
        prepare(con, loaded)
        queue = set(wanted)
        while queue := queue | _to_rebuild(con):
            day = min(queue)
            queue.discard(day)
            if is_current(con, loaded, day, clock()):
                con.execute("delete from to_rebuild where business_date = ?", [day])
                yield recorded(con, day), con
                continue
            counts, stop = _one_day(con, home, loaded, day, clock, progress)
            if (
                queue and time.monotonic() - published > PUBLISH_EVERY
            ):  # the caller publishes what the last date came to
                warehouse.publish_between(con)
                published = time.monotonic()
            yield counts, con
            if stop and day in wanted:
                raise stop


def _one_day(
    con: duckdb.DuckDBPyConnection, home: Home, loaded: LoadedProfile, day: dt.date, clock: Clock, progress: Progress
) -> tuple[DayCounts, GuardStop | None]:
    work, refused = _begin(con, home, loaded, day, clock, progress)
    try:
        return replace(_apply(con, loaded, work, day, clock()), refused=refused), None
    except GuardStop as stop:
        return replace(_record_stopped(con, loaded, work, day, stop, clock()), refused=refused), stop
    finally:
        work.close()


def _begin(
    con: duckdb.DuckDBPyConnection, home: Home, loaded: LoadedProfile, day: dt.date, clock: Clock, progress: Progress
) -> tuple[Day, tuple[str, ...]]:
    """The work on a day, and why extracts that cannot be read are left out of it: each is refused, and the others go on."""
    refused: list[str] = []
    while True:
        try:
            return Day(con, loaded, day, clock(), home, progress), tuple(refused)
        except CannotBeRead as error:
            fault = error.__cause__
            if not isinstance(fault, Exception):
                raise
            refusal = as_refusal(fault, error.extract.name, home)
            con.execute(
                "update extracts set status = 'refused', reason = ? where extract_id = ?",
                [str(refusal), error.extract.extract_id],
            )
            refused.append(str(refusal))


def _apply(
    con: duckdb.DuckDBPyConnection, loaded: LoadedProfile, work: Day, day: dt.date, now: dt.datetime
) -> DayCounts:
    """The day in one transaction, with what the rules said of it. Raises GuardStop, and nothing has happened."""
    with transaction(con):
        if first(con, "select 1 from days where business_date >= ? limit 1", [day]):
            con.execute(
                "insert or ignore into to_rebuild select business_date from days where business_date > ?", [day]
            )
            rewind(con, day, now)
        con.execute("delete from to_rebuild where business_date = ?", [day])
        counts = work.apply()
        counts = replace(counts, identities_given=name_workers(con, loaded.profile, day, now))
        work.record(counts)
        verdict_table.keep_day(con, day, verdict_table.of_day(con, loaded.profile, counts, None), now)
    return counts


def _record_stopped(
    con: duckdb.DuckDBPyConnection, loaded: LoadedProfile, work: Day, day: dt.date, stop: GuardStop, now: dt.datetime
) -> DayCounts:  # fmt: skip
    with transaction(con):
        counts = work.stopped(stop)
        work.record(counts)
        con.execute("delete from to_rebuild where business_date = ?", [day])
        verdict_table.keep_day(con, day, verdict_table.of_day(con, loaded.profile, counts, stop), now)
    return counts


def _to_rebuild(con: duckdb.DuckDBPyConnection) -> set[dt.date]:
    return {date for (date,) in con.execute("select business_date from to_rebuild").fetchall()}


def require_dates(profile: Profile, since: dt.date, until: dt.date, now: dt.datetime) -> None:
    """Raise UsageError for business dates that the profile does not know yet, or that are ahead of the clock."""
    today = profile.workers.life.day_of(now)
    if until > today:
        raise UsageError(
            f"{until} is ahead of the clock (today is {today}): a date is processed when it has come;"
            f" `hcm-pipeline plan --date {until}` looks ahead"
        )
    if since.isoformat() < profile.start_date:
        raise UsageError(f"business dates lie between the profile's start_date {profile.start_date} and {today}")


def audit(con: duckdb.DuckDBPyConnection, day: dt.date) -> Audit:
    """Count what must not be, for the extracts of a business date and the whole ledger."""
    lost = first(
        con,
        """select coalesce(sum(abs("rows" - (shape->>'records')::bigint
            + (control_total is not null and coalesce((shape->>'total_is_record')::boolean, true))::bigint)), 0)
        from extracts where status = 'applied' and business_date = ?""",
        [day],
    )
    doubles = first(
        con,
        f"""select count(user_principal_name) - count(distinct {folded_sql("user_principal_name")})
            + count(sam_account_name) - count(distinct {folded_sql("sam_account_name")})
        from identities where status <> 'released'""",
    )
    return Audit(int((lost or (0,))[0]), int((doubles or (0,))[0]))
