"""A home with manifests, its sandbox over TLS, and a clock that moves only when somebody sleeps."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from hcm_pipeline.delivery import Canary, Journal, UploadReport, UploadTerms, upload
from hcm_pipeline.delivery.manifest import BULK_FILE, Manifest, folder_of, write_manifest
from hcm_pipeline.delivery.send.in_flight import Ended, Post, Threads
from hcm_pipeline.entra import EntraConnection
from hcm_pipeline.home import Home, private
from hcm_pipeline.http import Clock, Patience, Sleep
from hcm_pipeline.sandbox import SandboxHandle, SandboxOptions, running
from hcm_pipeline.targets.entra.connection import to_sandbox
from hcm_pipeline.targets.entra.service import EntraLive, live
from tests.sandbox.support import trusting

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
DAY = dt.date(2026, 11, 23)


def body_of(number: int, note: str = "", method: str = "POST") -> bytes:
    """A bulk request with one operation; another `note` makes other bytes."""
    data = {
        "schemas": [CORE, ENTERPRISE],
        "externalId": f"{number:05}",
        "userName": f"worker{number}@contoso.com",
        "displayName": f"Worker {number} {note}",
        "active": True,
        ENTERPRISE: {},
    }
    operation = {"method": method, "path": "/Users", "bulkId": f"b{number}", "data": data}
    return orjson.dumps({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [operation]})


def write(home: Home, target: str, bodies: list[bytes], inputs: dict[str, str] | None = None) -> Manifest:
    """Put a manifest of these bodies into the home."""
    content = b"".join(body + b"\n" for body in bodies)
    manifest = Manifest.seal(
        business_date=DAY,
        target=target,
        profile="test",
        previous=None,
        requests=len(bodies),
        operations=len(bodies),
        bulk_sha256=hashlib.sha256(content).hexdigest(),
        bulk_bytes=len(content),
        counts={"joiner": len(bodies)},
        inputs=inputs or {},
        extracts=(),
    )
    folder = folder_of(home.manifests, manifest)
    folder.mkdir(parents=True)
    private(folder / BULK_FILE).write_bytes(content)
    write_manifest(folder, manifest)
    return manifest


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


class StoppedThreads(Threads):
    """No time passes while attempts are on their way: whatever there is to wait for, they end first."""

    def _wait(self, seconds: float | None) -> Ended | None:
        return super()._wait(None)

    def close(self) -> None:
        """A simulated end of the process leaves attempts on their way; their sockets are closed before the test ends."""
        for _ in range(self._busy):
            self._ended.get()
        super().close()


def one_at_a_time(post: Post, clock: Clock, sleep: Sleep) -> StoppedThreads:
    """One attempt at a time, for what depends on the order."""
    return StoppedThreads(post, clock, sleep, width=1)


@dataclass
class Site:
    """A home, its sandbox and what drives an upload there."""

    home: Home
    handle: SandboxHandle
    http: httpx.Client
    time: StoppedTime

    @property
    def connection(self) -> EntraConnection:
        return to_sandbox(self.handle.target)

    @property
    def target(self) -> EntraLive:
        return live(self.connection)

    def journal(self) -> Journal:
        return Journal(self.home.journal, clock=self.time.clock)

    def plan(self, *bodies: bytes) -> Manifest:
        """Write a manifest and register it."""
        manifest = write(self.home, self.target.key, list(bodies))
        self.register(manifest)
        return manifest

    def register(self, manifest: Manifest) -> None:
        with self.journal() as journal:
            journal.register(manifest, folder_of(self.home.manifests, manifest).relative_to(self.home.path))

    def upload(
        self, manifest: Manifest, *, patience: Patience | None = None, canary: Canary = Canary(), **given: Any
    ) -> UploadReport:
        """Upload with a journal of its own, as a new process would."""
        usual: dict[str, Any] = {"target": self.target, "in_flight": StoppedThreads}
        terms = UploadTerms(patience or Patience(sleep=self.time.sleep), self.time.clock, canary)
        with self.journal() as journal:
            return upload(self.home, manifest_id=manifest.manifest_id, journal=journal, terms=terms, **(usual | given))

    def fault(self, kind: str, **given: Any) -> None:
        answer = self.http.post(f"{self.handle.url}/sandbox/faults", json={"kind": kind, **given})
        assert answer.status_code == 200, answer.text

    def received(self) -> list[tuple[int, str]]:
        """(status, sha256 of the body) of every bulkUpload call that got past sign-in; 0: cut before it was taken."""
        calls = self.http.get(f"{self.handle.url}/sandbox/received", params={"limit": 1000}).json()["received"]
        return [(call["status"], call["sha256"]) for call in calls]

    def accepted(self) -> list[str]:
        """The sha256 of every body that was taken, in order."""
        return [digest for status, digest in self.received() if status == 202]


def digests(*bodies: bytes) -> list[str]:
    """The sha256 of bodies, as the sandbox notes them."""
    return [hashlib.sha256(body).hexdigest() for body in bodies]


@pytest.fixture
def site_with(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """A home whose sandbox runs with the given options."""
    with ExitStack() as stack:

        def start(**options: Any) -> Site:
            home = Home(tmp_path / "home").create()
            handle = stack.enter_context(running(home.sandbox, options=SandboxOptions(**options)))
            http = stack.enter_context(trusting(handle))
            return Site(home, handle, http, StoppedTime())

        yield start


@pytest.fixture
def site(site_with: Callable[..., Site]) -> Site:
    """A home whose sandbox behaves as documented."""
    return site_with()
