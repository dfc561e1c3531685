"""The live directory: its names are taken, its accounts are adopted, and what is not clear waits for a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.directory import (
    CHANGES,
    CONTAINER,
    RELATIVE_NAME,
    SCHEMA,
    VALUES,
    apply,
    escape_rdn,
    keep_domains,
    last_read,
    stage,
)
from hcm_pipeline.errors import GuardStop, UsageError
from hcm_pipeline.identity import entered, waiting
from hcm_pipeline.warehouse import first, memory, scratch
from tests.identity.people import NOW, Ledger, profile

BITS = {name: 1 << place for place, name in enumerate(VALUES)}


def account(upn: str | None = None, **given: Any) -> dict[str, Any]:
    """One object of a directory, a user unless `given` says otherwise."""
    return {"object_id": f"id of {upn or given}", "kind": "user", "deleted": False, "user_principal_name": upn, **given}


def fill(ledger: Ledger, *objects: dict[str, Any], directory: str = "entra", at: dt.datetime = NOW) -> int:
    """The directory was read, and holds these."""
    halves: Iterable[list[dict[str, Any]]] = [list(objects[: len(objects) // 2]), list(objects[len(objects) // 2 :])]
    batches = [pa.RecordBatch.from_pylist(half, schema=SCHEMA) for half in halves]
    with scratch(ledger.con) as t:
        return apply(t, directory, stage(t, batches), at, onto_known=False).objects


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
    tried = ledger.explain("1")
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
    ledger.fields["email"] = "ANN@x.com"
    ledger.join(("1", "Ann", "Lee"))
    ledger.fields["email"] = "bea@x.com"
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
    fill(ledger, account("shared@contoso.com", mail="lee"), account("ours@contoso.com", employee_id="3"))
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
    fill(ledger, at=NOW - dt.timedelta(hours=13))
    with pytest.raises(GuardStop, match="entra was read 13 hours ago, and the profile allows 12"):
        ledger.join()
    fill(ledger, at=NOW - dt.timedelta(hours=11))
    assert ledger.join() == 1


def test_every_directory_of_the_profile_must_be_young_enough_each_by_its_own_hours() -> None:
    several = {"entra": {"kind": "entra"}, "files": {"kind": "csv", "max_age_hours": 100}}
    ledger = Ledger(profile(directory_max_age_hours=12, directories=several))
    fill(ledger, at=NOW)
    with pytest.raises(GuardStop, match="files was never read"):
        ledger.join(("1", "Ann", "Lee"))
    fill(ledger, directory="files", at=NOW - dt.timedelta(hours=50))
    assert ledger.join() == 1
    fill(ledger, at=NOW - dt.timedelta(hours=13))
    fill(ledger, directory="files", at=NOW - dt.timedelta(hours=101))
    with pytest.raises(GuardStop, match=r"entra was read 13 hours ago.*files was read 101 hours ago"):
        ledger.join(("2", "Bea", "Lee"))


def test_a_directory_without_hours_need_not_be_read() -> None:
    ledger = Ledger(profile(directories={"files": {"kind": "csv"}}))
    assert ledger.join(("1", "Ann", "Lee")) == 1


@pytest.mark.parametrize(
    ("domains", "stops"),
    [
        (None, False),
        ({"CONTOSO.com": True, "x.onmicrosoft.com": True}, False),
        ({"x.onmicrosoft.com": True}, True),
        ({"contoso.com": False, "x.onmicrosoft.com": True}, True),
    ],
    ids=["not known", "verified", "not the tenant's", "not verified yet"],
)
def test_no_name_is_given_under_a_domain_that_is_known_not_to_be_verified(
    domains: dict[str, bool] | None, stops: bool
) -> None:
    ledger = Ledger()
    keep_domains(ledger.con, "entra", domains)
    if stops:
        with pytest.raises(GuardStop, match=r"contoso\.com: no verified domain"):
            ledger.join(("1", "Ann", "Lee"))
        assert ledger.names() == {}
    else:
        assert ledger.join(("1", "Ann", "Lee")) == 1


def test_a_domain_for_some_workers_must_be_verified_too() -> None:
    ledger = Ledger(profile(domains=[{"when": "country = 'DE'", "domain": "contoso.de"}]))
    keep_domains(ledger.con, "entra", {"contoso.com": True})
    with pytest.raises(GuardStop, match=r"^contoso\.de: no verified domain"):
        ledger.join(("1", "Ann", "Lee"))


def test_what_a_directory_says_of_an_object_in_pieces_adds_up_in_their_order() -> None:
    ledger = Ledger()
    fill(ledger, account("a@contoso.com", object_id="1", employee_id="7"), account("b@contoso.com", object_id="2"))
    said: list[dict[str, Any]] = [
        {"object_id": "1", "mail": "first@x.y", "stated": BITS["mail"]},
        {"object_id": "1", "surname": "Lee", "stated": BITS["surname"]},
        {"object_id": "2", "stated": 0, "removed": "changed"},
        {"object_id": "1", "mail": None, "stated": BITS["mail"]},
        {"object_id": "2", "stated": 0, "removed": "deleted"},
        {"object_id": "3", "stated": 0, "removed": "changed"},
        {"object_id": "2", "user_principal_name": "c@contoso.com", "stated": BITS["user_principal_name"]},
    ]
    rows = [{"kind": "user", "deleted": False, **one} for one in said]
    with scratch(ledger.con) as t:
        incoming = stage(t, [pa.RecordBatch.from_pylist([row], schema=CHANGES) for row in rows])
        counts = apply(t, "entra", incoming, NOW, onto_known=True)
    assert (counts.objects, counts.changed) == (2, 2)
    found = ledger.con.execute("""select object_id, deleted, user_principal_name, employee_id, mail, surname
        from directory_objects order by 1""").fetchall()
    assert found == [("1", False, "a@contoso.com", "7", None, "Lee"), ("2", False, "c@contoso.com", None, None, None)]


CHANGE = st.tuples(
    st.sampled_from("123"),
    st.one_of(
        st.sampled_from(["changed", "deleted"]),
        st.dictionaries(st.sampled_from(["mail", "surname"]), st.sampled_from([None, "x", "y"]), min_size=1),
    ),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(CHANGE, max_size=6), max_size=4))
def test_changes_in_any_portions_end_as_they_would_one_by_one(portions: list[list[tuple[str, Any]]]) -> None:
    expected: dict[str, dict[str, Any]] = {}
    gone: set[str] = set()
    ledger = Ledger()
    for portion in portions:
        rows = []
        for object_id, said in portion:
            if object_id in gone:
                continue  # an id is never used again
            row = {"object_id": object_id, "kind": "user", "deleted": False, "stated": 0, "removed": None}
            if isinstance(said, str):
                row["removed"] = said
                if said == "deleted":
                    gone.add(object_id)
                    expected.pop(object_id, None)
                elif object_id in expected:
                    expected[object_id]["deleted"] = True
            else:
                row |= {**said, "stated": sum(BITS[name] for name in said)}
                known = expected.setdefault(object_id, {"mail": None, "surname": None})
                known |= {**said, "deleted": False}
            rows.append(row)
        with scratch(ledger.con) as t:
            apply(t, "entra", stage(t, [pa.RecordBatch.from_pylist(rows, schema=CHANGES)]), NOW, onto_known=True)
    found = ledger.con.execute("select object_id, deleted, mail, surname from directory_objects").fetchall()
    assert {row[0]: {"deleted": row[1], "mail": row[2], "surname": row[3]} for row in found} == expected


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
