"""What an HTTP answer of Microsoft Graph says, without the parts of it that may hold personal data."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

import httpx
import orjson

from hcm_pipeline.errors import ServiceUnavailable

BUCKET_FULL = (
    "The bucket that stores the ingested data is full, please wait for the synchronization service to process the "
    "ingested data and retry this request."
)
FIXED_TEXTS = ("Invalid Data Format", "Access token has expired or is not yet valid.", BUCKET_FULL)
"""Messages that the documentation prints word for word; any other may quote what was sent."""


class NoAnswer(ServiceUnavailable):
    """The service gave no answer. `sent`: the request may have arrived all the same, and may have been accepted."""

    def __init__(self, message: str, *, sent: bool) -> None:
        self.sent = sent
        super().__init__(message)


@dataclass(frozen=True)
class Answer:
    """One answer. `message` is one of FIXED_TEXTS or empty; `detail` is the service's own text, for private files only.

    `service_time` is the service's clock (the Date header), the machine's when the header is missing; `retry_after` are
    the seconds it asks to wait.
    """

    status: int
    request_id: str
    service_time: dt.datetime
    retry_after: float | None
    code: str
    message: str
    detail: str = field(repr=False)

    @property
    def accepted(self) -> bool:
        """Whether the service took the request."""
        return 200 <= self.status < 300

    @property
    def bucket_full(self) -> bool:
        """Whether the job's ingestion queue is full: a 500 that takes minutes to pass."""
        return self.status == 500 and self.message == BUCKET_FULL

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in (408, 429) or self.status >= 500

    def describe(self) -> str:
        """Status, code, fixed text and request-id: what a person or Microsoft's support needs, nothing personal."""
        parts = [
            f"{self.status} {self.code}".strip(),
            self.message,
            self.request_id and f"request-id {self.request_id}",
        ]
        return ", ".join(part for part in parts if part)


def read_answer(response: httpx.Response, now: dt.datetime) -> Answer:
    """Read status, headers and the error body (Graph's `concepts/errors.md`) of a response."""
    service_time = _date(response.headers.get("Date")) or now
    code, text, inner_id = ("", "", "") if response.is_success else _error(response.content)
    return Answer(
        status=response.status_code,
        request_id=_identifier(response.headers.get("request-id", "")) or inner_id,
        service_time=service_time,
        retry_after=_retry_after(response.headers.get("Retry-After"), service_time),
        code=code,
        message=next((fixed for fixed in FIXED_TEXTS if text.startswith(fixed)), ""),
        detail=text,
    )


def _error(body: bytes) -> tuple[str, str, str]:
    try:
        root = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", "", ""
    error = root.get("error") if isinstance(root, dict) else None
    if not isinstance(error, dict):
        return "", "", ""
    inner = error.get("innerError")
    inner_id = inner.get("request-id") if isinstance(inner, dict) else ""
    message = error.get("message")
    return _identifier(error.get("code")), message[:2000] if isinstance(message, str) else "", _identifier(inner_id)


def _identifier(value: object) -> str:
    """A code or id as such; anything that could be prose is dropped."""
    return value if isinstance(value, str) and re.fullmatch(r"[\w.\-]{1,100}", value, re.ASCII) else ""


def _retry_after(header: str | None, service_time: dt.datetime) -> float | None:
    """RFC 9110, 10.2.3: seconds, or an HTTP date, which is read against the service's own clock."""
    if not header:
        return None
    if re.fullmatch(r"\s*\d+(\.\d+)?\s*", header):
        return float(header)
    moment = _date(header)
    return None if moment is None else max(0.0, (moment - service_time).total_seconds())


def _date(header: str | None) -> dt.datetime | None:
    if not header:
        return None
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
