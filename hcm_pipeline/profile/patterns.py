"""Regular expressions of a profile that would keep a run busy for ever: those that read one text in exponentially many ways.

A repeated part is safe when it is clear, at each character, whether it goes on, ends, or begins again. `(a+)+` is not: each `a` may
continue a part or begin the next. The judgement is by first characters, as for a grammar that is read with one character ahead.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import import_module
from itertools import combinations
from typing import Any

MOST_TIMES = 10
"""A part that is repeated less often than this has few ways to be read, whatever it holds."""
_parser: Any = import_module("re._parser")
_CATEGORIES = {"DIGIT": r"\d", "NOT_DIGIT": r"\D", "SPACE": r"\s", "NOT_SPACE": r"\S", "WORD": r"\w", "NOT_WORD": r"\W"}
_SAMPLE = frozenset(string.printable + "éßøÅŁжשع中ｶ\u00a0\u0301\u2028")
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")

Signs = frozenset[str]


@lru_cache(512)  # a profile is read several times in a run
def endless(pattern: str) -> bool:
    """Whether a pattern that compiles has a repeated part which reads the same text in several ways."""
    return _Reader(pattern).endless()


@dataclass(frozen=True)
class _Reader:
    pattern: str

    def endless(self) -> bool:
        return self._sequence(list(_parser.parse(self.pattern)), None)

    @cached_property
    def _signs(self) -> Signs:
        return frozenset(
            each for sign in (*_SAMPLE, *self.pattern) for each in (sign, sign.lower(), sign.upper()) if len(each) == 1
        )

    def _sequence(self, items: list[Any], after: Signs | None) -> bool:
        """`after`: the characters that may follow inside a repetition; None outside of any."""
        return any(
            self._item(item, None if after is None else self._following(items[at + 1 :], after))
            for at, item in enumerate(items)
        )

    def _following(self, rest: list[Any], after: Signs) -> Signs:
        """The characters that the rest of a sequence, and what follows it, may begin with."""
        first, empty = self._first(rest)
        return first | after if empty else first

    def _item(self, item: Any, after: Signs | None) -> bool:
        kind, value = str(item[0]), item[1]
        if kind in _REPEATS:
            return self._repeat(value[0], value[1], list(value[2]), after)
        if kind == "BRANCH":
            return self._branch([list(way) for way in value[1]], after)
        return any(self._sequence(list(inner), after) for inner in _inside(kind, value))

    def _repeat(self, least: int, most: int, body: list[Any], after: Signs | None) -> bool:
        first, _ = self._first(body)
        if after is not None and least != most and first & after:
            return True
        if most < MOST_TIMES:
            return self._sequence(body, after)
        return self._sequence(body, first | (after or frozenset()))

    def _branch(self, ways: list[list[Any]], after: Signs | None) -> bool:
        if after is not None and any(self._alike(one, other, after) for one, other in combinations(ways, 2)):
            return True
        return any(self._sequence(way, after) for way in ways)

    def _alike(self, one: list[Any], other: list[Any], after: Signs) -> bool:
        """Whether one text may be read in both ways."""
        words = [[of for kind, of in way if str(kind) == "LITERAL"] for way in (one, other)]
        if [len(word) for word in words] == [len(one), len(other)]:
            shorter = min(map(len, words))
            return words[0][:shorter] == words[1][:shorter]
        return bool(self._following(one, after) & self._following(other, after))

    def _first(self, items: list[Any]) -> tuple[Signs, bool]:
        """The characters that a sequence may begin with, and whether it may be empty."""
        found: Signs = frozenset()
        for item in items:
            first, empty = self._first_of(str(item[0]), item[1])
            found |= first
            if not empty:
                return found, False
        return found, True

    def _first_of(self, kind: str, value: Any) -> tuple[Signs, bool]:
        if kind in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            return self._set(kind, value), False
        if kind in _REPEATS:
            first, empty = self._first(list(value[2]))
            return first, empty or value[0] == 0
        if kind == "BRANCH":
            found = [self._first(list(way)) for way in value[1]]
            return frozenset().union(*(first for first, _ in found)), any(empty for _, empty in found)
        if kind in ("SUBPATTERN", "ATOMIC_GROUP"):
            return self._first(list(_inside(kind, value)[0]))
        if kind in ("GROUPREF", "GROUPREF_EXISTS"):
            return self._signs, True
        return frozenset(), True  # places and looks ahead take no character

    def _set(self, kind: str, value: Any) -> Signs:
        if kind == "ANY":
            return self._signs
        if kind == "CATEGORY":
            wanted = re.compile(_CATEGORIES[str(value).removeprefix("CATEGORY_")])
            return frozenset(filter(wanted.fullmatch, self._signs))
        if kind == "RANGE":
            return frozenset(sign for sign in self._signs if value[0] <= ord(sign) <= value[1])
        if kind == "IN":
            parts = [self._set(str(one), of) for one, of in value if str(one) != "NEGATE"]
            found: Signs = frozenset().union(*parts)
            return self._signs - found if str(value[0][0]) == "NEGATE" else found
        literal = frozenset({chr(value), chr(value).lower(), chr(value).upper()}) & self._signs
        return self._signs - literal if kind == "NOT_LITERAL" else literal


def _inside(kind: str, value: Any) -> list[Any]:
    """The sequences inside an item that is neither a repetition nor a choice."""
    if kind == "SUBPATTERN":
        return [value[3]]
    if kind == "ATOMIC_GROUP":
        return [value]
    if kind in ("ASSERT", "ASSERT_NOT"):
        return [value[1]]
    if kind == "GROUPREF_EXISTS":
        return [way for way in value[1:] if way is not None]
    return []
