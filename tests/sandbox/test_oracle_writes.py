"""Writes to the Oracle HCM: rows of phones and e-mails, user accounts and SCIM's draft, each with its entry of empupdate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .hcm_support import RESOURCES, Office, office

ITEM = {"Content-Type": "application/vnd.oracle.adf.resourceitem+json", "REST-Framework-Version": "4"}
USER = "urn:scim:schemas:core:2.0:User"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as one:
        one.hire(
            "1", phone={"country": "1", "area": "510", "number": "555-0101"}, username="kim", email="kim@contoso.test"
        )
        one.hire("2", username="bo")
        yield one


def worker(here: Office, number: str = "1") -> str:
    [found] = here.workers(q=f"PersonNumber='{number}'")
    return next(str(link["href"]) for link in found["links"] if link["rel"] == "self")


def send(here: Office, method: str, where: str, body: Any = None, **headers: str) -> httpx.Response:
    return here.http.request(method, where, content=json.dumps(body), headers=ITEM | headers)


def told(here: Office) -> list[Any]:
    entries = here.feed("empupdate", page_size="25", orderBy="updated:asc")
    return [json.loads(one["content"])["Changed Attributes"] for one in entries]


def rows(here: Office, kind: str) -> list[dict[str, Any]]:
    [found] = here.workers(2, q="PersonNumber='1'", expand=kind)
    items: list[dict[str, Any]] = found[kind]
    return items


def test_a_phone_is_corrected_formatted_anew_and_told_once(here: Office) -> None:
    [phone] = rows(here, "phones")
    where = f"{worker(here)}/child/phones/{phone['PhoneId']}"
    answer = send(here, "PATCH", where, {"PhoneNumber": "4444444"})
    assert (answer.status_code, answer.json()["PhoneNumber"], answer.json()["AreaCode"]) == (200, "444-4444", "510")
    assert send(here, "PATCH", where, {"PhoneNumber": "444-4444"}).status_code == 200
    assert told(here) == [[{"PhoneNumber": {"old": "555-0101", "new": "444-4444"}}]]
    assert here.feed("empupdate")[0]["authors"] == [{"name": "HCM_INTEGRATION"}]


def test_a_row_is_added_ended_and_deleted_and_never_overlaps_one_of_its_type(here: Office) -> None:
    where = f"{worker(here)}/child/emails"
    new = {"EmailType": "W1", "EmailAddress": "new@contoso.test", "FromDate": "2031-03-10"}
    assert send(here, "POST", where, new).status_code == 400
    [held] = rows(here, "emails")
    assert send(here, "PATCH", f"{where}/{held['EmailAddressId']}", {"ToDate": "2031-03-09"}).status_code == 200
    made = send(here, "POST", where, new)
    assert (made.status_code, made.json()["EmailAddress"], made.json()["ToDate"]) == (201, "new@contoso.test", None)
    assert len(rows(here, "emails")) == 2
    assert send(here, "DELETE", f"{where}/{made.json()['EmailAddressId']}").status_code == 204
    assert [one["EmailAddress"] for one in rows(here, "emails")] == ["kim@contoso.test"]
    assert len(told(here)) == 3


@pytest.mark.parametrize(
    ("body", "status"),
    [({"PhoneNumber": "1"}, 400), ({"PhoneType": "WM"}, 400), ({"PhoneType": "WM", "PhoneNumber": "1", "Colour": "red"}, 400),
     ({"PhoneType": "WM", "PhoneNumber": "1", "FromDate": "soon"}, 400), ([], 400)],
)  # fmt: skip
def test_a_write_that_is_wrong_is_refused_and_changes_nothing(here: Office, body: object, status: int) -> None:
    where = f"{worker(here)}/child/phones"
    answer = send(here, "POST", where, body)
    assert answer.status_code == status
    assert answer.json()["o:errorDetails"][0]["detail"]
    assert send(here, "POST", where, {}, **{"Content-Type": "text/plain"}).status_code == 415
    assert told(here) == []


def test_a_write_that_was_done_may_go_unanswered(here: Office) -> None:
    [phone] = rows(here, "phones")
    where = f"{worker(here)}/child/phones/{phone['PhoneId']}"
    here.fault("reset_after", on="workers")
    with pytest.raises(httpx.ReadError):
        send(here, "PATCH", where, {"PhoneNumber": "4444444"})
    assert rows(here, "phones")[0]["PhoneNumber"] == "444-4444"


def test_a_user_account_gets_another_name_by_the_key_of_its_link(here: Office) -> None:
    [account] = here.get("/userAccounts", q="PersonNumber='1'").json()["items"]
    where = next(link["href"] for link in account["links"] if link["rel"] == "self")
    assert send(here, "PATCH", where, {"Username": "kim.new"}).json()["Username"] == "kim.new"
    refused = [send(here, "PATCH", where, {"Username": name}).status_code for name in ("bo", "x" * 101, "", None)]
    assert refused == [400, 400, 400, 400]
    assert told(here) == [[{"Username": {"old": "kim", "new": "kim.new"}}]]


def test_a_missing_privilege_to_write_is_403_and_reading_goes_on(here: Office) -> None:
    here.set(refused=["workers:write", "scim:write"])
    assert send(here, "POST", f"{worker(here)}/child/phones", {}).status_code == 403
    assert send(here, "PATCH", "/hcmRestApi/scim/Users/x", {}).status_code == 403


def scim(here: Office, method: str, path: str, body: Any = None, **query: str) -> httpx.Response:
    content = None if body is None else json.dumps(body)
    headers = {"Content-Type": "application/json"}
    return here.http.request(method, f"/hcmRestApi/scim{path}", content=content, params=query or None, headers=headers)


def test_scim_finds_a_user_by_name_and_takes_a_part_of_a_user(here: Office) -> None:
    found = scim(here, "GET", "/Users", filter='username eq "KIM"', startIndex="1", count="2").json()
    [user] = found["Resources"]
    assert (found["totalResults"], user["userName"], user["active"], user["emails"]) == (1, "kim", True, [])
    emails = [{"value": "kim.new@contoso.test", "type": "W", "primary": True}]
    changed = scim(here, "PATCH", f"/Users/{user['id']}", {"schemas": [USER], "userName": "kim.new", "emails": emails})
    assert (changed.status_code, changed.json()["userName"], changed.json()["emails"]) == (200, "kim.new", emails)
    assert told(here) == [[{"Username": {"old": "kim", "new": "kim.new"}}]]
    assert [one["EmailAddress"] for one in rows(here, "emails")] == ["kim@contoso.test"]


def test_scims_mail_becomes_the_work_mail_where_the_option_says_so(here: Office) -> None:
    here.set(scim_mail_is_work_mail=True)
    [user] = scim(here, "GET", "/Users", filter='userName eq "kim"').json()["Resources"]
    body = {"schemas": [USER], "emails": [{"value": "kim.new@contoso.test", "type": "W", "primary": True}]}
    scim(here, "PATCH", f"/Users/{user['id']}", body)
    assert [one["EmailAddress"] for one in rows(here, "emails") if one["ToDate"] is None] == ["kim.new@contoso.test"]


@pytest.mark.parametrize(
    "body",
    [
        {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "remove", "path": "active"}],
        },
        {"userName": "x"},
        {"schemas": [USER], "emails": [{"type": "work", "value": "a@b.test"}]},
        {"schemas": [USER], "userName": "bo"},
    ],
    ids=["patch-op", "no-schema", "type-work", "taken"],
)
def test_scim_refuses_what_the_draft_does_not_have_with_its_own_errors(here: Office, body: dict[str, Any]) -> None:
    [user] = scim(here, "GET", "/Users", filter='userName eq "kim"').json()["Resources"]
    answer = scim(here, "PATCH", f"/Users/{user['id']}", body)
    assert answer.status_code == 400
    assert set(answer.json()["Errors"][0]) == {"description", "code"}
    assert scim(here, "GET", f"/Users/{user['id']}").json()["userName"] == "kim"


def test_a_bulk_request_stops_after_as_many_failures_as_it_allows(here: Office) -> None:
    users = scim(here, "GET", "/Users").json()["Resources"]
    paths = ["/Users/nobody", *(f"/Users/{user['id']}" for user in users)]
    operations = [
        {"method": "PATCH", "path": path, "bulkId": f"{place}", "data": {"schemas": [USER], "active": False}}
        for place, path in enumerate(paths)
    ]
    for limit, codes in ((1, ["404"]), (2, ["404", "200", "200"])):
        body = {"schemas": ["urn:scim:schemas:core:2.0:BulkRequest"], "failOnErrors": limit, "Operations": operations}
        answered = scim(here, "POST", "/Bulk", body).json()["Operations"]
        assert [one["status"]["code"] for one in answered] == codes
    accounts = here.get("/userAccounts").json()["items"]
    assert [one["SuspendedFlag"] for one in accounts] == [True, True]


def test_another_method_or_place_is_refused(here: Office) -> None:
    statuses = [
        send(here, "DELETE", worker(here)).status_code, send(here, "POST", f"{RESOURCES}/userAccounts", {}).status_code,
        send(here, "PATCH", f"{worker(here)}/child/phones/1", {}).status_code, scim(here, "DELETE", "/Users/x").status_code,
        scim(here, "GET", "/Roles").status_code, scim(here, "GET", "/Users", filter="active eq true").status_code,
    ]  # fmt: skip
    assert statuses == [405, 405, 404, 404, 404, 400]
