"""The room that the service's limits leave: the daily quota, and when an upload that begins now would end."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hcm_pipeline.delivery.send.eta import ends_at
from hcm_pipeline.delivery.state.pacing import DAY, pace_of
from hcm_pipeline.entra.timing import UPLOAD_RATE, Rate
from hcm_pipeline.flow.installation import Installation


@dataclass(frozen=True)
class QuotaOutlook:
    """For some requests: calls left of the quota, when the last may begin if all are sent now, and how long that takes at least."""

    left: int
    ends_at: dt.datetime
    least_seconds: float


def quota_outlook(installation: Installation, requests: int) -> QuotaOutlook:
    """Look at the calls that the quota still counts; nothing is started."""
    delivery = installation.profile.delivery
    quota = Rate(delivery.own_quota, DAY)
    with installation.journal() as journal:
        made = pace_of(journal, installation.settings, delivery, clock=installation.clock).made()
    return QuotaOutlook(
        max(0, quota.calls - len(made)),
        ends_at(made, requests, installation.clock(), quota=quota),
        round(requests / UPLOAD_RATE.calls * UPLOAD_RATE.per.total_seconds(), 1),
    )
