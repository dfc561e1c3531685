"""Moments and days as Oracle writes and reads them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

STAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6})\d*)?)?(Z|[+-]\d\d:?\d\d)?)?"
)  # fmt: skip


def day_of(micros: int) -> date:
    """The day of a moment, in UTC."""
    return datetime.fromtimestamp(micros // 1_000_000, UTC).date()


def midnight(day: date) -> int:
    """The first moment of a day, in microseconds since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000


def feed_stamp(micros: int) -> str:
    """As a feed prints it: milliseconds and Z."""
    seconds, rest = divmod(micros, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1000:03d}Z"


def malformed_stamp(micros: int) -> str:
    """As the sample of MOS 2569866.1 prints it: five zeros before the Z."""
    return f"{datetime.fromtimestamp(micros // 1_000_000, UTC):%Y-%m-%dT%H:%M:%S}000Z"


def audit_stamp(micros: int) -> str:
    """As a resource prints it."""
    seconds, rest = divmod(micros, 1_000_000)
    fraction = f".{rest // 1000:03d}" if rest // 1000 else ""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}{fraction}+00:00"


def moment(text: str) -> int:
    """Microseconds since 1970 of an ISO 8601 instant. Raises ValueError."""
    found = STAMP.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    day, hour, minute, second, fraction, zone = found.groups()
    offset = "+00:00" if zone in (None, "Z") else zone
    whole = datetime.fromisoformat(f"{day}T{hour or '00'}:{minute or '00'}:{second or '00'}{offset}")
    return int(whole.timestamp()) * 1_000_000 + int((fraction or "0").ljust(6, "0"))
