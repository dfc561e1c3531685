"""Landing: files become extracts, each taken exactly once by the sha256 of its bytes."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.extracts import register
from hcm_pipeline.home import Home
from hcm_pipeline.profile import Profile, Source
from hcm_pipeline.sources import Left, Shape, Taken, examine, is_whole, match_source, read_business_date, take
from hcm_pipeline.warehouse import Warehouse

DAYS_AHEAD = 31
"""How far ahead of today a file's business date may lie; beyond it, the date is a mistake."""
SETTLE_SECONDS = 2.0
"""A file in the landing folder is taken when it has not changed for so long and nobody holds it open for writing."""


@dataclass(frozen=True)
class Landed:
    """What became of one file. `result` is taken, known (the bytes were taken before), left or refused."""

    name: str
    result: str
    message: str
    sha256: str | None = None
    source: str | None = None
    business_date: dt.date | None = None
    shape: Shape | None = None


def waiting(home: Home) -> list[Path]:
    """What lies in the landing folder, by name."""
    return sorted(home.landing.iterdir()) if home.landing.is_dir() else []


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
    """Take files (None: everything in the landing folder, from where taken files then go away).

    `wait`: give a file that changed a moment ago the time to settle. A file that cannot be used stays where it is and is
    reported; the others are taken all the same.
    """
    home = warehouse.home
    dropped = files is None
    results = []
    for path in waiting(home) if files is None else files:
        state = is_whole(path, settle if dropped else 0.0, time.time())
        deadline = time.monotonic() + 2 * settle
        while wait and isinstance(state, Left) and state.settles and time.monotonic() < deadline:
            time.sleep(settle / 10)
            state = is_whole(path, settle if dropped else 0.0, time.time())
        if isinstance(state, Left):
            results.append(Landed(path.name, "left", state.reason))
            continue
        try:
            landed = _take(warehouse, profile, path, date, source, dropped, now())
        except ExtractRefused as refused:
            landed = Landed(path.name, "refused", str(refused).removeprefix(f"{path.name}: "))
        results.append(landed)
        if dropped and landed.result in {"taken", "known"}:
            path.unlink(missing_ok=True)
    return results


def _take(
    warehouse: Warehouse, profile: Profile, path: Path, date: dt.date | None, source: Source | None, dropped: bool,
    now: dt.datetime,
) -> Landed:  # fmt: skip
    home, name = warehouse.home, path.name
    chosen = source or match_source(name, profile.sources)
    if chosen is None and not dropped and len(profile.sources) == 1:
        chosen = profile.sources[0]
    if chosen is None:
        globs = ", ".join(f"{s.name} ({s.glob})" for s in profile.sources)
        raise ExtractRefused(name, "no_source", f"fits no source of the profile: {globs}; name one with --source")
    day, why = (date, "given") if date else read_business_date(name, chosen)
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
    taken: Taken = take(path, home.extracts, home.scratch)
    with warehouse.write() as con:
        known = register.find(con, taken.sha256)
        if known:
            register.note_quiet(con, known, day, name, now)
            return Landed(
                name, "known", f"the same bytes were taken before as {known.name} for {known.business_date}; nothing changed",
                taken.sha256, known.source, known.business_date, known.shape,
            )  # fmt: skip
        try:
            shape = examine(taken.stored, chosen, name=name)
            if shape.records == 0 and chosen.content == "full":
                raise ExtractRefused(  # noqa: TRY301 - one place removes the copy
                    name, "header_only", "holds a header and no row; a full extract without anybody is not believed"
                )
            con.begin()
            extract = register.register(
                con, profile, chosen, sha256=taken.sha256, size=taken.size, name=name, day=day, shape=shape, now=now
            )
            con.commit()
        except ExtractRefused:
            taken.stored.unlink(missing_ok=True)  # nothing refers to it; the file itself stays where it is
            raise
    return Landed(name, "taken", describe(shape), taken.sha256, extract.source, day, shape)


def describe(shape: Shape) -> str:
    """What was detected, in a line."""
    delimiter = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}.get(shape.delimiter, shape.delimiter)
    packed = f", {shape.compression}" if shape.compression != "none" else ""
    rows = f", {shape.records:,} rows" if shape.records is not None else ""
    return f"{shape.encoding}, {delimiter}, {shape.newline}{packed}, {len(shape.header)} columns{rows}"
