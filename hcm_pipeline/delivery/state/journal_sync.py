"""Taking over into the warehouse what the journal knows: what was accepted, what is under way, what was decided."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from hcm_pipeline.delivery.plan import undo
from hcm_pipeline.delivery.state.journal import Journal, ManifestState, RequestState
from hcm_pipeline.warehouse import Relation, Scratch, first, scratch

ACCEPT_SEQ = "accept_seq"


def take_over(con: duckdb.DuckDBPyConnection, journal: Journal) -> int:
    """Bring `accepted_requests`, `delivered` and the states of manifests up to the journal; how many acceptances were new.

    What was accepted is the delivered state. A worker's delivered version is never replaced by that of an older plan. A
    failure of the version before is over.
    """
    _take_states(con, journal)
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
    with scratch(con) as t:
        undo.remember(
            t,
            Relation("fresh", ("plan_no", "request_no", "accepted_at")),
            Relation("taken", ("target", "plan_no", "request_no", "person_number")),
        )
    con.execute("""
        delete from delivered d using taken t where d.target = t.target and d.person_number = t.person_number
    """)
    con.execute("""
        insert into delivered by name
        select p.* exclude (plan_no, position, kind), t.target, t.plan_no, t.request_no, t.op_no
        from planned p join taken t on t.plan_no = p.plan_no and t.person_number = p.person_number
    """)
    con.execute("delete from failures f using taken t where f.target = t.target and f.person_number = t.person_number")
    con.execute("insert or replace into meta values (?, ?)", [ACCEPT_SEQ, str(news[-1].accept_seq)])
    for name in ("fresh", "taken"):
        con.execute(f"drop table {name}")
    return len(news)


def _take_states(con: duckdb.DuckDBPyConnection, journal: Journal) -> None:
    """Bring `manifest_states` and `sent_requests` up to the journal."""
    manifests = journal.manifests()
    con.register("journaled", pa.table({
        "manifest_id": pa.array([m.manifest_id for m in manifests], pa.string()),
        "state": pa.array([str(m.state) for m in manifests], pa.string()),
        "reason": pa.array([m.reason for m in manifests], pa.string()),
    }))  # fmt: skip
    con.execute("insert or replace into manifest_states select * from journaled")
    con.unregister("journaled")
    left = (RequestState.SENDING, RequestState.UNKNOWN, RequestState.REFUSED)
    requests = [
        r for m in manifests if m.state is not ManifestState.ACCEPTED for r in journal.requests(m.manifest_id, *left)
    ]
    con.register("requested", pa.table({
        "manifest_id": pa.array([r.manifest_id for r in requests], pa.string()),
        "request_no": pa.array([r.request_no for r in requests], pa.int32()),
        "state": pa.array(["refused" if r.state is RequestState.REFUSED else "sent" for r in requests], pa.string()),
        "error": pa.array([r.error for r in requests], pa.string()),
    }))  # fmt: skip
    con.execute("delete from sent_requests")
    con.execute("""
        insert into sent_requests
        select m.plan_no, r.request_no, r.state, r.error from requested r join manifests m using (manifest_id)
    """)
    con.unregister("requested")


def find_doubtful(t: Scratch, journal: Journal, target: str) -> Relation:
    """person_number, plan_no: workers in requests that may or may not have arrived.

    `plan_no` is the newest such plan of the worker. A delivery of a later plan ends the doubt: only one upload runs at a
    time, so that the service took it after whatever became of the request.
    """
    found = [(request.manifest_id, request.request_no) for request in journal.unsettled_requests(target)]
    unsettled = t.of_rows("unsettled", {"manifest_id": "VARCHAR", "request_no": "INTEGER"}, found)
    return t.make(
        "doubtful",
        f"""select operation.person_number, max(plan_no) as plan_no
        from {unsettled} join manifests using (manifest_id) join operations operation using (plan_no, request_no) group by 1""",
    )
