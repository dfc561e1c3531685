"""Rows that speak for the same worker: identical ones collapse, the rules choose (`reduce`), the rest contradict each other.

The narrow table `keys` (where a row is, whose it is, what it says as a digest) carries these decisions.
"""

from __future__ import annotations

import datetime as dt

from hcm_pipeline.warehouse import first, quote
from hcm_pipeline.workers import primary_assignment
from hcm_pipeline.workers.staged import Staged

TABLES = ("keys", "repeated", "repeats", "passed", "contradicting")


def find_repeats(staged: Staged, day: dt.date) -> tuple[int, int]:
    """Make temp tables `keys`, `repeats` (nth > 1: collapsed), `passed` and `contradicting`: (collapsed, passed over)."""
    con, profile = staged.con, staged.profile
    typed = [name for name in profile.columns if profile.types[name] != "string"]
    unreadable = " or ".join(["control", *(quote(f"{name}__unreadable") for name in typed)])
    con.execute(f"""
        create or replace temp table keys as
        select extract_id, row_no, person_number, digest, ({unreadable}) as unreadable from {staged.rows()}
    """)
    many = profile.workers.many_rows
    others = "or person_number in (select person_number from other_rows where valid_to is null)" if many else ""
    if primary_assignment.identity_of(profile) and any(extract.content == "changes-only" for extract in staged.used):
        others += " or person_number in (select person_number from known)"  # the known row may be another one of theirs
    con.execute(f"""
        create or replace temp table repeated as
        select person_number from keys where person_number is not null group by 1 having count(*) > 1 {others}
    """)
    # of identical rows one is kept, the first of the file; rows that cannot be read are nobody's equal
    con.execute("""
        create or replace temp table repeats as
        select extract_id, row_no, person_number, unreadable,
            row_number() over (partition by person_number, digest, case when unreadable then (extract_id, row_no) end
                order by extract_id, row_no) as nth
        from keys where person_number in (from repeated)
    """)
    con.execute("create or replace temp table passed(extract_id integer, row_no bigint, person_number varchar)")
    undecided = "select person_number from repeats where nth = 1 group by 1 having count(*) > 1"
    if many:
        primary_assignment.rank(staged, day)
        con.execute("""
            insert into passed select extract_id, row_no, person_number from ranked where not known and ties = 1 and place > 1
        """)
        undecided = """select person_number from ranked where ties > 1
            union select person_number from repeats where unreadable and nth = 1"""
    con.execute(f"""
        create or replace temp table contradicting as
        select r.extract_id, r.row_no, r.person_number from repeats r
        where nth = 1 and person_number in ({undecided}) and (
            person_number in (select person_number from repeats where nth = 1 group by 1 having count(*) > 1)
            {"or person_number in (select person_number from ranked where ties > 1)" if many else ""})
    """)
    row = first(con, "select (select count(*) from repeats where nth > 1), (select count(*) from passed)")
    return (int(row[0]), int(row[1])) if row else (0, 0)
