"""Change tracking of users and groups: everything first, then what has changed, page by page behind opaque tokens.

Source: "Use delta query to track changes in Microsoft Graph data", "Get incremental changes for users" and "user: delta".
Properties that were never set are left out, cleared ones are null, and only changes of the selected properties count. As on the
service, a change may come twice, and a page may be empty.
"""

from __future__ import annotations

import base64
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson

from hcm_pipeline.sandbox.attribute_mapping import graph_user
from hcm_pipeline.sandbox.clock import micros
from hcm_pipeline.sandbox.odata import BadQuery, known_options
from hcm_pipeline.sandbox.refusals import GraphError
from hcm_pipeline.sandbox.state import Store
from hcm_pipeline.sandbox.users import BY_DEFAULT, GROUP_PROPERTIES, graph_group

PAGE = 200
TOKEN_SECONDS = 7 * 86_400
"""Directory objects' tokens are good for seven days."""
GENERATION = "delta_generation"

Json = dict[str, Any]
MANAGER = "manager"
"""The relationship of a user that is tracked; answers have it as `manager@delta`: who came, and who went."""


def _user(object_id: str, attributes: Json) -> Json:
    return {**graph_user(object_id, attributes), MANAGER: attributes.get(MANAGER)}


_SHOWN: dict[str, Callable[[str, Json], Json]] = {"users": _user, "groups": graph_group}
_DEFAULT = {"users": BY_DEFAULT, "groups": ("id", *GROUP_PROPERTIES)}


@dataclass(frozen=True)
class Token:
    """Where a client stands. `full`: it is still being told everything, up to `place`; else changes from `since` to `until`."""

    kind: str
    generation: str
    select: str
    issued: int
    full: bool
    since: int
    until: int
    place: int = 0

    def write(self) -> str:
        """As an opaque text."""
        return base64.urlsafe_b64encode(orjson.dumps(asdict(self))).decode().rstrip("=")


@dataclass(frozen=True)
class Page:
    """One page, and the token behind it: of the next page, or (`last`) for the changes to come."""

    entries: list[Json]
    token: str
    last: bool


def forget(store: Store) -> None:
    """Every token given out so far is of no use from now on: a client with one must read everything again."""
    store.keep({GENERATION: secrets.token_hex(4)})


def changes(store: Store, kind: str, query: Mapping[str, str], prefer: str, now: float, full_url: str) -> Page:
    """One page of `users` or `groups`.

    Raises BadQuery, and GraphError: 410 with a Location to begin at, 400 syncStateNotFound for a token older than seven days.
    """
    known_options(query, {"$select", "$skiptoken", "$deltatoken"})
    text = query.get("$skiptoken") or query.get("$deltatoken") or ""
    newest = store.number("SELECT max(seq) FROM tracked")
    generation = store.meta().get(GENERATION, "0")
    if text in ("", "latest"):
        begun = Token(kind, generation, query.get("$select", ""), micros(now), True, newest, newest)
        _properties(begun)
        if text == "latest":
            return Page([], replace(begun, full=False).write(), last=True)
        return _everything(store, begun, now)
    token = _read(text, kind)
    if token.generation != generation:
        raise GraphError(410, "resyncRequired", "The sync state is gone; synchronize again.", {"Location": full_url})
    if micros(now) - token.issued > TOKEN_SECONDS * 1_000_000:
        told = "The sync state generation is not found. The delta token is expired and data must be synchronized again."
        raise GraphError(400, "syncStateNotFound", told)
    if token.full:
        return _everything(store, token, now)
    if "$deltatoken" in query:
        token = replace(token, until=newest, place=token.since)
    return _changes(store, token, now, minimal="return=minimal" in prefer)


def _read(text: str, kind: str) -> Token:
    try:
        token = Token(**orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
    except (ValueError, TypeError):
        raise BadQuery("Badly formed token.") from None
    if token.kind != kind:
        raise BadQuery("Badly formed token.")
    return token


def _properties(token: Token) -> list[str]:
    known = set(_SHOWN[token.kind]("", {})) | {"id"}
    names = [name.strip() for name in token.select.split(",")] if token.select else list(_DEFAULT[token.kind])
    for name in names:
        if name not in known:
            raise BadQuery(f"Could not find a property named '{name}' on type 'microsoft.graph.{token.kind[:-1]}'.")
    return [name for name in names if name != "id"]


def _everything(store: Store, token: Token, now: float) -> Page:
    rows = store.rows(f"SELECT * FROM {token.kind} WHERE seq > ? ORDER BY seq LIMIT {PAGE + 1}", (token.place,))
    names = _properties(token)
    entries = [_entry(names, {}, _shown(token, row["id"], row["body"]), minimal=False) for row in rows[:PAGE]]
    if len(rows) > PAGE:
        return Page(entries, replace(token, place=rows[PAGE - 1]["seq"], issued=micros(now)).write(), last=False)
    return Page(entries, replace(token, full=False, place=0, issued=micros(now)).write(), last=True)


def _changes(store: Store, token: Token, now: float, *, minimal: bool) -> Page:
    rows = store.rows(
        f"""SELECT id, min(seq) AS first, max(seq) AS last FROM tracked WHERE kind = ? AND seq > ? AND seq <= ?
        GROUP BY id HAVING max(seq) > ? ORDER BY last LIMIT {PAGE + 1}""",
        (token.kind, token.since, token.until, token.place),
    )
    entries = [entry for row in rows[:PAGE] if (entry := _change(store, token, row, minimal)) is not None]
    if len(rows) > PAGE:
        return Page(entries, replace(token, place=rows[PAGE - 1]["last"], issued=micros(now)).write(), last=False)
    return Page(entries, replace(token, since=token.until, place=0, issued=micros(now)).write(), last=True)


def _change(store: Store, token: Token, row: sqlite3.Row, minimal: bool) -> Json | None:
    found = store.rows(f"SELECT body FROM {token.kind} WHERE id = ?", (row["id"],))
    if not found:
        kept = token.kind == "users" and store.number("SELECT count(*) FROM deleted_users WHERE id = ?", (row["id"],))
        return {"id": row["id"], "@removed": {"reason": "changed" if kept else "deleted"}}
    (was,) = store.rows("SELECT before FROM tracked WHERE seq = ?", (row["first"],))
    before = {} if was["before"] is None else _shown(token, row["id"], was["before"])
    after = _shown(token, row["id"], found[0]["body"])
    names = _properties(token)
    if before and all(before.get(name) == after.get(name) for name in names):
        return None
    return _entry(names, before, after, minimal=minimal)


def _shown(token: Token, object_id: str, body: bytes) -> Json:
    return _SHOWN[token.kind](object_id, orjson.loads(body))


def _entry(names: list[str], before: Json, after: Json, *, minimal: bool) -> Json:
    """The properties of an entry: values, null for those cleared, none that was never set or (minimal) has not changed."""
    shown = {
        name: after.get(name)
        for name in names
        if (before.get(name) != after.get(name) if minimal else _set(before.get(name)) or _set(after.get(name)))
    }
    if MANAGER in shown:
        shown[f"{MANAGER}@delta"] = _links(before.get(MANAGER), shown.pop(MANAGER))
    return {**shown, "id": after["id"]}


def _links(before: object, after: object) -> list[Json]:
    gone = {"@odata.type": "#microsoft.graph.user", "id": before, "@removed": {"reason": "deleted"}}
    here = {"@odata.type": "#microsoft.graph.user", "id": after}
    return [*([here] if after else []), *([gone] if before and before != after else [])]


def _set(value: object) -> bool:
    return value is not None and value != []
