"""Somebody leaves, and another cell of the row is bad: the exit gets through, through the command line to the directory."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import pytest

from hcm_pipeline.sandbox import running

from .support import Site

COLUMNS = ("Person Number", "Account Status", "First Name", "Last Name", "Department Name", "Country", "Email Address",
           "Phone Number", "Hire Date", "Termination Date")  # fmt: skip
STAFF = {
    "2001": ("Ida", "Holm"), "2002": ("Otto", "Vale"), "2003": ("Nia", "Burr"), "2004": ("Per", "Lund"),
    "2005": ("Eva", "Berg"), "2006": ("Max", "Roth"), "2007": ("Tom", "Gray"),
}  # fmt: skip
GONE = {"Account Status": "False", "Termination Date": "2026-11-16"}


def worker(number: str, **given: str) -> dict[str, str]:
    first, last = STAFF.get(number, ("New", "Comer"))
    usual = {"Person Number": number, "Account Status": "True", "First Name": first, "Last Name": last, "Department Name": "Sales",
             "Country": "US", "Email Address": f"{first.lower()}@hr.example"}  # fmt: skip
    return {**dict.fromkeys(COLUMNS, ""), **usual, **{name.replace("_", " "): value for name, value in given.items()}}


def delivered(site: Site, name: str, rows: Iterable[dict[str, str]]) -> Path:
    path = site.path.parent / name
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, COLUMNS)
        out.writeheader()
        out.writerows(rows)
    return path


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A home under the built-in profile."""
    return Site(tmp_path / "home")


def test_an_exit_gets_through_and_the_rest_is_told_until_it_is_mended(site: Site) -> None:
    leavers = [
        worker("2001"),
        worker("2002", **GONE, Email_Address="otto@hr"),
        worker("2003", **GONE, Country="Unknown"),
        worker("2004", **GONE, Hire_Date="2026-02-30", Last_Name=""),
        worker("2005", **GONE, Department_Name="A"), worker("2005", **GONE, Department_Name="B"),
        worker("2006", Department_Name="Finance", Phone_Number="1" * 65),
        worker("2007", Account_Status="?"),
        worker("2008", Phone_Number="1" * 65), worker("2009", Hire_Date="soon"),
    ]  # fmt: skip
    mended = [*leavers[:1], worker("2006", Department_Name="Finance"), worker("2007"), *leavers[8:9], worker("2009")]
    with running(site.home.sandbox):
        site.run("land", delivered(site, "workers-2026-11-16.csv", map(worker, STAFF)))
        for verb in ("run", "upload", "outcomes"):
            site.run(verb)
        site.run("land", delivered(site, "workers-2026-11-17.csv", leavers))
        ran = site.run("run")
        found, alerts = site.json("plan"), site.json("alerts")["alerts"]
        people = {person["person_number"]: person["kind"] for person in found["people"]}
        assert people == {
            **dict.fromkeys(("2002", "2003", "2004", "2005"), "disable"), "2006": "update", "2008": "create",
        }  # fmt: skip
        assert "an exit may wait" in ran
        assert found["held_back"]["exits"] == 1
        held = {
            (cell["person_number"], column): cell for cell in found["held_back"]["cells"] for column in cell["columns"]
        }
        assert held["2003", "Country"]["row_no"] == 4
        assert held["2009", "Hire Date"]["held"] == "row"
        assert held["2007", "Account Status"]["exit_may_wait"]
        assert [alert["kind"] for alert in alerts] == ["exits_wait"]
        for number, said in (("2003", "Country"), ("2007", "as long as that is held back"), ("2009", "does not count")):
            assert said in site.run("plan", "--worker", number)
        assert site.json("plan", "--worker", "2007")["kind"] is None
        site.run("upload")
        enabled = {number: account["accountEnabled"] for number, account in site.accounts().items()}
        assert [number for number, on in enabled.items() if not on] == ["2002", "2003", "2004", "2005"]
        site.run("run", "--date", "2026-11-18")  # nothing came: what is held back stays told
        known = site.json("status")
        assert {cell["person_number"] for cell in known["held_back"]["cells"]} == {f"200{n}" for n in range(2, 10)}
        site.run("land", delivered(site, "workers-2026-11-19.csv", mended))
        site.run("run")
        assert {cell["person_number"] for cell in site.json("status")["held_back"]["cells"]} == {
            "2002", "2003", "2004", "2005", "2008",
        }  # fmt: skip
        assert site.json("alerts")["alerts"] == []
