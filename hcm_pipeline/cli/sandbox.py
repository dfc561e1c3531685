"""The verb sandbox: a local Entra ID and Oracle HCM in the foreground."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from hcm_pipeline.cli.context import Target, installation, sandbox_used
from hcm_pipeline.cli.output import say

if TYPE_CHECKING:
    from hcm_pipeline.sandbox import SandboxHandle


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(sandbox)


def sandbox(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1; 0 takes a free one.")] = 8443,
    cycle_seconds: Annotated[float, typer.Option(help="Seconds between two provisioning cycles.")] = 1.0,
    log_lag_seconds: Annotated[float, typer.Option(help="Seconds until an entry shows in the log.")] = 0.0,
    option: Annotated[
        list[str] | None, typer.Option(help="Any option of the sandbox, key=value; may be repeated.")
    ] = None,
    target: Target = None,
) -> None:
    """Run the home's sandbox, a local Entra ID and Oracle HCM, until it is interrupted."""
    from hcm_pipeline.sandbox import greeting, options_of, serve  # loads a web server

    given: dict[str, object] = {"cycle_seconds": cycle_seconds, "log_lag_seconds": log_lag_seconds}
    here = installation()
    here = here.first if target is None else here.at(target)
    given |= here.fresh_sandbox
    where = here.settings.sandbox

    def ready(handle: SandboxHandle) -> None:
        for line in greeting(handle, where, here.settings.place):
            say(line)
        sys.stdout.flush()

    with sandbox_used():
        options = options_of(option or (), given)
        here.home.create()
        serve(where, port, options, ready)
