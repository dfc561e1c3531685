"""Resources as the REST framework shows them: pages, expanded children, fields, links, in the shapes of versions 1 to 9."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from hcm_pipeline.sandbox.oracle.messages import Asked, Refused, Reply
from hcm_pipeline.sandbox.oracle.query import Node, Shape, sort_key
from hcm_pipeline.sandbox.oracle.tree import paths

COLLECTION = "application/vnd.oracle.adf.resourcecollection+json"
ITEM = "application/vnd.oracle.adf.resourceitem+json"
DEFAULT_LIMIT = 25
CHILD_LIMIT = 25
VERSIONS = range(1, 10)
BROKEN = (
    '{"title":"Internal Server Error","status":"500","o:errorDetails":[{"detail":"JBO-25013: Too many objects match the '
    'primary key oracle.jbo.Key[%s ]."}]}'
)
"""The words that a fault of serialisation writes behind what was written already."""

Path = tuple[str, ...]


@dataclass(frozen=True)
class View:
    """The wishes of a call about each row. `fields`: attributes by path; None: all of those that are expanded."""

    version: int
    links: bool
    expanded: frozenset[Path]
    fields: dict[Path, tuple[str, ...]] | None
    withheld: frozenset[str]
    rels: frozenset[str] | None

    @property
    def collections(self) -> bool:
        """Whether expanded children are collection objects; before version 3 they are arrays."""
        return self.version >= 3


def version_of(asked: Asked) -> int:
    """The framework version that a call asks for; 1 without the header. Raises Refused."""
    text = asked.headers.get("rest-framework-version", "1").strip()
    if not text.isdecimal() or int(text) not in VERSIONS:
        raise Refused(400, f"The REST framework version {text} is not one of 1 to {VERSIONS[-1]}.")
    return int(text)


def view_of(asked: Asked, shape: Shape, withheld: frozenset[str]) -> View:
    """The view of a call. Raises Refused for what the resource does not have."""
    fields = _fields(asked.value("fields"), shape)
    expanded: set[Path] = set()
    if fields is not None:
        expanded = {path[:end] for path in fields for end in range(1, len(path) + 1)}
    elif text := asked.value("expand"):
        if text.strip().lower() == "all":
            expanded = set(paths(shape))
        else:
            for word in text.split(","):
                path = tuple(word.strip().split("."))
                shape.at(path)
                expanded |= {path[:end] for end in range(1, len(path) + 1)}
    rels = asked.value("links")
    return View(
        version_of(asked),
        not asked.flag("onlyData"),
        frozenset(expanded),
        fields,
        withheld,
        None if rels is None else frozenset(rels.split(",")),
    )


def _fields(text: str | None, shape: Shape) -> dict[Path, tuple[str, ...]] | None:
    if not text:
        return None
    wanted: dict[Path, tuple[str, ...]] = {}
    for part in text.split(";"):
        before, colon, names = part.rpartition(":")
        path = tuple(before.strip().split(".")) if colon else ()
        known = shape.at(path).attributes
        listed = tuple(name.strip() for name in names.split(",") if name.strip())
        for name in listed:
            if name not in known:
                raise Refused(400, f"{name} is not an attribute of {'.'.join((shape.name, *path))}.", "27522")
        wanted[path] = (*wanted.get(path, ()), *listed)
    return wanted


class Renderer:
    """Renders rows for one call. `secret` makes the keys that nobody can guess."""

    def __init__(self, view: View, secret: bytes) -> None:
        self._view, self._secret = view, secret

    def key(self, node: Node, shape: Shape) -> str:
        """The key of a row in a path."""
        return self.key_of(node.key, shape)

    def key_of(self, plain: str, shape: Shape) -> str:
        """The key in a path for a plain one."""
        if not shape.hashed:
            return plain
        digest = hmac.new(self._secret, f"{shape.name}/{plain}".encode(), hashlib.sha256).hexdigest()
        return f"00020000000EACED00057708{digest[:32].upper()}"

    def item(self, node: Node, shape: Shape, collection: str, path: Path = ()) -> dict[str, Any]:
        """One row. `collection`: the address of what it is in; `path`: of the child from the resource on."""
        view = self._view
        here = f"{collection}/{self.key(node, shape)}"
        if view.fields is None:
            shown = dict(node.attributes)
        else:
            shown = {name: node.attributes[name] for name in view.fields.get(path, ()) if name in node.attributes}
        for name, child in shape.children.items():
            if (*path, name) in view.expanded and name not in view.withheld:
                rows = node.children.get(name, [])
                shown[name] = self.children(rows, child, f"{here}/child/{name}", (*path, name))
        if view.links:
            shown["links"] = self._links(here, shape)
        return shown

    def children(self, rows: list[Node], shape: Shape, here: str, path: Path) -> Any:
        """An expanded child: an array, or from version 3 on the first page of a collection."""
        if not self._view.collections:
            return [self.item(row, shape, here, path) for row in rows]
        items = [self.item(row, shape, here, path) for row in rows[:CHILD_LIMIT]]
        links = {"links": [_link("self", here, shape.name, "collection")]} if self._view.links else {}
        return {
            "items": items, "count": len(items), "hasMore": len(rows) > CHILD_LIMIT, "limit": CHILD_LIMIT, "offset": 0,
            **links,
        }  # fmt: skip

    def _links(self, here: str, shape: Shape) -> list[dict[str, str]]:
        links = [_link("self", here, shape.name, "item"), _link("canonical", here, shape.name, "item")]
        links += [
            _link("child", f"{here}/child/{name}", name, "collection")
            for name in shape.children
            if name not in self._view.withheld
        ]
        return [link for link in links if self._view.rels is None or link["rel"] in self._view.rels]


def _link(rel: str, href: str, name: str, kind: str) -> dict[str, str]:
    return {"rel": rel, "href": href, "name": name, "kind": kind}


@dataclass(frozen=True)
class Listing:
    """A page of rows, cut from all that match."""

    rows: list[Node]
    matching: int
    offset: int
    limit: int

    @property
    def more(self) -> bool:
        """Whether rows follow."""
        return self.offset + len(self.rows) < self.matching


def listing(asked: Asked, shape: Shape, rows: Sequence[Node], cap: int, disorder: random.Random | None) -> Listing:
    """The page that a call asks for; rows without an order come in that of `disorder`. Raises Refused."""
    ordered = list(rows)
    order = asked.value("orderBy")
    if order:
        for word in reversed(order.split(",")):
            name, _, direction = word.strip().partition(":")
            if name not in shape.attributes or direction not in ("", "asc", "desc"):
                raise Refused(400, f"orderBy: {word} is not an attribute of {shape.name} with asc or desc.", "27522")
            ordered.sort(key=lambda node: sort_key(node.attributes[name]), reverse=direction == "desc")
    elif disorder is not None:
        disorder.shuffle(ordered)
    limit = min(_number(asked, "limit", DEFAULT_LIMIT, least=1), cap)
    offset = _number(asked, "offset", 0, least=0)
    return Listing(ordered[offset : offset + limit], len(ordered), offset, limit)


def _number(asked: Asked, name: str, default: int, *, least: int) -> int:
    text = asked.value(name)
    if text is None:
        return default
    if not text.isdecimal() or not least <= int(text) < 10**9:
        raise Refused(400, f"URL request parameter {name} with value {text} is not valid.")
    return int(text)


def collection_reply(
    asked: Asked, shape: Shape, page: Listing, renderer: Renderer, here: str, view: View, path: Path = ()
) -> Reply:
    """A page as JSON."""
    items = [renderer.item(node, shape, here, path) for node in page.rows]
    body: dict[str, Any] = {"items": items}
    if asked.flag("totalResults"):
        body["totalResults"] = page.matching
    body |= {"count": len(items), "hasMore": page.more, "limit": page.limit, "offset": page.offset}
    if view.links or not path:
        body["links"] = [_link("self", here, shape.name, "collection")]
    return Reply(200, orjson.dumps(body), COLLECTION)


def item_reply(shape: Shape, node: Node, renderer: Renderer, here: str, path: Path = ()) -> Reply:
    """One row as JSON."""
    return Reply(200, orjson.dumps(renderer.item(node, shape, here, path)), ITEM)


def broken(reply: Reply, page: Listing, spoiled: frozenset[str], renderer: Renderer, shape: Shape, here: str) -> Reply:
    """The reply cut off in the middle of the first of the people that spoil it, with the error behind."""
    place = next(number for number, node in enumerate(page.rows) if node.owner in spoiled)
    before = [orjson.dumps(renderer.item(node, shape, here)) for node in page.rows[:place]]
    node = page.rows[place]
    half = orjson.dumps(renderer.item(node, shape, here))
    text = b'{"items":[' + b"".join(one + b"," for one in before) + half[: len(half) // 2]
    return Reply(200, text + (BROKEN % node.key).encode(), reply.kind)
