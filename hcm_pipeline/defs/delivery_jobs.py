"""The jobs that act on the target: uploading a manifest, and reading what became of it.

The asset `receipts` is what an upload did, and the asset `outcomes` what the log says of it. Neither is part of the daily job: an
upload is an action on someone else's system, and its run wants the id of the manifest.
"""

from collections.abc import Callable, Iterator

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.code_versions import DELIVERY_ROOMS, code_version
from hcm_pipeline.defs.deciding_pages import launchpad
from hcm_pipeline.defs.expected import expected
from hcm_pipeline.defs.persons import person_of
from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.plain_text import counted, shown

UPLOAD_JOB = "upload_manifest"
OUTCOMES_JOB = "read_outcomes"
DATA_VERSION = "dagster/data_version"
APPROVE_JOB = "approve_manifest"
REJECT_JOB = "reject_manifest"
OUTCOMES_WAIT_SECONDS = 600.0
LOG_INTERVAL = 30.0
"""Seconds between two readings of the provisioning log."""
TARGET_POOL = "target"
"""Runs that ask or send to the target are in this pool: one of them goes on at a time."""
STATES = ("succeeded", "failed", "skipped", "missing", "accepted", "planned")
"""States of operations that are counted, zeros too."""


class UploadConfig(dg.Config):
    """Which manifest to upload: its id, or a beginning of it that fits no other. Without one nothing is sent."""

    manifest_id: str = ""


RECEIPTS = dg.AssetSpec(
    "receipts",
    deps=["manifest"],
    skippable=True,
    group_name="delivery",
    owners=md.OWNERS,
    kinds={"sqlite", "duckdb"},
    metadata={**md.schema_of("receipts", md.RECEIPTS_COLUMNS), **md.ONE_WORKER},
    code_version=code_version(*DELIVERY_ROOMS),
    description="Requests that were sent and accepted, one by one: made by sending one manifest, whose id its run is given.",
)
OUTCOMES = dg.AssetSpec(
    "outcomes",
    deps=["receipts"],
    skippable=True,
    group_name="delivery",
    owners=md.OWNERS,
    kinds={"duckdb"},
    metadata={**md.schema_of("receipts", md.RECEIPTS_COLUMNS), **md.ONE_WORKER},
    code_version=code_version(*DELIVERY_ROOMS),
    description="The end of every operation by the provisioning log; one event for each manifest that it speaks of. The next "
    "plan reads it by way of `delivered_users`.",
)


@dg.multi_asset(
    name="upload",
    specs=[RECEIPTS],
    pool=TARGET_POOL,
    description="Sign in, send what is left of the manifest within the service's limits, journal every request.",
)
def receipts_asset(
    context: dg.AssetExecutionContext, config: UploadConfig, pipeline: Pipeline
) -> Iterator[dg.MaterializeResult[None]]:
    """Send one manifest. Raises what `upload` raises, and Failure when requests were refused or a person has to act.

    There is no retry here: the upload retries what passes, and the sensor starts another run for what was left.
    """
    if not md.is_named(context, config.manifest_id, UPLOAD_JOB):
        return
    progress = pipeline.progress(context.log)
    with expected():
        done = flow.upload(
            pipeline.installation(context.log),
            config.manifest_id,
            announce=lambda line: context.log.info(shown(line)),
            progress=flow.sending(progress),
        )
    [manifest], [report] = done.manifests, done.reports
    yield _receipts(manifest, report)
    if report.paused_until:
        tell = context.log.warning if report.stopped else context.log.info
        tell(f"{report.reason}; it goes on at {report.paused_until:%Y-%m-%d %H:%M}Z")
    if report.stopped and not report.paused_until:
        raise dg.Failure(f"manifest {report.manifest_id[:12]}: {report.reason}")
    if report.state == "failed":
        raise dg.Failure(f"{report.reason}; the refused operations return to the next plan")


def _receipts(manifest: flow.JournaledManifest, report: flow.UploadReport) -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(
        asset_key="receipts",
        metadata={
            "manifest_id": report.manifest_id,
            "business_date": manifest.business_date.isoformat(),
            "state": str(report.state),
            "requests": report.requests,
            "accepted": report.accepted,
            "refused": report.refused,
            "sent_now": report.sent,
            "operations": manifest.operations,
            **({"paused_until": report.paused_until.isoformat()} if report.paused_until else {}),
            **({"reason": report.reason} if report.reason else {}),
        },
        data_version=dg.DataVersion(f"{report.manifest_id[:32]}-{report.accepted}"),
    )


def deciding_page(ui_url: str, verb: str, manifest_id: str, operations: int) -> str:
    """The launchpad of the job that approves or rejects a manifest, filled in; a person starts it there."""
    job = {"approve": APPROVE_JOB, "reject": REJECT_JOB}[verb]
    return launchpad(ui_url, job, verb, {"manifest_id": manifest_id, "operations": operations, "why": ""})


class DecisionConfig(dg.Config):
    """A decision about a manifest, named by its id and the number of its operations: who decides, and why.

    `by` counts only where nobody signs in: behind a reverse proxy it is who is signed in there.
    """

    manifest_id: str
    operations: int
    why: str | None = None
    by: str | None = None


@dg.op(name="approve", description="Let a held manifest go out; counts for guards.approval_hours of the profile.")
@expected()
def approve_op(context: dg.OpExecutionContext, config: DecisionConfig, pipeline: Pipeline) -> None:
    """See `flow.approve`; the upload sensor starts the upload."""
    who = person_of(context, config.by)
    found = flow.approve(
        pipeline.installation(),
        config.manifest_id,
        operations=config.operations,
        by=who.name,
        why=config.why,
        how=who.way,
    )
    _tell(context, found)


@dg.op(name="reject", description="Let nothing more of a manifest go out; its workers are withheld until they change.")
@expected()
def reject_op(context: dg.OpExecutionContext, config: DecisionConfig, pipeline: Pipeline) -> None:
    """See `flow.reject`."""
    who = person_of(context, config.by)
    found = flow.reject(
        pipeline.installation(),
        config.manifest_id,
        operations=config.operations,
        by=who.name,
        why=config.why,
        how=who.way,
    )
    _tell(context, found)


def _tell(context: dg.OpExecutionContext, found: flow.JournaledManifest) -> None:
    reason = f" ({found.reason})" if found.reason else ""
    context.log.info(f"manifest {found.manifest_id} is {found.state}{reason}")
    context.instance.add_run_tags(context.run_id, {md.MANIFEST_TAG: found.manifest_id})


@dg.multi_asset(
    name="outcomes",
    specs=[OUTCOMES],
    pool=TARGET_POOL,
    description="Read the provisioning log until every accepted operation has an outcome.",
)
def outcomes_asset(context: dg.AssetExecutionContext, pipeline: Pipeline) -> Iterator[dg.MaterializeResult[None]]:
    """Settle receipts; what still waits after ten minutes is left to the next run. An event for each manifest.

    The last of them is what the step hands over: without it no check of the asset would be judged behind it.
    """
    with expected():
        events = _read_outcomes(context, pipeline)
    for event in events[:-1]:
        context.log_event(event)
    for newest in events[-1:]:
        version = dg.DataVersion((newest.tags or {})[DATA_VERSION])
        yield dg.MaterializeResult(asset_key=newest.asset_key, metadata=newest.metadata, data_version=version)


def _read_outcomes(context: dg.AssetExecutionContext, pipeline: Pipeline) -> list[dg.AssetMaterialization]:
    progress = pipeline.progress(context.log)
    targets = pipeline.installation(context.log).targets
    found, faults = flow.each(targets, lambda one: _read_outcomes_of(context, one, progress))
    events = [event for _, of_target in found for event in of_target]
    if faults:
        for event in events:
            context.log_event(event)
        raise faults[0]
    return events


def _read_outcomes_of(
    context: dg.AssetExecutionContext, installation: flow.Installation, progress: Callable[[str], None]
) -> list[dg.AssetMaterialization]:
    report = flow.read_outcomes(
        installation,
        wait_seconds=OUTCOMES_WAIT_SECONDS,
        interval=LOG_INTERVAL,
        announce=lambda line: context.log.info(shown(line)),
        progress=lambda settled, waiting: progress(f"{counted(settled, 'operation')} settled, {waiting:,} waiting"),
    )
    newest = flow.newest_outcomes(installation)
    for found in newest:
        tag = f"{md.MANIFEST_TAG}/{found.manifest_id[:12]}"
        context.instance.add_run_tags(context.run.run_id, {tag: found.business_date.isoformat()})
    context.log.info(f"{report.settled:,} settled now, {report.waiting:,} still waiting, {report.missing:,} missing")
    if report.unreadable:
        context.log.warning(f"{counted(report.unreadable, 'entry')} of the log cannot be read")
    if report.flows_unread:
        context.log.warning(shown(report.flows_unread))
    warning = flow.job_warning(report)
    if warning is not None:
        context.log.warning(shown(warning))
    return [_outcomes(found) for found in newest]


def _outcomes(found: flow.ManifestOutcomes) -> dg.AssetMaterialization:
    counts = "-".join(map(str, sorted(found.states.items())))
    return dg.AssetMaterialization(
        "outcomes",
        description="what the provisioning log says",
        metadata={
            "manifest_id": found.manifest_id,
            "business_date": found.business_date.isoformat(),
            **{state: found.states.get(state, 0) for state in STATES},
        },
        tags={DATA_VERSION: f"{found.manifest_id[:32]}-{counts}"[:120]},
    )


upload_job = dg.define_asset_job(
    UPLOAD_JOB,
    selection=dg.AssetSelection.assets("receipts").without_checks(),
    executor_def=dg.in_process_executor,
    description="Uploads one manifest. Started by the sensor when a manifest is ready, or by a person with its id.",
)


@dg.job(
    name=APPROVE_JOB,
    executor_def=dg.in_process_executor,
    description="Lets a held manifest go out: config manifest_id, operations, why, by.",
)
def approve_job() -> None:
    """One op: see `approve_op`."""
    approve_op()


@dg.job(
    name=REJECT_JOB,
    executor_def=dg.in_process_executor,
    description="Lets nothing more of a manifest go out: config manifest_id, operations, why, by.",
)
def reject_job() -> None:
    """One op: see `reject_op`."""
    reject_op()


outcomes_job = dg.define_asset_job(
    OUTCOMES_JOB,
    selection=dg.AssetSelection.assets("outcomes").without_checks(),
    executor_def=dg.in_process_executor,
    description="Reads the provisioning log and settles what was sent. Started by the sensor while something waits.",
)
