"""kill -9 at any moment, then the same command again: the same state as without it."""

from __future__ import annotations

import json
import random
import signal
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hcm_pipeline.sandbox import SandboxOptions, running
from tests import warm
from tests.budget import examples

from . import whole_chain
from .support import ROOT, Site, environment, extract, worker

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
    """Do all of it, killed so many seconds after its beginning; the seconds it took if it came to its end."""
    process = warm.Started(whole_chain.deliver, list(map(str, days)), environment(site.path), ROOT)
    assert process.stdout.readline() == "ready\n"
    started = time.monotonic()
    killed = process.wait(300 if kill_after is None else kill_after) is None
    seconds = time.monotonic() - started
    if killed:
        assert kill_after is not None, "it does not end"
        process.kill()
    code, _, told = process.end(10)
    assert code == (-signal.SIGKILL if killed else 0), told
    return None if killed else seconds


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
