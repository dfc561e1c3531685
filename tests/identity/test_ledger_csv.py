"""The ledger out to a file and back, and what it tells of a name."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.errors import PipelineError
from hcm_pipeline.identity import Imported, crowded, export_ledger, import_ledger
from hcm_pipeline.identity.ledger_csv import COLUMNS
from hcm_pipeline.warehouse import table
from tests.budget import examples
from tests.identity.people import Ledger, profile
from tests.identity.test_ledger import NAMES, check

DAY = dt.date(2026, 11, 2)
HEADER = ",".join(COLUMNS) + "\n"


def exported(ledger: Ledger) -> str:
    """The whole ledger as text."""
    out = io.StringIO()
    export_ledger(ledger.con, out, seen=table(ledger.con, "seen_names"))
    return out.getvalue()


def imported(ledger: Ledger, text: str) -> Imported:
    """The outcome of a file."""
    return import_ledger(ledger.con, io.StringIO(text, newline=""), DAY)


@settings(max_examples=examples(5), deadline=None)
@given(st.lists(st.tuples(NAMES, NAMES), min_size=2, max_size=12))
def test_a_ledger_restored_from_its_export_agrees_and_gives_the_same_names_afterwards(
    pairs: list[tuple[str, str]],
) -> None:
    people = [(f"{n:02}", *pair) for n, pair in enumerate(pairs)]
    half = len(people) // 2
    one, other = Ledger(), Ledger()
    one.join(*people[:half])
    text = exported(one)
    assert (imported(other, text).added, imported(other, text).unchanged) == (half, half)
    assert exported(other) == text
    other.join(*people)
    one.join(*people[half:])
    assert other.names() == one.names()
    check(one.names(), people)


def test_the_names_that_somebody_has_looked_at_are_in_the_file_and_come_back_once() -> None:
    one, other = Ledger(), Ledger()
    one.join(("01", "Ann", "Lee"))
    looked = [
        ("01", "Аnn Lee", "2026-11-02"),
        ("02", 'Arnara "A", Okafor', "2026-11-03"),
    ]  # the second waits for an identity
    for number, text, date in looked:
        one.con.execute(
            "insert into seen_names values (?, ?, ?, 'kim', '2026-11-04T08:00:00.000001Z', 'cli')", [number, text, date]
        )
    text = exported(one)
    for _ in range(2):
        assert imported(other, text).refused == []
    assert (
        other.con.execute(
            'select person_number, "value", business_date::varchar from seen_names order by all'
        ).fetchall()
        == looked
    )
    assert (exported(other), other.con.execute("select distinct how from seen_names").fetchall()) == (
        text,
        [("import",)],
    )


def test_common_names_that_are_one_for_the_directory_are_not_imported_twice() -> None:
    one, other = (
        '1,a@contoso.com,,Åse Berg,,"DC=contoso,DC=com",\n',
        '2,b@contoso.com,,ASE BERG,,"dc=contoso, dc=com",\n',
    )
    assert [row.column for row in imported(Ledger(), HEADER + one + other).refused] == ["common_name"] * 2
    ledger = Ledger()
    assert imported(ledger, HEADER + one).added == 1
    assert [row.column for row in imported(ledger, HEADER + other).refused] == ["common_name"]


def test_names_of_accounts_that_exist_are_adopted_and_what_is_not_known_is_given() -> None:
    ledger = Ledger()
    assert imported(ledger, HEADER + "2,Boss@contoso.com,,,,,\n").added == 1
    ledger.join(("1", "Ann", "Boss"), ("2", "Bea", "Boss"))
    assert ledger.names() == {"1": ("ann.boss@contoso.com", "aboss"), "2": ("Boss@contoso.com", "bboss")}
    assert ledger.join() == 0
    assert ledger.con.execute("select common_name, mail_nickname, status from identities order by 1").fetchall() == [
        ("Ann Boss", "ann.boss", "given"), ("Bea Boss", "Boss", "imported")]  # fmt: skip


def test_nobody_is_given_the_name_of_an_adopted_account_whatever_its_case() -> None:
    ledger = Ledger()
    imported(ledger, HEADER + "9,Ann.LEE@contoso.com,ALee,ann lee,x,,\n")
    ledger.join(("1", "Ann", "Lee"))
    assert ledger.con.execute("""select user_principal_name, sam_account_name, common_name from identities
        where person_number = '1'""").fetchall() == [("a.lee@contoso.com", "alee1", "Ann Lee 2")]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (",x@contoso.com,,,,,", "person_number", "is blank"),
        ("7,,,,,,", "user_principal_name", "is blank"),
        ("7,xcontoso.com,,,,,", "user_principal_name", "is empty"),
        ("7,x y@contoso.com,,,,,", "user_principal_name", "holds a character that the directory does not allow"),
        ("7,x.@contoso.com,,,,,", "user_principal_name", "ends with a character that may not come last"),
        ("7,x@contoso.com,a'b,,,,", "sam_account_name", "holds a character that the directory does not allow"),
        ("7,x@contoso.com,abcdefghijklmnopqrstu,,,,", "sam_account_name", "is longer than 20 characters"),
        (
            "7,x@contoso.com,,,,,lost",
            "status",
            "is none of given, imported, adopted, released, nor one of a row of the past",
        ),
        ("7,x@contoso.com,,", "(row)", "has not 7 fields"),
        ("1,other@contoso.com,,,,,", "person_number", "holds other names already, and keeps them"),
        ("7,ANN.LEE@contoso.com,,,x,,", "user_principal_name", "belongs to another worker"),
        ("7,x@contoso.com,ALEE,,,,", "sam_account_name", "belongs to another worker"),
        ("7,x@contoso.com,,ann LEE,,,", "common_name", "belongs to another worker"),
        ("7,x@contoso.com,,,Ann.lee,,", "mail_nickname", "belongs to another worker"),
    ],
)
def test_a_row_that_breaks_a_rule_is_told_and_the_others_are_taken(row: str, column: str, reason: str) -> None:
    ledger = Ledger()
    ledger.join(("1", "Ann", "Lee"))
    before = exported(ledger)
    done = imported(ledger, f"{HEADER}8,good@contoso.com,,,,,\n{row}\n")
    assert [(fault.row, fault.column, fault.reason) for fault in done.refused] == [(3, column, reason)]
    assert (done.added, done.unchanged) == (1, 0)
    assert exported(ledger).startswith(before)


def test_rows_of_one_file_that_want_the_same_are_refused_together() -> None:
    ledger = Ledger()
    done = imported(
        ledger, HEADER + "1,a@contoso.com,,,,,\n2,A@contoso.com,,,b,,\n3,c@contoso.com,,,,,\n3,d@contoso.com,,,,,\n"
    )
    assert [(fault.row, fault.column) for fault in done.refused] == [
        (2, "user_principal_name"), (3, "user_principal_name"), (4, "person_number"), (5, "person_number")]  # fmt: skip
    assert ledger.names() == {}


@pytest.mark.parametrize("text", ["", "number,name\n", HEADER + '1,"a\n', "\ud800".encode("utf-8", "replace").decode()])
def test_a_file_that_is_none_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(PipelineError):
        imported(Ledger(), text)


def test_a_name_is_explained_by_its_candidates_and_who_holds_them() -> None:
    ledger = Ledger()
    ledger.join(
        *[(str(number), "Root" if number == 1 else "Ann", "" if number == 1 else "Lee") for number in range(1, 6)]
    )
    tried = ledger.explain("4")
    assert [(t.rule, t.template, t.name, t.held_by) for t in tried if t.attribute == "user_principal_name"] == [
        ("candidate 1", "{preferred}.{last}", "ann.lee", "worker 2"),
        ("candidate 2", "{preferred:1}.{last}", "a.lee", "worker 3"),
        ("candidate 3", "{preferred:2}.{last}", "an.lee", "this worker"),
    ]
    assert [(t.name, t.held_by) for t in tried if t.attribute == "sam_account_name"] == [
        ("alee", "worker 2"), ("alee2", "this worker")]  # fmt: skip
    assert [(t.name, t.held_by) for t in ledger.explain("1")[:2]] == [
        ("root", "reserved"), ("root2", "this worker")]  # fmt: skip
    assert ledger.explain("99") == []


def test_capacity_counts_the_holders_of_a_name_and_its_highest_number() -> None:
    ledger = Ledger(profile(user_principal_name={"candidates": ["{first}.{last}"]}))
    ledger.join(*[(str(number), "Ann", "Lee") for number in range(4)], ("9", "Bo", "Li"))
    assert [(c.attribute, c.name, c.holders, c.highest) for c in crowded(ledger.con, ledger.profile, 5)] == [
        ("user_principal_name", "ann.lee", 4, 4), ("sam_account_name", "alee", 4, 3), ("common_name", "ann lee", 4, 4)]  # fmt: skip
