"""Expressions of a profile: scalar, repeatable, and with no way out."""

from __future__ import annotations

import re

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.warehouse import memory
from hcm_pipeline.warehouse.allowed_functions import FUNCTIONS
from hcm_pipeline.warehouse.expressions import can_fail, fails_sql, holds_sql, type_of
from tests.budget import examples

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


def catalogue() -> list[tuple[str, str, str]]:
    with memory() as con:
        return con.execute(
            "select distinct lower(function_name), function_type, coalesce(stability, 'CONSISTENT') from duckdb_functions()"
        ).fetchall()


def test_what_is_allowed_is_in_the_catalogue_and_scalar_in_all_its_forms() -> None:
    found = catalogue()
    assert {name for name, _, _ in found} >= FUNCTIONS
    odd = {name for name, kind, stability in found if kind not in ("scalar", "macro") or stability != "CONSISTENT"}
    assert not odd & FUNCTIONS


def test_a_function_that_is_not_on_the_list_is_refused_whatever_it_is() -> None:
    others = sorted({name for name, _, _ in catalogue() if re.fullmatch("[a-z][a-z0-9_]*", name)} - FUNCTIONS)
    assert len(others) > 300
    for name in [*others[:: max(len(others) // 25, 1)], "a_macro_of_next_year"]:
        with pytest.raises(ValueError, match=rf"function {name}: .*; docs/reference/profile.md lists what is allowed"):
            type_of(f"{name}(first_name)", COLUMNS)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("pg_sleep(1)", "it waits"), ("ago(interval 1 day)", "another day"), ("age(hire_date)", "fewer than 2 arguments"),
        ("current_localtime()", "another day"), ("current_localtime", "every day"), ("hash(first_name)", "function hash"),
        ("regexp_split_to_table(first_name, ' ')", "several rows of one"), ("unnest(['a'])", "several rows of one"),
        ("geomean(length(first_name))", "folds all rows"), ("string_agg(first_name, ',')", "folds all rows"),
        ("pg_get_viewdef(1)", "looks into the database"), ("assert_true(false)", "on purpose"), ("error('x')", "function error"),
        ("printf('%1000000000d', 1)", "no width above"), ("printf('%*d', 1000000, 1)", "no width above"),
        ("printf(first_name, 1)", "no width"),
        ("format('{:1000000000}', first_name)", "no width"), ("format('{:{}}', first_name, 1000000)", "written out"),
        ("lpad(first_name, 2000000000, 'x')", "at most 10,000"), ("lpad(first_name, length(first_name), 'x')", "at most 10,000"),
        ("first_name || chr(0)", "chr"), ("chr(8238) || first_name", "chr"), ("chr(55296)", "chr"), ("E'a\\x07'", "U+0007"),
        ("first_name = any(['x'])", "a subquery"), ("grouping(first_name)", "grouping_function"),
        ("'x'::integer", "fails even for a worker without any value"), ("date '2026-02-30'", "fails even"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_is_wrong(expression: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"must|fails") as caught:
        type_of(expression, COLUMNS)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "expression",
    [
        "age(hire_date, date '2020-01-01')", "list_transform(string_split(first_name, ' '), lambda w: upper(w))",
        "[upper(w) for w in string_split(first_name, ' ')]", "array_to_string([first_name, 'x'], ' ')", "first_name[1:3]",
        "cast(first_name as integer)::varchar", "extract(year from hire_date)", "first_name ~ 'x'", "lpad(first_name, 8, '0')",
        "printf('%s-%05d {', first_name, 7)",
        "format('{{}} {:>20}', first_name)",
        "try_cast(first_name as date)", "strftime(hire_date, '%Y')", "nullif(first_name, '')", "split_part(first_name, ' ', 1)",
    ],
)  # fmt: skip
def test_what_gives_the_same_value_for_the_same_worker_is_allowed(expression: str) -> None:
    assert type_of(expression, COLUMNS)


TEXT = st.sampled_from(["first_name", '"user"', "'x'", "upper(first_name)", "first_name || '!'", "cast(first_name as integer)",
                        "first_name[1]", "strptime(first_name, '%Y')::varchar", "5", "hire_date"])  # fmt: skip
CONDITION = st.recursive(
    st.one_of(
        st.just("active"),
        st.tuples(TEXT, st.sampled_from(["=", "<>", "<", "is distinct from", "in"]), TEXT).map(
            lambda parts: f"{parts[0]} {parts[1]} ({parts[2]})"
        ),
        TEXT.map(lambda text: f"{text} is null"),
        st.tuples(TEXT, TEXT).map(lambda two: f"contains({two[0]}, {two[1]})"),
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"
        ),
        inner.map(lambda one: f"not ({one})"),
    ),
    max_leaves=4,
)


@settings(max_examples=examples(40), deadline=None)
@given(CONDITION)
def test_an_error_of_a_condition_is_a_value_and_what_cannot_fail_never_does(condition: str) -> None:
    try:
        type_of(condition, COLUMNS)
    except ValueError:
        return
    rows = "(values ('7', true, date '2020-01-01', 'u'), ('x', null, null, null), (null, false, date '1900-01-01', '2020'))"
    with memory() as con:
        relation = f'{rows} t(first_name, active, hire_date, "user")'
        failed = con.execute(f"select {fails_sql([condition])}, {holds_sql(condition)} from {relation}").fetchall()
        assert all(held in (True, False) for _, held in failed)
        assert not any(fails and held for fails, held in failed)
        try:
            con.execute(f"select {condition} from {relation}").fetchall()
        except duckdb.Error:
            assert any(fails for fails, _ in failed)
            assert can_fail(condition, COLUMNS)
        else:
            assert not any(fails for fails, _ in failed)
