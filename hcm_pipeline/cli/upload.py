"""The verb upload: send what is planned, within the service's limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, Target, existing_installation, targets_of
from hcm_pipeline.cli.output import Progress, dump, note, say
from hcm_pipeline.errors import GuardStop, HomeError, UsageError
from hcm_pipeline.plain_text import counted

if TYPE_CHECKING:
    from hcm_pipeline.flow import UploadReport

Manifest = Annotated[str | None, typer.Argument(help="A manifest's id or the beginning of it; default: all that wait.")]


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(upload)


def upload(
    manifest: Manifest = None,
    past_canary: Annotated[
        bool, typer.Option("--past-canary", help="Let the named manifest go on, whatever its first operations came to.")
    ] = False,
    accept_history: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Go on although the target knows more; what was planned before is closed."),
    ] = None,
    everybody: Annotated[
        bool,
        typer.Option("--everybody", help="With --accept-history: send those again, too, whom the log does not name."),
    ] = False,
    first: Annotated[
        str | None, typer.Option(metavar="REASON", help="Take over from another program; what is planned goes out.")
    ] = None,
    adopt_target: Annotated[
        str | None, typer.Option(metavar="REASON", help="Deliver to the environment's target instead of the home's.")
    ] = None,
    target: Target = None,
    as_json: Json = False,
) -> None:
    """Send what is left of a manifest, within the service's limits; a later call goes on where one was cut off."""
    if past_canary and not manifest:
        raise UsageError("--past-canary: name the manifest that is to go on")
    if everybody and accept_history is None:
        raise UsageError("--everybody goes with --accept-history REASON")
    progress, here = Progress(), _home_with(manifest)
    word = _word({"accept-history": accept_history, "first": first, "adopt-target": adopt_target}, everybody=everybody)
    alone = manifest is not None or word is not None
    chosen = (
        [here if target is None and manifest is not None else here.at(target)] if alone else targets_of(here, target)
    )

    def send(one: flow.Installation) -> flow.Uploads:
        return flow.upload(
            one,
            manifest,
            past_canary_by=flow.system_user() if past_canary else None,
            word=word,
            announce=note if as_json else say,
            progress=flow.sending(progress),
        )

    with progress.shown():
        found, faults = flow.each(chosen, send)
    if faults and not found:
        raise faults[0]
    done = flow.Uploads(
        tuple(m for _, one in found for m in one.manifests),
        tuple(report for _, one in found for report in one.reports),
        tuple(m for _, one in found for m in one.held),
    )
    if as_json:
        dump(done.reports)
    elif not done.reports:
        say("no manifest waits for upload")
    else:
        for report in done.reports:
            say(_said(report))
    if faults:
        raise faults[0]
    _exit(done)


def _home_with(manifest: str | None) -> flow.Installation:
    """The home that there is. Raises HomeError where there is none, and UsageError for a manifest of it."""
    try:
        return existing_installation()
    except HomeError as none:
        if manifest is None:
            raise
        raise UsageError(f"manifest {manifest!r}: {none}") from None


def _word(given: Mapping[str, str | None], *, everybody: bool) -> flow.PersonsWord | None:
    """A person's decision about the target and its history. Raises UsageError for two things at once, and without a reason."""
    said = {name: why for name, why in given.items() if why is not None}
    if len(said) > 1:
        raise UsageError(f"--{' and --'.join(said)}: one at a time")
    for name, why in said.items():
        if not why.strip():
            raise UsageError(f"--{name}: needs a reason, which is kept with your name")
        return flow.PersonsWord(flow.HistoryWord(name), why.strip(), flow.system_user(), everybody)
    return None


def _exit(done: flow.Uploads) -> None:
    """End with 3 where a person has to act, with 1 where the service refused something or a newer plan came."""
    states = {report.state for report in done.reports}
    if any(report.stopped for report in done.reports):
        raise typer.Exit(GuardStop.exit_code)
    if states & {"failed", "superseded"}:
        raise typer.Exit(1)
    for held in done.held:
        note(
            f"manifest {held.manifest_id[:12]} is held ({held.held_for}): `plan` says why and whom it is about; to decide: "
            f"hcm-pipeline approve {held.manifest_id} {held.operations}"
        )
    if done.held or "rejected" in states:
        raise typer.Exit(GuardStop.exit_code)


def _said(report: UploadReport) -> str:
    accepted = f"{report.accepted:,} of {counted(report.requests, 'request')} accepted"
    counts = f"{accepted}, {report.refused:,} refused, {report.sent:,} sent now"
    until = f"; it goes on at {report.paused_until:%Y-%m-%d %H:%M}Z" if report.paused_until else ""
    reason = f" ({report.reason})" if report.reason else ""
    already = " already; nothing was sent" if report.already else ""
    stopped = " and stopped" if report.stopped else ""
    return f"manifest {report.manifest_id[:12]} is {report.state}{already}{stopped}{reason}: {counts}{until}"
