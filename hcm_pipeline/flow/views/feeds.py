"""The view of following Oracle HCM: how far each feed was read, who waits to be read, and what no entry had told."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hcm_pipeline.feeds import FeedStanding, FeedState, Poll
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.warehouse import query

MISSED_DAYS = 7
"""So many dates back a missed event is shown."""
SHOWN_POLLS = 5


@dataclass(frozen=True)
class MissedEvent:
    """A worker who was found to differ though no entry had told of it, and in which columns.

    `found_by`: full, reconciliation, or the source of a full extract.
    """

    business_date: dt.date
    person_number: str
    found_by: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class UnreadWorker:
    """A worker whom an entry names and who could not be read. `who`: the person number, or the id where no number is known."""

    who: str
    reason: str
    tries: int


@dataclass(frozen=True)
class FeedStatus:
    """All that `feed status` shows. Moments are UTC."""

    feeds: tuple[FeedStanding, ...]
    polls: tuple[Poll, ...]
    workers: int
    """Workers who were ever read."""
    to_read: int
    later: int
    unread: tuple[UnreadWorker, ...]
    missed: tuple[MissedEvent, ...]
    last_good: dt.datetime | None
    """The newest poll that came to a good end."""


def feed_status(installation: Installation) -> FeedStatus | None:
    """Look at the state of the feeds; None where none was ever read. Asks no service."""
    path, oracle = installation.home.feeds, installation.profile.oracle
    if oracle is None or not path.is_file():
        return None
    day = installation.profile.workers.life.day_of(installation.clock())
    with FeedState(path) as state:
        polls = state.polls(200)
        today = max([day, *(poll.business_date for poll in polls[:1])])
        waiting, _, later = state.open_hints(today)
        since = today - dt.timedelta(days=MISSED_DAYS)
        missed = [MissedEvent(date, one.number, one.found_by, one.columns) for date, one in state.missed_since(since)]
        followed = state.told_since(since)
        missed += [one for one in _by_extracts(installation, since) if one.person_number not in followed]
        good = next(
            (poll.finished_at for poll in polls if poll.finished_at and poll.fault is None and poll.mode != "posted"),
            None,
        )
        return FeedStatus(
            tuple(state.standings(oracle.feeds)), tuple(polls[:SHOWN_POLLS]), state.head_count, waiting, later,
            tuple(UnreadWorker(*one) for one in state.unread(today)),
            tuple(sorted(missed, key=lambda one: (-one.business_date.toordinal(), one.person_number))), good,
        )  # fmt: skip


def _by_extracts(installation: Installation, since: dt.date) -> list[MissedEvent]:
    """Workers whom a full extract of another source found to be different from what was known by the feeds."""
    oracle = installation.profile.oracle
    if oracle is None or not installation.home.read_copy.is_file():
        return []
    others = [one.name for one in installation.profile.sources if one.content == "full" and one.name != oracle.people]
    if not others:
        return []
    columns = {name: spec.column for name, spec in installation.profile.columns.items()}
    with installation.warehouse.read() as con:
        rows = con.execute(query(__package__, "found_by_extracts"), {"since": since, "sources": others}).fetchall()
    return [
        MissedEvent(date, number, source, tuple(columns[name] for name in attributes if name in columns))
        for date, number, source, attributes in rows
        if any(name in columns for name in attributes)
    ]
