"""The assets: thin shells over the rooms, in the order of the flow.

A run over a range of business dates is one run that commits day by day; each asset's metadata is kept per date.

Two things in Dagster 1.13 shape the steps. It puts a self-dependent asset into one run with its parents only when one
step makes them all, so the step that makes `workers` lands the extracts too. And a backfill launched with partition
names is refused, for some orders in which sets are walked, when the keys of one step are reached over different
numbers of arrows: it then compares equal subsets as unequal. So each key has one arrow, from the last thing it is made
of, and what lies before that is reached through it.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

import dagster as dg

from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.partitions import PREVIOUS_DAY, business_dates
from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.delivery import OTHERS, OperationKind, Plan, Verdict, folder_of, verify
from hcm_pipeline.delivery.send.eta import ends_at
from hcm_pipeline.delivery.state.journal import Journal
from hcm_pipeline.delivery.state.pacing import DAY, pace_of
from hcm_pipeline.entra.timing import Rate
from hcm_pipeline.errors import ExtractHeld, GuardStop, PlanHeld
from hcm_pipeline.flow import landing, processing
from hcm_pipeline.profile import Profile
from hcm_pipeline.targets.entra.connection import target_key
from hcm_pipeline.warehouse import Warehouse, first
from hcm_pipeline.workers.day import DayCounts

DAILY_JOB = "daily_delta"
WHOLE_CHECK = "extracts_are_whole"
QUARANTINE_CHECK = "quarantine_within_limit"
ROWS_CHECK = "every_row_accounted_for"
NAMES_CHECK = "names_are_unique"
MANIFEST_CHECK = "bytes_are_what_was_planned"
HELD_CHECK = "nothing_is_held"


def build_assets(profile: Profile) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Every asset, for a profile's business dates and columns."""
    partitions = business_dates(profile)
    policy = dg.BackfillPolicy.single_run()
    stale = profile.alerts.stale_after_hours

    common = {"owners": md.OWNERS, "kinds": {"duckdb", "pandera"}}

    @dg.multi_asset(
        name="snapshot",
        partitions_def=partitions,
        backfill_policy=policy,
        specs=[
            dg.AssetSpec(
                "extracts",
                group_name="landing",
                owners=md.OWNERS,
                kinds={"csv", "file"},
                metadata=md.schema(md.EXTRACTS_COLUMNS),
                freshness_policy=dg.FreshnessPolicy.time_window(fail_window=dt.timedelta(hours=stale))
                if stale
                else None,
                description="Delivered files of a business date, taken once by the sha256 of their bytes and kept "
                "unchanged.",
            ),
            dg.AssetSpec(
                "workers",
                deps=["extracts", dg.AssetDep("workers", partition_mapping=PREVIOUS_DAY)],
                group_name="workers",
                metadata=md.schema(md.workers_columns(profile)),
                description="Every worker as known for the business date: the snapshot before, and what is new. "
                "A version is kept from the day it became true to the day it ceased to be.",
                **common,  # type: ignore[arg-type]
            ),
            dg.AssetSpec(
                "quarantined_rows",
                deps=["extracts"],
                group_name="workers",
                metadata=md.schema(md.QUARANTINE_COLUMNS),
                description="Rows that break a rule of the contract, each with every rule, column and class of value. "
                "A quarantined worker keeps the last good version.",
                **common,  # type: ignore[arg-type]
            ),
            dg.AssetSpec(
                "changes",
                deps=["workers"],
                group_name="workers",
                metadata=md.schema(md.CHANGES_COLUMNS),
                description="Who differs from the snapshot before, in which attributes, and what that is called: joiner, "
                "mover, leaver, rehire and so on.",
                **common,  # type: ignore[arg-type]
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
        ],
        check_specs=[
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
        ],
    )
    def snapshot(context: dg.AssetExecutionContext, pipeline: Pipeline) -> Iterator[Any]:
        warehouse, loaded = pipeline.warehouse(context.log), pipeline.loaded
        yield _land(context, pipeline, warehouse)
        wanted = [dt.date.fromisoformat(key) for key in context.partition_keys]
        done: list[DayCounts] = []
        stop: GuardStop | None = None
        try:
            for counts in processing.process(warehouse, loaded, wanted, progress=pipeline.progress(context.log)):
                done.append(counts)
                context.log.info(_said(counts))
        except GuardStop as error:
            stop = error
        finally:
            warehouse.publish()
        stopped = sum(counts.stopped is not None for counts in done)
        for check, kept in (
            (WHOLE_CHECK, not isinstance(stop, ExtractHeld)),
            (QUARANTINE_CHECK, stop is None or isinstance(stop, ExtractHeld)),
        ):
            yield dg.AssetCheckResult(
                passed=kept,
                check_name=check,
                asset_key="workers",
                metadata={"stopped_days": stopped, **({"reason": str(stop)} if not kept else {})},
            )
        if stop is not None:
            raise stop
        lost, doubles = _audit(pipeline, context)
        yield dg.AssetCheckResult(
            passed=lost == 0, check_name=ROWS_CHECK, asset_key="workers", metadata={"unaccounted_rows": lost}
        )
        yield dg.AssetCheckResult(
            passed=doubles == 0, check_name=NAMES_CHECK, asset_key="identities", metadata={"names_held_twice": doubles}
        )
        asked = [counts for counts in done if counts.business_date in set(wanted)]
        for counts in asked:
            for asset, values in _day_metadata(counts).items():
                context.add_asset_metadata(values, asset_key=asset, partition_key=counts.business_date.isoformat())
        version = dg.DataVersion(asked[-1].state)
        rebuilt = len(done) - len(asked)
        for asset in ("workers", "quarantined_rows", "changes", "identities"):
            yield dg.MaterializeResult(asset_key=asset, data_version=version, metadata={"later_days_rebuilt": rebuilt})

    @dg.multi_asset(
        name="plan",
        partitions_def=partitions,
        backfill_policy=policy,
        specs=[
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
        ],
        check_specs=[
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
        ],
    )
    def plan(context: dg.AssetExecutionContext, pipeline: Pipeline) -> Iterator[Any]:
        warehouse, settings = pipeline.warehouse(context.log), pipeline.settings
        made = processing.plan(
            warehouse, pipeline.loaded, target_key(settings), progress=pipeline.progress(context.log)
        )
        warehouse.publish()
        manifests = made.manifests if made else ()
        version = dg.DataVersion("+".join(m.manifest_id for m in manifests)[:200] or "nothing to send")
        for manifest in manifests:
            verify(folder_of(pipeline.home.manifests, manifest))
            kind = f"{md.MANIFEST_TAG}/{manifest.held_for}" if manifest.held_for else md.MANIFEST_TAG
            kind += "-rest" if made and manifest in made.approved else ""
            tags = {kind: manifest.manifest_id, md.DATE_TAG: manifest.business_date.isoformat()}
            context.instance.add_run_tags(context.run.run_id, tags)
        yield dg.AssetCheckResult(passed=True, check_name=MANIFEST_CHECK, asset_key="manifest")
        yield dg.MaterializeResult(
            asset_key="desired_users",
            metadata={"dagster/row_count": made.desired if made else 0},
            data_version=dg.DataVersion(f"{manifests[0].inputs['snapshot'][:32] if manifests else 'as delivered'}"),
        )
        yield dg.MaterializeResult(asset_key="manifest", metadata=_plan_metadata(pipeline, made), data_version=version)
        held = made.held if made else ()
        stopped = any(m.held_for == OTHERS for m in held) or (made is not None and _stops(made.verdicts))
        said = [v.describe(values=False) for v in (made.verdicts if made else ()) if v.tripped]
        yield dg.AssetCheckResult(
            passed=not held,
            check_name=HELD_CHECK,
            asset_key="manifest",
            severity=dg.AssetCheckSeverity.ERROR if stopped else dg.AssetCheckSeverity.WARN,
            metadata={
                "held_operations": sum(m.operations for m in held),
                "held_manifests": dg.MetadataValue.json({str(m.held_for): m.manifest_id for m in held}),
                "tripped": dg.MetadataValue.json(said),
            },
        )
        if stopped:
            raise PlanHeld(f"the plan of {made.business_date if made else ''} is held: {'; '.join(said)}")

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
    return [snapshot, plan, receipts, outcomes]


def _land(context: dg.AssetExecutionContext, pipeline: Pipeline, warehouse: Warehouse) -> dg.MaterializeResult[None]:
    """Take what lies in landing/, and tell the extracts of the run's dates."""
    results = landing.land(warehouse, pipeline.loaded.profile, None, now=processing.utc_now, wait=True)
    for result in results:
        context.log.info(f"{result.name}: {result.result}: {result.message}")
    names = ("sha256", "source", "name", "size_bytes", "encoding", "delimiter", "status")
    listed: list[dict[str, Any]] = []
    for key in context.partition_keys:
        with warehouse.write() as con:
            found = con.execute(
                """select sha256, source, name, size_bytes, shape->>'encoding', shape->>'delimiter', status
                from extracts where business_date = ? order by extract_id""",
                [key],
            ).fetchall()
        day = [dict(zip(names, row, strict=True)) for row in found]
        listed += day
        records = [dg.TableRecord({k: v if isinstance(v, int) else str(v) for k, v in row.items()}) for row in day]
        context.add_asset_metadata(
            {
                "files": len(day),
                "bytes": sum(row["size_bytes"] for row in day),
                "extracts": dg.TableMetadataValue(records, dg.TableSchema([dg.TableColumn(n) for n in names])),
            },
            asset_key="extracts",
            partition_key=key,
        )
    if listed:
        context.instance.add_run_tags(
            context.run.run_id, {f"{md.EXTRACT_TAG}/{row['sha256'][:12]}": row["name"][:60] for row in listed[:20]}
        )
    return dg.MaterializeResult(
        asset_key="extracts",
        metadata={"left_in_landing": sum(r.result in {"left", "refused"} for r in results)},
        data_version=dg.DataVersion(("+".join(row["sha256"][:16] for row in listed) or "none")[:200]),
    )


def _said(counts: DayCounts) -> str:
    if counts.stopped:
        return f"{counts.business_date}: stopped, {counts.quarantined:,} rows in quarantine"
    if counts.unchanged:
        return f"{counts.business_date}: unchanged, {counts.workers:,} workers"
    kinds = ", ".join(f"{n:,} {kind}s" for kind, n in counts.changes.items()) or "no changes"
    return f"{counts.business_date}: {counts.workers:,} workers; {kinds}; {counts.quarantined:,} rows in quarantine"


def _audit(pipeline: Pipeline, context: dg.AssetExecutionContext) -> tuple[int, int]:
    """(rows that are nowhere, names held twice) of the run's dates."""
    with pipeline.warehouse(context.log).read() as con:
        since, until = context.partition_keys[0], context.partition_keys[-1]
        lost = first(
            con,
            """select coalesce(sum(abs("rows" + (control_total is not null)::bigint - (shape->>'records')::bigint)), 0)
            from extracts where status = 'applied' and business_date between ? and ?""",
            [since, until],
        )
        doubles = first(
            con,
            """
            select count(user_principal_name) - count(distinct lower(user_principal_name))
                + count(sam_account_name) - count(distinct lower(sam_account_name))
            from identities where status <> 'released'
        """,
        )
    return int((lost or (0,))[0]), int((doubles or (0,))[0])


def _day_metadata(counts: DayCounts) -> dict[str, dict[str, Any]]:
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


def _plan_metadata(pipeline: Pipeline, made: Plan | None) -> dict[str, Any]:
    counts = {f"operations_{kind}": made.counts.get(kind, 0) if made else 0 for kind in OperationKind}
    manifests = made.manifests if made else ()
    values: dict[str, Any] = {
        "operations": sum(m.operations for m in manifests),
        "requests": sum(m.requests for m in manifests),
        "operations_held": sum(m.operations for m in manifests if m.held_for),
        **counts,
    }
    if made:
        delivery = pipeline.loaded.profile.delivery
        quota = Rate(delivery.own_quota, DAY)
        with Journal(pipeline.home.journal) as journal:
            calls = pace_of(journal, pipeline.settings, delivery).made()
        ends = ends_at(calls, values["requests"], processing.utc_now(), quota=quota)
        values["quota_left"] = max(0, quota.calls - len(calls))
        values["sent_at_once_it_ends_at"] = dg.MetadataValue.timestamp(ends)
        values["withheld"] = dg.MetadataValue.json(made.withheld)
        values["superseded"] = dg.MetadataValue.json([manifest_id[:12] for manifest_id in made.superseded])
        columns = ("kind", "attribute", "cohort", "operations", "base", "allowed", "rule", "verdict")
        rows = [{name: row[name] for name in columns} for row in (v.as_row() for v in made.verdicts)]
        values["guards"] = dg.TableMetadataValue(
            [dg.TableRecord(row) for row in rows], dg.TableSchema([dg.TableColumn(name) for name in columns])
        )
    for manifest in manifests:
        prefix = f"{manifest.held_for}_" if manifest.held_for else ""
        values |= {
            f"{prefix}manifest_id": manifest.manifest_id,
            f"{prefix}bytes": manifest.bulk_bytes,
            f"{prefix}business_date": manifest.business_date.isoformat(),
            f"{prefix}extracts": dg.MetadataValue.json([f"{e.sha256[:12]} {e.name}" for e in manifest.extracts]),
            f"{prefix}folder": dg.MetadataValue.path(str(folder_of(pipeline.home.manifests, manifest))),
        }
    return values


def _stops(verdicts: Iterable[Verdict]) -> bool:
    return any(verdict.tripped and not verdict.others_go_on for verdict in verdicts)
