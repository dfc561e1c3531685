"""An account is a newcomer's when more than a number agrees, and a protected one never by itself."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest

from hcm_pipeline.directory import SCHEMA
from hcm_pipeline.identity import protected_workers, waiting
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import scratch, table
from tests.directory.objects import account, fill
from tests.identity.people import DAY, Ledger, Person, entered_names, profile, version, versions_of

NUMBERED = {"employee_id": "1"}


def adopted(person: Person, accounts: list[dict[str, Any]], rules: Profile | None = None, **fields: str) -> str | None:
    """The userPrincipalName that a newcomer adopts; the reason for which they wait instead, in brackets."""
    ledger = Ledger(rules or profile())
    fill(ledger.con, *accounts)
    ledger.fields.update(fields)
    ledger.join(person)
    reviews = waiting(ledger.con)
    if reviews:
        assert ledger.names() == {}
        return f"[{reviews[0].reason}]"
    return ledger.names()[person[0]][0]


@pytest.mark.parametrize(
    ("person", "found"),
    [
        (("1", "Ida", "Berg"), account("ida.berg@contoso.com", **NUMBERED)),
        (("1", "Ida", "Berg"), account("x1@contoso.com", display_name="Berg, Ida (Sales)", **NUMBERED)),
        (("1", "Ida", "van der Berg"), account("x1@contoso.com", surname="Berg", **NUMBERED)),
        (("1", "Ida", "Berg"), account("x1@contoso.com", sam_account_name="iberg", **NUMBERED)),
        (("1", "Ida", "Berg"), account("ida@contoso.com", **NUMBERED)),
        (("1", "Jürgen", "Müller"), account("x1@contoso.com", surname="Mueller", **NUMBERED)),
        (("1", "Jurgen", "Mueller"), account("x1@contoso.com", surname="Müller", **NUMBERED)),
        (("1", "Иван", "Петров"), account("x1@contoso.com", display_name="Ivan Petrov", **NUMBERED)),
        (("1", "Іван", "Петров"), account("x1@contoso.com", surname="Петров", **NUMBERED)),
        (("1", "Ida", "Berg"), account("x1@contoso.com", mail="IDA@home.example", surname="Dahl", **NUMBERED)),
        (("1", "Ida", "Berg"), account("x1@contoso.com", proxy_addresses=["SMTP:ida@home.example"], **NUMBERED)),
    ],
)
def test_an_account_with_the_number_is_adopted_when_its_name_or_its_mail_agrees(
    person: Person, found: dict[str, Any]
) -> None:
    assert adopted(person, [found], email="ida@home.example") == found["user_principal_name"]


@pytest.mark.parametrize(
    "found",
    [
        account("globaladmin@contoso.com", display_name="Global Admin", **NUMBERED),
        account("ida.dahl@contoso.com", display_name="Ida Dahl", **NUMBERED),
        account("x1@contoso.com", **NUMBERED),
    ],
)
def test_where_nothing_but_the_number_agrees_a_person_is_asked(found: dict[str, Any]) -> None:
    assert adopted(("1", "Ida", "Berg"), [found]) == "[nothing else agrees]"


def test_a_mail_address_in_ones_own_row_takes_no_account_of_another_name() -> None:
    rules = profile(adopt=[{"attribute": "mail", "field": "email"}])
    service = account("backup@contoso.com", mail="backup@contoso.com", display_name="Backup service")
    assert adopted(("1", "Ida", "Berg"), [service], rules, email="backup@contoso.com") == "[nothing else agrees]"


@pytest.mark.parametrize(
    "given",
    [
        {"admin_count": True},
        {"member_of": ["CN=Domain Admins,CN=Users,DC=contoso,DC=com"]},
        {"member_of": ["Staff", "global administrator"]},
        {"sam_account_name": "ADM-berg"},
    ],
)
def test_a_protected_account_is_never_adopted_by_itself(given: dict[str, Any]) -> None:
    assert (
        adopted(("1", "Ida", "Berg"), [account("ida.berg@contoso.com", **NUMBERED, **given)]) == "[protected account]"
    )


def test_a_person_may_say_that_the_protected_account_is_theirs() -> None:
    ledger = Ledger()
    fill(ledger.con, account("boss@contoso.com", admin_count=True, **NUMBERED))
    ledger.join(("1", "Ida", "Berg"))
    ledger.decide("1", accept=True)
    assert ledger.join() == 1
    assert ledger.upn("1") == "boss"


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ({"person_numbers": ["2"]}, {"2"}),
        ({"names": ["b*s"]}, {"2"}),
        ({"names": ["BOSS@contoso.com", "?nna"]}, {"1", "2"}),
        ({"when": "department = 'Board'"}, {"1"}),
        ({"containers": ["OU=Top,DC=x"]}, {"3"}),
        ({"containers": ["OU=Töp,DC=x"]}, {"3"}),
        ({"groups": ["Domain Admins"]}, {"4"}),
        ({"admin_count": True}, {"5"}),
    ],
)
def test_workers_are_protected_by_number_field_name_container_group_and_admin_count(
    rule: dict[str, Any], found: set[str]
) -> None:
    ledger = Ledger()
    rules = profile()
    rules = rules.model_copy(update={"guards": type(rules.guards).model_validate({"protected": [rule]})})
    entered_names(
        ledger.con, ("1", "given", "anna"), ("2", "given", "boss"), ("3", "given", "cat"), ("5", "given", "eve")
    )
    ledger.con.execute(
        "update identities set parent_distinguished_name = 'ou=Inner, ou=top,dc=x' where person_number = '3'"
    )
    accounts = [
        account("dora@contoso.com", employee_id="4", member_of=["CN=Domain Admins,DC=x"]),
        account("\uff25VÉ@contoso.com", admin_count=True),
    ]
    people = [version(number, "A", "B", department="Board" if number == "1" else "Sales") for number in "12345"]
    with scratch(ledger.con) as t:
        objects = t.of_arrow("accounts", pa.Table.from_pylist(accounts, schema=SCHEMA))
        made = protected_workers(t, rules, versions_of(t, rules, people), table(ledger.con, "identities"), objects)
        assert {number for (number,) in t.rows(f"select person_number from {made}")} == found


def test_a_field_protects_for_as_long_as_it_had_the_value() -> None:
    rules = profile()
    guards = type(rules.guards).model_validate({"protected": [{"when": "department = 'Board'"}]})
    rules = rules.model_copy(update={"guards": guards})
    later = DAY + dt.timedelta(days=3)
    people = [version("1", "A", "B", department="Board", valid_to=later), version("1", "A", "B", valid_from=later)]
    ledger = Ledger()
    with scratch(ledger.con) as t:
        made = protected_workers(
            t,
            rules,
            versions_of(t, rules, people),
            table(ledger.con, "identities"),
            table(ledger.con, "directory_objects"),
        )
        assert t.rows(f"from {made}") == [("1", DAY, later, True)]
