"""The schedule of the daily delta."""

from __future__ import annotations

import datetime as dt

import dagster as dg

from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.assets import DAILY_JOB


def build_schedule() -> dg.ScheduleDefinition:
    """Every morning: today's business date, with or without a file (a day without one is carried forward)."""

    @dg.schedule(
        name="daily_delta_at_six",
        job_name=DAILY_JOB,
        cron_schedule="0 6 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Runs today's business date at 06:00 UTC, with or without a file: who starts or leaves on a day does so then. "
        "The arrival sensor runs the dates of files by itself.",
    )
    def daily_delta_at_six(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = (context.scheduled_execution_time or dt.datetime.now(dt.UTC)).date().isoformat()
        return dg.RunRequest(run_key=day, partition_key=day, tags={md.DATE_TAG: day})

    return daily_delta_at_six
