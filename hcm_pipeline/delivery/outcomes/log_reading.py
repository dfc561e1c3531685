"""Reading outcomes until every accepted operation has one, or is called missing.

A reading begins `outcomes.overlap_minutes` before the last one did, for a log lags and entries appear late and out of
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

from hcm_pipeline.delivery import clearing
from hcm_pipeline.delivery.outcomes import health as healths
from hcm_pipeline.delivery.outcomes import matching
from hcm_pipeline.delivery.service import (
    Health,
    LiveTarget,
    NullFlows,
    OutcomeEntry,
    OutcomePage,
    OutcomeRules,
    Service,
)
from hcm_pipeline.delivery.state import DeliveryState, Journal
from hcm_pipeline.delivery.state.journal_sync import sync
from hcm_pipeline.errors import ServiceError
from hcm_pipeline.http import Clock, Patience, looks, utc_now
from hcm_pipeline.profile import Outcomes
from hcm_pipeline.warehouse import Warehouse, first, scratch, transaction

BATCH = 20_000
"""Entries taken into the warehouse at once; more are never in memory."""

HEALTH_INTERVAL = dt.timedelta(minutes=5)
"""How often a service that does not run is asked whether it does."""


@dataclass(frozen=True)
class OutcomeReport:
    """The yield of one reading: operations settled now, those still without an outcome, those called missing.

    `flows_unread`: why nobody could be asked which nulls flow, when that is news. `unreadable`: entries that could not be read; the
    operations that they are about wait, until they are called missing.
    """

    settled: int
    waiting: int
    missing: int = 0
    health: Health | None = None
    flows_unread: str | None = None
    unreadable: int = 0


def read_outcomes(
    warehouse: Warehouse,
    target: LiveTarget,
    rules: Outcomes,
    *,
    wait_seconds: float = 0.0,
    interval: float = 10.0,
    patience: Patience | None = None,
    progress: Callable[[int, int], None] = lambda *_: None,
    now: Clock = utc_now,
) -> OutcomeReport:
    """Bring the warehouse up to the journal, and read the outcomes until nothing waits or `wait_seconds` are over; at least once.
    Between two readings lie at most `interval` seconds.

    The warehouse is held for the short transactions only, never while the service is asked. Raises SignInFailed,
    ServiceRefused and ServiceUnavailable; what was read until then is kept, and the same call goes on from there.
    """
    patience = patience or Patience()
    started, settled, missing, waits = time.monotonic(), 0, 0, looks(interval)
    with warehouse.kept_open() as kept:
        sync_warehouse(kept, target, rules)
        with kept.write() as con:
            begin, waiting = _begin(con, target.key, rules, now()), 0
            attributes = clearing.attributes_of(con, target.key) if _has_delivered(con, target.key) else []
    if begin is None:
        return _without_a_log(warehouse, target, attributes, patience, now)
    reading = None
    try:
        with target.connect(patience, now) as service:
            unread = _ask_flows(warehouse, target.key, service, attributes)
            while True:
                health = service.health()
                reading = _Reading(warehouse, target, rules, begin)
                for page in service.outcomes(begin):
                    reading.take(page)
                with warehouse.kept_open() as kept:
                    service_now = reading.end(kept, health)
                    with kept.write() as con:
                        waiting, _ = matching.waiting_since(con, target.key)
                        begin = _begin(con, target.key, rules, service_now) or begin
                settled, missing = settled + reading.settled, missing + reading.missing
                progress(settled, waiting)
                if reading.unjudged:
                    continue  # at once, from the acceptance of those who may be missing
                if not waiting or time.monotonic() - started >= wait_seconds:
                    break
                patience.sleep(min(next(waits), max(0.0, wait_seconds - (time.monotonic() - started))))
    finally:
        warehouse.publish()
    return OutcomeReport(settled, waiting, missing, reading.health, unread, reading.unreadable)


def _without_a_log(
    warehouse: Warehouse, target: LiveTarget, attributes: list[str], patience: Patience, now: Clock
) -> OutcomeReport:
    """Nothing waits for an entry of a log: answers told it all, or nothing was accepted yet."""
    if not attributes:
        return OutcomeReport(0, 0)
    with target.connect(patience, now) as service:
        unread = _ask_flows(warehouse, target.key, service, attributes)
    warehouse.publish()
    return OutcomeReport(0, 0, flows_unread=unread)


def _has_delivered(con: duckdb.DuckDBPyConnection, target: str) -> bool:
    return first(con, "select 1 from delivered where target = ? limit 1", [target]) is not None


def _ask_flows(warehouse: Warehouse, target: str, service: Service, attributes: list[str]) -> str | None:
    """Ask which nulls flow; why nobody could be asked, when that is news."""
    told = service.null_flows(attributes) if attributes else None
    return keep_null_flows(warehouse, target, told) if told is not None else None


def keep_null_flows(warehouse: Warehouse, target: str, told: NullFlows) -> str | None:
    """Keep a service's word on its nulls, and close the clearings that it settles; why it could not be asked, when that is news."""
    with warehouse.write() as con, transaction(con):
        with scratch(con) as t:
            news = clearing.note_flows(t, target, told)
        clearing.settle(con, target)
    return told.why_not if news else None


def sync_warehouse(warehouse: Warehouse, target: OutcomeRules, rules: Outcomes) -> int:
    """Bring the warehouse up to the journal, and publish it; how many acceptances were new.

    An answer that tells of its operations at once settles them.
    """
    if not warehouse.home.journal.is_file():
        return 0
    with warehouse.write() as con, Journal(warehouse.home.journal) as journal, transaction(con):
        with scratch(con) as t:
            synced = sync(t, journal)
        _record_answered(con, journal, target, rules)
        clearing.settle(con, target.key)
    warehouse.publish()
    return synced


def _record_answered(
    con: duckdb.DuckDBPyConnection, journal: DeliveryState, target: OutcomeRules, rules: Outcomes
) -> None:
    """Settle operations by what their acceptances said at once, once each."""
    key = f"answered_seq {target.key}"
    row = first(con, "select value from meta where key = ?", [key])
    answered, newest = journal.answered_outcomes_after(int(row[0]) if row else 0, target.key), journal.last_acceptance()
    if answered:
        matching.record_entries(con, target, answered, rules)
        con.execute("insert or replace into meta values (?, ?)", [key, str(newest)])


def why_read(con: duckdb.DuckDBPyConnection, of_target: OutcomeRules, rules: Outcomes, now: dt.datetime) -> str | None:
    """The reason for another reading of the outcomes; None: there is none."""
    target = of_target.key
    waiting, _ = matching.waiting_since(con, target)
    if waiting:
        return f"{waiting} accepted operations have no outcome"
    read = first(con, "select read_until from log_reads where target = ?", [target])
    before = healths.remembered(con, target)
    if before and before.health.stops(now) and now - before.checked_at >= HEALTH_INTERVAL:
        return of_target.describe_health(before.health)
    if read is None:
        return clearing.ask_again(con, target, now)
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
    if due and due[0]:
        return "the service may have retried by itself"
    return clearing.ask_again(con, target, now)


def _begin(con: duckdb.DuckDBPyConnection, target: str, rules: Outcomes, now: dt.datetime) -> dt.datetime | None:
    """Where the next reading begins; None when nothing was ever accepted.

    The overlap before the last whole reading, but for those who are about to be called missing: from their acceptance on.
    """
    row = first(con, "select read_until from log_reads where target = ?", [target])
    if row is None:
        _, oldest = matching.waiting_since(con, target)
        return oldest - matching.SKEW if oldest else None
    begin: dt.datetime = row[0] - dt.timedelta(minutes=rules.overlap_minutes)
    before = healths.remembered(con, target)
    overdue = matching.overdue_since(con, target, now, rules, before.resumed_at if before else None)
    return min(begin, overdue - matching.SKEW) if overdue else begin


class _Reading:
    """One reading of the log, from `begin` on, into the warehouse in batches."""

    def __init__(self, warehouse: Warehouse, target: LiveTarget, rules: Outcomes, begin: dt.datetime) -> None:
        self.settled = 0
        self.missing = 0
        self.unreadable = 0
        self.unjudged = False
        """Somebody may be missing, but the reading began too late to say so."""
        self.health: Health | None = None
        self._warehouse = warehouse
        self._target = target
        self._rules = rules
        self._begin = begin
        self._batch: list[OutcomeEntry] = []
        self._began_at: dt.datetime | None = None
        self._newest: dt.datetime | None = None

    def take(self, page: OutcomePage) -> None:
        """Keep a page; `service_time` of the first one is when the reading began."""
        self._began_at = self._began_at or page.service_time
        self._batch.extend(page.entries)
        self.unreadable += page.unreadable
        self._newest = max([e.at for e in page.entries] + ([self._newest] if self._newest else []), default=None)
        if len(self._batch) >= BATCH:
            with _writing(self._warehouse) as con:
                self._settle(con)

    def end(self, warehouse: Warehouse, health: Health) -> dt.datetime:
        """Settle the rest, note how far the outcomes were read, and call missing what they should speak of by now.

        Returns the service's clock when the reading began.
        """
        began_at, key = self._began_at, self._target.key
        if began_at is None:
            raise ServiceError("the service answered without a page of outcomes")
        with _writing(warehouse) as con:
            self._settle(con)
            con.execute(
                """insert or replace into log_reads select $target, $began,
                greatest($newest::timestamptz, (select last_entry_at from log_reads where target = $target))""",
                {"target": key, "began": began_at, "newest": self._newest},
            )
            matching.forget_old(con, key, began_at)
            resumed_at = healths.resumed_at(healths.remembered(con, key), health, began_at)
            if not health.stopped:
                self._give_up(con, began_at, resumed_at)
            self.health = healths.with_silence(con, key, health, self._rules)
            healths.remember(con, key, self.health, began_at, resumed_at)
            clearing.settle(con, key)
        return began_at

    def _give_up(self, con: duckdb.DuckDBPyConnection, began_at: dt.datetime, resumed_at: dt.datetime | None) -> None:
        overdue = matching.overdue_since(con, self._target.key, began_at, self._rules, resumed_at)
        self.unjudged = overdue is not None and overdue - matching.SKEW < self._begin
        if overdue is not None and not self.unjudged:
            self.missing = matching.give_up(con, self._target, began_at, self._rules, resumed_at)

    def _settle(self, con: duckdb.DuckDBPyConnection) -> None:
        self.settled += matching.record_entries(con, self._target, self._batch, self._rules)
        self._batch.clear()


@contextmanager
def _writing(warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """One transaction. A fault takes back what was not committed."""
    with warehouse.write() as con, transaction(con):
        yield con
