"""Runs of the daily job: what is kept of each date, what stops, and what never reaches Dagster."""

from __future__ import annotations

import datetime as dt
import re
import traceback
from dataclasses import replace
from importlib import resources
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from dagster._core.definitions.freshness import TimeWindowFreshnessPolicy as TimeWindow
from dagster._serdes import serialize_value

from hcm_pipeline.defs.directory_assets import build_directories
from hcm_pipeline.defs.instance import instance_of, run_job
from hcm_pipeline.errors import GuardStop, PipelineError
from hcm_pipeline.flow.naming import name_workers
from hcm_pipeline.flow.profiles import load_profile
from hcm_pipeline.home import Home
from hcm_pipeline.profile import Directory, Profile

from ..acceptance.support import worker
from .conftest import Location, checks_of, people

SAMPLES = Path(str(resources.files("hcm_pipeline.cli").joinpath("samples")))
PERSONAL = ("First Name", "Last Name", "Street Address", "Mobile Phone Number", "Phone Number", "Email Address")


def told(location: Location, run_id: str) -> str:
    """Everything that Dagster keeps of a run: events, log messages, tags, captured output."""
    run = location.instance.get_run_by_id(run_id)
    assert run is not None
    kept = [serialize_value(entry) for entry in location.instance.all_logs(run_id)]
    captured = [
        path.read_text(errors="replace") for path in (location.home.path / "storage").rglob("*") if path.is_file()
    ]
    return "\n".join([serialize_value(run), *kept, *captured])


def test_every_directory_is_an_asset_that_counts_what_it_read(location: Location) -> None:
    built_in = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text(encoding="utf-8")
    own = location.home.path / "profile.toml"
    own.write_text(
        built_in + "\n[identity.directories]\nentra = { kind = 'entra' }\n"
        "subsidiary = { kind = 'csv', file = 'export.csv', max_age_hours = 5 }\n",
        encoding="utf-8",
    )
    (location.home.path / "export.csv").write_text("id,mail\n1,ann@x.test\n,bea@x.test\n", encoding="utf-8")
    location = replace(location, profile=str(own))
    assets = build_directories(location.pipeline.installation().loaded.profile)
    result = dg.materialize(assets, instance=location.instance, resources={"pipeline": location.pipeline})
    assert result.success
    assert location.materializations("directory_entra") == {
        "None": {"dagster/row_count": 0, "changed": 0, "refused_rows": 0, "read": "full"}
    }
    assert location.materializations("directory_subsidiary") == {
        "None": {"dagster/row_count": 1, "changed": 1, "refused_rows": 1, "read": "full"}
    }
    kept = told(location, result.run_id)
    assert "export.csv, row 3, id: is blank, or is no id (no_object_id)" in kept
    assert "bea@x.test" not in kept
    with location.pipeline.installation().warehouse.read() as con:
        assert con.execute("select directory, objects from directory_reads order by 1").fetchall() == [
            ("entra", 0), ("subsidiary", 1)]  # fmt: skip


def test_a_directory_is_stale_after_the_hours_that_its_guard_allows() -> None:
    base = load_profile("oracle-hcm").profile
    directories = {"entra": Directory(kind="entra"), "old": Directory(kind="csv", max_age_hours=5)}
    for hours, expected in ((None, [None, 5]), (12, [12, 5])):
        identity = base.identity.model_copy(update={"directories": directories, "directory_max_age_hours": hours})
        assets = build_directories(base.model_copy(update={"identity": identity}))
        policies = [next(iter(asset.specs)).freshness_policy for asset in assets]
        found = [
            policy.fail_window.to_timedelta() / dt.timedelta(hours=1) if isinstance(policy, TimeWindow) else None
            for policy in policies
        ]
        assert found == expected


def test_a_run_over_two_dates_keeps_counts_versions_and_tags_of_each(location: Location) -> None:
    location.deliver("workers-2026-11-02.csv", worker("1001", "Ada", "Byron"), worker("1002", "Ben", "Okri"))
    location.deliver(
        "workers-2026-11-03.csv",
        worker("1001", "Ada", "Byron", Department_Name="Sales"),
        worker("1003", "Cat", "Stevens"),
    )
    result = location.run("2026-11-02", "2026-11-03")
    assert result.success
    workers = location.materializations("workers")
    assert {date: found["workers"] for date, found in workers.items()} == {"2026-11-02": 2, "2026-11-03": 3}
    assert {date: found["absent_but_kept"] for date, found in workers.items()} == {"2026-11-02": 0, "2026-11-03": 1}
    changes = location.materializations("changes")
    assert [(found["joiners"], found["movers"]) for _, found in sorted(changes.items())] == [(2, 0), (1, 1)]
    assert [found["files"] for _, found in sorted(location.materializations("extracts").items())] == [1, 1]
    identities = location.materializations("identities")
    assert [found["names_given"] for _, found in sorted(identities.items())] == [2, 1]
    dates = ["2026-11-02", "2026-11-03"]
    recorded = {**dict.fromkeys(("extracts", "workers", "quarantined_rows", "changes"), dates), "identities": dates * 2,
                "desired_users": ["None"], "manifest": ["None"]}  # fmt: skip
    for asset, partitions in recorded.items():
        records = location.instance.fetch_materializations(dg.AssetKey(asset), limit=10).records
        assert sorted(str(record.partition_key) for record in records) == sorted(partitions), asset
        for record in records:
            assert record.asset_materialization is not None
            assert (record.asset_materialization.tags or {}).get("dagster/data_version"), asset
    run = location.instance.get_run_by_id(result.run_id)
    assert run is not None
    extracts = sorted(name for name in run.tags if name.startswith("hcm/extract/"))
    assert [bool(re.fullmatch(r"hcm/extract/[0-9a-f]{12}", name)) for name in extracts] == [True, True]
    [manifest] = (path.name for path in (location.home.manifests / "2026-11-03").iterdir())
    assert run.tags["hcm/manifest"] == manifest
    assert run.tags["hcm/business_date"] == "2026-11-03"
    [planned] = location.instance.fetch_materializations(dg.AssetKey("manifest"), limit=10).records
    assert planned.asset_materialization is not None
    behind = planned.asset_materialization.metadata["extracts"]
    assert isinstance(behind, dg.TableMetadataValue)
    assert [(row.data["name"], row.data["operations"]) for row in behind.records] == [
        ("workers-2026-11-03.csv", 2), ("workers-2026-11-02.csv", 1)]  # fmt: skip


def test_a_run_that_dies_over_a_date_leaves_the_dates_before_it_in_dagster_and_in_the_read_copy(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in ("02", "03", "04"):
        location.deliver(f"workers-2026-11-{day}.csv", worker("1001", "Ada", f"Byron{day}"))
    monkeypatch.setattr("hcm_pipeline.flow.processing.PUBLISH_EVERY", 0.0)
    whole = name_workers

    def killed(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date, now: dt.datetime) -> int:
        monkeypatch.setattr("hcm_pipeline.warehouse.Warehouse.publish", lambda _: None)  # a killed run comes to no end
        if day == dt.date(2026, 11, 4):
            raise KeyboardInterrupt
        return whole(con, profile, day, now)

    monkeypatch.setattr("hcm_pipeline.flow.processing.name_workers", killed)
    assert not location.run("2026-11-02", "2026-11-04").success
    for asset in ("workers", "quarantined_rows", "changes", "identities"):
        assert sorted(location.materializations(asset)) == ["2026-11-02", "2026-11-03"], asset
    history = location.instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(dg.AssetKey("workers"), "every_row_accounted_for"), limit=10
    )
    assert sorted(str(record.partition) for record in history if record.status.value == "SUCCEEDED") == [
        "2026-11-02", "2026-11-03"]  # fmt: skip
    with location.pipeline.installation().warehouse.read() as con:
        assert con.execute("select business_date::varchar from days order by 1").fetchall() == [
            ("2026-11-02",), ("2026-11-03",)]  # fmt: skip


def test_runs_can_be_found_by_extract_and_by_manifest(location: Location) -> None:
    location.deliver("workers-2026-11-02.csv", worker("1001", "Ada", "Byron"))
    result = location.run("2026-11-02")
    run = location.instance.get_run_by_id(result.run_id)
    assert run is not None
    for tag in (name for name in run.tags if name.startswith(("hcm/extract/", "hcm/manifest"))):
        found = location.instance.get_runs(dg.RunsFilter(tags={tag: run.tags[tag]}))
        assert [one.run_id for one in found] == [result.run_id]


def test_a_day_over_the_quarantine_limit_fails_its_check_and_leaves_no_manifest(location: Location) -> None:
    bad = [worker(f"{2000 + i}", f"First{i}", f"Last{i}", Country="nowhere at all") for i in range(30)]
    location.deliver("workers-2026-11-02.csv", worker("1001", "Ada", "Byron"), *bad)
    result = location.run("2026-11-02")
    assert not result.success
    [check] = [found for found in checks_of(location, result) if found.check_name == "quarantine_within_limit"]
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.ERROR
    assert not result.get_asset_materialization_events() or all(
        event.asset_key == dg.AssetKey("extracts") for event in result.get_asset_materialization_events()
    )
    assert list(location.home.manifests.rglob("manifest.json")) == []
    failed = {event.step_key for event in result.all_events if event.is_step_failure}
    assert "plan" not in {event.step_key for event in result.all_events if event.is_step_start}
    assert failed == {"snapshot"}


def test_checks_pass_and_carry_their_counts(location: Location) -> None:
    location.deliver("workers-2026-11-02.csv", worker("1001", "Ada", "Byron"), worker("1001", "Ada", "Byron"))
    result = location.run("2026-11-02")
    checks = {found.check_name: found for found in checks_of(location, result)}
    assert checks.keys() == {
        "extracts_are_whole",
        "quarantine_within_limit",
        "every_row_accounted_for",
        "names_are_unique",
        "bytes_are_what_was_planned",
        "nothing_is_held",
    }
    assert all(found.passed and found.description for found in checks.values())  # each says what it found
    assert checks["every_row_accounted_for"].metadata["unaccounted_rows"].value == 0


def test_a_date_without_a_file_carries_the_snapshot_forward(location: Location) -> None:
    location.deliver("workers-2026-11-02.csv", worker("1001", "Ada", "Byron"))
    assert location.run("2026-11-02", "2026-11-04").success
    workers = location.materializations("workers")
    assert {date: (found["workers"], found["carried_forward"]) for date, found in workers.items()} == {
        "2026-11-02": (1, False),
        "2026-11-03": (1, True),
        "2026-11-04": (1, True),
    }


def test_dagster_keeps_no_personal_value_of_an_extract(location: Location) -> None:
    rows = []
    for sample in sorted(SAMPLES.glob("*.csv")):
        (location.home.landing / sample.name).write_bytes(sample.read_bytes())
        rows += people(sample)
    result = location.run("2026-11-02", "2026-11-03")
    assert result.success
    text = told(location, result.run_id)
    assert "workers-2026-11-03.csv" in text  # it is the right text
    values = {row[column] for row in rows for column in PERSONAL if len(row.get(column) or "") >= 3}
    values |= {ascii(value)[1:-1].replace("\\x", "\\u00") for value in values}
    assert len(values) > 150
    found = [value for value in values if re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text)]
    assert len(found) == 0, f"{len(found)} personal values are kept"


def test_a_fault_in_the_middle_of_a_run_tells_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement fails over a value: DuckDB's own message quotes it."""

    def poisoned(con: duckdb.DuckDBPyConnection, *_: object) -> int:
        return len(con.execute("select street_address::integer from worker_versions").fetchall())

    monkeypatch.setattr("hcm_pipeline.flow.processing.name_workers", poisoned)
    home = Home(tmp_path / "home").create()
    with instance_of(home) as instance:
        location = Location(home, "oracle-hcm", instance)
        location.deliver("workers-2026-11-02.csv", worker("1001", "Ada", "Byron", Street_Address="9 Secret Lane"))
        result = location.run("2026-11-02")
        assert not result.success
        kept = told(location, result.run_id)
        assert "Secret Lane" not in kept
        assert "ConversionException" in kept
        with pytest.raises(PipelineError) as caught:
            run_job(location.defs, instance, "daily_delta", progress=print, partition="2026-11-02")
        assert "Secret Lane" not in "".join(traceback.format_exception(caught.value))
    assert "Secret Lane" in (home.path / "last-fault.txt").read_text(encoding="utf-8")


def test_an_expression_that_fails_for_one_worker_tells_no_value(tmp_path: Path) -> None:
    text = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text(encoding="utf-8")
    profile = tmp_path / "profile.toml"
    poisoned = """'{custom}:JobCode' = { sql = "(street_address::integer)::varchar" }"""
    profile.write_text(text.replace("""'{custom}:JobCode' = "job_code\"""", poisoned), encoding="utf-8")
    assert poisoned in profile.read_text(encoding="utf-8")
    home = Home(tmp_path / "home").create()
    with instance_of(home) as instance:
        location = Location(home, str(profile), instance)
        location.deliver("workers-2026-11-02.csv", worker("1001", "Ada", "Byron", Street_Address="9 Secret Lane"))
        result = location.run("2026-11-02")
        assert result.success
        assert location.materializations("quarantined_rows")["2026-11-02"]["quarantined"] == 1
        assert "Secret Lane" not in told(location, result.run_id)


def test_poisoned_rows_go_to_quarantine_without_a_word_of_them(location: Location) -> None:
    poison = worker("1002", "Ben", "Okri", Hire_Date="Secret Lane 9", Country="Secretland", Account_Status="Secretive")
    location.deliver("workers-2026-11-02.csv", worker("1001", "Ada", "Byron"), poison)
    result = location.run("2026-11-02")
    assert result.success
    assert location.materializations("quarantined_rows")["2026-11-02"]["quarantined"] == 1
    assert "Secret" not in told(location, result.run_id)


def test_a_guard_that_stops_a_date_is_raised_to_the_caller_as_itself(location: Location) -> None:
    bad = [worker(f"{2000 + i}", f"First{i}", f"Last{i}", Country="nowhere at all") for i in range(30)]
    location.deliver("workers-2026-11-02.csv", *bad)
    with pytest.raises(GuardStop, match="quarantine_limit"):
        run_job(location.defs, location.instance, "daily_delta", progress=print, partition="2026-11-02")


def test_whoever_materializes_everything_sends_nothing_by_it(location: Location) -> None:
    location.deliver("workers-2026-11-02.csv", worker("1001", "Ada", "Byron"))
    assert location.run("2026-11-02").success
    everything = location.defs.resolve_implicit_global_asset_job_def()
    sent = everything.execute_in_process(
        instance=location.instance, asset_selection=[dg.AssetKey("receipts")], raise_on_error=False
    )
    assert sent.success
    assert location.materializations("receipts") == {}
    alone = location.defs.resolve_job_def("upload_manifest")
    unnamed = alone.execute_in_process(instance=location.instance, raise_on_error=False)
    assert not unnamed.success
    assert "no manifest is named" in told(location, unnamed.run_id)
