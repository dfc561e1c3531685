"""Sign-in to the Oracle HCM: Basic, a bearer token that was given, and client credentials (RFC 6749, section 4.4)."""

from __future__ import annotations

import binascii
import hmac
import secrets
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus

import jwt
import orjson

from hcm_pipeline.sandbox.oracle.messages import Asked, Reply

USERNAME = "hcm_integration"
CLIENT_ID = "7c0f2b4e6a514d389f0e5a4d424f5805"
SCOPE = "urn:opc:resource:fusion:sandbox:hcm"
TOKEN_PATH = "/oauth2/v1/token"


@dataclass(frozen=True)
class Credentials:
    """All ways to sign in. `key` signs the tokens that are issued."""

    username: str
    password: str
    token: str
    client_id: str
    client_secret: str
    scope: str
    key: str

    def told(self) -> dict[str, str]:
        """The part that a client is told: all but the key."""
        return {name: value for name, value in vars(self).items() if name != "key"}

    @classmethod
    def fresh(cls) -> Credentials:
        """Random secrets."""
        password, token, secret, key = (secrets.token_urlsafe(24) for _ in range(4))
        return cls(USERNAME, password, token, CLIENT_ID, secret, SCOPE, key + secrets.token_hex(16))


class SignIn:
    """Judges the Authorization header, and answers at the token endpoint. `now`: seconds on Oracle's clock."""

    def __init__(self, credentials: Credentials, now: Callable[[], float], lifetime: Callable[[], int]) -> None:
        self.credentials, self._now, self._lifetime = credentials, now, lifetime
        self.generation = 0
        """Tokens of an earlier generation count as expired."""

    def knows(self, header: str | None) -> bool:
        """Whether the header signs somebody in."""
        scheme, _, rest = (header or "").partition(" ")
        if scheme.lower() == "basic":
            return self._basic(rest) == (True, True)
        return scheme.lower() == "bearer" and (
            _same(rest.strip(), self.credentials.token) or self._issued(rest.strip())
        )

    def _basic(self, encoded: str) -> tuple[bool, bool]:
        try:
            name, _, password = b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return False, False
        own = self.credentials
        return name.lower() == own.username.lower(), _same(password, own.password)

    def _issued(self, token: str) -> bool:
        try:
            claims = jwt.decode(
                token, self.credentials.key, algorithms=["HS256"], options={"verify_exp": False, "verify_aud": False}
            )
        except jwt.InvalidTokenError:
            return False
        return bool(claims["exp"] > self._now()) and claims["gen"] == self.generation

    def issue(self, asked: Asked) -> Reply:
        """Answer a token request: credentials in the header or in the form."""
        form = dict(parse_qsl(asked.body.decode("utf-8", "replace"), keep_blank_values=True))
        own = self.credentials
        name, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, rest = asked.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                name, _, secret = b64decode(rest, validate=True).decode().partition(":")
            except (binascii.Error, ValueError):
                return _refusal(401, "invalid_client", "The client could not be read.")
            name, secret = unquote_plus(name), unquote_plus(secret)
        if name != own.client_id or not _same(secret, own.client_secret):
            return _refusal(401, "invalid_client", "Client authentication failed.")
        if form.get("grant_type") != "client_credentials":
            return _refusal(400, "unsupported_grant_type", "The grant type is not client_credentials.")
        if form.get("scope", "") != own.scope:
            return _refusal(400, "invalid_scope", "The scope is not one of this client.")
        seconds = self._lifetime()
        claims = {
            "exp": int(self._now()) + seconds,
            "gen": self.generation,
            "scope": own.scope,
            "jti": secrets.token_hex(8),
        }
        token = jwt.encode(claims, own.key, algorithm="HS256")
        body = {"access_token": token, "token_type": "Bearer", "expires_in": seconds}
        return Reply(200, orjson.dumps(body), headers={"Cache-Control": "no-store"})


def _refusal(status: int, error: str, description: str) -> Reply:
    body = orjson.dumps({"error": error, "error_description": description})
    headers = {"WWW-Authenticate": 'Basic realm="oauth"'} if status == 401 else {}
    return Reply(status, body, headers=headers)


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
