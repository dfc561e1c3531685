"""A service in simulated time: calls take their time, arrive somewhere within it, and fail as they are told."""

from __future__ import annotations

import datetime as dt
import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hcm_pipeline.delivery import Answer, Reception
from hcm_pipeline.delivery.send.in_flight import WIDTH, Attempt, Ended
from hcm_pipeline.http import NoAnswer, Rate

from .conftest import StoppedTime

Event = tuple[dt.datetime, int, Callable[[], None]]


@dataclass
class SimulatedService:
    """The service of a tenant. `fail` draws what becomes of a call: a name of `_answer`, or None for no fault."""

    time: StoppedTime
    rate: Rate
    quota: Rate
    seconds: Callable[[], float]
    """How long a call takes."""
    arrives: Callable[[], float]
    """At which part of that it is counted."""
    fail: Callable[[bytes], str | None] = lambda body: None
    arrivals: list[dt.datetime] = field(default_factory=list)
    accepted: list[bytes] = field(default_factory=list)
    caused: int = 0
    """Calls over a limit."""
    _events: list[Event] = field(default_factory=list)
    _numbers: int = 0

    def call(self, body: bytes, ended: Callable[[Answer | Exception], None]) -> None:
        """A call begins now; `ended` is told what it came to."""
        takes, part = self.seconds(), self.arrives()
        result: list[Answer | Exception] = []
        self._at(takes * part, lambda: result.append(self._arrive(body)))
        self._at(takes, lambda: ended(result[0]))

    def pass_time(self, until: dt.datetime, enough: Callable[[], bool] = lambda: False) -> None:
        """Let everything happen until then, or until it is enough."""
        while not enough() and self._events and self._events[0][0] <= until:
            moment, _, happen = heapq.heappop(self._events)
            self.time.now = max(self.time.now, moment)
            happen()
        if not enough():
            self.time.now = max(self.time.now, until)

    def next_event(self) -> dt.datetime | None:
        """When something happens next."""
        return self._events[0][0] if self._events else None

    def _at(self, seconds: float, happen: Callable[[], None]) -> None:
        self._numbers += 1
        heapq.heappush(self._events, (self.time.now + dt.timedelta(seconds=seconds), self._numbers, happen))

    def _arrive(self, body: bytes) -> Answer | Exception:
        fault = self.fail(body)
        if fault == "unreachable":
            return NoAnswer("cannot be reached", sent=False)
        now = self.time.now
        for limit in (self.rate, self.quota):
            self.caused += sum(one > now - limit.per for one in self.arrivals) >= limit.calls
        self.arrivals.append(now)
        if fault in (None, "lost after"):
            self.accepted.append(body)
        return self._answer(fault)

    def _answer(self, fault: str | None) -> Answer | Exception:
        def answer(reception: Reception, says: str, **given: Any) -> Answer:
            return Answer(reception, says, self.time.now, **given)

        answers: dict[str | None, Answer | Exception] = {
            None: answer(Reception.ACCEPTED, "202", status=202),
            "lost before": NoAnswer("broke the connection", sent=True),
            "lost after": NoAnswer("broke the connection", sent=True),
            "throttled": answer(Reception.LATER, "429"),
            "wait": answer(Reception.LATER, "429", wait=11.0),
            "token": answer(Reception.AGAIN, "401"),
            "closed": answer(Reception.CLOSED, "403", status=403),
            "failing": answer(Reception.LATER, "503", may_have_arrived=True),
            "bucket": answer(Reception.LATER, "500", congested=True, may_have_arrived=True),
            "bad": answer(Reception.REFUSED, "400", status=400),
        }
        return answers[fault]


class SimulatedFlight:
    """Attempts on their way to a simulated service. Time passes only while somebody waits."""

    def __init__(self, service: SimulatedService, width: int = WIDTH) -> None:
        self.width = width
        self.started: list[int] = []
        self._service = service
        self._ended: list[Ended] = []
        self._busy = 0

    @property
    def busy(self) -> int:
        return self._busy

    def start(self, attempt: Attempt) -> None:
        self._busy += 1
        self.started.append(attempt.request.number)
        time = self._service.time
        self._service.call(attempt.request.body, lambda result: self._ended.append(Ended(attempt, result, time.now)))

    def next(self, seconds: float | None) -> Ended | None:
        wait = dt.timedelta(days=1) if seconds is None else dt.timedelta(seconds=seconds)
        self._service.pass_time(self._service.time.now + wait, lambda: bool(self._ended))
        if not self._ended:
            assert seconds is not None, "waited for nothing"
            return None
        self._busy -= 1
        return self._ended.pop(0)

    def close(self) -> None:
        pass


FAULTS = ("unreachable", "lost before", "lost after", "throttled", "wait", "token", "failing", "bucket")


def random_faults(seed: random.Random, share: float) -> Callable[[bytes], str | None]:
    """Faults for this share of the calls."""

    def fail(body: bytes) -> str | None:
        del body
        return seed.choice(FAULTS) if seed.random() < share else None

    return fail
