"""The verb ui: the Dagster UI over the home."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hcm_pipeline.cli.context import installation
from hcm_pipeline.cli.output import note
from hcm_pipeline.defs.in_process import write_instance_file
from hcm_pipeline.errors import HomeError, UsageError

if TYPE_CHECKING:
    from hcm_pipeline.front import Front


END_SECONDS = 9.0
"""Seconds that the process that serves has to end in order, once it is asked to."""


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(ui)


def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port of the web page.")] = 3000,
    host: Annotated[str, typer.Option(help="The address it listens on.")] = "127.0.0.1",
    allowed_host: Annotated[
        list[str] | None, typer.Option(help="A name under which people open it; may be given several times.")
    ] = None,
    proxy_user_header: Annotated[
        str | None, typer.Option(help="The header in which the reverse proxy says who is signed in.")
    ] = None,
    proxy_address: Annotated[
        list[str] | None, typer.Option(help="An address or network of the reverse proxy; default: this machine.")
    ] = None,
    path_prefix: Annotated[str | None, typer.Option(help="The path below which the reverse proxy serves it.")] = None,
    no_daemon: Annotated[
        bool, typer.Option("--no-daemon", help="Serve the pages alone; the daemon runs elsewhere.")
    ] = False,
) -> None:
    """Open the Dagster UI over the current home, with its daemon (sensors, schedules, backfills), until interrupted."""
    from hcm_pipeline.front import Front, loopback

    front = Front(port, host, tuple(allowed_host or ()), proxy_user_header, tuple(proxy_address or Front.proxies))
    if path_prefix and not re.fullmatch(r"(/[\w.~-]+)+", path_prefix):
        raise UsageError(
            f"--path-prefix {path_prefix!r}: give a path that begins with / and does not end so, such as /dagster"
        )
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
    note(f"Dagster UI: http://{host}:{port}{path_prefix or ''} over the home {home.path} (Ctrl-C stops it)")
    if not loopback(host) and proxy_user_header is None:
        note(
            f"warning: {host} is reached from other machines, and there is no sign-in: whoever reaches port {port} can"
            " decide and send. Put a reverse proxy with a sign-in in front, and name its header with --proxy-user-header"
        )
    command = [sys.executable, "-m", "hcm_pipeline.defs.web_server", *_options(front, path_prefix or "", no_daemon)]
    code = serve(command, environment, home.scratch)  # not where a .env may lie
    if code not in (0, -signal.SIGINT, -signal.SIGTERM, 130):
        raise HomeError(f"the Dagster UI ended with exit code {code}; is port {port} taken?")


def serve(command: list[str], environment: dict[str, str], folder: Path) -> int:
    """Run the process that serves until it ends or a signal asks for its end; its exit code. Nothing of it is left running.

    It has a session of its own, so that one signal reaches it, and everything that it started can be ended after it.
    """
    child = subprocess.Popen(command, env=environment, cwd=folder, start_new_session=True)
    asked: list[float] = []

    def end(*_: object) -> None:
        if not asked:
            asked.append(time.monotonic())
            child.terminate()

    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, end)
    try:
        while child.poll() is None and not (asked and time.monotonic() - asked[0] > END_SECONDS):
            with suppress(subprocess.TimeoutExpired):
                child.wait(0.2)
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    code = child.wait()
    return 0 if asked else code


def _options(front: Front, path_prefix: str, no_daemon: bool) -> list[str]:
    """The options of the process that serves."""
    given = [("--host", front.host), ("--port", str(front.port)), ("--path-prefix", path_prefix)]
    given += [("--allowed-host", host) for host in front.hosts]
    given += [("--proxy-user-header", front.user_header)] if front.user_header else []
    given += [("--proxy-address", address) for address in front.proxies]
    return [f"{option}={value}" for option, value in given] + (["--no-daemon"] if no_daemon else [])


def _absolute(profile: str) -> str:
    """A profile's path as seen from another folder; a built-in name stays as it is."""
    from hcm_pipeline.profile import built_in_names

    return profile if profile in built_in_names() else str(Path(profile).expanduser().absolute())
