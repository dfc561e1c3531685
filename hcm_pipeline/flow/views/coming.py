"""The view of what is coming: workers whose stage will be another by a date."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.views.days import newest_date
from hcm_pipeline.workers import Coming
from hcm_pipeline.workers import forecast as coming_by


@dataclass(frozen=True)
class Forecast:
    """Workers whose stage or account will be another by the end of `date`, from what is known on `known_on`."""

    date: dt.date
    known_on: dt.date
    kinds: Mapping[str, int]
    workers: list[Coming]


def forecast(installation: Installation, date: dt.date) -> Forecast | None:
    """Look ahead; None for a date that is not after the newest one."""
    with installation.warehouse.read() as con:
        newest = newest_date(con)
        if newest is None or date <= newest:
            return None
        coming = coming_by(con, installation.profile, date)
    return Forecast(date, newest, Counter(one.kind for one in coming), coming)
