"""A company of two populations in one home: most people in Active Directory, some in Entra ID alone, each by a job of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.flow.alerting import look
from hcm_pipeline.flow.examining import diagnose
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.pages.now_page import write_now
from hcm_pipeline.flow.plans import PlanAgain, plan_again
from hcm_pipeline.flow.profiles import built_in_text
from hcm_pipeline.flow.views.status import status
from hcm_pipeline.sandbox import running
from hcm_pipeline.settings import Settings
from hcm_pipeline.targets.entra import fresh_sandbox
from tests.docs.pages import DOCS, blocks
from tests.docs.runner import run

from .support import Site, accounts, worker

PAGE = DOCS / "how-to" / "several-targets.md"
[OWN] = [one.text for one in blocks(PAGE) if one.value == "targets.toml"]
CLOUD = "Contractor"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    text = built_in_text("oracle-hcm").replace("# parent_distinguished_name", "parent_distinguished_name")
    text = text.replace(
        "[scim.mapping]\n", "[scim.mapping]\n'{custom}:ParentDistinguishedName' = 'parent_distinguished_name'\n"
    )
    path = tmp_path / "profile.toml"
    path.write_text(text + OWN)
    made = Site(tmp_path / "home", profile=str(path))
    made.run("init", made.path)
    with ExitStack() as stack:
        for one in Installation(Settings.from_env(made.environment())).targets:
            stack.enter_context(running(one.settings.sandbox, options=fresh_sandbox(one.settings)))
        yield made


def enabled(site: Site, name: str = "") -> dict[str, bool]:
    """By person number whether the account is enabled, of the sandbox of a target."""
    found: dict[str, dict[str, Any]] = accounts(site.home, site.home.sandbox_of(name))
    return {number: bool(one["accountEnabled"]) for number, one in found.items()}


def here(site: Site) -> Installation:
    return Installation(Settings.from_env(site.environment()))


def looked_at(site: Site, held: str) -> None:
    """Each view speaks of both targets, and tells what is held at one of them."""
    told = here(site)
    assert {one.name: [m.manifest_id for m in status(one).waiting] for one in told.targets} == {
        "default": [],
        "cloud": [held],
    }
    assert [alert.facts["Target"] for alert in look(told) if alert.kind == "guard_held"] == ["cloud"]
    write_now(told, site.path / "pages" / "now.html")
    assert f"approve {held} 1" in (site.path / "pages" / "now.html").read_text()
    doctored = {one.name: diagnose(one, only=["job", "job-state"]) for one in told.targets}
    assert {name: str(one.outcome) for name, one in doctored.items()} == {"default": "ok", "cloud": "ok"}
    assert "would give an account here to workers who have one at another target" in site.run("status")


def sent(site: Site, code: int = 0) -> None:
    """Send what is free, and read what became of it."""
    site.run("upload", code=code)
    site.run("outcomes", "--wait", "30")


def test_each_population_has_its_job_and_nobody_moves_without_a_decision(site: Site) -> None:
    ann, bob = worker("100", "Ann", "Silva"), worker("101", "Bob", "Okoro", Manager="100")
    eva = worker("200", "Eva", "Klein", Worker_Type=CLOUD, Manager="100")
    max_ = worker("201", "Max", "Klein", Worker_Type=CLOUD, Manager="200")
    moved, gone = bob | {"Worker Type": CLOUD}, max_ | {"Account Status": "False", "Termination Date": "2026-11-16"}
    site.land("2026-11-16.csv", ann, bob, eva, max_)

    def move() -> None:
        settled(site)
        site.land("2026-11-17.csv", ann, moved, eva, gone)

    run(
        PAGE, "targets", site.path.parent, variables=site.environment(),
        meanwhile={"moved": move, "both": lambda: two_accounts(site)}, filled={"MANIFEST": lambda: held_move(site)},
    )  # fmt: skip
    assert (enabled(site)["101"], enabled(site, "cloud")["101"]) == (False, True)
    assert [one["kind"] for one in site.json("trace", "101")["operations"]] == ["create", "update", "create", "disable"]

    # and back again
    site.land("2026-11-18.csv", ann, bob, eva, gone)
    [held] = site.json("run", code=3)["targets"]["default"]["held"]
    assert held["held_for"] == "population"
    site.run("approve", held["manifest_id"], str(held["operations"]))
    sent(site)
    site.run("run", "--date", "2026-11-18")
    sent(site)
    assert (enabled(site)["101"], enabled(site, "cloud")["101"]) == (True, False)


def settled(site: Site) -> None:
    """Each has an account at the own target, and a manager where the manager's account is there, too."""
    assert (enabled(site), enabled(site, "cloud")) == ({"100": True, "101": True}, {"200": True, "201": True})
    there = accounts(site.home, site.home.sandbox_of("cloud"))
    assert (there["201"]["manager"], there["200"].get("manager")) == ("200", None)  # hers is at the other target


def held_move(site: Site) -> str:
    """The held manifest of the one who moves. Before anybody decides he stays as he is, and who leaves asks for no decision."""
    sent(site, code=3)
    assert (enabled(site), enabled(site, "cloud")) == ({"100": True, "101": True}, {"200": True, "201": False})
    [held] = [one for one in site.json("status")["cloud"]["waiting"] if one["held_for"] == "population"]
    looked_at(site, held["manifest_id"])
    return str(held["manifest_id"])


def two_accounts(site: Site) -> None:
    """The new account came first, and the next plan is due."""
    assert (enabled(site)["101"], enabled(site, "cloud")["101"]) == (True, True)
    due = plan_again(here(site))
    assert isinstance(due, PlanAgain)
    assert due.why == "another target has the account by now of 1 worker whose account at default is enabled"
