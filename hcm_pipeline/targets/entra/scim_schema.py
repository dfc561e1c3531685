"""The SCIM attributes that a mapping may name.

RFC 7643 section 4.1 (User) and 4.3 (EnterpriseUser), as far as Microsoft's API-driven provisioning reads them
(`facts`: "inbound-provisioning-api-concepts"). Attributes of other URNs are an organisation's own: single-valued, never
complex ("inbound-provisioning-api-custom-attributes").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hcm_pipeline.profile import ENTERPRISE as ENTERPRISE

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"

SIMPLE = frozenset({"externalId", "userName", "active", "displayName", "nickName", "profileUrl", "title", "userType",
                    "preferredLanguage", "locale", "timezone"})  # fmt: skip
NAME_PARTS = frozenset({"formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix"})
_CONTACT = frozenset({"value", "display", "primary"})
MULTI_VALUED: dict[str, frozenset[str]] = {
    "emails": _CONTACT,
    "phoneNumbers": _CONTACT,
    "ims": _CONTACT,
    "photos": _CONTACT,
    "addresses": frozenset({"formatted", "streetAddress", "locality", "region", "postalCode", "country", "primary"}),
}
ENTERPRISE_SIMPLE = frozenset({"employeeNumber", "costCenter", "organization", "division", "department"})
MANAGER_PARTS = frozenset({"value", "displayName"})

_TYPED = re.compile(r'(?P<attribute>[A-Za-z]+)\[type eq "(?P<type>[A-Za-z]+)"\]\.(?P<part>[A-Za-z]+)')
_CUSTOM_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Path:
    """A place in the SCIM user: `keys` from the outside in; `entry` is the type of a multi-valued attribute's entry."""

    keys: tuple[str, ...]
    entry: str | None = None
    urn: str | None = None

    @property
    def boolean(self) -> bool:
        """Whether RFC 7643 wants a boolean here."""
        return self.urn is None and self.keys[-1] in {"active", "primary"}

    @property
    def free(self) -> bool:
        """Whether any single-valued type may stand here (an organisation's own attribute)."""
        return self.urn not in (None, ENTERPRISE)


def parse_path(text: str) -> Path:
    """Parse a SCIM path as the worksheets write them. Raises ValueError saying what is allowed."""
    if text.startswith("urn:"):
        return _parse_urn(text)
    if typed := _TYPED.fullmatch(text):
        attribute, part = typed["attribute"], typed["part"]
        if attribute not in MULTI_VALUED:
            raise ValueError(f"multi-valued attributes are {', '.join(sorted(MULTI_VALUED))}")
        if part not in MULTI_VALUED[attribute]:
            raise ValueError(f"parts of {attribute} are {', '.join(sorted(MULTI_VALUED[attribute]))}")
        return Path((attribute, part), typed["type"])
    head, _, part = text.partition(".")
    if head == "name" and part in NAME_PARTS:
        return Path(("name", part))
    if head in SIMPLE and not part:
        return Path((head,))
    raise ValueError(
        f"a core attribute ({', '.join(sorted(SIMPLE))}), name.<{'|'.join(sorted(NAME_PARTS))}>, "
        'emails[type eq "work"].value and the like, {enterprise}:<attribute> or {custom}:<attribute>'
    )


def _parse_urn(text: str) -> Path:
    urn, _, attribute = text.rpartition(":")
    if urn == ENTERPRISE:
        head, _, part = attribute.partition(".")
        if head in ENTERPRISE_SIMPLE and not part:
            return Path((head,), urn=urn)
        if head == "manager" and (not part or part in MANAGER_PARTS):
            return Path(("manager", part or "value"), urn=urn)
        raise ValueError(f"enterprise attributes are {', '.join(sorted(ENTERPRISE_SIMPLE))} and manager")
    if urn == CORE:
        return parse_path(attribute)
    if not _CUSTOM_ATTRIBUTE.fullmatch(attribute):
        raise ValueError("custom attributes are single-valued: letters, digits, - and _ behind the schema's URN")
    return Path((attribute,), urn=urn)


def written_by(target: str) -> str:
    """The kind of directory that a job writes to, by its key: entra or ad."""
    return "ad" if target.rpartition("/")[2].upper().startswith("API2AD.") else "entra"
