"""Fetching: the places of the profile's sources are looked at, each within its own patience; the fault of one is that one's."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hcm_pipeline.extracts import Left, match_source
from hcm_pipeline.flow.borders import as_failure
from hcm_pipeline.home import Home
from hcm_pipeline.http import Clock, Patience, Sleep
from hcm_pipeline.profile import PlaceSpec, Profile
from hcm_pipeline.sources import FarPlace, LookedAt, Opener, SeenAndTaken, Waiting


@dataclass(frozen=True)
class PlaceStatus:
    """A place as the last look found it. `waiting`: names that fit a source and were not taken. `failing_since`: the first of the
    looks that have failed one behind the other."""

    name: str
    url: str
    looked_at: dt.datetime | None
    fault: str | None
    waiting: tuple[str, ...]
    failing_since: dt.datetime | None = None


class Fetching:
    """The places of one profile, while they are used."""

    def __init__(
        self, home: Home, memory: SeenAndTaken | None, places: tuple[FarPlace, ...], clock: Clock, sleep: Sleep
    ) -> None:
        self._home = home
        self._memory = memory
        self._places = places
        self._clock = clock
        self._sleep = sleep

    def __iter__(self) -> Iterator[FarPlace]:
        return iter(self._places)

    def look(self, place: FarPlace, *, wait: bool = False) -> tuple[Waiting, ...] | str:
        """Everything that waits there; or why it cannot be looked at, which is noted.

        `wait`: when something has not settled, look again after the time that it needs.
        """
        try:
            found = place.look(None).waiting
            pause = max((place.settles_in(each) for each in found if _settles(place, each)), default=0.0)
            if wait and pause > 0:
                self._sleep(pause)
                found = place.look(None).waiting
        except Exception as error:
            why = str(as_failure(error, f"place {place.spec.name}", self._home))
            if self._memory:
                self._memory.failed(place.spec.name, why, self._clock())
            return why
        return found


def _settles(place: FarPlace, each: Waiting) -> bool:
    state = place.state(each, 0.0, 0.0)
    return isinstance(state, Left) and state.settles


def places_used(profile: Profile) -> tuple[PlaceSpec, ...]:
    """The places that a source is delivered to."""
    return tuple(spec for spec in profile.places if profile.sources_at(spec.name))


@contextmanager
def fetching(
    home: Home, profile: Profile, opener: Opener, *, clock: Clock, patient: bool = True, sleep: Sleep = time.sleep
) -> Iterator[Fetching]:
    """The places of the profile's sources. `patient`: what does not answer is asked again, for as long as its place says.

    A place that cannot even be opened fails at its first look.
    """
    used = places_used(profile)
    if not used:
        yield Fetching(home, None, (), clock, sleep)
        return
    with SeenAndTaken(home.places) as memory:
        places = tuple(_far_place(spec, profile, opener, memory, clock, sleep, patient=patient) for spec in used)
        try:
            yield Fetching(home, memory, places, clock, sleep)
        finally:
            for place in places:
                place.close()


def _far_place(
    spec: PlaceSpec,
    profile: Profile,
    opener: Opener,
    memory: SeenAndTaken,
    clock: Clock,
    sleep: Sleep,
    *,
    patient: bool,
) -> FarPlace:
    sources = profile.sources_at(spec.name)
    patience = Patience(
        first_wait=0.5, longest_wait=10.0, give_up_after=spec.patience_seconds if patient else 0.0, sleep=sleep
    )
    return FarPlace(
        spec, lambda name: match_source(name, sources) is not None, opener, memory, clock=clock, patience=patience
    )


def place_statuses(home: Home, profile: Profile) -> tuple[PlaceStatus, ...]:
    """The places of the profile's sources as the last look found each; nothing is asked of them."""
    used = places_used(profile)
    if not used or not home.places.is_file():
        return tuple(PlaceStatus(spec.name, spec.url, None, None, ()) for spec in used)
    with SeenAndTaken(home.places) as memory:
        return tuple(_status(spec, memory.look(spec.name)) for spec in used)


def _status(spec: PlaceSpec, look: LookedAt) -> PlaceStatus:
    return PlaceStatus(spec.name, spec.url, look.at, look.fault, look.waiting, look.failing_since)
