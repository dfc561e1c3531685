"""One worker from many rows: assignments, work relationships, slices of time.

The rules choose one row; the others stay known in `other_rows`, because they are true as well and may win when a date comes or
another row ends. In this order:

1. a slice that is true on the day, before one that was, before one that will be; of the slices of one relationship (`row_key`)
   only the last that has begun is true, whatever the end of the one before it says, for no changes-only file need say it;
2. a relationship that is active, before one that begins later, before one that has ended;
3. the profile's `pick` steps;
4. of slices, the one with the latest beginning.

A tie is no decision: the worker stays as known in all in which the rows differ.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch, literal, query, quote
from hcm_pipeline.workers.batch import Batch
from hcm_pipeline.workers.known import Known, facts_of, known_rows_sql
from hcm_pipeline.workers.normalise import DIGEST_TYPE


def has_other_rows(t: Scratch, other_rows: Relation) -> bool:
    """Whether anybody has more than one row."""
    return t.first(f"select 1 from {other_rows} where valid_to is null limit 1") is not None


def nothing_ranked(t: Scratch) -> Relation:
    """The relation that `rank` makes, without rows."""
    columns = {"person_number": "varchar", "extract_id": "integer", "row_no": "bigint", "digest": DIGEST_TYPE}
    return t.empty("ranked", {**columns, "known": "boolean", "chosen": "boolean", "place": "bigint", "ties": "bigint"})


@dataclass(frozen=True)
class Speaking:
    """The rows among which the rules choose.

    `facts`: the worker fields, digest, extract_id and row_no of the rows of the files, as they count. `rows`: extract_id, row_no,
    person_number, nth: those of workers of whom several may speak (see `deduplication`). `set_aside`: extract_id, row_no: those
    that do not count. `undecided`: person_number: the workers of whom one of these might have won. `torn`: extract_id, row_no:
    those of which a part can be read, so that a full file may well hold more rows of these workers.
    """

    facts: Relation
    rows: Relation
    set_aside: Relation
    undecided: Relation
    torn: Relation | None = None


def rank(t: Scratch, batch: Batch, speaking: Speaking, other_rows: Relation, day: dt.date) -> Relation:
    """Every row that may speak for a worker of whom there are several: person_number, extract_id, row_no, digest, known (a row of
    no file), chosen (the open version), place, and ties (how many rows share the first place).

    Without files, those workers are judged whose rows are all known.
    """
    profile, facts = batch.profile, facts_of(batch.profile)
    those = f"{speaking.rows}" if batch.staged else f"(from {other_rows} where valid_to is null)"
    to_rank = t.make(
        "to_rank",
        f"select distinct person_number from {those} where person_number not in (from {speaking.undecided})",
    )
    of_files = t.make(
        "rows_of_files",
        f"""select {facts}, false as known, false as chosen from {speaking.facts}
        semi join (from {speaking.rows} where nth = 1) using (extract_id, row_no)
        anti join {speaking.set_aside} using (extract_id, row_no)
        where person_number in (from {to_rank})""",
    )
    still_known = f"""select known_row.*, true as known from ({known_rows_sql(profile, batch.known.workers, other_rows)}) known_row
        where person_number in (from {to_rank}) and not exists (
            from {of_files} stated where stated.person_number = known_row.person_number and ({_replaces(batch, speaking.torn)}))"""
    ranked = t.make("ranked", ranked_sql(profile, f"(from {of_files} union all by name {still_known})", day))
    t.drop(of_files, to_rank)
    return ranked


def tied_rows(profile: Profile, ranked: Relation, speaking: Speaking, known: Known, other_rows: Relation) -> str:
    """SELECT, in parentheses: the facts, extract_id, row_no and later (a row of no file) of rows that share the first place."""
    tied, facts = f"(from {ranked} where place = 1 and ties > 1)", facts_of(profile)
    of_files = f"""select {facts}, false as later from {speaking.facts}
        semi join (from {tied} where not known) using (extract_id, row_no)"""
    others = f"""select {facts}, true as later from ({known_rows_sql(profile, known.workers, other_rows)})
        semi join (from {tied} where known) using (person_number, digest)"""
    return f"({of_files} union all {others})"


def _replaces(batch: Batch, torn: Relation | None) -> str:
    """SQL (BOOLEAN): the row `stated` takes the place of `known_row`: a full file says all there is, and a row of a changes-only
    one, or a torn one, what became of the row with its key. A torn one that is a new slice ends those before it."""
    full = ", ".join(map(str, batch.numbers("full"))) or "null"
    whole = f" and (stated.extract_id, stated.row_no) not in (select extract_id, row_no from {torn})" if torn else ""
    same = " and ".join(
        f"stated.{quote(field)} is not distinct from known_row.{quote(field)}" for field in identity_of(batch.profile)
    )
    slices, follows = batch.profile.workers.slices, ""
    if torn and slices:
        keys = [
            f"stated.{quote(key)} is not distinct from known_row.{quote(key)}" for key in batch.profile.workers.row_key
        ]
        later = f"known_row.{quote(slices.from_)} < stated.{quote(slices.from_)}"
        follows = f""" or ({" and ".join([later, *keys])}
            and (stated.extract_id, stated.row_no) in (select extract_id, row_no from {torn}))"""
    return f"(stated.extract_id in ({full}){whole}) or ({same or 'true'}){follows}"


def ranked_sql(profile: Profile, candidates: str, day: dt.date) -> str:
    """SELECT: candidates (facts, known, chosen) in the order of the rules; see `rank` for the columns."""
    return f"""select * replace (chosen and known as chosen), count(*) filter (place = 1) over (partition by person_number) as ties
        from (select person_number, extract_id, row_no, digest, known, chosen,
            rank() over (partition by person_number order by {_order(profile, day)}) as place
            from (select *, {_is_followed(profile, day)} as is_followed from {candidates}))"""


def _is_followed(profile: Profile, day: dt.date) -> str:
    """SQL (BOOLEAN): a later slice with the same key has begun. Where the profile has no key, or the row none that can be read,
    nobody knows that a slice is of the same relationship."""
    slices, keys = profile.workers.slices, [quote(key) for key in profile.workers.row_key]
    if not slices or not keys:
        return "false"
    begins, today = quote(slices.from_), f"date {literal(day.isoformat())}"
    last = f"max({begins}) filter ({begins} <= {today}) over (partition by person_number, {', '.join(keys)})"
    readable = " and ".join(f"{key} is not null" for key in keys)
    return f"({readable} and coalesce({last} > coalesce({begins}, '-infinity'::date), false))"


def identity_of(profile: Profile) -> list[str]:
    """Fields in which a worker's rows differ for good."""
    slices = profile.workers.slices
    return [*profile.workers.row_key, *([slices.from_] if slices else [])]


def _order(profile: Profile, day: dt.date) -> str:
    today, slices, steps = f"date {literal(day.isoformat())}", profile.workers.slices, []
    if slices:
        begins = quote(slices.from_)
        past = "when is_followed then 1" + (f" when {quote(slices.to)} < {today} then 1" if slices.to else "")
        steps.append(f"case when {begins} > {today} then 2 {past} else 0 end")
    mapped = profile.columns
    hire = "hire_date" if "hire_date" in mapped else "null::date"
    end = "termination_date" if "termination_date" in mapped else "null::date"
    over = f"{end} < {today} and ({hire} is null or {end} >= {hire})"
    steps.append(f"case when not active or ({over}) then 2 when {hire} > {today} then 1 else 0 end")
    for step in profile.workers.pick:
        value = quote(step.field)
        order = {"latest": f"{value} desc nulls last", "earliest": f"{value} asc nulls last"}.get(step.prefer)
        steps.append(order or f"({value}::varchar is not distinct from {literal(step.prefer)}) desc")
    if slices:
        steps.append(f"{quote(slices.from_)} desc nulls last")
    return ", ".join(steps)


@dataclass(frozen=True)
class Decided:
    """The outcome of the order of each worker's rows, where one is first.

    `promoted`: the facts, digest, extract_id and row_no of the known rows that are first, and were not. `others`: person_number,
    extract_id, row_no, digest: the rows that are not first. `workers`: person_number: all about whom there is a decision.
    """

    promoted: Relation
    others: Relation
    workers: Relation


def decide(t: Scratch, profile: Profile, ranked: Relation, agreed: Relation, other_rows: Relation) -> Decided:
    """Which rows win and which stay known as others. Of rows that tie and all say that a working life has ended (`agreed`, see
    `held_back`), none stays known."""
    winners = f"(from {ranked} where place = 1 and ties = 1 and known and not chosen)"
    promoted = t.make(
        "promoted",
        f"""select {facts_of(profile)} from {other_rows} known_row semi join {winners} winner
        on winner.person_number = known_row.person_number and winner.digest = known_row.digest
        where known_row.valid_to is null""",
    )
    others = t.make("others", query(__package__, "others", ranked=ranked))
    workers = t.make(
        "decided",
        f"""select person_number from {ranked} where place = 1 and ties = 1
        union all select person_number from {agreed} where stands and is_over""",
    )
    return Decided(promoted, others, workers)


def update_other_rows(
    t: Scratch, profile: Profile, other_rows: Relation, decided: Decided, facts: str, day: dt.date
) -> None:
    """Bring `other_rows` up to the decision. `facts` is a SELECT of the facts of every row that may be among the others."""
    gone = f"""valid_to is null and person_number in (select person_number from {decided.workers})
        and (person_number, digest) not in (select person_number, digest from {decided.others})"""
    t.run(f"delete from {other_rows} where valid_from = ? and {gone}", [day])
    t.run(f"update {other_rows} set valid_to = ? where {gone}", [day])
    new = f"""(select person_number, extract_id, row_no from {decided.others}
        where (person_number, digest) not in (select person_number, digest from {other_rows} where valid_to is null))"""
    t.run(
        f"""insert into {other_rows} by name
        select {facts_of(profile)}, ?::date as valid_from, null::date as valid_to from ({facts})
        semi join {new} using (person_number, extract_id, row_no)""",
        [day],
    )
