"""A small run of the guard study: the incidents are held, and ordinary days go through."""

from __future__ import annotations

from benchmarks.guards import INCIDENTS, ORDINARY, study


def test_incidents_are_held_and_ordinary_days_are_not() -> None:
    found = study(6, seed=7, largest=600)
    assert found.keys() >= {*INCIDENTS, *ORDINARY}
    assert {name: found[name].guards for name in ORDINARY} == dict.fromkeys(ORDINARY, 0)
    caught, plain = (
        sum(getattr(found[name], by) for name in INCIDENTS) / sum(found[name].days for name in INCIDENTS)
        for by in ("guards", "percent")
    )
    assert caught > 0.85
    assert caught > plain
    everybody = found["everybody has left, says the status column"]
    assert everybody.guards == everybody.days == 6
    assert everybody.five_hundred == 0
