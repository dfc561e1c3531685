"""Who is sent again although the target took what should be: the one place that decides it."""

from __future__ import annotations

import datetime as dt

import duckdb

from hcm_pipeline.delivery.service import FailureClass
from hcm_pipeline.warehouse import first


def make_resend(con: duckdb.DuckDBPyConnection, target: str, now: dt.datetime) -> None:
    """Make temp table `resend(person_number, reason)`: whose delivered version goes out again, as it should be by now.

    At most one row for each worker. `now` is the time of planning, for whoever waits before trying again.

    A person's word comes first. What passes (and what is missing) is sent again when its wait is over, what needs a
    configuration when the profile is another one, and who lacks a manager when the manager's account has come. What needs
    data is not in this table: other data make another version, which the plan sends anyhow. While the job does not run,
    only a person's word sends anybody again.
    """
    con.execute("create or replace temp table resend(person_number varchar, reason varchar)")
    con.execute(
        """
        insert into resend
        with word as (
            select person_number, max(decided_at) as decided_at from retry_decisions where target = $target group by 1),
        stopped as (
            select 1 from job_states where target = $target
            and (state in ('paused', 'quarantine', 'not started') or (state = 'silent' and until > $now))),
        profile as (select contract from days where status = 'done' order by business_date desc limit 1),
        managers as (
            select f.person_number from failures f
            join worker_versions v on v.person_number = f.person_number and v.valid_to is null
            join delivered d on d.target = f.target and d.person_number = v.manager
            join outcomes u on (u.plan_no, u.request_no, u.op_no) = (d.plan_no, d.request_no, d.op_no)
            where f.target = $target and f.state = 'unresolved' and u.outcome = 'succeeded' and u.logged_at > f.since)
        select f.person_number, case
            when greatest(w.decided_at, e.decided_at) > f.since then 'a person said so'
            when exists (from stopped) then null
            when f.state = 'missing' and f.next_try_at <= $now then 'missing'
            when f.failure_class = $retry and f.next_try_at <= $now then 'failed'
            when f.failure_class = $configuration and f.contract <> (select contract from profile)
                then 'the profile has changed'
            when f.person_number in (from managers) then 'its manager has come' end as reason
        from failures f
        left join word w on w.person_number = f.person_number
        left join word e on e.person_number is null
        where f.target = $target and reason is not null
        """,
        {
            "target": target,
            "now": now,
            "retry": str(FailureClass.RETRY),
            "configuration": str(FailureClass.CONFIGURATION),
        },
    )


def why_plan(con: duckdb.DuckDBPyConnection, target: str, now: dt.datetime) -> tuple[str, str] | None:
    """(what a plan made now would send again, a key that is another one for other workers or another attempt); None: nobody."""
    make_resend(con, target, now)
    row = first(
        con,
        """select count(*), string_agg(distinct r.reason, ', ' order by r.reason),
            md5(string_agg(concat_ws(' ', r.person_number, r.reason, f.plan_no, f.attempts), chr(10) order by r.person_number))
        from resend r join failures f on f.target = ? and f.person_number = r.person_number""",
        [target],
    )
    con.execute("drop table resend")
    return (f"{row[0]} workers are to be sent again: {row[1]}", row[2]) if row and row[0] else None
