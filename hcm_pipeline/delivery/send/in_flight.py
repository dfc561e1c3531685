"""Several requests on their way at once.

Threads do nothing but post: what is journaled, paced and decided is left to the one thread that starts the attempts and
hears how they ended.
"""

from __future__ import annotations

import datetime as dt
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from hcm_pipeline.delivery.service import Answer
from hcm_pipeline.http import Clock, Sleep

WIDTH = 16
"""Attempts on their way at once. Forty calls in five seconds need two with 200 ms a call, and eight with one second."""


@dataclass(frozen=True, order=True)
class Request:
    """A request to send. `place`: in the order of sending, which no two share; `fails`: attempts that failed in passing."""

    place: int
    number: int
    body: bytes = field(compare=False, repr=False)
    workers: tuple[str, ...] = field(compare=False)
    fails: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Attempt:
    """One attempt to send a request. `call`: its number with the pace. `stretch`: how often the service had failed before it
    began.
    """

    request: Request
    call: int
    stretch: int


@dataclass(frozen=True)
class Ended:
    """How an attempt ended: with an answer or an exception, `at` a moment when the service had counted it for sure."""

    attempt: Attempt
    result: Answer | BaseException
    at: dt.datetime


Post = Callable[[int, bytes], Answer]


class InFlight(Protocol):
    """The attempts on their way."""

    width: int
    """How many may be on their way at once."""

    @property
    def busy(self) -> int:
        """Attempts that were started and of which `next` has not returned yet."""

    def start(self, attempt: Attempt) -> None:
        """Make an attempt."""

    def next(self, seconds: float | None) -> Ended | None:
        """An attempt that has ended; None when `seconds` passed before one did. 0 only looks, None waits for ever."""

    def close(self) -> None:
        """Nothing is started any more."""


class Threads:
    """Attempts on threads, as many as were needed at once. They die with the process, whatever they wait for."""

    def __init__(self, post: Post, clock: Clock, sleep: Sleep, *, width: int = WIDTH) -> None:
        self.width = width
        self._post = post
        self._clock = clock
        self._sleep = sleep
        self._started: queue.SimpleQueue[Attempt | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self._threads = 0
        self._busy = 0

    @property
    def busy(self) -> int:
        """Attempts that were started and of which `next` has not returned yet."""
        return self._busy

    def start(self, attempt: Attempt) -> None:
        """Make an attempt on a thread that is free, or on a new one."""
        self._busy += 1
        if self._busy > self._threads:
            self._threads += 1
            threading.Thread(target=self._work, name=f"upload-{self._threads}", daemon=True).start()
        self._started.put(attempt)

    def next(self, seconds: float | None) -> Ended | None:
        """See `InFlight`. With nothing on its way, `seconds` are slept."""
        if not self._busy:
            self._sleep(seconds or 0.0)
            return None
        ended = self._wait(seconds)
        self._busy -= ended is not None
        return ended

    def _wait(self, seconds: float | None) -> Ended | None:
        try:
            return self._ended.get(timeout=seconds)
        except queue.Empty:
            return None

    def close(self) -> None:
        """Have the threads end when they are free."""
        for _ in range(self._threads):
            self._started.put(None)

    def _work(self) -> None:
        while (attempt := self._started.get()) is not None:
            result: Answer | BaseException
            try:
                result = self._post(attempt.request.number, attempt.request.body)
            except BaseException as error:
                result = error
            self._ended.put(Ended(attempt, result, self._clock()))
