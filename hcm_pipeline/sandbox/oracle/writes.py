"""Writes to resources: phones and e-mails of workers, user accounts. Each raises the entry of empupdate that it does for people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import orjson

from hcm_pipeline.sandbox.oracle.actions import HumanResources
from hcm_pipeline.sandbox.oracle.entries import said
from hcm_pipeline.sandbox.oracle.messages import Asked, Refused, Reply
from hcm_pipeline.sandbox.oracle.people import LAST, Person, Row
from hcm_pipeline.sandbox.oracle.query import Node, Shape
from hcm_pipeline.sandbox.oracle.resources import Renderer, item_reply, view_of
from hcm_pipeline.sandbox.oracle.tree import ACCOUNTS, EMAILS, PHONES, WORKERS
from hcm_pipeline.sandbox.oracle.workers import node_of, top

if TYPE_CHECKING:
    from hcm_pipeline.sandbox.oracle.service import Hcm

Body = dict[str, Any]

ITEM_TYPES = ("application/vnd.oracle.adf.resourceitem+json", "application/json")
LONGEST_USERNAME = 100
CONTACTS = {
    "phones": (PHONES, "PhoneId", "PhoneType", "PhoneNumber", "PhoneNumber"),
    "emails": (EMAILS, "EmailAddressId", "EmailType", "EmailAddress", "WorkEmail"),
}
"""For each kind: shape, id, type, value, and the name of the value among changed attributes."""


def write(hcm: Hcm, asked: Asked, name: str, rest: Sequence[str], root: str) -> Reply:
    """Answer a POST, PATCH or DELETE. Raises Refused."""
    if name == "userAccounts" and len(rest) == 1 and asked.method == "PATCH":
        return _account(hcm, asked, rest[0], f"{asked.base}{root}/userAccounts")
    if name == "workers" and 3 <= len(rest) <= 4 and rest[1] == "child" and rest[2] in CONTACTS:
        if rest[2] in hcm.options.withheld_children:
            raise Refused(404, "The resource does not exist.")
        return _contact(hcm, asked, rest, f"{asked.base}{root}/workers/{rest[0]}/child/{rest[2]}")
    raise Refused(405, "The method is not allowed.")


def _renderer(hcm: Hcm, asked: Asked, shape: Shape) -> Renderer:
    return Renderer(view_of(asked, shape, hcm.options.withheld_children), hcm.secret)


def _contact(hcm: Hcm, asked: Asked, rest: Sequence[str], here: str) -> Reply:
    shape, _, kind, value, _ = CONTACTS[rest[2]]
    renderer = _renderer(hcm, asked, shape)
    person = hcm.person(top(hcm, WORKERS, hcm.today(), rest[0], renderer).owner)
    rows: list[Row] = getattr(person, rest[2])
    row = next((one for one in rows if len(rest) == 4 and str(one.id) == rest[3]), None)
    if asked.method == "POST" and len(rest) == 3:
        given = _given(asked, shape)
        for needed in (kind, value):
            if not given.get(needed):
                raise Refused(400, f"You must provide a value for the attribute {needed}.", "27014", f"/{needed}")
        begin = _day(given, "FromDate") or hcm.today()
        end = _day(given, "ToDate") or LAST
        made = Row(hcm.new_id(), begin, end, _values(given, shape))
        _no_overlap(rows, made, kind)
        rows.append(made)
        _keep(hcm, person, rest[2], None, made, "INSERT")
        return replace(_shown(hcm, person, rest[2], made, renderer, shape, here), status=201)
    if row is None:
        raise Refused(404, "The resource does not exist.")
    before = dict(row.values)
    if asked.method == "DELETE":
        rows.remove(row)
        _keep(hcm, person, rest[2], before, None, "DELETE")
        return Reply(204)
    if asked.method != "PATCH":
        raise Refused(405, "The method is not allowed.")
    given = _given(asked, shape)
    changed = replace(row, values={**row.values, **_values(given, shape, row.values)})
    changed.start = _day(given, "FromDate") or changed.start
    if "ToDate" in given:
        changed.end = _day(given, "ToDate") or LAST
    _no_overlap([one for one in rows if one is not row], changed, kind)
    same = changed == row
    rows[rows.index(row)] = changed
    if not same:
        _keep(hcm, person, rest[2], before, changed, "UPDATE")
    return _shown(hcm, person, rest[2], changed, renderer, shape, here)


def _given(asked: Asked, shape: Shape) -> Body:
    if asked.headers.get("content-type", "").partition(";")[0].strip().lower() not in ITEM_TYPES:
        raise Refused(415, "The content type is not one of a resource item.")
    try:
        body = orjson.loads(asked.body)
    except orjson.JSONDecodeError:
        raise Refused(400, "The body is no JSON.") from None
    if not isinstance(body, dict):
        raise Refused(400, "The body is no object.")
    for name in body:
        if name not in shape.attributes:
            raise Refused(400, f"{name} is not an attribute of {shape.name}.", "27522", f"/{name}")
    return body


def _values(given: Body, shape: Shape, held: Mapping[str, Any] | None = None) -> Body:
    """The values of a row; a number is formatted as Oracle does on saving."""
    dated = ("FromDate", "ToDate", f"{'Phone' if shape is PHONES else 'EmailAddress'}Id")
    values = {name: value for name, value in given.items() if name not in dated}
    if held is None:
        blank = {
            name: None for name in shape.attributes if name not in dated and "Creat" not in name and "Last" not in name
        }
        values = {**blank, "PrimaryFlag": False, **values}
    if isinstance(values.get("PhoneNumber"), str):
        values["PhoneNumber"] = formatted(values["PhoneNumber"])
    return values


def formatted(number: str) -> str:
    """Seven digits become three and four (`Correct_a_Worker_Phone.html`); other numbers stay as they are."""
    return f"{number[:3]}-{number[3:]}" if re.fullmatch(r"\d{7}", number) else number


def _day(given: Body, name: str) -> date | None:
    text = given.get(name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise Refused(400, f"The value of {name} is no date.", "27020", f"/{name}") from None


def _no_overlap(others: Sequence[Row], row: Row, kind: str) -> None:
    if row.end < row.start:
        raise Refused(400, "The end date is before the start date.", "PER-1530024", "/ToDate")
    for one in others:
        if one.values[kind] == row.values[kind] and one.start <= row.end and row.start <= one.end:
            raise Refused(
                400, f"There is one of the type {row.values[kind]} at that time already.", "PER-1531402", f"/{kind}"
            )


def _keep(hcm: Hcm, person: Person, name: str, before: Body | None, after: Row | None, dml: str) -> None:
    *_, value, attribute = CONTACTS[name]
    old, new = (before or {}).get(value), after.values[value] if after else None
    with hcm.transaction():
        hcm.keep(person)
        changed = said({attribute: (old, new)}, "both" if before and after else "new" if after else "old")
        what = "Phone Number" if name == "phones" else "E-Mail"
        words = {"INSERT": "Created", "UPDATE": "Updated", "DELETE": "Deleted"}
        HumanResources(hcm).tell(
            person, changed, f"Person {what} {words[dml]}", dml, hcm.sign_in.credentials.username.upper()
        )


def _shown(hcm: Hcm, person: Person, name: str, row: Row, renderer: Renderer, shape: Shape, here: str) -> Reply:
    node = node_of(hcm, WORKERS, person, max(hcm.today(), row.start))
    assert node is not None
    found: Node = next(one for one in node.children[name] if one.key == str(row.id))
    return item_reply(shape, found, renderer, here)


def _account(hcm: Hcm, asked: Asked, key: str, here: str) -> Reply:
    renderer = _renderer(hcm, asked, ACCOUNTS)
    person = hcm.person(top(hcm, ACCOUNTS, LAST, key, renderer).owner)
    given = _given(asked, ACCOUNTS)
    if "Username" in given:
        rename(hcm, person, given["Username"])
    if "SuspendedFlag" in given and person.account:
        person = hcm.person(person.number)
        assert person.account is not None
        person.account.suspended = given["SuspendedFlag"] is True
        hcm.keep(person)
    node = node_of(hcm, ACCOUNTS, hcm.person(person.number), LAST)
    assert node is not None
    return item_reply(ACCOUNTS, node, renderer, here)


def rename(hcm: Hcm, person: Person, username: object) -> None:
    """Give an account another user name, and tell. Raises Refused."""
    if not isinstance(username, str) or not 1 <= len(username) <= LONGEST_USERNAME:
        raise Refused(400, f"A user name has 1 to {LONGEST_USERNAME} characters.", "27040", "/Username")
    if person.account is not None and person.account.username == username:
        return
    try:
        HumanResources(hcm).change_username(person.number, username, author=hcm.sign_in.credentials.username.upper())
    except ValueError:
        raise Refused(400, "The user name is in use already.", "PER-1532040", "/Username") from None
