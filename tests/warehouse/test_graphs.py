"""Cycles of a graph in which every node points to one other at most."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.warehouse import on_cycles


def cycles_by_walking(manager_of: list[int]) -> list[int]:
    """Those who meet themselves on the way up."""
    found = []
    for start in range(len(manager_of)):
        at, steps = manager_of[start], 0
        while at >= 0 and at != start and steps <= len(manager_of):
            at, steps = manager_of[at], steps + 1
        if at == start:
            found.append(start)
    return found


@given(st.integers(0, 40).flatmap(lambda n: st.lists(st.integers(-1, max(n - 1, -1)), min_size=n, max_size=n)))
def test_cycles_are_those_that_walking_finds(manager_of: list[int]) -> None:
    assert on_cycles(np.array(manager_of, dtype=np.int64)).tolist() == cycles_by_walking(manager_of)


def test_a_long_chain_is_no_cycle_and_a_long_cycle_is_one() -> None:
    chain = np.arange(-1, 99_999, dtype=np.int64)
    assert on_cycles(chain).tolist() == []
    chain[0] = 99_999
    assert len(on_cycles(chain)) == 100_000
