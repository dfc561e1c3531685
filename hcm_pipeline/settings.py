"""The environment, which is read once, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hcm_pipeline.entra import EntraConnection
from hcm_pipeline.errors import UsageError
from hcm_pipeline.home import Home


@dataclass(frozen=True)
class Ldap:
    """The sign-in to Active Directory, as far as it comes from the environment. `ca_file`: PEM; None means the system's."""

    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Ldap:
        """Read the two variables; which directories need them, the profile says."""
        ca_file = environ.get("SSL_CERT_FILE")
        return cls(environ.get("HCM_PIPELINE_LDAP_PASSWORD") or None, Path(ca_file) if ca_file else None)


@dataclass(frozen=True)
class AlertSecrets:
    """The secrets of alerts, which must not stand in a profile. The webhook's address is a secret like a password."""

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
    target: EntraConnection | None
    """None: the target is the home's own sandbox."""
    ldap: Ldap = Ldap()
    alerts: AlertSecrets = AlertSecrets()

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the variables of the contract. Raises what `EntraConnection.from_env` and `AlertSecrets.from_env` raise."""
        home = Home(Path(environ.get("HCM_PIPELINE_HOME") or "data").expanduser().absolute())
        profile = environ.get("HCM_PIPELINE_PROFILE") or ""
        if not profile:
            own = home.path / "profile.toml"
            profile = str(own) if own.is_file() else "oracle-hcm"
        return cls(
            home, profile, EntraConnection.from_env(environ), Ldap.from_env(environ), AlertSecrets.from_env(environ)
        )
