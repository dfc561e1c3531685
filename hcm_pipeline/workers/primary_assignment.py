"""One worker from many rows: assignments, work relationships, slices of time.

The rules choose one row; the others stay known in `other_rows`, because they are true as well and may win when a date comes or
another row ends. In this order:

1. a slice that is true on the day, before one that was, before one that will be;
2. a relationship that is active, before one that begins later, before one that has ended;
3. the profile's `pick` steps;
4. of slices, the one with the latest beginning.

A tie is no decision: the rows of the file then go to quarantine, and the worker stays as known.
"""

from __future__ import annotations

import datetime as dt

from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import first, literal, quote
from hcm_pipeline.workers.staged import Staged

TABLES = ("several", "candidates", "ranked")


def facts_of(profile: Profile) -> str:
    """Select list of all that a row states, and where it stands."""
    return ", ".join(map(quote, [*profile.columns, "digest", "extract_id", "row_no"]))


def known_rows_sql(profile: Profile) -> str:
    """Every row that is known of a worker: the chosen one (`chosen`), which is the open version, and the others."""
    facts = facts_of(profile)
    return f"""select {facts}, true as chosen from known
        union all by name select {facts}, false as chosen from other_rows where valid_to is null"""


def known_by_key_sql(profile: Profile) -> str:
    """One known row for every worker and value of `row_key`: what a changes-only row of that key is completed from."""
    keys = ", ".join(map(quote, ["person_number", *profile.workers.row_key]))
    return f"""select * from ({known_rows_sql(profile)})
        qualify row_number() over (partition by {keys} order by chosen desc, extract_id desc, row_no desc) = 1"""


def has_other_rows(staged: Staged) -> bool:
    """Whether anybody has more than one row."""
    return first(staged.con, "select 1 from other_rows where valid_to is null limit 1") is not None


def rank(staged: Staged, day: dt.date) -> None:
    """Make temp table `ranked`: every row that may speak for a worker of whom there are several, with `place` and `ties`
    (how many rows share the first place). Rows of the file are not `known`.

    Needs `repeats`, and `keys` of all rows of the files. Without files, those are judged whose rows are all known.
    """
    con, profile = staged.con, staged.profile
    con.execute(f"""
        create or replace temp table several as
        select person_number from ({
        "select distinct person_number from repeats"
        if staged.used
        else "select distinct person_number from other_rows where valid_to is null"
    })
        where person_number not in (select person_number from repeats where unreadable)
    """)
    con.execute(f"""
        create or replace temp table candidates as
        select {facts_of(profile)}, false as known, false as chosen from {staged.rows("repeats")} n
        semi join (from repeats where nth = 1) using (extract_id, row_no)
        where n.person_number in (from several)
    """)
    full = ", ".join(str(extract.extract_id) for extract in staged.used if extract.content == "full") or "null"
    same = " and ".join(f"c.{quote(f)} is not distinct from k.{quote(f)}" for f in identity_of(profile)) or "true"
    con.execute(f"""
        insert into candidates by name
        select k.*, true as known from ({known_rows_sql(profile)}) k
        where k.person_number in (from several) and not exists (
            from candidates c where c.person_number = k.person_number and not c.known
            and (c.extract_id in ({full}) or ({same})))
    """)
    con.execute(f"""
        create or replace temp table ranked as
        select * replace (chosen and known as chosen), count(*) filter (place = 1) over (partition by person_number) as ties from (
            select person_number, extract_id, row_no, digest, known, chosen,
                rank() over (partition by person_number order by {_order(profile, day)}) as place from candidates)
    """)


def identity_of(profile: Profile) -> list[str]:
    """Fields in which a worker's rows differ for good."""
    slices = profile.workers.slices
    return [*profile.workers.row_key, *([slices.from_] if slices else [])]


def _order(profile: Profile, day: dt.date) -> str:
    today, slices, steps = f"date {literal(day.isoformat())}", profile.workers.slices, []
    if slices:
        begins = quote(slices.from_)
        past = f"when {quote(slices.to)} < {today} then 1" if slices.to else ""
        steps.append(f"case when {begins} > {today} then 2 {past} else 0 end")
    mapped = profile.columns
    hire = "hire_date" if "hire_date" in mapped else "null::date"
    end = "termination_date" if "termination_date" in mapped else "null::date"
    over = f"{end} < {today} and ({hire} is null or {end} >= {hire})"
    steps.append(f"case when not active or ({over}) then 2 when {hire} > {today} then 1 else 0 end")
    for step in profile.workers.pick:
        value = quote(step.field)
        order = {"latest": f"{value} desc nulls last", "earliest": f"{value} asc nulls last"}.get(step.prefer)
        steps.append(order or f"({value}::varchar is not distinct from {literal(step.prefer)}) desc")
    if slices:
        steps.append(f"{quote(slices.from_)} desc nulls last")
    return ", ".join(steps)


def promote(staged: Staged) -> None:
    """Let a known row that wins, and is not the chosen one, be accepted like a row of the file. Needs `suspects` and `normal`."""
    con = staged.con
    con.execute("""
        create or replace temp table promoted as
        select person_number, extract_id, row_no, digest from ranked
        where place = 1 and ties = 1 and known and not chosen
    """)
    con.execute(f"""
        insert into normal by name
        select {facts_of(staged.profile)} from other_rows o
        semi join promoted p on p.person_number = o.person_number and p.digest = o.digest where o.valid_to is null
    """)
    con.execute("insert into suspects by name from promoted")
    con.execute("drop table promoted")


def keep_others(staged: Staged, day: dt.date) -> None:
    """Bring `other_rows` up to the decision: of everybody about whom there is one, whose chosen row is good."""
    con, facts = staged.con, facts_of(staged.profile)
    con.execute("""
        create or replace temp table lost as
        select * from ranked r where place > 1 and ties = 1
        and (known or (extract_id, row_no) not in (select extract_id, row_no from bad))
        and person_number not in (
            select person_number from ranked where place = 1 and (extract_id, row_no) in (select extract_id, row_no from bad))
    """)
    decided = """(select person_number from ranked where place = 1 and ties = 1
        and (extract_id, row_no) not in (select extract_id, row_no from bad))"""
    gone = f"""valid_to is null and person_number in {decided}
        and (person_number, digest) not in (select person_number, digest from lost)"""
    con.execute(f"delete from other_rows where valid_from = ? and {gone}", [day])
    con.execute(f"update other_rows set valid_to = ? where {gone}", [day])
    new = """(select person_number, extract_id, row_no from lost
        where (person_number, digest) not in (select person_number, digest from other_rows where valid_to is null))"""
    con.execute(
        f"""insert into other_rows by name
        select {facts}, ?::date as valid_from, null::date as valid_to from (
            select {facts} from normal union all select {facts} from known
                where (extract_id, row_no) not in (select extract_id, row_no from normal))
        semi join {new} using (person_number, extract_id, row_no)""",
        [day],
    )
    con.execute("drop table lost")
