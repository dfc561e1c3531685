"""Sign-in: an app-only token for Microsoft Graph, by client secret or certificate, through MSAL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast
from urllib.parse import SplitResult, urljoin, urlsplit

import msal
import requests
from cryptography import x509
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

from hcm_pipeline.entra.credentials import EntraConnection
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
}
TIMEOUT_SECONDS = (10.0, 30.0)
"""To connect, and between bytes of the answer."""


class SignIn:
    """Tokens for one connection. MSAL keeps the token and renews it before it expires. For one thread at a time."""

    def __init__(self, connection: EntraConnection) -> None:
        self._connection = connection
        self._session = _session(connection)
        self._app: msal.ConfidentialClientApplication | None = None

    def token(self) -> str:
        """A token that is valid by its own expiry time.

        Raises SignInFailed when the authority refuses, NoAnswer (never sent) when it cannot be reached.
        """
        try:
            if self._app is None:
                self._app = self._application()
            result = cast("dict[str, object]", self._app.acquire_token_for_client([self._scope()]))
        except requests.exceptions.SSLError as error:
            raise SignInFailed(
                f"{self._where()}: its certificate is not trusted; SSL_CERT_FILE names the CA file to trust"
            ) from error
        except (requests.exceptions.RequestException, msal.exceptions.MsalServiceError) as error:
            raise NoAnswer(f"{self._where()} cannot be reached ({type(error).__name__})", sent=False) from error
        except (ValueError, KeyError) as error:  # how MSAL reports an authority whose metadata it cannot use
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

    def _application(self) -> msal.ConfidentialClientApplication:
        connection = self._connection
        return msal.ConfidentialClientApplication(
            connection.client_id,
            client_credential=_credential(connection),
            authority=f"{connection.authority_host}/{connection.tenant_id}",
            # Only Microsoft's own authorities are listed where MSAL would ask whether this one is genuine.
            instance_discovery=None if urlsplit(connection.authority_host).hostname in MICROSOFT_AUTHORITIES else False,
            http_client=self._session,
        )

    def _scope(self) -> str:
        host = urlsplit(self._connection.graph_url).hostname
        # A gateway in front of Graph still wants a token that was issued for Graph.
        return f"https://{host if host in GRAPH_HOSTS else 'graph.microsoft.com'}/.default"

    def _where(self) -> str:
        return f"the sign-in authority {urlsplit(self._connection.authority_host).netloc}"

    def _refusal(self, result: dict[str, object]) -> str:
        """The AADSTS code and OAuth error; the description is dropped, for it may quote what was sent."""
        found = re.search(r"AADSTS\d+", str(result.get("error_description", "")))
        code = found.group() if found else "no AADSTS code"
        error = str(result.get("error", ""))
        error = error if re.fullmatch(r"[\w.]{1,60}", error) else "error"
        mend = MENDS.get(code, "look the code up at https://login.microsoftonline.com/error")
        return f"{self._where()} refused the client {self._connection.client_id}: {code} ({error}): {mend}"


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


def _credential(connection: EntraConnection) -> str | dict[str, str]:
    if connection.certificate_path is None:
        return connection.client_secret or ""
    return read_certificate(connection.certificate_path)


def read_certificate(path: Path) -> dict[str, str]:
    """Read a PEM file with a private key and its certificate, as MSAL wants them.

    Further certificates (the issuers') are passed over. No thumbprint is given: MSAL then computes it from the
    certificate as sha256. Raises SignInFailed saying what the file lacks.
    """
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise SignInFailed(f"AZURE_CLIENT_CERTIFICATE_PATH {path}: {error.strerror}") from error
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise SignInFailed(f"{path}: the private key is encrypted; store it without a passphrase") from error
    except ValueError as error:
        raise SignInFailed(f"{path}: holds no readable PEM private key") from error
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


def _public(holder: x509.Certificate | RSAPrivateKey) -> bytes:
    return holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
