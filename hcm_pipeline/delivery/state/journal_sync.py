"""Bringing the warehouse up to the journal: what was accepted, what is under way, what was decided."""

from __future__ import annotations

import pyarrow as pa

from hcm_pipeline.delivery import clearing
from hcm_pipeline.delivery.plan import undo
from hcm_pipeline.delivery.state.interface import DeliveryState
from hcm_pipeline.delivery.state.journal_records import (
    UNREGISTERED,
    Acceptance,
    ManifestState,
    RequestState,
)
from hcm_pipeline.warehouse import Relation, Scratch, literal, query

ACCEPT_SEQ = "accept_seq"
JOURNAL_ID = "journal_id"
"""Keys of `meta`: how far the warehouse took over which journal."""


def sync(t: Scratch, journal: DeliveryState) -> int:
    """Bring `accepted_requests`, `delivered` and the states of manifests up to the journal; how many acceptances were new.

    An accepted version is the delivered state. A worker's delivered version is never replaced by that of an older plan. A
    failure of the version before is over. To be called inside a transaction.
    """
    synced = _last_synced(t)
    _sync_states(t, journal, known=synced.get(JOURNAL_ID, journal.journal_id()) == journal.journal_id())
    news = list(journal.accepted_requests(int(synced.get(ACCEPT_SEQ, 0))))
    if not news:
        return 0
    fresh = _find_fresh(t, news)
    # of one plan no two are of the same worker: a load of a million need not be sorted for that
    several = bool(t.first(f"select 1 from {fresh} group by target having count(distinct plan_no) > 1 limit 1"))
    taken = _find_taken(t, fresh, several=several)
    t.run(f"""
        insert into accepted_requests select plan_no, request_no, accepted_at, perhaps from {fresh} fresh where not exists
        (from accepted_requests known where known.plan_no = fresh.plan_no and known.request_no = fresh.request_no)
    """)
    undo.remember(t, fresh, taken)
    before = _find_before(t, fresh, taken) if several else None
    clearing.take_over(t, taken, fresh, lambda target: _doubts(t, journal, target, before))
    _replace_delivered(t, taken)
    t.run("insert or replace into meta values (?, ?)", [ACCEPT_SEQ, str(news[-1].accept_seq)])
    t.run("insert or replace into meta values (?, ?)", [JOURNAL_ID, journal.journal_id()])
    return len(news)


def find_in_doubt(t: Scratch, journal: DeliveryState, target: str) -> Relation:
    """Operations in requests that may or may not have arrived: person_number, plan_no.

    A delivery of a later plan ends the doubt: only one upload runs at a time, so that the service took it after whatever became
    of the request.
    """
    return _doubts(t, journal, target) or t.empty("in_doubt", {"person_number": "varchar", "plan_no": "bigint"})


def _doubts(t: Scratch, journal: DeliveryState, target: str, before: Relation | None = None) -> Relation | None:
    """Every operation in such a request, and those of `before` (as `_find_before`): person_number, plan_no; None: there is none."""
    unsettled = _unsettled(t, journal, target)
    perhaps = "select operation.person_number, plan_no"
    perhaps += (
        f" from {unsettled} join manifests using (manifest_id) join operations operation using (plan_no, request_no)"
    )
    certain = f"select person_number, plan_no from {before} where target = {literal(target)}"
    found = [*([perhaps] if unsettled else []), *([certain] if before else [])]
    return t.make("doubts", " union all ".join(found)) if found else None


def _find_before(t: Scratch, fresh: Relation, taken: Relation) -> Relation | None:
    """Accepted operations of workers of whom a later plan's is taken over with them: target, person_number, plan_no.

    They have arrived before it. None: there is none.
    """
    found = t.make(
        "arrived_before",
        f"""select taken.target, taken.person_number, operation.plan_no
        from {fresh} fresh join operations operation using (plan_no, request_no)
        join {taken} taken on taken.target = fresh.target and taken.person_number = operation.person_number
            and taken.plan_no > operation.plan_no""",
    )
    return found if t.count(found) else None


def _unsettled(t: Scratch, journal: DeliveryState, target: str) -> Relation | None:
    """manifest_id, request_no of the requests that may or may not have arrived; None: there is none."""
    found = [(request.manifest_id, request.request_no) for request in journal.unsettled_requests(target)]
    if not found:
        return None
    return t.of_rows("unsettled", {"manifest_id": "varchar", "request_no": "integer"}, found)


def _last_synced(t: Scratch) -> dict[str, str]:
    """The words of `meta` on the journal that was taken over last."""
    return dict(t.rows("select key, value from meta where key in (?, ?)", [ACCEPT_SEQ, JOURNAL_ID]))


def _find_fresh(t: Scratch, news: list[Acceptance]) -> Relation:
    """The requests that were accepted: plan_no, target, request_no, accepted_at, perhaps (as of `Acceptance`)."""
    accepted = t.of_arrow("news", pa.table({
        "manifest_id": pa.array([acceptance.manifest_id for acceptance in news], pa.string()),
        "request_no": pa.array([acceptance.request_no for acceptance in news], pa.int32()),
        "accepted_at": pa.array([acceptance.service_time for acceptance in news], pa.timestamp("us", "UTC")),
        "perhaps": pa.array([acceptance.perhaps for acceptance in news], pa.int32()),
    }))  # fmt: skip
    return t.make(
        "fresh",
        f"""select plan_no, target, request_no, min(accepted_at) as accepted_at, max(perhaps) as perhaps
        from {accepted} join manifests using (manifest_id) group by all""",
    )


def _find_taken(t: Scratch, fresh: Relation, *, several: bool) -> Relation:
    """The operations that become the delivered state: target, plan_no, request_no, op_no, person_number; one of a worker.

    `several`: a target's are of several plans.
    """
    found = query(__package__, "taken", fresh=fresh)
    if several:
        newest = "row_number() over (partition by target, person_number order by plan_no desc) = 1"
        found = f"select * from ({found}) qualify {newest}"
    return t.make("taken", found)


def _replace_delivered(t: Scratch, taken: Relation) -> None:
    of_taken = f"{taken} taken where {{0}}.target = taken.target and {{0}}.person_number = taken.person_number"
    t.run(f"update versions set is_delivered = false from {of_taken.format('versions')} and versions.is_delivered")
    t.run(f"""
        update versions set is_delivered = true, request_no = taken.request_no, op_no = taken.op_no
        from {taken} taken where versions.is_planned and versions.plan_no = taken.plan_no
            and versions.person_number = taken.person_number
    """)
    for gone in ("failures", "unknown_versions"):
        t.run(f"delete from {gone} using {of_taken.format(gone)}")


def _sync_states(t: Scratch, journal: DeliveryState, *, known: bool) -> None:
    """Bring `manifest_states` and `sent_requests` up to the journal.

    A manifest that it does not know is superseded, when it is the `known` one: one that takes another's place decides nothing
    before a person accepts it.
    """
    manifests = journal.manifests()
    states = t.of_arrow("journaled", pa.table({
        "manifest_id": pa.array([m.manifest_id for m in manifests], pa.string()),
        "state": pa.array([str(m.state) for m in manifests], pa.string()),
        "reason": pa.array([m.reason for m in manifests], pa.string()),
    }))  # fmt: skip
    if known:
        closed = (str(state) for state in (ManifestState.ACCEPTED, ManifestState.REJECTED, ManifestState.SUPERSEDED))
        t.run(
            f"""insert or replace into manifest_states from {states} union all
            select manifest_id, 'superseded', ? from manifests anti join {states} using (manifest_id)
            where manifest_id not in (select manifest_id from manifest_states where list_contains(?::varchar[], state))""",
            [UNREGISTERED, list(closed)],
        )
    else:
        t.run(f"insert or replace into manifest_states from {states}")
    decided = [
        (one.about, one.subject, one.decision, one.by.name, one.by.at, one.by.how, one.why)
        for one in journal.other_decisions()
    ]
    if decided:
        columns = {"about": "varchar", "subject": "varchar", "decision": "varchar", "decided_by": "varchar",
                   "decided_at": "timestamptz", "how": "varchar", "why": "varchar"}  # fmt: skip
        others = t.of_rows("others", columns, decided)
        t.run(f"insert into journal_decisions (from {others} except from journal_decisions)")
    left = (RequestState.SENDING, RequestState.UNKNOWN, RequestState.REFUSED)
    requests = [
        r for m in manifests if m.state is not ManifestState.ACCEPTED for r in journal.requests(m.manifest_id, *left)
    ]
    t.run("delete from sent_requests")
    if not requests:
        return
    requested = t.of_arrow("requested", pa.table({
        "manifest_id": pa.array([r.manifest_id for r in requests], pa.string()),
        "request_no": pa.array([r.request_no for r in requests], pa.int32()),
        "state": pa.array(["refused" if r.state is RequestState.REFUSED else "sent" for r in requests], pa.string()),
        "error": pa.array([r.error for r in requests], pa.string()),
        "sent_at": pa.array([r.first_sent_at for r in requests], pa.timestamp("us", "UTC")),
        "perhaps": pa.array([r.perhaps for r in requests], pa.int32()),
    }))  # fmt: skip
    t.run(f"""
        insert into sent_requests by name
        select plan_no, requested.* exclude (manifest_id) from {requested} requested join manifests using (manifest_id)
    """)
