"""The rehearsal of a plan: a synchronization schema executed on all that would be sent, beside the accounts as they are.

Nothing is written to the warehouse and nothing is sent. The people lie in private temporary files until they are read, so that
their number does not count.
"""

from __future__ import annotations

import csv
import datetime as dt
import tempfile
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any, TextIO

import orjson

from hcm_pipeline.delivery import OperationKind, Preview
from hcm_pipeline.entra import GraphClient, JobSchema
from hcm_pipeline.errors import ServiceError
from hcm_pipeline.flow.installation import Installation, Progress, quiet
from hcm_pipeline.flow.known_accounts import KnownAccounts, read_at, verified_domains
from hcm_pipeline.flow.naming import workforce
from hcm_pipeline.flow.sign_off import cell, replace_file
from hcm_pipeline.flow.target_schema import read_schema_file, wanted_schema
from hcm_pipeline.flow.views.difference import preview_now
from hcm_pipeline.identity import find_moves
from hcm_pipeline.plain_text import counted
from hcm_pipeline.rehearsal import (
    AttributeResult,
    Limit,
    Mark,
    Outcome,
    Rehearsal,
    Rehearsed,
    Sent,
    Target,
    as_shown,
    prepare,
)
from hcm_pipeline.synchronization import ACTIVE_DIRECTORY, Kind, Schema, SchemaFault, read
from hcm_pipeline.targets.entra import EntraTarget, describe, kind_of_job, limits_of, open_target
from hcm_pipeline.warehouse import Relation, Scratch, literal, scratch, table

PAGE = 1_000
"""Operations that are read at once."""
HASTE = 10.0
"""Seconds of patience when the job's schema is asked for: there is another one to rehearse."""
RANKS = (Mark.REFUSED, Mark.UNDONE, Mark.IGNORED, Mark.UNKNOWN)
COLUMNS = ("person_number", "name", "operation", "outcome", "why", "code", "attribute", "now", "then", "mapping", "mark",
           "mark_why", "mark_code")  # fmt: skip


@dataclass(frozen=True)
class RehearsedAttribute:
    """One attribute of one account. `attribute` is the account's name of it, or the source's where no mapping uses it.

    `by`: the mapping, as text. `mark`: refused, undone, ignored or unknown, with its reason and the log's code.
    """

    attribute: str
    now: str | None
    then: str | None
    by: str | None
    mark: str | None = None
    why: str | None = None
    code: str | None = None


@dataclass(frozen=True)
class RehearsedPerson:
    """One operation. `kind`: what the plan calls it; `outcome`: what the job makes of it. `attributes`: those that change or have a
    mark, the worst first."""

    person_number: str
    name: str | None
    kind: str
    held_for: str | None
    outcome: str
    why: str | None
    code: str | None
    attributes: tuple[RehearsedAttribute, ...]


@dataclass(frozen=True)
class MarkCount:
    """So many operations have one mark, for one reason, on one attribute."""

    mark: str
    attribute: str
    operations: int
    why: str
    code: str | None
    by: str | None


@dataclass(frozen=True)
class RehearsedPlan:
    """A rehearsed plan. `outcomes`: operations by what becomes of the account; `stops`: operations of which something is refused or
    undone.

    `schema`: which schema it was; `accounts`: how the accounts are known; both in a sentence.
    """

    business_date: dt.date | None
    schema: str
    accounts: str
    headline: str
    outcomes: dict[str, int]
    marks: tuple[MarkCount, ...]
    stops: int
    people_in_all: int
    _spool: Spool

    def people(self, limit: int | None = None) -> Iterator[dict[str, Any]]:
        """The first people, or all: those of whom something is refused, then undone, ignored, not known, then everybody else.

        Each is a `RehearsedPerson` as an object.
        """
        return self._spool.read(limit)


@dataclass
class Spool:
    """People in files of a folder that have no names, one for each rank: only this process can read them."""

    folder: Path
    files: list[IO[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.files = [tempfile.TemporaryFile(dir=self.folder) for _ in range(len(RANKS) + 1)]  # noqa: SIM115

    def close(self) -> None:
        """Let go of the files, which are gone with that."""
        for file in self.files:
            file.close()

    def add(self, rank: int, person: RehearsedPerson) -> None:
        """Keep a person."""
        self.files[rank].write(orjson.dumps(asdict(person), option=orjson.OPT_APPEND_NEWLINE))

    def read(self, limit: int | None = None) -> Iterator[dict[str, Any]]:
        """The people, the worst first."""
        left = limit
        for file in self.files:
            file.seek(0)
            for line in file:
                if left == 0:
                    return
                left = None if left is None else left - 1
                yield orjson.loads(line)


@dataclass(frozen=True)
class _Chosen:
    schema: Schema
    says: str
    own: bool
    """Whether it is what the profile itself asks for."""


@contextmanager
def rehearse(
    installation: Installation, file: Path | None = None, *, announce: Progress = quiet, progress: Progress = quiet
) -> Iterator[RehearsedPlan]:
    """Rehearse the plan that would be made now, for the time of a `with` block: so long its people can be read.

    `file`: an exported schema; None: the job's own, or where it cannot be read the one that the profile asks for. Raises UsageError
    and SchemaFault for a file that is no schema.
    """
    with closing(Spool(installation.home.path)) as spool:
        yield _rehearsed(installation, _schema(installation, file, announce), _Tally(spool), progress)


def _rehearsed(installation: Installation, chosen: _Chosen, tally: _Tally, progress: Progress) -> RehearsedPlan:
    prepared = prepare(chosen.schema)
    profile, target = installation.profile, EntraTarget(installation.target, profile=installation.profile)
    job = kind_of_job(installation.target)
    kind: Kind = prepared.kind or str(job)  # type: ignore[assignment]
    if kind != job:
        chosen = replace(chosen, says=f"{chosen.says}, which writes to {kind} (the job of this home writes to {job})")
    meaning = None if chosen.own else prepare(wanted_schema(installation, kind).schema)
    with installation.warehouse.read() as con, installation.journal() as journal, scratch(con) as t:
        workers = workforce(t, profile)
        moving = find_moves(t, profile, workers).moving
        now = installation.clock()
        found = preview_now(t, installation.loaded, target, journal, moving, now, installation.split)
        directories = _directories(installation, kind)
        read_times = read_at(t, directories)
        told = _accounts_words(read_times)
        if found is None:
            return _of(None, chosen, told, tally, 0)
        limits = {
            name: Limit(rule.longest, rule.form)
            for name, rule in limits_of(profile, "ad" if kind == ACTIVE_DIRECTORY else "entra").items()
        }
        around = Target(limits, verified_domains(t, list(read_times)) if kind != ACTIVE_DIRECTORY else None)
        accounts = KnownAccounts(
            t, table(con, "directory_objects"), tuple(read_times), kind, found.delivered, found.operations
        )
        rehearsal = Rehearsal(prepared, accounts, now, around, meaning)
        _run(t, target, found, workers.workers, rehearsal, tally, progress)
        return _of(workers.day, chosen, told, tally, sum(found.counts.values()))


def write_rehearsal(path: Path, plan: RehearsedPlan) -> None:
    """Write everybody of a rehearsal as a table for a spreadsheet, a row for each attribute that changes or has a mark.

    Cells are as in a plan's table. Raises UsageError when the file cannot be written.
    """

    def fill(out: TextIO) -> None:
        rows = csv.writer(out, quoting=csv.QUOTE_ALL)
        rows.writerow(COLUMNS)
        for person in plan.people():
            whom = [person[name] for name in ("person_number", "name", "kind", "outcome", "why", "code")]
            for one in person["attributes"] or [{}]:
                values = [one.get(name) for name in ("attribute", "now", "then", "by", "mark", "why", "code")]
                rows.writerow([cell(value) for value in (*whom, *values)])

    replace_file(path, "utf-8-sig", fill)


# --- the schema


def _schema(installation: Installation, file: Path | None, announce: Progress) -> _Chosen:
    if file is not None:
        return _Chosen(read_schema_file(installation, file), f"the schema of {file.name}", False)
    try:
        with open_target(installation.settings) as connection:
            announce(describe(connection))
            with GraphClient(connection, clock=installation.clock) as client:
                raw = JobSchema(client, give_up_after=HASTE).read()
        present = read(raw, installation.profile.delivery.null_flow_field)
        prepare(present)
        return _Chosen(present, "the schema that the job has now", False)
    except (ServiceError, SchemaFault) as error:
        why = error.lines[0]
    made = wanted_schema(installation)
    return _Chosen(
        made.schema, f"the schema that the profile asks for, since the job's own could not be read ({why})", True
    )


def _directories(installation: Installation, kind: Kind) -> list[str]:
    """The directories of the profile that the job writes to: those of its kind, or else files of one."""
    wanted = "ad" if kind == ACTIVE_DIRECTORY else "entra"
    named = installation.profile.identity.directories
    of_kind = [name for name, one in named.items() if one.kind == wanted]
    return of_kind or [name for name, one in named.items() if one.kind == "csv"]


def _accounts_words(read_times: dict[str, dt.datetime]) -> str:
    instead = "the values that were delivered last stand in the place of what is not told"
    if not read_times:
        return f"no directory of the target was read: {instead} (`hcm-pipeline identity directory` reads one)"
    listed = ", ".join(f"{name} ({at.astimezone(dt.UTC):%Y-%m-%d %H:%M}Z)" for name, at in sorted(read_times.items()))
    return f"accounts are as of the last reading of {listed}; {instead}"


# --- the operations


@dataclass
class _Tally:
    spool: Spool
    outcomes: Counter[str] = field(default_factory=Counter)
    marks: Counter[tuple[str, str, str, str | None, str | None]] = field(default_factory=Counter)
    stops: int = 0


@dataclass(frozen=True)
class _Whom:
    kind: str
    held_for: str | None
    name: str | None


def _run(
    t: Scratch, target: EntraTarget, found: Preview, workers: Relation, rehearsal: Rehearsal, tally: _Tally,
    progress: Progress,
) -> None:  # fmt: skip
    whom: deque[_Whom] = deque()
    for done, result in enumerate(rehearsal.run(_sent(t, target, found, workers, whom)), 1):
        tally.outcomes[result.outcome] += 1
        tally.stops += result.stops
        for one in {
            (str(a.mark), a.attribute, a.why or "", a.code, a.by) for a in result.attributes if a.mark is not None
        }:
            tally.marks[one] += 1
        tally.spool.add(_rank(result), _person(result, whom.popleft()))
        if done % PAGE == 0:
            progress(f"{counted(done, 'operation')} rehearsed")


def _sent(t: Scratch, target: EntraTarget, found: Preview, workers: Relation, whom: deque[_Whom]) -> Iterator[Sent]:
    """All operations in the order of sending, page by page; each is appended to `whom` before it is read."""
    kinds = ", ".join(literal(kind) for kind in target.kinds)
    order = t.make(
        "rehearsed",
        f"""select person_number, undoes,
            row_number() over (order by list_position([{kinds}], kind), person_number, undoes) - 1 as place
        from {found.operations}""",
    )
    name = "nullif(trim(concat_ws(' ', worker.first_name, worker.last_name)), '')"
    user = target.mapping.user_json
    for first_place in range(0, t.count(order), PAGE):
        page = f"(from {order} where place between {first_place} and {first_place + PAGE - 1})"
        rows = t.rows(
            f"""with page as {page},
            users as (select person_number, undoes, kind, held_for, {user} as user
                from (select operation.* from {found.operations} operation join page
                    on page.person_number = operation.person_number and page.undoes is not distinct from operation.undoes)),
            befores as (select person_number, {user} as user
                from (select delivered.* from {found.delivered} delivered
                    where person_number in (select person_number from page)))
            select users.person_number, users.kind, users.held_for, users.user, befores.user,
                coalesce({name}, worker.display_name)
            from page join users on users.person_number = page.person_number and users.undoes is not distinct from page.undoes
            left join befores on befores.person_number = page.person_number
            left join {workers} worker on worker.person_number = page.person_number
            order by page.place"""
        )
        for number, kind, held_for, json, before, named in rows:
            whom.append(_Whom(kind, held_for, named))
            yield Sent(
                number, orjson.loads(json), orjson.loads(before) if before else None, before is not None,
                kind == OperationKind.RETRY,
            )  # fmt: skip


def _person(result: Rehearsed, whom: _Whom) -> RehearsedPerson:
    shown = [*result.marks, *(one for one in result.attributes if one.mark is None and one.changes is not False)]
    return RehearsedPerson(
        result.key, whom.name, whom.kind, whom.held_for, result.outcome, result.why, result.code, tuple(map(_attribute, shown))
    )  # fmt: skip


def _attribute(one: AttributeResult) -> RehearsedAttribute:
    return RehearsedAttribute(
        one.attribute, as_shown(one.now), as_shown(one.then), one.by, one.mark, one.why, one.code
    )  # fmt: skip


def _rank(result: Rehearsed) -> int:
    if result.outcome in (Outcome.REFUSED, Outcome.SEVERAL_MATCHES):
        return 0
    marks = {one.mark for one in result.attributes}
    return next((place for place, mark in enumerate(RANKS) if mark in marks), len(RANKS))


WOULD = {
    Outcome.DISABLE: "disable an account",
    Outcome.CREATE: "make one",
    Outcome.UPDATE: "change one",
    Outcome.NOTHING: "change nothing",
    Outcome.REFUSED: "be refused",
    Outcome.SEVERAL_MATCHES: "match several accounts",
    Outcome.OUT_OF_SCOPE: "be left out by a scoping filter",
    Outcome.UNMATCHED: "match no account, and make none",
    Outcome.UNKNOWN: "do what is not known",
}


def _of(day: dt.date | None, chosen: _Chosen, told: str, tally: _Tally, operations: int) -> RehearsedPlan:
    said = [f"{tally.outcomes[one]:,} would {WOULD[one]}" for one in WOULD if tally.outcomes.get(one)]
    headline = f"{operations:,} {'operation' if operations == 1 else 'operations'}: {', '.join(said)}." if said else (
        "Nothing would be sent."
    )  # fmt: skip
    if tally.stops:
        headline += f" Of {tally.stops:,} something would be refused or undone."
    order = {str(mark): place for place, mark in enumerate(RANKS)}
    marks = sorted(tally.marks.items(), key=lambda one: (order[one[0][0]], -one[1], one[0][1]))
    return RehearsedPlan(
        day, chosen.says, told, headline, {str(one): tally.outcomes[one] for one in WOULD if tally.outcomes.get(one)},
        tuple(MarkCount(mark, name, count, why, code, by) for (mark, name, why, code, by), count in marks),
        tally.stops, operations, tally.spool,
    )  # fmt: skip
