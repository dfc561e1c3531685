"""Names in the ledger: unique, legal, given once and kept."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.identity import give_names, spell
from hcm_pipeline.warehouse import scratch
from tests.budget import examples
from tests.directory.objects import NOW
from tests.identity.people import CHANGES, FIRST, PROFILE, Ledger, Person, Years, profile

UPN = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?@contoso\.com")
SAM = re.compile(r"[a-z0-9]{1,20}")


def check(names: dict[str, tuple[str, str]], people: Sequence[Person]) -> None:
    """Rules that always hold of the ledger."""
    assert set(names) == {number for number, _, _ in people}
    for column in (0, 1):
        assert len({pair[column].lower() for pair in names.values()}) == len(names)
    for upn, sam in names.values():
        assert UPN.fullmatch(upn), upn
        assert ".@" not in upn
        assert SAM.fullmatch(sam), sam


def test_a_name_is_first_and_last_name_in_plain_letters() -> None:
    ledger = Ledger()
    ledger.join(("1", "Jürgen", "O'Connor"), ("2", "Mary Ann", "Smith-Jones"), ("3", "Олег", "Łukasz"))
    assert ledger.names() == {
        "1": ("jurgen.oconnor@contoso.com", "joconnor"),
        "2": ("maryann.smith-jones@contoso.com", "msmithjones"),
        "3": ("oleg.lukasz@contoso.com", "olukasz"),
    }


def test_namesakes_are_numbered_in_the_order_of_person_numbers_whatever_the_order_of_rows() -> None:
    people = [(str(number), "Ann", "Lee") for number in range(100, 130)]
    one, other = Ledger(), Ledger()
    one.join(*people)
    other.join(*people[::-1])
    assert one.names() == other.names()
    assert [one.upn(str(n)) for n in (100, 101, 102, 103, 129)] == [
        "ann.lee", "a.lee", "an.lee", "ann.lee2", "ann.lee28"]  # fmt: skip


def test_names_that_differ_in_case_or_marks_only_do_not_collide() -> None:
    ledger = Ledger()
    people = [("1", "Ann", "Lee"), ("2", "ANN", "LEE"), ("3", "Änn", "Lée"), ("4", "A\u0301nn", "Lee")]
    ledger.join(*people)
    check(ledger.names(), people)
    assert sorted(ledger.upn(n) for n in "1234") == ["a.lee", "an.lee", "ann.lee", "ann.lee2"]


def test_a_numbered_name_never_takes_the_name_somebody_really_has() -> None:
    ledger = Ledger()
    people = [(str(n), "Ann", "Lee2" if n == 3 else "Lee") for n in range(1, 8)]
    ledger.join(*people)
    check(ledger.names(), people)
    assert ledger.upn("3") == "ann.lee2"


def test_ten_thousand_namesakes_in_one_day_and_the_next() -> None:
    ledger = Ledger()
    people = [(str(number), "Ann", "Lee") for number in range(10_500)]
    assert ledger.join(*people[:10_000]) == 10_000
    before = ledger.names()
    assert ledger.join(*people[10_000:]) == 500
    after = ledger.names()
    check(after, people)
    assert before.items() <= after.items()


def test_long_names_that_are_cut_to_the_same_text_stay_apart() -> None:
    ledger = Ledger()
    people = [(str(n), "Ann", "Wolfeschlegelsteinhausen" * 3 + "x" * n) for n in range(30)]
    ledger.join(*people)
    check(ledger.names(), people)


@pytest.mark.parametrize("name", ["...", "💥", "-", "''", "\u200d", "。"])
def test_who_has_no_letters_is_named_by_the_person_number_or_what_can_be_spelled(name: str) -> None:
    ledger = Ledger()
    ledger.join(("A-7", name, name))
    check(ledger.names(), [("A-7", name, name)])
    if not spell(name):
        assert ledger.names() == {"A-7": ("user-a7@contoso.com", "ua7")}


def test_who_has_a_name_keeps_it_when_their_name_changes() -> None:
    ledger = Ledger()
    ledger.join(("1", "Ann", "Lee"))
    before = ledger.names()
    ledger.versions[0]["last_name"] = "Miller"
    assert ledger.join() == 0
    assert ledger.names() == before


def test_who_left_still_holds_the_name() -> None:
    ledger = Ledger()
    ledger.join(("1", "Ann", "Lee"))
    ledger.versions.clear()
    ledger.join(("2", "Ann", "Lee"))
    assert (ledger.upn("1"), ledger.upn("2")) == ("ann.lee", "a.lee")


def test_only_those_in_scope_get_a_name() -> None:
    scoped = PROFILE.model_copy(update={"scope": PROFILE.scope.model_copy(update={"include": ("first_name = 'Ann'",)})})
    ledger = Ledger(scoped)
    assert ledger.join(("1", "Ann", "Lee"), ("2", "Bob", "Lee")) == 1
    assert set(ledger.names()) == {"1"}


# what the contract lets through: no control characters, no blanks
NAMES = st.one_of(
    st.sampled_from(["Ann", "ann", "Änn", "Lee", "Lee2", "李", "Олег", "O'Neil", "-", "x" * 64]),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30),
)
NUMBERS = st.from_regex(r"[0-9A-Za-z]{1,3}", fullmatch=True)


class Counting:
    """A connection that counts what is asked of it."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con, self.asked = con, 0

    def execute(self, *given: Any) -> duckdb.DuckDBPyConnection:
        self.asked += 1
        return self.con.execute(*given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.con, name)


def asked_of_a_day(ledger: Years, number: int) -> int:
    """How many statements it takes to name that day."""
    counting = Counting(ledger.con)
    with ledger.workforce(FIRST + dt.timedelta(days=number)) as (t, people):
        changes = t.of_rows("changes", CHANGES, ledger.changes)
        with scratch(counting) as own:  # type: ignore[arg-type]
            give_names(own, ledger.profile, people.workers, people.versions, changes, people.day, NOW)
    return counting.asked


def test_little_is_asked_on_a_day_on_which_nobody_is_new() -> None:
    ledger = Years(profile(rename="follow"))
    ledger.day(1, ("1", "Ann", "Lee", True))
    assert asked_of_a_day(ledger, 2) <= 6
    ledger.add(("9", "Zoë", "Lee"), valid_from=FIRST + dt.timedelta(days=3))
    assert asked_of_a_day(ledger, 3) <= 40
    assert ledger.upn("9") == "zoe.lee"


@settings(max_examples=examples(6), deadline=None)
@given(
    people=st.dictionaries(NUMBERS, st.tuples(NAMES, NAMES), min_size=1, max_size=40),
    days=st.integers(1, 3),
    data=st.data(),
)
def test_names_are_unique_legal_and_never_change(
    people: dict[str, tuple[str, str]], days: int, data: st.DataObject
) -> None:
    rows = [(number, first, last) for number, (first, last) in people.items()]
    one, other = Ledger(), Ledger()
    for start in range(days):
        part = rows[start::days]
        before = one.names()
        assert one.join(*part) == len(part)
        other.join(*data.draw(st.permutations(part)))
        assert one.join() == 0
        assert before.items() <= one.names().items()
    check(one.names(), rows)
    assert one.names() == other.names()
