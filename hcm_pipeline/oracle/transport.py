"""One call to Oracle HCM: signed, bounded in time and size, repeated while its failure passes, and ended by a refusal."""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import orjson

from hcm_pipeline.errors import ServiceError, ServiceRefused, ServiceUnavailable, SignInFailed, UsageError
from hcm_pipeline.http import Clock, Reply, TryAgain, date_of, identifier, retry_after_of, trust, untrusted
from hcm_pipeline.oracle.authentication import authentication
from hcm_pipeline.oracle.hcm_connection import OracleConnection
from hcm_pipeline.oracle.privileges import OracleRefused
from hcm_pipeline.oracle.reading_rules import ReadingRules

JSON = "application/json"
LARGEST = 1 << 28
"""Bytes of one answer. A page of 500 workers with all their children has some ten million."""
FAULT_MARKS = (b"oracle.jbo", b"JBO-")
"""Signs that Oracle stumbled over the data itself: to ask again will not help, to ask for less may."""
FAULT_REPEATS = 2
_PAGE = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
"""The beginning of a page for people: of maintenance, or to sign in."""

# httpx logs every address at INFO, and a query names workers.
logging.getLogger("httpx").setLevel(logging.WARNING)


class BrokenAnswer(ServiceError):
    """An answer about several things that cannot be used, whose parts may still be asked for. `body` holds personal data."""

    def __init__(self, message: str, body: bytes) -> None:
        self.body = body
        super().__init__(message)


@dataclass(frozen=True)
class Call:
    """The subject of a call. `kind`: under which it is counted. `tolerated`: statuses that are an answer and no failure.

    `divisible`: a fault of the data raises BrokenAnswer, so that the caller can ask for less. `version`: the least framework
    version that knows such a question.
    """

    kind: str
    privilege: str
    tolerated: frozenset[int] = frozenset()
    divisible: bool = False
    version: int = 1


@dataclass(frozen=True)
class Answer:
    """An answer that is no failure."""

    status: int
    service_time: dt.datetime
    media_type: str
    body: bytes


class Transport:
    """Calls to one service. Any thread may call; after a refusal every call raises it again, and nothing is sent."""

    def __init__(
        self, connection: OracleConnection, rules: ReadingRules, clock: Clock, wire: httpx.BaseTransport | None = None
    ) -> None:
        self._connection = connection
        self._rules = rules
        self._clock = clock
        self._lock = threading.Lock()
        self._refusal: ServiceError | None = None
        self._under_way = threading.BoundedSemaphore(rules.concurrency)
        self._not_before: dt.datetime | None = None
        """The service asked all callers for a pause until then."""
        self.calls: Counter[str] = Counter()
        try:
            self._http = httpx.Client(
                verify=trust(connection.ca_file),
                timeout=httpx.Timeout(connect=15.0, read=rules.timeout, write=60.0, pool=None),
                limits=httpx.Limits(max_connections=rules.concurrency + 2, max_keepalive_connections=rules.concurrency + 2),
                trust_env=wire is None and not connection.on_this_machine, follow_redirects=False, transport=wire,
            )  # fmt: skip
        except (ValueError, ImportError, httpx.InvalidURL):  # how httpx reports a proxy that it cannot use
            raise UsageError(
                "NO_PROXY: cannot be used; name hosts, domains or networks, separated by commas, or unset it"
            ) from None
        self._signin = authentication(connection, self._http, clock)

    def close(self) -> None:
        """Close the connections; a call that is still under way in a thread is its last."""
        self.stop(ServiceError("the client of Oracle HCM is closed"))
        self._http.close()

    def stop(self, reason: ServiceError) -> None:
        """Have every later call raise this."""
        with self._lock:
            self._refusal = self._refusal or reason

    def get_json(self, call: Call, path: str, query: Sequence[tuple[str, str]]) -> tuple[Answer, Any]:
        """One answer and its JSON, None where its status is a tolerated failure.

        Raises what `get` raises, and BrokenAnswer for one that is not JSON when asked for twice.
        """
        for last in (False, True):
            answer = self.get(call, path, query)
            if not 200 <= answer.status < 300:
                return answer, None
            try:
                return answer, parsed_json(answer.body)
            except ValueError:
                if last or any(mark in answer.body for mark in FAULT_MARKS):
                    break
        raise BrokenAnswer(
            f"{path}: the answer is no JSON, though its status is {answer.status}", answer.body
        ) from None

    def get(
        self, call: Call, path: str, query: Sequence[tuple[str, str]], headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One answer that will not pass. `path` begins with a slash.

        Raises OracleRefused (401, 403), SignInFailed, ServiceRefused (other 4xx), ServiceUnavailable when patience has run out,
        ServiceError for an answer that makes no sense.
        """
        url = f"{self._connection.url}{path}"
        if query:
            url += "?" + urlencode(query, quote_via=quote, safe=",:")
        faults = pages = 0

        def attempt() -> tuple[Reply, Answer]:
            nonlocal faults, pages
            reply, answer = self._signed(call, url, headers or {})
            if reply.accepted and _PAGE.match(answer.body):
                pages += 1
                if pages > FAULT_REPEATS:
                    raise ServiceUnavailable(
                        f"{path}: answers with a page for people: the service is under maintenance, or wants another sign-in. Check"
                        " ORACLE_HCM_URL"
                    )
                raise TryAgain("a page for people")
            if reply.passing and reply.status not in call.tolerated:
                faults += reply.status == 500 and any(mark in answer.body for mark in FAULT_MARKS)
                if call.divisible and faults > FAULT_REPEATS:
                    raise BrokenAnswer(f"{path}: {reply.describe()}", answer.body)
                self._pause(reply)
                raise TryAgain(reply.describe(), reply.retry_after)
            return reply, answer

        try:
            reply, answer = self._rules.patience.attempts()(attempt)
        except TryAgain as last:
            raise ServiceUnavailable(f"{path}: gave up: {last.reason}") from last
        except SignInFailed as failed:
            self.stop(failed)
            raise
        if reply.accepted or reply.status in call.tolerated:
            return answer
        raise self._refused(call, path, reply)

    def _signed(self, call: Call, url: str, headers: Mapping[str, str]) -> tuple[Reply, Answer]:
        """One answer. A token that is refused before its time is renewed once."""
        for renewed in (False, True):
            signature = self._signin.header()
            reply, answer = self._once(call, url, {**headers, "Authorization": signature})
            if reply.status != 401 or renewed or not self._signin.renew(signature):
                break
        return reply, answer

    def _once(self, call: Call, url: str, headers: Mapping[str, str]) -> tuple[Reply, Answer]:
        with self._lock:
            wait = 0.0 if self._not_before is None else (self._not_before - self._clock()).total_seconds()
        if wait > 0:
            self._rules.patience.sleep(wait)
        with self._lock:
            if self._refusal is not None:
                raise self._refusal
            self.calls[call.kind] += 1
        usual = {
            "Accept": JSON,
            "REST-Framework-Version": str(max(self._rules.framework_version, call.version)),
            "Cache-Control": "no-cache",
        }
        end = time.monotonic() + 4 * self._rules.timeout
        held: list[bytes] = []
        size = 0
        try:
            with self._under_way, self._http.stream("GET", url, headers={**usual, **headers}) as response:
                for chunk in response.iter_bytes():
                    held.append(chunk)
                    size += len(chunk)
                    if size > LARGEST:
                        raise ServiceError(f"{response.url.path}: the answer is larger than {LARGEST >> 20} MiB")
                    if time.monotonic() > end:
                        raise TryAgain("the answer takes too long to come")
        except httpx.InvalidURL:
            raise ServiceError(f"{self._connection.host}: a link of the service is no address") from None
        except httpx.RequestError as error:
            if untrusted(error):
                raise ServiceError(
                    f"{self._connection.host}: its certificate is not trusted; SSL_CERT_FILE names the CA file to trust"
                ) from error
            raise TryAgain(f"{self._connection.host}: the connection failed ({type(error).__name__})") from error
        body = b"".join(held)
        service_time = date_of(response.headers.get("Date")) or self._clock()
        reply = Reply(
            status=response.status_code,
            request_id=identifier(response.headers.get("X-ORACLE-DMS-ECID", "")),
            service_time=service_time,
            retry_after=retry_after_of(response.headers.get("Retry-After"), service_time),
            code="" if response.is_success else _code(body),
            message="",
            detail="",
        )
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return reply, Answer(response.status_code, service_time, media_type, body)

    def _pause(self, reply: Reply) -> None:
        """Have all callers wait for as long as the service asks, unless that is longer than anybody's patience."""
        longest = self._rules.patience.give_up_after
        if reply.retry_after is not None and reply.retry_after <= longest and reply.status in (429, 503):
            until = self._clock() + dt.timedelta(seconds=reply.retry_after)
            with self._lock:
                self._not_before = until if self._not_before is None else max(self._not_before, until)

    def _refused(self, call: Call, path: str, reply: Reply) -> ServiceError:
        said = reply.describe()
        if reply.status == 401:
            refused = OracleRefused(
                f"{path}: {said}: Oracle HCM did not sign us in: {self._signin.mend}", 401, reply.code
            )
            self.stop(refused)
            return refused
        if reply.status == 403:
            refused = OracleRefused(
                f"{path}: {said}: the account lacks a privilege: {call.privilege}", 403, reply.code, call.privilege
            )
            self.stop(refused)
            return refused
        if 300 <= reply.status < 400:
            return ServiceError(
                f"{path}: answered with a redirect ({reply.status}), which is not followed: it may be the sign-in page for people."
                " Check ORACLE_HCM_URL and the way of signing in"
            )
        return ServiceRefused(f"{path}: {said}", reply.status, reply.code)


def parsed_json(body: bytes) -> Any:
    """The JSON of a body. Raises ValueError.

    Control characters within texts and a byte order mark are put up with, for services send them; NaN is no JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        text = body.decode("utf-8-sig")  # a UnicodeDecodeError is a ValueError
        try:
            return json.loads(text, strict=False, parse_constant=_no_constant)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _code(body: bytes) -> str:
    """Oracle's error code: of ADF's error object, or of a plain text. Its other texts may quote what was asked."""
    try:
        root = orjson.loads(body)
        details = root["o:errorDetails"]
        code = identifier(str(details[0]["o:errorCode"]))
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError):
        code = ""
    found = re.search(rb"\bJBO-\d{3,7}\b", body[:10_000])
    return code or (found[0].decode() if found else "")
