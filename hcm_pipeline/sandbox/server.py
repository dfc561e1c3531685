"""Running the sandbox: one process serves a directory, others find it; a kill -9 leaves nothing stuck."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import ssl
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from hcm_pipeline.sandbox import app, control
from hcm_pipeline.sandbox.agent import Agent
from hcm_pipeline.sandbox.files import private
from hcm_pipeline.sandbox.options import SandboxOptions
from hcm_pipeline.sandbox.oracle import HcmOptions, front
from hcm_pipeline.sandbox.oracle.sign_in import TOKEN_PATH
from hcm_pipeline.sandbox.problems import SandboxProblem
from hcm_pipeline.sandbox.service import Sandbox
from hcm_pipeline.sandbox.tls import certificates

PATIENCE_SECONDS = 20.0
"""How long a second process waits for the first to be ready."""
TICK_SECONDS = 0.1
"""Between two looks of the server at whether a signal ends it."""


@dataclass(frozen=True)
class SandboxTarget:
    """The synchronization job of a sandbox, and how to sign in for it. `graph_url` ends with the version; `ca_file` is PEM."""

    graph_url: str
    authority_host: str
    tenant_id: str
    client_id: str
    client_secret: str
    service_principal_id: str
    job_id: str
    ca_file: Path

    @property
    def key(self) -> str:
        """The values that make this job itself."""
        return f"{self.service_principal_id}/{self.job_id}"


@dataclass(frozen=True)
class HcmSource:
    """The Oracle HCM of a sandbox, and three ways to sign in: Basic, a token, client credentials. `ca_file` is PEM."""

    url: str
    username: str
    password: str = field(repr=False)
    token: str = field(repr=False)
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str
    ca_file: Path


@dataclass(frozen=True)
class SandboxHandle:
    """A running sandbox. `owner`: this process serves it, and ends it."""

    url: str
    target: SandboxTarget
    hcm: HcmSource
    owner: bool
    token: str = field(repr=False)
    """Needed as a bearer token for the control plane; `endpoint.json` holds it."""
    page: str | None = field(default=None, repr=False)
    """The link to the page for people, with the page's token; for the owner only."""


def steer(handle: SandboxHandle, path: str, body: Mapping[str, object]) -> Any:
    """Post to an address of a running sandbox's control, such as `clock` or `hcm/company`; what it answers.

    Raises SandboxProblem for what it refuses.
    """
    with httpx.Client(verify=ssl.create_default_context(cafile=handle.hcm.ca_file), trust_env=False) as http:
        answer = http.post(
            f"{handle.url}/sandbox/{path}", json=dict(body), headers={"Authorization": f"Bearer {handle.token}"}
        )
    if answer.status_code != 200:
        raise SandboxProblem(f"the sandbox refuses {path}: {answer.text}")
    return answer.json()


class _Transports:
    """Hands each request's transport to its handler, so that a fault can cut the connection."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["sandbox.transport"] = getattr(getattr(send, "__self__", None), "transport", None)
        await self._inner(scope, receive, send)


def application(sandbox: Sandbox) -> ASGIApp:
    """The ASGI application of one sandbox, with its provisioning cycles running in the background."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        stop = asyncio.Event()
        cycles = asyncio.create_task(_cycles(sandbox, stop))
        yield
        sandbox.stopping.set()
        stop.set()
        await cycles

    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    starlette = Starlette(
        routes=[*control.routes(), *front.routes(lambda: sandbox.hcm, app.drop_connection), *app.routes()],
        middleware=[hosts],
        lifespan=lifespan,
        exception_handlers={HTTPException: app.unknown_address},
    )
    starlette.state.sandbox = sandbox
    return _Transports(starlette)


async def _cycles(sandbox: Sandbox, stop: asyncio.Event) -> None:
    """Run each cycle when it is due, in a worker thread. Looks at the clock often, as it may be moved."""
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), min(0.25, max(0.01, sandbox.seconds_to_cycle())))
        if not stop.is_set():
            await run_in_threadpool(sandbox.tick)


class _Server(uvicorn.Server):
    """Cuts idle connections at the end instead of waiting for their owners to say goodbye, and ends when it is told to."""

    _loop: asyncio.AbstractEventLoop | None = None
    _told: asyncio.Event

    def end(self) -> None:
        """End soon; from any thread."""
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        self._told, self._loop = asyncio.Event(), asyncio.get_running_loop()
        counter = 0
        while not await self.on_tick(counter):
            counter = (counter + 1) % 864_000
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in list(self.server_state.connections):
            cycle = getattr(connection, "cycle", None)
            transport = getattr(connection, "transport", None)
            if transport is not None and (cycle is None or cycle.response_complete):
                transport.abort()
        await super().shutdown(sockets)


@contextmanager
def running(
    directory: Path,
    *,
    port: int = 0,
    options: SandboxOptions | None = None,
    hcm: HcmOptions | None = None,
    agent: Agent | None = None,
) -> Iterator[SandboxHandle]:
    """The sandbox of a directory: the one that already runs, or one that runs until the end of the block.

    `options`, `hcm` of its Oracle HCM, and `agent`, the directory server behind a job for Active Directory, count only when this
    process is the one that serves.

    Raises SandboxProblem when none can be had.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _lock_file(directory) as lock:
        found = _serve_or_find(directory, lock)
        if found is not None:
            yield found
            return
        with _serving(directory, port, options or SandboxOptions(), hcm, agent) as handle:
            yield handle


def serve(
    directory: Path, port: int, options: SandboxOptions | None, on_ready: Callable[[SandboxHandle], None]
) -> None:
    """Serve until SIGINT or SIGTERM. To be called from the main thread. Raises SandboxProblem when one already runs."""
    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with running(directory, port=port, options=options) as handle:
            if not handle.owner:
                raise SandboxProblem(f"{directory}: a sandbox already runs at {handle.url}")
            on_ready(handle)
            ended.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _lock_file(directory: Path) -> Iterator[IO[bytes]]:
    with private(directory / "lock").open("rb") as lock:
        yield lock


def _serve_or_find(directory: Path, lock: IO[bytes]) -> SandboxHandle | None:
    """None: this process now holds the lock and is to serve. Otherwise the sandbox that another one serves."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            found = find(directory)
            if found is not None:
                return found
            time.sleep(0.02)
        else:
            return None
    raise SandboxProblem(f"{directory}: another process holds the sandbox, but does not answer; end it and try again")


def find(directory: Path) -> SandboxHandle | None:
    """The sandbox that endpoint.json names, if it answers and is the one that wrote the file."""
    try:
        endpoint = orjson.loads((directory / "endpoint.json").read_bytes())
        context = ssl.create_default_context(cafile=directory / "tls" / "ca.pem")
        with httpx.Client(verify=context, trust_env=False, timeout=5) as client:
            headers = {"Authorization": f"Bearer {endpoint['token']}"}
            state = client.get(f"{endpoint['url']}/sandbox/state", headers=headers).json()
    except (OSError, ValueError, KeyError, httpx.HTTPError):
        return None
    if state.get("instance") != endpoint["instance"]:
        return None
    named = {
        name: endpoint[name] for name in ("tenant_id", "client_id", "client_secret", "service_principal_id", "job_id")
    }
    url = endpoint["url"]
    source = _source(directory, url, endpoint["hcm"])
    return SandboxHandle(url, _target(directory, url, named), source, owner=False, token=endpoint["token"])


def _source(directory: Path, url: str, named: dict[str, str]) -> HcmSource:
    return HcmSource(url=url, token_url=f"{url}{TOKEN_PATH}", ca_file=directory / "tls" / "ca.pem", **named)


def _target(directory: Path, url: str, named: dict[str, str]) -> SandboxTarget:
    return SandboxTarget(
        graph_url=f"{url}/v1.0",
        authority_host=url,
        tenant_id=named["tenant_id"],
        client_id=named["client_id"],
        client_secret=named["client_secret"],
        service_principal_id=named["service_principal_id"],
        job_id=named["job_id"],
        ca_file=directory / "tls" / "ca.pem",
    )


@contextmanager
def _serving(
    directory: Path, port: int, options: SandboxOptions, hcm_options: HcmOptions | None, agent: Agent | None
) -> Iterator[SandboxHandle]:
    endpoint = directory / "endpoint.json"
    endpoint.unlink(missing_ok=True)
    pem = certificates(directory)
    listener = _listen(port)
    url = f"https://127.0.0.1:{listener.getsockname()[1]}"
    try:
        sandbox = Sandbox(directory, options, hcm_options, agent)
    except BaseException:
        listener.close()
        raise
    sandbox.instance = str(uuid.uuid4())
    config = uvicorn.Config(
        application(sandbox), http="h11", ws="none", loop="asyncio", lifespan="on", log_config=None, access_log=False,
        log_level="critical", server_header=False, date_header=False, proxy_headers=False,
        ssl_certfile=pem.server, ssl_keyfile=str(pem.key), timeout_graceful_shutdown=3, timeout_keep_alive=75,
    )  # fmt: skip
    server = _Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
    try:
        thread.start()
        while not server.started:
            if not thread.is_alive():
                raise SandboxProblem(f"{directory}: the sandbox did not start")
            time.sleep(0.005)
        identity, hcm = vars(sandbox.identity), sandbox.hcm.sign_in.credentials.told()
        content = {
            "url": url,
            "instance": sandbox.instance,
            "pid": os.getpid(),
            "token": sandbox.control_token,
            "hcm": hcm,
            **identity,
        }
        half = private(directory / ".endpoint.json")
        half.write_bytes(orjson.dumps(content))
        half.replace(endpoint)
        page = f"{url}/?token={sandbox.page_token}"
        source = _source(directory, url, hcm)
        target = _target(directory, url, identity)
        yield SandboxHandle(url, target, source, owner=True, token=sandbox.control_token, page=page)
    finally:
        endpoint.unlink(missing_ok=True)
        sandbox.stopping.set()
        server.end()
        thread.join()
        listener.close()
        sandbox.close()


def _listen(port: int) -> socket.socket:
    # asyncio switches Nagle's algorithm off for sockets of this protocol only: else each answer waits 40 ms for an acknowledgement
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SandboxProblem(f"port {port} on 127.0.0.1 cannot be used: {error.strerror}") from error
    return listener
