"""The people of the Oracle HCM: date-effective rows, work relationships, assignments, managers and the user account.

A row holds from `start` to `end`, both included; `LAST` is Oracle's open end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import orjson

LAST = date(4712, 12, 31)
DAY = timedelta(days=1)
EMPLOYEE, CONTINGENT, PENDING, NONWORKER = "E", "C", "P", "N"
WORKER_TYPES = {EMPLOYEE: "EMP", CONTINGENT: "CWK", PENDING: "EMP", NONWORKER: "NONW"}
"""PeriodType to the WorkerType of Atom entries, which reads EMP for a pending worker (MOS 2569866.1)."""
PERSON_TYPES = {EMPLOYEE: "EMP", CONTINGENT: "CWK", PENDING: "PWK", NONWORKER: "NONW"}


@dataclass
class Row:
    """One row of something that has dates."""

    id: int
    start: date
    end: date
    values: dict[str, Any]

    def covers(self, on: date) -> bool:
        """Whether it holds on this day."""
        return self.start <= on <= self.end


Rows = list[Row]


def at(rows: Sequence[Row], on: date) -> Row | None:
    """The row that holds on a day."""
    return next((row for row in rows if row.covers(on)), None)


def change_from(rows: Rows, start: date, values: Mapping[str, Any], new_id: int) -> dict[str, Any]:
    """Change values from a day on, up to the end of the row that held then; returns the values that they replace.

    A row that begins on that day is corrected. Rows to come stay as they are.
    """
    current = at(rows, start)
    if current is None:
        following = min((row.start for row in rows if row.start > start), default=None)
        rows.append(Row(new_id, start, LAST if following is None else following - DAY, dict(values)))
        rows.sort(key=lambda row: row.start)
        return dict.fromkeys(values)
    before = {name: current.values.get(name) for name in values}
    if current.start == start:
        current.values.update(values)
    else:
        rows.insert(rows.index(current) + 1, Row(current.id, start, current.end, {**current.values, **values}))
        current.end = start - DAY
    return before


def cut(rows: Rows, last: date) -> None:
    """End everything on a day."""
    rows[:] = [replace(row, end=min(row.end, last)) for row in rows if row.start <= last]


@dataclass
class Assignment:
    """An assignment. The values of its rows have the names of the workers resource; those of managers: a type, an assignment id."""

    id: int
    number: str
    type: str
    primary: bool
    rows: Rows = field(default_factory=list)
    managers: Rows = field(default_factory=list)


@dataclass
class Relationship:
    """A work relationship. `primary` and `termination` have no dates: what is entered ahead shows at once."""

    id: int
    type: str
    employer: str
    legislation: str
    primary: bool
    start: date
    termination: date | None = None
    projected: date | None = None
    assignments: list[Assignment] = field(default_factory=list)

    def active(self, on: date) -> bool:
        """Whether it has begun and not ended on this day; the day of termination is the last one."""
        return self.start <= on and (self.termination is None or on <= self.termination)


@dataclass
class Account:
    """The user account of a person."""

    guid: str
    user_id: int
    username: str
    suspended: bool = False
    email: str | None = None
    """Of the account, as SCIM has it; the worker's own e-mails are others."""


@dataclass
class Person:
    """One person. `visible_at` (microseconds): REST does not find the person before."""

    id: int
    number: str
    created_at: int
    updated_at: int
    visible_at: int = 0
    born: date | None = None
    names: Rows = field(default_factory=list)
    emails: Rows = field(default_factory=list)
    phones: Rows = field(default_factory=list)
    addresses: Rows = field(default_factory=list)
    relationships: list[Relationship] = field(default_factory=list)
    account: Account | None = None

    def relationship(self, on: date) -> Relationship | None:
        """The relationship that speaks for the person: of the active ones the primary one, then an employee's or contingent
        worker's, then the latest; when none is active the one that ended last. None: none has begun."""
        begun = [one for one in self.relationships if one.start <= on]
        active = [one for one in begun if one.active(on)]
        if active:
            return max(active, key=lambda one: (one.type in (EMPLOYEE, CONTINGENT), one.primary, one.start, one.id))
        return max(begun, key=lambda one: (one.termination or LAST, one.start, one.id), default=None)

    def assignments(self) -> Iterator[tuple[Relationship, Assignment]]:
        """All assignments, with the relationship of each."""
        return ((one, held) for one in self.relationships for held in one.assignments)

    @property
    def first_name_day(self) -> date | None:
        """The first day of the record: that of the first global name."""
        return min((row.start for row in self.names if row.values["NameType"] == "GLOBAL"), default=None)

    def name(self, on: date) -> dict[str, Any]:
        """The global name on a day; before the first one, the first."""
        rows = [row for row in self.names if row.values["NameType"] == "GLOBAL"]
        row = at(rows, on) or (rows[0] if rows and on < rows[0].start else None)
        return row.values if row else {}

    def contact(self, rows: Rows, kind: str, types: Sequence[str], on: date) -> dict[str, Any]:
        """The e-mail or phone of the first of the types on a day, the primary one first."""
        for wanted in types:
            held = [row for row in rows if row.values[kind] == wanted and row.covers(on)]
            if held:
                return max(held, key=lambda row: (row.values["PrimaryFlag"], row.start, row.id)).values
        return {}


def display_name(name: Mapping[str, Any]) -> str:
    """As the application shows it."""
    parts = (name.get("KnownAs") or name.get("FirstName"), name.get("PreNameAdjunct"), name.get("LastName"))
    return " ".join(part for part in parts if part)


def main_assignment(relationship: Relationship, on: date) -> tuple[Assignment, Row] | None:
    """The primary assignment of a relationship that has a row on this day; without a primary one the first."""
    held = [(one, row) for one in relationship.assignments if (row := at(one.rows, on)) is not None]
    return min(held, key=lambda pair: (not pair[0].primary, pair[0].id), default=None)


def dumped(person: Person) -> bytes:
    """A person as it is kept."""
    return orjson.dumps(person)


def loaded(content: bytes) -> Person:
    """A person that was kept."""
    kept = orjson.loads(content)
    lists = {name: _rows(kept[name]) for name in ("names", "emails", "phones", "addresses")}
    relationships = [
        Relationship(
            **{
                **one,
                "start": date.fromisoformat(one["start"]),
                "termination": _day(one["termination"]),
                "projected": _day(one["projected"]),
                "assignments": [
                    Assignment(**{**held, "rows": _rows(held["rows"]), "managers": _rows(held["managers"])})
                    for held in one["assignments"]
                ],
            }
        )
        for one in kept["relationships"]
    ]
    account = Account(**kept["account"]) if kept["account"] else None
    return Person(**{**kept, **lists, "born": _day(kept["born"]), "relationships": relationships, "account": account})


def _rows(kept: list[dict[str, Any]]) -> Rows:
    return [
        Row(one["id"], date.fromisoformat(one["start"]), date.fromisoformat(one["end"]), one["values"]) for one in kept
    ]


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
