"""Business dates as Dagster partitions."""

from __future__ import annotations

import dagster as dg

from hcm_pipeline.profile import Profile


def business_dates(profile: Profile) -> dg.DailyPartitionsDefinition:
    """Daily partitions from the profile's first business date to today: nobody plans a date ahead of the clock by choosing it."""
    return dg.DailyPartitionsDefinition(start_date=profile.start_date, end_offset=1, timezone=profile.workers.life.zone)


PREVIOUS_DAY = dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
