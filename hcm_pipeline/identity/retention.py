"""What becomes of names when people change theirs, leave and come back: by the profile's policies, never by themselves."""

from __future__ import annotations

import datetime as dt

import duckdb

from hcm_pipeline.identity.allocation import attributes
from hcm_pipeline.identity.name_parts import drop_parts, in_scope, make_parts, make_reserved, named_sql
from hcm_pipeline.identity.placement import FOUND, last_day_sql
from hcm_pipeline.profile import NAME_PARTS, Profile
from hcm_pipeline.warehouse import first, literal

STANDS_IN = "person number"
"""The rule that names whom no candidate names."""
RESERVED_FOR_LIFE = ("user_principal_name", "sam_account_name")
"""Attributes whose former names stay with the person: mail goes to the one, permissions name the other."""


def release(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date) -> None:
    """Free the names of those who left longer ago than `identity.retention_days`: status `released`."""
    days = profile.identity.retention_days
    if days is None:
        return
    con.execute(
        f"""update identities i set status = 'released', released_on = ? from (
            select person_number, {last_day_sql()} as last_day from worker_versions where valid_to is null and not active) v
        where v.person_number = i.person_number and i.status <> 'released' and v.last_day + ?::integer < ?::date""",
        [day, days, day],
    )


def bring_back(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date) -> None:
    """Who comes back gets the released names again, or loses them for good when somebody holds one of them by now.

    Days up to the release are passed over: processing them anew tells nothing of a return.
    """
    con.execute(
        f"""create or replace temp table returning_now as
        select i.person_number, i.mail_nickname, i.sam_account_name from identities i
        join (from worker_versions where valid_to is null and ({in_scope(profile)})) v using (person_number)
        where i.status = 'released' and v.active and coalesce(i.released_on < ?, true)""",
        [day],
    )
    row = first(con, "select count(*) from returning_now")
    if row and row[0]:
        find_lost(con, profile, "returning_now")
        retire(con, "lost", "released", day)
        con.execute(
            f"update identities set {GIVEN_BACK} where person_number in (select person_number from returning_now)"
        )
        con.execute("drop table lost")
    con.execute("drop table returning_now")


GIVEN_BACK = """released_on = null,
    status = case placed_by when 'account' then 'adopted' when 'imported' then 'imported' else 'given' end"""
"""What is set of released names whose holder is back."""


def find_lost(con: duckdb.DuckDBPyConnection, profile: Profile, table: str) -> None:
    """Make temp table `lost(person_number)`: those in `table` of whose released names somebody else holds one by now."""
    make_reserved(con, profile)
    held = {attribute.name: attribute.held for attribute in attributes(profile)}
    taken = " or ".join(
        f"exists (from ({held[name]}) h where h.key = lower(r.{column}) and h.person_number is distinct from r.person_number)"
        for name, column in (("user_principal_name", "mail_nickname"), ("sam_account_name", "sam_account_name"))
    )
    con.execute(f"create or replace temp table lost as select person_number from {table} r where {taken}")
    con.execute("drop table reserved_names")


def follow_renames(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date) -> None:
    """Under `rename = "follow"`, retire the names of those whose name changed on `day`, so that they are given new ones.

    Makes temp table `renamed`. Whoever was given a name on that day or later is passed over: the change is known already.
    """
    if profile.identity.rename == "keep":
        return
    latin = [field for fields in profile.identity.spelling.latin.values() for field in fields]
    fields = ", ".join(literal(field) for field in [*NAME_PARTS.values(), *latin] if field != "person_number")
    changed = f"""select c.person_number, c.before_from from changes c join identities i using (person_number)
        where c.business_date = {literal(day.isoformat())}::date and c.before_from is not null
        and coalesce(i.given_on < c.business_date, true)
        and i.status <> 'released' and list_has_any(c.attributes, [{fields}])"""
    for name, which in (("was", "v.valid_from = c.before_from"), ("now", "v.valid_to is null")):
        workers = f"""select * from (select v.* from worker_versions v join ({changed}) c
            on c.person_number = v.person_number and {which}) where {in_scope(profile)}"""
        con.execute(f"create or replace temp table newcomers as {named_sql(profile, day, workers)}")
        make_parts(con, profile)
        con.execute(f"create or replace temp table parts_{name} as from parts")
        drop_parts(con)
    same = " and ".join(f"lower(w.{part}) = lower(n.{part})" for part in NAME_PARTS)
    con.execute(f"""
        create or replace temp table followed as
        select person_number from parts_was w join parts_now n using (person_number) where not ({same})
    """)
    for table in ("parts_was", "parts_now", "newcomers"):
        con.execute(f"drop table {table}")
    retire(con, "followed", "renamed", day)
    con.execute("insert into renamed from followed")
    con.execute("drop table followed")


def take_spellings(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date) -> None:
    """Retire the stand-in names of those whose spelling somebody has decided on, so that they are given names of it.

    Makes temp table `renamed`. The stand-in stays reserved for the worker, as any former name.
    """
    con.execute("create or replace temp table renamed(person_number varchar)")
    if first(con, "select 1 from spelling_decisions limit 1") is None:
        return
    fields = {part: field for part, field in NAME_PARTS.items() if part != "number"}
    written = " or ".join(f"d.part = {literal(part)} and d.name = n.{field}" for part, field in fields.items())
    waiting = f"""select * from worker_versions where valid_to is null and person_number in (
        select person_number from identities i where i.upn_rule = {literal(STANDS_IN)} and i.status = 'given'
        and person_number in (select person_number from spelling_decisions)
        and not exists (from former_names f where f.person_number = i.person_number and f.name = i.user_principal_name))"""
    con.execute(f"""
        insert into renamed
        select person_number from ({named_sql(profile, day, waiting)}) n
        where exists (from spelling_decisions d where d.person_number = n.person_number and ({written}))
    """)
    retire(con, "renamed", "renamed", day)


def retire(con: duckdb.DuckDBPyConnection, table: str, reason: str, day: dt.date) -> None:
    """Take the names of those in `table` out of the ledger's present into its past.

    Temp table `retired` keeps them with the container that their account was found in, if it was: no new name moves it.
    """
    for attribute in RESERVED_FOR_LIFE:
        con.execute(
            f"""insert into former_names
            select person_number, {literal(attribute)}, {attribute}, ?, ? from identities semi join {table} using (person_number)
            where {attribute} is not null""",
            [reason, day],
        )
    found = f"placed_by in ({', '.join(map(literal, FOUND))})"
    con.execute(f"""insert into retired
        select person_number, if({found}, parent_distinguished_name, null), if({found}, placed_by, null)
        from identities semi join {table} using (person_number)""")
    con.execute(f"delete from identities where person_number in (select person_number from {table})")
