"""A small organisation: its profile, its files, and its warehouse to look into."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hcm_pipeline.flow import landing, processing
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.home import Home
from hcm_pipeline.http import utc_now
from hcm_pipeline.profile import LoadedProfile
from hcm_pipeline.warehouse import Warehouse
from hcm_pipeline.workers import DayCounts

PROFILE = """
name = "firm"
[[sources]]
name = "people"
glob = "people*"
[[sources]]
name = "news"
glob = "news*"
content = "changes-only"
rows = "narrow"
[fields.person_number]
column = "Number"
required = true
pattern = '[0-9A-Za-z]{1,12}'
[fields.active]
column = "Active"
required = true
[fields.first_name]
column = "First"
required = true
max_length = 64
[fields.last_name]
column = "Last"
required = true
max_length = 64
[fields.department]
column = "Department"
[fields.city]
column = "City"
blank_in_changes = "cleared"
[fields.manager]
column = "Manager"
[fields.hire_date]
column = "Hired"
[fields.termination_date]
column = "Left"
[fields.country]
column = "Country"
normalise = ["upper"]
replace = { UK = "GB" }
allowed = ["GB", "DE", "US"]
[extra_fields.primary]
column = "Primary"
[workers]
quarantine_limit = { percent = 50.0, at_least = 25 }
[identity]
domain = "firm.example"
[scim.mapping]
externalId = "person_number"
userName = "user_principal_name"
active = "active"
displayName = { sql = "first_name || ' ' || last_name" }
'{enterprise}:manager' = "manager_external_id"
'{enterprise}:department' = "department"
"""
COLUMNS = ("Number", "Active", "First", "Last", "Department", "City", "Manager", "Hired", "Left", "Country", "Primary")
Row = Mapping[str, str]


def worker(number: int | str, **fields: str) -> dict[str, str]:
    """A good row, with what is given put over it."""
    return {"Number": str(number), "Active": "True", "First": "Ann", "Last": f"Lee{number}", **fields}


def day(number: int) -> dt.date:
    """The n-th of November 2026."""
    return dt.date(2026, 11, number)


class Firm:
    """A home below `folder` under a profile; `sql` asks the live warehouse."""

    def __init__(self, folder: Path, profile: str = PROFILE, more: str = "") -> None:
        self.folder = folder
        self.home = Home(folder / "home").create()
        self.warehouse = Warehouse(self.home, patience=5)
        self.loaded: LoadedProfile = parse_profile(profile + more, "firm.toml")
        self._files = 0

    def land(
        self, rows: Iterable[Row], date: dt.date, *, source: str = "people", columns: Iterable[str] = COLUMNS
    ) -> landing.Landed:
        """Write a file of these rows and take it."""
        text = io.StringIO()
        out = csv.DictWriter(text, list(columns), restval="", lineterminator="\n")
        out.writeheader()
        out.writerows(rows)
        return self.land_text(text.getvalue(), date, source=source)

    def land_text(self, text: str | bytes, date: dt.date, *, source: str = "people") -> landing.Landed:
        """Take a file with this text; bytes stay as they are."""
        self._files += 1
        path = self.folder / f"{source}-{self._files}.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        landed = landing.land(self.warehouse, self.loaded.profile, [path], now=utc_now, date=date)
        return landed[0]

    def run(self, *dates: dt.date, at: dt.datetime | None = None) -> list[DayCounts]:
        """Process these dates and what follows from them; `at` is what the clock then says."""
        clock = (lambda: at) if at else utc_now
        return list(processing.process(self.warehouse, self.loaded, list(dates), clock=clock))

    def take(self, rows: Iterable[Row], date: dt.date, **how: Any) -> DayCounts:
        """Land and run one date."""
        assert self.land(rows, date, **how).result == "taken"
        return self.run(date)[0]

    def sql(self, query: str, values: list[object] | None = None) -> list[tuple[Any, ...]]:
        """The answer of the live warehouse."""
        with self.warehouse.write() as con:
            return con.execute(query, values or []).fetchall()

    def snapshot(self, date: dt.date | None = None, fields: str = "department") -> dict[str, Any]:
        """Person number to a field, as of a date (None: the newest)."""
        when = "valid_to is null" if date is None else "valid_from <= ? and (valid_to is null or valid_to > ?)"
        rows = self.sql(
            f"select person_number, {fields} from worker_versions where {when}", [date, date] if date else []
        )
        assert len({row[0] for row in rows}) == len(rows), "one version a worker"
        return {row[0]: row[1] if len(row) == 2 else row[1:] for row in rows}

    def kinds(self, date: dt.date) -> dict[str, str]:
        """Person number to kind of change."""
        return dict(self.sql("select person_number, kind from changes where business_date = ?", [date]))

    def reasons(self, date: dt.date) -> list[tuple[int, str, str | None]]:
        """Row, rule and column of everything in quarantine."""
        return self.sql(
            "select row_no, rule, column_name from quarantine_reasons where business_date = ? order by all", [date]
        )

    def lives(self) -> dict[str, tuple[str, bool]]:
        """Person number to stage of life and whether the account is to be enabled, as of the newest date."""
        found: dict[str, tuple[str, bool]] = self.snapshot(fields="life_stage, active")
        return found

    def warned(self) -> dict[str, str]:
        """Person number to manager warning."""
        return dict(self.sql("select person_number, status from manager_warnings where valid_to is null"))

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every table that says something about workers, without clocks and file numbers, sorted."""
        tables = {
            "worker_versions": "select * exclude (extract_id, known_from) from worker_versions",
            "other_rows": "select * exclude (extract_id) from other_rows",
            "changes": "select * from changes",
            "manager_warnings": "select * from manager_warnings",
            "absences": "select * from absences",
            "quarantined_rows": "select * exclude (extract_id) from quarantined_rows",
            "held_cells": "select * exclude (extract_id) from held_cells",
            "passed_over_rows": "select * exclude (extract_id) from passed_over_rows",
            "days": "select * exclude (finished_at, identities_given, judged_at) from days",
        }
        with self.warehouse.write() as con:
            return {name: con.execute(f"{query} order by all").fetchall() for name, query in tables.items()}
