"""The verb run: materialize business dates up to the manifest, in order, as a recorded Dagster run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, by_target, day, heading, installation
from hcm_pipeline.cli.output import Progress, dump, note, say, show_verdicts, table
from hcm_pipeline.errors import ExtractRefused, GuardStop, PipelineError, PlanHeld, UsageError
from hcm_pipeline.plain_text import counted

DAY_COLUMNS = (
    "business date", "rows", "workers", "joiners", "movers", "leavers", "other changes", "quarantined", "absent, kept",
    "manager warnings", "status",
)  # fmt: skip
SHOWN_COLUMNS = 3
"""Columns of one row that are listed."""


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(run)


def run(
    date: Annotated[str | None, typer.Option(help="One business date, YYYY-MM-DD.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="The first of a range of business dates.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="The last of the range.")] = None,
    as_json: Json = False,
) -> None:
    """Take what lies in landing/ and in the places of the profile, process business dates in order, and plan. Nothing is sent.

    Without a date: every business date that has an extract and no snapshot yet. Rerunning a date is harmless; rerunning an
    old one rebuilds what follows from it.
    """
    here = installation()
    asked = _asked(date, from_, to)
    landed = _land(here, quiet=as_json)
    wanted = asked or flow.pending_days(here.warehouse, here.profile.workers.life.day_of(here.clock()))
    if not wanted:
        if as_json:
            dump({"days": [], "manifest": None, "approved": [], "held": [], "landed": landed, "clearing": []})
        else:
            say(f"nothing to process: no extract waits. Put files into {here.home.landing}, or `land` them")
        _complain(landed)
        return
    with flow.reads_kept():
        _run(here, wanted, landed, as_json=as_json)


def _run(here: flow.Installation, wanted: Sequence[dt.date], landed: list[flow.Landed], *, as_json: bool) -> None:
    """Process dates and plan, and tell what came of it."""
    before = flow.left_out(here)
    with suppress(PlanHeld):  # what is held is told below
        materialize(here, wanted[0], wanted[-1])
    unread = [why for number, why in flow.left_out(here).items() if number not in before]
    for why in unread:
        note(f"refused: {why}")
    days = flow.days_between(here, wanted[0], wanted[-1])
    plans = [(one, flow.open_manifests(one)) for one in here.targets]
    clearing = [line for one, made in plans for line in flow.clearing_sentences(one, made.folders)]
    if as_json:
        made_of = [
            (one, {"manifest": made.manifest, "approved": made.approved, "held": made.held}) for one, made in plans
        ]
        of_targets = made_of[0][1] if len(made_of) == 1 else {"targets": by_target(made_of)}
        dump(
            {"days": days, **of_targets, "landed": landed, "held_back": flow.now_held_back(here), "clearing": clearing}
        )
    else:
        show_days_with_reasons(days, flow.now_held_back(here))
        for one, made in plans:
            heading(one)
            show_manifests(made)
        for sentence in clearing:
            say(sentence)
        show_verdicts("What holds", flow.holding(here))
    _complain(landed)
    if unread:
        raise PipelineError(
            f"{counted(len(unread), 'extract')} could not be read, so that nothing of it was processed; see above"
        )
    if any(made.held for _, made in plans):
        raise typer.Exit(GuardStop.exit_code)


def _asked(date: str | None, from_: str | None, to: str | None) -> list[dt.date]:
    if date and (from_ or to):
        raise UsageError("--date names one day, --from and --to a range; give one or the other")
    if bool(from_) != bool(to):
        raise UsageError("--from and --to go together")
    first, last = day(date) or day(from_, "--from"), day(date) or day(to, "--to")
    if first is None or last is None:
        return []
    if last < first:
        raise UsageError(f"--to {last} is before --from {first}")
    return [first, last]


def _land(here: flow.Installation, *, quiet: bool) -> list[flow.Landed]:
    if not flow.waiting(here.home, here.profile) and not here.profile.places:
        return []
    results = flow.land_all(here, wait=True)
    for result in results:
        if not quiet or result.result in {"left", "refused", "unreachable"}:
            note(f"{result.name}: {result.result}: {result.message}")
    return results


def _complain(landed: list[flow.Landed]) -> None:
    failures = {"refused", "unreachable"}
    bad = [result for result in landed if result.result in failures]
    if bad:
        raise ExtractRefused(bad[0].name, bad[0].result, f"{flow.failures_of(landed, failures)}; see above")


def materialize(here: flow.Installation, first: dt.date, last: dt.date) -> None:
    """One Dagster run over a range of dates, in this process, recorded in the home's instance. Raises what it raised."""
    flow.require_dates(
        here.profile, first, last, here.clock()
    )  # a fault of the profile is told before Dagster is loaded
    from hcm_pipeline.defs import in_process

    progress = Progress()
    with progress.shown():
        in_process.materialize(here.settings, first, last, progress)


def show_days(title: str, days: Iterable[flow.Day]) -> None:
    """Print business dates for people."""
    table(title, DAY_COLUMNS, [_day_row(found) for found in days])


def _day_row(found: flow.Day) -> list[object]:
    kinds = found.changes
    named = [kinds.get(kind, 0) for kind in ("joiner", "mover", "leaver")]
    stands = found.status if found.extracts or found.status != "done" else "carried forward"
    return [
        found.business_date.isoformat(), found.rows, found.workers, *named, sum(kinds.values()) - sum(named),
        found.quarantined, found.absent, found.manager_warnings, stands,
    ]  # fmt: skip


def show_reasons(title: str, reasons: Iterable[flow.QuarantineReason]) -> None:
    """Print reasons for quarantine for people."""
    table(
        title,
        ("date", "file", "rule", "column", "kind of value", "rows", "first row"),
        [[r.business_date.isoformat(), r.file, r.rule, r.column, r.value_class, r.rows, r.first_row] for r in reasons],
    )


def show_held_back(found: flow.HeldBack) -> None:
    """Print for people what waits for a row that mends it."""
    show_held_cells("Held back until a row mends it", found.cells)
    if found.in_all > len(found.cells):
        say(f"and {found.in_all - len(found.cells):,} more: the view held_back of the read copy has all")
    if found.exits:
        say(
            f'{found.exits:,} of them may have left: their status or last day cannot be read; see "an exit may wait" above'
        )


def show_held_cells(title: str, cells: Iterable[flow.HeldCells]) -> None:
    """Print held-back cells for people."""
    table(
        title,
        ("person number", "columns", "rule", "kind of value", "file", "row", "since", "meanwhile"),
        [
            [c.person_number, _columns(c), c.rule, c.value_class, c.file, c.row_no, c.since.isoformat(), _meanwhile(c)]
            for c in cells
        ],
    )


def _columns(cell: flow.HeldCells) -> str:
    shown, left = ", ".join(cell.columns[:SHOWN_COLUMNS]), len(cell.columns) - SHOWN_COLUMNS
    return f"{shown} and {left} more" if left > 0 else shown


def _meanwhile(cell: flow.HeldCells) -> str:
    stays = "the last good value stays" if cell.held == "cells" else "the row does not count"
    return f"{stays}; an exit may wait" if cell.exit_may_wait else stays


def show_days_with_reasons(days: Sequence[flow.DayWithReasons], held_back: flow.HeldBack) -> None:
    """Print the days of a run for people."""
    show_days("Business dates", days)
    show_reasons("Rows that break a rule", [reason for found in days for reason in found.quarantine])
    show_held_back(held_back)


def show_manifests(made: flow.OpenManifests) -> None:
    """Print the manifests of a run for people."""
    manifest = made.manifest
    if manifest is not None:
        say(
            f"manifest {manifest.manifest_id[:12]} of {manifest.business_date} is ready: "
            f"{counted(manifest.operations, 'operation')} in {counted(manifest.requests, 'request')}"
        )
        say(f"  {manifest.folder}")
        say("  `hcm-pipeline plan` shows what it would do, `hcm-pipeline upload` sends it")
    for approved in made.approved:
        say(
            f"manifest {approved.manifest_id[:12]} was approved ({approved.held_for}): {counted(approved.operations, 'operation')}"
        )
        say("  `hcm-pipeline upload` sends them")
    for held in made.held:
        say(f"manifest {held.manifest_id[:12]} is held ({held.held_for}): {counted(held.operations, 'operation')}")
        say("  `hcm-pipeline plan` says why and whom it is about; to decide:", f"  {held.approve_command}")
    if manifest is None and not made.held and not made.approved:
        say("nothing to send: the target has what it should have")
