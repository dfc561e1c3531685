"""The assets: thin shells over the use cases, in the order of the flow.

A run over a range of business dates is one run that commits day by day; each asset's metadata is kept per date.

Two things in Dagster 1.13 shape the steps. It puts a self-dependent asset into one run with its parents only when one
step makes them all, so the step that makes `workers` lands the extracts too. And a backfill launched with partition
names is refused, for some orders in which sets are walked, when the keys of one step are reached over different
numbers of arrows: it then compares equal subsets as unequal. So each key has one arrow, from the last thing it is made
of, and what lies before that is reached through it.
"""

from __future__ import annotations

import dagster as dg

from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.partitions import business_dates
from hcm_pipeline.defs.plan_assets import build_plan
from hcm_pipeline.defs.snapshot_assets import build_snapshot
from hcm_pipeline.profile import Profile

DAILY_JOB = "daily_delta"


def build_assets(profile: Profile) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Every asset, for a profile's business dates and columns."""
    return [build_snapshot(profile), build_plan(profile), *_sent(profile)]


def _sent(profile: Profile) -> list[dg.AssetSpec]:
    """The assets that jobs record: what was accepted, and what became of it."""
    partitions = business_dates(profile)
    receipts = dg.AssetSpec(
        "receipts",
        deps=["manifest"],
        group_name="delivery",
        owners=md.OWNERS,
        kinds={"sqlite", "duckdb"},
        partitions_def=partitions,
        metadata=md.schema(md.RECEIPTS_COLUMNS),
        description="What was sent and accepted, request by request. Recorded by the upload job.",
    )
    outcomes = dg.AssetSpec(
        "outcomes",
        deps=["receipts"],
        group_name="delivery",
        owners=md.OWNERS,
        kinds={"duckdb"},
        partitions_def=partitions,
        metadata=md.schema(md.RECEIPTS_COLUMNS),
        description="What the provisioning log says became of every operation. Recorded by the outcomes job.",
    )
    return [receipts, outcomes]
