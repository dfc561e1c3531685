"""Managers who cannot be sent: unknown ones, oneself, and those on a cycle.

The worker's row is good and stays; only the reference is held back, with a warning that says why.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from hcm_pipeline.warehouse import Relation, Scratch, on_cycles, query


def find_warnings(t: Scratch, workers: Relation) -> Relation:
    """The workers whose manager is not sent: person_number, status (unknown | self | cycle). `workers`, one row each, has
    person_number and manager."""
    people = t.make("people", f"select person_number, manager, (row_number() over ()) - 1 as i from {workers}")
    edges = t.make("edges", query(__package__, "edges", people=people))
    made = t.make(
        "warnings", query(__package__, "warnings", people=people, edges=edges, cyclic=_cyclic(t, people, edges))
    )
    t.drop(people, edges)
    return made


def _cyclic(t: Scratch, people: Relation, edges: Relation) -> Relation:
    """The people on a cycle, by their number `i`."""
    known = t.con.execute(f"select i, m from {edges} where m is not null and not own").fetchnumpy()
    manager_of = np.full(t.count(people), -1, dtype=np.int64)
    manager_of[np.asarray(known["i"], dtype=np.int64)] = np.asarray(known["m"], dtype=np.int64)
    return t.of_arrow("cyclic", pa.table({"i": on_cycles(manager_of)}))
