"""The difference between two snapshots: what rows say, and whose date has come. On rows alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import cache

from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Scratch
from hcm_pipeline.workers.bitemporal import said_again
from hcm_pipeline.workers.forecast import foreseen
from hcm_pipeline.workers.known import known_before
from hcm_pipeline.workers.lifecycle import AsOf, circumstances_of
from hcm_pipeline.workers.snapshot import Before, compare

from . import few
from .driver import PROFILE, day, worker

NOON = AsOf(day(3), few.noon(day(3)), few.noon(day(3)))


@cache
def profile() -> Profile:
    return parse_profile(PROFILE, "firm.toml").profile


def before(t: Scratch, workers: Iterable[Mapping[str, object]], missing: tuple[str, ...] = ()) -> Before:
    """The knowledge of the workers when these versions are known."""
    versions = few.versions(t, profile(), workers)
    absences = {"person_number": "varchar", "status": "varchar", "valid_to": "date"}
    gone = t.of_rows("absences", absences, [(number, "missing", None) for number in missing])
    around = circumstances_of(t, profile().workers.life, gone)
    return Before(versions, known_before(t, profile(), versions, few.other_rows(t, profile())), around)


def changes(
    t: Scratch, rows: Iterable[Mapping[str, str]], workers: list[dict[str, object]], *, rejudge: bool = False
) -> dict[str, tuple[str, list[str], bool]]:
    """Person number to the kind of the change, the attributes, and whether only a date has come."""
    accepted = few.judged(t, profile(), rows, workers).accepted
    found = compare(t, profile(), accepted, before(t, workers), NOON, rejudge=rejudge)
    told = t.rows(f"select person_number, kind, attributes, is_due from {found.changes}")
    new = t.rows(f"select person_number from {found.new}")
    return {number: (kind, attributes, due) for number, kind, attributes, due in told} | {
        number: ("new", [], False) for (number,) in new
    }


def test_rows_of_new_and_of_existing_workers_are_told_apart(t: Scratch) -> None:
    found = changes(t, [worker(1, Department="B"), worker(2), worker(3)], few.people(1, 2, department="A"))
    assert found == {
        "1": ("mover", ["department"], False), "2": ("mover", ["department"], False), "3": ("new", [], False),
    }  # fmt: skip


def test_rows_that_say_what_is_known_change_nothing(t: Scratch) -> None:
    assert changes(t, [worker(1), worker(2)], few.people(1, 2)) == {}


def test_a_worker_is_judged_again_when_their_moment_has_come_and_not_before(t: Scratch) -> None:
    waiting: dict[str, object] = {"life_stage": "prehire", "active": False, "hire_date": day(3)}
    workers = few.people(1, next_at=few.noon(day(2)), **waiting) + few.people(2, next_at=few.noon(day(4)), **waiting)
    assert changes(t, [], workers) == {"1": ("joiner", ["active", "life_stage"], True)}
    both = {number: ("joiner", ["active", "life_stage"], True) for number in ("1", "2")}
    assert changes(t, [], workers, rejudge=True) == both


def test_a_worker_who_waits_and_worked_here_before_is_rehired(t: Scratch) -> None:
    past = few.people(1, valid_from=dt.date(2020, 1, 1), valid_to=day(1))
    ahead: dict[str, object] = {"life_stage": "prehire", "active": False, "hire_date": day(3)}
    workers = past + few.people(1, next_at=few.noon(day(2)), **ahead)
    assert changes(t, [], workers) == {"1": ("rehire", ["active", "life_stage"], True)}


def test_a_row_goes_before_a_date(t: Scratch) -> None:
    waiting = few.people(1, life_stage="prehire", active=False, hire_date=day(3), next_at=few.noon(day(2)))
    found = changes(t, [worker(1, Hired="2026-11-30")], waiting)
    assert found == {"1": ("future_hire", ["hire_date", "life_stage"], False)}


def test_workers_who_stand_elsewhere_by_a_date_ahead_are_foreseen(t: Scratch) -> None:
    ahead: dict[str, object] = {
        "life_stage": "prehire",
        "active": False,
        "hire_date": day(10),
        "next_at": few.noon(day(10)),
    }
    known = before(
        t, few.people(1, **ahead) + few.people(2) + few.people(3, termination_date=day(5), next_at=few.noon(day(6)))
    )
    coming = [(each.person_number, each.kind, each.stage_then) for each in foreseen(t, profile(), known, day(12))]
    assert coming == [("1", "joiner", "active"), ("3", "leaver", "left")]
    assert foreseen(t, profile(), known, day(5)) == []


def test_a_version_is_said_again_only_when_all_of_it_is(t: Scratch) -> None:
    once, again = few.people(1, 2, 3, valid_from=day(2)), few.people(1, 3, valid_from=day(2))
    for version in once:
        version["known_from"] = few.noon(day(2))
    again[1]["department"] = "B"
    kept = few.versions(t, profile(), once)
    withdrawn = t.make("withdrawn", f"select *, false as settled from {kept}")
    found = said_again(t, day(2), withdrawn, few.versions(t, profile(), again))
    assert t.rows(f"from {found}") == [("1", few.noon(day(2)))]
