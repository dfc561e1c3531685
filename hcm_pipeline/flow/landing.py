"""Landing: what waits in the places of the sources becomes extracts, each for its source, its business date and its bytes."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from hcm_pipeline.errors import ExtractRefused, ServiceError
from hcm_pipeline.extracts import (
    Complete,
    Extract,
    Left,
    Taken,
    enter,
    entered_since,
    in_use,
    match_source,
    name_fault,
    newest_id,
    read_business_date,
    reference,
    said_before,
    with_headings,
)
from hcm_pipeline.flow.borders import as_refusal
from hcm_pipeline.flow.fetching import Fetching, fetching
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.home import Home
from hcm_pipeline.plain_text import counted, of_all
from hcm_pipeline.profile import Profile, Source
from hcm_pipeline.sources import (
    FarPlace,
    Folder,
    Opener,
    Place,
    SeenAndTaken,
    Waiting,
    decrypted,
    format_of,
    open_place,
)
from hcm_pipeline.warehouse import Warehouse, transaction

DAYS_AHEAD = 31
"""How far ahead of today a file's business date may lie; beyond it, the date is a mistake."""
SETTLE_SECONDS = 2.0
"""A file in the landing folder is taken when it has not changed for so long and nobody holds it open for writing."""


@dataclass(frozen=True)
class Landed:
    """The result of one file. `result` is taken, known (its bytes are in force for the source and date), left or refused.

    Of a place that failed it is unreachable, and `name` is the place's.
    """

    name: str
    result: str
    message: str
    sha256: str | None = None
    source: str | None = None
    business_date: dt.date | None = None
    shape: Mapping[str, object] | None = None
    """The description as the format keeps it."""
    place: str | None = None
    """The place of the profile that it lay in; None: the landing folder, or it was named."""


@dataclass(frozen=True)
class _Lot:
    """Things that wait in one place. `sources`: those that its files may be for; `dropped`: nobody has named the file."""

    place: Place
    waiting: Sequence[Waiting]
    sources: Sequence[Source]
    dropped: bool

    @property
    def far(self) -> FarPlace | None:
        """The place, when it is one outside the home."""
        return self.place if isinstance(self.place, FarPlace) else None


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
    opener: Opener = open_place,
) -> list[Landed]:
    """Take files (None: everything that waits in the landing folder, from where taken files then go away, and in the places of the
    profile's sources).

    `wait`: give a file that changed a moment ago the time to settle. One that nobody has named and that speaks for a day to come
    waits for it. A file that cannot be used stays where it is and is reported; the others are taken all the same, and so are those
    of the other places when one cannot be reached.
    """
    if files is not None:
        lots = [_Lot(Folder(path.parent), [Waiting(path.name, "")], profile.sources, dropped=False) for path in files]
    else:
        home = warehouse.home
        lots = [_Lot(place_of(home), waiting(home, profile), profile.sources, dropped=True)]
    with warehouse.kept_open() as kept:
        results = [
            _landed(kept, profile, lot, each, now, date, source, settle, wait=wait)
            for lot in lots
            for each in lot.waiting
        ]
    if files is not None:
        return results
    with fetching(warehouse.home, profile, opener, clock=now) as places:
        for place in places:
            results += _from_place(warehouse, profile, places, place, now, date, source, wait=wait)
    return results


def land_all(installation: Installation, *, wait: bool) -> list[Landed]:
    """Take everything that waits in the landing folder and in the places of the profile; see `land`."""
    return land(
        installation.warehouse,
        installation.profile,
        None,
        now=installation.clock,
        wait=wait,
        opener=installation.opener,
    )


def failures_of(results: Sequence[Landed], failures: Collection[str]) -> str:
    """How many files were not taken, and how many places failed, in a sentence."""
    files = [result for result in results if result.result != "unreachable"]
    bad = sum(result.result in failures for result in files)
    unreached = len(results) - len(files)
    told = [f"{of_all(bad, len(files), 'file', 'were')} not taken"] if bad else []
    told += [f"{counted(unreached, 'place')} could not be fetched from"] if unreached else []
    return ", and ".join(told)


def _from_place(
    warehouse: Warehouse, profile: Profile, places: Fetching, place: FarPlace, now: Callable[[], dt.datetime],
    date: dt.date | None, source: Source | None, *, wait: bool,
) -> list[Landed]:  # fmt: skip
    """Everything of one place. When the place itself fails it is told once, and the rest waits for another time."""
    name = place.spec.name
    looked = places.look(place, wait=wait)
    if isinstance(looked, str):
        return [Landed(name, "unreachable", looked, place=name)]
    lot = _Lot(place, looked, profile.sources_at(name), dropped=True)
    results = []
    try:
        for each in looked:
            results.append(_landed(warehouse, profile, lot, each, now, date, source, 0.0, wait=False))
        for each in place.overdue:
            place.clear_away(each)
    except ServiceError as error:
        results.append(Landed(name, "unreachable", str(error), place=name))
    return results


def _landed(
    warehouse: Warehouse, profile: Profile, lot: _Lot, each: Waiting, now: Callable[[], dt.datetime],
    date: dt.date | None, source: Source | None, settle: float, *, wait: bool,
) -> Landed:  # fmt: skip
    """The result of one file. Raises ServiceError when its place fails before its bytes are in the home."""
    place = lot.place
    where = lot.far.spec.name if lot.far else None
    try:
        state = _settled(warehouse, place, each, settle, wait=wait, dropped=lot.dropped)
        if isinstance(state, Left):
            return Landed(each.name, "left", state.reason, place=where)
        if fault := name_fault(each.name):
            raise ExtractRefused(each.name, "file_name", fault)  # noqa: TRY301 - told like any other
        chosen = source or _source_of(each.name, lot)
        day = _day_of(each.name, chosen, profile, date, now())
        if lot.dropped and day > profile.workers.life.day_of(now()):
            return Landed(each.name, "left", f"it speaks for {day}, and waits for that day", place=where)
        landed, taken = _take(warehouse, profile, _Assigned(place, each, chosen, day), now())
        landed = replace(landed, place=where)
        if lot.dropped:
            landed = _removed(place, each, taken, landed)
    except ServiceError:
        raise
    except Exception as error:
        return Landed(each.name, "refused", as_refusal(error, each.name, warehouse.home).message, place=where)
    return landed


def _removed(place: Place, each: Waiting, taken: Taken, landed: Landed) -> Landed:
    try:
        if place.remove(each, taken):
            return landed
    except ServiceError as error:  # its bytes are safe; what is left to do is done with the next look
        return replace(landed, message=f"{landed.message}; it stays where it is: {error}")
    except OSError as error:  # a folder in which this account may delete nothing
        why = f"it cannot be deleted ({error.strerror}), and is known when it is looked at again"
        return replace(landed, message=f"{landed.message}; {why}")
    return replace(landed, message=f"{landed.message}; another file came under its name meanwhile, and is next")


def _settled(
    warehouse: Warehouse, place: Place, each: Waiting, settle: float, *, wait: bool, dropped: bool
) -> Complete | Left:
    """Its state, after the time to settle where there is some; others may write the warehouse meanwhile."""
    patience = settle if dropped else 0.0
    state = place.state(each, patience, time.time())
    deadline = time.monotonic() + 2 * settle
    while wait and isinstance(state, Left) and state.settles and time.monotonic() < deadline:
        warehouse.let_go()
        time.sleep(settle / 10)
        state = place.state(each, patience, time.time())
    return state


def _source_of(name: str, lot: _Lot) -> Source:
    """The source that a name fits; of a file that was named to the command, the only source. Raises ExtractRefused."""
    chosen = match_source(name, lot.sources)
    if chosen is None and not lot.dropped and len(lot.sources) == 1:
        chosen = lot.sources[0]
    if chosen is None:
        globs = ", ".join(f"{source.name} ({source.glob})" for source in lot.sources)
        raise ExtractRefused(name, "no_source", f"fits no source of the profile: {globs}; name one with --source")
    return chosen


def _day_of(name: str, source: Source, profile: Profile, given: dt.date | None, now: dt.datetime) -> dt.date:
    """The business date, given or by the name. Raises ExtractRefused for none, and for one that cannot be."""
    day, why = (given, "given") if given else read_business_date(name, source)
    if day is None:
        raise ExtractRefused(name, "no_business_date", f"no business date: {why}")
    if day.isoformat() < profile.start_date:
        raise ExtractRefused(
            name,
            "before_start",
            f"the business date {day} is before the profile's start_date {profile.start_date}; if it is to count, set"
            f' start_date = "{day}" in the profile: business dates and Dagster\'s partitions then begin there',
        )
    if day > now.date() + dt.timedelta(days=DAYS_AHEAD):
        raise ExtractRefused(
            name, "far_ahead", f"the business date {day} is more than {DAYS_AHEAD} days ahead; name the day with --date"
        )
    return day


def first_business_date(profile: Profile, folder: Path) -> tuple[dt.date, str] | None:
    """The earliest day that the name of a file in a folder speaks for, and that name; None: there is no such file."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        source = match_source(path.name, profile.sources)
        day = read_business_date(path.name, source)[0] if source and path.is_file() else None
        found += [(day, path.name)] if day else []
    return min(found, default=None)


def _take(warehouse: Warehouse, profile: Profile, assigned: _Assigned, now: dt.datetime) -> tuple[Landed, Taken]:
    name, source, day = assigned.waiting.name, assigned.source, assigned.day
    far = assigned.place if isinstance(assigned.place, FarPlace) else None
    taken: Taken = format_of(source).take(assigned.place, assigned.waiting, warehouse.home)
    opened = ""
    if taken.resumed is None:
        taken, opened = _decrypted(warehouse, profile, assigned, taken, now)
    mended = "; the copy of it in the home was not what was delivered, and is mended" if taken.mended else ""
    with warehouse.write() as con:
        if far and taken.resumed is None:
            far.kept(assigned.waiting, taken, newest_id(con))
        if taken.resumed is not None and entered_since(con, taken.sha256, name, taken.resumed):
            said = "it was taken before, by a run that ended early"
            return Landed(name, "known", said, taken.sha256, source.name, day), taken
        known = said_before(con, profile, source, taken.sha256, name, day)
        if known:
            return Landed(
                name, "known", f"{_said(con, known)}{mended}{opened}", taken.sha256, known.source, known.business_date,
                known.description.values(),
            ), taken  # fmt: skip
        try:
            described = format_of(source).describe(taken.stored, source, name)
            wanted = [spec.column for spec in profile.columns_of(source).values()]
            description, mended_headings = with_headings(described, wanted)
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
            if far:
                far.refused(assigned.waiting)
            raise as_refusal(error, name, warehouse.home) from error
    told = "".join(f"; a damaged heading is read as {column}" for column in mended_headings)
    said = f"{summary}{told}{mended}{opened}"
    return Landed(name, "taken", said, taken.sha256, extract.source, day, description.values()), taken


def _decrypted(
    warehouse: Warehouse, profile: Profile, assigned: _Assigned, delivered: Taken, now: dt.datetime
) -> tuple[Taken, str]:
    """The inside of bytes that came encrypted, and a note for people; other bytes are as they came. Raises ExtractRefused."""
    name, home = assigned.waiting.name, warehouse.home
    try:
        inside = decrypted(delivered, name, profile.pgp, home, assigned.source.max_bytes)
    except BaseException:
        _discard(warehouse, delivered)
        raise
    if inside is None:
        return delivered, ""
    _discard(warehouse, delivered)
    with SeenAndTaken(home.places) as memory:
        memory.decrypted(delivered.sha256, inside.taken.sha256, name, inside.note, now)
    return inside.taken, f"; {inside.note}"


def _discard(warehouse: Warehouse, taken: Taken) -> None:
    """Take a stored copy away again that is no extract."""
    with warehouse.write() as con:
        if not in_use(con, taken.sha256):
            taken.stored.unlink(missing_ok=True)


def _said(con: duckdb.DuckDBPyConnection, known: Extract) -> str:
    """Why the same bytes change nothing."""
    before = f"the same bytes were taken before as {known.name} for {known.business_date}"
    if known.status == "refused":
        return (
            f"{before}, and refused by a person; nothing changed. `hcm-pipeline extract accept {reference(con, known)} "
            f'{known.description.records or 1} --why "..."` applies them after all'
        )
    return f"{before}; nothing changed"
