"""Guards hold what looks wrong, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.delivery import Plan
from hcm_pipeline.delivery.plan.guards import Group, Verdict, judge_group
from hcm_pipeline.profile import GuardKind, GuardLimit, Guards

from .chain import new_chain
from .house import House, Row, crowd, left, new_house


def tripped(made: Plan) -> list[tuple[str, str | None, str | None, int, str]]:
    """(kind, cohort, value, operations, rule) of every verdict that holds something."""
    return [(v.kind, v.cohort, v.value, v.operations, v.rule) for v in made.verdicts if v.tripped]


def workers(house: House, made: Plan) -> dict[str, set[str]]:
    """The workers that each held manifest holds."""
    return {str(m.held_for): set(house.users(m)) for m in made.held}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A fresh home."""
    with new_house(tmp_path) as made:
        yield made


def delivered(house: House, *rows: Row, date: str = "2026-11-01") -> House:
    """The same home when the target has these workers."""
    house.day(date, *rows)
    house.accept(house.planned())
    return house


@pytest.mark.parametrize(
    ("limit", "group", "allowed", "rule", "trips"),
    [
        ({"max": 3}, (3, 100, None), 3, "max", False),
        ({"max": 3}, (4, 100, None), 3, "max", True),
        ({"max": 0}, (1, 0, None), 0, "max", True),
        ({"percent": 10, "at_least": 5}, (10, 100, None), 10, "percent", False),
        ({"percent": 10, "at_least": 5}, (11, 100, None), 10, "percent", True),
        ({"percent": 10, "at_least": 5}, (4, 10, None), 4, "percent", False),
        ({"percent": 10, "at_least": 5}, (5, 10, None), 4, "percent", True),
        ({"percent": 10, "at_least": 5}, (5000, 0, None), 5000, "none", False),
        ({"factor": 3, "at_least": 5}, (30, 100, 10), 30, "history", False),
        ({"factor": 3, "at_least": 5}, (31, 100, 10), 30, "history", True),
        ({"factor": 3, "at_least": 5}, (5, 100, 0), 4, "history", True),
        ({"factor": 3, "at_least": 5}, (99, 100, None), 99, "none", False),
        ({"max": 50, "percent": 10, "factor": 3, "at_least": 5}, (40, 300, 20), 30, "percent", True),
    ],
)
def test_the_smallest_bound_decides(
    limit: dict[str, Any], group: tuple[int, int, int | None], allowed: int, rule: str, trips: bool
) -> None:
    verdict = judge_group(GuardLimit(kind=GuardKind.DISABLE, **limit), Group(None, *group))
    assert (verdict.allowed, verdict.rule, verdict.tripped) == (allowed, rule, trips)


def test_a_first_load_trips_nothing(house: House) -> None:
    house.day("2026-11-01", *crowd(300))
    made = house.plan()
    assert (made.held, tripped(made)) == ((), [])


def test_what_trips_is_held_with_its_rows_and_the_rest_goes_on(house: House) -> None:
    delivered(house, *crowd(40))
    house.day("2026-11-02", *left(crowd(40), 12), ("5000", "True", "New", "Comer", "", "Sales"))
    made = house.planned()
    assert made.counts == {"create": 1, "disable": 12}
    assert tripped(made) == [("disable", None, None, 12, "percent")]
    assert house.sends(made).keys() == {"5000"}
    assert workers(house, made) == {"disable": {str(2000 + i) for i in range(12)}}
    with house.journal() as journal:
        assert {(m.state, m.held_for) for m in journal.manifests() if m.newest} == {
            ("ready", None),
            ("held", "disable"),
        }


def test_a_group_that_would_lose_everybody_is_held_although_the_company_is_under_its_limit(house: House) -> None:
    norway, rest = crowd(6, 9000, country="NO"), crowd(200)
    delivered(house, *norway, *rest)
    house.day("2026-11-02", *left(norway, 6), *left(rest, 1))
    made = house.planned()
    assert tripped(made) == [("disable", "country", "NO", 6, "everybody")]
    assert workers(house, made) == {"disable": {row[0] for row in norway}}
    assert house.sends(made).keys() == {"2000"}


def test_a_group_is_where_its_workers_were_when_they_were_last_delivered(house: House) -> None:
    """A file that ends people and blanks where they are, all in one."""
    norway = crowd(12, 9000, employer="Fjord AS")
    delivered(house, *norway, *crowd(400))
    gone = [(*row[:6], "", "") for row in left(norway, 12)]
    house.day("2026-11-02", *gone, *crowd(400))
    assert ("disable", "legal_employer", "Fjord AS", 12, "everybody") in tripped(house.plan())


def test_a_share_of_one_group_trips(house: House) -> None:
    fjord, rest = crowd(20, 9000, employer="Fjord AS"), crowd(400)
    delivered(house, *fjord, *rest)
    house.day("2026-11-02", *left(fjord, 11), *rest)
    assert tripped(house.plan()) == [("disable", "legal_employer", "Fjord AS", 11, "percent")]


def test_several_small_plans_of_a_business_date_are_judged_as_one(house: House) -> None:
    delivered(house, *crowd(120))
    house.day("2026-11-02", *left(crowd(120), 8))
    house.accept(house.planned())
    house.day("2026-11-02", *left(crowd(120), 14))
    made = house.plan()
    assert tripped(made) == [("disable", None, None, 14, "percent")]
    assert workers(house, made) == {"disable": {str(2000 + i) for i in range(8, 14)}}


def test_the_highest_day_of_late_is_what_history_knows(house: House) -> None:
    house.ruled('[[guards.limits]]\nkind = "disable"\nfactor = 3\nat_least = 3')
    everybody = crowd(60)
    delivered(house, *everybody)
    for day in range(2, 8):
        house.day(f"2026-11-{day:02}", *left(everybody, day - 1))
        made = house.plan()
        assert tripped(made) == []
        house.accept(made)
    house.day("2026-11-08", *left(everybody, 11))
    assert tripped(house.plan()) == [("disable", None, None, 5, "history")]


def test_an_attribute_that_is_cleared_in_many_accounts_is_held_and_other_changes_go_on(house: House) -> None:
    everybody = crowd(60)
    delivered(house, *everybody)
    blank = [(*row[:5], "") for row in everybody[:14]]
    house.day("2026-11-02", *blank, *everybody[14:59], (*everybody[59][:5], "Legal"))
    made = house.planned()
    assert {(v.kind, v.attribute, v.operations) for v in made.verdicts if v.tripped} == {("clear", "room", 14)}
    assert workers(house, made) == {"clear": {row[0] for row in blank}}
    assert house.sends(made).keys() == {everybody[59][0]}


def test_a_changed_username_of_many_accounts_is_held(house: House) -> None:
    house.ruled('[[guards.limits]]\nkind = "rename"\nmax = 2')
    everybody = crowd(5)
    delivered(house, *everybody)
    house.day("2026-11-02", *((*row[:3], "King", *row[4:]) for row in everybody[:3]))
    made = house.plan()
    assert made.counts == {"rename": 3}
    assert workers(house, made) == {"rename": {"2000", "2001", "2002"}}


def test_the_profile_may_stop_the_whole_plan(house: House) -> None:
    house.ruled("[guards]\nothers_go_on = false")
    delivered(house, *crowd(40))
    house.day("2026-11-02", *left(crowd(40), 12), ("5000", "True", "New", "Comer", "", "Sales"))
    made = house.plan()
    assert made.manifest is None
    assert workers(house, made) == {"disable": {str(2000 + i) for i in range(12)}, "others": {"5000"}}


def test_one_limit_may_stop_the_rest_where_the_profile_lets_it_go_on(house: House) -> None:
    house.ruled('[[guards.limits]]\nkind = "create"\nmax = 0\nothers_go_on = false')
    house.day("2026-11-01", *crowd(2))
    made = house.plan()
    assert workers(house, made) == {"create": {"2000", "2001"}}
    assert tripped(made) == [("create", None, None, 2, "max")]


def test_an_operation_that_two_limits_count_is_held_once(house: House) -> None:
    house.ruled('[[guards.limits]]\nkind = "disable"\nmax = 1\n[[guards.limits]]\nkind = "change"\nmax = 1')
    delivered(house, *crowd(6))
    rows = crowd(6)
    moved = [(*row[:5], "Legal") for row in rows[2:4]]
    house.day("2026-11-02", *left(rows[:2], 2, department="Legal"), *moved, *rows[4:])
    made = house.plan()
    assert workers(house, made) == {"disable": {"2000", "2001"}, "change": {"2002", "2003"}}


def test_verdicts_are_kept_in_the_warehouse(house: House) -> None:
    delivered(house, *crowd(40))
    house.day("2026-11-02", *left(crowd(40), 12))
    house.plan()
    query = "select kind, operations, base, allowed, rule from guard_verdicts where verdict = 'tripped'"
    assert house.rows(query) == [("disable", 12, 40, 9, "percent")]


def test_groups_are_those_of_the_workers_that_the_rooms_before_know(tmp_path: Path) -> None:
    chain, norway, rest = new_chain(tmp_path), crowd(6, 9000, country="NO"), crowd(100)
    chain.day("2026-11-01", *norway, *rest)
    chain.accept(chain.planned())
    chain.day("2026-11-02", *((*row[:6], "", "") for row in left(norway, 6)), *left(rest, 1))
    made = chain.planned()
    assert tripped(made) == [("disable", "country", "NO", 6, "everybody")]
    assert {number for manifest in made.held for number in chain.users(manifest)} == {row[0] for row in norway}
    assert chain.sends(made).keys() == {"2000"}


def verdict(kind: GuardKind, rule: str, **given: Any) -> Verdict:
    """A verdict that tripped over 27 of 169 accounts."""
    usual = {
        "attribute": None,
        "cohort": None,
        "value": None,
        "operations": 27,
        "base": 169,
        "allowed": 9,
        "tripped": True,
    }
    return Verdict(kind=kind, rule=rule, **{**usual, **given})


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (verdict(GuardKind.DISABLE, "percent", bound=5.0),
         "27 of 169 accounts would be disabled (16 %); the limit is 5 %, here 9. Held."),
        (verdict(GuardKind.DISABLE, "history", bound=5.0, others_go_on=False),
         "27 of 169 accounts would be disabled (16 %); the limit is 5 times the highest day of late, here 9. Held, and all else of"
         " the plan with it."),
        (verdict(GuardKind.CREATE, "max", base=0), "27 accounts would be created, where there are none; the limit is 9. Held."),
        (verdict(GuardKind.CLEAR, "percent", attribute="title"),
         "27 of 169 accounts would lose their title (16 %); the limit is 9. Held."),
        (verdict(GuardKind.CHANGE, "percent", attribute="title", operations=1, tripped=False, bound=5.0),
         "1 of 169 accounts would get another title (under 1 %); the limit is 5 %, here 9."),
        (verdict(GuardKind.DISABLE, "everybody", cohort="country", value="GB", operations=169),
         "169 of 169 accounts in country GB would be disabled (100 %); nobody would be left. Held."),
        (verdict(GuardKind.SEVERAL, "percent"),
         "27 of 169 accounts would change in several attributes at once (16 %); the limit is 9. Held."),
        (verdict(GuardKind.DISABLE, "7 days", bound=5.0),
         "27 of 169 accounts would be disabled within 7 days (16 %); the limit is 9. Held."),
        (verdict(GuardKind.DISABLE, "small"),
         "27 of 169 accounts would be disabled (16 %); the limit is 9 in so small a company. Held."),
    ],
)  # fmt: skip
def test_a_verdict_is_a_sentence(found: Verdict, sentence: str) -> None:
    assert found.describe(values=True) == sentence


@pytest.mark.parametrize("kind", GuardKind)
def test_every_guard_has_a_sentence(kind: GuardKind) -> None:
    for rule in ("max", "percent", "history", "everybody", "none", "small", "7 days", "enabled", kind.value):
        for values in (True, False):
            assert verdict(kind, rule, cohort="country", value="GB").describe(values=values).endswith(" Held.")


def test_the_sentence_without_values_names_no_group(house: House) -> None:
    said = verdict(GuardKind.RENAME, "max", cohort="country", value="Ruritania").describe(values=False)
    assert said == "27 of 169 accounts in one country would get another user name (16 %); the limit is 9. Held."


def test_the_percentage_of_a_written_verdict_is_that_of_the_one_limit_behind_it() -> None:
    limits = [
        GuardLimit(kind=GuardKind.DISABLE, percent=5),
        GuardLimit(kind=GuardKind.DISABLE, per="cohort", percent=25),
    ]
    guards = Guards(limits=tuple(limits))
    rows = [
        verdict(GuardKind.DISABLE, "percent", bound=5.0).as_row(),
        verdict(GuardKind.DISABLE, "percent", cohort="country").as_row(),
    ]
    assert "bound" not in rows[0]
    assert [Verdict.from_row(row).under(guards).bound for row in rows] == [5.0, 25.0]
    twice = Guards(limits=(*limits, GuardLimit(kind=GuardKind.DISABLE, percent=7)))
    assert Verdict.from_row(rows[0]).under(twice).bound is None
