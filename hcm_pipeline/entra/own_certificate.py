"""A private key and a certificate of our own, for signing in: Entra ID needs no authority behind it, only to know it."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from hcm_pipeline.errors import HomeError

DAYS = 730
BITS = 2048


def make_certificate(path: Path, public: Path) -> None:
    """Make a PEM file of key and certificate (0600), and one of the certificate alone. Replaces nothing; raises HomeError."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hcm-pipeline")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=DAYS))
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(Encoding.PEM)
    _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + pem, 0o600)
    _write(public, pem, 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    try:
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode), "wb") as file:
            file.write(content)
    except OSError as error:
        raise HomeError(f"{path}: cannot be written: {error.strerror}") from error
