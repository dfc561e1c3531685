"""An undo puts back what was delivered before a manifest, waits for a person's word, and does not come undone itself."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.delivery import Plan
from hcm_pipeline.delivery.manifest import Manifest
from hcm_pipeline.delivery.state.journal import ManifestState
from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow import processing

from .chain import TARGET, Chain, new_chain

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ADA = ("1001", "True", "Ada", "Byron", "", "Research")
BEN = ("1002", "True", "Ben", "Okri", "1001", "Research")
CAT = ("1003", "True", "Cat", "Stevens", "1001", "Sales")
MOVED, GONE = ("1001", "True", "Ada", "Byron", "", "Sales"), ("1002", "False", *BEN[2:])


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A home whose target took a second manifest: somebody moved, somebody left, somebody came."""
    made = new_chain(tmp_path_factory.mktemp("template"))
    made.day("2026-11-01", ADA, BEN)
    made.accept(made.planned())
    made.day("2026-11-02", MOVED, GONE, CAT)
    made.accept(made.planned())
    return made


@pytest.fixture
def chain(template: Chain, tmp_path: Path) -> Chain:
    """A home of its own, as the template is."""
    return template.copied(tmp_path)


def manifest_id(chain: Chain, plan_no: int = 2) -> str:
    [(found,)] = chain.rows("select manifest_id from manifests where plan_no = ?", [plan_no])
    return str(found)


def undo(chain: Chain, plan_no: int = 2) -> tuple[Plan, Manifest]:
    """The plan that takes a manifest back, and the held manifest of it."""
    made = processing.undo(chain.warehouse, chain.loaded, TARGET, manifest_id(chain, plan_no), "ada", clock=chain.clock)
    [manifest] = [manifest for manifest in made.held if manifest.undoes]
    return made, manifest


def take(chain: Chain, manifest: Manifest) -> None:
    with chain.journal() as journal:
        journal.approve(manifest.manifest_id, by="ada", why=None, until=chain.now + dt.timedelta(hours=1))
    chain.accept_all(manifest)


def shape(user: dict[str, Any]) -> tuple[bool, str]:
    return user["active"], user[ENTERPRISE]["department"]


def test_it_puts_back_the_versions_before_and_disables_whom_the_manifest_created(chain: Chain) -> None:
    made, manifest = undo(chain)
    assert made.manifest is None
    assert (manifest.held_for, manifest.undoes) == ("undo", manifest_id(chain))
    assert manifest.counts == {"disable": 1, "enable": 1, "update": 1}
    users = chain.users(manifest)
    assert {number: shape(user) for number, user in users.items()} == {
        "1001": (True, "Research"), "1002": (True, "Research"), "1003": (False, "Sales"),
    }  # fmt: skip
    assert all(user["userName"] for user in users.values())


def test_it_waits_for_a_persons_word(chain: Chain) -> None:
    _, manifest = undo(chain)
    with chain.journal() as journal:
        assert journal.get(manifest.manifest_id).state is ManifestState.HELD
        assert journal.open_manifests() == []


def test_it_is_made_again_by_every_plan_until_it_is_taken(chain: Chain) -> None:
    _, manifest = undo(chain)
    chain.day("2026-11-03", MOVED, GONE, CAT, ("1004", "True", "Dan", "Brown", "", "Sales"))
    made = chain.planned()
    assert chain.sends(made).keys() == {"1004"}
    assert made.held == (manifest,)


def test_what_was_undone_is_withheld_until_it_changes(chain: Chain) -> None:
    _, manifest = undo(chain)
    take(chain, manifest)
    made = chain.plan()
    assert (made.manifests, made.withheld) == ((), {"undone": 3})
    assert chain.rows("select closed from undos") == [("done",)]
    chain.day("2026-11-03", ("1001", "True", "Ada", "Byron", "", "Legal"), GONE, CAT)
    made = chain.planned()
    assert chain.sends(made).keys() == {"1001"}
    assert made.withheld == {"undone": 2}


def test_undone_versions_are_withheld_no_more_when_the_correction_comes(chain: Chain) -> None:
    _, manifest = undo(chain)
    take(chain, manifest)
    chain.day("2026-11-03", ADA, BEN, ("1003", "False", *CAT[2:]))
    made = chain.plan()
    assert (made.manifests, made.withheld) == ((), {})


def test_who_got_a_later_version_or_is_to_get_one_is_left_out_and_told(chain: Chain) -> None:
    chain.day("2026-11-03", ("1001", "True", "Ada", "Byron", "", "Legal"), GONE, CAT)
    chain.accept(chain.planned())
    chain.day("2026-11-04", ("1001", "True", "Ada", "Byron", "", "Legal"), GONE, (*CAT[:5], "Legal"))
    made, manifest = undo(chain)
    assert chain.users(manifest).keys() == {"1002"}
    assert made.left_out == {manifest_id(chain): {"changed_since": 1, "delivered_since": 1}}
    assert chain.sends(made).keys() == {"1003"}


def test_a_rejected_undo_is_not_planned_again(chain: Chain) -> None:
    _, manifest = undo(chain)
    with chain.journal() as journal:
        journal.reject(manifest.manifest_id, by="ada", why=None)
    made = chain.plan()
    assert (made.manifests, made.withheld) == ((), {})
    assert chain.rows("select closed from undos") == [("rejected",)]


def test_an_undo_can_be_undone(chain: Chain) -> None:
    _, manifest = undo(chain)
    take(chain, manifest)
    made, back = undo(chain, 3)
    assert {number: shape(user) for number, user in chain.users(back).items()} == {
        "1001": (True, "Sales"), "1002": (False, "Research"), "1003": (True, "Sales"),
    }  # fmt: skip
    take(chain, back)
    made = chain.plan()
    assert (made.manifests, made.withheld) == ((), {})


def test_there_is_nothing_to_put_back_of_what_was_never_accepted_or_is_as_before(chain: Chain) -> None:
    chain.day("2026-11-03", ADA, GONE, CAT)
    chain.planned()
    with pytest.raises(UsageError, match=r"nothing to put back \(1 never accepted\)"):
        undo(chain, 3)
    assert chain.rows("select closed from undos") == [("done",)]


def test_replaced_versions_are_kept_for_as_long_as_the_profile_says(chain: Chain) -> None:
    assert len(chain.rows("from delivered_before")) == 2
    chain.now += dt.timedelta(days=31)
    made, manifest = undo(chain)
    assert chain.rows("from delivered_before") == []
    assert made.left_out == {manifest_id(chain): {"not_kept": 2}}
    assert chain.users(manifest).keys() == {"1003"}
