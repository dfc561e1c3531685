"""Phones by their digits: which texts mean one number, and how one is cut into Oracle's parts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.oracle.phone_parts import number_of, parts_of, same_number


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+31 20 5550101", "+31205550101"),
        ("+31 20 555-0101", "0031 20 5550101"),
        ("+44 (0)20 5550101", "+44 20 555 0101"),
        ("020 5550101", "+31 20 5550101"),
        ("+1 (425) 555-0101 x12", "+1 425 5550101 ext. 12"),
        ("+1 425 5550101;ext=12", "+1 425 5550101 X 012"),
        ("", "n/a"),
        (None, "  "),
    ],
)
def test_two_spellings_of_a_number_are_one(one: str | None, other: str | None) -> None:
    assert same_number(one, other)
    assert same_number(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+31 20 5550101", "+31 20 5550102"),
        ("+31 20 5550101", "+31 20 5550101 x1"),
        ("+31 20 5550101", "+32 20 5550101"),
        ("5550101", "+31 20 5550101"),  # without its area it may be anywhere
        ("", "+31 20 5550101"),
        ("0101", "+310101"),
    ],
)
def test_other_numbers_are_others(one: str, other: str) -> None:
    assert not same_number(one, other)
    assert not same_number(other, one)


def test_the_split_of_the_row_that_is_there_is_kept() -> None:
    like = {"CountryCodeNumber": "31", "AreaCode": "20"}
    assert parts_of("+31205550199", like)["PhoneNumber"] == "5550199"
    assert parts_of("020 5550199", like) == {
        "CountryCodeNumber": "31", "AreaCode": "20", "PhoneNumber": "5550199", "Extension": None,
    }  # fmt: skip
    assert parts_of("+44 161 5550199 x7", like) == {
        "CountryCodeNumber": "44", "AreaCode": "161", "PhoneNumber": "5550199", "Extension": "7",
    }  # fmt: skip
    assert parts_of("+14255550199", {})["CountryCodeNumber"] == "1"


def test_a_text_without_digits_is_no_number() -> None:
    with pytest.raises(ValueError, match="no digits"):
        parts_of("ask the desk", {})


NUMBERS = st.from_regex(r"\+[1-9][0-9]{6,13}", fullmatch=True)


@given(NUMBERS, st.sampled_from(["", "12", "7"]), st.sampled_from([" ", "-", ".", " ("]), st.integers(2, 6))
def test_what_is_written_reads_back_as_the_same_number(number: str, extension: str, mark: str, at: int) -> None:
    spelled = number[:at] + mark + number[at:] + (f" x{extension}" if extension else "")
    parts = parts_of(spelled, {"CountryCodeNumber": "31", "AreaCode": "20"})
    back = f"+{parts['CountryCodeNumber']} {parts['AreaCode'] or ''} {parts['PhoneNumber']}"
    assert same_number(back + (f" x{parts['Extension']}" if parts["Extension"] else ""), spelled)
    found = number_of(spelled)
    assert found is not None
    assert found.digits == re.sub(r"\D", "", number)
