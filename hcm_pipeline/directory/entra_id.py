"""Users, deleted users and groups of Microsoft Entra ID, read from Microsoft Graph: everything once, then what has changed.

Sources: "Use delta query to track changes in Microsoft Graph data", "user: delta", "group: delta" and "List deletedItems
(directory objects)" of the Microsoft Graph v1.0 reference. Graph shows the userPrincipalName of a deleted user behind the
user's id without hyphens; it is free to others, but whoever takes it stands in the way of a restore, so it counts as taken.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import duckdb

from hcm_pipeline.directory.entries import CHANGES, FILLED, TOLD, VALUES, Read
from hcm_pipeline.directory.reading import Reading
from hcm_pipeline.directory.tables import Link, keep_domains, keep_links, keep_roles, links
from hcm_pipeline.entra import ChangesLost, GraphClient
from hcm_pipeline.errors import PipelineError, ServiceRefused

FULL_AFTER = dt.timedelta(days=30)
"""Everything is read anew when the last time is longer ago: deleted users are gone for good by then, and whatever a service's
account of its changes may have left out is put right."""
BAD_REQUEST = 400
_RELATIONSHIP = "manager"
_FILLED = {theirs: ours for ours, (theirs, _) in FILLED.items() if theirs and theirs != _RELATIONSHIP}
DELETED_USER_PROPERTIES = ("id", "employeeId", "userPrincipalName", "onPremisesSamAccountName", "mail", "mailNickname",
                           "proxyAddresses", "onPremisesDistinguishedName", "displayName", "givenName", "surname")  # fmt: skip
USER_PROPERTIES = (*DELETED_USER_PROPERTIES, *_FILLED, "accountEnabled", _RELATIONSHIP)
GROUP_PROPERTIES = ("id", "mail", "mailNickname", "proxyAddresses", "onPremisesSamAccountName", "displayName")
_NAMES = {"employeeId": "employee_id", "userPrincipalName": "user_principal_name",
          "onPremisesSamAccountName": "sam_account_name", "mail": "mail", "mailNickname": "mail_nickname",
          "proxyAddresses": "proxy_addresses", "onPremisesDistinguishedName": "distinguished_name",
          "displayName": "display_name", "givenName": "given_name", "surname": "surname",
          **{theirs: ours for ours, (theirs, _) in TOLD.items()}}  # fmt: skip
_MANAGER = "manager@delta"
"""The name of the manager in an answer: a list of who came (an id) and who went (an id, and `@removed`)."""
_BITS = {name: 1 << place for place, name in enumerate(VALUES)}
_RESOURCES: tuple[tuple[Literal["users", "groups"], str, tuple[str, ...]], ...] = (
    ("users", "user", USER_PROPERTIES),
    ("groups", "group", GROUP_PROPERTIES),
)


@dataclass
class _Answers:
    """One reading of the service: from which links on, and the links for the next time once all has been read."""

    client: GraphClient
    since: Mapping[str, Link]
    without: str | None = None
    """A property of users that the service does not tell, and that is not asked for."""
    found: dict[str, str] = field(default_factory=dict)

    def rows(self) -> Iterator[dict[str, object]]:
        """Rows of CHANGES. Deleted users come first: one who is restored while pages are read is then known as living."""
        for entry in self.client.deleted_users(DELETED_USER_PROPERTIES):
            yield _row(entry, "user", deleted=True)
        for resource, kind, properties in _RESOURCES:
            known = self.since.get(resource)
            asked = [name for name in properties if name != self.without]
            entries = self.client.changes(resource, asked, known.link if known else None)
            self.found[resource] = yield from _rows(entries, kind)


def refresh(reading: Reading, client: GraphClient, scope: str) -> Read:
    """Bring what the warehouse knows of the directory up to date.

    The service is asked for what has changed since the last time, unless a full reading is, `scope` (what names the tenant) or the
    properties are others, the last full reading is a month ago, or the service cannot tell. The rows and the links that they
    stand for are kept together or not at all. Raises GuardStop when suspiciously many objects are gone, and what the client
    raises.
    """
    made_for = hashlib.sha256(json.dumps([scope, [properties for *_, properties in _RESOURCES]]).encode()).hexdigest()
    with reading.warehouse.write() as con:
        kept = links(con, reading.directory)
    usable = len(kept) == len(_RESOURCES) and all(
        one.scope == made_for and reading.started - one.full_at <= FULL_AFTER for one in kept.values()
    )
    if usable and not reading.full:
        try:
            return _refresh(reading, _Answers(client, kept), made_for, kept)
        except ChangesLost:
            reading.progress(f"{reading.directory}: the service cannot tell what has changed; everything is read again")
    try:
        return _refresh(reading, _Answers(client, {}), made_for, kept)
    except ServiceRefused as refused:
        if refused.status != BAD_REQUEST:
            raise
    return _refresh(reading, _Answers(client, {}, without=_RELATIONSHIP), made_for, kept)


def _refresh(reading: Reading, answers: _Answers, made_for: str, kept: Mapping[str, Link]) -> Read:
    notes = (
        [f"the service does not tell the {answers.without} of users with what has changed"] if answers.without else []
    )
    domains = _domains(answers.client, notes)
    roles = _roles(answers.client, notes)

    def beside(con: duckdb.DuckDBPyConnection) -> None:
        if links(con, reading.directory) != kept:
            raise PipelineError(
                f"{reading.directory}: another process has read it meanwhile; nothing was changed, read it again"
            )
        since = {resource: one.full_at for resource, one in answers.since.items()}
        keep_links(
            con,
            reading.directory,
            [Link(name, link, made_for, since.get(name, reading.started)) for name, link in answers.found.items()],
        )
        keep_domains(con, reading.directory, domains)
        if roles is not None:
            keep_roles(con, reading.directory, roles)

    counts = reading.take(answers.rows(), CHANGES, onto_known=bool(answers.since), beside=beside)
    how = "changes" if answers.since else "full"
    return Read(reading.directory, "entra", how, counts.objects, counts.changed, "entra", tuple(notes))


def _domains(client: GraphClient, notes: list[str]) -> dict[str, bool] | None:
    """The tenant's domains; None, which is noted, when the application may not read them."""
    try:
        return client.domains()
    except ServiceRefused as refused:
        if refused.status != 403:
            raise
        notes.append(f"whether the profile's domains are verified is not known: {refused}")
        return None


def _roles(client: GraphClient, notes: list[str]) -> dict[str, list[str]] | None:
    """The roles of each user, their own and those of groups that they are in; None, which is noted, when they may not be read."""
    try:
        assigned = client.role_members()
        found = {principal: set(names) for principal, names in assigned.items()}
        for principal, names in assigned.items():
            for member in _members(client, principal):
                found.setdefault(member, set()).update(names)
        return {principal: sorted(names) for principal, names in found.items()}
    except ServiceRefused as refused:
        if refused.status != 403:
            raise
        notes.append(f"who has a role of an administrator is not known, so nobody is protected by one: {refused}")
        return None


def _members(client: GraphClient, principal: str) -> list[str]:
    """The members of a principal that is a group; none of any other."""
    try:
        return client.members(principal)
    except ServiceRefused as refused:
        if refused.status != 404:
            raise
        return []


def _rows(entries: Generator[Mapping[str, object], None, str], kind: str) -> Generator[dict[str, object], None, str]:
    """Rows of CHANGES; returns what `entries` returns."""
    while True:
        try:
            entry = next(entries)
        except StopIteration as end:
            return str(end.value)
        if isinstance(entry.get("id"), str) and entry["id"]:
            yield _row(entry, kind, deleted=False)


def _row(entry: Mapping[str, object], kind: str, *, deleted: bool) -> dict[str, object]:
    row: dict[str, object] = {"object_id": entry["id"], "kind": kind, "deleted": deleted, "removed": _removed(entry)}
    stated = 0
    for theirs, ours in _NAMES.items():
        if theirs not in entry:
            continue
        stated |= _BITS[ours]
        value = entry[theirs]
        if ours == "proxy_addresses":
            row[ours] = [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
        else:
            row[ours] = value if isinstance(value, str) and value else None
    for theirs, ours in _FILLED.items():
        if theirs in entry:
            stated |= _BITS[ours]
            row[ours] = True if entry[theirs] else None
    if _MANAGER in entry:
        stated |= _BITS["has_manager"] | _BITS["manager"]
        row["manager"] = _kept(entry[_MANAGER])
        row["has_manager"] = True if row["manager"] else None
    if isinstance(entry.get("accountEnabled"), bool):
        stated |= _BITS["enabled"]
        row["enabled"] = entry["accountEnabled"]
    name, prefix = row.get("user_principal_name"), str(row["object_id"]).replace("-", "")
    if deleted and isinstance(name, str) and name.startswith(prefix):
        row["user_principal_name"] = name.removeprefix(prefix)
    return {**row, "stated": stated}


def _kept(links: object) -> str | None:
    """The id of the one whom a relationship has in it; None: nobody, or whoever was in it was taken out."""
    told = [one for one in links if isinstance(one, dict)] if isinstance(links, list) else []
    return next((str(one.get("id") or "?") for one in told if "@removed" not in one), None)


def _removed(entry: Mapping[str, object]) -> str | None:
    """`changed` (deleted, and may be restored) or `deleted`; of a reason that is not known the one that frees no name."""
    mark = entry.get("@removed")
    if mark is None:
        return None
    return "deleted" if isinstance(mark, dict) and mark.get("reason") == "deleted" else "changed"
