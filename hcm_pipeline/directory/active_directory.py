"""Users, groups, computers, contacts, containers and deleted objects of Active Directory, read over LDAPS.

Sources: [MS-ADTS] Active Directory Technical Specification, 3.1.1.5.5 (deleted objects keep their objectGUID and
sAMAccountName; the name becomes the old one, a line feed and `DEL:` with the GUID), 3.1.1.3.1.3.3 (attributes of many values
come in ranges) and 3.1.1.3.4.1.14 (the control that shows deleted objects).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence

import sansldap

from hcm_pipeline.directory.ber import Entry
from hcm_pipeline.directory.distinguished_names import escape_rdn
from hcm_pipeline.directory.entries import FILLED, SCHEMA, TOLD, Read
from hcm_pipeline.directory.ldap import Connection, Refused
from hcm_pipeline.directory.reading import Account, Reading
from hcm_pipeline.errors import ServiceError

_NAMES = {"sAMAccountName": "sam_account_name", "userPrincipalName": "user_principal_name", "mail": "mail",
          "mailNickname": "mail_nickname", "displayName": "display_name", "givenName": "given_name", "sn": "surname"}  # fmt: skip
_ADDRESSES = "proxyAddresses"
_MANY = {_ADDRESSES: "proxy_addresses", "memberOf": "member_of"}
"""Attributes of many values."""
_FILLED = {theirs.lower(): ours for ours, (_, theirs) in FILLED.items()}
_DISABLED = 2
"""The bit of userAccountControl of an account that may not sign in ([MS-ADTS] 2.2.16, ADS_UF_ACCOUNT_DISABLE)."""
_ALWAYS = ("objectGUID", "objectClass", "isDeleted", "lastKnownParent", "cn", "adminCount", "userAccountControl",
           *dict.fromkeys((*_MANY, *_FILLED, *(theirs.lower() for _, theirs in TOLD.values()))))  # fmt: skip
_KINDS = (
    ("computer", {"computer"}),
    ("user", {"user", "inetorgperson"}),
    ("group", {"group"}),
    ("contact", {"contact"}),
    ("container", {"organizationalunit", "container", "domaindns", "builtindomain"}),
)
"""Kind by object class, the first that fits: a computer is a user, too."""
_DELETED = re.compile(r"\nDEL:[0-9A-Fa-f-]{36}\Z")
_DELETED_DN = re.compile(r"\\0ADEL:", re.IGNORECASE)
_RANGE = re.compile(rf"({'|'.join(_MANY).lower()});range=\d+-(\d+|\*)")
_SHOW_DELETED = sansldap.ShowDeletedControl(critical=True)
_UNREADABLE = ("NO_SUCH_OBJECT", "INSUFFICIENT_ACCESS_RIGHTS", "OPERATIONS_ERROR", "UNAVAILABLE_CRITICAL_EXTENSION")


def refresh(reading: Reading, account: Account) -> Read:
    """Read everything below the bases, and what was deleted in their domains, and replace what is known by it.

    Without a base the server's own domain is read. Raises GuardStop when suspiciously many objects are gone, SignInFailed and
    other kinds of ServiceError.
    """
    notes: list[str] = []
    with Connection(account.url, account.ca_file) as server:
        server.bind(account.user, account.password)
        root = server.one("", ["defaultNamingContext", "namingContexts"])
        own = root.text("defaultNamingContext") if root else None
        bases = list(account.bases) or ([own] if own else [])
        if root is None or not bases:
            raise ServiceError(f"{server.name}: it does not say which domain it has; name the bases in the profile")
        domains = _domains_of(
            bases, [value.decode("utf-8", "replace") for value in root.values.get("namingcontexts", ())]
        )
        rows = _rows(server, bases, domains, account.employee_id, notes)
        counts = reading.take(rows, SCHEMA)
    if server.referrals:
        notes.append(f"not followed to other servers: {', '.join(sorted(server.referrals))}")
    return Read(reading.directory, "ad", "full", counts.objects, counts.changed, "ad", tuple(notes))


def _domains_of(bases: Sequence[str], contexts: Sequence[str]) -> list[str]:
    """The naming contexts that the bases lie in."""
    found = {}
    for base in bases:
        over = [context for context in contexts if f",{base}".lower().endswith(f",{context}".lower())]
        if over:
            found[max(over, key=len).lower()] = max(over, key=len)
    return list(found.values())


def _rows(
    server: Connection, bases: Sequence[str], domains: Sequence[str], employee_id: str, notes: list[str]
) -> Iterator[dict[str, object]]:
    """Rows of SCHEMA. Deleted objects come first: one that is restored while pages are read is then known as living."""
    attributes = [*_ALWAYS, *_NAMES, employee_id]
    for domain in domains:
        if (bin_ := _deleted_objects(server, domain)) is None:
            notes.append(f"deleted objects of {domain} may not be read by this account, so their names are not kept")
            continue
        deleted = sansldap.FilterPresent("lastKnownParent")  # all but the container itself
        for entry in server.search(bin_, attributes, filter=deleted, controls=[_SHOW_DELETED]):
            yield _row(entry, employee_id)
    unfinished: list[Entry] = []
    nameless = whole = 0
    for base in bases:
        for entry in server.search(base, attributes):
            whole += "objectguid" in entry.values
            nameless += "objectguid" not in entry.values
            if any(_RANGE.fullmatch(name) for name in entry.values):
                unfinished.append(entry)  # the rest is asked for when the search has ended
            else:
                yield _row(entry, employee_id)
        while unfinished:
            yield _row(_whole(server, unfinished.pop()), employee_id)
    if nameless and not whole:
        raise ServiceError(
            f"{server.name}: no object has an objectGUID; this is not Active Directory, or the account may read nothing"
        )
    if nameless:
        notes.append(
            f"{nameless:,} objects show this account nothing but their distinguished names; only those are taken"
        )


def _deleted_objects(server: Connection, domain: str) -> str | None:
    """The container of a domain's deleted objects; None when the account may not read it (by default administrators may)."""
    container = f"CN=Deleted Objects,{domain}"
    try:
        found = server.one(container, ["objectGUID"], controls=[_SHOW_DELETED])
    except Refused as refused:
        if refused.code not in _UNREADABLE:
            raise
        return None
    return container if found and "objectguid" in found.values else None


def _whole(server: Connection, entry: Entry) -> Entry:
    """The object with all its values: a server gives so many at a time, and says so in the attribute's name."""
    found = dict(entry.values)
    for attribute in {match[1] for name in entry.values if (match := _RANGE.fullmatch(name))}:
        found[attribute] = _all_values(server, entry, attribute)
    return Entry(entry.dn, found)


def _all_values(server: Connection, entry: Entry, attribute: str) -> list[bytes]:
    values: list[bytes] = []
    part = entry
    while (name := next((one for one in part.values if one.startswith(f"{attribute};range=")), None)) is not None:
        values += part.values[name]
        last = name.rpartition("-")[2]
        if last == "*":
            break
        part = server.one(entry.dn, [f"{attribute};range={int(last) + 1}-*"]) or Entry(entry.dn, {})
    return values


def _row(entry: Entry, employee_id: str) -> dict[str, object]:
    row: dict[str, object] = {
        "object_id": _id(entry),
        "kind": _kind(entry),
        "deleted": entry.text("isDeleted") == "TRUE",
        "employee_id": entry.text(employee_id),
        "admin_count": entry.text("adminCount") not in (None, "", "0"),
        **{
            ours: [value.decode("utf-8", "replace") for value in entry.values.get(theirs.lower(), ())]
            for theirs, ours in _MANY.items()
        },
        "distinguished_name": entry.dn,
        "common_name": entry.text("cn") if entry.dn[:3].upper() == "CN=" else None,
        **{ours: entry.text(theirs) for theirs, ours in _NAMES.items()},
        **{ours: True for theirs, ours in _FILLED.items() if any(entry.values.get(theirs, ()))},
        "enabled": _enabled(entry.text("userAccountControl")),
        **{ours: entry.text(theirs) for ours, (_, theirs) in TOLD.items()},
        "manager": entry.text("manager"),
    }
    return _as_it_was(row, entry.text("lastKnownParent")) if row["deleted"] else row


def _enabled(control: str | None) -> bool | None:
    """Whether an account may sign in; None of an object that has no userAccountControl, or one that is no number."""
    try:
        return None if control is None else not int(control) & _DISABLED
    except ValueError:
        return None


def _id(entry: Entry) -> str:
    """The objectGUID; of an object that shows nothing but its name, an id made of that."""
    guid = entry.values.get("objectguid")
    if guid and len(guid[0]) == 16:
        return str(uuid.UUID(bytes_le=guid[0]))
    return str(uuid.uuid5(uuid.NAMESPACE_X500, entry.dn.lower()))


def _as_it_was(row: dict[str, object], parent: str | None) -> dict[str, object]:
    """A deleted object under the name and in the container that it had, which a restore would give it back."""
    name, dn = row["common_name"], str(row["distinguished_name"])
    if not isinstance(name, str):
        return row
    name = _DELETED.sub("", name)
    known = parent is not None and not _DELETED_DN.search(parent)
    return {**row, "common_name": name, "distinguished_name": f"CN={escape_rdn(name)},{parent}" if known else dn}


def _kind(entry: Entry) -> str:
    classes = {value.decode("ascii", "replace").lower() for value in entry.values.get("objectclass", ())}
    return next((kind for kind, names in _KINDS if names & classes), "other")
