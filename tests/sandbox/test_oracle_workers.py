"""The resources: queries, dates, pages, children and links in the shapes of the framework's versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .hcm_support import URL, Office, office

PHONE = {"country": "44", "area": "20", "number": "5550101"}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as one:
        yield one


def numbers(items: list[dict[str, Any]]) -> set[str]:
    return {item["PersonNumber"] for item in items}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("PersonNumber='1'", "1"),
        ("PersonNumber = '1' or PersonNumber=\"2\"", "12"),
        ("PersonNumber!='1'", "23"),
        ("PersonNumber <> '1' and PersonNumber < '3'", "2"),
        ("(PersonNumber='1' or PersonNumber='2') and PersonNumber>='2'", "2"),
        ("PersonNumber='nobody'", ""),
        ("names.LastName like 'D''%'", "3"),
        ("names.LastName='D''Arcy'", "3"),
        ("emails.EmailAddress like '%@contoso.test'", "1"),
        ("workRelationships.assignments.AssignmentNumber='E2'", "2"),
        ("workRelationships.WorkerType='C'", "3"),
        ("workRelationships.TerminationDate is not null", "2"),
        ("workRelationships.PrimaryFlag=true", "123"),
        ("PersonNumber='1';DateOfBirth='1980-01-01'", "1"),
    ],
)
def test_a_query_finds_whole_workers_by_their_own_and_their_childrens_values(
    here: Office, query: str, found: str
) -> None:
    here.hire("1", email="a@contoso.test")
    here.hire("2")
    here.hire("3", last_name="D'Arcy", type="C")
    here.act({"do": "terminate", "person_number": "2", "on": "2031-06-01"})
    assert numbers(here.workers(q=query)) == set(found)


@pytest.mark.parametrize(
    "query",
    ["PersonNumber", "PersonNumber=", "PersonNumber=1", "Nothing='1'", "names.Nothing='1'", "nothing.LastName='1'",
     "PersonNumber='1' or", "PersonNumber='1' PersonId=2", "(PersonNumber='1'", "PersonNumber in ('1','2')", "upper(x)='1'"],
)  # fmt: skip
def test_a_query_that_the_service_does_not_know_is_refused_as_json_with_details(here: Office, query: str) -> None:
    answer = here.get("/workers", q=query)
    assert answer.status_code == 400
    assert set(answer.json()) == {"title", "status", "o:errorDetails"}


def test_in_is_known_where_the_option_says_so(here: Office) -> None:
    for number in "123":
        here.hire(number)
    here.set(in_operator=True)
    assert numbers(here.workers(q="PersonNumber in ('1', '3')")) == {"1", "3"}


def test_version_one_has_arrays_plain_queries_and_errors_in_text(here: Office) -> None:
    here.hire("1", phone=PHONE)
    for version in (None, 1):
        [worker] = here.workers(version, q="PersonNumber=1", expand="phones,workRelationships.assignments")
        assert [one["PhoneNumber"] for one in worker["phones"]] == ["5550101"]
        assert worker["workRelationships"][0]["assignments"][0]["AssignmentNumber"] == "E1"
        for query in ("PersonNumber='1'", "names.LastName=x", "PersonNumber=1 or PersonNumber=2"):
            answer = here.get("/workers", version, q=query)
            assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=UTF-8")


@pytest.mark.parametrize(("version", "collections"), [(2, False), (3, True), (9, True)])
def test_children_are_collections_from_version_three_on(here: Office, version: int, collections: bool) -> None:
    here.hire("1", phone=PHONE)
    [worker] = here.workers(version, q="PersonNumber='1'", expand="phones")
    assert isinstance(worker["phones"], dict) is collections
    assert here.get("/workers", 10).status_code == 400


def test_children_past_twenty_five_are_reached_by_the_link_of_the_collection(here: Office) -> None:
    here.hire("1")
    for _ in range(29):
        here.act({"do": "add_assignment", "person_number": "1", "department": "R&D"})
    [worker] = here.workers(expand="workRelationships.assignments")
    [relationship] = worker["workRelationships"]["items"]
    held = relationship["assignments"]
    assert (held["count"], held["hasMore"], held["limit"]) == (25, True, 25)
    [link] = [one["href"] for one in held["links"] if one["rel"] == "self"]
    pages = [here.get(link, limit="20", offset=offset, orderBy="AssignmentNumber").json() for offset in ("0", "20")]
    assert [page["hasMore"] for page in pages] == [True, False]
    assert len({one["AssignmentId"] for page in pages for one in page["items"]}) == 30


def test_pages_are_twenty_five_long_five_hundred_at_most_and_ordered_only_when_asked(here: Office) -> None:
    here.act(*({"do": "hire", "last_name": "Li", "person_number": f"{number:03d}"} for number in range(510)))
    first = here.get("/workers", totalResults="true").json()
    assert (first["count"], first["limit"], first["totalResults"], first["hasMore"]) == (25, 25, 510, True)
    assert here.get("/workers", limit="9999").json()["count"] == 500
    pages = [here.workers(limit="300", offset=offset, orderBy="PersonNumber:desc") for offset in ("0", "300")]
    listed = [item["PersonNumber"] for page in pages for item in page]
    assert listed == sorted(listed, reverse=True)
    assert len(listed) == 510
    assert here.workers() != here.workers()


def test_fields_choose_attributes_and_children_and_go_before_expand(here: Office) -> None:
    here.hire("1", email="a@contoso.test")
    [worker] = here.workers(fields="PersonNumber;emails:EmailAddress", expand="names,phones", onlyData="true")
    assert worker["PersonNumber"] == "1"
    assert worker["emails"]["items"] == [{"EmailAddress": "a@contoso.test"}]
    assert set(worker) == {"PersonNumber", "emails"}
    assert here.get("/workers", fields="PersonNumber,Nothing").status_code == 400
    assert here.get("/workers", expand="nothing").status_code == 400


def test_only_data_has_no_links_below_the_collection(here: Office) -> None:
    here.hire("1")
    [worker] = here.workers(expand="all", onlyData="true")
    assert "links" not in worker
    assert "links" not in worker["names"]
    assert {"names", "emails", "phones", "addresses", "workRelationships"} < set(worker)


def test_a_worker_is_reached_by_the_key_of_a_link_and_not_by_an_id(here: Office) -> None:
    here.hire("1", phone=PHONE)
    [worker] = here.workers()
    [link] = [one["href"] for one in worker["links"] if one["rel"] == "self"]
    assert here.get(link).json()["PersonNumber"] == "1"
    assert here.get(f"{link}/child/phones").json()["items"][0]["PhoneNumber"] == "5550101"
    for path in (f"/workers/{worker['PersonId']}", "/workers/1", f"/workers/{worker['PersonId']}/child/phones"):
        assert here.get(path).status_code == 404
    assert here.get(f"{link}/child/nothing").status_code == 404
    assert link.startswith(URL)


def test_a_hire_to_come_shows_as_of_the_first_day_alone(here: Office) -> None:
    here.hire("1", start="2031-04-01")
    assert here.workers() == []
    assert here.workers(effectiveDate="2031-03-31") == []
    assert numbers(here.workers(effectiveDate="2031-04-01")) == {"1"}
    assert here.get("/workers", effectiveDate="tomorrow").status_code == 400


def test_what_has_dates_shows_as_of_the_day_and_a_relationships_end_at_once(here: Office) -> None:
    here.hire("1", department="Sales", start="2030-01-01")
    here.act(
        {"do": "change_assignment", "person_number": "1", "department": "Legal", "on": "2031-04-01"},
        {"do": "change_name", "person_number": "1", "last_name": "Ünal", "on": "2031-05-01"},
        {"do": "terminate", "person_number": "1", "on": "2031-06-30"},
    )  # fmt: skip
    seen = []
    for day in ("2031-03-03", "2031-04-01", "2031-05-01", "2031-07-01"):
        [worker] = here.workers(2, effectiveDate=day, expand="names,workRelationships.assignments")
        [relationship] = worker["workRelationships"]
        [assignment] = relationship["assignments"]
        seen.append(
            (worker["names"][0]["LastName"], assignment["DepartmentName"], assignment["AssignmentStatusType"],
             relationship["TerminationDate"])
        )  # fmt: skip
    assert seen == [
        ("L1", "Sales", "ACTIVE", "2031-06-30"), ("L1", "Legal", "ACTIVE", "2031-06-30"),
        ("Ünal", "Legal", "ACTIVE", "2031-06-30"), ("Ünal", "Legal", "INACTIVE", "2031-06-30"),
    ]  # fmt: skip


def test_a_name_in_another_script_stands_beside_the_global_one(here: Office) -> None:
    here.hire("1", start="2031-01-01")
    here.act({"do": "change_name", "person_number": "1", "type": "RU", "last_name": "Ким", "on": "2031-03-01"})
    [worker] = here.workers(2, expand="names")
    assert {one["NameType"]: one["LastName"] for one in worker["names"]} == {"GLOBAL": "L1", "RU": "Ким"}
    [found] = here.control("truth", "GET")["rows"]
    assert found["Last Name"] == "L1"


def test_managers_are_named_by_their_assignment_and_have_types(here: Office) -> None:
    here.hire("1")
    here.hire("2", manager="1")
    here.act({"do": "change_manager", "person_number": "2", "manager": "1", "manager_type": "PROJECT_MANAGER"})
    [worker] = here.workers(2, q="PersonNumber='2'", expand="workRelationships.assignments.managers")
    managers = worker["workRelationships"][0]["assignments"][0]["managers"]
    assert {one["ManagerType"]: one["ManagerAssignmentNumber"] for one in managers} == {
        "LINE_MANAGER": "E1", "PROJECT_MANAGER": "E1",
    }  # fmt: skip
    assert not any("PersonNumber" in one for one in managers)
    assert numbers(here.workers(q="workRelationships.assignments.AssignmentNumber='E1'")) == {"1"}


def test_a_withheld_child_is_absent_and_not_empty(here: Office) -> None:
    here.hire("1", phone=PHONE)
    here.set(withheld_children=["phones", "managers"])
    [worker] = here.workers(expand="all")
    assert "phones" not in worker
    assert "managers" not in worker["workRelationships"]["items"][0]["assignments"]["items"][0]
    [link] = [one["href"] for one in worker["links"] if one["rel"] == "self"]
    assert here.get(f"{link}/child/phones").status_code == 404
    assert here.get("/workers", q="phones.PhoneNumber='5550101'").json()["items"] == []


def test_user_accounts_emps_and_public_workers_have_their_own_keys(here: Office) -> None:
    here.hire("1", username="kim.one", email="kim@contoso.test")
    here.hire("2", type="C")
    [account] = here.get("/userAccounts", q="Username='kim.one'").json()["items"]
    assert (account["PersonNumber"], account["SuspendedFlag"], len(account["GUID"])) == ("1", False, 32)
    for query in (f"PersonId={account['PersonId']}", "PersonNumber='1'", f"GUID='{account['GUID']}'"):
        assert len(here.get("/userAccounts", q=query).json()["items"]) == 1
    assert [one["UserName"] for one in here.get("/emps", None).json()["items"]] == ["kim.one"]
    assert here.get(f"/publicWorkers/{account['PersonId']}").json()["DisplayName"] == "Kim L1"
    [link] = [one["href"] for one in account["links"] if one["rel"] == "self"]
    assert here.get(link).json()["Username"] == "kim.one"


def test_an_address_that_is_too_long_is_refused(here: Office) -> None:
    query = " or ".join(f"PersonNumber='{number}'" for number in range(500))
    assert here.get("/workers", q=query).status_code == 414


@pytest.mark.parametrize("path", ["/nothing", "/workers/x/child", "/../9/workers"])
def test_another_address_is_not_found(here: Office, path: str) -> None:
    assert here.get(path).status_code == 404
