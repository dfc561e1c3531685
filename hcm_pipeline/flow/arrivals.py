"""Extracts that have arrived in the landing folder and other places: the business dates that could be run, and why others wait."""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import orjson

from hcm_pipeline.extracts import Left, match_source, name_fault, read_business_date
from hcm_pipeline.flow.borders import as_failure, as_refusal
from hcm_pipeline.flow.fetching import fetching, places_used
from hcm_pipeline.flow.landing import SETTLE_SECONDS, place_of, waiting
from hcm_pipeline.home import Home
from hcm_pipeline.http import Clock, utc_now
from hcm_pipeline.profile import PlaceSpec, Profile, Source
from hcm_pipeline.sources import Opener, Place, SeenAndTaken, Waiting, open_place

TICK_SECONDS = 20.0
"""For so long the places may be asked within one look for arrivals; those that are left are asked first the next time."""
LONGEST_REST = dt.timedelta(minutes=15)
"""A place that keeps failing is asked as seldom as this."""
MOST_REASONS = 20
"""Reasons of one place that are kept."""


@dataclass(frozen=True)
class Arrivals:
    """`dates`: for each business date, oldest first, texts that change when its complete files do. `reasons`: why others wait.

    `cursor` is for the next look: what each place outside the home had, and when it is looked at again. None without such places.
    """

    dates: dict[str, tuple[str, ...]]
    reasons: tuple[str, ...]
    cursor: str | None = None


@dataclass
class _Found:
    """The state of one place as of its last look."""

    next_look: str = ""
    failures: int = 0
    dates: dict[str, str] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)


def find_arrivals(
    home: Home,
    profile: Profile,
    settle: float | None = None,
    *,
    cursor: str | None = None,
    clock: Clock = utc_now,
    opener: Opener | None = None,
    bound: float = TICK_SECONDS,
) -> Arrivals:
    """Look at the landing folder, and at those other places whose time has come; nothing is taken.

    `settle`: a file in the landing folder that changed so few seconds ago waits. `bound`: seconds for the other places in all.
    """
    patience = SETTLE_SECONDS if settle is None else settle
    dates: dict[str, list[str]] = {}
    today = profile.workers.life.day_of(clock())
    place = place_of(home)

    def judged(each: Waiting) -> dt.date | str:
        return _judged(place, each, profile.sources, patience, today)

    reasons = _sorted_in(waiting(home, profile), judged, home, dates)
    used = places_used(profile)
    if not used:
        return Arrivals({date: tuple(marks) for date, marks in sorted(dates.items())}, tuple(reasons))
    known = _read(cursor)
    states = {spec.name: known.get(spec.name, _Found()) for spec in used}
    deadline = time.monotonic() + bound
    for spec in sorted(used, key=lambda spec: states[spec.name].next_look):
        left = deadline - time.monotonic()
        if left > 0 and states[spec.name].next_look <= clock().isoformat():
            states[spec.name] = _look(home, profile, spec, states[spec.name], today, clock, opener or open_place, left)
    for name, state in states.items():
        reasons += state.reasons
        for date, digest in state.dates.items():
            dates.setdefault(date, []).append(f"{name}:{digest}")
    written = orjson.dumps({name: vars(state) for name, state in states.items()}).decode()
    return Arrivals({date: tuple(marks) for date, marks in sorted(dates.items())}, tuple(reasons), written)


def _read(cursor: str | None) -> dict[str, _Found]:
    """The states that a cursor holds; none of one that is no longer understood."""
    try:
        return {str(name): _Found(**state) for name, state in orjson.loads(cursor or "{}").items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def _look(
    home: Home, profile: Profile, spec: PlaceSpec, before: _Found, today: dt.date, clock: Clock, opener: Opener, bound: float
) -> _Found:  # fmt: skip
    """One place, asked once and for `bound` seconds at most; another thread waits for an answer that comes later."""
    answer: list[_Found | str] = []
    asking = threading.Thread(
        target=lambda: answer.append(_asked(home, profile, spec, today, clock, opener)),
        daemon=True,
        name=f"place-{spec.name}",
    )
    asking.start()
    asking.join(bound)
    found = (
        answer[0]
        if answer
        else _no_answer(home, spec, f"place {spec.name}: no answer within {bound:.0f} seconds", clock())
    )
    every = dt.timedelta(minutes=spec.every_minutes)
    if isinstance(found, str):
        failures = before.failures + 1
        rest = max(every, min(LONGEST_REST, every * 2 ** min(failures, 10)))
        return _Found((clock() + rest).isoformat(), failures, before.dates, [found])
    found.next_look = (clock() + every).isoformat()
    return found


def _no_answer(home: Home, spec: PlaceSpec, why: str, now: dt.datetime) -> str:
    with SeenAndTaken(home.places) as memory:
        memory.failed(spec.name, why, now)
    return why


def _asked(home: Home, profile: Profile, spec: PlaceSpec, today: dt.date, clock: Clock, opener: Opener) -> _Found | str:
    only = profile.model_copy(update={"places": (spec,)})
    dates: dict[str, list[str]] = {}
    try:
        with fetching(home, only, opener, clock=clock, patient=False) as places:
            [place] = places
            looked = places.look(place)
            if isinstance(looked, str):
                return looked
            sources = profile.sources_at(spec.name)
            reasons = _sorted_in(looked, lambda each: _judged(place, each, sources, 0.0, today), home, dates)
    except Exception as error:
        return str(as_failure(error, f"place {spec.name}", home))
    digests = {date: hashlib.sha256("|".join(marks).encode()).hexdigest()[:16] for date, marks in dates.items()}
    shown = [reason.encode(errors="backslashreplace").decode() for reason in reasons[:MOST_REASONS]]
    return _Found(dates=digests, reasons=[f"{spec.name}: {reason}" for reason in shown])


def _sorted_in(
    found: Iterable[Waiting], judged: Callable[[Waiting], dt.date | str], home: Home, dates: dict[str, list[str]]
) -> list[str]:
    """Put each file to its date; the reasons of those that wait."""
    reasons = []
    for each in found:
        try:
            verdict = judged(each)
        except Exception as error:
            verdict = f"{each.name}: {as_refusal(error, each.name, home).message}"
        if isinstance(verdict, str):
            reasons.append(verdict)
        else:
            dates.setdefault(verdict.isoformat(), []).append(f"{each.name}:{each.mark}")
    return reasons


def _judged(place: Place, each: Waiting, sources: Sequence[Source], patience: float, today: dt.date) -> dt.date | str:
    """The business date that a file could be run for; or why it waits."""
    if fault := name_fault(each.name):
        return f"{each.name.encode(errors='backslashreplace').decode()}: {fault}"
    state = place.state(each, patience, time.time())
    if isinstance(state, Left):
        return f"{each.name}: {state.reason}"
    source = match_source(each.name, sources)
    day, why = read_business_date(each.name, source) if source else (None, "it fits no source of the profile")
    if day is None:
        return f"{each.name}: {why}"
    return f"{each.name}: it speaks for {day}, and waits for that day" if day > today else day
