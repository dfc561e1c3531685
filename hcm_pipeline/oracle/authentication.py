"""Sign-in to Oracle HCM: Basic, a bearer token that was given, or client credentials (RFC 6749 4.4) that are renewed."""

from __future__ import annotations

import base64
import datetime as dt
import threading
from typing import Protocol
from urllib.parse import quote_plus, urlsplit

import httpx
import orjson

from hcm_pipeline.errors import SignInFailed
from hcm_pipeline.http import Clock, TryAgain, date_of, identifier, retry_after_of, untrusted
from hcm_pipeline.oracle.hcm_connection import OracleConnection

USUAL_LIFE = 3600.0
"""Seconds that a token is used whose answer does not say how long it lives."""


class Authentication(Protocol):
    """How calls are signed. Any thread may ask."""

    mend: str
    """The advice for a person whose calls are answered with 401."""

    def header(self) -> str:
        """The value of `Authorization`. Raises SignInFailed, or TryAgain for what passes."""

    def renew(self, refused: str) -> bool:
        """The service answered 401 to this value: whether the next one may be another."""


def authentication(connection: OracleConnection, http: httpx.Client, clock: Clock) -> Authentication:
    """The strongest way that the connection names."""
    if connection.token_url:
        return ClientCredentials(connection, http, clock)
    if connection.token:
        return Given(f"Bearer {connection.token}", "ORACLE_HCM_TOKEN has expired, or is for another service")
    pair = f"{connection.username or ''}:{connection.password or ''}"
    return Given(
        f"Basic {base64.b64encode(pair.encode()).decode()}",
        "check ORACLE_HCM_USERNAME and ORACLE_HCM_PASSWORD, and that the account is neither locked nor its password expired",
    )


class Given:
    """A password or token of the environment, sent as it is. A refusal is final, so that repeats lock no account."""

    def __init__(self, value: str, mend: str) -> None:
        self._value = value
        self.mend = mend

    def header(self) -> str:
        """See `Authentication`."""
        return self._value

    def renew(self, refused: str) -> bool:
        """See `Authentication`."""
        return refused != self._value


class ClientCredentials:
    """A token of the identity domain, kept until a tenth of its life, at most a minute, is left."""

    mend = (
        "the token is not taken: check ORACLE_HCM_SCOPE, and that the identity domain is the one that secures Oracle HCM and the"
        " client has a user there"
    )

    def __init__(self, connection: OracleConnection, http: httpx.Client, clock: Clock) -> None:
        self._connection = connection
        self._http = http
        self._clock = clock
        self._lock = threading.Lock()
        self._value = ""
        self._renew_at: dt.datetime | None = None
        self._in_the_body = False
        """Whether the authority takes id and secret in the body only, and not as Basic."""

    def header(self) -> str:
        """See `Authentication`."""
        with self._lock:
            if not self._value or (self._renew_at is not None and self._clock() >= self._renew_at):
                token, life = self._fetch()
                self._value = f"Bearer {token}"
                self._renew_at = self._clock() + dt.timedelta(seconds=life - min(60.0, life / 10))
            return self._value

    def renew(self, refused: str) -> bool:
        """See `Authentication`."""
        with self._lock:
            if self._value == refused:
                self._value = ""
        return True

    def _fetch(self) -> tuple[str, float]:
        response = self._post()
        if response.status_code in (400, 401) and not self._in_the_body and _error(response) == "invalid_client":
            self._in_the_body = True
            response = self._post()
        if response.status_code in (408, 429) or response.status_code >= 500:
            asked = retry_after_of(
                response.headers.get("Retry-After"), date_of(response.headers.get("Date")) or self._clock()
            )
            raise TryAgain(f"{self._where()} answered {response.status_code}", asked)
        if response.is_redirect:
            raise SignInFailed(
                f"{self._where()} answered with a redirect, which is not followed. Check ORACLE_HCM_TOKEN_URL"
            )
        if not response.is_success:
            said = f"{response.status_code} {_error(response)}".strip()
            raise SignInFailed(
                f"{self._where()} refused the client: {said}: check ORACLE_HCM_CLIENT_ID, ORACLE_HCM_CLIENT_SECRET and"
                " ORACLE_HCM_SCOPE"
            )
        answer = _object(response)
        token = answer.get("access_token")
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable() or " " in token:
            raise SignInFailed(f"{self._where()} answered without a token. Check ORACLE_HCM_TOKEN_URL")
        return token, _seconds(answer.get("expires_in"))

    def _post(self) -> httpx.Response:
        to = self._connection
        form = {"grant_type": "client_credentials", **({"scope": to.scope} if to.scope else {})}
        headers = {"Accept": "application/json"}
        client, secret = to.client_id or "", to.client_secret or ""
        if self._in_the_body:
            form |= {"client_id": client, "client_secret": secret}
        else:
            pair = f"{quote_plus(client)}:{quote_plus(secret)}"  # RFC 6749, 2.3.1
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        try:
            return self._http.post(to.token_url or "", data=form, headers=headers)
        except httpx.RequestError as error:
            if untrusted(error):
                raise SignInFailed(
                    f"{self._where()}: its certificate is not trusted; SSL_CERT_FILE names the CA file to trust"
                ) from error
            raise TryAgain(f"{self._where()} cannot be reached ({type(error).__name__})") from error

    def _where(self) -> str:
        return f"the identity domain {urlsplit(self._connection.token_url or '').netloc}"


def _object(response: httpx.Response) -> dict[str, object]:
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _error(response: httpx.Response) -> str:
    """The OAuth error; its description is dropped, for it may quote what was sent."""
    return identifier(_object(response).get("error"))


def _seconds(value: object) -> float:
    try:
        life = float(value) if isinstance(value, int | float | str) else USUAL_LIFE
    except ValueError:
        return USUAL_LIFE
    return life if 0 < life < 10**8 else USUAL_LIFE
