"""The business dates that were processed: what each is made from, what came of it, and taking it back."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb

from hcm_pipeline.extracts import Extract, choose
from hcm_pipeline.profile import LoadedProfile
from hcm_pipeline.warehouse import DUCKDB_TYPES, ensure_columns, first
from hcm_pipeline.workers.bitemporal import withdraw
from hcm_pipeline.workers.lifecycle import moment_of

NO_STATE = "0" * 64
DIFFERING = ("manager", "last_name", "postal_code", "work_phone", "mobile_phone")
"""Short worker fields that differ from worker to worker: compressing them takes a third of the time in which a first load's
versions are written, and halves them at most."""


@dataclass(frozen=True)
class DayCounts:
    """The result of one business date; every number is a count of rows or workers."""

    business_date: dt.date
    state: str
    extracts: int = 0
    rows: int = 0
    collapsed: int = 0
    passed_over: int = 0
    quarantined: int = 0
    workers: int = 0
    absent: int = 0
    manager_warnings: int = 0
    identities_given: int = 0
    changes: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    unchanged: bool = False
    """The day had been processed before from the same inputs; nothing was done."""
    refused: tuple[str, ...] = ()
    """Why extracts of the day could not be read, and were left out: one sentence each."""
    stopped: str | None = None
    """Why the day was stopped; the snapshot is then that of the day before."""


def prepare(con: duckdb.DuckDBPyConnection, loaded: LoadedProfile) -> None:
    """Give the tables of versions a column for every worker field; let DuckDB insert in any order (half the time)."""
    con.execute("set preserve_insertion_order = false")
    # rows that have just come in are packed while they are at hand, and not when five times as many wait
    with contextlib.suppress(duckdb.CatalogException):  # DuckDB 1.5 may not know it
        con.execute("set write_buffer_row_group_count = 1")
    for name in ("worker_versions", "other_rows", "withdrawn_versions"):
        columns = {n: DUCKDB_TYPES[k] for n, k in loaded.profile.types.items()}
        plain = DIFFERING if name == "worker_versions" else ()
        ensure_columns(con, name, columns, compression=dict.fromkeys(plain, "uncompressed"))


def state_before(con: duckdb.DuckDBPyConnection, day: dt.date) -> str:
    """The state of the latest date before `day` that was done; a stopped one left the snapshot as it was."""
    row = first(
        con,
        "select state from days where status = 'done' and business_date < ? order by business_date desc limit 1",
        [day],
    )
    return str(row[0]) if row else NO_STATE


def state_of(previous: str, day: dt.date, contract: str, extracts: list[Extract], seen: Sequence[str] = ()) -> str:
    """A digest of all that the snapshot of a day is made from: a chain back to the first day. `seen`: see `seen_on`."""
    text = "\n".join([previous, day.isoformat(), contract, *(e.sha256 for e in extracts), *seen])
    return hashlib.sha256(text.encode()).hexdigest()


def seen_on(con: duckdb.DuckDBPyConnection, day: dt.date) -> list[str]:
    """The names of rows of the day that somebody has looked at, as lines."""
    rows = con.execute(
        """select distinct concat_ws(chr(31), person_number, "value") from seen_names where business_date = ? order by 1""",
        [day],
    ).fetchall()
    return [line for (line,) in rows]


def is_current(con: duckdb.DuckDBPyConnection, loaded: LoadedProfile, day: dt.date, now: dt.datetime) -> bool:
    """Whether `day` stands as its inputs would make it. The newest day does not once somebody's moment has come since."""
    row = first(con, "select state from days where status = 'done' and business_date = ?", [day])
    used, superseded = choose(con, loaded.profile, day)
    if row is None or row[0] != state_of(state_before(con, day), day, loaded.sha256, used, seen_on(con, day)):
        return False
    if {one.status for one in used} - {"applied"} or {one.status for one in superseded} - {"superseded"}:
        return False  # the same was said again by others, and what is known comes from those now
    if first(con, "select 1 from days where status = 'done' and business_date > ? limit 1", [day]):
        return True
    moment = moment_of(day, now, loaded.profile.workers.life.zone)
    return first(con, "select 1 from worker_versions where valid_to is null and next_at <= ? limit 1", [moment]) is None


def rewind(con: duckdb.DuckDBPyConnection, day: dt.date, now: dt.datetime) -> None:
    """Take back everything learnt on or after `day`. Names stay given, for the ledger is for life, and what was believed until
    `now` stays known."""
    withdraw(con, day, now)
    for name in ("worker_versions", "other_rows", "manager_warnings", "absences", "held_cells"):
        con.execute(f"delete from {name} where valid_from >= ?", [day])
        con.execute(f"update {name} set valid_to = null where valid_to >= ?", [day])
    for name in ("changes", "quarantined_rows", "passed_over_rows", "stopped_exits", "days"):
        con.execute(f"delete from {name} where business_date >= ?", [day])
    con.execute("update extracts set status = 'landed' where status <> 'refused' and business_date >= ?", [day])


def recorded(con: duckdb.DuckDBPyConnection, day: dt.date) -> DayCounts:
    """The result of a business date that was processed before."""
    names = ("state", "extracts", "rows", "collapsed", "passed_over", "quarantined", "workers", "absent",
             "manager_warnings", "identities_given")  # fmt: skip
    columns = ", ".join(f'"{name}"' for name in names)
    row = first(con, f"select {columns} from days where business_date = ?", [day]) or ()
    changes = con.execute(
        "select kind, count(*) from changes where business_date = ? group by 1 order by 1", [day]
    ).fetchall()
    return DayCounts(
        day, **dict(zip(names, row, strict=True)), changes=dict(changes), reasons=reasons_of(con, day), unchanged=True
    )


def reasons_of(con: duckdb.DuckDBPyConnection, day: dt.date) -> dict[str, int]:
    """The rows of a date in quarantine, counted by the rule that they violate and its column."""
    rows = con.execute(
        """select broken."rule" || coalesce(' in ' || broken.column_name, '') as reason, count(*)
        from (select unnest(broken) as broken from quarantined_rows where business_date = ?) group by 1 order by 2 desc, 1""",
        [day],
    ).fetchall()
    return dict(rows)
