"""People who come back under another person number: offered as likely matches, and the names of the former number taken over by a
person's word. Nobody is merged by a rule.
"""

from __future__ import annotations

import datetime as dt

import duckdb

from hcm_pipeline.identity.name_parts import in_scope, make_spelled, named_sql
from hcm_pipeline.identity.retention import GIVEN_BACK, find_lost, retire
from hcm_pipeline.profile import NAME_PARTS, Profile, RehireBy
from hcm_pipeline.warehouse import first, quote

LIKELY, TAKEN_OVER = "likely rehire", "number taken over"
_PARTS = {field: part for part, field in NAME_PARTS.items() if part != "number"}
_NEWEST = "qualify row_number() over (partition by person_number order by decided_at desc) = 1"
_DECIDED = f"(from identity_decisions where about = 'rehire' {_NEWEST})"


def offer_rehires(con: duckdb.DuckDBPyConnection, profile: Profile) -> None:
    """Put into `waiting` who of `newcomers` is likely a former worker, with the numbers of those who have left and fit.

    Under `identity.rehire_meanwhile = "wait"` they are taken out of `newcomers`; otherwise they are given new names, and wait all
    the same. A former number that is active again waits, too: its names are somebody's by now.
    """
    _offer_numbers(con)
    rules = [rule for rule in profile.identity.rehire if set(rule.fields) <= set(profile.columns)]
    if not rules or not first(con, "select 1 from identities limit 1"):
        return
    con.execute("""
        create or replace temp table known_newcomers as
        select person_number from identities where person_number in (select person_number from newcomers)
    """)
    con.execute(f"""
        create or replace temp table asked as
        select * from worker_versions where valid_to is null and active and person_number in (
            select person_number from newcomers where person_number not in (from known_newcomers)
                and person_number not in (select person_number from retired)
            union select person_number from identity_reviews where reason = '{LIKELY}')
        and person_number not in (select person_number from waiting)
        and person_number not in (select person_number from {_DECIDED} where same_as is null)
        and person_number not in (select successor from successions) and ({in_scope(profile)})
    """)
    if first(con, "select 1 from asked limit 1"):
        _find_likely(con, profile, rules)
        if profile.identity.rehire_meanwhile == "wait":
            con.execute(f"""delete from newcomers where person_number not in (from known_newcomers)
                and person_number in (select person_number from waiting where reason = '{LIKELY}')""")
    con.execute("drop table asked")
    con.execute("drop table known_newcomers")


def _offer_numbers(con: duckdb.DuckDBPyConnection) -> None:
    """A number that was taken over has no names, unless somebody says that it is another person again."""
    con.execute(f"""
        insert into waiting
        select s.person_number, '{TAKEN_OVER}', [], list(s.successor order by s.taken_on) from successions s
        join worker_versions v on v.person_number = s.person_number and v.valid_to is null and v.active
        where s.person_number in (select person_number from newcomers) and s.person_number not in (
            select person_number from identity_decisions where about = 'number')
        group by 1
    """)
    con.execute("""delete from newcomers where person_number in (select person_number from successions)
        and person_number not in (select person_number from identity_decisions where about = 'number')""")


def _find_likely(con: duckdb.DuckDBPyConnection, profile: Profile, rules: list[RehireBy]) -> None:
    """Former workers who agree with those in temp table `asked`, by the first rule that finds any, into `waiting`."""
    formers = """from worker_versions where valid_to is null and not active
        and person_number in (select person_number from identities)"""
    # names are spelled in Python: only of those who agree in the rest
    agree = [
        " and ".join(f"{_plain(f'f.{quote(x)}')} = {_plain(f'a.{quote(x)}')}" for x in rule.fields if x not in _PARTS)
        for rule in rules
    ]
    near, back = (
        " or ".join(f"exists (from {table} where {condition or 'true'})" for condition in agree)
        for table in ("asked a", "formers f")
    )
    con.execute(f"create or replace temp table formers as from ({formers}) f where {near}")
    con.execute(f"create or replace temp table asked as from asked a where {back}")
    if not first(con, "select 1 from formers limit 1"):
        con.execute("drop table formers")
        return
    con.execute("create or replace temp table in_question as from asked union all by name from formers")
    con.execute(
        f"create or replace temp table in_question_named as {named_sql(profile, dt.date.max, 'from in_question')}"
    )
    make_spelled(con, profile, "in_question_named")
    keys = " union all ".join(
        f"""select person_number, {place} as rule, {_key(rule, spelled=spelled)} as key
        from in_question b join spelled_parts s using (person_number)"""
        for place, rule in enumerate(rules)
        for spelled in (False, True)
    )
    con.execute(f"""
        insert into waiting
        with keys as (from ({keys}) where key is not null),
        pairs as (
            select distinct a.person_number, f.person_number as former, a.rule from keys a join keys f using (rule, key)
            where a.person_number in (select person_number from asked) and f.person_number in (select person_number from formers)),
        best as (from pairs qualify rule = min(rule) over (partition by person_number))
        select b.person_number, '{LIKELY}', list(i.user_principal_name order by former), list(former order by former)
        from best b join identities i on i.person_number = b.former group by 1
    """)
    for table in ("spelled_parts", "in_question_named", "in_question", "formers"):
        con.execute(f"drop table {table}")


def _plain(column: str) -> str:
    return f"nullif(lower(replace({column}::varchar, ' ', '')), '')"


def _key(rule: RehireBy, *, spelled: bool) -> str:
    """SQL for what must agree, as one text; NULL where anything is blank."""
    names = [f"nullif(lower(s.{_PARTS[field]}), '')" if spelled else _plain(f"b.{quote(field)}")
             for field in rule.fields if field in _PARTS]  # fmt: skip
    others = [_plain(f"b.{quote(field)}") for field in rule.fields if field not in _PARTS]
    return " || chr(31) || ".join([*names, *others])


def take_over(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date) -> None:
    """Carry out what people decided: the names of a former number go to the number under which its worker is back.

    The former number keeps a pointer (`successions`), and is given no names again. Names that the newcomer was given meanwhile
    become former ones of theirs. A decision that cannot be carried out, because the former number is active again or has no
    names, is none: the worker is asked about as before.
    """
    for new, old, by, at in _decisions(con, profile):
        con.execute("create or replace temp table one as select ? as person_number", [new])
        con.execute("create or replace temp table other as from identities where person_number = ?", [old])
        find_lost(con, profile, "(from other where status = 'released')")
        if first(con, "select 1 from lost"):
            retire(con, "lost", "released", day)
        else:
            retire(con, "one", "renamed", day)
            con.execute("delete from retired where person_number = ?", [new])
            con.execute(
                f"update identities set person_number = ?, given_on = ?, {GIVEN_BACK} where person_number = ?",
                [new, day, old],
            )
        for table in ("former_names", "former_places"):
            con.execute(f"update {table} set person_number = ? where person_number = ?", [new, old])
        con.execute("insert into successions values (?, ?, ?, ?, ?)", [old, new, day, by, at])
        for table in ("one", "other", "lost"):
            con.execute(f"drop table {table}")


def _decisions(con: duckdb.DuckDBPyConnection, profile: Profile) -> list[tuple[str, str, str, dt.datetime]]:
    """(number, former number, who, when) of what can be carried out now; of two who want the same, who was decided about first."""
    return con.execute(f"""
        select d.person_number, d.same_as, d.decided_by, d.decided_at from {_DECIDED} d
        join (select person_number from worker_versions where valid_to is null and active and ({in_scope(profile)})) n
            on n.person_number = d.person_number
        join worker_versions o on o.person_number = d.same_as and o.valid_to is null and not o.active
        where d.same_as in (select person_number from identities)
        and d.person_number not in (select successor from successions where person_number = d.same_as)
        qualify row_number() over (partition by d.same_as order by d.decided_at, d.person_number) = 1
        order by d.decided_at, d.person_number
    """).fetchall()
