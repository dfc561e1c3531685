"""Dates of the mapping language: .NET's custom formats, ISO 8601 with and without a zone, and Active Directory's numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

EPOCH_1601 = datetime(1601, 1, 1, tzinfo=UTC)
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_TOKEN = re.compile(
    r"""'([^']*)'|"([^"]*)"|\\(.)|(yyyy|yy|M{1,4}|d{1,4}|HH?|hh?|mm?|ss?|f{1,7}|F{1,7}|tt?|z{1,3}|K)|(.)""", re.S
)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7})\d*)?)?)?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_US = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4})(?: (\d{1,2}):(\d\d)(?::(\d\d))?(?: ?([AaPp][Mm]))?)?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII
)


class Moment:
    """A point of time in UTC, which prints as the service prints it: M/d/yyyy h:mm:ss tt."""

    def __init__(self, at: datetime) -> None:
        self.at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)

    def __str__(self) -> str:
        return format_moment(self.at, "M/d/yyyy h:mm:ss tt")


def read_moment(text: str) -> datetime:
    """Any spelling that is documented; without a zone it is UTC. Raises ValueError."""
    text = text.strip()
    match = _ISO.fullmatch(text)
    if match:
        year, month, day, hour, minute, second, fraction, zone = match.groups()
    else:
        match = _US.fullmatch(text)
        if match is None:
            raise ValueError("not a date")
        month, day, year, hour, minute, second, half, zone = match.groups()
        fraction = None
        if half:
            hour = str(int(hour) % 12 + (12 if half.lower() == "pm" else 0))
    micro = int((fraction or "0").ljust(6, "0")[:6])
    found = datetime(
        int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), micro, _zone(zone)
    )
    return _utc(found)


def _zone(text: str | None) -> timezone:
    if text in (None, "", "Z"):
        return UTC
    sign, digits = text[0], text[1:].replace(":", "").ljust(4, "0")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-ahead if sign == "-" else ahead)


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999") from None


def parse_moment(text: str, pattern: str) -> datetime:
    """A text in a custom format, in UTC; what the format does not say is the first of it. Raises ValueError."""
    regex, names = "", []
    for token, literal in _tokens(pattern):
        if token is None:
            regex += re.escape(literal)
        else:
            regex += _SHAPES[token]
            names.append(token)
    match = re.fullmatch(rf"\s*{regex}\s*", text, re.IGNORECASE)
    if match is None:
        raise ValueError("the text has not the form of the format")
    return _assembled(dict(zip(names, match.groups(), strict=True)))


_ANY_OF = "|".join
_SHAPES = {
    "yyyy": r"(\d{4})", "yy": r"(\d\d)", "MM": r"(\d\d)", "M": r"(\d\d?)", "dd": r"(\d\d)", "d": r"(\d\d?)",
    "MMM": f"({_ANY_OF(name[:3] for name in MONTHS)})", "MMMM": f"({_ANY_OF(MONTHS)})",
    "ddd": f"({_ANY_OF(name[:3] for name in DAYS)})", "dddd": f"({_ANY_OF(DAYS)})",
    "HH": r"(\d\d)", "H": r"(\d\d?)", "hh": r"(\d\d)", "h": r"(\d\d?)", "mm": r"(\d\d)", "m": r"(\d\d?)",
    "ss": r"(\d\d)", "s": r"(\d\d?)", "tt": "(AM|PM)", "t": "(A|P)", "zzz": r"([+-]\d\d:?\d\d)", "zz": r"([+-]\d\d)",
    "z": r"([+-]\d\d?)", "K": r"(Z|[+-]\d\d:\d\d|)", **{"f" * many: rf"(\d{{{many}}})" for many in range(1, 8)},
    **{"F" * many: rf"(\d{{0,{many}}})" for many in range(1, 8)},
}  # fmt: skip


def _assembled(found: dict[str, str]) -> datetime:
    def number(*names: str, default: int) -> int:
        return next((int(found[name]) for name in names if found.get(name)), default)

    year = number("yyyy", default=0) or (2000 if number("yy", default=26) < 50 else 1900) + number("yy", default=26)
    month = number("MM", "M", default=1)
    for name in ("MMM", "MMMM"):
        if name in found:
            month = [one[:3].lower() for one in MONTHS].index(found[name][:3].lower()) + 1
    hour = number("HH", "H", default=-1)
    if hour < 0:
        half = (found.get("tt") or found.get("t") or "a")[0].lower()
        hour = number("hh", "h", default=0) % 12 + (12 if half == "p" else 0)
    fraction = next((text for name, text in found.items() if name[0] in "fF" and text), "0")
    zone = next((found[name] for name in ("zzz", "zz", "z", "K") if found.get(name)), None)
    if zone is not None and zone[0] in "+-" and len(zone) == 2:
        zone = f"{zone[0]}0{zone[1]}"
    moment = datetime(
        year, month, number("dd", "d", default=1), hour, number("mm", "m", default=0), number("ss", "s", default=0),
        int(fraction.ljust(6, "0")[:6]), _zone(zone),
    )  # fmt: skip
    return _utc(moment)


def format_moment(moment: datetime, pattern: str) -> str:
    """A point of time in a custom format, always of UTC."""
    return "".join(
        literal if token is None else _PRINTED[token[0]](moment, token) for token, literal in _tokens(pattern)
    )


def _two(value: int, token: str) -> str:
    return f"{value:02}" if len(token) > 1 else str(value)


def _named(names: tuple[str, ...], place: int, value: int, token: str) -> str:
    return _two(value, token) if len(token) < 3 else names[place][: 3 if len(token) == 3 else None]


_PRINTED: dict[str, Callable[[datetime, str], str]] = {
    "y": lambda at, token: f"{at.year:04}" if len(token) == 4 else f"{at.year % 100:02}",
    "M": lambda at, token: _named(MONTHS, at.month - 1, at.month, token),
    "d": lambda at, token: _named(DAYS, at.weekday(), at.day, token),
    "H": lambda at, token: _two(at.hour, token),
    "h": lambda at, token: _two(at.hour % 12 or 12, token),
    "m": lambda at, token: _two(at.minute, token),
    "s": lambda at, token: _two(at.second, token),
    "f": lambda at, token: f"{at.microsecond:06}0"[: len(token)],
    "F": lambda at, token: f"{at.microsecond:06}0"[: len(token)].rstrip("0"),
    "t": lambda at, token: ("AM" if at.hour < 12 else "PM")[: len(token)],
    "z": lambda at, token: "+00:00" if len(token) == 3 else ("+00" if len(token) == 2 else "+0"),
    "K": lambda at, token: "Z",
}


def _tokens(pattern: str) -> list[tuple[str | None, str]]:
    """Specifiers, and literals between them (None)."""
    found: list[tuple[str | None, str]] = []
    for match in _TOKEN.finditer(pattern):
        single, double, escaped, token, other = match.groups()
        found.append((token, "") if token else (None, single or double or escaped or other or ""))
    return found


def add(interval: str, value: int, moment: datetime) -> datetime:
    """A later or earlier point of time. Raises ValueError."""
    try:
        if interval in ("yyyy", "m"):
            months = moment.year * 12 + moment.month - 1 + value * (12 if interval == "yyyy" else 1)
            year, month = divmod(months, 12)
            following = datetime(year + (month == 11), (month + 1) % 12 + 1, 1, tzinfo=UTC)
            last = (following - timedelta(days=1)).day
            return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
        return moment + value * _SPANS[interval]
    except (OverflowError, ValueError):
        raise ValueError("outside the years 1 to 9999") from None
    except KeyError:
        raise ValueError("the intervals are yyyy, m, d, ww, h, n and s") from None


_SPANS = {
    "d": timedelta(days=1), "ww": timedelta(weeks=1), "h": timedelta(hours=1), "n": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}  # fmt: skip


def difference(interval: str, first: datetime, second: datetime) -> int:
    """Whole intervals from the first to the second: years and months of the calendar, weeks from Sunday, others of time passed."""
    if interval == "yyyy":
        return second.year - first.year
    if interval == "m":
        return (second.year - first.year) * 12 + second.month - first.month
    if interval == "ww":
        first, second = (one - timedelta(days=(one.weekday() + 1) % 7) for one in (first, second))
        return int(int((second - first) / timedelta(days=1)) / 7)
    if interval not in _SPANS:
        raise ValueError("the intervals are yyyy, m, d, ww, h, n and s")
    return int((second - first) / _SPANS[interval])


def to_number(moment: datetime) -> int:
    """Active Directory's number: intervals of 100 ns since 1601."""
    return int((moment - EPOCH_1601) / timedelta(microseconds=1)) * 10


def from_number(value: int) -> datetime:
    """The point of time of such a number. Raises ValueError."""
    try:
        return EPOCH_1601 + timedelta(microseconds=value // 10)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999") from None
