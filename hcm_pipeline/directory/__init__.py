"""The live directories: what is read of them, which names they hold that nobody may be given again, and which accounts exist.

The room decides how an object of any directory looks (`SCHEMA`), what a reading may change, in which form names are compared,
and what a directory allows in them. Its tables are `directory_objects`, `directory_names`, `directory_reads`, `directory_links` and
`directory_domains`.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from hcm_pipeline.directory.contacts import ContactsRead
from hcm_pipeline.directory.distinguished_names import canonical, escape_rdn, key, key_sql
from hcm_pipeline.directory.entries import CHANGES, FILLED, SCHEMA, VALUES, Read, RefusedRow
from hcm_pipeline.directory.findings import Finding, require_none
from hcm_pipeline.directory.folding import folded_sql, same_name_sql
from hcm_pipeline.directory.freshness import directory_findings, max_age_hours
from hcm_pipeline.directory.name_limits import (
    COMMON_NAME,
    EDGES,
    MAIL_NICKNAME,
    PROXY_ADDRESS,
    SAM,
    UPN_DOMAIN,
    UPN_LOCAL,
    Limit,
    beginning_sql,
)
from hcm_pipeline.directory.protected import contained_sql, named_sql, protected_sql
from hcm_pipeline.directory.reading import Account, Reading
from hcm_pipeline.directory.tables import CONTAINER, RELATIVE_NAME, apply, forget_others, keep_domains, last_read, stage

if TYPE_CHECKING:
    from hcm_pipeline.entra import GraphClient
    from hcm_pipeline.warehouse import Warehouse

__all__ = [
    "CHANGES",
    "COMMON_NAME",
    "CONTAINER",
    "EDGES",
    "FILLED",
    "MAIL_NICKNAME",
    "PROXY_ADDRESS",
    "RELATIVE_NAME",
    "SAM",
    "SCHEMA",
    "UPN_DOMAIN",
    "UPN_LOCAL",
    "VALUES",
    "Account",
    "ContactsRead",
    "Finding",
    "Limit",
    "Read",
    "Reading",
    "RefusedRow",
    "apply",
    "beginning_sql",
    "canonical",
    "contained_sql",
    "directory_findings",
    "escape_rdn",
    "folded_sql",
    "forget_others",
    "keep_domains",
    "key",
    "key_sql",
    "last_read",
    "max_age_hours",
    "named_sql",
    "protected_sql",
    "read_active_directory",
    "read_contacts",
    "read_csv_file",
    "read_entra_id",
    "require_none",
    "same_name_sql",
    "stage",
]


def read_entra_id(reading: Reading, client: GraphClient, scope: str) -> Read:
    """Bring what is known of a tenant up to date (see `entra_id.refresh`); loads the client of Microsoft Graph."""
    from hcm_pipeline.directory import entra_id

    return entra_id.refresh(reading, client, scope)


def read_contacts(
    warehouse: Warehouse, client: GraphClient, scope: str, now: dt.datetime, *, full: bool = False
) -> ContactsRead:
    """Bring the contacts of a tenant's users up to date (see `contacts.refresh`)."""
    from hcm_pipeline.directory import contacts

    return contacts.refresh(warehouse, client, scope, now, full=full)


def read_active_directory(reading: Reading, account: Account) -> Read:
    """Replace what is known of an Active Directory (see `active_directory.refresh`); loads the LDAP client."""
    from hcm_pipeline.directory import active_directory

    return active_directory.refresh(reading, account)


def read_csv_file(reading: Reading, path: Path) -> Read:
    """Replace what is known of a directory by a file (see `csv_file.refresh`); loads the readers of extracts."""
    from hcm_pipeline.directory import csv_file

    return csv_file.refresh(reading, path)
