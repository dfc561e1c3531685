"""Which service a command talks to: the one in the environment, or the home's own sandbox."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from hcm_pipeline.delivery import DeliveryState, Pace
from hcm_pipeline.entra import EntraConnection
from hcm_pipeline.errors import HomeError
from hcm_pipeline.home import Home
from hcm_pipeline.http import Clock, utc_now
from hcm_pipeline.profile import Delivery
from hcm_pipeline.sandbox import SandboxOptions, SandboxProblem, job_key
from hcm_pipeline.settings import Settings
from hcm_pipeline.targets.entra.service import EntraJob, limits_of

if TYPE_CHECKING:
    from hcm_pipeline.sandbox import SandboxTarget  # at run time it loads a web server


@contextmanager
def open_target(settings: Settings) -> Iterator[EntraConnection]:
    """The target, for the time of a `with` block. The home's sandbox is found running, or runs until its end.

    Raises HomeError when it can neither be found nor started.
    """
    if settings.target is not None:
        yield settings.target
        return
    from hcm_pipeline.sandbox import running  # loads a web server

    try:
        with running(settings.sandbox, options=fresh_sandbox(settings)) as sandbox:
            yield to_sandbox(sandbox.target)
    except SandboxProblem as problem:
        raise HomeError(str(problem)) from None


def found_target(settings: Settings) -> EntraConnection | None:
    """The target, without starting anything: that of the environment, or the home's own sandbox if it runs; else None."""
    if settings.target is not None:
        return settings.target
    if not (settings.sandbox / "endpoint.json").is_file():
        return None
    from hcm_pipeline.sandbox import find  # loads a web server

    handle = find(settings.sandbox)
    return None if handle is None else to_sandbox(handle.target)


def to_sandbox(target: SandboxTarget) -> EntraConnection:
    """The connection to a sandbox that runs."""
    return EntraConnection(**asdict(target), sandbox=True)


def describe(connection: EntraConnection) -> str:
    """The line that a command prints first."""
    if connection.sandbox:
        return "target: the home's own sandbox (no HCM_PIPELINE_SERVICE_PRINCIPAL_ID set)"
    return f"target: {urlsplit(connection.graph_url).netloc}, job {connection.job_id}"


def tenant_of(settings: Settings) -> str:
    """The tenant whose limits count (see `EntraConnection.tenant`), without starting anything."""
    if settings.target is not None:
        return settings.target.tenant
    return _sandbox_key(settings).split(".")[1].lower()  # the second part of a sandbox's job id


def known_target(settings: Settings, delivery: Delivery) -> EntraJob:
    """The target, as far as it is known without starting anything."""
    return EntraJob(target_key(settings), tenant_of(settings), limits_of(delivery.own_quota))


def pace_of(journal: DeliveryState, settings: Settings, delivery: Delivery, *, clock: Clock = utc_now) -> Pace:
    """The calls that count against the quota of the settings' tenant, without starting anything."""
    target = known_target(settings, delivery)
    return Pace(journal, target.tenant, target.key, target.limits, clock=clock)


def own_sandbox(home: Home) -> str:
    """The key of a home's own sandbox."""
    return job_key(home.sandbox)


def target_key(settings: Settings) -> str:
    """The key of the target (see `EntraConnection.key`) without starting anything: a plan is made for one target."""
    if settings.target is not None:
        return settings.target.key
    return _sandbox_key(settings)


def fresh_sandbox(settings: Settings) -> SandboxOptions | None:
    """How a sandbox begins that is one of several targets: each has a job of its own. None: as a sandbox does of itself."""
    if settings.sandbox_writes_to is None:
        return None
    writes_to: Literal["entra", "ad"] = "ad" if settings.sandbox_writes_to == "ad" else "entra"
    if not settings.place:
        return SandboxOptions(target=writes_to)
    return SandboxOptions(
        target=writes_to, job_guid=str(uuid.uuid5(uuid.UUID(SandboxOptions().job_guid), settings.place))
    )


def _sandbox_key(settings: Settings) -> str:
    return job_key(settings.sandbox, fresh_sandbox(settings))
