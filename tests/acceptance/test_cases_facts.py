"""An extract is a fact of a source, a date and bytes: said again, corrected, cut in parts, replaced or damaged."""

from __future__ import annotations

import fcntl
import os
import select
from importlib import resources
from pathlib import Path

import pytest

from hcm_pipeline.sandbox import running

from .support import Site, extract, worker

IDA, OTTO, GONE = (
    worker("1001", "Ida", "Holm"), worker("1002", "Otto", "Vale"), worker("1002", "Otto", "Vale", Account_Status="False"),
)  # fmt: skip

PROFILE = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text(encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A home under the built-in profile."""
    return Site(tmp_path / "home")


def test_01_same_bytes_for_a_later_day(site: Site, tmp_path: Path) -> None:
    with running(site.home.sandbox):
        enabled = []
        for day, rows in ((16, (IDA, OTTO)), (17, (IDA, GONE)), (18, (IDA, OTTO))):
            said = site.run("land", extract(tmp_path, f"workers-2026-11-{day}.csv", *rows))
            assert "taken for" in said
            for verb in ("run", "upload", "outcomes"):
                site.run(verb)
            enabled.append(site.accounts()["1002"]["accountEnabled"])
        assert enabled == [True, False, True]
    [newest] = [day for day in site.json("status")["days"] if day["business_date"] == "2026-11-18"]
    assert (newest["status"], newest["changes"]) == ("done", {"reversed_termination": 1})
    assert "known for 2026-11-18" in site.run("land", tmp_path / "workers-2026-11-18.csv")
    sha256 = site.json("extract", "show")[-1]["sha256"]
    assert f"{sha256}@2026-11-16" in site.run("extract", "refuse", sha256, "2", "--why", "which?", code=2)
    assert "of 2026-11-18 is refused" in site.run("extract", "refuse", f"{sha256}@2026-11-18", "2", "--why", "a slip")


def test_15_parts_of_one_day(site: Site, tmp_path: Path) -> None:
    people = [[worker(f"80{part}{n}", f"Pat{part}", f"Reed{n}") for n in "123"] for part in "123"]
    files = [extract(tmp_path, f"workers_2026-11-16_part{n}.csv", *rows) for n, rows in enumerate(people, 1)]
    site.run("land", *files)
    assert "it is a part beside it, or a correction" in site.run("run", code=3)
    held = [one for one in site.json("extract", "show") if one["findings"]]
    assert [one["status"] for one in held] == ["stopped", "stopped"]
    for one in held:
        said = site.run("extract", "accept", one["sha256"], "3", "--part", "--why", "one per employer")
        assert "is accepted as a part" in said
    site.run("run")
    assert site.json("status")["days"][-1]["workers"] == 9
    profile = tmp_path / "parts.toml"
    profile.write_text(
        PROFILE.replace("[[sources]]", "[[sources]]\nparts = { pattern = '_part([0-9]+)', count = 3 }", 1),
        encoding="utf-8",
    )
    other = Site(tmp_path / "other", str(profile))
    other.run("land", *files[:2])
    assert "2 of 3 parts are here" in other.run("run", code=3)
    other.run("land", files[2])
    other.run("run")
    assert other.json("status")["days"][-1]["workers"] == 9


def test_sec_corrected_while_waiting(site: Site, tmp_path: Path) -> None:
    site.run("init", site.path)
    site.run("run")
    site.land("w-2026-11-12.csv", IDA, OTTO)
    landed = site.home.landing / "w-2026-11-12.csv"
    with (site.home.locks / "warehouse.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another command of the pipeline is at work
        run = site.start("run")
        assert run.stderr is not None
        assert select.select([run.stderr], [], [], 60)[0], "it says that it waits"
        assert any(path.is_file() for path in site.home.extracts.rglob("*")), "it has copied the file"
        extract(tmp_path, "new.csv", IDA, GONE).replace(landed)
        os.utime(landed, (1, 1))
    assert "another file came under its name" in site.end(run)
    assert (list(site.home.landing.iterdir()), site.json("status")["days"][-1]["workers"]) == ([], 2)
    assert "left" in site.run("trace", "1002")


def test_sec_altered_extract(site: Site, tmp_path: Path) -> None:
    path = extract(tmp_path, "w-2026-11-12.csv", worker("1001", "Ida", "Berg", Job_Name="Engineer"))
    site.run("land", path)
    [stored] = [found for found in site.home.extracts.rglob("*") if found.is_file()]
    stored.chmod(0o600)
    stored.write_bytes(stored.read_bytes().replace(b"Engineer", b"Dngineer"))
    said = site.run("run", code=1)
    assert "w-2026-11-12.csv" in said
    assert "land the file again" in said
    assert "Traceback" not in said
    assert "is mended" in site.run("land", path)
    site.run("run")
    assert "Engineer" in site.run("trace", "1001")
