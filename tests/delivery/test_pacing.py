"""The pace: never more than the limits allow, however calls arrive and whoever makes them."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.delivery.journal import Journal
from hcm_pipeline.delivery.pacing import DAY, Pace, QuotaSpent
from hcm_pipeline.entra.timing import UPLOAD_RATE, Rate

from .conftest import StoppedTime


def pace(
    journal: Journal, time: StoppedTime, *, quota: int = 2000, rate: Rate = UPLOAD_RATE, target: str = "t"
) -> Pace:
    """A pace over the stopped clock."""
    return Pace(journal, target, clock=time.clock, sleep=time.sleep, quota=quota, rate=rate)


def fullest(arrivals: list[dt.datetime], window: dt.timedelta) -> int:
    """The most arrivals in any window, which contains its beginning and not its end."""
    return max((sum(start <= one < start + window for one in arrivals) for start in arrivals), default=0)


SECONDS = st.floats(min_value=0, max_value=7, allow_nan=False).map(lambda seconds: round(seconds, 6))
CALL = st.tuples(SECONDS, SECONDS.map(lambda s: s / 5), st.floats(min_value=0, max_value=1), st.booleans())


@settings(max_examples=25, deadline=None)
@given(rate=st.sampled_from([Rate(1, UPLOAD_RATE.per), Rate(4, UPLOAD_RATE.per)]), calls=st.lists(CALL, max_size=25))
def test_no_window_of_five_seconds_ever_holds_more_calls_than_the_rate(
    rate: Rate, calls: list[tuple[float, float, float, bool]]
) -> None:
    """Each call: idle time before it, how long it takes, at which part of that it arrives, a restart before it."""
    time, arrivals = StoppedTime(), list[dt.datetime]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        journal = Journal(path, clock=time.clock)
        for idle, duration, arrives, restart in calls:
            if restart:
                with journal:
                    pass
                journal = Journal(path, clock=time.clock)
            time.now += dt.timedelta(seconds=idle)
            current = pace(journal, time, rate=rate)
            call = current.claim()
            arrivals.append(time.now + dt.timedelta(seconds=duration * arrives))
            time.now += dt.timedelta(seconds=duration)
            current.done(call)
        with journal:
            pass
    assert fullest(arrivals, rate.per) <= rate.calls


@settings(max_examples=5, deadline=None)
@given(gaps=st.lists(st.floats(min_value=0, max_value=0.3), min_size=90, max_size=90))
def test_never_more_than_forty_calls_in_any_five_seconds(gaps: list[float]) -> None:
    time, arrivals = StoppedTime(), list[dt.datetime]()
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "journal", clock=time.clock) as journal:
        current = pace(journal, time)
        for gap in gaps:
            time.now += dt.timedelta(seconds=gap)
            current.done(current.claim())
            arrivals.append(time.now)
    assert fullest(arrivals, dt.timedelta(seconds=5)) <= 40


def test_a_pace_is_no_slower_than_the_limits_ask(tmp_path: Path) -> None:
    time = StoppedTime()
    with Journal(tmp_path / "journal", clock=time.clock) as journal:
        for _ in range(81):
            pace(journal, time).claim()
    assert time.slept == [5.0, 5.0]


def test_two_processes_share_one_pace_and_two_targets_do_not(tmp_path: Path) -> None:
    time = StoppedTime()
    with Journal(tmp_path / "j", clock=time.clock) as one, Journal(tmp_path / "j", clock=time.clock) as two:
        for _ in range(20):
            pace(one, time).claim()
            pace(two, time).claim()
        pace(one, time, target="another").claim()
        assert time.slept == []
        pace(two, time).claim()
    assert time.slept == [5.0]


def test_a_spent_quota_says_when_the_oldest_call_is_a_day_old(tmp_path: Path) -> None:
    time = StoppedTime()
    first = time.now
    with Journal(tmp_path / "journal", clock=time.clock) as journal:
        current = pace(journal, time, quota=3)
        for _ in range(3):
            current.claim()
            time.sleep(3600)
        assert current.left() == 0
        with pytest.raises(QuotaSpent) as spent:
            current.claim()
        assert spent.value.until == first + DAY
        time.now = spent.value.until
        current.claim()
        with pytest.raises(QuotaSpent):
            current.claim()


def test_a_clock_that_was_set_back_does_not_block_for_ever(tmp_path: Path) -> None:
    time = StoppedTime()
    with Journal(tmp_path / "journal", clock=time.clock) as journal:
        for _ in range(40):
            pace(journal, time).claim()
        time.now -= dt.timedelta(days=30)
        pace(journal, time).claim()
    assert time.slept == [5.0]
