"""Signing in: by secret, by certificate, and what a person reads when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from hcm_pipeline.entra import EntraConnection
from hcm_pipeline.entra.signin import SignIn, read_certificate
from hcm_pipeline.errors import SignInFailed
from hcm_pipeline.http import NoAnswer

from .conftest import Service
from .gateway import Gateway, serving


def pem_file(path: Path, *, key_type: trustme.KeyType = trustme.KeyType.RSA, key: bool = True) -> Path:
    """A PEM file with a certificate, before it its private key."""
    issued = trustme.CA().issue_cert("hcm-pipeline.example", key_type=key_type)
    blobs = [*issued.cert_chain_pems, *([issued.private_key_pem] if key else [])]
    path.write_bytes(b"".join(blob.bytes() for blob in reversed(blobs)))
    return path


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with serving(tmp_path) as found:
        yield found


def token(gateway: Gateway) -> str:
    signin = SignIn(
        EntraConnection("https://graph.example/v1.0", gateway.url, "tenant", "client", "sp", "job", "hush-hush",
                        ca_file=gateway.ca_file, sandbox=True)
    )  # fmt: skip
    with closing(signin):
        return signin.token()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "place", ["http://evil.example/token", "https://evil.example/token", "//evil.example/", "https://[x"]
)
def test_a_redirect_of_the_authority_is_not_followed(gateway: Gateway, status: int, place: str) -> None:
    gateway.redirect = (status, place)
    with pytest.raises(SignInFailed, match=r"answered with a redirect .*nothing was sent there") as caught:
        token(gateway)
    assert "hush" not in str(caught.value)
    assert [path.rpartition("/")[2] for _, path, _ in gateway.heard] == ["openid-configuration", "token"]


def test_not_even_to_itself(gateway: Gateway) -> None:
    gateway.redirect = (307, "/elsewhere")
    with pytest.raises(SignInFailed, match="a redirect, which is not followed"):
        token(gateway)
    gateway.redirect = (307, gateway.url.replace("https", "http"))
    with pytest.raises(SignInFailed, match="without TLS; nothing was sent"):
        token(gateway)
    gateway.redirect = None
    assert token(gateway) == "stolen"


@pytest.mark.parametrize("place", ["http://127.0.0.1:{port}/token", "https://evil.example/token"])
def test_the_secret_goes_to_the_authority_only_whatever_its_metadata_say(gateway: Gateway, place: str) -> None:
    gateway.token_endpoint = place.format(port=gateway.url.rpartition(":")[2])
    with pytest.raises(SignInFailed):  # where MSAL does not refuse it, we do
        token(gateway)
    assert [path.rpartition("/")[2] for _, path, _ in gateway.heard] == ["openid-configuration"]


def test_a_client_secret_signs_in(service: Service) -> None:
    with service.client() as client:
        client.sign_in()
        assert client.job_status().code == "Active"


def test_a_certificate_signs_in(service: Service, tmp_path: Path) -> None:
    pem = pem_file(tmp_path / "app.pem")
    registered = service.directory / "certificates"
    registered.mkdir(exist_ok=True)
    (registered / "app.pem").write_text(read_certificate(pem)["public_certificate"])
    with service.client(replace(service.target, client_secret=None, certificate_path=pem)) as client:
        assert client.job_status().code == "Active"


def test_a_certificate_that_is_not_registered_is_refused_with_its_code(service: Service, tmp_path: Path) -> None:
    target = replace(service.target, client_secret=None, certificate_path=pem_file(tmp_path / "app.pem"))
    with service.client(target) as client, pytest.raises(SignInFailed, match=r"AADSTS700027.*not registered"):
        client.sign_in()


def test_a_wrong_secret_is_told_by_code_and_mend_and_never_by_value(service: Service) -> None:
    with (
        service.client(replace(service.target, client_secret="hush-hush")) as client,
        pytest.raises(SignInFailed, match=r"AADSTS7000215 \(invalid_client\).*AZURE_CLIENT_SECRET") as caught,
    ):
        client.sign_in()
    assert "hush" not in str(caught.value)


def test_an_unknown_tenant_is_told_by_its_variable(service: Service) -> None:
    target = replace(service.target, tenant_id="00000000-0000-0000-0000-000000000000")
    with service.client(target) as client, pytest.raises(SignInFailed, match="AZURE_TENANT_ID"):
        client.sign_in()


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_another_ca_bundle_in_the_environment_does_not_break_the_sign_in(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    monkeypatch.setenv(variable, str(other))
    with service.client() as client:
        client.sign_in()


def test_a_proxy_in_the_environment_is_used_except_for_the_sandbox(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with service.client() as client:
        client.sign_in()
    with service.client(replace(service.target, sandbox=False)) as client, pytest.raises(NoAnswer, match="ProxyError"):
        client.sign_in()


def test_an_untrusted_authority_is_told_by_the_variable_that_would_trust_it(service: Service) -> None:
    with (
        service.client(replace(service.target, ca_file=None)) as client,
        pytest.raises(SignInFailed, match="not trusted; SSL_CERT_FILE"),
    ):
        client.sign_in()


def test_an_authority_that_cannot_be_reached_may_be_tried_again(service: Service) -> None:
    with (
        service.client(replace(service.target, authority_host="https://127.0.0.1:9")) as client,
        pytest.raises(NoAnswer, match="cannot be reached") as caught,
    ):
        client.sign_in()
    assert not caught.value.sent


def test_a_failing_authority_may_be_tried_again(service: Service) -> None:
    service.fault("status", status=503, on="token")
    with service.client() as client, pytest.raises(NoAnswer):
        client.sign_in()


def test_a_certificate_file_is_refused_for_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(SignInFailed, match="No such file"):
        read_certificate(tmp_path / "missing.pem")
    with pytest.raises(SignInFailed, match="no readable PEM private key"):
        read_certificate(pem_file(tmp_path / "no-key.pem", key=False))
    with pytest.raises(SignInFailed, match="not an RSA key"):
        read_certificate(pem_file(tmp_path / "ec.pem", key_type=trustme.KeyType.ECDSA))
    one, other = pem_file(tmp_path / "one.pem"), pem_file(tmp_path / "other.pem")
    key, rest = one.read_text().split("-----BEGIN CERTIFICATE-----", 1)
    (tmp_path / "key-only.pem").write_text(key)
    with pytest.raises(SignInFailed, match="no readable PEM certificate"):
        read_certificate(tmp_path / "key-only.pem")
    (tmp_path / "mixed.pem").write_text(key + other.read_text().partition("-----END")[2].partition("KEY-----\n")[2])
    assert rest
    with pytest.raises(SignInFailed, match="no certificate in it belongs"):
        read_certificate(tmp_path / "mixed.pem")
