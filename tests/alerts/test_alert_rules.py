"""Conditions that people are told of: each when it holds, and nothing personal whatever the warehouse holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.alerts import (
    Alert,
    AlertKind,
    Due,
    FailedWork,
    Observations,
    Phase,
    Severity,
    alert_rules,
    failed_runs,
    find_alerts,
    message_of,
)
from hcm_pipeline.delivery import Health, HealthState, Journal, Pace, Pause, PauseKind, Remembered
from hcm_pipeline.delivery.manifest import Manifest
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.home import Home
from hcm_pipeline.profile import Profile
from hcm_pipeline.settings import Settings
from hcm_pipeline.targets.entra import job_health
from hcm_pipeline.targets.entra.connection import known_target, target_key
from hcm_pipeline.warehouse import memory, scratch
from tests.budget import examples

from ..delivery.tables import empty_tables

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
SETTINGS = Settings(Home(Path("nowhere")), "oracle-hcm", None)
TARGET = target_key(SETTINGS)
HOUR = dt.timedelta(hours=1)
RULES = {"held", "expiring", "canaries", "history", "unsure", "stopped_day", "exits", "failures", "missing", "job", "stale_values",
         "target_refuses", "quota", "stale", "unprocessed"}  # fmt: skip
"""The functions of conditions; a new one fails the test that counts the kinds of alerts."""


ELSEWHERE = {
    AlertKind.UNKNOWN, AlertKind.TEST, AlertKind.RUN_FAILED, AlertKind.FEEDS_BEHIND, AlertKind.MISSED_EVENTS,
    AlertKind.PLACE_FAILING, AlertKind.WRITTEN_OVER,
}  # fmt: skip
"""Kinds that are no condition of the warehouse and the journal."""


@cache
def profile_with(text: str = "") -> Profile:
    """The built-in profile with something added."""
    own = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text(encoding="utf-8")
    return parse_profile(f"{own}\n{text}", "test").profile


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal in which nothing was ever planned."""
    with Journal(tmp_path / "delivery.sqlite", clock=lambda: NOW) as made:
        yield made


DAYS = {"business_date": "date", "status": "varchar", "quarantined": "bigint", "rows": "bigint"}
EXTRACTS = {
    "extract_id": "integer",
    "source": "varchar",
    "landed_at": "timestamptz",
    "status": "varchar",
    "business_date": "date",
    "sha256": "varchar",
    "reason": "varchar",
}
VERDICTS = {"kind": "varchar", "rule": "varchar", "subject": "varchar", "tripped": "boolean", "figures": "varchar"}
EXITS = {"reason": "varchar", "target": "varchar", "manifest_id": "varchar", "person_number": "varchar"}
DELIVERED = {"target": "varchar", "person_number": "varchar"}
STALE = {
    "target": "varchar", "person_number": "varchar", "attribute": "varchar", "cleared_at": "timestamptz", "clearable": "boolean",
}  # fmt: skip
UNSURE = {"target": "varchar", "person_number": "varchar", "since": "timestamptz", "newest": "timestamptz"}
REFUSED = dict.fromkeys(("target", "person_number", "attribute", "rule", "meanwhile"), "varchar")
FAILURES = {"target": "varchar", "state": "varchar", "error_code": "varchar", "failure_class": "varchar"}


@dataclass
class World:
    """Everything that conditions look at, as a few rows."""

    journal: Journal
    profile: Profile = field(default_factory=profile_with)
    days: list[tuple[object, ...]] = field(default_factory=list)
    extracts: list[tuple[object, ...]] = field(default_factory=list)
    delivered: int = 0
    failures: list[tuple[object, ...]] = field(default_factory=list)
    verdicts: list[tuple[object, ...]] = field(default_factory=list)
    stale: list[tuple[object, ...]] = field(default_factory=list)
    unsure: list[tuple[object, ...]] = field(default_factory=list)
    exits: list[tuple[object, ...]] = field(default_factory=list)
    refused: list[tuple[object, ...]] = field(default_factory=list)
    health: Remembered | None = None

    def found(self, unforeseen: Callable[[Exception], object] | None = None) -> list[Alert]:
        with memory() as con, scratch(con) as t:
            observed = Observations(
                days=t.of_rows("days", DAYS, self.days),
                extracts=t.of_rows(
                    "extracts",
                    EXTRACTS,
                    [(*row, *("applied", NOW.date(), None, None)[len(row) - 3 :]) for row in self.extracts],
                ),
                verdicts=t.of_rows("verdicts", VERDICTS, self.verdicts),
                delivered=t.of_rows("delivered", DELIVERED, [(TARGET, str(n)) for n in range(self.delivered)]),
                failures=t.of_rows("failures", FAILURES, self.failures),
                stale_values=t.of_rows("stale", STALE, self.stale),
                unsure_versions=t.of_rows("unsure", UNSURE, self.unsure),
                target_findings=t.of_rows("refused", REFUSED, self.refused),
                waiting_exits=t.of_rows("exits", EXITS, self.exits),
                health=self.health,
            )
            target = known_target(SETTINGS, self.profile.delivery)
            return find_alerts(con, observed, self.journal, target, self.profile, NOW, unforeseen)

    def kinds(self) -> list[AlertKind]:
        return [alert.kind for alert in self.found()]

    def fail(self, state: str = "failed", code: str | None = "Conflict") -> None:
        self.failures.append((TARGET, state, code, "needs data"))


@pytest.fixture
def world(journal: Journal) -> World:
    return World(journal)


def known(health: Health, at: dt.datetime = NOW) -> Remembered:
    """A health as it was last asked for."""
    return Remembered(health, at, at, None)


def manifest(held_for: str | None = None) -> Manifest:
    return Manifest.seal(
        business_date=NOW.date(), target=TARGET, profile="acme", previous=None, requests=1, operations=7, bulk_sha256="",
        bulk_bytes=0, counts={"disable": 7}, inputs={}, extracts=(), held_for=held_for,
    )  # fmt: skip


def test_nothing_is_told_of_a_home_in_which_nothing_has_happened(world: World) -> None:
    assert world.found() == []


def test_a_held_manifest_is_told_by_its_id_and_no_longer_once_it_was_decided(world: World) -> None:
    held = manifest("disable")
    world.journal.register(held, Path("folder"))
    figures = {"kind": "disable", "attribute": None, "cohort": "country", "value": "Ruritania", "operations": 7, "base": 20,
               "allowed": 1, "rule": "percent", "verdict": "tripped", "others_go_on": True, "bound": 5}  # fmt: skip
    world.verdicts = [("limit", "disable", "2026-11-23", True, orjson.dumps(figures).decode())]
    [alert] = world.found()
    assert (alert.kind, alert.facts["Operations"]) == (AlertKind.GUARD_HELD, "7")
    assert alert.facts["Decide"] == f"hcm-pipeline approve {held.manifest_id} 7"
    cause = "7 of 20 accounts in one country would be disabled (35 %); the limit is 5 %, here 1. Held."
    assert alert.text.startswith(cause)
    assert "Ruritania" not in repr(alert)
    world.journal.reject(held.manifest_id, by="somebody", why=None)
    assert world.found() == []


def test_exits_that_wait_are_told_by_their_reason_and_those_of_a_manifest_while_it_is_held(world: World) -> None:
    held = manifest("disable")
    world.journal.register(held, Path("folder"))
    world.exits = [
        ("held back", None, None, "1"), ("held back", None, None, None), ("stopped", None, None, "2"),
        ("held", TARGET, held.manifest_id, "3"), ("held", TARGET, "another", "4"), ("failed", "another", None, "5"),
        ("failed", TARGET, None, "6"), ("withheld", TARGET, None, "7"),
    ]  # fmt: skip
    [alert] = [one for one in world.found() if one.kind is AlertKind.EXITS_WAIT]
    assert alert.facts == {
        "Not delivered": "1", "The upload is held": "1", "Status or last day cannot be read": "2",
        "The business date has stopped": "1", "Rejected or undone": "1",
    }  # fmt: skip
    world.journal.reject(held.manifest_id, by="somebody", why=None)
    world.exits = world.exits[3:5]
    assert world.found() == []


def test_a_held_undo_says_that_a_person_asked_for_it(world: World) -> None:
    world.journal.register(manifest("undo"), Path("folder"))
    assert world.found()[0].text.startswith("A person asked to take back what was sent.")


def test_a_stopped_date_says_which_rules_stopped_it_and_none_of_their_words(world: World) -> None:
    day = NOW.date()
    world.days = [(day, "stopped", 3, 9)]
    world.extracts = [(1, "people", NOW, "applied", day, "a")]
    world.verdicts = [
        ("completeness", "fewer_rows", f"a@{day}@people", True, "{}"),
        ("quarantine", "quarantine_limit", day.isoformat(), True, "{}"),
        ("completeness", "gap", "a@2026-11-01@people", True, "{}"), ("directory", "a word of others", day.isoformat(), True, "{}"),
    ]  # fmt: skip
    [alert] = [one for one in world.found() if one.kind is AlertKind.DAY_STOPPED]
    assert alert.text.startswith(
        "A full extract holds far fewer rows than those before it; more rows break a rule than the profile allows. Nothing"
    )


def test_an_approval_that_expires_within_the_hour_is_told(world: World) -> None:
    held = manifest("disable")
    world.journal.register(held, Path("folder"))
    world.journal.approve(held.manifest_id, by="somebody", why=None, until=NOW + 2 * HOUR)
    assert world.kinds() == []
    world.journal.approve(held.manifest_id, by="somebody", why=None, until=NOW + HOUR / 2)
    assert world.kinds() == [AlertKind.APPROVAL_EXPIRES]


def test_a_target_that_knows_more_than_the_home_is_told_until_a_person_has_decided(world: World) -> None:
    world.journal.fence(TARGET).stop("the log tells of more", NOW)
    [alert] = world.found()
    assert (alert.kind, alert.facts) == (AlertKind.HISTORY_UNKNOWN, {"Since": "2026-11-23 09:00Z"})
    world.journal.fence(TARGET).passed(NOW)
    assert not world.found()


def test_a_bad_canary_is_told(world: World) -> None:
    ready = manifest()
    world.journal.register(ready, Path("folder"))
    world.journal.pauses(TARGET).fail(ready.manifest_id, "1 of 5 was not good (failure X: 1001)", NOW)
    [alert] = world.found()
    assert (alert.kind, alert.facts["Found"]) == (AlertKind.CANARY_FAILED, "1 of 5 was not good")


def test_failures_are_told_above_the_share_and_the_number_of_the_profile(world: World) -> None:
    world.delivered = 500
    for _ in range(5):
        world.fail()
    assert world.kinds() == []  # one in a hundred, and no more
    world.fail(code=None)
    [alert] = world.found()
    assert alert.facts == {"Workers": "6 of 500", "Needs data": "6", "Codes": "Conflict 5, another code 1"}
    world.profile = profile_with("[alerts]\nfailures = { percent = 0, at_least = 7 }")
    assert world.kinds() == []


def test_one_missing_operation_is_told(world: World) -> None:
    world.fail("unresolved")
    assert world.kinds() == []
    world.fail("missing")
    assert world.kinds() == [AlertKind.MISSING]


def test_failures_of_another_target_are_not_told(world: World) -> None:
    world.failures = [("another/job", "missing", None, "retry later")] * 10
    assert world.kinds() == []


@pytest.mark.parametrize(
    ("health", "kind"),
    [
        (Health(HealthState.RUNNING), None),
        (Health(HealthState.PAUSED), AlertKind.JOB_STOPPED),
        (Health(HealthState.QUARANTINE, "TooManyDeletes"), AlertKind.JOB_STOPPED),
        (Health(HealthState.SILENT, "2 requests", NOW), AlertKind.JOB_STOPPED),
        (job_health.NOT_READABLE, AlertKind.JOB_UNKNOWN),
        (Health(HealthState.UNKNOWN, "the service answered 500"), None),
    ],
)
def test_a_job_that_does_not_run_is_told(world: World, health: Health, kind: AlertKind | None) -> None:
    world.health = known(health)
    assert world.kinds() == ([kind] if kind else [])


def test_a_job_that_an_upload_found_standing_still_is_told(world: World) -> None:
    world.journal.pauses(TARGET).pause(Pause("m", PauseKind.JOB, NOW + HOUR, "paused"))
    assert world.kinds() == [AlertKind.JOB_STOPPED]
    world.health = known(Health(HealthState.RUNNING), NOW + 2 * HOUR)  # the log was read since
    assert world.kinds() == []


def test_values_that_stay_are_told_in_numbers_with_the_cause_and_no_person(world: World) -> None:
    manager, title = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "title"
    world.stale = [
        (TARGET, "700101", manager, NOW - 3 * HOUR, False), (TARGET, "700102", manager, NOW - HOUR, False),
        (TARGET, "700102", title, NOW, True), ("another", "700103", title, NOW, False),
    ]  # fmt: skip
    [alert] = world.found()
    assert (alert.kind, alert.severity) == (AlertKind.STALE_VALUES, Severity.WARNING)
    assert "does not flow nulls" in alert.text
    assert alert.facts == {
        "Accounts": "2", "Attributes": "manager 2, title 1", "Since": f"{NOW - 3 * HOUR:%Y-%m-%d %H:%M}Z",
        "Cleared by the next plan": "1",
    }  # fmt: skip
    assert "7001" not in repr(alert)
    world.stale = []
    assert world.kinds() == []


def test_that_nobody_knows_what_the_target_has_is_told_with_the_cause_and_no_person(world: World) -> None:
    world.unsure = [(TARGET, "700101", NOW - HOUR, NOW - 2 * HOUR), (TARGET, "700102", NOW - HOUR, NOW - 2 * HOUR)]
    world.unsure.append(("another", "700103", NOW, None))
    [alert] = world.found()
    assert (alert.kind, alert.severity, alert.page) == (AlertKind.UNSURE, Severity.WARNING, "docs/how-to/recover.md")
    assert "A person let this home go on" in alert.text
    assert [*alert.facts.values()] == [
        "2", f"{NOW - HOUR:%Y-%m-%d %H:%M}Z", f"{NOW - 2 * HOUR:%Y-%m-%d %H:%M}Z"
    ]  # fmt: skip
    assert "7001" not in repr(alert)
    world.unsure = []
    assert world.kinds() == []


def test_a_quota_that_is_nearly_spent_is_told(world: World) -> None:
    world.profile = profile_with("[delivery]\ndaily_quota = 20")
    target = known_target(SETTINGS, world.profile.delivery)
    pace = Pace(world.journal, target.tenant, TARGET, target.limits, clock=lambda: NOW)
    for calls in range(20):
        assert world.kinds() == ([AlertKind.QUOTA] if calls > 18 else []), calls
        assert isinstance(pace.claim(), int)


def test_a_source_that_delivers_nothing_for_too_long_is_told_by_its_name(world: World) -> None:
    [source] = [s.name for s in profile_with().sources]
    world.extracts = [(1, source, NOW - 71 * HOUR)]
    assert world.kinds() == []
    world.profile = profile_with("[alerts]\nstale_after_hours = 24")
    assert world.kinds() == [AlertKind.STALE_EXTRACT]
    own = f"[alerts]\nstale_after_hours = 24\nstale_after_hours_by_source = {{ {source} = 80 }}"
    world.profile = profile_with(own)
    assert world.kinds() == []
    world.profile, world.extracts = profile_with(), [(1, source, NOW - 73 * HOUR)]
    [alert] = world.found()
    assert alert.facts == {"Source": source, "Last one": "2026-11-20 08:00Z", "Allowed": "72 hours"}


def test_values_that_the_target_would_refuse_are_told_by_attribute_and_rule_and_louder_where_accounts_wait(
    world: World,
) -> None:
    department = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
    world.refused = [
        (TARGET, "1", department, "is too long", "last value stays"), (TARGET, "2", department, "is too long", "is not sent"),
        (TARGET, "2", "title", "is too long", "cut"), ("another/job", "3", "title", "is too long", "waits"),
    ]  # fmt: skip
    [alert] = world.found()
    assert (alert.kind, alert.severity) == (AlertKind.TARGET_REFUSES, Severity.WARNING)
    assert alert.facts == {"Values": "3", "Attributes": "department is too long 2, title is too long 1"}
    world.refused += [
        (TARGET, number, name, "is another worker's as well", "waits")
        for number in "45"
        for name in ("userName", "externalId")
    ]
    [alert] = world.found()
    assert (alert.severity, alert.facts["Accounts that wait"]) == (Severity.ERROR, "2")
    world.refused = []
    assert world.found() == []


def test_a_stopped_business_date_is_told_while_it_is_the_newest(world: World) -> None:
    world.days = [(dt.date(2026, 11, 20), "stopped", 30, 40)]
    [alert] = world.found()
    assert (alert.kind, alert.facts["Rows in quarantine"]) == (AlertKind.DAY_STOPPED, "30 of 40")
    world.days.append((dt.date(2026, 11, 21), "done", 0, 40))
    assert world.found() == []


def test_an_extract_that_was_taken_and_never_processed_is_told_after_an_hour(world: World) -> None:
    source, today = profile_with().sources[0].name, NOW.date()
    world.extracts = [(1, source, NOW - HOUR / 2, "landed", today), (2, source, NOW - 3 * HOUR, "applied", today)]
    assert world.found() == []
    world.extracts.append((3, source, NOW - 2 * HOUR, "landed", today + dt.timedelta(days=1)))
    assert world.found() == []  # it waits for its day
    world.extracts.append((4, source, NOW - 2 * HOUR, "landed", today))
    [alert] = world.found()
    assert (alert.kind, alert.facts["Business date"]) == (AlertKind.UNPROCESSED, today.isoformat())


def test_an_extract_that_could_not_be_read_is_told_until_another_comes(world: World) -> None:
    source, today = profile_with().sources[0].name, NOW.date()
    world.extracts = [
        (1, source, NOW - HOUR, "refused", today, "a", "refused by ann: cut off"),
        (2, source, NOW - HOUR, "refused", today, "b", "w.csv: a quote is never closed"),
    ]
    [alert] = world.found()
    assert (alert.kind, alert.facts["Source"]) == (AlertKind.UNPROCESSED, source)
    assert "quote" not in alert.text
    world.extracts.append((3, source, NOW, "applied", today))
    assert world.found() == []


def test_work_whose_run_failed_is_told_with_its_cause_and_once_more_when_it_is_given_up() -> None:
    failed = FailedWork("arrival:2026-11-23:x", NOW.date(), 2, NOW, "the disk is full.", NOW + HOUR)
    [first] = failed_runs([failed])
    [last] = failed_runs([replace(failed, tries=8, next_try_at=None)])
    assert (first.severity, last.severity, first.key == last.key) == ("warning", "error", False)
    assert first.text == "The cause: the disk is full."
    assert last.text.startswith("The cause: the disk is full. After mending it: `hcm-pipeline run --date 2026-11-23`")


def test_a_condition_that_fails_in_a_way_nobody_foresaw_is_told_and_the_others_are_looked_at(world: World) -> None:
    world.fail("missing")
    everything, met = len(AlertKind), []
    for rule in sorted(name for name in dir(alert_rules) if name.startswith("_") and name[1:] in RULES):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(alert_rules, rule, lambda *_: 1 // 0)
            found = world.found(lambda error: met.append(type(error)))
            [told] = [alert for alert in found if alert.kind is AlertKind.UNKNOWN]
            assert told.facts["Fault"] == "ZeroDivisionError"
            assert (AlertKind.MISSING in told.in_doubt) != (AlertKind.MISSING in [alert.kind for alert in found])
            assert Alert.from_dict(orjson.loads(orjson.dumps(told.as_dict()))) == told
            with pytest.raises(ZeroDivisionError):
                world.found()
            everything -= len(told.in_doubt)
    assert set(met) == {ZeroDivisionError}
    assert everything == len(ELSEWHERE)


def test_the_observations_of_a_warehouse_have_what_conditions_read(journal: Journal) -> None:
    with empty_tables() as con:
        observed = Observations.of(con, TARGET)
        target = known_target(SETTINGS, profile_with().delivery)
        assert find_alerts(con, observed, journal, target, profile_with(), NOW) == []
    assert set(DAYS) <= set(observed.days.columns)
    assert set(EXTRACTS) <= set(observed.extracts.columns)
    assert set(DELIVERED) <= set(observed.delivered.columns)
    assert set(FAILURES) <= set(observed.failures.columns)
    assert set(REFUSED) <= set(observed.target_findings.columns)


CANARY = st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=4, max_size=20).map(lambda text: f"Zq{text}Xj")


@settings(max_examples=examples(8), deadline=None)
@given(CANARY, st.sampled_from(["failed", "missing", "skipped"]))
def test_nothing_that_a_file_or_the_service_says_reaches_a_message(
    tmp_path_factory: pytest.TempPathFactory, canary: str, state: str
) -> None:
    """One text in every place of the warehouse and the journal that outsiders fill."""
    with Journal(tmp_path_factory.mktemp("journal") / "delivery.sqlite", clock=lambda: NOW) as journal:
        world = World(journal, delivered=10, health=known(Health(HealthState.PAUSED)))
        for _ in range(10):
            world.fail(state, canary)
        world.extracts = [(1, profile_with().sources[0].name, NOW - 100 * HOUR)]
        held = manifest("disable")
        journal.register(held, Path(canary))
        journal.approve(held.manifest_id, by=canary, why=canary, until=NOW)
        journal.pauses(TARGET).fail(held.manifest_id, canary, NOW)
        journal.pauses(TARGET).pause(Pause(held.manifest_id, PauseKind.JOB, NOW + HOUR, canary))
        alerts = world.found()
    assert len(alerts) >= 3
    for alert in alerts:
        message = message_of(Due(1, "webhook", Phase.OPENED, alert, NOW), profile_with())
        written = orjson.dumps([message.as_json(), message.as_card()]).decode() + message.as_text() + message.title
        assert canary not in written
        assert Alert.from_dict(orjson.loads(orjson.dumps(alert.as_dict()))) == alert
