"""Send requests, several at once, until the service has decided on each.

One thread begins every attempt and hears how it ended; the journal is written by it before and after each. Attempts that have
ended by now share one commit, and so do those that begin together: a commit waits for the disk. Nothing is sent and nobody is
told of an answer before that.

The first attempt goes alone, and so does the first after a failure that passes or a token that is taken no more: a service that
is down or that has taken a permission away is asked once, not sixteen times.

After a refusal nothing follows: attempts that have ended are heard of before another begins, and once more when the journal
has written that it does, which takes as long as the disk does. An attempt that was journaled and is held back is not made.
"""

from __future__ import annotations

import datetime as dt
import heapq
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from hcm_pipeline.delivery.send.in_flight import Attempt, Ended, InFlight, Request
from hcm_pipeline.delivery.service import Answer, Reception
from hcm_pipeline.delivery.state import DeliveryState, JournaledManifest, NotYet, Pace, RequestState, SendResult
from hcm_pipeline.errors import PipelineError, ServiceRefused, ServiceUnavailable
from hcm_pipeline.http import Clock, NoAnswer, Patience, TryAgain

log = logging.getLogger(__name__)

HELD_BACK = SendResult(RequestState.PLANNED, error="held back: another request was refused before it began")
ASIDE_AFTER = 3
"""A request that failed so often goes behind all others: it may be its bytes that the service chokes on."""


class Superseded(Exception):
    """A newer plan replaced the manifest, or a person rejected it."""


class Paused(Exception):
    """A limit of the service: nothing is sent before `until`. Not a fault. `spent`: the quota is."""

    def __init__(self, until: dt.datetime, *, spent: bool) -> None:
        self.until = until
        self.spent = spent
        super().__init__("the quota is spent" if spent else "the service asked to wait")


@dataclass(frozen=True)
class Line:
    """The way to the service. `prepare`: before an attempt (see `Service`). `workers_in`: of a body (see `LiveTarget`)."""

    in_flight: InFlight
    prepare: Callable[[], None]
    workers_in: Callable[[bytes], tuple[str, ...]]
    pace: Pace
    patience: Patience
    clock: Clock


class Sending:
    """One upload of one manifest. `progress` hears how many requests are settled."""

    def __init__(
        self,
        manifest: JournaledManifest,
        journal: DeliveryState,
        line: Line,
        progress: Callable[[int], None],
    ) -> None:
        self.attempts = 0
        """Attempts made."""
        self._manifest_id = manifest.manifest_id
        self._name = f"manifest {manifest.manifest_id[:12]}"
        self._journal = journal
        self._line = line
        self._in_flight = line.in_flight
        self._pace = line.pace
        self._patience = line.patience
        self._clock = line.clock
        self._progress = progress
        self._settled = journal.progress(manifest.manifest_id).settled
        self._again: list[Request] = []  # a heap: first read, first sent
        self._aside: deque[Request] = deque()
        self._stop: BaseException | None = None
        self._wide = False
        # failures of the service and refused tokens so far: attempts from before the last one say nothing of what came after
        self._stretch = 0
        self._failures = 0  # in a row
        self._waited = 0.0  # since the last success, in seconds
        self._unwritten: list[Ended] = []  # heard, and not in the journal yet
        self._to_tell: list[Callable[[], None]] = []  # when it is
        self._not_before = line.clock()
        self._read = 0

    def send(self, requests: Iterable[tuple[int, bytes]]) -> None:
        """Send these in their order, until each is accepted or refused.

        Raises Superseded, Paused, ServiceRefused, ServiceUnavailable, SignInFailed and PipelineError; what was on its way
        then has ended and is journaled.
        """
        left = iter(requests)
        self._stop = None
        try:
            while True:
                wait = self._begin_what_may(left)
                if not self._in_flight.busy and wait is None:
                    break
                ended = self._in_flight.next(wait)
                if ended is not None:
                    self._take(ended)
        except (Exception, KeyboardInterrupt):
            self._drain()
            raise
        if self._stop is not None:
            raise self._stop

    # --- before an attempt

    def _begin_what_may(self, left: Iterator[tuple[int, bytes]]) -> float | None:
        """Begin attempts as long as one may; how long to wait for the next, None: until one ends, or there is none."""
        while self._hear() and (room := (self._in_flight.width if self._wide else 1) - self._in_flight.busy) > 0:
            now = self._clock()
            if now < self._not_before:
                return self._seconds_until(self._not_before, now) if self._more(left) else None
            ready = self._ready(left, room)
            if not ready:
                if self._more(left):  # it could not be prepared
                    continue
                return None
            not_yet = self._begin(ready)
            if not_yet is not None:
                if not_yet.spent:
                    self._stop = Paused(not_yet.free_at, spent=True)
                    return None
                return self._seconds_until(not_yet.free_at, self._clock())
        return None

    def _hear(self) -> bool:
        """Take every attempt that has ended by now, and journal them; whether another may begin after that."""
        while self._in_flight.busy:
            ended = self._in_flight.next(0.0)
            if ended is None:
                break
            self._take(ended)
        self._write()
        return self._stop is None

    @staticmethod
    def _seconds_until(moment: dt.datetime, now: dt.datetime) -> float:
        return max(0.001, (moment - now).total_seconds())

    def _next(self, left: Iterator[tuple[int, bytes]]) -> Request | None:
        if self._again:
            return heapq.heappop(self._again)
        for number, body in left:
            self._read += 1
            return Request(self._read, number, body, self._line.workers_in(body))
        return self._aside.popleft() if self._aside else None

    def _more(self, left: Iterator[tuple[int, bytes]]) -> bool:
        request = self._next(left)
        if request is not None:
            heapq.heappush(self._again, request)
        return request is not None

    def _ready(self, left: Iterator[tuple[int, bytes]], room: int) -> list[Request]:
        """The next requests, as many as there is room for, each prepared."""
        ready: list[Request] = []
        while len(ready) < room and (request := self._next(left)) is not None:
            try:
                self._line.prepare()
            except NoAnswer as error:
                self._failed(request, TryAgain(str(error)), self._stretch)
                break
            ready.append(request)
        return ready

    def _begin(self, ready: list[Request]) -> NotYet | None:
        """Begin an attempt of each, unless the pace says not yet. The journal knows of them before they can have happened."""
        begun: list[tuple[Request, int]] = []
        not_yet: NotYet | None = None
        superseded = False
        with self._journal.transaction():
            for request in ready:
                call = self._pace.claim()
                if isinstance(call, NotYet):
                    not_yet = call
                    break
                if not self._journal.begin_send(self._manifest_id, request.number, request.workers):
                    self._pace.undo(call)
                    superseded = True
                    break
                begun.append((request, call))
        for request in ready[len(begun) :]:
            heapq.heappush(self._again, request)
        stretch = self._stretch
        if self._hear() and self._stretch == stretch:
            for request, call in begun:
                self.attempts += 1
                self._in_flight.start(Attempt(request, call, stretch))
        else:
            self._hold_back(begun)
        if superseded:
            self._stop = self._stop or Superseded()
        return not_yet

    def _hold_back(self, begun: list[tuple[Request, int]]) -> None:
        """Journal that attempts were not made: another one was refused while the journal wrote that they begin."""
        with self._journal.transaction():
            for request, call in begun:
                self._pace.undo(call)
                self._journal.end_send(self._manifest_id, request.number, HELD_BACK)
        for request, _ in begun:
            heapq.heappush(self._again, request)

    def _write(self) -> None:
        """Journal how attempts have ended that were heard of, and tell people."""
        if not self._unwritten:
            return
        with self._journal.transaction():
            for ended in self._unwritten:
                self._pace.done(ended.attempt.call, ended.at)
                if isinstance(ended.result, Answer | Exception):
                    self._journal.end_send(self._manifest_id, ended.attempt.request.number, result_of(ended.result))
        self._unwritten.clear()
        telling, self._to_tell = self._to_tell, []
        for tell in telling:
            tell()

    # --- after an attempt

    def _take(self, ended: Ended) -> None:
        """Note how an attempt ended, for the journal's next commit, and decide what follows from it."""
        result = ended.result
        if isinstance(result, BaseException) and not isinstance(result, Exception):
            raise result  # the process is to end: nothing is noted
        request = ended.attempt.request
        self._unwritten.append(ended)
        if isinstance(result, Answer):
            self._answered(ended.attempt, result)
        elif isinstance(result, NoAnswer):
            self._to_tell.append(partial(log.info, "%s, request %d: %s", self._name, request.number, result))
            self._failed(request, TryAgain(str(result)), ended.attempt.stretch)
        else:
            self._stop = self._stop or result

    def _answered(self, attempt: Attempt, answer: Answer) -> None:
        request, said = attempt.request, f"{self._name}, request {attempt.request.number}"
        if answer.reception in (Reception.ACCEPTED, Reception.REFUSED):
            if not answer.accepted:
                self._to_tell.append(partial(log.warning, "%s refused: %s", said, answer.says))
            if attempt.stretch == self._stretch:
                self._wide, self._failures, self._waited = True, 0, 0.0
            self._settled += 1
            self._to_tell.append(partial(self._progress, self._settled))
        elif answer.reception is Reception.AGAIN:
            if attempt.stretch == self._stretch:
                self._stretch += 1
                self._wide = False
            heapq.heappush(self._again, request)
        elif answer.reception is Reception.LATER:
            self._to_tell.append(partial(log.info, "%s: %s", said, answer.says))
            self._failed(request, TryAgain(answer.says, answer.wait, congested=answer.congested), attempt.stretch)
        else:
            message = f"{said}: {answer.says}{answer.mend}"
            self._stop = self._stop or ServiceRefused(message, answer.status or 0, answer.code)

    def _failed(self, request: Request, why: TryAgain, stretch: int) -> None:
        """Have the request sent again, and everything wait: as long as the service says, or longer with every failure.

        Attempts that were on their way together fail together; that is one failure, not several.
        """
        request = replace(request, fails=request.fails + 1)
        if request.fails % ASIDE_AFTER or why.wait is not None or why.congested:
            heapq.heappush(self._again, request)
        else:
            self._aside.append(request)
        now = self._clock()
        if stretch != self._stretch:
            if why.wait is not None or why.congested:
                self._not_before = max(
                    self._not_before, now + dt.timedelta(seconds=self._patience.after(why, self._failures))
                )
            return
        self._stretch += 1
        self._failures += 1
        self._wide = False
        wait = self._patience.after(why, self._failures)
        if self._waited + wait > self._patience.give_up_after:
            until = now + dt.timedelta(seconds=wait)
            self._stop = self._stop or (
                ServiceUnavailable(
                    f"{self._name}, request {request.number}: gave up: {why.reason}; start the upload again later"
                )
                if why.wait is None
                else Paused(until, spent=False)
            )
            return
        self._waited += wait
        self._not_before = max(self._not_before, now + dt.timedelta(seconds=wait))

    def _drain(self) -> None:
        """Journal what is still on its way; whatever it brings, nothing is begun any more."""
        self._write()
        while self._in_flight.busy:
            ended = self._in_flight.next(None)
            if ended is not None and isinstance(ended.result, Answer | Exception):
                self._unwritten.append(ended)
                self._write()


_STATES = {
    Reception.ACCEPTED: RequestState.ACCEPTED,
    Reception.REFUSED: RequestState.REFUSED,
    Reception.CLOSED: RequestState.PLANNED,
    Reception.AGAIN: RequestState.PLANNED,
    Reception.LATER: RequestState.PLANNED,
}


def result_of(result: Answer | Exception) -> SendResult:
    """The note of an attempt in the journal."""
    if isinstance(result, NoAnswer):
        return SendResult(RequestState.UNKNOWN if result.sent else RequestState.PLANNED, error=str(result))
    if isinstance(result, PipelineError):  # no trust: nothing has left
        return SendResult(RequestState.PLANNED, error=str(result))
    if isinstance(result, Exception):
        return SendResult(RequestState.UNKNOWN, error=type(result).__name__)
    return SendResult(
        state=RequestState.UNKNOWN if result.may_have_arrived else _STATES[result.reception],
        status=result.status,
        request_id=result.request_id,
        service_time=result.service_time,
        error=None if result.accepted else result.says,
        detail=result.detail,
        outcomes=result.outcomes,
    )
