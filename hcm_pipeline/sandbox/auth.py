"""Sign-in as Entra ID does it: client credentials by secret or certificate, and tokens that expire."""

from __future__ import annotations

import hmac
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from hcm_pipeline.sandbox.options import SandboxOptions

GRAPH_AUDIENCE = "https://graph.microsoft.com"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class SignInRefused(Exception):
    """The authority refuses to issue a token; told in Entra's shape."""

    def __init__(self, status: int, error: str, number: int, description: str) -> None:
        self.status, self.error, self.number = status, error, number
        super().__init__(f"AADSTS{number}: {description}")

    def body(self) -> dict[str, Any]:
        """The JSON answer."""
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        stamp = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}"
        return {
            "error": self.error,
            "error_description": f"{self} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}",
            "error_codes": [self.number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
        }


class TokenRefused(Exception):
    """A bearer token is missing, damaged, expired or revoked."""


@dataclass(frozen=True)
class Identity:
    """The one tenant, application and job of a sandbox."""

    tenant_id: str
    client_id: str
    client_secret: str
    service_principal_id: str
    job_id: str

    @property
    def active_directory(self) -> bool:
        """Whether the job provisions to Active Directory instead of Microsoft Entra ID."""
        return self.job_id.startswith("API2AD.")


class Authority:
    """Issues and checks tokens. They are signed, not stored, so they outlive a restart.

    A token's time is the sandbox's (`now`), that of a client's assertion is the machine's, as the client's is.
    """

    def __init__(
        self,
        identity: Identity,
        key: str,
        certificates: Path,
        rules: Callable[[], SandboxOptions],
        now: Callable[[], float],
        roles: Callable[[], frozenset[str]],
    ) -> None:
        self._identity = identity
        self._key = key
        self._certificates = certificates
        self._rules = rules
        self._now = now
        self._roles = roles
        self.federated: Callable[[], list[dict[str, Any]]] = list
        """The federated credentials of the client."""
        self.generation = 0
        """Tokens of an earlier generation count as expired."""

    def sign_in(self, tenant: str, form: Mapping[str, str], host: str) -> dict[str, Any]:
        """Answer a token request. `host` is this server's own address. Raises SignInRefused."""
        self.check_tenant(tenant)
        for name in ("grant_type", "client_id", "scope"):
            if not form.get(name):
                raise SignInRefused(
                    400, "invalid_request", 900144, f"The request body must contain the following parameter: '{name}'."
                )
        if form["grant_type"] != "client_credentials":
            raise SignInRefused(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        if form["client_id"] != self._identity.client_id:
            raise SignInRefused(
                400, "unauthorized_client", 700016, "Application with the given identifier was not found."
            )
        self._check_credential(form, host, tenant)
        if form["scope"] not in (f"{GRAPH_AUDIENCE}/.default", f"{host}/.default"):
            raise SignInRefused(
                400, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid."
            )
        return {
            "token_type": "Bearer",
            "expires_in": self._rules().token_seconds,
            "ext_expires_in": self._rules().token_seconds,
            "access_token": self._issue(),
        }

    def check_tenant(self, tenant: str) -> None:
        """Raises SignInRefused for a tenant that does not exist here."""
        if tenant.lower() != self._identity.tenant_id.lower():
            raise SignInRefused(400, "invalid_request", 90002, "Tenant not found. Check the tenant ID.")

    def identity_token(self, header: str | None, resource: str) -> dict[str, Any] | None:
        """A token for a managed identity, as App Service hands it out; None: the header or the resource is not the right one."""
        if not hmac.compare_digest((header or "").encode(), self._identity.client_secret.encode()):
            return None
        if resource.rstrip("/") != GRAPH_AUDIENCE:
            return None
        ends = int(self._now()) + self._rules().token_seconds
        return {
            "access_token": self._issue(), "expires_on": str(ends), "resource": resource, "token_type": "Bearer",
            "client_id": self._identity.client_id,
        }  # fmt: skip

    def foreign_token(self, issuer: str, subject: str, audience: str, seconds: float) -> str:
        """A token of another issuer, good for so many seconds of the machine's time: the sandbox stands in for it."""
        ends = int(datetime.now(UTC).timestamp() + seconds)
        claims = {"iss": issuer, "sub": subject, "aud": audience, "exp": ends, "nbf": ends - 3600, "iat": ends - 3600}
        return jwt.encode(claims, self._key, algorithm="HS256")

    def _check_foreign(self, assertion: str) -> None:
        """A federated credential has its issuer, subject and audience."""
        try:
            claims = jwt.decode(
                assertion,
                self._key,
                algorithms=["HS256"],
                options={"verify_aud": False, "require": ["exp", "iss", "sub"]},
            )
        except jwt.ExpiredSignatureError:
            raise SignInRefused(
                401, "invalid_client", 700024, "Client assertion is not within its valid time range."
            ) from None
        except jwt.InvalidTokenError:
            raise SignInRefused(401, "invalid_client", 700027, "The assertion could not be verified.") from None
        there = self.federated()
        for number, name, claim in ((700211, "issuer", "iss"), (700213, "subject", "sub")):
            there = [one for one in there if one[name] == claims[claim]]
            if not there:
                told = f"No matching federated identity record found for presented assertion {name}."
                raise SignInRefused(401, "invalid_client", number, told)
        if not any(claims.get("aud") in one["audiences"] for one in there):
            told = "No matching federated identity record found for presented assertion audience."
            raise SignInRefused(401, "invalid_client", 700212, told)

    def _issue(self) -> str:
        now, rules = int(self._now()), self._rules()
        claims = {
            "aud": GRAPH_AUDIENCE,
            "iss": f"https://sts.windows.net/{self._identity.tenant_id}/",
            "iat": now,
            "nbf": now,
            "exp": now + rules.token_seconds,
            "appid": self._identity.client_id,
            "tid": self._identity.tenant_id,
            "roles": sorted(self._roles()),
            "uti": uuid.uuid4().hex,
            "sandbox_generation": self.generation,
        }
        return jwt.encode(claims, self._key, algorithm="HS256")

    def permissions_of(self, authorization: str | None) -> frozenset[str]:
        """The permissions of a bearer token. Raises TokenRefused."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenRefused("Access token is empty.")
        try:
            claims = jwt.decode(
                token.strip(), self._key, algorithms=["HS256"], audience=GRAPH_AUDIENCE,
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )  # fmt: skip
        except jwt.InvalidTokenError:
            raise TokenRefused("Access token validation failure.") from None
        if claims["exp"] <= self._now() or claims.get("sandbox_generation") != self.generation:
            raise TokenRefused("Access token has expired or is not yet valid.")
        return frozenset(claims["roles"])

    def _check_credential(self, form: Mapping[str, str], host: str, tenant: str) -> None:
        if "client_assertion" in form:
            if form.get("client_assertion_type") != ASSERTION_TYPE:
                raise SignInRefused(400, "invalid_request", 900144, "client_assertion_type is missing or not known.")
            self._check_assertion(form["client_assertion"], host, tenant)
        elif not form.get("client_secret"):
            raise SignInRefused(
                401, "invalid_client", 7000218,
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
            )  # fmt: skip
        elif not hmac.compare_digest(form["client_secret"].encode(), self._identity.client_secret.encode()):
            raise SignInRefused(401, "invalid_client", 7000215, "Invalid client secret provided.")
        elif self._rules().secret_days < 0:
            raise SignInRefused(401, "invalid_client", 7000222, "The provided client secret keys for app are expired.")

    def _check_assertion(self, assertion: str, host: str, tenant: str) -> None:
        refused = SignInRefused(401, "invalid_client", 700027, "The assertion could not be verified.")
        try:
            header = jwt.get_unverified_header(assertion)
        except jwt.InvalidTokenError:
            raise refused from None
        if header.get("alg") == "HS256":
            self._check_foreign(assertion)
            return
        base = f"{host}/{tenant}"
        audiences = [f"{base}/oauth2/v2.0/token", f"{base}/v2.0", base]
        for certificate in self.registered():
            public_key = certificate.public_key()
            if not isinstance(public_key, RSAPublicKey) or not _names(header, certificate):
                continue
            days = self._rules().certificate_days
            within = certificate.not_valid_before_utc <= datetime.now(UTC) <= certificate.not_valid_after_utc
            if not (within if days is None else days >= 0):
                raise SignInRefused(401, "invalid_client", 1000502, "The provided certificate is not within its time.")
            try:
                claims = jwt.decode(
                    assertion, public_key, algorithms=["RS256", "PS256"], audience=audiences,
                    options={"require": ["exp", "iss", "sub", "aud"]},
                )  # fmt: skip
            except jwt.ExpiredSignatureError:
                raise SignInRefused(
                    401, "invalid_client", 700024, "Client assertion is not within its valid time range."
                ) from None
            except jwt.InvalidTokenError:
                raise refused from None
            if claims["iss"] != self._identity.client_id or claims["sub"] != self._identity.client_id:
                raise refused
            return
        raise refused

    def registered(self) -> list[x509.Certificate]:
        """The client's certificates, read anew each time: one is registered by putting its PEM file into the folder."""
        files = sorted(self._certificates.glob("*.pem")) if self._certificates.is_dir() else []
        return [certificate for file in files for certificate in _read_certificates(file)]


def _read_certificates(file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except ValueError:
        return []  # a key or a half-copied file registers nothing


def _names(header: Mapping[str, Any], certificate: x509.Certificate) -> bool:
    """Whether a JWT header names this certificate, by either thumbprint."""
    der_sha1 = certificate.fingerprint(hashes.SHA1())  # what Entra's x5t is; not a signature
    der_sha256 = certificate.fingerprint(hashes.SHA256())
    prints = {"x5t": der_sha1, "x5t#S256": der_sha256}
    return any(
        str(header.get(name, "")).rstrip("=") == urlsafe_b64encode(value).decode().rstrip("=")  # MSAL keeps the padding
        for name, value in prints.items()
    )
