"""What Dagster's files say of its daemon is what Dagster itself says, and reading them leaves no trace."""

from __future__ import annotations

import time
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.remote_origin import (
    InProcessCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, InstigatorType, SensorInstigatorData
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._daemon.types import DaemonHeartbeat

from hcm_pipeline.defs.heartbeats import dagster_state
from hcm_pipeline.defs.instance import instance_of
from hcm_pipeline.flow import NoInstance
from hcm_pipeline.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


def files(home: Home) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(home.path.rglob("*")) if path.is_file()}


def switch(instance: dg.DagsterInstance, name: str, status: InstigatorStatus) -> None:
    location = InProcessCodeLocationOrigin(LoadableTargetOrigin(module_name="hcm_pipeline.definitions"))
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), name)
    instance.add_instigator_state(
        InstigatorState(origin, InstigatorType.SENSOR, status, SensorInstigatorData(sensor_type=None))
    )


def test_heartbeats_and_switches_are_read_as_dagster_wrote_them(home: Home) -> None:
    with pytest.raises(NoInstance, match="no Dagster instance in the home"):
        dagster_state(home)
    with instance_of(home) as instance:
        now = time.time()
        for daemon, errors in (("SENSOR", None), ("SCHEDULER", [])):
            instance.add_daemon_heartbeat(DaemonHeartbeat(now, daemon, "id", errors))
        switch(instance, "arrival", InstigatorStatus.RUNNING)
        switch(instance, "manifest_ready", InstigatorStatus.STOPPED)
        told = instance.get_daemon_heartbeats()
    before = files(home)
    found = dagster_state(home)
    assert files(home) == before
    assert {name: beat.at.timestamp() for name, beat in found.heartbeats.items()} == {
        name: pytest.approx(beat.timestamp, abs=1e-3) for name, beat in told.items()
    }
    assert [beat.error for beat in found.heartbeats.values()] == [False, False]
    assert found.switched == {"arrival": True, "manifest_ready": False}


def test_an_instance_that_keeps_its_state_elsewhere_is_not_read(home: Home) -> None:
    (home.path / "dagster.yaml").write_text("storage:\n  postgres: {}\n")
    with pytest.raises(NoInstance, match="kept elsewhere"):
        dagster_state(home)
