"""The assets: thin shells over the use cases, in the order of the flow.

A run over a range of business dates is one run that commits day by day; each date's events are logged as it commits. A plan is of
no date: `desired_users` and `manifest` have no partitions, and a backfill of a range makes them once, in a run after it.

Two things in Dagster 1.13 shape the steps. It puts a self-dependent asset into one run with its parents only when one step makes
them all, so the step that makes `workers` lands the extracts too. And a backfill launched with partition names is refused, for some
orders in which sets are walked, when the keys of one step are reached over different numbers of arrows: it then compares equal
subsets as unequal. So each key of a date has one arrow, from the last thing it is made of, and what lies before that is reached
through it.
"""

from __future__ import annotations

import dagster as dg

from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.delivery_jobs import outcomes_asset, receipts_asset
from hcm_pipeline.defs.plan_assets import build_plan
from hcm_pipeline.defs.snapshot_assets import build_snapshot
from hcm_pipeline.profile import Profile

DAILY_JOB = "daily_delta"


def build_assets(profile: Profile) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Every asset, for a profile's business dates and columns."""
    return [build_snapshot(profile), build_plan(profile), _delivered(profile), receipts_asset, outcomes_asset]


def _delivered(profile: Profile) -> dg.AssetSpec:
    """The state that a plan compares with. No arrow leads here from `outcomes`: Dagster draws no circle."""
    return dg.AssetSpec(
        "delivered_users",
        group_name="delivery",
        owners=md.OWNERS,
        kinds={"duckdb"},
        metadata={**md.desired_columns(profile), **md.ONE_WORKER},
        description="What the target has, by all that `receipts` and `outcomes` of earlier manifests say: the other half of the "
        "difference that a manifest is. Every plan brings it up to date before it compares, and records it.",
    )
