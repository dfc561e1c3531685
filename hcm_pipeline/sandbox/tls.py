"""A throwaway certificate authority and a server certificate for loopback, made once per directory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import trustme

from hcm_pipeline.sandbox.files import private


@dataclass(frozen=True)
class Certificates:
    """Where the PEM files stand."""

    authority: Path
    server: Path
    key: Path


def certificates(directory: Path) -> Certificates:
    """The directory's certificates, made when missing. The authority's own key is never written down."""
    folder = directory / "tls"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    if all(path.is_file() and path.stat().st_size for path in (found.authority, found.server, found.key)):
        return found
    authority = trustme.CA(organization_name="hcm-pipeline sandbox")
    issued = authority.issue_cert("127.0.0.1", "localhost")
    _write(found.key, issued.private_key_pem.bytes())
    _write(found.server, b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    _write(found.authority, authority.cert_pem.bytes())
    return found


def _write(path: Path, content: bytes) -> None:
    half = path.with_name(f".{path.name}.{os.getpid()}")
    private(half).write_bytes(content)
    half.replace(path)
