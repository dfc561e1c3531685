"""Correlation: names that a directory holds are taken, its accounts are adopted, and what is not clear waits for a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.directory import SCHEMA, keep_domains
from hcm_pipeline.errors import GuardStop, UsageError
from hcm_pipeline.identity import entered, waiting
from hcm_pipeline.identity.correlation import Correlated, correlate
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Scratch, scratch
from tests.budget import examples
from tests.directory.objects import NOW, account, fill
from tests.identity.people import DAY, Ledger, entered_names, profile


@pytest.mark.parametrize(
    "taken",
    [
        account("Ann.Lee@contoso.com"),
        account("other@contoso.com", mail="ann.lee@CONTOSO.com"),
        account("other@contoso.com", proxy_addresses=["smtp:Ann.Lee@contoso.com", "X500:/o=ann.lee"]),
        account("other@contoso.com", mail_nickname="ANN.LEE"),
        account(mail="ann.lee@contoso.com", kind="group"),
        account("ann.lee@contoso.com", deleted=True),
    ],
)
def test_a_name_that_anything_in_the_directory_holds_in_any_attribute_is_taken(taken: dict[str, Any]) -> None:
    ledger = Ledger()
    fill(ledger.con, taken)
    ledger.join(("1", "Ann", "Lee"))
    assert ledger.upn("1") == "a.lee"
    tried = ledger.explain("1")
    assert (tried[0].name, tried[0].held_by) == ("ann.lee", f"{taken['kind']} of entra")


@pytest.mark.parametrize("kind", ["user", "group", "computer"])
def test_a_sam_account_name_is_compared_with_those_of_groups_and_computers_too(kind: str) -> None:
    ledger = Ledger()
    fill(ledger.con, account(sam_account_name="ALee", kind=kind), directory="ad")
    ledger.join(("1", "Ann", "Lee"))
    assert ledger.names()["1"][1] == "alee1"


def test_a_common_name_is_taken_in_its_container_only() -> None:
    ledger = Ledger(profile(parent_distinguished_name="OU=A\\,B,DC=x"))
    fill(
        ledger.con,
        account(distinguished_name="CN=Ann Lee,ou=a\\,b,dc=x"),
        account(distinguished_name="CN=Bo Li,OU=B,DC=x"),
    )
    ledger.join(("1", "Ann", "Lee"), ("2", "Bo", "Li"))
    names = ledger.con.execute("select common_name from identities order by person_number").fetchall()
    assert names == [("Ann Lee 2",), ("Bo Li",)]


def test_addresses_of_other_domains_take_nothing() -> None:
    ledger = Ledger()
    fill(ledger.con, account("x@other.com", mail="ann.lee@other.com", proxy_addresses=["smtp:ann.lee@more.com"]))
    ledger.join(("1", "Ann", "Lee"))
    assert ledger.upn("1") == "ann.lee"


def test_accounts_are_adopted_by_employee_id_and_what_they_lack_is_given() -> None:
    ledger = Ledger()
    fill(ledger.con, account("Boss@contoso.com", employee_id="1", sam_account_name="boss", mail_nickname="theboss",
                         distinguished_name="CN=The Lee\\, M.D.,OU=Top,DC=x"),
         account("bea@old.com", employee_id="2"))  # fmt: skip
    ledger.join(("1", "Ann", "Lee"), ("2", "Bea", "Lee"), ("3", "Cat", "Lee"))
    found = ledger.con.execute("""select person_number, user_principal_name, sam_account_name, common_name, mail_nickname,
        parent_distinguished_name, status from identities order by 1""").fetchall()
    assert found == [
        ("1", "Boss@contoso.com", "boss", "The Lee, M.D.", "theboss", "OU=Top,DC=x", "adopted"),
        ("2", "bea@old.com", "blee", "Bea Lee", "bea", None, "adopted"),
        ("3", "cat.lee@contoso.com", "clee", "Cat Lee", "cat.lee", None, "given"),
    ]
    before = ledger.names()
    assert ledger.join() == 0
    assert ledger.names() == before


def test_a_leading_zero_makes_another_employee_id() -> None:
    ledger = Ledger()
    fill(ledger.con, account("bo@contoso.com", employee_id="0001"))
    ledger.join(("1", "Ann", "Lee"))
    assert ledger.upn("1") == "ann.lee"


ALIKE = st.sampled_from([
    ("müller", "MULLER"), ("meißner", "meissner"), ("kjær", "Kjaer"), ("ｌｅｅ", "Lee"), ("josé", "jose\u0301"), ("łuk", "luk"),
    ("oﬃce", "OFFICE"), ("a\u200bb", "ab"),
])  # fmt: skip
"""Two ways to write a name that the directories take for one."""


@settings(max_examples=examples(8), deadline=None)
@given(ALIKE, st.booleans())
def test_accounts_are_found_and_held_in_whatever_way_a_name_that_the_directory_takes_for_it_is_written(
    alike: tuple[str, str], turned: bool
) -> None:
    theirs, ours = reversed(alike) if turned else alike
    rules = profile(adopt=[{"attribute": "mail", "field": "email"}])
    ledger = Ledger(rules)
    entered_names(ledger.con, ("0", "given", f"held{ours}"))
    ledger.con.execute(
        "insert into identity_decisions values (?, ?, ?, ?, ?, ?, ?)",
        ["5", "account", f"five{ours}@contoso.com", None, "tester", NOW, "cli"],
    )
    accounts = [
        account("one.two@contoso.com", mail=f"{theirs}@x.y"),
        account("two.two@contoso.com", employee_id=f"E{theirs}"),
        account(f"held{theirs}@contoso.com", employee_id="3", surname="Two"),
        account("logon@contoso.com", sam_account_name=f"HELD{theirs}", employee_id="4", surname="Two"),
        account(f"five{theirs}@contoso.com", mail=f"{theirs}@z"),
    ]
    people = [("1", f"{ours}@X.y"), (f"e{ours}", ""), ("3", ""), ("4", ""), ("5", "")]
    with scratch(ledger.con) as t:
        found = correlated(t, rules, accounts, people, renamed=())
        assert {number for (number,) in t.rows(f"select person_number from {found.matched}")} == {"1", f"e{ours}", "5"}
        assert t.rows(f"select person_number, reason from {found.waiting} order by 1") == [
            ("3", "account of somebody else"), ("4", "account of somebody else")]  # fmt: skip


def test_a_decision_means_the_account_that_it_writes_out_where_two_come_to_one_form() -> None:
    ledger = Ledger()
    ledger.con.execute(
        "insert into identity_decisions values (?, ?, ?, ?, ?, ?, ?)",
        ["1", "account", "JÖRG@contoso.com", None, "tester", NOW, "cli"],
    )
    accounts = [account("jorg@contoso.com", object_id="1"), account("jörg@contoso.com", object_id="2")]
    with scratch(ledger.con) as t:
        found = correlated(t, profile(), accounts, [("1", "")])
        assert t.rows(f"select user_principal_name from {found.matched}") == [("jörg@contoso.com",)]


def test_rules_of_the_profile_find_accounts_without_an_employee_id() -> None:
    ledger = Ledger(profile(adopt=[{"attribute": "mail", "field": "email"}]))
    fill(
        ledger.con,
        account("al@contoso.com", mail="ann@x.com", display_name="Lee, A."),
        account("bl@contoso.com", mail="bea@x.com", employee_id="9"),
    )
    ledger.fields["email"] = "ANN@x.com"
    ledger.join(("1", "Ann", "Lee"))
    ledger.fields["email"] = "bea@x.com"
    ledger.join(("2", "Bea", "Lee"))
    assert (ledger.upn("1"), ledger.upn("2")) == ("al", "bea.lee")


def ambiguous() -> Ledger:
    """Two accounts could be worker 1's; worker 2 has no account."""
    ledger = Ledger()
    fill(ledger.con, account("ann@contoso.com", employee_id="1"), account("lee@contoso.com", employee_id="1"))
    ledger.join(("1", "Ann", "Lee"), ("2", "Bea", "Lee"))
    return ledger


def test_who_could_have_several_accounts_gets_no_names_before_somebody_decides() -> None:
    ledger = ambiguous()
    assert set(ledger.names()) == {"2"}
    [review] = waiting(ledger.con)
    assert (review.person_number, review.reason, review.accounts) == (
        "1", "several accounts", ["ann@contoso.com", "lee@contoso.com"])  # fmt: skip
    assert ledger.join() == 0
    assert waiting(ledger.con) == [review]


@pytest.mark.parametrize(("account_", "upn"), [("LEE@contoso.com", "lee"), (None, "ann.lee")])
def test_a_decision_is_acted_on_once(account_: str | None, upn: str) -> None:
    ledger = ambiguous()
    ledger.decide("1", account_, accept=False)
    assert ledger.join() == 1
    assert ledger.upn("1") == upn
    assert waiting(ledger.con) == []
    assert ledger.join() == 0


def test_a_decision_that_makes_no_sense_is_refused() -> None:
    ledger = ambiguous()
    for number, account_, accept in (("2", None, False), ("1", "bea@contoso.com", False), ("1", None, True)):
        with pytest.raises(UsageError):
            ledger.decide(number, account_, accept=accept)


def test_an_account_that_fits_several_workers_or_is_somebody_elses_already_is_nobodys_before_a_decision() -> None:
    ledger = Ledger(profile(adopt=[{"attribute": "mail", "field": "last_name"}]))
    fill(ledger.con, account("shared@contoso.com", mail="lee"), account("ours@contoso.com", employee_id="3"))
    ledger.con.execute(
        entered("""select '0' as person_number, 'ours@contoso.com' as user_principal_name,
        'o' as sam_account_name, 'o' as common_name, 'ours' as mail_nickname, 'given' as status,
        date '2026-11-01' as given_on, 'account' as upn_rule""")
    )
    ledger.join(("1", "Ann", "Lee"), ("2", "Bea", "Lee"), ("3", "Cat", "Li"))
    assert set(ledger.names()) == {"0"}
    assert [(r.person_number, r.reason) for r in waiting(ledger.con)] == [
        ("1", "account of several workers"), ("2", "account of several workers"), ("3", "account of somebody else")]  # fmt: skip
    with pytest.raises(UsageError):
        ledger.decide("3", None, accept=True)


def test_a_directory_that_was_not_read_lately_stops_the_giving_of_names() -> None:
    ledger = Ledger(profile(directory_max_age_hours=12))
    with pytest.raises(GuardStop, match="entra was never read"):
        ledger.join(("1", "Ann", "Lee"))
    fill(ledger.con, at=NOW - dt.timedelta(hours=13))
    with pytest.raises(GuardStop, match="entra was read 13 hours ago, and the profile allows 12"):
        ledger.join()
    fill(ledger.con, at=NOW - dt.timedelta(hours=11))
    assert ledger.join() == 1


def test_no_name_is_given_under_a_domain_that_is_known_not_to_be_verified() -> None:
    ledger = Ledger()
    keep_domains(ledger.con, "entra", {"contoso.com": False})
    with pytest.raises(GuardStop, match=r"^contoso\.com: no verified domain"):
        ledger.join(("1", "Ann", "Lee"))
    assert ledger.names() == {}
    keep_domains(ledger.con, "entra", {"contoso.com": True})
    assert ledger.join() == 1


PEOPLE = st.lists(st.tuples(st.sampled_from(["Ann", "Al"]), st.sampled_from(["Lee", "Li"])), min_size=1, max_size=8)


@settings(max_examples=examples(8), deadline=None)
@given(PEOPLE, PEOPLE)
def test_no_name_is_given_that_the_directory_holds_whatever_it_holds(
    theirs: list[tuple[str, str]], ours: list[tuple[str, str]]
) -> None:
    ledger = Ledger()
    held = {f"{first}.{last}{number or ''}@contoso.com" for number, (first, last) in enumerate(theirs)}
    sams = {f"{first[0]}{last}{number or ''}" for number, (first, last) in enumerate(theirs)}
    fill(ledger.con, *[account(upn) for upn in sorted(held)], *[account(sam_account_name=sam) for sam in sorted(sams)])
    ledger.join(*[(f"{number}", *name) for number, name in enumerate(ours)])
    given_names = ledger.names().values()
    assert len(given_names) == len(ours)
    assert not {upn for upn, _ in given_names} & {upn.lower() for upn in held}
    assert not {sam for _, sam in given_names} & {sam.lower() for sam in sams}


NAMES = ("first_name", "preferred_name", "last_name", "place")


def correlated(
    t: Scratch, rules: Profile, accounts: list[dict[str, Any]], newcomers: list[tuple[str, str]], renamed: Iterable[str] = ("5",)
) -> Correlated:  # fmt: skip
    """Newcomers (number, e-mail address), each of them One Two, and the accounts of a directory, correlated."""
    named = t.of_rows("newcomers", {"person_number": "varchar", "email": "varchar", **dict.fromkeys(NAMES, "varchar")},
                      [(number, email, "One", "One", "Two", "") for number, email in newcomers])  # fmt: skip
    retired = t.of_rows("renamed", {"person_number": "varchar"}, [(number,) for number in renamed])
    objects = t.of_arrow("accounts", pa.Table.from_pylist(accounts, schema=SCHEMA))
    return correlate(t, rules, named, named, retired, objects, DAY)


def test_a_match_that_is_one_to_one_is_taken_and_any_other_waits_with_its_reason() -> None:
    accounts = [
        account("one@contoso.com", employee_id="1", distinguished_name="CN=One,OU=Old,DC=x"),
        account("two@contoso.com", employee_id="2"),
        account("two.too@contoso.com", employee_id="2"),
        account("shared@contoso.com", mail="shared@x.y"),
        account("held@contoso.com", employee_id="6"),
        account("five@contoso.com", employee_id="5"),
        account("gone@contoso.com", employee_id="7", deleted=True),
    ]
    rules = profile(adopt=[{"attribute": "mail", "field": "email"}])
    people = [("1", ""), ("2", ""), ("3", "Shared@x.y"), ("4", "SHARED@x.y"), ("5", ""), ("6", ""), ("7", "")]
    ledger = Ledger(rules)
    entered_names(ledger.con, ("0", "given", "held"))
    with scratch(ledger.con) as t:
        found = correlated(t, rules, accounts, people)
        assert t.rows(f"select person_number, common_name, parent_distinguished_name, placed_by from {found.matched}") == [
            ("1", "One", "OU=Old,DC=x", "account")]  # fmt: skip
        assert t.rows(f"from {found.waiting} order by person_number") == [
            ("2", "several accounts", ["two.too@contoso.com", "two@contoso.com"], []),
            ("3", "account of several workers", ["shared@contoso.com"], []),
            ("4", "account of several workers", ["shared@contoso.com"], []),
            ("6", "account of somebody else", ["held@contoso.com"], []),
        ]


def test_an_employee_id_goes_before_the_rules_and_a_decision_before_both() -> None:
    accounts = [account("id.two@contoso.com", employee_id="1"), account("mail@contoso.com", mail="a@x.y")]
    rules = profile(adopt=[{"attribute": "mail", "field": "email"}])
    ledger = Ledger(rules)
    matched = []
    with scratch(ledger.con) as t:
        for decision in (None, "mail@contoso.com"):
            if decision:
                row = ["1", "account", decision, None, "tester", NOW, "cli"]
                ledger.con.execute("insert into identity_decisions values (?, ?, ?, ?, ?, ?, ?)", row)
            found = correlated(t, rules, accounts, [("1", "a@x.y")])
            matched += t.rows(f"select user_principal_name from {found.matched}")
    assert matched == [("id.two@contoso.com",), ("mail@contoso.com",)]


def test_nobody_is_correlated_with_a_directory_that_holds_nothing() -> None:
    with scratch(Ledger().con) as t:
        found = correlated(t, profile(), [], [("1", "")])
        assert (found.matched, t.count(found.waiting)) == (None, 0)
