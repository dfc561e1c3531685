"""Reading the provisioning log until every accepted operation has an outcome, or is called missing.

A reading begins `outcomes.overlap_minutes` before the last one did, for the log lags and entries appear late and out of
order: so it neither reads the whole history again nor misses anybody. Before an operation is called missing the log is read
once more from its acceptance on, whatever the overlap.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from hcm_pipeline.delivery.outcomes import matching
from hcm_pipeline.delivery.state import journal_sync
from hcm_pipeline.delivery.state.journal import Journal
from hcm_pipeline.entra import GraphClient, LogEntry, Patience
from hcm_pipeline.entra.timing import Clock, utc_now
from hcm_pipeline.errors import ServiceError
from hcm_pipeline.profile import Outcomes
from hcm_pipeline.settings import Target
from hcm_pipeline.targets.entra import job_health
from hcm_pipeline.targets.entra.job_health import JobReport
from hcm_pipeline.warehouse import Warehouse, first

BATCH = 20_000
"""Entries taken into the warehouse at once; more are never in memory."""

JOB_INTERVAL = dt.timedelta(minutes=5)
"""How often a job that does not run is asked whether it does."""


@dataclass(frozen=True)
class OutcomeReport:
    """What one reading of the log brought: operations settled now, those still without an outcome, those called missing."""

    settled: int
    waiting: int
    taken_over: int
    missing: int = 0
    job: JobReport | None = None


def read_outcomes(
    warehouse: Warehouse,
    target: Target,
    rules: Outcomes,
    *,
    wait_seconds: float = 0.0,
    interval: float = 10.0,
    patience: Patience | None = None,
    progress: Callable[[int, int], None] = lambda settled, waiting: None,
    clock: Callable[[], float] = time.monotonic,
    now: Clock = utc_now,
    sleep: Callable[[float], None] = time.sleep,
) -> OutcomeReport:
    """Take over what was accepted, and read the log until nothing waits or `wait_seconds` are over; at least once.

    The warehouse is held for the short transactions only, never while the service is asked. Raises SignInFailed,
    ServiceRefused and ServiceUnavailable; what was read until then is kept, and the same call goes on from there.
    """
    started, settled, missing, taken = clock(), 0, 0, take_over(warehouse)
    with warehouse.write() as con:
        begin, waiting = _begin(con, target.key, rules, now()), 0
    if begin is None:
        return OutcomeReport(0, 0, taken)
    reading = None
    try:
        with GraphClient(target, patience=patience, clock=now) as client:
            while True:
                job = job_health.read_job(client)
                reading = _Reading(warehouse, target.key, rules, begin)
                for page in client.provisioning_log(begin):
                    reading.take(page.entries, page.service_time)
                service_now = reading.end(job)
                settled, missing = settled + reading.settled, missing + reading.missing
                with warehouse.write() as con:
                    waiting, _ = matching.waiting_since(con, target.key)
                    begin = _begin(con, target.key, rules, service_now) or begin
                progress(settled, waiting)
                if reading.unjudged:
                    continue  # at once, from the acceptance of who may be missing
                if not waiting or clock() - started >= wait_seconds:
                    break
                sleep(min(interval, max(0.0, wait_seconds - (clock() - started))))
    finally:
        warehouse.publish()
    return OutcomeReport(settled, waiting, taken, missing, reading.job)


def take_over(warehouse: Warehouse) -> int:
    """Bring the warehouse up to the journal, and publish it; how many acceptances were new."""
    if not warehouse.home.journal.is_file():
        return 0
    with warehouse.write() as con, Journal(warehouse.home.journal) as journal:
        con.begin()
        taken = journal_sync.take_over(con, journal)
        con.commit()
    warehouse.publish()
    return taken


def why_read(con: duckdb.DuckDBPyConnection, target: str, rules: Outcomes, now: dt.datetime) -> str | None:
    """What another reading of the log could tell; None: nothing."""
    waiting, _ = matching.waiting_since(con, target)
    if waiting:
        return f"{waiting} accepted operations have no outcome"
    read = first(con, "select read_until from log_reads where target = ?", [target])
    before = job_health.remembered(con, target)
    if before and before.report.stops(now) and now - before.checked_at >= JOB_INTERVAL:
        return before.report.describe()
    if read is None:
        return None
    settled_at = dt.timedelta(minutes=rules.overlap_minutes)
    last = first(
        con,
        "select max(accepted_at) from accepted_requests join manifests using (plan_no) where target = ?",
        [target],
    )
    if last and last[0] and read[0] < last[0] + settled_at <= now:
        return "late entries may have come"
    due = first(
        con,
        "select count(*) from failures where target = ? and next_try_at > ? and next_try_at <= ?",
        [target, read[0], now],
    )
    return "the service may have retried by itself" if due and due[0] else None


def _begin(con: duckdb.DuckDBPyConnection, target: str, rules: Outcomes, now: dt.datetime) -> dt.datetime | None:
    """Where the next reading begins; None when nothing was ever accepted.

    The overlap before the last whole reading, but for those who are about to be called missing: from their acceptance on.
    """
    row = first(con, "select read_until from log_reads where target = ?", [target])
    if row is None:
        _, oldest = matching.waiting_since(con, target)
        return oldest - matching.SKEW if oldest else None
    begin: dt.datetime = row[0] - dt.timedelta(minutes=rules.overlap_minutes)
    before = job_health.remembered(con, target)
    overdue = matching.overdue_since(con, target, now, rules, before.resumed_at if before else None)
    return min(begin, overdue - matching.SKEW) if overdue else begin


class _Reading:
    """One reading of the log, from `begin` on, into the warehouse in batches."""

    def __init__(self, warehouse: Warehouse, target: str, rules: Outcomes, begin: dt.datetime) -> None:
        self.settled = 0
        self.missing = 0
        self.unjudged = False
        """Somebody may be missing, but the reading began too late to say so."""
        self.job: JobReport | None = None
        self._warehouse = warehouse
        self._target = target
        self._rules = rules
        self._begin = begin
        self._batch: list[LogEntry] = []
        self._began_at: dt.datetime | None = None
        self._newest: dt.datetime | None = None

    def take(self, entries: tuple[LogEntry, ...], service_time: dt.datetime) -> None:
        """Keep a page; `service_time` of the first one is when the reading began."""
        self._began_at = self._began_at or service_time
        own = [entry for entry in entries if matching.of_job(entry, self._target)]
        self._batch.extend(own)
        self._newest = max([e.activity_time for e in own] + ([self._newest] if self._newest else []), default=None)
        if len(self._batch) >= BATCH:
            with self._transaction() as con:
                self._settle(con)

    def end(self, job: JobReport) -> dt.datetime:
        """Settle the rest, note how far the log was read, and call missing what it should know of by now.

        Returns the service's clock when the reading began.
        """
        began_at = self._began_at
        if began_at is None:
            raise ServiceError("the provisioning log answered without a page")
        with self._transaction() as con:
            self._settle(con)
            con.execute(
                """insert or replace into log_reads select $target, $began,
                greatest($newest::timestamptz, (select last_entry_at from log_reads where target = $target))""",
                {"target": self._target, "began": began_at, "newest": self._newest},
            )
            matching.forget_old(con, self._target, began_at)
            resumed_at = job_health.resumed_at(job_health.remembered(con, self._target), job, began_at)
            if job.state not in job_health.STOPPED:
                overdue = matching.overdue_since(con, self._target, began_at, self._rules, resumed_at)
                self.unjudged = overdue is not None and overdue - matching.SKEW < self._begin
                if overdue is not None and not self.unjudged:
                    self.missing = matching.give_up(con, self._target, began_at, self._rules, resumed_at)
            self.job = job_health.evidence(con, self._target, job, self._rules)
            job_health.remember(con, self._target, self.job, began_at, resumed_at)
        return began_at

    def _settle(self, con: duckdb.DuckDBPyConnection) -> None:
        self.settled += matching.record_entries(con, self._target, self._batch, self._rules)
        self._batch.clear()

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A fault closes the connection, which takes back what was not committed."""
        with self._warehouse.write() as con:
            con.begin()
            yield con
            con.commit()
