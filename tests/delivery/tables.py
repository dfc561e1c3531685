"""The warehouse's tables of one target in memory, filled as if operations were accepted and the log was read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import duckdb

from hcm_pipeline.delivery import OutcomeEntry
from hcm_pipeline.delivery.outcomes import matching
from hcm_pipeline.profile import Outcomes
from hcm_pipeline.targets.entra.service import EntraJob
from tests.pool import empty_warehouse

T0 = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
TARGET = "principal/job"
OUTCOMES = EntraJob(TARGET)
RULES = Outcomes.model_validate({})


@contextmanager
def empty_tables() -> Iterator[duckdb.DuckDBPyConnection]:
    """Tables without a row; whoever writes takes it back."""
    yield empty_warehouse()


def entry_at(at: float, log_id: str, number: str = "1001", **given: Any) -> OutcomeEntry:
    """An entry, `at` seconds after T0."""
    values: dict[str, Any] = {
        "id": log_id, "at": T0 + dt.timedelta(seconds=at), "change_id": log_id, "person_number": number, "action": "update",
        "status": "success", "good": True,
    }  # fmt: skip
    return OutcomeEntry(**(values | given))


@dataclass
class Service:
    """The warehouse's tables of a target whose operations for one worker are accepted as the test says."""

    con: duckdb.DuckDBPyConnection
    plans: int = 0

    def accept(
        self, at: float, number: str = "1001", kind: str = "update", digest: int | None = None, perhaps: int = 0
    ) -> None:
        """An operation of a plan of its own is accepted `at` seconds after T0. `digest`: None is another version each time;
        `perhaps`: so many other attempts may have arrived."""
        moment = self._plan(at, number, kind, digest)
        self.con.execute("insert into accepted_requests values (?, 0, ?, ?)", [self.plans, moment, perhaps])
        for table in ("versions", "failures"):  # as `journal_sync.sync` does
            self.con.execute(f"delete from {table} where person_number = ?", [number])
        self.con.execute(
            "insert into versions by name select ? as target, ? as person_number, ? as kind, ? as digest, ? as plan_no,"
            " 0 as position, true as is_delivered, 0 as request_no, 0 as op_no",
            [TARGET, number, kind, UUID(int=self.plans if digest is None else digest), self.plans],
        )

    def send(self, at: float, number: str = "1001", digest: int | None = None, attempts: int = 1) -> None:
        """An operation of a plan of its own leaves `at` seconds after T0, and no answer comes to so many `attempts`."""
        moment = self._plan(at, number, "update", digest)
        self.con.execute("insert into sent_requests values (?, 0, 'sent', null, ?, ?)", [self.plans, moment, attempts])

    def _plan(self, at: float, number: str, kind: str, digest: int | None) -> dt.datetime:
        self.plans += 1
        moment = T0 + dt.timedelta(seconds=at)
        self.con.execute(
            "insert into manifests by name select ?::varchar as manifest_id, ? as plan_no, date '2026-11-01' as business_date,"
            " ? as target, 1 as requests, 1 as operations, ?::timestamptz as planned_at",
            [str(self.plans), self.plans, TARGET, moment],
        )
        self.con.execute("insert into operations values (?, 0, 0, ?, ?, ?)",
                         [self.plans, number, kind, UUID(int=self.plans if digest is None else digest)])  # fmt: skip
        return moment

    def read(self, until: float) -> None:
        """The log was read until then."""
        self.con.execute(
            "insert or replace into log_reads by name select ? as target, ?::timestamptz as read_until",
            [TARGET, T0 + dt.timedelta(seconds=until)],
        )

    def log(self, *entries: OutcomeEntry) -> int:
        return matching.record_entries(self.con, OUTCOMES, entries, RULES)

    def states(self) -> list[str]:
        """The states of all operations, oldest first."""
        return [state for (state,) in self.rows("select state from receipts order by manifest_id::integer")]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.con.execute(query).fetchall()
