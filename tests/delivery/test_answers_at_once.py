"""A service that is nothing like Entra ID: no log, no token, and an answer that says at once what became of each operation."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from hcm_pipeline.delivery import (
    UNKNOWN_CODE,
    Answer,
    FailureClass,
    Health,
    HealthState,
    Journal,
    Limits,
    LiveTarget,
    ManifestState,
    Mend,
    OutcomeEntry,
    OutcomePage,
    Reception,
    first_in_first_out,
    read_outcomes,
    upload,
)
from hcm_pipeline.delivery.manifest import BULK_FILE, Manifest, folder_of, write_manifest
from hcm_pipeline.delivery.plan.canary import Canary
from hcm_pipeline.errors import ServiceRefused
from hcm_pipeline.home import Home, private
from hcm_pipeline.http import Clock, Patience
from hcm_pipeline.profile import Outcomes
from hcm_pipeline.warehouse import Relation, Scratch, Warehouse

from .conftest import StoppedThreads, StoppedTime

RULES = Outcomes.model_validate({})
LIMITS = Limits(operations=3, calls=2, window=dt.timedelta(seconds=1), quota=100)


@dataclass
class Register:
    """A target that keeps names by number. A body is a JSON object of number to name; `refused` numbers are not taken."""

    time: StoppedTime
    names: dict[str, str] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    closed: bool = False
    key: str = "register"
    tenant: str = "town"
    limits: Limits = LIMITS

    @contextmanager
    def connect(self, patience: Patience, clock: Clock) -> Iterator[Register]:
        del patience, clock
        yield self

    def prepare(self) -> None:
        """Nobody signs in."""

    def workers_in(self, body: bytes) -> tuple[str, ...]:
        return tuple(orjson.loads(body))

    def post(self, number: int, body: bytes) -> Answer:
        if self.closed:
            return Answer(Reception.CLOSED, "closed for today", self.time.now, mend="; come back tomorrow")
        taken = {one: name for one, name in orjson.loads(body).items() if one not in self.refused}
        self.names |= taken
        outcomes = tuple(
            OutcomeEntry(f"{self.time.now}-{number}-{one}", self.time.now, one, "success" if one in taken else "failure",
                         "write", good=one in taken, error_code=None if one in taken else "Barred")
            for one in orjson.loads(body)
        )  # fmt: skip
        return Answer(Reception.ACCEPTED, "done", self.time.now, outcomes=outcomes)

    def health(self) -> Health:
        return Health(HealthState.RUNNING)

    def outcomes(self, since: dt.datetime) -> Iterator[OutcomePage]:
        """Everything was said already."""
        del since
        yield OutcomePage((), self.time.now)

    def decide(self, t: Scratch, accepted: Relation, entries: Relation) -> Relation:
        """Each entry is a piece of work of its own."""
        changes = t.make("changes", f"select *, log_id as change_id, 0 as step, logged_at as begins_at from"
                                    f" (select * exclude (change_id) from {entries})")  # fmt: skip
        served = first_in_first_out(t, accepted, changes)
        return t.make(
            "decided",
            f"""select served.plan_no, served.request_no, served.op_no, entry.person_number,
                if(entry.status = 'success', 'succeeded', 'failed') as outcome, entry.action, null as reference,
                entry.error_code, if(entry.status = 'failure', 'needs data', null) as failure_class, entry.reason,
                entry.advice, entry.log_id, entry.change_id, entry.logged_at
            from {served} served join {entries} entry using (log_id)""",
        )

    def mend(self, code: str | None) -> Mend:
        return Mend(FailureClass.DATA, "ask the mayor") if code == "Barred" else UNKNOWN_CODE

    def mend_of_skip(self, code: str | None) -> Mend:
        return self.mend(code)

    def describe_health(self, health: Health) -> str:
        return f"the register is {health.state}"


@dataclass
class Town:
    """A home with a manifest for the register."""

    home: Home
    register: Register
    manifest: Manifest

    def upload(self, **given: Any) -> Any:
        with Journal(self.home.journal, clock=self.register.time.clock) as journal:
            target: LiveTarget = self.register
            return upload(
                self.home, target, self.manifest.manifest_id, journal=journal, clock=self.register.time.clock,
                patience=Patience(sleep=self.register.time.sleep), in_flight=StoppedThreads, **given,
            )  # fmt: skip

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with Warehouse(self.home).write() as con:
            return con.execute(query).fetchall()


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """Six names in two requests, as the plan would have entered them."""
    home, bodies = Home(tmp_path / "home").create(), [{"1": "Ada", "2": "Ben", "3": "Cat"}, {"4": "Dan", "5": "Eve"}]
    content = b"".join(orjson.dumps(body) + b"\n" for body in bodies)
    manifest = Manifest.seal(
        business_date=dt.date(2026, 11, 20), target="register", profile="town", previous=None, requests=2, operations=5,
        bulk_sha256=hashlib.sha256(content).hexdigest(), bulk_bytes=len(content), counts={"create": 5},
        inputs={"profile": "one"}, extracts=(),
    )  # fmt: skip
    folder = folder_of(home.manifests, manifest)
    folder.mkdir(parents=True)
    private(folder / BULK_FILE).write_bytes(content)
    write_manifest(folder, manifest)
    with Journal(home.journal) as journal:
        journal.register(manifest, folder.relative_to(home.path))
    with Warehouse(home).write() as con:
        con.execute(
            "insert into manifests by name select ?::varchar as manifest_id, 1 as plan_no, date '2026-11-20' as business_date,"
            " 'register' as target, 2 as requests, 5 as operations, now() as planned_at", [manifest.manifest_id],
        )  # fmt: skip
        for request, body in enumerate(bodies):
            for place, number in enumerate(body):
                con.execute(
                    "insert into operations values (1, ?, ?, ?, 'create', md5('7')::uuid)", [request, place, number]
                )
                con.execute(
                    "insert into planned by name select 1 as plan_no, ? as position, ? as person_number,"
                    " 'create' as kind, md5('7')::uuid as digest", [int(number), number],
                )  # fmt: skip
    return Town(home, Register(StoppedTime()), manifest)


def read(town: Town) -> Any:
    return read_outcomes(Warehouse(town.home), town.register, RULES, now=town.register.time.clock)


def test_an_upload_is_settled_by_its_answers_alone(town: Town) -> None:
    town.register.refused = frozenset({"2"})
    report = town.upload()
    assert (report.state, report.accepted) == (ManifestState.ACCEPTED, 2)
    assert town.register.names == {"1": "Ada", "3": "Cat", "4": "Dan", "5": "Eve"}
    assert read(town).waiting == 0
    assert town.rows("select person_number, state from receipts order by 1") == [
        ("1", "succeeded"), ("2", "failed"), ("3", "succeeded"), ("4", "succeeded"), ("5", "succeeded"),
    ]  # fmt: skip
    assert town.rows("select person_number, error_code, mend from failures") == [("2", "Barred", "ask the mayor")]
    before = town.rows("select * from outcomes order by all")
    read(town)
    assert town.rows("select * from outcomes order by all") == before


def test_a_canary_is_judged_by_the_answer_at_once(town: Town) -> None:
    assert town.upload(canary=Canary(operations=3)).state is ManifestState.ACCEPTED
    assert town.register.time.slept == []


def test_a_bad_canary_stops_the_rest(town: Town) -> None:
    town.register.refused = frozenset({"2"})
    report = town.upload(canary=Canary(operations=3))
    assert (report.stopped, report.accepted) == (True, 1)
    assert "failure Barred: 2" in report.reason


def test_a_service_that_takes_nothing_says_what_mends_it_and_the_upload_can_go_on_later(town: Town) -> None:
    town.register.closed = True
    with pytest.raises(ServiceRefused, match="closed for today; come back tomorrow"):
        town.upload()
    town.register.closed = False
    assert town.upload().state is ManifestState.ACCEPTED
