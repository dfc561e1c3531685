"""Tiers: each worker and each account of a first load is in one of them, and what is not clean says why."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.first_load import (
    COHORTS,
    REASONS,
    TIERS,
    AsIs,
    count_heads,
    enter_as_is,
    find_duplicates,
    open_reasons,
)
from hcm_pipeline.first_load.tiers import (
    CONTRADICTED,
    GONE,
    LOOKS,
    NOBODY_CONFIRMED,
    RENAMED,
    TWIN,
    UNSTAMPED,
)
from hcm_pipeline.identity import GUARDED, HELD, SEVERAL, SHARED, UNLIKE
from hcm_pipeline.profile import Profile
from tests.budget import examples
from tests.directory.objects import NOW, account
from tests.identity.people import PROFILE, entered_names, profile

from .house import WHO, House

ANN = {"given_name": "Ann", "surname": "Lee"}


def test_a_number_that_the_directory_takes_for_the_workers_is_a_match_when_the_name_agrees() -> None:
    house = House()
    house.worker("a7", "Ann", "Lee")
    house.accounts(account("ann@contoso.com", employee_id="A7", **ANN))
    found = house.tiers()["a7"]
    assert (found.tier, found.reason, found.accounts) == ("number", None, ["ann@contoso.com"])
    assert house.orphans() == {"ann@contoso.com": ("number", None)}


@pytest.mark.parametrize(
    ("theirs", "mine", "evidence"),
    [
        ({**ANN, "mail": "ann@x.y"}, {"email": "Ann@X.Y "}, ["mail", "name"]),
        ({"display_name": "LEE, Ann", "proxy_addresses": ["smtp:ann@x.y"]}, {"email": "ann@x.y"}, ["mail", "name"]),
        ({**ANN, "employee_id": "0007"}, {}, ["name", "number but for zeros or blanks"]),
        ({**ANN, "employee_id": " 7 "}, {}, ["name", "number but for zeros or blanks"]),
        ({"given_name": "Ánn", "surname": "Léé", "mail": "q@x.y"}, {"email": "q@x.y"}, ["mail", "name"]),
    ],
)
def test_several_attributes_that_agree_are_a_match_that_a_person_confirms(
    theirs: dict[str, Any], mine: dict[str, Any], evidence: list[str]
) -> None:
    house = House()
    house.worker("7", **mine)
    house.accounts(account("old.name@contoso.com", **theirs))
    found = house.tiers()["7"]
    assert (found.tier, found.reason, found.accounts) == ("agreeing", NOBODY_CONFIRMED, ["old.name@contoso.com"])
    assert found.evidence == evidence
    assert house.orphans() == {"old.name@contoso.com": ("agreeing", None)}


def test_the_profiles_rules_of_adoption_are_evidence_too() -> None:
    rules = profile(
        adopt=[{"attribute": "sam_account_name", "field": "username"}, {"attribute": "mail", "field": "email"}]
    )
    house = House(rules)
    house.worker("7", username="ALee", email="x@x.y")
    house.accounts(account("old@contoso.com", sam_account_name="alee", **ANN))
    found = house.tiers()["7"]
    assert (found.tier, found.evidence) == ("agreeing", ["name", "sam_account_name = username"])


@pytest.mark.parametrize("how", ["object_id", "distinguished_name", "user_principal_name"])
def test_a_name_and_the_same_manager_agree_whatever_the_directory_calls_a_manager_by(how: str) -> None:
    boss = account("boss@contoso.com", employee_id="1", surname="Top", given_name="Bo", distinguished_name="CN=Bo,DC=x")
    house = House()
    house.worker("1", "Bo", "Top")
    house.worker("2", "Ann", "Lee", manager="1")
    house.accounts(boss, account("al@contoso.com", manager=boss[how], **ANN))
    found = house.tiers()["2"]
    assert (found.tier, found.evidence) == ("agreeing", ["manager", "name"])


@pytest.mark.parametrize(
    "theirs", [ANN, {**ANN, "department": "Sales", "company": "X"}, {"mail": "ann@x.y"}, {"employee_id": "007"}]
)
def test_one_thing_that_agrees_is_no_match_and_no_new_worker_either(theirs: dict[str, Any]) -> None:
    house = House()
    house.worker("7", email="ann@x.y", department="sales", company="X")
    house.accounts(account("somebody@contoso.com", **theirs))
    found = house.tiers()["7"]
    assert (found.tier, found.reason, found.accounts) == ("none", LOOKS, ["somebody@contoso.com"])
    assert house.orphans() == {"somebody@contoso.com": ("none", "looks like a worker")}


def test_a_namesake_whose_account_is_another_workers_by_number_is_new() -> None:
    house = House()
    house.worker("1")
    house.worker("2")
    house.accounts(account("ann@contoso.com", employee_id="1", **ANN))
    assert {number: (found.tier, found.reason) for number, found in house.tiers().items()} == {
        "1": ("number", None), "2": ("none", None),
    }  # fmt: skip


def test_what_fits_several_is_ambiguous_on_whichever_side() -> None:
    house = House()
    house.worker("1")
    house.worker("2", "Bo", "Li", email="bo@x.y")
    house.worker("3", "Bo", "Li")
    house.worker("4", "Cy", "Ma", email="cy@x.y")
    house.accounts(
        account("a1@contoso.com", employee_id="1", **ANN), account("a2@contoso.com", employee_id="1", **ANN),
        account("b@contoso.com", display_name="Bo Li", employee_id="03", mail="bo@x.y"),
        account("c1@contoso.com", display_name="Cy Ma", mail="cy@x.y"),
        account("c2@contoso.com", display_name="Cy Ma", proxy_addresses=["smtp:cy@x.y"]),
    )  # fmt: skip
    found = {number: (one.tier, one.reason, one.accounts) for number, one in house.tiers().items()}
    assert found == {
        "1": ("ambiguous", SEVERAL, ["a1@contoso.com", "a2@contoso.com"]),
        "2": ("ambiguous", SHARED, ["b@contoso.com"]),
        "3": ("ambiguous", SHARED, ["b@contoso.com"]),
        "4": ("ambiguous", SEVERAL, ["c1@contoso.com", "c2@contoso.com"]),
    }
    assert {tier for tier, _ in house.orphans().values()} == {"ambiguous"}


def test_two_workers_whose_numbers_are_one_number_to_the_target_are_not_clean() -> None:
    house = House()
    house.worker("a1", "Ann", "Lee")
    house.worker("A1", "Bo", "Li")
    assert {number: found.reason for number, found in house.tiers().items()} == {"a1": TWIN, "A1": TWIN}
    with house.matched() as (t, people, found):
        assert [(one.side, sorted(one.held_by)) for one in find_duplicates(t, people, found)] == [
            ("workers", ["A1", "a1"])
        ]


def test_a_number_alone_may_be_a_slip_and_a_protected_account_is_nobodys_without_a_decision() -> None:
    house = House()
    house.worker("1")
    house.worker("2", "Bo", "Li")
    house.accounts(
        account("x.y@contoso.com", employee_id="1", display_name="Zoe Quist"),
        account("adm-bo@contoso.com", employee_id="2", display_name="Bo Li"),
    )
    assert [(found.tier, found.reason) for _, found in sorted(house.tiers().items())] == [
        ("number", UNLIKE), ("number", GUARDED),
    ]  # fmt: skip
    assert house.confirm(("1", "x.y@contoso.com"), ("2", "adm-bo@contoso.com")) == []
    assert house.open() == []


def test_a_confirmed_account_is_stamped_before_it_is_clean() -> None:
    house = House()
    house.worker("7", email="ann@x.y")
    seen = account("ann@contoso.com", mail="ann@x.y", **ANN)
    house.accounts(seen)
    assert house.confirm(("7", "ANN@contoso.com")) == []
    found = house.tiers()["7"]
    assert (found.tier, found.reason) == ("confirmed", UNSTAMPED)
    house.accounts({**seen, "employee_id": "7"})
    assert [(one.tier, one.reason) for one in house.tiers().values()] == [("number", None)]
    house.accounts({**seen, "employee_id": "8"}, account("b@contoso.com", employee_id="7", **ANN))
    assert house.tiers()["7"].reason == CONTRADICTED
    house.accounts(account("other@contoso.com", display_name="Q"))
    assert house.tiers()["7"].reason == GONE


def test_a_worker_of_whom_a_person_said_that_none_of_them_is_theirs_is_new() -> None:
    house = House()
    house.worker("7")
    house.accounts(account("ann@contoso.com", **ANN))
    assert house.open() == ["7"]
    house.confirm(("7", None))
    assert [(one.tier, one.reason) for one in house.tiers().values()] == [("none", None)]
    assert house.orphans() == {"ann@contoso.com": ("none", "no number")}


def test_a_ledger_that_was_imported_counts_as_confirmed_and_what_it_gave_to_another_is_held() -> None:
    house = House()
    entered_names(house.con, ("1", "imported", "ann"), ("9", "imported", "bo"))
    house.worker("1")
    house.worker("2", "Bo", "Li")
    house.accounts(account("ann@contoso.com", **ANN), account("bo@contoso.com", display_name="Bo Li", employee_id="2"))
    assert [(one.tier, one.reason) for _, one in sorted(house.tiers().items())] == [
        ("confirmed", UNSTAMPED), ("number", HELD),
    ]  # fmt: skip


def test_names_that_were_given_and_never_sent_give_way_to_the_account_that_a_person_names() -> None:
    house = House()
    entered_names(house.con, ("1", "given", "ann.lee2"), ("2", "given", "bo.li2"))
    house.worker("1")
    house.worker("2", "Bo", "Li")
    house.accounts(account("ann@contoso.com", **ANN), account("bo@contoso.com", display_name="Bo Li"))
    refused = house.confirm(("1", "ann@contoso.com"), ("2", "bo@contoso.com"), sent="2")
    assert [(one.row, one.rule) for one in refused] == [(3, "sent")]
    assert house.con.execute("select person_number from identities").fetchall() == [("2",)]


def test_an_account_that_a_first_load_would_rename_is_not_clean_before_it_is_adopted() -> None:
    house = House()
    entered_names(house.con, ("1", "given", "ann.lee"))
    house.worker("1")
    house.accounts(account("a.lee@contoso.com", employee_id="1", **ANN))
    assert house.tiers()["1"].reason == RENAMED
    house.confirm(("1", "a.lee@contoso.com"))
    assert house.open() == []
    assert house.con.execute("select 1 from identities").fetchall() == []


def test_rows_of_a_list_that_cannot_be_taken_are_told_and_the_others_count() -> None:
    house = House()
    entered_names(house.con, ("9", "given", "held"))
    for number in "1234":
        house.worker(number, "N" + number, "X")
    house.accounts(account("held@contoso.com"), account("a@contoso.com"), account("b@contoso.com", deleted=True))
    refused = house.confirm(
        ("1", "held@contoso.com"), ("2", "b@contoso.com"), ("8", "a@contoso.com"), ("3", "a@contoso.com")
    )
    assert [(one.row, one.column, one.rule) for one in refused] == [
        (2, "account", "held"), (3, "account", "unknown_account"), (4, "person_number", "unknown_worker"),
    ]  # fmt: skip
    assert house.con.execute("select person_number, account, decided_by from identity_decisions").fetchall() == [
        ("3", "a@contoso.com", "Ida")
    ]


def test_accounts_without_a_worker_are_told_apart() -> None:
    rules = Profile.model_validate({**PROFILE.model_dump(mode="json", by_alias=True),
                                    "scope": {"include": ["worker_type = 'Employee'"]}})  # fmt: skip
    house = House(rules)
    house.worker("1", worker_type="Agency")
    house.accounts(
        account("svc-backup@contoso.com"), account("ann@contoso.com", employee_id="1"),
        account("gone@contoso.com", employee_id="77"), account("room@contoso.com"), account("g@contoso.com", kind="group"),
    )  # fmt: skip
    assert house.tiers() == {}
    assert {upn: orphan for upn, (_, orphan) in house.orphans().items()} == {
        "svc-backup@contoso.com": "protected", "ann@contoso.com": "of a worker out of scope",
        "gone@contoso.com": "number of nobody", "room@contoso.com": "no number",
    }  # fmt: skip


def test_heads_are_counted_on_both_sides_under_one_spelling() -> None:
    house = House()
    house.worker("1", **dict.fromkeys(COHORTS, "Sales "))
    house.worker("2", "Bo", "Li", active=False, **dict.fromkeys(COHORTS, "SALES"))
    theirs = dict.fromkeys(COHORTS.values(), "sales")
    house.accounts(
        account("a@contoso.com", employee_id="1", enabled=True, **ANN, **theirs),
        account("b@contoso.com", enabled=False, **theirs),
        account("svc-b@contoso.com", enabled=True, **theirs),
        account("c@contoso.com"),
    )
    with house.matched() as (t, people, found):
        for by in COHORTS:
            heads = count_heads(t, people, found, by)
            assert [
                (one.value and one.value.strip().upper(), one.workers_active, one.workers_inactive, one.matched,
                 one.accounts_enabled, one.accounts_disabled, one.accounts_unknown)
                for one in heads
            ] == [("SALES", 1, 1, 1, 1, 1, 0), (None, 0, 0, 0, 0, 0, 1)]  # fmt: skip


NUMBERS = st.sampled_from(["1", "01", "2", "a", "A", "b"])
NAMES = st.sampled_from([("Ann", "Lee"), ("Bo", "Li"), ("Cy", "Ma")])
MAILS = st.sampled_from([None, "p@x.y", "q@x.y"])
WORKERS = st.lists(st.tuples(NUMBERS, NAMES, MAILS), max_size=4, unique_by=lambda one: one[0])
ACCOUNTS = st.lists(st.tuples(st.none() | NUMBERS, NAMES, MAILS, st.booleans()), max_size=5)
WORDS = st.lists(st.tuples(NUMBERS, st.none() | st.integers(0, 4)), max_size=3, unique_by=lambda one: one[0])


@settings(max_examples=examples(4), deadline=None)
@given(WORKERS, ACCOUNTS, WORDS)
def test_every_worker_and_every_account_is_in_exactly_one_tier_in_whatever_order_they_come(
    workers: list[Any], accounts: list[Any], words: list[Any]
) -> None:
    objects = [
        account(
            f"{'svc-' if special else ''}u{place}@contoso.com",
            employee_id=number,
            given_name=first,
            surname=last,
            mail=mail,
        )
        for place, (number, (first, last), mail, special) in enumerate(accounts)
    ]

    def found(*, turned: bool) -> tuple[dict[str, Any], dict[str, Any]]:
        house = House()
        for number, (first, last), mail in workers[:: -1 if turned else 1]:
            house.worker(number, first, last, email=mail)
        house.accounts(*objects[:: -1 if turned else 1])
        house.con.executemany(
            "insert into identity_decisions values (?, 'account', ?, null, 'Ida', ?, 'cli')",
            [
                [number, None if place is None else f"u{place}@contoso.com", NOW]
                for number, place in words or [("-", None)]
            ],
        )
        return house.both()

    tiers, orphans = found(turned=False)
    assert (tiers, orphans) == found(turned=True)
    assert tiers.keys() == {number for number, *_ in workers}
    assert orphans.keys() == {one["user_principal_name"] for one in objects}
    for one in tiers.values():
        assert one.tier in TIERS
        assert one.reason is None or one.reason in REASONS
        assert (one.reason is not None) >= (one.tier in ("confirmed", "agreeing", "ambiguous"))
        if one.tier in ("number", "confirmed", "agreeing"):
            assert len(one.accounts) == 1
            assert orphans[one.accounts[0]][0] == one.tier
    linked = [one.accounts[0] for one in tiers.values() if one.tier in ("number", "confirmed", "agreeing")]
    assert len(linked) == len(set(linked))
    for tier, orphan in orphans.values():
        assert (orphan is None) == (tier != "none")


@settings(max_examples=examples(3), deadline=None)
@given(WORKERS, ACCOUNTS, st.randoms(use_true_random=False))
def test_a_first_load_is_open_until_each_row_that_is_not_clean_was_decided_in_whatever_order(
    workers: list[Any], accounts: list[Any], order: random.Random
) -> None:
    house = House()
    for number, (first, last), mail in workers:
        house.worker(number, first, last, email=mail)
    house.accounts(*(
        account(f"u{place}@contoso.com", employee_id=number, given_name=first, surname=last, mail=mail)
        for place, (number, (first, last), mail, _) in enumerate(accounts)
    ))  # fmt: skip
    with house.matched() as (t, _, found):
        still = open_reasons(t, found)
        rows = [AsIs(number, reason, tuple(those)) for number, reason, those in t.rows(f"from {still}")]
        dirty = t.rows(f"select person_number from {found.workers} where reason is not null")
        assert {(one.person_number,) for one in rows} == set(dirty)
        order.shuffle(rows)
        for left, row in reversed(list(enumerate(reversed(rows)))):
            enter_as_is(t, AsIs(row.person_number, "another reason", row.accounts), "why", WHO)
            assert t.count(still) == left + 1
            enter_as_is(t, row, "why", replace(WHO, at=NOW + dt.timedelta(hours=1)))
            assert t.count(still) == left
