"""Verdicts: every rule's finding in one shape, kept in one table, shown by one piece of code."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from importlib import resources

import duckdb
import pytest

from hcm_pipeline.cli.output import show_verdicts
from hcm_pipeline.delivery.plan import guards
from hcm_pipeline.errors import ExtractHeld, GuardStop
from hcm_pipeline.flow import parse_profile, verdict_table
from hcm_pipeline.flow.verdict_table import keep, keep_day, loggable, of_limit, tripped
from hcm_pipeline.profile import GuardKind
from hcm_pipeline.verdicts import Effect, Kind, Verdict
from hcm_pipeline.warehouse import memory
from hcm_pipeline.workers import DayCounts
from tests.workers.driver import PROFILE

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
DAY = dt.date(2026, 11, 20)
TWO_LEAVE = guards.Verdict(GuardKind.DISABLE, None, "country", "GB", 3, 10, 2, "max", True)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse in memory with two extracts of a date, of which the second has a finding."""
    with memory() as made:
        made.execute(resources.files("hcm_pipeline.warehouse").joinpath("schema.sql").read_text(encoding="utf-8"))
        for number, status in ((1, "applied"), (2, "stopped")):
            made.execute(
                """insert into extracts by name select ? as extract_id, repeat(?::varchar, 64) as sha256, 'people' as source,
                'full' as content, ? as business_date, 'people.csv' as name, 1 as size_bytes, ? as landed_at, '{}' as shape,
                [] as unknown_columns, [] as missing_columns, ? as status""",
                [number, number, DAY, NOW, status],
            )
        made.execute(
            "insert into extract_findings values (2, 'fewer_in_cohort', 'far fewer in one country', 'GB: 3 of 9')"
        )
        yield made


def of_day(con: duckdb.DuckDBPyConnection, stop: GuardStop | None = None) -> list[tuple[Kind, str, bool]]:
    """The verdicts on the date when `stop` stopped it."""
    counts = DayCounts(DAY, "state", extracts=2, rows=100, quarantined=7)
    found = verdict_table.of_day(con, parse_profile(PROFILE, "firm.toml").profile, counts, stop)
    return [(verdict.kind, verdict.rule, verdict.tripped) for verdict in found]


def test_a_day_that_was_applied_has_a_verdict_for_each_rule_that_judged_it(con: duckdb.DuckDBPyConnection) -> None:
    assert of_day(con) == [
        (Kind.COMPLETENESS, "completeness", False), (Kind.COMPLETENESS, "fewer_in_cohort", True),
        (Kind.QUARANTINE, "quarantine_limit", False),
    ]  # fmt: skip


def test_what_stopped_a_day_trips_and_what_was_not_judged_says_nothing(con: duckdb.DuckDBPyConnection) -> None:
    assert of_day(con, GuardStop("too many", Kind.QUARANTINE))[-1] == (Kind.QUARANTINE, "quarantine_limit", True)
    assert of_day(con, GuardStop("never read", Kind.DIRECTORY))[-1] == (Kind.DIRECTORY, "directories", True)
    assert of_day(con, GuardStop("no such OU", Kind.CONTAINER))[-1] == (Kind.CONTAINER, "placement", True)
    assert Kind.QUARANTINE not in {kind for kind, *_ in of_day(con, ExtractHeld("not whole"))}


def test_the_newest_verdicts_of_a_subject_take_the_place_of_those_before(con: duckdb.DuckDBPyConnection) -> None:
    stopped = Verdict(Kind.DIRECTORY, "directories", DAY.isoformat(), True, "never read")
    keep_day(con, DAY, [stopped], NOW)
    assert tripped(con) == [stopped]
    keep_day(con, DAY, [*verdict_table.of_extracts(con, DAY)], NOW)
    [finding] = tripped(con)
    assert (finding.rule, finding.subject, finding.figures) == (
        "fewer_in_cohort",
        f"{'2' * 64}@{DAY}@people",
        {"detail": "GB: 3 of 9"},
    )
    con.execute("update extracts set status = 'superseded' where extract_id = 2")
    keep_day(con, DAY, [*verdict_table.of_extracts(con, DAY)], NOW)
    assert tripped(con) == []
    assert con.execute("select kind, subject, tripped from verdicts").fetchall() == [
        ("completeness", f"{'1' * 64}@{DAY}@people", False)
    ]


def test_a_limit_holds_or_stops_and_comes_back_with_its_figures(con: duckdb.DuckDBPyConnection) -> None:
    held = of_limit(TWO_LEAVE, DAY.isoformat())
    assert (held.effect, held.outcome, held.released_by) == (Effect.HOLD, "tripped", "hcm-pipeline approve")
    keep(con, [held], NOW)
    assert tripped(con) == [held]
    assert guards.Verdict.from_row(tripped(con)[0].figures) == TWO_LEAVE


def test_a_log_is_told_of_a_limit_without_the_value_of_its_group() -> None:
    held = of_limit(TWO_LEAVE, DAY.isoformat())
    assert "in country GB" in held.sentence
    assert "in one country" in loggable(held)
    assert "GB" not in loggable(held)


def test_json_of_a_limit_is_its_figures_and_of_every_other_rule_its_sentence() -> None:
    sentence = "3 of 10 accounts in country GB would be disabled (30 %); the limit is 2. Held."
    assert of_limit(TWO_LEAVE, DAY.isoformat()).as_json() == TWO_LEAVE.as_row() | {"bound": None, "sentence": sentence}
    assert verdict_table.of_containers(DAY, [("identity.placement 1", "OU=New,DC=x")]).as_json() == {
        "guard": "placement", "verdict": "stopped", "why": "not in the directory: identity.placement 1 is OU=New,DC=x",
    }  # fmt: skip
    assert verdict_table.of_containers(DAY, []).outcome == "passed"


def test_one_table_shows_every_rule(capsys: pytest.CaptureFixture[str]) -> None:
    show_verdicts(
        "What holds",
        [
            of_limit(TWO_LEAVE, DAY.isoformat()),
            verdict_table.of_finding("2" * 64, "fewer_rows", "far fewer rows", "3 of 9", tripped=True),
            verdict_table.of_canary("m" * 64, "1 of 5 was not good"),
        ],
    )
    shown = capsys.readouterr().out
    for piece in (
        "disable",
        "tripped",
        "fewer_rows",
        "stopped",
        "far fewer rows: 3 of 9",
        "canary",
        "1 of 5 was not good",
    ):
        assert piece in shown
