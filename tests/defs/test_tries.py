"""A run that fails or is killed at any point starts again by itself, a bounded number of times, and people are told."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from hcm_pipeline import flow
from hcm_pipeline.defs import sensors, tries
from hcm_pipeline.defs.alert_checks import ALERTS_JOB
from hcm_pipeline.defs.assets import DAILY_JOB
from hcm_pipeline.defs.delivery_jobs import OUTCOMES_JOB, UPLOAD_JOB
from hcm_pipeline.defs.instance import run_job
from hcm_pipeline.defs.schedules import SCHEDULE
from hcm_pipeline.defs.tries import Work, failure_of
from hcm_pipeline.errors import GuardStop, PipelineError
from hcm_pipeline.flow import worth_reading

from ..acceptance.support import worker
from .conftest import Location
from .test_sensors import reason_of, requests_of

ADA = worker("1001", "Ada", "Byron")
DATE = dt.date(2026, 11, 2)


def start(location: Location, request: dg.RunRequest) -> dg.DagsterRun:
    """The run that the daemon makes of a request, to its end."""
    done = location.defs.resolve_job_def(DAILY_JOB).execute_in_process(
        instance=location.instance, tags=dict(request.tags), partition_key=request.partition_key, raise_on_error=False
    )
    run = location.instance.get_run_by_id(done.run_id)
    assert run is not None
    return run


def a_dead_run(location: Location, request: dg.RunRequest, *, cancelled: bool = False) -> None:
    """A run of a request that ended before it could say a word."""
    tags = {**request.tags, "dagster/partition": request.partition_key or ""}
    run = location.instance.create_run_for_job(location.defs.resolve_job_def(DAILY_JOB), tags=tags)
    if cancelled:
        location.instance.report_run_canceled(run)
    else:
        location.instance.report_run_failed(run)


def take_the_store_away(location: Location) -> Path:
    """As a full or unmounted disk does."""
    away = location.home.path / "extracts.away"
    location.home.extracts.rename(away)
    location.home.extracts.touch()
    return away


def put_the_store_back(location: Location, away: Path) -> None:
    """As somebody who was told does."""
    location.home.extracts.unlink()
    away.rename(location.home.extracts)


def alerts(location: Location) -> list[flow.Alert]:
    """The alerts about runs."""
    found = flow.look(location.pipeline.installation())
    return [one for one in found if one.kind is flow.AlertKind.RUN_FAILED]


def test_a_file_that_arrived_while_a_run_could_not_work_is_taken_by_a_later_try(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    location.deliver("workers-2026-11-02.csv", ADA)
    [first] = requests_of(location.tick("arrival"))
    away = take_the_store_away(location)
    run = start(location, first)
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert "cannot be used as a home" in failure_of(location.instance, run).cause
    put_the_store_back(location, away)
    assert "try 2 of 8 is at" in reason_of(location.tick("arrival"))  # there is a wait between tries
    [alert] = alerts(location)
    assert alert.severity == "warning"
    assert "cannot be used as a home" in alert.text
    [failed] = flow.status(location.pipeline.installation()).failed_work
    assert (failed.business_date, failed.tries) == (DATE, 1)
    monkeypatch.setattr(tries, "FIRST_WAIT", dt.timedelta())
    [second] = requests_of(location.tick("arrival"))
    assert second.run_key != first.run_key
    assert start(location, second).status is dg.DagsterRunStatus.SUCCESS
    assert reason_of(location.tick("arrival")) == "nothing lies in landing/"
    assert alerts(location) == []


@pytest.mark.parametrize("cancelled", [False, True])
def test_work_whose_run_was_killed_after_it_took_the_file_is_done_by_another_run(
    location: Location, monkeypatch: pytest.MonkeyPatch, cancelled: bool
) -> None:
    path = location.deliver("workers-2026-11-02.csv", ADA)
    [first] = requests_of(location.tick("arrival"))
    a_dead_run(location, first, cancelled=cancelled)
    path.unlink()  # the run had taken it
    assert "try 2 of 8" in reason_of(location.tick("arrival"))
    monkeypatch.setattr(tries, "FIRST_WAIT", dt.timedelta())
    [second] = requests_of(location.tick("arrival"))
    assert (second.partition_key, second.run_key != first.run_key) == ("2026-11-02", True)
    start(location, second)
    assert reason_of(location.tick("arrival")) == "nothing lies in landing/"


def test_a_person_who_runs_the_date_does_the_work_too(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    path = location.deliver("workers-2026-11-02.csv", ADA)
    [first] = requests_of(location.tick("arrival"))
    a_dead_run(location, first)
    path.unlink()
    monkeypatch.setattr(tries, "FIRST_WAIT", dt.timedelta())
    assert location.run("2026-11-01", "2026-11-03").success
    assert reason_of(location.tick("arrival")) == "nothing lies in landing/"


def test_tries_end_and_an_alert_says_why(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    location.deliver("workers-2026-11-02.csv", ADA)
    monkeypatch.setattr(tries, "FIRST_WAIT", dt.timedelta())
    monkeypatch.setattr(tries, "TRIES", 3)
    keys = set()
    for _ in range(3):
        [request] = requests_of(location.tick("arrival"))
        keys.add(request.run_key)
        a_dead_run(location, request)
    assert len(keys) == 3
    assert "given up after 3 runs" in reason_of(location.tick("arrival"))
    [alert] = alerts(location)
    assert (alert.severity, alert.title) == ("error", "A run kept failing, and was given up")
    assert "its process was killed" in alert.text
    assert "hcm-pipeline run --date 2026-11-02" in alert.text
    location.deliver("workers-2026-11-02.csv", ADA, worker("1002", "Ben", "Okri"))  # another file is other work
    assert requests_of(location.tick("arrival"))


def a_dead_run_of(location: Location, job: str, manifest: str = "") -> None:
    """A run that was launched and ended before it could say a word."""
    config = {"ops": {"upload": {"config": {"manifest_id": manifest}}}} if manifest else {}
    definition = location.defs.resolve_job_def(job)
    tags = {"hcm/manifest": manifest} if manifest else {}
    location.instance.report_run_failed(location.instance.create_run_for_job(definition, run_config=config, tags=tags))


@pytest.mark.parametrize(
    ("sensor", "job", "mend"),
    [
        ("manifest_ready", UPLOAD_JOB, "upload"),
        ("outcomes_waiting", OUTCOMES_JOB, "outcomes"),
        ("something_to_tell", ALERTS_JOB, "alerts"),
    ],
)
def test_every_sensors_runs_are_tried_so_often_and_then_left_to_a_person(
    location: Location, monkeypatch: pytest.MonkeyPatch, sensor: str, job: str, mend: str
) -> None:
    """The runs of the sensor are killed, however often it starts one."""
    location.deliver("workers-2026-11-02.csv", ADA)
    location.run("2026-11-02")
    here = location.pipeline.installation()
    [manifest] = flow.status(here).manifests
    monkeypatch.setattr(tries, "FIRST_WAIT", dt.timedelta())
    monkeypatch.setattr(sensors, "RETRY_AFTER_SECONDS", 0)
    monkeypatch.setattr(tries, "TRIES", 3)
    monkeypatch.setattr(flow, "worth_reading", lambda here: replace(worth_reading(here), why="some have none"))
    monkeypatch.setattr(flow, "something_to_tell", lambda _here: True)
    for ended in range(1, 4):
        assert len(requests_of(location.tick(sensor))) == 1
        a_dead_run_of(location, job, manifest.manifest_id if job == UPLOAD_JOB else "")
        location.tick(sensor)
        [failed] = flow.status(here).failed_work
        assert (failed.tries, failed.next_try_at is None) == (ended, ended == 3)
    assert "given up after 3 runs: its process was killed" in reason_of(location.tick(sensor))
    [alert] = alerts(location)
    assert (alert.severity, alert.title) == ("error", "A run kept failing, and was given up")
    assert f"`hcm-pipeline {mend}`" in alert.text


def test_an_upload_that_comes_through_ends_the_count_of_those_that_failed(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    location.deliver("workers-2026-11-02.csv", ADA)
    location.run("2026-11-02")
    here = location.pipeline.installation()
    [manifest] = flow.status(here).manifests
    monkeypatch.setattr(sensors, "RETRY_AFTER_SECONDS", 0)
    a_dead_run_of(location, UPLOAD_JOB, manifest.manifest_id)
    location.tick("manifest_ready")
    assert len(flow.status(here).failed_work) == len(alerts(location)) == 1
    with here.journal() as journal:
        journal.close_planned_before(here.target, here.clock(), "by the test")
    location.tick("manifest_ready")
    assert (flow.status(here).failed_work, alerts(location)) == ((), [])


def test_the_wait_doubles_with_each_failure_up_to_an_hour(location: Location) -> None:
    work = Work("arrival:2026-11-02:x", DATE)
    waits = []
    for _ in range(tries.TRIES):
        a_dead_run(location, work.request(0))
        judged = tries.judge(location.instance, DAILY_JOB, work, flow.utc_now())
        assert judged.failed is not None
        due = judged.failed.next_try_at
        waits.append(round((due - judged.failed.failed_at).total_seconds() / 60) if due else None)
    assert waits == [1, 2, 4, 8, 16, 32, 60, None]


def test_the_scheduled_run_of_a_day_is_tried_again_too(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(f"{SCHEDULE}:2026-11-02", DATE)
    a_dead_run(location, work.request(0))
    assert "try 2 of 8" in reason_of(location.tick("arrival"))
    monkeypatch.setattr(tries, "FIRST_WAIT", dt.timedelta())
    [request] = requests_of(location.tick("arrival"))
    assert request.run_key == f"{SCHEDULE}:2026-11-02:1"
    [alert] = alerts(location)
    assert alert.facts["Business date"] == "2026-11-02"


def test_a_date_that_a_guard_stopped_is_tried_again_and_has_one_alert(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = [worker(f"{2000 + i}", f"First{i}", f"Last{i}", Country="nowhere at all") for i in range(30)]
    location.deliver("workers-2026-11-02.csv", *bad)
    [request] = requests_of(location.tick("arrival"))
    assert start(location, request).status is dg.DagsterRunStatus.FAILURE
    monkeypatch.setattr(tries, "FIRST_WAIT", dt.timedelta())
    assert requests_of(location.tick("arrival"))
    kinds = [one.kind for one in flow.look(location.pipeline.installation())]
    assert kinds == [flow.AlertKind.DAY_STOPPED]


def test_an_expected_failure_is_the_sentence_alone_and_a_command_is_told_the_error(location: Location) -> None:
    bad = [worker(f"{2000 + i}", f"First{i}", f"Last{i}", Country="nowhere at all") for i in range(30)]
    location.deliver("workers-2026-11-02.csv", *bad)
    with pytest.raises(GuardStop, match="quarantine_limit"):
        run_job(location.defs, location.instance, DAILY_JOB, progress=print, partition="2026-11-02")
    [run] = location.instance.get_runs()
    [entry] = location.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    assert entry.dagster_event is not None
    failure = entry.dagster_event.step_failure_data
    assert failure.user_failure_data is not None
    assert "quarantine_limit" in (failure.user_failure_data.description or "")
    assert failure.error is not None
    assert (failure.error.cls_name, failure.error.cause, failure.error.context) == ("ExpectedFailure", None, None)


def test_no_date_ahead_of_the_clock_can_be_run(location: Location) -> None:
    today = flow.utc_now().date()
    tomorrow = today + dt.timedelta(days=1)
    location.deliver(f"workers-{tomorrow}.csv", ADA)
    assert f"it speaks for {tomorrow}, and waits for that day" in reason_of(location.tick("arrival"))
    job = location.defs.resolve_job_def(DAILY_JOB)
    assert job.partitions_def is not None
    assert job.partitions_def.get_last_partition_key() == today.isoformat()
    here = location.pipeline.installation()
    with pytest.raises(PipelineError, match=f"plan --date {tomorrow}` looks ahead"):
        flow.require_dates(here.profile, today, tomorrow, here.clock())
    path = shutil.copy(location.home.landing / f"workers-{tomorrow}.csv", location.home.path)
    [landed] = flow.land(here.warehouse, here.profile, [Path(path)], now=here.clock)
    assert landed.result == "taken"
    assert flow.pending_days(here.warehouse, today) == []
    assert flow.pending_days(here.warehouse, tomorrow) == [tomorrow]


def test_a_snapshot_ahead_of_the_clock_is_not_planned(location: Location) -> None:
    location.deliver("workers-2026-11-02.csv", ADA)
    assert location.run("2026-11-02").success
    here = location.pipeline.installation()
    earlier = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
    with pytest.raises(GuardStop, match="2026-11-02, which is ahead of the clock"):
        flow.plan(here.warehouse, here.loaded, here.target, clock=lambda: earlier)
