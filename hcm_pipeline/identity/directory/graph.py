"""Users, deleted users and groups of Microsoft Entra ID, read from Microsoft Graph.

Sources: "List users", "List groups" and "List deletedItems (directory objects)" of the Microsoft Graph v1.0 reference. Graph
shows the userPrincipalName of a deleted user behind the user's id without hyphens; it is free to others, but whoever takes it
stands in the way of a restore, so it counts as taken.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterable, Iterator, Mapping

import pyarrow as pa

from hcm_pipeline.entra import GraphClient
from hcm_pipeline.home import private
from hcm_pipeline.identity.directory.model import SCHEMA
from hcm_pipeline.identity.directory.store import replace_all
from hcm_pipeline.warehouse import Warehouse

DIRECTORY = "entra"
BATCH_ROWS = 10_000
USER_PROPERTIES = ("id", "employeeId", "userPrincipalName", "onPremisesSamAccountName", "mail", "mailNickname", "proxyAddresses",
                   "onPremisesDistinguishedName", "displayName", "givenName", "surname")  # fmt: skip
GROUP_PROPERTIES = ("id", "mail", "mailNickname", "proxyAddresses", "onPremisesSamAccountName", "displayName")
_NAMES = {"id": "object_id", "employeeId": "employee_id", "userPrincipalName": "user_principal_name",
          "onPremisesSamAccountName": "sam_account_name", "mail": "mail", "mailNickname": "mail_nickname",
          "proxyAddresses": "proxy_addresses", "onPremisesDistinguishedName": "distinguished_name",
          "displayName": "display_name", "givenName": "given_name", "surname": "surname"}  # fmt: skip


def refresh(
    warehouse: Warehouse, client: GraphClient, *, clock: Callable[[], dt.datetime], progress: Callable[[str], None]
) -> int:
    """Read the whole directory and replace what the warehouse knows of it; how many objects it has.

    What is read waits in a private file, so that nobody waits for the warehouse while pages come in; a read that is cut off
    changes nothing. It counts as of its beginning.
    """
    started = clock()
    path = warehouse.home.create().scratch / f"directory-{os.getpid()}.arrow"
    try:
        with pa.ipc.new_file(private(path), SCHEMA) as out:
            for batch in read_directory(client, progress):
                out.write_batch(batch)
        with warehouse.write() as con, pa.memory_map(str(path)) as kept:
            con.begin()
            try:
                reader = pa.ipc.open_file(kept)
                batches = (reader.get_batch(place) for place in range(reader.num_record_batches))
                count = replace_all(con, DIRECTORY, batches, started)
                con.commit()
            except BaseException:
                con.rollback()
                raise
    finally:
        path.unlink(missing_ok=True)
    warehouse.publish()
    return count


def read_directory(client: GraphClient, progress: Callable[[str], None]) -> Iterator[pa.RecordBatch]:
    """Every user, soft-deleted user and group as batches of SCHEMA. Raises what the client raises.

    Deleted users come first: one who is restored while pages are read is then known as living.
    """
    sources: tuple[tuple[str, bool, Iterable[Mapping[str, object]]], ...] = (
        ("user", True, client.deleted_users(USER_PROPERTIES)),
        ("user", False, client.users(USER_PROPERTIES)),
        ("group", False, client.groups(GROUP_PROPERTIES)),
    )
    rows: list[dict[str, object]] = []
    total = 0
    for kind, deleted, found in sources:
        for entry in found:
            rows.append({**_row(entry, deleted), "kind": kind, "deleted": deleted})
            if len(rows) == BATCH_ROWS:
                total += len(rows)
                progress(f"reading the directory: {total:,} objects")
                yield _batch(rows)
                rows = []
    yield _batch(rows)


def _row(entry: Mapping[str, object], deleted: bool) -> dict[str, object]:
    row: dict[str, object] = {}
    for theirs, ours in _NAMES.items():
        value = entry.get(theirs)
        if ours == "proxy_addresses":
            row[ours] = [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
        else:
            row[ours] = value if isinstance(value, str) and value else None
    name, prefix = row["user_principal_name"], str(row["object_id"]).replace("-", "")
    if deleted and isinstance(name, str) and name.startswith(prefix):
        row["user_principal_name"] = name.removeprefix(prefix)
    return row


def _batch(rows: list[dict[str, object]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)
