"""The conditions of following Oracle HCM, and of writing back to it."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest

from hcm_pipeline.alerts import AlertKind, FollowedFeeds, feed_alerts, fight_alerts
from hcm_pipeline.flow.profiles import built_in_text, load_profile, parse_profile
from hcm_pipeline.flow.views.written_over import WrittenOver, fought_over
from hcm_pipeline.profile import Attribute

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


def test_values_that_somebody_else_changes_again_and_again_are_told_by_attribute() -> None:
    def over(times: int, attribute: Attribute, *, now: bool = False) -> WrittenOver:
        return WrittenOver("100042", attribute, times, now, None)

    once = (over(1, "work_phone"), over(0, "work_mail", now=True))
    assert fought_over(once) == ()
    more = fought_over((*once, over(2, "work_phone"), over(1, "work_mail", now=True), over(5, "work_mail")))
    assert fight_alerts({}) == []
    [alert] = fight_alerts(Counter(one.attribute for one in more))
    assert alert.facts == {"Values of work_mail": "2", "Values of work_phone": "1"}
    assert "100042" not in str(alert)
