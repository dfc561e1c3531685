"""The verbs of the ledger, in one process: what people see of moves and rehires, and their word about them."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from hcm_pipeline.cli.main import app
from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow.plans import plan
from hcm_pipeline.settings import Settings
from hcm_pipeline.targets.entra.connection import target_key
from tests.workers.driver import PROFILE, Firm, day, worker

RULES = """
[[identity.rehire]]
fields = ["first_name", "last_name", "city"]
[[identity.placement]]
when = "department = 'Sales'"
container = "OU=Sales,DC=x"
"""
MAPPED = PROFILE.replace("[identity]\n", '[identity]\nparent_distinguished_name = "OU=Users,DC=x"\n').replace(
    "[scim.mapping]\n", RULES + "[scim.mapping]\n'{custom}:ParentDistinguishedName' = \"parent_distinguished_name\"\n"
)


@pytest.fixture
def firm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Firm:
    """A firm whose home and profile the command finds."""
    made = Firm(tmp_path, MAPPED)
    (tmp_path / "firm.toml").write_text(MAPPED, encoding="utf-8")
    monkeypatch.setenv("HCM_PIPELINE_HOME", str(made.home.path))
    monkeypatch.setenv("HCM_PIPELINE_PROFILE", str(tmp_path / "firm.toml"))
    monkeypatch.delenv("HCM_PIPELINE_SERVICE_PRINCIPAL_ID", raising=False)
    return made


def run(*words: str) -> str:
    """The output of a verb."""
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return str(done.stdout)


def test_a_rehire_under_another_number_is_reviewed_decided_and_told(firm: Firm) -> None:
    firm.take([worker(1, Last="Lee", City="Rome"), worker(2)], day(1))
    firm.take(
        [worker(1, Last="Lee", City="Rome", Active="False"), worker(2), worker(9, Last="LEE", City="rome")], day(2)
    )
    firm.warehouse.publish()
    listed = orjson.loads(run("identity", "review", "--json"))
    assert (listed["accounts"], listed["spellings"]) == ([], [])
    assert listed["rehires"] == [{"person_number": "9", "reason": "likely rehire", "accounts": ["ann.lee@firm.example"],
                                  "opened_on": "2026-11-02", "former": ["1"]}]  # fmt: skip
    assert "Numbers that may be one person's" in run("identity", "review")
    assert "waiting for `identity review`" in run("identity", "show", "9")
    decided = orjson.loads(run("identity", "review", "9", "--same-as", "1", "--json"))
    assert decided == {"person_number": "9", "account": None, "same_as": "1"}
    target = target_key(Settings.from_env())
    plan(firm.warehouse, firm.loaded, target)
    firm.warehouse.publish()
    shown = orjson.loads(run("identity", "show", "9", "--json"))["identity"]
    assert shown["user_principal_name"] == "ann.lee@firm.example"
    assert [(s["person_number"], s["successor"]) for s in shown["successions"]] == [("1", "9")]
    assert "Taken over" in run("identity", "show", "1")
    story = orjson.loads(run("trace", "9", "--json"))
    assert [t["held_by"] for t in story["tried"] if t["attribute"] == "user_principal_name"] == ["this worker"]
    assert "Candidates of the name" in run("trace", "9")


@pytest.mark.parametrize("words", [("--accept", "--same-as", "1"), ("--same-as", "77"), ("--same-as", "2")])
def test_a_word_that_makes_no_sense_is_refused(firm: Firm, words: tuple[str, ...]) -> None:
    firm.take([worker(1), worker(2)], day(1))
    firm.warehouse.publish()
    for number in (["1"], []):
        assert isinstance(CliRunner().invoke(app, ["identity", "review", *number, *words]).exception, UsageError)


def test_the_plan_lists_moves_with_their_cause_and_the_guard_of_containers(firm: Firm) -> None:
    firm.take([worker(1, Department="Sales"), worker(2)], day(1))
    target = target_key(Settings.from_env())
    plan(firm.warehouse, firm.loaded, target)
    firm.sql(f"update versions set is_delivered = true, request_no = 0, op_no = 0 where target = '{target}'")
    firm.sql("insert into directory_objects by name select 'ad' as directory, 'c' as object_id, 'container' as kind, "
             "false as deleted, 'OU=Users,DC=x' as distinguished_name")  # fmt: skip
    firm.warehouse.publish()
    profile = firm.folder / "firm.toml"
    profile.write_text(MAPPED.replace("'Sales'", "'Nobody'").replace("OU=Sales", "OU=Shop"), encoding="utf-8")
    told = orjson.loads(run("plan", "--json"))
    assert told["operations"] == {"move": 1}
    assert told["moves"] == [{"from": "OU=Sales,DC=x", "to": "OU=Users,DC=x", "cause": "rules", "accounts": 1}]
    [verdict] = [guard for guard in told["guards"] if guard.get("guard") == "placement"]
    assert (verdict["verdict"], "identity.placement[0].container" in verdict["why"]) == ("stopped", True)
    assert "Accounts that move" in run("plan")
