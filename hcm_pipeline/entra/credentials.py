"""A synchronization job and how to sign in for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class EntraConnection:
    """A synchronization job that takes bulk uploads, and how to sign in for it.

    `graph_url` ends with the version (`…/v1.0`). `ca_file` is a PEM file trusted for Graph and the authority alike;
    None means the system's. Exactly one of `client_secret` and `certificate_path` is set.
    """

    graph_url: str
    authority_host: str
    tenant_id: str
    client_id: str
    service_principal_id: str
    job_id: str
    client_secret: str | None = None
    certificate_path: Path | None = None
    ca_file: Path | None = None
    sandbox: bool = False

    @property
    def key(self) -> str:
        """The name of this target: the delivered state belongs to one of these."""
        return f"{self.service_principal_id}/{self.job_id}"

    @property
    def tenant(self) -> str:
        """The tenant, however its id is written: the service's limits are a tenant's."""
        return self.tenant_id.replace("-", "").lower()

    def __repr__(self) -> str:
        return f"EntraConnection({self.graph_url}, {self.key})"
