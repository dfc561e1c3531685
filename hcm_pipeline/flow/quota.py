"""The room that the service's limits leave: the daily quota, and when an upload that begins now would end."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hcm_pipeline.delivery import ends_at
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.targets.entra import pace_of


@dataclass(frozen=True)
class QuotaOutlook:
    """For some requests: calls left of the quota, when the last may begin if all are sent now, and how long that takes at least."""

    left: int
    ends_at: dt.datetime
    least_seconds: float


def quota_outlook(installation: Installation, requests: int) -> QuotaOutlook:
    """Look at the calls that the quota still counts; nothing is started."""
    delivery, limits = installation.profile.delivery, installation.known_target.limits
    with installation.journal() as journal:
        made = pace_of(journal, installation.settings, delivery, clock=installation.clock).made()
    return QuotaOutlook(
        max(0, limits.quota - len(made)),
        ends_at(made, requests, installation.clock(), limits),
        round(requests / limits.calls * limits.window.total_seconds(), 1),
    )
