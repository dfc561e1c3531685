"""The rules of evaluation that no single example shows: nothing raises, time is bounded, what is random is named."""

from __future__ import annotations

import datetime as dt
import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.expressions import (
    Expression,
    Surroundings,
    Unknown,
    as_text,
    compiled,
    evaluate,
    is_random,
    parse,
    show_random,
)
from hcm_pipeline.expressions import dotnet_patterns as patterns
from hcm_pipeline.expressions.dotnet_dates import add, difference
from hcm_pipeline.expressions.values import Between, NotKnown
from tests.budget import examples
from tests.expressions.test_syntax import EXPRESSIONS

NOW = dt.datetime(2026, 11, 28, 1, 2, 3, tzinfo=dt.UTC)
VALUES = st.one_of(st.none(), st.text(max_size=6), st.booleans(), st.integers(-9, 9), st.just("2026-01-02"),
                   st.lists(st.text(max_size=3), max_size=3).map(tuple))  # fmt: skip
MOMENTS = st.integers(-25_000, 45_000).flatmap(
    lambda days: st.integers(0, 86_399).map(
        lambda seconds: dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=days, seconds=seconds)
    )
)


def result(text: str, **record: Any) -> Any:
    return evaluate(parse(text), record, Surroundings(NOW))


@given(EXPRESSIONS, VALUES)
@settings(max_examples=examples(150))
def test_any_expression_on_any_record_has_a_result_or_is_not_known(expression: Expression, given_value: Any) -> None:
    record = dict.fromkeys(expression.attributes, given_value)
    found = compiled(expression).evaluate(record, Surroundings(NOW, random=random.Random(1)))
    again = compiled(expression).evaluate(record, Surroundings(NOW, random=random.Random(1)))
    assert found == again
    assert not isinstance(found, Unknown) or found.why


@given(st.text(st.sampled_from("ab1.*+?()[]{}\\^$|-<>:=!#,wsdDbB"), max_size=10), st.text("ab1-. ", max_size=8))
@settings(max_examples=examples(300))
def test_any_pattern_is_translated_or_refused(pattern: str, text: str) -> None:
    found: str | None = None
    why = ""
    try:
        found = patterns.translated(pattern).substitute(text, "x$1")
    except NotKnown as not_known:
        why = not_known.why
    assert (found is None) is bool(why)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [("\\d", "a٣1", "a"), ("\\w", "é_-", "-"), ("[\\w-.]", "a-.b!", "!"), ("a{2}", "aaa", "a"), ("a{x", "a{x", ""),
     ("(?<n>a)\\z", "aa", "a"), ("a$", "a\n", "\n"), ("[[a]", "[ab", "b"), ("[&|~]", "&&", ""), ("(?'q'x)", "x", "")],
)  # fmt: skip
def test_a_part_of_a_pattern_means_what_it_means_in_dotnet(pattern: str, text: str, expected: str) -> None:
    assert patterns.translated(pattern).substitute(text, "") == expected


@pytest.mark.parametrize(
    "pattern",
    ["(?i)a", "(?P<n>a)", "a*+", "[a-z-[b]]", "(?(1)a)", "\\p{IsGreek}", "a{1}{2}", "(?<n>a)(?<n>b)", "\\1", "(?R)", "(a",
     "a{2000}", "\\cA", "(?<a-b>x)", "[\\W]", "\\h"],
)  # fmt: skip
def test_a_pattern_that_may_mean_something_else_here_is_refused(pattern: str) -> None:
    with pytest.raises(NotKnown):
        patterns.translated(pattern)


def test_groups_are_numbered_as_in_dotnet_the_named_ones_last() -> None:
    pattern = patterns.translated("(?<x>a)(b)(?<y>c)")
    assert pattern.substitute("abc", "$1-$2-$3-${x}-$$-$&") == "b-a-c-a-$-abc"
    with pytest.raises(NotKnown):
        pattern.substitute("abc", "${nobody}")


def test_a_catastrophic_pattern_is_cut_off_and_not_tried_again() -> None:
    pattern = patterns.translated("(a|aa)+$")
    with pytest.raises(NotKnown, match="too long"):
        pattern.substitute("a" * 50 + "!", "")
    assert pattern.slow
    with pytest.raises(NotKnown, match="too long"):
        pattern.substitute("a", "")


def test_half_a_character_is_encoded_by_nothing() -> None:
    assert isinstance(result("ConvertToBase64([a])", a="\ud800"), Unknown)
    assert isinstance(result("ConvertToUTF8Hex([a])", a="\ud800"), Unknown)


def test_a_long_pattern_and_a_long_text_are_not_tried() -> None:
    with pytest.raises(NotKnown, match="1,000"):
        patterns.translated("a" * 50_000)
    with pytest.raises(NotKnown, match="10,000"):
        patterns.translated("a").substitute("b" * 50_000, "")


def test_texts_that_double_again_and_again_are_cut_off() -> None:
    text = '"aaaaaaaaaa"'
    for _ in range(12):
        text = f'Replace({text}, "a", , , "aaaaaaaaaa", , )'
    assert isinstance(result(text), Unknown)


@given(MOMENTS, MOMENTS, st.sampled_from(["d", "h", "n", "s"]))
@settings(max_examples=examples(100))
def test_a_difference_has_bounds_one_apart_where_it_is_open_and_turns_its_sign(one: Any, other: Any, unit: str) -> None:
    found, back = difference(unit, one, other), difference(unit, other, one)
    low, high = (found.low, found.high) if isinstance(found, Between) else (found, found)
    assert 0 <= high - low <= 1
    assert (-high, -low) == ((back.low, back.high) if isinstance(back, Between) else (back, back))


@given(MOMENTS, st.integers(-500, 500))
@settings(max_examples=examples(60))
def test_months_that_are_added_are_the_months_of_the_difference(when: Any, months: int) -> None:
    assert difference("m", when, add("m", months, when)) == months


def test_a_condition_on_a_difference_is_known_where_both_bounds_agree() -> None:
    text = 'IIF(DateDiff("d", Now(), CDate([d])) <= 14, "soon", "later")'
    assert [result(text, d=d) for d in ("2026-12-01", "2026-12-11", "2026-12-20")] == ["soon", "soon", "later"]
    assert isinstance(result(text, d="2026-12-13"), Unknown)


@given(st.randoms(use_true_random=False))
@settings(max_examples=examples(30))
def test_random_strings_keep_the_numbers_that_are_asked_of_them(source: random.Random) -> None:
    around = Surroundings(NOW, random=source)
    drawn = str(evaluate(parse('RandomString(10,2,2,2,1,"?,")'), {}, around))
    assert len(drawn) == 10
    assert not set(drawn) & set("?,")
    assert sum(map(str.isdigit, drawn)) >= 2
    assert sum(map(str.isupper, drawn)) >= 2
    assert sum(map(str.islower, drawn)) >= 1
    assert sum(not each.isalnum() for each in drawn) >= 2
    assert re.fullmatch(
        r"[0-9]{3}[a-z]{3}", "".join(sorted(str(evaluate(parse("RandomString(6,3,0,0,3)"), {}, around))))
    )
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", str(evaluate(parse("Guid()"), {}, around)))


def test_without_a_source_what_is_random_is_named_in_its_place() -> None:
    """The expression of the frequently asked questions for a unique user name."""
    text = 'Join("", Replace([userName], , "(?<Suffix>@(.)*)", "Suffix", "", , ), RandomString(3, 3, 0, 0, 0, ), "@contoso.com")'
    found = result(text, userName="bjensen@example.com")
    assert is_random(found)
    assert show_random(found) == "bjensen‹3 random characters›@contoso.com"
    assert show_random(as_text(result("Guid()")) or "") == "‹a random GUID›"
    assert isinstance(result("ToLower(Guid())"), Unknown)


def test_a_unique_value_is_the_first_that_no_account_has() -> None:
    read = parse('SelectUniqueValue([a], Append([a], "2"), Append([a], "3"))')
    taken = {"jo", "jo2"}
    around = Surroundings(NOW, taken=lambda candidate: candidate in taken)
    assert evaluate(read, {"a": "jo"}, around) == "jo3"
    taken.add("jo3")
    assert isinstance(evaluate(read, {"a": "jo"}, around), Unknown)
    assert isinstance(evaluate(read, {"a": "Jürg"}, around), Unknown)
