"""A worker with everything that Oracle keeps beside it, reduced to one row as of a date. Pure: JSON in, text out.

A worker's children are lists here. A child whose key is absent did not come: nothing is known of it, so its columns are left
out of the row, whether it is absent for this worker alone or for all, and is never read as empty. (Oracle leaves children out for
want of a privilege, by person too.) A child that came empty is empty.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hcm_pipeline.characters import SEVERAL
from hcm_pipeline.oracle.reading_rules import MoreColumn, ReadingRules
from hcm_pipeline.oracle.stamps import OPEN_END, day

Item = Mapping[str, Any]

NAMES, EMAILS, PHONES, ADDRESSES = "names", "emails", "phones", "addresses"
RELATIONSHIPS, ASSIGNMENTS, MANAGERS = "workRelationships", "assignments", "managers"
WORKERS_DFF, RELATIONSHIPS_DFF, ASSIGNMENTS_DFF = "workersDFF", "workRelationshipsDFF", "assignmentsDFF"
"""Descriptive flexfields: a row for the parent, with an attribute for each segment of its context and of all."""
WORKERS_EFF, ASSIGNMENTS_EFF = "workersEFF", "assignmentsEFF"
"""Extensible flexfields: a row for a category, and below it the rows of each context."""
LEGISLATIVE, CITIZENSHIPS, EXTERNAL_IDS = "legislativeInfo", "citizenships", "externalIdentifiers"
_TYPED = {EMAILS: "EmailType", PHONES: "PhoneType", ADDRESSES: "AddressType", EXTERNAL_IDS: "ExternalIdentifierType"}
_OF_COUNTRY = {LEGISLATIVE: ("LegislationCode",), CITIZENSHIPS: ("Citizenship", "LegislationCode")}
_CONTEXT = "__FLEX_Context"
OF_RELATIONSHIPS = ("Account Status", "Worker Type", "Legal Employer", "Company", "Hire Date", "Termination Date")
OF_ASSIGNMENTS = ("Division", "Department Name", "Job Code", "Job Name", "Work Address")
EMPLOYED = ("E", "C")
"""Employees and contingent workers speak before a pending worker that became one, and before a nonworker."""
_FROM, _TO = ("EffectiveStartDate", "FromDate", "DateFrom"), ("EffectiveEndDate", "ToDate", "DateTo")


class UnreadableWorker(ValueError):
    """A worker of whom no row can be made without a guess. The text holds no personal value."""


@dataclass(frozen=True)
class ManagerKey:
    """A manager as an assignment names it: by an assignment, and seldom by a person."""

    assignment_id: str
    assignment_number: str
    person_number: str


@dataclass(frozen=True)
class Reduced:
    """A row without `Username`, and without `Manager` where `manager` still has to be resolved. `missing`: children that did
    not come."""

    row: dict[str, str]
    missing: tuple[str, ...]
    manager: ManagerKey | None


def reduced(worker: Item, rules: ReadingRules, on: dt.date) -> Reduced:
    """One row of a worker. Raises UnreadableWorker."""
    number = text_of(worker.get("PersonNumber"))
    if not number:
        raise UnreadableWorker("the worker has no person number")
    row = {"Person Number": number, "Person Id": text_of(worker.get("PersonId"))}
    missing: list[str] = []
    relationships = rows_of(worker, RELATIONSHIPS)
    speaking = None if relationships is None else speaking_of(relationships, on)
    # A worker who is still to come is shown as of the first day.
    shown_on = max(on, started(speaking) or on) if speaking else on

    if (names := rows_of(worker, NAMES)) is None:
        missing.append(NAMES)
    else:
        row |= _name(names, rules, shown_on)
    if (emails := rows_of(worker, EMAILS)) is None:
        missing.append(EMAILS)
    else:
        found = _of_types(emails, "EmailType", (rules.email_type,), shown_on)
        row["Email Address"] = text_of(found.get("EmailAddress"))
    if (phones := rows_of(worker, PHONES)) is None:
        missing.append(PHONES)
    else:
        row["Phone Number"] = phone(_of_types(phones, "PhoneType", rules.work_phone_types, shown_on))
        row["Mobile Phone Number"] = phone(_of_types(phones, "PhoneType", rules.mobile_phone_types, shown_on))
    if (addresses := rows_of(worker, ADDRESSES)) is None:
        missing.append(ADDRESSES)
    else:
        row |= _address(_of_types(addresses, "AddressType", rules.address_types, shown_on))
    for more in rules.more:
        value = _more(more, worker, relationships, speaking, rules, shown_on)
        if value is None:
            missing.append(f"{more.child}.{more.attribute}")
        else:
            row[more.name] = value
    if relationships is None:
        return Reduced(row, (*missing, RELATIONSHIPS), None)
    employed = any(active(one, on) for one in relationships) or (speaking is not None and to_come(speaking, on))
    row |= _relationship(speaking, employed)
    return _with_assignment(row, missing, speaking, rules, shown_on)


# --- the relationship that speaks


def speaking_of(relationships: Sequence[Item], on: dt.date) -> Item | None:
    """The relationship that speaks for a worker: of the active ones the primary, then the newest (an employee's before a
    pending worker's); else the next to come; else the one that ended last. None: there is none."""
    begun = [one for one in relationships if (started(one) or on) <= on]
    if now := [one for one in begun if active(one, on)]:
        return max(now, key=lambda one: (_type(one) in EMPLOYED, yes(one.get("PrimaryFlag")), _newest(one)))
    if coming := [one for one in relationships if not any(one is other for other in begun)]:
        return min(coming, key=lambda one: (started(one), not yes(one.get("PrimaryFlag")), _newest(one)))
    return max(begun, key=lambda one: (ended(one) or dt.date.max, _newest(one)), default=None)


def active(relationship: Item, on: dt.date) -> bool:
    """Whether it has begun and not ended; the day of termination is the last one. An offer is no relationship yet."""
    last = ended(relationship)
    return _type(relationship) != "O" and (started(relationship) or on) <= on and (last is None or on <= last)


def to_come(relationship: Item, on: dt.date) -> bool:
    """Whether it begins later: the worker is no leaver, and the hire date says when the account is due."""
    first = started(relationship)
    return first is not None and first > on and active(relationship, first)


def started(relationship: Item) -> dt.date | None:
    """The first day; None where Oracle names none, which is taken for long ago."""
    return _date(relationship, "StartDate", "DateStart")


def ended(relationship: Item) -> dt.date | None:
    """The last day; None while none is fixed. A projected date fixes none."""
    found = _date(relationship, "TerminationDate", "ActualTerminationDate")
    return None if found is None or found.year >= OPEN_END else found


def _date(relationship: Item, *names: str) -> dt.date | None:
    for name in names:
        if text := text_of(relationship.get(name)):
            found = day(text)
            if found is None:
                raise UnreadableWorker(f"{RELATIONSHIPS}.{name} is no date")
            return found
    return None


def _type(relationship: Item) -> str:
    return text_of(relationship.get("WorkerType") or relationship.get("PeriodType")).upper()


def _newest(relationship: Item) -> tuple[dt.date, int]:
    return started(relationship) or dt.date.min, _id(relationship.get("PeriodOfServiceId"))


def _relationship(speaking: Item | None, employed: bool) -> dict[str, str]:
    if speaking is None:  # every relationship was cancelled
        return {**dict.fromkeys(OF_RELATIONSHIPS, ""), "Account Status": "False"}
    first, last = started(speaking), ended(speaking)
    employer = text_of(speaking.get("LegalEmployerName"))
    return {
        "Account Status": str(employed),
        "Worker Type": text_of(speaking.get("WorkerType") or speaking.get("PeriodType")),
        "Legal Employer": employer,
        "Company": employer,
        "Hire Date": first.isoformat() if first else "",
        "Termination Date": last.isoformat() if last else "",
    }


# --- its assignment and manager


def _with_assignment(
    row: dict[str, str], missing: list[str], speaking: Item | None, rules: ReadingRules, on: dt.date
) -> Reduced:
    if speaking is None:
        row |= dict.fromkeys((*OF_ASSIGNMENTS, "Manager"), "")
        return Reduced(row, tuple(missing), None)
    if (assignments := rows_of(speaking, ASSIGNMENTS)) is None:
        return Reduced(row, (*missing, ASSIGNMENTS), None)
    assignment = assignment_of(assignments, on)
    if assignment is None:
        row |= dict.fromkeys((*OF_ASSIGNMENTS, "Manager"), "")
        return Reduced(row, tuple(missing), None)
    row |= {
        "Division": text_of(assignment.get("BusinessUnitName")),
        "Department Name": text_of(assignment.get("DepartmentName")),
        "Job Code": text_of(assignment.get("JobCode")),
        "Job Name": text_of(assignment.get("AssignmentName")),
        "Work Address": text_of(assignment.get("LocationName")) or text_of(assignment.get("LocationCode")),
    }
    if (managers := rows_of(assignment, MANAGERS)) is None:
        return Reduced(row, (*missing, MANAGERS), None)
    manager = manager_of(managers, rules.manager_types, on)
    if manager is None:
        row["Manager"] = ""
    elif manager.person_number:
        row["Manager"], manager = manager.person_number, None
    elif not manager.assignment_id and not manager.assignment_number:
        return Reduced(row, (*missing, MANAGERS), None)
    return Reduced(row, tuple(missing), manager)


def assignment_of(assignments: Sequence[Item], on: dt.date) -> Item | None:
    """The assignment that speaks: of each the row that holds on the day (its latest change of that day), of these the primary
    one, then an active one, then the newest. Without a row for the day the nearest one speaks."""
    groups: dict[str, list[Item]] = {}
    for one in assignments:
        if text_of(one.get("AssignmentType")).upper() != "O":
            groups.setdefault(text_of(one.get("AssignmentId")) or text_of(one.get("AssignmentNumber")), []).append(one)
    rows = [
        max(group, key=lambda one: (_nearness(one, on), yes(one.get("EffectiveLatestChange")), _sequence(one)))
        for group in groups.values()
    ]
    return max(
        rows,
        key=lambda one: (
            _holds(one, on),
            yes(one.get("PrimaryAssignmentFlag")) + yes(one.get("PrimaryFlag")),
            _is_active(one),
            _nearness(one, on),
            _id(one.get("AssignmentId")),
        ),
        default=None,
    )


def manager_of(managers: Sequence[Item], types: Sequence[str], on: dt.date) -> ManagerKey | None:
    """The manager on a day, of the first type that there is one of."""
    found = _of_types(managers, "ManagerType", types, on, untyped=True)
    if not found:
        return None
    return ManagerKey(
        text_of(found.get("ManagerAssignmentId")),
        text_of(found.get("ManagerAssignmentNumber")),
        text_of(found.get("ManagerPersonNumber")),
    )


def _is_active(assignment: Item) -> bool:
    status = text_of(assignment.get("AssignmentStatusType")) or text_of(assignment.get("AssignmentStatusTypeCode"))
    return status.upper().startswith("ACTIVE")


def _sequence(row: Item) -> int:
    return _id(row.get("EffectiveSequence"))


# --- more columns


def _more(
    more: MoreColumn,
    worker: Item,
    relationships: Sequence[Item] | None,
    speaking: Item | None,
    rules: ReadingRules,
    on: dt.date,
) -> str | None:
    """The value of a column of the profile; None where nothing is known of it."""
    if more.child == "worker":
        return _value(worker, more.attribute)
    if more.child == WORKERS_DFF:
        return _segment(worker, WORKERS_DFF, more.attribute, on)
    if more.child == WORKERS_EFF:
        return _extra(worker, more, on)
    if more.child in _OF_COUNTRY:
        return _of_country(worker, more, speaking, on)
    if more.child == NAMES or more.child in _TYPED:
        rows = rows_of(worker, more.child)
        if rows is None:
            return None
        typed = _TYPED.get(more.child)
        found = _of_types(rows, typed, (more.of_type,), on) if typed else _name_row(rows, rules, on)
        return _value(found, more.attribute) if found else ""
    if relationships is None:
        return None
    if speaking is None:
        return ""
    if more.child == RELATIONSHIPS:
        return _value(speaking, more.attribute)
    if more.child == RELATIONSHIPS_DFF:
        return _segment(speaking, RELATIONSHIPS_DFF, more.attribute, on)
    if (assignments := rows_of(speaking, ASSIGNMENTS)) is None:
        return None
    assignment = assignment_of(assignments, on)
    if assignment is None:
        return ""
    if more.child == ASSIGNMENTS:
        return _value(assignment, more.attribute)
    if more.child == ASSIGNMENTS_EFF:
        return _extra(assignment, more, on)
    return _segment(assignment, ASSIGNMENTS_DFF, more.attribute, on)


def _value(item: Item, attribute: str) -> str | None:
    """The text of an attribute; None where it did not come. A flag is `true` or `false`."""
    value = item.get(attribute, _ABSENT)
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is _ABSENT or isinstance(value, dict | list) else text_of(value)


_ABSENT = object()


def _segment(parent: Item, child: str, segment: str, on: dt.date) -> str | None:
    """The value of a flexfield's segment; None where it did not come. A row of a context has the segments of that context
    alone, and the others are empty."""
    rows = rows_of(parent, child)
    if rows is None:
        return None
    row = max(rows, key=lambda one: _nearness(one, on), default=None)
    if row is None:
        return ""
    found = _value(row, segment)
    return "" if found is None and text_of(row.get(_CONTEXT)) and segment not in row else found


def is_of_context(name: str, context: str) -> bool:
    """Whether a child of an extensible flexfield holds the rows of a context: Oracle makes its name of the context's code, with
    `_5F` for `_`, between the name of the flexfield and `privateVO`."""
    own = _VIEW.sub("", name).removesuffix("privateVO") if name.endswith("privateVO") else name
    spelled = {own, _HEX.sub(lambda found: chr(int(found[1], 16)), own)}
    return name == context or _plain(context) in map(_plain, spelled)


def _plain(code: str) -> str:
    return "".join(character for character in code.casefold() if character.isalnum())


_VIEW = re.compile(r"^\w*?Context")
_HEX = re.compile("_([0-9A-F]{2})")


def _extra(parent: Item, more: MoreColumn, on: dt.date) -> str | None:
    """The value of a segment of an extensible flexfield; None where its context did not come. A worker without a row has none."""
    extra = rows_of(parent, more.child)
    if extra is None:
        return None
    came = [rows for one in extra if (rows := rows_of(one, more.of_type)) is not None]
    if extra and not came:
        return None
    return _agreed([row for rows in came for row in rows if _holds(row, on)], more.attribute)


def _of_country(worker: Item, more: MoreColumn, speaking: Item | None, on: dt.date) -> str | None:
    """The value of a child that a worker has for each country: of the one that the profile names, of the relationship that speaks,
    or of the only one."""
    rows = rows_of(worker, more.child)
    if rows is None:
        return None
    held = [row for row in rows if _holds(row, on)]
    wanted = more.of_type or text_of((speaking or {}).get("LegislationCode"))
    of_it = [row for row in held if any(_same(row.get(name), wanted) for name in _OF_COUNTRY[more.child])]
    return _agreed(of_it if of_it or more.of_type else held, more.attribute)


def _agreed(rows: Sequence[Item], attribute: str) -> str | None:
    """The value on which rows agree. Several values give none for sure: the cell is held back then, as a repeated element is."""
    if not rows:
        return ""
    values = [_value(row, attribute) for row in rows]
    known = dict.fromkeys(value for value in values if value is not None)
    return SEVERAL.join(known) if known else None


# --- names, e-mail, phones, addresses


def _name_row(names: Sequence[Item], rules: ReadingRules, on: dt.date) -> Item:
    def rank(name: Item) -> tuple[object, ...]:
        chosen = _same(name.get("NameType"), rules.name_type)
        latin = is_latin(text_of(name.get("LastName")) or text_of(name.get("FirstName")))
        return _holds(name, on), chosen, latin, _nearness(name, on), _id(name.get("PersonNameId"))

    return max(names, key=rank, default={})


def _name(names: Sequence[Item], rules: ReadingRules, on: dt.date) -> dict[str, str]:
    name = _name_row(names, rules, on)
    last = f"{text_of(name.get('PreNameAdjunct'))} {text_of(name.get('LastName'))}"
    return {
        "First Name": text_of(name.get("FirstName")),
        "Last Name": last.strip(),
        "Middle Name": text_of(name.get("MiddleNames")) or text_of(name.get("MiddleName")),
    }


def is_latin(text: str) -> bool:
    """Whether the first letter of a text is a Latin one."""
    first = next((character for character in text if character.isalpha()), "")
    return bool(first) and unicodedata.name(first, "").startswith("LATIN")


def phone(row: Item) -> str:
    """A phone from its parts: `+31 20 5550101 x12`. Oracle writes its digits in several ways, which stay as they are."""
    number = _part(row, "PhoneNumber")
    if not number:
        return ""
    country = _part(row, "CountryCodeNumber").lstrip("+")
    extension = _part(row, "Extension")
    before = [] if number.startswith("+") else [f"+{country}" if country else "", _part(row, "AreaCode")]
    return " ".join(part for part in (*before, number, f"x{extension}" if extension else "") if part)


def _part(row: Item, name: str) -> str:
    return " ".join(text_of(row.get(name)).split())


def _address(row: Item) -> dict[str, str]:
    lines = (text_of(row.get(f"AddressLine{number}")) for number in range(1, 5))
    regions = (text_of(row.get(name)) for name in ("Region2", "Region1", "Region3"))
    return {
        "Street Address": ", ".join(line for line in lines if line),
        "City": text_of(row.get("TownOrCity")),
        "State": next((region for region in regions if region), ""),
        "Postal Code": text_of(row.get("PostalCode")),
        "Country": text_of(row.get("Country")),
    }


# --- rows with dates, flags and types


def rows_of(item: Item, child: str) -> list[Item] | None:
    """The rows of a child; None when it did not come."""
    rows = item.get(child)
    return [one for one in rows if isinstance(one, Mapping)] if isinstance(rows, list) else None


def _of_types(rows: Sequence[Item], key: str, types: Iterable[str], on: dt.date, *, untyped: bool = False) -> Item:
    """The row of the first type that one holds of on a day: the primary, then the newest. An empty one when there is none."""
    held = [one for one in rows if _holds(one, on)]
    for wanted in types:
        if of_type := [one for one in held if _same(one.get(key), wanted) or (untyped and not text_of(one.get(key)))]:
            return max(of_type, key=_preference)
    return {}


def _preference(row: Item) -> tuple[bool, dt.date, int, str]:
    ids = [_id(value) for name, value in row.items() if name.endswith("Id")]
    return yes(row.get("PrimaryFlag")), _edge(row, _FROM) or dt.date.min, max(ids, default=0), repr(sorted(row))


def _holds(row: Item, on: dt.date) -> bool:
    first, last = _edge(row, _FROM), _edge(row, _TO)
    return (first is None or first <= on) and (last is None or on <= last)


def _nearness(row: Item, on: dt.date) -> tuple[int, int]:
    """The larger the nearer: a row that holds (the newest first), then the next to come, then the last that was."""
    first, last = _edge(row, _FROM) or dt.date.min, _edge(row, _TO) or dt.date.max
    if first <= on <= last:
        return 2, first.toordinal()
    return (1, -first.toordinal()) if first > on else (0, last.toordinal())


def _edge(row: Item, names: Iterable[str]) -> dt.date | None:
    return next((found for name in names if (found := day(row.get(name))) is not None), None)


def yes(value: object) -> bool:
    """A flag as Oracle writes it: true, "Y", "true", 1."""
    return (
        value is True or value == 1 or (isinstance(value, str) and value.strip().upper() in ("Y", "YES", "TRUE", "1"))
    )


def text_of(value: object) -> str:
    """A value as text: a number without a fraction, "" for null."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return str(value) if isinstance(value, int) else ""


def _same(value: object, wanted: str) -> bool:
    return text_of(value).casefold() == wanted.casefold()


def _id(value: object) -> int:
    text = text_of(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 40 else 0
