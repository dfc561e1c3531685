"""When an upload would end, at the pace that the service allows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from hcm_pipeline.entra.timing import UPLOAD_RATE, Rate


def ends_at(
    made: Sequence[dt.datetime], requests: int, now: dt.datetime, *, quota: Rate, rate: Rate = UPLOAD_RATE
) -> dt.datetime:
    """When the last of so many calls may begin, if none has to be repeated and nobody else calls.

    `made` are the calls that the quota still counts, oldest first. The quota is no budget of a calendar day: each call frees
    its place a day after it was made.
    """
    calls = list(made)
    for _ in range(requests):
        free = [limit.free_at(calls[-limit.calls], now) for limit in (quota, rate) if len(calls) >= limit.calls]
        calls.append(max([now, *calls[-1:], *free]))
    return max([now, *calls[-1:]]) if requests else now
