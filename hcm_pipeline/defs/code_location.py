"""Everything that Dagster loads, in one function."""

from __future__ import annotations

import warnings

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.defs.alert_checks import ALERTS_JOB, CHECKS, build_alerts
from hcm_pipeline.defs.assets import DAILY_JOB, build_assets
from hcm_pipeline.defs.delivery_jobs import approve_job, outcomes_job, reject_job, upload_job
from hcm_pipeline.defs.directory_assets import build_directories
from hcm_pipeline.defs.feed_assets import build_feeds
from hcm_pipeline.defs.held_extracts import decide_extract_job
from hcm_pipeline.defs.page_assets import build_pages_sensor, pages_asset
from hcm_pipeline.defs.resources import pipeline_of
from hcm_pipeline.defs.schedules import build_schedule
from hcm_pipeline.defs.sensors import build_sensors
from hcm_pipeline.defs.writeback_assets import build_writeback
from hcm_pipeline.settings import Settings

# Dagster marks backfill_policy and owners as beta, and partitions of checks as a preview, at every use; the versions they were
# measured with are pinned
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)


def build(settings: Settings) -> dg.Definitions:
    """The code location for a home and a profile. Raises ProfileError when the profile cannot be used."""
    profile = flow.load_profile(settings.profile).profile
    delivery_checks = dg.AssetSelection.checks(*(check.key for check in CHECKS))
    daily = dg.define_asset_job(
        DAILY_JOB,
        selection=dg.AssetSelection.assets("extracts", "workers", "quarantined_rows", "changes", "identities",
                                           "desired_users", "manifest")
        - delivery_checks,
        executor_def=dg.in_process_executor,
        description="From landed extracts to the manifest, for one business date or a range of them.",
    )  # fmt: skip
    alerts = dg.define_asset_job(
        ALERTS_JOB,
        selection=delivery_checks,
        executor_def=dg.in_process_executor,
        description="Judges the checks of delivery, and tells people of what has begun or ended. Started by `something_to_tell`.",
    )
    own = dg.Definitions(
        assets=[*build_assets(profile), *build_directories(profile), pages_asset],
        asset_checks=[build_alerts()],
        jobs=[daily, decide_extract_job, upload_job, outcomes_job, approve_job, reject_job, alerts],
        sensors=[*build_sensors(profile, sandbox=settings.target is None), build_pages_sensor()],
        schedules=[build_schedule(profile)],
        resources={"pipeline": dg.ResourceDefinition.hardcoded_resource(pipeline_of(settings))},
        executor=dg.in_process_executor,
    )
    parts = [
        build(profile)
        for asked, build in ((profile.oracle, build_feeds), (profile.writeback, build_writeback))
        if asked
    ]
    return dg.Definitions.merge(own, *parts) if parts else own
