"""Undo: putting back the versions that a target had before a manifest.

No account is deleted and no name is given back. A worker whom the manifest created gets the same record as that of a disabled
account; everybody else gets the whole record that the manifest replaced. A person approves it like anything that is held. An undone
version is withheld until the worker's desired version changes, or the next plan would do it again.

An undo is wanted from the moment somebody asks for it until nothing of the manifest is left in the target: each plan makes it
anew, as it makes everything else.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from hcm_pipeline.deciders import Decider
from hcm_pipeline.delivery.kinds import OperationKind
from hcm_pipeline.delivery.target import Target, digest_sql, names_of
from hcm_pipeline.warehouse import Relation, Scratch, literal, query, quote

UNDO = "undo"
"""The reason for which such a manifest is held."""
LeftOut = dict[str, dict[str, int]]
"""By manifest, how many workers an undo leaves out, and why: `as_before` (no difference), `delivered_since` (a later version),
`changed_since` (what they should be is another by now, which the plan sends), `not_kept` (replaced longer ago than versions are
kept), `never_accepted`."""


@dataclass(frozen=True)
class UndoPlan:
    """`operations`: undoes (the manifest), person_number, every value, digest, basis (null) and kind."""

    operations: Relation
    left_out: LeftOut

    def manifests(self, t: Scratch) -> list[str]:
        """The manifests of which something is taken back."""
        return [name for (name,) in t.rows(f"select distinct undoes from {self.operations} order by 1")]


def ask(con: duckdb.DuckDBPyConnection, target: str, manifest_id: str, by: Decider) -> None:
    """Note that a manifest is to be undone. Harmless twice."""
    con.execute(
        """insert into undos select ?, ?, ?, ?, null, ?
        where not exists (from undos where target = ? and manifest_id = ? and closed is null)""",
        [target, manifest_id, by.name, by.at, by.how, target, manifest_id],
    )


def make(
    t: Scratch, target: Target, wanted: Relation, delivered: Relation, before: Relation, differing: Relation
) -> UndoPlan:
    """The operations of every wanted undo.

    `wanted` has manifest_id; `delivered` and `before` are the versions that the target has and had before them; `differing` has
    person_number and digest of what the plan would send otherwise.
    """
    if not t.first(f"select 1 from {wanted} limit 1"):
        return UndoPlan(t.empty("undo_operations", _OPERATION | dict.fromkeys(names_of(target), "varchar")), {})
    states = t.make(
        "undo_states",
        query(__package__, "undo_states", wanted=wanted, delivered=delivered, before=before, differing=differing,
              put_back=_put_back_sql(target)),
    )  # fmt: skip
    change, move, update = (
        target.change_sql("back", "delivered"),
        *map(literal, (OperationKind.MOVE, OperationKind.UPDATE)),
    )
    kind = f"coalesce(nullif({change}, {move}), {update})"  # a container that is put back counts as an update
    operations = t.make(
        "undo_operations",
        f"""select back.undoes, back.person_number, {kind} as kind, back.digest, null::uuid as basis,
            {_names_sql(target, "back")}
        from (select *, {digest_sql(target)} as digest from {states} where left_out is null) back
        join {delivered} delivered using (person_number) where back.digest <> delivered.digest""",
    )
    found = t.rows(query(__package__, "undo_left_out", states=states, operations=operations))
    t.drop(states)
    left_out: LeftOut = {}
    for undoes, why, count in found:
        left_out.setdefault(undoes, {})[why] = count
    return UndoPlan(operations, left_out)


_OPERATION = {"undoes": "varchar", "person_number": "varchar", "kind": "varchar", "digest": "uuid", "basis": "uuid"}


def _names_sql(target: Target, alias: str) -> str:
    return ", ".join(f"{alias}.{quote(name)}" for name in names_of(target))


def _put_back_sql(target: Target) -> str:
    """SQL select list: each value of the version before or, where there was none, of the version as that of a disabled account.

    The value that stands in the place of null does so there, too.
    """
    ended = {name: f"delivered.{quote(name)}" for name in names_of(target)}
    ended |= {name: literal(value) for name, value in target.deactivated.items()}
    before = {name: f"before.{quote(name)}" for name in names_of(target)}
    before |= {
        column.name: f"coalesce(before.{quote(column.name)}, if(delivered.{quote(column.name)} is not null,"
        f" {literal(column.instead)}, null))"
        for column in target.columns
        if column.instead is not None
    }
    return ", ".join(
        f"if(before.person_number is null, {value}, {before[name]}) as {quote(name)}" for name, value in ended.items()
    )


def close_done(t: Scratch, target: str, operations: Relation) -> None:
    """Close the undos of which nothing is left to do. `operations` as of `UndoPlan`."""
    t.run(
        f"""update undos set closed = 'done' where target = ? and closed is null
        and manifest_id not in (select undoes from {operations})""",
        [target],
    )


def forget_old(t: Scratch, now: dt.datetime, days: int) -> None:
    """Keep replaced versions for so many days."""
    t.run(
        "update versions set replaced_by = null, replaced_at = null where replaced_at < ?",
        [now - dt.timedelta(days=days)],
    )


def remember(t: Scratch, fresh: Relation, taken: Relation) -> None:
    """Keep the versions that are about to be replaced, and withhold what an undo takes back.

    `delivered` is still as it was. `fresh`: plan_no, request_no, accepted_at of requests that were accepted; `taken`: target,
    plan_no, request_no, person_number of the operations in them that replace what is delivered.
    """
    # no version replaces itself: a request may be accepted twice
    t.run(f"""
        update versions set replaced_by = taken.plan_no, replaced_at = fresh.accepted_at
        from {taken} taken join {fresh} fresh on fresh.plan_no = taken.plan_no and fresh.request_no = taken.request_no
        where versions.is_delivered and versions.target = taken.target and versions.person_number = taken.person_number
            and versions.plan_no <> taken.plan_no
    """)
    if not t.first(f"select 1 from {taken} join manifests using (plan_no) where undoes is not null limit 1"):
        return
    t.run(f"""
        delete from withheld using {taken} taken, manifests manifest
        where manifest.plan_no = taken.plan_no and manifest.undoes is not null
            and withheld.target = taken.target and withheld.person_number = taken.person_number
    """)
    t.run(f"insert into withheld {query(__package__, 'undone', fresh=fresh, taken=taken)}")
