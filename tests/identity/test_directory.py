"""The live directory: its names are taken, its accounts are adopted, and what is not clear waits for a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.errors import GuardStop, UsageError
from hcm_pipeline.identity.directory.model import SCHEMA
from hcm_pipeline.identity.directory.store import CONTAINER, RELATIVE_NAME, last_read, replace_all
from hcm_pipeline.identity.explain import explain
from hcm_pipeline.identity.limits import escape_rdn
from hcm_pipeline.identity.review import decide, waiting
from hcm_pipeline.warehouse import first, memory
from tests.identity.test_ledger import NOW, Ledger
from tests.identity.test_rules import profile


def account(upn: str | None = None, **given: Any) -> dict[str, Any]:
    """One object of a directory, a user unless `given` says otherwise."""
    return {"object_id": f"id of {upn or given}", "kind": "user", "deleted": False, "user_principal_name": upn, **given}


def fill(ledger: Ledger, *objects: dict[str, Any], directory: str = "entra", at: dt.datetime = NOW) -> int:
    """The directory was read, and holds these."""
    halves: Iterable[list[dict[str, Any]]] = [list(objects[: len(objects) // 2]), list(objects[len(objects) // 2 :])]
    batches = [pa.RecordBatch.from_pylist(half, schema=SCHEMA) for half in halves]
    return replace_all(ledger.con, directory, batches, at)


def test_reading_again_replaces_one_directory_and_no_other() -> None:
    ledger = Ledger()
    assert (
        fill(ledger, account("a@contoso.com"), account("b@contoso.com"), account("b@contoso.com", mail="new@x.y")) == 2
    )
    fill(ledger, account(sam_account_name="SRV$", kind="computer"), directory="ad")
    assert fill(ledger, account("c@contoso.com"), at=NOW + dt.timedelta(hours=1)) == 1
    names = ledger.con.execute("select directory, attribute, key from directory_names order by 1, 2").fetchall()
    assert names == [("ad", "sam", "srv$"), ("entra", "address", "c@contoso.com")]
    assert {name: (at, count) for name, (at, count) in last_read(ledger.con).items()} == {
        "ad": (NOW, 1), "entra": (NOW + dt.timedelta(hours=1), 1)}  # fmt: skip


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
    fill(ledger, taken)
    ledger.join(("1", "Ann", "Lee"))
    assert ledger.upn("1") == "a.lee"
    tried = explain(ledger.con, ledger.profile, "1")
    assert (tried[0].name, tried[0].held_by) == ("ann.lee", f"{taken['kind']} of entra")


@pytest.mark.parametrize("kind", ["user", "group", "computer"])
def test_a_sam_account_name_is_compared_with_those_of_groups_and_computers_too(kind: str) -> None:
    ledger = Ledger()
    fill(ledger, account(sam_account_name="ALee", kind=kind), directory="ad")
    ledger.join(("1", "Ann", "Lee"))
    assert ledger.names()["1"][1] == "alee1"


def test_a_common_name_is_taken_in_its_container_only() -> None:
    ledger = Ledger(profile(parent_distinguished_name="OU=A\\,B,DC=x"))
    fill(
        ledger, account(distinguished_name="CN=Ann Lee,ou=a\\,b,dc=x"), account(distinguished_name="CN=Bo Li,OU=B,DC=x")
    )
    ledger.join(("1", "Ann", "Lee"), ("2", "Bo", "Li"))
    names = ledger.con.execute("select common_name from identities order by person_number").fetchall()
    assert names == [("Ann Lee 2",), ("Bo Li",)]


def test_addresses_of_other_domains_take_nothing() -> None:
    ledger = Ledger()
    fill(ledger, account("x@other.com", mail="ann.lee@other.com", proxy_addresses=["smtp:ann.lee@more.com"]))
    ledger.join(("1", "Ann", "Lee"))
    assert ledger.upn("1") == "ann.lee"


def test_accounts_are_adopted_by_employee_id_and_what_they_lack_is_given() -> None:
    ledger = Ledger()
    fill(ledger, account("Boss@contoso.com", employee_id="1", sam_account_name="boss", mail_nickname="theboss",
                         distinguished_name="CN=The Boss\\, M.D.,OU=Top,DC=x"),
         account("bea@old.com", employee_id="2"))  # fmt: skip
    ledger.join(("1", "Ann", "Lee"), ("2", "Bea", "Lee"), ("3", "Cat", "Lee"))
    found = ledger.con.execute("""select person_number, user_principal_name, sam_account_name, common_name, mail_nickname,
        parent_distinguished_name, status from identities order by 1""").fetchall()
    assert found == [
        ("1", "Boss@contoso.com", "boss", "The Boss, M.D.", "theboss", "OU=Top,DC=x", "adopted"),
        ("2", "bea@old.com", "blee", "Bea Lee", "bea", None, "adopted"),
        ("3", "cat.lee@contoso.com", "clee", "Cat Lee", "cat.lee", None, "given"),
    ]
    before = ledger.names()
    assert ledger.join() == 0
    assert ledger.names() == before


def test_a_leading_zero_makes_another_employee_id() -> None:
    ledger = Ledger()
    fill(ledger, account("bo@contoso.com", employee_id="0001"))
    ledger.join(("1", "Ann", "Lee"))
    assert ledger.upn("1") == "ann.lee"


def test_rules_of_the_profile_find_accounts_without_an_employee_id() -> None:
    ledger = Ledger(profile(adopt=[{"attribute": "mail", "field": "email"}]))
    fill(
        ledger,
        account("al@contoso.com", mail="ann@x.com"),
        account("bl@contoso.com", mail="bea@x.com", employee_id="9"),
    )
    ledger.con.execute("alter table worker_versions alter email set default 'ANN@x.com'")
    ledger.join(("1", "Ann", "Lee"))
    ledger.con.execute("alter table worker_versions alter email set default 'bea@x.com'")
    ledger.join(("2", "Bea", "Lee"))
    assert (ledger.upn("1"), ledger.upn("2")) == ("al", "bea.lee")


def ambiguous() -> Ledger:
    """Two accounts could be worker 1's; worker 2 has no account."""
    ledger = Ledger()
    fill(ledger, account("ann@contoso.com", employee_id="1"), account("lee@contoso.com", employee_id="1"))
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
    decide(ledger.con, "1", account_, accept=False, by="tester", now=NOW)
    assert ledger.join() == 1
    assert ledger.upn("1") == upn
    assert waiting(ledger.con) == []
    assert ledger.join() == 0


def test_a_decision_that_makes_no_sense_is_refused() -> None:
    ledger = ambiguous()
    for number, account_, accept in (("2", None, False), ("1", "bea@contoso.com", False), ("1", None, True)):
        with pytest.raises(UsageError):
            decide(ledger.con, number, account_, accept=accept, by="tester", now=NOW)


def test_an_account_that_fits_several_workers_or_is_somebody_elses_already_is_nobodys_before_a_decision() -> None:
    ledger = Ledger(profile(adopt=[{"attribute": "mail", "field": "last_name"}]))
    fill(ledger, account("shared@contoso.com", mail="lee"), account("ours@contoso.com", employee_id="3"))
    ledger.con.execute("""insert into identities values ('0', 'ours@contoso.com', 'o', 'o', 'ours', null, 'given',
        date '2026-11-01', null, 'candidate 1', 'candidate 1', 'candidate 1', null, null)""")
    ledger.join(("1", "Ann", "Lee"), ("2", "Bea", "Lee"), ("3", "Cat", "Li"))
    assert set(ledger.names()) == {"0"}
    assert [(r.person_number, r.reason) for r in waiting(ledger.con)] == [
        ("1", "account of several workers"), ("2", "account of several workers"), ("3", "account of somebody else")]  # fmt: skip
    with pytest.raises(UsageError):
        decide(ledger.con, "3", None, accept=True, by="tester", now=NOW)


def test_a_directory_that_was_not_read_lately_stops_the_giving_of_names() -> None:
    ledger = Ledger(profile(directory_max_age_hours=12))
    with pytest.raises(GuardStop, match="never read"):
        ledger.join(("1", "Ann", "Lee"))
    fill(ledger, at=NOW - dt.timedelta(hours=13))
    with pytest.raises(GuardStop, match="13 hours ago"):
        ledger.join()
    fill(ledger, at=NOW - dt.timedelta(hours=11))
    assert ledger.join() == 1


RELATIVE = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8).map(str.strip).filter(bool)


@settings(max_examples=60, deadline=None)
@given(RELATIVE, RELATIVE)
def test_a_distinguished_name_is_taken_apart_as_it_was_made(name: str, unit: str) -> None:
    container = f"OU={escape_rdn(unit)},DC=x"
    with memory() as con:
        row = first(con, f"select {RELATIVE_NAME}, {CONTAINER} from (select ?::varchar as distinguished_name)",
                    [f"CN={escape_rdn(name)},{container}"])  # fmt: skip
    assert row == (name, container)


PEOPLE = st.lists(st.tuples(st.sampled_from(["Ann", "Al"]), st.sampled_from(["Lee", "Li"])), min_size=1, max_size=8)


@settings(max_examples=12, deadline=None)
@given(PEOPLE, PEOPLE)
def test_no_name_is_given_that_the_directory_holds_whatever_it_holds(
    theirs: list[tuple[str, str]], ours: list[tuple[str, str]]
) -> None:
    ledger = Ledger()
    held = {f"{first}.{last}{number or ''}@contoso.com" for number, (first, last) in enumerate(theirs)}
    sams = {f"{first[0]}{last}{number or ''}" for number, (first, last) in enumerate(theirs)}
    fill(ledger, *[account(upn) for upn in sorted(held)], *[account(sam_account_name=sam) for sam in sorted(sams)])
    ledger.join(*[(f"{number}", *name) for number, name in enumerate(ours)])
    given_names = ledger.names().values()
    assert len(given_names) == len(ours)
    assert not {upn for upn, _ in given_names} & {upn.lower() for upn in held}
    assert not {sam for _, sam in given_names} & {sam.lower() for sam in sams}
