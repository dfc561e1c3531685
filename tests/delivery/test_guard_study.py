"""A small run of the guard study: the incidents are held, and ordinary days go through."""

from __future__ import annotations

from benchmarks.guards import (
    CLEARED,
    DRIP,
    EMPTIED,
    EMPTY,
    EXCHANGE,
    INCIDENTS,
    MOVED,
    ORDINARY,
    PROTECTED,
    SCRAMBLED,
    study,
)


def test_incidents_are_held_and_ordinary_days_are_not() -> None:
    found = study(1, seed=7, largest=600)
    assert found.keys() >= {*INCIDENTS, *ORDINARY}
    assert {name: found[name].guards for name in ORDINARY} == dict.fromkeys(ORDINARY, 0)
    caught, before, plain = (
        sum(getattr(found[name], by) for name in INCIDENTS) / sum(found[name].days for name in INCIDENTS)
        for by in ("guards", "before", "percent")
    )
    assert caught > 0.9
    assert caught > before > plain
    late = (EXCHANGE, PROTECTED, EMPTY, CLEARED, MOVED, EMPTIED, SCRAMBLED)
    assert {name: found[name].guards for name in (DRIP, *late)} == dict.fromkeys((DRIP, *late), 1)
    assert [found[name].before for name in (EXCHANGE, PROTECTED, EMPTY, CLEARED, SCRAMBLED)] == [0] * 5
    everybody = found["everybody has left, says the status column"]
    assert everybody.guards == everybody.days == 1
    assert everybody.five_hundred == 0
