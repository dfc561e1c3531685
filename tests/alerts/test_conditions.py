"""What people are told of: each condition when it holds, and nothing personal whatever the warehouse holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path

import duckdb
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.alerts import Alert, AlertKind, Due, Phase, find_alerts, message_of
from hcm_pipeline.delivery.manifest import Manifest
from hcm_pipeline.delivery.state.journal import Journal
from hcm_pipeline.delivery.state.pacing import Pace
from hcm_pipeline.delivery.state.pauses import Gates, Pause, PauseKind
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.home import Home
from hcm_pipeline.profile import Profile
from hcm_pipeline.settings import Settings
from hcm_pipeline.targets.entra import job_health
from hcm_pipeline.targets.entra.connection import target_key, tenant_of
from hcm_pipeline.targets.entra.job_health import JobReport, JobState

from ..delivery.tables import empty_tables

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
SETTINGS = Settings(Home(Path("nowhere")), "oracle-hcm", None)
TARGET = target_key(SETTINGS)
HOUR = dt.timedelta(hours=1)


@cache
def profile_with(text: str = "") -> Profile:
    """The built-in profile with something added."""
    own = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text(encoding="utf-8")
    return parse_profile(f"{own}\n{text}", "test").profile


@pytest.fixture(scope="module")
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty tables, made once."""
    with empty_tables() as made:
        yield made


@pytest.fixture
def con(tables: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables; what a test writes is taken back."""
    tables.begin()
    yield tables
    tables.rollback()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal in which nothing was ever planned."""
    with Journal(tmp_path / "delivery.sqlite", clock=lambda: NOW) as made:
        yield made


def found(con: duckdb.DuckDBPyConnection, journal: Journal, profile: Profile | None = None) -> list[Alert]:
    return find_alerts(con, journal, SETTINGS, profile or profile_with(), NOW)


def kinds(con: duckdb.DuckDBPyConnection, journal: Journal, profile: Profile | None = None) -> list[AlertKind]:
    return [alert.kind for alert in found(con, journal, profile)]


def failed(con: duckdb.DuckDBPyConnection, number: str, state: str = "failed", code: str | None = "Conflict") -> None:
    con.execute(
        """insert into failures values (?, ?, 1, 0, 0, ?, ?, 'needs data', 'mend', 1, ?, null, 'one')""",
        [TARGET, number, state, code, NOW],
    )


def delivered(con: duckdb.DuckDBPyConnection, count: int) -> None:
    con.execute("insert into delivered by name select ? as target, i::varchar as person_number, 1 as digest, 1 as plan_no,"
                " 0 as request_no, 0 as op_no from range(?) r(i)", [TARGET, count])  # fmt: skip


def extract(con: duckdb.DuckDBPyConnection, source: str, landed: dt.datetime, name: str = "file.csv") -> None:
    con.execute(
        """insert into extracts by name select 1 as extract_id, ?::varchar as sha256, ? as source, 'full' as content,
        date '2026-11-20' as business_date, ? as name, 1 as size_bytes, ? as landed_at, '{}' as shape,
        []::varchar[] as unknown_columns, []::varchar[] as missing_columns, 'applied' as status""",
        [f"{source}{landed}", source, name, landed],
    )


def manifest(held_for: str | None = None) -> Manifest:
    return Manifest.seal(
        business_date=NOW.date(), target=TARGET, profile="acme", previous=None, requests=1, operations=7, bulk_sha256="",
        bulk_bytes=0, counts={"disable": 7}, inputs={}, extracts=(), held_for=held_for,
    )  # fmt: skip


def test_nothing_is_told_of_a_home_in_which_nothing_has_happened(
    con: duckdb.DuckDBPyConnection, journal: Journal
) -> None:
    assert found(con, journal) == []


def test_a_held_manifest_is_told_by_its_id_and_no_longer_once_it_was_decided(
    con: duckdb.DuckDBPyConnection, journal: Journal
) -> None:
    held = manifest("disable")
    journal.register(held, Path("folder"))
    [alert] = found(con, journal)
    assert (alert.kind, alert.facts["Operations"]) == (AlertKind.GUARD_HELD, "7")
    journal.reject(held.manifest_id, by="somebody", why=None)
    assert found(con, journal) == []


def test_an_approval_that_expires_within_the_hour_is_told(con: duckdb.DuckDBPyConnection, journal: Journal) -> None:
    held = manifest("disable")
    journal.register(held, Path("folder"))
    journal.approve(held.manifest_id, by="somebody", why=None, until=NOW + 2 * HOUR)
    assert kinds(con, journal) == []
    journal.approve(held.manifest_id, by="somebody", why=None, until=NOW + HOUR / 2)
    assert kinds(con, journal) == [AlertKind.APPROVAL_EXPIRES]


def test_a_bad_canary_is_told(con: duckdb.DuckDBPyConnection, journal: Journal) -> None:
    ready = manifest()
    journal.register(ready, Path("folder"))
    Gates(journal, TARGET).fail(ready.manifest_id, "1 of 5", NOW)
    assert kinds(con, journal) == [AlertKind.CANARY_FAILED]


def test_failures_are_told_above_the_share_and_the_number_of_the_profile(
    con: duckdb.DuckDBPyConnection, journal: Journal
) -> None:
    delivered(con, 500)
    for number in range(5):
        failed(con, str(number))
    assert kinds(con, journal) == []  # one in a hundred, and no more
    failed(con, "5", code=None)
    [alert] = found(con, journal)
    assert alert.facts == {"Workers": "6 of 500", "Needs data": "6", "Codes": "Conflict 5, another code 1"}
    assert kinds(con, journal, profile_with("[alerts]\nfailures = { percent = 0, at_least = 7 }")) == []


def test_one_missing_operation_is_told(con: duckdb.DuckDBPyConnection, journal: Journal) -> None:
    failed(con, "1", "unresolved")
    assert kinds(con, journal) == []
    failed(con, "2", "missing")
    assert kinds(con, journal) == [AlertKind.MISSING]


@pytest.mark.parametrize(
    ("report", "kind"),
    [
        (JobReport(JobState.RUNNING), None),
        (JobReport(JobState.PAUSED), AlertKind.JOB_STOPPED),
        (JobReport(JobState.QUARANTINE, "TooManyDeletes"), AlertKind.JOB_STOPPED),
        (JobReport(JobState.SILENT, "2 requests", NOW), AlertKind.JOB_STOPPED),
        (job_health.NOT_READABLE, AlertKind.JOB_UNKNOWN),
        (JobReport(JobState.UNKNOWN, "the service answered 500"), None),
    ],
)
def test_a_job_that_does_not_run_is_told(
    con: duckdb.DuckDBPyConnection, journal: Journal, report: JobReport, kind: AlertKind | None
) -> None:
    job_health.remember(con, TARGET, report, NOW, None)
    assert kinds(con, journal) == ([kind] if kind else [])


def test_a_job_that_an_upload_found_standing_still_is_told(con: duckdb.DuckDBPyConnection, journal: Journal) -> None:
    Gates(journal, TARGET).pause(Pause("m", PauseKind.JOB, NOW + HOUR, "paused"))
    assert kinds(con, journal) == [AlertKind.JOB_STOPPED]
    job_health.remember(con, TARGET, JobReport(JobState.RUNNING), NOW + 2 * HOUR, None)  # the log was read since
    assert kinds(con, journal) == []


def test_a_quota_that_is_nearly_spent_is_told(con: duckdb.DuckDBPyConnection, journal: Journal) -> None:
    profile = profile_with("[delivery]\ndaily_quota = 20")
    pace = Pace(journal, tenant_of(SETTINGS), TARGET, clock=lambda: NOW, quota=20)
    for calls in range(20):
        assert kinds(con, journal, profile) == ([AlertKind.QUOTA] if calls > 18 else []), calls
        assert isinstance(pace.claim(), int)


def test_a_source_that_delivers_nothing_for_too_long_is_told_by_its_name(
    con: duckdb.DuckDBPyConnection, journal: Journal
) -> None:
    [source] = [s.name for s in profile_with().sources]
    extract(con, source, NOW - 71 * HOUR)
    assert kinds(con, journal) == []
    assert kinds(con, journal, profile_with("[alerts]\nstale_after_hours = 24")) == [AlertKind.STALE_EXTRACT]
    text = f"[alerts]\nstale_after_hours = 24\nstale_after_hours_by_source = {{ {source} = 80 }}"
    assert kinds(con, journal, profile_with(text)) == []
    con.execute("update extracts set landed_at = ?", [NOW - 73 * HOUR])
    [alert] = found(con, journal)
    assert alert.facts == {"Source": source, "Last one": "2026-11-20 08:00Z", "Allowed": "72 hours"}
    con.execute("insert into quiet_deliveries values (1, date '2026-11-22', 'again.csv', ?)", [NOW - HOUR])
    assert kinds(con, journal) == []  # the same file without records, once more: it has delivered


def test_a_stopped_business_date_is_told(con: duckdb.DuckDBPyConnection, journal: Journal) -> None:
    con.execute("insert into days by name select date '2026-11-20' as business_date, '' as state, 'one' as contract, 1 as extracts,"
                " 40 as rows, 0 as collapsed, 0 as passed_over, 30 as quarantined, 1 as workers, 0 as absent, 0 as"
                " manager_warnings, 0 as identities_given, 'stopped' as status, now() as finished_at,"
                " now() as judged_at")  # fmt: skip
    [alert] = found(con, journal)
    assert (alert.kind, alert.facts["Rows in quarantine"]) == (AlertKind.DAY_STOPPED, "30 of 40")


CANARY = st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=4, max_size=20).map(lambda text: f"Zq{text}Xj")


@settings(max_examples=8, deadline=None)
@given(CANARY, st.sampled_from(["failed", "missing", "skipped"]))
def test_nothing_that_a_file_or_the_service_says_reaches_a_message(
    tables: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory, canary: str, state: str
) -> None:
    """One text in every place of the warehouse and the journal that outsiders fill."""
    tables.begin()
    try:
        with Journal(tmp_path_factory.mktemp("journal") / "delivery.sqlite", clock=lambda: NOW) as journal:
            delivered(tables, 10)
            for number in range(10):
                failed(tables, f"{canary}{number}", state, canary)
            [source] = [s.name for s in profile_with().sources]
            extract(tables, source, NOW - 100 * HOUR, f"{canary}.csv")
            job_health.remember(tables, TARGET, JobReport(JobState.PAUSED), NOW, None)
            held = manifest("disable")
            journal.register(held, Path(canary))
            journal.approve(held.manifest_id, by=canary, why=canary, until=NOW)
            Gates(journal, TARGET).fail(held.manifest_id, canary, NOW)
            Gates(journal, TARGET).pause(Pause(held.manifest_id, PauseKind.JOB, NOW + HOUR, canary))
            alerts = found(tables, journal)
    finally:
        tables.rollback()
    assert len(alerts) >= 3
    for alert in alerts:
        message = message_of(Due(1, "webhook", Phase.OPENED, alert, NOW), profile_with())
        written = orjson.dumps([message.as_json(), message.as_card()]).decode() + message.as_text() + message.title
        assert canary not in written
        assert Alert.from_dict(orjson.loads(orjson.dumps(alert.as_dict()))) == alert
