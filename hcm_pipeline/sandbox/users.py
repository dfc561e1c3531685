"""Reading the directory back: users by number or name, page by page, and their managers."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from typing import Any

import orjson

from hcm_pipeline.sandbox.attribute_mapping import graph_user
from hcm_pipeline.sandbox.odata import (
    BadQuery,
    Field,
    known_options,
    parse_filter,
    parse_top,
    read_skip_token,
    where,
)
from hcm_pipeline.sandbox.state import Store

DEFAULT_PAGE, LARGEST_PAGE = 100, 999
BY_DEFAULT = (
    "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName",
)  # fmt: skip
"""What Graph shows without $select; employeeId is not among it."""

FIELDS = {
    "employeeId": Field("employee_id"),
    "userPrincipalName": Field("upn"),
    "id": Field("id"),
}
_EXPAND_MANAGER = re.compile(r"manager(?:\(\$select=([A-Za-z,]+)\))?")

Json = dict[str, Any]


class NotFound(Exception):
    """No such user, or no manager."""


GROUP_PROPERTIES = ("displayName", "mail", "mailNickname", "proxyAddresses", "onPremisesSamAccountName")
"""Of a group, beside its id: what the sandbox knows and shows without $select."""


def list_deleted_users(store: Store, query: Mapping[str, str]) -> tuple[list[Json], int | None]:
    """One page of soft-deleted users ("List deletedItems"), and the position of the next. Raises BadQuery."""
    rows, more = _plain_page(store, "deleted_users", query)
    shown = [(graph_user(row["id"], orjson.loads(row["body"])), query.get("$select")) for row in rows]
    return [_selected(user, select) for user, select in shown], more


def list_groups(store: Store, query: Mapping[str, str]) -> tuple[list[Json], int | None]:
    """One page of groups, and the position of the next. Raises BadQuery."""
    rows, more = _plain_page(store, "groups", query)
    names = query.get("$select") or ",".join(("id", *GROUP_PROPERTIES))
    return [_selected(graph_group(row["id"], orjson.loads(row["body"])), names) for row in rows], more


def graph_group(object_id: str, body: Mapping[str, object]) -> Json:
    """A group resource as Graph shows it, with every property the sandbox knows."""
    unset: Json = {name: [] if name == "proxyAddresses" else None for name in GROUP_PROPERTIES}
    return {**unset, "id": object_id, **body}


def _plain_page(store: Store, table: str, query: Mapping[str, str]) -> tuple[list[sqlite3.Row], int | None]:
    known_options(query, {"$select", "$top", "$skiptoken"})
    page = parse_top(query.get("$top"), DEFAULT_PAGE, LARGEST_PAGE)
    after = read_skip_token(query["$skiptoken"], 1)[0] if "$skiptoken" in query else 0
    rows = store.rows(f"SELECT * FROM {table} WHERE seq > ? ORDER BY seq LIMIT {page + 1}", (after,))
    return rows[:page], rows[page - 1]["seq"] if len(rows) > page else None


def list_users(store: Store, query: Mapping[str, str]) -> tuple[list[Json], int | None]:
    """One page in the order of creation, and the position of the next. Raises BadQuery."""
    known_options(query, {"$filter", "$select", "$expand", "$top", "$skiptoken"})
    comparisons = parse_filter(query["$filter"], FIELDS) if "$filter" in query else []
    conditions, values = where(comparisons, FIELDS)
    page = parse_top(query.get("$top"), DEFAULT_PAGE, LARGEST_PAGE)
    if "$skiptoken" in query:
        conditions.append("seq > ?")
        values.extend(read_skip_token(query["$skiptoken"], 1))
    condition = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = store.rows(f"SELECT * FROM users {condition} ORDER BY seq LIMIT {page + 1}", tuple(values))
    more = rows[page - 1]["seq"] if len(rows) > page else None
    return [_shown(store, row, query) for row in rows[:page]], more


def one_user(store: Store, key: str, query: Mapping[str, str]) -> Json:
    """By object id or userPrincipalName. Raises NotFound."""
    known_options(query, {"$select", "$expand"})
    return _shown(store, _row(store, key), query)


def manager_of(store: Store, key: str, query: Mapping[str, str]) -> Json:
    """A user's manager. Raises NotFound."""
    known_options(query, {"$select"})
    manager = orjson.loads(_row(store, key)["body"]).get("manager")
    if manager is None:
        raise NotFound
    return _shown(store, _row(store, manager), query)


def _row(store: Store, key: str) -> sqlite3.Row:
    rows = store.rows("SELECT * FROM users WHERE id = ? OR upn = ? LIMIT 1", (key, key))
    if not rows:
        raise NotFound
    return rows[0]


def _shown(store: Store, row: sqlite3.Row, query: Mapping[str, str]) -> Json:
    attributes = orjson.loads(row["body"])
    shown = _selected(graph_user(row["id"], attributes), query.get("$select"))
    if "$expand" in query:
        match = _EXPAND_MANAGER.fullmatch(query["$expand"])
        if match is None:
            raise BadQuery("Invalid value for $expand: only manager is supported")
        if attributes.get("manager"):
            manager = _row(store, attributes["manager"])
            shown["manager"] = _selected(graph_user(manager["id"], orjson.loads(manager["body"])), match.group(1))
    return shown


def _selected(user: dict[str, object], select: str | None) -> Json:
    names = [name.strip() for name in select.split(",")] if select else list(BY_DEFAULT)
    unknown = [name for name in names if name not in user]
    if unknown:
        raise BadQuery(f"Could not find a property named '{unknown[0]}' on type 'microsoft.graph.user'.")
    if select and "id" not in names:
        names.append("id")
    return {name: user[name] for name in names}
