"""Managers who cannot be sent: unknown ones, oneself, and those on a cycle.

The worker's row is good and stays; only the reference is held back, with a warning that says why.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch, literal, on_cycles, query, quote

UNKNOWN = "?"
"""Stands before the name of a manager who is nobody, or several: no person number begins with it."""


def with_managers(t: Scratch, profile: Profile, workers: Relation) -> Relation:
    """Versions of workers whose `manager` is a person number, whatever the profile's extracts name managers by: that of the one
    current worker with this address or user name."""
    field = profile.workers.manager_by
    if field == "person_number" or "manager" not in profile.columns:
        return workers
    return t.view(
        "with_managers",
        f"""select worker.* replace (if(worker.manager is null, null,
            coalesce(named.person_number, {literal(UNKNOWN)} || worker.manager)) as manager)
        from {workers} worker left join (
            select lower({quote(field)}) as name, any_value(person_number) as person_number
            from {workers} where valid_to is null and {quote(field)} is not null group by 1 having count(*) = 1) named
        on named.name = lower(worker.manager)""",
    )


@dataclass(frozen=True)
class Newcomers:
    """The only change of the day before a day: `people`, person_number of those whom nobody knew. `before`: the warnings of the day
    before, person_number and status. Nobody else has another manager."""

    people: Relation
    before: Relation


def find_warnings(t: Scratch, workers: Relation, only: Newcomers | None = None) -> Relation:
    """The workers whose manager is not sent: person_number, status (unknown | self | cycle). `workers`, one row each, has
    person_number and manager. `only`: of others it is known already."""
    if only is not None and not _is_named(t, workers, only.people):
        # nobody who was there refers to a newcomer: no cycle goes through both, and who was unknown still is
        asked = t.make(
            "newcomers", f"select person_number, manager from {workers} semi join {only.people} using (person_number)"
        )
        there = f"""select person_number, null as manager from {workers}
            where person_number in (select manager from {asked}) and person_number not in (select person_number from {asked})"""
        found = find_warnings(t, t.make("around", f"from {asked} union all {there}"))
        return t.make("warnings", f"select person_number, status from {only.before} union all from {found}")
    people = t.make("people", f"select person_number, manager, (row_number() over ()) - 1 as i from {workers}")
    edges = t.make("edges", query(__package__, "edges", people=people))
    made = t.make(
        "warnings", query(__package__, "warnings", people=people, edges=edges, cyclic=_cyclic(t, people, edges))
    )
    t.drop(people, edges)
    return made


def _is_named(t: Scratch, workers: Relation, new: Relation) -> bool:
    """Whether somebody who was there before refers to a newcomer."""
    named = f"select person_number from {workers} where manager in (select person_number from {new})"
    return t.first(f"from ({named}) anti join {new} using (person_number) limit 1") is not None


def _cyclic(t: Scratch, people: Relation, edges: Relation) -> Relation:
    """The people on a cycle, by their number `i`."""
    known = t.con.execute(f"select i, m from {edges} where m is not null and not own").fetchnumpy()
    manager_of = np.full(t.count(people), -1, dtype=np.int64)
    manager_of[np.asarray(known["i"], dtype=np.int64)] = np.asarray(known["m"], dtype=np.int64)
    return t.of_arrow("cyclic", pa.table({"i": on_cycles(manager_of)}))
