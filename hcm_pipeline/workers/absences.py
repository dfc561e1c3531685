"""Absences: workers whom their files no longer name are kept, and reported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from hcm_pipeline.warehouse import Relation, Scratch, query


def absent_today(
    t: Scratch, *, workers: Relation, named: Relation, absences: Relation, extracts: Relation, full: Sequence[str],
    day: dt.date, missing_after: int,
) -> Relation:  # fmt: skip
    """The workers whom the full extracts of the sources `full` do not name, with those of other sources who were absent before:
    person_number, status (absent | missing).

    A worker who is absent on `missing_after` days with a full extract of their source in a row is missing. `workers` are the open
    versions, `named` (person_number) are all whom a row of the day names.
    """
    parts = {"workers": workers, "named": named, "absences": absences, "extracts": extracts}
    values = {"sources": list(full), "day": day, "after": missing_after}
    return t.make("absent", query(__package__, "absent", **parts), values)


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
