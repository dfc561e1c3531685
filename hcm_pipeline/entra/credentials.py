"""A synchronization job and how to sign in for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class SignInWay(StrEnum):
    """How an app proves that it is itself. The first that is set up counts, as Azure's own libraries have it."""

    CERTIFICATE = "certificate"
    SECRET = "client secret"
    FEDERATED = "federated token"
    MANAGED = "managed identity"


@dataclass(frozen=True)
class EntraConnection:
    """A synchronization job that takes bulk uploads, and how to sign in for it.

    `graph_url` ends with the version (`…/v1.0`). `ca_file` is a PEM file trusted for Graph and the authority alike;
    None means the system's. Exactly one of `client_secret`, `certificate_path`, `federated_token_file` and `managed_identity` is
    set. With a managed identity `client_id` names one that is assigned by a user; "" is the machine's own.
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
    certificate_password: str | None = None
    federated_token_file: Path | None = None
    managed_identity: bool = False

    @property
    def way(self) -> SignInWay:
        """The way of signing in."""
        if self.certificate_path is not None:
            return SignInWay.CERTIFICATE
        if self.federated_token_file is not None:
            return SignInWay.FEDERATED
        return SignInWay.MANAGED if self.managed_identity else SignInWay.SECRET

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
