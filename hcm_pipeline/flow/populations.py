"""Several targets in one home: which workers belong to which, who moves between them, and what each target is told of a worker.

A worker belongs to the target that the conditions name, once there is no account yet. After that an account decides: the worker
stays where the account is until a person lets it move, and a move is done once the new account is known to be there. So nobody is
disabled at one target and made at another by a condition alone, and a leaver is disabled at each target that has an account.
"""

from __future__ import annotations

from dataclasses import dataclass

from hcm_pipeline.profile import DEFAULT, Profile, TargetKind, fallible
from hcm_pipeline.warehouse import Relation, Scratch, fails_sql, holds_sql, literal, query, table

CONDITIONS = "target.populations"


@dataclass(frozen=True)
class Place:
    """One of several targets. `key` names it in every table; `sandbox`: it is the home's own."""

    name: str
    kind: TargetKind
    key: str
    sandbox: bool = False


@dataclass(frozen=True)
class Split:
    """The targets of a home that has several, the first of everybody who is in no population; `here` is the one that is meant."""

    here: Place
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Present:
    """The workers that one of several targets is told of.

    `workers`: the columns of the workers that were given, `active` and `in_scope` as they count here. `moving`: person_number of
    those of them who have their account at another target, and would get one here. `strangers`: person_number of those whose
    manager has none here. `unplaced`: person_number, reason of those in scope whom no target is told of, because nobody can tell
    which; each is told of once.
    """

    workers: Relation
    moving: Relation
    strangers: Relation
    unplaced: Relation


def only(profile: Profile, name: str) -> Profile:
    """The profile with the scope of those alone who belong to one of several targets by its conditions."""
    whens = {population.name: population.when for population in profile.target.populations}
    before = list(whens)[: list(whens).index(name)] if name in whens else list(whens)
    others = [f"not coalesce(({whens[one]}\n), false)" for one in before]
    own = [f"coalesce(({whens[name]}\n), false)"] if name in whens else []
    scope = profile.scope.model_copy(update={"include": (*profile.scope.include, *own, *others)})
    return profile.model_copy(update={"scope": scope})


def present(t: Scratch, profile: Profile, split: Split, workers: Relation) -> Present:
    """The workers of whom the target that is meant is told. `workers`: the open versions, with `active` and `in_scope`."""
    placed = place_workers(t, profile, split, workers)
    here = literal(split.here.name)
    rows = t.make(
        "placed_here", query(__package__, "placed_here", workers=workers, placed=placed), {"here": split.here.name}
    )
    told = t.view(
        "workers_here",
        f"""select worker.* replace (worker.active and here.part <> 'gone' as active,
            worker.in_scope or here.part = 'gone' as in_scope)
        from {workers} worker join {rows} here using (person_number)""",
    )
    manager = "worker.manager" if "manager" in workers.columns else "null"
    return Present(
        workers=told,
        moving=t.view("moving_here", f"select person_number from {rows} where part = 'moving'"),
        strangers=t.view(
            "strangers",
            f"""select worker.person_number from {told} worker
            left join (select person_number from {rows} where part = 'here') manager on manager.person_number = {manager}
            where {manager} is not null and manager.person_number is null""",
        ),
        unplaced=t.view(
            "unplaced",
            f"""select placed.person_number, {literal(f"{CONDITIONS}: which target is meant cannot be computed")} as reason
            from {placed} placed join {workers} worker using (person_number)
            where placed.residence is null and worker.in_scope and {here} = {literal(DEFAULT)}""",
        ),
    )


def place_workers(t: Scratch, profile: Profile, split: Split, workers: Relation) -> Relation:
    """person_number, assigned, residence, names, enabled, known of every worker (see `placed.sql`)."""
    cases = " ".join(
        f"when {holds_sql(population.when)} then {literal(population.name)}"
        for population in profile.target.populations
    )
    unclear = fallible(profile, CONDITIONS)
    doubt = f"when {fails_sql(one.sql for one in unclear)} then null " if unclear else ""
    assigned = t.view(
        "assigned_targets",
        f"select person_number, case {doubt}{cases} else {literal(DEFAULT)} end as assigned from {workers}",
    )
    places = t.of_rows(
        "places", {"target": "VARCHAR", "name": "VARCHAR"}, [(one.key, one.name) for one in split.places]
    )
    delivered = t.complete(table(t.con, "delivered"), {"active": "VARCHAR"})
    return t.make("placed", query(__package__, "placed", assigned=assigned, places=places, delivered=delivered))


def moved_on(t: Scratch, profile: Profile, split: Split, workers: Relation) -> int:
    """How many enabled accounts of the target that is meant are to be disabled, for their workers have moved."""
    placed = place_workers(t, profile, split, workers)
    here = literal(split.here.name)
    gone = f"""list_contains(enabled, {here}) and residence <> {here} and assigned is distinct from {here}
        and list_contains(known, residence)"""
    return t.count(f"(select 1 from {placed} where {gone})")
