"""One shape for the objects of any directory, whether read from Microsoft Graph, over LDAP or from a CSV file."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

KINDS = ("user", "group", "contact", "computer", "container", "other")
"""`container` stands for organizational units and containers: the places where accounts can be."""

FILLED = {
    "has_title": ("jobTitle", "title"),
    "has_department": ("department", "department"),
    "has_company": ("companyName", "company"),
    "has_division": (None, "division"),
    "has_office": ("officeLocation", "physicalDeliveryOfficeName"),
    "has_street": ("streetAddress", "streetAddress"),
    "has_city": ("city", "l"),
    "has_state": ("state", "st"),
    "has_postal_code": ("postalCode", "postalCode"),
    "has_country": ("country", "co"),
    "has_mobile": ("mobilePhone", "mobile"),
    "has_phone": ("businessPhones", "telephoneNumber"),
    "has_employee_type": ("employeeType", "employeeType"),
    "has_manager": ("manager", "manager"),
}
"""Of these it is known whether there is a value: the column, and its names in Graph (None: it is not asked for) and in Active
Directory."""

TOLD = {
    "company": ("companyName", "company"),
    "department": ("department", "department"),
    "country": ("country", "c"),
    "employee_type": ("employeeType", "employeeType"),
}
"""Of these the value is known too, for a headcount before a first load: the column, and its names in Graph and Active Directory."""

SCHEMA = pa.schema(
    [
        pa.field("object_id", pa.string(), nullable=False),  # Graph id, or objectGUID as hyphenated lower-case text
        pa.field("kind", pa.string(), nullable=False),  # one of KINDS
        pa.field("deleted", pa.bool_(), nullable=False),  # soft-deleted: its names are still taken
        pa.field("employee_id", pa.string()),
        pa.field("user_principal_name", pa.string()),
        pa.field("sam_account_name", pa.string()),
        pa.field("common_name", pa.string()),
        pa.field("mail", pa.string()),
        pa.field("mail_nickname", pa.string()),
        pa.field("proxy_addresses", pa.list_(pa.string())),
        pa.field("distinguished_name", pa.string()),
        pa.field("display_name", pa.string()),
        pa.field("given_name", pa.string()),
        pa.field("surname", pa.string()),
        pa.field(
            "admin_count", pa.bool_()
        ),  # Active Directory guards the account itself: it is, or was, an administrator's
        pa.field(
            "member_of", pa.list_(pa.string())
        ),  # groups and roles that the account is in itself, as the directory names them
        *(pa.field(name, pa.bool_()) for name in FILLED),  # true, or null
        pa.field("enabled", pa.bool_()),  # the account may sign in; null: it is not told
        *(pa.field(name, pa.string()) for name in TOLD),
        pa.field("manager", pa.string()),  # the manager's object_id, distinguished name or userPrincipalName
    ]
)
"""One row: one directory object, its values as the directory spells them; null where it holds none or does not tell."""

VALUES = tuple(name for name in SCHEMA.names if name not in ("object_id", "kind", "deleted"))
"""The values that an object may or may not hold."""

CHANGES = SCHEMA.append(pa.field("stated", pa.int64(), nullable=False)).append(pa.field("removed", pa.string()))
"""One row: one answer about one object, in the order of the answers.

`stated` has bit n set when VALUES[n] was in the answer (null then means: cleared); of the others nothing is known. `removed`:
`changed` (deleted, and may be restored) or `deleted` (for good).
"""
ALL_STATED = (1 << len(VALUES)) - 1


@dataclass(frozen=True)
class RefusedRow:
    """A row of a file that is no object. `row` counts from 1, the header; the reason holds no value."""

    file: str
    row: int
    column: str | None
    rule: str
    reason: str


@dataclass(frozen=True)
class Read:
    """The outcome of a reading of a directory."""

    directory: str
    kind: str
    read: str
    """`full`, or `changes` since the reading before."""
    objects: int
    """How many it has now, deleted ones among them."""
    changed: int
    """How many of them are new or different, or are gone."""
    of: str | None = None
    """The owner of the objects that it shows: `entra`, `ad`, or None where a file does not tell."""
    told: tuple[str, ...] = ()
    """Notes for people: the parts that could not be read."""
    refused: tuple[RefusedRow, ...] = field(default=())
