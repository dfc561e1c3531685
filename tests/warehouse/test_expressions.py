"""Expressions of a profile: scalar, repeatable, and with no way out."""

from __future__ import annotations

import pytest

from hcm_pipeline.warehouse.expressions import type_of

COLUMNS = {"first_name": "VARCHAR", "active": "BOOLEAN", "hire_date": "DATE", "user": "VARCHAR"}


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("first_name", "VARCHAR"), ("upper(first_name) || '!'", "VARCHAR"), ("active and first_name is not null", "BOOLEAN"),
        ("case when active then 1 else 2 end", "INTEGER"), ("hire_date + interval 1 day", "TIMESTAMP"),
        ("regexp_replace(first_name, 'a', 'b') -- a comment", "VARCHAR"), ("first_name in ('a', 'b')", "BOOLEAN"),
        ("date '2026-01-01'", "DATE"), ('"user"', "VARCHAR"),
    ],
)  # fmt: skip
def test_a_scalar_expression_has_a_type(expression: str, kind: str) -> None:
    assert type_of(expression, COLUMNS) == kind


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("(select 1)", "a subquery"), ("exists (select 1)", "a subquery"), ("first_name in (select 'a')", "a subquery"),
        ("max(first_name)", "function max"), ("count(*)", "must not use"), ("row_number() over ()", "must not use"),
        ("now()", "function now"), ("random()", "function random"), ("uuid()", "function uuid"), ("today()", "today"),
        ("current_date", "current_date"), ("current_timestamp", "current_timestamp"), ("current_user", "current_user"),
        ("read_csv('/etc/passwd')", "function read_csv"), ("read_text('/etc/passwd')", "function read_text"),
        ("getenv('HOME')", "function getenv"), ("query('select 1')", "function query"),
        ("nextval('s')", "function nextval"), ("*", "must not use"), ("columns(*)", "must not use"), ("?", "a parameter"),
        ("1; select 2", "is not an SQL expression"), ("1) from (select 1", "must be one scalar expression"),
        ("1), (2", ""), ("1 from 'file.csv'", "is not an SQL expression"), ("first_name where active", "is not"),
        ("", "is not an SQL expression"), ("nobody", "does not fit"), ("first_name + 1 +", "is not an SQL expression"),
        ("unnest([1, 2])", "must not use"), ("getvariable('x')", "function getvariable"),
    ],
)  # fmt: skip
def test_everything_else_is_refused_with_what_is_not_allowed(expression: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"must|is not|does not") as caught:
        type_of(expression, COLUMNS)
    assert says in str(caught.value)
