"""A tenant as one app may read it: any resource of Microsoft Graph, over connections that several threads share.

There is no method that writes. The calls are few and hasty: one repetition, and bounded times, for whoever asks waits.
"""

from __future__ import annotations

import base64
import datetime as dt
import threading
from collections.abc import Mapping
from types import TracebackType
from urllib.parse import urljoin, urlsplit

import httpx
import orjson

from hcm_pipeline.entra.credentials import EntraConnection
from hcm_pipeline.entra.graph_errors import read_reply
from hcm_pipeline.errors import ServiceError, ServiceRefused, UsageError
from hcm_pipeline.http import Clock, NoAnswer, Reply, date_of, trust, untrusted, utc_now

TIMEOUT = httpx.Timeout(connect=5.0, read=20.0, write=10.0, pool=20.0)
MOST_PAGES = 50
"""The most pages that are read of one list: 999 accounts each."""

Json = Mapping[str, object]


class TenantReader:
    """Graph for the time of a `with` block, with a token that was had before. Any thread may read."""

    def __init__(self, connection: EntraConnection, token: str, *, clock: Clock = utc_now) -> None:
        self._connection = connection
        self._headers = {"Authorization": f"Bearer {token}"}
        self._clock = clock
        self._lock = threading.Lock()
        self._ahead: dt.timedelta | None = None
        self._http = reading_client(connection)

    def __enter__(self) -> TenantReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def ahead(self) -> dt.timedelta | None:
        """How far the service's clock is ahead of ours, by the Date header of its newest answer; None before the first."""
        with self._lock:
            return self._ahead

    def get(self, path: str, query: Mapping[str, str] | None = None, *, beta: bool = False) -> Json:
        """The resource at a path below the version, such as `domains`.

        Raises ServiceRefused (4xx), NoAnswer when there is none after a second try, ServiceError for an answer that is no JSON.
        """
        return self._read(f"{self._root(beta)}/{path}", query)

    def values(self, path: str, query: Mapping[str, str] | None = None, *, beta: bool = False) -> list[Json]:
        """The entries of a list, of at most `MOST_PAGES` pages. Raises as `get`."""
        url, found, asked = f"{self._root(beta)}/{path}", list[Json](), query
        for _ in range(MOST_PAGES):
            page = self._read(url, asked)
            listed = page.get("value")
            if not isinstance(listed, list):
                raise ServiceError(f"{path}: the answer has no list of values")
            found += [one for one in listed if isinstance(one, dict)]
            link = page.get("@odata.nextLink")
            if not isinstance(link, str) or not link:
                break
            url, asked = urljoin(url, link), None
            if urlsplit(url)[:2] != urlsplit(self._connection.graph_url)[:2]:
                raise ServiceError(f"{path}: the next page is on another host; it was not followed")
        return found

    def _root(self, beta: bool) -> str:
        return f"{self._connection.graph_url.rpartition('/')[0]}/beta" if beta else self._connection.graph_url

    def _read(self, url: str, query: Mapping[str, str] | None) -> Json:
        path = urlsplit(url).path
        for again in (True, False):
            try:
                reply, content = self._once(url, query)
            except NoAnswer:
                if not again:
                    raise
                continue
            if not (reply.passing and again):
                break
        if reply.passing:
            raise NoAnswer(f"{path}: {reply.describe()}", sent=True)
        if reply.status != 200:
            raise ServiceRefused(f"{path}: {reply.describe()}", reply.status, reply.code)
        try:
            body = orjson.loads(content)
        except orjson.JSONDecodeError:
            raise ServiceError(f"{path}: the answer is not JSON") from None
        return body if isinstance(body, dict) else {}

    def _once(self, url: str, query: Mapping[str, str] | None) -> tuple[Reply, bytes]:
        host = urlsplit(url).netloc
        try:
            response = self._http.get(url, params=query or None, headers=self._headers)
        except httpx.TransportError as error:
            raise NoAnswer(f"{host} cannot be reached ({type(error).__name__})", sent=False) from error
        now, there = self._clock(), date_of(response.headers.get("Date"))
        if there is not None:
            with self._lock:
                self._ahead = there - now
        return read_reply(response, now), response.content


def reading_client(connection: EntraConnection) -> httpx.Client:
    """An HTTP client for hasty reading, with the CA file and the proxies of the settings. Raises UsageError."""
    try:
        return httpx.Client(
            verify=trust(connection.ca_file), timeout=TIMEOUT, trust_env=not connection.sandbox, follow_redirects=False
        )
    except (ValueError, ImportError, httpx.InvalidURL):
        raise UsageError("NO_PROXY: cannot be used; name hosts, domains or networks, or unset it") from None


class Wire:
    """The line to one host: what a first answer over TLS tells before anybody is signed in.

    `fault`: why there was none; `untrusted`: because of its certificate. `ahead`: its clock against ours; `ends`: when its
    certificate expires, None where that cannot be seen.
    """

    def __init__(
        self, host: str, *, fault: str | None = None, untrusted: bool = False, ahead: dt.timedelta | None = None,
        ends: dt.datetime | None = None,
    ) -> None:  # fmt: skip
        self.host, self.fault, self.untrusted, self.ahead, self.ends = host, fault, untrusted, ahead, ends

    @property
    def unusable(self) -> bool:
        """Whether the CA file itself cannot be used."""
        return self.untrusted and (self.fault or "").startswith("SSL_CERT_FILE")


def try_wire(client: httpx.Client, url: str, clock: Clock = utc_now) -> Wire:
    """Ask an address for anything, signed in by nobody: each answer, a refusal too, shows that the line works."""
    host = urlsplit(url).netloc
    try:
        with client.stream("GET", url) as response:
            stream = response.extensions.get("network_stream")
            tls = stream.get_extra_info("ssl_object") if stream is not None else None
            ahead = None if (there := date_of(response.headers.get("Date"))) is None else there - clock()
            return Wire(host, ahead=ahead, ends=_ends(tls))
    except httpx.TransportError as error:
        return Wire(host, fault=f"{host} cannot be reached ({type(error).__name__})", untrusted=untrusted(error))


def _ends(tls: object) -> dt.datetime | None:
    import ssl

    told = tls.getpeercert() if isinstance(tls, ssl.SSLObject | ssl.SSLSocket) else None
    ends = (told or {}).get("notAfter")
    return dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), dt.UTC) if isinstance(ends, str) else None


def claims_of(token: str) -> Json:
    """The claims of a token that is a JWT, unverified, for it is ours and tells what it is good for. Empty for another one."""
    parts = token.split(".")
    try:
        told = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
