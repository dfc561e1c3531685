"""Every rule of the table in workers/change_kinds.py, on lives as workers/lifecycle.py makes them of dates and status."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.profile import Life
from hcm_pipeline.warehouse import memory
from hcm_pipeline.workers.change_kinds import DATES, KINDS, MOVES, RULES, attributes_sql, first_kind_sql, kind_sql
from hcm_pipeline.workers.lifecycle import lives_sql, make_surroundings
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


def judged(
    before: Facts | None, now: Facts, *, been: bool = False, on: str = TODAY, was: str = TODAY
) -> tuple[list[str], str]:
    """Attributes that differ and the kind of the change between what was known on day `was` and on day `on`.

    `missing` among the facts: whether the worker is missing then.
    """
    profile = parse_profile(PROFILE + LIFE, "firm.toml").profile
    with memory() as con:
        con.execute("create table absences(person_number varchar, status varchar, valid_to date)")
        make_surroundings(con, profile.workers.life)
        for name, facts, day in (("b", before, was), ("n", now, on)):
            if facts is None:
                continue
            columns = [
                f"null::{kind.replace('string', 'varchar')} as {f}"
                for f, kind in profile.types.items()
                if f not in FIELDS
            ]
            values = [f"{_value(facts.get(f))}::{profile.types[f].replace('string', 'varchar')} as {f}" for f in FIELDS]
            number = f"'{name}' as person_number"
            columns = [number, *(c for c in columns if "person_number" not in c)]
            con.execute("insert into absences values (?, 'missing', null)", [name if facts.get("missing") else "x"])
            moment = dt.datetime.fromisoformat(f"{day}T12:00:00+00:00")
            relation = f"(select {', '.join(columns + values)})"
            scope = "country <> 'XX'"
            con.execute(
                f"create table {name} as select *, {scope} as in_scope from {lives_sql(profile, relation, moment)}"
            )
        if before is None:
            return [], con.sql(f"select {first_kind_sql('life_stage')} from n").fetchall()[0][0]
        attributes = attributes_sql(list(FIELDS), "b", "n")
        kind = kind_sql(profile, "a", "b", "n")
        query = f"select a, {kind} from b, n, (select {been} as been), lateral (select {attributes} as a)"
        [(found, called)] = con.sql(query).fetchall()
    return found, called


def _value(text: str | None) -> str:
    return "null" if text is None else f"'{text}'"


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
def test_a_change_is_called_what_the_table_says(before: Facts | None, now: Facts, kind: str) -> None:
    was, is_ = None if before is None else {**BEFORE, **before}, {**BEFORE, **now}
    called = judged(was, is_)
    assert called[1] == kind
    if was is not None:
        facts = [field for field in FIELDS if field != "active" and was.get(field) != is_.get(field)]
        assert [name for name in called[0] if name not in ("active", "status_active", "life_stage")] == facts


@pytest.mark.parametrize(
    ("facts", "was", "on", "been", "kind", "differs"),
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
    facts: Facts, was: str, on: str, been: bool, kind: str, differs: list[str]
) -> None:
    assert judged({**BEFORE, **facts}, {**BEFORE, **facts}, been=been, was=was, on=on) == (differs, kind)


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
