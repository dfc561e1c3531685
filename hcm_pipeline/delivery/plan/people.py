"""Guards that know people: operations on those who matter, and workers who seem to have exchanged their numbers.

They look at who an operation is about, so that one operation in a small plan is enough.
"""

from __future__ import annotations

from hcm_pipeline.delivery.kinds import OperationKind
from hcm_pipeline.warehouse import Relation, Scratch, literal, query

HARMFUL = (OperationKind.DISABLE, OperationKind.ENABLE, OperationKind.RENAME, OperationKind.MOVE)
"""Kinds of operation that a protected account is asked about, whatever else they change."""


def protected_operations(t: Scratch, judged: Relation, protected: Relation) -> Relation:
    """person_number of every operation that disables, enables, renames or moves a protected account, or changes how it is reached.

    Protected now, or when last delivered: a file that changes what protects somebody does not free them. An account that was there
    before and that the target was never sent counts too: what is made of it is not known. `judged` as of `grouped`, `protected` as
    of `Facts`.
    """
    harmful = f"judged.kind in ({', '.join(map(literal, HARMFUL))})"
    return t.make(
        "protected_operations",
        query(__package__, "protected_operations", judged=judged, protected=protected, harmful=harmful),
    )


def exchanged(t: Scratch, judged: Relation) -> Relation:
    """person_number of all workers of the plan who have become another one of it, and of that one.

    Two people who exchanged their numbers, and a column of names that slipped by a row. `judged` as of `grouped`.
    """
    return t.make("exchanged", query(__package__, "exchanged", judged=judged))
