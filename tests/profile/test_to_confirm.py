"""Marks of what a person has yet to confirm: where they stand, and what they stop."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.profile import Mark, marks_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('# to confirm: it is so\nname = "x"', [("name", "it is so")]),
        ("[fields.active]\n# to confirm: a\n# to confirm: b\ncolumn = 'S'",
         [("fields.active.column", "a"), ("fields.active.column", "b")]),
        ("[identity]\ndomain = 'x.example'   # To confirm: the domain", [("identity.domain", "the domain")]),
        ("# to confirm: the table\n[workers]\n", [("workers", "the table")]),
        ("[[sources]]\n# to confirm: full\ncontent = 'full'", [("sources.content", "full")]),
        ("name = '# to confirm: no comment'\nother = \"a \\\" # to confirm: nor this\"", []),
        ("[a]\nb = 1\n# to confirm: at the end", [("a", "at the end")]),
        ("# confirmed by a person", []),
    ],
)  # fmt: skip
def test_a_mark_is_about_the_key_or_table_below_it(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(mark.key, mark.what) for mark in marks_of(text)] == expected


@pytest.mark.parametrize(
    ("key", "stops", "names"),
    [("fields.person_number.column", True, False), ("fields.active.true_values", True, False),
     ("fields.hire_date.formats", True, False), ("extra_fields.start.formats", True, False),
     ("fields.first_name.column", True, False), ("fields.hire_date.column", False, False),
     ("identity.domain", False, True), ("sources.content", False, False), ("fields.active_until.column", False, False)],
)  # fmt: skip
def test_a_mark_of_what_every_worker_needs_stops_the_profile(key: str, stops: bool, names: bool) -> None:
    mark = Mark(key, "")
    assert (mark.stops, mark.names) == (stops, names)


@given(st.text(max_size=200))
def test_any_text_can_be_searched_for_marks(text: str) -> None:
    assert len(list(marks_of(text))) <= text.lower().count("to confirm:")
