"""The daily quota: what is left of it, how it comes back, and when the last request that waits is sent."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from hcm_pipeline.delivery import WAITING, ends_at
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.pages import charts
from hcm_pipeline.flow.pages.page_writing import moment, prepare_charts, write
from hcm_pipeline.plain_text import counted, of_all
from hcm_pipeline.targets.entra import pace_of

DAY = dt.timedelta(hours=24)
POINTS = 500
"""The line has at most so many steps, each of several calls where there are more."""


def write_quota(installation: Installation, path: Path) -> None:
    """Write the page. Raises UsageError when the file cannot be written."""
    prepare_charts(installation)
    now, limits = installation.clock(), installation.known_target.limits
    with installation.journal() as journal:
        made = sorted(
            pace_of(journal, installation.settings, installation.profile.delivery, clock=installation.clock).made()
        )
        open_ones = [one for one in journal.manifests(*WAITING) if one.target == installation.target]
        waiting = sum(one.requests - journal.progress(one.manifest_id).accepted for one in open_ones)
    left = max(0, limits.quota - len(made))
    moments, counts = _steps(made, now, limits.quota)
    about = f"{of_all(len(made), limits.quota, 'call', 'were')} made in the last 24 hours. "
    if waiting:
        last = ends_at(made, waiting, now, limits)
        told = counted(waiting, "request", "wait")
        about += f"{told}, held ones among them: sent from now on, the last begins at {moment(last)}."
    else:
        about += "No request waits."
    chart = charts.burn_down("Calls left of the daily quota", moments, counts, limits.quota)
    write(
        installation,
        path,
        "quota",
        headline=f"{of_all(left, limits.quota, 'call', 'are')} left",
        about=about,
        chart=chart,
    )


def _steps(made: list[dt.datetime], now: dt.datetime, quota: int) -> tuple[list[dt.datetime], list[int]]:
    """The calls left from a day ago until a day from now, if no other is made: a call takes one, and gives it back a day later."""
    every = max(1, len(made) // POINTS)
    changes = sorted([(at, -every) for at in made[::every]] + [(at + DAY, every) for at in made[::every]])
    moments, counts, left = [now - DAY], [quota], quota
    for at, step in changes:
        left += step
        moments.append(at)
        counts.append(min(quota, max(0, left)))
    return [*moments, now + DAY], [*counts, counts[-1]]
