"""What people decided about manifests, as the warehouse knows it, and whom it keeps out of the next plan.

The journal is where a decision is made (`Journal.approve`, `Journal.reject`): it needs no warehouse, and it counts at once.
Every plan takes over what is new. Nothing is lost by a rejection: the same desired version of a worker is withheld until it
changes, or until somebody approves the manifest after all.
"""

from __future__ import annotations

import duckdb

from hcm_pipeline.delivery.plan.undo import UNDO
from hcm_pipeline.delivery.state import DeliveryState, RequestState
from hcm_pipeline.warehouse import first, literal


def take_over(con: duckdb.DuckDBPyConnection, journal: DeliveryState) -> int:
    """Bring `manifest_decisions` and `withheld` up to the journal; how many decisions were new.

    Of a rejected manifest, what the service accepted is not withheld, and neither is what may have arrived.
    """
    row = first(con, "select coalesce(max(decision_no), 0) from manifest_decisions")
    news = journal.decisions(after=int(row[0]) if row else 0)
    for decision in news:
        con.execute(
            "insert into manifest_decisions values (?, ?, ?, ?, ?, ?, ?)",
            [decision.decision_no, decision.manifest_id, decision.decision, decision.decided_by, decision.decided_at,
             decision.why, decision.expires_at],
        )  # fmt: skip
        con.execute("delete from withheld where manifest_id = ? and reason = 'rejected'", [decision.manifest_id])
        if decision.decision == "reject":
            taken = (RequestState.ACCEPTED, RequestState.SENDING, RequestState.UNKNOWN)
            arrived = [request.request_no for request in journal.requests(decision.manifest_id, *taken)]
            con.execute(
                """
                insert into withheld
                select m.target, o.person_number, o.digest, 'rejected', m.manifest_id, ?
                from manifests m join operations o using (plan_no)
                where m.manifest_id = ? and m.held_for is distinct from ? and not list_contains(?::integer[], o.request_no)
                """,
                [decision.decided_at, decision.manifest_id, UNDO, arrived],
            )
        closed = "rejected" if decision.decision == "reject" else None
        con.execute(
            """update undos set closed = ? where closed is not distinct from ? and manifest_id in
            (select undoes from manifests where manifest_id = ?)""",
            [closed, None if closed else "rejected", decision.manifest_id],
        )
    return len(news)


def forget_changed(con: duckdb.DuckDBPyConnection, desired: str, target: str) -> None:
    """Withhold nobody whose desired version is another by now, or is in the target.

    `desired` is a SELECT of person_number and digest; whom the target has as desired may be missing.
    """
    if not first(con, "select 1 from withheld where target = ? limit 1", [target]):
        return
    con.execute(f"""
        create or replace temp table still as select w.person_number, w.digest from withheld w
        join ({desired}) d on d.person_number = w.person_number and d.digest = w.digest
        left join delivered x on x.target = w.target and x.person_number = w.person_number
        where w.target = {literal(target)} and x.digest is distinct from w.digest
    """)
    con.execute("delete from withheld where target = ? and (person_number, digest) not in (from still)", [target])
    con.execute("drop table still")


def withheld(con: duckdb.DuckDBPyConnection, target: str) -> dict[str, int]:
    """How many workers are withheld, by reason."""
    return dict(
        con.execute("select reason, count(*) from withheld where target = ? group by 1 order by 1", [target]).fetchall()
    )
