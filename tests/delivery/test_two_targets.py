"""A target that takes values back beside one that keeps accounts: neither takes the other's for its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hcm_pipeline.delivery import WRITES_BACK, Desired
from hcm_pipeline.warehouse import Relation, Scratch

from .house import House, new_house
from .toy_target import PhoneBook

SALES = ("2000", "True", "Kim", "Berg", "", "Sales")


@dataclass
class Knowing(PhoneBook):
    """A phone book that knows of some entries that their room is as wanted. `ever`: whom it was told that any target was sent."""

    rooms: tuple[str, ...] = ()
    ever: list[str] = field(default_factory=list)

    def desired(self, t: Scratch, facts: Mapping[str, Relation], delivered: Relation, same: Relation) -> Desired:
        found = super().desired(t, facts, delivered, same)
        self.ever = [number for (number,) in t.rows(f"from {delivered} order by all")]
        there = t.of_rows(
            "there", {"person_number": "VARCHAR", "attribute": "VARCHAR"}, [(n, "room") for n in self.rooms]
        )
        return Desired(found.everybody, found.versions, there=there)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with new_house(tmp_path) as made:
        made.target = Knowing(rooms=("2000",), clock=made.clock)
        made.day("2026-11-01", SALES)
        made.accept(made.planned())
        yield made


def test_a_difference_that_the_target_has_already_makes_no_operation(house: House) -> None:
    house.day("2026-11-02", (*SALES[:5], "Lab"))
    assert house.plan().manifests == ()
    house.day("2026-11-03", ("2000", "True", "Kim", "Silva", "", "Lab"))
    made = house.planned()
    assert house.sends(made)["2000"]["room"] == "Lab"  # with another change it goes along


def test_the_same_difference_of_somebody_else_does(house: House) -> None:
    house.day("2026-11-02", ("2001", "True", "Bo", "Li", "", "Sales"))
    house.accept(house.planned())
    house.day("2026-11-03", ("2001", "True", "Bo", "Li", "", "Lab"))
    assert house.planned().counts == {"update": 1}


def test_whoever_was_only_written_back_was_never_sent_an_account(house: House) -> None:
    house.con.execute(
        f"insert into versions by name select '{WRITES_BACK}hcm.test' as target, '9999' as person_number, digest, plan_no,"
        " position, kind, is_delivered, request_no, op_no from versions where is_delivered"
    )
    house.plan()
    assert isinstance(house.target, Knowing)
    assert house.target.ever == ["2000"]
