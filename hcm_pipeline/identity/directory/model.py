"""One shape for the objects of any directory, whether read from Microsoft Graph, over LDAP or from a CSV file."""

from __future__ import annotations

import pyarrow as pa

KINDS = ("user", "group", "contact", "computer", "container", "other")
"""`container` stands for organizational units and containers: the places where accounts can be."""

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
    ]
)
"""One row: one directory object, its values as the directory spells them; null where it holds none or does not tell."""
