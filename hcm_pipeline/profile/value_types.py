"""The parts of every section of a profile: a model that refuses unknown keys, and texts that keep a form."""

from __future__ import annotations

import codecs
import datetime as dt
import re
from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hcm_pipeline.characters import heading
from hcm_pipeline.profile.patterns import endless
from hcm_pipeline.warehouse import literal, type_of

LONGEST_PATTERN = 1000
DAYS, HOURS, MINUTES, COUNT, BYTES = 36_500, 8_784, 527_040, 2**31, 2**40
"""The most that a key may say, by its unit: a hundred years, a year, a year, and what a column or a file can hold."""
_FORMAT = "must be a format of strptime such as %Y-%m-%d or %d.%m.%Y"
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Model(BaseModel):
    """A part of a profile: unknown keys are errors, and nothing changes after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _regex(value: str) -> str:
    if len(value) > LONGEST_PATTERN:
        raise ValueError(f"must have at most {LONGEST_PATTERN:,} characters")
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"must be a regular expression ({error})") from error
    if endless(value):
        raise ValueError(
            "must read each text in one way: a part that is repeated, like (a+)+, may neither begin with the character that can go"
            " on inside it, nor offer two ways that begin alike"
        )
    return value


def _python_format(value: str) -> str:
    day = dt.datetime(2026, 11, 23, 13, 5, 9, tzinfo=dt.UTC)
    try:
        dt.datetime.strptime(day.strftime(value), value)  # noqa: DTZ007 - only whether it can be read
    except (ValueError, re.error):
        raise ValueError(_FORMAT) from None
    return _with_a_part(value)


_TWO, _ONE_OR_TWO = r"\d{2}", r"\d{1,2}"
DATE_PARTS = {
    "%Y": r"\d{4}", "%y": _TWO, "%m": _TWO, "%d": _TWO, "%H": _TWO, "%I": _TWO, "%M": _TWO, "%S": _TWO,
    "%-y": _ONE_OR_TWO, "%-m": _ONE_OR_TWO, "%-d": _ONE_OR_TWO, "%-H": _ONE_OR_TWO, "%-I": _ONE_OR_TWO, "%-M": _ONE_OR_TWO,
    "%-S": _ONE_OR_TWO, "%j": r"\d{3}", "%-j": r"\d{1,3}", "%b": "[A-Za-z]{3}", "%B": "[A-Za-z]{3,9}", "%a": "[A-Za-z]{3}",
    "%A": "[A-Za-z]{6,9}", "%p": "[AaPp][Mm]", "%f": r"\d{1,6}", "%g": r"\d{1,3}", "%n": r"\d{1,9}",
    "%z": r"[+-]\d{2}(?::?\d{2})?", "%%": "%",
}  # fmt: skip
"""The parts of a format of dates, and the text that each stands for, as a regular expression."""


_YEAR, _MONTH, _DAY, _DAY_OF_YEAR = ("%Y", "%y", "%-y"), ("%m", "%-m", "%b", "%B"), ("%d", "%-d"), ("%j", "%-j")


def date_pattern(form: str, asked: str = "") -> str:
    """The regular expression of the texts that a format of dates stands for: nothing shorter, no blanks around, no rest. The part
    `asked` is its group."""

    def text_of(part: re.Match[str]) -> str:
        pattern = DATE_PARTS.get(part[0]) or re.escape(part[0])
        return f"({pattern})" if part[0] == asked else pattern

    return re.sub(r"%-?[A-Za-z%]|.", text_of, form)


@cache
def _duckdb_format(value: str) -> str:
    unknown = [part for part in re.findall(r"%-?.?", value) if part not in DATE_PARTS]
    if unknown:
        raise ValueError(f"{_FORMAT}; {', '.join(unknown)} is no part that it knows")
    _require_whole_date([part for part in re.findall(r"%-?.", value) if part != "%%"])
    try:
        type_of(f"try_strptime(text, {literal(value)})", {"text": "VARCHAR"})
    except ValueError:
        raise ValueError(_FORMAT) from None
    return _with_a_part(value)


def _require_whole_date(parts: list[str]) -> None:
    """A year, and a month with a day or a day of the year, each once: of what a text does not say nobody knows the first of it."""
    year, month, day, day_of_year = (sum(map(parts.count, group)) for group in (_YEAR, _MONTH, _DAY, _DAY_OF_YEAR))
    if (year, month, day, day_of_year) not in ((1, 1, 1, 0), (1, 0, 0, 1)) or max(map(parts.count, parts)) > 1:
        raise ValueError(f"{_FORMAT}: year, month and day, or year and %j, and no part twice")
    if "%z" in parts[:-1]:
        raise ValueError(f"{_FORMAT}; %z stands at the end")


def _with_a_part(value: str) -> str:
    if not re.search("%-?[A-Za-z]", value):
        raise ValueError(_FORMAT)
    return value


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # reads a folder tree; a profile asks for every mapped value


def _zone(value: str) -> str:
    if value not in _zones():
        raise ValueError("must be an IANA time zone such as Europe/Berlin or UTC")
    return value


_WRITERS = {
    "utf-8-sig": "utf-8", "cp1252": "windows-1252", "iso8859-1": "latin-1", "shift_jis": "cp932", "gb2312": "gb18030",
    "gbk": "gb18030", "euc_kr": "cp949", "big5": "cp950",
}  # fmt: skip
"""Codecs of Python, and those that are taken for them: what writes files under the name of a standard writes more than it has."""
_NO_ENCODINGS = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "unicode-escape", "raw-unicode-escape")


def _encoding(value: str) -> str:
    """The name of an encoding, one for all its aliases."""
    if value == "auto":
        return value
    try:
        name = codecs.lookup(value).name
        b"a\0\0\0".decode(name, "replace")  # no text encoding: base64, zlib, rot13 ...
        codecs.getincrementaldecoder(name)
    except (LookupError, UnicodeError, ValueError):
        name = ""
    if not name or name in _NO_ENCODINGS:
        raise ValueError(
            "must be auto, or a text encoding that Python knows, such as utf-8, utf-16, windows-1250, iso-8859-2 or shift_jis"
        )
    name = _WRITERS.get(name, name)
    return f"windows-{name[2:]}" if re.fullmatch(r"cp125\d", name) else name


def _fallback(value: str) -> str:
    name = _encoding(value)
    if name == "auto" or name.startswith("utf"):
        raise ValueError("must be the encoding of files that are not UTF-8, such as windows-1252 or windows-1250")
    return name


def _iso_date(value: str) -> str:
    try:
        return dt.date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError("must be a date such as 2026-11-02") from None


def _identifier(value: str) -> str:
    if not IDENTIFIER.fullmatch(value):
        raise ValueError("must be lower-case letters, digits and underscores, beginning with a letter")
    return value


Encoding = Annotated[str, AfterValidator(_encoding)]
FallbackEncoding = Annotated[str, AfterValidator(_fallback)]
"""Of a file that is not UTF-8."""
ColumnName = Annotated[str, AfterValidator(heading), Field(min_length=1)]
"""Of a column of a file, as people see it."""
DateFormat = Annotated[str, AfterValidator(_duckdb_format)]
"""Of dates in a column, which DuckDB reads."""
NameFormat = Annotated[str, AfterValidator(_python_format)]
"""Of the date in a file's name."""
Regex = Annotated[str, AfterValidator(_regex)]
Zone = Annotated[str, AfterValidator(_zone)]
IsoDate = Annotated[str, AfterValidator(_iso_date)]
Identifier = Annotated[str, AfterValidator(_identifier)]
Domain = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", max_length=48)]
_PLAIN, _ESCAPE = r'[^,\\"+<>;=\x00-\x1f]', r'\\([ ,\\"+<>;=#]|[0-9A-Fa-f]{2})'
_RDN = rf"(CN|OU|DC|O|C|L|ST|cn|ou|dc|o|c|l|st) *= *([^# ,\\\"+<>;=\x00-\x1f]|{_ESCAPE})({_PLAIN}|{_ESCAPE})*"
DistinguishedName = Annotated[str, Field(pattern=rf"^{_RDN}(, *{_RDN})*$", max_length=2048)]
"""Special characters in a value are escaped as RFC 4514 has it: `OU=Smith\\, John,DC=x`."""
