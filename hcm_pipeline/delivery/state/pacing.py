"""Keep to a service's limits: so many calls in any window of a few seconds, and a quota in any 24 hours.

The calls are counted in the journal's file, so that a restart, a second process or the time between two runs changes
nothing. The limits are a tenant's: uploads to several jobs of one tenant share one count.

The service counts a call when it arrives, at a moment between its begin and its end that nobody here knows. A call that is
on its way may be counted any time from now on; one that has ended was counted no later than its end. So a call may begin
when fewer than the limit are on their way or ended within the window before it: whatever the moments were, no window of the
service's is then too full. It costs as much of the rate as a call is long: the calls of a window in its time plus one call's.

pyrate-limiter's SQLiteBucket was weighed and left: it checks and inserts in two statements unless a further package
locks a file for it, takes its time and its sleep from the machine, and notes when a call began.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hcm_pipeline.delivery.state.interface import CallState, DeliveryState
from hcm_pipeline.delivery.target import Limits
from hcm_pipeline.http import Clock, Rate, Sleep

DAY = dt.timedelta(hours=24)
LONGEST_CALL = dt.timedelta(minutes=10)
"""No call takes longer: one that began before has ended, although its process was killed before it could say so."""


@dataclass(frozen=True)
class NotYet:
    """A limit is used up until `free_at`. `spent`: it is the quota, and the upload ends until then."""

    free_at: dt.datetime
    spent: bool


class Pace:
    """The pace of one upload's calls, within the limits of its target."""

    def __init__(self, journal: DeliveryState, tenant: str, target: str, limits: Limits, *, clock: Clock) -> None:
        self._journal = journal
        self._calls = journal.calls(tenant, target)
        self._clock = clock
        self._rate = Rate(limits.calls, limits.window)
        self._quota = Rate(limits.quota, DAY)

    def claim(self) -> int | NotYet:
        """Count a call that begins now, if both limits allow it; its number is for `done`.

        A clock that was set back leaves calls in the future: they count as ended now, so that the wait stays bounded.
        """
        with self._journal.transaction():
            now = self._now()
            self._calls.end_impossible(now, LONGEST_CALL)
            refused = self.not_yet()
            if refused is not None:
                return refused
            self._calls.forget_before(now - 2 * DAY)
            return self._calls.begin(now)

    def done(self, call: int, at: dt.datetime) -> None:
        """The call has ended at `at`, whichever way."""
        self._calls.end(call, at)

    def undo(self, call: int) -> None:
        """The call was never begun."""
        self._calls.forget(call)

    def end_lost(self) -> None:
        """End the calls that an upload to this target left when it was killed. Only for the holder of its lock."""
        self._calls.end_all_of_target(self._now())

    def not_yet(self) -> NotYet | None:
        """Which limit allows no call now, and until when; None: one may begin."""
        with self._journal.transaction():
            now = self._now()
            return self._used_up(self._quota, now, spent=True) or self._used_up(self._rate, now, spent=False)

    def left(self) -> int:
        """Calls that the quota allows now."""
        return max(0, self._quota.calls - len(self.made()))

    def made(self) -> list[dt.datetime]:
        """When the calls that the quota still counts have ended, oldest first; now for those that are on their way."""
        now = self._now()
        return self._calls.ends_since(now - self._quota.per, now)

    def _used_up(self, limit: Rate, now: dt.datetime, *, spent: bool) -> NotYet | None:
        free = _free_at(self._calls, limit, now)
        return NotYet(free, spent) if free > now else None

    def _now(self) -> dt.datetime:
        return self._clock().astimezone(dt.UTC)


class SharedGate:
    """A `CallGate` for a limit beside those of uploads, such as that of a service's log: all processes of a home share its count.

    `name` stands for the limit. A process that is killed in a call leaves it on its way: it counts for `longest`, and then no more.
    """

    def __init__(
        self, journal: DeliveryState, name: str, rate: Rate, *, clock: Clock, sleep: Sleep, longest: dt.timedelta = LONGEST_CALL
    ) -> None:  # fmt: skip
        self._journal = journal
        self._calls = journal.calls(name, name)
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._longest = longest

    @contextmanager
    def call(self) -> Iterator[None]:
        """See `CallGate`. Nothing of the journal is held while it waits or while the call is on its way."""
        while isinstance(number := self._claim(), dt.timedelta):
            self._sleep(number.total_seconds())
        try:
            yield
        finally:
            self._calls.end(number, self._now())

    def _claim(self) -> int | dt.timedelta:
        """The number of a call that begins now, or how long it has to wait."""
        with self._journal.transaction():
            now = self._now()
            self._calls.end_impossible(now, self._longest)
            free = _free_at(self._calls, self._rate, now)
            if free > now:
                return free - now
            self._calls.forget_before(now - 2 * self._rate.per)
            return self._calls.begin(now)

    def _now(self) -> dt.datetime:
        return self._clock().astimezone(dt.UTC)


def _free_at(calls: CallState, limit: Rate, now: dt.datetime) -> dt.datetime:
    """When a call may begin, given those that are on their way or have ended."""
    before = limit.calls - 1 - calls.on_their_way()
    if before < 0:  # until one of those on their way has ended, and then for the length of the window
        return now + limit.per
    return limit.free_at(calls.nth_newest_end(before), now)
