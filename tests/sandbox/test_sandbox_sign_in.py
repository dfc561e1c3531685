"""Signing in for real: MSAL by secret and by certificate, and what the authority refuses."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from hcm_pipeline.sandbox import SandboxHandle, SandboxOptions, running

from .support import token_form, token_url, trusting

SCOPE = ["https://graph.microsoft.com/.default"]


@pytest.fixture
def handle(tmp_path: Path) -> Iterator[SandboxHandle]:
    with running(tmp_path) as handle:
        yield handle


@contextmanager
def msal_session(handle: SandboxHandle) -> Iterator[requests.Session]:
    """REQUESTS_CA_BUNDLE would overrule `verify` in a session that trusts its environment."""
    with requests.Session() as session:
        session.verify, session.trust_env = str(handle.target.ca_file), False
        yield session


def msal_token(handle: SandboxHandle, credential: Any) -> dict[str, Any]:
    """What MSAL gets for a credential."""
    target = handle.target
    with msal_session(handle) as session:
        app = msal.ConfidentialClientApplication(
            target.client_id,
            authority=f"{target.authority_host}/{target.tenant_id}",
            client_credential=credential,
            instance_discovery=False,
            http_client=session,
        )
        answer: dict[str, Any] = app.acquire_token_for_client(SCOPE)
    return answer


def certificate(days: int = 1) -> tuple[bytes, bytes, str]:
    """A self-signed certificate, its key and its SHA-1 thumbprint."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pipeline")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=2))
        .not_valid_after(now + datetime.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    return made.public_bytes(serialization.Encoding.PEM), pem, made.fingerprint(hashes.SHA1()).hex()


def register(directory: Path, pem: bytes) -> None:
    folder = directory / "certificates"
    folder.mkdir(exist_ok=True)
    (folder / "pipeline.pem").write_bytes(pem)


def test_msal_signs_in_by_secret_and_the_token_opens_graph(handle: SandboxHandle) -> None:
    token = msal_token(handle, handle.target.client_secret)["access_token"]
    with trusting(handle) as client:
        answer = client.get(f"{handle.target.graph_url}/users", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_msal_signs_in_by_a_registered_certificate(handle: SandboxHandle, tmp_path: Path) -> None:
    public, private, thumbprint = certificate()
    register(tmp_path, public)
    by_sha256 = {"private_key": private.decode(), "public_certificate": public.decode()}
    by_sha1 = {"private_key": private.decode(), "thumbprint": thumbprint}
    assert "access_token" in msal_token(handle, by_sha256)
    assert "access_token" in msal_token(handle, by_sha1)


def test_a_certificate_nobody_registered_is_refused(handle: SandboxHandle) -> None:
    public, private, _ = certificate()
    answer = msal_token(handle, {"private_key": private.decode(), "public_certificate": public.decode()})
    assert (answer["error"], answer["error_codes"]) == ("invalid_client", [700027])


def test_an_outdated_certificate_is_refused(handle: SandboxHandle, tmp_path: Path) -> None:
    public, private, _ = certificate(days=-1)
    register(tmp_path, public)
    answer = msal_token(handle, {"private_key": private.decode(), "public_certificate": public.decode()})
    assert answer["error_codes"] == [1000502]


def test_a_wrong_secret_is_refused_in_entras_shape(handle: SandboxHandle) -> None:
    with trusting(handle) as client:
        answer = client.post(token_url(handle), data=token_form(handle, client_secret="wrong"))
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (401, "invalid_client", [7000215])
    assert body["error_description"].startswith("AADSTS7000215: Invalid client secret provided.")
    assert "wrong" not in answer.text


REFUSED = [
    ({"client_id": "someone"}, 400, "unauthorized_client", 700016),
    ({"scope": "User.Read"}, 400, "invalid_scope", 70011),
    ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
    ({"scope": ""}, 400, "invalid_request", 900144),
    ({"client_secret": ""}, 401, "invalid_client", 7000218),
    ({"client_assertion": "x"}, 400, "invalid_request", 900144),
]


@pytest.mark.parametrize(("changed", "status", "error", "number"), REFUSED)
def test_a_wrong_request_is_refused(
    handle: SandboxHandle, changed: dict[str, str], status: int, error: str, number: int
) -> None:
    with trusting(handle) as client:
        answer = client.post(token_url(handle), data=token_form(handle, **changed))
    assert (answer.status_code, answer.json()["error"], answer.json()["error_codes"]) == (status, error, [number])


def test_another_tenant_is_not_found(handle: SandboxHandle) -> None:
    with trusting(handle) as client:
        answers = [
            client.get(f"{handle.url}/elsewhere/v2.0/.well-known/openid-configuration"),
            client.post(f"{handle.url}/elsewhere/oauth2/v2.0/token", data=token_form(handle)),
        ]
    assert [(answer.status_code, answer.json()["error_codes"]) for answer in answers] == [(400, [90002])] * 2


def test_a_token_expires(tmp_path: Path) -> None:
    with running(tmp_path, options=SandboxOptions(token_seconds=1)) as handle, trusting(handle) as client:
        token = client.post(token_url(handle), data=token_form(handle)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        deadline = time.monotonic() + 10
        answer = httpx.Response(200)
        while answer.status_code == 200 and time.monotonic() < deadline:
            answer = client.get(f"{handle.target.graph_url}/users", headers=headers)
            time.sleep(0.05)
    assert answer.json()["error"]["message"] == "Access token has expired or is not yet valid."


def test_the_authority_can_be_made_to_fail(handle: SandboxHandle) -> None:
    with trusting(handle) as client:
        fault = {"kind": "status", "status": 503, "on": "token"}
        assert client.post(f"{handle.url}/sandbox/faults", json=fault).status_code == 200
        assert client.post(token_url(handle), data=token_form(handle)).status_code == 503
        assert client.post(token_url(handle), data=token_form(handle)).status_code == 200
