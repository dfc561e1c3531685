"""Business dates as Dagster partitions."""

from __future__ import annotations

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.profile import Profile


def business_dates(profile: Profile) -> dg.DailyPartitionsDefinition:
    """Daily partitions from the profile's first business date to as far ahead as a file may be dated."""
    return dg.DailyPartitionsDefinition(start_date=profile.start_date, end_offset=flow.DAYS_AHEAD + 1)


PREVIOUS_DAY = dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
