"""The journal: manifests and requests move only along their states, and nothing accepted is forgotten."""

from __future__ import annotations

import datetime as dt
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hcm_pipeline.delivery import Journal, ManifestState, OutcomeEntry, RequestState, SendResult
from hcm_pipeline.delivery.manifest import Manifest
from hcm_pipeline.errors import PipelineError, UsageError
from tests.budget import examples

from .conftest import DAY, StoppedTime

ACCEPTED = SendResult(RequestState.ACCEPTED, 202, "id", dt.datetime(2026, 11, 23, tzinfo=dt.UTC))


def manifest(name: str, requests: int = 3, target: str = "sp/job", held_for: str | None = None) -> Manifest:
    """A manifest known by its id only."""
    return Manifest(
        manifest_id=name, business_date=DAY, target=target, profile="test", previous=None, requests=requests,
        operations=requests, bulk_sha256="", bulk_bytes=0, counts={}, inputs={}, extracts=(), held_for=held_for,
    )  # fmt: skip


def register(journal: Journal, name: str, requests: int = 3, target: str = "sp/job") -> None:
    journal.register(manifest(name, requests, target), Path("manifests") / name)


def send(journal: Journal, name: str, number: int, outcome: SendResult = ACCEPTED) -> None:
    assert journal.begin_send(name, number)
    journal.end_send(name, number, outcome)


def plan(journal: Journal, **held_for: str | None) -> None:
    """Register a plan: manifests by name, with what each is held for."""
    journal.register_plan("sp/job", [(manifest(name, held_for=kind), Path(name)) for name, kind in held_for.items()])


def state(journal: Journal, name: str) -> str:
    return str(journal.get(name).state)


@pytest.fixture
def time() -> StoppedTime:
    return StoppedTime()


@pytest.fixture
def journal(tmp_path: Path, time: StoppedTime) -> Iterator[Journal]:
    with Journal(tmp_path / "journal", clock=time.clock) as opened:
        yield opened


def test_the_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as journal:
        register(journal, "a")
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_registering_is_harmless_twice_and_keeps_what_was_sent(journal: Journal) -> None:
    register(journal, "a")
    journal.start("a")
    send(journal, "a", 0)
    register(journal, "a")
    assert journal.progress("a").accepted == 1
    assert journal.get("a").state is ManifestState.UPLOADING


@pytest.mark.parametrize("state", ["ready", "uploading", "failed"])
def test_a_new_manifest_supersedes_an_unfinished_one_of_its_target(journal: Journal, state: str) -> None:
    register(journal, "old", 1)
    if state != "ready":
        send(journal, "old", 0, SendResult(RequestState.REFUSED if state == "failed" else RequestState.UNKNOWN))
        journal.start("old")
        journal.finish("old")
    assert journal.get("old").state == state
    register(journal, "new")
    old = journal.get("old")
    assert (old.state, old.reason) == (ManifestState.SUPERSEDED, "superseded by new")
    assert [one.manifest_id for one in journal.open_manifests()] == ["new"]
    assert not journal.begin_send("old", 0)


def test_an_accepted_manifest_and_another_targets_are_never_superseded(journal: Journal) -> None:
    register(journal, "done", 1)
    send(journal, "done", 0)
    journal.start("done")
    journal.finish("done")
    register(journal, "elsewhere", target="another/job")
    register(journal, "new")
    assert [one.state for one in map(journal.get, ("done", "elsewhere", "new"))] == ["accepted", "ready", "ready"]


def test_a_superseded_manifest_that_is_planned_again_is_sent_from_its_first_request(journal: Journal) -> None:
    register(journal, "a")
    send(journal, "a", 0)
    register(journal, "b")
    register(journal, "a")
    assert journal.get("a").state is ManifestState.READY
    assert journal.get("b").state is ManifestState.SUPERSEDED
    assert journal.pending("a") == ([], [0, 1, 2])
    assert [one.request_no for one in journal.accepted_requests()] == [0]


def test_an_acceptance_says_how_many_other_attempts_may_have_arrived(journal: Journal) -> None:
    register(journal, "a")
    send(journal, "a", 0)
    for other in (
        SendResult(RequestState.UNKNOWN), SendResult(RequestState.UNKNOWN, 504),  # no answer, and an answer of a gateway
        SendResult(RequestState.PLANNED, 429), SendResult(RequestState.PLANNED),  # refused, and never left
    ):  # fmt: skip
        send(journal, "a", 1, other)
    send(journal, "a", 1)
    assert [(one.request_no, one.perhaps) for one in journal.accepted_requests()] == [(0, 0), (1, 2)]


def test_a_plan_that_does_not_know_of_the_last_request_sent_is_turned_away(journal: Journal) -> None:
    register(journal, "a")
    seen = journal.last_send("sp/job")
    send(journal, "a", 0)
    with pytest.raises(PipelineError, match="plan again"):
        journal.register(manifest("b"), Path("b"), planned_after=seen)
    assert [one.manifest_id for one in journal.open_manifests()] == ["a"]
    journal.register(manifest("b"), Path("b"), planned_after=journal.last_send("sp/job"))


def test_a_plan_that_finds_nothing_to_send_closes_what_is_open(journal: Journal) -> None:
    register(journal, "a")
    seen = journal.last_send("sp/job")
    send(journal, "a", 0)
    with pytest.raises(PipelineError, match="plan again"):
        journal.register_plan("sp/job", [], planned_after=seen)
    journal.register_plan("sp/job", [], planned_after=journal.last_send("sp/job"))
    assert (journal.get("a").state, journal.get("a").reason) == (ManifestState.SUPERSEDED, "nothing is left to send")
    assert journal.last_sent("sp/job") == "a"


def test_requests_in_doubt_are_pending_first(journal: Journal) -> None:
    register(journal, "a", 4)
    send(journal, "a", 0)
    send(journal, "a", 2, SendResult(RequestState.UNKNOWN))
    assert journal.begin_send("a", 3)
    assert journal.pending("a") == ([2, 3], [1])
    assert [one.request_no for one in journal.unsettled_requests("sp/job")] == [2, 3]


def test_a_request_cannot_be_begun_twice_or_ended_unbegun(journal: Journal) -> None:
    register(journal, "a")
    assert journal.begin_send("a", 0)
    with pytest.raises(PipelineError, match="sent or settled already"):
        journal.begin_send("a", 0)
    journal.end_send("a", 0, ACCEPTED)
    with pytest.raises(PipelineError, match="sent or settled already"):
        journal.begin_send("a", 0)
    with pytest.raises(PipelineError, match="never begun"):
        journal.end_send("a", 1, ACCEPTED)
    with pytest.raises(PipelineError, match="not to send"):
        journal.begin_send("a", 3)


def test_a_manifest_is_found_by_a_beginning_that_fits_no_other(journal: Journal) -> None:
    register(journal, "abc1")
    register(journal, "abd2")
    assert journal.get("abc").manifest_id == "abc1"
    with pytest.raises(UsageError, match="more than one id begins so: abc1, abd2"):
        journal.get("ab")
    for wrong in ("x", "", "%", "_bc"):
        with pytest.raises(UsageError, match="no manifest's id begins so"):
            journal.get(wrong)


def test_a_journal_of_a_newer_release_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with Journal(path):
        pass
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(PipelineError, match="newer hcm-pipeline"):
        Journal(path)


def test_a_file_that_is_no_journal_is_told_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(PipelineError, match=r"journal: the journal cannot be used"):
        Journal(path)


NAMES = st.sampled_from(["a", "b", "c"])
ENDS = st.sampled_from([RequestState.ACCEPTED, RequestState.REFUSED, RequestState.UNKNOWN, RequestState.PLANNED])
REQUESTS = 2


ENTRY = OutcomeEntry(
    "e1", dt.datetime(2026, 11, 23, tzinfo=dt.UTC), "1001", "success", "create", good=True, reason="taken"
)


def test_what_an_answer_said_at_once_of_its_operations_is_kept_with_the_acceptance(journal: Journal) -> None:
    register(journal, "a")
    send(journal, "a", 0, replace(ACCEPTED, outcomes=(ENTRY, replace(ENTRY, id="e2", status="failure", good=False))))
    send(journal, "a", 1, replace(ACCEPTED, outcomes=(replace(ENTRY, id="e3"),)))
    assert [one.id for one in journal.answered_outcomes("a")] == ["e1", "e2", "e3"]
    assert journal.answered_outcomes("a")[0] == ENTRY
    [first, _] = journal.accepted_requests()
    assert [one.id for one in journal.answered_outcomes_after(first.accept_seq, "sp/job")] == ["e3"]
    assert journal.answered_outcomes_after(0, "another/job") == []


class JournalStates(RuleBasedStateMachine):
    """Any order of events over three manifests of one target, restarts among them, against a plain model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.time = StoppedTime()
        self.journal = self.opened()
        self.manifests: dict[str, str] = {}
        self.requests: dict[tuple[str, int], str] = {}
        self.acceptances: list[tuple[str, int]] = []

    def opened(self) -> Journal:
        return Journal(Path(self.folder.name) / "journal", clock=self.time.clock)

    def teardown(self) -> None:
        with self.journal:
            pass
        self.folder.cleanup()

    @rule()
    def restart(self) -> None:
        with self.journal:
            pass
        self.journal = self.opened()

    @rule(name=NAMES)
    def register(self, name: str) -> None:
        register(self.journal, name, REQUESTS)
        if self.manifests.get(name) == "accepted":
            return
        if self.manifests.get(name, "superseded") == "superseded":
            self.manifests[name] = "ready"
            for (owner, number), state in self.requests.items():
                if owner == name and state != "sending":
                    self.requests[owner, number] = "planned"
        for other, state in self.manifests.items():
            if other != name and state != "accepted":
                self.manifests[other] = "superseded"

    @rule(name=NAMES)
    def start(self, name: str) -> None:
        self.journal.start(name)
        if self.manifests.get(name) in ("ready", "uploading"):
            self.manifests[name] = "uploading"
            for (owner, number), state in self.requests.items():
                if owner == name and state == "sending":
                    self.requests[owner, number] = "unknown"

    @rule(name=NAMES, number=st.integers(0, REQUESTS - 1))
    def begin(self, name: str, number: int) -> None:
        state = self.manifests.get(name)
        sendable = self.requests.get((name, number), "planned") in ("planned", "unknown")
        if state == "superseded":
            assert not self.journal.begin_send(name, number)
        elif state in ("ready", "uploading") and sendable:
            assert self.journal.begin_send(name, number)
            self.requests[name, number] = "sending"
        else:
            with pytest.raises(PipelineError):
                self.journal.begin_send(name, number)

    @rule(name=NAMES, number=st.integers(0, REQUESTS - 1), end=ENDS)
    def end(self, name: str, number: int, end: RequestState) -> None:
        if self.requests.get((name, number)) != "sending":
            with pytest.raises(PipelineError):
                self.journal.end_send(name, number, SendResult(end))
            return
        self.journal.end_send(name, number, SendResult(end))
        self.requests[name, number] = end
        if end is RequestState.ACCEPTED:
            self.acceptances.append((name, number))

    @rule(name=NAMES)
    def finish(self, name: str) -> None:
        if name not in self.manifests:
            with pytest.raises(UsageError):
                self.journal.finish(name)
            return
        settled = [self.requests.get((name, number)) for number in range(REQUESTS)]
        if self.manifests[name] in ("ready", "uploading") and set(settled) <= {"accepted", "refused"}:
            self.manifests[name] = "failed" if "refused" in settled else "accepted"
        assert self.journal.finish(name) == self.manifests[name]

    @invariant()
    def the_journal_agrees_with_the_model(self) -> None:
        found = {one.manifest_id: one for one in self.journal.manifests()}
        assert found.keys() == self.manifests.keys()
        for name, one in found.items():
            assert one.state == self.manifests[name]
            assert {r.request_no: r.state.value for r in self.journal.requests(name)} == {
                number: state for (owner, number), state in self.requests.items() if owner == name
            }
            counts = self.journal.progress(name)
            assert counts.accepted + counts.refused + counts.unknown + counts.planned == counts.requests == REQUESTS

    @invariant()
    def at_most_one_manifest_of_a_target_is_open(self) -> None:
        assert len(self.journal.open_manifests()) <= 1

    @invariant()
    def every_acceptance_is_kept_in_order(self) -> None:
        taken = list(self.journal.accepted_requests())
        assert [(one.manifest_id, one.request_no) for one in taken] == self.acceptances
        assert [one.accept_seq for one in taken] == sorted({one.accept_seq for one in taken})


TestJournalStates = JournalStates.TestCase
TestJournalStates.settings = settings(max_examples=examples(30), stateful_step_count=25, deadline=None)
