"""Files that have arrived in landing/: which business dates could be run, and why the other files wait."""

from __future__ import annotations

import time
from dataclasses import dataclass

from hcm_pipeline.flow.landing import SETTLE_SECONDS, waiting
from hcm_pipeline.home import Home
from hcm_pipeline.profile import Profile
from hcm_pipeline.sources import Left, is_whole, match_source, read_business_date


@dataclass(frozen=True)
class Arrivals:
    """`dates`: for each business date, oldest first, what identifies its whole files. `reasons`: why the others wait."""

    dates: dict[str, tuple[str, ...]]
    reasons: tuple[str, ...]


def find_arrivals(home: Home, profile: Profile) -> Arrivals:
    """Look at the landing folder; nothing is taken."""
    dates: dict[str, list[str]] = {}
    reasons = []
    for path in waiting(home):
        state = is_whole(path, SETTLE_SECONDS, time.time())
        if isinstance(state, Left):
            reasons.append(f"{path.name}: {state.reason}")
            continue
        source = match_source(path.name, profile.sources)
        day, why = read_business_date(path.name, source) if source else (None, "it fits no source of the profile")
        if day is None:
            reasons.append(f"{path.name}: {why}")
            continue
        found = path.stat()
        dates.setdefault(day.isoformat(), []).append(f"{path.name}:{found.st_size}:{found.st_mtime_ns}")
    return Arrivals({date: tuple(files) for date, files in sorted(dates.items())}, tuple(reasons))
