"""The ledger of identities: who holds which name, for life.

Neither the order of rows nor a rerun changes what anybody gets, and what was given is never given again.
"""

from __future__ import annotations

import datetime as dt

import duckdb

from hcm_pipeline.directory.freshness import require_directories
from hcm_pipeline.directory.limits import COMMON_NAME, SAM, beginning_sql
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.identity.allocation import attributes, entered, give
from hcm_pipeline.identity.correlation import adopt
from hcm_pipeline.identity.name_parts import drop_parts, in_scope, make_parts, named_sql
from hcm_pipeline.identity.placement import place, require_known_places
from hcm_pipeline.identity.rehires import offer_rehires, take_over
from hcm_pipeline.identity.retention import bring_back, follow_renames, release, take_spellings
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import first


def give_names(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date, now: dt.datetime) -> int:
    """Give every worker in scope of the newest snapshot the names they lack; how many workers were given some.

    `day` is the snapshot's date: names are kept and freed by it, never by the clock, so that a backfill ends as the days did.
    Who has an account in the directory already keeps its names, and who is likely to have been here before is offered their
    former ones; where it is not clear, a person decides first. Everybody is put where the rules of places say. Raises
    GuardStop when a directory was read too long ago or lacks a container, or a domain is not verified, and PipelineError when
    a name would be held twice. It is left to the caller to roll back.
    """
    con.execute("create or replace temp table retired(person_number varchar, container varchar, placed_by varchar)")
    con.execute("""create or replace temp table waiting(
        person_number varchar, reason varchar, accounts varchar[], former varchar[])""")
    release(con, profile, day)
    bring_back(con, profile, day)
    take_over(con, profile, day)
    place(con, profile, day, in_scope(profile))
    take_spellings(con, profile, day)
    follow_renames(con, profile, day)
    # numbers first: the names of a million workers who have all they need are not even read
    con.execute("""
        create or replace temp table nameless as
        select person_number from worker_versions
        where valid_to is null and life_stage is distinct from 'future' and person_number not in (
            select person_number from identities where sam_account_name is not null and common_name is not null)
    """)
    asked = f"valid_to is null and person_number in (select person_number from nameless) and ({in_scope(profile)})"
    con.execute(f"""
        create or replace temp table newcomers as
        {named_sql(profile, day, f"from worker_versions where {asked}")}
    """)
    con.execute("""
        update newcomers n set container = r.container, placed_by = r.placed_by from retired r
        where r.person_number = n.person_number and r.container is not null
    """)
    count = _newcomers(con)
    if count:
        require_directories(con, profile, now)
        adopt(con, profile, day)
    offer_rehires(con, profile)
    require_known_places(con, profile, day)
    if count:
        count = _newcomers(con)
        make_parts(con, profile)
        _give(con, profile, day)
        drop_parts(con)
    _keep_waiting(con, day)
    for table in ("newcomers", "nameless", "renamed", "retired", "moving", "waiting"):
        con.execute(f"drop table {table}")
    return count


def _newcomers(con: duckdb.DuckDBPyConnection) -> int:
    return int((first(con, "select count(*) from newcomers") or (0,))[0])


def _keep_waiting(con: duckdb.DuckDBPyConnection, day: dt.date) -> None:
    """`identity_reviews` is what `waiting` holds; what has waited before keeps its date."""
    con.execute("""
        create or replace temp table waiting_since as
        select person_number, min(opened_on) as opened_on from identity_reviews group by 1
    """)
    con.execute("delete from identity_reviews")
    con.execute(
        """insert into identity_reviews by name
        select w.*, coalesce(s.opened_on, ?::date) as opened_on from waiting w left join waiting_since s using (person_number)""",
        [day],
    )
    con.execute("drop table waiting_since")


def _give(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date) -> None:
    for attribute in attributes(profile):
        give(con, attribute)
    con.execute(
        entered("""select p.person_number, u.name || '@' || p.domain as user_principal_name, s.name as sam_account_name,
            c.name as common_name, u.name as mail_nickname, p.container as parent_distinguished_name, 'given' as status,
            ?::date as given_on, u.rule as upn_rule, s.rule as sam_rule, c.rule as cn_rule, p.placed_by,
            case when p.placed_by is not null then ?::date end as placed_on
        from parts p join given_user_principal_name u using (person_number)
            join given_sam_account_name s using (person_number) join given_common_name c using (person_number)"""),
        [day, day],
    )
    for name, short, limit in (("sam_account_name", "sam", SAM), ("common_name", "cn", COMMON_NAME)):
        con.execute(f"""
            update identities i set {name} = g.name, {short}_rule = g.rule,
                {short}_beginning = {beginning_sql("g.name", limit)}
            from given_{name} g join parts p using (person_number)
            where i.person_number = g.person_number and i.{name} is null
        """)
    con.execute(
        """update identities i set parent_distinguished_name = p.container, placed_by = p.placed_by, placed_on = ?
        from parts p where p.person_number = i.person_number and i.parent_distinguished_name is null and p.container is not null""",
        [day],
    )
    _verify(con, profile)
    for each in attributes(profile):
        con.execute(f"drop table given_{each.name}")


def _verify(con: duckdb.DuckDBPyConnection, profile: Profile) -> None:
    """Nothing that was given is held twice. Raises PipelineError otherwise, and the caller's transaction is undone."""
    conditions = {"user_principal_name": "lower(i.mail_nickname) = g.key",
                  "sam_account_name": "lower(i.sam_account_name) = g.key",
                  "common_name": "lower(i.common_name) = split_part(g.key, chr(31), 1) "
                  "and lower(coalesce(i.parent_distinguished_name, '')) = split_part(g.key, chr(31), 2)"}  # fmt: skip
    joined = [(f"given_{a.name}", conditions[a.name]) for a in attributes(profile)]
    for given, condition in [*joined, ("newcomers", "g.person_number = i.person_number")]:
        row = first(
            con,
            f"""select (select count(*) from identities i join {given} g on {condition} where i.status <> 'released'),
                (select count(*) from {given})""",
        )
        if row is None or row[0] != row[1]:
            raise PipelineError(
                "the ledger would hold a name twice; nothing was given, and the day is as it was before"
            )
