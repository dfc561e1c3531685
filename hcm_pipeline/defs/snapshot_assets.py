"""The assets of a business date: extracts, workers, rows in quarantine, changes, identities. One step makes them all."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.expected import expected
from hcm_pipeline.defs.partitions import PREVIOUS_DAY, business_dates
from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.errors import ExtractHeld, GuardStop
from hcm_pipeline.plain_text import shown
from hcm_pipeline.profile import Profile

WHOLE_CHECK = "extracts_are_whole"
QUARANTINE_CHECK = "quarantine_within_limit"
ROWS_CHECK = "every_row_accounted_for"
NAMES_CHECK = "names_are_unique"


def _extracts_spec(profile: Profile) -> dg.AssetSpec:
    stale = profile.alerts.stale_after_hours
    policy = dg.FreshnessPolicy.time_window(fail_window=dt.timedelta(hours=stale)) if stale else None
    return dg.AssetSpec(
        "extracts",
        deps=["feed_readings"] if profile.oracle else [],
        group_name="landing",
        owners=md.OWNERS,
        kinds={"csv", "file"},
        metadata=md.schema(md.EXTRACTS_COLUMNS),
        freshness_policy=policy,
        description="Delivered files of a business date, taken for a source, a date and bytes, and kept unchanged.",
    )


def _snapshot_specs(profile: Profile) -> list[dg.AssetSpec]:
    return [
        _extracts_spec(profile),
        dg.AssetSpec(
            "workers",
            deps=["extracts", dg.AssetDep("workers", partition_mapping=PREVIOUS_DAY)],
            group_name="workers",
            metadata=md.schema(md.workers_columns(profile)),
            description="Every worker as known for the business date: the snapshot before, and what is new. "
            "A version is kept from the day it became true to the day it ceased to be.",
            owners=md.OWNERS,
            kinds={"duckdb", "pandera"},
        ),
        dg.AssetSpec(
            "quarantined_rows",
            deps=["extracts"],
            group_name="workers",
            metadata=md.schema(md.QUARANTINE_COLUMNS),
            description="Rows that break a rule of the contract, each with every rule, column and class of value. "
            "The worker keeps the last good value of each bad cell.",
            owners=md.OWNERS,
            kinds={"duckdb", "pandera"},
        ),
        dg.AssetSpec(
            "changes",
            deps=["workers"],
            group_name="workers",
            metadata=md.schema(md.CHANGES_COLUMNS),
            description="Workers that differ from the snapshot before, in which attributes, and what that is called: joiner, "
            "mover, leaver, rehire and so on.",
            owners=md.OWNERS,
            kinds={"duckdb", "pandera"},
        ),
        dg.AssetSpec(
            "identities",
            deps=["workers"],
            group_name="identity",
            metadata=md.schema(md.IDENTITIES_COLUMNS),
            description="The ledger of userPrincipalName and sAMAccountName: given once, kept for life.",
            owners=md.OWNERS,
            kinds={"duckdb"},
        ),
    ]


def _snapshot_checks() -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(
            WHOLE_CHECK,
            asset="workers",
            blocking=True,
            description="Nothing speaks against the extracts, or a person has accepted them: row counts, cohorts, trailer, "
            "columns, dates (workers.whole).",
        ),
        dg.AssetCheckSpec(
            QUARANTINE_CHECK,
            asset="workers",
            blocking=True,
            description="No more rows go to quarantine than workers.quarantine_limit allows.",
        ),
        dg.AssetCheckSpec(
            ROWS_CHECK,
            asset="workers",
            blocking=True,
            description="Every row of the extracts is in the snapshot, a repeat, passed over by rule, or in quarantine.",
        ),
        dg.AssetCheckSpec(
            NAMES_CHECK,
            asset="identities",
            blocking=True,
            description="No two workers hold one userPrincipalName or sAMAccountName, whatever the case.",
        ),
    ]


def build_snapshot(profile: Profile) -> dg.AssetsDefinition:
    """The step that lands extracts and makes the snapshot of each business date, its changes and its names."""

    @dg.multi_asset(
        name="snapshot",
        partitions_def=business_dates(profile),
        backfill_policy=dg.BackfillPolicy.single_run(),
        specs=_snapshot_specs(profile),
        check_specs=_snapshot_checks(),
    )
    def snapshot(context: dg.AssetExecutionContext, pipeline: Pipeline) -> Iterator[Any]:
        with expected():
            yield from _snapshot(context, pipeline)

    return snapshot


def _snapshot(context: dg.AssetExecutionContext, pipeline: Pipeline) -> Iterator[Any]:
    installation = pipeline.installation(context.log)
    yield _land(context, installation)
    wanted = [dt.date.fromisoformat(key) for key in context.partition_keys]
    done, stop = _process(context, pipeline, installation, wanted)
    yield from _stop_checks(installation, done, stop)
    if stop is not None:
        raise stop
    yield from _audit_checks(flow.audit(installation.warehouse, wanted[0], wanted[-1]))
    yield from _materialized(context, done, wanted)


def _process(
    context: dg.AssetExecutionContext, pipeline: Pipeline, installation: flow.Installation, wanted: list[dt.date]
) -> tuple[list[flow.DayCounts], GuardStop | None]:
    """The days that were processed, and what stopped the one after them, if anything did."""
    done: list[flow.DayCounts] = []
    progress = pipeline.progress(context.log)
    try:
        for counts in flow.process(installation.warehouse, installation.loaded, wanted, progress=progress):
            done.append(counts)
            context.log.info(_said(counts))
    except GuardStop as stop:
        return done, stop
    finally:
        installation.warehouse.publish()
    return done, None


def _stop_checks(
    installation: flow.Installation, done: Sequence[flow.DayCounts], stop: GuardStop | None
) -> Iterator[dg.AssetCheckResult]:
    stopped = sum(counts.stopped is not None for counts in done)
    left_out = [why for counts in done for why in counts.refused]
    unread = {"left_out": "; ".join(left_out)} if left_out else {}
    verdicts = {"verdicts": md.verdict_table(flow.holding(installation))} if stop else {}
    for check, kept in (
        (WHOLE_CHECK, not isinstance(stop, ExtractHeld)),
        (QUARANTINE_CHECK, stop is None or isinstance(stop, ExtractHeld)),
    ):
        yield dg.AssetCheckResult(
            passed=kept and not (unread and check == WHOLE_CHECK),
            check_name=check,
            asset_key="workers",
            severity=dg.AssetCheckSeverity.ERROR if not kept else dg.AssetCheckSeverity.WARN,
            metadata={
                "stopped_days": stopped,
                **({"reason": str(stop), **verdicts} if not kept else {}),
                **(unread if check == WHOLE_CHECK else {}),
            },
        )


def _audit_checks(found: flow.Audit) -> Iterator[dg.AssetCheckResult]:
    lost, doubles = found.unaccounted_rows, found.names_held_twice
    yield dg.AssetCheckResult(
        passed=lost == 0, check_name=ROWS_CHECK, asset_key="workers", metadata={"unaccounted_rows": lost}
    )
    yield dg.AssetCheckResult(
        passed=doubles == 0, check_name=NAMES_CHECK, asset_key="identities", metadata={"names_held_twice": doubles}
    )


def _materialized(
    context: dg.AssetExecutionContext, done: Sequence[flow.DayCounts], wanted: Sequence[dt.date]
) -> Iterator[dg.MaterializeResult[None]]:
    asked = [counts for counts in done if counts.business_date in set(wanted)]
    for counts in asked:
        for asset, values in _day_metadata(counts).items():
            context.add_asset_metadata(values, asset_key=asset, partition_key=counts.business_date.isoformat())
    version = dg.DataVersion(asked[-1].state)
    rebuilt = len(done) - len(asked)
    for asset in ("workers", "quarantined_rows", "changes", "identities"):
        yield dg.MaterializeResult(asset_key=asset, data_version=version, metadata={"later_days_rebuilt": rebuilt})


def _land(context: dg.AssetExecutionContext, installation: flow.Installation) -> dg.MaterializeResult[None]:
    """Take what lies in landing/, and tell the extracts of the run's dates."""
    results = flow.land_all(installation, wait=True)
    for result in results:
        context.log.info(shown(f"{result.name}: {result.result}: {result.message}"))
    listed: list[flow.RunExtract] = []
    for key in context.partition_keys:
        day = flow.extracts_of(installation, dt.date.fromisoformat(key))
        listed += day
        context.add_asset_metadata(_extracts_metadata(day), asset_key="extracts", partition_key=key)
    if listed:
        tags = {f"{md.EXTRACT_TAG}/{one.sha256[:12]}": one.name[:60] for one in listed[:20]}
        context.instance.add_run_tags(context.run.run_id, tags)
    return dg.MaterializeResult(
        asset_key="extracts",
        metadata={"left_in_landing": sum(r.result in {"left", "refused"} for r in results), **_unreached(results)},
        data_version=dg.DataVersion(("+".join(one.sha256[:16] for one in listed) or "none")[:200]),
    )


def _unreached(results: Sequence[flow.Landed]) -> dict[str, str]:
    """The places that failed, when there are some."""
    failed = [result.name for result in results if result.result == "unreachable"]
    return {"places_not_reached": ", ".join(failed)} if failed else {}


def _extracts_metadata(day: Sequence[flow.RunExtract]) -> dict[str, Any]:
    columns = ("sha256", "source", "name", "size_bytes", "encoding", "delimiter", "status")
    return {
        "files": len(day),
        "bytes": sum(one.size_bytes for one in day),
        "extracts": md.table([{name: getattr(one, name) for name in columns} for one in day], columns),
    }


def _said(counts: flow.DayCounts) -> str:
    if counts.refused:
        return f"{_said(replace(counts, refused=()))}; left out: {'; '.join(counts.refused)}"
    if counts.stopped:
        return f"{counts.business_date}: stopped, {counts.quarantined:,} rows in quarantine"
    if counts.unchanged:
        return f"{counts.business_date}: unchanged, {counts.workers:,} workers"
    kinds = ", ".join(f"{n:,} {kind}s" for kind, n in counts.changes.items()) or "no changes"
    return f"{counts.business_date}: {counts.workers:,} workers; {kinds}; {counts.quarantined:,} rows in quarantine"


def _day_metadata(counts: flow.DayCounts) -> dict[str, dict[str, Any]]:
    reasons = [dg.TableRecord({"reason": reason, "rows": rows}) for reason, rows in counts.reasons.items()]
    return {
        "workers": {
            "dagster/partition_row_count": counts.workers,
            "workers": counts.workers,
            "rows_read": counts.rows,
            "identical_repeats": counts.collapsed,
            "passed_over_by_rule": counts.passed_over,
            "absent_but_kept": counts.absent,
            "manager_warnings": counts.manager_warnings,
            "carried_forward": counts.extracts == 0,
        },
        "quarantined_rows": {
            "dagster/partition_row_count": counts.quarantined,
            "quarantined": counts.quarantined,
            "reasons": dg.TableMetadataValue(
                reasons, dg.TableSchema([dg.TableColumn("reason", "string"), dg.TableColumn("rows", "int")])
            ),
        },
        "changes": {"dagster/partition_row_count": sum(counts.changes.values()), **md.kinds_of(counts.changes)},
        "identities": {"names_given": counts.identities_given},
    }
