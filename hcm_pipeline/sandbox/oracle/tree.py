"""The rows that resources show of a person, as of a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from hcm_pipeline.sandbox.oracle.people import (
    LAST,
    PERSON_TYPES,
    Assignment,
    Person,
    Relationship,
    Row,
    at,
    display_name,
)
from hcm_pipeline.sandbox.oracle.query import Node, Shape
from hcm_pipeline.sandbox.oracle.stamps import audit_stamp

AUDIT = ("CreatedBy", "CreationDate", "LastUpdatedBy", "LastUpdateDate")


def _shape(name: str, attributes: str, *children: Shape, hashed: bool = True, audit: bool = True) -> Shape:
    names = (*attributes.split(), *(AUDIT if audit else ()))
    return Shape(name, dict.fromkeys(names), {child.name: child for child in children}, hashed)


MANAGERS = _shape(
    "managers",
    "AssignmentSupervisorId EffectiveStartDate EffectiveEndDate ManagerAssignmentId ManagerAssignmentNumber ManagerType "
    "ActionCode ReasonCode",
)
ASSIGNMENT_SEATS = _shape(
    "AssignmentExtraInformationContextSEAT__PLANprivateVO",
    "AssignmentExtraInfoId EffectiveStartDate EffectiveEndDate ContextCode seat",
)
ASSIGNMENTS_EFF = _shape("assignmentsEFF", "AssignmentId CategoryCode", ASSIGNMENT_SEATS)
CONTEXT = "__FLEX_Context"
ASSIGNMENTS_DFF = _shape(
    "assignmentsDFF",
    f"AssignmentId EffectiveStartDate EffectiveEndDate EffectiveSequence EffectiveLatestChange {CONTEXT} costCentre bikePlan",
    audit=False,
)
"""A descriptive flexfield: one row beside its parent, with the segments of all contexts (`costCentre`) and those of its own, which
is that of the country here (`bikePlan` of NL)."""
RELATIONSHIPS_DFF = _shape(
    "workRelationshipsDFF", f"PeriodOfServiceId {CONTEXT} pensionPlan", hashed=False, audit=False
)
WORKERS_DFF = _shape("workersDFF", f"PersonId {CONTEXT} shirtSize fireWarden", hashed=False, audit=False)
ASSIGNMENTS = _shape(
    "assignments",
    "AssignmentId AssignmentNumber AssignmentName ActionCode ReasonCode EffectiveStartDate EffectiveEndDate EffectiveSequence "
    "EffectiveLatestChange BusinessUnitId BusinessUnitName AssignmentType AssignmentStatusTypeId AssignmentStatusTypeCode "
    "AssignmentStatusType SystemPersonType UserPersonTypeId UserPersonType ProjectedStartDate ProjectedEndDate PrimaryFlag "
    "PrimaryAssignmentFlag PositionId PositionCode JobId JobCode GradeId GradeCode DepartmentId DepartmentName LocationId "
    "LocationCode WorkAtHomeFlag ManagerFlag AssignmentCategory WorkerCategory FullPartTime PermanentTemporary "
    "HourlySalariedCode NormalHours Frequency",
    MANAGERS,
    ASSIGNMENTS_EFF,
    ASSIGNMENTS_DFF,
)
RELATIONSHIPS = _shape(
    "workRelationships",
    "PeriodOfServiceId LegislationCode LegalEntityId LegalEmployerName WorkerType PrimaryFlag StartDate "
    "LegalEmployerSeniorityDate EnterpriseSeniorityDate OnMilitaryServiceFlag WorkerNumber ReadyToConvertFlag TerminationDate "
    "NotificationDate LastWorkingDate RevokeUserAccess RecommendedForRehire RecommendationReason "
    "RecommendationAuthorizedByPersonId ProjectedTerminationDate",
    ASSIGNMENTS,
    RELATIONSHIPS_DFF,
    hashed=False,
)
NAMES = _shape(
    "names",
    "PersonNameId EffectiveStartDate EffectiveEndDate LegislationCode LastName FirstName Title PreNameAdjunct Suffix "
    "MiddleNames KnownAs DisplayName NameType",
)
EMAILS = _shape("emails", "EmailAddressId EmailType EmailAddress FromDate ToDate PrimaryFlag", hashed=False)
PHONES = _shape(
    "phones",
    "PhoneId PhoneType LegislationCode CountryCodeNumber AreaCode PhoneNumber Extension FromDate ToDate PrimaryFlag",
    hashed=False,
)
ADDRESSES = _shape(
    "addresses",
    "AddressId EffectiveStartDate EffectiveEndDate AddressType AddressLine1 AddressLine2 TownOrCity Region1 Region2 PostalCode "
    "Country PrimaryFlag",
)
BADGES = _shape(
    "PersonExtraInformationContextBADGE_5FINFOprivateVO",
    "PersonExtraInfoId EffectiveStartDate EffectiveEndDate ContextCode badgeNumber building",
)
"""The rows of one context of an extensible flexfield, with a segment each for number and building."""
WORKERS_EFF = _shape("workersEFF", "PersonId CategoryCode", BADGES)
LEGISLATIVE = _shape(
    "legislativeInfo",
    "PersonLegislativeId EffectiveStartDate EffectiveEndDate LegislationCode Gender MaritalStatus HighestEducationLevel",
)
CITIZENSHIPS = _shape("citizenships", "CitizenshipId Citizenship CitizenshipStatus FromDate ToDate", hashed=False)
EXTERNAL_IDS = _shape(
    "externalIdentifiers",
    "ExternalIdentifierId ExternalIdentifierType ExternalIdentifierNumber FromDate ToDate",
    hashed=False,
)
WORKERS = _shape(
    "workers",
    "PersonId PersonNumber CorrespondenceLanguage BloodType DateOfBirth DateOfDeath CountryOfBirth RegionOfBirth TownOfBirth "
    "ApplicantNumber",
    NAMES, EMAILS, PHONES, ADDRESSES, RELATIONSHIPS,
    LEGISLATIVE, CITIZENSHIPS, EXTERNAL_IDS, WORKERS_EFF, WORKERS_DFF,
    _shape("nationalIdentifiers", "NationalIdentifierId LegislationCode NationalIdentifierType", hashed=False),
)  # fmt: skip
ACCOUNTS = _shape(
    "userAccounts", "UserId Username SuspendedFlag PersonId PersonNumber CredentialsEmailSentFlag GUID", audit=True
)
EMPS = _shape(
    "emps",
    "PersonId PersonNumber FirstName LastName MiddleName DisplayName UserName WorkEmail WorkPhoneNumber HireDate "
    "TerminationDate LegalEntityId CitizenshipStatus EffectiveStartDate",
)
PUBLIC_WORKERS = _shape(
    "publicWorkers", "PersonId PersonNumber DisplayName FirstName LastName WorkEmail WorkPhoneNumber", audit=False,
    hashed=False,
)  # fmt: skip


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _number(text: str, base: int) -> int:
    """A surrogate id for a code: the same one for the same code."""
    return base + sum((place + 1) * ord(letter) for place, letter in enumerate(text))


class Trees:
    """Builds the rows of one call. `employers` and `numbers` give the ids and numbers that rows refer to."""

    def __init__(self, on: date, assignment_numbers: dict[int, str], *, emails_follow: bool) -> None:
        self._on, self._numbers, self._emails_follow = on, assignment_numbers, emails_follow

    def worker(self, person: Person) -> Node:
        """A worker with everything below."""
        attributes = {
            **WORKERS.attributes,
            "PersonId": person.id,
            "PersonNumber": person.number,
            "DateOfBirth": _iso(person.born),
            **self._audit(person),
        }
        children = {
            "names": [
                self._dated(NAMES, row, person, PersonNameId=row.id, DisplayName=display_name(row.values))
                for row in person.names
                if row.covers(self._on)
            ],
            "emails": [
                self._bounded(EMAILS, row, person, EmailAddressId=row.id)
                for row in person.emails
                if not self._emails_follow or row.covers(self._on)
            ],
            "phones": [
                self._bounded(PHONES, row, person, PhoneId=row.id) for row in person.phones if row.covers(self._on)
            ],
            "addresses": [
                self._dated(ADDRESSES, row, person, AddressId=row.id)
                for row in person.addresses
                if row.covers(self._on)
            ],
            "workRelationships": [
                self._relationship(person, one) for one in person.relationships if one.start <= self._on
            ],
            "nationalIdentifiers": [],
            **self._beside(person),
        }
        return Node(str(person.id), attributes, children, owner=person.number)

    def _beside(self, person: Person) -> dict[str, list[Node]]:
        """Further children of a person, beside names and work: the same on every day from the first one."""
        held = person.relationship(self._on)
        if held is None:
            beside = ("legislativeInfo", "citizenships", "externalIdentifiers", "workersEFF", "workersDFF")
            return {name: [] for name in beside}
        row = Row(person.id, min(one.start for one in person.relationships), LAST, {})
        codes = sorted({one.legislation for one in person.relationships if one.start <= self._on})
        laws = [
            self._dated(LEGISLATIVE, row, person, PersonLegislativeId=person.id + place, LegislationCode=code, Gender="ORA_HRX_X",
                        MaritalStatus="S" if person.id % 2 else "M")
            for place, code in enumerate(codes)
        ]  # fmt: skip
        badge = self._dated(
            BADGES, row, person, PersonExtraInfoId=person.id, ContextCode="BADGE_INFO", badgeNumber=f"B{person.number}",
            building="A" if person.id % 2 else "B",
        )  # fmt: skip
        extra = Node(str(person.id), {**WORKERS_EFF.attributes, "PersonId": person.id, "CategoryCode": "PER_EIT"})
        extra.children[BADGES.name] = [badge]
        card = {
            "ExternalIdentifierId": person.id,
            "ExternalIdentifierType": "CARD",
            "ExternalIdentifierNumber": f"C{person.number}",
        }
        nation = {"CitizenshipId": person.id, "Citizenship": held.legislation, "CitizenshipStatus": "A"}
        return {
            "legislativeInfo": laws,
            "citizenships": [self._bounded(CITIZENSHIPS, row, person, **nation)],
            "externalIdentifiers": [self._bounded(EXTERNAL_IDS, row, person, **card)],
            "workersEFF": [extra],
            "workersDFF": [
                _flexible(str(person.id), PersonId=person.id, shirtSize="SML"[person.id % 3], fireWarden=None)
            ],
        }

    def _audit(self, person: Person) -> dict[str, Any]:
        return {
            "CreatedBy": "HR.SPECIALIST",
            "CreationDate": audit_stamp(person.created_at),
            "LastUpdatedBy": "HR.SPECIALIST",
            "LastUpdateDate": audit_stamp(person.created_at),
        }

    def _dated(self, shape: Shape, row: Row, person: Person, **own: Any) -> Node:
        dates = {"EffectiveStartDate": _iso(row.start), "EffectiveEndDate": _iso(row.end)}
        attributes = {**shape.attributes, **row.values, **own, **dates, **self._audit(person)}
        return Node(f"{row.id}/{row.start}", attributes)

    def _bounded(self, shape: Shape, row: Row, person: Person, **own: Any) -> Node:
        dates = {"FromDate": _iso(row.start), "ToDate": None if row.end == LAST else _iso(row.end)}
        return Node(str(row.id), {**shape.attributes, **row.values, **own, **dates, **self._audit(person)})

    def _relationship(self, person: Person, held: Relationship) -> Node:
        attributes = {
            **RELATIONSHIPS.attributes,
            "PeriodOfServiceId": held.id,
            "LegislationCode": held.legislation,
            "LegalEntityId": _number(held.employer, 300000000500000),
            "LegalEmployerName": held.employer,
            "WorkerType": held.type,
            "PrimaryFlag": held.primary,
            "StartDate": _iso(held.start),
            "OnMilitaryServiceFlag": False,
            "TerminationDate": _iso(held.termination),
            "ProjectedTerminationDate": _iso(held.projected),
            "RevokeUserAccess": "A" if held.termination else None,
            **self._audit(person),
        }
        rows = [
            self._assignment(person, held, one, row)
            for one in held.assignments
            if (row := at(one.rows, self._on)) is not None
        ]
        plan = _flexible(str(held.id), held.legislation, PeriodOfServiceId=held.id, pensionPlan=f"P-{held.legislation}")
        return Node(str(held.id), attributes, {"assignments": rows, "workRelationshipsDFF": [plan]})

    def _assignment(self, person: Person, relationship: Relationship, held: Assignment, row: Row) -> Node:
        values = row.values
        node = self._dated(
            ASSIGNMENTS, row, person,
            AssignmentId=held.id, AssignmentNumber=held.number, AssignmentType=held.type, PrimaryFlag=held.primary,
            PrimaryAssignmentFlag=held.primary and relationship.primary, EffectiveSequence=1, EffectiveLatestChange="Y",
            SystemPersonType=PERSON_TYPES[held.type], WorkAtHomeFlag=False, ManagerFlag=False,
            JobId=_coded(values.get("JobCode"), 300000000700000),
            DepartmentId=_coded(values.get("DepartmentName"), 300000000400000),
            LocationId=_coded(values.get("LocationCode"), 300000000800000),
            BusinessUnitId=_coded(values.get("BusinessUnitName"), 300000000600000),
        )  # fmt: skip
        node.key = f"{held.id}/{row.start}"
        node.children["managers"] = [
            self._dated(
                MANAGERS, one, person,
                AssignmentSupervisorId=one.id,
                ManagerAssignmentNumber=self._numbers.get(one.values["ManagerAssignmentId"]),
            )
            for one in held.managers
            if one.covers(self._on)
        ]  # fmt: skip
        extra = Node(str(held.id), {**ASSIGNMENTS_EFF.attributes, "AssignmentId": held.id, "CategoryCode": "ASG_EIT"})
        seat = {
            "AssignmentExtraInfoId": held.id,
            "ContextCode": "SEAT PLAN",
            "seat": f"{values.get('LocationCode')}-{held.id % 100}",
        }
        extra.children[ASSIGNMENT_SEATS.name] = [self._dated(ASSIGNMENT_SEATS, row, person, **seat)]
        node.children["assignmentsEFF"] = [extra]
        keys = ("AssignmentId", "EffectiveStartDate", "EffectiveEndDate", "EffectiveSequence", "EffectiveLatestChange")
        own = {"bikePlan": "B1"} if relationship.legislation == "NL" else {}
        node.children["assignmentsDFF"] = [
            _flexible(
                node.key, relationship.legislation, **{name: node.attributes[name] for name in keys},
                costCentre=f"CC {values.get('DepartmentName') or 'none'}", **own,
            )
        ]  # fmt: skip
        return node


def _flexible(key: str, context: str | None = None, **segments: Any) -> Node:
    """The row of a descriptive flexfield. Segments of other contexts than its own are not in it."""
    return Node(key, {**segments, CONTEXT: context})


def _coded(text: str | None, base: int) -> int | None:
    return None if text is None else _number(text, base)


def account_node(person: Person) -> Node | None:
    """A user account; None for a person without one."""
    held = person.account
    if held is None:
        return None
    attributes = {
        **ACCOUNTS.attributes,
        "UserId": held.user_id,
        "Username": held.username,
        "SuspendedFlag": held.suspended,
        "PersonId": person.id,
        "PersonNumber": person.number,
        "CredentialsEmailSentFlag": False,
        "GUID": held.guid,
        "CreatedBy": "HR.SPECIALIST",
        "CreationDate": audit_stamp(person.created_at),
        "LastUpdatedBy": "HR.SPECIALIST",
        "LastUpdateDate": audit_stamp(person.updated_at),
    }
    return Node(held.guid, attributes, owner=person.number)


def flat_node(shape: Shape, person: Person, on: date) -> Node:
    """A row of `emps` or `publicWorkers`."""
    name = person.name(on)
    email = person.contact(person.emails, "EmailType", ("W1",), on)
    phone = person.contact(person.phones, "PhoneType", ("W1",), on)
    held = person.relationship(on)
    values = {
        "PersonId": person.id,
        "PersonNumber": person.number,
        "FirstName": name.get("FirstName"),
        "LastName": name.get("LastName"),
        "MiddleName": name.get("MiddleNames"),
        "DisplayName": display_name(name),
        "UserName": person.account.username if person.account else None,
        "WorkEmail": email.get("EmailAddress"),
        "WorkPhoneNumber": phone.get("PhoneNumber"),
        "HireDate": _iso(held.start) if held else None,
        "TerminationDate": _iso(held.termination) if held else None,
        "EffectiveStartDate": _iso(held.start) if held else None,
    }
    attributes = {**shape.attributes, **{key: value for key, value in values.items() if key in shape.attributes}}
    return Node(str(person.id), attributes, owner=person.number)


def paths(shape: Shape, before: tuple[str, ...] = ()) -> Iterable[tuple[str, ...]]:
    """The paths of all children."""
    for name, child in shape.children.items():
        yield (*before, name)
        yield from paths(child, (*before, name))
