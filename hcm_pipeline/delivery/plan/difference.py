"""Desired minus delivered: the operations that bring a target to what it should have, before anything holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hcm_pipeline.delivery.kinds import OperationKind
from hcm_pipeline.delivery.plan import decisions
from hcm_pipeline.delivery.plan.target_state import Known
from hcm_pipeline.delivery.target import Target, digest_sql
from hcm_pipeline.warehouse import Relation, Scratch, literal, query


@dataclass(frozen=True)
class Difference:
    """`everybody`: person_number of all who should have an account. `differing`: see `differ`. `withheld`: person_number, digest,
    reason of those who are still kept out."""

    everybody: Relation
    differing: Relation
    withheld: Relation


def find_difference(t: Scratch, target: Target, facts: Mapping[str, Relation], known: Known) -> Difference:
    """Compare what should be with what the target has."""
    same = t.view(
        "same", query(__package__, "same", delivered=known.delivered, again=known.again, doubtful=known.doubtful)
    )
    found = target.desired(t, facts, known.ever, same)
    desired = t.view("desired", f"select *, {digest_sql(target)} as digest from {found.versions}")
    withheld = decisions.still_withheld(t, known.withheld, desired, known.delivered)
    differing = differ(t, target, desired, known.delivered, known.again, known.doubtful, withheld)
    return Difference(found.everybody, differing, withheld)


def differ(
    t: Scratch, target: Target, desired: Relation, delivered: Relation, again: Relation, doubtful: Relation, withheld: Relation
) -> Relation:  # fmt: skip
    """Operations: person_number, every value, basis, digest and kind of all workers that the target does not have as desired.

    Those in `again` and those in doubt are sent although they come out the same. Those who are withheld are left out.
    """
    kind = f"""case when delivered.person_number is null then {literal(OperationKind.CREATE)}
        when delivered.digest = desired.digest then {literal(OperationKind.RETRY)}
        else {target.change_sql("desired", "delivered")} end"""
    return t.make(
        "differing",
        query(__package__, "differing", desired=desired, delivered=delivered, again=again, doubtful=doubtful,
              withheld=withheld, kind=kind),
    )  # fmt: skip
