"""When an upload would end: the rate, the quota's rolling window, and calls that were made before."""

from __future__ import annotations

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.delivery import Limits, ends_at
from tests.budget import examples

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
DAY, SECOND = dt.timedelta(days=1), dt.timedelta(seconds=1)


def within(quota: int) -> Limits:
    """Forty calls in five seconds, and this quota."""
    return Limits(50, 40, 5 * SECOND, quota)


def test_nothing_to_send_ends_now() -> None:
    assert ends_at([NOW - SECOND], 0, NOW, within(1)) == NOW


def test_forty_calls_go_at_once_and_the_next_forty_after_five_seconds() -> None:
    limits = within(2000)
    assert ends_at([], 40, NOW, limits) == NOW
    assert ends_at([], 80, NOW, limits) == NOW + 5 * SECOND
    assert ends_at([], 81, NOW, limits) == NOW + 10 * SECOND


def test_what_the_quota_has_no_room_for_waits_until_a_call_is_a_day_old() -> None:
    made = [NOW - 23 * DAY / 24, NOW - DAY / 2]
    limits = within(3)
    assert ends_at(made, 1, NOW, limits) == NOW
    assert ends_at(made, 2, NOW, limits) == made[0] + DAY
    assert ends_at(made, 3, NOW, limits) == made[1] + DAY
    assert ends_at(made, 4, NOW, limits) == NOW + DAY


@settings(max_examples=examples(50), deadline=None)
@given(st.lists(st.integers(0, 86_399), max_size=12), st.integers(0, 30), st.integers(1, 6), st.integers(1, 3))
def test_it_is_when_a_call_by_call_count_over_both_windows_ends(
    ages: list[int], requests: int, quota: int, rate: int
) -> None:
    made = sorted(NOW - age * SECOND for age in ages)[-quota:]
    calls, at = list(made), NOW
    for _ in range(requests):
        steps = sorted({at, *(call + DAY for call in calls), *(call + 5 * SECOND for call in calls)})
        at = next(
            t for t in steps
            if t >= at and sum(t - DAY < c for c in calls) < quota and sum(t - 5 * SECOND < c for c in calls) < rate
        )  # fmt: skip
        calls.append(at)
    assert ends_at(made, requests, NOW, Limits(50, rate, 5 * SECOND, quota)) == at
