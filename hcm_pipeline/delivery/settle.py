"""Taking over into the warehouse what the journal and the provisioning log know: what was accepted, what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import duckdb
import pyarrow as pa

from hcm_pipeline.delivery import undo
from hcm_pipeline.delivery.journal import Journal
from hcm_pipeline.entra import LogEntry
from hcm_pipeline.warehouse import first

ACCEPT_SEQ = "accept_seq"


def take_over(con: duckdb.DuckDBPyConnection, journal: Journal) -> int:
    """Bring `accepted_requests` and `delivered` up to the journal; how many requests were new.

    What was accepted is the delivered state. A worker's delivered version is never replaced by that of an older plan.
    """
    row = first(con, "select value from meta where key = ?", [ACCEPT_SEQ])
    after = int(row[0]) if row else 0
    news = list(journal.accepted_requests(after))
    if not news:
        return 0
    con.register("news", pa.table({
        "manifest_id": [a.manifest_id for a in news],
        "request_no": pa.array([a.request_no for a in news], pa.int32()),
        "accepted_at": pa.array([a.service_time for a in news], pa.timestamp("us", "UTC")),
    }))  # fmt: skip
    con.execute("""
        create or replace temp table fresh as
        select m.plan_no, m.target, n.request_no, min(n.accepted_at) as accepted_at
        from news n join manifests m using (manifest_id) group by all
    """)
    con.unregister("news")
    con.execute("""
        insert into accepted_requests
        select plan_no, request_no, accepted_at from fresh f where not exists
        (from accepted_requests a where a.plan_no = f.plan_no and a.request_no = f.request_no)
    """)
    con.execute("""
        create or replace temp table taken as
        select f.target, o.plan_no, o.request_no, o.op_no, o.person_number
        from fresh f join operations o using (plan_no, request_no)
        where not exists (from delivered d
            where d.target = f.target and d.person_number = o.person_number and d.plan_no > o.plan_no)
        and exists (from planned p where p.plan_no = f.plan_no)
        qualify row_number() over (partition by f.target, o.person_number order by o.plan_no desc) = 1
    """)
    undo.remember(con)
    con.execute("""
        delete from delivered d using taken t where d.target = t.target and d.person_number = t.person_number
    """)
    con.execute("""
        insert into delivered by name
        select p.* exclude (plan_no, position, kind), t.target, t.plan_no, t.request_no, t.op_no, null as outcome
        from planned p join taken t on t.plan_no = p.plan_no and t.person_number = p.person_number
    """)
    con.execute("insert or replace into meta values (?, ?)", [ACCEPT_SEQ, str(news[-1].accept_seq)])
    for name in ("fresh", "taken"):
        con.execute(f"drop table {name}")
    return len(news)


def find_doubtful(con: duckdb.DuckDBPyConnection, journal: Journal, target: str) -> None:
    """Make temp table `doubtful(person_number, plan_no)`: workers in requests that may or may not have arrived.

    `plan_no` is the newest such plan of the worker. A delivery of a later plan ends the doubt: only one upload runs at a
    time, so that the service took it after whatever became of the request.
    """
    con.execute("create or replace temp table unsettled(manifest_id varchar, request_no integer)")
    found = [(request.manifest_id, request.request_no) for request in journal.unsettled_requests(target)]
    if found:
        con.executemany("insert into unsettled values (?, ?)", found)
    con.execute("""
        create or replace temp table doubtful as
        select o.person_number, max(plan_no) as plan_no
        from unsettled u join manifests m using (manifest_id) join operations o using (plan_no, request_no) group by 1
    """)
    con.execute("drop table unsettled")


def waiting_since(con: duckdb.DuckDBPyConnection, target: str) -> tuple[int, dt.datetime | None]:
    """How many accepted operations of a target have no outcome yet, and when the first of them was accepted.

    An operation that was overtaken does not wait: the service worked off both after the later one was accepted, and what
    the log says then is the later one's outcome.
    """
    row = first(
        con,
        """select count(*), min(a.accepted_at)
        from accepted_requests a join manifests m using (plan_no) join operations o using (plan_no, request_no)
        left join outcomes u using (plan_no, request_no, op_no)
        left join (select m.target, u.person_number, max(u.plan_no) as plan_no
            from outcomes u join manifests m using (plan_no) group by all) l
            on l.target = m.target and l.person_number = o.person_number
        where m.target = ? and u.outcome is null and coalesce(l.plan_no, 0) < o.plan_no""",
        [target],
    )
    return (int(row[0]), row[1]) if row else (0, None)


def record_outcomes(con: duckdb.DuckDBPyConnection, target: str, entries: Iterable[LogEntry]) -> int:
    """Match log entries to operations and write `outcomes`; how many operations were settled that were not before.

    An entry belongs to the last operation for its externalId that was accepted before it (the log knows neither request
    nor bulkId). The newest entry decides, except for the later update that only fills in a reference: that one marks the
    reference as resolved. Both clocks are the service's; its `Date` header has whole seconds.
    """
    rows = [e for e in entries if e.external_id]
    if not rows:
        return 0
    con.register("entries", pa.table({
        "log_id": [e.id for e in rows],
        "moment": pa.array([e.activity_time for e in rows], pa.timestamp("us", "UTC")),
        "person_number": [e.external_id for e in rows],
        "outcome": [e.status for e in rows],
        "action": [e.action for e in rows],
        "error_code": pa.array([e.error_code for e in rows], pa.string()),
        "reason": pa.array([e.reason for e in rows], pa.string()),
        "advice": pa.array([e.recommended_action for e in rows], pa.string()),
        "unresolved": [bool(e.unresolved_references) for e in rows],
        "twin": [e.resolves_references for e in rows],
        "change_id": [e.change_id for e in rows],
    }))  # fmt: skip
    con.execute(
        """
        create or replace temp table matched as
        select e.*, o.plan_no, o.request_no, o.op_no
        from entries e join operations o using (person_number) join manifests m using (plan_no)
        join accepted_requests a using (plan_no, request_no)
        where m.target = ? and a.accepted_at <= e.moment
        qualify row_number() over (partition by e.log_id order by a.accepted_at desc, o.plan_no desc) = 1
        """,
        [target],
    )
    con.unregister("entries")
    con.execute("""
        create or replace temp table settled as
        with deciding as (
            from matched where not twin
            qualify row_number() over (partition by plan_no, request_no, op_no order by moment desc, log_id desc) = 1),
        twins as (select distinct plan_no, request_no, op_no from matched where twin)
        select d.plan_no, d.request_no, d.op_no, d.person_number, d.outcome, d.action,
            case when d.unresolved then case when t.plan_no is null then 'unresolved' else 'resolved' end end as reference,
            d.error_code, d.reason, d.advice, d.log_id, d.change_id, d.moment as logged_at
        from deciding d left join twins t using (plan_no, request_no, op_no)
    """)
    news = first(con, "select count(*) from settled anti join outcomes using (plan_no, request_no, op_no)") or (0,)
    con.execute("""
        delete from outcomes u using settled s
        where u.plan_no = s.plan_no and u.request_no = s.request_no and u.op_no = s.op_no
    """)
    con.execute("insert into outcomes by name select * from settled")
    con.execute("""
        update outcomes u set reference = 'resolved' from matched m
        where m.twin and u.reference = 'unresolved'
        and u.plan_no = m.plan_no and u.request_no = m.request_no and u.op_no = m.op_no
    """)
    con.execute("""
        update delivered d set outcome = s.outcome from settled s
        where d.plan_no = s.plan_no and d.request_no = s.request_no and d.op_no = s.op_no
    """)
    for name in ("matched", "settled"):
        con.execute(f"drop table {name}")
    return int(news[0])
