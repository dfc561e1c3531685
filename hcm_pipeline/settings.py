"""What is read from the environment, once, and nothing else is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hcm_pipeline.errors import UsageError
from hcm_pipeline.home import Home

GRAPH = "https://graph.microsoft.com/v1.0"
AUTHORITY = "https://login.microsoftonline.com"


@dataclass(frozen=True)
class Target:
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
        """What makes this target itself: the delivered state belongs to one of these."""
        return f"{self.service_principal_id}/{self.job_id}"

    @property
    def tenant(self) -> str:
        """The tenant, however its id is written: the service's limits are a tenant's."""
        return self.tenant_id.replace("-", "").lower()

    def __repr__(self) -> str:
        return f"Target({self.graph_url}, {self.key})"


@dataclass(frozen=True)
class Ldap:
    """What the sign-in to Active Directory takes from the environment. `ca_file`: as of a target."""

    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Ldap:
        """Read the two variables; which directories need them, the profile says."""
        ca_file = environ.get("SSL_CERT_FILE")
        return cls(environ.get("HCM_PIPELINE_LDAP_PASSWORD") or None, Path(ca_file) if ca_file else None)


@dataclass(frozen=True)
class AlertSecrets:
    """What alerts need that must not stand in a profile. The webhook's address is a secret like a password."""

    webhook: str | None = field(default=None, repr=False)
    smtp_password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> AlertSecrets:
        """Raises UsageError for a webhook that is not HTTPS; the address itself is not printed."""
        webhook = environ.get("HCM_PIPELINE_ALERT_WEBHOOK") or None
        if webhook and not webhook.startswith("https://"):
            raise UsageError("HCM_PIPELINE_ALERT_WEBHOOK: must begin with https://")
        ca_file = environ.get("SSL_CERT_FILE")
        return cls(webhook, environ.get("HCM_PIPELINE_SMTP_PASSWORD") or None, Path(ca_file) if ca_file else None)


@dataclass(frozen=True)
class Settings:
    """The environment as the command-line contract names it."""

    home: Home
    profile: str
    target: Target | None
    """None: the target is the home's own sandbox."""
    ldap: Ldap = Ldap()
    alerts: AlertSecrets = AlertSecrets()

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the variables of the contract. Raises UsageError when a real target is named incompletely."""
        home = Home(Path(environ.get("HCM_PIPELINE_HOME") or "data").expanduser().absolute())
        profile = environ.get("HCM_PIPELINE_PROFILE") or ""
        if not profile:
            own = home.path / "profile.toml"
            profile = str(own) if own.is_file() else "oracle-hcm"
        return cls(home, profile, _target(environ), Ldap.from_env(environ), AlertSecrets.from_env(environ))


def _target(environ: Mapping[str, str]) -> Target | None:
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
    return Target(
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
