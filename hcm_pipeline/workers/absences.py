"""Absences: workers whom their files no longer name are kept, and reported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from hcm_pipeline.warehouse import Relation, Scratch, query


@dataclass(frozen=True)
class Rolls:
    """The relations from which absence is read.

    `workers`: the open versions, with person_number and extract_id. `absences`: person_number, status, valid_from, valid_to.
    `extracts`: extract_id, source, content, status, business_date: every extract ever taken.
    """

    workers: Relation
    absences: Relation
    extracts: Relation


def absent_today(
    t: Scratch, rolls: Rolls, named: Relation, full: Sequence[str], day: dt.date, missing_after: int,
    *, unnamed: Relation | None = None,
) -> Relation:  # fmt: skip
    """The workers whom the full extracts of the sources `full` do not name, with those of other sources who were absent before:
    person_number, status (absent | missing).

    A worker who is absent on `missing_after` days with a full extract of their source in a row is missing. `named` (person_number)
    are all whom a row of the day names, and `unnamed` (person_number) the workers who are none of them, where that is known.
    """
    if not t.first(f"select 1 from {rolls.workers} limit 1"):
        return t.empty("absent", {"person_number": "varchar", "status": "varchar"})
    if unnamed is None:
        names = f"select person_number from {named} where person_number is not null"
        unnamed = t.make("unnamed", f"select person_number from {rolls.workers} where person_number not in ({names})")
    select = query(
        __package__, "absent", workers=rolls.workers, absences=rolls.absences, extracts=rolls.extracts, unnamed=unnamed
    )
    return t.make("absent", select, {"sources": list(full), "day": day, "after": missing_after})


def bring_up_to(t: Scratch, table: Relation, today: Relation, day: dt.date) -> None:
    """Close and open rows of a table of dated facts (person_number, status, valid_from, valid_to), so that the open ones are
    `today` (person_number, status)."""
    t.run(
        f"""update {table} before set valid_to = ? where valid_to is null and not exists
        (from {today} now where now.person_number = before.person_number and now.status = before.status)""",
        [day],
    )
    t.run(
        f"""insert into {table} select person_number, status, ?, null from {today} now where not exists
        (from {table} before where before.valid_to is null and before.person_number = now.person_number
            and before.status = now.status)""",
        [day],
    )
