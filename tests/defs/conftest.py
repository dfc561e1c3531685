"""A home with its code location and instance, and runs in this process."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from hcm_pipeline.defs.assets import DAILY_JOB
from hcm_pipeline.defs.code_location import build
from hcm_pipeline.defs.instance import RANGE_END, RANGE_START, instance_of
from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.home import Home
from hcm_pipeline.settings import Settings

from ..acceptance.support import extract


@dataclass
class Location:
    """A code location over a home, with an instance that keeps its runs there."""

    home: Home
    profile: str
    instance: dg.DagsterInstance

    @property
    def defs(self) -> dg.Definitions:
        return build(Settings(self.home, self.profile, None))

    @property
    def pipeline(self) -> Pipeline:
        return Pipeline(home_path=str(self.home.path), profile_name=self.profile, sandbox_only=True)

    def deliver(self, name: str, *rows: dict[str, str], age: float = 60.0) -> Path:
        """Put a file into landing/ that was last changed `age` seconds ago."""
        path = extract(self.home.landing, name, *rows)
        changed = path.stat().st_mtime - age
        os.utime(path, (changed, changed))
        return path

    def run(self, first: str, last: str | None = None) -> dg.ExecuteInProcessResult:
        """A run of the daily job over one date or a range, as a backfill makes it."""
        tags = {RANGE_START: first, RANGE_END: last} if last else {}
        return self.defs.resolve_job_def(DAILY_JOB).execute_in_process(
            instance=self.instance, tags=tags, partition_key=None if last else first, raise_on_error=False
        )

    def tick(self, sensor: str) -> dg.SensorResult | Any:
        """One decision of a sensor."""
        context = dg.build_sensor_context(
            instance=self.instance, resources={"pipeline": self.pipeline}, definitions=self.defs
        )
        return self.defs.resolve_sensor_def(sensor).evaluate_tick(context)

    def materializations(self, asset: str) -> dict[str, Mapping[str, Any]]:
        """Plain values of the newest materialization's metadata of every partition."""
        records = self.instance.fetch_materializations(dg.AssetKey(asset), limit=100, ascending=True).records
        return {
            str(record.partition_key): {
                name: value.value for name, value in (record.asset_materialization or _none()).metadata.items()
            }
            for record in records
        }


def checks_of(location: Location, result: dg.ExecuteInProcessResult) -> list[dg.AssetCheckEvaluation]:
    """The evaluations of checks that a run left in the instance, in their order."""
    logged = location.instance.all_logs(result.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    return [entry.dagster_event.asset_check_evaluation_data for entry in logged if entry.dagster_event]


def _none() -> dg.AssetMaterialization:
    raise AssertionError("a record of a materialization without one")


@pytest.fixture(scope="session")
def empty_instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The storage of an instance without a run: Dagster takes 200 ms to make one."""
    home = Home(tmp_path_factory.mktemp("instance") / "home").create()
    with instance_of(home):
        return home.path


@pytest.fixture
def location(tmp_path: Path, empty_instance: Path) -> Iterator[Location]:
    """The built-in Oracle HCM profile over a fresh home."""
    home = Home(tmp_path / "home").create()
    for storage in ("history", "schedules"):
        shutil.copytree(empty_instance / storage, home.path / storage)
    with instance_of(home) as instance:
        yield Location(home, "oracle-hcm", instance)


def people(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
