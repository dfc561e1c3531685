"""The Atom servlet obeys the parameters, envelopes and contents that Oracle documents."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.budget import examples

from .hcm_support import Office, office

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as one:
        yield one


def content(entry: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(entry["content"])
    return found


def context(entry: dict[str, Any]) -> dict[str, str]:
    [found] = content(entry)["Context"]
    assert isinstance(found, dict)
    return found


def numbers(entries: list[dict[str, Any]]) -> list[str]:
    return [context(entry)["PersonNumber"] for entry in entries]


def test_a_page_has_ten_entries_unless_asked_and_never_more_than_the_cap(here: Office) -> None:
    here.act(*({"do": "hire", "last_name": "Li", "person_number": f"{number}"} for number in range(40)))
    assert [len(here.feed("newhire", page_size=size)) for size in ("1", "25", "500")] == [1, 25, 25]
    assert [len(here.feed("newhire", page=page)) for page in ("1", "4", "5")] == [10, 10, 0]


def test_an_empty_page_has_no_entries_at_all(here: Office) -> None:
    answer = here.http.get("/hcmRestApi/atomservlet/employee/newhire", headers={"Accept": "application/json"})
    assert "entries" not in answer.json()["feed"]


def test_newest_comes_first_unless_ascending_is_asked_for(here: Office) -> None:
    for number in ("1", "2", "3"):
        here.hire(number)
        here.advance(seconds=1)
    assert numbers(here.feed("newhire")) == ["3", "2", "1"]
    assert numbers(here.feed("newhire", orderBy="updated:asc")) == ["1", "2", "3"]
    assert numbers(here.feed("newhire", orderBy="published:asc")) == ["1", "2", "3"]


@pytest.mark.parametrize("clock", ["updated", "published"])
def test_the_lower_bound_is_exclusive_and_the_upper_one_inclusive(here: Office, clock: str) -> None:
    for number in ("1", "2", "3"):
        here.hire(number)
        here.advance(seconds=1)
    stamps = [entry[clock] for entry in here.feed("newhire", orderBy="updated:asc")]
    query = {f"{clock}_min": stamps[0], f"{clock}_max": stamps[1]}
    assert numbers(here.feed("newhire", **query)) == ["2"]


@settings(max_examples=examples(30), deadline=None)
@given(
    gaps=st.lists(st.sampled_from([0, 0, 1, 7, 3600]), min_size=1, max_size=40),
    cuts=st.lists(st.integers(0, 150_000), max_size=5),
    size=st.integers(1, 30),
    clock=st.sampled_from(["updated", "published"]),
)
def test_windows_that_touch_tell_every_entry_once_whatever_the_stamps(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[int], cuts: list[int], size: int, clock: str
) -> None:
    with office(tmp_path_factory.mktemp("hcm")) as here:
        start = here.clock.now()
        for number, gap in enumerate(gaps):
            here.advance(seconds=gap)
            here.hire(str(number))
        here.advance(days=2)
        edges = [datetime.fromtimestamp(start + at, UTC).isoformat() for at in (-1, *sorted(cuts), 150_000)]
        found = []
        for low, high in itertools.pairwise(edges):
            query = {f"{clock}_min": low, f"{clock}_max": high, "orderBy": f"{clock}:asc", "page_size": str(size)}
            for page in itertools.count(1):
                entries = here.feed("newhire", page=str(page), **query)
                if not entries:
                    break
                found += numbers(entries)
        assert found == [str(number) for number in range(len(gaps))]


def test_what_lies_ahead_shows_when_it_takes_effect_or_when_somebody_looks_ahead(here: Office) -> None:
    here.hire("1", start="2031-03-10")
    assert here.feed("newhire") == []
    [ahead] = here.feed("newhire", updated_max="2031-03-10T00:00:00.000Z")
    assert (ahead["updated"], ahead["published"]) == ("2031-03-10T00:00:00.000Z", "2031-03-03T08:00:00.000Z")
    assert here.feed("newhire", updated_max="2031-03-09T23:59:59.999Z") == []
    assert len(here.feed("newhire", published_min="2031-01-01T00:00:00Z")) == 1
    here.advance(days=7)
    assert len(here.feed("newhire")) == 1


def test_after_sixty_days_an_entry_is_in_the_archive_alone_and_after_ninety_nowhere(here: Office) -> None:
    here.hire("1")
    seen = []
    for days in (0, 59, 2, 28, 2):
        here.advance(days=days)
        seen.append((len(here.feed("newhire")), len(here.feed("newhire", archive="yes"))))
    assert seen == [(1, 0), (1, 0), (0, 1), (0, 1), (0, 0)]


def test_xml_and_json_say_the_same_under_both_roots(here: Office) -> None:
    here.hire("0007", last_name="D'Arcy & <Núñez>", first_name="Zoë")
    [entry] = here.feed("newhire")
    for root in ("hcmRestApi", "hcmCoreApi"):
        answer = here.http.get(f"/{root}/atomservlet/employee/newhire")
        feed = ElementTree.fromstring(answer.content)
        [shown] = feed.findall(f"{ATOM}entry")
        for name in ("id", "title", "summary", "updated", "published", "content"):
            assert shown.findtext(f"{ATOM}{name}") == entry[name]
        links = {link.get("rel"): link.get("href") for link in shown.findall(f"{ATOM}link")}
        assert f"/{root}/atomservlet/employee/newhire/EMP" in str(links["edit"])
        assert str(links["related"]).endswith("&effectiveDate=2031-03-03")
    one = here.http.get(f"/hcmRestApi/atomservlet/employee/newhire/{entry['id'].rpartition(':')[2]}")
    assert ElementTree.fromstring(one.content).findtext(f"{ATOM}content") == entry["content"]


@pytest.mark.parametrize("path", ["employee/nothing", "nowhere/newhire", "employee/newhire/EMP1"])
def test_another_feed_or_entry_is_not_found_and_workstructures_are_empty(here: Office, path: str) -> None:
    assert here.http.get(f"/hcmRestApi/atomservlet/{path}").status_code == 404
    assert here.http.get("/hcmRestApi/atomservlet/workstructures/jobs").status_code == 200


@pytest.mark.parametrize(
    "query", [{"page": "0"}, {"page-size": "x"}, {"updated-min": "yesterday"}, {"orderBy": "title"}]
)
def test_a_parameter_that_is_nonsense_is_refused(here: Office, query: dict[str, str]) -> None:
    assert here.http.get("/hcmRestApi/atomservlet/employee/newhire", params=query).status_code == 400


def test_each_feed_has_exactly_the_keys_of_its_context_and_all_values_are_strings(here: Office) -> None:
    here.hire("1", email="kim@contoso.test")
    here.hire("2", start="2031-04-01")
    here.act(
        {"do": "salary", "person_number": "1"}, {"do": "touch", "person_number": "1"},
        {"do": "change_start", "person_number": "1", "start": "2031-03-01"}, {"do": "terminate", "person_number": "1"},
        {"do": "cancel", "person_number": "2"},
    )  # fmt: skip
    person = {
        "PersonId",
        "PersonNumber",
        "PersonName",
        "PrimaryPhoneNumber",
        "WorkerType",
        "PeriodType",
        "EffectiveDate",
        "DMLOperation",
    }
    period = {"PeriodOfServiceId", "PrimaryFlag", "EffectiveStartDate"}
    wanted = {
        "newhire": person | {"PeriodOfServiceId", "EffectiveStartDate", "WorkEmail"},
        "empassignment": person | {"Assignment Id", "WorkEmail"},
        "empupdate": person | {"EffectiveStartDate", "WorkEmail"},
        "termination": person | period,
        "cancelworkrelship": person | period,
        "workrelshipupdate": person | period,
    }
    for feed, keys in wanted.items():
        found = context(here.feed(feed)[0])
        assert set(found) == keys, feed
        assert all(isinstance(value, str) for value in found.values())


def test_changed_attributes_come_as_pairs_as_new_scalars_as_old_scalars_or_not_at_all(here: Office) -> None:
    here.hire("1")
    here.hire("2")
    here.act(
        {"do": "change_name", "person_number": "1", "last_name": "Ünal"},
        {"do": "terminate", "person_number": "1", "on": "2031-03-03"}, {"do": "cancel", "person_number": "2"},
    )  # fmt: skip
    changed: dict[str, Any] = {
        feed: content(here.feed(feed)[0]).get("Changed Attributes")
        for feed in ("empupdate", "termination", "cancelworkrelship", "newhire")
    }
    assert changed["empupdate"] == [{"LastName": {"old": "L1", "new": "Ünal"}}]
    assert changed["termination"] == [{"ActualTerminationDate": "2031-03-03"}]
    assert changed["cancelworkrelship"][0] == {"DateStart": "2031-03-03"}
    assert changed["newhire"] is None


def test_the_stamp_that_is_told_is_the_stamp_that_is_compared(here: Office) -> None:
    here.advance(seconds=0.000789)
    here.hire("1")
    [entry] = here.feed("newhire")
    assert here.feed("newhire", updated_min=entry["updated"]) == []
    assert here.feed("newhire", updated_max=entry["updated"]) == [entry]


def test_a_feed_that_is_switched_off_is_not_there(here: Office) -> None:
    here.set(disabled_feeds=["empupdate"])
    statuses = [
        here.http.get(f"/hcmRestApi/atomservlet/employee/{feed}").status_code for feed in ("empupdate", "newhire")
    ]
    assert statuses == [404, 200]


def test_the_content_may_be_an_object_instead_of_a_text(here: Office) -> None:
    here.hire("1")
    [before] = here.feed("newhire")
    here.set(json_content="object")
    assert here.feed("newhire")[0]["content"] == json.loads(before["content"])


def test_a_clock_that_is_ahead_shows_in_date_and_stamps(here: Office) -> None:
    here.set(clock_ahead_seconds=300)
    here.hire("1")
    assert here.feed("newhire")[0]["updated"] == "2031-03-03T08:05:00.000Z"
    assert here.http.get("/hcmRestApi/atomservlet/employee/newhire").headers["date"] == "Mon, 03 Mar 2031 08:05:00 GMT"


def test_people_outside_the_callers_data_security_are_in_no_feed_and_no_resource(here: Office) -> None:
    here.hire("1", username="one")
    here.hire("2", username="two")
    here.set(hidden_people=["1"])
    assert numbers(here.feed("newhire")) == ["2"]
    assert [item["PersonNumber"] for item in here.workers()] == ["2"]
    assert [item["Username"] for item in here.get("/userAccounts").json()["items"]] == ["two"]
