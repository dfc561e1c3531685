"""Several files of one day, and rows that hold only what changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hcm_pipeline.extracts.in_force import in_sequence
from hcm_pipeline.flow.profiles import parse_profile

from . import few
from .driver import PROFILE, Firm, day, worker

KEYED = PROFILE.replace('glob = "news*"', "glob = \"news*\"\nsequence = 'no(\\d+)'")


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    firm = Firm(tmp_path)
    firm.take([worker(1, Department="A", City="Rome"), worker(2), worker(3)], day(2))
    return firm


def test_of_two_changes_only_files_of_one_day_the_later_counts_and_both_are_merged(firm: Firm) -> None:
    firm.land([worker(1, Department="B", City="Rome"), worker(2, Department="X")], day(3), source="news")
    firm.land([worker(1, First="Anna", City="Oslo"), worker(4)], day(3), source="news")
    [counts] = firm.run(day(3))
    assert (counts.extracts, counts.rows, counts.quarantined, counts.collapsed) == (2, 4, 0, 0)
    assert firm.snapshot(fields="first_name, department, city") == {
        "1": ("Anna", "B", "Oslo"), "2": ("Ann", "X", None), "3": ("Ann", None, None), "4": ("Ann", None, None),
    }  # fmt: skip
    assert firm.kinds(day(3)) == {"1": "mover", "2": "mover", "4": "joiner"}
    assert firm.sql("select count(*) from worker_versions where person_number = '1'") == [(2,)]


def test_what_is_taken_back_on_the_same_day_is_no_change(firm: Firm) -> None:
    firm.land([worker(3, Department="B")], day(3), source="news")
    firm.land([worker(3, Department="C")], day(3), source="news")
    firm.run(day(3))
    assert firm.snapshot()["3"] == "C"
    firm.land([worker(3, Department="D")], day(4), source="news")
    firm.land([worker(3, Department="C ")], day(4), source="news")
    assert firm.run(day(4))[0].changes == {}


def test_a_row_of_key_and_changed_columns_merges_onto_what_is_known(firm: Firm) -> None:
    firm.land_text("Number,Active,First,Last,Department\n1,,,,B\n", day(3), source="news")
    firm.land_text("Number,Active,First,Last,City\n1,,,,\n3,False,,,Bonn\n", day(3), source="news")
    counts = firm.run(day(3))[0]
    assert counts.reasons == {}
    assert firm.snapshot(fields="first_name, department, city, active") == {
        "1": ("Ann", "B", None, True), "2": ("Ann", None, None, True), "3": ("Ann", None, "Bonn", False),
    }  # fmt: skip


def test_a_row_in_quarantine_does_not_hold_up_the_later_one(firm: Firm) -> None:
    firm.land([worker(1, Country="Nowhere"), worker(2, Department="B")], day(3), source="news")
    firm.land([worker(1, Department="C", City="Rome")], day(3), source="news")
    [counts] = firm.run(day(3))
    assert (counts.quarantined, firm.snapshot()) == (1, {"1": "C", "2": "B", "3": None})


def test_a_full_file_between_changes_takes_the_place_of_those_before_it(firm: Firm) -> None:
    firm.land([worker(1, Department="early"), worker(5)], day(3), source="news")
    firm.land([worker(1, Department="full"), worker(2)], day(3))
    firm.land([worker(2, Department="late")], day(3), source="news")
    [counts] = firm.run(day(3))
    assert firm.snapshot() == {"1": "full", "2": "late", "3": None, "5": None}
    assert counts.absent == 1


def test_files_of_a_day_follow_the_numbers_in_their_names_and_not_their_arrival(tmp_path: Path) -> None:
    profile = parse_profile(KEYED, "firm.toml").profile
    for arrival in (("2", "10", "9"), ("10", "9", "2")):
        taken = [replace(few.extract(place, source="news"), name=f"news-no{n}.csv") for place, n in enumerate(arrival)]
        assert [one.name for one in in_sequence(profile, taken)] == ["news-no2.csv", "news-no9.csv", "news-no10.csv"]
    firm = Firm(tmp_path, KEYED)
    firm.take([worker(1)], day(2))
    for number in ("10", "9"):
        firm.land([worker(1, Department=number)], day(3), source=f"news-no{number}")
    firm.run(day(3))
    assert firm.snapshot() == {"1": "10"}
    (again,) = firm.run(day(3))
    assert again.unchanged
