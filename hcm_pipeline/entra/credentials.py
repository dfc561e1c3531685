"""A synchronization job and how to sign in for it, as the environment names them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hcm_pipeline.errors import UsageError

GRAPH = "https://graph.microsoft.com/v1.0"
AUTHORITY = "https://login.microsoftonline.com"


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

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> EntraConnection | None:
        """Read the variables of the contract; None when they name no job. Raises UsageError when they name one incompletely."""
        service_principal = environ.get("HCM_PIPELINE_SERVICE_PRINCIPAL_ID")
        if not service_principal:
            return None
        needed = ("HCM_PIPELINE_JOB_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_ID")
        missing = [name for name in needed if not environ.get(name)]
        secret, certificate = environ.get("AZURE_CLIENT_SECRET"), environ.get("AZURE_CLIENT_CERTIFICATE_PATH")
        if not secret and not certificate:
            missing.append("AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH")
        if missing:
            raise UsageError(f"HCM_PIPELINE_SERVICE_PRINCIPAL_ID is set, but not {', '.join(missing)}")
        if secret and certificate:
            secret = None  # a certificate is the stronger of the two, and Microsoft's advice for production
        ca_file = environ.get("SSL_CERT_FILE")
        host = (environ.get("AZURE_AUTHORITY_HOST") or AUTHORITY).rstrip("/")
        return cls(
            graph_url=(environ.get("HCM_PIPELINE_GRAPH_URL") or GRAPH).rstrip("/"),
            authority_host=host if "://" in host else f"https://{host}",
            tenant_id=environ["AZURE_TENANT_ID"],
            client_id=environ["AZURE_CLIENT_ID"],
            service_principal_id=service_principal,
            job_id=environ["HCM_PIPELINE_JOB_ID"],
            client_secret=secret,
            certificate_path=Path(certificate) if certificate else None,
            ca_file=Path(ca_file) if ca_file else None,
        )

    def __repr__(self) -> str:
        return f"EntraConnection({self.graph_url}, {self.key})"
