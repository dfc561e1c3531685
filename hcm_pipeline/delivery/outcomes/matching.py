"""Which entry of the provisioning log belongs to which operation, and what became of it then.

The log knows neither request nor bulkId. An entry carries the externalId, the time, the job and a changeId; what the service
was observed to do (one changeId for each record it works off, in the order in which it took them) is the rule:

1. Entries of one worker with one changeId are one *change*. One that follows a failure under the same changeId is the
   service's own retry of it; one that follows anything else is a change of its own.
2. The first change after an operation was accepted is that operation's, the next one that of the next operation accepted by
   then, and so on: first in, first out. So one entry never settles two operations of a worker, of which one was lost.
3. A change for which no operation is left is the service's own retry, and belongs to the operation served last.
4. An operation that was given up as missing is no longer served by what happens after the worker was sent again.
5. Of an operation's entries the newest decides. An update under the changeId of an earlier entry that only exports is that
   entry's twin: it fills in a reference (the manager), and decides nothing.

What no rule can tell from the log: a retry by the service under a new changeId, after a later operation was accepted, answers
for that one until its own change comes; and if that one was lost, for good.

Both times are the service's, from two of its clocks: `Date` of the answer has whole seconds, and an entry may be up to
SKEW older than the acceptance it belongs to. Everything read is kept by its id, and all entries of a worker are judged
together, so that the order of reading, late entries and entries read twice change nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import duckdb
import pyarrow as pa

from hcm_pipeline.delivery.outcomes import failures
from hcm_pipeline.entra import LogEntry
from hcm_pipeline.profile import Outcomes
from hcm_pipeline.warehouse import first

KEPT = dt.timedelta(days=60)
"""How long entries are kept: twice as long as the service keeps them."""
SKEW = dt.timedelta(seconds=5)
"""How much older than its acceptance an entry may be."""

_DECIDES = "status in ('success', 'failure', 'skipped', 'warning')"

# one row: one accepted operation of a touched worker, and since when a change can be its own. An epoch begins where a worker
# was sent again because the operation before was missing
_QUEUE = """
    create or replace temp table queue as
    with before as (
        -- settled by entries that are not kept any more: these, and what was accepted before, are not judged again
        select o.person_number, max(a.accepted_at) as accepted_at
        from operations o join touched using (person_number) join manifests m using (plan_no)
        join accepted_requests a using (plan_no, request_no) join outcomes u using (plan_no, request_no, op_no)
        where m.target = $target and not exists (from log_entries e where e.target = m.target and e.log_id = u.log_id)
        group by 1),
    accepted as (
        select o.person_number, o.plan_no, o.request_no, o.op_no, a.accepted_at - $skew as opens_at,
            coalesce(lag(x.noticed_at) over w <= a.accepted_at, false) as sent_again
        from operations o join touched using (person_number) join manifests m using (plan_no)
        join accepted_requests a using (plan_no, request_no)
        left join missing_operations x using (plan_no, request_no, op_no)
        left join before b on b.person_number = o.person_number
        where m.target = $target and (b.accepted_at is null or a.accepted_at > b.accepted_at)
        window w as (partition by o.person_number order by a.accepted_at, o.plan_no, o.request_no, o.op_no))
    select *, sum(sent_again::integer) over w as epoch
    from accepted window w as (partition by person_number order by opens_at, plan_no, request_no, op_no
        rows between unbounded preceding and current row)
"""

# one row: one entry of a touched worker that is no twin, with the change it belongs to. `follows`: it retries a failure
_CHANGES = f"""
    create or replace temp table changed as
    with told as (
        select e.person_number, e.log_id, e.logged_at, e.status,
            coalesce(nullif(e.change_id, ''), e.log_id) as change_id
        from log_entries e join touched using (person_number)
        where e.target = $target and {_DECIDES}
        and not (e.twin and exists (from log_entries t where t.target = e.target and t.person_number = e.person_number
            and t.change_id = e.change_id and t.change_id <> '' and not t.twin))),
    stepped as (
        select *, coalesce(lag(status) over w = 'failure', false) as follows
        from told window w as (partition by person_number, change_id order by logged_at, log_id)),
    grouped as (
        select *, sum((not follows)::integer) over w as step
        from stepped window w as (partition by person_number, change_id order by logged_at, log_id
            rows between unbounded preceding and current row))
    select *, min(logged_at) over (partition by person_number, change_id, step) as begins_at from grouped
"""

# one row: one entry and its operation. `units` are the changes, numbered within an epoch; `served_from` is the number of the
# first one that is the operation's own
_MATCHED = """
    create or replace temp table matched as
    with epochs as (select person_number, epoch, min(opens_at) as opens_at from queue group by all),
    units as (
        select u.*, e.epoch, row_number() over (partition by u.person_number, e.epoch
            order by u.begins_at, u.change_id, u.step) as place
        from (select distinct person_number, change_id, step, begins_at from changed) u
        asof join epochs e on u.person_number = e.person_number and u.begins_at >= e.opens_at),
    points as (
        select person_number, epoch, begins_at as moment, 1 as is_unit, 0 as plan_no, 0 as request_no, 0 as op_no from units
        union all
        select person_number, epoch, opens_at, 0, plan_no, request_no, op_no from queue),
    counted as (
        select *, sum(is_unit) over (partition by person_number, epoch
            order by moment, is_unit, plan_no, request_no, op_no rows between unbounded preceding and current row) as before
        from points),
    placed as (
        select *, row_number() over (partition by person_number, epoch
            order by moment, plan_no, request_no, op_no) as turn
        from counted where is_unit = 0),
    -- an operation is served by the first change after it opened that no operation before it took; unrolled, that is a
    -- running maximum
    served as (
        select *, turn + max(before + 1 - turn) over (partition by person_number, epoch
            order by turn rows between unbounded preceding and current row) as served_from
        from placed)
    select c.log_id, s.person_number, s.plan_no, s.request_no, s.op_no
    from units u
    asof join served s on u.person_number = s.person_number and u.epoch = s.epoch and u.place >= s.served_from
    join changed c on c.person_number = u.person_number and c.change_id = u.change_id and c.step = u.step
"""

# one row: one operation of a touched worker with what decides about it, as in `outcomes`
_DECIDED = """
    create or replace temp table decided as
    with deciding as (
        select m.plan_no, m.request_no, m.op_no, e.*,
            bool_or(e.status in ('success', 'warning')) over (partition by m.plan_no, m.request_no, m.op_no) as ever
        from matched m join log_entries e on e.target = $target and e.log_id = m.log_id
        qualify row_number() over (partition by m.plan_no, m.request_no, m.op_no
            order by e.logged_at desc, e.log_id desc) = 1),
    twins as (select e.person_number, e.change_id, e.logged_at from log_entries e join touched using (person_number)
        where e.target = $target and e.twin and e.status = 'success')
    select d.plan_no, d.request_no, d.op_no, d.person_number,
        case d.status when 'failure' then 'failed' when 'skipped' then 'skipped' else 'succeeded' end as outcome,
        d.action,
        case when d.unresolved then if(exists (from twins t where t.person_number = d.person_number
            and t.logged_at >= d.logged_at and (t.change_id = d.change_id or not exists (from changed c
                where c.person_number = t.person_number and c.change_id = t.change_id))), 'resolved', 'unresolved')
            end as reference,
        d.error_code,
        case when d.status = 'failure' then coalesce(k.failure_class, $unknown)
            when d.status = 'skipped' and d.skip <> 'no change' and d.error_code = 'ImportSkipped' then k.failure_class
            when d.status = 'skipped' and (d.skip = 'out of scope'
                or d.skip = 'unspecified' and o.kind = 'create' and not d.ever) then $skipped end as failure_class,
        case when d.status = 'skipped' then coalesce(d.reason, d.skip) else d.reason end as reason,
        d.advice, d.log_id, d.change_id, d.logged_at
    from deciding d join operations o using (plan_no, request_no, op_no)
    left join codes k on k.error_code = d.error_code
"""


def of_job(entry: LogEntry, target: str) -> bool:
    """Whether an entry is of the target's job. The service was asked for this job only: an entry that names none is."""
    return entry.job_id.lower() in ("", target.rpartition("/")[2].lower())


def record_entries(con: duckdb.DuckDBPyConnection, target: str, entries: Iterable[LogEntry], rules: Outcomes) -> int:
    """Keep entries of the target's job and settle the workers they are about; how many operations were not settled before.

    Entries of other jobs, and of nobody who was ever sent, are passed over. To be called inside a transaction.
    """
    rows = [e for e in entries if e.external_id and of_job(e, target)]
    con.register("entries", pa.table({
        "log_id": pa.array([e.id for e in rows], pa.string()),
        "logged_at": pa.array([e.activity_time for e in rows], pa.timestamp("us", "UTC")),
        "person_number": pa.array([e.external_id for e in rows], pa.string()),
        "change_id": pa.array([e.change_id for e in rows], pa.string()),
        "status": pa.array([e.status for e in rows], pa.string()),
        "action": pa.array([e.action for e in rows], pa.string()),
        "skip": pa.array([e.skip for e in rows], pa.string()),
        "unresolved": pa.array([bool(e.unresolved_references) for e in rows], pa.bool_()),
        "twin": pa.array([e.resolves_references for e in rows], pa.bool_()),
        "error_code": pa.array([e.error_code for e in rows], pa.string()),
        "reason": pa.array([e.reason for e in rows], pa.string()),
        "advice": pa.array([e.recommended_action for e in rows], pa.string()),
    }))  # fmt: skip
    con.execute(
        """create or replace temp table news as
        select * from entries e semi join operations o using (person_number)
        where not exists (from log_entries k where k.target = ? and k.log_id = e.log_id)
        qualify row_number() over (partition by log_id) = 1""",
        [target],
    )
    con.unregister("entries")
    con.execute("insert into log_entries by name select ? as target, * from news", [target])
    # and those of whom an acceptance became known after their entries were read
    con.execute(
        """create or replace temp table touched as
        select person_number from news
        union
        select o.person_number from operations o join manifests m using (plan_no)
        join accepted_requests a using (plan_no, request_no) anti join outcomes u using (plan_no, request_no, op_no)
        where m.target = $target and exists (from log_entries e where e.target = $target
            and e.person_number = o.person_number and e.logged_at >= a.accepted_at - $skew)""",
        {"target": target, "skew": SKEW},
    )
    con.execute("drop table news")
    return _settle(con, target, rules)


def _settle(con: duckdb.DuckDBPyConnection, target: str, rules: Outcomes) -> int:
    """Judge all entries of the workers in `touched`; how many operations were not settled before."""
    if not first(con, "select 1 from touched limit 1"):
        return 0
    con.execute(_QUEUE, {"target": target, "skew": SKEW})
    con.execute(_CHANGES, {"target": target})
    con.execute(_MATCHED)
    failures.make_codes(con, target)
    unknown, skipped = failures.UNKNOWN.failure_class, failures.SKIPPED.failure_class
    con.execute(_DECIDED, {"target": target, "unknown": str(unknown), "skipped": str(skipped)})
    news = first(con, "select count(*) from decided anti join outcomes using (plan_no, request_no, op_no)") or (0,)
    con.execute("""
        delete from outcomes u using queue q
        where u.plan_no = q.plan_no and u.request_no = q.request_no and u.op_no = q.op_no
    """)
    con.execute("insert into outcomes by name select * from decided")
    failures.refresh(con, target, rules)
    for name in ("queue", "changed", "matched", "decided", "touched"):
        con.execute(f"drop table {name}")
    return int(news[0])


def forget_old(con: duckdb.DuckDBPyConnection, target: str, now: dt.datetime) -> None:
    """Drop entries that the service has forgotten long ago; what they settled stays settled."""
    con.execute("delete from log_entries where target = ? and logged_at < ?", [target, now - KEPT])


def waiting_sql(columns: str) -> str:
    """SELECT over accepted operations of the target `$target` without an outcome, which are not given up as missing.

    An operation of which the log speaks of a later one for the same worker does not wait: it was overtaken.
    """
    return f"""
        select {columns}
        from accepted_requests a join manifests m using (plan_no) join operations o using (plan_no, request_no)
        left join outcomes u using (plan_no, request_no, op_no)
        left join missing_operations x using (plan_no, request_no, op_no)
        left join (select m.target, u.person_number, max(u.plan_no) as plan_no
            from outcomes u join manifests m using (plan_no) group by all) l
            on l.target = m.target and l.person_number = o.person_number
        where m.target = $target and u.outcome is null and x.noticed_at is null and coalesce(l.plan_no, 0) < o.plan_no
    """


def waiting_since(con: duckdb.DuckDBPyConnection, target: str) -> tuple[int, dt.datetime | None]:
    """How many accepted operations wait for their outcome, and when the first of them was accepted."""
    [row] = con.execute(waiting_sql("count(*), min(a.accepted_at)"), {"target": target}).fetchall()
    return int(row[0]), row[1]


def overdue_since(
    con: duckdb.DuckDBPyConnection, target: str, now: dt.datetime, rules: Outcomes, resumed_at: dt.datetime | None
) -> dt.datetime | None:
    """When the first operation was accepted that should have an outcome by `now`; None: there is none such."""
    query = waiting_sql("min(a.accepted_at)") + _OVERDUE
    values = _overdue_values(target, now, rules, resumed_at)
    [row] = con.execute(query, values).fetchall()
    return row[0]  # type: ignore[no-any-return]


def give_up(
    con: duckdb.DuckDBPyConnection, target: str, now: dt.datetime, rules: Outcomes, resumed_at: dt.datetime | None
) -> int:
    """Call missing what should have an outcome by `now`, the service's clock when a reading of the log began; how many.

    The reading must have begun before the first of these was accepted. Time before `resumed_at`, when the job was seen to run
    again, does not count.
    """
    con.execute(
        f"""create or replace temp table given_up as
        {waiting_sql("o.plan_no, o.request_no, o.op_no, o.person_number")} {_OVERDUE}""",
        _overdue_values(target, now, rules, resumed_at),
    )
    row = first(con, "select count(*) from given_up") or (0,)
    if row[0]:
        con.execute("insert into missing_operations select *, ? from given_up", [now])
        con.execute("create or replace temp table touched as select distinct person_number from given_up")
        failures.refresh(con, target, rules)
        con.execute("drop table touched")
    con.execute("drop table given_up")
    return int(row[0])


_OVERDUE = " and greatest(a.accepted_at, coalesce($resumed::timestamptz, a.accepted_at)) <= $limit"


def _overdue_values(
    target: str, now: dt.datetime, rules: Outcomes, resumed_at: dt.datetime | None
) -> dict[str, object]:
    after = dt.timedelta(minutes=rules.missing_after_minutes)
    return {"target": target, "resumed": resumed_at, "limit": now - after}
