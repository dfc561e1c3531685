"""A manifest is not sent when what it was planned from has moved, and the message says what moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hcm_pipeline.delivery import Manifest, moved
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.flow.stale_manifests import refuse_moved
from hcm_pipeline.warehouse import scratch

from .chain import new_chain
from .house import House, crowd, left, new_house

DAN = ("5000", "True", "Dan", "Brown", "", "Sales")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A home with a target that has 20 workers, of whom 12 have left since."""
    with new_house(tmp_path) as made:
        made.day("2026-11-01", *crowd(20))
        made.accept(made.planned())
        made.day("2026-11-02", *left(crowd(20), 12), DAN)
        yield made


def planned(house: House) -> tuple[Manifest, Manifest]:
    """A plan's free manifest, and the one that is held."""
    made = house.planned()
    assert made.manifest is not None
    return made.manifest, made.held[0]


def found(house: House, manifest: Manifest) -> list[str]:
    """The inputs that have moved since a manifest was planned."""
    with scratch(house.con) as t:
        task = house.task(t)
        return moved(t, manifest, task.rules.sha256, task.facts.snapshot, task.facts.names)


def sql(query: str) -> Callable[[House], None]:
    def change(house: House) -> None:
        house.con.execute(query)

    return change


def newer_snapshot(house: House) -> None:
    house.day("2026-11-03", ("2019", "True", "Other", "Name", "", "Sales"))


def another_name(house: House) -> None:
    house.day("2026-11-03", ("2000", "False", "Other", "Name", "", "Sales"))


def another_profile(house: House) -> None:
    house.rules = replace(house.rules, sha256="another")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (another_profile, ["the profile changed"]),
        (newer_snapshot, ["there is a newer snapshot, of 2026-11-03"]),
        (another_name, ["names of its workers changed in the ledger", "there is a newer snapshot, of 2026-11-03"]),
        (
            sql("update versions set plan_no = 99 where is_delivered and person_number = '2000'"),
            ["the target got other operations for its workers"],
        ),
        (sql("update newest_plans set manifest_ids = []"), ["a plan was made that does not hold it"]),
        (lambda house: None, []),
    ],
)
def test_what_has_moved_since_a_manifest_was_planned(
    house: House, change: Callable[[House], None], said: list[str]
) -> None:
    _, held = planned(house)
    change(house)
    assert found(house, held) == said


def test_only_what_its_own_workers_have_counts(house: House) -> None:
    free, held = planned(house)
    house.accept_all(free)
    assert found(house, held) == []


def test_a_held_manifest_that_a_newer_plan_found_again_is_not_stale(house: House) -> None:
    free, held = planned(house)
    house.day("2026-11-03", ("5001", *DAN[1:]))
    assert held in house.plan().held
    assert found(house, held) == []
    assert found(house, free) == ["a plan was made that does not hold it"]


def test_another_order_of_rows_gives_the_same_inputs(tmp_path: Path, house: House) -> None:
    house.day("2026-11-02", *crowd(25))
    one = house.planned().manifest
    with new_house(tmp_path / "other") as other:
        other.day("2026-11-01", *reversed(crowd(20)))
        other.accept(other.planned())
        other.day("2026-11-02", *left(crowd(20), 12), DAN)
        other.day("2026-11-02", *reversed(crowd(25)))
        two = other.planned().manifest
    assert one is not None
    assert two is not None
    assert one.inputs == two.inputs


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


def test_a_manifest_whose_workers_have_other_names_is_refused_in_words(tmp_path: Path) -> None:
    chain = new_chain(tmp_path)
    chain.day("2026-11-01", *crowd(2))
    made = chain.planned()
    assert made.manifest is not None
    with chain.warehouse.write() as con:
        con.execute("update identities set mail_nickname = 'other' where person_number = '2000'")
    chain.warehouse.publish()
    with pytest.raises(PipelineError, match="since it was planned, names of its workers changed in the ledger"):
        refuse_moved(chain.warehouse, chain.loaded, made.manifest)
