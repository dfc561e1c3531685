"""The company by day: headcount, joiners, leavers, quarantine, operations that were held."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.pages import charts
from hcm_pipeline.flow.pages.page_writing import prepare_charts, write
from hcm_pipeline.flow.views.days import Day, newest_days
from hcm_pipeline.plain_text import counted

SHOWN_DAYS = 120
"""So many business dates are shown."""


@dataclass(frozen=True)
class DayRow:
    """A business date, and how many operations of its plans were held."""

    day: Day
    held: int

    def changed(self, kind: str) -> int:
        """How many workers changed so."""
        return self.day.changes.get(kind, 0)


@dataclass(frozen=True)
class Chart:
    """A chart of a page."""

    title: str
    svg: str


def write_company(installation: Installation, path: Path) -> None:
    """Write the page. Raises HomeError before anything was processed, and UsageError when the file cannot be written."""
    prepare_charts(installation)
    with installation.warehouse.read() as con:
        found = newest_days(con, SHOWN_DAYS)
        held = dict(
            con.execute(
                "select business_date, sum(operations)::bigint from manifests where held_for is not null"
                " and list_contains(?::varchar[], target) group by 1",
                [[one.target for one in installation.targets]],
            ).fetchall()
        )
    days = [DayRow(day, held.get(day.business_date, 0)) for day in found]
    write(installation, path, "company", headline=_headline(days), days=days, charts=_charts(days))


def _headline(days: list[DayRow]) -> str:
    if not days:
        return "No business date was processed yet"
    newest, stopped = days[-1].day, sum(row.day.status == "stopped" for row in days)
    ended = (
        f"; {stopped:,} of the {len(days):,} dates shown {'was' if stopped == 1 else 'were'} stopped" if stopped else ""
    )
    return f"{counted(newest.workers, 'worker')} on {newest.business_date}{ended}"


def _charts(days: list[DayRow]) -> list[Chart]:
    dates = [row.day.business_date for row in days]
    if not dates:
        return []
    moved = {"joiners": "joiner", "leavers": "leaver", "rehires": "rehire"}
    kinds = {words: [float(row.changed(kind)) for row in days] for words, kind in moved.items()}
    waits = {
        "rows in quarantine": [float(row.day.quarantined) for row in days],
        "absent, but kept": [float(row.day.absent) for row in days],
        "operations held": [float(row.held) for row in days],
    }
    drawn = [
        Chart("Workers", charts.lines("Workers by day", dates, {"workers": [float(row.day.workers) for row in days]})),
        Chart("Joiners and leavers", charts.bars("Joiners and leavers by day", dates, kinds)),
    ]
    if any(map(any, waits.values())):
        drawn.append(
            Chart(
                "Rows and operations that waited", charts.bars("Rows and operations that waited by day", dates, waits)
            )
        )
    return drawn
