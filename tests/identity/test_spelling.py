"""Names of any script in ASCII."""

from __future__ import annotations

import re
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.identity.spelling import spell, spell_columns, spell_many, spelled_sql, spellings_join
from hcm_pipeline.warehouse import memory, scratch


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB as the pipeline opens it."""
    with memory() as made:
        yield made


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
    with scratch(con) as t:
        people = t.make("people", "select unnest(?::varchar[]) as name, '' as place", [names])
        spelled = spell_columns(t, people, ["name"])
        joined = f"{people} w {spellings_join(spelled, 's', 'w.name', 'w.place')}"
        made = dict(t.rows(f"select w.name, {spelled_sql('w.name', 's' if spelled else None)} from {joined}"))
    assert made == {name: spell(name) for name in names}


@pytest.mark.parametrize(
    ("name", "place", "plain", "confidence"),
    [
        # passports of Russia, ICAO Doc 9303
        ("Юлия Подъячева", "RU", "Iuliia Podieiacheva", 0.9), ("АРТЁМ", "RU", "ARTEM", 0.9),
        ("Анна-Мария", "RU", "Anna-Mariia", 0.9),
        # examples of resolution 55 of 2010 of the Cabinet of Ministers of Ukraine
        ("Згурський", "UA", "Zghurskyi", 0.9), ("Щербухи", "UA", "Shcherbukhy", 0.9), ("Гоща", "UA", "Hoshcha", 0.9),
        ("Кадиївка", "", "Kadyivka", 0.9), ("Йосипівка", "UA", "Yosypivka", 0.9), ("Знам'янка", "UA", "Znamianka", 0.9),
        # examples of the Transliteration Act of Bulgaria
        ("Щерев", "BG", "Shterev", 0.9), ("София", "BG", "Sofia", 0.9), ("Ъгъл", "BG", "Agal", 0.9),
        ("Ђорђевић", "", "Djordjevic", 0.9), ("Љубиша", "RS", "Ljubisa", 0.9), ("Ѓорѓи", "", "Gjorgji", 0.9),
        ("Ўладзімір", "", "Uladzimir", 0.9), ("Олег", "US", "Oleg", 0.6), ("Әйгерім", "KZ", "Aigerim", 0.4),
        # examples of ELOT 743
        ("Ευάγγελος", "GR", "Evangelos", 0.9), ("Παπαδόπουλος", "GR", "Papadopoulos", 0.9), ("Μπάμπης", "", "Bampis", 0.9),
        ("Ευθυμίου", "", "Efthymiou", 0.9), ("Αϊβαλής", "", "Aivalis", 0.9), ("ΧΑΡΗΣ", "", "CHARIS", 0.9),
        # examples of the Japanese passport offices: no long vowels, m before b, m and p, t before ch
        ("おおの", "JP", "Ono", 0.8), ("サトウ", "JP", "Sato", 0.8), ("なんば", "JP", "Namba", 0.8),
        ("はっちょう", "JP", "Hatcho", 0.8),
        ("ｻﾄｳ", "JP", "Sato", 0.8), ("ジョージ", "", "Joji", 0.8),
        ("김", "KR", "Kim", 0.8), ("민준", "KR", "Minjun", 0.7), ("曾", "CN", "Zeng", 0.8), ("小龙", "CN", "Xiaolong", 0.8),
        ("小龙", "", "Xiaolong", 0.3), ("Anna 山田", "JP", "Anna Yamada", 0.3), ("محمد", "EG", "Mohamed", 0.3),
        ("Müller", "AT", "Mueller", 1.0), ("MÜLLER", "AT", "MUELLER", 1.0), ("Müller", "TR", "Muller", 1.0), ("💥", "", "", 1.0),
    ],
)  # fmt: skip
def test_a_script_goes_by_the_rules_of_its_country(name: str, place: str, plain: str, confidence: float) -> None:
    [found] = spell_many([(name, place)], ["AT"])
    assert (found.plain, found.confidence) == (plain, confidence)
