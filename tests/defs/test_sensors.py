"""Requests of each sensor, and its reasons to make none: none, first, again."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import dagster as dg
import pytest

from hcm_pipeline import flow
from hcm_pipeline.deciders import Decider
from hcm_pipeline.defs import sensors
from hcm_pipeline.defs.code_location import build
from hcm_pipeline.defs.delivery_jobs import OUTCOMES_JOB, UPLOAD_JOB
from hcm_pipeline.delivery import (
    Journal,
    JournaledManifest,
    Limits,
    Pace,
    Pause,
    PauseKind,
    RequestState,
    SendResult,
    sync_warehouse,
)
from hcm_pipeline.delivery.fence import HomeTarget, mark_of, write_target
from hcm_pipeline.delivery.manifest import Manifest
from hcm_pipeline.entra import UPLOAD_RATE, EntraConnection
from hcm_pipeline.flow import arrivals, landing, plans, processing
from hcm_pipeline.http import utc_now
from hcm_pipeline.settings import Settings
from hcm_pipeline.targets.entra.connection import known_target, tenant_of
from hcm_pipeline.warehouse import Warehouse

from ..acceptance.support import TARGET, extract, worker
from .conftest import Location

ADA = worker("1001", "Ada", "Byron")


def requests_of(result: dg.SensorResult) -> Sequence[dg.RunRequest]:
    """The run requests of a tick."""
    return result.run_requests or []


def reason_of(result: dg.SensorResult) -> str:
    """Why nothing was asked for."""
    assert not requests_of(result)
    return getattr(result, "skip_message", None) or str(getattr(result, "skip_reason", None))


def plan_a_day(location: Location) -> Manifest:
    """A business date up to its manifest, without Dagster."""
    path = location.deliver("workers-2026-11-02.csv", ADA)
    loaded, warehouse = location.pipeline.installation().loaded, Warehouse(location.home)
    [landed] = landing.land(warehouse, loaded.profile, [path], now=utc_now)
    assert landed.result == "taken"
    list(processing.process(warehouse, loaded, [dt.date(2026, 11, 2)]))
    made = plans.plan(warehouse, loaded, TARGET)
    warehouse.publish()
    assert made is not None
    assert made.manifest is not None
    return made.manifest


def a_run(location: Location, job: str, status: dg.DagsterRunStatus, **tags: str) -> dg.DagsterRun:
    """A run that the instance knows of in this state."""
    definition = location.defs.resolve_job_def(job)
    config = {"ops": {"upload": {"config": {"manifest_id": "any"}}}} if job == UPLOAD_JOB else {}
    run = location.instance.create_run_for_job(definition, run_config=config, tags=tags)
    if status is dg.DagsterRunStatus.FAILURE:
        location.instance.report_run_failed(run)
    elif status is dg.DagsterRunStatus.STARTED:
        location.instance.handle_new_event(_event(run))
    return run


def _event(run: dg.DagsterRun) -> dg.EventLogEntry:
    event = dg.DagsterEvent(event_type_value=dg.DagsterEventType.RUN_START.value, job_name=run.job_name)
    return dg.EventLogEntry(  # type: ignore[no-untyped-call]
        error_info=None, level="info", user_message="", run_id=run.run_id, timestamp=time.time(),
        job_name=run.job_name, dagster_event=event,
    )  # fmt: skip


def test_arrival_says_that_nothing_lies_in_landing(location: Location) -> None:
    assert reason_of(location.tick("arrival")) == "nothing lies in landing/"


def test_arrival_asks_for_a_run_of_the_date_in_the_name_of_a_whole_file(location: Location) -> None:
    location.deliver("workers-2026-11-02.csv", ADA)
    [request] = requests_of(location.tick("arrival"))
    assert request.partition_key == "2026-11-02"
    assert request.tags["hcm/business_date"] == "2026-11-02"


def test_arrival_asks_under_the_same_key_until_the_file_changes(location: Location) -> None:
    location.deliver("workers-2026-11-02.csv", ADA)
    [first], [again] = (requests_of(location.tick("arrival")) for _ in range(2))
    assert first.run_key == again.run_key
    location.deliver("workers-2026-11-02.csv", ADA, worker("1002", "Ben", "Okri"))
    [other] = requests_of(location.tick("arrival"))
    assert other.run_key != first.run_key


def test_arrival_asks_for_one_run_a_date_oldest_first_however_many_files(location: Location) -> None:
    for name in ("b-2026-11-03.csv", "a-2026-11-03.csv", "c-2026-11-02.csv"):
        location.deliver(name, ADA)
    assert [request.partition_key for request in requests_of(location.tick("arrival"))] == ["2026-11-02", "2026-11-03"]


def test_arrival_leaves_a_file_that_may_still_be_written(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "SETTLE_SECONDS", 50)
    location.deliver("workers-2026-11-02.csv", ADA, age=0)
    assert reason_of(location.tick("arrival")) == "workers-2026-11-02.csv: it changed less than 50 seconds ago"
    location.deliver("workers-2026-11-02.csv", ADA, age=60)
    assert requests_of(location.tick("arrival"))


def test_arrival_names_a_file_without_a_date_and_still_takes_the_others(location: Location) -> None:
    location.deliver("workers.csv", ADA)
    assert "workers.csv" in reason_of(location.tick("arrival"))
    location.deliver("workers-2026-11-02.csv", ADA)
    assert [request.partition_key for request in requests_of(location.tick("arrival"))] == ["2026-11-02"]


def test_manifest_ready_says_why_it_asks_for_nothing(location: Location) -> None:
    assert reason_of(location.tick("manifest_ready")) == "nothing was ever planned"
    with Journal(location.home.journal):
        assert reason_of(location.tick("manifest_ready")) == "no manifest is ready"


def test_manifest_ready_asks_for_one_run_for_a_manifest_under_a_stable_key(location: Location) -> None:
    manifest = plan_a_day(location)
    [first], [again] = (requests_of(location.tick("manifest_ready")) for _ in range(2))
    assert first.run_key == again.run_key
    assert first.run_key is not None
    assert first.run_key.startswith(manifest.manifest_id)
    assert first.tags["hcm/manifest"] == manifest.manifest_id
    assert first.tags["hcm/business_date"] == "2026-11-02"
    assert first.run_config["ops"]["upload"]["config"] == {"manifest_id": manifest.manifest_id}


def test_manifest_ready_starts_no_second_run_beside_one_under_way(location: Location) -> None:
    manifest = plan_a_day(location)
    a_run(location, UPLOAD_JOB, dg.DagsterRunStatus.STARTED, **{"hcm/manifest": manifest.manifest_id})
    assert "is being uploaded" in reason_of(location.tick("manifest_ready"))


def test_manifest_ready_goes_on_a_while_after_a_run_ended_early(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = plan_a_day(location)
    [first] = requests_of(location.tick("manifest_ready"))
    a_run(location, UPLOAD_JOB, dg.DagsterRunStatus.FAILURE, **{"hcm/manifest": manifest.manifest_id})
    assert "ended early" in reason_of(location.tick("manifest_ready"))
    monkeypatch.setattr(sensors, "RETRY_AFTER_SECONDS", 0)
    [second] = requests_of(location.tick("manifest_ready"))
    assert second.run_key != first.run_key  # the daemon would take the same key for a run that was made


def test_manifest_ready_is_quiet_once_everything_was_accepted(location: Location) -> None:
    accept(location, plan_a_day(location))
    assert reason_of(location.tick("manifest_ready")) == "no manifest is ready"


def accept(location: Location, manifest: Manifest) -> JournaledManifest:
    """The service takes the manifest's one request, as the upload's journal has it."""
    with Journal(location.home.journal) as journal:
        journal.start(manifest.manifest_id)
        assert journal.begin_send(manifest.manifest_id, 0)
        outcome = SendResult(RequestState.ACCEPTED, status=202, service_time=utc_now())
        journal.end_send(manifest.manifest_id, 0, outcome)
        journal.finish(manifest.manifest_id)
        return journal.get(manifest.manifest_id)


def test_outcomes_waiting_asks_from_the_acceptance_until_every_operation_has_its_outcome(location: Location) -> None:
    assert reason_of(location.tick("outcomes_waiting")) == "nothing was accepted yet"
    manifest = plan_a_day(location)
    assert reason_of(location.tick("outcomes_waiting")) == "nothing was accepted yet"
    accept(location, manifest)
    assert requests_of(location.tick("outcomes_waiting"))  # before the warehouse has heard of it
    warehouse = Warehouse(location.home)
    profile = location.pipeline.installation().loaded.profile
    sync_warehouse(warehouse, known_target(location.pipeline.settings, profile.delivery), profile.outcomes)
    assert requests_of(location.tick("outcomes_waiting"))
    run = a_run(location, OUTCOMES_JOB, dg.DagsterRunStatus.STARTED)
    assert reason_of(location.tick("outcomes_waiting")) == "a run is reading the provisioning log already"
    location.instance.report_run_failed(run)
    with warehouse.write() as con:
        con.execute("""
            insert into outcomes by name select plan_no, request_no, op_no, person_number, 'succeeded' as outcome,
                'create' as action, 'log' as log_id, now() as logged_at from operations
        """)
    warehouse.publish()
    assert reason_of(location.tick("outcomes_waiting")) == "every accepted operation has its outcome"


def test_the_schedule_asks_for_the_business_date_of_the_day_it_fires(location: Location) -> None:
    context = dg.build_schedule_context(
        instance=location.instance,
        scheduled_execution_time=dt.datetime(2026, 11, 2, 6, tzinfo=dt.UTC),
        repository_def=location.defs.get_repository_def(),
    )
    schedule = location.defs.resolve_schedule_def("daily_delta_at_six")
    assert isinstance(schedule, dg.ScheduleDefinition)
    [request] = schedule.evaluate_tick(context).run_requests or []
    assert request.partition_key == request.run_key == request.tags["hcm/business_date"] == "2026-11-02"


def minutes_from_now(minutes: float) -> dt.datetime:
    """A moment on the machine's clock."""
    return utc_now() + dt.timedelta(minutes=minutes)


def test_manifest_ready_waits_for_the_end_of_a_pause_and_says_when_that_is(location: Location) -> None:
    manifest = plan_a_day(location)
    with Journal(location.home.journal) as journal:
        pauses = journal.pauses(TARGET)
        until = minutes_from_now(30)
        pauses.pause(Pause(manifest.manifest_id, PauseKind.SERVICE, until, "the service asked to wait"))
        told = reason_of(location.tick("manifest_ready"))
        assert told == (
            f"manifest {manifest.manifest_id[:12]}: the service asked to wait; it goes on at {until:%Y-%m-%d %H:%M}Z"
        )
        pauses.pause(Pause(manifest.manifest_id, PauseKind.SERVICE, minutes_from_now(-1), "the service asked to wait"))
    a_run(location, UPLOAD_JOB, dg.DagsterRunStatus.FAILURE, **{"hcm/manifest": manifest.manifest_id})
    assert requests_of(location.tick("manifest_ready"))  # at once: it ended because it had to wait, and that is over


def test_manifest_ready_waits_until_the_quota_frees_also_for_a_newer_plan(location: Location) -> None:
    manifest = plan_a_day(location)
    tenant = tenant_of(location.pipeline.settings)
    moment = minutes_from_now(-60)
    with Journal(location.home.journal) as journal:
        pace = Pace(journal, tenant, "its other job", Limits(50, 4000, UPLOAD_RATE.per, 2000), clock=lambda: moment)
        with journal.transaction():
            for _ in range(2000):
                call = pace.claim()
                assert isinstance(call, int)
                pace.done(call, moment)
    told = reason_of(location.tick("manifest_ready"))
    free = moment + dt.timedelta(hours=24)
    assert told == f"manifest {manifest.manifest_id[:12]}: the quota is spent; it goes on at {free:%Y-%m-%d %H:%M}Z"


def test_manifest_ready_goes_on_past_the_canary_when_its_outcomes_have_come(location: Location) -> None:
    manifest = plan_a_day(location)
    with Journal(location.home.journal) as journal:
        pause = Pause(manifest.manifest_id, PauseKind.CANARY, minutes_from_now(15), "1 of the 1 operations ...")
        journal.pauses(TARGET).pause(pause)
    assert "1 of the operations that went first has no outcome yet" in reason_of(location.tick("manifest_ready"))
    warehouse = Warehouse(location.home)
    with warehouse.write() as con:
        con.execute("""
            insert into outcomes by name select plan_no, request_no, op_no, person_number, 'success' as outcome,
                'create' as action, 'log' as log_id, now() as logged_at from operations
        """)
    warehouse.publish()
    assert requests_of(location.tick("manifest_ready"))


def test_an_upload_to_another_target_than_the_homes_is_a_failure_with_its_sentence(location: Location) -> None:
    manifest = plan_a_day(location)
    with Journal(location.home.journal) as journal:
        mark = mark_of(journal)
    write_target(location.home, HomeTarget("principal/job", "tenant", False, utc_now(), mark))
    assert "the environment names none" in reason_of(location.tick("manifest_ready"))
    done = location.defs.resolve_job_def(UPLOAD_JOB).execute_in_process(
        instance=location.instance, raise_on_error=False,
        run_config={"ops": {"upload": {"config": {"manifest_id": manifest.manifest_id}}}},
    )  # fmt: skip
    [failed] = [event for event in done.all_events if event.is_step_failure]
    error = failed.step_failure_data.error
    assert error is not None
    assert error.cls_name == "ExpectedFailure"
    assert "nothing was sent: this home has delivered to the job principal/job" in error.message
    assert not (location.home.sandbox / "state.sqlite").exists()


def test_manifest_ready_leaves_a_manifest_whose_canary_failed_to_a_person(location: Location) -> None:
    manifest = plan_a_day(location)
    with Journal(location.home.journal) as journal:
        pauses = journal.pauses(TARGET)
        pauses.fail(manifest.manifest_id, "1 of the 5 operations that went first were not good", utc_now())
        assert "went first were not good" in reason_of(location.tick("manifest_ready"))
        pauses.release(manifest.manifest_id, Decider("ada", utc_now()))
    assert requests_of(location.tick("manifest_ready"))


def tenant_installation(location: Location, automatic: str) -> flow.Installation:
    """The home with a tenant as its target, and a profile that says this in [delivery]."""
    text = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text(encoding="utf-8")
    own = location.home.path / "profile.toml"
    own.write_text(f"{text}\n[delivery]\n{automatic}\n", encoding="utf-8")
    target = EntraConnection("https://graph.test/v1.0", "https://login.test", "tenant", "app", "sp", "job", "secret")
    return flow.Installation(Settings(location.home, str(own), target))


def planned_for(here: flow.Installation, location: Location) -> Manifest:
    """A manifest for the installation's target."""
    path = location.deliver("workers-2026-11-02.csv", ADA)
    flow.land(here.warehouse, here.profile, [path], now=utc_now)
    list(flow.process(here.warehouse, here.loaded, [dt.date(2026, 11, 2)]))
    made = flow.plan(here.warehouse, here.loaded, here.target)
    here.warehouse.publish()
    assert made is not None
    assert made.manifest is not None
    return made.manifest


@pytest.mark.parametrize("automatic", ["", "automatic = false"])
def test_nothing_goes_to_a_tenant_by_itself_before_the_profile_says_so(location: Location, automatic: str) -> None:
    here = tenant_installation(location, automatic)
    accept(location, planned_for(here, location))
    path = location.deliver("workers-2026-11-03.csv", ADA, worker("1002", "Ben", "Okri"))
    flow.land(here.warehouse, here.profile, [path], now=utc_now)
    list(flow.process(here.warehouse, here.loaded, [dt.date(2026, 11, 3)]))
    flow.plan(here.warehouse, here.loaded, here.target)
    here.warehouse.publish()
    [ready] = flow.ready_manifests(here)
    assert ready.verdict.tripped
    assert "does not say automatic = true" in ready.verdict.sentence
    defs = build(here.settings)
    assert defs.resolve_sensor_def("manifest_ready").default_status is dg.DefaultSensorStatus.STOPPED


def test_the_first_upload_to_a_tenant_is_a_persons_whatever_the_profile_says(location: Location) -> None:
    here = tenant_installation(location, "automatic = true")
    manifest = planned_for(here, location)
    [ready] = flow.ready_manifests(here)
    assert ready.verdict.sentence.startswith("nothing was ever sent to this target: the first upload is a person's")
    with Journal(location.home.journal) as journal:
        journal.start(manifest.manifest_id)
        assert journal.begin_send(manifest.manifest_id, 0)  # a person began, and was cut off
    [ready] = flow.ready_manifests(here)
    assert not ready.verdict.tripped
    assert build(here.settings).resolve_sensor_def("manifest_ready").default_status is dg.DefaultSensorStatus.RUNNING


def test_arrival_asks_for_a_run_of_what_lies_in_a_place_and_keeps_a_cursor(location: Location, tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    path = extract(drop, "workers-2026-11-02.csv", ADA)
    os.utime(path, (1, 1))
    profile = tmp_path / "profile.toml"
    text = flow.built_in_text("oracle-hcm").replace("[[sources]]\n", '[[sources]]\nplace = "drop"\n', 1)
    profile.write_text(f"{text}\n[[places]]\nname = 'drop'\nurl = 'file://{drop}'\n")
    location.profile = str(profile)
    result = location.tick("arrival")
    [request] = requests_of(result)
    assert (request.partition_key, "drop" in str(result.cursor)) == ("2026-11-02", True)
    assert location.run("2026-11-02").success
    assert reason_of(location.tick("arrival")) == "nothing lies in landing/ nor in a place of the profile"
    assert path.exists()
