"""Rows in quarantine that stand in their file as they stood on the day before: what was said of them is said again.

A row is passed over so only where nothing but itself and the profile decides about it, whoever comes and goes:

- the whole row waits for a look at the letters of its names, and for nothing else;
- nobody knows its worker, and no other row of the file is the worker's;
- no text of it that is shown looks like ASCII, so that none can be taken for anybody's name, nor anybody's for it;
- nobody has looked at a name of the worker.

All others are judged anew each day, and so are all by another release of the code that judges.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Sequence
from functools import cache
from importlib import resources

import hcm_pipeline
from hcm_pipeline.warehouse import Relation, Scratch, literal, table
from hcm_pipeline.workers.staged import Staged


@cache
def _judged_by() -> str:
    """A digest of the code that judges rows, as a UUID."""
    found = hashlib.sha256()
    for folder in (resources.files(__package__), resources.files(hcm_pipeline)):
        for one in sorted(folder.iterdir(), key=lambda path: path.name):
            if one.name.endswith((".py", ".txt")):
                found.update(one.read_bytes())
    return str(uuid.UUID(bytes=found.digest()[:16]))


def said_by(as_read: str) -> str:
    """SQL (UUID) for the digest of a row as it stood together with the code that judged it."""
    return f"xor({as_read}::uhugeint, {literal(_judged_by())}::uuid::uhugeint)::uuid"


def _last_day(t: Scratch, day: dt.date) -> dt.date | None:
    """The last date before a day that was done."""
    found = t.first("select max(business_date) from days where status = 'done' and business_date < ?", [day])
    return found[0] if found else None


def stand_again(t: Scratch, unread: str, header: Sequence[str], day: dt.date, versions: Relation) -> Relation | None:
    """Of lines that no version knows, those that stand as a row in quarantine stood the day before, of which the same may be said:
    row_no, person_number, and stood_in and stood_at (the extract and the row that it was said of). None where there is none, or one
    of them is not alone.

    `unread`: a SELECT of row_no and as_read, of a file with this `header`; `versions`: the table worker_versions.
    """
    found = t.make(
        "standing",
        f"""select line.row_no, last.person_number, last.extract_id as stood_in, last.row_no as stood_at
        from ({unread}) line join (
            select {said_by("as_read")} as as_read, person_number, extract_id, row_no from {table(t.con, "quarantined_rows")}
            where as_read is not null and business_date = ? and extract_id in (
                select extract_id from extracts where from_json(shape->'header', '["varchar"]') = ?::varchar[])) last
        using (as_read)""",
        [_last_day(t, day), list(header)],
    )
    alone = f"""select count(distinct person_number) = count(*)
        and count(*) filter (person_number in (select person_number from {versions} where valid_to is null)) = 0 from {found}"""
    if found.made and t.first(alone) == (True,):
        return found
    t.drop(found)
    return None


def say_again(t: Scratch, staged: Staged, held: Relation, standing: Relation, day: dt.date) -> None:
    """Enter for a day what was said of rows the day before; `held` is the table held_cells."""
    number, rows = staged.extract.extract_id, table(t.con, "quarantined_rows")
    t.run(
        f"""insert into {rows} by name
        select said.* replace (?::date as business_date, ? as extract_id, standing.row_no as row_no,
            '{{"row_no":' || standing.row_no || substr(raw, instr(raw, ',')) as raw) from {rows} said
        join {standing} standing on said.extract_id = standing.stood_in and said.row_no = standing.stood_at
        where said.business_date = ?""",
        [day, number, _last_day(t, day)],
    )
    moved = t.make(
        "cells_said_again",
        f"""select cell.* replace (?::date as valid_from, ? as extract_id, standing.row_no as row_no) from {held} cell
        join {standing} standing on cell.extract_id = standing.stood_in and cell.row_no = standing.stood_at
        where cell.valid_to is null""",
        [day, number],
    )
    t.run(
        f"""update {held} cell set valid_to = ? where valid_to is null and exists (
            from {standing} standing where cell.extract_id = standing.stood_in and cell.row_no = standing.stood_at)""",
        [day],
    )
    t.run(f"insert into {held} by name from {moved}")
