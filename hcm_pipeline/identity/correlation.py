"""Accounts that exist already: taken over for the workers whose they are, by employee id first, then by the profile's rules.

A match counts when it is one to one. Where it is not, nobody is given a name before a person has decided.
"""

from __future__ import annotations

import datetime as dt

import duckdb

from hcm_pipeline.directory.tables import CONTAINER, RELATIVE_NAME
from hcm_pipeline.identity.allocation import entered
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import first, quote

SEVERAL, SHARED, HELD = "several accounts", "account of several workers", "account of somebody else"


def adopt(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date) -> None:
    """Enter the accounts of `newcomers` in the ledger; move those who wait for a decision from `newcomers` to `waiting`."""
    if not first(con, "select 1 from directory_objects limit 1"):
        return
    ways = [
        "select w.person_number, a.object_id, 0 as way from newcomers w join decided d using (person_number) "
        "join accounts a on lower(a.user_principal_name) = lower(d.account)",
        "select w.person_number, a.object_id, 1 from newcomers w join accounts a on a.employee_id = w.person_number "
        "where w.person_number not in (select person_number from decided)",
    ]
    ways += [
        f"select w.person_number, a.object_id, {place} from newcomers w "
        f"join accounts a on lower(a.{quote(rule.attribute)}) = lower(w.{quote(rule.field)}) "
        "where a.employee_id is null and w.person_number not in (select person_number from decided)"
        for place, rule in enumerate(profile.identity.adopt, 2)
    ]
    # found first and by themselves: how few they are is then known, and not the whole directory is carried along
    con.execute(f"""
        create or replace temp table ways as
        with accounts as not materialized (
            from directory_objects where kind = 'user' and not deleted and user_principal_name is not null),
        decided as (select person_number, account from identity_decisions where about = 'account'
            qualify row_number() over (partition by person_number order by decided_at desc) = 1)
        {" union ".join(ways)}
    """)
    if not first(con, "select 1 from ways limit 1"):
        con.execute("drop table ways")
        return
    con.execute(f"""
        create or replace temp table matches as
        with best as (select person_number, object_id from ways
            qualify way = min(way) over (partition by person_number)),
        counted as (select *, count(*) over (partition by person_number) as accounts_of_worker,
            count(*) over (partition by object_id) as workers_of_account from best)
        select c.person_number, a.*, case when accounts_of_worker > 1 then '{SEVERAL}' when workers_of_account > 1 then '{SHARED}'
            when exists (from identities i where i.person_number <> c.person_number and i.status <> 'released'
                and (lower(i.user_principal_name) = lower(a.user_principal_name)
                    or lower(i.sam_account_name) = lower(a.sam_account_name))) then '{HELD}' end as reason
        from counted c join directory_objects a using (object_id)
        where a.kind = 'user' and not a.deleted and c.person_number not in (select person_number from identities)
        and c.person_number not in (select person_number from renamed)
    """)
    con.execute(
        entered(f"""select person_number, user_principal_name, sam_account_name,
            coalesce(common_name, {RELATIVE_NAME}) as common_name,
            coalesce(mail_nickname, split_part(user_principal_name, '@', 1)) as mail_nickname,
            {CONTAINER} as parent_distinguished_name, 'adopted' as status, ?::date as given_on, 'account' as upn_rule,
            case when {CONTAINER} is not null then 'account' end as placed_by,
            case when sam_account_name is not null then 'account' end as sam_rule,
            case when coalesce(common_name, {RELATIVE_NAME}) is not null then 'account' end as cn_rule
            from matches where reason is null"""),
        [day],
    )
    con.execute("""
        insert into waiting
        select person_number, min(reason), list(user_principal_name order by user_principal_name), []
        from matches where reason is not null group by 1
    """)
    con.execute("delete from newcomers where person_number in (select person_number from waiting)")
    con.execute("drop table matches")
    con.execute("drop table ways")
