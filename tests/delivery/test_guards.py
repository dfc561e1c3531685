"""Guards hold what looks wrong, and nothing else."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.delivery.plan.guards import Group, judge_group
from hcm_pipeline.delivery.plan.planning import Plan
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.profile import GuardLimit

from .chain import Chain, new_chain

Row = tuple[str, ...]


def crowd(number: int, first: int = 2000, employer: str = "", country: str = "") -> list[Row]:
    """So many workers in Sales."""
    return [(str(first + i), "True", f"First{i}", f"Last{i}", "", "Sales", employer, country) for i in range(number)]


def left(rows: list[Row], leavers: int, department: str = "Sales") -> list[Row]:
    """The same workers when the first so many have left."""
    return [(row[0], "False", *row[2:5], department, *row[6:]) for row in rows[:leavers]] + rows[leavers:]


def with_guards(chain: Chain, text: str) -> Chain:
    """A chain whose profile has these guards."""
    profile = chain.loaded.profile
    built_in = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text(encoding="utf-8")
    chain.loaded = parse_profile(f"{built_in}\n{text}", profile.name)
    return chain


def tripped(made: Plan) -> list[tuple[str, str | None, str | None, int, str]]:
    """(kind, cohort, value, operations, rule) of every verdict that holds something."""
    return [(v.kind, v.cohort, v.value, v.operations, v.rule) for v in made.verdicts if v.tripped]


def workers(chain: Chain, made: Plan) -> dict[str, set[str]]:
    """Whom each held manifest holds."""
    return {str(m.held_for): set(chain.users(m)) for m in made.held}


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """A fresh home."""
    return new_chain(tmp_path)


def delivered(chain: Chain, *rows: Row, date: str = "2026-11-01") -> Chain:
    """The same home when the target has these workers."""
    chain.day(date, *rows)
    made = chain.planned()
    assert made.manifest is not None
    chain.accept_all(made.manifest)
    return chain


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
    verdict = judge_group(GuardLimit(kind="disable", **limit), Group(None, *group))
    assert (verdict.allowed, verdict.rule, verdict.tripped) == (allowed, rule, trips)


def test_a_first_load_trips_nothing(chain: Chain) -> None:
    chain.day("2026-11-01", *crowd(300))
    made = chain.plan()
    assert (made.held, tripped(made)) == ((), [])


def test_what_trips_is_held_with_its_rows_and_the_rest_goes_on(chain: Chain) -> None:
    delivered(chain, *crowd(40))
    chain.day("2026-11-02", *left(crowd(40), 12), ("5000", "True", "New", "Comer", "", "Sales"))
    made = chain.planned()
    assert made.counts == {"create": 1, "disable": 12}
    assert tripped(made) == [("disable", None, None, 12, "percent")]
    assert chain.sends(made).keys() == {"5000"}
    assert workers(chain, made) == {"disable": {str(2000 + i) for i in range(12)}}
    with chain.journal() as journal:
        assert {(m.state, m.held_for) for m in journal.manifests() if m.newest} == {
            ("ready", None),
            ("held", "disable"),
        }


def test_a_group_that_would_lose_everybody_is_held_although_the_company_is_under_its_limit(chain: Chain) -> None:
    norway, rest = crowd(6, 9000, country="NO"), crowd(200)
    delivered(chain, *norway, *rest)
    chain.day("2026-11-02", *left(norway, 6), *left(rest, 1))
    made = chain.planned()
    assert tripped(made) == [("disable", "country", "NO", 6, "everybody")]
    assert workers(chain, made) == {"disable": {row[0] for row in norway}}
    assert chain.sends(made).keys() == {"2000"}


def test_a_group_is_where_its_workers_were_when_they_were_last_delivered(chain: Chain) -> None:
    """A file that ends people and blanks where they are, all in one."""
    norway = crowd(12, 9000, employer="Fjord AS")
    delivered(chain, *norway, *crowd(400))
    gone = [(*row[:6], "", "") for row in left(norway, 12)]
    chain.day("2026-11-02", *gone, *crowd(400))
    assert ("disable", "legal_employer", "Fjord AS", 12, "everybody") in tripped(chain.plan())


def test_a_share_of_one_group_trips(chain: Chain) -> None:
    fjord, rest = crowd(20, 9000, employer="Fjord AS"), crowd(400)
    delivered(chain, *fjord, *rest)
    chain.day("2026-11-02", *left(fjord, 11), *rest)
    assert tripped(chain.plan()) == [("disable", "legal_employer", "Fjord AS", 11, "percent")]


def test_several_small_plans_of_a_business_date_are_judged_as_one(chain: Chain) -> None:
    delivered(chain, *crowd(40))
    chain.day("2026-11-02", *left(crowd(40), 8))
    chain.accept(chain.planned())
    chain.day("2026-11-02", *left(crowd(40), 14))
    made = chain.plan()
    assert tripped(made) == [("disable", None, None, 14, "percent")]
    assert workers(chain, made) == {"disable": {str(2000 + i) for i in range(8, 14)}}


def test_the_highest_day_of_late_is_what_history_knows(chain: Chain) -> None:
    with_guards(chain, '[[guards.limits]]\nkind = "disable"\nfactor = 3\nat_least = 3')
    everybody = crowd(60)
    delivered(chain, *everybody)
    for day in range(2, 8):
        chain.day(f"2026-11-{day:02}", *left(everybody, day - 1))
        made = chain.plan()
        assert tripped(made) == []
        chain.accept(made)
    chain.day("2026-11-08", *left(everybody, 11))
    assert tripped(chain.plan()) == [("disable", None, None, 5, "history")]


def test_an_attribute_that_is_cleared_in_many_accounts_is_held_and_other_changes_go_on(chain: Chain) -> None:
    everybody = crowd(60)
    delivered(chain, *everybody)
    blank = [(*row[:5], "") for row in everybody[:30]]
    chain.day("2026-11-02", *blank, *everybody[30:59], (*everybody[59][:5], "Legal"))
    made = chain.planned()
    assert {(v.kind, v.attribute, v.operations) for v in made.verdicts if v.tripped} == {
        ("clear", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", 30)
    }
    assert workers(chain, made) == {"clear": {row[0] for row in blank}}
    assert chain.sends(made).keys() == {everybody[59][0]}


def test_a_changed_username_of_many_accounts_is_held(chain: Chain) -> None:
    with_guards(chain, '[[guards.limits]]\nkind = "rename"\nmax = 2')
    everybody = crowd(5)
    delivered(chain, *everybody)
    with chain.warehouse.write() as con:
        con.execute(
            "update identities set user_principal_name = 'x' || user_principal_name where person_number < '2003'"
        )
    made = chain.plan()
    assert made.counts == {"rename": 3}
    assert workers(chain, made) == {"rename": {"2000", "2001", "2002"}}


def test_the_profile_may_stop_the_whole_plan(chain: Chain) -> None:
    with_guards(chain, "[guards]\nothers_go_on = false")
    delivered(chain, *crowd(40))
    chain.day("2026-11-02", *left(crowd(40), 12), ("5000", "True", "New", "Comer", "", "Sales"))
    made = chain.plan()
    assert made.manifest is None
    assert workers(chain, made) == {"disable": {str(2000 + i) for i in range(12)}, "others": {"5000"}}


def test_one_limit_may_stop_the_rest_where_the_profile_lets_it_go_on(chain: Chain) -> None:
    with_guards(chain, '[[guards.limits]]\nkind = "create"\nmax = 0\nothers_go_on = false')
    chain.day("2026-11-01", *crowd(2))
    made = chain.plan()
    assert workers(chain, made) == {"create": {"2000", "2001"}}
    assert tripped(made) == [("create", None, None, 2, "max")]


def test_an_operation_that_two_limits_count_is_held_once(chain: Chain) -> None:
    with_guards(chain, '[[guards.limits]]\nkind = "disable"\nmax = 1\n[[guards.limits]]\nkind = "change"\nmax = 1')
    delivered(chain, *crowd(6))
    rows = crowd(6)
    moved = [(*row[:5], "Legal") for row in rows[2:4]]
    chain.day("2026-11-02", *left(rows[:2], 2, department="Legal"), *moved, *rows[4:])
    made = chain.plan()
    assert workers(chain, made) == {"disable": {"2000", "2001"}, "change": {"2002", "2003"}}


def test_verdicts_are_kept_in_the_warehouse(chain: Chain) -> None:
    delivered(chain, *crowd(40))
    chain.day("2026-11-02", *left(crowd(40), 12))
    chain.plan()
    query = "select kind, operations, base, allowed, rule from guard_verdicts where verdict = 'tripped'"
    assert chain.rows(query) == [("disable", 12, 40, 9, "percent")]
