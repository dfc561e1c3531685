"""Reading the provisioning log of the sandbox, over TLS: whatever happens to records and entries, all arrives in the end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from hcm_pipeline.delivery import HealthState, OutcomeReport, UploadTerms, read_outcomes, upload
from hcm_pipeline.flow import plans
from hcm_pipeline.flow.plan_facts import why_plan_now
from hcm_pipeline.http import Patience
from hcm_pipeline.sandbox import SandboxHandle, SandboxOptions, running
from hcm_pipeline.targets.entra.connection import to_sandbox
from hcm_pipeline.targets.entra.service import EntraLive, live
from tests.sandbox.support import trusting

from ..acceptance.support import accounts
from .chain import Chain, new_chain

ADA = ("1001", "True", "Ada", "Byron", "", "Research")
BEN = ("1002", "True", "Ben", "Okri", "1001", "Research")
HOUR = 3600.0


@dataclass
class Line:
    """A home and its sandbox, whose clock stands still unless it is moved. `begins`: where each reading began."""

    chain: Chain
    handle: SandboxHandle
    http: httpx.Client

    @property
    def target(self) -> EntraLive:
        return live(to_sandbox(self.handle.target))

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.http.post(f"{self.handle.url}/sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def advance(self, seconds: float) -> None:
        self.post("clock", mode="manual", advance_seconds=seconds)

    def now(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.post("clock", mode="manual", advance_seconds=0)["now"])

    def deliver(self, date: str, *rows: tuple[str, ...]) -> None:
        """Process an extract, plan and upload."""
        self.chain.day(date, *rows)
        self.send()

    def send(self) -> None:
        made = plans.plan(self.chain.warehouse, self.chain.loaded, self.handle.target.key, clock=self.now)
        assert made is not None
        assert made.manifest is not None
        with self.chain.journal() as journal:
            upload(
                self.chain.home,
                self.target,
                made.manifest.manifest_id,
                journal=journal,
                terms=UploadTerms(clock=self.now),
            )

    def read(self) -> OutcomeReport:
        rules = self.chain.loaded.profile.outcomes
        patience = Patience(sleep=self.advance)
        return read_outcomes(self.chain.warehouse, self.target, rules, patience=patience, now=self.now)

    def states(self) -> dict[str, str]:
        with self.chain.warehouse.write() as con:
            return dict(con.execute("select person_number, state from receipts").fetchall())

    def latest(self) -> dict[str, str]:
        """The state of every worker's last operation."""
        with self.chain.warehouse.write() as con:
            found = con.execute("select person_number, max_by(state, accepted_at) from receipts group by 1").fetchall()
        return dict(found)

    def failures(self) -> list[tuple[str, str]]:
        with self.chain.warehouse.write() as con:
            return con.execute("select person_number, state from failures order by 1").fetchall()

    def due(self) -> bool:
        with self.chain.warehouse.write() as con:
            return why_plan_now(con, self.chain.loaded.profile, self.handle.target.key, self.now()) is not None


@pytest.fixture
def line_with(tmp_path: Path) -> Iterator[Callable[..., Line]]:
    """A line whose sandbox runs with the given options."""
    with ExitStack() as stack:

        def start(**options: Any) -> Line:
            chain = new_chain(tmp_path)
            given = {"cycle_seconds": 60.0, "log_calls_per_10s": 1000} | options
            handle = stack.enter_context(running(chain.home.sandbox, options=SandboxOptions(**given)))
            line = Line(chain, handle, stack.enter_context(trusting(handle)))
            line.advance(0)
            return line

        yield start


def test_what_was_accepted_and_is_never_logged_is_missing_within_the_profiles_time_and_is_sent_again(
    line_with: Callable[..., Line],
) -> None:
    """The job is paused, and the app may not read its state: the log alone tells."""
    line = line_with(withheld_permissions=frozenset({"Synchronization.ReadWrite.All"}))
    line.deliver("2026-11-01", ADA)
    line.post("job", status="Paused")
    line.advance(3 * HOUR - 60)
    report = line.read()
    assert (report.missing, report.waiting) == (0, 1)
    assert report.health is not None
    assert report.health.state is HealthState.UNKNOWN
    line.advance(61)
    report = line.read()
    assert (report.missing, report.waiting) == (1, 0)
    assert line.states() == {"1001": "missing"}
    line.post("job", status="Active")
    line.send()
    line.advance(120)
    line.read()
    with line.chain.warehouse.write() as con:
        # what was queued all the while is worked off first, so that the second time nothing was left to change
        found = con.execute("select kind, state, reason from receipts order by accepted_at").fetchall()
        assert [(kind, state) for kind, state, _ in found] == [("create", "missing"), ("retry", "skipped")]
        assert con.execute("select count(*) from failures").fetchall() == [(0,)]


def test_what_is_dropped_lost_late_twice_or_fails_is_in_the_directory_in_the_end(
    line_with: Callable[..., Line],
) -> None:
    """Every kind of mishap that the sandbox knows of records and entries, for some workers each, once."""
    line = line_with(log_lag_seconds=300.0)
    kinds = ("drop_record", "lose_entry", "repeat_entry", "no_twin", "disorder")
    for number, kind in enumerate(kinds):
        line.post(
            "faults", kind=kind, times=None, share=0.4, seed=number, **({"each": 1} if kind != "disorder" else {})
        )
    line.post("faults", kind="delay_entry", times=None, share=0.4, seed=20, each=1, seconds=5 * HOUR)
    line.post("faults", kind="fail", times=None, share=0.4, seed=30, each=1, code="Timeout")
    rows = [
        (f"{2000 + i}", "True", f"First{i}", f"Last{i}", f"{2000 + i // 3}" if i else "", "Sales") for i in range(20)
    ]
    line.deliver("2026-11-01", *rows)
    states: dict[str, str] = {}
    for _ in range(20):
        line.advance(4 * HOUR)
        line.read()
        if line.due():
            line.send()
        states = line.latest()
        if set(states.values()) <= {"succeeded", "skipped"} and not line.failures():
            break
    assert set(states.values()) <= {"succeeded", "skipped"}, states
    assert line.failures() == []
    managers = {number: account.get("manager") for number, account in accounts(line.chain.home).items()}
    assert managers == {row[0]: row[4] or None for row in rows}
    struck = line.http.get(f"{line.handle.url}/sandbox/faults").json()["armed"]
    assert all(fault["taken"] for fault in struck), struck  # nothing of this was left out
