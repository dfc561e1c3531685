"""Rules that always hold of names over any days: joins, renames, leaves, returns, moves, rehires, reruns and restores."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hcm_pipeline.directory import COMMON_NAME, MAIL_NICKNAME, PROXY_ADDRESS, SAM, UPN_DOMAIN, UPN_LOCAL, key_sql
from hcm_pipeline.errors import UsageError
from hcm_pipeline.identity import export_ledger, import_ledger, waiting
from tests.budget import examples
from tests.directory.objects import account, fill
from tests.identity.people import FIRST, Years, profile

Person = tuple[str, str, str, bool]


def lively(**more: Any) -> Any:
    """Rules under which everything happens."""
    return profile(**{
        "rename": "follow", "retention_days": 2, "rehire": [{"fields": ["first_name", "last_name"]}],
        "parent_distinguished_name": "OU=Users,DC=x", "leavers": [{"container": "OU=Left,DC=x", "days": 1}],
        "placement": [{"when": "last_name = 'Lee'", "container": "OU=Lee,DC=x"}], **more,
    })  # fmt: skip


def exported(years: Years) -> str:
    """The whole ledger as text."""
    out = io.StringIO()
    with years.workforce() as (_, people):
        export_ledger(years.con, out, people.versions)
    return out.getvalue()


def restored(years: Years, rules: Any) -> Years:
    """Another ledger made of the export of one."""
    other = Years(rules)
    done = import_ledger(other.con, io.StringIO(exported(years), newline=""), FIRST)
    assert done.refused == []
    return other


def check(years: Years) -> None:
    """No two hold one name, no living one has what is reserved for another, and all are legal."""
    held = years.con.execute(f"""
        select person_number, user_principal_name, mail_nickname, sam_account_name, common_name,
            {key_sql("parent_distinguished_name")} from identities where status <> 'released'""").fetchall()
    for names in ([row[1].lower() for row in held], [row[2].lower() for row in held], [row[3].lower() for row in held],
                  [(row[4].lower(), row[5]) for row in held]):  # fmt: skip
        assert len(set(names)) == len(names)
    reserved = years.con.execute(
        "select person_number, attribute, lower(name) from former_names where reason = 'renamed'"
    ).fetchall()
    owners: dict[tuple[str, str], set[str]] = {}
    for number, attribute, name in [
        *reserved,
        *((row[0], "user_principal_name", row[1].lower()) for row in held),
        *((row[0], "sam_account_name", row[3].lower()) for row in held),
    ]:
        owners.setdefault((attribute, name), set()).add(number)
    assert all(len(numbers) == 1 for numbers in owners.values())
    for _, upn, nickname, sam, common, _ in held:
        local, _, domain = upn.partition("@")
        assert not [*UPN_LOCAL.faults(local), *UPN_DOMAIN.faults(domain), *MAIL_NICKNAME.faults(nickname)]
        assert not [*SAM.faults(sam), *COMMON_NAME.faults(common), *PROXY_ADDRESS.faults(f"smtp:{upn}")]


PEOPLE = st.dictionaries(
    st.sampled_from("12345"),
    st.tuples(st.sampled_from(["Ann", "Änn", "太郎"]), st.sampled_from(["Lee", "Li", "Lee2"]), st.booleans()),
    max_size=4,
).map(lambda people: [(number, *rest) for number, rest in people.items()])


# a story takes seconds, so none is tried a hundred times to make it shorter
@settings(max_examples=examples(3), deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.lists(st.tuples(PEOPLE, st.booleans()), min_size=2, max_size=4), st.sampled_from(["wait", "give"]), st.data())
def test_over_any_sequence_of_days_names_are_unique_legal_and_for_life(
    story: list[tuple[list[Person], bool]], meanwhile: str, data: st.DataObject
) -> None:
    rules = lively(rehire_meanwhile=meanwhile)
    one, other = Years(rules), Years(rules)
    for number, (people, decides) in enumerate(story):
        one.day(number, *people)
        other.day(number, *data.draw(st.permutations(people)))
        check(one)
        text = exported(one)
        assert exported(other) == text, "the order of rows"
        one.day(number, *people)
        assert exported(one) == text, "a day processed anew"
        for ledger in (one, other) if decides else ():
            for review in waiting(ledger.con):
                try:
                    ledger.decide(review.person_number, accept=len(review.former) == 1 and number % 2 == 0)
                except UsageError:
                    assert review.reason == "number taken over" or len(review.former) == 1
    again = restored(one, rules)
    assert exported(again) == exported(one)
    for ledger in (one, again):
        for number, (people, _) in enumerate(story):
            ledger.day(number, *people)
            check(ledger)
        ledger.day(len(story), ("6", "Ann", "Lee", True), ("7", "太郎", "Li", True))
        check(ledger)
    assert exported(again) == exported(one), "a year replayed on the ledger and on the one restored from it"
    assert [(w.person_number, w.reason, w.former) for w in waiting(again.con)] == [
        (w.person_number, w.reason, w.former) for w in waiting(one.con)]  # fmt: skip
    assert [w.person_number for w in again.spellings()] == [
        w.person_number for w in one.spellings()]  # fmt: skip


@pytest.mark.parametrize("was_here_before", [True, False])
def test_a_year_replayed_on_a_restored_ledger_renames_nobody_whose_names_are_younger_than_the_change(
    was_here_before: bool,
) -> None:
    years = Years(lively(retention_days=30))
    story: list[list[Person]] = [
        [("2", "Änn", "Li", False)],
        [("2", "Änn", "Li", False), ("4", "Änn", "Li", True)],
        [("2", "Änn", "Li", False), ("4", "Bo", "Li", True)],
    ]
    for number, people in enumerate(story):
        years.day(number, *people)
        for review in waiting(years.con):
            years.decide(review.person_number, None, accept=was_here_before)
    again = restored(years, years.profile)
    assert exported(again) == exported(years)
    for ledger in (years, again):
        for number, people in enumerate(story):
            ledger.day(number, *people)
    assert exported(again) == exported(years)
    assert years.upn("4") == ("ann.li" if was_here_before else "bo.li")


def test_a_container_in_which_an_account_was_found_is_known_after_a_restore_though_its_names_stand_in() -> None:
    years = Years(lively(leavers=[]))
    fill(years.con, account("a@contoso.com", employee_id="1", surname="Lee", distinguished_name="CN=A,OU=Legacy,DC=x"))
    years.day(0, ("1", "Ann", "Lee", True))
    years.day(1, ("1", "太郎", "Lee", True))
    again = restored(years, years.profile)
    for ledger in (years, again):
        ledger.day(2, ("1", "太郎", "Li", True))
        found = ledger.con.execute("select upn_rule, parent_distinguished_name, placed_by from identities").fetchall()
        assert [row[1:] for row in found] == [("OU=Legacy,DC=x", "account")]
    assert exported(again) == exported(years)


def test_a_restored_ledger_renames_moves_and_frees_by_the_dates_of_its_past() -> None:
    rules = lively(retention_days=30, rehire=[])
    years = Years(rules)
    story: list[list[Person]] = [
        [("1", "Ann", "Lee", True), ("2", "Bo", "Li", True), ("3", "太郎", "Li", True)],
        [("1", "Ann", "Li", True), ("2", "Bo", "Li", False)],
        [("1", "Ann", "Gray", True)],
    ]
    for number, people in enumerate(story):
        years.day(number, *people)
    years.day(40, ("4", "Bo", "Li", True))
    assert years.con.execute("select status, released_on from identities where person_number = '2'").fetchall() == [
        ("released", FIRST.replace(month=12, day=11))]  # fmt: skip
    again = restored(years, rules)
    for ledger in (years, again):
        for number, people in enumerate(story):
            ledger.day(number, *people)
        ledger.day(40, ("4", "Bo", "Li", True))
        ledger.day(41, ("1", "Ann", "Lee", True), ("2", "Bo", "Li", True))
    assert exported(again) == exported(years)
    assert again.upn("2") == "b.li"


def test_a_container_that_an_account_was_found_in_is_known_after_a_restore_whatever_became_of_its_names() -> None:
    rules = lively()
    years = Years(rules)
    fill(
        years.con,
        *(
            account(f"{n}@contoso.com", employee_id=n, surname=name, distinguished_name=f"CN={n},OU=Legacy,DC=x")
            for n, name in (("1", "Lee"), ("2", "Li"))
        ),
    )
    years.day(0, ("1", "Ann", "Lee", True), ("2", "Bo", "Li", True))
    years.day(1, ("1", "Ann", "Gray", True), ("2", "Bo", "Li", False))
    years.day(9)
    again = restored(years, rules)
    for ledger in (years, again):
        ledger.day(10, ("2", "Bo", "Li", True))
    assert exported(again) == exported(years)
    assert set(again.con.execute("select parent_distinguished_name, placed_by from identities").fetchall()) == {
        ("OU=Legacy,DC=x", "account")}  # fmt: skip


ACCOUNTS = st.lists(st.sampled_from(["own", "none", "two"]), min_size=1, max_size=10)


def deploy(people: list[str]) -> tuple[Years, dict[str, str]]:
    """A first deployment to workers of one name who have an account of their own, none, or two; and the accounts' names."""
    years = Years(lively(rename="keep", retention_days=None))
    has = {f"{n:05}": f"legacy{n}@contoso.com" for n, accounts in enumerate(people) if accounts == "own"}
    two = [f"{n:05}" for n, accounts in enumerate(people) if accounts == "two"]
    old = "OU=Old,DC=x"
    fill(years.con, *(account(upn, employee_id=number, surname="Lee", sam_account_name=f"L{number}",
                              distinguished_name=f"CN=x{number},{old}") for number, upn in has.items()),
         *(account(f"{letter}{number}@contoso.com", employee_id=number) for number in two for letter in "ab"))  # fmt: skip
    years.join(*((f"{number:05}", "Ann", "Lee") for number in range(len(people))))
    assert [review.person_number for review in waiting(years.con)] == two
    assert len(years.names()) == len(people) - len(two)
    return years, has


def adopted(years: Years) -> list[tuple[str, ...]]:
    """All that the ledger holds of accounts that were there before."""
    return years.con.execute("""select person_number, user_principal_name, sam_account_name, common_name, parent_distinguished_name
        from identities where status = 'adopted' order by 1""").fetchall()


@settings(max_examples=examples(2), deadline=None)
@given(ACCOUNTS)
def test_a_first_deployment_renames_and_moves_nobody_on_that_day_or_later(people: list[str]) -> None:
    years, has = deploy(people)
    found = [(number, upn, f"L{number}", f"x{number}", "OU=Old,DC=x") for number, upn in has.items()]
    assert adopted(years) == found
    for day in (1, 2):
        years.day(day, *[(f"{n:05}", "Ann", "Gray", day < 2) for n in range(len(people))])
        assert adopted(years) == found


def test_five_thousand_accounts_are_adopted_as_they_are() -> None:
    years, has = deploy(["two" if n % 500 == 0 else "none" if n % 100 == 1 else "own" for n in range(5_000)])
    names = years.names()
    assert {number: names[number] for number in has} == {number: (upn, f"L{number}") for number, upn in has.items()}
    assert (len(has), len(names)) == (4_940, 4_990)
    assert years.day(1) == 0
    assert years.names() == names


@pytest.mark.parametrize(
    "status", ["moved until yesterday, worker", "decided about nothing by x at 2026-11-01T00:00:00Z", "stand in"]
)
def test_a_row_of_the_past_that_says_nothing_is_refused(status: str) -> None:
    years = Years(lively())
    text = exported(years) + f'1,a@contoso.com,,,,,"{status}"\n'
    done = import_ledger(years.con, io.StringIO(text, newline=""), FIRST)
    assert [(fault.row, fault.column) for fault in done.refused] == [(2, "status")]
