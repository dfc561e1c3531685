"""Rows that speak for the same worker: identical ones collapse, and of the others it is known whose they are.

The narrow relation `keys` (where a row is, whose it is, what it says as a digest) carries these decisions.
"""

from __future__ import annotations

from dataclasses import dataclass

from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch, quote
from hcm_pipeline.workers import primary_assignment
from hcm_pipeline.workers.batch import Batch


@dataclass(frozen=True)
class Deduplicated:
    """The rows of a batch, by what becomes of them.

    `keys`: extract_id, row_no, person_number, digest, as_read, unreadable, is_same (see `Batch.same`): every row. `several`:
    person_number: the workers of whom several rows may speak. `repeats`: extract_id, row_no, person_number, nth: the rows of these
    workers; those with nth > 1 collapse into the first. `contradicting`: extract_id, row_no, person_number: those that differ,
    where the profile knows one row a worker.
    """

    keys: Relation
    several: Relation
    repeats: Relation
    contradicting: Relation


def deduplicate(t: Scratch, batch: Batch, other_rows: Relation) -> Deduplicated:
    """Find the workers of whom there are several rows, and what repeats another row."""
    profile = batch.profile
    keys = keys_of(t, batch)
    of = several(t, profile, batch, keys, other_rows)
    repeats = find_repeats(t, keys, of)
    return Deduplicated(keys, of, repeats, contradictions(t, profile, repeats))


def keys_of(t: Scratch, batch: Batch) -> Relation:
    """Every row: where it is, whose it is, and what it says as a digest. Nearly all are asked for nothing more.

    `as_read` is null of a row that cannot be read, or is in doubt: each time, it is judged anew."""
    profile = batch.profile
    typed = [name for name in profile.columns if profile.types[name] != "string"]
    unreadable = " or ".join(["control", *(quote(f"{name}__unreadable") for name in typed)])
    read = f"""select extract_id, row_no, person_number, digest, if({unreadable}, null, as_read) as as_read,
        ({unreadable}) as unreadable, false as is_same from {batch.rows()}"""
    keys = t.make("keys", read)
    if batch.same is None:
        return keys
    same = f"select extract_id, row_no, person_number, digest, as_read, false as unreadable, true as is_same from {batch.same}"
    return t.view("keys", f"from {keys} union all {same}")


def several(t: Scratch, profile: Profile, batch: Batch, keys: Relation, other_rows: Relation) -> Relation:
    """The workers of whom several rows may speak: person_number. A row that is known counts where it may be another one."""
    more, those = "", ""
    if profile.workers.many_rows:
        more = f"or person_number in (select person_number from {other_rows} where valid_to is null)"
    elif batch.others is not None:  # each row that is recognised is of another worker
        those = f"and person_number in (select person_number from {keys} where not is_same)"
    if primary_assignment.identity_of(profile) and batch.numbers("changes-only"):
        more += f" or person_number in (select person_number from {batch.known.workers})"
    return t.make(
        "several",
        f"""select person_number from {keys} where person_number is not null {those}
        group by 1 having count(*) > 1 {more}""",
    )


def find_repeats(t: Scratch, keys: Relation, of: Relation) -> Relation:
    """The rows of the workers `of`, numbered among their equals (see `Deduplicated`): of identical rows one is kept, the first of
    the file; rows that cannot be read are nobody's equal."""
    return t.make(
        "repeats",
        f"""select extract_id, row_no, person_number,
            row_number() over (partition by person_number, digest, case when unreadable then (extract_id, row_no) end
                order by extract_id, row_no) as nth
        from {keys} where person_number in (select person_number from {of})""",
    )


def contradictions(t: Scratch, profile: Profile, repeats: Relation) -> Relation:
    """The rows of workers who have several, where the profile knows one row a worker (see `Deduplicated`). Where it knows more, the
    rules choose among them."""
    several = "false" if profile.workers.many_rows else "count(*) > 1"
    return t.make(
        "contradicting",
        f"""select extract_id, row_no, person_number from {repeats} where nth = 1 and person_number in
        (select person_number from {repeats} where nth = 1 group by 1 having {several})""",
    )
