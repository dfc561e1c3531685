"""The rows of a batch of extracts: which of them are accepted, and what becomes of the others. Nothing is recorded here."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch
from hcm_pipeline.workers.batch import Batch
from hcm_pipeline.workers.deduplication import deduplicate
from hcm_pipeline.workers.known import Gathered, Known, facts_of
from hcm_pipeline.workers.primary_assignment import Decided, decide
from hcm_pipeline.workers.validation import quarantined_rows, suspects_of, violations_of

PLACE = "extract_id, row_no, person_number, digest"
"""Where an accepted row is, whose it is, and what it says."""


@dataclass(frozen=True)
class Accepted:
    """The good rows that say something else than is known.

    `rows`: extract_id, row_no, person_number, digest. `facts`: the worker fields, digest, extract_id and row_no of these rows at
    least. `named`: person_number, of every row of the files (null where it has none).
    """

    rows: Relation
    facts: Relation
    named: Relation


@dataclass(frozen=True)
class Judged:
    """The decisions about the rows of a batch.

    `quarantined`: extract_id, row_no, person_number, violations (see `quarantined_rows`). `passed_over`: extract_id, row_no,
    person_number. `decided`: what the rules chose, None where the profile knows one row a worker. `collapsed` counts the rows that
    repeat another one.
    """

    accepted: Accepted
    quarantined: Relation
    passed_over: Relation
    decided: Decided | None
    collapsed: int


def judge(t: Scratch, batch: Batch, other_rows: Relation, day: dt.date, *, same_contract: bool) -> Judged:
    """Decide about every row of a batch. `same_contract`: the snapshot before was judged by the same profile."""
    if not same_contract:
        batch = batch.keep(t)  # nothing is known as good: all rows are judged, and normalised once for all that follows
    found = deduplicate(t, batch, other_rows, day)
    suspects = suspects_of(t, found, batch.known.workers, same_contract=same_contract)
    batch = batch.keep(t, suspects)
    quarantined = quarantined_rows(t, batch, found, violations_of(t, batch, suspects))
    # a row that breaks the contract is in quarantine, whatever else would have become of it
    passed_over = t.make("passed_over", f"from {found.passed_over} anti join {quarantined} using (extract_id, row_no)")
    good = f"""select {PLACE} from {suspects} anti join {quarantined} using (extract_id, row_no)
        anti join {passed_over} using (extract_id, row_no)"""
    facts = f"select {facts_of(batch.profile)} from {batch.rows()}"
    decided = None
    if batch.profile.workers.many_rows:
        decided = decide(t, batch.profile, found.ranked, quarantined, other_rows)
        good = f"{good} union all select {PLACE} from {decided.promoted}"
        facts = f"{facts} union all from {decided.promoted}"
    named = t.view("named", f"select person_number from {found.keys}")
    accepted = Accepted(t.make("accepted", good), t.view("facts", facts), named)
    return Judged(accepted, quarantined, passed_over, decided, t.count(f"(from {found.repeats} where nth > 1)"))


def nothing_gathered(t: Scratch, profile: Profile, known: Known) -> Gathered:
    """Gathered rows before the first file of a day."""
    rows = t.make("gathered", f"select {facts_of(profile)} from {known.workers} limit 0")
    return Gathered(rows, t.empty("named", {"person_number": "varchar"}))


def gather(t: Scratch, profile: Profile, before: Gathered, accepted: Accepted) -> Gathered:
    """Put accepted rows over those that were gathered before."""
    facts = facts_of(profile)
    new = t.make(
        "gathered_now", f"select {facts} from {accepted.facts} semi join {accepted.rows} using (extract_id, row_no)"
    )
    rows = t.make("gathered", f"from {before.rows} anti join {new} using (person_number) union all from {new}")
    named = t.make("named", f"from {before.named} union all from {accepted.named}")
    t.drop(new, before.rows, before.named)
    return Gathered(rows, named)


def accepted_of(t: Scratch, gathered: Gathered) -> Accepted:
    """Gathered rows as the accepted ones of all files of a day."""
    return Accepted(t.view("accepted", f"select {PLACE} from {gathered.rows}"), gathered.rows, gathered.named)
