"""Entries of the employee feeds: their words as Oracle documents them, kept in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from hcm_pipeline.sandbox.oracle.faults import HcmFaults
from hcm_pipeline.sandbox.oracle.people import WORKER_TYPES, Assignment, Person, Relationship, display_name
from hcm_pipeline.sandbox.oracle.stamps import feed_stamp, malformed_stamp

Changed = dict[str, Any]

FEEDS = ("newhire", "empassignment", "empupdate", "termination", "cancelworkrelship", "workrelshipupdate")
OTHER_FEEDS = {
    "employee": ("payupdate",),
    "workstructures": ("grades", "jobs", "locations", "organizations", "positions", "position"),
    "availabilityPatterns": ("availabilityPatterns",),
    "user": ("userRequests",),
}
"""Feeds without entries, by workspace."""
TITLES = {
    "newhire": ("New Hire", "NewHire", "{name} Hired"),
    "empassignment": ("Person Assignment Changed", "PersonAssignmentChanged", "{name}'s Assignment Updated"),
    "empupdate": (
        "Person Basic Information Changed", "PersonBasicInformationChanged", "{name}'s Basic Information Updated",
    ),
    "termination": ("Person Terminated", "PersonTerminated", "{name} Terminated"),
    "cancelworkrelship": (
        "Person Work Relationship Cancelled", "PersonWorkRelationshipCancelled", "{name}'s Work Relationship Cancelled",
    ),
    "workrelshipupdate": (
        "Person Work Relationship Updated", "PersonWorkRelationshipUpdated", "{name}'s Work Relationship Updated",
    ),
}  # fmt: skip
"""Title and subtitle of a feed, title of its entries."""
KEYS = {
    "newhire": (
        "PrimaryPhoneNumber", "PersonId", "PersonName", "PeriodOfServiceId", "EffectiveStartDate", "EffectiveDate",
        "WorkerType", "PeriodType", "PersonNumber", "WorkEmail", "DMLOperation",
    ),
    "empassignment": (
        "PrimaryPhoneNumber", "Assignment Id", "PersonId", "PersonName", "EffectiveDate", "WorkerType", "PeriodType",
        "PersonNumber", "WorkEmail", "DMLOperation",
    ),
    "empupdate": (
        "PrimaryPhoneNumber", "PersonId", "PersonName", "EffectiveStartDate", "EffectiveDate", "WorkerType", "PeriodType",
        "PersonNumber", "WorkEmail", "DMLOperation",
    ),
    "termination": (
        "PersonNumber", "PeriodOfServiceId", "DMLOperation", "PeriodType", "PersonName", "WorkerType", "PrimaryFlag",
        "PersonId", "PrimaryPhoneNumber", "EffectiveStartDate", "EffectiveDate",
    ),
    "cancelworkrelship": (
        "PeriodOfServiceId", "PersonName", "PersonNumber", "PrimaryPhoneNumber", "PersonId", "PeriodType", "WorkerType",
        "DMLOperation", "EffectiveStartDate", "PrimaryFlag", "EffectiveDate",
    ),
}  # fmt: skip
KEYS["workrelshipupdate"] = KEYS["cancelworkrelship"]
"""The keys of Context, per feed (`*_Feed_Details.html`)."""

INSERT = "INSERT INTO hcm_entries (feed, name, updated, published, visible, person_number, facts) VALUES (?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True)
class Event:
    """The subject of an entry. `effective` None: the entry has no date. `moment`: of the transaction, microseconds."""

    feed: str
    person: Person
    relationship: Relationship
    effective: date | None
    moment: int
    updated: int
    dml: str = "UPDATE"
    start: date | None = None
    changed: list[Changed] | None = None
    assignment: Assignment | None = None
    summary: str = ""
    author: str = "HR.SPECIALIST"


def context(event: Event, today: date) -> dict[str, str]:
    """The Context of an entry: all values are strings."""
    person, held = event.person, event.relationship
    phone = person.contact(person.phones, "PhoneType", ("W1",), today)
    email = person.contact(person.emails, "EmailType", ("W1",), today)
    parts = (phone.get("CountryCodeNumber"), phone.get("AreaCode"), phone.get("PhoneNumber"))
    start = event.start or (held.start if event.feed != "empupdate" else event.effective) or held.start
    values = {
        "PrimaryPhoneNumber": " ".join(part for part in parts if part),
        "PersonId": str(person.id),
        "PersonName": display_name(person.name(event.effective or today)),
        "PeriodOfServiceId": str(held.id),
        "EffectiveStartDate": start.isoformat(),
        "EffectiveDate": event.effective.isoformat() if event.effective else "",
        "WorkerType": WORKER_TYPES[held.type],
        "PeriodType": held.type,
        "PersonNumber": person.number,
        "WorkEmail": email.get("EmailAddress") or "",
        "DMLOperation": event.dml,
        "PrimaryFlag": "Y" if held.primary else "N",
        "Assignment Id": str(event.assignment.id) if event.assignment else "",
    }
    return {key: values[key] for key in KEYS[event.feed]}


def _content(event: Event, today: date, changed: bool) -> str:
    content: dict[str, Any] = {"Context": [context(event, today)]}
    if changed and event.changed is not None and event.feed != "newhire":
        content["Changed Attributes"] = event.changed
    return orjson.dumps(content).decode()


def keep_entry(
    db: sqlite3.Connection, event: Event, name: str, today: date, faults: HcmFaults, *, changed: bool
) -> None:
    """Write an entry, with the faults that hit it."""
    number = frozenset({event.person.number})

    def hit(kind: str) -> Any:
        return faults.take(kind, event.feed, "atom", people=number)

    if hit("lost_entry"):
        return
    updated, published, visible = event.updated, event.moment, event.moment
    same = hit("same_stamp")
    if same is not None:
        grid = max(1, int(same.seconds * 1_000_000))
        published -= published % grid
        updated = published if event.updated == event.moment else updated
    late = hit("late_entry")
    if late is not None:
        visible += int(late.seconds * 1_000_000)
    stamp = malformed_stamp if hit("malformed_stamp") else feed_stamp
    content = _content(event, today, changed and not hit("no_attributes"))
    broken = hit("broken_content") is not None
    facts = {
        "title": TITLES[event.feed][2].format(name=display_name(event.person.name(event.effective or today))),
        "summary": event.summary,
        "author": event.author,
        "person_id": event.person.id,
        "effective": event.effective.isoformat() if event.effective else None,
        "updated": stamp(updated),
        "published": stamp(published),
        "doubled": bool(hit("doubled_id")),
        "broken": broken,
        "content": content[: len(content) // 2] if broken else content,
    }
    row = (event.feed, name, updated, published, visible, event.person.number, orjson.dumps(facts))
    for _ in range(2 if hit("duplicate_entry") else 1):
        db.execute(INSERT, row)


def said(values: Mapping[str, tuple[Any, Any]], form: str = "both") -> list[Changed]:
    """Changed Attributes of (old, new): both of them, or the scalar of the new or of the old value."""
    if form == "both":
        return [{name: {"old": _text(old), "new": _text(new)}} for name, (old, new) in values.items()]
    return [{name: _text(pair[1 if form == "new" else 0])} for name, pair in values.items()]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)
