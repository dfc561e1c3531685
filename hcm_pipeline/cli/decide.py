"""Verbs that decide about what a guard held: approve, reject."""

from __future__ import annotations

import datetime as dt
import getpass
from typing import Annotated

import typer

from hcm_pipeline.cli.context import Context
from hcm_pipeline.cli.output import dump, say
from hcm_pipeline.cli.prepare import Json
from hcm_pipeline.delivery import JournaledManifest, ManifestState

Which = Annotated[
    str, typer.Argument(metavar="MANIFEST", help="A manifest's id, or a beginning of it that fits no other.")
]
Why = Annotated[str | None, typer.Option(help="The reason, kept with the decision.")]


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command."""
    app.command()(approve)
    app.command()(reject)


def approve(manifest: Which, why: Why = None, as_json: Json = False) -> None:
    """Let a held manifest go out. Covers exactly this manifest, and counts for the profile's `guards.approval_hours`."""
    context = Context.from_env()
    context.existing_home()
    hours = context.loaded.profile.guards.approval_hours
    with context.journal() as journal:
        until = dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)
        found = journal.approve(journal.get(manifest).manifest_id, by=getpass.getuser(), why=why, until=until)
    _tell(found, as_json)


def reject(manifest: Which, why: Why = None, as_json: Json = False) -> None:
    """Let nothing more of a manifest go out. Its workers are withheld until what they should be changes."""
    context = Context.from_env()
    context.existing_home()
    with context.journal() as journal:
        found = journal.reject(journal.get(manifest).manifest_id, by=getpass.getuser(), why=why)
    _tell(found, as_json)


def _tell(found: JournaledManifest, as_json: bool) -> None:
    if as_json:
        dump(found)
        return
    until = f" until {found.approved_until:%Y-%m-%d %H:%M}Z" if found.state is ManifestState.READY else ""
    reason = f" ({found.reason})" if found.reason else ""
    say(f"manifest {found.manifest_id[:12]} is {found.state}{until}{reason}")
