"""The verb ui: the Dagster UI over the home."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from hcm_pipeline.cli.context import installation
from hcm_pipeline.cli.output import note
from hcm_pipeline.defs.in_process import write_instance_file
from hcm_pipeline.errors import HomeError


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(ui)


def ui(
    port: Annotated[int, typer.Option(help="The port of the web page.")] = 3000,
    host: Annotated[str, typer.Option(help="The address it listens on.")] = "127.0.0.1",
) -> None:
    """Open the Dagster UI over the current home, with its daemon (sensors, schedules, backfills), until interrupted."""
    here = installation()
    home = here.home
    _ = here.loaded  # a fault of the profile is told before the UI starts
    write_instance_file(home)
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(home.path),
        "HCM_PIPELINE_HOME": str(home.path),
        "HCM_PIPELINE_PROFILE": _absolute(here.settings.profile),
    }
    note(f"Dagster UI: http://{host}:{port} over the home {home.path} (Ctrl-C stops it)")
    command = [sys.executable, "-m", "dagster", "dev", "-m", "hcm_pipeline.definitions", "-h", host, "-p", str(port)]
    child = subprocess.Popen(command, env=environment, cwd=home.scratch)  # not where a .env may lie
    signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGINT))
    try:
        code = child.wait()
    except KeyboardInterrupt:
        code = child.wait()
    if code not in (0, -signal.SIGINT, 130):
        raise HomeError(f"the Dagster UI ended with exit code {code}; is port {port} taken?")


def _absolute(profile: str) -> str:
    """A profile's path as seen from another folder; a built-in name stays as it is."""
    from hcm_pipeline.profile import built_in_names

    return profile if profile in built_in_names() else str(Path(profile).expanduser().absolute())
