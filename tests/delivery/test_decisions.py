"""Approving and rejecting: exactly the manifest that was named, for a time, by somebody, and nothing is lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.delivery import (
    Journal,
    ManifestState,
    Plan,
    RequestState,
    SendResult,
)
from hcm_pipeline.delivery.manifest import Manifest
from hcm_pipeline.errors import UsageError

from .house import House, crowd, left, new_house

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A home whose target has 40 workers."""
    with new_house(tmp_path) as made:
        made.day("2026-11-01", *crowd(40))
        made.accept(made.planned())
        yield made


def held(house: House, date: str = "2026-11-02", leavers: int = 20) -> tuple[Plan, Manifest]:
    """A plan in which one manifest is held, and that manifest."""
    house.day(date, *left(crowd(40), leavers))
    made = house.plan()
    [manifest] = made.held
    return made, manifest


def approve(house: House, manifest: Manifest, hours: float = 1.0) -> ManifestState:
    with house.journal() as journal:
        until = house.now + hours * HOUR
        return journal.approve(manifest.manifest_id, by="ada", why="it is true", until=until).state


def reject(house: House, manifest: Manifest) -> ManifestState:
    with house.journal() as journal:
        return journal.reject(manifest.manifest_id, by="ben", why=None).state


def state(house: House, manifest: Manifest) -> ManifestState:
    with house.journal() as journal:
        return journal.get(manifest.manifest_id).state


def test_an_approved_manifest_goes_out_and_who_approved_it_is_kept(house: House) -> None:
    _, manifest = held(house)
    assert approve(house, manifest) is ManifestState.READY
    with house.journal() as journal:
        assert [m.manifest_id for m in journal.open_manifests()] == [manifest.manifest_id]
    house.accept_all(manifest)
    assert house.plan().manifests == ()
    decided = "select manifest_id, decision, decided_by, why, expires_at - decided_at from manifest_decisions"
    assert house.rows(decided) == [(manifest.manifest_id, "approve", "ada", "it is true", HOUR)]


def test_an_approval_expires_and_the_manifest_is_held_again(house: House) -> None:
    _, manifest = held(house)
    approve(house, manifest)
    house.now += HOUR
    with house.journal() as journal:
        assert journal.open_manifests() == []
        [waits] = journal.held_manifests(house.target.key)
        assert (waits.manifest_id, "expired" in (waits.reason or "")) == (manifest.manifest_id, True)
        journal.start(manifest.manifest_id)
        assert journal.get(manifest.manifest_id).state is ManifestState.HELD
    assert approve(house, manifest) is ManifestState.READY


def test_an_upload_that_began_in_time_goes_on_after_the_approval_expired(house: House) -> None:
    _, manifest = held(house)
    approve(house, manifest)
    with house.journal() as journal:
        journal.start(manifest.manifest_id)
    house.now += 2 * HOUR
    assert state(house, manifest) is ManifestState.UPLOADING


def test_planning_again_keeps_an_approval_when_nothing_changed(house: House) -> None:
    _, manifest = held(house)
    approve(house, manifest)
    assert house.plan().held == (manifest,)
    assert state(house, manifest) is ManifestState.READY


def test_an_approval_is_kept_on_the_next_business_date_when_the_manifest_says_the_same(house: House) -> None:
    _, manifest = held(house)
    approve(house, manifest)
    newcomer = ("5000", "True", "New", "Comer", "", "Sales")
    house.day("2026-11-03", *left(crowd(40), 20), newcomer)
    made = house.plan()
    assert made.held == (manifest,)
    assert made.counts == {"create": 1, "disable": 20}
    assert state(house, manifest) is ManifestState.READY


def test_an_approval_covers_no_other_manifest(house: House) -> None:
    _, manifest = held(house)
    approve(house, manifest)
    made, other = held(house, "2026-11-03", leavers=21)
    assert state(house, manifest) is ManifestState.SUPERSEDED
    assert state(house, other) is ManifestState.HELD
    assert made.superseded == (manifest.manifest_id,)


def take(house: House, manifest: Manifest, *requests: int) -> None:
    """The service takes some requests of a manifest."""
    with house.journal() as journal:
        journal.start(manifest.manifest_id)
        for request in requests:
            assert journal.begin_send(manifest.manifest_id, request)
            journal.end_send(
                manifest.manifest_id, request, SendResult(RequestState.ACCEPTED, status=202, service_time=house.now)
            )


def test_what_is_left_of_an_approved_load_goes_on_by_itself_and_nothing_else_does(house: House) -> None:
    house.sized(5)
    _, manifest = held(house)
    approve(house, manifest)
    take(house, manifest, 0)  # then the quota is spent
    house.now += 24 * HOUR
    house.day("2026-11-03", *left(crowd(40), 21), ("5000", "True", "New", "Comer", "", "Sales"))
    made = house.plan()
    [rest] = made.approved
    assert (rest.held_for, rest.counts, made.held) == ("disable", {"disable": 15}, ())
    assert made.manifest is not None
    assert made.manifest.counts == {"create": 1, "disable": 1}  # one more leaver is none that anybody approved
    assert (state(house, manifest), state(house, rest)) == (ManifestState.SUPERSEDED, ManifestState.READY)
    with house.journal() as journal:
        assert [m.manifest_id for m in journal.open_manifests()] == [rest.manifest_id, made.manifest.manifest_id]
        told = journal.decisions()[-1]
    assert (told.manifest_id, told.decided_by, told.expires_at) == (rest.manifest_id, "ada", None)
    assert told.why == f"the rest of manifest {manifest.manifest_id[:12]}, which was approved"

    house.now += 24 * HOUR  # nothing went out: it is the rest all the same, but for one who is to be another by now
    rows = [row if row[0] != "2019" else (*row[:5], "Legal", *row[6:]) for row in left(crowd(40), 21)]
    house.day("2026-11-04", *rows, ("5000", "True", "New", "Comer", "", "Sales"))
    made = house.plan()
    [rest] = made.approved
    assert (rest.counts, made.held) == ({"disable": 14}, ())
    house.accept_all(rest)
    assert house.plan().approved == ()


def test_an_approval_of_which_nothing_began_covers_no_rest(house: House) -> None:
    _, manifest = held(house)
    approve(house, manifest)
    made, other = held(house, "2026-11-03", leavers=21)
    assert made.approved == ()
    assert other.counts == {"disable": 21}


def test_a_load_that_is_rejected_while_its_rest_is_planned_is_not_approved_by_that(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.sized(5)
    _, manifest = held(house)
    approve(house, manifest)
    take(house, manifest, 0)
    register = Journal.register_plan

    def after_a_rejection(journal: Journal, *parts: Any, **given: Any) -> None:
        journal.reject(manifest.manifest_id, by="ben", why=None)
        register(journal, *parts, **given)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "register_plan", after_a_rejection)
        [rest] = house.plan().approved
    assert state(house, rest) is ManifestState.HELD
    made = house.plan()
    assert (made.manifests, made.withheld) == ((), {"rejected": 15})


def test_what_is_left_of_a_rejected_load_is_withheld(house: House) -> None:
    house.sized(5)
    _, manifest = held(house)
    approve(house, manifest)
    take(house, manifest, 0)
    reject(house, manifest)
    made = house.plan()
    assert (made.manifests, made.withheld) == ((), {"rejected": 15})


def test_a_rejected_operation_is_not_planned_again_before_it_changes(house: House) -> None:
    _, manifest = held(house)
    assert reject(house, manifest) is ManifestState.REJECTED
    made = house.plan()
    assert (made.manifests, made.withheld) == ((), {"rejected": 20})
    assert state(house, manifest) is ManifestState.REJECTED
    house.day("2026-11-03", *left(crowd(40), 20, department="Legal"))
    made = house.plan()
    assert made.withheld == {}
    assert sum(manifest.counts.get("disable", 0) for manifest in made.manifests) == 20


def test_who_is_again_as_delivered_is_withheld_no_more(house: House) -> None:
    _, manifest = held(house)
    reject(house, manifest)
    house.plan()
    house.day("2026-11-03", *crowd(40))
    assert (house.plan().manifests, house.rows("select * from withheld")) == ((), [])
    made, again = held(house, "2026-11-04")
    assert made.withheld == {}
    assert state(house, again) is ManifestState.HELD


def test_a_rejected_manifest_is_approved_after_all_while_no_newer_plan_was_made(house: House) -> None:
    _, manifest = held(house)
    reject(house, manifest)
    assert approve(house, manifest) is ManifestState.READY
    assert house.plan().held == (manifest,)
    house.accept_all(manifest)
    assert (house.plan().manifests, house.plan().withheld) == ((), {})


def test_a_rejected_manifest_that_is_approved_after_a_newer_plan_returns_its_workers_to_the_next(house: House) -> None:
    _, manifest = held(house)
    reject(house, manifest)
    house.plan()
    assert approve(house, manifest) is ManifestState.SUPERSEDED
    made = house.plan()
    assert (made.counts, made.withheld) == ({"disable": 20}, {})


def test_a_free_manifest_can_be_rejected_too(house: House) -> None:
    house.day("2026-11-02", *left(crowd(40), 2))
    made = house.planned()
    assert made.manifest is not None
    reject(house, made.manifest)
    assert (house.plan().manifests, house.plan().withheld) == ((), {"rejected": 2})


def test_rejecting_in_the_middle_of_an_upload_stops_it_and_withholds_only_what_did_not_arrive(house: House) -> None:
    house.day("2026-11-02", *crowd(120))
    made = house.planned()
    assert made.manifest is not None
    house.begin(made)
    house.answer(made)
    house.begin(made, 1)  # nobody knows whether this one arrives
    reject(house, made.manifest)
    with house.journal() as journal:
        assert not journal.begin_send(made.manifest.manifest_id, 2)
    again = house.plan()
    assert again.withheld == {"rejected": 25}  # the canary's five arrived
    assert again.counts == {"create": 50}


@pytest.mark.parametrize("state", ["ready", "superseded", "accepted"])
def test_there_is_nothing_to_approve_about_what_nobody_held(house: House, state: str) -> None:
    house.day("2026-11-02", *left(crowd(40), 2))
    made = house.planned()
    assert made.manifest is not None
    if state == "accepted":
        house.accept(made)
    if state == "superseded":
        house.day("2026-11-03", *left(crowd(40), 3))
        house.plan()
    with pytest.raises(UsageError, match=f"is {state}: there is nothing to approve"):
        approve(house, made.manifest)
    if state != "ready":
        with pytest.raises(UsageError, match=f"is {state}: there is nothing to reject"):
            reject(house, made.manifest)


def test_what_a_guard_held_is_superseded_when_a_newer_plan_has_nothing_of_it(house: House) -> None:
    _, manifest = held(house)
    house.day("2026-11-03", *crowd(40))
    assert house.plan().manifests == ()
    assert state(house, manifest) is ManifestState.SUPERSEDED


def lose_journal(house: House) -> None:
    """The file is gone; another one takes its place, by a person's word."""
    for path in house.home.path.glob("delivery.sqlite*"):
        path.unlink()


def test_a_rejection_counts_whatever_its_number_is(house: House) -> None:
    """A journal in the place of a lost one numbers its decisions from one again."""
    _, manifest = held(house)
    reject(house, manifest)
    assert house.plan().withheld == {"rejected": 20}
    lose_journal(house)
    house.day("2026-11-03", *left(crowd(40), 20, "Lab"))
    made = house.plan()
    assert (made.withheld, [one.operations for one in made.held]) == ({}, [20])
    reject(house, made.held[0])
    made = house.plan()
    assert (made.manifests, made.withheld) == ((), {"rejected": 20})


def test_what_was_rejected_in_a_lost_journal_can_be_approved_in_the_next(house: House) -> None:
    _, manifest = held(house)
    reject(house, manifest)
    house.plan()
    lose_journal(house)
    for _ in range(2):
        made = house.plan()
        assert (made.withheld, made.held) == ({"rejected": 20}, ())
    assert state(house, manifest) is ManifestState.REJECTED
    with house.journal() as journal:
        [given] = journal.decisions()
    assert (given.decision, given.decided_by, given.why) == ("reject", "ben", "rejected before the journal was lost")
    assert approve(house, manifest) is ManifestState.SUPERSEDED
    assert [one.operations for one in house.plan().held] == [20]
