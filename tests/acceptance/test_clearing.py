"""Values that HR clears: where a tenant flows no nulls nothing is silent, and what stays goes once somebody switches it on."""

from __future__ import annotations

import csv
import datetime as dt
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.profile import BUILT_IN
from hcm_pipeline.sandbox import SandboxHandle, SandboxOptions, running
from tests.docs.pages import DOCS
from tests.docs.runner import run

from .support import ROOT, Site, control, extract, worker

MANAGER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
BOSS = worker("1001", "Ada", "Byron", Job_Name="Director")
NAMES = ("Ben Okri", "Cat King", "Dan Brown", "Eve Poe", "Fay Weldon")
OTHERS = [f"Gil Scott{chr(97 + i)}" for i in range(15)]
TEAM = [worker(f"{1002 + i}", *name.split(), Manager="1001") for i, name in enumerate([*NAMES, *OTHERS])]
CLEARED = ("1002", "1003", "1004")


@contextmanager
def tenant(site: Site, *, by_commands: bool = False, **options: Any) -> Iterator[SandboxHandle]:
    """The home's own sandbox, running, with a company in it whose managers are known."""
    with running(site.home.create().sandbox, options=SandboxOptions(cycle_seconds=0.2, **options)) as sandbox:
        site.plan(dt.date(2026, 11, 12), extract(site.path.parent, "workers-2026-11-12.csv", BOSS, *TEAM))
        if by_commands:
            site.run("upload")
            site.run("outcomes")
        else:
            site.send()
        assert managers(site) == dict.fromkeys((row["Person Number"] for row in TEAM), "1001")
        yield sandbox


def managers(site: Site) -> dict[str, str]:
    return {number: account["manager"] for number, account in site.accounts().items() if account.get("manager")}


def clear(site: Site) -> None:
    """HR clears the managers of three people, and the plan is made."""
    site.land(
        "workers-2026-11-13.csv",
        BOSS,
        *({**row, "Manager": ""} if row["Person Number"] in CLEARED else row for row in TEAM),
    )
    site.run("run")


def counted(found: Any) -> dict[str, int]:
    return {one["attribute"]: one["accounts"] for one in found["stale_values"]}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A home under the built-in profile."""
    return Site(tmp_path / "home")


def test_managers_that_hr_clears_stay_are_told_everywhere_and_go_when_nulls_flow(site: Site, tmp_path: Path) -> None:
    with tenant(site) as sandbox:
        clear(site)
        plan = site.json("plan", "--html", tmp_path / "plan.html", "--csv", tmp_path / "plan.csv")
        [attribute] = plan["attributes"]
        assert (attribute["attribute"], attribute["cleared"], attribute["stays"]) == (MANAGER, 3, 3)
        assert "3 would keep a value that HR has cleared" in plan["headline"]
        assert plan["clearing"] == (
            "3 values that HR has cleared stay in accounts: the job does not flow nulls for manager 3. The log will call it a"
            " success all the same."
        )
        assert {one["person_number"] for one in plan["people"] if one["loses"] == ["kept"]} == set(CLEARED)
        assert plan["clearing"] in (tmp_path / "plan.html").read_text(encoding="utf-8")
        rows = list(csv.DictReader((tmp_path / "plan.csv").read_text(encoding="utf-8-sig").splitlines()))
        assert {row["note"] for row in rows} == {"stays in the account: no null clears it"}
        run(DOCS / "how-to" / "clear-values.md", "nulls", tmp_path, variables=site.environment(),
            meanwhile={"list": lambda: stays_everywhere(site, tmp_path)})  # fmt: skip
        assert counted(site.json("status")) == {MANAGER: 2}

        control(sandbox, "options", flow_nulls=[MANAGER])
        site.run("outcomes")
        assert [one["clearable"] for one in site.json("status")["stale_values"]] == [2]
        site.run("run", "--date", "2026-11-13")
        plan = site.json("plan")
        assert (plan["operations"], plan["clearing"]) == ({"update": 2}, None)
        assert {one["person_number"]: one["loses"] for one in plan["people"]} == {
            number: ["cleared"] for number in CLEARED[:2]
        }
        site.send()
        assert set(managers(site)) == {row["Person Number"] for row in TEAM} - set(CLEARED[:2])
        assert counted(site.json("outcomes")) == counted(site.json("status")) == {}
        assert not [one for one in site.json("alerts")["alerts"] if one["kind"] == "stale_values"]
        assert site.json("trace", "1002")["cleared"][0]["closed_by"] == "null"
        assert site.json("plan")["operations"] == {}


def stays_everywhere(site: Site, folder: Path) -> None:
    """The log found nothing wrong, and yet every view tells that the managers stay, and whose."""
    assert site.json("outcomes")["failures"] == []  # the log found nothing wrong
    assert len(managers(site)) == len(TEAM)
    assert counted(site.json("outcomes")) == counted(site.json("status")) == {MANAGER: 3}
    [traced] = site.json("trace", "1002")["cleared"]
    assert (traced["attribute"], traced["value"], traced["stays"]) == (MANAGER, "1001", True)
    [alert] = [one for one in site.json("alerts")["alerts"] if one["kind"] == "stale_values"]
    assert alert["facts"]["Attributes"] == "manager 3"
    assert not any(name in str(alert) for name in (*CLEARED, *NAMES))

    assert stat.S_IMODE((folder / "stale.csv").stat().st_mode) == 0o600
    listed = list(csv.DictReader((folder / "stale.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [(row["person_number"], row["name"], row["value_that_stays"]) for row in listed][:1] == [
        ("1002", "Ben Okri", "1001")
    ]


def own_profile(folder: Path, delivery: str) -> str:
    text = (ROOT.joinpath(*BUILT_IN.split(".")) / "oracle-hcm.toml").read_text(encoding="utf-8")
    path = folder / "profile.toml"
    path.write_text(f"{text}\n[delivery]\n{delivery}\n", encoding="utf-8")
    return str(path)


def test_the_companys_placeholder_stands_in_the_place_of_a_manager_who_was_cleared(tmp_path: Path) -> None:
    site = Site(tmp_path / "home", own_profile(tmp_path, 'instead_of_null = { manager = "1009" }'))
    with tenant(site):
        clear(site)
        plan = site.json("plan")
        [attribute] = plan["attributes"]
        assert (attribute["changed"], attribute["cleared"], attribute["replaced"], plan["clearing"]) == (3, 0, 3, None)
        assert all(change["instead"] for one in plan["people"] for change in one["changes"])
        assert "→ 1009 (in the place of nothing)" in site.run("plan")
        site.send()
        assert {number: managers(site)[number] for number in CLEARED} == dict.fromkeys(CLEARED, "1009")
        assert counted(site.json("status")) == {}
        assert site.json("plan")["operations"] == {}


def test_where_the_schema_may_not_be_read_that_is_said_once_and_the_profile_stands(tmp_path: Path) -> None:
    site = Site(tmp_path / "home", own_profile(tmp_path, 'flows_nulls = ["manager"]'))
    withheld = frozenset({"Synchronization.ReadWrite.All"})
    with tenant(site, by_commands=True, withheld_permissions=withheld, flow_nulls=frozenset({MANAGER})):
        assert "the app may not read the job's schema" in "".join(site.heard)
        clear(site)
        assert site.json("plan")["clearing"] is None
        heard = len(site.heard)
        site.run("upload")
        site.run("outcomes", "--json")
        assert "the app may not read the job's schema, " not in "".join(site.heard[heard : heard + 2])
        assert set(CLEARED).isdisjoint(managers(site))
        found = site.json("status")
        assert (counted(found), "Synchronization.Read.All" in found["flows_unread"]) == ({}, True)
