"""Both sandboxes, both ways: HR's people get accounts, and what is born in Entra ID gets back to HR, once and without an echo."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.sandbox import SandboxHandle, running
from hcm_pipeline.sandbox.oracle import HcmOptions
from tests.docs.pages import DOCS
from tests.docs.runner import run
from tests.sandbox.support import trusting

from .support import Site, control

READS = 1
"""Calls by which a worker is read before anything is written."""
PHONE = {"country": "31", "area": "20", "number": "5550101"}


@dataclass
class Firm(Site):
    """A home between both sandboxes."""

    profile: str = "oracle-hcm-live"
    sandbox: SandboxHandle | None = None

    def environment(self) -> dict[str, str]:
        assert self.sandbox is not None
        hcm = self.sandbox.hcm
        return super().environment() | {
            "ORACLE_HCM_URL": hcm.url, "ORACLE_HCM_USERNAME": hcm.username, "ORACLE_HCM_PASSWORD": hcm.password,
            "SSL_CERT_FILE": str(hcm.ca_file),
        }  # fmt: skip

    def act(self, *actions: dict[str, Any]) -> None:
        assert self.sandbox is not None
        control(self.sandbox, "hcm/act", actions=list(actions))

    def alter(self, number: str, **values: str) -> None:
        """A person changes an account in Entra ID."""
        assert self.sandbox is not None
        control(
            self.sandbox, "users/alter", userPrincipalName=self.accounts()[number]["userPrincipalName"], set=values
        )  # fmt: skip

    def truth(self, number: str) -> dict[str, str]:
        """What HR has of a worker."""
        assert self.sandbox is not None
        with trusting(self.sandbox) as http:
            rows = http.get(f"{self.sandbox.url}/sandbox/hcm/truth").json()["rows"]
        found: dict[str, str] = next(row for row in rows if row["Person Number"] == number)
        return found

    def kill_in_the_middle_of_a_write(self, number: str, phone: str) -> None:
        """kill -9 of `writeback apply` once HR has the phone, and before the command has heard of it."""
        assert self.sandbox is not None
        control(self.sandbox, "hcm/faults", kind="latency", on="workers", after=READS, seconds=10, times=1)
        process = self.start("writeback", "apply")
        deadline = time.monotonic() + 60
        while self.truth(number)["Phone Number"] != phone:
            assert process.wait(0) is None, self.end(process)
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert process.wait(0) is None, "it had its answer before it was killed"
        process.kill()
        self.end(process, -signal.SIGKILL)

    def follow(self) -> None:
        """What HR says is read and processed, some seconds later: the service tells its time in whole ones."""
        assert self.sandbox is not None
        control(self.sandbox, "clock", advance_seconds=5)
        self.run("feed", "drain")
        self.run("run")


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    made = Firm(tmp_path / "home")
    with running(made.home.sandbox, hcm=HcmOptions()) as made.sandbox:
        for number, name in (("100", "Silva"), ("101", "Okoro"), ("102", "Berg")):
            made.act({
                "do": "hire", "person_number": number, "first_name": "Kim", "last_name": name, "username": f"u{number}",
                "email": f"{name.lower()}@hr.test", "phone": PHONE, "department": "R&D",
            })  # fmt: skip
        made.run("feed", "drain", "--full")
        made.run("run")
        made.send()
        control(made.sandbox, "clock", mode="manual")
        yield made


def test_what_is_born_in_entra_id_gets_to_hr_once_and_comes_back_as_nothing(firm: Firm) -> None:
    """The page about it is followed; what it says of the weeks between its first block and its last is looked at there."""
    upns = {number: account["userPrincipalName"] for number, account in firm.accounts().items()}
    firm.alter("100", telephoneNumber="+31 20 5550199", mobile="+31 6 12345678")
    planned = firm.json("writeback", "plan")
    told = {(one["person_number"], one["attribute"]): one["new"] for one in planned["changes"]}
    assert told[("100", "work_phone")] == "+31 20 5550199"
    assert told[("100", "mobile_phone")] == "+31 6 12345678"
    assert told[("101", "user_name")] == upns["101"]
    assert ("101", "work_phone") not in told
    stories: list[dict[str, Any]] = []
    run(
        DOCS / "how-to" / "write-back.md", "back", firm.path.parent, variables=firm.environment(),
        meanwhile={"weeks": lambda: stories.extend(weeks(firm, upns)), "undo": lambda: nothing_goes_out(firm)},
        filled={"MANIFEST": lambda: str(stories[-1]["manifest_id"]), "HELD": lambda: held_for_undo(firm)},
    )  # fmt: skip
    assert firm.truth("100")["Phone Number"] == "+31 20 555-0101"
    assert "changed by somebody else" not in firm.run("trace", "100").partition("Written back")[0]


def held_for_undo(firm: Firm) -> str:
    """The manifest that waits for a person."""
    [held] = [one for one in firm.json("status")["waiting"] if one["held_for"] == "undo"]
    return str(held["manifest_id"])


def nothing_goes_out(firm: Firm) -> None:
    """The held manifest waits for a person, and an alert names it."""
    assert held_for_undo(firm)[:12] in firm.run("alerts")
    firm.run("writeback", "apply", code=3)


def weeks(firm: Firm, upns: dict[str, str]) -> list[dict[str, Any]]:
    """The time after the first writing: no echo, changes of other people, a kill in the middle; what `trace` tells of it."""
    truth = firm.truth("100")
    assert truth["Phone Number"] == "+31 20 555-0199"
    assert {number: firm.truth(number)["Username"].lower() for number in upns} == upns
    assert firm.json("writeback", "plan")["manifests"] == []  # before it was read back
    firm.follow()
    assert firm.json("writeback", "plan")["manifests"] == []  # and after
    assert sum(firm.json("plan")["operations"].values()) == 0  # in the other direction neither

    firm.act({"do": "change_phone", "person_number": "100", "phone": PHONE, "type": "W1"})  # back to what it was
    assert firm.json("trace", "100")["written_back"][-1]["stands"] is True  # nobody has read it since
    firm.follow()
    changed = [{"person_number": "100", "attribute": "work_phone", "times": 0, "now": True, "last": None}]
    assert firm.json("status")["written_over"] == changed
    [again] = firm.json("writeback", "plan")["changes"]
    assert (again["person_number"], again["attribute"], again["new"]) == ("100", "work_phone", "+31 20 5550199")
    firm.kill_in_the_middle_of_a_write("100", "+31 20 555-0199")
    done = firm.json("writeback", "apply")
    assert (done["written"], done["there"], done["failed"]) == (0, 1, {})  # nothing is lost, and nothing written twice
    firm.follow()
    assert firm.json("writeback", "plan")["manifests"] == []
    assert firm.truth("100")["Phone Number"] == "+31 20 555-0199"
    assert firm.json("outcomes", "--wait", "0")["written_over"] == []

    firm.act({"do": "change_assignment", "person_number": "100", "department": "Sales"})
    firm.follow()
    [bulk] = [path for path in firm.home.manifests.glob("*/*/bulk.ndjson") if b'"Sales"' in path.read_bytes()]
    assert b"+31 20 5550199" in bulk.read_bytes()  # a record never puts an account back to what HR had

    story: list[dict[str, Any]] = firm.json("trace", "100")["written_back"]
    assert [(one["attribute"], one["before"], one["source"], one["stands"]) for one in story][-1] == (
        "work_phone", "+31 20 5550101", "businessPhones", True,
    )  # fmt: skip
    return story
