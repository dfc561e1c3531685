"""The verb alerts: what holds that people should know of, and telling them."""

from __future__ import annotations

from typing import Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, existing_installation
from hcm_pipeline.cli.output import dump, note, say, table
from hcm_pipeline.plain_text import counted


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(alerts)


def alerts(
    send: Annotated[
        bool, typer.Option(help="Tell the receivers what has begun or ended since they were last dispatched.")
    ] = False,
    test: Annotated[bool, typer.Option(help="Send every receiver a message that says it is a test.")] = False,
    as_json: Json = False,
) -> None:
    """Show what holds that somebody should know of. The sensor `something_to_tell` sends the same by itself."""
    here = existing_installation()
    if test:
        _test(here)
        return
    receivers = flow.require_receivers(here) if send else flow.receivers(here)
    found = flow.look(here)
    dispatched = flow.tell_receivers(here, found) if send else flow.Dispatched(0, ())
    if as_json:
        dump({"alerts": [alert.as_dict() for alert in found], "receivers": [r.name for r in receivers], "sent": dispatched.sent,
              "errors": dispatched.errors})  # fmt: skip
    else:
        _show(found)
        if send:
            say(f"{counted(dispatched.sent, 'message', 'were')} sent")
    for error in dispatched.errors:
        note(f"{error}; it is tried again")
    if dispatched.errors:
        raise typer.Exit(1)


def _show(found: list[flow.Alert]) -> None:
    table(
        "Alerts",
        ("kind", "severity", "what", "facts", "what to do"),
        [
            [a.kind, a.severity, a.title, ", ".join(f"{k}: {v}" for k, v in a.facts.items() if not _typed(v)), a.page]
            for a in found
        ],
    )
    for alert in found:
        for name, value in alert.facts.items():
            if _typed(value):
                say(f"{alert.title}. {name}:", f"  {value}")
    if found:
        say("`hcm-pipeline page now FILE` makes a page of what holds, each with what to type")
    else:
        say("nothing holds that somebody should know of")


def _typed(value: str) -> bool:
    """Whether a fact is a command, which stands on a line of its own to be pasted."""
    return value.startswith("hcm-pipeline ")


def _test(here: flow.Installation) -> None:
    """Send a message past the outbox. Exit code 1 when a receiver did not take it."""
    tested = flow.send_test(here)
    for one in tested:
        say(f"{one.receiver}: {one.error or 'taken'}")
    if any(one.error for one in tested):
        raise typer.Exit(1)
