"""The guards: how near each limit came."""

from __future__ import annotations

from pathlib import Path

from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.pages import charts
from hcm_pipeline.flow.pages.page_writing import prepare_charts, write
from hcm_pipeline.flow.views.limits import nearest_limits
from hcm_pipeline.plain_text import of_all

DRAWN = 15
"""So many limits are drawn; the table has all."""


def write_guards(installation: Installation, path: Path) -> None:
    """Write the page. Raises HomeError before anything was processed, and UsageError when the file cannot be written."""
    prepare_charts(installation)
    limits = nearest_limits(installation)
    tripped = sum(one.tripped > 0 for one in limits)
    headline = (
        f"{of_all(tripped, len(limits), 'limit', 'have')} tripped" if limits else "No plan was looked at by a limit yet"
    )
    near = limits[:DRAWN]
    names = [f"{one.name}, {one.scope}" for one in near]
    chart = charts.shares("How near each limit came", names, [min(one.percent, 300) for one in near]) if near else ""
    write(installation, path, "guards", headline=headline, limits=limits, chart=chart)
