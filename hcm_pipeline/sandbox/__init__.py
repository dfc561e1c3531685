"""A faithful local Microsoft Entra ID: sign-in, bulkUpload, cycles, provisioning log and users, over TLS; and an Oracle HCM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hcm_pipeline.sandbox.options import SandboxOptions
from hcm_pipeline.sandbox.problems import SandboxProblem
from hcm_pipeline.sandbox.state import job_key

if TYPE_CHECKING:
    from hcm_pipeline.sandbox.command import greeting, options_of
    from hcm_pipeline.sandbox.oracle import HcmOptions
    from hcm_pipeline.sandbox.server import HcmSource, SandboxHandle, SandboxTarget, find, running, serve, steer

__all__ = [
    "HcmOptions",
    "HcmSource",
    "SandboxHandle",
    "SandboxOptions",
    "SandboxProblem",
    "SandboxTarget",
    "find",
    "greeting",
    "job_key",
    "options_of",
    "running",
    "serve",
    "steer",
]


def __getattr__(name: str) -> Any:
    """The server and its command, loaded when asked for: most commands need none, and loading takes longer than many of them."""
    if name not in __all__:
        raise AttributeError(name)
    from hcm_pipeline.sandbox import command, oracle, server

    module = {"greeting": command, "options_of": command, "HcmOptions": oracle}.get(name, server)
    return getattr(module, name)
