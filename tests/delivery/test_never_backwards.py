"""In whatever order plans are made, decided about, uploaded and cut off: no version follows a newer one, and none is lost."""

from __future__ import annotations

import datetime as dt
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from hcm_pipeline.delivery import (
    WAITING,
    JournaledManifest,
    ManifestState,
    RequestState,
    SendResult,
    bodies,
    make_plan,
    withheld,
)
from hcm_pipeline.errors import UsageError
from hcm_pipeline.warehouse import scratch
from tests.budget import examples

from .house import Row, crowd, new_house

WORKERS = [row[0] for row in crowd(5)]
GUARDS = """
[delivery]
canary = 1
[[guards.limits]]
kind = "disable"
max = 0
[[guards.limits]]
kind = "update"
max = 1
"""
NUMBERS = st.integers(0, 9)
ENDS = st.sampled_from([RequestState.ACCEPTED, RequestState.ACCEPTED, RequestState.UNKNOWN, RequestState.REFUSED, None])


class Deliveries(RuleBasedStateMachine):
    """HR, a planner, people who decide and an upload that dies, against a service that remembers what arrived.

    Each change gives a worker a version that was never there before, as the department; versions only grow. A request that
    nobody knows the end of has arrived: that is the worse of both.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.house = self.stack.enter_context(new_house(folder)).ruled(GUARDS).sized(2)
        self.said: list[Row] = [(*row[:5], "v0000") for row in crowd(5)]
        self.house.day("2026-11-01", *self.said)
        self.con = self.house.con
        self.journal = self.stack.enter_context(self.house.journal())
        self.plan()
        self.version = 0
        self.wanted = dict.fromkeys(WORKERS, "v0000")
        self.arrived: dict[str, str] = {}

    def teardown(self) -> None:
        """Everything is approved and sent: the service has what HR said, but for what a person rejected."""
        try:
            for _ in range(4):  # what was refused or lost returns to the next plan
                self.plan()
                for manifest in self.waiting():
                    if manifest.state is ManifestState.HELD:
                        self.approve(manifest)
                    while self.sendable(manifest.manifest_id):
                        self.send(manifest.manifest_id, RequestState.ACCEPTED)
                    self.journal.finish(manifest.manifest_id)
            self.plan()
            assert self.waiting() == []
            kept_out = {number for (number,) in self.con.execute("select person_number from withheld").fetchall()}
            assert {n: v for n, v in self.arrived.items() if n not in kept_out} == {
                n: v for n, v in self.wanted.items() if n not in kept_out
            }
            assert sum(withheld(self.con, self.house.target.key).values()) == len(kept_out)
        finally:
            self.stack.close()

    def waiting(self) -> list[JournaledManifest]:
        return self.journal.manifests(*WAITING)

    def sendable(self, manifest_id: str) -> list[int]:
        doubtful, others = self.journal.pending(manifest_id)
        return doubtful + others

    def approve(self, manifest: JournaledManifest) -> None:
        until = self.house.now + dt.timedelta(hours=24)
        self.journal.approve(manifest.manifest_id, by="somebody", why=None, until=until)

    def send(self, manifest_id: str, end: RequestState | None) -> None:
        """One request of an upload, which dies before an answer comes when there is none."""
        self.journal.start(manifest_id)
        request = self.sendable(manifest_id)[0]
        if not self.journal.begin_send(manifest_id, request):
            return
        if end is not RequestState.REFUSED:
            folder = self.house.home.path / self.journal.get(manifest_id).folder
            [body] = [body for number, body in bodies(folder) if number == request]
            for entry in orjson.loads(body):
                number, version = entry["number"], entry["room"]
                assert self.arrived.get(number, "") <= version, "an older version followed a newer one"
                self.arrived[number] = version
        if end is not None:
            self.house.now += dt.timedelta(seconds=1)
            self.journal.end_send(manifest_id, request, SendResult(end, status=202, service_time=self.house.now))

    @rule()
    def plan(self) -> None:
        with scratch(self.con) as t:
            make_plan(self.con, self.house.task(t), self.house.home, self.journal)

    @rule(workers=st.sets(st.sampled_from(WORKERS), min_size=1), active=st.booleans())
    def hr_changes(self, workers: set[str], active: bool) -> None:
        self.version += 1
        version = f"v{self.version:04}"
        self.wanted |= dict.fromkeys(workers, version)
        said = {row[0]: row for row in self.said}
        said |= {number: (number, str(active), *said[number][2:5], version) for number in workers}
        self.said = list(said.values())
        self.house.day("2026-11-01", *self.said)

    @rule(which=NUMBERS)
    def somebody_approves(self, which: int) -> None:
        known = self.journal.manifests()
        with suppress(UsageError):  # there was nothing to approve
            self.approve(known[which % len(known)])

    @rule(which=NUMBERS)
    def somebody_rejects(self, which: int) -> None:
        waiting = self.waiting()
        if waiting:
            self.journal.reject(waiting[which % len(waiting)].manifest_id, by="somebody", why=None)

    @rule(which=NUMBERS, ends=st.lists(ENDS, min_size=1, max_size=3))
    def an_upload_goes_on(self, which: int, ends: list[RequestState | None]) -> None:
        opened = self.journal.open_manifests()
        if opened:
            manifest_id = opened[which % len(opened)].manifest_id
            for end in ends:
                if self.sendable(manifest_id):
                    self.send(manifest_id, end)
                if end is None:
                    return
            self.journal.finish(manifest_id)

    @rule()
    def half_a_day_passes(self) -> None:
        self.house.now += dt.timedelta(hours=13)


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(max_examples=examples(8), stateful_step_count=25, deadline=None)
