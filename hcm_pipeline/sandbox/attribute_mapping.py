"""Which SCIM attribute becomes which property of an Entra ID user: worksheet 6 of the Oracle HCM tutorial, and its kin.

Worksheet 6 names externalId, active, locality, region, organization, division, title, emails, mobile, phone, hire and
termination date; names, display name and department follow worksheet 2. userType, preferredLanguage and costCenter are
what administrators commonly add. Anything else is ignored, as the service ignores what is not mapped.
"""

from __future__ import annotations

from typing import Literal

from hcm_pipeline.sandbox.bulk import COLLECTIONS, ENTERPRISE, Record

Value = str | bool | None
Change = tuple[str, Value, Value]
"""Property, old value, new value."""
Kind = Literal["entra", "ad"]
"""The kinds of target that a job provisions to."""

WORK, MOBILE = '[type eq "work"]', '[type eq "mobile"]'
MANAGER = f"{ENTERPRISE}:manager"

TARGETS: dict[str, str] = {
    "externalId": "employeeId",
    "active": "accountEnabled",
    "userName": "userPrincipalName",
    "displayName": "displayName",
    "name.givenName": "givenName",
    "name.familyName": "surname",
    "title": "jobTitle",
    "userType": "employeeType",
    "preferredLanguage": "preferredLanguage",
    f"emails{WORK}.value": "mail",
    f"phoneNumbers{WORK}.value": "telephoneNumber",
    f"phoneNumbers{MOBILE}.value": "mobile",
    f"addresses{WORK}.streetAddress": "streetAddress",
    f"addresses{WORK}.locality": "city",
    f"addresses{WORK}.region": "state",
    f"addresses{WORK}.postalCode": "postalCode",
    f"addresses{WORK}.country": "country",
    f"addresses{WORK}.formatted": "physicalDeliveryOfficeName",
    f"{ENTERPRISE}:department": "department",
    f"{ENTERPRISE}:organization": "companyName",
    f"{ENTERPRISE}:division": "employeeOrgData.division",
    f"{ENTERPRISE}:costCenter": "employeeOrgData.costCenter",
    MANAGER: "manager",
}
CUSTOM_TARGETS = {"HireDate": "employeeHireDate", "TermDate": "employeeLeaveDateTime"}
"""By the last part of the name, whatever the organisation called its URN."""

AD_TARGETS: dict[str, str] = {
    source: target
    for source, target in TARGETS.items()
    if target not in ("mail", "preferredLanguage", "employeeType", "employeeOrgData.costCenter")
}
"""Worksheet 4, under the names that Microsoft Entra ID gives the attributes; e-mail is Active Directory's own affair."""
AD_CUSTOM_TARGETS = {
    **CUSTOM_TARGETS,
    "JobCode": "extensionAttribute1",
    "SamAccountName": "onPremisesSamAccountName",
    "CommonName": "cn",
    "ParentDistinguishedName": "parentDistinguishedName",
}

DATES = frozenset(CUSTOM_TARGETS.values())
REQUIRED = frozenset({"employeeId", "accountEnabled", "userPrincipalName", "displayName"})
"""Matching and required attributes: a null never clears them."""


def target_of(source: str, kind: Kind) -> str | None:
    """The property a SCIM attribute flows to; None: it is not mapped."""
    found = (AD_TARGETS if kind == "ad" else TARGETS).get(source)
    if found is None and source.startswith("urn:") and not source.startswith(ENTERPRISE):
        found = (AD_CUSTOM_TARGETS if kind == "ad" else CUSTOM_TARGETS).get(source.rpartition(":")[2])
    return found


def parent_of(source: str) -> str:
    """The object or collection element an attribute sits in; empty for a root attribute."""
    if source.startswith("urn:"):
        return source.rpartition(":")[0] + ":"
    return source.rpartition(".")[0]


def flatten(record: Record, *, mobile: bool) -> dict[str, Value]:
    """A record by attribute name as the source schema spells it, nulls included.

    Of the collections only the first element of type "work" is read, and of phone numbers the first "mobile" one too.
    """
    flat: dict[str, Value] = {}
    for key, value in record.items():
        if key == "schemas":
            continue
        if key in COLLECTIONS:
            kinds = ("work", "mobile") if key == "phoneNumbers" and mobile else ("work",)
            _collect(flat, key, value, kinds)
        elif key == ENTERPRISE and isinstance(value, dict):
            for name, inner in value.items():
                if name == "manager":
                    _scalar(flat, MANAGER, inner.get("value") if isinstance(inner, dict) else inner)
                else:
                    _scalar(flat, f"{key}:{name}", inner)
        elif isinstance(value, dict):
            separator = ":" if key.startswith("urn:") else "."
            for name, inner in value.items():
                _scalar(flat, f"{key}{separator}{name}", inner)
        else:
            _scalar(flat, key, value)
    return flat


def _collect(flat: dict[str, Value], key: str, entries: object, kinds: tuple[str, ...]) -> None:
    if not isinstance(entries, list):
        return
    for kind in kinds:
        chosen = next((entry for entry in entries if isinstance(entry, dict) and entry.get("type") == kind), None)
        for name, inner in (chosen or {}).items():
            if name not in ("type", "primary"):
                _scalar(flat, f'{key}[type eq "{kind}"].{name}', inner)


def _scalar(flat: dict[str, Value], key: str, value: object) -> None:
    if value is None or isinstance(value, bool | str):
        flat[key] = value
    elif isinstance(value, int | float):
        flat[key] = str(value)


_RENAMED = {"mobile": "mobilePhone", "physicalDeliveryOfficeName": "officeLocation"}

_BESIDES = {"usageLocation": "usageLocation", "facsimileTelephoneNumber": "faxNumber", "otherMails": "otherMails"}
"""Properties that no default mapping fills, and their names in Graph."""


def graph_user(object_id: str, attributes: dict[str, Value]) -> dict[str, object]:
    """A user resource as Graph shows it, with every property the sandbox knows."""
    user: dict[str, object] = {"id": object_id}
    for target in (*TARGETS.values(), *CUSTOM_TARGETS.values(), "mailNickname"):
        value = attributes.get(target)
        if target == "manager":
            continue
        if target == "telephoneNumber":
            user["businessPhones"] = [value] if value else []
        elif target.startswith("employeeOrgData."):
            if value is not None:
                org_data = user.setdefault("employeeOrgData", {})
                assert isinstance(org_data, dict)
                org_data[target.partition(".")[2]] = value
        else:
            user[_RENAMED.get(target, target)] = value
    user.setdefault("employeeOrgData", None)
    for name in ("onPremisesSamAccountName", "onPremisesDistinguishedName", "onPremisesSyncEnabled"):
        user[name] = attributes.get(name)
    user["proxyAddresses"] = attributes.get("proxyAddresses") or ([f"SMTP:{user['mail']}"] if user["mail"] else [])
    user["userType"] = "Member"
    for name, shown in _BESIDES.items():
        user[shown] = attributes.get(name) or ([] if name == "otherMails" else None)
    own = (f"extensionAttribute{number}" for number in range(1, 16))
    user["onPremisesExtensionAttributes"] = {name: attributes.get(name) for name in own}
    return user
