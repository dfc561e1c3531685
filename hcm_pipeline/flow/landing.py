"""Landing: what waits in the places of the sources becomes extracts, each for its source, its business date and its bytes."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.extracts import (
    Complete,
    Extract,
    Left,
    Taken,
    enter,
    in_use,
    match_source,
    name_fault,
    read_business_date,
    reference,
    said_before,
)
from hcm_pipeline.flow.borders import as_refusal
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
    """The result of one file. `result` is taken, known (its bytes are in force for the source and date), left or refused."""

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
        try:
            state = _settled(place, each, settle, wait=wait, dropped=dropped)
            if isinstance(state, Left):
                results.append(Landed(each.name, "left", state.reason))
                continue
            if fault := name_fault(each.name):
                raise ExtractRefused(each.name, "file_name", fault)  # noqa: TRY301 - told like any other
            chosen = source or _source_of(each.name, profile, dropped=dropped)
            day = _day_of(each.name, chosen, profile, date, now())
            if dropped and day > profile.workers.life.day_of(now()):
                results.append(Landed(each.name, "left", f"it speaks for {day}, and waits for that day"))
                continue
            landed, taken = _take(warehouse, profile, _Assigned(place, each, chosen, day), now())
            if dropped and not place.remove(each, taken):
                landed = replace(
                    landed, message=f"{landed.message}; another file came under its name meanwhile, and is next"
                )
        except Exception as error:
            landed = Landed(each.name, "refused", as_refusal(error, each.name, home).message)
        results.append(landed)
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


def _take(warehouse: Warehouse, profile: Profile, assigned: _Assigned, now: dt.datetime) -> tuple[Landed, Taken]:
    name, source, day = assigned.waiting.name, assigned.source, assigned.day
    taken: Taken = format_of(source).take(assigned.place, assigned.waiting, warehouse.home)
    mended = "; the copy of it in the home was not what was delivered, and is mended" if taken.mended else ""
    with warehouse.write() as con:
        known = said_before(con, profile, source, taken.sha256, name, day)
        if known:
            return Landed(
                name, "known", f"{_said(con, known)}{mended}", taken.sha256, known.source, known.business_date,
                known.description.values(),
            ), taken  # fmt: skip
        try:
            description = format_of(source).describe(taken.stored, source, name)
            if description.records == 0 and source.content == "full":
                raise ExtractRefused(  # noqa: TRY301 - one place removes the copy
                    name, "header_only", "holds a header and no row; a full extract without anybody is not believed"
                )
            with transaction(con):
                extract = enter(con, profile, source, taken, description, name=name, day=day, now=now)
            summary = format_of(source).summary(description)
        except Exception as error:
            if not in_use(con, taken.sha256):
                taken.stored.unlink(missing_ok=True)  # nothing refers to it; the file itself stays where it is
            raise as_refusal(error, name, warehouse.home) from error
    return Landed(name, "taken", f"{summary}{mended}", taken.sha256, extract.source, day, description.values()), taken


def _said(con: duckdb.DuckDBPyConnection, known: Extract) -> str:
    """Why the same bytes change nothing."""
    before = f"the same bytes were taken before as {known.name} for {known.business_date}"
    if known.status == "refused":
        return (
            f"{before}, and refused by a person; nothing changed. `hcm-pipeline extract accept {reference(con, known)} "
            f"{known.description.records or 1}` applies them after all"
        )
    return f"{before}; nothing changed"
