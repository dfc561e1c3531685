"""Business dates and their quarantine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb

from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.views.held_back import HeldBack, held_back
from hcm_pipeline.flow.views.rows import values_of
from hcm_pipeline.warehouse import first

MANY = 14
"""So many business dates are shown."""


@dataclass(frozen=True)
class Day:
    """One business date that was processed, as in the table `days`. `changes` are workers by kind of change."""

    business_date: dt.date
    extracts: int
    rows: int
    collapsed: int
    passed_over: int
    quarantined: int
    workers: int
    absent: int
    manager_warnings: int
    identities_given: int
    status: str
    reason: str | None
    finished_at: dt.datetime
    judged_at: dt.datetime
    changes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class QuarantineReason:
    """So many rows of a file break one rule in one column, in one way."""

    business_date: dt.date
    file: str
    rule: str
    column: str | None
    value_class: str | None
    rows: int
    first_row: int


@dataclass(frozen=True)
class DayWithReasons(Day):
    """A business date with the reasons for its quarantine."""

    quarantine: tuple[QuarantineReason, ...] = ()


def newest_days(con: duckdb.DuckDBPyConnection, limit: int = MANY) -> list[Day]:
    """The newest business dates, oldest first, with their changes by kind."""
    found = values_of(
        con, Day, "select * exclude (state, contract) from days order by business_date desc limit ?", [limit]
    )
    return [Day(**{**vars(day), "changes": _changes(con, day.business_date)}) for day in reversed(found)]


def _changes(con: duckdb.DuckDBPyConnection, day: dt.date) -> dict[str, int]:
    return dict(
        con.execute(
            "select kind, count(*) from changes where business_date = ? group by 1 order by 1", [day]
        ).fetchall()
    )


def newest_date(con: duckdb.DuckDBPyConnection) -> dt.date | None:
    """The newest business date that was processed."""
    row = first(con, "select max(business_date) from days where status = 'done'")
    return row[0] if row else None


def quarantine(con: duckdb.DuckDBPyConnection, date: dt.date | None = None) -> list[QuarantineReason]:
    """Rows that break a rule, by rule and column: of a date, or of the newest date that has an extract."""
    return values_of(
        con,
        QuarantineReason,
        """select business_date, file, rule, column_name as "column", value_class, count(*) as "rows",
            min(row_no) as first_row
        from quarantine_reasons where business_date = coalesce(?,
            (select max(business_date) from days where extracts > 0))
        group by all order by "rows" desc, first_row limit 50""",
        [date],
    )


def recent_days(installation: Installation) -> list[Day]:
    """The newest business dates, oldest first."""
    with installation.warehouse.read() as con:
        return newest_days(con)


def now_held_back(installation: Installation) -> HeldBack:
    """Cells and rows that wait for one that mends them."""
    with installation.warehouse.read() as con:
        return held_back(con)


def days_between(installation: Installation, since: dt.date, until: dt.date) -> list[DayWithReasons]:
    """The business dates of a range, oldest first; the newest of them with the reasons for their quarantine."""
    with installation.warehouse.read() as con:
        found = [day for day in newest_days(con, 10_000) if since <= day.business_date <= until]
        explained = {day.business_date for day in found[-MANY:]}
        return [
            DayWithReasons(
                **vars(day),
                quarantine=tuple(quarantine(con, day.business_date) if day.business_date in explained else ()),
            )
            for day in found
        ]
