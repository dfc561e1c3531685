"""The warehouse is brought up to the journal: what was accepted is delivered, and nothing goes backwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hcm_pipeline.delivery import Journal, RequestState, SendResult
from hcm_pipeline.delivery.state.journal_sync import find_in_doubt, sync
from hcm_pipeline.warehouse import scratch

from .conftest import StoppedTime
from .tables import T0, empty_tables
from .test_journal import manifest

TARGET = "sp/job"


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty tables; whoever writes takes it back."""
    with empty_tables() as made:
        yield made


@dataclass
class Both:
    """A journal, and the warehouse's tables."""

    con: duckdb.DuckDBPyConnection
    journal: Journal
    plans: int = 0

    def plan(self, *workers: str) -> str:
        """A plan with a request for each worker; the journal has it, too. Returns its name."""
        self.plans += 1
        name = f"m{self.plans}"
        self.con.execute(
            "insert into manifests by name select ?::varchar as manifest_id, ? as plan_no, date '2026-11-01' as business_date,"
            " ? as target, ? as requests, ? as operations, ?::timestamptz as planned_at",
            [name, self.plans, TARGET, len(workers), len(workers), T0],
        )
        for place, number in enumerate(workers):
            self.con.execute(
                "insert into operations values (?, ?, 0, ?, 'update', md5(?::varchar)::uuid)",
                [self.plans, place, number, self.plans],
            )
            self.con.execute(
                "insert into versions by name select ? as target, true as is_planned, ? as plan_no, ? as position,"
                " ? as person_number, 'update' as kind, md5(?::varchar)::uuid as digest",
                [TARGET, self.plans, place, number, self.plans],
            )  # fmt: skip
        self.journal.register(manifest(name, len(workers), TARGET), Path(name))
        return name

    def send(self, name: str, request: int = 0, state: RequestState = RequestState.ACCEPTED, at: float = 0) -> None:
        assert self.journal.begin_send(name, request)
        moment = T0 + dt.timedelta(seconds=at)
        self.journal.end_send(name, request, SendResult(state, 202, service_time=moment, error="said"))

    def sync(self) -> int:
        with scratch(self.con) as t:
            return sync(t, self.journal)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.con.execute(query).fetchall()


@pytest.fixture
def both(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Iterator[Both]:
    con.begin()
    with Journal(tmp_path / "journal", clock=StoppedTime(T0).clock) as journal:
        yield Both(con, journal)
    con.rollback()


DELIVERED = "select person_number, plan_no from delivered order by 1"


def test_what_was_accepted_is_delivered_and_an_acceptance_is_taken_once(both: Both) -> None:
    name = both.plan("ada", "ben")
    both.send(name)
    assert (both.sync(), both.rows(DELIVERED)) == (1, [("ada", 1)])
    assert (both.sync(), both.rows("select count(*) from accepted_requests")) == (0, [(1,)])
    both.send(name, 1)
    assert (both.sync(), both.rows(DELIVERED)) == (1, [("ada", 1), ("ben", 1)])


def test_a_request_that_was_accepted_twice_is_one_and_its_first_time_counts(both: Both) -> None:
    name = both.plan("ada")
    both.send(name, at=1)
    both.plan()
    both.journal.register(manifest(name, 1, TARGET), Path(name))  # planned again: sent from its first request
    both.send(name, at=60)
    assert both.sync() == 2
    assert both.rows("select epoch(accepted_at - timestamptz '2026-11-20 12:00:00+00') from accepted_requests") == [
        (1.0,)
    ]


def test_a_version_is_written_once_and_marked_as_it_is_accepted_again_and_replaced(both: Both) -> None:
    first = both.plan("ada", "ben")
    both.send(first)
    both.sync()
    both.plan()
    both.journal.register(manifest(first, 2, TARGET), Path(first))  # planned again: sent from its first request
    both.send(first, at=60)
    both.sync()
    before = "select person_number, plan_no, request_no, replaced_by from delivered_before"
    assert (both.rows(DELIVERED), both.rows(before)) == ([("ada", 1)], [])  # no version replaces itself
    both.send(both.plan("ada"))
    both.sync()
    assert (both.rows(DELIVERED), both.rows(before)) == ([("ada", 3)], [("ada", 1, 0, 3)])
    assert both.rows("select count(*) from versions") == [(3,)]


def test_a_delivered_version_is_replaced_by_a_newer_plans_and_never_by_an_older(both: Both) -> None:
    old, new = both.plan("ada"), both.plan("ada")
    both.send(new)
    both.sync()
    both.con.execute(
        "insert into failures by name select ? as target, 'ada' as person_number, 2 as plan_no, 0 as request_no,"
        " 0 as op_no, 'failed' as state, 'retry later' as failure_class, 'mend' as mend, 1 as attempts, ?::timestamptz as since",
        [TARGET, T0],
    )
    both.journal.register(manifest(old, 1, TARGET), Path(old))
    both.send(old)
    both.sync()
    assert both.rows(DELIVERED) == [("ada", 2)]
    assert both.rows("select count(*) from failures") == [(1,)]  # the failure of the newer version stands
    newest = both.plan("ada")
    both.send(newest)
    both.sync()
    assert both.rows(DELIVERED) == [("ada", 3)]
    assert both.rows("select count(*) from failures") == [(0,)]
    assert both.rows("select plan_no, replaced_by from delivered_before") == [(2, 3)]


def test_requests_that_left_are_known_with_what_the_service_said(both: Both) -> None:
    name = both.plan("ada", "ben", "cat", "dan")
    both.send(name, 0, RequestState.REFUSED)
    both.send(name, 1, RequestState.UNKNOWN)
    both.send(name, 2, RequestState.PLANNED)
    both.send(name, 3)
    both.sync()
    found = both.rows("select request_no, state, error from sent_requests order by 1")
    assert found == [(0, "refused", "said"), (1, "sent", "said")]
    assert both.rows("select manifest_id, state from manifest_states") == [("m1", "ready")]


def test_every_operation_in_a_request_that_may_have_arrived_is_in_doubt(both: Both) -> None:
    first, second = both.plan("ada", "ben"), both.plan("ada", "cat")
    both.journal.register_plan(TARGET, [(manifest(one, 2, TARGET), Path(one)) for one in (first, second)])
    for name, request in ((first, 0), (second, 0), (second, 1)):
        both.send(name, request, RequestState.UNKNOWN)
    with scratch(both.con) as t:
        in_doubt = find_in_doubt(t, both.journal, TARGET)
        found = t.rows(f"select person_number, plan_no from {in_doubt} order by all")
    assert found == [("ada", 1), ("ada", 2), ("cat", 2)]
