"""The work of human resources: hire, move, end, correct. Each changes people and raises the entries that Oracle documents."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from hcm_pipeline.sandbox.oracle.entries import Changed, Event, said
from hcm_pipeline.sandbox.oracle.people import (
    CONTINGENT,
    DAY,
    EMPLOYEE,
    LAST,
    PENDING,
    Account,
    Assignment,
    Person,
    Relationship,
    Row,
    at,
    change_from,
    cut,
    main_assignment,
)
from hcm_pipeline.sandbox.oracle.stamps import midnight

if TYPE_CHECKING:
    from hcm_pipeline.sandbox.oracle.service import Hcm

WorkerType = Literal["E", "C", "P", "N"]
ASSIGNMENT_KEYS = {
    "department": "DepartmentName", "job_code": "JobCode", "job_name": "AssignmentName", "location": "LocationCode",
    "business_unit": "BusinessUnitName", "status": "AssignmentStatusTypeCode", "grade": "GradeCode",
    "position": "PositionCode",
}  # fmt: skip
"""Words of an action to attributes of an assignment."""
ARCHIVED_NAMES = {"DepartmentName": "OrganizationId", "AssignmentStatusTypeCode": "AssignmentStatusTypeId"}
NAME_KEYS = {
    "first_name": "FirstName", "last_name": "LastName", "middle_name": "MiddleNames", "known_as": "KnownAs",
    "pre_name": "PreNameAdjunct", "title": "Title", "suffix": "Suffix",
}  # fmt: skip
ADDRESS_KEYS = {
    "street": "AddressLine1", "street2": "AddressLine2", "city": "TownOrCity", "county": "Region1", "state": "Region2",
    "postal_code": "PostalCode", "country": "Country", "type": "AddressType",
}  # fmt: skip
PHONE_KEYS = {
    "country": "CountryCodeNumber", "area": "AreaCode", "number": "PhoneNumber", "extension": "Extension",
}  # fmt: skip
STATUSES = {"ACTIVE_PROCESS": "ACTIVE", "ACTIVE_NO_PROCESS": "ACTIVE", "SUSPEND_PROCESS": "SUSPENDED"}
INACTIVE = {
    "AssignmentStatusTypeCode": "INACTIVE_PROCESS",
    "AssignmentStatusType": "INACTIVE",
    "ActionCode": "TERMINATION",
}


class HumanResources:
    """The actions. All take a person number and what is new; a day that is not given is today. Each raises ValueError for what
    cannot be, and returns the person number. `silent`: no entry is raised."""

    def __init__(self, hcm: Hcm) -> None:
        self._hcm = hcm

    # --- joiners

    def hire(
        self,
        last_name: str,
        first_name: str | None = None,
        person_number: str | None = None,
        start: date | None = None,
        type: WorkerType = "E",
        legal_employer: str = "Contoso Ltd",
        legislation: str = "GB",
        manager: str | None = None,
        username: str | None = None,
        email: str | None = None,
        phone: Mapping[str, str] | None = None,
        mobile: Mapping[str, str] | None = None,
        address: Mapping[str, str] | None = None,
        projected_end: date | None = None,
        assignment_number: str | None = None,
        silent: bool = False,
        **details: str | None,
    ) -> str:
        """A new person: employee, contingent or pending worker; ahead when `start` is to come. `details`: names and assignment."""
        hcm, begin = self._hcm, start or self._hcm.today()
        number = person_number or str(hcm.new_id())
        if hcm.find("PersonNumber", number):
            raise ValueError(f"person_number: {number} is taken")
        names = {"last_name": last_name, "first_name": first_name, **details}
        fault = hcm.faults.take("late_worker", "newhire", "atom", people=frozenset({number}))
        person = Person(hcm.new_id(), number, hcm.now(), hcm.now(), born=date(1980, 1, 1))
        person.visible_at = hcm.now() + int(fault.seconds * 1e6) if fault else 0
        values = {attribute: names.pop(word, None) for word, attribute in NAME_KEYS.items()}
        values |= {"NameType": "GLOBAL", "LegislationCode": legislation}
        person.names.append(Row(hcm.new_id(), begin, LAST, values))
        self._relate(person, begin, type, legal_employer, legislation, names, assignment_number, projected_end)
        if manager is not None:
            self._managed(person, begin, manager, "LINE_MANAGER", None)
        for kind, given in (("W1", phone), ("WM", mobile)):
            if given is not None:
                person.phones.append(self._phone(kind, given, begin, legislation))
        if email is not None:
            person.emails.append(self._email("W1", email, begin))
        if address is not None:
            person.addresses.append(Row(hcm.new_id(), begin, LAST, _address(address)))
        if username is not None:
            self._open_account(person, username)
        hcm.keep(person)
        self._joined(person, person.relationships[-1], silent=silent)
        return number

    def rehire(
        self, person_number: str, start: date | None = None, type: WorkerType = "E", manager: str | None = None,
        legal_employer: str | None = None, silent: bool = False, **details: str | None,
    ) -> str:  # fmt: skip
        """Somebody whose relationships have ended begins anew, under the same number."""
        person, begin = self._hcm.person(person_number), start or self._hcm.today()
        if any(one.termination is None or one.termination >= begin for one in person.relationships):
            raise ValueError(f"person_number: a relationship of {person_number} has not ended before {begin}")
        for one in person.relationships:
            one.primary = False
        last = max(person.relationships, key=lambda one: one.start, default=None)
        employer = legal_employer or (last.employer if last else "Contoso Ltd")
        held = self._relate(person, begin, type, employer, last.legislation if last else "GB", details, None, None)
        if manager is not None:
            self._managed(person, begin, manager, "LINE_MANAGER", held)
        self._hcm.keep(person)
        self._joined(person, held, silent=silent)
        return person_number

    def add_relationship(
        self, person_number: str, start: date | None = None, type: WorkerType = "E",
        legal_employer: str = "Fabrikam Ltd", manager: str | None = None, primary: bool = False, silent: bool = False,
        **details: str | None,
    ) -> str:  # fmt: skip
        """A second relationship beside the first."""
        person, begin = self._hcm.person(person_number), start or self._hcm.today()
        if primary:
            for one in person.relationships:
                one.primary = False
        held = self._relate(person, begin, type, legal_employer, "GB", details, None, None, primary=primary)
        if manager is not None:
            self._managed(person, begin, manager, "LINE_MANAGER", held)
        self._hcm.keep(person)
        self._joined(person, held, silent=silent)
        return person_number

    def convert(
        self, person_number: str, start: date | None = None, silent: bool = False, **details: str | None
    ) -> str:
        """A pending worker becomes an employee: a new period of service. The pending one ends the day before, or never was."""
        person, begin = self._hcm.person(person_number), start or self._hcm.today()
        pending = next((one for one in person.relationships if one.type == PENDING), None)
        if pending is None:
            raise ValueError(f"person_number: {person_number} is no pending worker")
        kept = main_assignment(pending, max(begin, pending.start))
        managers = kept[0].managers if kept else []
        if pending.start >= begin:
            person.relationships.remove(pending)
        else:
            self._end(pending, begin - DAY)
        if begin < pending.start:
            self._move_person(person, pending.start, begin)
        pending.primary = False
        inherited = {word: kept[1].values.get(name) for word, name in ASSIGNMENT_KEYS.items()} if kept else {}
        wanted = {**inherited, **details}
        held = self._relate(person, begin, EMPLOYEE, pending.employer, pending.legislation, wanted, None, None)
        held.assignments[0].managers = [Row(row.id, begin, LAST, row.values) for row in managers[-1:]]
        self._hcm.keep(person)
        self._joined(person, held, silent=silent)
        if pending not in person.relationships:
            self._leave_reports(pending, held.assignments[0].id)
        return person_number

    # --- leavers

    def terminate(
        self, person_number: str, on: date | None = None, relationship: int | None = None, silent: bool = False
    ) -> str:
        """The last day of a relationship, ahead, today or in the past; of one that has an end already, a correction of it."""
        person, last = self._hcm.person(person_number), on or self._hcm.today()
        held = self._held(person, relationship, last)
        if last < held.start:
            raise ValueError(f"on: the relationship begins on {held.start}")
        before = held.termination
        if before is not None:
            self._reopen(held)
        self._end(held, last)
        self._hcm.keep(person)
        if not silent:
            changed = said({"ActualTerminationDate": (before, last)}, "both" if before else "new")
            self._raise("termination", person, held, last, changed=changed, summary="Employee Terminated")
        return person_number

    def reverse_termination(
        self, person_number: str, relationship: int | None = None, entry: Literal["null_date", "none"] | None = None
    ) -> str:
        """A termination never was. `entry`: its sign, unless as the option has it."""
        person = self._hcm.person(person_number)
        ended = [one for one in person.relationships if one.termination and relationship in (None, one.id)]
        if not ended:
            raise ValueError(f"person_number: no relationship of {person_number} has an end")
        held = max(ended, key=lambda one: one.start)
        before = held.termination
        self._reopen(held)
        self._hcm.keep(person)
        if (entry or self._hcm.options.termination_reversal) == "null_date":
            changed = said({"ActualTerminationDate": (before, None)})
            self._raise("termination", person, held, None, changed=changed, summary="Employee Termination Reversed")
        return person_number

    def cancel(self, person_number: str, relationship: int | None = None, silent: bool = False) -> str:
        """A relationship never was: somebody did not come."""
        person = self._hcm.person(person_number)
        found = [one for one in person.relationships if relationship in (None, one.id)]
        if not found:
            raise ValueError(f"person_number: {person_number} has no such relationship")
        held = max(found, key=lambda one: one.start)
        person.relationships.remove(held)
        if person.relationships and held.primary:
            max(person.relationships, key=lambda one: one.start).primary = True
        self._hcm.keep(person)
        if not silent:
            old = {"DateStart": (held.start, None), "LegalEntityId": (held.employer, None)}
            self._raise(
                "cancelworkrelship", person, held, held.termination or LAST, dml="DELETE", changed=said(old, "old"),
                updated=self._hcm.now(), summary="Person Work Relationship Cancelled",
            )  # fmt: skip
        self._leave_reports(held, None)
        return person_number

    # --- movers

    def change_start(
        self, person_number: str, start: date, relationship: int | None = None, silent: bool = False
    ) -> str:
        """The first day of a relationship moves."""
        person = self._hcm.person(person_number)
        held = self._held(person, relationship, max(start, self._hcm.today()))
        before, begun = held.start, held.start <= self._hcm.today()
        first = min(one.start for one in person.relationships)
        if held.termination and start > held.termination:
            raise ValueError(f"start: the relationship ends on {held.termination}")
        held.start = start
        for one in held.assignments:
            for rows in (one.rows, one.managers):
                _move_start(rows, before, start)
        if before == first:
            self._move_person(person, before, start)
        self._hcm.keep(person)
        if not silent and (begun or self._hcm.options.future_start_entry):
            changed = said({"DateStart": (before, start)})
            self._raise(
                "workrelshipupdate", person, held, start, changed=changed, summary="Person Work Relationship Updated"
            )
        return person_number

    def change_assignment(
        self, person_number: str, on: date | None = None, assignment: str | None = None, silent: bool = False,
        **details: str | None,
    ) -> str:  # fmt: skip
        """Department, job, location, business unit, grade, position or status from a day on."""
        person, day = self._hcm.person(person_number), on or self._hcm.today()
        held, one = self._assigned(person, assignment, day)
        values = _known(details, ASSIGNMENT_KEYS)
        _covered(one.rows, day)
        before = change_from(one.rows, day, _with_status({**values, "ActionCode": "ASG_CHANGE"}), self._hcm.new_id())
        self._hcm.keep(person)
        if not silent:
            changed = said({ARCHIVED_NAMES.get(name, name): (before.get(name), new) for name, new in values.items()})
            self._raise(
                "empassignment", person, held, day, changed=changed, assignment=one, summary="Assignment Updated"
            )
        return person_number

    def add_assignment(
        self, person_number: str, on: date | None = None, manager: str | None = None, silent: bool = False,
        **details: str | None,
    ) -> str:  # fmt: skip
        """Another assignment in the relationship that speaks for the person; not the primary one."""
        person, day = self._hcm.person(person_number), on or self._hcm.today()
        held = self._held(person, None, day)
        one = self._assign(
            held, day, details, f"{held.assignments[0].number}-{len(held.assignments) + 1}", primary=False
        )
        if manager is not None:
            self._manage(one, day, manager, "LINE_MANAGER")
        self._hcm.keep(person)
        if not silent:
            self._raise(
                "empassignment", person, held, day, dml="INSERT", changed=said({"AssignmentNumber": (None, one.number)}, "new"),
                assignment=one, summary="Assignment Created",
            )  # fmt: skip
        return person_number

    def end_assignment(self, person_number: str, assignment: str, on: date | None = None, silent: bool = False) -> str:
        """The last day of one assignment of several."""
        person, day = self._hcm.person(person_number), on or self._hcm.today()
        held, one = self._assigned(person, assignment, day)
        change_from(one.rows, day + DAY, INACTIVE, self._hcm.new_id())
        self._hcm.keep(person)
        if not silent:
            changed = said({"AssignmentStatusTypeId": ("1", "3")})
            self._raise(
                "empassignment", person, held, day + DAY, changed=changed, assignment=one, summary="Assignment Ended"
            )
        return person_number

    def change_manager(
        self, person_number: str, manager: str | None, on: date | None = None, manager_type: str = "LINE_MANAGER",
        assignment: str | None = None, silent: bool = False,
    ) -> str:  # fmt: skip
        """Another manager of a type, or none, from a day on. `manager`: a person number."""
        person, day = self._hcm.person(person_number), on or self._hcm.today()
        held, one = self._assigned(person, assignment, day)
        before = self._manage(one, day, manager, manager_type)
        self._hcm.keep(person)
        if not silent:
            numbers = self._hcm.assignment_numbers
            row = at([row for row in one.managers if row.values["ManagerType"] == manager_type], day)
            new = numbers.get(row.values["ManagerAssignmentId"]) if row else None
            changed = said({"ManagerAssignmentNumber": (numbers.get(before or 0), new)})
            self._raise("empassignment", person, held, day, changed=changed, assignment=one, summary="Manager Updated")
        return person_number

    def salary(self, person_number: str, on: date | None = None) -> str:
        """Another salary: an entry of empassignment, and nothing that resources show here."""
        person, day = self._hcm.person(person_number), on or self._hcm.today()
        held, one = self._assigned(person, None, day)
        changed = said({"SalaryAmount": ("40000", "41000")})
        self._raise("empassignment", person, held, day, changed=changed, assignment=one, summary="Salary Updated")
        return person_number

    def global_transfer(
        self, person_number: str, legal_employer: str, on: date | None = None, legislation: str = "US",
        manager: str | None = None, silent: bool = False, **details: str | None,
    ) -> str:  # fmt: skip
        """Another legal employer: a new relationship, which is the primary one at once, and the old one ends the day before."""
        person, day = self._hcm.person(person_number), on or self._hcm.today()
        old = self._held(person, None, day)
        if old.start >= day:
            raise ValueError(f"on: the relationship begins on {old.start} only")
        kept = main_assignment(old, day)
        if old.termination is not None:
            self._reopen(old)
        self._end(old, day - DAY)
        old.primary = False
        inherited = {word: kept[1].values.get(name) for word, name in ASSIGNMENT_KEYS.items()} if kept else {}
        wanted = {**inherited, "status": None, **details}
        new = self._relate(person, day, old.type, legal_employer, legislation, wanted, None, None)
        row = (
            at([row for row in kept[0].managers if row.values["ManagerType"] == "LINE_MANAGER"], day - DAY)
            if kept
            else None
        )
        if manager is not None:
            self._managed(person, day, manager, "LINE_MANAGER", new)
        elif row is not None:
            new.assignments[0].managers.append(Row(self._hcm.new_id(), day, LAST, dict(row.values)))
        self._hcm.keep(person)
        self._joined(person, new, silent=silent)
        if not silent:
            changed = said({"ActualTerminationDate": (None, day - DAY)}, "new")
            self._raise("termination", person, old, day - DAY, changed=changed, summary="Employee Terminated")
            self._raise(
                "empassignment", person, new, day, dml="INSERT", assignment=new.assignments[0], summary="Assignment Created",
                changed=said({"AssignmentNumber": (None, new.assignments[0].number)}, "new"),
            )  # fmt: skip
        return person_number

    # --- the person

    def change_name(
        self,
        person_number: str,
        on: date | None = None,
        type: str = "GLOBAL",
        silent: bool = False,
        **details: str | None,
    ) -> str:
        """The name of a type from a day on; one that is not global, as in another script, may be new."""
        person, day = self._hcm.person(person_number), on or self._hcm.today()
        values = _known(details, NAME_KEYS)
        rows = [row for row in person.names if row.values["NameType"] == type]
        others = [row for row in person.names if row.values["NameType"] != type]
        if rows or type == "GLOBAL":
            _covered(rows, day)
        else:
            values |= {"NameType": type, "LegislationCode": others[0].values["LegislationCode"]}
        before = change_from(rows, day, values, self._hcm.new_id())
        person.names[:] = [*others, *rows] if type != "GLOBAL" else [*rows, *others]
        self._hcm.keep(person)
        if not silent:
            changed = said({name: (before[name], new) for name, new in values.items()})
            self._updated(person, day, changed, "Person Details Updated")
        return person_number

    def change_phone(
        self, person_number: str, phone: Mapping[str, str] | None, type: str = "W1", on: date | None = None,
        silent: bool = False,
    ) -> str:  # fmt: skip
        """Another phone of a type from a day on, or none; the one before ends the day before."""
        person, day = self._hcm.person(person_number), on or self._hcm.today()
        before = _close(person.phones, "PhoneType", type, day)
        if phone is not None:
            person.phones.append(self._phone(type, phone, day, "GB"))
        self._hcm.keep(person)
        if not silent:
            new = phone.get("number") if phone else None
            changed = said({"PhoneNumber": (before and before["PhoneNumber"], new)}, "both" if before else "new")
            self._updated(person, day, changed, "Person Phone Number Updated", dml="UPDATE" if before else "INSERT")
        return person_number

    def change_email(
        self, person_number: str, email: str | None, type: str = "W1", on: date | None = None, silent: bool = False
    ) -> str:
        """Another address of a type from a day on, or none."""
        person, day = self._hcm.person(person_number), on or self._hcm.today()
        before = _close(person.emails, "EmailType", type, day)
        if email is not None:
            person.emails.append(self._email(type, email, day))
        self._hcm.keep(person)
        if not silent:
            changed = said({"WorkEmail": (before and before["EmailAddress"], email)}, "both" if before else "new")
            self._updated(person, day, changed, "Person E-Mail Updated", dml="UPDATE" if before else "INSERT")
        return person_number

    def change_address(
        self, person_number: str, address: Mapping[str, str], on: date | None = None, silent: bool = False
    ) -> str:
        """Another address from a day on."""
        person, day = self._hcm.person(person_number), on or self._hcm.today()
        values = _address(address)
        before = change_from(person.addresses, day, values, self._hcm.new_id())
        self._hcm.keep(person)
        if not silent:
            changed = said({name: (before.get(name), new) for name, new in values.items() if before.get(name) != new})
            self._updated(person, day, changed, "Person Address Updated")
        return person_number

    def change_username(
        self, person_number: str, username: str | None, silent: bool = False, author: str = "HR.SPECIALIST"
    ) -> str:
        """Another user name; None takes the account away."""
        person = self._hcm.person(person_number)
        before = person.account.username if person.account else None
        if username is None:
            person.account = None
        elif person.account is None:
            self._open_account(person, username)
        else:
            self._free(username, person)
            person.account.username = username
        with self._hcm.transaction():
            self._hcm.keep(person)
            if not silent:
                self.tell(person, said({"Username": (before, username)}), "Person User Name Updated", "UPDATE", author)
        return person_number

    def tell(self, person: Person, changed: list[Changed], summary: str, dml: str, author: str) -> None:
        """An entry of empupdate about somebody, of today."""
        self._updated(person, self._hcm.today(), changed, summary, dml, author)

    def touch(self, person_number: str) -> str:
        """Something of the person changes that resources do not show here: an entry of empupdate."""
        person = self._hcm.person(person_number)
        self._updated(person, self._hcm.today(), said({"MaritalStatus": ("S", "M")}), "Person Details Updated")
        return person_number

    # --- parts

    def _relate(
        self, person: Person, begin: date, type: str, employer: str, legislation: str, details: Mapping[str, str | None],
        number: str | None, projected: date | None, *, primary: bool = True,
    ) -> Relationship:  # fmt: skip
        held = Relationship(self._hcm.new_id(), type, employer, legislation, primary, begin, projected=projected)
        prefix = {CONTINGENT: "C", PENDING: "P"}.get(type, "E")
        count = sum(one.type == type for one in person.relationships)
        person.relationships.append(held)
        usual = f"{prefix}{person.number}" + (f"-{count + 1}" if count else "")
        self._assign(held, begin, details, number or usual, primary=True)
        return held

    def _assign(
        self, held: Relationship, begin: date, details: Mapping[str, str | None], number: str, *, primary: bool
    ) -> Assignment:
        one = Assignment(self._hcm.new_id(), number, held.type, primary)
        given = {word: text for word, text in details.items() if text is not None}
        values = {"status": "ACTIVE_PROCESS", **given}
        attributes = _with_status({**_known(values, ASSIGNMENT_KEYS), "ActionCode": "HIRE"})
        one.rows.append(Row(one.id, begin, LAST, attributes))
        held.assignments.append(one)
        return one

    def _managed(self, person: Person, day: date, manager: str, type: str, held: Relationship | None) -> None:
        relationship = held or person.relationships[-1]
        self._manage(relationship.assignments[0], day, manager, type)

    def _manage(self, one: Assignment, day: date, manager: str | None, type: str) -> int | None:
        """Put a manager there; returns the assignment id of the one before."""
        rows = [row for row in one.managers if row.values["ManagerType"] == type]
        others = [row for row in one.managers if row.values["ManagerType"] != type]
        current = at(rows, day)
        cut(rows, day - DAY)
        if manager is not None:
            chief = self._hcm.person(manager)
            relationship = chief.relationship(day) or max(chief.relationships, key=lambda held: held.start)
            main = min(relationship.assignments, key=lambda held: (not held.primary, held.id))
            values = {"ManagerAssignmentId": main.id, "ManagerType": type, "ActionCode": "MANAGER_CHANGE"}
            rows.append(Row(self._hcm.new_id(), day, LAST, values))
        one.managers[:] = [*others, *rows]
        return current.values["ManagerAssignmentId"] if current else None

    def _leave_reports(self, gone: Relationship, instead: int | None) -> None:
        """Those who were managed from a relationship that never was get another assignment of their manager, or none."""
        ids = {one.id for one in gone.assignments}
        led = [
            (one.number, held.number)
            for one in self._hcm.people.values()
            for _, held in one.assignments()
            if any(row.values["ManagerAssignmentId"] in ids for row in held.managers)
        ]
        for number, assignment in led:
            person = self._hcm.person(number)
            relationship, held = self._assigned(person, assignment, self._hcm.today())
            rows = [row for row in held.managers if row.values["ManagerAssignmentId"] in ids]
            for row in rows:
                row.values["ManagerAssignmentId"] = instead
            if instead is None:
                held.managers[:] = [row for row in held.managers if row not in rows]
            self._hcm.keep(person)
            day = max(self._hcm.today(), relationship.start)
            self._raise("empassignment", person, relationship, day, assignment=held, summary="Manager Updated")

    def _move_person(self, person: Person, before: date, start: date) -> None:
        for rows in (person.names, person.emails, person.phones, person.addresses):
            _move_start(rows, before, start)

    def _phone(self, type: str, given: Mapping[str, str], begin: date, legislation: str) -> Row:
        values = {**dict.fromkeys(PHONE_KEYS.values()), **_known(given, PHONE_KEYS)}
        own = {"PhoneType": type, "LegislationCode": legislation, "PrimaryFlag": type == "W1"}
        return Row(self._hcm.new_id(), begin, LAST, {**values, **own})

    def _email(self, type: str, address: str, begin: date) -> Row:
        values = {"EmailType": type, "EmailAddress": address, "PrimaryFlag": type == "W1"}
        return Row(self._hcm.new_id(), begin, LAST, values)

    def _free(self, username: str, person: Person) -> None:
        if any(one.id != person.id for one in self._hcm.find("Username", username)):
            raise ValueError("username: taken")

    def _open_account(self, person: Person, username: str) -> None:
        self._free(username, person)
        guid = hashlib.sha256(f"{person.id} account".encode()).hexdigest()[:32].upper()
        person.account = Account(guid, self._hcm.new_id(), username)

    def _end(self, held: Relationship, last: date) -> None:
        held.termination = last
        for one in held.assignments:
            cut(one.rows, last)
            if one.rows and one.rows[-1].end == last:
                one.rows.append(Row(one.id, last + DAY, LAST, {**one.rows[-1].values, **INACTIVE}))

    def _reopen(self, held: Relationship) -> None:
        last, held.termination = held.termination, None
        for one in held.assignments:
            one.rows[:] = [row for row in one.rows if row.start <= (last or LAST)]
            if one.rows and one.rows[-1].end == last:
                one.rows[-1].end = LAST

    def _held(self, person: Person, relationship: int | None, day: date) -> Relationship:
        if relationship is not None:
            found = next((one for one in person.relationships if one.id == relationship), None)
        else:
            found = person.relationship(day) or max(person.relationships, key=lambda one: one.start, default=None)
        if found is None:
            raise ValueError(f"relationship: {person.number} has none")
        return found

    def _assigned(self, person: Person, number: str | None, day: date) -> tuple[Relationship, Assignment]:
        for held, one in person.assignments():
            if one.number == number:
                return held, one
        if number is not None:
            raise ValueError(f"assignment: {person.number} has none with the number {number}")
        held = self._held(person, None, day)
        main = main_assignment(held, day)
        if main is None:
            raise ValueError(f"on: {person.number} has no assignment on {day}")
        return held, main[0]

    # --- entries

    def _joined(self, person: Person, held: Relationship, *, silent: bool) -> None:
        if silent:
            return
        self._raise("newhire", person, held, held.start, dml="INSERT", summary="Employee Period of Service Created")
        if self._hcm.options.assignment_entry_at_hire:
            self._raise(
                "empassignment", person, held, held.start, dml="INSERT", assignment=held.assignments[0],
                changed=said({"AssignmentNumber": (None, held.assignments[0].number)}, "new"), summary="Assignment Created",
            )  # fmt: skip

    def _updated(
        self, person: Person, day: date, changed: list[Changed], summary: str, dml: str = "UPDATE",
        author: str = "HR.SPECIALIST",
    ) -> None:  # fmt: skip
        held = person.relationship(day) or max(person.relationships, key=lambda one: one.start, default=None)
        if held is not None:
            self._raise("empupdate", person, held, day, dml=dml, changed=changed, summary=summary, author=author)

    def _raise(
        self, feed: str, person: Person, held: Relationship, effective: date | None, *, dml: str = "UPDATE",
        changed: list[Changed] | None = None, assignment: Assignment | None = None, summary: str = "",
        updated: int | None = None, author: str = "HR.SPECIALIST",
    ) -> None:  # fmt: skip
        now = self._hcm.now() // 1000 * 1000  # stamps are told, and compared, in milliseconds
        ahead = updated is None and effective is not None and effective > self._hcm.today()
        later = midnight(effective) if ahead and effective and self._hcm.options.future_updated == "effective" else now
        self._hcm.raise_entry(
            Event(
                feed, person, held, effective, now, later, dml=dml, changed=changed, assignment=assignment, summary=summary,
                author=author,
            )
        )  # fmt: skip


def _covered(rows: list[Row], day: date) -> None:
    if at(rows, day) is None:
        raise ValueError(f"on: nothing is there to change on {day}")


def _known(given: Mapping[str, str | None], keys: Mapping[str, str]) -> dict[str, Any]:
    for word in given:
        if word not in keys:
            raise ValueError(f"{word}: not known; allowed: {', '.join(keys)}")
    return {keys[word]: text for word, text in given.items()}


def _with_status(values: dict[str, Any]) -> dict[str, Any]:
    code = values.get("AssignmentStatusTypeCode")
    return values if code is None else {**values, "AssignmentStatusType": STATUSES.get(code, "INACTIVE")}


def _address(given: Mapping[str, str]) -> dict[str, Any]:
    values = {**dict.fromkeys(ADDRESS_KEYS.values()), **_known(given, ADDRESS_KEYS)}
    return {**values, "AddressType": given.get("type", "WORK"), "PrimaryFlag": True}


def _close(rows: list[Row], kind: str, type: str, day: date) -> dict[str, Any] | None:
    """End the contact of a type; returns its values."""
    same = [row for row in rows if row.values[kind] == type]
    others = [row for row in rows if row.values[kind] != type]
    current = at(same, day)
    cut(same, day - DAY)
    rows[:] = [*others, *same]
    return current.values if current else None


def _move_start(rows: list[Row], before: date, start: date) -> None:
    """Move the first day of rows that begin with the relationship; rows that end before it are gone."""
    rows[:] = [row for row in rows if row.end >= start]
    for row in rows:
        if row.start == before or row.start < start:
            row.start = start
