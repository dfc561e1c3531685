"""A process of the pipeline, and its end: at any line, with what was on its way."""

from __future__ import annotations

import datetime as dt
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import duckdb

import hcm_pipeline
from benchmarks.chaos.site import Site
from hcm_pipeline.delivery import Answer, Reception
from hcm_pipeline.delivery.send.in_flight import Attempt, Ended, Post
from hcm_pipeline.home import Home
from hcm_pipeline.warehouse import first
from hcm_pipeline.warehouse.store import harden


class Killed(BaseException):
    """The process has ended here, and does nothing any more."""


WATCHED = str(Path(hcm_pipeline.__file__).parent)
UNWATCHED = tuple(f"{WATCHED}/{room}/" for room in ("sandbox", "profile", "warehouse"))
KERNEL = frozenset({"__init__", "__exit__", "close", "advisory_lock", "_taken", "_only_uploader"})
"""Functions in which files, locks and sockets change hands: the kernel closes those of a dead process, here Python has to."""


@cache
def _watched(code: CodeType) -> bool:
    file = code.co_filename
    return file.startswith(WATCHED) and not file.startswith(UNWATCHED) and code.co_name not in KERNEL


class Fuse:
    """Ends what runs at a line of the product's own code. A dead process writes nothing: see `gated`."""

    def __init__(self) -> None:
        self.dead = False
        self._left = 0

    @contextmanager
    def burning(self, lines: int) -> Iterator[None]:
        """Raise Killed at the n-th line, if there are so many."""
        self._left = lines
        before = sys.gettrace()
        sys.settrace(self._called)
        try:
            yield
        finally:
            sys.settrace(before)

    def _called(self, frame: FrameType, _event: str, _arg: object) -> Any:
        return self._line if _watched(frame.f_code) else None

    def _line(self, _frame: FrameType, event: str, _arg: object) -> Any:
        if event == "line":
            self._left -= 1
            if self._left <= 0:
                self.dead = True
                raise Killed
        return self._line

    def gated(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method, of which a dead process does nothing: Python runs the `finally` of what a kernel would just end."""

        def called(*args: Any, **named: Any) -> Any:
            if self.dead:
                raise Killed
            return method(*args, **named)

        return called


class Kept:
    """A home's warehouse, which stays open between two processes; it is read from disk again when one was killed.

    Opening it takes longer than most of what is done with it.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._con: duckdb.DuckDBPyConnection | None = None

    def harden(
        self, con: duckdb.DuckDBPyConnection, scratch: Path | None, readable: list[Path], _: object = None
    ) -> None:
        """In place of `store.harden`: what is open already is hardened; so little data needs one thread."""
        row = first(con, "select current_setting('enable_external_access')")
        if row and row[0]:
            harden(con, scratch, readable)
            con.execute("set threads = 1")

    def open(self) -> None:
        """From now on."""
        if self._con is None:
            self._con = duckdb.connect(str(self._home.warehouse))
            self.harden(self._con, self._home.scratch, [self._home.extracts, self._home.scratch])

    def close(self) -> None:
        """Until it is opened again."""
        if self._con is not None:
            self._con.close()
            self._con = None


class DrawnFlight:
    """Several attempts on their way, which arrive in an order that is drawn; of a dead process, some arrive after its end."""

    def __init__(
        self, post: Post, site: Site, chance: random.Random, fuse: Fuse, width: int, broken: Callable[[str], None]
    ) -> None:
        self.width = width
        self._broken = broken
        self._refused_until: dt.datetime | None = None
        self._post = post
        self._site = site
        self._chance = chance
        self._fuse = fuse
        self._begun: list[Attempt] = []

    @property
    def busy(self) -> int:
        """See `InFlight`, as for the others."""
        return len(self._begun)

    def start(self, attempt: Attempt) -> None:
        """It arrives when it is its turn. Nothing follows what was heard to be refused."""
        if self._refused_until is not None and self._site.clock() < self._refused_until:
            self._broken("a call began although one before it was refused, and heard of")
        self._begun.append(attempt)

    def next(self, seconds: float | None) -> Ended | None:
        """One of those on their way arrives, and some time passes."""
        if not self._begun or (seconds == 0.0 and self._chance.random() < 0.6):
            self._site.sleep(seconds or 0.0)
            return None  # none of them has come to its end yet
        attempt = self._begun.pop(self._chance.randrange(len(self._begun)))
        self._site.sleep(0.0)
        try:
            result: Any = self._post(attempt.request.number, attempt.request.body)
        except BaseException as error:
            result = error
        self._site.sleep(self._chance.choice((0.0, 0.0, 0.2, 2.0)))
        if isinstance(result, Answer) and result.reception is Reception.CLOSED:
            self._refused_until = dt.datetime.max.replace(tzinfo=dt.UTC)
        elif isinstance(result, Answer) and result.wait:
            self._refused_until = self._site.clock() + dt.timedelta(seconds=result.wait)
        return Ended(attempt, result, self._site.clock())

    def close(self) -> None:
        """A request that a dead process had on its way arrives after its end, or never left."""
        while self._fuse.dead and self._begun:
            if self._chance.random() < 0.5:
                self.next(None)
            else:
                self._begun.pop()
