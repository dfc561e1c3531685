"""A few seeds of the chaos; `python -m benchmarks.chaos` runs hundreds."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.chaos import Tally, chaos, sensor_runs

RULES = {"directory differences", "operations lost", "regressions", "limits broken"}
OTHER_LIVES = ("restored homes", "lost journals", "copied homes")


@pytest.mark.parametrize("seed", [0, 3])
def test_whatever_happens_on_the_way_the_end_is_that_of_an_undisturbed_run(seed: int) -> None:
    tally = Tally()
    with chaos() as runs:
        tally.add(runs.run(seed))
    assert tally.violations == []
    assert set(tally.broken) - {"sent before a person said so", "cleared values untold"} == RULES
    assert seed != 3 or any(tally.did[name] for name in OTHER_LIVES)
    # something was in the way, and something was done
    assert sum(tally.faults.values()) > 5
    assert tally.count("kills of") > 0
    assert tally.did["requests"] > 10


def test_a_run_that_a_sensor_started_is_killed_at_any_line_and_another_one_does_the_work(tmp_path: Path) -> None:
    tally = sensor_runs(tmp_path, 1, kills=2, dates=1)
    assert tally.violations == []
    assert tally.count("kills of") == 2
