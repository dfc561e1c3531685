"""Every row of the table in workers/kinds.py."""

from __future__ import annotations

import pytest

from hcm_pipeline.warehouse import memory
from hcm_pipeline.workers.kinds import DATES, KINDS, MOVES, attributes_sql, kind_sql

FIELDS = ["active", "hire_date", "termination_date", "department", "manager", "city"]
BEFORE = {
    "active": "true",
    "hire_date": "2020-01-01",
    "termination_date": None,
    "department": "A",
    "manager": "1",
    "city": "X",
}


def judged(before: dict[str, str | None], now: dict[str, str | None]) -> tuple[list[str], str]:
    """Attributes that differ and the kind of change, for a known worker."""
    with memory() as con:
        for name, values in (("b", before), ("n", now)):
            columns = "active boolean, hire_date date, termination_date date, department varchar, manager varchar, city varchar"
            con.execute(f"create table {name} ({columns})")
            con.execute(f"insert into {name} values (?, ?, ?, ?, ?, ?)", [values[field] for field in FIELDS])
        attributes = attributes_sql(FIELDS, "b", "n")
        row = con.execute(f"select {attributes}, {kind_sql(attributes, 'b', 'n')} from b, n").fetchone()
    assert row is not None
    return row[0], row[1]


@pytest.mark.parametrize(
    ("before", "now", "kind"),
    [
        ({}, {"active": "false", "city": "Y"}, "leaver"),
        ({"active": "false"}, {"hire_date": "2026-01-01"}, "rehire"),
        ({"active": "false"}, {"department": "B"}, "reinstated"),
        ({"active": "false"}, {"hire_date": "2019-01-01"}, "reinstated"),
        ({"active": "false", "hire_date": None}, {"hire_date": "2026-01-01"}, "reinstated"),
        ({}, {"hire_date": "2020-01-02"}, "correction"),
        ({}, {"hire_date": None, "termination_date": "2027-01-01"}, "correction"),
        ({}, {"hire_date": "2020-01-02", "department": "B"}, "mover"),
        ({}, {"manager": None, "city": "Y"}, "mover"),
        ({}, {"city": "Y"}, "update"),
        ({}, {"city": "Y", "hire_date": "2020-01-02"}, "update"),
        ({"active": "false"}, {"active": "false", "department": "B"}, "mover"),
    ],
)
def test_a_change_is_called_what_the_table_says(
    before: dict[str, str | None], now: dict[str, str | None], kind: str
) -> None:
    was: dict[str, str | None] = {**BEFORE, **before}
    called = judged(was, {**BEFORE, **now})
    assert called[1] == kind
    assert called[0] == [field for field in FIELDS if was[field] != {**BEFORE, **now}[field]]


def test_the_names_are_disjoint() -> None:
    assert not set(DATES) & set(MOVES)
    assert len(set(KINDS)) == len(KINDS)
