"""Decisions about manifests, as the warehouse knows them, and the workers that it keeps out of the next plan.

The journal is where a decision is made (`DeliveryState.approve`, `DeliveryState.reject`): it needs no warehouse, and it counts at
once. Every plan takes over what is new. Nothing is lost by a rejection: the same desired version of a worker is withheld until it
changes, or until somebody approves the manifest after all.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from hcm_pipeline.delivery.manifest import read_manifest
from hcm_pipeline.delivery.plan.undo import UNDO
from hcm_pipeline.delivery.state import Decision, DeliveryState, RequestState
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.home import Home
from hcm_pipeline.warehouse import Relation, Scratch, query, table

BEFORE = "rejected before the journal was lost"
_KEPT = ("manifest_decisions", "withheld", "undos")


@dataclass(frozen=True)
class Kept:
    """Where decisions and what follows from them are kept: the tables of these names, or copies of them."""

    decisions: Relation
    withheld: Relation
    undos: Relation

    @classmethod
    def tables(cls, t: Scratch) -> Kept:
        """The warehouse's own."""
        return cls(*(table(t.con, name) for name in _KEPT))

    @classmethod
    def copies(cls, t: Scratch) -> Kept:
        """Copies, for a preview: a read copy cannot be written to."""
        return cls(*(t.make(name, f"from {table(t.con, name)}") for name in _KEPT))


def take_over(t: Scratch, journal: DeliveryState, kept: Kept) -> int:
    """Bring what is kept up to the journal; how many decisions were new.

    A decision is known by what it says: a journal in the place of a lost or a newer one numbers its own from where it is.
    """
    known = set(t.rows(f"select decision_no, manifest_id, decision, decided_at from {kept.decisions}"))
    news = [
        one
        for one in journal.decisions()
        if (one.decision_no, one.manifest_id, one.decision, one.decided_at) not in known
    ]
    for decision in news:
        _take(t, journal, kept, decision)
    return len(news)


def _take(t: Scratch, journal: DeliveryState, kept: Kept, decision: Decision) -> None:
    t.run(
        f"insert into {kept.decisions} values (?, ?, ?, ?, ?, ?, ?, ?)",
        [decision.decision_no, decision.manifest_id, decision.decision, decision.decided_by, decision.decided_at,
         decision.why, decision.expires_at, decision.how],
    )  # fmt: skip
    t.run(f"delete from {kept.withheld} where manifest_id = ? and reason = 'rejected'", [decision.manifest_id])
    rejected = decision.decision == "reject"
    if rejected:
        _withhold(t, journal, kept, decision)
    closed = "rejected" if rejected else None
    t.run(
        f"""update {kept.undos} set closed = ? where closed is not distinct from ? and manifest_id in
        (select undoes from manifests where manifest_id = ?)""",
        [closed, None if closed else "rejected", decision.manifest_id],
    )


def _withhold(t: Scratch, journal: DeliveryState, kept: Kept, decision: Decision) -> None:
    """Keep out the workers of a rejected manifest, but for what the service accepted and what may have arrived."""
    taken = (RequestState.ACCEPTED, RequestState.SENDING, RequestState.UNKNOWN)
    arrived = [
        request.request_no
        for request in journal.requests(decision.manifest_id)
        if request.state in taken or request.perhaps
    ]
    t.run(
        f"""insert into {kept.withheld}
        select manifest.target, operation.person_number, operation.digest, 'rejected', manifest.manifest_id, ?
        from manifests manifest join operations operation using (plan_no)
        where manifest.manifest_id = ? and manifest.held_for is distinct from ?
            and not list_contains(?::integer[], operation.request_no)""",
        [decision.decided_at, decision.manifest_id, UNDO, arrived],
    )


def keep_rejections(t: Scratch, journal: DeliveryState, home: Home, target: str) -> None:
    """Enter into a journal that took the place of a lost one the manifests because of whose rejection workers are withheld.

    So the word stands, and `approve` takes it back. Of a manifest that lies nowhere any more the workers are withheld until they
    change.
    """
    if not t.first("select 1 from withheld where reason = 'rejected' limit 1"):
        return
    for manifest_id, (date, by) in _rejections(t.con, target).items():
        folder = home.manifests / date.isoformat() / manifest_id
        try:
            manifest = read_manifest(folder)
        except PipelineError:
            continue
        journal.enter_rejected(manifest, folder.relative_to(home.path), by=by or "unknown", why=BEFORE)


def _rejections(con: duckdb.DuckDBPyConnection, target: str) -> dict[str, tuple[dt.date, str]]:
    """The manifests because of whose rejection workers of a target are withheld: their business dates, and who rejected them."""
    rows = con.execute(
        """select manifest_id, business_date, coalesce(arg_max(given.decided_by, given.decided_at), '')
        from manifests left join manifest_decisions given using (manifest_id)
        where target = $target and manifest_id in (select manifest_id from withheld where target = $target and reason = 'rejected')
        group by all order by all""",
        {"target": target},
    ).fetchall()
    return {manifest_id: (date, by) for manifest_id, date, by in rows}


def still_withheld(t: Scratch, withheld: Relation, desired: Relation, delivered: Relation) -> Relation:
    """Those of `withheld` (person_number, digest, reason) whose desired version is still that one, and not in the target.

    `desired` has person_number and digest; workers whom the target has as desired may be missing.
    """
    if not t.first(f"select 1 from {withheld} limit 1"):
        return withheld
    return t.make(
        "still_withheld",
        query(__package__, "still_withheld", withheld=withheld, desired=desired, delivered=delivered),
    )


def forget(t: Scratch, target: str, still: Relation) -> None:
    """Withhold nobody else at a target than those in `still` (person_number, digest)."""
    t.run(
        f"delete from withheld where target = ? and (person_number, digest) not in (select person_number, digest from {still})",
        [target],
    )


def count(t: Scratch, withheld: Relation) -> dict[str, int]:
    """How many workers are withheld, by reason."""
    return dict(t.rows(f"select reason, count(*) from {withheld} group by 1 order by 1"))


def withheld(con: duckdb.DuckDBPyConnection, target: str) -> dict[str, int]:
    """How many workers the last plan for a target left out, by reason."""
    counts = "select reason, count(*) from withheld where target = ? group by 1 order by 1"
    return dict(con.execute(counts, [target]).fetchall())
