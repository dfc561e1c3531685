"""The benchmarks run: a timer that names a function of the product goes wrong when the function has another name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .support import ROOT

FLOOR = ROOT.parent / "shared" / "bench" / "floor.py"


@pytest.mark.skipif(not FLOOR.is_file(), reason="the floor is not beside this project")
def test_the_pipeline_is_compared_with_its_floor_stage_by_stage_and_on_quiet_days(tmp_path: Path) -> None:
    days = json.loads(_printed("compare.py", "--workers", "300", "--json", "--keep", str(tmp_path)))["days"]
    assert {day: min(stage["ours"] for stage in found["stages"].values()) > 0 for day, found in days.items()} == {
        "first load": True,
        "daily run": True,
    }
    quiet = map(json.loads, _printed("rows.py", "quiet", "--json", "--keep", str(tmp_path)).splitlines())
    assert {row["row"]: row["operations"] for row in quiet} == {
        "daily, nothing changed": 0,
        "daily, one worker changed": 1,
    }


def _printed(benchmark: str, *options: str) -> str:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / "benchmarks" / benchmark), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environ)
    assert done.returncode == 0, done.stderr
    return done.stdout
