"""The resources: workers with children, emps, publicWorkers and userAccounts; found by query, or by the keys of links."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from hcm_pipeline.sandbox.oracle.messages import Asked, Refused, Reply
from hcm_pipeline.sandbox.oracle.people import EMPLOYEE, LAST, Person
from hcm_pipeline.sandbox.oracle.query import Match, Node, Shape, parse
from hcm_pipeline.sandbox.oracle.resources import (
    Listing,
    Renderer,
    View,
    broken,
    collection_reply,
    item_reply,
    listing,
    version_of,
    view_of,
)
from hcm_pipeline.sandbox.oracle.tree import (
    ACCOUNTS,
    EMPS,
    PUBLIC_WORKERS,
    WORKERS,
    Trees,
    account_node,
    flat_node,
)

if TYPE_CHECKING:
    from hcm_pipeline.sandbox.oracle.service import Hcm

SHAPES = {shape.name: shape for shape in (WORKERS, EMPS, PUBLIC_WORKERS, ACCOUNTS)}
SIMPLE_ORDERS = tuple(name + way for name in ("PersonId", "PersonNumber") for way in ("", ":asc", ":desc"))
BY_PERSON = ("PersonNumber", "PersonId", "Username", "GUID")
BY_ASSIGNMENT = ("workRelationships.assignments.AssignmentNumber", "workRelationships.assignments.AssignmentId")


def read(hcm: Hcm, asked: Asked, name: str, rest: Sequence[str], root: str) -> Reply:
    """Answer a GET of a resource: `rest` are the parts of the path behind its name. Raises Refused."""
    shape = SHAPES[name]
    on = LAST if shape is ACCOUNTS else _date(asked, hcm.today())
    here = f"{asked.base}{root}/{name}"
    view = view_of(asked, _shown(shape, rest), hcm.options.withheld_children)
    renderer = Renderer(view, hcm.secret)
    if rest:
        return _below(hcm, asked, shape, on, rest, here, renderer)
    wanted = _wanted(hcm, asked, shape)
    if wanted is None and shape is WORKERS and asked.value("orderBy") in (None, *SIMPLE_ORDERS):
        page = _plain_page(hcm, asked, on)
    else:
        page = listing(asked, shape, _matching(hcm, shape, on, wanted), hcm.options.limit_cap, _disorder(hcm))
    reply = collection_reply(asked, shape, page, renderer, here, view)
    people = frozenset(node.owner for node in page.rows)
    fault = hcm.faults.take("broken_page", name, people=people) if name == "workers" else None
    if fault is not None and people:
        return broken(reply, page, fault.person_numbers or people, renderer, shape, here)
    return reply


def _plain_page(hcm: Hcm, asked: Asked, on: date) -> Listing:
    """A page of all workers: only those on it are looked at closely, for there may be many."""
    order = asked.value("orderBy")
    stubs = hcm.remembered((on, order), lambda: _stubs(hcm, on)) if order else _stubs(hcm, on)
    page = listing(asked, WORKERS, stubs, hcm.options.limit_cap, _disorder(hcm))
    rows = [node_of(hcm, WORKERS, hcm.people[int(stub.key)], on) for stub in page.rows]
    return replace(page, rows=[row for row in rows if row is not None])


def _stubs(hcm: Hcm, on: date) -> list[Node]:
    return [
        Node(str(one.id), {"PersonId": one.id, "PersonNumber": one.number})
        for one in hcm.people.values()
        if hcm.sees(one, on)
    ]


def _shown(shape: Shape, rest: Sequence[str]) -> Shape:
    """The shape of what a path leads to."""
    for name in rest[2::3]:
        if name not in shape.children:
            raise Refused(404, "The resource does not exist.")
        shape = shape.children[name]
    return shape


def _disorder(hcm: Hcm) -> random.Random | None:
    return random.Random(hcm.count_call()) if hcm.options.shuffled else None


def _date(asked: Asked, today: date) -> date:
    text = asked.value("effectiveDate")
    if text is None:
        return today
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(400, f"URL request parameter effectiveDate with value {text} is not valid.") from None


def _wanted(hcm: Hcm, asked: Asked, shape: Shape) -> Match | None:
    if asked.value("finder"):
        raise Refused(400, "The finder is not known.")
    text = asked.value("q")
    return parse(text, shape, version_of(asked), in_operator=hcm.options.in_operator) if text else None


def _matching(hcm: Hcm, shape: Shape, on: date, wanted: Match | None) -> list[Node]:
    people: Iterable[Person] = hcm.people.values()
    if wanted is not None and wanted.equal is not None:
        named = [hcm.find(path, value) for path, value in wanted.equal]
        if all(path in (*BY_PERSON, *BY_ASSIGNMENT) for path, _ in wanted.equal):
            people = {person.id: person for found in named for person in found}.values()
    nodes = (node_of(hcm, shape, person, on) for person in people if hcm.sees(person, on))
    return [node for node in nodes if node is not None and (wanted is None or wanted.test(node))]


def node_of(hcm: Hcm, shape: Shape, person: Person, on: date) -> Node | None:
    """The row of a person in a resource; None: there is none."""
    if shape is WORKERS:
        node = Trees(on, hcm.assignment_numbers, emails_follow=hcm.options.emails_follow_date).worker(person)
        return _without(node, hcm.options.withheld_children)
    if shape is ACCOUNTS:
        return account_node(person)
    if shape is EMPS and not any(one.type == EMPLOYEE and one.active(on) for one in person.relationships):
        return None
    return flat_node(shape, person, on)


def _without(node: Node, withheld: frozenset[str]) -> Node:
    for name in list(node.children):
        if name in withheld:
            node.children[name] = []
        for child in node.children[name]:
            _without(child, withheld)
    return node


def _below(hcm: Hcm, asked: Asked, shape: Shape, on: date, rest: Sequence[str], here: str, renderer: Renderer) -> Reply:
    """A row by its key, a child of it, a row of the child, and so on."""
    node = top(hcm, shape, on, rest[0], renderer)
    here, at, left = f"{here}/{rest[0]}", shape, list(rest[1:])
    while left:
        if (
            left[0] != "child"
            or len(left) < 2
            or left[1] not in at.children
            or left[1] in hcm.options.withheld_children
        ):
            raise Refused(404, "The resource does not exist.")
        at, here = at.children[left[1]], f"{here}/child/{left[1]}"
        rows = node.children.get(left[1], [])
        if len(left) == 2:
            return _child(hcm, asked, at, rows, here, renderer)
        node = by_key(rows, at, left[2], renderer)
        here, left = f"{here}/{left[2]}", left[3:]
    reply = item_reply(at, node, renderer, here.rpartition("/")[0])
    fault = hcm.faults.take("broken_page", shape.name, people=frozenset({node.owner})) if shape is WORKERS else None
    return replace(reply, content=reply.content[: len(reply.content) // 2]) if fault else reply


def top(hcm: Hcm, shape: Shape, on: date, key: str, renderer: Renderer) -> Node:
    """The row of a resource by its key in a path. Raises Refused."""
    for person in hcm.keyed(key, shape, renderer):
        node = node_of(hcm, shape, person, on) if hcm.sees(person, on) else None
        if node is not None and renderer.key(node, shape) == key:
            return node
    raise Refused(404, "The resource does not exist.")


def by_key(rows: list[Node], shape: Shape, key: str, renderer: Renderer) -> Node:
    """The row of a child by its key in a path. Raises Refused."""
    for node in rows:
        if renderer.key(node, shape) == key:
            return node
    raise Refused(404, "The resource does not exist.")


def _child(hcm: Hcm, asked: Asked, shape: Shape, rows: list[Node], here: str, renderer: Renderer) -> Reply:
    text = asked.value("q")
    if text:
        wanted = parse(text, shape, version_of(asked), in_operator=hcm.options.in_operator)
        rows = [node for node in rows if wanted.test(node)]
    view: View = view_of(asked, shape, hcm.options.withheld_children)
    page = listing(asked, shape, rows, hcm.options.limit_cap, _disorder(hcm))
    return collection_reply(asked, shape, page, renderer, here, view)
