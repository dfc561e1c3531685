"""A limit that all processes of a home share, such as that of the provisioning log: counted by calls that have ended."""

from __future__ import annotations

import datetime as dt
import random
from contextlib import ExitStack
from pathlib import Path

import pytest

from hcm_pipeline.delivery import Journal, SharedGate
from hcm_pipeline.http import CallGate, OwnGate, Rate

from .conftest import StoppedTime

RATE = Rate(5, dt.timedelta(seconds=10))


def gate(journal: Journal, time: StoppedTime) -> SharedGate:
    """The gate as one process has it."""
    return SharedGate(
        journal, "log of tenant", RATE, clock=time.clock, sleep=time.sleep, longest=dt.timedelta(minutes=4)
    )


def made(gates: list[CallGate], time: StoppedTime, calls: int, chance: random.Random) -> list[dt.datetime]:
    """When a service counted calls that the gates made in turn: each at some moment between its begin and its end."""
    arrivals = []
    for number in range(calls):
        with gates[number % len(gates)].call():
            began = time.now
            time.now += dt.timedelta(seconds=chance.uniform(0.0, 2.0))
            arrivals.append(began + (time.now - began) * chance.choice([0.0, 0.5, 1.0]))
    return arrivals


def fullest(arrivals: list[dt.datetime]) -> int:
    """The most arrivals in a window of the rate."""
    return max(sum(start <= one < start + RATE.per for one in arrivals) for start in arrivals)


@pytest.mark.parametrize("processes", [1, 3])
@pytest.mark.parametrize("seed", range(5))
def test_no_window_holds_more_calls_than_the_limit_wherever_in_a_call_they_are_counted(
    tmp_path: Path, processes: int, seed: int
) -> None:
    time = StoppedTime()
    with ExitStack() as stack:
        journals = [stack.enter_context(Journal(tmp_path / "journal", clock=time.clock)) for _ in range(processes)]
        found = made([gate(journal, time) for journal in journals], time, 30, random.Random(seed))
    assert fullest(found) <= RATE.calls


@pytest.mark.parametrize("seed", range(5))
def test_a_gate_of_its_own_keeps_the_limit_by_ended_calls_too(seed: int) -> None:
    time = StoppedTime()
    assert fullest(made([OwnGate(RATE, time.clock, time.sleep)], time, 30, random.Random(seed))) <= RATE.calls


def test_a_call_of_a_killed_process_counts_for_as_long_as_any_call_may_take_and_then_no_more(tmp_path: Path) -> None:
    time = StoppedTime()
    with Journal(tmp_path / "journal", clock=time.clock) as journal:
        for _ in range(RATE.calls):
            journal.calls("log of tenant", "log of tenant").begin(time.now)
        began = time.now
        with gate(journal, time).call():
            pass
    assert dt.timedelta(minutes=4) < time.now - began <= dt.timedelta(minutes=4, seconds=25)


def test_the_log_and_uploads_do_not_count_each_other(tmp_path: Path) -> None:
    time = StoppedTime()
    with Journal(tmp_path / "journal", clock=time.clock) as journal:
        for _ in range(RATE.calls):
            journal.calls("tenant", "t").begin(time.now)
        with gate(journal, time).call():
            pass
    assert time.slept == []
