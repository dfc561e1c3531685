"""The jobs that act on the target: uploading a manifest, and reading what became of it.

An upload is an action on someone else's system and no table, so it is an op; what it did ends up in the lineage as
materializations of `receipts` and `outcomes`.
"""

import datetime as dt
import getpass
from functools import partial

import dagster as dg

from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.delivery.outcomes.log_reading import read_outcomes, take_over
from hcm_pipeline.delivery.plan.canary import canary_of
from hcm_pipeline.delivery.send.upload import upload
from hcm_pipeline.delivery.state.journal import Journal, ManifestState
from hcm_pipeline.flow.processing import utc_now
from hcm_pipeline.flow.staleness import refuse_moved
from hcm_pipeline.targets.entra.connection import describe, open_target
from hcm_pipeline.targets.entra.job_health import JobState, refuse_silent

UPLOAD_JOB = "upload_manifest"
OUTCOMES_JOB = "read_outcomes"
APPROVE_JOB = "approve_manifest"
REJECT_JOB = "reject_manifest"
OUTCOMES_WAIT_SECONDS = 600.0


class UploadConfig(dg.Config):
    """Which manifest to upload: its id, or a beginning of it that fits no other."""

    manifest_id: str


@dg.op(
    name="upload",
    description="Sign in, send what is left of the manifest within the service's limits, journal every request.",
)
def upload_op(context: dg.OpExecutionContext, config: UploadConfig, pipeline: Pipeline) -> None:
    """Send one manifest. Raises what `upload` raises, and Failure when requests were refused or a person has to act.

    There is no retry here: the upload retries what passes, and the sensor starts another run for what was left.
    """
    settings, home = pipeline.settings, pipeline.home
    progress = pipeline.progress(context.log)
    with open_target(settings) as target, Journal(home.journal) as journal:
        context.log.info(describe(target))
        delivery = pipeline.loaded.profile.delivery
        found = journal.get(config.manifest_id)
        refuse_silent(pipeline.warehouse(context.log), target.key, utc_now())
        report = upload(
            home,
            target,
            found.manifest_id,
            journal=journal,
            quota=delivery.own_quota,
            canary=canary_of(delivery, target),
            still_holds=partial(refuse_moved, pipeline.warehouse(context.log), pipeline.loaded),
            progress=lambda settled, requests: progress(f"sent {settled:,} of {requests:,} requests"),
        )
    take_over(pipeline.warehouse(context.log))
    context.log_event(
        dg.AssetMaterialization(
            "receipts",
            partition=found.business_date.isoformat(),
            description="what the service accepted",
            metadata={
                "manifest_id": report.manifest_id,
                "state": str(report.state),
                "requests": report.requests,
                "accepted": report.accepted,
                "refused": report.refused,
                "sent_now": report.sent,
                "operations": found.operations,
                **({"paused_until": report.paused_until.isoformat()} if report.paused_until else {}),
                **({"reason": report.reason} if report.reason else {}),
            },
            tags={"dagster/data_version": f"{report.manifest_id[:32]}-{report.accepted}"},
        )
    )
    if report.paused_until:
        tell = context.log.warning if report.stopped else context.log.info
        tell(f"{report.reason}; it goes on at {report.paused_until:%Y-%m-%d %H:%M}Z")
    if report.stopped and not report.paused_until:
        raise dg.Failure(f"manifest {found.manifest_id[:12]}: {report.reason}")
    if report.state is ManifestState.FAILED:
        raise dg.Failure(f"{report.reason}; the refused operations return to the next plan")


class DecisionConfig(dg.Config):
    """About which manifest: its id, or a beginning of it that fits no other. `by` names who decides, and `why` says why."""

    manifest_id: str
    why: str | None = None
    by: str | None = None


@dg.op(name="approve", description="Let a held manifest go out; counts for guards.approval_hours of the profile.")
def approve_op(context: dg.OpExecutionContext, config: DecisionConfig, pipeline: Pipeline) -> None:
    """See `Journal.approve`; the upload sensor starts the upload."""
    until = dt.datetime.now(dt.UTC) + dt.timedelta(hours=pipeline.loaded.profile.guards.approval_hours)
    with Journal(pipeline.home.journal) as journal:
        manifest_id = journal.get(config.manifest_id).manifest_id
        found = journal.approve(manifest_id, by=_who(context, config), why=config.why, until=until)
    context.log.info(f"manifest {manifest_id} is {found.state}")
    context.instance.add_run_tags(context.run_id, {md.MANIFEST_TAG: manifest_id})


@dg.op(name="reject", description="Let nothing more of a manifest go out; its workers are withheld until they change.")
def reject_op(context: dg.OpExecutionContext, config: DecisionConfig, pipeline: Pipeline) -> None:
    """See `Journal.reject`."""
    with Journal(pipeline.home.journal) as journal:
        manifest_id = journal.get(config.manifest_id).manifest_id
        found = journal.reject(manifest_id, by=_who(context, config), why=config.why)
    context.log.info(f"manifest {manifest_id} is {found.state}")
    context.instance.add_run_tags(context.run_id, {md.MANIFEST_TAG: manifest_id})


def _who(context: dg.OpExecutionContext, config: DecisionConfig) -> str:
    """Who decides: the config says it, or the run's tag `user`; Dagster itself knows nobody, so else the system's user."""
    return config.by or context.run.tags.get("user") or getpass.getuser()


@dg.op(name="outcomes", description="Read the provisioning log until every accepted operation has an outcome.")
def outcomes_op(context: dg.OpExecutionContext, pipeline: Pipeline) -> None:
    """Settle receipts; what still waits after ten minutes is left to the next run."""
    settings, warehouse = pipeline.settings, pipeline.warehouse(context.log)
    progress = pipeline.progress(context.log)
    with open_target(settings) as target:
        context.log.info(describe(target))
        report = read_outcomes(
            warehouse,
            target,
            pipeline.loaded.profile.outcomes,
            wait_seconds=OUTCOMES_WAIT_SECONDS,
            interval=2.0 if target.sandbox else 30.0,
            progress=lambda settled, waiting: progress(f"{settled:,} operations settled, {waiting:,} waiting"),
        )
        with warehouse.read() as con:
            rows = con.execute(
                """select business_date, manifest_id, state, count(*) from receipts where target = ?
                and manifest_id in (select manifest_id from manifests order by plan_no desc limit 20)
                group by all order by all""",
                [target.key],
            ).fetchall()
    by_manifest: dict[tuple[str, str], dict[str, int]] = {}
    for date, manifest_id, state, count in rows:
        by_manifest.setdefault((date.isoformat(), manifest_id), {})[state] = count
    for (date, manifest_id), states in by_manifest.items():
        context.log_event(
            dg.AssetMaterialization(
                "outcomes",
                partition=date,
                description="what the provisioning log says",
                metadata={
                    "manifest_id": manifest_id,
                    **{
                        state: states.get(state, 0)
                        for state in ("succeeded", "failed", "skipped", "missing", "accepted", "planned")
                    },
                },
                tags={"dagster/data_version": f"{manifest_id[:32]}-{'-'.join(map(str, sorted(states.items())))}"[:120]},
            )
        )
        context.instance.add_run_tags(context.run_id, {f"{md.MANIFEST_TAG}/{manifest_id[:12]}": date})
    context.log.info(f"{report.settled:,} settled now, {report.waiting:,} still waiting, {report.missing:,} missing")
    if report.job is not None and report.job.state is not JobState.RUNNING:
        context.log.warning(report.job.describe())


@dg.job(
    name=UPLOAD_JOB,
    executor_def=dg.in_process_executor,
    description="Uploads one manifest. Started by the sensor when a manifest is ready, or by a person with its id.",
)
def upload_job() -> None:
    """One op: see `upload_op`."""
    upload_op()


@dg.job(
    name=APPROVE_JOB,
    executor_def=dg.in_process_executor,
    description="Lets a held manifest go out: config manifest_id, why, by.",
)
def approve_job() -> None:
    """One op: see `approve_op`."""
    approve_op()


@dg.job(
    name=REJECT_JOB,
    executor_def=dg.in_process_executor,
    description="Lets nothing more of a manifest go out: config manifest_id, why, by.",
)
def reject_job() -> None:
    """One op: see `reject_op`."""
    reject_op()


@dg.job(
    name=OUTCOMES_JOB,
    executor_def=dg.in_process_executor,
    description="Reads the provisioning log and settles what was sent. Started by the sensor while something waits.",
)
def outcomes_job() -> None:
    """One op: see `outcomes_op`."""
    outcomes_op()
