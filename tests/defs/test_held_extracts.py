"""Held manifests in Dagster: a check that warns or stops the run, jobs that decide, and a sensor that waits for them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dagster as dg
import yaml

from hcm_pipeline.defs.delivery_jobs import APPROVE_JOB, REJECT_JOB
from hcm_pipeline.defs.instance import instance_of
from hcm_pipeline.delivery import Journal, JournaledManifest
from hcm_pipeline.errors import PlanHeld
from hcm_pipeline.home import Home

from ..acceptance.support import worker
from .conftest import Location

LIMIT = '[[guards.limits]]\nkind = "create"\nmax = 0\nothers_go_on = {}\n'


def location_with(tmp_path: Path, instance: dg.DagsterInstance, *, others_go_on: bool) -> Location:
    """A home whose profile lets nobody be created without an approval, and an extract of one worker."""
    text = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text(encoding="utf-8")
    profile = tmp_path / "profile.toml"
    profile.write_text(f"{text}\n{LIMIT.format(str(others_go_on).lower())}", encoding="utf-8")
    location = Location(Home(tmp_path / "home").create(), str(profile), instance)
    location.deliver("workers-2026-11-02.csv", worker("1001", "Ada", "Byron"))
    return location


def held_check(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    [check] = [found for found in result.get_asset_check_evaluations() if found.check_name == "nothing_is_held"]
    assert not check.passed
    return check


def newest(location: Location) -> JournaledManifest:
    with Journal(location.home.journal) as journal:
        [found] = journal.manifests()
    return found


def decide(location: Location, job: str, **config: str) -> None:
    op = job.removesuffix("_manifest")
    location.defs.resolve_job_def(job).execute_in_process(
        instance=location.instance,
        run_config={"ops": {op: {"config": {"manifest_id": newest(location).manifest_id, "operations": 1, **config}}}},
        tags={"user": "grace"},
    )


def assert_decidable(metadata: Mapping[str, Any], manifest_id: str) -> None:
    """The metadata of a manifest says in words what waits, and opens the deciding job filled in."""
    sentence = "1 account would be created, where there are none; the limit is 0. Held."
    assert metadata["in_words"].splitlines() == [
        "- 1 account would be created.", "- 1 of these waits for a decision, held for create.", f"- {sentence}"]  # fmt: skip
    assert metadata["create_approve_command"] == f"hcm-pipeline approve {manifest_id} 1"
    address = urlsplit(metadata["create_approve"])
    assert (address.scheme, address.netloc) == ("", "")  # it opens where its reader has the UI open
    assert address.path == "/locations/__repository__@hcm_pipeline.definitions/jobs/approve_manifest/playground/setup"
    assert yaml.safe_load(parse_qs(address.query)["config"][0]) == {
        "ops": {"approve": {"config": {"manifest_id": manifest_id, "operations": 1, "why": ""}}}
    }


def test_what_is_held_fails_the_run_with_a_warning_that_jobs_decide_about_and_the_sensor_waits_for(
    tmp_path: Path,
) -> None:
    with instance_of(Home(tmp_path / "home").create()) as instance:
        location = location_with(tmp_path, instance, others_go_on=True)
        result = location.run("2026-11-02")
        assert not result.success
        run = instance.get_run_by_id(result.run_id)
        assert run is not None
        assert (run.status, run.tags["hcm/status"]) == (dg.DagsterRunStatus.FAILURE, "held")
        check = held_check(result)
        assert check.severity is dg.AssetCheckSeverity.WARN
        assert check.metadata["held_operations"].value == 1
        assert "is held, and waits for a decision: 1 account would be created" in (check.description or "")
        assert check.metadata["create_approve"].value == location.materializations("manifest")["None"]["create_approve"]
        assert location.materializations("manifest")["None"]["operations_held"] == 1
        assert_decidable(location.materializations("manifest")["None"], newest(location).manifest_id)
        assert location.tick("manifest_ready").run_requests == []
        decide(location, APPROVE_JOB, why="the first of us")
        [request] = location.tick("manifest_ready").run_requests or []
        assert request.tags["hcm/manifest"] == newest(location).manifest_id
        decide(location, REJECT_JOB, by="ada")
        assert newest(location).state == "rejected"
        assert location.tick("manifest_ready").run_requests == []
        with Journal(location.home.journal) as journal:
            decided = [(one.decision, one.decided_by, one.why) for one in journal.decisions()]
        assert decided == [("approve", "grace", "the first of us"), ("reject", "ada", None)]


def test_a_plan_that_the_profile_stops_as_a_whole_fails_the_run_and_is_there_to_decide_about(tmp_path: Path) -> None:
    with instance_of(Home(tmp_path / "home").create()) as instance:
        location = location_with(tmp_path, instance, others_go_on=False)
        result = location.run("2026-11-02")
        assert not result.success
        assert held_check(result).severity is dg.AssetCheckSeverity.ERROR
        [failure] = [event for event in result.all_events if event.is_step_failure]
        told = failure.step_failure_data.user_failure_data
        assert told is not None
        assert told.metadata["error"].value == PlanHeld.__name__
        assert newest(location).state == "held"
        assert location.materializations("manifest").keys() == {"None"}
