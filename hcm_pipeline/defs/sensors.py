"""Sensors: what has arrived, what is ready to be sent, what waits for an outcome, who is sent again, what people are told.

Each decides by looking at files and the journal; the work is done by the runs they ask for.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg

from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.alert_checks import ALERTS_JOB, something_new
from hcm_pipeline.defs.assets import DAILY_JOB
from hcm_pipeline.defs.delivery_jobs import OUTCOMES_JOB, UPLOAD_JOB, outcomes_job, upload_job
from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.delivery.outcomes.log_reading import why_read
from hcm_pipeline.delivery.plan.resend import why_plan
from hcm_pipeline.delivery.state.journal import WAITING, Journal, JournaledManifest
from hcm_pipeline.delivery.state.pacing import Pace
from hcm_pipeline.delivery.state.pauses import Gates, PauseKind
from hcm_pipeline.entra.timing import utc_now
from hcm_pipeline.flow.landing import SETTLE_SECONDS, arrivals
from hcm_pipeline.profile import Profile
from hcm_pipeline.targets.entra.connection import target_key, tenant_of
from hcm_pipeline.targets.entra.job_health import JobState, remembered
from hcm_pipeline.warehouse import first

RETRY_AFTER_SECONDS = 600
"""A manifest whose last upload run failed is tried again after so long."""


def build_sensors(profile: Profile) -> list[dg.SensorDefinition]:
    """Every sensor, for a profile."""
    automatic = dg.DefaultSensorStatus.RUNNING if profile.delivery.automatic else dg.DefaultSensorStatus.STOPPED

    @dg.sensor(
        name="arrival",
        job_name=DAILY_JOB,
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a run for each business date of which a whole file lies in landing/.",
    )
    def arrival(context: dg.SensorEvaluationContext, pipeline: Pipeline) -> Iterator[dg.RunRequest | dg.SkipReason]:
        found = arrivals(pipeline.home, profile, SETTLE_SECONDS)
        for day, marks in sorted(found.dates.items()):
            date = day.isoformat()
            yield dg.RunRequest(run_key="|".join([date, *marks]), partition_key=date, tags={md.DATE_TAG: date})
        if not found.dates:
            yield dg.SkipReason("; ".join(found.reasons) or "nothing lies in landing/")

    @dg.sensor(
        name="manifest_ready",
        job=upload_job,
        minimum_interval_seconds=5,
        default_status=automatic,
        description="Starts one upload run for a manifest that is ready or was cut off.",
    )
    def manifest_ready(
        context: dg.SensorEvaluationContext, pipeline: Pipeline
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        if not pipeline.home.journal.is_file():
            yield dg.SkipReason("nothing was ever planned")
            return
        with Journal(pipeline.home.journal) as journal:
            target = target_key(pipeline.settings)
            ready = [manifest for manifest in journal.open_manifests() if manifest.target == target]
            if not ready:
                yield dg.SkipReason("no manifest is ready")
            for manifest in ready:
                why = kept_back(pipeline, journal, manifest)
                paused = Gates(journal, target).paused() is not None
                yield dg.SkipReason(why) if why else _upload_request(context.instance, manifest, paused=paused)

    @dg.sensor(
        name="outcomes_waiting",
        job=outcomes_job,
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a run that reads the provisioning log while an accepted operation has no outcome.",
    )
    def outcomes_waiting(context: dg.SensorEvaluationContext, pipeline: Pipeline) -> dg.RunRequest | dg.SkipReason:
        newest = last_acceptance(pipeline)
        why = why_read_now(pipeline, newest)
        if why is None:
            return dg.SkipReason("every accepted operation has its outcome" if newest else "nothing was accepted yet")
        context.log.info(why)
        running = under_way(context.instance, context.instance.get_runs(dg.RunsFilter(job_name=OUTCOMES_JOB), limit=10))
        if running:
            return dg.SkipReason("a run is reading the provisioning log already")
        return dg.RunRequest()

    @dg.sensor(
        name="resend_due",
        job_name=DAILY_JOB,
        minimum_interval_seconds=60,
        default_status=automatic,
        description="Plans the newest business date again when somebody is to be sent again: what failed and may succeed by "
        "now, what is missing, whose manager has come.",
    )
    def resend_due(context: dg.SensorEvaluationContext, pipeline: Pipeline) -> dg.RunRequest | dg.SkipReason:
        target = target_key(pipeline.settings)
        if not pipeline.home.read_copy.is_file():
            return dg.SkipReason("nothing was processed yet")
        with Journal(pipeline.home.journal) as journal:
            before = [m for m in journal.manifests(*WAITING) if m.target == target]
        if before:
            return dg.SkipReason(f"manifest {before[0].manifest_id[:12]} is {before[0].state}; it comes first")
        with pipeline.warehouse(dg.get_dagster_logger()).read() as con:
            due = why_plan(con, target, utc_now())
            day = first(con, "select max(business_date) from days where status = 'done'")
        if due is None or day is None or day[0] is None:
            return dg.SkipReason("nobody is to be sent again now")
        why, key = due
        context.log.info(why)
        date = day[0].isoformat()
        # once for a state of failures, and again the next day if that changed nothing
        run_key = f"resend:{key}:{utc_now():%Y-%m-%d}"
        return dg.RunRequest(run_key=run_key, partition_key=date, tags={md.DATE_TAG: date})

    @dg.sensor(
        name="something_to_tell",
        job_name=ALERTS_JOB,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a run that judges the delivery checks and tells people, when something has begun or ended.",
    )
    def something_to_tell(context: dg.SensorEvaluationContext, pipeline: Pipeline) -> dg.RunRequest | dg.SkipReason:
        if not pipeline.home.read_copy.is_file():
            return dg.SkipReason("nothing was processed yet")
        if not something_new(pipeline):
            return dg.SkipReason("nothing has begun or ended since people were last told")
        if under_way(context.instance, context.instance.get_runs(dg.RunsFilter(job_name=ALERTS_JOB), limit=10)):
            return dg.SkipReason("a run is telling people already")
        return dg.RunRequest()

    return [arrival, manifest_ready, outcomes_waiting, resend_due, something_to_tell]


def under_way(instance: dg.DagsterInstance, runs: Sequence[dg.DagsterRun]) -> bool:
    """Whether one of the runs is still going on. One whose own process was killed is marked as failed, and is not.

    The daemon's monitoring finds killed runs that it launched; a run inside a command has only its process id to go by.
    """
    going_on = False
    for run in runs:
        if run.is_finished:
            continue
        process = run.tags.get(md.PROCESS_TAG)
        if process is not None and not Path(f"/proc/{process}").exists() and Path("/proc/self").exists():
            instance.report_run_failed(run, f"process {process} was killed")
        else:
            going_on = True
    return going_on


def kept_back(pipeline: Pipeline, journal: Journal, manifest: JournaledManifest) -> str | None:
    """What keeps a manifest from being uploaded now: its canary, the quota, a wait that the service or the job asks for."""
    name, now = f"manifest {manifest.manifest_id[:12]}", utc_now()
    gates = Gates(journal, manifest.target)
    failed = gates.failed(manifest.manifest_id) or silent_job(pipeline, manifest.target)
    if failed:
        return f"{name}: {failed}"
    pause = gates.paused()
    if pause and pause.kind is PauseKind.CANARY and pause.manifest_id == manifest.manifest_id:
        waiting_for = canary_waits(pipeline, manifest)
        if waiting_for and not gates.released(manifest.manifest_id):
            return f"{name}: {waiting_for} of the operations that went first have no outcome yet"
    elif pause and pause.kind in (PauseKind.SERVICE, PauseKind.JOB) and pause.until > now:
        return f"{name}: {pause.describe()}"
    quota = pipeline.loaded.profile.delivery.own_quota
    spent = Pace(journal, tenant_of(pipeline.settings), manifest.target, clock=utc_now, quota=quota).not_yet()
    if spent and spent.spent:
        return f"{name}: the quota is spent; it goes on at {spent.free_at:%Y-%m-%d %H:%M}Z"
    return None


def canary_waits(pipeline: Pipeline, manifest: JournaledManifest) -> int:
    """How many operations of a manifest's first request have no outcome, as far as the read copy knows."""
    if not pipeline.home.read_copy.is_file():
        return 1
    with pipeline.warehouse(dg.get_dagster_logger()).read() as con:
        row = first(
            con,
            """select count(*) from operations o join manifests m using (plan_no)
            left join outcomes u using (plan_no, request_no, op_no)
            where m.manifest_id = ? and o.request_no = 0 and u.outcome is null""",
            [manifest.manifest_id],
        )
    return int(row[0]) if row else 0


def _upload_request(
    instance: dg.DagsterInstance, manifest: JournaledManifest, *, paused: bool
) -> dg.RunRequest | dg.SkipReason:
    """A run for the manifest, unless one is under way. Its key counts the runs that ended, so that none comes twice.

    `paused`: the last one ended because it had to wait for something, and that is over. After any other it rests a while.
    """
    records = instance.get_run_records(dg.RunsFilter(job_name=UPLOAD_JOB, tags={md.MANIFEST_TAG: manifest.manifest_id}))
    if under_way(instance, [record.dagster_run for record in records]):
        return dg.SkipReason(f"manifest {manifest.manifest_id[:12]} is being uploaded")
    launched = [record for record in records if md.PROCESS_TAG not in record.dagster_run.tags]
    last_end = max((record.end_time or 0.0 for record in launched), default=0.0)
    if launched and not paused and time.time() - last_end < RETRY_AFTER_SECONDS:
        return dg.SkipReason(
            f"manifest {manifest.manifest_id[:12]}: its last upload ended early; it goes on a while later"
        )
    return dg.RunRequest(
        run_key=f"{manifest.manifest_id}:{len(records)}",
        run_config={"ops": {"upload": {"config": {"manifest_id": manifest.manifest_id}}}},
        tags={md.MANIFEST_TAG: manifest.manifest_id, md.DATE_TAG: manifest.business_date.isoformat()},
    )


def silent_job(pipeline: Pipeline, target: str) -> str | None:
    """Why nothing is to be sent to a job of which the log does not speak, as far as the read copy knows."""
    if not pipeline.home.read_copy.is_file():
        return None
    with pipeline.warehouse(dg.get_dagster_logger()).read() as con:
        found = remembered(con, target)
    silent = found and found.report.state is JobState.SILENT and found.report.stops(utc_now())
    return found.report.describe() if found and silent else None


def last_acceptance(pipeline: Pipeline) -> int:
    """The sequence number of the newest acceptance in the journal; 0 when nothing was accepted."""
    if not pipeline.home.journal.is_file():
        return 0
    with Journal(pipeline.home.journal) as journal:
        return journal.last_acceptance()


def why_read_now(pipeline: Pipeline, newest: int) -> str | None:
    """What a reading of the log could tell, as far as the read copy knows; `newest` is the last acceptance in the journal."""
    if not pipeline.home.read_copy.is_file():
        return "something was accepted" if newest else None
    with pipeline.warehouse(dg.get_dagster_logger()).read() as con:
        row = first(con, "select value from meta where key = 'accept_seq'")
        if newest > (int(row[0]) if row else 0):
            return "something was accepted"
        return why_read(con, target_key(pipeline.settings), pipeline.loaded.profile.outcomes, utc_now())
