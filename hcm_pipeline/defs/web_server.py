"""Dagster's web server behind the front, with the daemon beside it: what `hcm-pipeline ui` starts in a process of its own.

`dagster dev` cannot be given another web server, and a proxy in front of it would leave Dagster's own port open to every page in
the same browser. So the same parts are put together here: one code server, which both use, the daemon, and the web server.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dagster as dg
import uvicorn
from dagster._cli.proxy_server_manager import ProxyServerManager
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._core.workspace.load_target import ModuleTarget, WorkspaceFileTarget
from dagster._utils.log import configure_loggers
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.version import __version__
from starlette.types import ASGIApp

from hcm_pipeline.defs.endings import end_by_signals, end_with_parent
from hcm_pipeline.defs.metadata import SIGNED_IN_TAG, WAY_TAG
from hcm_pipeline.front import Caller, Front, Gate, Way, caller_of

LOCATION = "hcm_pipeline.definitions"
POLL_MILLISECONDS = 2000
STATEMENT_MILLISECONDS, RECYCLE_SECONDS, MORE_CONNECTIONS = 15_000, 3_600, 20
"""As `dagster-webserver` has them by default."""
AS_DAGSTER_DEV = {"DAGSTER_IS_DEV_CLI": "1", "DAGSTER_verbose": ""}
"""The variables by which `dagster dev` has its processes say less."""
WATCH_SECONDS = 0.5
GRACE_SECONDS = 2
END_SECONDS = 4.0
"""Seconds that open requests, and then the daemon, have to end: together less than `hcm-pipeline ui` waits for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM, or until the process that started this one has ended; the exit code. `DAGSTER_HOME` names the
    instance.
    """
    given = _arguments(arguments)
    end_by_signals()
    end_with_parent()
    front = Front(
        port=given.port,
        host=given.host,
        hosts=tuple(given.allowed_host),
        user_header=given.proxy_user_header,
        proxies=tuple(given.proxy_address) or Front.proxies,
    )
    os.environ |= AS_DAGSTER_DEV
    configure_loggers(formatter="colored", log_level="INFO")
    with suppress(KeyboardInterrupt), dg.DagsterInstance.get() as instance:
        instance.optimize_for_webserver(STATEMENT_MILLISECONDS, RECYCLE_SECONDS, MORE_CONNECTIONS)
        attribute(instance)
        with _workspace(instance) as workspace, _daemon(workspace, wanted=not given.no_daemon) as daemon:
            return _serve(instance, workspace, front, given.path_prefix, daemon)
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m hcm_pipeline.defs.web_server")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--path-prefix", default="")
    parser.add_argument("--allowed-host", action="append", default=[])
    parser.add_argument("--proxy-user-header")
    parser.add_argument("--proxy-address", action="append", default=[])
    parser.add_argument("--no-daemon", action="store_true")
    return parser.parse_args(arguments)


def attribute(instance: dg.DagsterInstance) -> None:
    """From now on a run that is launched through the front carries its caller, whatever tags the request or a former run had.

    Every launch from the web server, and every re-execution, is submitted to the instance's run coordinator with its request.
    """
    coordinator = instance.run_coordinator
    submit: Callable[[SubmitRunContext], dg.DagsterRun] = coordinator.submit_run

    def submit_with_caller(context: SubmitRunContext) -> dg.DagsterRun:
        instance.add_run_tags(context.dagster_run.run_id, _tags(getattr(context.workspace, "source", None)))
        return submit(context)

    coordinator.submit_run = submit_with_caller  # type: ignore[method-assign]


class _Process(WorkspaceProcessContext):
    """The workspace, whose backfills carry their caller too: the daemon makes their runs, later and without a request."""

    def create_request_context(self, source: object | None = None) -> WorkspaceRequestContext:
        made = super().create_request_context(source)
        made.get_viewer_tags = lambda: _tags(source)  # type: ignore[method-assign]
        return made


def _tags(source: Any) -> dict[str, str]:
    """The tags that say who sent a request."""
    caller = caller_of(getattr(source, "scope", {})) or Caller(Way.UI)
    return {WAY_TAG: caller.way.value, SIGNED_IN_TAG: caller.name or ""}


@contextmanager
def _workspace(instance: dg.DagsterInstance) -> Iterator[Path]:
    """A workspace file that names one running code server."""
    target = ModuleTarget(module_name=LOCATION, attribute=None, working_directory=None, location_name=None)
    with ProxyServerManager(instance, target) as servers, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "workspace.yaml"
        path.write_text(json.dumps({"load_from": servers.get_code_server_specs()}), encoding="utf-8")
        yield path


@contextmanager
def _daemon(workspace: Path, *, wanted: bool) -> Iterator[subprocess.Popen[bytes] | None]:
    if not wanted:
        yield None
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "dagster._daemon", "run", "--workspace", str(workspace)], preexec_fn=end_with_parent
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _serve(
    instance: dg.DagsterInstance, workspace: Path, front: Front, prefix: str, daemon: subprocess.Popen[bytes] | None
) -> int:
    with _Process(instance, WorkspaceFileTarget([str(workspace)]), version=__version__) as process:
        server = uvicorn.Server(_config(create_app(process, front, prefix), front))
        ended = threading.Event()
        watch = threading.Thread(target=_watch, args=(server, daemon, ended), daemon=True)
        watch.start()
        try:
            server.run()
        finally:
            ended.set()
            watch.join()
    if daemon is not None and server.started and daemon.returncode is not None:
        logging.getLogger("hcm_pipeline").error("the daemon ended with exit code %s", daemon.returncode)
        return 1
    return 0 if server.started else 1


def create_app(process: WorkspaceProcessContext, front: Front, prefix: str = "") -> ASGIApp:
    """Dagster's web server over a workspace, behind the front."""
    return Gate(create_app_from_workspace_process_context(process, prefix, POLL_MILLISECONDS), front)


def _config(app: ASGIApp, front: Front) -> uvicorn.Config:
    """`proxy_headers`: off, so that a connection's address is that of its other end and not what a header says."""
    return uvicorn.Config(
        app, host=front.host, port=front.port, log_level="warning", proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )  # fmt: skip


def _watch(server: uvicorn.Server, daemon: subprocess.Popen[bytes] | None, ended: threading.Event) -> None:
    """End the web server when the daemon has ended: nothing would run any more, and nobody would see it."""
    while daemon is not None and not ended.wait(WATCH_SECONDS):
        if daemon.poll() is not None:
            server.should_exit = True
            return


if __name__ == "__main__":
    sys.exit(main())
