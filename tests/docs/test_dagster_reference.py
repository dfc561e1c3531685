"""The reference of Dagster lists exactly what the code location has."""

from __future__ import annotations

from pathlib import Path

from hcm_pipeline.defs import metadata
from hcm_pipeline.defs.code_location import build
from hcm_pipeline.home import Home
from hcm_pipeline.settings import Settings
from tests.docs.pages import DOCS, code, rows

REFERENCE = DOCS / "reference"


def test_the_dagster_reference_lists_assets_checks_jobs_sensors_and_schedules(tmp_path: Path) -> None:
    page = REFERENCE / "dagster.md"
    defs = build(Settings(Home(tmp_path / "home"), "oracle-hcm-live", None))
    graph = defs.resolve_asset_graph()
    wanted = {
        "Assets": {key.to_user_string() for key in graph.get_all_asset_keys()},
        "Checks": {key.name for key in graph.asset_check_keys},
        "Jobs": {job.name for job in defs.jobs or []},
        "Sensors": {sensor.name for sensor in defs.sensors or []},
        "Schedules": {schedule.name for schedule in defs.schedules or []},
    }
    for heading, names in wanted.items():
        assert {code(row[0]) for row in list(rows(page, heading))[1:]} == names, heading
    groups = {code(asset): group for asset, group, _ in list(rows(page, "Assets"))[1:]}
    assert groups == {key.to_user_string(): graph.get(key).group_name for key in graph.get_all_asset_keys()}


def test_the_dagster_reference_lists_every_tag() -> None:
    listed = {str(code(tag)).partition("/<")[0] for tag, _ in list(rows(REFERENCE / "dagster.md", "Tags"))[1:]}
    assert listed == {value for name, value in vars(metadata).items() if name.endswith("_TAG")}
