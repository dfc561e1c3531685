"""The rows of a batch of extracts: which of them are accepted, and what becomes of the others. Nothing is recorded here."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch, query
from hcm_pipeline.workers.batch import Batch
from hcm_pipeline.workers.deduplication import Deduplicated, deduplicate
from hcm_pipeline.workers.held_back import agreed_rows, patched_rows
from hcm_pipeline.workers.known import Gathered, Known, facts_of
from hcm_pipeline.workers.lasting import lasting
from hcm_pipeline.workers.normalise import DIGEST_TYPE, NOT_READ
from hcm_pipeline.workers.primary_assignment import Decided, Speaking, decide, rank, tied_rows
from hcm_pipeline.workers.torn_rows import torn_exits, with_torn
from hcm_pipeline.workers.validation import contradictions_of, quarantined_rows, suspects_of, violations_of

PLACE = "extract_id, row_no, person_number, digest"
"""Where an accepted row is, whose it is, and what it says."""
_MADE = f"{PLACE}, {NOT_READ} as as_read"
"""The same of one that was put together, and stands so in no file."""


@dataclass(frozen=True)
class Accepted:
    """The good rows that say something else than is known.

    `rows`: extract_id, row_no, person_number, digest, as_read (null of one that was put together). `facts`: the worker fields,
    digest, extract_id and row_no of these rows at least. `named`: person_number, of every row of the files (null: it has none).
    `readings`: person_number, digest, as_read: what rows say that were read, and how they stand in their file. `unnamed`:
    person_number: the known workers who are not among the `named`; None where nobody has looked.
    """

    rows: Relation
    facts: Relation
    named: Relation
    readings: Relation
    unnamed: Relation | None = None


@dataclass(frozen=True)
class Judged:
    """The decisions about the rows of a batch.

    `quarantined`: extract_id, row_no, person_number, violations, cells, held (see `quarantined_rows`): a row that is held back in
    some cells is among the accepted as well. `passed_over`: extract_id, row_no, person_number. `decided`: the rules' choice,
    None where the profile knows one row a worker. `rows`: the facts, extract_id and row_no of all judged rows, as they count.
    `torn`: see `torn_exits`. `collapsed` counts the rows that repeat another one. `lasting`: see there. `standing`: see
    `stand_again`; nothing else is about these rows.
    """

    accepted: Accepted
    quarantined: Relation
    passed_over: Relation
    decided: Decided | None
    rows: Relation
    torn: Relation
    collapsed: int
    lasting: Relation | None = None
    standing: Relation | None = None


@dataclass(frozen=True)
class _Counted:
    """The rows as they count. `facts`: the worker fields, digest, extract_id, row_no. `patched`: those with a bad cell, see
    `held_back`. `waiting`: of these, extract_id, row_no, person_number and is_over: they cannot count at all."""

    facts: Relation
    patched: Relation
    waiting: Relation


@dataclass(frozen=True)
class _Settled:
    """The outcome among several rows of a worker. `agreed`: see `held_back`. `contradicting` and `passed_over`: extract_id, row_no,
    person_number. `decided`: None where the profile knows one row a worker."""

    agreed: Relation
    contradicting: Relation
    passed_over: Relation
    decided: Decided | None


def judge(
    t: Scratch, batch: Batch, other_rows: Relation, held: Relation, day: dt.date, *, same_contract: bool
) -> Judged:
    """Decide about every row of a batch. `held`: person_number of those of whom something is held back; `same_contract`: the
    snapshot before was judged by the same profile."""
    # by another contract nothing is known as good: all rows are judged, and normalised once for all that follows
    batch = batch.recognise(t) if same_contract else batch.keep(t)
    found = deduplicate(t, batch, other_rows)
    suspects = suspects_of(t, found, batch.known.workers, held, same_contract=same_contract)
    place, every = "select extract_id, row_no from", batch
    batch = batch.keep(t, t.view("needed", f"{place} {suspects} union {place} {found.repeats} where nth = 1"))
    violations = violations_of(t, batch, suspects)
    counted = _count(t, batch, found, violations, day)
    torn = torn_exits(t, batch, every, found, other_rows, day)
    ranked_torn = batch.profile.workers.many_rows and t.count(torn) > 0
    if ranked_torn:
        found = with_torn(t, found, torn)
        told = f"from {counted.facts} union all select {facts_of(batch.profile)} from {torn}"
        counted = replace(counted, facts=t.view("counted", told))
    if batch.profile.workers.many_rows:
        settled = _choose(t, batch, found, counted, torn if ranked_torn else None, other_rows, day)
    else:
        settled = _agree(t, batch, found, counted, day)
    contradictions = contradictions_of(t, batch, settled.contradicting, settled.agreed)
    stands = f"(select person_number from {settled.agreed} where stands)"
    whole = f"""{place} {counted.waiting}
        union {place} {settled.contradicting} where person_number not in {stands}"""
    quarantined = quarantined_rows(t, found, f"from {violations} union all by name from {contradictions}", whole)
    later = lasting(t, batch, found, quarantined) if quarantined.made else None
    accepted = _accept(t, batch.profile, found, suspects, counted, settled, torn if ranked_torn else None)
    if batch.others is not None:
        others = f"select person_number from {found.keys} where not is_same and person_number is not null"
        unnamed = f"select person_number from {batch.others} where person_number not in ({others})"
        accepted = replace(accepted, unnamed=t.make("unnamed", unnamed))
    if same_contract:  # a row in question has said something new, or nobody knows yet whether it has
        others = f"from {accepted.readings} anti join {suspects} using (person_number)"
        accepted = replace(accepted, readings=t.make("readings", others))
    if not ranked_torn:
        accepted = _with_torn(t, batch.profile, accepted, torn)
    collapsed = t.count(f"(from {found.repeats} where nth > 1)")
    passed_over = settled.passed_over
    if ranked_torn:  # these are told already, as what is wrong with them
        passed_over = t.view("passed_over", f"from {passed_over} anti join {torn} using (extract_id, row_no)")
    return Judged(
        accepted, quarantined, passed_over, settled.decided, counted.facts, torn, collapsed, later,
        batch.standing if same_contract else None,
    )  # fmt: skip


def _count(t: Scratch, batch: Batch, found: Deduplicated, violations: Relation, day: dt.date) -> _Counted:
    patched = patched_rows(t, batch, violations, found.several, day)
    facts = facts_of(batch.profile)
    counted = f"""select {facts} from {batch.rows()} anti join {patched} using (extract_id, row_no)
        union all select {facts} from {patched}"""
    waiting = t.view("waiting", f"select extract_id, row_no, person_number, is_over from {patched} where not stands")
    return _Counted(t.view("counted", counted), patched, waiting)


def _agree(t: Scratch, batch: Batch, found: Deduplicated, counted: _Counted, day: dt.date) -> _Settled:
    """Where the profile knows one row a worker: that on which several agree."""
    profile = batch.profile
    differing = f"""(select {facts_of(profile)}, (extract_id, row_no) in
            (select extract_id, row_no from {counted.patched}) as later
        from {counted.facts} semi join {found.contradicting} using (extract_id, row_no))"""
    waiting = f"select person_number from {counted.waiting} where person_number is not null"
    agreed = agreed_rows(t, profile, differing, batch.known.workers, waiting, day)
    nobody = t.empty("passed_over", {"extract_id": "integer", "row_no": "bigint", "person_number": "varchar"})
    return _Settled(agreed, found.contradicting, nobody, None)


def _choose(
    t: Scratch,
    batch: Batch,
    found: Deduplicated,
    counted: _Counted,
    torn: Relation | None,
    other_rows: Relation,
    day: dt.date,
) -> _Settled:
    """Where the profile knows several rows a worker: that which the rules choose, or on which rows agree that tie. `torn`: those of
    `torn_exits`, which are among the rows of `found` and `counted`."""
    profile, waiting = batch.profile, counted.waiting
    undecided = t.make(
        "undecided",
        f"""select distinct person_number from {waiting}
        where not is_over and person_number in (from {found.several})""",
    )
    speaking = Speaking(counted.facts, found.repeats, waiting, undecided, torn)
    ranked = rank(t, batch, speaking, other_rows, day)
    ties = f"(select person_number from {ranked} where ties > 1)"
    select = query(__package__, "contradicting", repeats=found.repeats, ties=ties, undecided=undecided)
    contradicting = t.make("contradicting", select)
    tied = tied_rows(profile, ranked, speaking, batch.known, other_rows)
    differing = f"(from {tied} semi join {contradicting} using (person_number))"
    agreed = agreed_rows(t, profile, differing, batch.known.workers, "select null where false", day)
    passed_over = t.make(
        "passed_over",
        f"select extract_id, row_no, person_number from {ranked} where not known and ties = 1 and place > 1",
    )
    return _Settled(agreed, contradicting, passed_over, decide(t, profile, ranked, agreed, other_rows))


def _accept(
    t: Scratch,
    profile: Profile,
    found: Deduplicated,
    suspects: Relation,
    counted: _Counted,
    settled: _Settled,
    torn: Relation | None,
) -> Accepted:
    facts = facts_of(profile)
    alone = f"""anti join {settled.contradicting} using (extract_id, row_no)
        anti join {settled.passed_over} using (extract_id, row_no)"""
    good = f"""select {PLACE}, as_read from {suspects} anti join {counted.patched} using (extract_id, row_no) {alone}
        union all select {_MADE} from {counted.patched} {alone} where stands
        union all select {_MADE} from {settled.agreed} where stands"""
    said = f"""select {facts} from {counted.facts} anti join {settled.contradicting} using (extract_id, row_no)
        union all select {facts} from {settled.agreed}"""
    if torn is not None:
        good = f"{good} union all select {_MADE} from {torn} {alone}"
    if settled.decided is not None:
        good = f"{good} union all select {_MADE} from {settled.decided.promoted}"
        said = f"{said} union all from {settled.decided.promoted}"
    named = t.view("named", f"select person_number from {found.keys}")
    readings = t.view(
        "readings", f"select person_number, digest, as_read from {found.keys} where as_read is not null and not is_same"
    )
    return Accepted(t.make("accepted", good), t.view("facts", said), named, readings)


def _with_torn(t: Scratch, profile: Profile, accepted: Accepted, torn: Relation) -> Accepted:
    if not t.count(torn):
        return accepted
    rows = t.make("accepted", f"from {accepted.rows} union all select {_MADE} from {torn}")
    facts = t.view("facts", f"from {accepted.facts} union all select {facts_of(profile)} from {torn}")
    return replace(accepted, rows=rows, facts=facts)


def nothing_gathered(t: Scratch, profile: Profile, known: Known) -> Gathered:
    """Gathered rows before the first file of a day."""
    rows = t.make("gathered", f"select {facts_of(profile)} from {known.workers} limit 0")
    readings = t.empty("readings", {"person_number": "varchar", "digest": DIGEST_TYPE, "as_read": DIGEST_TYPE})
    return Gathered(rows, t.empty("named", {"person_number": "varchar"}), readings)


def gather(t: Scratch, profile: Profile, before: Gathered, accepted: Accepted) -> Gathered:
    """Put accepted rows over those that were gathered before."""
    facts = facts_of(profile)
    new = t.make(
        "gathered_now", f"select {facts} from {accepted.facts} semi join {accepted.rows} using (extract_id, row_no)"
    )
    rows = t.make("gathered", f"from {before.rows} anti join {new} using (person_number) union all from {new}")
    named = t.make("named", f"from {before.named} union all from {accepted.named}")
    readings = t.make("readings", f"from {before.readings} union all from {accepted.readings}")
    t.drop(new, before.rows, before.named, before.readings)
    return Gathered(rows, named, readings)


def accepted_of(t: Scratch, gathered: Gathered) -> Accepted:
    """Gathered rows as the accepted ones of all files of a day."""
    rows = t.view("accepted", f"select {_MADE} from {gathered.rows}")
    return Accepted(rows, gathered.rows, gathered.named, gathered.readings)
