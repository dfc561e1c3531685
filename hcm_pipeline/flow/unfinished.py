"""Work that runs were started for and that none has done yet: kept by the shell that starts runs, read by views and alerts."""

from __future__ import annotations

from collections.abc import Sequence

from hcm_pipeline.alerts import FailedWork as FailedWork
from hcm_pipeline.alerts import FailedWorkRecords
from hcm_pipeline.home import Home


def keep_failed_work(home: Home, sensor: str, found: Sequence[FailedWork]) -> None:
    """The failed work that one sensor knows of is now this (`work` begins with the sensor's name and a colon)."""
    if not found and not home.alerts.is_file():
        return
    with FailedWorkRecords(home.alerts) as records:
        records.replace(sensor, found)


def failed_work(home: Home) -> list[FailedWork]:
    """All of it, oldest business date first."""
    if not home.alerts.is_file():
        return []
    with FailedWorkRecords(home.alerts) as records:
        return records.all()
