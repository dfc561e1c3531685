"""A sandbox over TLS for the length of one test, and a clock that moves only when somebody sleeps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from hcm_pipeline.entra import EntraConnection, GraphClient
from hcm_pipeline.http import Patience
from hcm_pipeline.sandbox import SandboxHandle, SandboxOptions, running
from hcm_pipeline.targets.entra.connection import to_sandbox
from tests.sandbox.support import trusting


@dataclass
class StoppedTime:
    """Sleeping moves the clock at once; `slept` keeps how long each sleep would have taken."""

    now: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    slept: list[float] = field(default_factory=list)

    def clock(self) -> dt.datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += dt.timedelta(seconds=seconds)


@dataclass
class Service:
    """A running sandbox and its control plane."""

    handle: SandboxHandle
    directory: Path
    http: httpx.Client
    time: StoppedTime

    @property
    def target(self) -> EntraConnection:
        return to_sandbox(self.handle.target)

    def client(self, target: EntraConnection | None = None) -> GraphClient:
        return GraphClient(target or self.target, patience=Patience(sleep=self.time.sleep), clock=self.time.clock)

    def fault(self, kind: str, **given: Any) -> None:
        self.post("faults", {"kind": kind, **given})

    def advance(self, seconds: float) -> None:
        self.post("clock", {"mode": "manual", "advance_seconds": seconds})

    def received(self) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = self.http.get(f"{self.handle.url}/sandbox/received").json()["received"]
        return calls

    def post(self, path: str, body: dict[str, Any]) -> None:
        answer = self.http.post(f"{self.handle.url}/sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text


@pytest.fixture
def service_with(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Start a sandbox with the given options."""
    with ExitStack() as stack:

        def start(**options: Any) -> Service:
            directory = tmp_path / "sandbox"
            handle = stack.enter_context(running(directory, options=SandboxOptions(**options)))
            http = stack.enter_context(trusting(handle))
            return Service(handle, directory, http, StoppedTime())

        yield start


@pytest.fixture
def service(service_with: Callable[..., Service]) -> Service:
    """A sandbox that behaves as documented."""
    return service_with()
