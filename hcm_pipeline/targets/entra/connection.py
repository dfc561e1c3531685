"""Which service a command talks to: the one in the environment, or the home's own sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from hcm_pipeline.sandbox import job_key
from hcm_pipeline.settings import Settings, Target


@contextmanager
def open_target(settings: Settings) -> Iterator[Target]:
    """The target, for the time of a `with` block. The home's sandbox is found running, or runs until its end."""
    if settings.target is not None:
        yield settings.target
        return
    from hcm_pipeline.sandbox import running  # loads a web server

    with running(settings.home.sandbox) as sandbox:
        yield sandbox.target


def describe(target: Target) -> str:
    """The line that a command prints first."""
    if target.sandbox:
        return "target: the home's own sandbox (no HCM_PIPELINE_SERVICE_PRINCIPAL_ID set)"
    return f"target: {urlsplit(target.graph_url).netloc}, job {target.job_id}"


def tenant_of(settings: Settings) -> str:
    """The tenant whose limits count (see `Target.tenant`), without starting anything."""
    if settings.target is not None:
        return settings.target.tenant
    return job_key(settings.home.sandbox).split(".")[1].lower()  # the second part of a sandbox's job id


def target_key(settings: Settings) -> str:
    """The key of the target (see `Target.key`) without starting anything: a plan is made for one target."""
    if settings.target is not None:
        return settings.target.key
    return job_key(settings.home.sandbox)
