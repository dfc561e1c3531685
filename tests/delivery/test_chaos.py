"""A few seeds of the chaos; `python -m benchmarks.chaos` runs hundreds."""

from __future__ import annotations

import pytest

from benchmarks.chaos import Tally, chaos


@pytest.mark.parametrize("seed", [0, 20])
def test_whatever_happens_on_the_way_the_end_is_that_of_an_undisturbed_run(seed: int) -> None:
    tally = Tally()
    with chaos() as runs:
        tally.add(runs.run(seed))
    assert tally.violations == []
    assert set(tally.broken) == {"directory differences", "operations lost", "regressions", "limits broken"}
    # something was in the way, and something was done
    assert sum(tally.faults.values()) > 5
    assert tally.count("kills of") > 0
    assert tally.did["requests"] > 10
