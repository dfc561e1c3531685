"""Sensors: what has arrived, what is ready to be sent, what waits for an outcome, which failures are sent again, what is told.

Each asks a use case, and turns its answer into a request for a run or a reason to skip; the runs do the work.
"""

import datetime as dt
import hashlib
import time
from collections.abc import Iterator, Sequence

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.alert_checks import ALERTS_JOB, not_judged
from hcm_pipeline.defs.assets import DAILY_JOB
from hcm_pipeline.defs.delivery_jobs import OUTCOMES_JOB, UPLOAD_JOB, outcomes_job, upload_job
from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.defs.schedules import SCHEDULE
from hcm_pipeline.defs.tries import Work, judge, judge_again, under_way, undone
from hcm_pipeline.profile import Profile

RETRY_AFTER_SECONDS = 600
"""A manifest whose last upload run failed is tried again after so long."""


def build_sensors(profile: Profile, *, sandbox: bool) -> list[dg.SensorDefinition]:
    """Every sensor, for a profile and a target. Where delivery is not automatic, a person starts those that plan again and upload.

    `sandbox`: the target is the home's own sandbox, and no tenant.
    """
    by_itself = profile.delivery.starts_by_itself(sandbox=sandbox)
    automatic = dg.DefaultSensorStatus.RUNNING if by_itself else dg.DefaultSensorStatus.STOPPED
    return [
        _arrival(profile), _manifest_ready(automatic), _outcomes_waiting(), _resend_due(automatic), _something_to_tell(),
    ]  # fmt: skip


def _arrival(profile: Profile) -> dg.SensorDefinition:
    @dg.sensor(
        name="arrival",
        job_name=DAILY_JOB,
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a run for each business date of which a whole file lies in landing/ or in a place of the profile, "
        "and starts it again when it failed or was killed, whatever it had taken.",
    )
    def arrival(context: dg.SensorEvaluationContext, pipeline: Pipeline) -> Iterator[dg.RunRequest | dg.SkipReason]:
        now = flow.utc_now()
        opener = pipeline.installation().opener if profile.places else None
        found = flow.find_arrivals(pipeline.home, profile, cursor=context.cursor, opener=opener)
        if found.cursor is not None:
            context.update_cursor(found.cursor)
        works = [_arrived(date, marks) for date, marks in found.dates.items()]
        dates = {work.business_date for work in works}
        works += [
            work
            for starter in ("arrival", SCHEDULE)
            for work in undone(context.instance, DAILY_JOB, starter, now)
            if work.business_date not in dates  # a file that lies there does all of its date
        ]
        judged = [judge(context.instance, DAILY_JOB, work, now) for work in works]
        for starter in ("arrival", SCHEDULE):
            failed = [one.failed for one in judged if one.failed and one.work.sensor == starter]
            flow.keep_failed_work(pipeline.home, starter, failed)
        started = [one.work.request(one.tries) for one in judged if one.start]
        yield from started
        if not started:
            reasons = [*found.reasons, *(one.why for one in judged)]
            yield dg.SkipReason("; ".join(reasons) or _nothing(profile))

    return arrival


def _nothing(profile: Profile) -> str:
    return "nothing lies in landing/" + (" nor in a place of the profile" if profile.places else "")


def _arrived(date: str, marks: Sequence[str]) -> Work:
    """The work that the files of a business date are: another when one of them changes."""
    digest = hashlib.sha256("|".join(marks).encode()).hexdigest()[:16]
    return Work(f"arrival:{date}:{digest}", dt.date.fromisoformat(date))


def _manifest_ready(status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    @dg.sensor(
        name="manifest_ready",
        job=upload_job,
        minimum_interval_seconds=5,
        default_status=status,
        description="Starts one run for a manifest that is ready or was cut off: it sends to the target what is left of it. "
        "Reading the outcomes follows.",
    )
    def manifest_ready(
        context: dg.SensorEvaluationContext, pipeline: Pipeline
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        if not pipeline.home.journal.is_file():
            yield dg.SkipReason("nothing was ever planned")
            return
        ready, failed = flow.ready_manifests(pipeline.installation()), []
        if not ready:
            yield dg.SkipReason("no manifest is ready")
        for one in ready:
            if one.verdict.tripped:
                yield dg.SkipReason(f"manifest {one.manifest.manifest_id[:12]}: {one.verdict.sentence}")
                continue
            request, told = _upload_request(context.instance, one)
            failed += [told] if told else []
            yield request
        flow.keep_failed_work(pipeline.home, "manifest_ready", failed)

    return manifest_ready


def _outcomes_waiting() -> dg.SensorDefinition:
    @dg.sensor(
        name="outcomes_waiting",
        job=outcomes_job,
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a run that reads the provisioning log while an accepted operation has no outcome. It sends "
        "nothing; what failed is planned again by `resend_due`.",
    )
    def outcomes_waiting(context: dg.SensorEvaluationContext, pipeline: Pipeline) -> dg.RunRequest | dg.SkipReason:
        found = flow.worth_reading(pipeline.installation())
        if found.why is None:
            flow.keep_failed_work(pipeline.home, "outcomes_waiting", [])
            nothing = "every accepted operation has its outcome" if found.accepted else "nothing was accepted yet"
            return dg.SkipReason(nothing)
        context.log.info(found.why)
        return _once_more(
            context.instance,
            pipeline,
            "outcomes_waiting",
            OUTCOMES_JOB,
            "a run is reading the provisioning log already",
        )

    return outcomes_waiting


def _resend_due(status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    @dg.sensor(
        name="resend_due",
        job_name=DAILY_JOB,
        minimum_interval_seconds=60,
        default_status=status,
        description="Plans the newest business date again when somebody is to be sent again: what failed and may succeed by "
        "now, what is missing, whose manager has come.",
    )
    def resend_due(context: dg.SensorEvaluationContext, pipeline: Pipeline) -> dg.RunRequest | dg.SkipReason:
        due = flow.plan_again(pipeline.installation())
        if isinstance(due, str):
            flow.keep_failed_work(pipeline.home, "resend_due", [])
            return dg.SkipReason(due)
        context.log.info(due.why)
        now = flow.utc_now()
        # once for a state of failures, and again the next day if that changed nothing
        work = Work(f"resend_due:{due.key}:{now:%Y-%m-%d}", due.day)
        judged = judge(context.instance, DAILY_JOB, work, now)
        flow.keep_failed_work(pipeline.home, "resend_due", [judged.failed] if judged.failed else [])
        return work.request(judged.tries) if judged.start else dg.SkipReason(judged.why)

    return resend_due


def _something_to_tell() -> dg.SensorDefinition:
    @dg.sensor(
        name="something_to_tell",
        job_name=ALERTS_JOB,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a run that judges the delivery checks and tells people: once at first, when their assets were made "
        "anew, and when something has begun or ended.",
    )
    def something_to_tell(context: dg.SensorEvaluationContext, pipeline: Pipeline) -> dg.RunRequest | dg.SkipReason:
        if not pipeline.home.read_copy.is_file() and not flow.failed_work(pipeline.home):
            return dg.SkipReason("nothing was processed yet")
        if not flow.something_to_tell(pipeline.installation()) and not not_judged(context.instance):
            flow.keep_failed_work(pipeline.home, "something_to_tell", [])
            return dg.SkipReason("nothing has begun or ended since people were last told")
        return _once_more(
            context.instance, pipeline, "something_to_tell", ALERTS_JOB, "a run is telling people already"
        )

    return something_to_tell


def _once_more(
    instance: dg.DagsterInstance, pipeline: Pipeline, sensor: str, job: str, already: str
) -> dg.RunRequest | dg.SkipReason:
    """A run of a job that is needed again and again, unless one is under way. So many runs that fail are enough for a day."""
    now = flow.utc_now()
    records = instance.get_run_records(dg.RunsFilter(job_name=job, updated_after=now - dt.timedelta(days=1)), limit=50)
    if under_way(instance, [record.dagster_run for record in records]):
        return dg.SkipReason(already)
    judged = judge_again(Work(f"{sensor}:{now:%Y-%m-%d}", now.date()), records, instance, now)
    flow.keep_failed_work(pipeline.home, sensor, [judged.failed] if judged.failed else [])
    return dg.RunRequest() if judged.start else dg.SkipReason(judged.why)


def _upload_request(
    instance: dg.DagsterInstance, ready: flow.Ready
) -> tuple[dg.RunRequest | dg.SkipReason, flow.FailedWork | None]:
    """A run for the manifest, unless one is under way. Its key counts the runs that ended, so that none comes twice.

    A manifest whose last run ended because it had to wait goes on at once; after any other end it rests a while, and after so many
    runs that failed one after the other it is left to a person.
    """
    manifest = ready.manifest
    name = f"manifest {manifest.manifest_id[:12]}"
    records = instance.get_run_records(dg.RunsFilter(job_name=UPLOAD_JOB, tags={md.MANIFEST_TAG: manifest.manifest_id}))
    if under_way(instance, [record.dagster_run for record in records]):
        return dg.SkipReason(f"{name} is being uploaded"), None
    work = Work(f"manifest_ready:{manifest.manifest_id}", manifest.business_date)
    rest = dt.timedelta(seconds=0 if ready.paused else RETRY_AFTER_SECONDS)
    judged = judge_again(work, records, instance, flow.utc_now(), rest)
    if not judged.start:
        return dg.SkipReason(f"{name}: {judged.why}"), judged.failed
    launched = [record for record in records if md.PROCESS_TAG not in record.dagster_run.tags]
    last_end = max((record.end_time or 0.0 for record in launched), default=0.0)
    if launched and not ready.paused and time.time() - last_end < RETRY_AFTER_SECONDS:
        return dg.SkipReason(f"{name}: its last upload ended early; it goes on a while later"), None
    request = dg.RunRequest(
        run_key=f"{manifest.manifest_id}:{len(records)}",
        run_config={"ops": {"upload": {"config": {"manifest_id": manifest.manifest_id}}}},
        tags={md.MANIFEST_TAG: manifest.manifest_id, md.DATE_TAG: manifest.business_date.isoformat()},
    )
    return request, judged.failed
