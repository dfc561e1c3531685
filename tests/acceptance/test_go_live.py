"""A whole go-live against a tenant: read, match, decide, stamp, send; and a wrong match that is severed afterwards."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from hcm_pipeline.flow import built_in_text
from hcm_pipeline.home import Home
from hcm_pipeline.sandbox import running

from .support import accounts, control
from .test_cases_fence import Tenant

DIRECTORY = '\n[identity.directories.entra]\nkind = "entra"\n'
STAFF = """Person Number,Account Status,First Name,Last Name,Email Address,Department Name,Country,Hire Date,Termination Date
1001,True,Ann,Berg,ann@contoso.com,Sales,NO,2020-01-01,
1002,True,Bo,Lund,bo@contoso.com,Sales,NO,2020-01-01,
1003,True,Cy,Moe,,Sales,NO,2020-01-01,
1004,True,Dee,Vik,,Sales,NO,2020-01-01,
"""
USERS = [
    {
        "userPrincipalName": "a.berg@contoso.com",
        "displayName": "Ann Berg",
        "employeeId": "1001",
        "accountEnabled": True,
    },
    {"userPrincipalName": "bo@contoso.com", "displayName": "Bo Lund", "mail": "bo@contoso.com", "accountEnabled": True},
    {"userPrincipalName": "cy@contoso.com", "displayName": "Cy Moe", "employeeId": "1003", "accountEnabled": True},
    {"userPrincipalName": "cy.old@contoso.com", "displayName": "Cy Moe", "employeeId": "1003", "accountEnabled": False},
    {"userPrincipalName": "svc-mail@contoso.com", "displayName": "Mailer"},
    {"userPrincipalName": "gone@contoso.com", "displayName": "Long Gone", "employeeId": "7"},
]


@pytest.fixture
def site(tmp_path: Path) -> Tenant:
    """A home under a profile that names the tenant's directory."""
    profile = tmp_path / "profile.toml"
    profile.write_text(built_in_text("oracle-hcm") + DIRECTORY, encoding="utf-8")
    return Tenant(tmp_path / "home", str(profile))


def test_a_company_goes_live_clean_and_a_wrong_match_is_severed(site: Tenant, tmp_path: Path) -> None:
    staff, stamps = tmp_path / "workers-2026-11-10.csv", tmp_path / "stamps.csv"
    staff.write_text(STAFF, encoding="utf-8")
    with running(tmp_path / "tenant") as sandbox:
        site.sandbox = sandbox
        control(sandbox, "users", users=USERS)
        site.run("land", staff)
        site.run("identity", "directory")
        site.run("run")
        found = site.json("plan", "--initial", "--by", "country", code=3)
        assert found["workers"] == {"agreeing": 1, "ambiguous": 1, "none": 1, "number": 1}
        assert found["orphans"] == {"number of nobody": 1, "protected": 1}
        assert [(one["side"], len(one["held_by"])) for one in found["duplicates"]] == [("accounts", 2)]
        assert [(one["value"], one["workers_active"]) for one in found["headcount"]][:2] == [
            (None, 0), ("NO", 4),
            ]  # fmt: skip
        assert "nothing was sent: before the first load, 2 workers are not clean" in site.run("upload", code=3)
        assert len(accounts(sandbox_home(tmp_path))) == 5  # two of the six have one number

        site.run("identity", "review", "1002", "--accept")
        site.run("plan", "--initial", "--stamp", stamps, code=3)
        for row in csv.DictReader(stamps.read_text(encoding="utf-8").splitlines()):
            control(
                sandbox,
                "users/alter",
                userPrincipalName=row["user_principal_name"],
                set={"employeeId": row["employee_id"]},
            )
        control(sandbox, "users/alter", userPrincipalName="cy.old@contoso.com", set={"employeeId": None})
        site.run("identity", "directory")
        site.run("run")
        assert site.json("plan", "--initial")["workers"] == {"none": 1, "number": 3}
        site.run("upload")
        site.run("outcomes")
        there = accounts(sandbox_home(tmp_path))
        assert {number for number in there if number.startswith("10")} == {"1001", "1002", "1003", "1004"}
        assert there["1002"]["userPrincipalName"] == "bo@contoso.com"
        assert len(there) == len(USERS) + 1

        # a record of 1004 goes to an account that is 1003's
        control(sandbox, "connections", externalId="1004", userPrincipalName="cy@contoso.com")
        staff = extract_again(tmp_path)
        site.run("land", staff)
        site.run("run")
        site.run("upload")
        site.run("outcomes")
        site.run("identity", "directory", "--full")
        links = {one["person_number"]: one for one in site.json("target", "matches")["links"]}
        assert links["1004"]["others"] == ["1003"]
        plan = site.json("target", "matches", "--sever", "1004", code=3)
        control(
            sandbox, "users/alter", userPrincipalName=links["1004"]["user_principal_name"], set={"employeeId": "1003"}
        )
        assert "pause it" in site.run("target", "matches", "--approve", plan["manifest"], "--links", "1", code=1)
        control(sandbox, "job", status="Paused")
        done = site.json("target", "matches", "--approve", plan["manifest"], "--links", "1")
        assert (done["state"], done["sent_again"]) == ("accepted", ["1003", "1004"])
        control(sandbox, "job", status="Active")
        site.run("run")
        site.run("upload")
        site.run("outcomes")
        there = accounts(sandbox_home(tmp_path))
        assert {number: there[number]["displayName"] for number in ("1003", "1004")} == {
            "1003": "Cy Moe",
            "1004": "Dee Vik",
        }


def extract_again(tmp_path: Path) -> Path:
    """The next day's file: everybody has moved to another department."""
    path = tmp_path / "workers-2026-11-11.csv"
    path.write_text(STAFF.replace(",Sales,", ",Support,"), encoding="utf-8")
    return path


class Elsewhere(Home):
    """A home whose sandbox is another one."""

    @property
    def sandbox(self) -> Path:
        """Where it is."""
        return self.path / "tenant"


def sandbox_home(tmp_path: Path) -> Home:
    """The tenant's sandbox as a home whose accounts can be looked at."""
    return Elsewhere(tmp_path)
