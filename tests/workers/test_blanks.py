"""Changes-only extracts: the meaning of a blank, and that the same history comes to the same versions however it is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.errors import ProfileError
from hcm_pipeline.extracts import Extract
from hcm_pipeline.flow.profiles import blanks_of, parse_profile
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Scratch, memory, scratch
from tests.budget import examples

from . import few
from .driver import PROFILE, Firm, day, worker

FULL = few.extract()
NEWS = few.extract(source="news", content="changes-only")
ROWS = 'rows = "narrow"\n'
FIELDS = "department, manager, country, termination_date"
Said = dict[str, str]
"""Values of a row by column, besides those that no row is without."""


def firm_of(rows: str | None) -> Profile:
    """The firm's profile, with what it says of the rows of its changes-only source, and no word on single fields."""
    said = "" if rows is None else f'rows = "{rows}"\n'
    return parse_profile(PROFILE.replace(ROWS, said).replace('blank_in_changes = "cleared"\n', ""), "firm.toml").profile


@pytest.fixture(scope="module")
def t() -> Iterator[Scratch]:
    """Relations for the tests of this module."""
    with scratch(memory()) as made:
        yield made


def told(t: Scratch, rows: str | None, row: Said, known: dict[str, object], of: Extract = NEWS) -> object:
    """The values of a worker after a row, given what was known."""
    profile = firm_of(rows)
    found = few.judged(t, profile, [row], few.people(1, **known), of=of)
    return few.accepted(t, profile, found, "department, manager").get(
        "1", (known.get("department"), known.get("manager"))
    )


KNOWN: dict[str, object] = {"department": "A", "manager": "2"}


@pytest.mark.parametrize(
    ("rows", "row", "then"),
    [
        ("whole", worker(1, Department="B"), ("B", None)),
        ("narrow", worker(1, Department="B"), ("B", "2")),
        (None, worker(1, Department="B"), ("B", None)),  # nothing is lacking: a whole row
        (None, {**worker(1, Department="B"), "First": ""}, ("B", "2")),
        (None, {"Number": "1", "Department": "B"}, ("B", "2")),
        ("narrow", {"Number": "1", "Department": "B"}, ("B", "2")),
    ],
)
def test_a_blank_clears_in_a_whole_row_and_says_nothing_in_a_narrow_one(
    t: Scratch, rows: str | None, row: Said, then: tuple[str, str | None]
) -> None:
    assert told(t, rows, row, KNOWN) == then


def test_a_column_that_is_missing_says_nothing_in_a_whole_row_too(t: Scratch) -> None:
    columns = ("Number", "Active", "First", "Last", "Department")
    of = few.extract(source="news", content="changes-only", header=columns)
    assert told(t, "whole", worker(1, Department=""), KNOWN, of) == (None, "2")
    narrow = few.extract(source="news", content="changes-only", header=("Number", "Department"))
    assert told(t, None, {"Number": "1", "Department": ""}, KNOWN, narrow) == ("A", "2")


def test_a_field_may_say_otherwise() -> None:
    text = PROFILE.replace(ROWS, 'rows = "whole"\n').replace(
        'column = "Manager"', 'column = "Manager"\nblank_in_changes = "unchanged"'
    )
    [found] = blanks_of(parse_profile(text, "firm.toml").profile)
    assert (found.source, found.blank, found.otherwise) == ("news", "clears", {"manager": "a blank says nothing"})
    [narrow] = blanks_of(parse_profile(PROFILE, "firm.toml").profile)
    assert (narrow.blank, narrow.otherwise) == ("says nothing", {"city": "a blank clears"})
    assert blanks_of(firm_of(None))[0].sentence.startswith("source news: sources.rows does not say")


def test_only_a_changes_only_source_has_rows_of_a_kind() -> None:
    with pytest.raises(ProfileError, match="only with content = 'changes-only'"):
        parse_profile(PROFILE.replace('glob = "people*"', 'glob = "people*"\nrows = "whole"'), "firm.toml")


values = st.fixed_dictionaries(
    {"Department": st.sampled_from(["", "A", "B"]), "Manager": st.sampled_from(["", "2", "3"]),
     "Country": st.sampled_from(["", "DE", "GB"]), "Left": st.sampled_from(["", "2026-12-31"]),
     "City": st.sampled_from(["", "Rome"])}
)  # fmt: skip
histories = st.lists(st.tuples(values, values, values), min_size=12, max_size=12)
"""The states of twelve workers on three days."""


@settings(max_examples=examples(3))
@given(histories, st.sampled_from([None, "whole"]))
def test_delta_equals_full_for_whole_rows(t: Scratch, told_of: list[tuple[Said, Said, Said]], rows: str | None) -> None:
    days = [[worker(n, **states[place]) for n, states in enumerate(told_of)] for place in range(3)]
    assert after(t, firm_of(rows), days, NEWS) == after(t, firm_of("whole"), days[-1:], FULL)


@settings(max_examples=examples(3))
@given(histories, st.sampled_from([None, "narrow"]))
def test_delta_equals_full_for_narrow_rows(
    t: Scratch, told_of: list[tuple[Said, Said, Said]], rows: str | None
) -> None:
    """A narrow row can clear nothing: of each state it states what is there and another than before."""
    states = [dict(first) for first, *_ in told_of]
    days = [[worker(n, **state) for n, state in enumerate(states)]]
    for place in (1, 2):
        news = [{c: v for c, v in one[place].items() if v and v != states[n][c]} for n, one in enumerate(told_of)]
        days.append([{"Number": str(n), **said} for n, said in enumerate(news)])
        states = [state | said for state, said in zip(states, news, strict=True)]
    truth = [worker(n, **state) for n, state in enumerate(states)]
    assert after(t, firm_of(rows), days, NEWS) == after(t, firm_of("whole"), [truth], FULL)


ALL = "active, first_name, last_name, department, manager, country, termination_date, city"


def after(t: Scratch, profile: Profile, days: list[list[Said]], of: Extract) -> dict[str, object]:
    """The workers after day upon day; the first one is told in full."""
    known: dict[str, dict[str, object]] = {}
    for place, rows in enumerate(days):
        found = few.judged(t, profile, rows, list(known.values()), of=of if place else FULL)
        for number, made in few.accepted(t, profile, found, ALL).items():
            assert isinstance(made, tuple)
            known[number] = {"person_number": number, **dict(zip(ALL.split(", "), made, strict=True))}
    return dict(sorted(known.items()))


def test_a_whole_row_with_a_blank_mends_the_held_back_cell_that_it_clears(tmp_path: Path) -> None:
    firm = Firm(tmp_path, PROFILE.replace(ROWS, ""))
    firm.take([worker(1, Country="DE"), worker(2, Country="DE")], day(2))
    firm.take([worker(1, Country="Nowhere"), worker(2, Country="Nowhere")], day(3), source="news")
    firm.take([worker(1), {"Number": "2", "Department": "B"}], day(4), source="news")
    assert firm.snapshot(fields="country, department") == {"1": (None, None), "2": ("DE", "B")}
    held = "select person_number, valid_to is null from held_cells where field = 'country' order by all"
    assert firm.sql(held) == [("1", False), ("2", True)]
