"""Hints: the workers who are to be read and why, what became of their reading, and the dates on which they are read again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hcm_pipeline.feeds.columns import HIRED, LAST_DAY, NUMBER
from hcm_pipeline.oracle import Person


@dataclass(frozen=True)
class Asked:
    """A worker who is to be read, with the hints that say so, in words; `ahead`: dates of open hints that lie ahead.

    `cancelled`: the newest entry about the person's employment took back the hire. `read_before`: the worker was read once.
    """

    key: str
    person: Person
    hints: tuple[int, ...]
    told: tuple[str, ...]
    ahead: tuple[dt.date, ...]
    later: tuple[int, ...]
    """The hints of these dates."""
    cancelled: bool
    read_before: bool
    told_on: dt.date | None
    """The date for which it was told that the worker cannot be read."""


@dataclass(frozen=True)
class Settled:
    """A reading that succeeded: the hints that it settles, and the row."""

    hints: tuple[int, ...]
    person_id: str | None
    row: Mapping[str, str]


@dataclass(frozen=True)
class Coming:
    """A date of a worker that lies ahead: on it the worker is read again, so that a change that no entry tells is found in time."""

    person_id: str | None
    number: str
    due: dt.date
    why: str


def coming_dates(one: Settled, day: dt.date) -> Iterator[Coming]:
    """The first day of work and the day after the last one, where they lie after `day`."""
    for column, later in ((HIRED, 0), (LAST_DAY, 1)):
        try:
            due = dt.date.fromisoformat(one.row.get(column, "")) + dt.timedelta(days=later)
        except (ValueError, OverflowError):
            continue
        if due > day:
            yield Coming(one.person_id, one.row[NUMBER], due, f"the {column.lower()} that was read comes")


@dataclass(frozen=True)
class Unseen:
    """A reading that failed: its hints stay open. `told`: the extract of this poll says so."""

    hints: tuple[int, ...]
    reason: str
    told: bool


@dataclass(frozen=True)
class Missed:
    """A worker who differed though no entry had told of it."""

    number: str
    found_by: str
    columns: tuple[str, ...]
