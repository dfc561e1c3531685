"""The README's first command, without its installation."""

from __future__ import annotations

from pathlib import Path

from .support import Site, processes_of, worker


def test_the_demo_tells_its_story_leaves_nothing_running_and_is_harmless_twice(tmp_path: Path) -> None:
    site = Site(tmp_path / "home")
    first = site.run("demo")
    for told in ("joiners", "leavers", "contradicts_another_row", "Where to look next", "disable"):
        assert told in first
    assert processes_of(site.path) == []
    before = site.accounts()
    site.run("demo")
    assert site.accounts() == before
    assert site.json("plan")["operations"] == {}


def test_a_stopped_day_ends_with_three_plans_nothing_and_is_mended_by_a_corrected_file(tmp_path: Path) -> None:
    site = Site(tmp_path / "home")
    site.land("workers-2026-11-02.csv", *(worker(f"{1000 + i}", "A", "B", Country="nowhere") for i in range(40)))
    said = site.run("run", code=3)
    assert "quarantine_limit" in said
    assert site.json("status")["manifests"] == []
    site.land("workers-2026-11-02-corrected.csv", *(worker(f"{1000 + i}", "A", "B") for i in range(40)))
    site.run("run")
    assert [m["state"] for m in site.json("status")["manifests"]] == ["ready"]


def test_wrong_usage_ends_with_two_and_a_broken_profile_with_one(tmp_path: Path) -> None:
    site = Site(tmp_path / "home")
    site.run("run", "--date", "yesterday", code=2)
    site.run("no-such-verb", code=2)
    broken = tmp_path / "broken.toml"
    broken.write_text('name = "x"\nsources = []\nfields = {}\ncolour = "red"\n')
    said = site.run("profile", "check", broken, code=1)
    assert "broken.toml: colour = 'red': no such key" in said
