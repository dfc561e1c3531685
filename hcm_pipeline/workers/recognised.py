"""Rows that stand in their file as a known row stood in its own: what they say is known, and they are not read again.

A version keeps a digest of the texts from which it was read, made together with the way of reading them. Equal digests mean that
the same statement would read the same texts, and say what the version says. Where a record stands in a line of its own, the texts
can be told from the line, and only what is not recognised is cut into fields.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import platform
from dataclasses import replace

import duckdb

from hcm_pipeline.profile import Profile
from hcm_pipeline.sources import Lines, said_sql
from hcm_pipeline.warehouse import Relation, Scratch, literal, quote
from hcm_pipeline.workers.known import Known
from hcm_pipeline.workers.normalise import NOT_READ, normalised_select
from hcm_pipeline.workers.staged import Staged
from hcm_pipeline.workers.standing import stand_again


def as_read_sql(profile: Profile, staged: Staged) -> str:
    """SQL (UUID) over the staged rows of a file: the digest of the texts of a row and of the way in which they are read; NULL where
    a row says more than its texts (a column that it leaves out), or what it says depends on another row of its worker.

    No text of a row that is read without doubt holds the separator, and an empty text is the same as none.
    """
    columns = _columns(staged)
    by_key = profile.workers.row_key and (staged.extract.content != "full" or len(columns) < len(staged.fields))
    if staged.unsaid is not None or by_key:
        return NOT_READ
    return _digest_sql(profile, staged, said_sql([*map(quote, columns)], staged.between))


def recognise_lines(
    profile: Profile, versions: Relation, day: dt.date | None, t: Scratch, staged: Staged, lines: Lines
) -> Staged | None:
    """Recognise the rows of a file by their lines, and read the others; None where that says less than reading all of them, or
    where few are recognised. `versions`: the table of that name, as it will be when the rows are judged; `day`: of the
    file, None where nothing of the day before is said again (see `stand_again`)."""
    # a column that nobody asks for may differ in all rows, and be all that differs
    if len(_columns(staged)) < len(lines.header) or as_read_sql(profile, staged) == NOT_READ:
        return None
    found = t.make(
        "lines_found",
        f"""select said.row_no, said.as_read, known.person_number, known.digest
        from (select row_no, {_digest_sql(profile, staged, "said")} as as_read
            from (select row_no, {lines.said} as said from {lines.rows})) said
        full join (select as_read, person_number, digest from {versions} where valid_to is null) known using (as_read)""",
    )
    same = t.view("same", f"from {found} where row_no is not null and person_number is not null")
    unknown = f"select row_no, as_read from {found} where person_number is null"
    standing = stand_again(t, unknown, lines.header, day, versions) if day is not None else None
    read = f"{unknown} and row_no not in (select row_no from {standing})" if standing is not None else unknown
    unread = t.view("unread", read)
    others = t.view("others", f"select person_number from {found} where row_no is null")
    said, alone, known = t.first(f"""select (select count(*) from {same}), (select count(*) from {others}),
        (select count(*) from {versions} where valid_to is null)""") or (0, 0, 0)
    # lines that repeat each other are for those who read them
    if said * 2 < staged.records or said + alone != known:
        t.drop(others, unread, same, found, *([standing] if standing is not None else []))
        return None
    one = replace(staged, same=same, others=others, standing=standing)
    try:
        one.require(t, str(unread))
    except duckdb.Error:  # a ragged line
        return None
    return one


def _columns(staged: Staged) -> list[str]:
    """The columns that are read, in the order of the file."""
    asked = {spec.column for spec in staged.fields.values()}
    return [column for column in staged.header if column in asked]


def _digest_sql(profile: Profile, staged: Staged, said: str) -> str:
    """SQL (UUID): two digests of what a row says, of which the second begins with the way in which it is read.

    `hash` takes a sixth of the time of md5. Two texts come out alike by chance once in 2**128; a version that was read by another
    DuckDB, or where `hash` may be another function, was read in another way.
    """
    way = literal(_way(profile, staged))
    return f"xor(hash({said})::uhugeint << 64, hash(concat({way}, {said}))::uhugeint)::uuid"


def _way(profile: Profile, staged: Staged) -> str:
    """A digest of the statement that reads the rows of a file, whatever the file, of the order of its columns and what stands
    between them, and of the version and the kind of machine of what executes it."""
    columns = staged.read.columns
    rows, known = Relation("rows", lambda: columns), Relation("known", lambda: ())
    any_file = replace(staged, extract=replace(staged.extract, extract_id=0), read=rows)
    statement = normalised_select(profile, any_file, Known(known, known))
    executed_by = duckdb.__version__, platform.machine()
    said = "\n".join([*executed_by, staged.between, *_columns(staged), statement])
    return hashlib.sha256(said.encode()).hexdigest()[:16]
