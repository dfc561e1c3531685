"""One thing's fault is that thing's: an archive, an expression for one worker, and expressions that no profile may hold."""

from __future__ import annotations

import os
import shutil
import zipfile
from importlib import resources
from pathlib import Path

import pytest

from .support import Site, extract, worker

PROFILE = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text(encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A home under the built-in profile."""
    return Site(tmp_path / "home")


def with_title(site: Site, sql: str) -> Path:
    """The built-in profile with a job title of its own."""
    path = site.path.parent / "own.toml"
    path.write_text(PROFILE.replace('title = "job_name"', f"title = {{ sql = '''{sql}''' }}"), encoding="utf-8")
    assert "sql = '''" in path.read_text(encoding="utf-8")
    site.profile = str(path)
    return path


def test_sec_broken_archive(site: Site, tmp_path: Path) -> None:
    rows = [worker("1001", "Ida", "Berg"), worker("1002", "Per", "Lund")]
    plain = extract(tmp_path, "a-2026-11-12.csv", *rows)
    site.home.create()
    broken = site.home.landing / "a-2026-11-12.csv.zip"
    with zipfile.ZipFile(broken, "w", zipfile.ZIP_BZIP2) as archive:
        archive.write(plain, plain.name)
    data = bytearray(broken.read_bytes())
    data[60:90] = b"x" * 30
    broken.write_bytes(data)
    (site.home.landing / "folder").mkdir()
    shutil.copy(broken, site.home.landing / "caf\udce9-2026-11-12.csv")
    site.land("b-2026-11-12.csv", *rows)
    for found in site.home.landing.iterdir():
        os.utime(found, (1, 1))
    said = site.run("run", "--json", code=1)
    assert "a-2026-11-12.csv.zip: refused: the archive is damaged" in said
    assert "Traceback" not in said
    assert {found.name for found in site.home.landing.iterdir()} == {broken.name, "folder", "caf\udce9-2026-11-12.csv"}
    assert {person["person_number"] for person in site.json("plan")["people"]} == {"1001", "1002"}
    assert len([found for found in site.home.extracts.rglob("*") if found.is_file()]) == 1
    assert not site.home.fault.exists()


def test_sec_one_value_stops_the_day(site: Site, tmp_path: Path) -> None:
    with_title(site, "cast(job_name as integer)::varchar")
    site.run("land", extract(
        tmp_path, "w-2026-11-12.csv", worker("1001", "Ida", "Berg", Job_Name="42"), worker("1002", "Per", "Lund"),
        worker("1003", "Eva", "Holm", Job_Name="7", Account_Status="False"),
    ))  # fmt: skip
    said = site.run("run")
    assert "letters (7): scim.mapping.title cannot be computed" in said
    [held] = site.json("status")["held_back"]["cells"]
    assert (held["person_number"], held["columns"], held["rule"]) == ("1002", ["Job Name"], "expression")
    assert site.json("plan", "--worker", "1001")["payload"]["title"] == "42"
    with_title(
        site, "cast('x' || person_number as integer)::varchar"
    )  # no cell of a row is to blame: the plan finds it
    assert "1001 waits: title cannot be computed" in site.run("plan", "--worker", "1001")
    assert site.json("plan", "--worker", "1001")["waits"] == ["title cannot be computed"]


def test_sec_expressions_that_are_not_scalar(site: Site) -> None:
    for expression, why in (
        ("pg_conf_load_time()", "on another day"), ("ago(interval 1 day)", "on another day"), ("age(hire_date)", "the clock"),
        ("current_localtimestamp()", "on another day"), ("regexp_split_to_table(job_name, ' ')", "several rows of one"),
        ("geomean(length(last_name))", "folds all rows"), ("json_group_array(last_name)", "folds all rows"),
        ("get_block_size('memory')", "looks into the database"), ("pg_sleep(1)", "it waits"), ("assert_true(false)", "on purpose"),
    ):  # fmt: skip
        path = with_title(site, f"({expression})::varchar")
        said = site.run("profile", "check", path, code=1)
        name = expression.partition("(")[0]
        assert "scim.mapping.title = " in said
        assert f"function {name}" in said
        assert why in said
