"""A decision says first what it is about, and counts only with the id and the number that a person means."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hcm_pipeline import flow
from hcm_pipeline.cli import confirm
from hcm_pipeline.cli.main import app
from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow import Installation
from hcm_pipeline.flow.confirming import Intent
from hcm_pipeline.settings import Settings
from tests.workers.driver import PROFILE, Firm, day, worker

LIMIT = '\n[[guards.limits]]\nkind = "create"\npercent = 10\nmax = 1\n'
WHOLE = "0123456789abcdef"
INTENT = Intent(WHOLE, 27, "operations", ("27 operations.", "They go out."), f"hcm-pipeline approve {WHOLE} 27")


@pytest.mark.parametrize(
    ("given", "size", "said"),
    [
        (WHOLE[:11], 27, "not enough of an id"),
        (WHOLE, None, "give the number of operations"),
        (WHOLE, 26, "it is about 27 operations, not 26"),
    ],
)
def test_without_the_id_or_the_number_nothing_is_decided_and_the_command_is_shown(
    given: str, size: int | None, said: str
) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        INTENT.require(given, size)
    assert str(refused.value).startswith("27 operations. They go out. Nothing was decided:")
    assert str(refused.value).endswith(f"If you mean it: hcm-pipeline approve {WHOLE} 27")


def test_twelve_characters_and_the_number_are_enough() -> None:
    INTENT.require(WHOLE[:12], 27)
    assert confirm.confirmed(INTENT, WHOLE[:12], 27) == WHOLE
    assert confirm.one_number(27, None, "--operations") == confirm.one_number(None, 27, "--operations") == 27
    with pytest.raises(UsageError, match="two numbers"):
        confirm.one_number(27, 28, "--operations")


def test_a_terminal_is_asked_for_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "_may_ask", lambda: True)
    for typed, meant in (("27", WHOLE), ("26", None)):
        monkeypatch.setattr(typer, "prompt", lambda *_, typed=typed, **__: int(typed))
        if meant:
            assert confirm.confirmed(INTENT, "0123", None) == meant
        else:
            with pytest.raises(UsageError, match="not 26"):
                confirm.confirmed(INTENT, "0123", None)


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> flow.Manifest:
    """A held manifest of two operations, in the home that commands find."""
    (tmp_path / "firm.toml").write_text(PROFILE + LIMIT, encoding="utf-8")
    firm = Firm(tmp_path, PROFILE, LIMIT)
    monkeypatch.setenv("HCM_PIPELINE_HOME", str(firm.home.path))
    monkeypatch.setenv("HCM_PIPELINE_PROFILE", str(tmp_path / "firm.toml"))
    monkeypatch.delenv("HCM_PIPELINE_SERVICE_PRINCIPAL_ID", raising=False)
    here = Installation(Settings(firm.home, str(tmp_path / "firm.toml"), None))
    firm.take([worker(1), worker(2)], day(2))
    made = flow.plan(here.warehouse, here.loaded, here.target)
    here.warehouse.publish()
    assert made is not None
    return made.held[0]


def test_the_verbs_say_what_they_are_about_to_do_and_to_how_many(held: flow.Manifest) -> None:
    found = held.manifest_id
    for verb in ("approve", "reject"):
        refused = CliRunner().invoke(app, [verb, found[:8]])
        assert isinstance(refused.exception, UsageError)
        assert f"hcm-pipeline {verb} {found} 2" in str(refused.exception)
        assert "held for create: 2 operations (2 create). 2 accounts would be created, where there are none" in str(
            refused.exception
        )
    undo = CliRunner().invoke(app, ["plan", "--undo", found])
    assert f"hcm-pipeline plan --undo {found} --operations 2" in str(undo.exception)
    assert CliRunner().invoke(app, ["approve", found, "2"]).stdout.startswith(f"manifest {found[:12]} is ready")
    done = CliRunner().invoke(app, ["reject", found[:12], "--operations", "2"])
    assert "Rejecting keeps these 2 operations back" in done.stderr
    assert done.stdout.startswith(f"manifest {found[:12]} is rejected")


def test_plan_names_people_and_the_command_that_decides(held: flow.Manifest, tmp_path: Path) -> None:
    page, table = tmp_path / "p.html", tmp_path / "p.csv"
    done = CliRunner().invoke(app, ["plan", "--html", str(page), "--csv", str(table)])
    assert done.exit_code == 3
    for said in ("2 accounts: 2 would be created. 2 of these wait for a decision.", "Everybody", "Ann Lee1",
                 f"hcm-pipeline approve {held.manifest_id} 2"):  # fmt: skip
        assert said in done.stdout, done.stdout
    assert held.manifest_id[:12] in page.read_text(encoding="utf-8")
    assert table.read_text(encoding="utf-8-sig").startswith('"person_number","name"')


def test_files_are_of_the_whole_plan_and_of_one_that_there_is(tmp_path: Path, held: flow.Manifest) -> None:
    page = tmp_path / "p.html"
    for words in (["--worker", "1"], ["--date", "2026-11-02"], ["--undo", held.manifest_id]):
        assert isinstance(CliRunner().invoke(app, ["plan", "--html", str(page), *words]).exception, UsageError)
    assert not page.exists()
