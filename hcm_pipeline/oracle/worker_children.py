"""A worker's children in full: collection objects and plain arrays alike, and past the 25 rows that come with the worker."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from hcm_pipeline.errors import ServiceRefused
from hcm_pipeline.oracle import privileges
from hcm_pipeline.oracle.reading_rules import MoreColumn, ReadingRules
from hcm_pipeline.oracle.rest_queries import Item, RestQueries, rows_in
from hcm_pipeline.oracle.transport import Call
from hcm_pipeline.oracle.worker_rows import (
    ADDRESSES,
    ASSIGNMENTS,
    ASSIGNMENTS_DFF,
    ASSIGNMENTS_EFF,
    CITIZENSHIPS,
    EMAILS,
    EXTERNAL_IDS,
    LEGISLATIVE,
    MANAGERS,
    NAMES,
    PHONES,
    RELATIONSHIPS,
    RELATIONSHIPS_DFF,
    WORKERS_DFF,
    WORKERS_EFF,
    is_of_context,
)

Tree = Mapping[str, "Tree"]

_TREE: Tree = {NAMES: {}, EMAILS: {}, PHONES: {}, ADDRESSES: {}, RELATIONSHIPS: {ASSIGNMENTS: {MANAGERS: {}}}}
NESTED_LIMIT = 25
"""Rows of a child that come with its parent (facts of Oracle, 2.2)."""
_CHILD_OF_CONTEXT = "privateVO"
_WITHHELD = 403
_CHILD = Call("children", privileges.WORKERS, frozenset({400, _WITHHELD, 404}))
"""A child may be withheld by itself: without a key, by 404 or by 403."""
_PART = Call("parts", privileges.WORKERS, frozenset({400, _WITHHELD, 404}), divisible=True)


def tree_of(rules: ReadingRules) -> Tree:
    """The children that a worker is read with."""
    asked = {more.child for more in rules.more}
    of_assignments = {**_optional(asked, ASSIGNMENTS_DFF), **_extensible(rules, ASSIGNMENTS_EFF)}
    of_relationships = _optional(asked, RELATIONSHIPS_DFF)
    below: Tree = {ASSIGNMENTS: {MANAGERS: {}, **of_assignments}, **of_relationships}
    of_workers = _optional(asked, WORKERS_DFF, LEGISLATIVE, CITIZENSHIPS, EXTERNAL_IDS)
    return {**_TREE, RELATIONSHIPS: below, **of_workers, **_extensible(rules, WORKERS_EFF)}


def _optional(asked: Set[str], *children: str) -> Tree:
    return {child: {} for child in children if child in asked}


def _extensible(rules: ReadingRules, child: str) -> Tree:
    """An extensible flexfield. Its contexts come with the worker where the profile names them as the service does; else by a link,
    for what the service calls them is not known beforehand."""
    contexts = _contexts(rules, child)
    return {child: {name: {} for name in contexts if name.endswith(_CHILD_OF_CONTEXT)}} if contexts else {}


def _contexts(rules: ReadingRules, child: str) -> list[str]:
    """The contexts that the profile asks for, each once."""
    return list(dict.fromkeys(more.of_type for more in rules.more if more.child == child))


def expansion(tree: Tree) -> str:
    """The value of `expand` for children; parents are implied."""
    paths = (f"{child}.{below}" for child, under in tree.items() for below in (expansion(under).split(",")))
    return ",".join(path.rstrip(".") for path in paths)


class WorkerParts:
    """The children that workers of one service are asked for with. Any thread may ask.

    Those that the profile names besides are asked for alone first: a service that refuses one (400, 403, 404), because it has no
    such child or our account may not see it, would refuse whole pages of workers with it. It is left out then, and told as missing.
    """

    def __init__(self, queries: RestQueries, rules: ReadingRules) -> None:
        self._queries, self._rules = queries, rules
        self._lock = threading.Lock()
        self._tree: Tree | None = None

    @property
    def tree(self) -> Tree:
        """The children. Raises what a call raises, but for a refusal of a child that the profile names."""
        with self._lock:
            if self._tree is None:
                self._tree = tree_of(replace(self._rules, more=tuple(self._answered())))
            return self._tree

    @property
    def expansion(self) -> str:
        """The value of `expand` for the children."""
        return expansion(self.tree)

    def _answered(self) -> Iterator[MoreColumn]:
        usual = set(expansion(_TREE).split(","))
        refused = [
            set(path.split("."))
            for path in expansion(tree_of(self._rules)).split(",")
            if path not in usual and not self._queries.answers(_PART, "workers", [("expand", path), ("limit", "1")])
        ]
        for more in self._rules.more:
            if not any(more.child in path and (more.of_type in path or not _has_context(path)) for path in refused):
                yield more


def _has_context(path: Set[str]) -> bool:
    return any(name.endswith(_CHILD_OF_CONTEXT) for name in path)


class WorkerChildren:
    """Completes workers of one service. Any thread may ask."""

    def __init__(self, queries: RestQueries, rules: ReadingRules, parts: WorkerParts) -> None:
        self._queries = queries
        self._limit = rules.limit
        self._parts = parts
        self._contexts = {child: _contexts(rules, child) for child in (WORKERS_EFF, ASSIGNMENTS_EFF)}

    def complete(self, worker: Item, on: dt.date) -> dict[str, Any]:
        """The worker with its children as lists. A child that did not come, or not in full, has no key.

        Raises BrokenAnswer when the answer about a child is broken.
        """
        return self._complete(worker, self._parts.tree, on)

    def _complete(self, item: Item, tree: Tree, on: dt.date) -> dict[str, Any]:
        done = {name: value for name, value in item.items() if name not in tree and name != "links"}
        for child, below in tree.items():
            rows = self._rows(item, child, below, on)
            if rows is not None:
                done[child] = [self._complete(row, below, on) for row in rows]
                for context in self._contexts.get(child, ()):
                    for row, whole in zip(rows, done[child], strict=True):
                        self._add_context(row, whole, context, on)
        return done

    def _add_context(self, row: Item, whole: dict[str, Any], context: str, on: dt.date) -> None:
        """The rows of a context under the name that the profile has for it; none where they did not come."""
        inline = next((name for name in row if name != "links" and is_of_context(name, context)), None)
        links = ((name, href) for rel, name, href in links_of(row) if rel == "child")
        link = next((href for name, href in links if is_of_context(name, context)), None)
        found = self._rows(row, inline, {}, on) if inline is not None else None
        if found is None and link is not None:
            found = self._whole(link, [], {}, on)
        if found is not None:
            whole[context] = found

    def _rows(self, item: Item, child: str, below: Tree, on: dt.date) -> list[Item] | None:
        value = item.get(child)
        rows, more = rows_in(value)
        if rows is None:
            return None
        if isinstance(value, Mapping) and "hasMore" not in value:
            more = len(rows) == NESTED_LIMIT
        link = _self(value) or _below(item, child)
        if isinstance(value, list):  # framework versions 1 and 2 do not say whether there are more
            if len(rows) != NESTED_LIMIT or link is None:
                return rows
            try:
                return self._rest(link, rows, below, on) or rows
            except ServiceRefused:
                return None  # there may be more, which we may not see
        if not more:
            return rows
        return None if link is None else self._whole(link, rows, below, on)

    def _whole(self, link: str, rows: list[Item], below: Tree, on: dt.date) -> list[Item] | None:
        try:
            return self._rest(link, rows, below, on)
        except ServiceRefused:
            return None

    def _rest(self, link: str, rows: list[Item], below: Tree, on: dt.date) -> list[Item] | None:
        """All rows of a child, whose first are known; None when the rest cannot be had. Raises ServiceRefused (403) for one that
        our account may not see."""
        try:
            path, query = _ours(link)
        except ValueError:
            return None  # it is no address
        query |= {"effectiveDate": on.isoformat(), "limit": str(self._limit)}
        if below:
            query["expand"] = expansion(below)
        rows = list(rows)
        while True:
            query["offset"] = str(len(rows))
            page = self._queries.child_page(_CHILD, path, list(query.items()))
            if page is None:
                return None
            items, more = page
            if rows and any(_bare(one) == _bare(rows[-1]) or _bare(one) == _bare(rows[0]) for one in items):
                return None  # the service ignores `offset`
            rows += items
            if not more:
                return rows
            if not items:
                return None


def _bare(item: Item) -> dict[str, Any]:
    return {name: value for name, value in item.items() if not isinstance(value, dict | list)}


def links_of(item: object) -> Iterator[tuple[str, str, str]]:
    """Rel, name and address of each link."""
    links = item.get("links") if isinstance(item, Mapping) else None
    for link in links if isinstance(links, list) else []:
        if isinstance(link, Mapping) and isinstance(link.get("href"), str):
            yield str(link.get("rel") or ""), str(link.get("name") or ""), link["href"]


def _self(item: object) -> str | None:
    return next((href for rel, _, href in links_of(item) if rel == "self"), None)


def _below(item: Item, child: str) -> str | None:
    """The address of a child by its parent's links. The key in it is opaque, so that none is ever made up."""
    own = next((href for rel, name, href in links_of(item) if rel == "child" and name == child), None)
    parent = _self(item)
    return own or (f"{parent.partition('?')[0].rstrip('/')}/child/{child}" if parent else None)


def _ours(link: str) -> tuple[str, dict[str, str]]:
    """Path and query of a link. Its host is not asked for: it may be one behind a gateway, or somebody else's."""
    parts = urlsplit(urljoin("/", link))
    return parts.path, dict(parse_qsl(parts.query))
