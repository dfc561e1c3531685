"""Extracts that have arrived in the landing folder: the business dates that could be run, and why the others wait."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass

from hcm_pipeline.extracts import Left, match_source, name_fault, read_business_date
from hcm_pipeline.flow.borders import as_refusal
from hcm_pipeline.flow.landing import SETTLE_SECONDS, place_of, waiting
from hcm_pipeline.home import Home
from hcm_pipeline.profile import Profile
from hcm_pipeline.sources import Place, Waiting


@dataclass(frozen=True)
class Arrivals:
    """`dates`: for each business date, oldest first, texts that change when its complete files do. `reasons`: why others wait."""

    dates: dict[str, tuple[str, ...]]
    reasons: tuple[str, ...]


def find_arrivals(home: Home, profile: Profile, settle: float | None = None) -> Arrivals:
    """Look at the landing folder; nothing is taken. `settle`: a file that changed so few seconds ago waits."""
    patience = SETTLE_SECONDS if settle is None else settle
    dates: dict[str, list[str]] = {}
    reasons = []
    today = profile.workers.life.day_of(dt.datetime.fromtimestamp(time.time(), dt.UTC))
    place = place_of(home)
    for each in waiting(home, profile):
        try:
            found = _judged(place, each, profile, patience, today)
        except Exception as error:
            found = f"{each.name}: {as_refusal(error, each.name, home).message}"
        if isinstance(found, str):
            reasons.append(found)
        else:
            dates.setdefault(found.isoformat(), []).append(f"{each.name}:{each.mark}")
    return Arrivals({date: tuple(marks) for date, marks in sorted(dates.items())}, tuple(reasons))


def _judged(place: Place, each: Waiting, profile: Profile, patience: float, today: dt.date) -> dt.date | str:
    """The business date that a file could be run for; or why it waits."""
    if fault := name_fault(each.name):
        return f"{each.name.encode(errors='backslashreplace').decode()}: {fault}"
    state = place.state(each, patience, time.time())
    if isinstance(state, Left):
        return f"{each.name}: {state.reason}"
    source = match_source(each.name, profile.sources)
    day, why = read_business_date(each.name, source) if source else (None, "it fits no source of the profile")
    if day is None:
        return f"{each.name}: {why}"
    return f"{each.name}: it speaks for {day}, and waits for that day" if day > today else day
