"""A synchronization schema to begin with where the job's own cannot be read: what API-driven provisioning is documented to have.

No public export of a job's first schema was found, so that its mappings are those of the profile alone. Sources: RFC 7643, sections
4.1 and 4.3 (the source directory); Graph's resource type user and worksheets 4 and 6 of the tutorial (the target directories); the
provisioning log that Microsoft publishes (the names of directories and objects).
"""

from __future__ import annotations

from collections.abc import Iterable

from hcm_pipeline.profile import ENTERPRISE, TargetKind
from hcm_pipeline.synchronization import Attribute, Directory, ObjectMapping, Rule, Schema, Scope
from hcm_pipeline.targets.entra.scim_schema import ENTERPRISE_SIMPLE, NAME_PARTS, SIMPLE

SOURCE = "API"
ACCOUNT = "User"
TARGETS = {TargetKind.ENTRA: "Azure Active Directory", TargetKind.ACTIVE_DIRECTORY: "Active Directory"}
"""The names of the directories, as the log of a job has them."""
MANAGER = f"{ENTERPRISE}:manager"

_WORK = (
    'emails[type eq "work"].value',
    'phoneNumbers[type eq "work"].value',
    'phoneNumbers[type eq "mobile"].value',
    *(
        f'addresses[type eq "work"].{part}'
        for part in ("streetAddress", "locality", "region", "postalCode", "country", "formatted")
    ),
)
_EXTENSION_ATTRIBUTES = tuple(f"extensionAttribute{i}" for i in range(1, 16))
_ENTRA = (
    "employeeId", "userPrincipalName", "displayName", "mailNickname", "givenName", "surname", "jobTitle", "employeeType",
    "streetAddress", "city", "state", "postalCode", "country", "physicalDeliveryOfficeName", "department",
    "employeeOrgData.division", "employeeOrgData.costCenter", "companyName", "mail", "mobile", "telephoneNumber",
    "facsimileTelephoneNumber", "preferredLanguage", "usageLocation", "otherMails", "passwordProfile.password",
    *_EXTENSION_ATTRIBUTES,
)  # fmt: skip
_AD = (
    "employeeID", "userPrincipalName", "sAMAccountName", "parentDistinguishedName", "cn", "displayName", "givenName", "middleName",
    "sn", "initials", "title", "employeeType", "employeeNumber", "streetAddress", "l", "st", "postalCode", "co", "c", "countryCode",
    "physicalDeliveryOfficeName", "department", "departmentNumber", "division", "company", "mail", "mailNickname", "mobile",
    "homePhone", "pager", "ipPhone", "telephoneNumber", "facsimileTelephoneNumber", "proxyAddresses", "preferredLanguage",
    "description", "info", "wWWHomePage", "accountExpires", "msExchHideFromAddressLists", *_EXTENSION_ATTRIBUTES,
)  # fmt: skip
_TYPES = {
    "active": "Boolean", "accountEnabled": "Boolean", "accountDisabled": "Boolean", "IsSoftDeleted": "Boolean",
    "employeeHireDate": "DateTime", "employeeLeaveDateTime": "DateTime", "manager": "Reference", MANAGER: "Reference",
    "countryCode": "Integer",
}  # fmt: skip
_SEVERAL = frozenset(("otherMails", "proxyAddresses"))


def standard_attributes() -> dict[str, Attribute]:
    """The attributes of people that the source directory has without anybody's doing, by name."""
    names = (
        *sorted(SIMPLE), *(f"name.{part}" for part in sorted(NAME_PARTS)), *_WORK,
        *(f"{ENTERPRISE}:{name}" for name in sorted(ENTERPRISE_SIMPLE)), MANAGER,
    )  # fmt: skip
    return {
        name: Attribute(
            name, _TYPES.get(name, "String"), anchor=name == "externalId", required=name == "externalId",
            referenced=(ENTERPRISE,) if name == MANAGER else (),
        )
        for name in names
    }  # fmt: skip


def default_schema(kind: TargetKind, further: Iterable[str] = ()) -> Schema:
    """The schema of a job of a kind before anything is mapped. Its ids are names. `further`: other attributes of accounts."""
    target = TARGETS[kind]
    accounts = [*(_entra_attributes() if kind is TargetKind.ENTRA else _ad_attributes())]
    known = {one.name.lower() for one in accounts}
    accounts += [Attribute(name) for name in dict.fromkeys(further) if name.lower() not in known]
    mapping = ObjectMapping(
        f"Provision API {ENTERPRISE}s", True, frozenset(("Add", "Update", "Delete")), ENTERPRISE, ACCOUNT, Scope(), ()
    )
    rule = Rule("USER_INBOUND_USER", SOURCE, target, (mapping,))
    directories = (
        Directory(SOURCE, SOURCE, False, {ENTERPRISE: tuple(standard_attributes().values())}),
        Directory(target, target, True, {ACCOUNT: tuple(accounts)}),
    )
    return Schema("", "", (rule,), directories)


def _entra_attributes() -> Iterable[Attribute]:
    yield Attribute("objectId", anchor=True, mutability="ReadOnly")
    yield from _attributes(
        (*_ENTRA, "accountEnabled", "IsSoftDeleted", "employeeHireDate", "employeeLeaveDateTime", "manager")
    )


def _ad_attributes() -> Iterable[Attribute]:
    yield Attribute("objectGUID", anchor=True, mutability="ReadOnly")
    yield from _attributes((*_AD, "accountDisabled", "manager"))


def _attributes(names: Iterable[str]) -> Iterable[Attribute]:
    for name in names:
        yield Attribute(
            name, _TYPES.get(name, "String"), multivalued=name in _SEVERAL, referenced=(ACCOUNT,) if name == "manager" else ()
        )  # fmt: skip
