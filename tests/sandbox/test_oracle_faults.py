"""Each fault does what a client must survive, as often as it was armed for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .hcm_support import RESOURCES, Office, office


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as one:
        yield one


def status(here: Office, path: str) -> int:
    return here.http.get(path).status_code


def test_a_status_comes_once_for_its_call_with_retry_after_and_html(here: Office) -> None:
    here.fault("status", on="workers", status=429, retry_after=7)
    here.fault("status", on="atom", status=401, times=2)
    answer = here.get("/workers")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    feeds = [here.http.get("/hcmRestApi/atomservlet/employee/newhire") for _ in range(3)]
    assert [one.status_code for one in feeds] == [401, 401, 200]
    assert feeds[0].text.startswith("<HTML>")
    assert here.get("/workers").status_code == 200


def test_retry_after_may_be_a_date(here: Office) -> None:
    here.fault("status", on="workers", status=503, retry_after=60, retry_as_date=True)
    assert here.get("/workers").headers["retry-after"] == "Mon, 03 Mar 2031 08:01:00 GMT"


def test_a_reset_cuts_the_connection(here: Office) -> None:
    here.fault("reset_before", on="userAccounts")
    with pytest.raises(httpx.ReadError):
        here.get("/userAccounts")
    assert here.get("/userAccounts").status_code == 200


def test_a_page_of_workers_with_one_of_them_is_200_and_no_json(here: Office) -> None:
    for number in ("1", "2", "3"):
        here.hire(number)
    here.fault("broken_page", person_numbers=["2"])
    answer = here.get("/workers", orderBy="PersonNumber")
    assert answer.status_code == 200
    assert "oracle.jbo.Key" in answer.text
    with pytest.raises(ValueError, match=r"JSON|Expecting|delimiter|char"):
        answer.json()
    alone = {number: here.get("/workers", q=f"PersonNumber='{number}'").text for number in "123"}
    assert ["oracle.jbo.Key" in alone[number] for number in "123"] == [False, True, False]


def test_faults_of_entries_spoil_them_when_they_are_raised(here: Office) -> None:
    here.fault("duplicate_entry", person_numbers=["1"])
    here.fault("malformed_stamp", person_numbers=["2"])
    here.fault("doubled_id", person_numbers=["3"])
    here.fault("broken_content", person_numbers=["4"])
    here.fault("lost_entry", person_numbers=["5"])
    for number in "12345":
        here.hire(number)
        here.advance(seconds=1)
    first, again, second, third, fourth = here.feed("newhire", orderBy="updated:asc")
    assert first == again
    assert second["updated"] == "2031-03-03T08:00:01000Z"
    half = third["id"][: len(third["id"]) // 2]
    assert third["id"] == half * 2
    with pytest.raises(ValueError, match="line"):
        json.loads(fourth["content"])


def test_without_attributes_the_event_is_told_and_not_what_changed(here: Office) -> None:
    here.hire("1")
    here.fault("no_attributes", on="empupdate")
    here.act({"do": "change_name", "person_number": "1", "last_name": "Li"})
    assert "Changed Attributes" not in json.loads(here.feed("empupdate")[0]["content"])


def test_a_late_entry_shows_after_its_stamp_and_a_late_worker_after_the_entry(here: Office) -> None:
    here.fault("late_entry", seconds=600, times=1)
    here.fault("late_worker", seconds=1200, times=1)
    here.hire("1")
    seen = []
    for _ in range(3):
        seen.append(([entry["updated"] for entry in here.feed("newhire")], len(here.workers())))
        here.advance(seconds=600)
    stamp = "2031-03-03T08:00:00.000Z"
    assert seen == [([], 0), ([stamp], 0), ([stamp], 1)]


def test_many_entries_of_a_stamp_cross_the_boundary_of_pages(here: Office) -> None:
    here.fault("same_stamp", seconds=60)
    for number in range(15):
        here.hire(str(number))
        here.advance(seconds=1)
    pages = [here.feed("newhire", orderBy="updated:asc", page=page) for page in ("1", "2")]
    assert {entry["updated"] for page in pages for entry in page} == {"2031-03-03T08:00:00.000Z"}


def test_an_entry_arrives_between_two_pages(here: Office) -> None:
    for number in range(12):
        here.hire(str(number))
    here.fault("arriving_entry", on="newhire", times=1)
    before = here.control("state", "GET")["empassignment"]
    here.feed("newhire")
    assert here.control("state", "GET")["empassignment"] == before + 1


def test_a_share_hits_the_same_calls_for_the_same_seed(here: Office) -> None:
    def hits(seed: int) -> list[int]:
        here.control("faults", "DELETE")
        here.fault("status", on="workers", share=0.5, seed=seed)
        return [status(here, f"{RESOURCES}/workers") for _ in range(20)]

    assert hits(1) == hits(1)
    assert hits(1) != hits(2)
    assert set(hits(1)) == {200, 503}


@pytest.mark.parametrize("body", [{"kind": "nothing"}, {"kind": "latency"}, {"kind": "status", "on": "moon"}])
def test_a_fault_that_is_not_known_is_refused_with_what_is(here: Office, body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"kind|seconds|on"):
        here.control("faults", **body)
