"""Readings of outcomes: where each begins, what it may call missing, and how much of it is in memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hcm_pipeline.delivery import (
    Answer,
    Health,
    HealthState,
    NullFlows,
    OutcomeEntry,
    OutcomePage,
    OutcomeReport,
    OutcomeRules,
    read_outcomes,
    why_read,
)
from hcm_pipeline.delivery.outcomes import log_reading
from hcm_pipeline.home import Home
from hcm_pipeline.http import Clock, Patience
from hcm_pipeline.targets.entra.service import EntraJob
from hcm_pipeline.warehouse import Warehouse

from .conftest import StoppedTime
from .tables import RULES, T0, TARGET, Service, entry_at

HOUR = 3600.0


class Log(EntraJob):
    """A target of which the log is a list: an entry shows `lag` seconds after it happened, in pages of seven."""

    def __init__(self, time: StoppedTime) -> None:
        super().__init__(TARGET, "tenant")
        self.time = time
        self.entries: list[OutcomeEntry] = []
        self.lag = 0.0
        self.state = HealthState.RUNNING
        self.begins: list[dt.datetime] = []
        self.unreadable = 0

    @contextmanager
    def connect(self, patience: Patience, clock: Clock) -> Iterator[LogService]:
        del patience, clock
        yield LogService(self)


@dataclass
class LogService:
    """A connection to it, for reading."""

    log: Log

    def prepare(self) -> None:
        """Nothing is sent."""

    def post(self, number: int, body: bytes) -> Answer:
        raise AssertionError(f"request {number} of {len(body)} bytes was sent")

    def health(self) -> Health:
        return Health(self.log.state)

    def null_flows(self, columns: Collection[str]) -> NullFlows | None:
        return None

    def outcomes(self, since: dt.datetime) -> Iterator[OutcomePage]:
        self.log.begins.append(since)
        shown = self.log.time.now - dt.timedelta(seconds=self.log.lag)
        found = [entry for entry in self.log.entries if since <= entry.at <= shown]
        for start in range(0, max(1, len(found)), 7):
            yield OutcomePage(
                tuple(found[start : start + 7]), self.log.time.now, self.log.unreadable if not start else 0
            )


@dataclass
class Reader:
    """A home whose warehouse knows of acceptances, and a log."""

    home: Home
    time: StoppedTime = field(default_factory=lambda: StoppedTime(T0))
    plans: int = 0

    def __post_init__(self) -> None:
        self.log = Log(self.time)

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.home)

    def accept(self, *numbers: str) -> None:
        """Operations for these workers are accepted now."""
        with self.warehouse.write() as con:
            service = Service(con, self.plans)
            for number in numbers:
                service.accept((self.time.now - T0).total_seconds(), number, kind="create")
            self.plans = service.plans

    def happens(self, *numbers: str) -> None:
        """The service works these workers off now."""
        at = (self.time.now - T0).total_seconds()
        self.log.entries += [entry_at(at, f"{number}-{at}", number) for number in numbers]

    def read(self) -> OutcomeReport:
        return read_outcomes(self.warehouse, self.log, RULES, now=self.time.clock)

    def why(self) -> str | None:
        rules: OutcomeRules = self.log
        with self.warehouse.write() as con:
            return why_read(con, rules, RULES, self.time.now)


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(Home(tmp_path / "home").create())


def test_entries_that_lag_are_found_by_a_reading_that_begins_an_overlap_before_the_last_one(reader: Reader) -> None:
    reader.log.lag = 600.0
    reader.accept("1001", "1002")
    reader.time.sleep(60)
    reader.happens("1001", "1002")
    report = reader.read()
    assert (report.settled, report.waiting, reader.why()) == (0, 2, "2 accepted operations have no outcome")
    last = reader.time.now
    reader.time.sleep(600)
    assert reader.read().settled == 2
    assert reader.log.begins[-1] == last - dt.timedelta(minutes=RULES.overlap_minutes)
    assert reader.why() is None
    reader.time.sleep(HOUR)
    assert reader.why() == "late entries may have come"  # once more, when the lag is over
    reader.read()
    assert reader.why() is None


def test_an_entry_that_cannot_be_read_is_told_and_settles_nobody_and_the_others_are_settled(reader: Reader) -> None:
    reader.accept("1001", "1002")
    reader.time.sleep(60)
    reader.happens("1001")
    reader.log.unreadable = 1
    report = reader.read()
    assert (report.settled, report.waiting, report.unreadable) == (1, 1, 1)


def test_a_reading_never_goes_through_the_history_again(reader: Reader) -> None:
    reader.accept("1001")
    reader.happens("1001")
    reader.read()
    before = reader.time.now
    reader.time.sleep(30 * HOUR)
    reader.accept("1002")
    reader.happens("1002")
    assert reader.read().settled == 1
    assert reader.log.begins[-1] == before - dt.timedelta(minutes=RULES.overlap_minutes)


def test_before_anybody_is_missing_the_log_is_read_once_more_from_the_acceptance_on(reader: Reader) -> None:
    reader.accept("1001")
    accepted = reader.time.now
    reader.read()
    reader.time.sleep(5 * HOUR)
    reader.read()
    reader.time.sleep(1)
    assert reader.read().missing == 0  # that is known already
    assert min(reader.log.begins[1:]) < accepted
    with reader.warehouse.write() as con:
        assert con.execute("select count(*) from missing_operations").fetchall() == [(1,)]


def test_while_the_service_is_paused_nobody_is_missing_and_when_it_runs_again_all_is_settled(reader: Reader) -> None:
    reader.accept("1001")
    reader.log.state = HealthState.PAUSED
    reader.time.sleep(8 * HOUR)
    report = reader.read()
    assert (report.missing, report.waiting, report.health) == (0, 1, Health(HealthState.PAUSED))
    reader.log.state = HealthState.RUNNING
    report = reader.read()
    assert (report.missing, report.waiting) == (0, 1)  # it runs again only now
    reader.time.sleep(120)
    reader.happens("1001")
    assert reader.read().settled == 1


def test_a_service_that_stands_still_is_looked_at_again_every_few_minutes(reader: Reader) -> None:
    reader.accept("1001")
    reader.happens("1001")
    reader.log.state = HealthState.PAUSED
    reader.read()
    assert reader.why() is None
    reader.time.sleep(301)
    assert "the synchronization job is paused" in (reader.why() or "")


def test_a_log_of_many_pages_is_taken_in_batches(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_reading, "BATCH", 10)
    numbers = [str(2000 + i) for i in range(45)]
    reader.accept(*numbers)
    reader.happens(*numbers)
    assert reader.read().settled == 45
    with reader.warehouse.write() as con:
        assert con.execute("select distinct state from receipts").fetchall() == [("succeeded",)]
