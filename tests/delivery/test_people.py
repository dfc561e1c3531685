"""Guards that know people and time: protected ones, exchanged numbers, a week and a month, small companies, empty first loads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from hcm_pipeline.delivery import Column, OperationKind, Plan
from hcm_pipeline.delivery.plan.guards import Group, floor_of, judge_window
from hcm_pipeline.delivery.plan.people import protected_operations
from hcm_pipeline.flow.verdict_table import plan_verdicts
from hcm_pipeline.profile import GuardKind, GuardLimit, Guards, GuardWindow
from hcm_pipeline.warehouse import Relation, Scratch, scratch

from .house import House, Row, crowd, left, new_house
from .tables import empty_tables

FROM = dt.date(2026, 10, 1)
TODAY = dt.date(2026, 11, 2)
WERE = {"1": ("Ada", "Lee"), "2": ("Bo", "Li"), "3": ("Cat", "Orr"), "5": ("Eve", "Ray")}
ARE = {"1": ("BO", "Li"), "2": ("Ada", "Lee"), "3": ("Cat", "Lee"), "5": ("Eve", "Ray")}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A fresh home."""
    with new_house(tmp_path) as made:
        yield made


@pytest.fixture
def t() -> Iterator[Scratch]:
    """Relations for one test."""
    with empty_tables() as con, scratch(con) as made:
        yield made


def judged_of(t: Scratch, *rows: tuple[str, str, bool, bool, dt.date | None]) -> Relation:
    """Operations as the guards see them: person_number, kind, known, reaches, delivered_on."""
    columns = {
        "person_number": "VARCHAR",
        "kind": "VARCHAR",
        "known": "BOOLEAN",
        "reaches": "BOOLEAN",
        "delivered_on": "DATE",
    }
    return t.of_rows("judged", columns, rows)


# --- protected


def test_what_hurts_a_protected_account_is_found_and_what_does_not_is_not(t: Scratch) -> None:
    day = dt.date(2026, 11, 1)
    judged = judged_of(
        t,
        ("1", "disable", True, False, day),
        ("2", "update", True, True, day),
        ("3", "update", True, False, day),
        ("4", "disable", True, False, day),
        ("5", "disable", True, False, day),
        ("6", "create", False, False, None),
        ("7", "create", False, False, None),
        ("8", "disable", True, False, day),
    )
    columns = {"person_number": "VARCHAR", "valid_from": "DATE", "valid_to": "DATE", "has_account": "BOOLEAN"}
    rows: list[tuple[object, ...]] = [(number, FROM, None, number != "7") for number in "123567"]
    rows[3] = ("5", FROM, day, True)  # was protected, but no longer when last delivered
    rows.append(("8", FROM, TODAY, True))  # a file that changes what protects somebody does not free them
    found = protected_operations(t, judged, t.of_rows("protected", columns, rows))
    assert sorted(t.rows(f"from {found}")) == [("1",), ("2",), ("6",), ("8",)]


def test_one_protected_account_in_a_small_plan_is_held_and_the_rest_goes_on(house: House) -> None:
    house.protected = ("2001",)
    everybody = crowd(40)
    house.day("2026-11-01", *everybody)
    house.accept(house.planned())
    gone = [(row[0], "False", *row[2:]) if row[0] in ("2000", "2001") else row for row in everybody]
    house.day("2026-11-02", *gone)
    made = house.planned()
    assert [(v.kind, v.operations, v.rule) for v in made.verdicts if v.tripped] == [("protected", 1, "protected")]
    assert {m.held_for: set(house.users(m)) for m in made.held} == {"protected": {"2001"}}
    assert house.sends(made).keys() == {"2000"}
    assert "protected accounts" in next(v for v in made.verdicts if v.tripped).describe(values=False)


# --- exchanged numbers


def test_two_people_who_exchanged_their_numbers_and_names_that_slipped_by_a_row_are_held(house: House) -> None:
    house.ruled('[guards]\nexchange = ["name"]')
    house.day("2026-11-01", *((number, "True", *name, "", "Sales") for number, name in WERE.items()))
    house.accept(house.planned())
    house.day("2026-11-02", *((number, "True", *name, "", "Legal") for number, name in ARE.items()))
    made = house.planned()
    assert [(v.kind, v.operations, v.rule) for v in made.verdicts if v.tripped] == [("exchange", 2, "exchange")]
    assert {m.held_for: set(house.users(m)) for m in made.held} == {"exchange": {"1", "2"}}


# --- time


@pytest.mark.parametrize(
    ("days", "factor", "base", "floor", "allowed"),
    [(7, 2, 45, 5, 7), (30, 4, 45, 5, 9), (7, 2, 10_000, 10, 1000), (30, 4, 10_000, 10, 2000), (7, 2, 100, 10, 14)],
)
def test_a_window_allows_more_than_a_day_and_less_than_all_its_days(
    days: int, factor: float, base: int, floor: int, allowed: int
) -> None:
    limit = GuardLimit(kind=GuardKind.DISABLE, percent=5, at_least=10)
    window = GuardWindow(days=days, factor=factor)
    assert judge_window(limit, window, Group(None, 1, base, None), floor) == (allowed, f"{days} days")


def tripped(made: Plan) -> list[tuple[str, int, int, str]]:
    """(kind, operations, base, rule) of every verdict that holds something."""
    return [(v.kind, v.operations, v.base, v.rule) for v in made.verdicts if v.tripped]


def test_four_a_day_trip_over_the_week(house: House) -> None:
    everybody = crowd(45)
    house.day("2026-11-01", *everybody)
    house.accept(house.planned())
    house.day("2026-11-02", *left(everybody, 4))
    house.accept(house.planned())
    house.day("2026-11-03", *left(everybody, 8))
    made = house.plan()
    assert tripped(made) == [("disable", 8, 45, "7 days")]
    assert {m.held_for: len(house.users(m)) for m in made.held} == {"disable": 4}


def test_after_a_week_the_month_counts(house: House) -> None:
    everybody = crowd(45)
    house.day("2026-11-01", *everybody)
    house.accept(house.planned())
    for day, leavers in ((2, 4), (10, 8)):
        house.day(f"2026-11-{day:02}", *left(everybody, leavers))
        made = house.planned()
        assert tripped(made) == []
        house.accept(made)
    house.day("2026-11-18", *left(everybody, 12))
    assert tripped(house.plan()) == [("disable", 12, 45, "30 days")]


def test_a_few_others_every_day_are_held_in_the_days_behind_a_first_load_too(house: House) -> None:
    house.ruled('[guards]\nlimits = [{ kind = "update", percent = 33, at_least = 100 }]')
    rows = crowd(45)
    house.day("2026-11-01", *rows)
    house.accept(house.planned())
    for day in range(4):
        rows = [(*row[:5], f"D{day}", *row[6:]) if 9 * day <= n < 9 * day + 9 else row for n, row in enumerate(rows)]
        house.day(f"2026-11-{day + 2:02}", *rows)
        made = house.plan()
        assert tripped(made) == ([("update", 36, 45, "7 days")] if day == 3 else [])
        if day < 3:
            house.accept(made)


def test_what_a_person_approved_does_not_count_in_a_window(house: House) -> None:
    everybody = crowd(45)
    house.day("2026-11-01", *everybody)
    house.accept(house.planned())
    house.day("2026-11-02", *left(everybody, 9))
    [held] = house.plan().held
    with house.journal() as journal:
        journal.approve(held.manifest_id, by="ada", why=None, until=house.now + dt.timedelta(hours=1))
    house.accept_all(held)
    house.day("2026-11-03", *left(everybody, 13))
    assert tripped(house.plan()) == []


def test_a_group_that_is_emptied_by_and_by_trips(house: House) -> None:
    norway, rest = crowd(6, 9000, country="NO"), crowd(200)
    house.day("2026-11-01", *norway, *rest)
    house.accept(house.planned())
    house.day("2026-11-02", *left(norway, 3))
    house.accept(house.planned())
    house.day("2026-11-03", *left(norway, 6))
    assert ("disable", 6, 6, "7 days") in tripped(house.plan())


# --- size


@pytest.mark.parametrize(("accounts", "floor"), [(3, 5), (45, 5), (60, 6), (100, 10), (45_000, 10)])
def test_the_floor_of_a_limit_is_lower_in_a_small_company(accounts: int, floor: int) -> None:
    assert floor_of(Guards.model_validate({}), 10, accounts) == floor
    assert floor_of(Guards.model_validate({"small_percent": None}), 10, accounts) == 10


def test_nine_of_forty_five_are_held_on_the_first_day(house: House) -> None:
    everybody = crowd(45)
    house.day("2026-11-01", *everybody)
    house.accept(house.planned())
    house.day("2026-11-02", *left(everybody, 9))
    assert tripped(house.plan()) == [("disable", 9, 45, "small")]


def test_a_department_that_changes_for_everybody_is_held_in_a_small_company(house: House) -> None:
    everybody = crowd(48)
    house.day("2026-11-01", *everybody)
    house.accept(house.planned())
    house.day("2026-11-02", *((*row[:5], "Legal", *row[6:]) for row in everybody[:47]))
    assert ("change", 47, 48, "small") in tripped(house.plan())


def test_several_attributes_of_many_trip_although_each_alone_would_not(house: House) -> None:
    house.ruled("[guards]\nseveral = { attributes = 2, percent = 15, at_least = 10 }\nlimits = []")
    house.target.columns = (
        Column("name", "names"),
        Column("room", "room"),
        Column("printed", "status", OperationKind.DISABLE),
    )
    everybody = crowd(60)
    house.day("2026-11-01", *everybody)
    house.accept(house.planned())
    other = [(*row[:3], "King", row[4], "Legal", *row[6:]) for row in everybody[:12]]
    house.day("2026-11-02", *other, *((*row[:5], "Legal", *row[6:]) for row in everybody[12:20]))
    made = house.planned()
    assert tripped(made) == [("several", 12, 60, "percent")]
    [told] = [one.sentence for one in plan_verdicts(made)]  # as every run keeps it
    assert told == "12 of 60 accounts would change in several attributes at once (20 %); the limit is 9. Held."
    assert {m.held_for: len(house.users(m)) for m in made.held} == {"several": 12}


def test_a_first_load_of_whom_hardly_anybody_would_be_enabled_is_held(house: House) -> None:
    nobody: list[Row] = left(crowd(40), 38)
    house.day("2026-11-01", *nobody)
    made = house.plan()
    assert tripped(made) == [("create", 38, 40, "enabled")]
    assert (made.manifest, [m.held_for for m in made.held]) == (None, ["create"])
    house.day("2026-11-01", *left(crowd(40), 30))
    assert tripped(house.plan()) == []
