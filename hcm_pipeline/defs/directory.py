"""The live directory as an asset of its own: read when somebody or a schedule materializes it, and kept with its time.

No arrow leads from it to `identities`: an asset without partitions beside daily ones would make a backfill of a range two
runs. What names need of it, they ask the warehouse for.
"""

import datetime as dt

import dagster as dg

from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.delivery.target import describe, open_target
from hcm_pipeline.entra import GraphClient
from hcm_pipeline.identity.directory.graph import refresh
from hcm_pipeline.processing import utc_now
from hcm_pipeline.profile import Profile


def build_directory(profile: Profile) -> dg.AssetsDefinition:
    """The asset `directory`, stale after the hours that the profile allows."""
    hours = profile.identity.directory_max_age_hours
    policy = dg.FreshnessPolicy.time_window(fail_window=dt.timedelta(hours=hours)) if hours else None

    @dg.asset(
        name="directory",
        group_name="identity",
        owners=md.OWNERS,
        kinds={"duckdb", "azure"},
        metadata=md.schema(md.DIRECTORY_COLUMNS),
        freshness_policy=policy,
        description="Users, deleted users and groups of the target's directory: nobody is given a name that one of them holds, and "
        "their accounts are adopted.",
    )
    def directory(context: dg.AssetExecutionContext, pipeline: Pipeline) -> dg.MaterializeResult[None]:
        with open_target(pipeline.settings) as target, GraphClient(target) as client:
            context.log.info(describe(target))
            count = refresh(
                pipeline.warehouse(context.log), client, clock=utc_now, progress=pipeline.progress(context.log)
            )
        return dg.MaterializeResult(metadata={"dagster/row_count": count})

    return directory
