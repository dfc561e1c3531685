"""Which certificates a client trusts: those of one CA file (`SSL_CERT_FILE`), or the usual ones."""

from __future__ import annotations

import ssl
from pathlib import Path

from hcm_pipeline.errors import UsageError, causes


def trust_context(ca_file: Path | None) -> ssl.SSLContext:
    """A context for a TLS client. `ca_file`: PEM; None: the system's certificates. Raises UsageError for a file without any."""
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except OSError as error:  # an SSLError is one
        why = "holds no certificate that can be read" if isinstance(error, ssl.SSLError) else error.strerror
        raise UsageError(f"SSL_CERT_FILE: {ca_file}: {why}; name a PEM file, or unset it for the system's") from None


def trust(ca_file: Path | None) -> ssl.SSLContext | bool:
    """The `verify` argument of httpx. None: the certificates that httpx brings along. Raises UsageError."""
    return trust_context(ca_file) if ca_file else True


def untrusted(error: BaseException) -> bool:
    """Whether a connection failed because the other side's certificate is not trusted."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes(error))
