"""Writing back to Oracle HCM in Dagster: the jobs that plan and write, what starts them, and what they record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from hcm_pipeline import flow
from hcm_pipeline.defs.code_location import build
from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.defs.writeback_assets import APPLY_JOB, PLAN_JOB, SCHEDULE
from hcm_pipeline.delivery import ManifestState, UploadReport
from hcm_pipeline.directory import ContactsRead
from hcm_pipeline.flow import AppliedBack, ManifestBack, PlanBack, ReadyBack
from hcm_pipeline.home import Home
from hcm_pipeline.settings import Settings

ID = "f" * 64
PLAN = PlanBack(
    dt.date(2026, 11, 20), "writeback:hcm.test", ContactsRead("changes", 3, 1), 3, 1, (),
    (ManifestBack(ID, 1, None), ManifestBack("e" * 64, 9, "first plan")), {"no user of Entra ID has the person number": 2}, (), (),
)  # fmt: skip


@dataclass
class Stage:
    """The use cases as the jobs call them, in the place of services."""

    folder: Path
    instance: dg.DagsterInstance
    planned: PlanBack | None = PLAN
    state: ManifestState = ManifestState.ACCEPTED
    reason: str | None = None
    ready: list[ReadyBack] | str = field(default_factory=lambda: [ReadyBack(ID, 1)])
    asked: list[tuple[str, object]] = field(default_factory=list)

    def plan(self, _: object, *, full: bool = False, **__: object) -> PlanBack | None:
        self.asked.append(("plan", full))
        return self.planned

    def apply(self, _: object, manifest: str | None = None, **__: object) -> AppliedBack:
        self.asked.append(("apply", manifest))
        return AppliedBack(
            (UploadReport(manifest or "", self.state, 1, 1, 0, 1, reason=self.reason),), (), 1, 0, {"Refused": 2}
        )

    @property
    def defs(self) -> dg.Definitions:
        return build(Settings(Home(self.folder / "home"), "oracle-hcm-live", None))

    def run(self, job: str, config: Mapping[str, Any] | None = None, **tags: str) -> dg.ExecuteInProcessResult:
        made = self.defs.resolve_job_def(job)
        return made.execute_in_process(
            instance=self.instance, run_config=dict(config or {}), tags=tags, raise_on_error=False
        )

    def told(self, asset: str) -> dict[str, object]:
        event = self.instance.get_latest_materialization_event(dg.AssetKey(asset))
        assert event is not None
        assert event.asset_materialization is not None
        return {name: value.value for name, value in event.asset_materialization.metadata.items()}

    def tick(self) -> Any:
        pipeline = Pipeline(home_path=str(self.folder / "home"), profile_name="oracle-hcm-live", sandbox_only=True)
        context = dg.build_sensor_context(
            instance=self.instance, resources={"pipeline": pipeline}, definitions=self.defs
        )
        return self.defs.resolve_sensor_def("writeback_ready").evaluate_tick(context)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with dg.DagsterInstance.ephemeral() as instance:
        made = Stage(tmp_path, instance)
        monkeypatch.setattr(flow, "plan_writeback", made.plan)
        monkeypatch.setattr(flow, "apply_writeback", made.apply)
        monkeypatch.setattr(flow, "ready_writeback", lambda _: made.ready)
        yield made


def test_the_plan_is_an_asset_that_counts_and_names_nobody(stage: Stage) -> None:
    assert stage.run(PLAN_JOB).success
    assert stage.told("writeback_manifest") | {"manifests": ""} == {
        "business date": "2026-11-20", "users of Entra ID": 3, "users that changed": 1, "workers": 3, "workers that differ": 1,
        "held": 9, "left out": "- no user of Entra ID has the person number: 2", "manifests": "",
    }  # fmt: skip
    contacts = stage.told("entra_contacts")
    assert (contacts["dagster/row_count"], contacts["users that changed"]) == (3, 1)
    stage.planned = None
    config = {"ops": {"writeback_manifest": {"config": {"full": True}}}}
    assert stage.run(PLAN_JOB, config).success
    assert (stage.told("writeback_manifest"), stage.asked) == (
        {"workers that differ": 0},
        [("plan", False), ("plan", True)],
    )


def test_the_sensor_starts_the_job_that_writes_one_manifest_and_waits_after_a_failure(stage: Stage) -> None:
    assert "ever planned" in stage.tick().skip_message
    home = Home(stage.folder / "home").create()
    home.journal.touch()
    stage.ready = "no manifest of writeback is ready"
    assert stage.tick().skip_message == stage.ready
    stage.ready = [ReadyBack(ID, 1)]
    [request] = stage.tick().run_requests
    assert stage.run(APPLY_JOB, request.run_config, **request.tags).success
    assert stage.asked == [("apply", ID)]
    assert stage.told("writeback_receipts") == {
        "manifest_id": ID, "state": "accepted", "written": 1, "had it already": 0, "not written": 2}  # fmt: skip
    stage.state, stage.reason = ManifestState.FAILED, "the service refused"
    [request] = stage.tick().run_requests
    assert not stage.run(APPLY_JOB, request.run_config, **request.tags).success
    assert "ten minutes after" in stage.tick().skip_message


def test_only_a_profile_that_writes_back_has_the_jobs_and_they_start_when_it_says_so(stage: Stage) -> None:
    [schedule] = [one for one in stage.defs.schedules or () if one.name == SCHEDULE]
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    others = build(Settings(Home(stage.folder / "other"), "oracle-hcm", None))
    assert SCHEDULE not in {one.name for one in others.schedules or ()}
    assert {job.name for job in others.jobs or ()}.isdisjoint({PLAN_JOB, APPLY_JOB})
