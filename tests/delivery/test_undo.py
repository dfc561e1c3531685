"""An undo puts back what was delivered before a manifest, waits for a person's word, and does not come undone itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.deciders import Decider
from hcm_pipeline.delivery import Manifest, ManifestState, Plan, ask_undo
from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow import plans

from .chain import TARGET, new_chain
from .house import House, new_house

ADA = ("1001", "True", "Ada", "Byron", "", "Research")
BEN = ("1002", "True", "Ben", "Okri", "1001", "Research")
CAT = ("1003", "True", "Cat", "Stevens", "1001", "Sales")
MOVED, GONE = ("1001", "True", "Ada", "Byron", "", "Sales"), ("1002", "False", *BEN[2:])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A home whose target took a second manifest: somebody moved, somebody left, somebody came."""
    with new_house(tmp_path) as made:
        made.day("2026-11-01", ADA, BEN)
        made.accept(made.planned())
        made.day("2026-11-02", MOVED, GONE, CAT)
        made.accept(made.planned())
        yield made


def manifest_id(house: House, plan_no: int = 2) -> str:
    [(found,)] = house.rows("select manifest_id from manifests where plan_no = ?", [plan_no])
    return str(found)


def undo(house: House, plan_no: int = 2) -> tuple[Plan, Manifest | None]:
    """The plan that takes a manifest back, and the held manifest of it, if anything can be put back."""
    ask_undo(house.con, house.target.key, manifest_id(house, plan_no), Decider("ada", house.now))
    made = house.plan()
    return made, next((manifest for manifest in made.held if manifest.undoes), None)


def undone(house: House, plan_no: int = 2) -> tuple[Plan, Manifest]:
    """The same when something can be."""
    made, manifest = undo(house, plan_no)
    assert manifest is not None
    return made, manifest


def take(house: House, manifest: Manifest) -> None:
    with house.journal() as journal:
        journal.approve(manifest.manifest_id, by="ada", why=None, until=house.now + dt.timedelta(hours=1))
    house.accept_all(manifest)


def shape(user: dict[str, Any]) -> tuple[bool, str]:
    return user["printed"] == "yes", user["room"]


def test_it_puts_back_the_versions_before_and_disables_whom_the_manifest_created(house: House) -> None:
    made, manifest = undone(house)
    assert made.manifest is None
    assert (manifest.held_for, manifest.undoes) == ("undo", manifest_id(house))
    assert manifest.counts == {"disable": 1, "enable": 1, "update": 1}
    users = house.users(manifest)
    assert {number: shape(user) for number, user in users.items()} == {
        "1001": (True, "Research"), "1002": (True, "Research"), "1003": (False, "Sales"),
    }  # fmt: skip
    assert all(user["name"] for user in users.values())


def test_it_waits_for_a_persons_word(house: House) -> None:
    _, manifest = undone(house)
    with house.journal() as journal:
        assert journal.get(manifest.manifest_id).state is ManifestState.HELD
        assert journal.open_manifests() == []


def test_it_is_made_again_by_every_plan_until_it_is_taken(house: House) -> None:
    _, manifest = undone(house)
    house.day("2026-11-03", MOVED, GONE, CAT, ("1004", "True", "Dan", "Brown", "", "Sales"))
    made = house.planned()
    assert house.sends(made).keys() == {"1004"}
    assert made.held == (manifest,)


def test_what_was_undone_is_withheld_until_it_changes(house: House) -> None:
    _, manifest = undone(house)
    take(house, manifest)
    made = house.plan()
    assert (made.manifests, made.withheld) == ((), {"undone": 3})
    assert house.rows("select closed from undos") == [("done",)]
    house.day("2026-11-03", ("1001", "True", "Ada", "Byron", "", "Legal"), GONE, CAT)
    made = house.planned()
    assert house.sends(made).keys() == {"1001"}
    assert made.withheld == {"undone": 2}


def test_undone_versions_are_withheld_no_more_when_the_correction_comes(house: House) -> None:
    _, manifest = undone(house)
    take(house, manifest)
    house.day("2026-11-03", ADA, BEN, ("1003", "False", *CAT[2:]))
    made = house.plan()
    assert (made.manifests, made.withheld) == ((), {})


def test_who_got_a_later_version_or_is_to_get_one_is_left_out_and_told(house: House) -> None:
    house.day("2026-11-03", ("1001", "True", "Ada", "Byron", "", "Legal"), GONE, CAT)
    house.accept(house.planned())
    house.day("2026-11-04", ("1001", "True", "Ada", "Byron", "", "Legal"), GONE, (*CAT[:5], "Legal"))
    made, manifest = undone(house)
    assert house.users(manifest).keys() == {"1002"}
    assert made.left_out == {manifest_id(house): {"changed_since": 1, "delivered_since": 1}}
    assert house.sends(made).keys() == {"1003"}


def test_a_rejected_undo_is_not_planned_again(house: House) -> None:
    _, manifest = undone(house)
    with house.journal() as journal:
        journal.reject(manifest.manifest_id, by="ada", why=None)
    made = house.plan()
    assert (made.manifests, made.withheld) == ((), {})
    assert house.rows("select closed from undos") == [("rejected",)]


def test_an_undo_can_be_undone(house: House) -> None:
    _, manifest = undone(house)
    take(house, manifest)
    made, back = undone(house, 3)
    assert {number: shape(user) for number, user in house.users(back).items()} == {
        "1001": (True, "Sales"), "1002": (False, "Research"), "1003": (True, "Sales"),
    }  # fmt: skip
    take(house, back)
    made = house.plan()
    assert (made.manifests, made.withheld) == ((), {})


def test_there_is_nothing_to_put_back_of_what_was_never_accepted_or_is_as_before(house: House) -> None:
    house.day("2026-11-03", ADA, GONE, CAT)
    house.planned()
    made, manifest = undo(house, 3)
    assert (manifest, made.left_out) == (None, {manifest_id(house, 3): {"never_accepted": 1}})
    assert house.rows("select closed from undos") == [("done",)]


def test_replaced_versions_are_kept_for_as_long_as_the_profile_says(house: House) -> None:
    assert len(house.rows("from delivered_before")) == 2
    house.now += dt.timedelta(days=31)
    made, manifest = undone(house)
    assert house.rows("from delivered_before") == []
    assert made.left_out == {manifest_id(house): {"not_kept": 2}}
    assert house.users(manifest).keys() == {"1003"}


def test_asking_for_the_undo_of_what_was_never_accepted_says_so(tmp_path: Path) -> None:
    chain = new_chain(tmp_path)
    chain.day("2026-11-01", ADA, BEN)
    made = chain.planned()
    assert made.manifest is not None
    with pytest.raises(UsageError, match=r"nothing to put back \(2 never accepted\)"):
        plans.undo(chain.warehouse, chain.loaded, TARGET, made.manifest.manifest_id, "ada", clock=chain.clock)


def test_an_undo_puts_back_whole_records_at_the_service(tmp_path: Path) -> None:
    chain = new_chain(tmp_path)
    chain.day("2026-11-01", ADA, BEN)
    before = chain.planned()
    chain.accept(before)
    chain.day("2026-11-02", MOVED, GONE, CAT)
    made = chain.planned()
    chain.accept(made)
    assert made.manifest is not None
    back = plans.undo(chain.warehouse, chain.loaded, TARGET, made.manifest.manifest_id, "ada", clock=chain.clock)
    users = chain.users(back.held[0])
    new = users.pop("1003")
    assert users == chain.sends(before)
    assert (new["active"], new["userName"]) == (False, chain.sends(made)["1003"]["userName"])
