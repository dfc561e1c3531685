"""Desired minus delivered: the operations that bring a target to what it should have, before anything holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hcm_pipeline.delivery.kinds import OperationKind
from hcm_pipeline.delivery.plan import decisions
from hcm_pipeline.delivery.plan.fitting import fit
from hcm_pipeline.delivery.plan.target_state import Known
from hcm_pipeline.delivery.target import Target, digest_sql
from hcm_pipeline.warehouse import Relation, Scratch, literal, query, quote


@dataclass(frozen=True)
class Difference:
    """`everybody`: how many should have an account. `differing`: see `differ`. `withheld`: person_number, digest,
    reason of those who are still kept out. `waiting`: as of `Desired`. `replaced`: person_number, attribute of the values that
    stand in the place of null. `findings`: as of `Fitted`. `has`: of what the target has, that of all in `differing` at least."""

    everybody: int
    differing: Relation
    has: Relation
    withheld: Relation
    replaced: Relation
    waiting: Relation | None = None
    findings: Relation | None = None


def find_difference(t: Scratch, target: Target, facts: Mapping[str, Relation], known: Known) -> Difference:
    """Compare what should be with what the target has."""
    same = t.view("same", query(__package__, "same", delivered=known.has, again=known.again, doubtful=known.doubtful))
    found = target.desired(t, facts, known.ever, same)
    again = known.again if found.again is None else _either(t, known.again, found.again)
    fitted = fit(t, found.versions, found.breaches, found.waiting, known.has)
    has = _of_these(t, known.has, found.among)
    versions, replaced = replace_nulls(t, target, fitted.versions, has)
    desired = t.view("desired", f"select *, {digest_sql(target)} as digest from {versions}")
    withheld = decisions.still_withheld(t, known.withheld, desired, has)
    differing = differ(t, target, desired, has, again, known.doubtful, withheld, found.there)
    everybody = t.count(found.everybody) + found.settled
    return Difference(everybody, differing, has, withheld, replaced, fitted.waiting, fitted.findings)


_FEW = 100_000
"""Versions that are copied so that the wide table is read once, and not by all who ask about them."""


def _of_these(t: Scratch, has: Relation, among: Relation | None) -> Relation:
    """The versions that the target has of workers `among` all, if they are few; otherwise of everybody."""
    if among is None or not 0 < among.made <= _FEW:
        return has
    return t.make("has_of_these", f"from {has} semi join {among} using (person_number)")


def _either(t: Scratch, failed: Relation, changed: Relation) -> Relation:
    """person_number of all who are sent again, whatever for."""
    return t.view("again_in_all", f"select person_number from {failed} union select person_number from {changed}")


def replace_nulls(t: Scratch, target: Target, versions: Relation, has: Relation) -> tuple[Relation, Relation]:
    """The versions with the values that a target wants in the place of null, and person_number, attribute of these.

    A value stands for null where the target has one, this one or another: it stays while there is none, and an account that never
    had any gets none. Such a version has no basis, for more than that went into it.
    """
    instead = {column.name: column.instead for column in target.columns if column.instead is not None}
    if not instead:
        return versions, t.empty("replaced", {"person_number": "VARCHAR", "attribute": "VARCHAR"})
    needed = {name: f"version.{quote(name)} is null and has.{quote(name)} is not null" for name in instead}
    cases = ", ".join(f"case when {condition} then {literal(name)} end" for name, condition in needed.items())
    joined = f"from {versions} version left join {has} has on has.person_number = version.person_number"
    replaced = t.make(
        "replaced",
        f"""select person_number, unnest(names) as attribute from (
            select version.person_number, list_filter([{cases}], lambda name: name is not null) as names {joined})""",
    )
    values = ", ".join(
        f"if({needed[name]}, {literal(value)}, version.{quote(name)}) as {quote(name)}"
        for name, value in instead.items()
    )
    basis = f"if({' or '.join(f'({condition})' for condition in needed.values())}, null, version.basis) as basis"
    return t.view("replaced_versions", f"select version.* replace ({values}, {basis}) {joined}"), replaced


def differ(
    t: Scratch, target: Target, desired: Relation, delivered: Relation, again: Relation, doubtful: Relation, withheld: Relation,
    there: Relation | None = None,
) -> Relation:  # fmt: skip
    """Operations: person_number, every value, basis, digest and kind of all workers that the target does not have as desired.

    Those in `again` and those in doubt are sent although they come out the same. Those who are withheld are left out, and those
    of whom the target is known to have all that differs (`there` as of `Desired`).
    """
    new = OperationKind.CREATE if OperationKind.CREATE in target.kinds else OperationKind.UPDATE
    kind = f"""case when delivered.person_number is null then {literal(new)}
        when delivered.digest = desired.digest then {literal(OperationKind.RETRY)}
        else {target.change_sql("desired", "delivered")} end"""
    return t.make(
        "differing",
        query(__package__, "differing", desired=desired, delivered=delivered, again=again, doubtful=doubtful,
              withheld=withheld, kind=kind, different=_different_sql(t, target, there)),
    )  # fmt: skip


def _different_sql(t: Scratch, target: Target, there: Relation | None) -> str:
    """SQL (BOOLEAN) over the aliases `desired` and `delivered`: the target has another version, by all that is known of it."""
    differs = "delivered.digest <> desired.digest"
    names = [str(name) for (name,) in t.rows(f"select distinct attribute from {there}")] if there is not None else []
    if not names:
        return differs
    known = f"(select person_number from {there} where attribute = {{}})"
    values = (
        f"(desired.{quote(column.name)} is distinct from delivered.{quote(column.name)}"
        + (f" and desired.person_number not in {known.format(literal(column.name))}" if column.name in names else "")
        + ")"
        for column in target.columns
        if not column.noted
    )
    unlike = " or ".join(values)
    # a digest of another form of the same values differs, too
    alike = " and ".join(
        f"desired.{quote(column.name)} is not distinct from delivered.{quote(column.name)}" for column in target.columns
    )
    return f"({differs} and ({unlike} or ({alike})))"
