"""Which certificates a client trusts: those of one CA file (`SSL_CERT_FILE`), or the usual ones."""

from __future__ import annotations

import ssl
from pathlib import Path


def trust_context(ca_file: Path | None) -> ssl.SSLContext:
    """A context for a TLS client. `ca_file`: PEM; None: the system's certificates."""
    return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)


def trust(ca_file: Path | None) -> ssl.SSLContext | bool:
    """The `verify` argument of httpx. None: the certificates that httpx brings along."""
    return trust_context(ca_file) if ca_file else True
