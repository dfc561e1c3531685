"""Decisions are a chain that shows where it was broken; some want two people, or somebody else than the one who started the run."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from hcm_pipeline.delivery import ApprovalRule, BrokenChain, Journal, ManifestState
from hcm_pipeline.errors import UsageError

from .conftest import StoppedTime
from .test_journal import manifest

HOUR = dt.timedelta(hours=1)
TWO = ApprovalRule(people=2)
SOMEBODY_ELSE = ApprovalRule(not_who_started=True)
NAMES = ("a" * 64, "b" * 64, "c" * 64)


@pytest.fixture
def time() -> StoppedTime:
    return StoppedTime()


@pytest.fixture
def journal(tmp_path: Path, time: StoppedTime) -> Iterator[Journal]:
    """A journal with three manifests that wait for a decision, of a run that Ada started."""
    with Journal(tmp_path / "journal", clock=time.clock) as opened:
        parts = [(manifest(name, held_for="disable"), Path(name)) for name in NAMES]
        opened.register_plan("sp/job", parts, started_by="Ada")
        yield opened


def approve(
    journal: Journal, time: StoppedTime, by: str, rule: ApprovalRule = TWO, which: int = 0, how: str = "cli"
) -> ManifestState:
    until = time.clock() + HOUR
    return journal.approve(NAMES[which], by=by, why="it is true", until=until, how=how, rule=rule).state


def three(journal: Journal, time: StoppedTime) -> None:
    """Three decisions: two approvals and a rejection."""
    approve(journal, time, "Ada", ApprovalRule(), 0)
    approve(journal, time, "Ben", ApprovalRule(), 1, how="proxy")
    journal.reject(NAMES[2], by="Zoë", why=None, how="ui")


def test_each_decision_holds_the_digest_of_the_one_before(journal: Journal, time: StoppedTime) -> None:
    three(journal, time)
    first, second, third = journal.decisions()
    assert (first.before, second.before, third.before) == ("0" * 64, first.digest, second.digest)
    assert [one.how for one in (first, second, third)] == ["cli", "proxy", "ui"]
    assert len({first.digest, second.digest, third.digest}) == 3
    assert journal.decisions(after=2) == [third]


@pytest.mark.parametrize(
    ("written", "where"),
    [
        ("UPDATE decisions SET decided_by = 'cfo' WHERE decision_no = 2", "decision 2 was changed"),
        ("UPDATE decisions SET how = 'proxy' WHERE decision_no = 3", "decision 3 was changed"),
        ("UPDATE decisions SET why = NULL WHERE decision_no = 1", "decision 1 was changed"),
        (f"UPDATE decisions SET manifest_id = '{NAMES[1]}' WHERE decision_no = 1", "decision 1 was changed"),
        ("UPDATE decisions SET expires_at = '2099-01-01T00:00:00.000000+00:00' WHERE decision_no = 1", "decision 1 was changed"),
        ("UPDATE decisions SET before = digest WHERE decision_no = 2", "decision 2 does not follow"),
        ("DELETE FROM decisions WHERE decision_no = 2", "decision 2 is missing"),
        ("DELETE FROM decisions WHERE decision_no = 3", "decision 3 is missing"),
        ("DELETE FROM decisions", "decision 1 is missing"),
        (f"INSERT INTO decisions SELECT 4, '{NAMES[2]}', 'approve', decided_by, how, decided_at, why, expires_at, digest, digest"
         " FROM decisions WHERE decision_no = 3", "decision 4 was changed"),
    ],
)  # fmt: skip
def test_a_chain_that_somebody_wrote_to_carries_nothing_more(
    journal: Journal, time: StoppedTime, tmp_path: Path, written: str, where: str
) -> None:
    three(journal, time)
    with sqlite3.connect(tmp_path / "journal") as other:
        other.execute(written)
    other.close()
    for build_on in (
        journal.verify_decisions,
        journal.decisions,
        lambda: approve(journal, time, "Ada", ApprovalRule()),
    ):
        with pytest.raises(BrokenChain, match=where) as broken:
            build_on()
        assert broken.value.exit_code == 1
    with pytest.raises(BrokenChain):
        journal.reject(NAMES[0], by="Ben", why=None)
    assert journal.get(NAMES[0]).state is ManifestState.READY


@pytest.mark.parametrize("state", ["ready", "uploading"])
def test_a_held_manifest_does_not_go_out_because_somebody_wrote_so(
    journal: Journal, tmp_path: Path, state: str
) -> None:
    with sqlite3.connect(tmp_path / "journal") as other:
        other.execute("UPDATE manifests SET state = ? WHERE manifest_id = ?", (state, NAMES[1]))
    other.close()
    with pytest.raises(BrokenChain, match=f"manifest {NAMES[1][:12]} was held"):
        journal.verify_decisions()


def test_an_empty_chain_is_whole(journal: Journal) -> None:
    journal.verify_decisions()


def test_the_first_of_two_people_is_recorded_and_the_second_lets_it_go(journal: Journal, time: StoppedTime) -> None:
    assert approve(journal, time, "Ada") is ManifestState.HELD
    assert journal.get(NAMES[0]).reason == "approved by Ada; 1 more is needed"
    assert approve(journal, time, "Ben") is ManifestState.READY
    assert [one.decided_by for one in journal.decisions()] == ["Ada", "Ben"]


@pytest.mark.parametrize("again", ["Ada", "ADA", " ada "])
def test_one_person_is_not_two(journal: Journal, time: StoppedTime, again: str) -> None:
    approve(journal, time, "Ada")
    with pytest.raises(UsageError, match="somebody else"):
        approve(journal, time, again, how="proxy")
    assert journal.get(NAMES[0]).state is ManifestState.HELD
    assert len(journal.decisions()) == 1


def test_an_approval_that_expired_or_was_taken_back_is_not_the_first_of_two(
    journal: Journal, time: StoppedTime
) -> None:
    approve(journal, time, "Ada")
    time.now += HOUR
    assert approve(journal, time, "Ben") is ManifestState.HELD
    journal.reject(NAMES[0], by="Ben", why=None)
    assert approve(journal, time, "Ada") is ManifestState.HELD
    assert approve(journal, time, "Ben") is ManifestState.READY


def test_one_of_two_cannot_prolong_the_approval_alone(journal: Journal, time: StoppedTime) -> None:
    approve(journal, time, "Ada")
    time.now += HOUR / 2
    approve(journal, time, "Ben")
    until = journal.get(NAMES[0]).approved_until
    time.now += HOUR * 0.75
    assert approve(journal, time, "Ben") is ManifestState.READY
    assert journal.get(NAMES[0]).approved_until == until


def test_an_approval_of_one_manifest_is_none_of_another(journal: Journal, time: StoppedTime) -> None:
    approve(journal, time, "Ada", which=0)
    assert approve(journal, time, "Ben", which=1) is ManifestState.HELD


def test_the_one_who_started_the_run_does_not_approve_it(journal: Journal, time: StoppedTime) -> None:
    with pytest.raises(UsageError, match="started its run"):
        approve(journal, time, "ada", SOMEBODY_ELSE)
    assert approve(journal, time, "Ben", SOMEBODY_ELSE) is ManifestState.READY
    assert journal.get(NAMES[0]).started_by == "Ada"


@pytest.mark.parametrize("rule", [TWO, SOMEBODY_ELSE])
def test_a_name_that_nobody_checked_is_no_second_person(
    journal: Journal, time: StoppedTime, rule: ApprovalRule
) -> None:
    with pytest.raises(UsageError, match="nobody has signed in"):
        approve(journal, time, "Ben", rule, how="ui")
    assert approve(journal, time, "Ben", ApprovalRule(), how="ui") is ManifestState.READY
