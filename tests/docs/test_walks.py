"""How-tos about a tenant, HR and places are followed from their pages: the sandbox is the other end.

A test here makes the world that its page assumes, runs the page, and looks at the other end between the steps and after them.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

from hcm_pipeline.flow import built_in_text
from hcm_pipeline.home import Home
from hcm_pipeline.sandbox import SandboxOptions, running
from tests.acceptance.support import accounts, control, worker
from tests.acceptance.test_cases_fence import PER_LEFT, Tenant, enabled, file_of
from tests.docs.pages import DOCS, blocks
from tests.docs.runner import run

HOW_TO = DOCS / "how-to"

STAFF = """Person Number,Account Status,First Name,Last Name,Email Address,Department Name,Country,Hire Date,Termination Date
1001,True,Ann,Berg,ann@contoso.com,Sales,NO,2020-01-01,
1002,True,Bo,Lund,bo@contoso.com,Sales,NO,2020-01-01,
1003,True,Cy,Moe,,Sales,NO,2020-01-01,
1004,True,Dee,Vik,,Sales,NO,2020-01-01,
1005,True,Fay,Aas,,Sales,NO,2020-01-01,
1006,True,Eve,Dahl,,Sales,NO,2020-01-01,
1007,True,Gus,Lie,,Sales,NO,2020-01-01,
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
    {"userPrincipalName": "dee.v@contoso.com", "displayName": "Dee Vik", "accountEnabled": True},
    {"userPrincipalName": "reception@contoso.com", "displayName": "Front", "employeeId": "1005"},
    {"userPrincipalName": "eve.old@contoso.com", "displayName": "Eve Dahl", "accountEnabled": True},
    {"userPrincipalName": "svc-mail@contoso.com", "displayName": "Mailer"},
    {"userPrincipalName": "gone@contoso.com", "displayName": "Long Gone", "employeeId": "7"},
]


def part(page: str, name: str) -> str:
    """The part of a profile that a page shows under this name."""
    [text] = [one.text for one in blocks(HOW_TO / page) if (one.kind, one.value) == ("part", name)]
    return text


def with_parts(folder: Path, *parts: str, built_in: str = "oracle-hcm") -> str:
    """A built-in profile with what pages add to it; its path."""
    path = folder / "profile.toml"
    path.write_text("\n".join((built_in_text(built_in), *parts)), encoding="utf-8")
    return str(path)


class Elsewhere(Home):
    """A home whose sandbox is another one."""

    @property
    def sandbox(self) -> Path:
        """Where it is."""
        return self.path / "tenant"


def test_a_company_goes_live_clean_and_a_wrong_match_is_severed(tmp_path: Path) -> None:
    site = Tenant(tmp_path / "home", with_parts(tmp_path, part("go-live.md", "directory.toml")))
    (tmp_path / "workers-2026-11-10.csv").write_text(STAFF, encoding="utf-8")
    with running(tmp_path / "tenant") as sandbox:
        site.sandbox = sandbox
        control(site.sandbox, "users", users=USERS)
        run(
            HOW_TO / "go-live.md", "live", tmp_path, variables=site.environment(),
            meanwhile={"stamp": lambda: stamp(site)},
        )  # fmt: skip
        assert site.json("plan", "--initial")["workers"] == {"none": 2, "number": 5}
        there = accounts(Elsewhere(tmp_path))
        assert {number for number in there if number.startswith("10")} == {
            "1001",
            "1002",
            "1003",
            "1004",
            "1005",
            "1006",
            "1007",
        }
        assert (there["1002"]["userPrincipalName"], len(there)) == ("bo@contoso.com", len(USERS) + 2)

        # a record of 1004 goes to an account that is 1003's
        control(site.sandbox, "connections", externalId="1004", userPrincipalName="cy@contoso.com")
        (tmp_path / "workers-2026-11-11.csv").write_text(
            STAFF.replace("Moe,,Sales", "Moe,,Support").replace("Vik,,Sales", "Vik,,Support"), encoding="utf-8"
        )
        for command in (("land", tmp_path / "workers-2026-11-11.csv"), ("run",), ("upload",)):
            site.run(*command)
        run(
            HOW_TO / "mend-wrong-matches.md", "sever", tmp_path, variables=site.environment(),
            meanwhile={"pause": lambda: pause(site), "start": lambda: control(sandbox, "job", status="Active")},
            filled={"MANIFEST": lambda: site.json("status")["waiting"][0]["manifest_id"]},
        )  # fmt: skip
        site.run("outcomes")
        there = accounts(Elsewhere(tmp_path))
        assert [there[number]["displayName"] for number in ("1003", "1004")] == ["Cy Moe", "Dee Vik"]


def stamp(site: Tenant) -> None:
    """The work of the script of the page: each account of the signed file gets its number. One more loses the number it shares."""
    stamps = list(csv.DictReader((site.path.parent / "stamps.csv").read_text(encoding="utf-8").splitlines()))
    for row in stamps:
        alter(site, row["user_principal_name"], row["employee_id"])
    alter(site, "cy.old@contoso.com", None)


def alter(site: Tenant, account: str, number: str | None) -> None:
    """An administrator changes the employeeId of an account."""
    assert site.sandbox is not None
    control(site.sandbox, "users/alter", userPrincipalName=account, set={"employeeId": number})


def pause(site: Tenant) -> None:
    """The account gets its own number back, and the job is paused."""
    assert site.sandbox is not None
    links = {one["person_number"]: one for one in site.json("target", "matches")["links"]}
    assert links["1004"]["others"] == ["1003"]
    alter(site, links["1004"]["user_principal_name"], "1003")
    control(site.sandbox, "job", status="Paused")


def test_a_restored_home_does_not_let_a_leaver_in_again(tmp_path: Path) -> None:
    sandbox_home = Home(tmp_path / "elsewhere").create()
    with running(sandbox_home.sandbox, options=SandboxOptions(cycle_seconds=0.2)) as sandbox:
        tenant = Tenant(tmp_path / "home", sandbox=sandbox)
        (tmp_path / "workers-2026-11-12.csv").write_text(file_of(), encoding="utf-8")
        tenant.run("land", tmp_path / "workers-2026-11-12.csv")
        tenant.run("run")
        restored = tenant.copy("restored")
        run(HOW_TO / "deliver-to-a-tenant.md", "send", tmp_path, variables=tenant.environment())
        tenant.take(13, file_of(per=PER_LEFT))
        tenant.send()
        assert enabled(tenant) == {"1001": True, "1002": False}

        (tmp_path / "workers-2026-11-13.csv").write_text(file_of(per=PER_LEFT), encoding="utf-8")
        run(HOW_TO / "recover.md", "restored", tmp_path, "restored", variables=restored.environment())
        assert enabled(tenant) == {"1001": True, "1002": False}
        assert restored.json("status")["fence"]["stopped"] is None
        restored.take(14, file_of(per=PER_LEFT, job="Architect"))
        restored.send()
        assert enabled(tenant) == {"1001": True, "1002": False}


def test_extracts_that_are_held_are_decided_about_as_written(tmp_path: Path) -> None:
    site = Tenant(tmp_path / "home")
    held: dict[str, str] = {}

    def arrive(name: str, first: int, last: int, code: int = 0) -> None:
        site.land(name, *(worker(str(number), "Ann", f"Lee{chr(97 + number % 26)}") for number in range(first, last)))
        said = re.search(r"`hcm-pipeline extract accept (\w+)\S* (\d+) ", site.run("run", code=code))
        held.update(zip(("SHA256", "ROWS"), said.groups() if said else (), strict=False))

    site.home.create()
    arrive("workers-2026-11-10.csv", 1001, 1031)
    arrive("workers-more-2026-11-10.csv", 1031, 1061, code=3)
    run(
        HOW_TO / "land-extracts.md", "decide", tmp_path, variables=site.environment(),
        meanwhile={"short": lambda: arrive("workers-2026-11-11.csv", 1001, 1003, code=3)},
        filled={"SHA256": lambda: held["SHA256"], "ROWS": lambda: held["ROWS"]},
    )  # fmt: skip
    statuses = {one["name"]: one["status"] for one in site.json("status")["extracts"]}
    assert statuses == {
        "workers-2026-11-10.csv": "applied",
        "workers-more-2026-11-10.csv": "applied",
        "workers-2026-11-11.csv": "refused",
    }
