"""The accounts that a rehearsal finds in the readings of directories, and the people that it lists."""

from __future__ import annotations

import csv
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.flow.known_accounts import KnownAccounts
from hcm_pipeline.flow.rehearsing import RehearsedAttribute, RehearsedPerson, RehearsedPlan, Spool, write_rehearsal
from hcm_pipeline.rehearsal import Untold
from hcm_pipeline.synchronization import ACTIVE_DIRECTORY, ENTRA, Kind
from hcm_pipeline.warehouse import Scratch, memory, scratch

OBJECTS = {
    "directory": "varchar", "object_id": "varchar", "kind": "varchar", "deleted": "boolean", "employee_id": "varchar",
    "user_principal_name": "varchar", "sam_account_name": "varchar", "common_name": "varchar", "mail": "varchar",
    "mail_nickname": "varchar", "distinguished_name": "varchar", "display_name": "varchar", "given_name": "varchar",
    "surname": "varchar", "has_title": "boolean", "has_phone": "boolean",
}  # fmt: skip
ROW = {"directory": "tenant", "kind": "user", "deleted": False}
PEOPLE = {"person_number": "varchar"}


@pytest.fixture
def t() -> Iterator[Scratch]:
    """Relations in memory."""
    with memory() as con, scratch(con) as made:
        yield made


def known(t: Scratch, *objects: dict[str, Any], kind: Kind = ENTRA) -> KnownAccounts:
    rows = [[{**ROW, **one}.get(column) for column in OBJECTS] for one in objects]
    return KnownAccounts(
        t, t.of_rows("objects", OBJECTS, rows), ("tenant",), kind, t.of_rows("delivered", PEOPLE, [["1"]]),
        t.of_rows("operations", PEOPLE, [["2"]]),
    )  # fmt: skip


def test_accounts_are_found_without_case_and_have_what_a_reading_tells(t: Scratch) -> None:
    found = known(
        t,
        {"object_id": "a", "employee_id": "1", "user_principal_name": "Ann@x", "has_title": True},
        {"object_id": "b", "employee_id": "1", "deleted": True},
        {"object_id": "c", "employee_id": "1", "directory": "another"},
        {"object_id": "d", "employee_id": "1", "kind": "group"},
    ).having("userPrincipalName", ["ANN@x", "ben@x"])
    assert found is not None
    [account] = found["ann@x"]
    assert (list(found), account.object_id) == (["ann@x"], "a")
    assert [account.now(name) for name in ("employeeId", "mail", "jobTitle", "telephoneNumber", "city")] == [
        "1", None, Untold.A_VALUE, Untold.NOT_TOLD, Untold.NOT_TOLD,
    ]  # fmt: skip


def test_an_attribute_that_no_reading_has_finds_nobody_and_says_that_nobody_can_tell(t: Scratch) -> None:
    accounts = known(t, {"object_id": "a", "employee_id": "1"})
    assert accounts.having("extensionAttribute1", ["x"]) is None
    assert accounts.having("employeeId", []) == {}
    assert accounts.referenced(["1", "2", "3"]) == {"1": "a", "2": None}


def test_active_directory_has_its_own_names_and_the_container_of_an_account(t: Scratch) -> None:
    row = {
        "object_id": "a",
        "employee_id": "1",
        "sam_account_name": "ann",
        "distinguished_name": "CN=Lee\\, Ann,OU=U,DC=x",
    }
    found = known(t, row, kind=ACTIVE_DIRECTORY).having("sAMAccountName", ["ann"])
    assert found is not None
    assert found["ann"][0].now("parentDistinguishedName") == "OU=U,DC=x"


def test_people_are_read_worst_first_and_a_table_of_them_computes_nothing(tmp_path: Path) -> None:
    with closing(Spool(tmp_path)) as spool:
        check(spool, tmp_path)


def check(spool: Spool, folder: Path) -> None:
    value = RehearsedAttribute("jobTitle", None, "=1+1", "[title]")
    for rank, number in ((4, "1"), (0, "2"), (4, "3"), (1, "4")):
        spool.add(
            rank, RehearsedPerson(number, None, "update", None, "update", None, None, (value,) if number == "2" else ())
        )
    plan = RehearsedPlan(None, "", "", "", {}, (), 2, 4, spool)
    assert [one["person_number"] for one in plan.people()] == ["2", "4", "1", "3"]
    assert [one["person_number"] for one in plan.people(2)] == ["2", "4"]
    path = folder / "table.csv"
    write_rehearsal(path, plan)
    with path.open(encoding="utf-8-sig", newline="") as table:
        rows = list(csv.DictReader(table))
    shown = [(row["person_number"], row["attribute"], row["then"]) for row in rows[:2]]
    assert shown == [("2", "jobTitle", "'=1+1"), ("4", "", "")]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
