"""A manifest is not sent when what it was planned from has moved, and the message says what moved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hcm_pipeline.delivery.manifest import Manifest
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.flow import plans
from hcm_pipeline.flow.staleness import refuse_moved

from .chain import Chain, new_chain
from .house import crowd, left


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Chain, Manifest, Manifest]:
    """A home with a plan of which one manifest is free and one is held."""
    chain = new_chain(tmp_path_factory.mktemp("planned"))
    chain.day("2026-11-01", *crowd(20))
    chain.accept(chain.planned())
    chain.day("2026-11-02", *left(crowd(20), 12), ("5000", "True", "New", "Comer", "", "Sales"))
    made = chain.planned()
    assert made.manifest is not None
    return chain, made.manifest, made.held[0]


@pytest.fixture
def copied(planned: tuple[Chain, Manifest, Manifest], tmp_path: Path) -> Chain:
    return planned[0].copied(tmp_path)


def refusal(chain: Chain, manifest: Manifest) -> str:
    """Why a manifest is not sent; empty when it is."""
    chain.warehouse.publish()
    try:
        refuse_moved(chain.warehouse, chain.loaded, manifest)
    except PipelineError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("published", [False, True])
def test_a_plan_whose_run_was_killed_before_it_published_is_sent(tmp_path: Path, published: bool) -> None:
    chain = new_chain(tmp_path)
    chain.day("2026-11-01", *crowd(20))
    if published:
        chain.warehouse.publish()
    chain.day("2026-11-02", *crowd(21))
    made = chain.planned()
    assert made.manifest is not None
    assert chain.home.read_copy.is_file() is published
    refuse_moved(chain.warehouse, chain.loaded, made.manifest)


def sql(query: str) -> Callable[[Chain], None]:
    def change(chain: Chain) -> None:
        with chain.warehouse.write() as con:
            con.execute(query)

    return change


def newer_snapshot(chain: Chain) -> None:
    chain.day("2026-11-03", *crowd(20))


def another_profile(chain: Chain) -> None:
    chain.loaded = replace(chain.loaded, sha256="another")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (another_profile, "the profile changed"),
        (newer_snapshot, "there is a newer snapshot, of 2026-11-03"),
        (
            sql("update identities set mail_nickname = 'other' where person_number = '2000'"),
            "names of its workers changed",
        ),
        (sql("update delivered set plan_no = 99 where person_number = '2000'"), "the target got other operations"),
        (sql("update newest_plans set manifest_ids = []"), "a plan was made that does not hold it"),
    ],
)
def test_a_manifest_whose_inputs_moved_is_refused(
    copied: Chain, planned: tuple[Chain, Manifest, Manifest], change: Callable[[Chain], None], said: str
) -> None:
    change(copied)
    assert said in refusal(copied, planned[2])


def test_only_what_its_own_workers_have_counts(copied: Chain, planned: tuple[Chain, Manifest, Manifest]) -> None:
    _, free, held = planned
    copied.accept_all(free)
    assert refusal(copied, held) == ""


def test_a_held_manifest_that_a_newer_plan_found_again_is_not_stale(
    copied: Chain, planned: tuple[Chain, Manifest, Manifest]
) -> None:
    _, free, held = planned
    copied.day("2026-11-03", *left(crowd(20), 12), ("5001", "True", "New", "Comer", "", "Sales"))
    assert held in copied.plan().held
    assert refusal(copied, held) == ""
    assert "does not hold it" in refusal(copied, free)


def test_another_order_of_rows_gives_the_same_inputs(tmp_path: Path) -> None:
    one, other = new_chain(tmp_path / "one"), new_chain(tmp_path / "other")
    one.day("2026-11-01", *crowd(5))
    other.day("2026-11-01", *reversed(crowd(5)))
    inputs = [chain.planned().manifest for chain in (one, other)]
    assert inputs[0] is not None
    assert inputs[1] is not None
    assert {**inputs[0].inputs, "snapshot": ""} == {**inputs[1].inputs, "snapshot": ""}
    later = plans.plan(one.warehouse, one.loaded, "principal/another-job", clock=lambda: one.now + dt.timedelta(1))
    assert later is not None
    assert later.manifest is not None
    assert later.manifest.inputs == inputs[0].inputs
