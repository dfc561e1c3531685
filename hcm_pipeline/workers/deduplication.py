"""Rows that speak for the same worker: identical ones collapse, the rules choose (primary assignment), the rest contradict
each other.

The narrow relation `keys` (where a row is, whose it is, what it says as a digest) carries these decisions.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch, query, quote
from hcm_pipeline.workers import primary_assignment
from hcm_pipeline.workers.batch import Batch


@dataclass(frozen=True)
class Deduplicated:
    """The rows of a batch, by what becomes of them.

    `keys`: extract_id, row_no, person_number, digest, unreadable: every row. `repeats`: extract_id, row_no, person_number,
    unreadable, nth: the rows of workers of whom there are several; those with nth > 1 collapse into the first.
    `passed_over`: extract_id, row_no, person_number: the rules chose another row. `contradicting`: the same columns: nothing chose.
    `ranked`: see `primary_assignment.rank`; without rows where the profile knows one row a worker.
    """

    keys: Relation
    repeats: Relation
    passed_over: Relation
    contradicting: Relation
    ranked: Relation


def deduplicate(t: Scratch, batch: Batch, other_rows: Relation, day: dt.date) -> Deduplicated:
    """Decide among the rows of each worker."""
    profile = batch.profile
    keys = keys_of(t, batch)
    repeats = find_repeats(t, keys, several(t, profile, batch, keys, other_rows))
    if profile.workers.many_rows:
        ranked = primary_assignment.rank(t, batch, repeats, other_rows, day)
    else:
        ranked = primary_assignment.nothing_ranked(t)
    passed_over = t.make(
        "passed_over",
        f"select extract_id, row_no, person_number from {ranked} where not known and ties = 1 and place > 1",
    )
    return Deduplicated(keys, repeats, passed_over, contradictions(t, profile, repeats, ranked), ranked)


def keys_of(t: Scratch, batch: Batch) -> Relation:
    """Every row: where it is, whose it is, and what it says as a digest. Nearly all are asked for nothing more."""
    profile = batch.profile
    typed = [name for name in profile.columns if profile.types[name] != "string"]
    unreadable = " or ".join(["control", *(quote(f"{name}__unreadable") for name in typed)])
    return t.make(
        "keys",
        f"select extract_id, row_no, person_number, digest, ({unreadable}) as unreadable from {batch.rows()}",
    )


def several(t: Scratch, profile: Profile, batch: Batch, keys: Relation, other_rows: Relation) -> Relation:
    """The workers of whom several rows may speak: person_number. A row that is known counts where it may be another one."""
    more = ""
    if profile.workers.many_rows:
        more = f"or person_number in (select person_number from {other_rows} where valid_to is null)"
    if primary_assignment.identity_of(profile) and batch.numbers("changes-only"):
        more += f" or person_number in (select person_number from {batch.known.workers})"
    return t.make(
        "several",
        f"""select person_number from {keys} where person_number is not null group by 1 having count(*) > 1 {more}""",
    )


def find_repeats(t: Scratch, keys: Relation, of: Relation) -> Relation:
    """The rows of the workers `of`, numbered among their equals (see `Deduplicated`): of identical rows one is kept, the first of
    the file; rows that cannot be read are nobody's equal."""
    return t.make(
        "repeats",
        f"""select extract_id, row_no, person_number, unreadable,
            row_number() over (partition by person_number, digest, case when unreadable then (extract_id, row_no) end
                order by extract_id, row_no) as nth
        from {keys} where person_number in (select person_number from {of})""",
    )


def contradictions(t: Scratch, profile: Profile, repeats: Relation, ranked: Relation) -> Relation:
    """The rows of workers of whom nothing chooses one (see `Deduplicated`)."""
    if profile.workers.many_rows:
        undecided = f"""select person_number from {ranked} where ties > 1
            union select person_number from {repeats} where unreadable and nth = 1"""
    else:
        undecided = f"select person_number from {repeats} where nth = 1 group by 1 having count(*) > 1"
    parts = {"repeats": repeats, "ranked": ranked, "undecided": t.view("undecided", undecided)}
    return t.make("contradicting", query(__package__, "contradicting", **parts))
