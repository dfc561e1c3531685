"""The part of OData that the sandbox's lists speak: comparisons joined by `and`, an order, pages. The rest is 400."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from hcm_pipeline.sandbox.clock import micros

OPERATORS = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}

Kind = Literal["text", "time"]


class BadQuery(Exception):
    """The query asks for what the service does not answer."""


@dataclass(frozen=True)
class Field:
    """A property that can be compared: the SQL expression behind it and the kind of literal it takes."""

    sql: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Comparison:
    """One comparison. `value` is text, or microseconds since 1970 for a time."""

    path: str
    operator: str
    value: str | int


_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|([^\s'()]+))")


def parse_filter(text: str, fields: Mapping[str, Field]) -> list[Comparison]:
    """Read `a eq 'x' and b ge 2026-01-01T00:00:00Z`. Raises BadQuery for anything outside that."""
    tokens = _tokens(text)
    comparisons = []
    position = 0
    while True:
        if len(tokens) - position < 3:
            raise BadQuery("Invalid filter clause: property, operator and value expected")
        (path, quoted), (operator, _), literal = tokens[position : position + 3]
        if quoted or path not in fields:
            raise BadQuery(f"Invalid filter clause: cannot filter by {path!r}")
        if operator not in OPERATORS:
            raise BadQuery(f"Invalid filter clause: unsupported operator {operator!r}")
        comparisons.append(Comparison(path, operator, _value(fields[path], operator, literal)))
        position += 3
        if position == len(tokens):
            return comparisons
        if tokens[position] != ("and", False):
            raise BadQuery("Invalid filter clause: comparisons can only be joined by 'and'")
        position += 1


def _tokens(text: str) -> list[tuple[str, bool]]:
    """Words and literals in their order, each with whether it was quoted."""
    tokens: list[tuple[str, bool]] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise BadQuery(f"Invalid filter clause: syntax error at position {position}")
        quoted, word = match.groups()
        tokens.append((word, False) if quoted is None else (quoted.replace("''", "'"), True))
        position = match.end()
    return tokens


def _value(field: Field, operator: str, literal: tuple[str, bool]) -> str | int:
    text, quoted = literal
    if field.kind == "time":
        try:
            moment = None if quoted else datetime.fromisoformat(text)
        except ValueError:
            moment = None
        if moment is None:
            raise BadQuery("Invalid filter clause: a date and time without quotes expected")
        return micros((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    if not quoted:
        raise BadQuery("Invalid filter clause: a quoted string expected")
    if operator not in ("eq", "ne"):
        raise BadQuery(f"Invalid filter clause: strings cannot be compared with {operator!r}")
    return text


def where(comparisons: list[Comparison], fields: Mapping[str, Field]) -> tuple[list[str], list[object]]:
    """SQL conditions, and the values bound to them."""
    conditions = [f"{fields[one.path].sql} {OPERATORS[one.operator]} ?" for one in comparisons]
    return conditions, [one.value for one in comparisons]


def parse_top(text: str | None, default: int, most: int) -> int:
    """The page size."""
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= most:
        raise BadQuery(f"Invalid value for $top: 1 to {most} expected")
    return int(text)


def parse_order(text: str | None, path: str) -> bool:
    """Whether the order is descending; the log lists the newest first unless told otherwise."""
    match (text or f"{path} desc").split():
        case [name] | [name, "asc"] if name == path:
            return False
        case [name, "desc"] if name == path:
            return True
    raise BadQuery(f"Invalid value for $orderby: only {path} [asc|desc] is supported")


def known_options(query: Mapping[str, str], allowed: set[str]) -> None:
    """Refuse system query options that would otherwise be silently ignored."""
    unknown = sorted(name for name in query if name.startswith("$") and name not in allowed)
    if unknown:
        raise BadQuery(f"Unsupported query option: {unknown[0]}")


def skip_token(*position: int) -> str:
    """An opaque token for a position in a list."""
    return base64.urlsafe_b64encode(".".join(map(str, position)).encode()).decode().rstrip("=")


def read_skip_token(text: str, length: int) -> tuple[int, ...]:
    """The position behind a token."""
    try:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
        position = tuple(int(part) for part in decoded.split("."))
    except ValueError:
        position = ()
    if len(position) != length:
        raise BadQuery("Invalid value for $skiptoken")
    return position
