"""How fast a service may be called, and how patiently a failing call is repeated."""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hcm_pipeline.http.clock import Sleep

if TYPE_CHECKING:
    from tenacity import RetryCallState, Retrying


@dataclass(frozen=True)
class Rate:
    """At most `calls` calls in any stretch of time as long as `per`."""

    calls: int
    per: dt.timedelta

    def free_at(self, nth_newest: dt.datetime | None, now: dt.datetime) -> dt.datetime:
        """When the next call may be made.

        `nth_newest` is the time of the `calls`-th newest call so far, None when there were fewer: the next call and the
        `calls` before it are one too many for a window, so they must span at least `per`.
        """
        return now if nth_newest is None else max(now, nth_newest + self.per)


class TryAgain(Exception):
    """One attempt failed in a way that passes. `wait`: seconds the service asked for; None: it did not say.

    `congested`: the service has more to do than it can queue, which takes minutes to pass, not seconds.
    """

    def __init__(self, reason: str, wait: float | None = None, *, congested: bool = False) -> None:
        self.reason = reason
        self.wait = wait
        self.congested = congested
        super().__init__(reason)


def looks(longest: float) -> Iterator[float]:
    """Seconds to wait between looks at what comes soon or late, without end: one, and twice as long each time up to `longest`."""
    wait = 1.0
    while True:
        yield min(wait, longest)
        wait = min(2 * wait, longest)


@dataclass(frozen=True)
class Patience:
    """How long to wait between attempts, in seconds, and for how long in all.

    Without word from the service the wait is random up to a bound that doubles from `first_wait` to `longest_wait`
    ("full jitter"). Congestion is waited for from `congested_wait` to twice that: Microsoft's advice is 5 to 10 minutes.
    `give_up_after` bounds the waiting without any success; `lock_wait` the waiting for another uploader to finish.
    """

    first_wait: float = 1.0
    longest_wait: float = 60.0
    congested_wait: float = 300.0
    give_up_after: float = 3600.0
    lock_wait: float = 30.0
    sleep: Sleep = time.sleep
    jitter: Callable[[float, float], float] = random.uniform

    def attempts(self) -> Retrying:
        """Iterate over attempts; an attempt that raises TryAgain is followed by another until patience runs out.

        The last TryAgain is then raised.
        """
        from tenacity import Retrying, retry_if_exception_type  # a command that calls nobody does not wait for it

        return Retrying(
            retry=retry_if_exception_type(TryAgain),
            wait=self._wait,
            stop=self._stop,
            sleep=self.sleep,
            reraise=True,
        )

    def after(self, failure: TryAgain, failures: int) -> float:
        """Seconds to wait after the `failures`-th failure in a row."""
        if failure.wait is not None:
            return max(failure.wait, self.first_wait)
        if failure.congested:
            return self.congested_wait * min(failures, 2)
        longest = min(self.longest_wait, self.first_wait * 2.0 ** min(failures - 1, 30))
        return self.jitter(self.first_wait / 2, longest)

    def _wait(self, state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        assert isinstance(failure, TryAgain)  # nothing else is retried
        return self.after(failure, state.attempt_number)

    def _stop(self, state: RetryCallState) -> bool:
        return state.idle_for + state.upcoming_sleep > self.give_up_after
