"""Case 16: a file that arrived while a run could not work is processed by itself once it can, and people are told meanwhile."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from hcm_pipeline.defs import tries
from hcm_pipeline.defs.code_location import build
from hcm_pipeline.defs.instance import instance_of, tick
from hcm_pipeline.defs.resources import pipeline_of
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.settings import Settings

from .support import ROOT, Site

CASE = ROOT.parent / "shared" / "cases" / "16-arrival-after-a-failed-run"
pytestmark = pytest.mark.skipif(
    not CASE.is_dir() and "CI" not in os.environ, reason="the cases are not beside the project"
)


def drop(site: Site, name: str) -> None:
    """Copy a file of the case into landing/, where it has lain for a minute."""
    path = site.home.landing / name
    shutil.copy(CASE / name, path)
    path.chmod(0o600)
    os.utime(path, (time.time() - 60, time.time() - 60))


@dataclass
class Daemon:
    """The daemon of `ui` over a home, which was there before anything failed."""

    site: Site
    instance: dg.DagsterInstance

    def look(self, *sensors: str) -> None:
        """Each sensor looks once, and the runs that it asks for are made. One that fails is a failed run; the daemon goes on."""
        settings = Settings(self.site.home, self.site.profile, None)
        for sensor in sensors:
            with suppress(PipelineError):
                tick(build(settings), self.instance, sensor, pipeline_of(settings), lambda _: None)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A new home."""
    site = Site(tmp_path / "home")
    with instance_of(site.home.create()) as instance:
        yield Daemon(site, instance)


def test_a_file_that_arrived_while_the_store_was_away_is_processed_when_it_is_back(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = daemon.site
    drop(site, "workers-2026-11-16.csv")
    daemon.look("arrival", "manifest_ready", "outcomes_waiting")
    assert [day["status"] for day in site.json("status")["days"]] == ["done"]

    away = site.home.path / "extracts.away"
    site.home.extracts.rename(away)
    site.home.extracts.touch()
    drop(site, "workers-2026-11-17.csv")
    daemon.look("arrival")
    site.home.extracts.unlink()
    away.rename(site.home.extracts)

    daemon.look("arrival")  # a tick later it waits, and has said so
    found = site.json("status")
    assert found["landing"] == ["workers-2026-11-17.csv"]
    [failed] = found["failed_work"]
    assert (failed["business_date"], failed["tries"]) == ("2026-11-17", 1)
    assert "cannot be used as a home" in failed["cause"]
    assert "2026-11-17 is not done, 1 run of it failed (it is tried again at" in site.run("status")
    [alert] = site.json("alerts")["alerts"]
    assert (alert["kind"], alert["facts"]["Business date"]) == ("run_failed", "2026-11-17")

    monkeypatch.setattr(tries, "FIRST_WAIT", dt.timedelta())
    daemon.look("arrival")
    daemon.look("arrival")  # and sees that it is done
    found = site.json("status")
    assert (found["landing"], found["failed_work"]) == ([], [])
    assert {day["business_date"]: day["status"] for day in found["days"]}["2026-11-17"] == "done"
    assert site.json("alerts")["alerts"] == []
