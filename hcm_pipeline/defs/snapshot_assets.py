"""The assets of a business date: extracts, workers, rows in quarantine, changes, identities. One step makes them all."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.code_versions import SNAPSHOT_ROOMS, code_version
from hcm_pipeline.defs.expected import expected
from hcm_pipeline.defs.held_extracts import deciding_about
from hcm_pipeline.defs.partitions import PREVIOUS_DAY, business_dates
from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.errors import ExtractHeld, GuardStop, PipelineError
from hcm_pipeline.plain_text import counted, markdown, shown
from hcm_pipeline.profile import Profile

WHOLE_CHECK = "extracts_are_whole"
QUARANTINE_CHECK = "quarantine_within_limit"
ROWS_CHECK = "every_row_accounted_for"
NAMES_CHECK = "names_are_unique"
CHECKS_OF_DATES = (
    ("workers", WHOLE_CHECK),
    ("workers", QUARANTINE_CHECK),
    ("workers", ROWS_CHECK),
    ("identities", NAMES_CHECK),
)
WAREHOUSE_POOL = "warehouse"
"""Runs that write the warehouse are in this pool: Dagster starts one after the other, instead of letting one wait inside."""


def _extracts_spec(profile: Profile, version: str) -> dg.AssetSpec:
    stale = profile.alerts.stale_after_hours
    policy = dg.FreshnessPolicy.time_window(fail_window=dt.timedelta(hours=stale)) if stale else None
    return dg.AssetSpec(
        "extracts",
        skippable=True,
        deps=["feed_readings"] if profile.oracle else [],
        group_name="landing",
        owners=md.OWNERS,
        kinds={"csv", "file"},
        metadata=dict(md.extract_columns(profile)),
        code_version=version,
        freshness_policy=policy,
        description="Delivered files of a business date, taken for a source, a date and bytes, and kept unchanged.",
    )


def _snapshot_specs(profile: Profile) -> list[dg.AssetSpec]:
    """All but `identities` are skippable: each date's events are logged as the date commits, and the step has no result for them.

    The next step of the run hangs on `identities`, which is told once more at the end of the run.
    """
    version = code_version(*SNAPSHOT_ROOMS)
    return [
        _extracts_spec(profile, version),
        dg.AssetSpec(
            "workers",
            skippable=True,
            deps=["extracts", dg.AssetDep("workers", partition_mapping=PREVIOUS_DAY)],
            group_name="workers",
            metadata={**md.workers_columns(profile), **md.ONE_WORKER},
            code_version=version,
            description="Every worker as known for the business date: the snapshot before, and what is new. "
            "A version is kept from the day it became true to the day it ceased to be.",
            owners=md.OWNERS,
            kinds={"duckdb", "pandera"},
        ),
        dg.AssetSpec(
            "quarantined_rows",
            skippable=True,
            deps=["extracts"],
            group_name="workers",
            metadata={**md.schema_of("quarantined_rows", md.QUARANTINE_COLUMNS), **md.ONE_WORKER},
            code_version=version,
            description="Rows that break a rule of the contract, each with every rule, column and class of value. "
            "The worker keeps the last good value of each bad cell.",
            owners=md.OWNERS,
            kinds={"duckdb", "pandera"},
        ),
        dg.AssetSpec(
            "changes",
            skippable=True,
            deps=["workers"],
            group_name="workers",
            metadata={**md.schema_of("changes", md.CHANGES_COLUMNS), **md.ONE_WORKER},
            code_version=version,
            description="Workers that differ from the snapshot before, in which attributes, and what that is called: joiner, "
            "mover, leaver, rehire and so on.",
            owners=md.OWNERS,
            kinds={"duckdb", "pandera"},
        ),
        dg.AssetSpec(
            "identities",
            deps=["workers"],
            group_name="identity",
            metadata={**md.identities_columns(profile), **md.ONE_WORKER},
            code_version=version,
            description="The ledger of userPrincipalName and sAMAccountName: given once, kept for life.",
            owners=md.OWNERS,
            kinds={"duckdb"},
        ),
    ]


def _snapshot_checks(partitions: dg.PartitionsDefinition[Any]) -> list[dg.AssetCheckSpec]:
    described = {
        (
            "workers",
            WHOLE_CHECK,
        ): "No finding holds back the extracts, or a person has accepted them: row counts, cohorts, "
        "trailer, columns, dates (workers.whole).",
        ("workers", QUARANTINE_CHECK): "No more rows go to quarantine than workers.quarantine_limit allows.",
        (
            "workers",
            ROWS_CHECK,
        ): "Every row of the extracts is in the snapshot, a repeat, passed over by rule, or in quarantine.",
        ("identities", NAMES_CHECK): "No two workers hold one userPrincipalName or sAMAccountName, whatever the case.",
    }
    return [
        dg.AssetCheckSpec(name, asset=asset, blocking=True, description=words, partitions_def=partitions)
        for (asset, name), words in described.items()
    ]


def build_snapshot(profile: Profile) -> dg.AssetsDefinition:
    """The step that lands extracts and makes the snapshot of each business date, its changes and its names."""
    partitions = business_dates(profile)

    @dg.multi_asset(
        name="snapshot",
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        specs=_snapshot_specs(profile),
        check_specs=_snapshot_checks(partitions),
        pool=WAREHOUSE_POOL,
    )
    def snapshot(context: dg.AssetExecutionContext, pipeline: Pipeline) -> Iterator[Any]:
        with expected():
            yield from _snapshot(context, pipeline)

    return snapshot


def _snapshot(context: dg.AssetExecutionContext, pipeline: Pipeline) -> Iterator[Any]:
    installation = pipeline.installation(context.log)
    _land(context, installation)
    wanted = [dt.date.fromisoformat(key) for key in context.partition_keys]
    rebuilt, stop = _process(context, pipeline, installation, wanted)
    if stop is not None:
        raise stop
    for asset, check in CHECKS_OF_DATES:
        yield dg.Output(None, output_name=f"{asset}_{check}")  # its evaluations are logged, date by date
    yield dg.MaterializeResult(asset_key="identities", metadata={"later_days_rebuilt": rebuilt})


def _process(
    context: dg.AssetExecutionContext, pipeline: Pipeline, installation: flow.Installation, wanted: Sequence[dt.date]
) -> tuple[int, GuardStop | None]:
    """Process the dates, and tell of each as it commits: how many later ones were rebuilt, and what stopped the next, if anything.

    A date that is not among those of the run is one that an earlier date changed.
    """
    rebuilt, last, stopped = 0, None, None
    here, progress = installation, pipeline.progress(context.log)
    try:
        for counts, audit in flow.process_audited(here.warehouse, here.loaded, list(wanted), progress=progress):
            context.log.info(_said(counts))
            last, asked = counts, counts.business_date in set(wanted)
            rebuilt += not asked
            if asked and counts.stopped is None:
                _tell_date(context, counts)
                _tell_audit(context, counts, audit)
    except GuardStop as stop:
        stopped = stop
    finally:
        here.warehouse.publish()
    if last is not None and stopped is not None:
        _tell_stop(context, here, last, stopped)
    return rebuilt, stopped


def _tell_date(context: dg.AssetExecutionContext, counts: flow.DayCounts) -> None:
    """The materializations of a date that is committed, and the checks that let it be."""
    day, metadata = counts.business_date.isoformat(), _day_metadata(counts)
    for asset, values in metadata.items():
        if asset == "identities" and len(context.partition_keys) == 1:
            continue  # the step's result tells it in a moment
        version = {"dagster/data_version": counts.state}
        context.log_event(dg.AssetMaterialization(asset, partition=day, metadata=values, tags=version))
    context.add_asset_metadata(metadata["identities"], asset_key="identities", partition_key=day)
    found = "; ".join(counts.refused) or "Every file of the date was read, and no finding holds it back."
    _judge(context, WHOLE_CHECK, day, found, passed=not counts.refused, severity=dg.AssetCheckSeverity.WARN)
    _judge(context, QUARANTINE_CHECK, day, _in_quarantine(counts))


def _in_quarantine(counts: flow.DayCounts) -> str:
    rows = counted(counts.rows, "row")
    return f"{counts.quarantined:,} of {rows} {'is' if counts.quarantined == 1 else 'are'} in quarantine."


def _tell_audit(context: dg.AssetExecutionContext, counts: flow.DayCounts, audit: flow.Audit) -> None:
    """The checks of what must be so after every date. Raises PipelineError when it is not: nothing may follow from it."""
    day, lost, doubles = counts.business_date.isoformat(), audit.unaccounted_rows, audit.names_held_twice
    accounted = "The one row is" if counts.rows == 1 else f"All {counts.rows:,} rows are"
    rows = f"{lost:,} of {counts.rows:,} rows: nowhere." if lost else f"{accounted} accounted for."
    names = f"{counted(doubles, 'name', 'are')} held twice." if doubles else "Every name of the ledger has one holder."
    _judge(context, ROWS_CHECK, day, rows, passed=not lost, metadata={"unaccounted_rows": lost})
    held_twice = {"names_held_twice": doubles}
    _judge(context, NAMES_CHECK, day, names, passed=not doubles, asset="identities", metadata=held_twice)
    if lost or doubles:
        raise PipelineError(f"{day}: {rows} {names} Nothing is planned from it. This must never be: please report it")


def _tell_stop(
    context: dg.AssetExecutionContext, installation: flow.Installation, counts: flow.DayCounts, stop: GuardStop
) -> None:
    """The check that a date failed, and the other one, which it passed."""
    day, held = counts.business_date.isoformat(), isinstance(stop, ExtractHeld)
    failed, kept = (WHOLE_CHECK, QUARANTINE_CHECK) if held else (QUARANTINE_CHECK, WHOLE_CHECK)
    verdicts = {"verdicts": md.verdict_table(flow.holding(installation))}
    decide = deciding_about(installation, counts.business_date)
    _judge(context, failed, day, str(stop), passed=False, metadata=verdicts | decide)
    _judge(context, kept, day, "Nothing was found.")


def _judge(
    context: dg.AssetExecutionContext,
    check: str,
    day: str,
    found: str,
    *,
    passed: bool = True,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
    asset: str = "workers",
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Log what a check says of a date: a sentence, and figures beside it."""
    context.log_event(
        dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(asset),
            check_name=check,
            partition=day,
            passed=passed,
            severity=severity,
            description=markdown(found),
            metadata=dict(metadata or {}),
            blocking=True,
        )
    )


def _land(context: dg.AssetExecutionContext, installation: flow.Installation) -> None:
    """Take what lies in landing/, and tell the extracts of the run's dates."""
    results = flow.land_all(installation, wait=True)
    for result in results:
        context.log.info(shown(f"{result.name}: {result.result}: {result.message}"))
    left: dict[str, Any] = {
        "left_in_landing": sum(r.result in {"left", "refused"} for r in results),
        **_unreached(results),
    }
    listed: list[flow.RunExtract] = []
    found = flow.extracts_of(installation, [dt.date.fromisoformat(key) for key in context.partition_keys])
    for key in context.partition_keys:
        day = found[dt.date.fromisoformat(key)]
        listed += day
        version = "+".join(one.sha256[:16] for one in day)[:200] or "none"
        context.log_event(
            dg.AssetMaterialization(
                "extracts",
                partition=key,
                metadata={**_extracts_metadata(day), **left},
                tags={"dagster/data_version": version},
            )
        )
    if listed:
        tags = {f"{md.EXTRACT_TAG}/{one.sha256[:12]}": one.name[:60] for one in listed[:20]}
        context.instance.add_run_tags(context.run.run_id, tags)


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
        return f"{counts.business_date}: stopped, {counted(counts.quarantined, 'row')} in quarantine"
    if counts.unchanged:
        return f"{counts.business_date}: unchanged, {counted(counts.workers, 'worker')}"
    kinds = ", ".join(f"{n:,} {md.KIND_WORDS[kind]}" for kind, n in counts.changes.items()) or "no changes"
    said = f"{counts.business_date}: {counted(counts.workers, 'worker')}; {kinds}"
    return f"{said}; {counted(counts.quarantined, 'row')} in quarantine"


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
