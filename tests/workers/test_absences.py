"""Workers whom their files no longer name: absent, and missing after as many days with a full extract as the profile says."""

from __future__ import annotations

import datetime as dt

from hcm_pipeline.warehouse import Scratch
from hcm_pipeline.workers.absences import Rolls, absent_today, bring_up_to

from .driver import day

DATED = {"person_number": "varchar", "status": "varchar", "valid_from": "date", "valid_to": "date"}
EXTRACTS = {
    "extract_id": "integer",
    "source": "varchar",
    "content": "varchar",
    "status": "varchar",
    "business_date": "date",
}


def absent(
    t: Scratch, on: dt.date, named: list[str | None], was: dict[str, tuple[str, dt.date]], *full: str
) -> dict[str, str]:
    """The absent workers of a day. Of the five, 5 comes from the source `b`, the others from `a`, whose full extracts were applied
    on the first, the second and the fourth."""
    workers = [(str(n), 4 if n == 5 else 1) for n in range(1, 6)]
    taken = [(1, "a", "full", "applied", day(1)), (2, "a", "full", "applied", day(2)), (3, "a", "changes-only", "applied", day(3)),
             (4, "b", "full", "applied", day(1)), (5, "a", "full", "applied", day(4))]  # fmt: skip
    rolls = Rolls(
        t.of_rows("workers", {"person_number": "varchar", "extract_id": "integer"}, workers),
        t.of_rows("absences", DATED, [(number, status, since, None) for number, (status, since) in was.items()]),
        t.of_rows("extracts", EXTRACTS, taken),
    )
    rows = t.of_rows("named", {"person_number": "varchar"}, [(number,) for number in named])
    return dict(t.rows(f"from {absent_today(t, rolls, rows, full or ('a',), on, 2)}"))


def test_workers_whom_the_full_extract_of_their_source_does_not_name_are_absent(t: Scratch) -> None:
    assert absent(t, day(2), ["1", "2", None], {}) == {"3": "absent", "4": "absent"}
    assert absent(t, day(2), ["1", "2", "3", "4"], {}, "a", "b") == {"5": "absent"}


def test_a_second_full_extract_without_a_worker_makes_them_missing_and_one_day_twice_does_not(t: Scratch) -> None:
    was = {"3": ("absent", day(2)), "4": ("missing", day(2))}
    assert absent(t, day(2), ["1", "2"], was) == {"3": "absent", "4": "missing"}
    assert absent(t, day(4), ["1", "2"], was) == {"3": "missing", "4": "missing"}


def test_workers_of_a_source_that_said_nothing_today_stay_as_they_are(t: Scratch) -> None:
    was = {"5": ("absent", day(1))}
    assert absent(t, day(4), ["1", "2", "3", "4"], was) == {"5": "absent"}
    assert absent(t, day(4), ["1", "2", "3", "4", "5"], was) == {}


def test_dated_facts_are_closed_opened_and_left_alone(t: Scratch) -> None:
    kept = [("1", "absent", day(1), None), ("2", "absent", day(1), None), ("3", "absent", day(1), None)]
    table = t.of_rows("absences", DATED, kept)
    today = t.of_rows(
        "today", {"person_number": "varchar", "status": "varchar"}, [("1", "absent"), ("2", "missing"), ("4", "absent")]
    )
    bring_up_to(t, table, today, day(3))
    assert t.rows(f"from {table} order by all") == [
        ("1", "absent", day(1), None), ("2", "absent", day(1), day(3)), ("2", "missing", day(3), None),
        ("3", "absent", day(1), day(3)), ("4", "absent", day(3), None),
    ]  # fmt: skip
