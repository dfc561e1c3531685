"""Oracle's SCIM: the draft's schemas, partial resources in PATCH, and no PatchOp of RFC 7644."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from hcm_pipeline.sandbox.oracle.messages import Asked, Refused, Reply
from hcm_pipeline.sandbox.oracle.people import Person
from hcm_pipeline.sandbox.oracle.writes import rename

if TYPE_CHECKING:
    from hcm_pipeline.sandbox.oracle.service import Hcm

Body = dict[str, Any]

USER = "urn:scim:schemas:core:2.0:User"
LISTED = "urn:scim:schemas:core:2.0:ListResponse"
BULK = "urn:scim:schemas:core:2.0:BulkRequest"
ANSWERED = "urn:scim:schemas:core:2.0:BulkResponse"
FILTER = re.compile(r'\s*(\w+)\s+eq\s+"((?:[^"\\]|\\.)*)"\s*', re.IGNORECASE)
MOST = 200
"""Users on a page."""


def answer(hcm: Hcm, asked: Asked, rest: Sequence[str]) -> Reply:
    """Answer a call below `/hcmRestApi/scim`."""
    try:
        return _answer(hcm, asked, rest)
    except Refused as refused:
        return _error(refused)


def _error(refused: Refused) -> Reply:
    body = {"Errors": [{"description": refused.detail, "code": str(refused.status)}]}
    return Reply(refused.status, orjson.dumps(body))


def _answer(hcm: Hcm, asked: Asked, rest: Sequence[str]) -> Reply:
    if list(rest) == ["Users"] and asked.method == "GET":
        return _listing(hcm, asked)
    if list(rest) == ["Bulk"] and asked.method == "POST":
        return _bulk(hcm, asked, _object(asked.body))
    if len(rest) == 2 and rest[0] == "Users":
        person = _person(hcm, rest[1])
        if asked.method == "GET":
            return Reply(200, orjson.dumps(_user(person, asked.base)))
        if asked.method == "PATCH":
            changed = _patch(hcm, person, _object(asked.body))
            return Reply(200, orjson.dumps(_user(changed, asked.base)))
    if rest and rest[0] in ("Users", "Bulk"):
        raise Refused(405, "The method is not supported.")
    raise Refused(404, "The resource does not exist.")


def _object(content: bytes) -> Body:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise Refused(400, "The body is no JSON.") from None
    if not isinstance(body, dict):
        raise Refused(400, "The body is no object.")
    return body


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _person(hcm: Hcm, guid: str) -> Person:
    found = hcm.find("GUID", guid)
    if not found or found[0].number in hcm.options.hidden_people:
        raise Refused(404, "The user does not exist.")
    return found[0]


def _listing(hcm: Hcm, asked: Asked) -> Reply:
    text = asked.value("filter")
    hidden = hcm.options.hidden_people
    people = [person for person in hcm.people.values() if person.account and person.number not in hidden]
    if text is not None:
        found = FILTER.fullmatch(text)
        if found is None or found[1].lower() not in ("username", "id"):
            raise Refused(400, "The filter is not supported.")
        wanted = re.sub(r"\\(.)", r"\1", found[2])
        kept = {
            "username": lambda one: one.username.casefold() == wanted.casefold(),
            "id": lambda one: one.guid == wanted,
        }
        people = [person for person in people if person.account and kept[found[1].lower()](person.account)]
    start, count = _number(asked, "startIndex", 1), min(_number(asked, "count", MOST), MOST)
    shown = people[start - 1 : start - 1 + count]
    body = {
        "schemas": [LISTED], "totalResults": len(people), "itemsPerPage": len(shown), "startIndex": start,
        "Resources": [_user(person, asked.base) for person in shown],
    }  # fmt: skip
    return Reply(200, orjson.dumps(body))


def _number(asked: Asked, name: str, default: int) -> int:
    text = asked.value(name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) < 10**9:
        raise Refused(400, f"The value of {name} is no number from 1.")
    return int(text)


def _user(person: Person, base: str) -> Body:
    held = person.account
    assert held is not None
    name = person.names[-1].values if person.names else {}
    emails = [{"primary": True, "value": held.email, "type": "W"}] if held.email else []
    return {
        "id": held.guid,
        "schemas": [USER],
        "userName": held.username,
        "name": {"familyName": name.get("LastName"), "givenName": name.get("FirstName")},
        "displayName": f"{name.get('FirstName') or ''} {name.get('LastName') or ''}".strip(),
        "active": not held.suspended,
        "emails": emails,
        "meta": {
            "location": f"{base}/hcmRestApi/scim/Users/{held.guid}",
            "resourceType": "User",
            "created": _stamp(person.created_at),
            "lastModified": _stamp(person.updated_at),
        },
    }


def _stamp(micros: int) -> str:
    return f"{datetime.fromtimestamp(micros // 1_000_000, UTC):%Y-%m-%d %H:%M:%S}.{micros % 1_000_000 // 1000:03d}"


def _patch(hcm: Hcm, person: Person, body: Body) -> Person:
    """Apply a partial user. Raises Refused."""
    if "Operations" in body or body.get("schemas") != [USER]:
        raise Refused(400, f"A PATCH holds a part of a user with the schema {USER}.")
    emails = body.get("emails", [])
    if not isinstance(emails, list) or not all(isinstance(one, dict) and one.get("type") == "W" for one in emails):
        raise Refused(400, "emails: an array of objects with the type W.")
    with hcm.transaction():
        if "userName" in body:
            rename(hcm, person, body["userName"])
        changed = hcm.person(person.number)
        assert changed.account is not None
        if emails:
            changed.account.email = str(emails[0].get("value") or "") or None
        if isinstance(body.get("active"), bool):
            changed.account.suspended = not body["active"]
        hcm.keep(changed)
    if emails and hcm.options.scim_mail_is_work_mail:
        hcm.work_mail(changed.number, changed.account.email)
    return hcm.person(person.number)


def _operate(hcm: Hcm, operation: Body, path: str) -> None:
    if operation.get("method") != "PATCH" or not path.startswith("/Users/"):
        raise Refused(400, "Only PATCH of /Users/{id} is supported.")
    _patch(hcm, _person(hcm, path.rpartition("/")[2]), operation.get("data") or {})


def _bulk(hcm: Hcm, asked: Asked, body: Body) -> Reply:
    """Operations one after the other, until so many have failed as `failOnErrors` says."""
    operations = body.get("Operations")
    if body.get("schemas") != [BULK] or not isinstance(operations, list) or not all(map(_is_object, operations)):
        raise Refused(400, f"A bulk request has Operations and the schema {BULK}.")
    limit, failed, done = body.get("failOnErrors"), 0, []
    for operation in operations:
        if isinstance(limit, int) and failed >= max(1, limit):
            break
        path = str(operation.get("path", ""))
        status, extra = 200, {}
        try:
            _operate(hcm, operation, path)
        except Refused as refused:
            failed, status = failed + 1, refused.status
            extra = {"response": {"Errors": [{"description": refused.detail, "code": str(refused.status)}]}}
        done.append(
            {
                "method": operation.get("method"), "bulkId": operation.get("bulkId"), **extra,
                "location": f"{asked.base}/hcmRestApi/scim{path}", "status": {"code": str(status)},
            }
        )  # fmt: skip
    return Reply(200, orjson.dumps({"schemas": [ANSWERED], "Operations": done}))
