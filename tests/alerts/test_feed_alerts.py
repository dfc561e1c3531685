"""The conditions of following Oracle HCM."""

from __future__ import annotations

import datetime as dt

import pytest

from hcm_pipeline.alerts import AlertKind, FollowedFeeds, feed_alerts
from hcm_pipeline.flow.profiles import built_in_text, load_profile, parse_profile

NOW = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
LIVE = load_profile("oracle-hcm-live").profile
BY_ITSELF = parse_profile(
    built_in_text("oracle-hcm-live").replace("# automatic = true", "automatic = true"), "live"
).profile


def followed(hours: float | None, missed: int = 0) -> FollowedFeeds:
    good = None if hours is None else NOW - dt.timedelta(hours=hours)
    return FollowedFeeds(good, NOW.date(), faults=1, missed=missed)


@pytest.mark.parametrize(
    ("hours", "by_hand", "by_itself"),
    [(0.5, False, False), (1.5, False, True), (71, False, True), (73, True, True), (None, True, True)],
)  # fmt: skip
def test_feeds_that_were_not_read_for_long_are_told(hours: float | None, by_hand: bool, by_itself: bool) -> None:
    for profile, told in ((LIVE, by_hand), (BY_ITSELF, by_itself)):
        kinds = [alert.kind for alert in feed_alerts(followed(hours), profile, NOW)]
        assert kinds == [AlertKind.FEEDS_BEHIND] * told


def test_missed_events_are_told_with_their_number_alone() -> None:
    [alert] = feed_alerts(followed(0.1, missed=3), LIVE, NOW)
    assert (alert.kind, alert.facts) == (AlertKind.MISSED_EVENTS, {"Business date": "2026-03-02", "Workers": "3"})
    assert feed_alerts(followed(None, missed=3), load_profile("oracle-hcm").profile, NOW) == []
