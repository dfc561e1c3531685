"""When an upload would end, at the pace that the service allows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from hcm_pipeline.delivery.state.pacing import DAY
from hcm_pipeline.delivery.target import Limits
from hcm_pipeline.http import Rate


def ends_at(made: Sequence[dt.datetime], requests: int, now: dt.datetime, limits: Limits) -> dt.datetime:
    """When the last of so many calls may begin, if none has to be repeated and nobody else calls.

    `made` are the calls that the quota still counts, oldest first. The quota is no budget of a calendar day: each call frees
    its place a day after it was made.
    """
    calls = list(made)
    for _ in range(requests):
        both = (Rate(limits.quota, DAY), Rate(limits.calls, limits.window))
        free = [limit.free_at(calls[-limit.calls], now) for limit in both if len(calls) >= limit.calls]
        calls.append(max([now, *calls[-1:], *free]))
    return max([now, *calls[-1:]]) if requests else now
