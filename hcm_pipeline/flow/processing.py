"""Running business dates in order, and planning: what the command line and Dagster both do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace

import duckdb

from hcm_pipeline.delivery.plan import undo as undos
from hcm_pipeline.delivery.plan.planning import Plan, make_plan
from hcm_pipeline.delivery.state.journal import Journal
from hcm_pipeline.errors import ExtractRefused, GuardStop, HomeError, UsageError
from hcm_pipeline.extracts import of_day
from hcm_pipeline.home import Home
from hcm_pipeline.identity import give_names
from hcm_pipeline.profile import LoadedProfile
from hcm_pipeline.warehouse import Warehouse, first
from hcm_pipeline.workers import day as days

Progress = Callable[[str], None]
Clock = Callable[[], dt.datetime]


def utc_now() -> dt.datetime:
    """The time, aware and in UTC."""
    return dt.datetime.now(dt.UTC)


def quiet(message: str) -> None:
    """Progress for nobody."""
    del message


def pending_days(con: duckdb.DuckDBPyConnection) -> list[dt.date]:
    """Business dates with extracts that no snapshot holds yet, oldest first."""
    rows = con.execute("select distinct business_date from extracts where status in ('landed', 'stopped') order by 1")
    return [date for (date,) in rows.fetchall()]


def process(
    warehouse: Warehouse, loaded: LoadedProfile, wanted: list[dt.date], *, clock: Clock = utc_now, progress: Progress = quiet
) -> Iterator[days.DayCounts]:  # fmt: skip
    """Bring the snapshots of `wanted` and of everything that follows from them up to date, in order.

    One transaction a day: a crash leaves whole days behind, and the same call goes on from there. Yields after each day
    is committed. Raises GuardStop after a stopped day was recorded; the days after it are then not touched.
    """
    home = warehouse.home
    with warehouse.write() as con:
        days.prepare(con, loaded)
        queue = set(wanted)
        while queue := queue | _to_rebuild(con):
            day = min(queue)
            queue.discard(day)
            if days.is_current(con, loaded, day, clock()):
                con.execute("delete from to_rebuild where business_date = ?", [day])
                yield _as_recorded(con, day)
                continue
            counts, stop = _one_day(con, home, loaded, day, clock, progress)
            yield counts
            if stop and day in wanted:
                raise stop


def _one_day(
    con: duckdb.DuckDBPyConnection, home: Home, loaded: LoadedProfile, day: dt.date, clock: Clock, progress: Progress
) -> tuple[days.DayCounts, GuardStop | None]:
    for extract in of_day(con, day):
        if not extract.stored(home.extracts).is_file():
            raise HomeError(
                f"{home.extracts}: the copy of {extract.name} ({extract.sha256[:12]}) is gone; restore the home's extracts, "
                "or land the file again"
            )
    try:
        work = days.Day(con, loaded, day, clock(), home.extracts, home.scratch, progress)
    except ExtractRefused as refused:
        # told once, and remembered: the day is processed without it next time, or with its correction
        con.execute(
            """update extracts set status = 'refused', reason = ? where extract_id = (select max(extract_id) from extracts
            where name = ? and business_date = ? and status <> 'refused')""",
            [str(refused), refused.file, day],
        )
        raise
    try:
        con.begin()
        try:
            con.execute(
                "insert or ignore into to_rebuild select business_date from days where business_date > ?", [day]
            )
            con.execute("delete from to_rebuild where business_date = ?", [day])
            days.rewind(con, day, clock())
            counts = work.apply()
            counts = replace(counts, identities_given=give_names(con, loaded.profile, day, clock()))
            work.record(counts)
            con.commit()
        except GuardStop as stop:
            con.rollback()
            con.begin()
            counts = work.stopped(stop)
            work.record(counts)
            con.execute("delete from to_rebuild where business_date = ?", [day])
            con.commit()
            return counts, stop
        except BaseException:
            con.rollback()
            raise
    finally:
        work.close()
    return counts, None


def _name_the_rest(con: duckdb.DuckDBPyConnection, loaded: LoadedProfile, now: dt.datetime) -> None:
    """On the newest date: names for those whose account has been decided about since it was processed."""
    row = first(con, "select max(business_date) from days where status = 'done' having count(*) > 0")
    if row is None:
        return
    day = row[0]
    con.begin()
    try:
        given = give_names(con, loaded.profile, day, now)
        if given:
            con.execute("update days set identities_given = identities_given + ? where business_date = ?", [given, day])
        con.commit()
    except BaseException:
        con.rollback()
        raise


def _to_rebuild(con: duckdb.DuckDBPyConnection) -> set[dt.date]:
    return {date for (date,) in con.execute("select business_date from to_rebuild").fetchall()}


def _as_recorded(con: duckdb.DuckDBPyConnection, day: dt.date) -> days.DayCounts:
    names = ("state", "extracts", "rows", "collapsed", "passed_over", "quarantined", "workers", "absent",
             "manager_warnings", "identities_given")  # fmt: skip
    columns = ", ".join(f'"{name}"' for name in names)
    row = first(con, f"select {columns} from days where business_date = ?", [day]) or ()
    changes = con.execute(
        "select kind, count(*) from changes where business_date = ? group by 1 order by 1", [day]
    ).fetchall()
    reasons = con.execute(
        """select rule || coalesce(' in ' || column_name, '') as reason, count(*) from quarantine_reasons
        where business_date = ? group by 1 order by 2 desc, 1""",
        [day],
    ).fetchall()
    return days.DayCounts(
        day, **dict(zip(names, row, strict=True)), changes=dict(changes), reasons=dict(reasons), unchanged=True
    )


def undo(
    warehouse: Warehouse, loaded: LoadedProfile, target: str, manifest_id: str, by: str,
    *, clock: Clock = utc_now, progress: Progress = quiet,
) -> Plan:  # fmt: skip
    """Plan with an undo of a manifest among its held ones; it is asked for until it is done or rejected.

    Raises UsageError when nothing of the manifest can be put back.
    """
    with warehouse.write() as con:
        undos.ask(con, target, manifest_id, by, clock())
    made = plan(warehouse, loaded, target, clock=clock, progress=progress)
    if made is None or not any(manifest.undoes == manifest_id for manifest in made.held):
        left_out = made.left_out.get(manifest_id, {}) if made else {}
        why = (
            ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in left_out.items()) or "no operations"
        )
        raise UsageError(f"manifest {manifest_id[:12]}: there is nothing to put back ({why})")
    return made


def plan(
    warehouse: Warehouse, loaded: LoadedProfile, target: str, *, clock: Clock = utc_now, progress: Progress = quiet
) -> Plan | None:
    """Plan what the newest snapshot asks for; None when no business date was processed yet. Raises GuardStop (see `give_names`)."""
    with warehouse.write() as con, Journal(warehouse.home.journal, clock=clock) as journal:
        days.prepare(con, loaded)
        _name_the_rest(con, loaded, clock())
        return make_plan(con, warehouse.home, loaded, journal, target, clock(), progress)
