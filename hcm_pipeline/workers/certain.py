"""Rows that certainly keep the contract, by SQL made of it: pandera is asked about the others only.

SQL says yes, or that it does not know; no row is found wrong here. A rule that SQL cannot judge as pandera does has no yes. Lengths
are judged in bytes, which are never fewer than characters, and patterns over printable ASCII, where RE2 and Python agree.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from typing import Any

from hcm_pipeline.profile import FieldSpec, Profile
from hcm_pipeline.warehouse import literal, quote
from hcm_pipeline.workers.normalise import names_that_may_lack

_parser: Any = import_module("re._parser")
_PRINTABLE = range(0x20, 0x7F)
_MOST_REPEATED = 250
"""RE2 takes a thousand at most, and fewer of what is long."""


def certain_sql(profile: Profile, frame: str) -> str:
    """SQL (BOOLEAN, never null) over a frame for pandera, by its name in SQL: the row breaks no rule of the contract."""
    tests = [f"not {frame}.control", f"not {frame}.formula"]
    for name, spec in profile.columns.items():
        value, may_lack = f"{frame}.{quote(name)}", name in names_that_may_lack(profile)
        flags = ["unreadable"] if profile.types[name] != "string" else []
        flags += ["blank"] if may_lack or (spec.required and flags) else []
        tests += [f"not {frame}.{quote(f'{name}__{flag}')}" for flag in flags]
        if profile.types[name] == "string":
            needed = spec.required and not may_lack
            tests.append(f"{value} is not null" if needed else "true")
            tests.append(f"({value} is null or ({' and '.join(_kept(spec, value))}))")
    return f"coalesce({' and '.join(test for test in tests if test != 'true')}, false)"


def _kept(spec: FieldSpec, value: str) -> list[str]:
    """SQL tests that a text passes only if it keeps the rules of its field."""
    tests = [f"strlen({value}) <= {spec.max_length}"]
    if spec.pattern is not None:
        same = printable_pattern(spec.pattern)
        tests.append(f"regexp_full_match({value}, {literal(same)})" if same is not None else "false")
    if spec.allowed is not None:
        tests.append(f"regexp_full_match({value}, {literal('|'.join(map(_exactly, sorted(spec.allowed))))})")
    return tests


def _exactly(text: str) -> str:
    return "".join(f"\\x{{{ord(character):x}}}" for character in text)


@lru_cache(maxsize=64)
def printable_pattern(pattern: str) -> str | None:
    r"""A pattern of RE2 that matches nothing but texts of printable ASCII which `re.fullmatch` matches with `pattern`; None where
    it has something that RE2 lacks, or may read otherwise.

    >>> printable_pattern(r"\d{2}")
    '(?:[\\x{30}-\\x{39}]){2,2}'
    """
    parsed = _parser.parse(pattern)
    if parsed.state.flags & ~re.UNICODE:
        return None
    try:
        return _sequence(list(parsed), 1)
    except _Unsure:
        return None


class _Unsure(Exception):
    """Something that may be read in two ways."""


def _sequence(items: list[Any], times: int) -> str:
    """`times`: how often it is repeated at most, by what is around it."""
    return "".join(_item(str(kind), value, times) for kind, value in items)


def _item(kind: str, value: Any, times: int) -> str:
    if kind in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
        return _class(_signs(kind, value))
    if kind in ("MAX_REPEAT", "MIN_REPEAT"):
        least, most, body = value
        endless = most is _parser.MAXREPEAT
        counted = times * max(least if endless else most, 1)
        if counted > _MOST_REPEATED:
            raise _Unsure
        return f"(?:{_sequence(list(body), counted)}){{{least},{'' if endless else most}}}"
    if kind == "SUBPATTERN":
        _, added, taken, body = value
        if added or taken:
            raise _Unsure
        return f"(?:{_sequence(list(body), times)})"
    if kind == "BRANCH":
        return f"(?:{'|'.join(_sequence(list(way), times) for way in value[1])})"
    ends = {"AT_BEGINNING": r"\A", "AT_BEGINNING_STRING": r"\A", "AT_END": r"\z", "AT_END_STRING": r"\z"}
    if kind == "AT" and str(value) in ends:
        return ends[str(value)]
    raise _Unsure


def _signs(kind: str, value: Any) -> set[int]:
    """The characters of printable ASCII that an item matches."""
    if kind == "ANY":
        return set(_PRINTABLE)
    if kind == "CATEGORY":
        name = str(value).removeprefix("CATEGORY_")
        members = re.compile({"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}[name.removeprefix("NOT_")])
        return {sign for sign in _PRINTABLE if bool(members.fullmatch(chr(sign))) is not name.startswith("NOT_")}
    if kind == "RANGE":
        return {sign for sign in _PRINTABLE if value[0] <= sign <= value[1]}
    if kind == "IN":
        found = {sign for one, of in value if str(one) != "NEGATE" for sign in _signs(str(one), of)}
        return set(_PRINTABLE) - found if str(value[0][0]) == "NEGATE" else found
    literally = {value} & set(_PRINTABLE)
    return set(_PRINTABLE) - literally if kind == "NOT_LITERAL" else literally


def _class(signs: set[int]) -> str:
    if not signs:
        raise _Unsure
    ranges: list[list[int]] = []
    for sign in sorted(signs):
        if ranges and sign == ranges[-1][1] + 1:
            ranges[-1][1] = sign
        else:
            ranges.append([sign, sign])
    return f"[{''.join(map(_range, ranges))}]"


def _range(ends: list[int]) -> str:
    return rf"\x{{{ends[0]:x}}}-\x{{{ends[1]:x}}}"
