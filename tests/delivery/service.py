"""A bulkUpload service in simulated time: calls take their time, arrive somewhere within it, and fail as they are told."""

from __future__ import annotations

import datetime as dt
import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from hcm_pipeline.delivery.send.in_flight import WIDTH, Attempt, Ended
from hcm_pipeline.entra.answers import BUCKET_FULL, Answer, NoAnswer
from hcm_pipeline.entra.timing import Rate

from .conftest import StoppedTime

Event = tuple[dt.datetime, int, Callable[[], None]]


@dataclass
class SimulatedService:
    """What a tenant's service knows. `fail` draws what becomes of a call: a name of `_answer`, or None for no fault."""

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
        def answer(status: int, retry_after: float | None = None, message: str = "") -> Answer:
            return Answer(status, "id", self.time.now, retry_after, "", message, "")

        answers: dict[str | None, Answer | Exception] = {
            None: answer(202),
            "lost before": NoAnswer("broke the connection", sent=True),
            "lost after": NoAnswer("broke the connection", sent=True),
            "throttled": answer(429),
            "wait": answer(429, 11.0),
            "token": answer(401),
            "failing": answer(503),
            "bucket": answer(500, message=BUCKET_FULL),
            "bad": answer(400),
        }
        return answers[fault]


class SimulatedLanes:
    """Lanes to a simulated service. Time passes only while somebody waits."""

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


class Tokens:
    """A new token whenever the old one is forgotten."""

    def __init__(self) -> None:
        self.number = 0

    def sign_in(self) -> str:
        return f"token {self.number}"

    def forget_token(self) -> None:
        self.number += 1


FAULTS = ("unreachable", "lost before", "lost after", "throttled", "wait", "token", "failing", "bucket")


def random_faults(seed: random.Random, share: float) -> Callable[[bytes], str | None]:
    """Faults for this share of the calls; two 401 in a row mean something else and are not drawn."""
    last = [""]

    def fail(body: bytes) -> str | None:
        del body
        fault = seed.choice(FAULTS) if seed.random() < share else None
        if fault == "token" and "token" in last[-40:]:
            fault = None
        last.append(fault or "")
        return fault

    return fail
