"""A directory from a CSV file: what the usual tools export is understood, and every row is an object or is told."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hcm_pipeline.directory import Read, Reading
from hcm_pipeline.directory.csv_file import HEADINGS, refresh
from hcm_pipeline.errors import ExtractRefused, GuardStop
from hcm_pipeline.home import Home
from hcm_pipeline.warehouse import Warehouse
from tests.budget import examples
from tests.docs.pages import DOCS, code, rows

NOW = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
GUID = "5ffabacb-e02d-447b-9a56-9bfc76b2a1b4"


class Site:
    """A file, and the warehouse that reads it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "export.csv"
        self.warehouse = Warehouse(Home(folder / "home").create())

    def read(self, text: str | bytes, *, at: dt.datetime = NOW, **given: Any) -> Read:
        self.path.write_bytes(text.encode() if isinstance(text, str) else text)
        os.utime(self.path, (at.timestamp(), at.timestamp()))
        return refresh(Reading(self.warehouse, "legacy", NOW, lambda _line: None, **given), self.path)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with self.warehouse.read() as con:
            return con.execute(query).fetchall()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_the_download_of_the_entra_admin_center_is_understood(site: Site) -> None:
    done = site.read(
        "userPrincipalName,displayName,surname,mail,givenName,objectId,userType\n"
        f"ann@contoso.com,Ann Lee,Lee,a.lee@contoso.com,Ann,{GUID.upper()},Member\n"
    )
    assert (done.kind, done.read, done.objects, done.refused) == ("csv", "full", 1, ())
    [found] = site.ask("select * exclude (directory) from directory_objects")
    assert [value for value in found if value is not None] == [
        GUID, "user", False, "ann@contoso.com", "a.lee@contoso.com", "Ann Lee", "Ann", "Lee"]  # fmt: skip
    assert site.ask("select key from directory_names order by 1") == [("a.lee@contoso.com",), ("ann@contoso.com",)]


def test_an_export_of_csvde_is_understood(site: Site) -> None:
    guid = "".join(f"{byte:02X}" for byte in uuid.UUID(GUID).bytes_le)
    done = site.read(
        "DN,objectClass,cn,sn,objectGUID,sAMAccountName,proxyAddresses,employeeID\n"
        f'"CN=Lee\\, Ann,OU=A,DC=x",top;person;organizationalPerson;user,"Lee, Ann",Lee,X\'{guid}\',alee,'
        "SMTP:ann@x.test;smtp:al@x.test,0042\n"
        "\"OU=A,DC=x\",top;organizationalUnit,,,X'00000000000000000000000000000001',,,\n"
        '"CN=Pc,OU=A,DC=x",top;person;organizationalPerson;user;computer,Pc,,{11111111-0000-0000-0000-000000000000},PC$,,\n'
    )
    assert done.refused == ()
    found = site.ask(
        "select kind, object_id, sam_account_name, proxy_addresses, employee_id from directory_objects order by 1"
    )
    assert found == [
        ("computer", "11111111-0000-0000-0000-000000000000", "PC$", None, None),
        ("container", "00000000-0000-0000-0000-000000000001", None, None, None),
        ("user", GUID, "alee", ["SMTP:ann@x.test", "smtp:al@x.test"], "0042"),
    ]
    names = site.ask(f"select attribute, key, employee_id from directory_names where object_id = '{GUID}' order by all")
    assert names == [("address", "al@x.test", "0042"), ("address", "ann@x.test", "0042"),
                     ("common_name", "lee, ann\x1fou=a,dc=x", "0042"), ("sam", "alee", "0042")]  # fmt: skip


def test_semicolons_utf_16_and_other_headings_are_understood(site: Site) -> None:
    text = "Id;User Principal Name;OnPremisesSamAccountName;IsDeleted\r\n1;é@contoso.com;e;True\r\n"
    assert site.read(text.encode("utf-16")).refused == ()
    assert site.ask("select object_id, user_principal_name, sam_account_name, deleted from directory_objects") == [
        ("1", "é@contoso.com", "e", True)]  # fmt: skip


def test_rows_that_are_no_object_are_told_and_the_others_are_taken(site: Site) -> None:
    done = site.read(
        "id,mail,objectClass,deleted\n"
        "1,a@x.test,user,\n"
        ",b@x.test,user,\n"
        "1,c@x.test,user,\n"
        "2,d@x.test,?!,\n"
        "3,e@x.test,user,perhaps\n"
        "4,,user,\n"
        "5,f@x.test\n"
        "6,g@x.test,printQueue,no\n"
    )
    assert [(row.file, row.row, row.column, row.rule) for row in done.refused] == [
        ("export.csv", 3, "id", "no_object_id"),
        ("export.csv", 4, "id", "repeated_object_id"),
        ("export.csv", 5, "objectClass", "kind"),
        ("export.csv", 6, "deleted", "deleted"),
        ("export.csv", 7, None, "no_names"),
        ("export.csv", 8, None, "ragged_row"),
    ]
    assert site.ask("select object_id, kind from directory_objects order by 1") == [("1", "user"), ("6", "other")]
    assert "x.test" not in str(done.refused)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mail,name\na@x.test,A\n", "no column for the object's id: one of object_id, id, objectid, objectguid"),
        ("id,phone\n1,2\n", "no column with names"),
        ("", "empty"),
    ],
)
def test_a_file_that_is_no_directory_is_refused(site: Site, text: str, said: str) -> None:
    with pytest.raises(ExtractRefused, match=said):
        site.read(text)


def test_a_file_that_is_not_there_is_told(site: Site) -> None:
    with pytest.raises(ExtractRefused, match=r"export\.csv: cannot be read"):
        refresh(Reading(site.warehouse, "legacy", NOW, lambda _line: None), site.path)


def test_an_old_export_is_as_old_as_it_is_whenever_it_is_read(site: Site) -> None:
    site.read("id,mail\n1,a@x.test\n", at=NOW - dt.timedelta(days=3))
    assert site.ask("select read_at from directory_reads") == [(NOW - dt.timedelta(days=3),)]
    site.read("id,mail\n1,a@x.test\n", at=NOW + dt.timedelta(days=3))
    assert site.ask("select read_at from directory_reads") == [(NOW,)]


def test_a_file_that_has_lost_its_rows_is_not_believed_without_a_word(site: Site) -> None:
    site.read("id,mail\n1,a@x.test\n")
    with pytest.raises(GuardStop, match="--accept-loss"):
        site.read("id,mail\n")
    assert site.ask("select count(*) from directory_objects") == [(1,)]
    assert site.read("id,mail\n", accept_loss=True).objects == 0
    assert list(site.warehouse.home.scratch.iterdir()) == []


CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows_=st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=8))
def test_every_row_is_an_object_or_is_told_whatever_it_holds(site: Site, rows_: list[tuple[str, ...]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(
        [("id", "mail", "kind", "proxyAddresses"), *rows_]
    )
    try:
        done = site.read(text.getvalue(), accept_loss=True)
    except ExtractRefused:
        return
    assert done.objects + len(done.refused) == len(rows_)


def test_the_reference_lists_every_heading_that_is_understood() -> None:
    listed = {
        code(column): headings
        for column, headings, *_ in list(rows(DOCS / "reference" / "directories.md", "CSV files"))[1:]
    }
    assert {name: tuple(h.strip("` ") for h in text.split(",")) for name, text in listed.items()} == HEADINGS
