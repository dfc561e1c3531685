"""The schedule of the daily delta."""

from __future__ import annotations

import datetime as dt

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.defs.assets import DAILY_JOB
from hcm_pipeline.defs.tries import Work
from hcm_pipeline.profile import Profile

SCHEDULE = "daily_delta_at_six"


def build_schedule(profile: Profile) -> dg.ScheduleDefinition:
    """Every morning: today's business date, with or without a file (a day without one is carried forward)."""

    zone = profile.workers.life.zone

    @dg.schedule(
        name=SCHEDULE,
        job_name=DAILY_JOB,
        cron_schedule="0 6 * * *",
        execution_timezone=zone,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Runs today's business date at 06:00 of the zone of workers.life, with or without a file: who starts or "
        "leaves on a day does so then. The arrival sensor runs the dates of files by itself, and a run again that failed.",
    )
    def daily_delta_at_six(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = profile.workers.life.day_of(context.scheduled_execution_time or flow.utc_now()).isoformat()
        work = Work(f"{SCHEDULE}:{day}", dt.date.fromisoformat(day))
        return dg.RunRequest(run_key=day, partition_key=day, tags=work.tags)

    return daily_delta_at_six
