"""Entering a plan into the warehouse: its operations in the order of sending, and its manifests."""

from __future__ import annotations

import datetime as dt

from hcm_pipeline.delivery.manifest import Manifest
from hcm_pipeline.delivery.plan.splitting import Part
from hcm_pipeline.delivery.send.batches import Sizes
from hcm_pipeline.delivery.state import WAITING, DeliveryState, ManifestState
from hcm_pipeline.warehouse import Relation, Scratch, literal


def next_number(t: Scratch, journal: DeliveryState, target: str, in_doubt: Relation) -> int:
    """The number of the plan's first manifest; what `planned` holds of manifests that are closed is dropped.

    Those with an operation in doubt (`in_doubt` as of `target_state.Known`) that no delivery has followed are kept, each of several
    of one worker: what they hold may be in an account, and a later record may clear it.
    """
    states = (*WAITING, ManifestState.REJECTED)
    kept = [m.manifest_id for m in journal.manifests(*states) if m.target == target and m.newest]
    t.run(
        f"""update versions set is_planned = false where is_planned and plan_no not in
        (select plan_no from manifests where target <> ? or list_contains(?::varchar[], manifest_id))
        and plan_no not in (select doubtful.plan_no from {in_doubt} doubtful left join delivered
            on delivered.target = ? and delivered.person_number = doubtful.person_number
            where delivered.plan_no is null or delivered.plan_no < doubtful.plan_no)""",
        [target, kept, target],
    )
    t.run("delete from versions where not is_planned and not is_delivered and replaced_by is null")
    row = t.first("select coalesce(max(plan_no), 0) + 1 from manifests")
    return int(row[0]) if row else 1


def fill(t: Scratch, target: str, number: int, part: Part, order: Relation) -> None:
    """Put the operations of a part into `planned` under a number, in the order of sending. Held ones keep theirs from day to day.

    `order`: person_number, place, steady_place.
    """
    # numbered before the wide rows come in: a number for each of these as they stream by is one thread's work
    if part.whole:
        placed, position = order, "place"
    else:
        by = f"{'steady_place' if part.held_for is not None else 'place'} nulls last, person_number"
        placed, position = (
            t.make(
                "positions",
                f"""select person_number, row_number() over (order by {by}) - 1 as position
                from (select person_number from ({part.operations})) left join {order} using (person_number)""",
            ),
            "position",
        )
    t.run(f"""
        insert into versions by name
        select {literal(target)} as target, true as is_planned, {number} as plan_no, placed.{position} as position, operation.*
        from ({part.operations}) operation join {placed} placed on placed.person_number = operation.person_number
        order by placed.{position}
    """)


def enter(t: Scratch, number: int, manifest: Manifest, sizes: Sizes, now: dt.datetime, *, held: bool) -> int:
    """Enter a manifest and its operations; returns its number, the old one when it was planned before.

    Its state is the one that the journal will have registered, unless it waits already.
    """
    t.run(
        """insert or replace into manifest_states select $manifest, $state, null where not exists
        (from manifest_states where manifest_id = $manifest and list_contains($waiting::varchar[], state))""",
        {
            "manifest": manifest.manifest_id,
            "state": str(ManifestState.HELD if held else ManifestState.READY),
            "waiting": [str(state) for state in WAITING],
        },
    )
    known = t.first("select plan_no from manifests where manifest_id = ?", [manifest.manifest_id])
    if known:
        t.run("update versions set is_planned = false where is_planned and plan_no = ?", [known[0]])
        t.run("update versions set plan_no = ? where is_planned and plan_no = ?", [known[0], number])
        return int(known[0])
    t.run(
        "insert into manifests values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [manifest.manifest_id, number, manifest.business_date, manifest.target, manifest.requests,
         manifest.operations, now, manifest.held_for, manifest.undoes],
    )  # fmt: skip
    request, place = sizes.request_sql("position")
    t.run(
        f"insert into operations select plan_no, {request}, {place}, person_number, kind, digest"
        " from planned where plan_no = ?",
        [number],
    )
    return number
