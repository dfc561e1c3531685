"""Actions change what the truth says of a day, raise what Oracle documents, and are done wholly or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.sandbox.clock import Clock
from hcm_pipeline.sandbox.oracle import Hcm
from hcm_pipeline.sandbox.oracle.entries import FEEDS
from hcm_pipeline.sandbox.oracle.stamps import moment
from hcm_pipeline.sandbox.state import Store

from .hcm_support import Office, office

LATEST = {"published_min": "2000-01-01T00:00:00Z", "page_size": "25"}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as one:
        yield one


def row(here: Office, number: str, on: str = "") -> dict[str, str]:
    rows = here.control("truth", "GET", query={"on": on} if on else {})["rows"]
    return next((one for one in rows if one["Person Number"] == number), {})


def facts(here: Office, number: str, *names: str, on: str = "") -> tuple[str, ...]:
    found = row(here, number, on)
    return tuple(found.get(name, "-") for name in names)


def told(here: Office) -> dict[str, list[dict[str, Any]]]:
    """The contexts of all entries, newest first."""
    feeds = {feed: here.feed(feed, **LATEST) for feed in FEEDS}
    return {
        feed: [json.loads(one["content"])["Context"][0] for one in entries]
        for feed, entries in feeds.items()
        if entries
    }


def test_a_hire_has_the_row_of_worksheet_one(here: Office) -> None:
    here.hire("100", username="boss")
    here.hire(
        "0101", first_name="Zoë", middle_name="Q", pre_name="van der", last_name="Berg", manager="100", email="z@contoso.test",
        phone={"country": "31", "area": "20", "number": "5550101", "extension": "12"}, mobile={"number": "0612345678"},
        address={"street": "Damrak 1", "city": "Amsterdam", "postal_code": "1012 LG", "country": "NL"}, department="R&D",
        job_code="ENG", job_name="Engineer", location="AMS", business_unit="North", legal_employer="Contoso BV",
    )  # fmt: skip
    found = row(here, "0101")
    assert {name: text for name, text in found.items() if text and name != "Person Id"} == {
        "Person Number": "0101", "Account Status": "True", "First Name": "Zoë", "Middle Name": "Q", "Last Name": "van der Berg",
        "Email Address": "z@contoso.test", "Manager": "100", "Worker Type": "E", "Legal Employer": "Contoso BV",
        "Company": "Contoso BV", "Division": "North", "Department Name": "R&D", "Job Code": "ENG", "Job Name": "Engineer",
        "Street Address": "Damrak 1", "City": "Amsterdam", "Postal Code": "1012 LG", "Country": "NL", "Work Address": "AMS",
        "Phone Number": "+31 20 5550101 x12", "Mobile Phone Number": "0612345678", "Hire Date": "2031-03-03",
    }  # fmt: skip
    assert facts(here, "100", "Username", "Manager") == ("boss", "")


def test_a_termination_ahead_is_corrected_and_reversed_and_its_day_is_the_last_one(here: Office) -> None:
    here.hire("1", start="2030-01-01")
    state = ("Account Status", "Termination Date")
    here.act({"do": "terminate", "person_number": "1", "on": "2031-03-31"})
    assert facts(here, "1", *state, on="2031-03-31") == ("True", "2031-03-31")
    assert facts(here, "1", *state, on="2031-04-01") == ("False", "2031-03-31")
    here.act({"do": "terminate", "person_number": "1", "on": "2031-05-31"})
    assert facts(here, "1", *state, on="2031-05-31") == ("True", "2031-05-31")
    here.act({"do": "reverse_termination", "person_number": "1"})
    assert facts(here, "1", *state, on="2032-01-01") == ("True", "")
    entries = told(here)["termination"]
    assert sorted(one["EffectiveDate"] for one in entries) == ["", "2031-03-31", "2031-05-31"]
    [worker] = here.workers(2, effectiveDate="2032-01-01", expand="workRelationships.assignments")
    assert worker["workRelationships"][0]["assignments"][0]["AssignmentStatusType"] == "ACTIVE"


def test_a_reversal_may_raise_nothing(here: Office) -> None:
    here.hire("1")
    here.set(termination_reversal="none")
    here.act(
        {"do": "terminate", "person_number": "1", "on": "2031-03-31"},
        {"do": "reverse_termination", "person_number": "1"},
    )
    assert len(told(here)["termination"]) == 1


def test_a_rehire_has_a_new_period_of_the_same_person(here: Office) -> None:
    here.hire("1", start="2030-01-01")
    here.act({"do": "terminate", "person_number": "1", "on": "2031-02-28"}, {"do": "rehire", "person_number": "1"})
    assert facts(here, "1", "Account Status", "Hire Date", "Termination Date") == ("True", "2031-03-03", "")
    assert facts(here, "1", "Account Status", "Hire Date", on="2031-03-01") == ("False", "2030-01-01")
    first, second = told(here)["newhire"]
    assert first["PersonId"] == second["PersonId"]
    assert first["PeriodOfServiceId"] != second["PeriodOfServiceId"]
    with pytest.raises(ValueError, match="has not ended"):
        here.act({"do": "rehire", "person_number": "1"})


def test_a_pending_worker_becomes_an_employee_with_the_same_manager(here: Office) -> None:
    here.hire("100")
    here.hire("1", type="P", start="2031-03-01", manager="100", department="R&D")
    here.act({"do": "convert", "person_number": "1", "start": "2031-03-05"})
    assert facts(here, "1", "Worker Type", "Manager", "Hire Date") == ("P", "100", "2031-03-01")
    after = ("E", "100", "R&D", "2031-03-05", "True")
    assert (
        facts(here, "1", "Worker Type", "Manager", "Department Name", "Hire Date", "Account Status", on="2031-03-05")
        == after
    )
    assert [one["PeriodType"] for one in told(here)["newhire"] if one["PersonNumber"] == "1"] == ["E", "P"]


def test_a_pending_worker_who_comes_earlier_shows_from_that_day_on(here: Office) -> None:
    here.hire("1", type="P", start="2031-04-01", email="kim@contoso.test")
    here.act({"do": "convert", "person_number": "1", "start": "2031-03-10"})
    assert facts(here, "1", "Worker Type", "Last Name", "Email Address", on="2031-03-10") == (
        "E",
        "L1",
        "kim@contoso.test",
    )
    [worker] = here.workers(2, effectiveDate="2031-03-10", expand="workRelationships")
    assert [one["WorkerType"] for one in worker["workRelationships"]] == ["E"]


def test_those_who_were_managed_from_a_relationship_that_never_was_are_told_so(here: Office) -> None:
    here.hire("100", type="P", start="2031-04-01")
    here.hire("1", manager="100", start="2031-04-01")
    here.act({"do": "convert", "person_number": "100", "start": "2031-04-01"})
    assert facts(here, "1", "Manager", on="2031-04-01") == ("100",)
    here.act({"do": "cancel", "person_number": "100"})
    assert facts(here, "1", "Manager", on="2031-04-01") == ("",)
    assert [one["PersonNumber"] for one in told(here)["empassignment"]] == ["1", "1"]


@pytest.mark.parametrize(("option", "shown"), [("kept", 1), ("gone", 0)])
def test_a_cancelled_hire_has_no_row_and_may_show_without_a_relationship(here: Office, option: str, shown: int) -> None:
    here.set(cancelled_person=option)
    here.hire("1")
    here.act({"do": "cancel", "person_number": "1"})
    assert row(here, "1") == {}
    found = here.workers(2, expand="workRelationships")
    assert [one["workRelationships"] for one in found] == [[]] * shown
    assert told(here)["cancelworkrelship"][0]["DMLOperation"] == "DELETE"


def test_a_global_transfer_ends_one_relationship_while_the_person_stays(here: Office) -> None:
    here.hire("100")
    here.hire("1", start="2030-01-01", manager="100", department="R&D")
    here.act({"do": "global_transfer", "person_number": "1", "legal_employer": "Contoso Inc", "on": "2031-03-10"})
    names = ("Account Status", "Legal Employer", "Manager", "Department Name", "Hire Date")
    assert facts(here, "1", *names) == ("True", "Contoso Ltd", "100", "R&D", "2030-01-01")
    assert facts(here, "1", *names, on="2031-03-10") == ("True", "Contoso Inc", "100", "R&D", "2031-03-10")
    entries = told(here)
    assert entries["termination"][0]["PrimaryFlag"] == "N"
    assert entries["newhire"][0]["PeriodOfServiceId"] != entries["termination"][0]["PeriodOfServiceId"]
    [worker] = here.workers(2, q="PersonNumber='1'", effectiveDate="2031-03-10", expand="workRelationships")
    assert sorted(one["PrimaryFlag"] for one in worker["workRelationships"]) == [False, True]


def test_a_second_relationship_does_not_speak_before_the_first(here: Office) -> None:
    here.hire("1", start="2030-01-01")
    here.act({"do": "add_relationship", "person_number": "1", "legal_employer": "Fabrikam Ltd"})
    assert facts(here, "1", "Legal Employer") == ("Contoso Ltd",)
    here.act({"do": "terminate", "person_number": "1", "on": "2031-03-04"})
    assert facts(here, "1", "Legal Employer", "Account Status", on="2031-03-05") == ("Fabrikam Ltd", "True")


@pytest.mark.parametrize("start", ["2031-03-01", "2031-03-20"])
def test_a_moved_start_moves_everything_that_begins_with_it(here: Office, start: str) -> None:
    here.hire("1", start="2031-03-10", manager=None, department="R&D", email="a@contoso.test")
    here.act({"do": "change_start", "person_number": "1", "start": start})
    assert facts(here, "1", "Hire Date", "Department Name", "Email Address", "Last Name", on=start) == (
        start, "R&D", "a@contoso.test", "L1",
    )  # fmt: skip
    assert told(here)["workrelshipupdate"][0]["EffectiveDate"] == start


def test_changes_of_a_person_hold_from_their_day_on(here: Office) -> None:
    here.hire("1", start="2030-01-01", email="old@contoso.test", phone={"number": "1"}, username="old")
    here.hire("2")
    here.act(
        {"do": "change_email", "person_number": "1", "email": "new@contoso.test", "on": "2031-03-05"},
        {"do": "change_phone", "person_number": "1", "phone": None, "on": "2031-03-05"},
        {"do": "change_manager", "person_number": "1", "manager": "2", "on": "2031-03-05"},
        {"do": "change_username", "person_number": "1", "username": "new"},
    )  # fmt: skip
    names = ("Email Address", "Phone Number", "Manager", "Username")
    assert facts(here, "1", *names) == ("old@contoso.test", "1", "", "new")
    assert facts(here, "1", *names, on="2031-03-05") == ("new@contoso.test", "", "2", "new")
    assert {feed: len(entries) for feed, entries in told(here).items()} == {
        "newhire": 2,
        "empupdate": 3,
        "empassignment": 1,
    }


def test_a_silent_change_raises_nothing_and_a_salary_changes_nothing(here: Office) -> None:
    here.hire("1", department="R&D")
    before = row(here, "1")
    here.act({"do": "salary", "person_number": "1"}, {"do": "touch", "person_number": "1"})
    assert row(here, "1") == before
    here.act({"do": "change_assignment", "person_number": "1", "department": "Sales", "silent": True})
    assert row(here, "1") == before | {"Department Name": "Sales"}
    assert {feed: len(entries) for feed, entries in told(here).items()} == {
        "newhire": 1,
        "empassignment": 1,
        "empupdate": 1,
    }


def test_actions_are_done_all_together_or_not_at_all(here: Office) -> None:
    here.hire("1", department="R&D")
    with pytest.raises(ValueError, match=r"actions\[2\].*nobody has 9"):
        here.act(
            {"do": "change_assignment", "person_number": "1", "department": "Sales"},
            {"do": "hire", "person_number": "2", "last_name": "Li"}, {"do": "salary", "person_number": "9"},
        )  # fmt: skip
    assert facts(here, "1", "Department Name") == ("R&D",)
    assert row(here, "2") == {}
    assert set(told(here)) == {"newhire"}


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ({"do": "promote"}, "one of hire"),
        ({"do": "hire"}, "last_name"),
        ({"do": "hire", "last_name": "Li", "colour": "red"}, "colour"),
        ({"do": "hire", "last_name": "Li", "start": "soon"}, "start"),
        ({"do": "hire", "last_name": "Li", "person_number": "1"}, "taken"),
        ({"do": "terminate", "person_number": "1", "on": "2029-01-01"}, "begins on"),
        ({"do": "change_name", "person_number": "1", "last_name": "Li", "on": "2029-01-01"}, "nothing is there"),
    ],
)  # fmt: skip
def test_an_action_that_cannot_be_says_why(here: Office, action: dict[str, Any], said: str) -> None:
    here.hire("1")
    with pytest.raises(ValueError, match=said):
        here.act(action)


def test_people_and_entries_survive_a_restart(tmp_path: Path) -> None:
    with office(tmp_path) as here:
        here.hire("1", username="one", manager=None, phone={"number": "1"})
        here.act({"do": "terminate", "person_number": "1", "on": "2031-04-01"})
        before, entries = row(here, "1"), told(here)
    with office(tmp_path) as here:
        assert row(here, "1") == before
        assert told(here) == entries
        assert here.act({"do": "hire", "last_name": "Li"}) != ["1"]


def test_a_company_lives_the_same_life_for_the_same_seed_in_whatever_steps_the_clock_moves(tmp_path: Path) -> None:
    def lived(name: str, steps: int) -> tuple[list[dict[str, str]], dict[str, Any]]:
        (tmp_path / name).mkdir()
        with office(tmp_path / name) as here:
            here.control("company", people=40, seed=3, events_a_day=20)
            for _ in range(steps):
                here.advance(days=30 / steps)
            return here.control("truth", "GET")["rows"], {**here.control("state", "GET"), "now": 0}

    assert lived("a", 1) == lived("b", 30) == lived("c", 97)


def test_what_resources_show_of_a_company_agrees_with_the_truth_each_day(tmp_path: Path) -> None:
    with office(tmp_path, shuffled=False) as here:
        here.control("company", people=25, seed=5, events_a_day=20)
        for _ in range(12):
            here.advance(days=3)
            shown = dict(_plainly(one, here.today.isoformat()) for one in here.workers(2, limit="500", expand=READ))
            rows = here.control("truth", "GET")["rows"]
            told = {one["Person Number"]: tuple(one[name] for name in COMPARED) for one in rows}
            assert {number: found for number, found in shown.items() if found[0]} == told


COMPARED = ("Hire Date", "Termination Date", "Legal Employer", "Department Name", "Last Name", "Phone Number")
READ = "names,phones,workRelationships.assignments"


def _plainly(worker: dict[str, Any], today: str) -> tuple[str, tuple[str, ...]]:
    """A worker's number and a few values, by a reader that has nothing in common with the truth."""
    order = sorted(
        worker["workRelationships"],
        key=lambda one: (
            not one["TerminationDate"] or one["TerminationDate"] >= today, one["WorkerType"] != "P",
            one["PrimaryFlag"] and (not one["TerminationDate"] or one["TerminationDate"] >= today),
            one["TerminationDate"] or "" if one["TerminationDate"] and one["TerminationDate"] < today else "",
            one["StartDate"], one["PeriodOfServiceId"],
        ),
    )  # fmt: skip
    none: dict[str, Any] = {}
    held = order[-1] if order else none
    job = min(held.get("assignments", []), key=lambda one: (not one["PrimaryFlag"], one["AssignmentId"]), default=none)
    phone = max(
        (one for one in worker["phones"] if one["PhoneType"] == "W1"), key=lambda one: one["FromDate"], default=none
    )
    parts = [f"+{phone['CountryCodeNumber']}", phone["AreaCode"], phone["PhoneNumber"]] if phone else []
    values = (
        held.get("StartDate"), held.get("TerminationDate"), held.get("LegalEmployerName"), job.get("DepartmentName"),
        worker["names"][0]["LastName"], " ".join(part for part in parts if part),
    )  # fmt: skip
    return worker["PersonNumber"], tuple(value or "" for value in values)


def test_a_companys_life_has_every_kind_of_entry_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    with office(tmp_path) as here:
        here.control("company", people=40, seed=1, events_a_day=20)
        assert set(told(here)) == set()
        here.advance(days=60)
        state = here.control("state", "GET")
        assert all(state[feed] for feed in FEEDS)
        store = here.hcm.store
        again = Hcm(store, here.clock)
        assert again.company is not None
        assert again.company.until == here.hcm.now()
        assert again.people == here.hcm.people


def test_a_reset_forgets_people_company_and_entries(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.sqlite")
    hcm = Hcm(store, Clock(store))
    hcm.found({"people": 5})
    with store.write() as db:
        db.execute("DELETE FROM hcm_people")
        db.execute("DELETE FROM hcm_entries")
    hcm.forget()
    assert (hcm.people, hcm.company) == ({}, None)
    store.close()


@pytest.mark.parametrize("seed", [1, 2])
def test_each_change_of_a_row_has_an_entry_of_the_day_or_one_that_names_the_day(tmp_path: Path, seed: int) -> None:
    with office(tmp_path) as here:
        here.control("company", people=30, seed=seed, events_a_day=25)
        before: dict[str, dict[str, str]] = {}
        ahead: dict[str, set[str]] = {}
        by_day = 0
        for step in range(40):
            here.advance(days=1)
            day = here.today
            rows = {one["Person Number"]: one for one in here.control("truth", "GET")["rows"]}
            fresh = set()
            for number, days in _hints(here, str(day - timedelta(days=1))):
                fresh.add(number)
                ahead.setdefault(number, set()).update(days)
            for number in rows.keys() | before.keys():
                if step and rows.get(number) != before.get(number) and number not in fresh:
                    assert {str(day), str(day - timedelta(days=1))} & ahead.get(number, set()), number
                    by_day += 1
            before = rows
        assert by_day > 20


def _hints(here: Office, since: str) -> Iterator[tuple[str, set[str]]]:
    """Numbers and effective days of the entries that were published since a morning."""
    found = here.hcm.store.rows("SELECT facts FROM hcm_entries WHERE published > ?", (moment(f"{since}T08:00:00Z"),))
    for one in found:
        content = json.loads(json.loads(one["facts"])["content"])
        context = content["Context"][0]
        days = {context["EffectiveDate"], context.get("EffectiveStartDate", "")}
        yield context["PersonNumber"], days
