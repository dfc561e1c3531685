"""Rows that SQL passes: none that pandera would find fault with, and what SQL looks for is what Python alone would find."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import patch

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.lookalikes import DRAWN_ALIKE, UNUSUAL
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Scratch, literal, quote, scratch
from hcm_pipeline.workers import validation
from hcm_pipeline.workers.batch import Batch
from hcm_pipeline.workers.certain import certain_sql, printable_pattern
from hcm_pipeline.workers.contract import violations_in
from hcm_pipeline.workers.normalise import name_fields
from tests.budget import examples

from . import few
from .driver import worker
from .test_judging import profile

PATTERNS = st.sampled_from([
    r"[A-Z]{2}", r"\d+", r"\w+", r"\S+@\S+", r"[^@\s]+@[^@\s]+\.[^@\s.]+", r"a|ab?", r"(?:ab)+c?", r"^a.b$", r"[^\W\d_]+", r".*",
    r"a{,2}", r"(?i)abc", r"(?=a)a", r"\bab\b", r"é|a", r"[à-ü ]*", r"(a)(b)?", r"x{0,300}", r"a+?\.?", r"\Aa\Z",
    r"[\]\-^]+", r"\s", r"[\s\d]*", r"\x41+", r"(?s:.)+", r"A\ B",
])  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(["A", "ab", "abc", "AB", "a@b.c", "ä@b.c", "12", "١٢", "a\vb", "a\x1cb", "K", "\u212a", "ſ", "a b", "-^]",
                     "aXb", "aéb", "x" * 65, "é" * 40, ":a", "A B", "a\nb", "GB", "de"]),
    st.text(alphabet="aAbB1@. _-é\u00a0\x0b\x1fß[]:", max_size=8),
)  # fmt: skip


@settings(max_examples=examples(40), deadline=None)
@given(pattern=PATTERNS, texts=st.lists(TEXTS, min_size=1, max_size=12))
def test_a_pattern_of_sql_matches_what_pythons_matches_and_printable_texts_alike(
    con: duckdb.DuckDBPyConnection, pattern: str, texts: list[str]
) -> None:
    same = printable_pattern(pattern)
    if same is None:
        return
    for text in texts:
        [(by_sql,)] = con.execute(f"select regexp_full_match(?, {literal(same)})", [text]).fetchall()
        by_python = re.fullmatch(pattern, text) is not None
        assert by_sql == (by_python and all(" " <= sign <= "~" for sign in text))


@pytest.mark.parametrize("pattern", ["(?i)a", "a(?=b)", r"\bab", "(a)\\1", "a++", "(?:a{200}){2}", "(?a:é)"])
def test_a_pattern_that_sql_may_read_otherwise_is_left_to_python(pattern: str) -> None:
    assert printable_pattern(pattern) is None


def contracts() -> st.SearchStrategy[Profile]:
    """Profiles with another contract for city, department and country."""
    spec: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries({
        "pattern": st.none() | PATTERNS,
        "allowed": st.none() | st.lists(TEXTS, min_size=1, max_size=3).map(tuple),
        "max_length": st.sampled_from([1, 3, 64, 2000]),
        "required": st.booleans(),
    })  # fmt: skip

    def made(specs: list[dict[str, Any]]) -> Profile:
        fields = dict(profile().fields)
        for name, update in zip(("city", "department", "country"), specs, strict=True):
            fields[name] = fields[name].model_copy(update=update)
        return profile().model_copy(update={"fields": fields})

    return st.lists(spec, min_size=3, max_size=3).map(made)


HOSTILE = st.lists(
    st.fixed_dictionaries({
        "Number": st.sampled_from(["1", "2", "3", "", "no good", "1" * 13]),
        "Active": st.sampled_from(["True", "False", "", "?"]),
        "First": st.sampled_from(["Ann", "Åsa", "", "n/a", "A" * 65, "Å" * 40, "JosÃ©", "Wi?liam", "Ann\u200b", "Аmаrа"]),
        "Last": st.sampled_from(["Lee", "", '="Lee"', "Barnes", "Bames", "Ваrnеs", "O&#39;Lee"]),
        "City": TEXTS | st.just(""),
        "Department": TEXTS | st.just(""),
        "Country": TEXTS | st.just(""),
        "Hired": st.sampled_from(["", "2026-01-01", "2026-02-30", "soon"]),
    }),
    min_size=1,
    max_size=8,
)  # fmt: skip


@settings(max_examples=examples(10), deadline=None)
@given(rows=HOSTILE, of=contracts())
def test_no_row_that_pandera_would_find_fault_with_is_passed_by_sql(
    con: duckdb.DuckDBPyConnection, rows: list[dict[str, str]], of: Profile
) -> None:
    with scratch(con) as t:
        batch = Batch(of, (few.staged(t, of, rows),), few.known(t, of))
        columns = ", ".join(validation._judged_columns(batch))
        judged = (
            f"select frame.*, {certain_sql(of, 'frame')} as certain from (select {columns} from {batch.rows()} n) frame"
        )
        frame = con.sql(judged).to_arrow_table().to_pandas()
    at_fault = {one.position for one in violations_in(of, frame)}
    assert not [place for place, certain in enumerate(frame["certain"]) if certain and place in at_fault]


def test_rows_as_they_usually_are_are_passed_by_sql(t: Scratch) -> None:
    rows = [
        worker(1, Country="uk", City="Zürich", Hired="2026-01-01"),
        worker(2, First="Søren", Department="R & D"),
        worker(3, Country="XX"),
        worker("no good"),
    ]
    batch = Batch(profile(), (few.staged(t, profile(), rows),), few.known(t, profile()))
    columns = ", ".join(validation._judged_columns(batch))
    select = f"select {certain_sql(profile(), 'frame')} from (select {columns} from {batch.rows()} n order by n.row_no) frame"
    assert t.rows(select) == [(True,), (True,), (False,), (False,)]


NAMES = st.sampled_from(["Barnes", "Bames", "Bаrnеs", "Amara", "Arnara", "Аmаrа", "Wi11iam", "William", "BiIl", "Bill", "Zoё",
                         "vVayne", "Wayne", "VVayne", "Анна", "Олегba", "Nguyễn", "", "Ann"])  # fmt: skip
PEOPLE = st.lists(
    st.fixed_dictionaries({"Number": st.sampled_from(["1", "2", "3", "4", "5", ""]), "First": NAMES, "Last": NAMES}),
    min_size=1,
    max_size=8,
)


def _every_odd_row(of: Profile) -> str:
    """SQL by which Python looks at each row with letters that can be taken for others, whatever its alphabet."""
    names = ", ".join(f"n.{quote(name)}" for name in name_fields(of))
    return f"regexp_matches(concat_ws(' ', {names}), {literal(f'[{UNUSUAL}]|{DRAWN_ALIKE}')})"


@settings(max_examples=examples(6), deadline=None)
@given(rows=PEOPLE, before=PEOPLE, seen=st.sets(st.tuples(st.sampled_from(["1", "2", "3"]), NAMES), max_size=2))
def test_names_that_look_alike_are_found_as_if_python_looked_at_each_row(
    con: duckdb.DuckDBPyConnection, rows: list[dict[str, str]], before: list[dict[str, str]], seen: set[tuple[str, str]]
) -> None:
    numbered = {row["Number"]: row for row in before if row["Number"]}
    workers = [
        {"person_number": number, "first_name": row["First"] or None, "last_name": row["Last"] or None}
        for number, row in numbered.items()
    ]
    whole = [{"Active": "True", **row} for row in rows]
    with scratch(con) as t:
        batch = Batch(
            profile(), (few.staged(t, profile(), whole),), few.known(t, profile(), workers), seen=frozenset(seen)
        )
        every = t.make("suspects", f"select extract_id, row_no, person_number, digest from {batch.rows()}")
        batch = batch.keep(t)
        found = sorted(t.rows(f"from {validation.violations_of(t, batch, every)}"))
        with (
            patch.object(validation, "certain_sql", lambda *_: "false"),
            patch.object(validation, "unusual_sql", _every_odd_row),
            patch.object(validation, "drawn_alike", lambda *_: []),
        ):
            slow = sorted(t.rows(f"from {validation.violations_of(t, batch, every)}"))
    assert found == slow
