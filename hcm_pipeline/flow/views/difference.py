"""The preview of a plan: the plan itself over the read copy, with nothing written."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import orjson

from hcm_pipeline.delivery import OTHERS, UNDO, Journal, Preview, Unsure, attributes, preview, unsure
from hcm_pipeline.delivery import Verdict as LimitVerdict
from hcm_pipeline.directory import key_sql
from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow import verdict_table
from hcm_pipeline.flow.first_load_guard import first_load_verdict
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.naming import workforce
from hcm_pipeline.flow.plan_facts import task_of
from hcm_pipeline.flow.populations import Split
from hcm_pipeline.flow.profiles import require_target
from hcm_pipeline.flow.quota import quota_outlook
from hcm_pipeline.flow.views.clearing import clearing_words
from hcm_pipeline.flow.views.days import Day, newest_days
from hcm_pipeline.flow.views.held_back import HeldBack, HeldCells, cells_of, held_back
from hcm_pipeline.flow.views.manifests import Superseded, WaitingManifest, superseded_by, waiting_manifests
from hcm_pipeline.flow.views.people import NOBODY, AttributeDifference, People, Person, find_people
from hcm_pipeline.flow.views.rows import mappings_of, values_of
from hcm_pipeline.flow.views.target_findings import NO_FINDINGS, FindingsToRead, TargetFindings, findings_in
from hcm_pipeline.flow.workflow_report import workflow_words
from hcm_pipeline.identity import find_moves, places, unknown_places
from hcm_pipeline.identity import waiting as reviews_waiting
from hcm_pipeline.profile import LoadedProfile, Profile
from hcm_pipeline.targets.entra import EntraTarget, carriers
from hcm_pipeline.verdicts import Verdict
from hcm_pipeline.warehouse import Relation, Scratch, first, literal, quote, scratch


@dataclass(frozen=True)
class AttributeChanges:
    """How often an attribute of an account that the target has would change, and how often to nothing.

    `stays`: of those cleared, the ones of which the value stays, since no null clears it. `replaced`: of those changed, the ones
    that get the profile's value in the place of null.
    """

    attribute: str
    from_: str
    """The worker field or expression that the attribute is made from."""
    changed: int
    cleared: int
    stays: int = 0
    replaced: int = 0


@dataclass(frozen=True)
class Move:
    """So many accounts would come from one container into another. `cause`: rules, worker or date."""

    from_: str | None
    to: str | None
    cause: str
    accounts: int


@dataclass(frozen=True)
class Difference:
    """All that would be sent. `operations` by kind; `held` by what they are held for; `withheld` workers by reason.

    `requests` are those of every manifest that a plan would make.
    """

    operations: Mapping[str, int]
    attributes: tuple[AttributeChanges, ...]
    moves: tuple[Move, ...]
    guards: tuple[Verdict, ...]
    held: Mapping[str, int]
    withheld: Mapping[str, int]
    requests: int
    headline: str
    """The same in words."""
    people: tuple[Person, ...]
    """The people whom it is about, in the order in which they are to be read; not more than were asked for."""
    people_in_all: int
    losing: int
    """So many of them lose something."""
    clearing: str | None
    """The clearings that will not take effect, in a sentence; None: there are none."""
    flows_unread: str | None
    """That which is not known of the others, in a sentence; None: the job has told all, or nothing is cleared."""
    refused: TargetFindings
    """Values that the target is known to refuse."""
    unsure: Unsure | None
    """The workers of whom nobody knows what the target has, in the plan or not; None: there are none."""


@dataclass(frozen=True)
class Sketch:
    """A plan that would be made now, while it is looked at: for pages and tables of it."""

    business_date: dt.date
    made_at: dt.datetime
    profile: str
    target: str
    guards: tuple[Verdict, ...]
    waiting: tuple[WaitingManifest, ...]
    people: People
    clearing: str | None = None
    flows_unread: str | None = None
    refused: FindingsToRead | None = None
    """Values that the target is known to refuse; None: nobody looked."""
    unsure: Unsure | None = None
    """As of `Difference`."""


Writer = Callable[[Sketch], None]


@dataclass(frozen=True)
class Reading:
    """The reader of a plan: at most `shown` people are named (None: all), and `writers` are handed the plan."""

    shown: int | None
    waiting: tuple[WaitingManifest, ...] = ()
    writers: Sequence[Writer] = ()


NOBODY_READS = Reading(0)


@dataclass(frozen=True)
class Outlook(Difference):
    """All that would be sent, with the least seconds it takes, the calls left of the quota, and the manifests that wait already.

    `reviews` counts by reason the workers who are not sent because their names wait for a decision in `identity review`.
    """

    least_seconds: float
    quota_left: int
    ends_at: dt.datetime
    manifests: tuple[WaitingManifest, ...]
    superseded: tuple[Superseded, ...]
    reviews: Mapping[str, int]
    held_back: HeldBack
    workflows: str | None = None
    """Workers whom a lifecycle workflow would miss, in a sentence: it holds nothing. None: nobody, or no date is mapped."""


@dataclass(frozen=True)
class WorkerDifference:
    """One worker's operation. `held_for` says what a person decides about first; `payload` is the exact SCIM user.

    `kind` is None where nothing is to be sent of a worker of whom cells are held back (`held_back`), of whom the target would
    refuse a value (`refused`), or who `waits`.
    """

    person_number: str
    kind: str | None
    held_for: str | None
    attributes: tuple[AttributeDifference, ...]
    payload: Any
    held_back: tuple[HeldCells, ...] = ()
    refused: TargetFindings = NO_FINDINGS
    waits: tuple[str, ...] = ()
    """Why nothing is planned of the worker before it changes: which expression cannot be computed, or what is withheld."""


def outlook(
    installation: Installation, *, shown: int | None = None, writers: Sequence[Writer] = (), matches: bool = True
) -> Outlook:
    """Find what a plan made now would send, about whom, and when that would end.

    `shown`: name no more than so many people (None: all). `writers` are handed the plan while it can be read.
    `matches`: whether a first load is judged, too.
    """
    profile, target = installation.profile, installation.target
    require_target(installation.kind, target, installation.name)
    with installation.warehouse.read() as con, installation.journal() as journal:
        entra = EntraTarget(target, profile=profile)
        reviews = Counter(review.reason for review in reviews_waiting(con))
        manifests = [m for m in journal.manifests() if m.target == target]
        waiting = tuple(waiting_manifests(installation, manifests))
        reading = Reading(shown, waiting, writers)
        found = difference(con, installation.loaded, entra, journal, installation.clock(), reading, installation.split)
        newest, held = newest_days(con, 1), held_back(con)
        sandbox = installation.settings.target is None
        missed = workflow_words(con, installation) if newest and matches else None
        unclean = (
            first_load_verdict(con, journal, installation.own_profile, target, sandbox=sandbox)
            if newest and matches
            else None
        )
    pace = quota_outlook(installation, found.requests)
    return Outlook(
        **{
            **vars(found),
            "guards": (*(_quarantine(profile, day) for day in newest), *found.guards, *([unclean] if unclean else [])),
        },
        least_seconds=pace.least_seconds,
        quota_left=pace.left,
        ends_at=pace.ends_at,
        manifests=waiting,
        superseded=tuple(superseded_by(manifests, list(waiting))),
        reviews=dict(sorted(reviews.items())),
        held_back=held,
        workflows=missed,
    )


def _quarantine(profile: Profile, day: Day) -> Verdict:
    return verdict_table.of_quarantine(
        profile, day.business_date, day.quarantined, day.rows, stopped=day.status == "stopped"
    )


def difference(
    con: duckdb.DuckDBPyConnection, loaded: LoadedProfile, target: EntraTarget, journal: Journal, now: dt.datetime,
    reading: Reading = NOBODY_READS, split: Split | None = None,
) -> Difference:  # fmt: skip
    """The operations that a plan made at `now` would send."""
    with scratch(con) as t:
        workers = workforce(t, loaded.profile)
        moving = find_moves(t, loaded.profile, workers).moving
        found = preview_now(t, loaded, target, journal, moving, now, split)
        containers = _containers(con, loaded.profile, workers.day)
        if found is None:
            if reading.writers:
                raise UsageError("nothing was processed yet: there is no plan to write")
            return Difference({}, (), (), containers, {}, {}, 0, NOBODY, (), 0, 0, None, None, NO_FINDINGS, None)
        numbered = f"(select *, 0 as plan_no from {found.operations})"
        changes = attributes(t, target, numbered, found.delivered, found.stays, found.replaced).get(0, [])
        clearing, unread = clearing_words(con, target.key, changes)
        subject = workers.day.isoformat()
        limits = tuple(verdict_table.of_limit(verdict, subject) for verdict in found.verdicts)
        doubt = unsure(con, target.key)
        doubted = t.view("doubted", _doubted_sql(target.key)) if doubt else None
        people = find_people(t, target, _places(target), found, workers.workers, why_held(found.verdicts), doubted)
        sketch = Sketch(
            workers.day, now, loaded.profile.name, target.key, limits, reading.waiting, people, clearing, unread,
            FindingsToRead(con, found.findings, workers.workers), doubt,
        )  # fmt: skip
        for write in reading.writers:
            write(sketch)
        return Difference(
            operations={kind: found.counts[kind] for kind in target.kinds if kind in found.counts},
            attributes=tuple(
                AttributeChanges(
                    c["attribute"], c["from"], c["changed"], c["cleared"], c.get("stays", 0), c.get("replaced", 0)
                )
                for c in changes
            ),
            moves=tuple(_moves(t, target, found, moving)),
            guards=(*containers, *limits),
            held=found.held,
            withheld=found.withheld,
            requests=found.requests,
            headline=people.headline,
            people=tuple(people.read(reading.shown)),
            people_in_all=people.total,
            losing=people.losing,
            clearing=clearing,
            flows_unread=unread,
            refused=findings_in(con, found.findings),
            unsure=doubt,
        )


def _doubted_sql(target: str) -> str:
    return f"select person_number from unsure_versions where target = {literal(target)}"


def why_held(verdicts: Iterable[LimitVerdict]) -> dict[str, list[str]]:
    """The sentences of the limits that tripped, by what operations are held for."""
    why: dict[str, list[str]] = {UNDO: ["A person asked to take back what was sent."]}
    for verdict in verdicts:
        if verdict.tripped:
            why.setdefault(verdict.kind, []).append(verdict.describe(values=True))
            if not verdict.others_go_on:
                why.setdefault(OTHERS, []).append(verdict.describe(values=True))
    return why


def _places(target: EntraTarget) -> list[str]:
    """The columns of a target that say in which container an account is."""
    return [leaf.column for leaf in carriers(target.mapping, "parent_distinguished_name")[:1]]


def worker_difference(installation: Installation, number: str) -> WorkerDifference | None:
    """One worker's operation and what is held back of them; None when the target has what it should have, or the worker is not in
    scope, nothing is held back, the target would take all of it, and every expression can be computed."""
    loaded, target = installation.loaded, EntraTarget(installation.target, profile=installation.profile)
    require_target(installation.kind, target.key, installation.name)
    with installation.warehouse.read() as con, installation.journal() as journal, scratch(con) as t:
        moving = find_moves(t, loaded.profile, workforce(t, loaded.profile)).moving
        found = preview_now(t, loaded, target, journal, moving, installation.clock(), installation.split)
        operations = (
            mappings_of(con, f"select * from {found.operations} where person_number = ?", [number]) if found else []
        )
        held = cells_of(con, number)
        refused = findings_in(con, found.findings, number) if found else NO_FINDINGS
        waits = _waits(t, found, number) if found else ()
        if found is None or not operations:
            told = held or refused.in_all or waits
            return WorkerDifference(number, None, None, (), None, held, refused, waits) if told else None
        new = operations[0]
        known = mappings_of(con, f"select * from {found.delivered} where person_number = ?", [number])
        old = known[0] if known else {}
        instead = {
            name for (name,) in t.rows(f"select attribute from {found.replaced} where person_number = ?", [number])
        }
        payload = t.first(
            f"""select {target.mapping.user_json} from {found.operations}
            where person_number = ? and undoes is not distinct from ?""",
            [number, new["undoes"]],
        )
    return WorkerDifference(
        number,
        new["kind"],
        new["held_for"],
        tuple(
            AttributeDifference(
                column.name,
                column.origin,
                old.get(column.name),
                new[column.name],
                stays=column.name in found.stays and old.get(column.name) is not None and new[column.name] is None,
                instead=column.name in instead,
            )
            for column in target.columns
            if not old or old.get(column.name) != new[column.name]
        ),
        orjson.loads(payload[0]) if payload and payload[0] else None,
        held,
        refused,
        waits,
    )


def _waits(t: Scratch, found: Preview, number: str) -> tuple[str, ...]:
    if found.waiting is None:
        return ()
    query = f"select distinct reason from {found.waiting} where person_number = ? order by reason"
    return tuple(reason for (reason,) in t.rows(query, [number]))


def preview_now(
    t: Scratch, loaded: LoadedProfile, target: EntraTarget, journal: Journal, moving: Relation, now: dt.datetime,
    split: Split | None = None,
) -> Preview | None:  # fmt: skip
    """The plan that would be made now, with nothing written; None when nothing was processed yet."""
    task = task_of(t, loaded, target, now, _ledger_after_moves(t, moving), split)
    return preview(t, task, journal) if task else None


def _ledger_after_moves(t: Scratch, moving: Relation) -> Relation:
    """The ledger with everybody where the profile's rules of places say, which may have changed since the last run.

    A common name that is taken there is given another one only by the run.
    """
    return t.view(
        "ledger_after_moves",
        f"""select ledger.* replace
            (coalesce(moving.container, ledger.parent_distinguished_name) as parent_distinguished_name)
        from identities ledger left join {moving} moving using (person_number)""",
    )


def _moves(t: Scratch, target: EntraTarget, found: Preview, moving: Relation) -> list[Move]:
    """Accounts that the target has, and that would come into another container: how many go where, and why.

    `cause` is `rules` when the profile changed, `worker` when the worker did, `date` when days passed since somebody left.
    """
    columns = _places(target)
    if not columns:
        return []
    place = quote(columns[0])
    return values_of(
        t.con,
        Move,
        f"""with causes as (
            select person_number, cause from former_places
            qualify row_number() over (partition by person_number order by until desc) = 1)
        select delivered.{place} as "from", operation.{place} as "to",
            coalesce(moving.cause, causes.cause, 'worker') as cause, count(*) as accounts
        from {found.operations} operation join {found.delivered} delivered using (person_number)
        left join {moving} moving using (person_number) left join causes using (person_number)
        where operation.undoes is null
            and {key_sql(f"delivered.{place}")} is distinct from {key_sql(f"operation.{place}")}
        group by all order by accounts desc, 1, 2, 3""",
    )


def _containers(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date) -> tuple[Verdict, ...]:
    """The verdict of the guard of containers: nothing when no directory tells its containers, or no rule names one."""
    if not places(profile, day) or not first(con, "select 1 from directory_objects where kind = 'container' limit 1"):
        return ()
    unknown = [(rule.setting, rule.container) for rule in unknown_places(con, profile, day)]
    return (verdict_table.of_containers(day, unknown),)
