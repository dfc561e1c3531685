"""Verbs that decide about what a guard held: approve, reject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, existing_installation
from hcm_pipeline.cli.output import dump, say

if TYPE_CHECKING:
    from hcm_pipeline.flow import JournaledManifest

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
    _tell(flow.approve(existing_installation(), manifest, by=flow.system_user(), why=why), as_json)


def reject(manifest: Which, why: Why = None, as_json: Json = False) -> None:
    """Let nothing more of a manifest go out. Its workers are withheld until what they should be changes."""
    _tell(flow.reject(existing_installation(), manifest, by=flow.system_user(), why=why), as_json)


def _tell(found: JournaledManifest, as_json: bool) -> None:
    if as_json:
        dump(found)
        return
    until = f" until {found.approved_until:%Y-%m-%d %H:%M}Z" if found.state == "ready" else ""
    reason = f" ({found.reason})" if found.reason else ""
    say(f"manifest {found.manifest_id[:12]} is {found.state}{until}{reason}")
