"""A company of two populations in one home: most people in Active Directory, some in Entra ID alone, each by a job of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.flow.profiles import built_in_text

from .support import Site, accounts, worker

OWN = """
[target]
kind = "active_directory"

[[target.populations]]
name = "cloud"
when = "country = 'DE'"
kind = "entra"
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    text = built_in_text("oracle-hcm").replace("# parent_distinguished_name", "parent_distinguished_name")
    text = text.replace(
        "[scim.mapping]\n", "[scim.mapping]\n'{custom}:ParentDistinguishedName' = 'parent_distinguished_name'\n"
    )
    path = tmp_path / "profile.toml"
    path.write_text(text + OWN)
    return Site(tmp_path / "home", profile=str(path))


def enabled(site: Site, name: str = "") -> dict[str, bool]:
    """By person number whether the account is enabled, of the sandbox of a target."""

    def is_enabled(account: dict[str, Any]) -> bool:
        return bool(account["accountEnabled"])

    return {number: is_enabled(one) for number, one in accounts(site.home, site.home.sandbox_of(name)).items()}


def day(site: Site, date: str, *rows: dict[str, str], code: int = 0) -> Any:
    """Land, run, send what is free, and read what became of it; what the run said of its manifests."""
    site.land(f"{date}.csv", *rows)
    made = site.json("run", code=code)["targets"]
    site.run("upload", code=code)
    site.run("outcomes", "--wait", "30")
    return made


def test_each_population_has_its_job_and_nobody_moves_without_a_decision(site: Site) -> None:
    ann, bob = worker("100", "Ann", "Silva"), worker("101", "Bob", "Okoro", Manager="100")
    eva, max_ = (
        worker("200", "Eva", "Klein", Country="DE", Manager="100"),
        worker("201", "Max", "Klein", Country="DE", Manager="200"),
    )
    made = day(site, "2026-11-16", ann, bob, eva, max_)
    assert (made["default"]["manifest"]["operations"], made["cloud"]["manifest"]["operations"]) == (2, 2)
    assert (enabled(site), enabled(site, "cloud")) == ({"100": True, "101": True}, {"200": True, "201": True})
    there = accounts(site.home, site.home.sandbox_of("cloud"))
    assert (there["201"]["manager"], there["200"].get("manager")) == ("200", None)  # hers is at the other target

    # Bob moves: nothing happens before a person says so
    moved = bob | {"Country": "DE"}
    made = day(site, "2026-11-17", ann, moved, eva, max_, code=3)
    [held] = made["cloud"]["held"]
    assert (held["held_for"], held["operations"]) == ("population", 1)
    assert (enabled(site)["101"], "101" in enabled(site, "cloud")) == (True, False)
    told = site.run("plan", code=3)
    assert "target cloud (entra):" in told
    assert "give an account here to workers who have one at another target" in told

    site.run("approve", held["manifest_id"], "1", "--why", "moved to Berlin")
    site.run("upload")
    assert enabled(site)["101"]  # the new account first
    site.run("outcomes", "--wait", "30")
    made = site.json("run", "--date", "2026-11-17")["targets"]
    assert made["default"]["manifest"]["operations"] == 1
    site.run("upload")
    site.run("outcomes", "--wait", "30")
    assert (enabled(site)["101"], enabled(site, "cloud")["101"]) == (False, True)

    # a leaver is disabled wherever there is an account, and asks nobody
    gone = max_ | {"Account Status": "False", "Termination Date": "2026-11-17"}
    made = day(site, "2026-11-18", ann, moved, eva, gone)
    assert enabled(site, "cloud")["201"] is False
    assert made["default"]["manifest"] is None

    # and back again
    made = day(site, "2026-11-19", ann, bob, eva, gone, code=3)
    [held] = made["default"]["held"]
    assert held["held_for"] == "population"
    site.run("approve", held["manifest_id"], str(held["operations"]))
    site.run("upload")
    site.run("outcomes", "--wait", "30")
    site.run("run", "--date", "2026-11-19")
    site.run("upload")
    site.run("outcomes", "--wait", "30")
    assert (enabled(site)["101"], enabled(site, "cloud")["101"]) == (True, False)
    assert site.json("plan")["cloud"]["operations"] == {}
