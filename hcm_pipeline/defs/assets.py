"""The assets: thin shells over the use cases, in the order of the flow.

A run over a range of business dates is one run that commits day by day; each asset's metadata is kept per date.

Two things in Dagster 1.13 shape the steps. It puts a self-dependent asset into one run with its parents only when one
step makes them all, so the step that makes `workers` lands the extracts too. And a backfill launched with partition
names is refused, for some orders in which sets are walked, when the keys of one step are reached over different
numbers of arrows: it then compares equal subsets as unequal. So each key has one arrow, from the last thing it is made
of, and what lies before that is reached through it.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.partitions import PREVIOUS_DAY, business_dates
from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.errors import ExtractHeld, GuardStop, PlanHeld
from hcm_pipeline.profile import Profile

DAILY_JOB = "daily_delta"
WHOLE_CHECK = "extracts_are_whole"
QUARANTINE_CHECK = "quarantine_within_limit"
ROWS_CHECK = "every_row_accounted_for"
NAMES_CHECK = "names_are_unique"
MANIFEST_CHECK = "bytes_are_what_was_planned"
HELD_CHECK = "nothing_is_held"


def build_assets(profile: Profile) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Every asset, for a profile's business dates and columns."""
    return [_snapshot(profile), _plan(profile), *_sent(profile)]


def _extracts_spec(profile: Profile) -> dg.AssetSpec:
    stale = profile.alerts.stale_after_hours
    policy = dg.FreshnessPolicy.time_window(fail_window=dt.timedelta(hours=stale)) if stale else None
    return dg.AssetSpec(
        "extracts",
        group_name="landing",
        owners=md.OWNERS,
        kinds={"csv", "file"},
        metadata=md.schema(md.EXTRACTS_COLUMNS),
        freshness_policy=policy,
        description="Delivered files of a business date, taken once by the sha256 of their bytes and kept unchanged.",
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
            "A quarantined worker keeps the last good version.",
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


def _snapshot(profile: Profile) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="snapshot",
        partitions_def=business_dates(profile),
        backfill_policy=dg.BackfillPolicy.single_run(),
        specs=_snapshot_specs(profile),
        check_specs=_snapshot_checks(),
    )
    def snapshot(context: dg.AssetExecutionContext, pipeline: Pipeline) -> Iterator[Any]:
        installation = pipeline.installation(context.log)
        yield _land(context, installation)
        wanted = [dt.date.fromisoformat(key) for key in context.partition_keys]
        done, stop = _process(context, pipeline, installation, wanted)
        yield from _stop_checks(installation, done, stop)
        if stop is not None:
            raise stop
        yield from _audit_checks(flow.audit(installation.warehouse, wanted[0], wanted[-1]))
        yield from _materialized(context, done, wanted)

    return snapshot


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
    verdicts = {"verdicts": md.verdict_table(flow.holding(installation))} if stop else {}
    for check, kept in (
        (WHOLE_CHECK, not isinstance(stop, ExtractHeld)),
        (QUARANTINE_CHECK, stop is None or isinstance(stop, ExtractHeld)),
    ):
        yield dg.AssetCheckResult(
            passed=kept,
            check_name=check,
            asset_key="workers",
            metadata={"stopped_days": stopped, **({"reason": str(stop), **verdicts} if not kept else {})},
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
    results = flow.land(installation.warehouse, installation.profile, None, now=installation.clock, wait=True)
    for result in results:
        context.log.info(f"{result.name}: {result.result}: {result.message}")
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
        metadata={"left_in_landing": sum(r.result in {"left", "refused"} for r in results)},
        data_version=dg.DataVersion(("+".join(one.sha256[:16] for one in listed) or "none")[:200]),
    )


def _extracts_metadata(day: Sequence[flow.RunExtract]) -> dict[str, Any]:
    columns = ("sha256", "source", "name", "size_bytes", "encoding", "delimiter", "status")
    return {
        "files": len(day),
        "bytes": sum(one.size_bytes for one in day),
        "extracts": md.table([{name: getattr(one, name) for name in columns} for one in day], columns),
    }


def _said(counts: flow.DayCounts) -> str:
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


def _plan_specs(profile: Profile) -> list[dg.AssetSpec]:
    return [
        dg.AssetSpec(
            "desired_users",
            deps=["identities"],
            group_name="scim",
            owners=md.OWNERS,
            kinds={"duckdb", "json"},
            metadata=dict(md.desired_columns(profile)),
            description="The full SCIM user that every worker in scope should be now.",
        ),
        dg.AssetSpec(
            "manifest",
            deps=["desired_users"],
            group_name="delivery",
            owners=md.OWNERS,
            kinds={"json", "file"},
            description="Desired minus delivered: bulk requests of at most 50 operations, ready for upload. It is "
            "always that of the newest snapshot; what an older one had left unsent, it contains.",
        ),
    ]


def _plan_checks() -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(
            MANIFEST_CHECK,
            asset="manifest",
            blocking=True,
            description="The file of bulk requests hashes to the sha256 in the manifest, and the manifest to its id.",
        ),
        dg.AssetCheckSpec(
            HELD_CHECK,
            asset="manifest",
            blocking=True,
            description="No guard tripped over the plan. A warning when what tripped is held and the rest goes on; an "
            "error, which fails the run, when the profile says that nothing goes on.",
        ),
    ]


def _plan(profile: Profile) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="plan",
        partitions_def=business_dates(profile),
        backfill_policy=dg.BackfillPolicy.single_run(),
        specs=_plan_specs(profile),
        check_specs=_plan_checks(),
    )
    def plan(context: dg.AssetExecutionContext, pipeline: Pipeline) -> Iterator[Any]:
        here = pipeline.installation(context.log)
        made = flow.plan(here.warehouse, here.loaded, here.target, progress=pipeline.progress(context.log))
        here.warehouse.publish()
        if made is not None:
            flow.verify_files(here.home, made)
            context.instance.add_run_tags(context.run.run_id, _manifest_tags(made))
        yield dg.AssetCheckResult(passed=True, check_name=MANIFEST_CHECK, asset_key="manifest")
        yield from _plan_results(here, made)
        yield _held_check(made)
        if made is not None and flow.nothing_goes_on(made):
            said = "; ".join(flow.tripped_sentences(made))
            raise PlanHeld(f"the plan of {made.business_date} is held: {said}")

    return plan


def _manifest_tags(made: flow.Plan) -> dict[str, str]:
    """The tags that a run is found by: its manifests, each under what it is held for, and the business date."""
    tags: dict[str, str] = {}
    for manifest in made.manifests:
        kind = f"{md.MANIFEST_TAG}/{manifest.held_for}" if manifest.held_for else md.MANIFEST_TAG
        kind += "-rest" if manifest in made.approved else ""
        tags |= {kind: manifest.manifest_id, md.DATE_TAG: manifest.business_date.isoformat()}
    return tags


def _plan_results(here: flow.Installation, made: flow.Plan | None) -> Iterator[dg.MaterializeResult[None]]:
    manifests = made.manifests if made else ()
    snapshot = manifests[0].inputs["snapshot"][:32] if manifests else "as delivered"
    yield dg.MaterializeResult(
        asset_key="desired_users",
        metadata={"dagster/row_count": made.desired if made else 0},
        data_version=dg.DataVersion(snapshot),
    )
    version = "+".join(m.manifest_id for m in manifests)[:200] or "nothing to send"
    metadata = _plan_metadata(here, made)
    yield dg.MaterializeResult(asset_key="manifest", metadata=metadata, data_version=dg.DataVersion(version))


def _held_check(made: flow.Plan | None) -> dg.AssetCheckResult:
    held = made.held if made else ()
    stopped = made is not None and flow.nothing_goes_on(made)
    return dg.AssetCheckResult(
        passed=not held,
        check_name=HELD_CHECK,
        asset_key="manifest",
        severity=dg.AssetCheckSeverity.ERROR if stopped else dg.AssetCheckSeverity.WARN,
        metadata={
            "held_operations": sum(m.operations for m in held),
            "held_manifests": dg.MetadataValue.json({str(m.held_for): m.manifest_id for m in held}),
            "tripped": dg.MetadataValue.json(flow.tripped_sentences(made) if made else []),
        },
    )


def _plan_metadata(here: flow.Installation, made: flow.Plan | None) -> dict[str, Any]:
    manifests = made.manifests if made else ()
    values: dict[str, Any] = {
        "operations": sum(m.operations for m in manifests),
        "requests": sum(m.requests for m in manifests),
        "operations_held": sum(m.operations for m in manifests if m.held_for),
        **{f"operations_{kind}": count for kind, count in flow.operation_kinds(made).items()},
    }
    if made:
        outlook = flow.quota_outlook(here, values["requests"])
        values["quota_left"] = outlook.left
        values["sent_at_once_it_ends_at"] = dg.MetadataValue.timestamp(outlook.ends_at)
        values["withheld"] = dg.MetadataValue.json(made.withheld)
        values["superseded"] = dg.MetadataValue.json([manifest_id[:12] for manifest_id in made.superseded])
        values["guards"] = md.verdict_table(flow.plan_verdicts(made), md.LIMIT_COLUMNS)
    for manifest in manifests:
        values |= _manifest_metadata(here, manifest)
    return values


def _manifest_metadata(here: flow.Installation, manifest: flow.Manifest) -> dict[str, Any]:
    prefix = f"{manifest.held_for}_" if manifest.held_for else ""
    return {
        f"{prefix}manifest_id": manifest.manifest_id,
        f"{prefix}bytes": manifest.bulk_bytes,
        f"{prefix}business_date": manifest.business_date.isoformat(),
        f"{prefix}extracts": dg.MetadataValue.json([f"{e.sha256[:12]} {e.name}" for e in manifest.extracts]),
        f"{prefix}folder": dg.MetadataValue.path(str(flow.manifest_folder(here.home, manifest))),
    }


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
