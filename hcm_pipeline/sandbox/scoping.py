"""Scoping filters: clauses joined by AND, groups by OR.

Source: "Scoping users or groups to be provisioned with scoping filters". A clause about a value that is null or empty is false,
but for those that ask for it. `&` and `!&` are of bits: whether the value has all of those that the filter names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from hcm_pipeline.sandbox.evaluation import Source
from hcm_pipeline.sandbox.expression_patterns import pattern_of

Values = Mapping[str, Source]
Test = Callable[[str, str], bool]


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[+-]?\d+", text.strip()) else None


def _both(work: Callable[[int, int], bool]) -> Test:
    def test(value: str, wanted: str) -> bool:
        one, other = _number(value), _number(wanted)
        return one is not None and other is not None and work(one, other)

    return test


def _matches(value: str, pattern: str) -> bool:
    try:
        return pattern_of(pattern).search(value) is not None
    except re.error:
        return False


BINARY: dict[str, Test] = {
    "EQUALS": lambda value, wanted: value == wanted,
    "NOT EQUALS": lambda value, wanted: value != wanted,
    "REGEX MATCH": _matches,
    "NOT REGEX MATCH": lambda value, wanted: not _matches(value, wanted),
    "Greater_Than": _both(lambda one, other: one > other),
    "Greater_Than_OR_EQUALS": _both(lambda one, other: one >= other),
    "Includes": lambda value, wanted: wanted in value,
    "ENDS_WITH": lambda value, wanted: value.endswith(wanted),
    "&": _both(lambda one, other: one & other == other),
    "!&": _both(lambda one, other: one & other != other),
}


def in_scope(scope: Mapping[str, Any] | None, values: Values) -> bool:
    """Whether a record passes: one of the groups holds, or there is none."""
    groups = (scope or {}).get("groups") or []
    return not groups or any(all(_holds(clause, values) for clause in group.get("clauses") or []) for group in groups)


def _holds(clause: Mapping[str, Any], values: Values) -> bool:
    operator, value = clause["operatorName"], values.get(clause["sourceOperandName"])
    if operator in ("IS NULL", "IS NOT NULL"):
        return (value in (None, "")) is (operator == "IS NULL")
    if value in (None, "") or isinstance(value, list):
        return False
    if operator in ("IS TRUE", "IS FALSE"):
        return str(value).lower() == ("true" if operator == "IS TRUE" else "false")
    wanted = [str(one) for one in (clause.get("targetOperand") or {}).get("values") or []]
    test = BINARY[operator]
    if operator in ("NOT EQUALS", "NOT REGEX MATCH", "!&"):
        return all(test(str(value), one) for one in wanted)
    return any(test(str(value), one) for one in wanted)
