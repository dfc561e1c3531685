"""Signing in without a shared secret: federated tokens and managed identities, and a certificate whose key has a passphrase."""

from __future__ import annotations

import datetime as dt
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from hcm_pipeline.entra import EntraConnection, SignInWay
from hcm_pipeline.entra.signin import SignIn, certificate_facts, read_certificate
from hcm_pipeline.errors import SignInFailed
from hcm_pipeline.http import NoAnswer
from hcm_pipeline.sandbox import SandboxHandle, SandboxOptions, running
from hcm_pipeline.targets.entra import to_sandbox
from tests.sandbox.support import sign_in, trusting

from .test_sign_in import pem_file

ISSUER, SUBJECT, AUDIENCE = (
    "https://issuer.example/",
    "system:serviceaccount:hcm:pipeline",
    "api://AzureADTokenExchange",
)
VARIABLES = (
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "IMDS_ENDPOINT",
    "MSI_ENDPOINT",
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
)


@dataclass(frozen=True)
class Tenant:
    """A sandbox with a federated credential, which stands in for the issuer as well."""

    handle: SandboxHandle
    directory: Path
    http: httpx.Client

    @property
    def target(self) -> EntraConnection:
        return replace(to_sandbox(self.handle.target), client_secret=None)

    def assertion(self, **changed: object) -> str:
        told = {"issuer": ISSUER, "subject": SUBJECT, "audience": AUDIENCE, **changed}
        answer = self.http.post(f"{self.handle.url}/sandbox/federation", json=told)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    directory = tmp_path_factory.mktemp("sandbox")
    options = SandboxOptions(further_permissions=frozenset({"Application.ReadWrite.OwnedBy"}))
    with running(directory, options=options) as handle, trusting(handle) as http:
        sign_in(handle, http)
        path = f"{handle.target.graph_url}/applications(appId='{handle.target.client_id}')/federatedIdentityCredentials"
        body = {"name": "pipeline", "issuer": ISSUER, "subject": SUBJECT, "audiences": [AUDIENCE]}
        assert http.post(path, json=body).status_code == 201
        yield Tenant(handle, directory, http)


@pytest.fixture(autouse=True)
def no_azure(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def token(connection: EntraConnection) -> str:
    with closing(SignIn(connection)) as signin:
        return signin.token()


def roles(token: str) -> list[str]:
    found: list[str] = jwt.decode(token, options={"verify_signature": False})["roles"]
    return found


@pytest.fixture
def federated(tenant: Tenant, tmp_path: Path) -> Callable[..., EntraConnection]:
    """The tenant by a token file that holds such claims."""

    def written(**changed: object) -> EntraConnection:
        file = tmp_path / "token"
        file.write_text(tenant.assertion(**changed) + "\n")
        return replace(tenant.target, federated_token_file=file)

    return written


def test_a_federated_token_signs_in_and_is_read_anew_for_each_token(
    tenant: Tenant, federated: Callable[..., EntraConnection]
) -> None:
    connection = federated(seconds=-60)
    assert connection.way is SignInWay.FEDERATED
    with closing(SignIn(connection)) as signin:
        with pytest.raises(SignInFailed, match=r"AADSTS700024.*AZURE_FEDERATED_TOKEN_FILE"):
            signin.token()
        federated()  # whoever puts it there has renewed it
        assert "User.Read.All" in roles(signin.token())


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"issuer": "https://other.example/"}, r"AADSTS700211.*issuer"),
        ({"subject": "system:serviceaccount:hcm:other"}, r"AADSTS700213.*subject"),
        ({"audience": "api://other"}, r"AADSTS700212.*audience"),
    ],
)
def test_a_federated_token_that_the_app_does_not_know_is_told_by_what_differs(
    federated: Callable[..., EntraConnection], changed: dict[str, object], code: str
) -> None:
    with pytest.raises(SignInFailed, match=code):
        token(federated(**changed))


def test_a_federated_token_of_another_key_is_refused(tenant: Tenant, tmp_path: Path) -> None:
    head, claims, _ = tenant.assertion().split(".")
    (tmp_path / "token").write_text(f"{head}.{claims}.{urlsafe_b64encode(bytes(32)).decode().rstrip('=')}")
    with pytest.raises(SignInFailed, match="AADSTS700027"):
        token(replace(tenant.target, federated_token_file=tmp_path / "token"))


@pytest.mark.parametrize("text", ["", "hush-hush", "a.b", "a.b.c.d", "ä.b.c"])
def test_a_file_without_a_token_is_told_and_its_text_is_not(tenant: Tenant, tmp_path: Path, text: str) -> None:
    (tmp_path / "token").write_text(text)
    with pytest.raises(SignInFailed, match=r"AZURE_FEDERATED_TOKEN_FILE .*holds no token") as caught:
        token(replace(tenant.target, federated_token_file=tmp_path / "token"))
    assert "hush" not in str(caught.value)
    with pytest.raises(SignInFailed, match="No such file"):
        token(replace(tenant.target, federated_token_file=tmp_path / "none"))


@pytest.fixture(params=["virtual machine", "App Service"])
def machine(request: pytest.FixtureRequest, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> str:
    """This machine with a managed identity, the endpoint of which the sandbox serves."""
    if request.param == "App Service":
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{tenant.handle.url}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", tenant.handle.target.client_secret)
    else:
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", tenant.handle.url)
    return str(request.param)


def test_a_managed_identity_signs_in_the_machines_own_and_one_that_is_named(tenant: Tenant, machine: str) -> None:
    named = replace(tenant.target, managed_identity=True)
    assert named.way is SignInWay.MANAGED
    assert "User.Read.All" in roles(token(named)) == roles(token(replace(named, client_id="")))
    with pytest.raises(SignInFailed, match=r"gave no token for the identity elsewhere .*AZURE_CLIENT_ID"):
        token(replace(named, client_id="elsewhere"))


def test_a_managed_identity_forgets_its_token_when_it_is_told_to(tenant: Tenant, machine: str) -> None:
    with closing(SignIn(replace(tenant.target, managed_identity=True))) as signin:
        first = signin.token()
        assert signin.token() == first
        signin.forget()
        assert signin.token() != first


def test_app_service_wants_its_header(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{tenant.handle.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "hush-hush")
    with pytest.raises(SignInFailed, match="gave no token") as caught:
        token(replace(tenant.target, managed_identity=True))
    assert "hush" not in str(caught.value)


def test_the_endpoint_of_managed_identities_is_beside_us_or_over_tls(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    managed = replace(tenant.target, managed_identity=True)
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://metadata.example")
    with pytest.raises(SignInFailed, match="another machine without TLS; nothing was sent there"):
        token(managed)
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9")
    with pytest.raises(NoAnswer, match="the endpoint of managed identities cannot be reached"):
        token(managed)
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", f"{tenant.handle.url}/not-there")
    with pytest.raises(SignInFailed, match=r"gave no token|cannot be read"):
        token(managed)


def test_a_private_key_with_a_passphrase_signs_in(tenant: Tenant, tmp_path: Path) -> None:
    plain = pem_file(tmp_path / "plain.pem").read_bytes()
    key = load_pem_private_key(plain, None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hush-hush"))
    opened = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    certificate = plain[plain.index(b"-----BEGIN CERTIFICATE-----") :]
    pem = tmp_path / "locked.pem"
    pem.write_bytes(locked + certificate)
    (tenant.directory / "certificates").mkdir(exist_ok=True)
    (tenant.directory / "certificates" / "app.pem").write_text(read_certificate(pem, "hush-hush")["public_certificate"])
    signed = replace(tenant.target, certificate_path=pem, certificate_password="hush-hush")
    assert roles(token(signed))
    assert "hush" not in repr(signed)
    with pytest.raises(SignInFailed, match="AZURE_CLIENT_CERTIFICATE_PASSWORD takes its passphrase"):
        read_certificate(pem)
    with pytest.raises(SignInFailed, match="the passphrase is another one") as caught:
        read_certificate(pem, "wrong-word")
    assert "wrong-word" not in str(caught.value)
    pem.write_bytes(opened + certificate)
    assert read_certificate(pem, "a passphrase that is not needed")["private_key"]
    facts = certificate_facts(pem)
    assert facts.not_before < dt.datetime.now(dt.UTC) < facts.not_after
    assert len(facts.thumbprint) == 40
