"""An HTTP answer as a value, without the parts of it that may hold personal data (RFC 9110)."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from hcm_pipeline.errors import ServiceUnavailable


class NoAnswer(ServiceUnavailable):
    """The service gave no answer. `sent`: the request may have arrived all the same, and may have been accepted."""

    def __init__(self, message: str, *, sent: bool) -> None:
        self.sent = sent
        super().__init__(message)


@dataclass(frozen=True)
class Reply:
    """One answer. `message` is a fixed text of the service or empty; `detail` is the service's own text, for private files only.

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
    def passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in (408, 429) or self.status >= 500

    def describe(self) -> str:
        """Status, code, fixed text and request-id: what a person or the service's support needs, nothing personal."""
        parts = [
            f"{self.status} {self.code}".strip(),
            self.message,
            self.request_id and f"request-id {self.request_id}",
        ]
        return ", ".join(part for part in parts if part)


def identifier(value: object) -> str:
    """A code or id as such; anything that could be prose is dropped."""
    return value if isinstance(value, str) and re.fullmatch(r"[\w.\-]{1,100}", value, re.ASCII) else ""


def retry_after_of(header: str | None, service_time: dt.datetime) -> float | None:
    """RFC 9110, 10.2.3: seconds, or an HTTP date, which is read against the service's own clock."""
    if not header:
        return None
    if re.fullmatch(r"\s*\d+(\.\d+)?\s*", header):
        return float(header)
    moment = date_of(header)
    return None if moment is None else max(0.0, (moment - service_time).total_seconds())


def date_of(header: str | None) -> dt.datetime | None:
    """The moment of a Date header; None when it is missing or not one."""
    if not header:
        return None
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
