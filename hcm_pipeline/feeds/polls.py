"""Polls: each time that the feeds were read, and how far each feed was read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Poll:
    """One time that the feeds were read. Times are UTC; `calls` by their kind."""

    poll_no: int
    mode: str
    begun_at: dt.datetime
    service_time: dt.datetime
    business_date: dt.date
    finished_at: dt.datetime | None
    entries: int
    new_entries: int
    workers: int
    unread: int
    missed: int
    files: tuple[str, ...]
    calls: Mapping[str, int]
    fault: str | None


@dataclass(frozen=True)
class FeedStanding:
    """How far a feed was read, by each clock, and what it gave."""

    feed: str
    updated: dt.datetime | None
    published: dt.datetime | None
    entries: int
    unreadable: int
    newest: dt.datetime | None
    fault: str | None
