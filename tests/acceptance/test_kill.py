"""kill -9 at any moment, then the same command again: the same state as without it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hcm_pipeline.sandbox import SandboxOptions, running
from tests.budget import examples

from .support import ROOT, Site, environment, extract, worker

SCRIPT = """
import datetime as dt, sys
from pathlib import Path
from hcm_pipeline import flow
from hcm_pipeline.settings import Settings

print("ready", flush=True)
here = flow.Installation(Settings.from_env())
for name in sys.argv[1:]:
    file = Path(name)
    flow.land(here.warehouse, here.profile, [file], now=here.clock)
    list(flow.process(here.warehouse, here.loaded, [dt.date.fromisoformat(file.stem[-10:])]))
    flow.plan(here.warehouse, here.loaded, here.target)
    flow.upload(here)
    flow.read_outcomes(here, wait_seconds=60, interval=0.2)
"""
TABLES = {
    "days": "* exclude (finished_at, judged_at)", "worker_versions": "* exclude (known_from)", "manager_warnings": "*",
    "absences": "*", "changes": "*", "quarantined_rows": "*", "identities": "*", "extracts": "* exclude (landed_at)",
}  # fmt: skip


def files(folder: Path) -> list[Path]:
    """Three days of 120 workers, with movers, leavers, joiners and a row that breaks a rule."""
    days = []
    for d in range(3):
        rows = [
            worker(f"{1000 + i}", f"First{i % 7}", f"Last{i % 5}", Job_Name=f"Job {i + d * (i % 9 == 0)}",
                   Account_Status=str(not (d == 2 and i % 17 == 0)), Manager=f"{1000 + i // 6}" if i else "")
            for i in range(110 + 5 * d)
        ]  # fmt: skip
        rows.append(worker("9999", "Bad", "Country", Country="nowhere"))
        days.append(extract(folder, f"workers-2026-11-0{d + 2}.csv", *rows))
    return days


def state(site: Site) -> dict[str, Any]:
    """Everything that must not depend on when a process was killed."""
    with duckdb.connect(str(site.home.warehouse), read_only=True) as con:
        tables = {
            name: sorted(map(str, con.execute(f"select {columns} from {name}").fetchall()))
            for name, columns in TABLES.items()
        }
        settled = con.execute(
            "select state, count(*) from receipts where state in ('planned', 'accepted') group by 1"
        ).fetchall()
    accounts = {
        n: {k: v for k, v in a.items() if k not in {"createdDateTime", "id"}} for n, a in site.accounts().items()
    }
    return {"tables": tables, "unsettled": settled, "accounts": json.loads(json.dumps(accounts, default=str))}


def run(site: Site, days: list[Path], kill_after: float | None) -> float | None:
    """Run the script, killed so many seconds after its imports; the seconds it took if it came to its end."""
    with (site.path.parent / "script.log").open("w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *map(str, days)], env=environment(site.path), cwd=ROOT, stderr=log,
            start_new_session=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        started = time.monotonic()
        try:
            process.wait(300 if kill_after is None else kill_after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert kill_after is not None, "the script does not end"
            return None
        finally:
            process.stdout.close()
        log.seek(0)
        assert process.returncode == 0, log.read()
        return time.monotonic() - started


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], float]:
    """The state after an uninterrupted run, and how long that took."""
    folder = tmp_path_factory.mktemp("reference")
    site = Site(folder / "home")
    days = files(folder)
    with running(site.home.create().sandbox, options=SandboxOptions(cycle_seconds=0.2, log_calls_per_10s=1000)):
        seconds = run(site, days, None)
        assert seconds is not None
        return state(site), seconds


@pytest.mark.parametrize("seed", range(examples(1)))
def test_killed_at_random_moments_it_ends_as_if_it_had_not_been(
    seed: int, tmp_path: Path, reference: tuple[dict[str, Any], float]
) -> None:
    expected, seconds = reference
    chance = random.Random(seed)
    site = Site(tmp_path / "home")
    days = files(tmp_path)
    with running(site.home.create().sandbox, options=SandboxOptions(cycle_seconds=0.2, log_calls_per_10s=1000)):
        for _ in range(examples(4)):
            run(site, days, chance.uniform(0, seconds))
        assert run(site, days, None) is not None
        found = state(site)
    assert found["unsettled"] == []
    assert found["accounts"] == expected["accounts"]
    assert found["tables"] == expected["tables"]
