"""Names of any script in ASCII."""

from __future__ import annotations

import re

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.identity.spelling import spell, spell_all, spell_many, spelled_sql
from hcm_pipeline.warehouse import memory


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    """DuckDB as the pipeline opens it."""
    return memory()


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Jürgen", "Jurgen"), ("O'Connor", "O'Connor"), ("O’Connor", "O'Connor"), ("Łukasz", "Lukasz"), ("李", "Li"),
     ("Ναός", "Naos"), ("Þór", "Thor"), ("Jean--Luc-", "Jean-Luc"), ("Straße", "Strasse"), ("e\u0301", "e"), ("", ""),
     ("...", ""), (" van  der  Berg", "van der Berg"), ("Smith, Jr.", "Smith Jr"),
     ("💥 €™", ""), ("Ann 💕 Lee", "Ann Lee"), ("Ana‑Lee", "Ana-Lee"), ("١٢", "12")],
)  # fmt: skip
def test_a_name_is_spelled(name: str, expected: str) -> None:
    assert spell(name) == expected


@given(NAMES)
def test_a_spelling_has_legal_characters_only_and_is_its_own_spelling(name: str) -> None:
    plain = spell(name)
    assert re.fullmatch(r"([A-Za-z0-9]([A-Za-z0-9 .'-]*[A-Za-z0-9])?)?", plain)
    assert "  " not in plain
    assert spell(plain) == plain


@given(st.lists(NAMES, min_size=1, max_size=8))
def test_spelling_many_names_is_spelling_each(names: list[str]) -> None:
    assert [spelling.plain for spelling in spell_many([(name, "") for name in names])] == [
        spell(name) for name in names
    ]


@given(st.lists(NAMES, min_size=1, max_size=8))
def test_sql_and_python_spell_alike(con: duckdb.DuckDBPyConnection, names: list[str]) -> None:
    con.execute("create or replace table people as select unnest(?::varchar[]) as name, '' as place", [names])
    spell_all(con, "people", ["name"])
    query = f"select w.name, {spelled_sql('w.name', 's')} from people w left join spelled s on s.name = w.name"
    assert dict(con.execute(query).fetchall()) == {name: spell(name) for name in names}
