"""Cells that are bad or written in another way: an exit gets through, and dates and numbers are read as written."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from importlib import resources
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
        for verb in ("upload", "outcomes"):  # the second waits until the target has worked it off
            site.run(verb)
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


PROFILE = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text(encoding="utf-8")
NUMBERS = """[extra_fields.fte]
column = "FTE"
type = "decimal"
decimals = 2
decimal_separator = ","
thousands_separator = "."
[extra_fields.grade]
column = "Grade"
type = "integer"
thousands_separator = "."

[workers]
"""


def given(site: Site, profile: str, name: str, text: str) -> None:
    """Land a text under a profile, and run its date."""
    path = site.path.parent / "own.toml"
    path.write_text(profile, encoding="utf-8")
    site.profile = str(path)
    extract = site.path.parent / name
    extract.write_text(text, encoding="utf-8")
    site.run("land", extract)
    site.run("run")


def test_a_short_year_starts_and_ends_nobody(site: Site) -> None:
    dated = PROFILE
    for column in ("Hire Date", "Termination Date"):
        dated = dated.replace(f'column = "{column}"', f'column = "{column}"\nformats = ["%d/%m/%Y"]')
    given(site, dated, "workers-2026-11-16.csv", """Person Number,Account Status,First Name,Last Name,Hire Date,Termination Date
3001,True,Ida,Holm,01/09/2019,
3002,True,Otto,Vale,01/09/19,31/12/27
3003,True,Nia,Burr,01/09/19,
3004,True,Uma,Dell,01/09/2019,31/12/26
""")  # fmt: skip
    assert [(person["person_number"], person["kind"]) for person in site.json("plan")["people"]] == [("3001", "create")]
    held = {(cell["person_number"], *cell["columns"]) for cell in site.json("status")["held_back"]["cells"]}
    assert held == {("3002", "Hire Date", "Termination Date"), ("3003", "Hire Date"), ("3004", "Termination Date")}
    assert "two_digit_years" in site.run("plan", "--worker", "3003")


def test_numbers_are_read_as_the_profile_says_they_are_written(site: Site) -> None:
    mapped = PROFILE.replace("[workers]\n", NUMBERS).replace(
        "[scim.mapping]\n", "[scim.mapping]\n'{custom}:FTE' = \"fte\"\n'{custom}:Grade' = \"grade\"\n"
    )
    given(site, mapped, "workers-2026-11-16.csv", """Person Number;Account Status;First Name;Last Name;FTE;Grade
1101;True;Ida;Holm;0,5;7
1102;True;Otto;Vale;1;12
1103;True;Nia;Burr;0,75;1.200
1104;True;Uma;Dell;38.5;1,200
""")  # fmt: skip
    sent = {n: site.json("plan", "--worker", n)["payload"] for n in ("1101", "1103", "1104")}
    own = "urn:ietf:params:scim:schemas:extension:contoso:1.0:User"
    assert [(float(sent[n][own]["FTE"]), int(sent[n][own]["Grade"])) for n in ("1101", "1103")] == [
        (0.5, 7),
        (0.75, 1200),
    ]
    assert (sent["1104"][own]["FTE"], sent["1104"][own]["Grade"]) == (None, None)
    held = [(cell["columns"], cell["value_class"]) for cell in site.json("status")["held_back"]["cells"]]
    assert [columns for columns, _ in held] == [["FTE"], ["Grade"]]
    assert all("decimal_separator" in kind for _, kind in held)
