"""Every rule of the table in workers/change_kinds.py, on lives as workers/lifecycle.py makes them of dates and status."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from functools import cache

import duckdb
import pytest

from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.profile import Life, Profile
from hcm_pipeline.warehouse import DUCKDB_TYPES, Relation, Scratch, memory, scratch
from hcm_pipeline.workers.change_kinds import DATES, KINDS, MOVES, RULES, attributes_sql, first_kind_sql, kind_sql
from hcm_pipeline.workers.lifecycle import circumstances_of, with_lifecycle
from tests.docs.pages import DOCS

from .driver import PROFILE

FIELDS = ("active", "hire_date", "termination_date", "worker_type", "legal_employer", "country", "department", "manager",
          "last_name", "city")  # fmt: skip
LIFE = """
[fields.worker_type]
column = "Type"
[fields.legal_employer]
column = "Employer"
[workers.life]
on_leave = "city = 'Home'"
erased = "last_name = 'ERASED'"
missing = "disable"
grace_days = 2
[[workers.life.steps]]
stage = "moved"
after_days = 10
"""
BEFORE = {"active": "true", "hire_date": "2020-01-01", "worker_type": "Employee", "legal_employer": "L", "country": "DE",
          "department": "A", "manager": "1", "last_name": "Lee", "city": "X"}  # fmt: skip
TODAY = "2026-11-10"
Facts = dict[str, str | None]


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with memory() as con:
        yield con


@pytest.fixture
def t(con: duckdb.DuckDBPyConnection) -> Iterator[Scratch]:
    with scratch(con) as t:
        yield t


@cache
def profile() -> Profile:
    return parse_profile(PROFILE + LIFE, "firm.toml").profile


def at(t: Scratch, facts: Facts, date: str) -> Relation:
    """One worker on a day, with stage and scope. `missing` among the facts: whether the worker is missing then."""
    absences = t.of_rows(
        "absences",
        {"person_number": "varchar", "status": "varchar", "valid_to": "date"},
        [("1", "missing", None)] if facts.get("missing") else [],
    )
    columns = {name: DUCKDB_TYPES[kind] for name, kind in profile().types.items()}
    given = t.of_rows("facts", columns, [["1" if name == "person_number" else facts.get(name) for name in columns]])
    around = circumstances_of(t, profile().workers.life, absences)
    moment = dt.datetime.fromisoformat(f"{date}T12:00:00+00:00")
    lived = with_lifecycle(profile(), str(given), moment, around)
    return t.make("lived", f"select *, country <> 'XX' as in_scope from {lived}")


def judged(
    t: Scratch, before: Facts | None, now: Facts, *, worked_before: bool = False, on: str = TODAY, was: str = TODAY
) -> tuple[list[str], str]:
    """Attributes that differ and the kind of the change between what was known on day `was` and on day `on`."""
    is_now = at(t, now, on)
    if before is None:
        return [], t.rows(f"select {first_kind_sql('life_stage')} from {is_now}")[0][0]
    kind = kind_sql(profile(), "attributes", "b", "n")
    [(found, called)] = t.rows(
        f"""select attributes, {kind} from {at(t, before, was)} b, {is_now} n,
        (select {worked_before} as worked_before), lateral (select {attributes_sql(list(FIELDS), "b", "n")} as attributes)"""
    )
    return found, called


GONE: Facts = {"active": "false", "termination_date": "2026-11-02"}
AHEAD: Facts = {"hire_date": "2026-11-15"}
CASES: list[tuple[Facts | None, Facts, str]] = [
    (None, {}, "joiner"),
    (None, AHEAD, "prehire"),
    (None, {"hire_date": "2027-11-15"}, "future_hire"),
    ({"hire_date": "2027-11-15"}, AHEAD, "prehire"),
    (AHEAD, {"hire_date": "2027-11-15"}, "future_hire"),
    (None, {"active": "false"}, "former"),
    (None, AHEAD | {"active": "false"}, "no_show"),
    (None, {"last_name": "ERASED"}, "erasure"),
    ({}, {"last_name": "ERASED"}, "erasure"),
    ({"last_name": "ERASED"}, {"last_name": "ERASED", "city": "Y"}, "update"),
    ({}, {"missing": "yes"}, "missing"),
    ({"missing": "yes"}, {}, "found"),
    ({"missing": "yes"}, GONE, "found"),
    (AHEAD, {}, "joiner"),
    (AHEAD, AHEAD | {"active": "false"}, "no_show"),
    (AHEAD | {"active": "false"}, {}, "joiner"),
    (AHEAD | {"active": "false"}, AHEAD, "prehire"),
    ({}, AHEAD, "prehire"),
    (GONE, GONE | AHEAD | {"active": "true"}, "prehire"),
    ({}, {"active": "false", "city": "Y"}, "leaver"),
    ({}, GONE, "leaver"),
    ({}, {"active": "false", "termination_date": "2026-11-09"}, "leaver"),
    (GONE, GONE | {"active": "true", "hire_date": "2026-11-05"}, "rehire"),
    ({"active": "false"}, {"hire_date": "2026-01-01"}, "rehire"),
    ({"active": "false"}, {"department": "B"}, "reversed_termination"),
    (GONE, {}, "reversed_termination"),
    ({"active": "false"}, {"hire_date": "2019-01-01"}, "reversed_termination"),
    ({"active": "false", "hire_date": None}, {"hire_date": "2026-01-01"}, "reversed_termination"),
    ({}, {"city": "Home"}, "leave"),
    ({"city": "Home"}, {}, "return_from_leave"),
    ({}, {"country": "XX", "department": "B"}, "left_scope"),
    ({"country": "XX"}, {}, "entered_scope"),
    ({}, GONE | {"country": "XX"}, "leaver"),
    ({"worker_type": "Pending Worker"}, {}, "pending_hired"),
    ({"worker_type": "P"}, {"worker_type": "C"}, "pending_hired"),
    ({}, {"worker_type": "CONTINGENT WORKER"}, "conversion"),
    ({"worker_type": "contractor"}, {}, "conversion"),
    ({}, {"worker_type": "Nonworker"}, "conversion"),
    ({}, {"worker_type": "Part-time"}, "mover"),
    ({}, {"legal_employer": "M", "hire_date": "2026-11-01"}, "global_transfer"),
    ({}, {"legal_employer": "M", "country": "FR"}, "global_transfer"),
    ({}, {"legal_employer": "M"}, "mover"),
    ({}, {"termination_date": "2027-01-01"}, "future_leaver"),
    ({"termination_date": "2019-12-31"}, {"termination_date": TODAY, "department": "B"}, "future_leaver"),
    ({"termination_date": "2027-01-01"}, {}, "reversed_termination"),
    ({"termination_date": "2027-01-01"}, {"termination_date": "2027-02-01"}, "correction"),
    ({}, {"hire_date": "2020-01-02"}, "correction"),
    (GONE, GONE | {"termination_date": "2026-11-01"}, "correction"),
    (GONE | {"active": "true"}, GONE, "correction"),
    ({}, {"hire_date": "2020-01-02", "department": "B"}, "mover"),
    ({}, {"manager": None, "city": "Y"}, "mover"),
    ({}, {"last_name": "Lee-Young"}, "mover"),
    ({}, {"city": "Y"}, "update"),
    ({}, {"city": "Y", "hire_date": "2020-01-02"}, "update"),
    (GONE, GONE | {"department": "B"}, "mover"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "now", "kind"), CASES)
def test_a_change_is_called_what_the_table_says(t: Scratch, before: Facts | None, now: Facts, kind: str) -> None:
    was, is_ = None if before is None else {**BEFORE, **before}, {**BEFORE, **now}
    called = judged(t, was, is_)
    assert called[1] == kind
    if was is not None:
        facts = [field for field in FIELDS if field != "active" and was.get(field) != is_.get(field)]
        assert [name for name in called[0] if name not in ("active", "status_active", "life_stage")] == facts


@pytest.mark.parametrize(
    ("facts", "was", "on", "worked_before", "kind", "differs"),
    [
        (AHEAD, TODAY, "2026-11-15", False, "joiner", ["active", "life_stage"]),
        (AHEAD, TODAY, "2026-11-15", True, "rehire", ["active", "life_stage"]),
        ({"termination_date": "2026-11-10"}, TODAY, "2026-11-11", False, "leaver", ["life_stage"]),
        (
            {"termination_date": "2026-11-10"},
            "2026-11-12",
            "2026-11-13",
            False,
            "offboarding",
            ["active", "life_stage"],
        ),
        (GONE, TODAY, "2026-11-12", False, "offboarding", ["life_stage"]),
    ],
)
def test_a_change_that_only_a_date_brings_is_called_so(
    t: Scratch, facts: Facts, was: str, on: str, worked_before: bool, kind: str, differs: list[str]
) -> None:
    same = {**BEFORE, **facts}
    assert judged(t, same, same, worked_before=worked_before, was=was, on=on) == (differs, kind)


def test_every_kind_is_tried() -> None:
    assert {kind for *_, kind in CASES} | {"offboarding"} == set(KINDS)


def test_every_kind_has_its_place_in_the_reference() -> None:
    page = (DOCS / "reference" / "kinds.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^### `(\w+)`$", page, re.MULTILINE)) == sorted(KINDS)
    keys = re.findall(r"`workers\.life\.(\w+)`", page)
    assert set(keys) <= set(Life.model_fields)


def test_the_names_are_disjoint() -> None:
    assert not set(DATES) & set(MOVES)
    assert all(rule.words for rule in RULES if rule.when)
