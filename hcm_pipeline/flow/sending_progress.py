"""Progress of an upload for people who wait: how far it is, how fast, and when it will have ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from hcm_pipeline.flow.installation import Clock, Progress, utc_now
from hcm_pipeline.plain_text import counted

STEADY = dt.timedelta(seconds=5)
"""So long a rate is not told: too little has happened."""


def sending(progress: Progress, clock: Clock = utc_now) -> Callable[[int, int], None]:
    """A receiver of (requests that are settled, requests in all), which tells of both with the rate and the expected end."""
    begun: list[tuple[dt.datetime, int]] = []

    def tell(settled: int, requests: int) -> None:
        now = clock()
        if not begun:
            begun.append((now, settled))
        progress(f"sent {settled:,} of {counted(requests, 'request')}{_outlook(*begun[0], now, settled, requests)}")

    return tell


def _outlook(since: dt.datetime, first: int, now: dt.datetime, settled: int, requests: int) -> str:
    """The rate, and when the last request will be settled at that rate; nothing while it is not known, or all is done."""
    took, done = now - since, settled - first
    if took < STEADY or done <= 0 or settled >= requests:
        return ""
    rate = done / took.total_seconds()
    end = now + dt.timedelta(seconds=(requests - settled) / rate)
    return f", {rate * 60:,.0f} a minute, the last at about {end.astimezone(dt.UTC):%H:%M}Z"
