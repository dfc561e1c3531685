"""The checks of delivery, and telling people when one of their conditions begins or ends.

They are judged together, by one job that the sensor starts when there is something to tell: what they look at changes with
time alone (a source that goes stale) and not only with a run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg

from hcm_pipeline.alerts import (
    Alert,
    AlertKind,
    Observations,
    Outbox,
    anything_to_tell,
    find_alerts,
    receivers_of,
    tell,
)
from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.delivery import Journal
from hcm_pipeline.http import utc_now
from hcm_pipeline.targets.entra.connection import known_target

ALERTS_JOB = "tell_people"


@dataclass(frozen=True)
class DeliveryCheck:
    """A check that fails while an alert of one of these kinds holds."""

    name: str
    asset: str
    kinds: tuple[AlertKind, ...]
    severity: dg.AssetCheckSeverity
    description: str

    @property
    def key(self) -> dg.AssetCheckKey:
        """Its key."""
        return dg.AssetCheckKey(dg.AssetKey(self.asset), self.name)


CHECKS = (
    DeliveryCheck("extract_is_fresh", "extracts", (AlertKind.STALE_EXTRACT,), dg.AssetCheckSeverity.WARN,
                  "Every source has delivered an extract within alerts.stale_after_hours."),
    DeliveryCheck("quota_is_left", "receipts", (AlertKind.QUOTA,), dg.AssetCheckSeverity.WARN,
                  "More of the daily quota of calls is left than alerts.quota_left_percent."),
    DeliveryCheck("job_is_processing", "outcomes", (AlertKind.JOB_STOPPED,), dg.AssetCheckSeverity.ERROR,
                  "The synchronization job is not paused, in quarantine or silent."),
    DeliveryCheck("no_operation_missing", "outcomes", (AlertKind.MISSING,), dg.AssetCheckSeverity.ERROR,
                  "The log speaks of every accepted operation within outcomes.missing_after_minutes."),
    DeliveryCheck("failures_within_limit", "outcomes", (AlertKind.FAILURES,), dg.AssetCheckSeverity.ERROR,
                  "No more workers could not be delivered than alerts.failures allows."),
)  # fmt: skip


def build_alerts() -> dg.AssetChecksDefinition:
    """The checks; the job `tell_people` judges them."""

    @dg.multi_asset_check(
        name="delivery_checks",
        specs=[dg.AssetCheckSpec(check.name, asset=check.asset, description=check.description) for check in CHECKS],
        can_subset=True,
    )
    def delivery_checks(context: dg.AssetCheckExecutionContext, pipeline: Pipeline) -> Iterator[Any]:
        found = _holding(pipeline)
        chosen = context.op_execution_context.selected_asset_check_keys
        for check in CHECKS:
            if check.key not in chosen:
                continue
            failed = [alert for alert in found if alert.kind in check.kinds]
            yield dg.AssetCheckResult(
                passed=not failed,
                check_name=check.name,
                asset_key=check.asset,
                severity=check.severity,
                description="; ".join(alert.title for alert in failed) or None,
                metadata={name: value for alert in failed for name, value in alert.facts.items()},
            )
        profile = pipeline.loaded.profile
        with Outbox(pipeline.home.alerts) as outbox:
            told = tell(outbox, found, receivers_of(profile.alerts, pipeline.settings.alerts), profile, utc_now)
        for error in told.errors:
            context.log.warning(f"an alert was not delivered and is tried again: {error}")
        context.log.info(f"{len(found)} alerts hold, {told.sent} messages were sent")

    return delivery_checks


def something_new(pipeline: Pipeline) -> bool:
    """Whether people have something to be told."""
    receivers = receivers_of(pipeline.loaded.profile.alerts, pipeline.settings.alerts)
    found = _holding(pipeline)
    with Outbox(pipeline.home.alerts) as outbox:
        return anything_to_tell(outbox, found, receivers, utc_now)


def _holding(pipeline: Pipeline) -> list[Alert]:
    """What holds, as the read copy and the journal know it."""
    settings, profile = pipeline.settings, pipeline.loaded.profile
    with pipeline.warehouse(dg.get_dagster_logger()).read() as con, Journal(pipeline.home.journal) as journal:
        target = known_target(settings, profile.delivery)
        return find_alerts(con, Observations.of(con, target.key), journal, target, profile, utc_now())
