"""The conditions of following Oracle HCM that people have to be told of."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hcm_pipeline.alerts.messages import Alert, AlertKind, Severity
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import Oracle, Profile

FOLLOW = "docs/how-to/follow-oracle-hcm.md"
POLLS_LATE = 4
"""So many times the wait between two polls, and at least an hour, is longer than usual."""


@dataclass(frozen=True)
class FollowedFeeds:
    """How following stands. `last_good`: the newest poll without a fault; `missed`: workers of that poll's date who differ though
    no entry had told of it; `faults`: feeds whose newest reading failed."""

    last_good: dt.datetime | None
    business_date: dt.date
    faults: int
    missed: int


def feed_alerts(followed: FollowedFeeds, profile: Profile, now: dt.datetime) -> list[Alert]:
    """Every condition that holds now, for a home that has read the feeds at least once."""
    return [*_behind(followed, profile, now), *_missed(followed)] if profile.oracle else []


def longest_wait(oracle: Oracle, profile: Profile) -> dt.timedelta | None:
    """How long the feeds may stay unread: a few polls where the schedule polls by itself, else as long as an extract may."""
    if oracle.automatic:
        return dt.timedelta(minutes=max(60, POLLS_LATE * oracle.poll_minutes))
    hours = profile.alerts.stale_after(oracle.feed)
    return None if hours is None else dt.timedelta(hours=hours)


def _behind(followed: FollowedFeeds, profile: Profile, now: dt.datetime) -> list[Alert]:
    allowed = longest_wait(profile.oracle, profile) if profile.oracle else None
    if allowed is None or (followed.last_good is not None and now - followed.last_good < allowed):
        return []
    last = f"{followed.last_good:%Y-%m-%d %H:%M}Z" if followed.last_good else "never"
    return [
        Alert(
            str(AlertKind.FEEDS_BEHIND), AlertKind.FEEDS_BEHIND, Severity.ERROR,
            "Oracle HCM's feeds were not read for longer than usual",
            "Leavers whom a feed tells keep their accounts meanwhile. `hcm-pipeline feed status` says how far each feed was read,"
            " and why no further.",
            {"Last good reading": last, "Allowed": counted(allowed.total_seconds() / 3600, "hour"),
             "Feeds with a fault": f"{followed.faults}"},
            asset="extracts", page=FOLLOW,
        )
    ]  # fmt: skip


def _missed(followed: FollowedFeeds) -> list[Alert]:
    if not followed.missed:
        return []
    return [
        Alert(
            f"{AlertKind.MISSED_EVENTS}:{followed.business_date}", AlertKind.MISSED_EVENTS, Severity.WARNING,
            "Workers had changed though no entry of a feed told of it",
            "They are as they should be now. `hcm-pipeline feed status` names them and the columns; where it happens again, read a"
            " larger share of all workers each day (oracle.reconcile_percent).",
            {"Business date": followed.business_date.isoformat(), "Workers": f"{followed.missed:,}"},
            asset="extracts", page=FOLLOW,
        )
    ]  # fmt: skip
