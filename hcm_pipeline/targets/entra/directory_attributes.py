"""The attributes that a mapping may write in each kind of directory, by the names that the provisioning service has for them.

Sources: Microsoft Graph v1.0, resource type user, and the target attributes that the portal offers for Entra ID;
`rangeUpper`, `isSingleValued` and syntax of Microsoft's schema of Active Directory (AD DS Attributes, Windows Server 2016) with
Exchange's extension attributes; userPrincipalName as `directory/name_limits.py`. "Known issues" of provisioning: extension
attributes cannot be matched by; API-driven provisioning: mail is Exchange Online's.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from hcm_pipeline.profile import TargetKind

EXTENSION = re.compile(r"extension_[0-9a-fA-F]{32}_[A-Za-z][A-Za-z0-9_]*")
"""A directory extension of Entra ID, under the id of its application."""
ELSEWHERE = {
    "mobilephone": "mobile", "businessphones": "telephoneNumber", "officelocation": "physicalDeliveryOfficeName",
    "employeeorgdata": "employeeOrgData.division", "userprincipalname": "userPrincipalName", "company": "companyName",
    "title": "jobTitle", "sn": "surname", "l": "city", "st": "state", "co": "country", "division": "employeeOrgData.division",
    "accountdisabled": "accountEnabled", "lastname": "surname",
}  # fmt: skip
"""By names that Graph or Active Directory has, the one that the service has for an attribute of Entra ID."""
ON_PREMISES = {
    "companyname": "company", "jobtitle": "title", "surname": "sn", "city": "l", "state": "st", "country": "co",
    "accountenabled": "accountDisabled", "mobilephone": "mobile", "officelocation": "physicalDeliveryOfficeName",
    "employeeorgdata.division": "division", "employeehiredate": "extensionAttribute2", "lastname": "sn",
    "employeeleavedatetime": "extensionAttribute3", "ou": "parentDistinguishedName",
}  # fmt: skip
"""The same for Active Directory."""


@dataclass(frozen=True)
class DirectoryAttribute:
    """One attribute. `longest` counts UTF-16 code units. `matchable`: accounts may be found by it. `is_name`: it is given once."""

    name: str
    type: str
    longest: int | None
    required: bool
    read_only: bool
    multivalued: bool
    is_name: bool
    matchable: bool


@cache
def attributes_of(kind: TargetKind) -> dict[str, DirectoryAttribute]:
    """The attributes of a kind of directory, by their names in lower case."""
    text = resources.files("hcm_pipeline.targets.entra").joinpath("directory_attributes.csv").read_text("utf-8")
    return {row["name"].lower(): _read(row) for row in csv.DictReader(text.splitlines()) if row["kind"] == kind}


def _read(row: dict[str, str]) -> DirectoryAttribute:
    flags = row["flags"].split()
    multivalued, read_only = "multivalued" in flags, "read_only" in flags
    matchable = row["type"] == "String" and not multivalued and "unmatchable" not in flags
    return DirectoryAttribute(
        row["name"], row["type"], int(row["longest"]) if row["longest"] else None, "required" in flags, read_only, multivalued,
        "name" in flags, matchable,
    )  # fmt: skip


def attribute_of(kind: TargetKind, name: str) -> DirectoryAttribute | None:
    """The attribute of a name in any case; None for one that the directory does not have by itself."""
    found = attributes_of(kind).get(name.lower())
    if found is None and kind is TargetKind.ENTRA and EXTENSION.fullmatch(name):
        return DirectoryAttribute(name, "String", 256, False, False, False, False, False)
    return found


def meant(kind: TargetKind, name: str) -> str | None:
    """The attribute that is meant by the name that another API has for it; None: there is no such guess."""
    return (ELSEWHERE if kind is TargetKind.ENTRA else ON_PREMISES).get(name.lower())
