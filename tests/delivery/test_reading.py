"""Reading the provisioning log of the sandbox, over TLS: from a watermark, past its lag, and while the job does not run."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from hcm_pipeline.delivery.outcomes import log_reading
from hcm_pipeline.delivery.outcomes.log_reading import OutcomeReport, read_outcomes, why_read
from hcm_pipeline.delivery.send.upload import upload
from hcm_pipeline.entra import GraphClient, LogPage, Patience
from hcm_pipeline.flow import processing
from hcm_pipeline.flow.facts import why_plan_now
from hcm_pipeline.sandbox import SandboxHandle, SandboxOptions, running
from hcm_pipeline.targets.entra.job_health import JobState

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
    begins: list[dt.datetime] = field(default_factory=list)

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
        made = processing.plan(self.chain.warehouse, self.chain.loaded, self.handle.target.key, clock=self.now)
        assert made is not None
        assert made.manifest is not None
        with self.chain.journal() as journal:
            upload(self.chain.home, self.handle.target, made.manifest.manifest_id, journal=journal, clock=self.now)

    def read(self) -> OutcomeReport:
        rules = self.chain.loaded.profile.outcomes
        patience = Patience(sleep=self.advance)
        return read_outcomes(self.chain.warehouse, self.handle.target, rules, patience=patience, now=self.now)

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
            return why_plan_now(con, self.handle.target.key, self.now()) is not None

    def why_read(self) -> str | None:
        with self.chain.warehouse.read() as con:
            return why_read(con, self.handle.target.key, self.chain.loaded.profile.outcomes, self.now())


@pytest.fixture
def line_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Line]]:
    """A line whose sandbox runs with the given options."""
    with ExitStack() as stack:

        def start(**options: Any) -> Line:
            chain = new_chain(tmp_path)
            given = {"cycle_seconds": 60.0, "log_calls_per_10s": 1000} | options
            handle = stack.enter_context(running(chain.home.sandbox, options=SandboxOptions(**given)))
            trust = ssl.create_default_context(cafile=handle.target.ca_file)
            line = Line(chain, handle, stack.enter_context(httpx.Client(verify=trust, trust_env=False, timeout=30)))
            read = GraphClient.provisioning_log

            def noted(client: GraphClient, since: dt.datetime) -> Iterator[LogPage]:
                line.begins.append(since)
                return read(client, since)

            monkeypatch.setattr(GraphClient, "provisioning_log", noted)
            line.advance(0)
            return line

        yield start


def test_entries_that_lag_are_found_by_a_reading_that_begins_an_overlap_before_the_last_one(
    line_with: Callable[..., Line],
) -> None:
    line = line_with(log_lag_seconds=600.0)
    line.deliver("2026-11-01", ADA, BEN)
    line.advance(120)
    report = line.read()
    assert (report.settled, report.waiting) == (0, 2)
    last = line.now()
    line.advance(600)
    assert line.read().settled == 2
    assert line.states() == {"1001": "succeeded", "1002": "succeeded"}
    overlap = dt.timedelta(minutes=line.chain.loaded.profile.outcomes.overlap_minutes)
    assert abs(line.begins[-1] - (last - overlap)) < dt.timedelta(seconds=2)
    assert line.why_read() is None
    line.advance(HOUR)
    assert line.why_read() == "late entries may have come"  # once more, when the lag is over
    line.read()
    assert line.why_read() is None


def test_a_reading_never_goes_through_the_history_again(line_with: Callable[..., Line]) -> None:
    line = line_with()
    line.deliver("2026-11-01", ADA)
    line.advance(120)
    line.read()
    before = line.now()
    line.advance(30 * HOUR)
    line.deliver("2026-11-02", ADA, BEN)
    line.advance(120)
    assert line.read().settled == 1
    assert line.begins[-1] >= before - dt.timedelta(minutes=61)


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
    assert report.job is not None
    assert report.job.state is JobState.UNKNOWN
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


def test_while_the_job_is_paused_nobody_is_missing_and_when_it_runs_again_all_is_settled(
    line_with: Callable[..., Line],
) -> None:
    line = line_with()
    line.deliver("2026-11-01", ADA)
    line.post("job", status="Paused")
    line.advance(8 * HOUR)
    report = line.read()
    assert (report.missing, report.waiting) == (0, 1)
    assert report.job is not None
    assert report.job.state is JobState.PAUSED
    line.post("job", status="Active")
    report = line.read()
    assert (report.missing, report.waiting) == (0, 1)  # it runs again only now
    line.advance(120)
    assert line.read().settled == 1


def test_a_log_of_many_pages_is_taken_in_batches(
    line_with: Callable[..., Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hcm_pipeline.entra.client.LOG_PAGE", "7")
    monkeypatch.setattr(log_reading, "BATCH", 10)
    line = line_with()
    line.deliver("2026-11-01", *((str(2000 + i), "True", f"First{i}", "Last", "", "") for i in range(45)))
    line.advance(120)
    assert line.read().settled == 45
    assert set(line.states().values()) == {"succeeded"}


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
