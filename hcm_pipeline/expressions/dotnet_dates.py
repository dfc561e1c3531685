"""Dates as .NET reads and writes them, as far as it is sure.

Sources: the reference's examples of CDate, DateDiff and FormatDateTime; "Custom date and time format strings" of .NET.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import lru_cache

from hcm_pipeline.expressions.values import Between, NotKnown

EPOCH = dt.datetime(1601, 1, 1, tzinfo=dt.UTC)
"""The beginning of Active Directory's time, which counts steps of 100 nanoseconds."""
ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?)?\s?(Z|[+-]\d\d:\d\d)?", re.ASCII
)
AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: (\d{1,2}):(\d\d)(?::(\d\d))?(?: ([AP]M))?)?", re.ASCII)
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
CALENDAR_OVER = "the date is outside of the calendar"


def moment(text: str) -> dt.datetime:
    """The instant that a text names: ISO 8601, or M/d/yyyy with or without a time; without an offset it is UTC.

    Raises NotKnown for every other form.
    """
    text = text.strip()
    iso = ISO.fullmatch(text)
    if iso:
        year, month, day, hour, minute, second, fraction, zone = iso.groups()
        return _utc(
            _made(year, month, day, hour or "0", minute or "0", second or "0", _micro(fraction or "")),
            dt.timedelta() if zone in (None, "Z") else _offset(zone),
        )
    american = AMERICAN.fullmatch(text)
    if american:
        month, day, year, hour, minute, second, half = american.groups()
        clock = int(hour or 0)
        if half and not 1 <= clock <= 12:
            raise NotKnown("the text is no date")
        clock = clock % 12 + (12 if half == "PM" else 0) if half else clock
        return _utc(_made(year, month, day, str(clock), minute or "0", second or "0", 0), dt.timedelta())
    raise NotKnown("the text is no date in ISO 8601 or in the form M/d/yyyy; how others are read is not sure")


def from_steps(steps: int) -> dt.datetime:
    """The instant of a number of steps of 100 nanoseconds since 1601."""
    try:
        return EPOCH + dt.timedelta(microseconds=steps // 10)
    except OverflowError:
        raise NotKnown(CALENDAR_OVER) from None


def steps_to(when: dt.datetime) -> int:
    """The steps of 100 nanoseconds from 1601 to an instant."""
    return (when - EPOCH) // dt.timedelta(microseconds=1) * 10


def add(interval: str, count: int, when: dt.datetime) -> dt.datetime:
    """An instant some intervals later; a day that the month has not is its last one. Raises NotKnown for another interval."""
    try:
        if interval in ("yyyy", "m"):
            months = when.year * 12 + when.month - 1 + count * (12 if interval == "yyyy" else 1)
            year, month = months // 12, months % 12 + 1
            last = (dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)).day if year < 9999 else 31
            return when.replace(year=year, month=month, day=min(when.day, last))
        return when + count * _length(interval)
    except (OverflowError, ValueError):
        raise NotKnown(CALENDAR_OVER) from None


def difference(interval: str, one: dt.datetime, other: dt.datetime) -> int | Between:
    """The intervals from one instant to another.

    Years, months and weeks count those that begin in between, as the documentation's examples do. Of shorter ones it does not say
    whether a part counts: VBA counts each that begins, .NET whole ones; where they differ the result has bounds.
    """
    if interval == "yyyy":
        return other.year - one.year
    if interval == "m":
        return (other.year - one.year) * 12 + other.month - one.month
    if interval == "ww":
        return (_sunday(other) - _sunday(one)).days // 7
    length = _length(interval)
    whole = abs(other - one) // length * (1 if other >= one else -1)
    begun = (other - EPOCH) // length - (one - EPOCH) // length
    return whole if whole == begun else Between(min(whole, begun), max(whole, begun))


def _length(interval: str) -> dt.timedelta:
    lengths = {"d": 86_400, "ww": 604_800, "h": 3_600, "n": 60, "s": 1}
    if interval not in lengths:
        raise NotKnown("no documented interval is called so: yyyy, m, d, ww, h, n, s")
    return dt.timedelta(seconds=lengths[interval])


def _sunday(when: dt.datetime) -> dt.date:
    return when.date() - dt.timedelta(days=(when.weekday() + 1) % 7) if when.date() > dt.date(1, 1, 7) else when.date()


def _made(year: str, month: str, day: str, hour: str, minute: str, second: str, micro: int) -> dt.datetime:
    try:
        return dt.datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), micro)  # noqa: DTZ001
    except ValueError:
        raise NotKnown("the text is no date of the calendar") from None


def _utc(wall: dt.datetime, offset: dt.timedelta) -> dt.datetime:
    try:
        return (wall - offset).replace(tzinfo=dt.UTC)
    except OverflowError:
        raise NotKnown(CALENDAR_OVER) from None


def _offset(zone: str) -> dt.timedelta:
    hours, _, minutes = zone[1:].partition(":")
    if int(hours) > 14 or int(minutes or 0) > 59:
        raise NotKnown("an offset is at most 14 hours")
    return dt.timedelta(hours=int(hours), minutes=int(minutes or 0)) * (-1 if zone[0] == "-" else 1)


def _micro(digits: str) -> int:
    if len(digits) == 7 and digits[6] != "0":
        raise NotKnown("the text has steps of 100 nanoseconds, which are not kept here")
    return int(digits[:6].ljust(6, "0"))


# --- custom formats

TOKEN = re.compile(r"d+|M+|y+|H+|h+|m+|s+|f+|F+|t+|z+|K|g+|'[^']*'|\"[^\"]*\"|\\.|.", re.DOTALL)
READ: dict[str, tuple[str, str]] = {
    "yyyy": ("year", r"(\d{4})"), "MM": ("month", r"(\d\d)"), "M": ("month", r"(\d{1,2})"), "dd": ("day", r"(\d\d)"),
    "d": ("day", r"(\d{1,2})"), "HH": ("hour", r"(\d\d)"), "H": ("hour", r"(\d{1,2})"), "hh": ("half", r"(\d\d)"),
    "h": ("half", r"(\d{1,2})"), "mm": ("minute", r"(\d\d)"), "m": ("minute", r"(\d{1,2})"), "ss": ("second", r"(\d\d)"),
    "s": ("second", r"(\d{1,2})"), "tt": ("side", r"((?i:[AP]M))"), "zzz": ("zone", r"([+-]\d\d:\d\d)"),
    "MMM": ("named", f"((?i:{'|'.join(name[:3] for name in MONTHS)}))"), "MMMM": ("named", f"((?i:{'|'.join(MONTHS)}))"),
}  # fmt: skip
WRITTEN: dict[str, Callable[[dt.datetime], str]] = {
    "yyyy": lambda d: f"{d.year:04}", "yy": lambda d: f"{d.year % 100:02}", "MM": lambda d: f"{d.month:02}",
    "M": lambda d: str(d.month), "MMM": lambda d: MONTHS[d.month - 1][:3], "MMMM": lambda d: MONTHS[d.month - 1],
    "dd": lambda d: f"{d.day:02}", "d": lambda d: str(d.day), "ddd": lambda d: DAYS[d.weekday()][:3],
    "dddd": lambda d: DAYS[d.weekday()], "HH": lambda d: f"{d.hour:02}", "H": lambda d: str(d.hour),
    "hh": lambda d: f"{d.hour % 12 or 12:02}", "h": lambda d: str(d.hour % 12 or 12), "mm": lambda d: f"{d.minute:02}",
    "m": lambda d: str(d.minute), "ss": lambda d: f"{d.second:02}", "s": lambda d: str(d.second),
    "tt": lambda d: "AM" if d.hour < 12 else "PM",
}  # fmt: skip
NOT_SURE = "a part of the date's format is not sure to mean the same here as in .NET"


def reformat(text: str, read_as: str, write_as: str) -> str:
    """A date in another format. Raises NotKnown where the formats are not sure, where the text has another form than the first
    says, and where its offset would change the result: in which zone the service writes it is not documented."""
    pattern, fields = _reader(read_as)
    found = pattern.fullmatch(text.strip())
    if found is None:
        raise NotKnown("the text has not the form that the input format says")
    has: dict[str, str] = {}
    for name, value in zip(fields, found.groups(), strict=True):
        if has.setdefault(name, value) != value:
            raise NotKnown("the text says a part of the date twice, and differently")
    if "year" not in has:
        raise NotKnown("the input format has no year of four digits")
    month = str(_month(has["named"])) if "named" in has else has.get("month", "1")
    wall = _made(has["year"], month, has.get("day", "1"), _hour(has), has.get("minute", "0"), has.get("second", "0"),
                 _micro(has.get("fraction", "")))  # fmt: skip
    zone = has.get("zone")
    moments = [wall] if zone is None else [wall, _utc(wall, _offset(zone)).replace(tzinfo=None)]
    written = {"".join(part(each) for part in _writer(write_as)) for each in moments}
    if len(written) > 1:
        raise NotKnown("the documentation does not say in which zone a date with an offset is written")
    return written.pop()


def _hour(has: dict[str, str]) -> str:
    if "half" not in has:
        return has.get("hour", "0")
    if "side" not in has or "hour" in has or not 1 <= int(has["half"]) <= 12:
        raise NotKnown(NOT_SURE)
    return str(int(has["half"]) % 12 + (12 if has["side"].upper() == "PM" else 0))


def _month(name: str) -> int:
    return next(place for place, full in enumerate(MONTHS, 1) if full[:3].lower() == name[:3].lower())


@lru_cache(maxsize=64)
def _reader(text: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    pattern, fields, open_end = "", [], False
    for token in _tokens(text):
        if token in READ:
            field, piece = READ[token]
        elif re.fullmatch(r"f{1,7}", token):
            field, piece = "fraction", rf"(\d{{{len(token)}}})"
        else:
            pattern, open_end = pattern + re.escape(_literal(token)), False
            continue
        if open_end and piece.startswith(r"(\d"):
            raise NotKnown(NOT_SURE)
        pattern, open_end = pattern + piece, piece == r"(\d{1,2})"
        fields.append(field)
    return re.compile(pattern, re.ASCII), tuple(fields)


@lru_cache(maxsize=64)
def _writer(text: str) -> tuple[Callable[[dt.datetime], str], ...]:
    parts: list[Callable[[dt.datetime], str]] = []
    for token in _tokens(text):
        if token in WRITTEN:
            parts.append(WRITTEN[token])
        elif re.fullmatch(r"f{1,6}", token):
            parts.append(lambda d, n=len(token): f"{d.microsecond:06}"[:n])  # type: ignore[misc]
        else:
            parts.append(lambda d, said=_literal(token): said)  # type: ignore[misc]
    return tuple(parts)


def _tokens(text: str) -> list[str]:
    if len(text) < 2:
        raise NotKnown("a format of one letter is a standard format of .NET, and not read here")
    return TOKEN.findall(text)


def _literal(token: str) -> str:
    """The text that a token stands for which is no part of a date. Raises NotKnown where it is one, or may be."""
    if token[0] in "'\"" and len(token) > 1:
        return token[1:-1]
    if token[0] == "\\" and len(token) == 2:
        return token[1]
    if token[0] in "dMyHhmsfFtzKg%'\"\\":
        raise NotKnown(NOT_SURE)
    return token
