"""The scope: Entra ID's operators, groups of clauses, and what leaving the scope does."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from hcm_pipeline.errors import ProfileError
from hcm_pipeline.flow import plans
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.profile import Clause, Operator, clause_sql
from hcm_pipeline.warehouse import memory
from tests.workers.driver import PROFILE, Firm, day, worker

LEVEL = """[extra_fields.level]
column = "Level"
type = "integer"
[extra_fields.fte]
column = "FTE"
type = "decimal"
decimals = 2
"""
PEOPLE = """(values (1, 'Sales', date '2026-11-02', true, 5), (2, 'sales DE', date '2026-11-03', false, 6),
    (3, null, null, null, null))"""


@pytest.mark.parametrize(
    ("field", "operator", "value", "who"),
    [
        ("department", "EQUALS", "Sales", [1]),
        ("department", "NOT EQUALS", "Sales", [2]),
        ("status_active", "IS TRUE", None, [1]),
        ("status_active", "IS FALSE", None, [2]),
        ("status_active", "EQUALS", "true", [1]),
        ("department", "IS NULL", None, [3]),
        ("department", "IS NOT NULL", None, [1, 2]),
        ("department", "REGEX MATCH", "^[Ss]ales$", [1]),
        ("department", "NOT REGEX MATCH", "DE", [1]),
        ("hire_date", "Greater_Than", "2026-11-02", [2]),
        ("hire_date", "Greater_Than_OR_EQUALS", "2026-11-02", [1, 2]),
        ("level", "Greater_Than", 5, [2]),
        ("fte", "Greater_Than", 5, [2]),
        ("department", "Includes", "ales", [1, 2]),
        ("department", "ENDS_WITH", "DE", [2]),
        ("level", "&", 2, [2]),
        ("level", "!&", 2, [1]),
    ],
)
def test_an_operator_means_what_it_means_in_entra(
    field: str, operator: Operator, value: str | int | None, who: list[int]
) -> None:
    profile = parse_profile(PROFILE + LEVEL, "firm.toml").profile
    sql = clause_sql(profile, Clause(field=field, operator=operator, value=value))
    with memory() as con:
        people = f"{PEOPLE} t(n, department, hire_date, status_active, level)"
        people = f"(select *, level::decimal(18, 2) as fte from {people})"
        assert [
            n for (n,) in con.sql(f"select n from {people} where coalesce({sql}, false) order by n").fetchall()
        ] == who


def test_every_operator_is_known() -> None:
    profile = parse_profile(PROFILE + LEVEL, "firm.toml").profile
    for operator in get_args(Operator):
        bare = operator.startswith("IS ")
        field = (
            "level"
            if "&" in operator or "Greater" in operator
            else "active"
            if operator in ("IS TRUE", "IS FALSE")
            else "city"
        )
        assert clause_sql(profile, Clause(field=field, operator=operator, value=None if bare else 1))


@pytest.mark.parametrize(
    "clause",
    [
        '{ field = "unheard_of", operator = "IS NULL" }', '{ field = "city", operator = "IS TRUE" }',
        '{ field = "city", operator = "IS NULL", value = "x" }', '{ field = "city", operator = "EQUALS" }',
        '{ field = "hire_date", operator = "Greater_Than", value = "soon" }', '{ field = "city", operator = "&", value = 1 }',
        '{ field = "city", operator = "REGEX MATCH", value = "(" }', '{ field = "active", operator = "EQUALS", value = "yes" }',
    ],
)  # fmt: skip
def test_a_clause_that_makes_no_sense_is_refused_by_key(clause: str) -> None:
    with pytest.raises(ProfileError) as refused:
        parse_profile(f"{PROFILE}\n[[scope.groups]]\nclauses = [{clause}]\n", "firm.toml")
    assert [fault.key for fault in refused.value.faults] == ["scope.groups[0].clauses[0]"]


GROUPS = """
[scope]
leaving = "{leaving}"
include = ["city is distinct from 'Nowhere'"]
[[scope.groups]]
clauses = [{{ field = "country", operator = "EQUALS", value = "DE" }}, {{ field = "hire_date", operator = "IS NOT NULL" }}]
[[scope.groups]]
clauses = [{{ field = "department", operator = "EQUALS", value = "IT" }}]
"""


@pytest.mark.parametrize(("leaving", "sent"), [("keep", {}), ("disable", {"1": "disable"})])
def test_clauses_hold_together_groups_by_themselves_and_leaving_is_a_kind_with_a_policy(
    tmp_path: Path, leaving: str, sent: dict[str, str]
) -> None:
    firm = Firm(tmp_path, more=GROUPS.format(leaving=leaving))
    rows = [worker(1, Country="DE", Hired="2020-01-01"), worker(2, Country="DE"), worker(3, Department="IT"),
            worker(4, Department="IT", City="Nowhere"), worker(5)]  # fmt: skip
    firm.take(rows, day(2))
    assert {n for (n,) in firm.sql("select person_number from identities")} == {"1", "3"}
    made = plans.plan(firm.warehouse, firm.loaded, "t/j")
    assert made is not None
    assert made.counts == {"create": 2}
    firm.sql("update versions set is_delivered = true, request_no = 0, op_no = 0")
    firm.take([worker(1, Country="US", Hired="2020-01-01"), worker(2, Department="IT"), *rows[2:]], day(3))
    assert firm.kinds(day(3)) == {"1": "left_scope", "2": "entered_scope"}
    made = plans.plan(firm.warehouse, firm.loaded, "t/j")
    assert made is not None
    kinds = dict(
        firm.sql(
            "select person_number, kind from planned join (select max(plan_no) as plan_no from planned) using (plan_no)"
        )
    )
    assert kinds == {"2": "create", **sent}
