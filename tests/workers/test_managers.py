"""Managers who cannot be sent are held back with a warning, and sent once they can be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.flow.facts import facts_of
from hcm_pipeline.targets.entra import EntraTarget
from hcm_pipeline.warehouse import on_cycles, scratch

from .driver import Firm, day, worker


def cycles_by_walking(manager_of: list[int]) -> list[int]:
    """Those who meet themselves on the way up."""
    found = []
    for start in range(len(manager_of)):
        at, steps = manager_of[start], 0
        while at >= 0 and at != start and steps <= len(manager_of):
            at, steps = manager_of[at], steps + 1
        if at == start:
            found.append(start)
    return found


@given(st.integers(0, 40).flatmap(lambda n: st.lists(st.integers(-1, max(n - 1, -1)), min_size=n, max_size=n)))
def test_cycles_are_those_that_walking_finds(manager_of: list[int]) -> None:
    assert on_cycles(np.array(manager_of, dtype=np.int64)).tolist() == cycles_by_walking(manager_of)


def test_a_long_chain_is_no_cycle_and_a_long_cycle_is_one() -> None:
    chain = np.arange(-1, 99_999, dtype=np.int64)
    assert on_cycles(chain).tolist() == []
    chain[0] = 99_999
    assert len(on_cycles(chain)) == 100_000


def sent(firm: Firm) -> dict[str, str | None]:
    """Person number to the manager that would be sent."""
    target = EntraTarget("t", firm.loaded.profile)
    column = next(column.name for column in target.columns if column.name.endswith(":manager"))
    with firm.warehouse.write() as con, scratch(con) as t:
        facts = facts_of(t, firm.loaded.profile)
        assert facts is not None
        nobody = t.empty("nobody", {"person_number": "VARCHAR", "basis": "UHUGEINT"})
        found = target.desired(t, facts.sources, nobody, nobody)
        return dict(t.rows(f'select person_number, "{column}" from {found.versions}'))


def test_unknown_self_and_cyclic_managers_are_warned_of_and_not_sent(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    counts = firm.take(
        [worker(1), worker(2, Manager="1"), worker(3, Manager="99"), worker(4, Manager="4"), worker(5, Manager="6"),
         worker(6, Manager="7"), worker(7, Manager="5"), worker(8, Manager="5")],
        day(1),
    )  # fmt: skip
    assert (counts.quarantined, counts.workers, counts.manager_warnings) == (0, 8, 5)
    assert firm.warned() == {"3": "unknown", "4": "self", "5": "cycle", "6": "cycle", "7": "cycle"}
    assert sent(firm) == {"1": None, "2": "1", "3": None, "4": None, "5": None, "6": None, "7": None, "8": "5"}


def test_a_manager_is_sent_once_they_appear(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.take([worker(1, Manager="2")], day(1))
    assert sent(firm) == {"1": None}
    counts = firm.take([worker(1, Manager="2"), worker(2)], day(2))
    assert (counts.manager_warnings, firm.warned()) == (0, {})
    assert sent(firm) == {"1": "2", "2": None}
    assert firm.sql("select person_number, status, valid_from, valid_to from manager_warnings") == [
        ("1", "unknown", day(1), day(2))
    ]
