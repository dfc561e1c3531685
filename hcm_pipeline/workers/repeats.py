"""Rows that speak for the same worker: identical ones collapse, the profile's rules pick, the rest contradict each other.

The narrow table `keys` (where a row is, whose it is, what it says as a digest) carries these decisions.
"""

from __future__ import annotations

from hcm_pipeline.warehouse import first, literal, quote
from hcm_pipeline.workers.staged import Staged

TABLES = ("keys", "repeated", "repeats", "passed", "contradicting")


def find_repeats(staged: Staged) -> tuple[int, int]:
    """Make temp tables `keys`, `repeats` (nth > 1: collapsed), `passed` and `contradicting`: (collapsed, passed over)."""
    con, profile = staged.con, staged.profile
    typed = [name for name in profile.columns if profile.types[name] != "string"]
    unreadable = " or ".join(["control", *(quote(f"{name}__unreadable") for name in typed)])
    con.execute(f"""
        create or replace temp table keys as
        select extract_id, row_no, person_number, digest, ({unreadable}) as unreadable from {staged.rows()}
    """)
    con.execute("""
        create or replace temp table repeated as
        select person_number from keys where person_number is not null group by 1 having count(*) > 1
    """)
    # of identical rows one is kept, the first of the file; rows that cannot be read are nobody's equal
    con.execute("""
        create or replace temp table repeats as
        select extract_id, row_no, person_number, unreadable,
            row_number() over (partition by person_number, digest, case when unreadable then (extract_id, row_no) end
                order by extract_id, row_no) as nth
        from keys where person_number in (from repeated)
    """)
    _pick(staged)
    con.execute("""
        create or replace temp table contradicting as
        select r.extract_id, r.row_no, r.person_number from repeats r
        where nth = 1 and not exists (from passed p where p.extract_id = r.extract_id and p.row_no = r.row_no)
        qualify count(*) over (partition by person_number) > 1
    """)
    row = first(con, "select (select count(*) from repeats where nth > 1), (select count(*) from passed)")
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _pick(staged: Staged) -> None:
    """Fill `passed`: rows that lose by the profile's ordered rules. A tie is no decision: nobody loses then."""
    con = staged.con
    con.execute("create or replace temp table passed(extract_id integer, row_no bigint, person_number varchar)")
    steps = []
    for step in staged.profile.workers.pick:
        value = f"n.{quote(step.field)}"
        order = {"latest": f"{value} desc nulls last", "earliest": f"{value} asc nulls last"}.get(step.prefer)
        steps.append(order or f"({value}::varchar is not distinct from {literal(step.prefer)}) desc")
    if not steps:
        return
    con.execute(f"""
        insert into passed
        select extract_id, row_no, person_number from (
            select r.extract_id, r.row_no, r.person_number,
                rank() over (partition by r.person_number order by {", ".join(steps)}) as place
            from repeats r join {staged.rows("repeats")} n using (extract_id, row_no) where r.nth = 1)
        qualify place > 1 and count(*) filter (place = 1) over (partition by person_number) = 1
    """)
