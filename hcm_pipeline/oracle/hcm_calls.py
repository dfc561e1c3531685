"""Calls to Oracle HCM that are made once: whoever writes decides about every answer, and about none."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import orjson

from hcm_pipeline.errors import ServiceError, SignInFailed, UsageError
from hcm_pipeline.http import Clock, NoAnswer, Reply, TryAgain, date_of, identifier, retry_after_of, trust, untrusted
from hcm_pipeline.oracle.authentication import authentication
from hcm_pipeline.oracle.hcm_connection import OracleConnection
from hcm_pipeline.oracle.transport import parsed_json

ROW = "application/vnd.oracle.adf.resourceitem+json"
"""The media type of a row that is written by REST; SCIM takes plain JSON."""
LARGEST_DETAIL = 4000


@dataclass(frozen=True)
class HcmReply:
    """An answer: `reply` without personal data, and `body`, its JSON; None where it is none."""

    reply: Reply
    body: Any

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.reply.status


class HcmCalls:
    """Calls to one service, for the time of a `with` block. Any thread may call; only a call with an old token is repeated."""

    def __init__(
        self, connection: OracleConnection, *, framework_version: int, timeout: float, width: int, clock: Clock,
        wire: httpx.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        """`timeout`: seconds between two bytes of an answer; `width`: calls at once; `wire`: as of `OracleClient`."""
        self._connection, self._clock, self._version = connection, clock, framework_version
        self._lock = threading.Lock()
        self.made: Counter[str] = Counter()
        """How many calls were made, by method."""
        self._newest: dt.datetime | None = None
        try:
            self._http = httpx.Client(
                verify=trust(connection.ca_file), follow_redirects=False, transport=wire,
                timeout=httpx.Timeout(connect=15.0, read=timeout, write=60.0, pool=None),
                limits=httpx.Limits(max_connections=width + 2, max_keepalive_connections=width + 2),
                trust_env=not connection.on_this_machine,
            )  # fmt: skip
        except (ValueError, ImportError, httpx.InvalidURL):
            raise UsageError("NO_PROXY: cannot be used; name hosts, domains or networks, or unset it") from None
        self._signin = authentication(connection, self._http, clock)

    @property
    def service_time(self) -> dt.datetime:
        """The service's clock at its newest answer; our own before the first."""
        return self._newest or self._clock()

    @property
    def mend(self) -> str:
        """The advice for a person whose calls are answered with 401."""
        return self._signin.mend

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, query: Sequence[tuple[str, str]] = ()) -> HcmReply:
        """Ask. Raises as `call`."""
        return self.call("GET", path, query)

    def call(
        self, method: str, path: str, query: Sequence[tuple[str, str]] = (), body: Mapping[str, object] | None = None,
        media: str = ROW,
    ) -> HcmReply:  # fmt: skip
        """One answer, whatever its status. Raises NoAnswer when there is none (`sent`: it may have arrived), SignInFailed."""
        url = f"{self._connection.url}{path}"
        if query:
            url += "?" + urlencode(query, quote_via=quote, safe=",:")
        content = None if body is None else orjson.dumps(dict(body))
        for renewed in (False, True):
            try:
                signature = self._signin.header()
            except TryAgain as later:
                raise NoAnswer(f"{self._connection.host}: {later}", sent=False) from later
            found = self._once(method, url, content, media, signature)
            if found.status != 401 or renewed or not self._signin.renew(signature):
                break
        if found.status == 401:
            raise SignInFailed(f"{path}: Oracle HCM did not sign us in: {self._signin.mend}")
        return found

    def _once(self, method: str, url: str, content: bytes | None, media: str, signature: str) -> HcmReply:
        headers = {
            "Authorization": signature,
            "Accept": "application/json",
            "REST-Framework-Version": str(self._version),
            "Cache-Control": "no-cache",
        }
        if content is not None:
            headers["Content-Type"] = media
        with self._lock:
            self.made[method] += 1
        try:
            response = self._http.request(method, url, content=content, headers=headers)
        except httpx.InvalidURL:
            raise ServiceError(f"{self._connection.host}: a link of the service is no address") from None
        except httpx.RequestError as error:
            if untrusted(error):
                raise ServiceError(
                    f"{self._connection.host}: its certificate is not trusted; SSL_CERT_FILE names the CA file to trust"
                ) from error
            sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            raise NoAnswer(
                f"{self._connection.host}: the connection failed ({type(error).__name__})", sent=sent
            ) from error
        try:
            body = parsed_json(response.content)
        except ValueError:
            body = None
        at = date_of(response.headers.get("Date")) or self._clock()
        with self._lock:
            self._newest = max(at, self._newest or at)
        return HcmReply(_reply(response, body, at), body)


def _reply(response: httpx.Response, body: object, at: dt.datetime) -> Reply:
    code = "" if response.is_success else code_of(body)
    return Reply(
        response.status_code, identifier(response.headers.get("X-ORACLE-DMS-ECID", "")), at,
        retry_after_of(response.headers.get("Retry-After"), at), code, "",
        "" if response.is_success else response.text[:LARGEST_DETAIL],
    )  # fmt: skip


def code_of(body: object) -> str:
    """Oracle's error code, of ADF's error object or of SCIM's; "" where there is none."""
    if not isinstance(body, Mapping):
        return ""
    details = body.get("o:errorDetails") or body.get("Errors")
    first = details[0] if isinstance(details, list) and details and isinstance(details[0], Mapping) else {}
    return identifier(str(first.get("o:errorCode") or first.get("code") or ""))
