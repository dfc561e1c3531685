"""Writing back: names, mail and phones of Entra ID to Oracle HCM, by the plans, guards and uploads of delivery.

A plan reads what has changed in Entra ID, compares it with what Oracle HCM is known to have, and writes manifests; an upload reads
every worker before it writes. Our own writes that come back differ in nothing, and so start nothing.
"""

from __future__ import annotations

import datetime as dt
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial

import duckdb
import httpx

from hcm_pipeline.deciders import Decider
from hcm_pipeline.delivery import (
    WRITES_BACK,
    HistoryDecision,
    HistoryStop,
    HistoryWord,
    Journal,
    JournaledManifest,
    Plan,
    Rules,
    Task,
    Threads,
    UploadReport,
    UploadTerms,
    ask_undo,
    canary_of,
    make_plan,
    names_of,
    sync_warehouse,
)
from hcm_pipeline.delivery import upload as send
from hcm_pipeline.directory import ContactsRead, read_contacts
from hcm_pipeline.entra import GraphClient
from hcm_pipeline.errors import PipelineError, UsageError
from hcm_pipeline.flow.confirming import meant
from hcm_pipeline.flow.directories import tenant_name
from hcm_pipeline.flow.hr_statements import stated
from hcm_pipeline.flow.installation import Counted, Installation, Progress, quiet, uncounted
from hcm_pipeline.flow.known_journal import refuse_lost_journal, require_known_journal
from hcm_pipeline.flow.plan_facts import facts_of
from hcm_pipeline.locks import advisory_lock
from hcm_pipeline.oracle import OracleConnection, WriteRules
from hcm_pipeline.profile import Oracle, Writeback
from hcm_pipeline.targets.entra import describe, open_target
from hcm_pipeline.targets.oracle import OracleLive, OracleTarget, key_of, limits_of, was
from hcm_pipeline.warehouse import Relation, Scratch, first, literal, quote, scratch, table

LOCK_SECONDS = 600.0
SHOWN_PEOPLE = 200
"""People of a plan that are told one by one; the read copy has all."""
WAY = "user names of {}"
"""The key under which it is kept what takes user names."""


@dataclass(frozen=True)
class ChangeBack:
    """One value of one worker in a plan: what Oracle HCM has by all that is known, and what it would have."""

    person_number: str
    attribute: str
    old: str | None
    new: str | None
    kind: str
    held_for: str | None


@dataclass(frozen=True)
class ManifestBack:
    """A manifest of a plan."""

    manifest_id: str
    operations: int
    held_for: str | None
    undoes: str | None = None

    @property
    def approve_command(self) -> str:
        """The command that lets it go out."""
        return f"hcm-pipeline approve {self.manifest_id} {self.operations}"


@dataclass(frozen=True)
class PlanBack:
    """A plan of writeback. `workers` are on both sides; `waiting` counts those left out, by reason; `waiting_people` names the
    first of those whom somebody has to look at. `changes` are at most `SHOWN_PEOPLE` workers' of `people` in all."""

    business_date: dt.date
    target: str
    contacts: ContactsRead
    workers: int
    people: int
    changes: tuple[ChangeBack, ...]
    manifests: tuple[ManifestBack, ...]
    waiting: dict[str, int]
    waiting_people: tuple[tuple[str, str], ...]
    guards: tuple[str, ...]

    @property
    def held(self) -> tuple[ManifestBack, ...]:
        """Those that wait for a person."""
        return tuple(one for one in self.manifests if one.held_for is not None)


@dataclass(frozen=True)
class AppliedBack:
    """The result of an upload, a report for each manifest, and the manifests that wait for a decision."""

    reports: tuple[UploadReport, ...]
    held: tuple[ManifestBack, ...]
    written: int
    """Workers of whom a value was written."""
    there: int
    """Workers who had it already."""
    failed: dict[str, int]
    """Workers who were not written, by the code."""


def section_of(installation: Installation) -> Writeback:
    """The profile's `[writeback]`. Raises UsageError where it has none."""
    if installation.profile.writeback is None:
        raise UsageError(
            "the profile has no [writeback]: nothing goes back to Oracle HCM; HCM_PIPELINE_PROFILE=oracle-hcm-live names the"
            " built-in profile that writes names, mail and phones back"
        )
    if not installation.profile.writeback.to_hr:
        raise UsageError(
            "[writeback] of the profile has no attribute with direction = 'to_hr': nothing goes back to Oracle HCM"
        )
    return installation.profile.writeback


def target_of(installation: Installation) -> str:
    """The key of the Oracle HCM that the environment names. Raises UsageError where it names none."""
    return key_of(_connection(installation))


# --- planning


def plan_writeback(
    installation: Installation, *, full: bool = False, undo: tuple[str, int | None, str] | None = None,
    announce: Progress = quiet, progress: Progress = quiet, started_by: str | None = None,
) -> PlanBack | None:  # fmt: skip
    """Read what has changed in Entra ID, and plan what Oracle HCM does not have; None when no business date was processed yet.

    `full`: every user is read. `undo`: a manifest to be undone, how many operations it has, and who wants that. Raises UsageError
    where profile or environment lack what it takes, and what the services make of it.
    """
    section, connection = section_of(installation), _connection(installation)
    target = _target(section, connection)
    refuse_another(installation, target.key, None)
    with _alone(installation):
        with open_target(installation.tenant.settings) as tenant, GraphClient(tenant) as client:
            announce(describe(tenant))
            progress("reading what has changed in Entra ID")
            read = read_contacts(
                installation.warehouse, client, tenant_name(tenant), installation.clock(), full=full
            )  # fmt: skip
        if undo is not None:
            _ask_undo(installation, target.key, *undo)
        with installation.warehouse.write() as con, installation.journal() as journal:
            with scratch(con) as t:
                task = _task(installation, t, target)
                made = make_plan(con, task, installation.home, journal, progress, started_by) if task else None
            if made is None:
                return None
            # the table of verdicts is that of accounts: what holds a manifest of writeback stands in its `plan.json`
            told = _told(con, target, made, read)
            with scratch(con) as t:
                told = replace(told, waiting_people=_who_wait(t, installation, target))
        installation.warehouse.publish()
    if undo is not None and not any(one.undoes is not None for one in told.manifests):
        raise UsageError(f"manifest {undo[0][:12]}: there is nothing to put back")
    return told


def _task(installation: Installation, t: Scratch, target: OracleTarget) -> Task | None:
    facts = facts_of(t, installation.profile)
    if facts is None:
        return None
    loaded = installation.loaded
    workers = t.count(f"(select 1 from {facts.sources['hr_workers']} where in_scope)")
    written = _written(t, target)
    sources = {
        **facts.sources, "contacts": table(t.con, "entra_contacts"), "written": written,
        "stated": stated(installation, t),
    }  # fmt: skip
    guards = target.guards(loaded.profile.guards, workers)
    rules = Rules(loaded.profile.name, loaded.sha256, guards, loaded.profile.delivery, workers)
    return Task(target, rules, replace(facts, sources=sources), installation.clock())


def _written(t: Scratch, target: OracleTarget) -> Relation:
    """person_number, every value of what was written last to a target, and whether it failed."""
    delivered = t.complete(table(t.con, "delivered"), dict.fromkeys(names_of(target), "VARCHAR"))
    values = ", ".join(map(quote, names_of(target)))
    failed = f"person_number in (select person_number from failures where target = {literal(target.key)}) as failed"
    return t.view(
        "written", f"select person_number, {values}, {failed} from {delivered} where target = {literal(target.key)}"
    )


def _told(con: duckdb.DuckDBPyConnection, target: OracleTarget, made: Plan, read: ContactsRead) -> PlanBack:
    manifests = tuple(
        ManifestBack(m.manifest_id, m.operations, m.held_for, m.undoes) for m in made.manifests
    )  # fmt: skip
    changes: list[ChangeBack] = []
    with scratch(con) as t:
        planned = t.complete(
            table(con, "planned"), dict.fromkeys([*target.attributes, *map(was, target.attributes)], "VARCHAR")
        )
        values = ", ".join(f"{quote(was(name))}, {quote(name)}" for name in target.attributes)
        ids = [m.manifest_id for m in manifests]
        rows = t.rows(
            f"""select person_number, kind, held_for, {values} from {planned} join manifests using (plan_no)
            where list_contains(?::varchar[], manifest_id) order by person_number limit {SHOWN_PEOPLE}""",
            [ids],
        )
    for number, kind, held_for, *pairs in rows:
        for name, old, new in zip(target.attributes, pairs[::2], pairs[1::2], strict=True):
            if new is not None and new != old:
                changes.append(ChangeBack(number, name, old, new, kind, held_for))
    return PlanBack(
        made.business_date, target.key, read, made.desired, sum(m.operations for m in manifests), tuple(changes), manifests,
        dict(made.withheld), (), tuple(one.describe(values=True) for one in made.verdicts if one.tripped),
    )  # fmt: skip


def _who_wait(t: Scratch, installation: Installation, target: OracleTarget) -> tuple[tuple[str, str], ...]:
    """Person number and reason of workers of whom several users have the number, the first of them; those without one are many."""
    task = _task(installation, t, target)
    if task is None:
        return ()
    waiting = target.waiting(t, task.facts.sources)
    return tuple(t.rows(f"select person_number, reason from {waiting} order by reason desc, person_number limit 50"))


def _ask_undo(installation: Installation, target: str, manifest: str, operations: int | None, by: str) -> None:
    meant(installation, "undo", manifest, operations)
    with installation.journal() as journal:
        found = journal.get(manifest)
    if found.target != target:
        raise UsageError(
            f"manifest {found.manifest_id[:12]} is not one of writeback to {target.removeprefix(WRITES_BACK)}:"
            " `hcm-pipeline plan --undo` undoes it"
        )
    with installation.warehouse.write() as con:
        ask_undo(con, target, found.manifest_id, Decider(by, installation.clock()))


# --- applying


def apply_writeback(
    installation: Installation, manifest: str | None = None, *, past_canary_by: str | None = None,
    adopt: tuple[str, str] | None = None, announce: Progress = quiet, progress: Counted = uncounted,
    wire: httpx.BaseTransport | None = None,
) -> AppliedBack:  # fmt: skip
    """Send what is left of a manifest (a beginning of its id), or of all that are ready for the Oracle HCM.

    `past_canary_by`: this person lets the named manifest go on, whatever its first workers came to. `adopt`: a person's reason
    and name, for another Oracle HCM than the one that was written before. Raises UsageError, HistoryStop, and what
    `delivery.upload` raises; the same call goes on from there.
    """
    section, connection = section_of(installation), _connection(installation)
    refuse_lost_journal(installation.warehouse)
    announce(f"Oracle HCM: {connection.host}")
    with _alone(installation), installation.journal() as journal:
        require_known_journal(installation.warehouse, journal)
        key = key_of(connection)
        refuse_another(installation, key, adopt)
        target = _live(installation, section, connection, wire)
        chosen = [journal.get(manifest)] if manifest else [m for m in journal.open_manifests() if m.target == key]
        for one in chosen:
            if not one.target.startswith(WRITES_BACK):
                raise UsageError(
                    f"manifest {one.manifest_id[:12]} is none of writeback: `hcm-pipeline upload` sends it"
                )
        seen = journal.last_acceptance()
        reports = []
        for one in chosen:
            if past_canary_by is not None:
                journal.pauses(one.target).release(one.manifest_id, Decider(past_canary_by, installation.clock()))
            reports.append(_sent(installation, target, journal, one, progress))
        held = () if manifest else tuple(
            ManifestBack(m.manifest_id, m.operations, m.held_for) for m in journal.held_manifests(key)
        )  # fmt: skip
    if reports:
        _keep_way(installation, target)
        sync_warehouse(installation.warehouse, target, installation.profile.outcomes)
    return _applied(installation, key, seen, tuple(reports), held)


def _sent(
    installation: Installation, target: OracleLive, journal: Journal, manifest: JournaledManifest, progress: Counted
) -> UploadReport:
    return send(
        installation.home, target, manifest.manifest_id, journal=journal,
        terms=UploadTerms(clock=installation.clock, canary=canary_of(installation.profile.delivery, sandbox=False)),
        progress=progress, in_flight=partial(Threads, width=target.width),
    )  # fmt: skip


def _applied(
    installation: Installation, key: str, seen: int, reports: tuple[UploadReport, ...], held: tuple[ManifestBack, ...]
) -> AppliedBack:
    """Count what became of the workers of what was accepted since `seen`."""
    written = there = 0
    failed: dict[str, int] = {}
    if reports:
        with installation.journal() as journal:
            told = journal.answered_outcomes_after(seen, key)
        for entry in told:
            if entry.error_code:
                failed[entry.error_code] = failed.get(entry.error_code, 0) + 1
            elif '"how":"P' in (entry.reason or ""):
                written += 1
            else:
                there += 1
    return AppliedBack(reports, held, written, there, failed)


def refuse_another(installation: Installation, key: str, adopt: tuple[str, str] | None) -> None:
    """Raise HistoryStop where another Oracle HCM was written last and no person has said that this one is meant."""
    with installation.journal() as journal:
        sends = {
            other: journal.last_send(other)
            for other in {m.target for m in journal.manifests() if m.target.startswith(WRITES_BACK)} | {key}
        }
        last = max(sends, key=lambda other: sends[other])
        if not sends[last] or last == key:
            return
        why = f"this home has written to {last.removeprefix(WRITES_BACK)}, and ORACLE_HCM_URL names {key.removeprefix(WRITES_BACK)}"
        if adopt is None:
            raise HistoryStop(
                f"nothing was written: {why}. Mend the environment or use another home; if the other one is meant:"
                " `hcm-pipeline writeback apply --adopt-target REASON`"
            )
        reason, by = adopt
        journal.fence(key).decide(
            HistoryDecision(HistoryWord.ADOPT, by, installation.clock(), reason, why)
        )  # fmt: skip


# --- the parts


def _connection(installation: Installation) -> OracleConnection:
    connection = installation.settings.oracle
    if connection is None:
        raise UsageError(
            "ORACLE_HCM_URL is not set: it names Oracle HCM, with ORACLE_HCM_USERNAME and ORACLE_HCM_PASSWORD, or ORACLE_HCM_TOKEN,"
            " or ORACLE_HCM_TOKEN_URL and a client; `hcm-pipeline sandbox` serves one to try"
        )
    return connection


def _target(section: Writeback, connection: OracleConnection) -> OracleTarget:
    limits = limits_of(section.workers_per_request, section.requests_per_minute)
    return OracleTarget(key_of(connection), limits, key_of(connection), section=section)


def _live(
    installation: Installation, section: Writeback, connection: OracleConnection, wire: httpx.BaseTransport | None
) -> OracleLive:
    oracle = installation.profile.oracle or Oracle.model_validate({})
    rules = WriteRules(
        rest_root=oracle.rest_root, email_type=section.email_type, work_phone_types=section.work_phones,
        mobile_phone_types=section.mobile_phones, user_name_by=section.user_name_by, account_mail=section.account_mail,
        before_start=section.before_start, after_end=section.after_end,
    )  # fmt: skip
    live = OracleLive(
        key_of(connection), limits_of(section.workers_per_request, section.requests_per_minute), key_of(connection),
        connection=connection, rules=rules, zone_day=installation.profile.workers.life.day_of,
        framework_version=max(3, oracle.framework_version), timeout=section.timeout_seconds, width=section.concurrency,
        wire=wire,
    )  # fmt: skip
    with installation.warehouse.read_or_empty() as con:
        known = first(con, "select value from meta where key = ?", [WAY.format(live.key)])
    if known and known[0] in ("user_accounts", "scim"):
        live.memory[live.key] = known[0]
    return live


def _keep_way(installation: Installation, target: OracleLive) -> None:
    """Keep which resource takes user names: it is tried once."""
    way = target.memory.get(target.key)
    if way is not None:
        with installation.warehouse.write() as con:
            con.execute("insert or replace into meta values (?, ?)", [WAY.format(target.key), way])


def _alone(installation: Installation) -> AbstractContextManager[None]:
    home = installation.private_home()
    return advisory_lock(
        home.locks / "writeback", LOCK_SECONDS,
        refuse=lambda holder: PipelineError(f"process {holder} is writing back; try again when it has ended"),
    )  # fmt: skip


# --- for machines


@dataclass(frozen=True)
class ReadyBack:
    """A manifest of writeback that may go out now by itself."""

    manifest_id: str
    operations: int


def ready_writeback(installation: Installation) -> list[ReadyBack] | str:
    """The manifests that an upload would go on with; a sentence where none may start by itself."""
    section = installation.profile.writeback
    if section is None or installation.settings.oracle is None:
        return "nothing is written back: the profile has no [writeback], or ORACLE_HCM_URL is not set"
    key = key_of(installation.settings.oracle)
    with installation.journal() as journal:
        ready = [m for m in journal.open_manifests() if m.target == key]
        gates = journal.pauses(key)
        paused = gates.paused()
        if not ready:
            return "no manifest of writeback is ready"
        if any(gates.failed(m.manifest_id) for m in ready):
            return "the first workers were not written well: `hcm-pipeline writeback apply` says why"
        if journal.last_send(key) == 0:
            return "nothing was ever written to this Oracle HCM: the first time is a person's, with `hcm-pipeline writeback apply`"
        if paused is not None and paused.holds(installation.clock()):
            return paused.describe()
    return [ReadyBack(m.manifest_id, m.operations) for m in ready]
