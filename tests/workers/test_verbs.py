"""The verbs about extracts and time, in one process: what people see, and their word."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import dagster as dg
import orjson
import pytest
from typer.testing import CliRunner

from hcm_pipeline.cli.main import app
from hcm_pipeline.defs.code_location import build
from hcm_pipeline.errors import ExtractHeld, GuardStop, UsageError
from hcm_pipeline.settings import Settings
from tests.workers.driver import PROFILE, Firm, day, worker

NAMED = True

LIVES = PROFILE + '[workers.whole]\nfewer = { percent = 20.0, at_least = 3 }\ncohorts = ["city"]\n'


@pytest.fixture
def firm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Firm:
    """A firm whose home and profile the command finds, with an extract that is held."""
    made = Firm(tmp_path, LIVES)
    (tmp_path / "firm.toml").write_text(LIVES, encoding="utf-8")
    monkeypatch.setenv("HCM_PIPELINE_HOME", str(made.home.path))
    monkeypatch.setenv("HCM_PIPELINE_PROFILE", str(tmp_path / "firm.toml"))
    monkeypatch.delenv("HCM_PIPELINE_SERVICE_PRINCIPAL_ID", raising=False)
    rows = [worker(n, Department="A") for n in range(10)]
    made.take([*rows, worker("ahead", Hired="2026-11-20"), worker("off", Left="2026-11-12")], day(2))
    made.land([worker(0, Department="B")], day(3))
    with pytest.raises(ExtractHeld):
        made.run(day(3))
    made.warehouse.publish()
    return made


def run(*words: str) -> str:
    """The text that a verb prints."""
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return str(done.stdout)


def told(*words: str) -> Any:
    return orjson.loads(run(*words, "--json"))


def test_a_held_extract_is_shown_with_its_reasons_and_accepted_by_name(firm: Firm) -> None:
    shown = run("extract", "show")
    assert "fewer_rows" in shown
    assert re.search(r"hcm-pipeline extract accept [0-9a-f]{64} 1 --why", shown)
    assert "1 row, and the 1 full extract before it had 12" in shown
    held = next(each for each in told("extract", "show") if each["status"] == "stopped")
    assert GuardStop.exit_code == ExtractHeld.exit_code == 3
    assert "is accepted" in run("extract", "accept", held["sha256"][:12], "1", "--why", "all were moved", "--by", "Pat")
    [again] = told("extract", "show", held["sha256"][:10])
    assert (again["status"], [(d["decision"], d["decided_by"], d["why"]) for d in again["decisions"]]) == (
        "landed", [("accept", "Pat", "all were moved")],
    )  # fmt: skip
    [counts] = firm.run(day(3))
    assert (counts.changes, counts.absent) == ({"mover": 1}, 11)


def test_a_held_extract_is_refused_and_an_unknown_one_is_wrong_usage(firm: Firm) -> None:
    held = next(each["sha256"] for each in told("extract", "show") if each["status"] == "stopped")
    run("extract", "refuse", held, "--rows", "1", "--why", "cut off")
    assert firm.run(day(3))[0].extracts == 0
    done = CliRunner().invoke(app, ["extract", "accept", "no such", "--why", "x"])
    assert isinstance(done.exception, UsageError)


def test_the_job_of_the_ui_enters_the_same_word(firm: Firm) -> None:
    held = next(each["sha256"] for each in told("extract", "show") if each["status"] == "stopped")
    job = build(Settings.from_env()).resolve_job_def("decide_extract")
    word = {"sha256": held[:12], "rows": 1, "decision": "accept", "by": "Kim", "why": "HR confirms"}
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process({"ops": {"extract": {"config": word}}}, instance=instance).success
        wrong = {"ops": {"extract": {"config": {**word, "decision": "perhaps"}}}}
        assert not job.execute_in_process(wrong, instance=instance, raise_on_error=False).success
    assert firm.sql("select decided_by, decision from extract_decisions") == [("Kim", "accept")]
    assert firm.run(day(3))[0].changes == {"mover": 1}


def test_a_plan_for_a_date_ahead_says_who_starts_and_leaves_by_then(firm: Firm) -> None:
    ahead = told("plan", "--date", "2026-11-30")
    assert (ahead["known_on"], ahead["kinds"]) == ("2026-11-02", {"joiner": 1, "leaver": 1})
    assert [(c["person_number"], c["stage_now"], c["stage_then"]) for c in ahead["workers"]] == [
        ("ahead", "future", "active"), ("off", "active", "left"),
    ]  # fmt: skip
    shown = run("plan", "--date", "2026-11-15")
    assert "by the end of 2026-11-15, from what is known on 2026-11-02" in shown
    assert "prehire" in shown
    assert "nobody's date comes" in run("plan", "--date", "2026-11-03")


def test_trace_tells_stage_rule_and_what_was_believed(firm: Firm) -> None:
    shown = run("trace", "off")
    assert "stage active, account enabled (HR's status: active), judged again on 2026-11-13 00:00Z" in shown
    assert "unknown before, here now" in shown
    assert told("trace", "off", "--known-on", "2020-01-01")["versions"] == []
    assert len(told("trace", "off", "--date", "2026-11-02", "--known-on", "2999-01-01")["versions"]) == 1
