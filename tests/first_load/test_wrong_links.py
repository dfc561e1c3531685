"""Wrong links: operations that went to somebody else's account are found by the log and the directory."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from hcm_pipeline.first_load import LinkKind, WrongLink, find_wrong_links
from tests.directory.objects import NOW, account
from tests.identity.people import entered_names

from .house import House

TARGET = "job"
BO = {"object_id": "id-b", "display_name": "Bo Li"}


def logged(house: House, number: str, landed_on: str | None, action: str = "update", at: int = 0, **given: Any) -> None:
    """The log tells of an operation of this worker."""
    row = {"status": "success", "target": TARGET, **given}
    house.con.execute(
        """insert into log_entries
        (target, log_id, logged_at, person_number, change_id, status, action, unresolved, twin, landed_on)
        values (?, ?, ?, ?, 'c1', ?, ?, false, false, ?)""",
        [row["target"], f"{number}-{at}", NOW + dt.timedelta(minutes=at), number, row["status"], action, landed_on],
    )


def found(house: House) -> list[WrongLink]:
    with house.matched() as (t, people, _):
        return find_wrong_links(t, people, people.workers, TARGET)


@pytest.fixture
def house() -> House:
    """Ann and Bo; Bo has an account."""
    made = House()
    made.worker("1", "Ann", "Lee")
    made.worker("2", "Bo", "Li")
    return made


@pytest.mark.parametrize(
    ("theirs", "ledger", "entries", "kinds", "others"),
    [
        ({"employee_id": "2"}, [], [("1", 0)], [LinkKind.OTHER_NUMBER], ["2"]),
        ({"employee_id": "1"}, [], [("1", 0), ("2", 1)], [LinkKind.SHARED], ["2"]),
        ({"employee_id": "1"}, [("2", "imported", "bo")], [("1", 0)], [LinkKind.OTHER_NAMES], ["2"]),
        ({"employee_id": "1"}, [("1", "given", "ann.lee")], [("1", 0)], [LinkKind.CHANGED], []),
    ],
)
def test_each_sign_of_a_wrong_link_is_told_with_whose_the_account_seems_to_be(
    house: House, theirs: dict[str, Any], ledger: list[Any], entries: list[Any], kinds: list[str], others: list[str]
) -> None:
    entered_names(house.con, *ledger)
    house.accounts(account("bo@contoso.com", **BO, **theirs))
    for number, at in entries:
        logged(house, number, "ID-B", at=at)
    link = next(one for one in found(house) if one.person_number == "1")
    assert (list(link.kinds), list(link.others)) == (kinds, others)
    assert (link.account_id, link.action, link.change_id, link.read_at) == ("id-b", "update", "c1", NOW)
    assert link.again == (theirs["employee_id"] == "1")


@pytest.mark.parametrize(
    "entries",
    [
        [("1", "id-b", {"action": "create"})],
        [("1", None, {})],
        [("1", "id-b", {"status": "skipped"})],
        [("1", "id-b", {"target": "another job"})],
        [("1", "id-z", {})],
    ],
)
def test_an_account_that_was_made_for_the_worker_and_what_the_log_does_not_tell_are_no_wrong_links(
    house: House, entries: list[Any]
) -> None:
    entered_names(house.con, ("1", "given", "ann.lee"))
    house.accounts(account("b@contoso.com", **BO, employee_id="1"))
    for number, landed_on, given in entries:
        logged(house, number, landed_on, **given)
    assert found(house) == []


def test_an_operation_that_failed_on_somebody_elses_account_tells_as_much(house: House) -> None:
    house.accounts(account("bo@contoso.com", **BO, employee_id="2"))
    logged(house, "1", "id-b", status="failure")
    assert [(one.person_number, one.kinds) for one in found(house)] == [("1", (LinkKind.OTHER_NUMBER,))]


def test_the_newest_operation_says_where_a_worker_is_now(house: House) -> None:
    house.accounts(
        account("bo@contoso.com", **BO, employee_id="2"), account("ann@contoso.com", object_id="id-a", employee_id="1")
    )
    logged(house, "1", "id-b", at=0)
    logged(house, "1", "id-a", at=5)
    logged(house, "2", "id-b", at=1)
    assert found(house) == []


def test_a_protected_account_is_told(house: House) -> None:
    house.accounts(account("adm-bo@contoso.com", **BO, employee_id="2"))
    logged(house, "1", "id-b")
    assert [one.protected for one in found(house)] == [True]
