"""Keep to the service's limits: 40 bulkUpload calls in any 5 seconds, and a quota in any 24 hours.

The calls are counted in the journal, so that a restart, a second process or the time between two runs changes nothing.
pyrate-limiter's SQLiteBucket was weighed and left: it checks and inserts in two statements unless a further package
locks a file for it, takes its time and its sleep from the machine, and notes when a call began. The service counts a
call when it arrives, some time before it ends: only a window over the ends of calls is never too full over there.
"""

from __future__ import annotations

import datetime as dt

from hcm_pipeline.delivery.journal import Journal
from hcm_pipeline.entra.timing import DAILY_QUOTA, UPLOAD_RATE, Clock, Rate, Sleep

DAY = dt.timedelta(hours=24)


class QuotaSpent(Exception):
    """The quota allows no call before `until`. Not a fault: whoever paces the work stops for today."""

    def __init__(self, until: dt.datetime) -> None:
        self.until = until
        super().__init__(f"the quota is spent until {until.isoformat(timespec='seconds')}")


class Pace:
    """The pace of calls to one target. `quota` is the number of calls in any 24 hours."""

    def __init__(
        self,
        journal: Journal,
        target: str,
        *,
        clock: Clock,
        sleep: Sleep,
        quota: int = DAILY_QUOTA,
        rate: Rate = UPLOAD_RATE,
    ) -> None:
        self._journal = journal
        self._target = target
        self._clock = clock
        self._sleep = sleep
        self._rate = rate
        self._quota = Rate(quota, DAY)

    def claim(self) -> int:
        """Wait for the rate to allow a call, and count it; returns its number for `done`. Raises QuotaSpent."""
        while True:
            claimed = self._journal.claim_call(self._target, self._rate, self._quota)
            if isinstance(claimed, int):
                return claimed
            if claimed.limit == self._quota:
                raise QuotaSpent(claimed.free_at)
            self._sleep(max(0.001, (claimed.free_at - self._clock()).total_seconds()))

    def done(self, call: int) -> None:
        """The call has ended, whichever way."""
        self._journal.end_call(call)

    def left(self) -> int:
        """Calls that the quota allows now."""
        return self._journal.calls_left(self._target, self._quota)
