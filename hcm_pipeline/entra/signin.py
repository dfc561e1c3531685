"""Sign-in: an app-only token for Graph through MSAL, by certificate, client secret, federated token or managed identity."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import SplitResult, urljoin, urlsplit

import msal
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from hcm_pipeline.entra.credentials import EntraConnection, SignInWay
from hcm_pipeline.errors import SignInFailed
from hcm_pipeline.http import NoAnswer

GRAPH_HOSTS = frozenset(
    {"graph.microsoft.com", "graph.microsoft.us", "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"}
)
MICROSOFT_AUTHORITIES = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoft.com",
        "login.windows.net",
        "login.microsoftonline.us",
        "login.partner.microsoftonline.cn",
        "login.chinacloudapi.cn",
    }
)
MENDS = {
    "AADSTS7000215": "the client secret is wrong: AZURE_CLIENT_SECRET takes the secret's value, not its id",
    "AADSTS7000222": "the client secret has expired: make a new one for the app registration",
    "AADSTS700016": "the tenant does not know the app: check AZURE_CLIENT_ID and AZURE_TENANT_ID",
    "AADSTS90002": "there is no such tenant: check AZURE_TENANT_ID and AZURE_AUTHORITY_HOST",
    "AADSTS900023": "AZURE_TENANT_ID is neither a tenant id nor a verified domain",
    "AADSTS700027": "the certificate is not registered with the app, or does not fit its key",
    "AADSTS7000229": "the app has no service principal in this tenant: grant admin consent",
    "AADSTS1000502": "the certificate has expired, or is not valid yet: register a new one with the app",
    "AADSTS700024": "the assertion is outside its time: look at this machine's clock and at the age of AZURE_FEDERATED_TOKEN_FILE",
    "AADSTS700211": "the app has no federated credential with the token's issuer: add one, or correct its issuer",
    "AADSTS700212": "the app's federated credential has another audience than the token: both are api://AzureADTokenExchange",
    "AADSTS700213": "the app has no federated credential with the token's subject: add one, or correct its subject",
    "AADSTS70021": "the app has no federated credential for the token: add one with its issuer, subject and audience",
}
TIMEOUT_SECONDS = (10.0, 30.0)
"""To connect, and between bytes of the answer."""
METADATA_TIMEOUT_SECONDS = (3.0, 30.0)
"""The same for the endpoint of managed identities, which is on this machine or a step beside it, or nowhere."""


class _App(Protocol):
    """MSAL's two clients, as far as they have the same."""

    def acquire_token_for_client(self, scopes: list[str]) -> dict[str, object] | None: ...

    def remove_tokens_for_client(self) -> None: ...


class SignIn:
    """Tokens for one connection. MSAL keeps the token and renews it before it expires. For one thread at a time."""

    def __init__(self, connection: EntraConnection) -> None:
        self._connection = connection
        self._managed = connection.way is SignInWay.MANAGED
        self._session = _metadata_session(connection) if self._managed else _session(connection)
        self._app: _App | None = None

    def token(self) -> str:
        """A token that is valid by its own expiry time.

        Raises SignInFailed when the authority refuses, NoAnswer (never sent) when it cannot be reached.
        """
        try:
            if self._app is None:
                self._app = _ManagedIdentity(self._connection, self._session) if self._managed else self._application()
            result = self._app.acquire_token_for_client([self._scope()]) or {}
        except requests.exceptions.SSLError as error:
            raise SignInFailed(
                f"{self._where()}: its certificate is not trusted; SSL_CERT_FILE names the CA file to trust"
            ) from error
        except (requests.exceptions.RequestException, msal.exceptions.MsalServiceError) as error:
            raise NoAnswer(f"{self._where()} cannot be reached ({type(error).__name__})", sent=False) from error
        except (
            ValueError,
            KeyError,
            json.JSONDecodeError,
        ) as error:  # how MSAL reports an authority whose metadata it cannot use
            if self._managed:
                raise SignInFailed(f"{self._where()} gave an answer that cannot be read") from error
            raise SignInFailed(
                f"{self._where()} does not know the tenant {self._connection.tenant_id}: check AZURE_TENANT_ID and"
                " AZURE_AUTHORITY_HOST"
            ) from error
        token = result.get("access_token")
        if isinstance(token, str):
            return token
        raise SignInFailed(self._refusal(result))

    def forget(self) -> None:
        """Drop the token, so that the next one is asked for afresh: the service refused it before its time."""
        if self._app is not None:
            self._app.remove_tokens_for_client()

    def close(self) -> None:
        """Close the connections to the authority."""
        self._session.close()

    def _application(self) -> _App:
        connection = self._connection
        made: _App = msal.ConfidentialClientApplication(
            connection.client_id,
            client_credential=_credential(connection),
            authority=f"{connection.authority_host}/{connection.tenant_id}",
            # Only Microsoft's own authorities are listed where MSAL would ask whether this one is genuine.
            instance_discovery=None if urlsplit(connection.authority_host).hostname in MICROSOFT_AUTHORITIES else False,
            http_client=self._session,
        )
        return made

    def _scope(self) -> str:
        host = urlsplit(self._connection.graph_url).hostname
        # A gateway in front of Graph still wants a token that was issued for Graph.
        return f"https://{host if host in GRAPH_HOSTS else 'graph.microsoft.com'}/.default"

    def _where(self) -> str:
        if self._managed:
            return "the endpoint of managed identities"
        return f"the sign-in authority {urlsplit(self._connection.authority_host).netloc}"

    def _refusal(self, result: dict[str, object]) -> str:
        """The AADSTS code and OAuth error; the description is dropped, for it may quote what was sent."""
        found = re.search(r"AADSTS\d+", str(result.get("error_description", "")))
        code = found.group() if found else "no AADSTS code"
        error = str(result.get("error", ""))
        error = error if re.fullmatch(r"[\w.]{1,60}", error) else "error"
        if self._managed:
            which = (
                f"the identity {self._connection.client_id}"
                if self._connection.client_id
                else "the machine's own identity"
            )
            return (
                f"{self._where()} gave no token for {which} ({error}): assign it to this machine or app, and name it by"
                " AZURE_CLIENT_ID (unset: the machine's own)"
            )
        mend = MENDS.get(code, "look the code up at https://login.microsoftonline.com/error")
        return f"{self._where()} refused the client {self._connection.client_id}: {code} ({error}): {mend}"


def token_of(connection: EntraConnection) -> str:
    """One token, for whoever needs no more. Raises as `SignIn.token`."""
    signin = SignIn(connection)
    try:
        return signin.token()
    finally:
        signin.close()


class _Adapter(HTTPAdapter):
    """Sends to the authority only, over TLS, and follows it nowhere: what is sent holds the client's secret.

    Requests has no timeout unless it is told one, and MSAL does not tell a session that it was given.
    """

    def __init__(self, authority: str) -> None:
        self._authority = urlsplit(authority.lower())
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
        kwargs["timeout"] = kwargs.get("timeout") or TIMEOUT_SECONDS
        self._judge(request.url or "", "sends the client")
        response = super().send(request, *args, **kwargs)  # type: ignore[arg-type]
        if response.is_redirect:
            response.close()
            self._judge(response.headers["location"], "answered with a redirect", request.url or "")
            raise SignInFailed(self._refusal("answered with a redirect, which is not followed"))
        return response

    def _judge(self, url: str, what: str, base: str = "") -> None:
        """Raises SignInFailed for an address that is not the authority's own."""
        try:
            there = urlsplit(urljoin(base, url).lower())
            known = _server(there) == _server(self._authority)
        except ValueError:
            raise SignInFailed(self._refusal(f"{what} to what is no address; nothing was sent there")) from None
        if not known and not {there.hostname, self._authority.hostname} <= MICROSOFT_AUTHORITIES:
            raise SignInFailed(self._refusal(f"{what} to another host ({there.hostname}); nothing was sent there"))
        if there.scheme != "https":
            raise SignInFailed(self._refusal(f"{what} to an address without TLS; nothing was sent there"))

    def _refusal(self, what: str) -> str:
        return f"the sign-in authority {self._authority.netloc} {what}. Check AZURE_AUTHORITY_HOST"


def _server(address: SplitResult) -> tuple[str | None, int]:
    return address.hostname, address.port or 443


def _session(connection: EntraConnection) -> requests.Session:
    """A session of our own: MSAL's lets REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE overrule the CA file it is given.

    Proxies are still taken from the environment, except for the sandbox, which is on this machine.
    """
    session = requests.Session()
    session.trust_env = False
    session.verify = str(connection.ca_file) if connection.ca_file else True
    if not connection.sandbox:
        session.proxies.update(get_environ_proxies(connection.authority_host))
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(connection.authority_host))
    return session


class _ManagedIdentity:
    """MSAL's client of managed identities, with the methods of its other one."""

    def __init__(self, connection: EntraConnection, session: requests.Session) -> None:
        self._client_id, self._session = connection.client_id, session
        self.remove_tokens_for_client()

    def acquire_token_for_client(self, scopes: list[str]) -> dict[str, object] | None:
        """A token for the resource of the scope."""
        [scope] = scopes
        return cast(
            "dict[str, object] | None", self._client.acquire_token_for_client(resource=scope.removesuffix("/.default"))
        )

    def remove_tokens_for_client(self) -> None:
        """Forget what is cached, with the client that caches it."""
        named, own = msal.UserAssignedManagedIdentity, msal.SystemAssignedManagedIdentity
        identity = named(client_id=self._client_id) if self._client_id else own()
        self._client = msal.ManagedIdentityClient(identity, http_client=self._session)


class _MetadataAdapter(HTTPAdapter):
    """Sends to this machine or a link-local address, or over TLS, and follows it nowhere: the answer is a token."""

    def send(self, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
        kwargs["timeout"] = kwargs.get("timeout") or METADATA_TIMEOUT_SECONDS
        there = urlsplit(request.url or "")
        if there.scheme != "https" and not _beside_us(there.hostname or ""):
            raise SignInFailed(
                f"the endpoint of managed identities {there.netloc} is another machine without TLS; nothing was sent there."
                " Check IDENTITY_ENDPOINT and AZURE_POD_IDENTITY_AUTHORITY_HOST"
            )
        response = super().send(request, *args, **kwargs)  # type: ignore[arg-type]
        if response.is_redirect:
            response.close()
            raise SignInFailed("the endpoint of managed identities answered with a redirect, which is not followed")
        return response


def _beside_us(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_link_local


def _metadata_session(connection: EntraConnection) -> requests.Session:
    """A session without a proxy: the endpoint is on this machine or a step beside it."""
    session = requests.Session()
    session.trust_env = False
    session.verify = str(connection.ca_file) if connection.ca_file else True
    for scheme in ("https://", "http://"):
        session.mount(scheme, _MetadataAdapter())
    return session


def _credential(connection: EntraConnection) -> str | dict[str, str] | dict[str, Callable[[], str]]:
    if connection.certificate_path is not None:
        return read_certificate(connection.certificate_path, connection.certificate_password)
    if (token_file := connection.federated_token_file) is not None:
        return {"client_assertion": lambda: read_federated_token(token_file)}
    return connection.client_secret or ""


def read_federated_token(path: Path) -> str:
    """The token that another issuer gave, as it is in its file now: whoever puts it there renews it. Raises SignInFailed."""
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "holds no token"
        raise SignInFailed(f"AZURE_FEDERATED_TOKEN_FILE {path}: {why}") from error
    if not re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token):
        raise SignInFailed(f"AZURE_FEDERATED_TOKEN_FILE {path}: holds no token (three parts, with dots between them)")
    return token


@dataclass(frozen=True)
class CertificateFacts:
    """The public part of a certificate: its time, and the thumbprint (SHA-1, hexadecimal) by which the portal lists it."""

    not_before: datetime
    not_after: datetime
    thumbprint: str


def certificate_facts(path: Path, password: str | None = None) -> CertificateFacts:
    """The certificate that signs in. Raises SignInFailed saying what the file lacks."""
    own = x509.load_pem_x509_certificate(read_certificate(path, password)["public_certificate"].encode())
    thumbprint = own.fingerprint(hashes.SHA1()).hex().upper()
    return CertificateFacts(own.not_valid_before_utc, own.not_valid_after_utc, thumbprint)


def read_certificate(path: Path, password: str | None = None) -> dict[str, str]:
    """Read a PEM file with a private key and its certificate, as MSAL wants them. `password`: of an encrypted key.

    Further certificates (the issuers') are passed over. No thumbprint is given: MSAL then computes it from the
    certificate as sha256. Raises SignInFailed saying what the file lacks.
    """
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise SignInFailed(f"AZURE_CLIENT_CERTIFICATE_PATH {path}: {error.strerror}") from error
    key = _private_key(path, pem, password)
    if not isinstance(key, RSAPrivateKey):
        raise SignInFailed(f"{path}: the private key is not an RSA key, and Entra ID signs in with no other")
    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise SignInFailed(f"{path}: holds no readable PEM certificate") from error
    own = next((found for found in certificates if _public(found) == _public(key)), None)
    if own is None:
        raise SignInFailed(f"{path}: no certificate in it belongs to the private key")
    return {
        "private_key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "public_certificate": own.public_bytes(Encoding.PEM).decode(),
    }


def _private_key(path: Path, pem: bytes, password: str | None) -> object:
    encrypted = b"ENCRYPTED" in pem
    try:
        return load_pem_private_key(pem, password=password.encode() if password and encrypted else None)
    except TypeError as error:
        raise SignInFailed(
            f"{path}: the private key is encrypted; AZURE_CLIENT_CERTIFICATE_PASSWORD takes its passphrase"
        ) from error
    except ValueError as error:
        if password and encrypted:
            raise SignInFailed(
                f"{path}: the private key cannot be read with AZURE_CLIENT_CERTIFICATE_PASSWORD: the passphrase is another one"
            ) from None
        raise SignInFailed(f"{path}: holds no readable PEM private key") from error


def _public(holder: x509.Certificate | RSAPrivateKey) -> bytes:
    return holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
