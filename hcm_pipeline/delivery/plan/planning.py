"""The plan: desired minus delivered, written as manifests.

A plan never sends the raw delta of two extracts: reruns, failures, backfills and a service that lost something need no
case of their own, because each plan is the difference between what should be and what the service took.

A plan makes one manifest of all that no guard stopped, and one of each kind of operation that a guard stopped, held until a
person decides. The rest, unchanged, of one that was approved and whose upload has begun is a manifest of its own and needs
no second approval: a load larger than the quota goes on by itself. No worker is in two of them, and a newer plan takes the place
of all that an older one left unsent: in whatever order they are approved and uploaded, no version of a worker follows a newer one.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import duckdb

from hcm_pipeline.delivery.kinds import OperationKind
from hcm_pipeline.delivery.manifest import Manifest, folder_of, read_manifest
from hcm_pipeline.delivery.plan import (
    decisions,
    entering,
    fitting,
    guards,
    order,
    splitting,
    summary,
    target_state,
    undo,
    writing,
)
from hcm_pipeline.delivery.plan.difference import Difference, find_difference
from hcm_pipeline.delivery.plan.facts import Task
from hcm_pipeline.delivery.plan.splitting import Part
from hcm_pipeline.delivery.plan.target_state import Known
from hcm_pipeline.delivery.send.batches import Sizes
from hcm_pipeline.delivery.state import WAITING, DeliveryState, JournaledManifest, SentMeanwhile
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.home import Home
from hcm_pipeline.warehouse import Relation, Scratch, query, scratch, transaction

Progress = Callable[[str], None]
ATTEMPTS = 3
"""So often a plan begins anew because a request was sent while it was made."""


@dataclass(frozen=True)
class Plan:
    """A plan that was made. `counts` are operations by kind, held ones among them.

    `manifest` and `plan_no` are those of what no guard stopped, None when nothing of that kind is to send. `held` are the
    manifests that wait for an approval, `approved` those of which a person has approved what an earlier one left.
    `withheld` counts workers whom a rejection or an undo keeps out, by reason. `superseded` are the manifests whose place this
    plan takes. `left_out` says, by the manifest that is undone, of how many workers nothing is put back, and why. `stays` counts
    by attribute the clearings that will not take effect, since no null clears it.
    """

    business_date: dt.date
    target: str
    desired: int
    counts: dict[OperationKind, int] = field(default_factory=dict)
    manifest: Manifest | None = None
    plan_no: int | None = None
    held: tuple[Manifest, ...] = ()
    approved: tuple[Manifest, ...] = ()
    verdicts: tuple[guards.Verdict, ...] = ()
    withheld: dict[str, int] = field(default_factory=dict)
    superseded: tuple[str, ...] = ()
    left_out: undo.LeftOut = field(default_factory=dict)
    stays: dict[str, int] = field(default_factory=dict)

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """All of them, the free one first."""
        return ((self.manifest,) if self.manifest else ()) + self.approved + self.held


@dataclass(frozen=True)
class Preview:
    """The plan with nothing written.

    `operations`: person_number, every value, basis, digest, kind, held_for, undoes, rest_of; `delivered`: person_number, plan_no
    and every value that the target has. `requests` are those of all its manifests, `held` counts operations by what they are held
    for. `stays`: the attributes of which a null clears nothing; `replaced`, `findings` and `waiting`: as of `Difference`.
    """

    operations: Relation
    delivered: Relation
    counts: dict[OperationKind, int]
    held: dict[str, int]
    requests: int
    verdicts: tuple[guards.Verdict, ...]
    withheld: dict[str, int]
    stays: frozenset[str]
    replaced: Relation
    findings: Relation | None = None
    waiting: Relation | None = None


def sizes_of(journal: DeliveryState, task: Task) -> Sizes:
    """How many operations a request holds: the first only the canary's while the profile is not proven at the target."""
    usual = task.target.limits.operations
    canary = task.rules.delivery.canary
    first = canary if canary and not journal.pauses(task.target.key).proven(task.rules.sha256) else usual
    return Sizes(min(first, usual), usual)


def make_plan(
    con: duckdb.DuckDBPyConnection,
    task: Task,
    home: Home,
    journal: DeliveryState,
    progress: Progress = lambda _: None,
    started_by: str | None = None,
) -> Plan:
    """Plan; the manifests are on disk and registered at the end.

    A crash at any point leaves either no manifest or those that the same call makes again under the same ids. Raises SentMeanwhile
    when an upload keeps sending while it plans, and BrokenChain. `started_by`: the person whose run plans, None when nobody is
    known.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _attempt(con, task, home, journal, progress, started_by)
        except SentMeanwhile:
            continue
    return _attempt(con, task, home, journal, progress, started_by)


def preview(t: Scratch, task: Task, journal: DeliveryState) -> Preview:
    """The plan that would be made now, on a connection that may be read-only."""
    before = _waiting(journal, task.target.key)
    facts = target_state.look_up(t, journal, task)
    work = _work_out(t, task, facts, before.begun)
    sizes = sizes_of(journal, task)
    held: Counter[str] = Counter()
    for part in work.parts:
        if part.held_for is not None and part.rest_of is None:
            held[part.held_for] += part.size
    return Preview(
        operations=t.view("previewed", query(__package__, "previewed", differing=work.difference.differing,
                                             assigned=work.assigned, undone=work.undone.operations)),
        delivered=facts.has,
        counts=_counts(work.parts),
        held=dict(held),
        requests=sum(sizes.requests(part.size) for part in work.parts),
        verdicts=work.judged.verdicts,
        withheld=_left_out(t, work.difference),
        stays=facts.flow.stays,
        replaced=work.difference.replaced,
        findings=work.difference.findings,
        waiting=work.difference.waiting,
    )  # fmt: skip


# --- what a plan comes to


@dataclass(frozen=True)
class _Work:
    """A plan before anything of it is written. `assigned` as of `splitting.assign`."""

    difference: Difference
    undone: undo.UndoPlan
    judged: guards.Judged
    assigned: Relation
    parts: list[Part]


@dataclass(frozen=True)
class _Waiting:
    """Manifests that wait for the same target. `begun` are those approved whose upload has begun, with what they were held for."""

    manifests: list[JournaledManifest]
    begun: Mapping[str, str | None]


def _waiting(journal: DeliveryState, target: str) -> _Waiting:
    begun = {m.manifest_id: m.held_for for m in journal.begun_approved(target) if m.held_for != undo.UNDO}
    return _Waiting([m for m in journal.manifests(*WAITING) if m.target == target], begun)


def _work_out(t: Scratch, task: Task, facts: Known, begun: Mapping[str, str | None], *, keeps: bool = False) -> _Work:
    difference = find_difference(t, task.target, task.facts.sources, facts)
    differing = difference.differing
    undone = undo.make(t, task.target, facts.undos, facts.delivered, facts.before, differing)
    rests = splitting.find_rests(t, differing, begun, undone)
    ordinary = splitting.ordinary(t, differing, undone, rests)
    judged = guards.evaluate(
        t,
        task.target,
        task.rules.guards,
        task.business_date,
        ordinary,
        facts.has,
        task.facts.groups,
        task.facts.protected,
        target_state.perhaps_there(t, task.target, facts),
        task.facts.moving,
        share_of=task.rules.share_of,
        keeps=keeps,
        theirs=difference.has,
    )
    assigned = splitting.assign(t, differing, undone, rests, judged)
    return _Work(difference, undone, judged, assigned, splitting.split(t, differing, assigned, undone, begun))


def _counts(parts: Sequence[Part]) -> dict[OperationKind, int]:
    counts = sum((Counter(part.counts) for part in parts), Counter[OperationKind]())
    return dict(sorted(counts.items()))


def _left_out(t: Scratch, difference: Difference) -> dict[str, int]:
    """How many workers a plan leaves out, by reason."""
    waiting = decisions.count(t, difference.waiting) if difference.waiting is not None else {}
    return {**decisions.count(t, difference.withheld), **waiting}


# --- writing it


def _attempt(
    con: duckdb.DuckDBPyConnection,
    task: Task,
    home: Home,
    journal: DeliveryState,
    progress: Progress,
    started_by: str | None,
) -> Plan:
    target = task.target.key
    target_state.prepare(con, task.target)
    seen = journal.last_send(target)
    before = _waiting(journal, target)
    with scratch(con) as t, transaction(con):
        made, placed = _write(t, task, home, journal, before, progress)
    folders = [(manifest, folder_of(home.manifests, manifest).relative_to(home.path)) for manifest, _ in placed]
    rest_of = {manifest.manifest_id: part.rest_of for manifest, part in placed if part.rest_of}
    journal.register_plan(target, folders, planned_after=seen, rest_of=rest_of, started_by=started_by)
    superseded = {m.manifest_id for m in before.manifests} - {manifest.manifest_id for manifest, _ in placed}
    return replace(made, superseded=tuple(sorted(superseded)))


def _write(
    t: Scratch, task: Task, home: Home, journal: DeliveryState, before: _Waiting, progress: Progress
) -> tuple[Plan, list[tuple[Manifest, Part]]]:
    """Do all that happens in one transaction; the plan, and its manifests with their parts."""
    facts = target_state.take_over(t, journal, task)
    decisions.keep_rejections(t, journal, home, task.target.key)
    number = entering.next_number(t, journal, task.target.key, facts.in_doubt)
    progress(f"{task.business_date}: comparing what should be with what the service has")
    work = _work_out(t, task, facts, before.begun, keeps=True)
    decisions.forget(t, task.target.key, work.difference.withheld)
    fitting.keep(t, task.target.key, work.difference.findings)
    undo.close_done(t, task.target.key, work.undone.operations)
    guards.record(t, work.judged.verdicts, task.target.key, number, task.now)
    desired, withheld = work.difference.everybody, _left_out(t, work.difference)
    _fill(t, task, work, number)
    filled = f"(select * from planned where plan_no between {number} and {number + len(work.parts) - 1})"
    told = {}
    if any(part.changes_accounts for part in work.parts):
        has = work.difference.has if not t.count(work.undone.operations) else facts.has
        told = summary.attributes(t, task.target, filled, has, facts.flow.stays, work.difference.replaced)
    stays = summary.stays(told.values())
    said = writing.Said(
        task=task, attributes=told, verdicts=work.judged.verdicts, left_out=work.undone.left_out, withheld=withheld,
        previous=journal.last_sent(task.target.key), going_on=_readable(home, before.manifests), sizes=sizes_of(journal, task),
    )  # fmt: skip
    placed = []
    numbers: dict[str, int] = {}
    for plan_no, part in enumerate(work.parts, number):
        manifest = writing.write_files(t, said, part, plan_no, home, progress)
        placed.append((manifest, part))
    for plan_no, (manifest, part) in enumerate(placed, number):
        held = part.held_for is not None and part.rest_of is None
        numbers[manifest.manifest_id] = entering.enter(t, plan_no, manifest, said.sizes, task.now, held=held)
    t.run(
        "insert or replace into newest_plans values (?, ?, ?, ?, ?)",
        [task.target.key, task.business_date, task.facts.snapshot.state, list(numbers), task.now],
    )
    free = next((manifest for manifest, part in placed if part.held_for is None), None)
    if free is not None:
        guards.keep(t, work.judged, task.rules.guards, task.target.key, numbers[free.manifest_id], task.business_date)
    made = Plan(
        business_date=task.business_date, target=task.target.key, desired=desired, counts=_counts(work.parts),
        manifest=free, plan_no=numbers[free.manifest_id] if free else None,
        held=tuple(manifest for manifest, part in placed if part.held_for is not None and part.rest_of is None),
        approved=tuple(manifest for manifest, part in placed if part.rest_of is not None),
        verdicts=work.judged.verdicts, withheld=withheld, left_out=work.undone.left_out, stays=stays,
    )  # fmt: skip
    return made, placed


def _fill(t: Scratch, task: Task, work: _Work, number: int) -> None:
    """Put the operations of all parts into `planned`, numbered from `number` on, and let go of the wide rows."""
    urgency = order.Urgency(task.target.kinds, task.business_date, task.now, task.rules.delivery.no_later_than_days)
    placed = order.arrange(
        t, task.target, urgency, work.difference.differing, task.facts.workers, work.difference.has,
        steady=any(part.held_for is not None for part in work.parts),
    )  # fmt: skip
    for plan_no, part in enumerate(work.parts, number):
        entering.fill(t, task.target.key, plan_no, part, placed)
    t.drop(work.difference.differing, placed)


def _readable(home: Home, waiting: Sequence[JournaledManifest]) -> tuple[Manifest, ...]:
    """The manifests that wait, but for those whose file is no longer what it was: others are written in their place."""
    found = []
    for journaled in waiting:
        try:
            found.append(read_manifest(home.path / journaled.folder))
        except PipelineError:
            continue
    return tuple(found)
