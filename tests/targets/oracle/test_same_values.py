"""SQL and Python say the same of two phones."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.oracle import same_number
from hcm_pipeline.targets.oracle import key_sql, same_sql
from tests.pool import for_good

SPELLED = ["+", "00", "0", "31", "1", "44", "352", "20", "555", "0101", "5550101", "(0)", " ", "-"]
PARTS = st.sampled_from([*SPELLED, " x12", " ext. 7", ";ext=012", "#7", "n/a"])
TEXTS = st.lists(PARTS, max_size=8).map("".join) | st.none()


def asked(con: duckdb.DuckDBPyConnection, attribute: str, one: str | None, other: str | None) -> bool:
    keys = f"select {key_sql(attribute, 'a')} as k, {key_sql(attribute, 'b')} as l from (select ?::varchar as a, ?::varchar as b)"  # type: ignore[arg-type]
    row = con.execute(f"select {same_sql(attribute, 'k', 'l')} from ({keys})", [one, other]).fetchone()  # type: ignore[arg-type]
    assert row is not None
    assert row[0] is not None
    return bool(row[0])


@given(TEXTS, TEXTS)
def test_a_phone_is_the_same_in_sql_and_in_python(one: str | None, other: str | None) -> None:
    con = for_good(__name__)
    assert asked(con, "work_phone", one, other) == same_number(one, other)
    assert asked(con, "work_phone", one, other) == asked(con, "work_phone", other, one)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("Kim@Contoso.com", " kim@contoso.COM ", True), ("kim", "kin", False), (None, "", True), ("", "kim", False)],
)
def test_no_letters_case_counts_in_names_and_mail(one: str | None, other: str | None, same: bool) -> None:
    assert asked(for_good(__name__), "work_mail", one, other) is same
