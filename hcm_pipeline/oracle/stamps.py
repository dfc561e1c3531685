"""Days and moments as Oracle writes them, read leniently: what is no day or moment is None, and never a guess."""

from __future__ import annotations

import datetime as dt
import re

OPEN_END = 4000
"""The year from which a date means "no end": Oracle writes 4712-12-31."""

_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,]?(\d{1,9}))?)?)? ?(Z|z|[+-]\d\d:?\d\d)?", re.ASCII
)
_DAY = re.compile(r"(\d{4})([-/])(\d\d)\2(\d\d)(?:[T ].*)?", re.ASCII | re.DOTALL)


def moment(text: object) -> dt.datetime | None:
    """A stamp in UTC: with or without a fraction, `Z`, `+00:00` or nothing (UTC), and the malformed `…:00000Z` of some pods."""
    found = _MOMENT.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    micro = int((found[7] or "0").ljust(6, "0")[:6])
    try:
        zone = _zone(found[8])
        return dt.datetime(year, month, day, hour, minute, second, micro, zone).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> dt.timezone:
    if not text or text in "Zz":
        return dt.UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return dt.timezone(dt.timedelta(minutes=-minutes if text[0] == "-" else minutes))


def day(text: object) -> dt.date | None:
    """A business date, `YYYY-MM-DD` with or without a time behind it."""
    found = _DAY.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        return None
    try:
        return dt.date(int(found[1]), int(found[3]), int(found[4]))
    except ValueError:
        return None


def written(at: dt.datetime) -> str:
    """A moment as a query of a feed takes it, in milliseconds, rounded down."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
