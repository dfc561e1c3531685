"""A faithful local Microsoft Entra ID: sign-in, bulkUpload, cycles, provisioning log and users, over TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hcm_pipeline.sandbox.options import SandboxOptions
from hcm_pipeline.sandbox.state import job_key

if TYPE_CHECKING:
    from hcm_pipeline.sandbox.server import SandboxHandle, SandboxTarget, running, serve

__all__ = ["SandboxHandle", "SandboxOptions", "SandboxTarget", "job_key", "running", "serve"]


def __getattr__(name: str) -> Any:
    """The server, loaded when it is asked for: most commands need none, and it takes longer than many of them."""
    if name not in __all__:
        raise AttributeError(name)
    from hcm_pipeline.sandbox import server

    return getattr(server, name)
