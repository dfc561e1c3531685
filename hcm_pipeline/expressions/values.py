"""The values that an evaluation has, and what it does not know."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Callable
from dataclasses import dataclass

SIMPLE = str | bool | int | dt.datetime
RANDOM_CHARACTER, GUID_CHARACTER = "\ufdd0", "\ufdd1"
"""In the place of a character that the service draws. Both are non-characters, which no text has."""
LONGEST_TEXT = 100_000
"""Characters of a value, at most: an expression that doubles its text again and again makes no more."""


@dataclass(frozen=True)
class Between:
    """A whole number of which only the bounds are known, both possible."""

    low: int
    high: int


@dataclass(frozen=True)
class Unknown:
    """No value: the documentation does not say what comes out, or the service would not evaluate it. `why` in a sentence."""

    why: str


@dataclass(frozen=True)
class Dropped:
    """The attribute is dropped from the flow (IgnoreFlowIfNullOrEmpty): the account keeps what it has."""


Value = SIMPLE | None | tuple[str, ...] | Between | Dropped


class NotKnown(Exception):
    """Ends an evaluation whose result is not known. `why` in a sentence, without a value."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


@dataclass(frozen=True)
class Surroundings:
    """The things besides the record that a result depends on.

    `now`: for Now, with its zone; `default_domain`: of the tenant, None: not known; `random`: for Guid and RandomString, None: they
    give characters that stand for random ones (`show_random`); `taken`: whether an account has a value of the mapping's target, for
    SelectUniqueValue; None: the accounts are not known.
    """

    now: dt.datetime
    default_domain: str | None = None
    random: random.Random | None = None
    taken: Callable[[str], bool] | None = None


def is_random(value: object) -> bool:
    """Whether a text holds characters that stand for random ones."""
    return isinstance(value, str) and (RANDOM_CHARACTER in value or GUID_CHARACTER in value)


def show_random(text: str) -> str:
    """A text for people: what is random in it is named, and not made up."""
    text = re.sub(f"{GUID_CHARACTER}+", "‹a random GUID›", text)
    return re.sub(f"{RANDOM_CHARACTER}+", lambda run: f"‹{len(run[0])} random characters›", text)


def stamp(moment: dt.datetime) -> str:
    """A date and time as the service writes it: M/d/yyyy h:mm:ss tt, in UTC."""
    utc = moment.astimezone(dt.UTC)
    return f"{utc.month}/{utc.day}/{utc.year:04} {utc.hour % 12 or 12}:{utc:%M:%S} {'AM' if utc.hour < 12 else 'PM'}"


def as_text(value: Value) -> str | None:
    """A value as the service writes it; None for no value. Raises NotKnown for what is not one text."""
    match value:
        case None | str():
            return value
        case bool():
            return "True" if value else "False"
        case int():
            return str(value)
        case dt.datetime():
            return stamp(value)
        case tuple():
            raise NotKnown("it takes one value, and the attribute has several")
        case Between():
            raise NotKnown("the documentation does not say whether a part of an interval counts")
        case Dropped():
            raise NotKnown("IgnoreFlowIfNullOrEmpty stands inside another function")


def needed(value: Value, function: str) -> str:
    """A text that is there. Raises NotKnown: what most functions make of no value is not documented."""
    text = as_text(value)
    if text is None:
        raise NotKnown(f"the documentation does not say what {function} makes of no value")
    return text


def whole(value: Value, function: str) -> int:
    """A whole number, written in digits or, as in the documentation of BitAnd, as &H and hexadecimal digits."""
    text = needed(value, function).strip()
    if re.fullmatch(r"-?[0-9]{1,19}", text):
        return int(text)
    if re.fullmatch(r"&H[0-9A-Fa-f]{1,16}", text):
        return int(text[2:], 16)
    raise NotKnown(f"{function} takes a whole number, and this is none")
