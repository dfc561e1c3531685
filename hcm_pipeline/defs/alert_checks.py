"""The checks of delivery, and telling people when one of their conditions begins or ends.

They are judged together, by one job that the sensor starts when there is something to tell: what they look at changes with
time alone (a source that goes stale) and not only with a run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.plain_text import counted, markdown

ALERTS_JOB = "tell_people"
NEVER, BEGINNING = -1.0, 0.0
"""Seconds that no check was judged at, and that every check has to be judged after."""


@dataclass(frozen=True)
class DeliveryCheck:
    """A check that fails while an alert of one of these kinds holds, or nobody can tell whether one does.

    `passes`: what a check says that found nothing.
    """

    name: str
    asset: str
    kinds: tuple[flow.AlertKind, ...]
    severity: dg.AssetCheckSeverity
    description: str
    passes: str

    @property
    def key(self) -> dg.AssetCheckKey:
        """Its key."""
        return dg.AssetCheckKey(dg.AssetKey(self.asset), self.name)


CHECKS = (
    DeliveryCheck("extract_is_fresh", "extracts",
                  (flow.AlertKind.STALE_EXTRACT, flow.AlertKind.PLACE_FAILING, flow.AlertKind.FEEDS_BEHIND),
                  dg.AssetCheckSeverity.WARN,
                  "Every source has delivered an extract within alerts.stale_after_hours, and places and feeds were read.",
                  "Every source that ever delivered has delivered in time."),
    DeliveryCheck("runs_do_their_work", "workers", (flow.AlertKind.RUN_FAILED, flow.AlertKind.UNPROCESSED),
                  dg.AssetCheckSeverity.ERROR, "No extract waits whose run failed, and none was taken and never processed.",
                  "No extract waits for a run."),
    DeliveryCheck("quota_is_left", "receipts", (flow.AlertKind.QUOTA,), dg.AssetCheckSeverity.WARN,
                  "More of the daily quota of calls is left than alerts.quota_left_percent.",
                  "Enough of the daily quota is left."),
    DeliveryCheck("job_is_processing", "outcomes", (flow.AlertKind.JOB_STOPPED,), dg.AssetCheckSeverity.ERROR,
                  "The synchronization job is not paused, in quarantine or silent.",
                  "Nothing is known against the job."),
    DeliveryCheck("no_operation_missing", "outcomes", (flow.AlertKind.MISSING,), dg.AssetCheckSeverity.ERROR,
                  "The log speaks of every accepted operation within outcomes.missing_after_minutes.",
                  "No operation is missing from the log."),
    DeliveryCheck("no_value_stays", "outcomes", (flow.AlertKind.STALE_VALUES,), dg.AssetCheckSeverity.WARN,
                  "No account keeps a value that HR has cleared because the job does not flow nulls.",
                  "No cleared value stays."),
    DeliveryCheck("failures_within_limit", "outcomes", (flow.AlertKind.FAILURES,), dg.AssetCheckSeverity.ERROR,
                  "At most so many workers as alerts.failures allows could not be delivered.",
                  "The number of failures is within the limit."),
)  # fmt: skip


def not_judged(instance: dg.DagsterInstance) -> list[str]:
    """The checks of delivery that were never judged in this instance, or not since their asset was made by a run that has ended.

    The UI shows them as not evaluated, or as skipped, and nobody may take them for passed.
    """
    records = instance.event_log_storage.get_latest_asset_check_execution_by_key([check.key for check in CHECKS])
    made = {asset: _made_at(instance, asset) for asset in {check.asset for check in CHECKS}}
    return [check.name for check in CHECKS if _judged_at(records.get(check.key)) < made[check.asset]]


def _judged_at(record: Any) -> float:
    """When a check was last judged; before all time when it was only planned to be."""
    event = record.event if record else None
    return float(event.timestamp) if event and event.asset_check_evaluation else NEVER


def _made_at(instance: dg.DagsterInstance, asset: str) -> float:
    """When an asset was last made by a run that has ended. One that was never made was so since the beginning of time."""
    event = instance.get_latest_materialization_event(dg.AssetKey(asset))
    run = instance.get_run_by_id(event.run_id) if event else None
    return event.timestamp if event and (run is None or run.is_finished) else BEGINNING


def build_alerts() -> dg.AssetChecksDefinition:
    """The checks; the job `tell_people` judges them."""

    @dg.multi_asset_check(
        name="delivery_checks",
        specs=[dg.AssetCheckSpec(check.name, asset=check.asset, description=check.description) for check in CHECKS],
        can_subset=True,
    )
    def delivery_checks(context: dg.AssetCheckExecutionContext, pipeline: Pipeline) -> Iterator[Any]:
        installation = pipeline.installation(context.log)
        found = flow.look(installation)
        chosen = context.op_execution_context.selected_asset_check_keys
        for check in CHECKS:
            if check.key not in chosen:
                continue
            failed = [alert for alert in found if {alert.kind, *alert.in_doubt} & set(check.kinds)]
            yield dg.AssetCheckResult(
                passed=not failed,
                check_name=check.name,
                asset_key=check.asset,
                severity=check.severity,
                description=markdown("; ".join(alert.title for alert in failed) or check.passes),
                metadata={name: value for alert in failed for name, value in alert.facts.items()},
            )
        dispatched = flow.tell_receivers(installation, found)
        for error in dispatched.errors:
            context.log.warning(f"an alert was not delivered and is tried again: {error}")
        context.log.info(f"{counted(len(found), 'alert', 'hold')}, {counted(dispatched.sent, 'message', 'were')} sent")

    return delivery_checks
