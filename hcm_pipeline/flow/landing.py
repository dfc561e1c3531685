"""Landing: what waits in the places of the sources becomes extracts, each taken exactly once by the sha256 of its bytes."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.extracts import (
    Complete,
    Left,
    Taken,
    enter,
    match_source,
    name_fault,
    note_quiet,
    read_business_date,
    with_bytes,
)
from hcm_pipeline.home import Home
from hcm_pipeline.profile import Profile, Source
from hcm_pipeline.sources import Folder, Place, Waiting, format_of
from hcm_pipeline.warehouse import Warehouse, transaction

DAYS_AHEAD = 31
"""How far ahead of today a file's business date may lie; beyond it, the date is a mistake."""
SETTLE_SECONDS = 2.0
"""A file in the landing folder is taken when it has not changed for so long and nobody holds it open for writing."""


@dataclass(frozen=True)
class Landed:
    """The result of one file. `result` is taken, known (the bytes were taken before), left or refused."""

    name: str
    result: str
    message: str
    sha256: str | None = None
    source: str | None = None
    business_date: dt.date | None = None
    shape: Mapping[str, object] | None = None
    """The description as the format keeps it."""


@dataclass(frozen=True)
class _Assigned:
    """Something that waits, and the source and business date that it is for."""

    place: Place
    waiting: Waiting
    source: Source
    day: dt.date


def place_of(home: Home) -> Place:
    """The place where the profile's sources are delivered to."""
    return Folder(home.landing)


def waiting(home: Home, profile: Profile) -> list[Waiting]:
    """Everything that waits to be taken, by name."""
    place = place_of(home)
    formats = {source.format: format_of(source) for source in profile.sources}
    found = {each.name: each for kind in formats.values() for each in kind.look(place, None).waiting}
    return [found[name] for name in sorted(found)]


def land(
    warehouse: Warehouse,
    profile: Profile,
    files: Sequence[Path] | None,
    *,
    now: Callable[[], dt.datetime],
    date: dt.date | None = None,
    source: Source | None = None,
    settle: float = SETTLE_SECONDS,
    wait: bool = False,
) -> list[Landed]:
    """Take files (None: everything that waits in the landing folder, from where taken files then go away).

    `wait`: give a file that changed a moment ago the time to settle. One in the landing folder that speaks for a day to come waits
    for it. A file that cannot be used stays where it is and is
    reported; the others are taken all the same.
    """
    home = warehouse.home
    dropped = files is None
    found: list[tuple[Place, Waiting]] = (
        [(place_of(home), each) for each in waiting(home, profile)]
        if files is None
        else [(Folder(path.parent), Waiting(path.name, "")) for path in files]
    )
    results = []
    for place, each in found:
        state = _settled(place, each, settle, wait=wait, dropped=dropped)
        if isinstance(state, Left):
            results.append(Landed(each.name, "left", state.reason))
            continue
        try:
            if fault := name_fault(each.name):
                raise ExtractRefused(each.name, "file_name", fault)  # noqa: TRY301 - told like any other
            chosen = source or _source_of(each.name, profile, dropped=dropped)
            day = _day_of(each.name, chosen, profile, date, now())
            if dropped and day > profile.workers.life.day_of(now()):
                results.append(Landed(each.name, "left", f"it speaks for {day}, and waits for that day"))
                continue
            landed = _take(warehouse, profile, _Assigned(place, each, chosen, day), now())
        except ExtractRefused as refused:
            landed = Landed(each.name, "refused", refused.message)
        results.append(landed)
        if dropped and landed.result in {"taken", "known"}:
            place.remove(each)
    return results


def _settled(place: Place, each: Waiting, settle: float, *, wait: bool, dropped: bool) -> Complete | Left:
    """Its state, after the time to settle where there is some."""
    patience = settle if dropped else 0.0
    state = place.state(each, patience, time.time())
    deadline = time.monotonic() + 2 * settle
    while wait and isinstance(state, Left) and state.settles and time.monotonic() < deadline:
        time.sleep(settle / 10)
        state = place.state(each, patience, time.time())
    return state


def _source_of(name: str, profile: Profile, *, dropped: bool) -> Source:
    """The source that a name fits; of a file that was named to the command, the only source. Raises ExtractRefused."""
    chosen = match_source(name, profile.sources)
    if chosen is None and not dropped and len(profile.sources) == 1:
        chosen = profile.sources[0]
    if chosen is None:
        globs = ", ".join(f"{source.name} ({source.glob})" for source in profile.sources)
        raise ExtractRefused(name, "no_source", f"fits no source of the profile: {globs}; name one with --source")
    return chosen


def _day_of(name: str, source: Source, profile: Profile, given: dt.date | None, now: dt.datetime) -> dt.date:
    """The business date, given or by the name. Raises ExtractRefused for none, and for one that cannot be."""
    day, why = (given, "given") if given else read_business_date(name, source)
    if day is None:
        raise ExtractRefused(name, "no_business_date", f"no business date: {why}")
    if day.isoformat() < profile.start_date:
        raise ExtractRefused(
            name, "before_start", f"the business date {day} is before the profile's start_date {profile.start_date}"
        )
    if day > now.date() + dt.timedelta(days=DAYS_AHEAD):
        raise ExtractRefused(
            name, "far_ahead", f"the business date {day} is more than {DAYS_AHEAD} days ahead; name the day with --date"
        )
    return day


def _take(warehouse: Warehouse, profile: Profile, assigned: _Assigned, now: dt.datetime) -> Landed:
    name, source, day = assigned.waiting.name, assigned.source, assigned.day
    taken: Taken = format_of(source).take(assigned.place, assigned.waiting, warehouse.home)
    with warehouse.write() as con:
        known = with_bytes(con, taken.sha256)
        if known:
            note_quiet(con, known, day, name, now)
            return Landed(
                name, "known", f"the same bytes were taken before as {known.name} for {known.business_date}; nothing changed",
                taken.sha256, known.source, known.business_date, known.description.values(),
            )  # fmt: skip
        try:
            description = format_of(source).describe(taken.stored, source, name)
            if description.records == 0 and source.content == "full":
                raise ExtractRefused(  # noqa: TRY301 - one place removes the copy
                    name, "header_only", "holds a header and no row; a full extract without anybody is not believed"
                )
            with transaction(con):
                extract = enter(con, profile, source, taken, description, name=name, day=day, now=now)
        except ExtractRefused:
            taken.stored.unlink(missing_ok=True)  # nothing refers to it; the file itself stays where it is
            raise
    summary = format_of(source).summary(description)
    return Landed(name, "taken", summary, taken.sha256, extract.source, day, description.values())
