"""Planning: names for those whose account was decided about, and the manifests that bring the target up to the snapshot."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import duckdb

from hcm_pipeline.deciders import Decider
from hcm_pipeline.delivery import (
    CONFIGURES,
    OTHERS,
    WAITING,
    WRITES_BACK,
    OperationKind,
    ask_undo,
    folder_of,
    make_plan,
    verify,
)
from hcm_pipeline.delivery import Manifest as Manifest
from hcm_pipeline.delivery import Plan as Plan
from hcm_pipeline.errors import GuardStop, UsageError
from hcm_pipeline.flow import verdict_table
from hcm_pipeline.flow.confirming import meant
from hcm_pipeline.flow.first_load_guard import first_load_verdict
from hcm_pipeline.flow.installation import Clock, Installation, Progress, quiet, utc_now
from hcm_pipeline.flow.known_journal import open_journal, refuse_lost_journal
from hcm_pipeline.flow.naming import name_workers
from hcm_pipeline.flow.plan_facts import task_of, why_plan_now
from hcm_pipeline.flow.populations import Split, only
from hcm_pipeline.flow.profiles import require_target
from hcm_pipeline.flow.views.days import newest_date
from hcm_pipeline.home import Home
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import LoadedProfile
from hcm_pipeline.targets.entra import EntraTarget, own_sandbox
from hcm_pipeline.verdicts import Effect
from hcm_pipeline.warehouse import Warehouse, first, scratch, transaction
from hcm_pipeline.workers import prepare

BECOMES = {
    OperationKind.DISABLE: "disabled",
    OperationKind.ENABLE: "enabled",
    OperationKind.CREATE: "created",
    OperationKind.RENAME: "renamed",
    OperationKind.MOVE: "moved",
    OperationKind.UPDATE: "changed",
    OperationKind.RETRY: "sent again",
}
"""An account would be this by each kind of operation."""


def plan(
    warehouse: Warehouse,
    loaded: LoadedProfile,
    target: str,
    *,
    clock: Clock = utc_now,
    progress: Progress = quiet,
    started_by: str | None = None,
    split: Split | None = None,
) -> Plan | None:
    """Plan what the newest snapshot asks for; None when no business date was processed yet. Raises GuardStop (see `give_names`)
    and HistoryStop for a journal that is lost.

    `started_by`: the person who started the run, None when nobody is known, as of a sensor's. `split`: which of several targets
    it is, None where there is one.
    """
    refuse_lost_journal(warehouse)
    here = split.here if split else None
    try:
        require_target(here.kind if here else loaded.profile.target.kind, target, here.name if here else "")
        with warehouse.write() as con, open_journal(warehouse.home, clock) as journal:
            prepare(con, loaded)
            _refuse_ahead(con, loaded, clock())
            _name_the_rest(con, loaded, clock())
            with scratch(con) as t:
                task = task_of(t, loaded, EntraTarget(target, profile=loaded.profile), clock(), split=split)
                made = make_plan(con, task, warehouse.home, journal, progress, started_by) if task else None
            if made is not None:
                sandbox = here.sandbox if here else target == own_sandbox(warehouse.home)
                unclean = first_load_verdict(
                    con, journal, only(loaded.profile, here.name) if here else loaded.profile, target, sandbox=sandbox
                )
                with transaction(con):
                    verdict_table.keep_plan(con, made, clock(), unclean, here.name if here else "")
            return made
    except GuardStop:
        warehouse.publish()  # what stopped it is shown from there
        raise


def undo(
    warehouse: Warehouse, loaded: LoadedProfile, target: str, manifest_id: str, by: str,
    *, clock: Clock = utc_now, progress: Progress = quiet, split: Split | None = None,
) -> Plan:  # fmt: skip
    """Plan with an undo of a manifest among its held ones; it is asked for until it is done or rejected.

    Raises UsageError when nothing of the manifest can be put back.
    """
    with warehouse.write() as con:
        ask_undo(con, target, manifest_id, Decider(by, clock()))
    made = plan(warehouse, loaded, target, clock=clock, progress=progress, started_by=by, split=split)
    if made is None or not any(manifest.undoes == manifest_id for manifest in made.held):
        left_out = made.left_out.get(manifest_id, {}) if made else {}
        why = (
            ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in left_out.items()) or "no operations"
        )
        raise UsageError(f"manifest {manifest_id[:12]}: there is nothing to put back ({why})")
    return made


def undo_manifest(
    installation: Installation, manifest: str, *, operations: int | None, by: str, progress: Progress = quiet
) -> tuple[str, Plan]:
    """Plan with an undo of a manifest; its whole id, and the plan. Raises UsageError as `undo` does.

    `manifest`: at least twelve characters of its id; `operations`: how many it has. Raises UsageError unless both are those of one.
    """
    meant(installation, "undo", manifest, operations)
    with installation.journal() as journal:
        found = journal.get(manifest)
    if found.target.startswith(CONFIGURES):
        raise UsageError(
            f"manifest {found.manifest_id[:12]} is a change of the job: `hcm-pipeline target restore` puts back what was before"
        )
    if found.target.startswith(WRITES_BACK):
        raise UsageError(
            f"manifest {found.manifest_id[:12]} is one of writeback: `hcm-pipeline writeback plan --undo {found.manifest_id}"
            f" --operations {found.operations}` undoes it"
        )
    made = undo(
        installation.warehouse, installation.loaded, found.target, found.manifest_id, by,
        clock=installation.clock, progress=progress, split=installation.of_key(found.target).split,
    )  # fmt: skip
    installation.warehouse.publish()
    return found.manifest_id, made


@dataclass(frozen=True)
class PlanAgain:
    """Why the newest business date should be planned again. `key` is the same for the same failures."""

    day: dt.date
    why: str
    key: str


def plan_again(installation: Installation) -> PlanAgain | str:
    """Whether somebody is to be sent again now, of several targets at any; a sentence when not: a manifest comes first, or nobody
    is due."""
    found = [_plan_again(one) for one in installation.targets]
    due = [one for one in found if isinstance(one, PlanAgain)]
    if due:
        return due[0]
    return "; ".join(dict.fromkeys(one for one in found if isinstance(one, str)))


def _plan_again(installation: Installation) -> PlanAgain | str:
    if not installation.home.read_copy.is_file():
        return "nothing was processed yet"
    with installation.journal() as journal:
        before = [m for m in journal.manifests(*WAITING) if m.target == installation.target]
    if before:
        return f"manifest {before[0].manifest_id[:12]} is {before[0].state}; it comes first"
    with installation.warehouse.read() as con:
        due = why_plan_now(con, installation.profile, installation.target, installation.clock(), installation.split)
        day = first(con, "select max(business_date) from days where status = 'done'")
    if due is None or day is None or day[0] is None:
        return "nobody is to be sent again now"
    why, key = due
    return PlanAgain(day[0], why, key)


def _refuse_ahead(con: duckdb.DuckDBPyConnection, loaded: LoadedProfile, now: dt.datetime) -> None:
    """Raise GuardStop when the newest snapshot speaks for a date ahead of the clock: nothing of it may be sent yet."""
    row, today = newest_date(con), loaded.profile.workers.life.day_of(now)
    if row is not None and row > today:
        raise GuardStop(
            f"the newest snapshot speaks for {row}, which is ahead of the clock (today is {today}): nothing is planned before that"
            " day; see whether the clock is right"
        )


def _name_the_rest(con: duckdb.DuckDBPyConnection, loaded: LoadedProfile, now: dt.datetime) -> None:
    """On the newest date: names for those whose account has been decided about since it was processed."""
    row = first(con, "select max(business_date) from days where status = 'done' having count(*) > 0")
    if row is None:
        return
    day = row[0]
    try:
        with transaction(con):
            given = name_workers(con, loaded.profile, day, now)
            if given:
                con.execute(
                    "update days set identities_given = identities_given + ? where business_date = ?", [given, day]
                )
    except GuardStop as stop:
        with transaction(con):
            verdict_table.keep(con, verdict_table.of_stop(day, stop), now)
        raise


def operation_kinds(made: Plan | None) -> dict[str, int]:
    """The operations of a plan by kind, held ones among them, in the order of sending; zeros too."""
    return {kind: made.counts.get(kind, 0) if made else 0 for kind in OperationKind}


def operations_sentence(made: Plan) -> str:
    """The operations of a plan in words: what would become of how many accounts."""
    said = [
        f"{counted(count, 'account')} would be {BECOMES[OperationKind(kind)]}"
        for kind, count in operation_kinds(made).items()
        if count
    ]
    return f"{'; '.join(said) or 'Nothing is to be sent'}."


def manifest_folder(home: Home, manifest: Manifest) -> Path:
    """The folder that a manifest and its requests lie in."""
    return folder_of(home.manifests, manifest)


def verify_files(home: Home, made: Plan) -> None:
    """Raise PipelineError when a manifest of a plan does not hash to its id, or its requests to what it says of them."""
    for manifest in made.manifests:
        verify(manifest_folder(home, manifest))


def nothing_goes_on(made: Plan) -> bool:
    """Whether the profile says that nothing of a plan goes out before a person has decided about what tripped."""
    return any(m.held_for == OTHERS for m in made.held) or any(
        verdict.tripped and verdict.effect is Effect.STOP for verdict in verdict_table.plan_verdicts(made)
    )


def tripped_sentences(made: Plan) -> list[str]:
    """The limits that tripped over a plan, a sentence each, fit for a log."""
    return [verdict_table.loggable(verdict) for verdict in verdict_table.plan_verdicts(made) if verdict.tripped]
