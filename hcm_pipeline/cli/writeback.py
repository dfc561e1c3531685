"""Verbs of writeback: names, mail and phones of Entra ID to Oracle HCM."""

from __future__ import annotations

from typing import Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, existing_installation, verb_group
from hcm_pipeline.cli.output import Progress, dump, note, say, table
from hcm_pipeline.errors import GuardStop, UsageError
from hcm_pipeline.plain_text import counted, of_all

writeback_app = verb_group("Names, mail and phones of Entra ID to Oracle HCM.")


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command."""
    app.add_typer(writeback_app, name="writeback")


@writeback_app.command("plan")
def writeback_plan(
    full: Annotated[
        bool, typer.Option("--full", help="Read every user of Entra ID, not only what has changed.")
    ] = False,
    undo: Annotated[
        str | None, typer.Option(metavar="MANIFEST", help="Plan to put back what Oracle HCM had before this manifest.")
    ] = None,
    operations: Annotated[int | None, typer.Option(help="With --undo: the number of its operations.")] = None,
    as_json: Json = False,
) -> None:
    """Read what has changed in Entra ID, and plan what Oracle HCM does not have. Writes nothing there. Prints personal data."""
    here = existing_installation()
    progress, asked = Progress(), None if undo is None else (undo, operations, flow.system_user())
    with progress.shown():
        planned = flow.plan_writeback(
            here, full=full, undo=asked, announce=note if as_json else say, progress=progress,
            started_by=flow.system_user(),
        )  # fmt: skip
    if as_json:
        dump({} if planned is None else planned)
    elif planned is None:
        say("no business date was processed yet: `hcm-pipeline feed drain --full` and `hcm-pipeline run` come first")
    else:
        _show_plan(planned)
    if planned is not None and planned.held:
        raise typer.Exit(GuardStop.exit_code)


@writeback_app.command("apply")
def writeback_apply(
    manifest: Annotated[
        str | None, typer.Argument(help="A manifest's id or the beginning of it; default: all that wait.")
    ] = None,
    past_canary: Annotated[
        bool, typer.Option("--past-canary", help="Let the named manifest go on, whatever its first workers came to.")
    ] = False,
    adopt_target: Annotated[
        str | None, typer.Option(metavar="REASON", help="Write to the environment's Oracle HCM instead of the home's.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write what is planned to Oracle HCM: each worker is read first, and nothing is written that is there already."""
    if past_canary and not manifest:
        raise UsageError("--past-canary: name the manifest that is to go on")
    if adopt_target is not None and not adopt_target.strip():
        raise UsageError("--adopt-target: needs a reason, which is kept with your name")
    progress = Progress()
    with progress.shown():
        done = flow.apply_writeback(
            existing_installation(),
            manifest,
            past_canary_by=flow.system_user() if past_canary else None,
            adopt=(adopt_target.strip(), flow.system_user()) if adopt_target else None,
            announce=note if as_json else say,
            progress=flow.sending(progress),
        )
    if as_json:
        dump(done)
    else:
        _show_applied(done)
    states = {report.state for report in done.reports}
    if any(report.stopped for report in done.reports):
        raise typer.Exit(GuardStop.exit_code)
    if states & {"failed", "superseded"}:
        raise typer.Exit(1)
    _say_held(done.held)
    if done.held or "rejected" in states:
        raise typer.Exit(GuardStop.exit_code)


def _show_plan(planned: flow.PlanBack) -> None:
    say(
        f"{counted(planned.contacts.users, 'user')} of Entra ID,"
        f" {planned.contacts.changed:,} of them changed ({planned.contacts.read})"
    )
    table(
        f"{of_all(planned.people, planned.workers, 'worker', 'differ')} in Oracle HCM",
        ("worker", "attribute", "in Oracle HCM", "would become", "held for"),
        [[one.person_number, one.attribute, one.old, one.new, one.held_for] for one in planned.changes],
    )
    table("Left out", ("reason", "workers"), list(planned.waiting.items()))
    table("Who is left out, the first of them", ("worker", "reason"), planned.waiting_people)
    for sentence in planned.guards:
        say(sentence)
    for one in planned.manifests:
        if one.held_for is None:
            say(
                f"manifest {one.manifest_id[:12]} is ready: {counted(one.operations, 'worker')};"
                " `hcm-pipeline writeback apply` writes them"
            )
    _say_held(planned.held)
    if not planned.manifests:
        say("nothing to write: Oracle HCM has what it should have")


def _say_held(held: tuple[flow.ManifestBack, ...]) -> None:
    for one in held:
        note(f"manifest {one.manifest_id[:12]} is held ({one.held_for}): to decide: {one.approve_command}")


def _show_applied(done: flow.AppliedBack) -> None:
    if not done.reports:
        say("no manifest of writeback is ready; `hcm-pipeline writeback plan` makes one")
        return
    for report in done.reports:
        reason = f" ({report.reason})" if report.reason else ""
        until = f"; it goes on at {report.paused_until:%Y-%m-%d %H:%M}Z" if report.paused_until else ""
        say(f"manifest {report.manifest_id[:12]} is {report.state}{reason}{until}")
    say(
        f"{counted(done.written, 'worker')} written, {done.there:,} had it already, {sum(done.failed.values()):,} not written"
    )
    table("Not written", ("code", "workers"), list(done.failed.items()))
