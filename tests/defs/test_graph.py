"""The graph of definitions, held as a file: whoever changes it sees the change in review."""

from __future__ import annotations

import json
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.workspace.load_target import PyProjectFileTarget, WorkspaceFileTarget

from hcm_pipeline import flow
from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.code_location import build
from hcm_pipeline.home import Home
from hcm_pipeline.settings import Settings

ROOT = Path(__file__).parents[2]
STORED = Path(__file__).parent / "graph.json"
UPDATE = "python -m tests.defs.test_graph"


def the_definitions() -> dg.Definitions:
    """The code location of the built-in profile; nothing of the home is touched."""
    return build(Settings(Home(Path("nowhere")), "oracle-hcm", None))


def graph_of(defs: dg.Definitions) -> dict[str, Any]:
    """Everything about the definitions that people and schedules depend on."""
    graph = defs.resolve_asset_graph()
    assets = {}
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        partitions = node.partitions_def
        assets[key.to_user_string()] = {
            "deps": sorted(parent.to_user_string() for parent in node.parent_keys),
            "group": node.group_name,
            "owners": sorted(node.owners),
            "kinds": sorted(node.kinds),
            "materializable": node.is_materializable,
            "partitions": f"{type(partitions).__name__} from {partitions.start:%Y-%m-%d}"
            if isinstance(partitions, dg.DailyPartitionsDefinition)
            else None,
            "backfill_policy": str(node.backfill_policy.policy_type.name) if node.backfill_policy else None,
            "checks": {check.name: _blocking(graph, check) for check in sorted(node.check_keys)},
        }
    sensors = {
        sensor.name: {
            "job": None if isinstance(sensor, dg.AutomationConditionSensorDefinition) else sensor.job_name,
            "status": sensor.default_status.name,
            "seconds": sensor.minimum_interval_seconds,
        }
        for sensor in (defs.resolve_sensor_def(found.name) for found in defs.sensors or [])
    }
    schedules = {}
    for found in defs.schedules or []:
        schedule = defs.resolve_schedule_def(found.name)
        assert isinstance(schedule, dg.ScheduleDefinition)
        schedules[schedule.name] = {
            "job": schedule.job_name,
            "cron": schedule.cron_schedule,
            "zone": schedule.execution_timezone,
            "status": schedule.default_status.name,
        }
    jobs = {
        job.name: sorted(key.to_user_string() for key in job.asset_layer.selected_asset_keys)
        for job in (defs.resolve_job_def(found.name) for found in defs.jobs or [])
    }
    return {"assets": assets, "jobs": jobs, "sensors": sensors, "schedules": schedules}


def _blocking(graph: Any, check: dg.AssetCheckKey) -> str:
    return "blocking" if graph.get_check_spec(check).blocking else "not blocking"


def test_every_key_of_a_date_is_reached_over_one_arrow() -> None:
    # else a backfill from the UI is refused in one of four starts of the web server; see defs/assets.py
    graph = the_definitions().resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        if graph.get(key).is_partitioned:
            assert len(graph.get(key).parent_keys - {key}) <= 1, key


def test_what_is_not_of_a_date_has_no_partitions() -> None:
    graph = the_definitions().resolve_asset_graph()
    of_dates = {key.to_user_string() for key in graph.get_all_asset_keys() if graph.get(key).is_partitioned}
    assert of_dates == {"extracts", "workers", "quarantined_rows", "changes", "identities"}


def test_every_column_has_the_meaning_that_the_reference_has_and_those_of_people_their_lineage() -> None:
    graph, rooted = the_definitions().resolve_asset_graph(), {"extracts", "directory_entra", "delivered_users"}
    columns: dict[str, set[str]] = {}
    for key in graph.get_all_asset_keys():
        schema = graph.get(key).metadata.get("dagster/column_schema")
        if isinstance(schema, dg.TableSchema):
            columns[key.to_user_string()] = {column.name for column in schema.columns}
            lacking = [column.name for column in schema.columns if not column.description]
            assert lacking in ([], ["person_number"]), key
    edges: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for name in ("workers", "identities", "desired_users"):
        found = graph.get(dg.AssetKey(name)).metadata["dagster/column_lineage"]
        assert isinstance(found, dg.TableColumnLineage)
        for column, deps in found.deps_by_column.items():
            assert column in columns[name]
            for dep in deps:
                assert dep.column_name in columns[dep.asset_key.to_user_string()], (name, column, dep)
                edges.setdefault((name, column), set()).add((dep.asset_key.to_user_string(), dep.column_name))
    assert rooted <= columns.keys()
    assert edges["workers", "first_name"] == {("extracts", "First Name")}
    assert ("workers", "last_name") in edges["identities", "user_principal_name"]
    assert edges["desired_users", "userName"] == {("identities", "user_principal_name")}
    assert edges["desired_users", "displayName"] == {("workers", name) for name in ("first_name", "last_name")}


def test_every_kind_of_change_has_words_for_people() -> None:
    assert tuple(sorted(md.KIND_WORDS)) == tuple(sorted(flow.CHANGE_KINDS))
    assert md.kinds_of({"joiner": 2, "former": 1}) == {
        "joiners": 2, "movers": 0, "leavers": 0, "rehires": 0, "former workers told for the first time": 1}  # fmt: skip


def test_the_version_of_code_follows_the_rooms_that_an_asset_is_made_of() -> None:
    graph = the_definitions().resolve_asset_graph()
    versions = {key.to_user_string(): graph.get(key).code_version for key in graph.get_all_asset_keys()}
    made = {name for name, version in versions.items() if version}
    assert made == versions.keys() - {"delivered_users"}  # recorded by the plan
    assert versions["workers"] == versions["identities"] != versions["manifest"] == versions["desired_users"]


def test_the_graph_of_definitions_is_the_stored_one() -> None:
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    found = graph_of(the_definitions())
    assert found == stored, (
        f"the graph of definitions changed; if that is meant, run `{UPDATE}` and commit {STORED.name}"
    )


def test_every_asset_says_what_it_is_whose_and_what_it_is_made_of() -> None:
    graph = the_definitions().resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.owners, key
        assert node.kinds, key
        assert node.group_name not in (None, "default"), key
        if key.to_user_string() not in {"manifest", "pages"}:  # files, not a table
            schema = node.metadata["dagster/column_schema"]
            assert isinstance(schema, dg.TableSchema), key
            assert len(schema.columns) >= 5, key


def test_every_job_sensor_and_schedule_has_a_description() -> None:
    defs = the_definitions()
    described: list[Any] = [
        *(defs.resolve_job_def(job.name) for job in defs.jobs or []),
        *(defs.resolve_sensor_def(sensor.name) for sensor in defs.sensors or []),
        *(defs.resolve_schedule_def(schedule.name) for schedule in defs.schedules or []),
    ]
    assert [one.name for one in described if not one.description] == []


def test_the_definitions_load_as_dagster_loads_them() -> None:
    dg.Definitions.validate_loadable(the_definitions())


def test_sensors_of_a_profile_that_is_not_automatic_wait_for_a_person(tmp_path: Path) -> None:
    text = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text(encoding="utf-8")
    profile = tmp_path / "profile.toml"
    profile.write_text(text + "\n[delivery]\nautomatic = false\n", encoding="utf-8")
    defs = build(Settings(Home(tmp_path), str(profile), None))
    assert defs.resolve_sensor_def("manifest_ready").default_status is dg.DefaultSensorStatus.STOPPED
    assert defs.resolve_sensor_def("arrival").default_status is dg.DefaultSensorStatus.RUNNING


def test_workspace_yaml_names_the_definitions_that_the_ui_command_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    [origin] = WorkspaceFileTarget([str(ROOT / "workspace.yaml")]).create_origins()
    assert origin.loadable_target_origin.module_name == "hcm_pipeline.definitions"
    monkeypatch.delenv("HCM_PIPELINE_PROFILE", raising=False)
    from hcm_pipeline.definitions import defs

    keys = {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}
    assert keys == json.loads(STORED.read_text(encoding="utf-8"))["assets"].keys()


def test_what_pyproject_says_to_dg_is_what_workspace_yaml_says() -> None:
    # `dagster dev` reads [tool.dg] before workspace.yaml
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert "dagster" not in tools
    [by_dg] = PyProjectFileTarget(str(ROOT / "pyproject.toml")).create_origins()
    [by_workspace] = WorkspaceFileTarget([str(ROOT / "workspace.yaml")]).create_origins()
    assert by_dg.loadable_target_origin.module_name == by_workspace.loadable_target_origin.module_name
    assert by_dg.location_name == by_workspace.location_name == "hcm_pipeline.definitions"


def test_the_instance_of_the_project_is_that_of_a_home_apart_from_where_it_keeps_things() -> None:
    project = yaml.safe_load((ROOT / "dagster.yaml").read_text(encoding="utf-8"))
    home = yaml.safe_load(resources.files("hcm_pipeline.defs").joinpath("dagster.yaml").read_text(encoding="utf-8"))
    places = {"storage", "local_artifact_storage"}
    assert {name: value for name, value in project.items() if name not in places} == home
    assert not places & home.keys()
    with dg.instance_for_test(overrides=home) as instance:
        assert instance.telemetry_enabled is False
        assert instance.run_monitoring_enabled


if __name__ == "__main__":
    STORED.write_text(json.dumps(graph_of(the_definitions()), indent=2, sort_keys=True) + "\n", encoding="utf-8")
