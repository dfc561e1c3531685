"""Oracle HCM's feeds in Dagster: what was read of them as an asset, the job that polls, and its schedule.

A poll lets its readings lie in landing/, where the sensor `arrival` finds them: from there they go the way of every extract.
"""

import datetime as dt

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.code_versions import code_version
from hcm_pipeline.defs.expected import expected
from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.profile import Oracle, Profile

FEEDS_JOB = "poll_feeds"
FEEDS_SCHEDULE = "feeds_every_few_minutes"


class PollConfig(dg.Config):
    """The configuration of a poll. `full`: every worker is read, not only those whom an entry names."""

    full: bool = False


def build_feeds(profile: Profile) -> dg.Definitions:
    """The asset, the job and the schedule of following Oracle HCM; none for a profile that does not."""
    if profile.oracle is None:
        return dg.Definitions()
    job = dg.define_asset_job(
        FEEDS_JOB,
        selection=dg.AssetSelection.assets("feed_readings"),
        executor_def=dg.in_process_executor,
        description="Reads every feed of Oracle HCM once and the workers whom it names. Nothing is processed or sent by it.",
    )
    entries = dg.AssetSpec(
        "feed_entries",
        group_name="landing",
        owners=md.OWNERS,
        kinds={"oracle", "sqlite"},
        description="Entries of the Atom feeds of Oracle HCM, kept as they came in `feeds.sqlite`: each is a hint that a worker has"
        " changed. `feed_readings` records them.",
    )
    return dg.Definitions(
        assets=[entries, _readings(profile.oracle)], schedules=[_schedule(profile.oracle)], jobs=[job]
    )


def _readings(oracle: Oracle) -> dg.AssetsDefinition:
    late = dt.timedelta(minutes=max(60, 4 * oracle.poll_minutes))

    @dg.asset(
        name="feed_readings",
        deps=["feed_entries"],
        group_name="landing",
        owners=md.OWNERS,
        kinds={"oracle", "json"},
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=late),
        code_version=code_version("feeds", "oracle"),
        description="Workers as read from Oracle HCM after its feeds named them. Each poll lets extracts lie in landing/.",
    )
    def feed_readings(
        context: dg.AssetExecutionContext, config: PollConfig, pipeline: Pipeline
    ) -> dg.MaterializeResult[None]:
        with expected():
            done = flow.drain(
                pipeline.installation(context.log), full=config.full, progress=pipeline.progress(context.log)
            )
        for fault in done.faults:
            context.log.warning(fault)
        told = {"entries": done.entries, "new entries": done.new_entries, "poll": done.poll_no}
        context.log_event(dg.AssetMaterialization("feed_entries", metadata=told))
        return dg.MaterializeResult(
            metadata={
                "business date": done.business_date.isoformat(),
                "entries": done.entries,
                "new entries": done.new_entries,
                "workers read": done.workers,
                "workers that could not be read": done.unread,
                "missed events": done.missed,
                "parts that did not come": ", ".join(f"{part} of {n:,}" for part, n in done.gaps.items()) or "none",
                "calls": sum(done.calls.values()),
                "extracts": dg.MetadataValue.md(
                    "\n".join(f"- {name}" for name in done.files) or "none: nobody had changed"
                ),
            }
        )

    return feed_readings


def _schedule(oracle: Oracle) -> dg.ScheduleDefinition:
    """Polls by the clock. Two polls of a home never overlap: the second waits for the first."""
    minutes = oracle.poll_minutes
    cron = f"*/{minutes} * * * *" if minutes < 60 else f"0 */{max(1, minutes // 60)} * * *"
    running = dg.DefaultScheduleStatus.RUNNING if oracle.automatic else dg.DefaultScheduleStatus.STOPPED
    return dg.ScheduleDefinition(
        name=FEEDS_SCHEDULE,
        job_name=FEEDS_JOB,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=running,
        description="Polls the feeds of Oracle HCM. A run of a date follows by itself where workers have changed.",
    )
