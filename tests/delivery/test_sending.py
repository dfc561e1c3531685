"""Sending in simulated time: as fast as the limits allow, never faster, and complete whatever happens on the way."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import sqlite3
from collections.abc import Callable, Collection, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest

from hcm_pipeline.delivery import Journal, Limits, ManifestState, Pace, RequestState
from hcm_pipeline.delivery.send.in_flight import Attempt, Ended
from hcm_pipeline.delivery.send.sending import Line, Paused, Sending, Superseded
from hcm_pipeline.delivery.state import DAY
from hcm_pipeline.entra import UPLOAD_RATE
from hcm_pipeline.errors import ServiceRefused, ServiceUnavailable
from hcm_pipeline.http import NoAnswer, Patience, Rate

from .conftest import StoppedTime
from .service import SimulatedFlight, SimulatedService, random_faults
from .test_journal import manifest

TARGET = "sp/job"


def body(version: int, *workers: str) -> bytes:
    """A bulk request with this version of these workers."""
    operations = [{"bulkId": f"{worker}-{version}", "data": {"externalId": worker}} for worker in workers]
    return orjson.dumps({"Operations": operations})


def workers_in(body: bytes) -> tuple[str, ...]:
    """The workers of such a request."""
    return tuple(operation["data"]["externalId"] for operation in orjson.loads(body)["Operations"])


class Killed(BaseException):
    """The end of the process."""


@dataclass
class World:
    """A journal, a service in simulated time, and whoever sends."""

    path: Path
    time: StoppedTime = field(default_factory=StoppedTime)
    quota: int = 2000
    seconds: Callable[[], float] = lambda: 0.2
    arrives: Callable[[], float] = lambda: 0.5
    kill: Callable[[], None] = lambda: None
    width: int = 16
    prepare: Callable[[], None] = lambda: None
    give_up_after: float = 1e9
    journal_seconds: float = 0.0
    """How long the journal takes to write that an attempt begins."""
    started: list[int] = field(default_factory=list)
    progress: Callable[[int], None] = lambda _: None
    commits: int = 0

    def __post_init__(self) -> None:
        self.service = SimulatedService(
            self.time, UPLOAD_RATE, Rate(self.quota, DAY), lambda: self.seconds(), lambda: self.arrives()
        )
        self.planned: dict[str, list[bytes]] = {}

    def journal(self) -> Journal:
        opened = Journal(self.path, clock=self.time.clock)
        with opened.transaction() as db:
            assert isinstance(db, sqlite3.Connection)
        db.execute("PRAGMA synchronous = OFF")  # nobody pulls the plug here, and it is opened thousands of times
        db.set_trace_callback(self._count)
        return opened

    def _count(self, statement: str) -> None:
        self.commits += statement == "COMMIT"

    def committed(self, question: str) -> int:
        """A number that another process finds in the journal."""
        with closing(sqlite3.connect(self.path)) as other:
            return int(other.execute(question).fetchone()[0])

    def plan(self, name: str, bodies: Iterable[bytes]) -> None:
        self.planned[name] = list(bodies)
        with self.journal() as journal:
            journal.register(manifest(name, len(self.planned[name]), TARGET), Path(name))

    def send(self, name: str) -> None:
        """One upload, as a new process would make it."""
        patience = Patience(give_up_after=self.give_up_after, jitter=lambda low, high: high)
        flight = SimulatedFlight(self.service, self.width)
        with self.journal() as journal:
            limits = Limits(50, UPLOAD_RATE.calls, UPLOAD_RATE.per, self.quota)
            pace = Pace(journal, "tenant", TARGET, limits, clock=self.time.clock)
            pace.end_lost()
            journal.start(name)
            deadly = _Deadly(flight, self.kill)
            line = Line(deadly, self.prepare, workers_in, pace, patience, self.time.clock)
            sending = Sending(journal.get(name), self._slow(journal), line, self.progress)
            try:
                for numbers in journal.pending(name):
                    sending.send((number, self.planned[name][number]) for number in numbers)
            finally:
                self.started += flight.started
                self.attempts = sending.attempts
            journal.finish(name)

    def _slow(self, journal: Journal) -> Journal:
        begin = journal.begin_send

        def slowly(manifest_id: str, request_no: int, workers: Collection[str] = ()) -> bool:
            self.service.pass_time(self.time.now + dt.timedelta(seconds=self.journal_seconds))
            return begin(manifest_id, request_no, workers)

        journal.begin_send = slowly  # type: ignore[method-assign]
        return journal

    def state(self, name: str) -> ManifestState:
        with self.journal() as journal:
            return journal.get(name).state


class _Deadly:
    """Attempts during which the process may end before and after an attempt begins, and before and after it is heard of."""

    def __init__(self, flight: SimulatedFlight, kill: Callable[[], None]) -> None:
        self.width = flight.width
        self._flight = flight
        self._kill = kill

    @property
    def busy(self) -> int:
        return self._flight.busy

    def start(self, attempt: Attempt) -> None:
        self._kill()
        self._flight.start(attempt)
        self._kill()

    def next(self, seconds: float | None) -> Ended | None:
        self._kill()
        ended = self._flight.next(seconds)
        self._kill()
        return ended

    def close(self) -> None:
        pass


def many(requests: int) -> list[bytes]:
    """Requests of one worker each."""
    return [body(1, f"{number:05}") for number in range(requests)]


@pytest.mark.parametrize("latency", [0.05, 0.2])
def test_an_upload_reaches_all_but_a_twentieth_of_the_allowed_rate_and_is_never_throttled(
    tmp_path: Path, latency: float
) -> None:
    world = World(tmp_path / "journal", seconds=lambda: latency)
    world.plan("a", many(400))
    world.send("a")
    times = world.service.arrivals
    rate = (len(times) - 40) / (times[-1] - times[39]).total_seconds()
    assert rate >= 0.95 * 8
    assert world.service.caused == 0
    assert sorted(world.service.accepted) == sorted(world.planned["a"])


def test_a_service_that_answers_in_two_seconds_is_kept_as_busy_as_the_limits_allow(tmp_path: Path) -> None:
    world = World(tmp_path / "journal", seconds=lambda: 2.0)
    world.plan("a", many(160))
    world.send("a")
    times = world.service.arrivals
    assert (len(times) - 40) / (times[-1] - times[39]).total_seconds() >= 0.9 * 40 / 7
    assert world.service.caused == 0


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
def test_no_window_is_too_full_wherever_within_a_call_the_service_counts_it(tmp_path: Path, part: float) -> None:
    parts = random.Random(7)
    world = World(
        tmp_path / "journal", seconds=lambda: parts.uniform(0.01, 3.0), arrives=lambda: (part + parts.random()) % 1
    )
    world.plan("a", many(200))
    world.send("a")
    assert world.service.caused == 0


def test_requests_are_begun_in_their_order(tmp_path: Path) -> None:
    world = World(tmp_path / "journal")
    world.plan("a", many(100))
    world.send("a")
    assert world.started == list(range(100))


def test_attempts_that_begin_together_share_a_commit_and_so_do_ends_and_nothing_is_done_or_told_before_it(
    tmp_path: Path,
) -> None:
    world, made, told = World(tmp_path / "journal"), [0], [0]
    world.plan("a", many(64))

    def seconds() -> float:
        made[0] += 1
        assert world.committed("SELECT count(*) FROM sends") >= made[0]
        return 0.2

    def progress(settled: int) -> None:
        told.append(settled)
        assert world.committed("SELECT count(*) FROM acceptances") >= settled

    world.seconds, world.progress, world.commits = seconds, progress, 0
    world.send("a")
    assert told == [*range(65)]
    assert made == [64]
    assert world.commits < 30  # two for each request were 128


def test_the_first_request_goes_alone_and_so_does_the_first_after_a_failure(tmp_path: Path) -> None:
    world = World(tmp_path / "journal")
    busiest: list[int] = []
    faults = iter([None, *["failing"] * 16])
    world.service.fail = lambda _: next(faults, None)
    world.plan("a", many(40))
    seconds = world.seconds

    def note() -> float:
        busiest.append(len(world.service.accepted))
        return seconds()

    world.seconds = note
    world.send("a")
    assert busiest[:2] == [0, 1]  # the second began when the first was accepted
    assert busiest[1:17] == [1] * 16
    assert busiest[17:19] == [1, 2]  # and after sixteen failures at once, one goes alone again
    assert sorted(world.service.accepted) == sorted(world.planned["a"])


def test_attempts_that_fail_together_are_one_failure_and_the_wait_is_that_of_one(tmp_path: Path) -> None:
    world = World(tmp_path / "journal")
    faults = iter([None, *["failing"] * 16])
    world.service.fail = lambda _: next(faults, None)
    world.plan("a", many(20))
    began = world.time.now
    world.send("a")
    assert (world.time.now - began).total_seconds() < 3


def test_a_wait_that_the_service_asks_for_holds_everything_back(tmp_path: Path) -> None:
    world = World(tmp_path / "journal")
    faults = iter([None, None, "wait"])
    world.service.fail = lambda _: next(faults, None)
    world.plan("a", many(30))
    world.send("a")
    times = world.service.arrivals
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(times)]
    assert sum(gap >= 11 for gap in gaps) == 1


def test_a_body_that_the_service_chokes_on_does_not_keep_the_others_back(tmp_path: Path) -> None:
    world = World(tmp_path / "journal", give_up_after=600)
    world.plan("a", many(30))
    poison = world.planned["a"][3]
    world.service.fail = lambda body: "failing" if body == poison else None
    with pytest.raises(ServiceUnavailable, match="request 3: gave up"):
        world.send("a")
    assert set(world.service.accepted) == set(world.planned["a"]) - {poison}
    with world.journal() as journal:
        assert journal.progress("a").accepted == 29


def test_a_refused_body_is_not_tried_again_and_the_others_go_on(tmp_path: Path) -> None:
    world = World(tmp_path / "journal")
    world.plan("a", many(30))
    bad = world.planned["a"][3]
    world.service.fail = lambda body: "bad" if body == bad else None
    world.send("a")
    assert world.state("a") is ManifestState.FAILED
    assert world.started.count(3) == 1
    assert len(world.service.accepted) == 29


def test_a_service_that_takes_no_request_at_all_stops_the_upload_and_nothing_more_is_begun(tmp_path: Path) -> None:
    world = World(tmp_path / "journal")
    world.plan("a", many(30))
    world.service.fail = lambda body: "closed"
    with pytest.raises(ServiceRefused, match="403") as refused:
        world.send("a")
    assert (world.attempts, refused.value.status) == (1, 403)


@pytest.mark.parametrize("fault", ["closed", "wait", "token"])
@pytest.mark.parametrize("journal_seconds", [0.0, 0.06, 0.5])
def test_after_a_refusal_no_other_call_begins_however_long_the_journal_takes(
    tmp_path: Path, fault: str, journal_seconds: float
) -> None:
    world = World(tmp_path / "journal", journal_seconds=journal_seconds)
    world.plan("a", many(60))
    made: list[dt.datetime] = []  # when a call begins
    refused: list[dt.datetime] = []  # when the first refusal is told

    def seconds() -> float:
        made.append(world.time.now)
        if len(made) == 20:
            refused.append(world.time.now + dt.timedelta(seconds=0.2))
        return 0.2

    world.seconds = seconds
    arrived = iter(range(1, 1000))
    world.service.fail = lambda _: fault if 20 <= next(arrived) <= (1000 if fault == "closed" else 20) else None
    if fault == "closed":
        with pytest.raises(ServiceRefused):
            world.send("a")
        assert max(made) < refused[0]
        with world.journal() as journal:
            assert all(one.state is not RequestState.SENDING for one in journal.requests("a"))
        return
    world.send("a")
    after = [one for one in made if one >= refused[0]]
    assert (after[0] - refused[0]).total_seconds() >= (11 if fault == "wait" else 0)
    assert after[1] - after[0] >= dt.timedelta(seconds=0.2)  # the first after it goes alone
    assert sorted(world.service.accepted) == sorted(world.planned["a"])


def test_a_request_that_may_be_sent_at_once_is_and_nothing_waits_for_it(tmp_path: Path) -> None:
    world = World(tmp_path / "journal")
    faults = iter([None, "token", "token"])
    world.service.fail = lambda _: next(faults, None)
    world.plan("a", many(30))
    began = world.time.now
    world.send("a")
    assert (world.attempts, world.state("a")) == (32, ManifestState.ACCEPTED)
    assert (world.time.now - began).total_seconds() < 2


def test_an_authority_that_cannot_be_reached_is_waited_for_and_costs_no_call(tmp_path: Path) -> None:
    world = World(tmp_path / "journal")
    left = [3]

    def prepare() -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise NoAnswer("cannot be reached", sent=False)

    world.prepare = prepare
    world.plan("a", many(5))
    world.send("a")
    assert (world.attempts, world.state("a")) == (5, ManifestState.ACCEPTED)


def test_a_spent_quota_pauses_and_the_rest_goes_out_in_order_a_day_later(tmp_path: Path) -> None:
    world = World(tmp_path / "journal", quota=50)
    world.plan("a", many(120))
    for _ in range(2):
        with pytest.raises(Paused) as paused:
            world.send("a")
        assert paused.value.spent
        world.service.pass_time(paused.value.until + dt.timedelta(minutes=1))  # when all of a day's calls are a day old
    world.send("a")
    assert world.service.caused == 0
    assert world.started == list(range(120))


def test_a_newer_version_that_is_on_its_way_keeps_an_older_one_back_for_ever(tmp_path: Path) -> None:
    """However a late run comes by an older manifest that is still open: here somebody put its state back by hand."""
    world = World(tmp_path / "journal")
    world.plan("old", [body(1, "ada", "ben"), body(1, "cat")])
    world.plan("new", [body(2, "ben")])
    world.send("new")
    with world.journal() as journal, journal.transaction() as db:
        assert isinstance(db, sqlite3.Connection)
        db.execute("UPDATE manifests SET state = 'ready' WHERE manifest_id = 'old'")
    with pytest.raises(Superseded):
        world.send("old")
    assert world.service.accepted == [body(2, "ben")]
    with world.journal() as journal:
        assert journal.get("old").reason == "request 0 holds older versions of 1 worker than a later plan sent"


def test_an_older_manifest_that_is_planned_again_is_the_newest(tmp_path: Path) -> None:
    world = World(tmp_path / "journal")
    world.plan("a", [body(1, "ada")])
    world.plan("b", [body(2, "ada")])
    world.send("b")
    world.plan("a", [body(1, "ada")])
    world.send("a")
    assert world.service.accepted == [body(2, "ada"), body(1, "ada")]


@pytest.mark.parametrize("seed", range(40))
def test_whatever_fails_and_whenever_it_is_killed_everything_arrives_in_order_and_within_the_limits(
    tmp_path: Path, seed: int
) -> None:
    """Random faults, kills and newer plans; in the end the service holds the newest version of every worker."""
    chance = random.Random(seed)
    killing = [chance.choice([0.0, 0.01, 0.05])]

    def kill() -> None:
        if chance.random() < killing[0]:
            raise Killed

    world = World(
        tmp_path / "journal", quota=chance.choice([60, 2000]), kill=kill, width=chance.choice([1, 4, 16]),
        seconds=lambda: chance.uniform(0.01, 1.0), arrives=chance.random,
    )  # fmt: skip
    world.service.fail = random_faults(chance, chance.choice([0.0, 0.05, 0.3]))
    workers = [f"{number:03}" for number in range(60)]
    newest: dict[str, int] = {}
    for version in range(1, chance.choice([2, 3, 4])):
        changed = (
            workers if version == 1 else sorted(chance.sample(workers, 20) + [w for w in workers if w not in newest])
        )
        changed = list(dict.fromkeys(changed))
        name = f"plan {version}"
        world.plan(name, [body(version, *changed[i : i + 2]) for i in range(0, len(changed), 2)])
        runs = 0
        while world.state(name) is not ManifestState.ACCEPTED:
            runs += 1
            assert runs < 500
            if runs > 50:
                killing[0] = 0.0
            try:
                world.send(name)
            except Killed:
                world.service.pass_time(world.time.now + dt.timedelta(seconds=2))  # what was on its way arrives
            except Paused as pause:
                world.service.pass_time(pause.until)
            if version < 3 and chance.random() < 0.2:
                break  # a newer plan comes before this one is through
        with world.journal() as journal:
            known = {r.request_no: r.state for r in journal.requests(name)}
        for number, planned in enumerate(world.planned[name]):
            if known.get(number) is RequestState.ACCEPTED:
                newest |= {op["data"]["externalId"]: version for op in orjson.loads(planned)["Operations"]}
    assert world.service.caused == 0
    bodies = {one for planned in world.planned.values() for one in planned}
    assert set(world.service.accepted) <= bodies
    last: dict[str, int] = {}
    for one in world.service.accepted:
        for operation in orjson.loads(one)["Operations"]:
            worker, version = operation["data"]["externalId"], int(operation["bulkId"].split("-")[1])
            assert last.get(worker, 0) <= version, "an older version followed a newer one"
            last[worker] = version
    for worker, version in newest.items():
        assert last[worker] >= version, "accepted by the journal, unknown to the service"
    if world.state(name) is ManifestState.ACCEPTED:
        assert set(world.planned[name]) <= set(world.service.accepted)
