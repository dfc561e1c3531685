"""Writing back to Oracle HCM in Dagster: the contacts of Entra ID as an asset, the plan, the job that writes, and what starts them.

A plan writes nothing to Oracle HCM; a sensor starts the job that does, once a person has written for the first time.
"""

import time
from collections.abc import Iterator
from typing import Any

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.code_versions import code_version
from hcm_pipeline.defs.expected import expected
from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.defs.snapshot_assets import WAREHOUSE_POOL
from hcm_pipeline.plain_text import shown
from hcm_pipeline.profile import Profile, Writeback

PLAN_JOB = "plan_writeback"
APPLY_JOB = "apply_writeback"
RETRY_AFTER_SECONDS = 600
SCHEDULE = "writeback_every_few_minutes"
ORACLE_POOL = "oracle"
"""Runs that write to Oracle HCM are in this pool: one of them goes on at a time."""

CONTACTS_COLUMNS = {
    "object_id": "VARCHAR",
    "employee_id": "VARCHAR",
    "user_principal_name": "VARCHAR",
    "mail": "VARCHAR",
    "work_phone": "VARCHAR",
    "mobile_phone": "VARCHAR",
    "enabled": "BOOLEAN",
    "deleted": "BOOLEAN",
    "known_from": "TIMESTAMPTZ",
    "known_to": "TIMESTAMPTZ",
}
CONTACTS = dg.AssetSpec(
    "entra_contacts",
    group_name="writeback",
    owners=md.OWNERS,
    kinds={"azure", "duckdb"},
    metadata=md.schema_of("entra_contacts", CONTACTS_COLUMNS),
    code_version=code_version("directory", "entra"),
    description="Names, mail and phones of the users of Entra ID, by Graph's delta: every version, and when it was known.",
)
MANIFEST = dg.AssetSpec(
    "writeback_manifest",
    group_name="writeback",
    owners=md.OWNERS,
    kinds={"oracle", "azure"},
    deps=["entra_contacts"],
    code_version=code_version("targets/oracle", "delivery"),
    description="Names, mail and phones of Entra ID that Oracle HCM does not have: what is free, and what guards hold.",
)
RECEIPTS = dg.AssetSpec(
    "writeback_receipts",
    group_name="writeback",
    owners=md.OWNERS,
    kinds={"oracle"},
    deps=["writeback_manifest"],
    skippable=True,
    code_version=code_version("targets/oracle", "oracle", "delivery"),
    description="Oracle HCM's new values, with what was there before: made by writing one manifest, whose id its run is given.",
)


class ContactsConfig(dg.Config):
    """The configuration of a plan. `full`: every user is read, not only what has changed."""

    full: bool = False


class ApplyConfig(dg.Config):
    """Which manifest to write: its id, or a beginning of it that fits no other. Without one nothing is written."""

    manifest_id: str = ""


def build_writeback(profile: Profile) -> dg.Definitions:
    """The asset, the jobs, the schedule and the sensor; none for a profile that writes nothing back."""
    section = profile.writeback
    if section is None:
        return dg.Definitions()
    plan = dg.define_asset_job(
        PLAN_JOB,
        selection=dg.AssetSelection.assets("entra_contacts", "writeback_manifest"),
        executor_def=dg.in_process_executor,
        description="Reads what has changed in Entra ID and plans what Oracle HCM does not have. Nothing is written there by it.",
    )
    return dg.Definitions(
        assets=[_manifest(), writeback_receipts], jobs=[plan, apply_job], schedules=[_schedule(section)], sensors=[_ready(section)]
    )  # fmt: skip


def _manifest() -> dg.AssetsDefinition:
    @dg.multi_asset(name="writeback_manifest", specs=[CONTACTS, MANIFEST], pool=WAREHOUSE_POOL)
    def writeback_manifest(
        context: dg.AssetExecutionContext, config: ContactsConfig, pipeline: Pipeline
    ) -> Iterator[dg.MaterializeResult[None]]:
        with expected():
            made = flow.plan_writeback(
                pipeline.installation(context.log), full=config.full, announce=lambda line: context.log.info(shown(line)),
                progress=pipeline.progress(context.log),
            )  # fmt: skip
        for one in made.held if made else ():
            context.log.warning(f"manifest {one.manifest_id[:12]} is held ({one.held_for}): {one.approve_command}")
        yield _contacts(made)
        yield _planned(made)

    return writeback_manifest


def _contacts(made: flow.PlanBack | None) -> dg.MaterializeResult[None]:
    read: dict[str, Any] = {"users that changed": made.contacts.changed, "read": made.contacts.read} if made else {}
    return dg.MaterializeResult(
        asset_key="entra_contacts", metadata={"dagster/row_count": made.contacts.users if made else 0, **read}
    )


def _planned(made: flow.PlanBack | None) -> dg.MaterializeResult[None]:
    if made is None:
        return dg.MaterializeResult(asset_key="writeback_manifest", metadata={"workers that differ": 0})
    return dg.MaterializeResult(
        asset_key="writeback_manifest",
        metadata={
            "business date": made.business_date.isoformat(),
            "users of Entra ID": made.contacts.users,
            "users that changed": made.contacts.changed,
            "workers": made.workers,
            "workers that differ": made.people,
            "held": sum(one.operations for one in made.held),
            "left out": dg.MetadataValue.md(
                "\n".join(f"- {why}: {count:,}" for why, count in made.waiting.items()) or "nobody"
            ),
            "manifests": dg.MetadataValue.md("\n".join(f"- {one.manifest_id}" for one in made.manifests) or "none"),
        },
        data_version=dg.DataVersion("+".join(one.manifest_id for one in made.manifests)[:200] or "nothing to write"),
    )


@dg.multi_asset(
    name="write_back",
    specs=[RECEIPTS],
    pool=ORACLE_POOL,
    description="Write what is left of the manifest to Oracle HCM: every worker is read first.",
)
def writeback_receipts(
    context: dg.AssetExecutionContext, config: ApplyConfig, pipeline: Pipeline
) -> Iterator[dg.MaterializeResult[None]]:
    """Write one manifest. Raises what `apply_writeback` raises, and Failure when a person has to act."""
    if not md.is_named(context, config.manifest_id, APPLY_JOB):
        return
    progress = pipeline.progress(context.log)
    with expected():
        done = flow.apply_writeback(
            pipeline.installation(context.log),
            config.manifest_id,
            announce=lambda line: context.log.info(shown(line)),
            progress=flow.sending(progress),
        )
    [report] = done.reports
    yield dg.MaterializeResult(
        asset_key="writeback_receipts",
        metadata={
            "manifest_id": report.manifest_id,
            "state": str(report.state),
            "written": done.written,
            "had it already": done.there,
            "not written": sum(done.failed.values()),
        },
    )
    if report.stopped or report.state == "failed":
        raise dg.Failure(f"manifest {report.manifest_id[:12]}: {report.reason}")


apply_job = dg.define_asset_job(
    APPLY_JOB,
    selection=dg.AssetSelection.assets("writeback_receipts"),
    executor_def=dg.in_process_executor,
    description="Writes one manifest of writeback to Oracle HCM.",
)


def _schedule(section: Writeback) -> dg.ScheduleDefinition:
    minutes = section.every_minutes
    cron = f"*/{minutes} * * * *" if minutes < 60 else f"0 */{max(1, minutes // 60)} * * *"
    running = dg.DefaultScheduleStatus.RUNNING if section.automatic else dg.DefaultScheduleStatus.STOPPED
    return dg.ScheduleDefinition(
        name=SCHEDULE,
        job_name=PLAN_JOB,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=running,
        description="Plans what goes back to Oracle HCM. Nothing is written there by it: `writeback_ready` does that.",
    )


def _ready(section: Writeback) -> dg.SensorDefinition:
    running = dg.DefaultSensorStatus.RUNNING if section.automatic else dg.DefaultSensorStatus.STOPPED

    @dg.sensor(
        name="writeback_ready",
        job=apply_job,
        minimum_interval_seconds=30,
        default_status=running,
        description="Starts one run for a manifest of writeback that is ready or was cut off: it writes to Oracle HCM.",
    )
    def writeback_ready(context: dg.SensorEvaluationContext, pipeline: Pipeline) -> dg.RunRequest | dg.SkipReason:
        if not pipeline.home.journal.is_file():
            return dg.SkipReason("nothing was ever planned")
        found = flow.ready_writeback(pipeline.installation())
        if isinstance(found, str):
            return dg.SkipReason(found)
        failed = context.instance.get_run_records(
            dg.RunsFilter(
                job_name=APPLY_JOB, statuses=[dg.DagsterRunStatus.FAILURE], tags={md.MANIFEST_TAG: found[0].manifest_id}
            ),
            limit=1,
        )  # fmt: skip
        if failed and (failed[0].end_time or 0) > time.time() - RETRY_AFTER_SECONDS:
            return dg.SkipReason("its last run failed; it is tried again ten minutes after")
        busy = context.instance.get_runs(
            dg.RunsFilter(job_name=APPLY_JOB, statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.QUEUED,
                                                        dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.NOT_STARTED]),
            limit=1,
        )  # fmt: skip
        if busy:
            return dg.SkipReason("a run is writing back already")
        config = {"ops": {"write_back": {"config": {"manifest_id": found[0].manifest_id}}}}
        return dg.RunRequest(run_config=config, tags={md.MANIFEST_TAG: found[0].manifest_id})

    return writeback_ready
