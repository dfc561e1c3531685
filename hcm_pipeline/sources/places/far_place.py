"""A place outside the home, whatever its kind: which of its files are taken, when, and that each version is taken once."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from typing import TypeVar

from hcm_pipeline.errors import ExtractRefused, ServiceError, ServiceUnavailable, SignInFailed
from hcm_pipeline.extracts import UNFINISHED, Complete, Left, Taken, is_marked_unfinished, is_whole, keep, name_fault
from hcm_pipeline.home import Home
from hcm_pipeline.http import Clock, Patience, TryAgain
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import PlaceSpec
from hcm_pipeline.sources.places.far_store import Changed, Gone, Store, Thing
from hcm_pipeline.sources.places.place import Looked, Waiting
from hcm_pipeline.sources.places.seen_and_taken import SeenAndTaken

LONGEST_NAME = 255
"""Characters of a name. No file system that we know has longer ones."""
LONG_QUIET = dt.timedelta(hours=1)
"""A file that has not changed for so long by its own clock is complete at the first look; no clock is wrong by as much."""
_T = TypeVar("_T")


class FarPlace:
    """One place of the profile, for one use. Everything that it raises names the place.

    `opener` makes its store. `fits`: whether a name belongs to a source of the place; other names are not the place's business.
    """

    def __init__(
        self,
        spec: PlaceSpec,
        fits: Callable[[str], bool],
        opener: Callable[[PlaceSpec], Store],
        memory: SeenAndTaken,
        *,
        clock: Clock,
        patience: Patience,
    ) -> None:
        self.spec = spec
        self._fits = fits
        self._opener = opener
        self._opened: Store | None = None
        self._memory = memory
        self._clock = clock
        self._patience = patience
        self._things: dict[str, Thing] = {}
        self._markers: dict[str, Thing] = {}
        self._since: dict[str, dt.datetime] = {}
        self.overdue: tuple[Waiting, ...] = ()
        """Those that were taken before, and are still to be moved or deleted: as of the last look."""

    def look(self, cursor: str | None) -> Looked:
        """Everything that was not taken, by name. The cursor is another one when something has changed.

        Every look goes over all names: no store says what came since. Raises ServiceError.
        """
        del cursor
        self._things, self._markers = {}, {}
        for thing in self._patiently(lambda: self._store.listing()):
            if self.spec.ready and thing.name.endswith(self.spec.ready):
                self._markers[thing.name] = thing
            elif fnmatchcase(thing.name.lower(), self.spec.glob.lower()) and self._fits(thing.name):
                self._things[thing.name] = thing
        storable = [thing for thing in self._things.values() if not name_fault(thing.name)]
        self._since = self._memory.saw(self.spec.name, storable, self._clock())
        found = {Waiting(thing.name, thing.mark) for thing in self._things.values()}
        taken = {Waiting(name, mark) for name, mark in self._memory.taken(self.spec.name)}
        if self.spec.after != "leave":
            self.overdue = tuple(sorted(found & taken, key=_by_name))
        text = "\n".join(f"{each.name}|{each.mark}" for each in sorted(found, key=_by_name))
        digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
        return Looked(tuple(sorted(found - taken, key=_by_name)), digest[:16])

    def state(self, waiting: Waiting, settle: float, now: float) -> Complete | Left:
        """Whether it is complete, by its name, its marker, and the time for which it has lain there unchanged.

        The profile says how long; that, and the time, are known here better than by who asks.
        """
        del settle, now
        thing = self._things.get(waiting.name)
        if thing is None:
            return Left("it is gone", settles=False)
        if is_marked_unfinished(thing.name):
            return Left(UNFINISHED, settles=False)
        if thing.odd:
            return Left(f"it is {thing.odd}; put the file itself there", settles=False)
        if self.spec.ready and f"{thing.name}{self.spec.ready}" not in self._markers:
            return Left(f"no {thing.name}{self.spec.ready} lies beside it yet", settles=False)
        if self.settles_in(waiting) > 0:
            return Left(f"it has not been seen unchanged for {self.spec.settle:g} seconds", settles=True)
        return Complete(thing.size or 0)

    def settles_in(self, waiting: Waiting) -> float:
        """Seconds until it has settled, should it stay as it is."""
        thing, now = self._things.get(waiting.name), self._clock()
        since = self._since.get(waiting.name)
        if thing is None or since is None or self.spec.settle == 0:
            return 0.0
        if thing.modified and now - thing.modified > LONG_QUIET + dt.timedelta(seconds=self.spec.settle):
            return 0.0
        return max(0.0, self.spec.settle - (now - since).total_seconds())

    def take(self, waiting: Waiting, home: Home) -> Taken:
        """Copy its bytes into the home's extracts. Raises ExtractRefused, and ServiceError when the place fails."""
        if fault := far_name_fault(waiting.name):
            raise ExtractRefused(waiting.name, "file_name", fault)
        thing = self._things[waiting.name]
        if resumed := self._kept_before(waiting, home):
            return resumed
        try:
            return self._patiently(lambda: self._keep(thing, home))
        except (Gone, Changed) as error:
            what = "went away" if isinstance(error, Gone) else "was replaced"
            raise ExtractRefused(
                waiting.name, "still_written", f"it {what} while it was read; what lies there is looked at again"
            ) from None
        except ServiceUnavailable:
            raise
        except ServiceError as error:  # the listing was answered: it is this file that may not be read
            raise ExtractRefused(waiting.name, "unreadable", f"it cannot be read: {error}") from error

    def kept(self, waiting: Waiting, taken: Taken, newest: int) -> None:
        """Its bytes are in the home and about to become an extract: note so, lest an end in between makes two of them.

        `newest`: the number of the newest extract before it.
        """
        self._memory.keep(self.spec.name, waiting.name, waiting.mark, taken.sha256, newest, self._clock())

    def refused(self, waiting: Waiting) -> None:
        """It became no extract: it may be tried again."""
        if not name_fault(waiting.name):
            self._memory.drop(self.spec.name, waiting.name, waiting.mark)

    def remove(self, waiting: Waiting, taken: Taken) -> bool:
        """It is an extract now: it is never taken again, and moved or deleted where the profile says so.

        It may be gone already. False: another thing has its name by now, and stays. Raises ServiceError when it has to stay.
        """
        self._memory.done(self.spec.name, waiting.name, waiting.mark, taken.sha256, self._clock())
        return self.clear_away(waiting)

    def clear_away(self, waiting: Waiting) -> bool:
        """Move or delete what was taken; see `remove`."""
        if self.spec.after == "leave":
            return True
        try:
            self._patiently(lambda: self._away(self._things[waiting.name]))
        except Gone:
            pass
        except Changed:
            return False
        marker = self._markers.get(f"{waiting.name}{self.spec.ready}") if self.spec.ready else None
        if marker:
            with suppress(Gone, Changed, ServiceError):  # alone it does nothing
                self._patiently(lambda: self._away(marker))
        return True

    def _away(self, thing: Thing) -> None:
        if self.spec.move_to is None:
            self._store.delete(thing)
        else:
            self._store.move(thing, self.spec.move_to.strip("/"))

    def close(self) -> None:
        """Let go of the store."""
        if self._opened:
            with suppress(Exception):  # nothing is to be done with it any more
                self._opened.close()

    @property
    def _store(self) -> Store:
        """The store, opened when it is first needed."""
        self._opened = self._opened or self._opener(self.spec)
        return self._opened

    def _kept_before(self, waiting: Waiting, home: Home) -> Taken | None:
        before = self._memory.kept(self.spec.name, waiting.name, waiting.mark)
        if before is None:
            return None
        sha256, newest = before
        stored = home.extracts / sha256[:2] / sha256
        if not stored.is_file() or not is_whole(stored, sha256):
            return None
        return Taken(sha256, stored.stat().st_size, stored, resumed=newest)

    def _keep(self, thing: Thing, home: Home) -> Taken:
        def check(size: int) -> None:
            if thing.size is not None and size != thing.size:
                why = f"{counted(size, 'byte')} came of {thing.size:,}; it is tried again with the next run"
                raise ExtractRefused(thing.name, "still_written", why)

        return keep(self._store.read(thing), home.extracts, home.scratch, check)

    def _patiently(self, call: Callable[[], _T]) -> _T:
        """The result of a call, tried again while its fault passes."""
        with self._naming():
            for attempt in self._patience.attempts():
                with attempt:
                    return call()
        raise AssertionError  # the attempts end with a result or an error

    @contextmanager
    def _naming(self) -> Iterator[None]:
        where = f"place {self.spec.name}"
        try:
            yield
        except TryAgain as error:
            raise ServiceUnavailable(f"{where}: {error.reason}; it is tried again with the next run") from error
        except SignInFailed as error:
            raise SignInFailed(f"{where}: {error}") from error
        except ServiceError as error:
            raise ServiceError(f"{where}: {error}") from error


def far_name_fault(name: str) -> str | None:
    """Why a file cannot be taken under the name that the far side tells; None: it can."""
    if fault := name_fault(name):
        return fault
    if len(name) > LONGEST_NAME:
        return f"its name has more than {LONGEST_NAME} characters: have it delivered under a shorter one"
    if name in ("", ".", "..") or any(sign in "/\\" or ord(sign) < 0x20 or 0x7F <= ord(sign) < 0xA0 for sign in name):
        return "its name holds slashes or control characters: have it delivered under another one"
    return None


def _by_name(each: Waiting) -> tuple[str, str]:
    return each.name, each.mark
