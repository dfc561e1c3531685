"""The pace: never more than the limits allow, however calls arrive and whoever makes them."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.delivery import Journal, Limits, NotYet, Pace
from hcm_pipeline.delivery.state import DAY, LONGEST_CALL
from hcm_pipeline.entra import UPLOAD_RATE
from hcm_pipeline.http import Rate
from hcm_pipeline.profile import Delivery
from tests.budget import examples

from .conftest import StoppedTime


def pace(
    journal: Journal, time: StoppedTime, *, quota: int = 2000, rate: Rate = UPLOAD_RATE, target: str = "t",
    tenant: str = "tenant",
) -> Pace:  # fmt: skip
    """A pace over the stopped clock."""
    return Pace(journal, tenant, target, Limits(50, rate.calls, rate.per, quota), clock=time.clock)


def claim(pace: Pace, time: StoppedTime) -> int:
    """Wait as long as the pace says, and count a call."""
    while isinstance(claimed := pace.claim(), NotYet):
        time.sleep((claimed.free_at - time.now).total_seconds())
    return claimed


def make(pace: Pace, time: StoppedTime) -> None:
    """A call that takes no time."""
    pace.done(claim(pace, time), time.now)


def fullest(arrivals: list[dt.datetime], window: dt.timedelta) -> int:
    """The most arrivals in any window, which contains its beginning and not its end."""
    return max((sum(start <= one < start + window for one in arrivals) for start in arrivals), default=0)


SECONDS = st.floats(min_value=0, max_value=7, allow_nan=False).map(lambda seconds: round(seconds, 6))
CALL = st.tuples(SECONDS, SECONDS.map(lambda s: s / 3), st.floats(min_value=0, max_value=1), st.booleans())


@settings(max_examples=examples(40), deadline=None)
@given(rate=st.sampled_from([Rate(1, UPLOAD_RATE.per), Rate(4, UPLOAD_RATE.per)]), calls=st.lists(CALL, max_size=25))
def test_no_window_of_five_seconds_ever_holds_more_calls_than_the_rate(
    rate: Rate, calls: list[tuple[float, float, float, bool]]
) -> None:
    """Each call: idle time before it, how long it takes, at which part of that it arrives, a restart before it.

    Calls are begun as soon as the pace lets them, many at once; each ends while later ones are on their way.
    """
    time, arrivals, on_their_way = StoppedTime(), list[dt.datetime](), list[tuple[dt.datetime, int]]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        journal = Journal(path, clock=time.clock)

        def pass_time_to(moment: dt.datetime) -> None:
            for end, call in sorted(on_their_way):
                if end <= moment:
                    pace(journal, time, rate=rate).done(call, end)
                    on_their_way.remove((end, call))
            time.now = moment

        for idle, duration, arrives, restart in calls:
            if restart:
                with journal:
                    pass
                journal = Journal(path, clock=time.clock)
            pass_time_to(time.now + dt.timedelta(seconds=idle / 3))
            while isinstance(call := pace(journal, time, rate=rate).claim(), NotYet):
                pass_time_to(min([call.free_at, *(end for end, _ in on_their_way)]))
            arrivals.append(time.now + dt.timedelta(seconds=duration * arrives))
            on_their_way.append((time.now + dt.timedelta(seconds=duration), call))
        with journal:
            pass
    assert fullest(arrivals, rate.per) <= rate.calls


def test_a_pace_is_no_slower_than_the_limits_ask(tmp_path: Path) -> None:
    time = StoppedTime()
    with Journal(tmp_path / "journal", clock=time.clock) as journal:
        for _ in range(81):
            make(pace(journal, time), time)
    assert time.slept == [5.0, 5.0]


def test_calls_on_their_way_count_until_they_have_ended_and_five_seconds_more(tmp_path: Path) -> None:
    time = StoppedTime()
    with Journal(tmp_path / "journal", clock=time.clock) as journal:
        current = pace(journal, time)
        calls = [claim(current, time) for _ in range(40)]
        time.now += dt.timedelta(seconds=30)
        assert isinstance(current.claim(), NotYet)
        current.done(calls[0], time.now)
        assert current.claim() == NotYet(time.now + dt.timedelta(seconds=5), spent=False)
        time.now += dt.timedelta(seconds=5)
        assert isinstance(current.claim(), int)
        assert isinstance(current.claim(), NotYet)


def test_two_processes_and_two_jobs_of_a_tenant_share_one_pace_and_two_tenants_do_not(tmp_path: Path) -> None:
    time = StoppedTime()
    with Journal(tmp_path / "j", clock=time.clock) as one, Journal(tmp_path / "j", clock=time.clock) as two:
        for _ in range(20):
            make(pace(one, time), time)
            make(pace(two, time, target="its other job"), time)
        make(pace(one, time, tenant="another"), time)
        assert time.slept == []
        make(pace(two, time), time)
    assert time.slept == [5.0]


def test_a_spent_quota_says_when_the_oldest_call_is_a_day_old(tmp_path: Path) -> None:
    time = StoppedTime()
    first = time.now
    with Journal(tmp_path / "journal", clock=time.clock) as journal:
        current = pace(journal, time, quota=3)
        for _ in range(3):
            make(current, time)
            time.sleep(3600)
        assert current.left() == 0
        assert current.made() == [first + dt.timedelta(hours=hours) for hours in range(3)]
        assert current.claim() == current.not_yet() == NotYet(first + DAY, spent=True)
        time.now = first + DAY
        assert (current.left(), current.not_yet()) == (1, None)
        make(current, time)
        assert isinstance(current.claim(), NotYet)


def test_a_call_that_was_never_begun_is_not_counted(tmp_path: Path) -> None:
    time = StoppedTime()
    with Journal(tmp_path / "journal", clock=time.clock) as journal:
        current = pace(journal, time, quota=1)
        current.undo(claim(current, time))
        assert current.left() == 1


def test_calls_that_a_killed_upload_left_end_when_the_next_one_begins(tmp_path: Path) -> None:
    time = StoppedTime()
    with Journal(tmp_path / "journal", clock=time.clock) as journal:
        for _ in range(40):
            claim(pace(journal, time), time)
        pace(journal, time, target="its other job").end_lost()
        time.now += dt.timedelta(seconds=60)
        assert isinstance(pace(journal, time).claim(), NotYet)
        pace(journal, time).end_lost()
        assert pace(journal, time).claim() == NotYet(time.now + dt.timedelta(seconds=5), spent=False)


def test_calls_that_nobody_ended_do_not_block_the_tenants_other_jobs_for_ever(tmp_path: Path) -> None:
    time = StoppedTime()
    with Journal(tmp_path / "journal", clock=time.clock) as journal:
        for _ in range(40):
            claim(pace(journal, time), time)
        time.now += LONGEST_CALL + dt.timedelta(seconds=1)
        make(pace(journal, time, target="its other job"), time)
    assert time.slept == [5.0]


def test_a_clock_that_was_set_back_does_not_block_for_ever(tmp_path: Path) -> None:
    time = StoppedTime()
    with Journal(tmp_path / "journal", clock=time.clock) as journal:
        for _ in range(40):
            make(pace(journal, time), time)
        time.now -= dt.timedelta(days=30)
        make(pace(journal, time), time)
    assert time.slept == [5.0]


@pytest.mark.parametrize("used", [0, 500])
def test_what_others_of_the_tenant_use_is_left_to_them(used: int) -> None:
    assert Delivery(daily_quota=2000, quota_used_by_others=used).own_quota == 2000 - used
    with pytest.raises(ValueError, match="less than daily_quota"):
        Delivery(daily_quota=2000, quota_used_by_others=2000)
