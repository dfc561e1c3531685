"""Guards that know people: operations on those who matter, and workers who seem to have exchanged their numbers.

They look at who an operation is about, so that one operation in a small plan is enough.
"""

from __future__ import annotations

from collections.abc import Sequence

from hcm_pipeline.delivery.kinds import OperationKind
from hcm_pipeline.delivery.target import Target
from hcm_pipeline.warehouse import Relation, Scratch, literal, query, quote

HARMFUL = (OperationKind.DISABLE, OperationKind.ENABLE, OperationKind.RENAME, OperationKind.MOVE)
"""Kinds of operation that a protected account is asked about, whatever else they change."""


def protected_operations(
    t: Scratch, target: Target, operations: Relation, delivered: Relation, protected: Relation
) -> Relation:
    """person_number of every operation that disables, enables, renames or moves a protected account, or changes how it is reached.

    Protected now, or when last delivered: a file that changes what protects somebody does not free them. An account that was there
    before and that the target was never sent counts too: what is made of it is not known. `protected` as of `Facts`.
    """
    harmful = ", ".join(map(literal, HARMFUL))
    asked = [c.name for c in target.columns if c.reaches or c.kind is OperationKind.RENAME]
    changed = [f"operation.{quote(name)} is distinct from account.{quote(name)}" for name in asked]
    return t.make(
        "protected_operations",
        query(
            __package__,
            "protected_operations",
            operations=operations,
            delivered=delivered,
            protected=protected,
            harmful=f"operation.kind in ({harmful})",
            changed=" or ".join(changed) or "false",
        ),
    )


def exchanged(
    t: Scratch, operations: Relation, delivered: Relation, groups: Relation, fields: Sequence[str]
) -> Relation:
    """person_number of all workers of the plan whose `fields` have become those of another one, which changed too, and of that one.

    Two people who exchanged their numbers, and a column of names that slipped by a row. `groups` as of `Facts`.
    """
    known = [field for field in fields if field in groups.columns]
    if not known or len(known) < len(fields):
        return t.empty("exchanged", {"person_number": "VARCHAR"})
    who = {
        version: f"concat_ws(chr(31), {', '.join(f'lower(trim({version}.{quote(field)}::varchar))' for field in known)})"
        for version in ("now", "before")
    }
    return t.make(
        "exchanged",
        query(
            __package__,
            "exchanged",
            operations=operations,
            delivered=delivered,
            groups=groups,
            who_now=who["now"],
            who_before=who["before"],
        ),
    )
