"""The rows of worksheet 1 as they should come out for a day, told from the people themselves and not from what resources show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from hcm_pipeline.sandbox.oracle.people import LAST, NONWORKER, Person, Relationship, Row, Rows, main_assignment

HEADINGS = (
    "Person Number", "Person Id", "Account Status", "First Name", "Last Name", "Middle Name", "Username", "Email Address",
    "Manager", "Worker Type", "Legal Employer", "Company", "Division", "Department Name", "Job Code", "Job Name",
    "Street Address", "City", "State", "Postal Code", "Country", "Work Address", "Phone Number", "Mobile Phone Number",
    "Hire Date", "Termination Date",
)  # fmt: skip
"""Worksheet 1 of Microsoft's tutorial, and Oracle's own id of the person."""


def truth(people: Sequence[Person], on: date) -> list[dict[str, str]]:
    """A row for each person who has begun by this day, by person number; a leaver keeps the row of the last day."""
    by_assignment = {held.id: person.number for person in people for _, held in person.assignments()}
    rows = [row_of(person, on, by_assignment) for person in people]
    return sorted((row for row in rows if row), key=lambda row: row["Person Number"])


def row_of(person: Person, on: date, by_assignment: Mapping[int, str]) -> dict[str, str]:
    """The row of a person; empty: there is none on this day."""
    begun = [one for one in person.relationships if one.start <= on and one.type != NONWORKER]
    held = speaking(begun, on)
    if held is None:
        return {}
    main = main_assignment(held, on)
    job: Mapping[str, Any] = main[1].values if main else {}
    managers = [row for row in main[0].managers if _now(row, on)] if main else []
    lines = [row for row in managers if row.values["ManagerType"] == "LINE_MANAGER"]
    name = next((row.values for row in person.names if _now(row, on) and row.values["NameType"] == "GLOBAL"), {})
    address = _best(person.addresses, on, "AddressType", "WORK")
    values = {
        "Person Number": person.number,
        "Person Id": str(person.id),
        "Account Status": str(held.active(on)),
        "First Name": name.get("FirstName"),
        "Last Name": " ".join(filter(None, (name.get("PreNameAdjunct"), name.get("LastName")))),
        "Middle Name": name.get("MiddleNames"),
        "Username": person.account.username if person.account else None,
        "Email Address": _best(person.emails, on, "EmailType", "W1").get("EmailAddress"),
        "Manager": by_assignment.get(lines[-1].values["ManagerAssignmentId"]) if lines else None,
        "Worker Type": held.type,
        "Legal Employer": held.employer,
        "Company": held.employer,
        "Division": job.get("BusinessUnitName"),
        "Department Name": job.get("DepartmentName"),
        "Job Code": job.get("JobCode"),
        "Job Name": job.get("AssignmentName"),
        "Street Address": ", ".join(filter(None, (address.get("AddressLine1"), address.get("AddressLine2")))),
        "City": address.get("TownOrCity"),
        "State": address.get("Region2") or address.get("Region1"),
        "Postal Code": address.get("PostalCode"),
        "Country": address.get("Country"),
        "Work Address": job.get("LocationCode"),
        "Phone Number": _phone(_best(person.phones, on, "PhoneType", "W1")),
        "Mobile Phone Number": _phone(_best(person.phones, on, "PhoneType", "WM")),
        "Hire Date": held.start.isoformat(),
        "Termination Date": held.termination.isoformat() if held.termination else None,
    }
    return {heading: values[heading] or "" for heading in HEADINGS}


def speaking(begun: list[Relationship], on: date) -> Relationship | None:
    """The relationship that a row is about: of those active the primary, of those ended the last; None: there is none."""
    active = [one for one in begun if one.active(on)]
    if active:
        return max(active, key=lambda one: (one.type != "P", one.primary, one.start, one.id))
    return max(begun, key=lambda one: (one.termination or LAST, one.start, one.id), default=None)


def _now(row: Row, on: date) -> bool:
    return row.start <= on <= row.end


def _best(rows: Rows, on: date, kind: str, wanted: str) -> dict[str, Any]:
    held = [row for row in rows if row.values[kind] == wanted and _now(row, on)]
    return max(held, key=lambda row: (row.values["PrimaryFlag"], row.start, row.id)).values if held else {}


def _phone(values: Mapping[str, Any]) -> str:
    """Country, area and number as people write them."""
    if not values:
        return ""
    country = f"+{values['CountryCodeNumber']}" if values.get("CountryCodeNumber") else None
    extension = f"x{values['Extension']}" if values.get("Extension") else None
    return " ".join(part for part in (country, values.get("AreaCode"), values.get("PhoneNumber"), extension) if part)
