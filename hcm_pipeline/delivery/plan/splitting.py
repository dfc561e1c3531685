"""Splitting a plan into manifests: what is free, what is left of an approved one, what is held, what is put back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hcm_pipeline.delivery.kinds import OperationKind
from hcm_pipeline.delivery.plan.guards import HELD_FOR, Judged
from hcm_pipeline.delivery.plan.undo import UNDO, UndoPlan
from hcm_pipeline.warehouse import Relation, Scratch, literal, query


@dataclass(frozen=True)
class Part:
    """The operations of one manifest. `operations` is a SELECT of person_number, every value, basis, digest and kind.

    `counts` are operations by kind. `rest_of` is the manifest that a person approved and of which this is what is left. `whole`:
    these are all operations of the plan.
    """

    operations: str
    held_for: str | None
    counts: dict[OperationKind, int]
    undoes: str | None = None
    rest_of: str | None = None
    whole: bool = False

    @property
    def size(self) -> int:
        """Operations in all."""
        return sum(self.counts.values())

    @property
    def changes_accounts(self) -> bool:
        """Whether some operation is about an account that the target has."""
        return self.counts.keys() != {OperationKind.CREATE}


def find_rests(t: Scratch, differing: Relation, begun: Mapping[str, str | None], undone: UndoPlan) -> Relation:
    """person_number, rest_of: operations that a person has approved, of the same kind and content, in a manifest whose upload has
    begun. `begun` are these manifests, each with what it was held for."""
    if not begun:
        return t.empty("rests", {"person_number": "VARCHAR", "rest_of": "VARCHAR"})
    return t.make(
        "rests", query(__package__, "rests", differing=differing, undone=undone.operations), {"begun": list(begun)}
    )


def ordinary(t: Scratch, differing: Relation, undone: UndoPlan, rests: Relation) -> Relation:
    """The operations that guards judge: not those that an undo makes in their place, nor those that are approved."""
    if not t.first(f"select 1 from {undone.operations} union all select 1 from {rests} limit 1"):
        return differing
    return t.view(
        "ordinary",
        f"""select * from {differing} where person_number not in (select person_number from {undone.operations})
        and person_number not in (select person_number from {rests})""",
    )


def assign(t: Scratch, differing: Relation, undone: UndoPlan, rests: Relation, judged: Judged) -> Relation:
    """person_number, kind, held_for, rest_of of every operation that no undo takes the place of."""
    return t.view(
        "assigned",
        query(
            __package__,
            "assigned",
            differing=differing,
            undone=undone.operations,
            rests=rests,
            held_back=judged.held_back,
        ),
    )


def split(
    t: Scratch, differing: Relation, assigned: Relation, undone: UndoPlan, begun: Mapping[str, str | None]
) -> list[Part]:
    """The manifests of a plan, the free one first."""
    counts: dict[tuple[str | None, str | None], dict[OperationKind, int]] = {}
    for held_for, rest_of, kind, count in t.rows(
        f"select held_for, rest_of, kind, count(*) from {assigned} group by all order by kind"
    ):
        counts.setdefault((held_for, rest_of), {})[OperationKind(kind)] = count
    held = sorted((name for name, former in counts if name and former is None), key=HELD_FOR.index)
    rests = sorted(former for _, former in counts if former is not None)
    if counts.keys() == {(None, None)} and not undone.manifests(t):
        return [Part(f"select * from {differing}", None, counts[None, None], whole=True)]
    parts = [
        Part(_chosen(differing, assigned, name), name, counts[name, None])
        for name in (None, *held)
        if (name, None) in counts
    ]
    parts += [
        Part(_chosen(differing, assigned, None, former), begun[former], counts[None, former], rest_of=former)
        for former in rests
    ]
    return parts + _undos(t, undone)


def _chosen(differing: Relation, assigned: Relation, held_for: str | None, rest_of: str | None = None) -> str:
    if rest_of is not None:
        which = f"rest_of = {literal(rest_of)}"
    else:
        which = f"rest_of is null and held_for is not distinct from {literal(held_for) if held_for else 'null'}"
    return f"select * from {differing} semi join (select person_number from {assigned} where {which}) using (person_number)"


def _undos(t: Scratch, undone: UndoPlan) -> list[Part]:
    counts: dict[str, dict[OperationKind, int]] = {}
    for undoes, kind, count in t.rows(
        f"select undoes, kind, count(*) from {undone.operations} group by all order by undoes, kind"
    ):
        counts.setdefault(undoes, {})[OperationKind(kind)] = count
    return [
        Part(
            f"select * exclude (undoes) from {undone.operations} where undoes = {literal(undoes)}",
            UNDO, counts[undoes], undoes=undoes,
        )
        for undoes in sorted(counts)
    ]  # fmt: skip
