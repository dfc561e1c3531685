"""Use cases on a small home: what each does, and what the views then say."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import duckdb
import orjson
import pytest
from typer.testing import CliRunner, Result

from hcm_pipeline import flow
from hcm_pipeline.cli.main import app
from hcm_pipeline.deciders import Decider
from hcm_pipeline.delivery import BrokenChain, Pause, PauseKind
from hcm_pipeline.delivery.state.journal import Journal
from hcm_pipeline.errors import ExtractHeld, GuardStop, HomeError, UsageError
from hcm_pipeline.flow import Installation, utc_now, verdict_table
from hcm_pipeline.home import Home
from hcm_pipeline.settings import Settings
from hcm_pipeline.verdicts import Effect, Kind
from hcm_pipeline.warehouse import Warehouse
from tests.workers.driver import PROFILE, Firm, day, worker

LIMIT = '\n[[guards.limits]]\nkind = "create"\nmax = 1\n'
Named = tuple[Kind, str]
"""The kind of a verdict, and its rule or outcome."""


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    """A firm that lets nobody create two accounts without a decision."""
    (tmp_path / "firm.toml").write_text(PROFILE + LIMIT, encoding="utf-8")
    return Firm(tmp_path, PROFILE, LIMIT)


@pytest.fixture
def here(firm: Firm) -> Installation:
    """The firm's installation, with the sandbox as the target."""
    return Installation(Settings(firm.home, str(firm.folder / "firm.toml"), None))


def planned(firm: Firm, here: Installation, people: int = 2) -> flow.Plan:
    """A first date with so many workers, up to its plan."""
    firm.take([worker(n) for n in range(people)], day(2))
    made = flow.plan(here.warehouse, here.loaded, here.target)
    here.warehouse.publish()
    assert made is not None
    return made


def held_by(here: Installation) -> list[Named]:
    return [(verdict.kind, verdict.rule) for verdict in flow.holding(here)]


def test_files_that_wait_together_share_one_opening_of_the_warehouse(
    firm: Firm, here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (3, 4, 5):
        path = here.home.create().landing / f"people-2026-11-0{number}.csv"
        path.write_text(",".join(worker(number)) + "\n" + ",".join(worker(number).values()) + "\n", encoding="utf-8")
    with here.warehouse.write():
        opens, opened = Warehouse._open, list[Path]()

    def counted(warehouse: Warehouse, path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        opened.append(path)
        return opens(warehouse, path, read_only=read_only)

    monkeypatch.setattr(Warehouse, "_open", counted)
    landed = flow.land(here.warehouse, here.profile, None, now=utc_now, settle=0)
    assert [one.result for one in landed] == ["taken"] * 3, landed
    assert len(opened) == 1


def test_every_decision_says_by_whom_and_how_in_one_shape(firm: Firm, here: Installation) -> None:
    [held] = planned(firm, here).held
    flow.approve(here, held.manifest_id, operations=2, by="Ada", why="the first of us", how="proxy")
    with here.journal() as journal:
        journal.pauses(here.target).release(held.manifest_id, Decider("Bob", utc_now(), "ui"))
    flow.plan(here.warehouse, here.loaded, here.target)
    assert firm.sql("select about, subject, decision, decided_by, how, why from decisions order by decided_at") == [
        ("manifest", held.manifest_id, "approve", "Ada", "proxy", "the first of us"),
        ("canary", held.manifest_id, "released", "Bob", "ui", None),
    ]
    tables = firm.sql(
        """select table_name, list(column_name) from information_schema.columns
        where table_name in (select table_name from information_schema.columns where column_name in ('decided_by', 'requested_by'))
        group by 1"""
    )
    assert len(tables) > 6
    assert [name for name, columns in tables if "how" not in columns and name != "successions"] == []


def test_a_file_whose_name_is_no_utf_8_stops_nobody_elses(firm: Firm, here: Installation) -> None:
    odd = Path(os.fsdecode(os.fsencode(here.home.create().landing) + b"/workers-\xff-2026-11-05.csv"))
    odd.write_text("person_number\n1\n", encoding="utf-8")
    found = flow.find_arrivals(here.home, here.profile, settle=0)
    assert (found.dates, len(found.reasons)) == ({}, 1)
    assert r"workers-\udcff-2026-11-05.csv: its name holds bytes that are no UTF-8" in found.reasons[0]
    [landed] = flow.land(here.warehouse, here.profile, None, now=utc_now, settle=0)
    assert (landed.result, odd.exists()) == ("refused", True)
    assert "no UTF-8" in landed.message


def test_a_home_that_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="there is no home here"):
        Installation(Settings(Home(tmp_path / "none"), "oracle-hcm", None)).existing()


def test_what_a_plan_holds_is_told_until_a_person_has_decided(firm: Firm, here: Installation) -> None:
    [held] = planned(firm, here).held
    assert held_by(here) == [(Kind.LIMIT, "create")]
    assert [m.manifest_id for m in flow.status(here).waiting] == [held.manifest_id]
    decided = flow.approve(here, held.manifest_id[:12], operations=2, by="Ada", why="the first of us")
    assert decided.approved_until is not None
    assert held_by(here) == []
    assert firm.sql("select kind, \"rule\", tripped, effect from verdicts where kind = 'limit'") == [
        ("limit", "create", True, "hold")
    ]


def test_a_rejected_manifest_is_withheld_by_the_next_plan(firm: Firm, here: Installation) -> None:
    [held] = planned(firm, here).held
    flow.reject(here, held.manifest_id, operations=2, by="Ada", why=None)
    made = flow.plan(here.warehouse, here.loaded, here.target)
    here.warehouse.publish()
    assert made is not None
    assert (made.held, made.withheld) == ((), {"rejected": 2})
    assert held_by(here) == []


def test_an_extract_that_is_held_says_so_until_it_is_accepted(firm: Firm, here: Installation) -> None:
    firm.take([worker(n) for n in range(30)], day(2))
    landed = firm.land([worker(0)], day(3))
    with pytest.raises(ExtractHeld):
        firm.run(day(3))
    here.warehouse.publish()
    assert held_by(here) == [(Kind.COMPLETENESS, "fewer_rows")]
    [story] = flow.extract_stories(here, landed.sha256)
    assert [(v.rule, v.tripped) for v in story.verdicts()] == [("fewer_rows", True)]
    flow.decide_extract(here, str(landed.sha256)[:12], "accept", rows=1, by="Pat", why="all were moved")
    assert held_by(here) == []
    firm.run(day(3))
    assert firm.sql('select "rule", tripped from verdicts where starts_with(subject, ?)', [landed.sha256]) == [
        ("fewer_rows", False)
    ]


def test_a_day_with_too_many_broken_rows_is_told_with_its_numbers(firm: Firm, here: Installation) -> None:
    firm.land([worker(n, Active="perhaps") for n in range(30)], day(2))
    with pytest.raises(GuardStop):
        firm.run(day(2))
    here.warehouse.publish()
    [verdict] = flow.holding(here)
    assert (verdict.kind, verdict.subject, verdict.effect) == (Kind.QUARANTINE, "2026-11-02", Effect.STOP)
    assert "30 of 30 rows of 2026-11-02" in verdict.sentence
    shown = CliRunner().invoke(app, ["status"], env={
        "HCM_PIPELINE_HOME": str(firm.home.path), "HCM_PIPELINE_PROFILE": here.settings.profile,
    }).stdout  # fmt: skip
    assert "What holds" in shown
    assert "quarantine_limit" in shown
    ill = health_of(here)
    assert (ill.exit_code, orjson.loads(ill.stdout)["healthy"]) == (1, False)
    assert "day_stopped" in {alert["kind"] for alert in orjson.loads(ill.stdout)["alerts"]}


def health_of(here: Installation) -> Result:
    """The answer of `health --json`."""
    environment = {"HCM_PIPELINE_HOME": str(here.home.path), "HCM_PIPELINE_PROFILE": here.settings.profile}
    return CliRunner().invoke(app, ["health", "--json"], env=environment)


def test_a_home_of_which_nothing_holds_is_healthy(firm: Firm, here: Installation) -> None:
    firm.take([worker(1)], day(2))
    here.warehouse.publish()
    found = health_of(here)
    told = orjson.loads(found.stdout)
    assert (found.exit_code, told["healthy"], told["newest_business_date"]) == (0, True, "2026-11-02")
    assert {check["check"] for check in told["checks"]} == {"daemon", "disk", "modes", "warehouse"}


def test_whether_a_manifest_may_go_out_is_one_verdict(firm: Firm, here: Installation) -> None:
    made = planned(firm, here, people=1)
    assert made.manifest is not None
    found = made.manifest.manifest_id
    ahead, past = utc_now().replace(year=2100), utc_now().replace(year=2020)

    def verdict(pause: Pause | None = None) -> Named:
        if pause is not None:
            gates.pause(pause)
        [ready] = flow.ready_manifests(here)
        assert ready.manifest.manifest_id == found
        assert ready.paused == (pause is not None)
        return ready.verdict.kind, ready.verdict.outcome

    with here.journal() as journal:
        gates = journal.pauses(here.target)
        assert verdict() == (Kind.PACE, "passed")
        assert verdict(Pause(found, PauseKind.CANARY, past, "waits")) == (Kind.CANARY, "held")
        assert verdict(Pause("another", PauseKind.CANARY, past, "waits")) == (Kind.PACE, "passed")
        assert verdict(Pause(found, PauseKind.JOB, ahead, "stands")) == (Kind.JOB, "held")
        assert verdict(Pause(found, PauseKind.SERVICE, ahead, "asked to wait")) == (Kind.PACE, "held")
        assert verdict(Pause(found, PauseKind.SERVICE, past, "asked to wait")) == (Kind.PACE, "passed")
        gates.go_on()
        gates.fail(found, "1 of 5 was not good", utc_now())
        assert verdict() == (Kind.CANARY, "stopped")


def test_a_bad_canary_is_told_until_a_person_lets_the_manifest_go_on(firm: Firm, here: Installation) -> None:
    made = planned(firm, here, people=1)
    assert made.manifest is not None
    found = made.manifest.manifest_id
    with here.journal() as journal, here.warehouse.write() as con:
        journal.pauses(here.target).fail(found, "1 of 5 was not good", utc_now())
        verdict_table.keep(con, [verdict_table.of_canary(found, "1 of 5 was not good")], utc_now())
    here.warehouse.publish()
    [verdict] = flow.holding(here)
    assert (verdict.kind, verdict.subject, verdict.sentence) == (Kind.CANARY, found, "1 of 5 was not good")
    assert verdict.released_by == f"hcm-pipeline upload --past-canary {found[:12]}"
    with here.journal() as journal:
        journal.pauses(here.target).release(found, Decider("Ada", utc_now()))
    assert flow.holding(here) == []


def test_an_outlook_changes_nothing_and_says_what_the_plan_then_does(firm: Firm, here: Installation) -> None:
    firm.take([worker(n) for n in range(3)], day(2))
    here.warehouse.publish()
    found = flow.outlook(here)
    assert (found.operations, found.held, found.requests) == ({"create": 3}, {"create": 3}, 1)
    assert [(g.rule, g.outcome) for g in found.guards if g.tripped] == [("create", "tripped")]
    one = flow.worker_difference(here, "1")
    assert one is not None
    assert (one.kind, one.held_for, one.payload["externalId"]) == ("create", "create", "1")
    assert flow.open_manifests(here) == flow.OpenManifests(None, (), ())
    made = flow.plan(here.warehouse, here.loaded, here.target)
    assert made is not None
    assert made.counts == found.operations
    assert flow.worker_difference(here, "nobody") is None


def test_views_of_a_worker_and_of_dates(firm: Firm, here: Installation) -> None:
    firm.take([worker(1, Department="A"), worker(2, Hired="nowhen")], day(2))
    firm.take([worker(1, Department="B")], day(3))
    here.warehouse.publish()
    story = flow.trace(here, "1")
    assert [(v.valid_from.day, v.value("department")) for v in story.versions] == [(2, "A"), (3, "B")]
    assert [(k.business_date.day, k.kind) for k in story.kinds] == [(2, "joiner"), (3, "mover")]
    found = flow.days_between(here, day(2), day(3))
    assert [(d.business_date.day, d.changes, [r.rule for r in d.quarantine]) for d in found] == [
        (2, {"joiner": 1}, ["date_unreadable"]), (3, {"mover": 1}, []),
    ]  # fmt: skip
    with pytest.raises(UsageError, match="no extract holds this person number"):
        flow.trace(here, "3")


def test_an_audit_finds_no_lost_row_and_no_name_twice(firm: Firm, here: Installation) -> None:
    firm.take([worker(1), worker(2)], day(2))
    here.warehouse.publish()
    with here.warehouse.read() as con:
        assert flow.audit(con, day(2)) == flow.Audit(0, 0)
    firm.sql('update extracts set "rows" = 1')
    here.warehouse.publish()
    with here.warehouse.read() as con:
        assert flow.audit(con, day(2)).unaccounted_rows == 1


def test_nobody_is_planned_again_while_a_manifest_waits(firm: Firm, here: Installation) -> None:
    assert flow.plan_again(here) == "nothing was processed yet"
    made = planned(firm, here)
    assert flow.plan_again(here) == f"manifest {made.held[0].manifest_id[:12]} is held; it comes first"
    with Journal(firm.home.journal) as journal:
        journal.reject(made.held[0].manifest_id, by="Ada", why=None)
    assert flow.plan_again(here) == "nobody is to be sent again now"


def test_json_has_the_name_of_a_column_that_python_keeps_for_itself(capsys: pytest.CaptureFixture[str]) -> None:
    from hcm_pipeline.cli.output import dump
    from hcm_pipeline.flow.views.difference import Move

    dump({"moves": (Move(None, "OU=New,DC=x", "worker", 1),)})
    assert orjson.loads(capsys.readouterr().out) == {
        "moves": [{"from": None, "to": "OU=New,DC=x", "cause": "worker", "accounts": 1}]
    }


def ask_for(firm: Firm, here: Installation, keys: str) -> Installation:
    """The same installation with more keys of the guards."""
    text = (firm.folder / "firm.toml").read_text(encoding="utf-8")
    (firm.folder / "firm.toml").write_text(f"{text}\n[guards]\n{keys}\n", encoding="utf-8")
    return Installation(here.settings)


@pytest.mark.parametrize(("above", "state"), [(1, "held"), (2, "ready")])
def test_a_large_manifest_needs_two_people_and_a_small_one_does_not(
    firm: Firm, here: Installation, above: int, state: str
) -> None:
    [held] = planned(firm, here).held
    asking = ask_for(firm, here, f"two_people_above = {above}")
    assert flow.approve(asking, held.manifest_id, operations=held.operations, by="Ada", why=None).state == state
    assert (
        flow.approve(asking, held.manifest_id, operations=held.operations, by="Ben", why=None, how="proxy").state
        == "ready"
    )


def test_the_starter_of_a_run_is_kept_with_its_plan(firm: Firm, here: Installation) -> None:
    firm.take([worker(n) for n in range(2)], day(2))
    made = flow.plan(here.warehouse, here.loaded, here.target, started_by="Ada")
    here.warehouse.publish()
    assert made is not None
    [held] = made.held
    asking = ask_for(firm, here, "not_who_started = true")
    with pytest.raises(UsageError, match="Ada started its run"):
        flow.approve(asking, held.manifest_id, operations=held.operations, by="Ada", why=None)
    assert flow.approve(asking, held.manifest_id, operations=held.operations, by="Ben", why=None).state == "ready"


def test_status_and_the_next_plan_refuse_a_broken_chain_of_decisions(firm: Firm, here: Installation) -> None:
    [held] = planned(firm, here).held
    flow.approve(here, held.manifest_id, operations=held.operations, by="Ada", why=None)
    with sqlite3.connect(here.home.journal) as journal:
        journal.execute("UPDATE decisions SET decided_by = 'cfo'")
    journal.close()
    for look in (
        lambda: flow.status(here),
        lambda: flow.plan(here.warehouse, here.loaded, here.target),
        lambda: flow.approve(here, held.manifest_id, operations=held.operations, by="Ada", why=None),
    ):
        with pytest.raises(BrokenChain, match="decision 1 was changed after it was given"):
            look()
