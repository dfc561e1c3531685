"""The report for people: failures first, each with its mend, within 80 columns; and the one for programs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline import flow
from hcm_pipeline.cli import doctor as verb
from hcm_pipeline.errors import UsageError
from hcm_pipeline.home import Home
from tests.budget import examples

NAMES = st.sampled_from(flow.check_names())
SENTENCES = st.lists(st.text("abcdefghij", min_size=1, max_size=20), min_size=1, max_size=30).map(" ".join)
FINDINGS = st.builds(
    flow.Finding, check=NAMES, group=st.sampled_from(["home", "target", "job"]), outcome=st.sampled_from(list(flow.Outcome)),
    looked_at=SENTENCES, found=SENTENCES, means=SENTENCES, mend=SENTENCES,
)  # fmt: skip


def diagnosis(*findings: flow.Finding) -> flow.Diagnosis:
    return flow.Diagnosis("/home", "profile.toml", "target: none", flow.Outcome.OK, findings)


@settings(max_examples=examples(20))
@given(st.lists(FINDINGS, max_size=12))
def test_every_line_fits_no_word_is_broken_and_failures_come_first(findings: list[flow.Finding]) -> None:
    lines = list(verb.report(diagnosis(*findings), 80))
    assert all(len(line) <= 80 for line in lines)
    words = " ".join(lines).split()
    for one in findings:
        if one.outcome in (flow.Outcome.FAILED, flow.Outcome.WARNING):
            assert set(f"{one.found} {one.means} {one.mend}".split()) <= set(words)
    heads = [line[:7] for line in lines if line.startswith(("FAILED", "warning"))]
    assert heads == sorted(heads), "FAILED is before warning"
    assert len(heads) == sum(one.outcome in (flow.Outcome.FAILED, flow.Outcome.WARNING) for one in findings)


def test_a_group_without_a_finding_has_one_line(tmp_path: Path) -> None:
    well = [flow.Finding(name, "home", flow.Outcome.OK, "", "well", "", "") for name in ("disk", "modes", "locks")]
    *_, group, summary = verb.report(diagnosis(*well), 80)
    assert (group, summary) == ("ok        home: disk, modes, locks", "nothing is wrong with what was looked at")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in [name for name in os.environ if name.startswith(("AZURE_", "ORACLE_", "HCM_PIPELINE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HCM_PIPELINE_HOME", str(tmp_path / "home"))
    return Home(tmp_path / "home")


def test_the_verb_looks_at_a_home_that_is_not_there_and_makes_none(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    verb.doctor(only=None, as_json=False)
    told = capsys.readouterr().out
    assert "there is no home yet" in told
    assert not home.path.exists()


def test_json_has_every_finding_and_a_failure_is_exit_code_1(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.create()
    (home.landing / "open.csv").write_text("x")
    (home.landing / "open.csv").chmod(0o666)
    with pytest.raises(typer.Exit) as ended:
        verb.doctor(only=["modes", "disk"], as_json=True)
    assert ended.value.exit_code == 1
    told: dict[str, Any] = orjson.loads(capsys.readouterr().out)
    assert told["outcome"] == "failed"
    assert [(one["check"], one["outcome"]) for one in told["findings"]] == [("disk", "ok"), ("modes", "failed")]
    assert set(told["findings"][0]) == {"check", "group", "outcome", "looked_at", "found", "means", "mend"}


def test_an_unknown_check_is_wrong_usage_that_lists_the_checks(home: Home) -> None:
    with pytest.raises(UsageError, match="--only nothing: the checks are profile, disk"):
        verb.doctor(only=["nothing"], as_json=False)
