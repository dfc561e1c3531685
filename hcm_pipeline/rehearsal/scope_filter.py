"""Scoping filters: whether a record is in scope, as far as the documentation says.

Source: "Scoping users or groups to be provisioned with scoping filters" (03/2025). Clauses of a group are all to hold, and one
group is enough. A filter on no value is false but for the operators that ask for none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hcm_pipeline.expressions import Unknown, Value, as_text, matches_pattern
from hcm_pipeline.synchronization import Clause, Scope

BITS = ("&", "!&")
EACH_WAY = "the documentation does not say whether a pattern has to match the whole value"


@dataclass(frozen=True)
class ScopeFilter:
    """A scope, ready for records."""

    groups: tuple[tuple[Callable[[Mapping[str, Value]], bool | Unknown], ...], ...]

    def holds(self, values: Mapping[str, Value]) -> bool | Unknown:
        """Whether the source's values are in scope; without groups everybody is."""
        if not self.groups:
            return True
        found = [_all(clause(values) for clause in group) for group in self.groups]
        if any(each is True for each in found):
            return True
        return next((each for each in found if isinstance(each, Unknown)), False)


def scope_filter(scope: Scope) -> ScopeFilter:
    """A scope, ready for records. Groups without clauses do not count."""
    return ScopeFilter(tuple(tuple(map(_clause, group.clauses)) for group in scope.groups if group.clauses))


def _all(found: object) -> bool | Unknown:
    unknown: Unknown | None = None
    for each in found:  # type: ignore[attr-defined]
        if each is False:
            return False
        if isinstance(each, Unknown):
            unknown = each
    return unknown or True


def _clause(clause: Clause) -> Callable[[Mapping[str, Value]], bool | Unknown]:
    operator, given = clause.operator, clause.values[0] if clause.values else ""
    judge = _JUDGES.get(" ".join(operator.replace("_", " ").upper().split()))

    def holds(values: Mapping[str, Value]) -> bool | Unknown:
        value = values.get(clause.source)
        if isinstance(value, tuple):
            return Unknown("scoping filters do not support attributes of several values")
        if judge is None:
            return Unknown(f"the documentation does not say enough of the operator {operator}")
        text = as_text(value)
        return judge(text or "", given)

    return holds


def _pattern(text: str, pattern: str) -> bool | Unknown:
    part, whole = matches_pattern(pattern, text)
    if isinstance(part, Unknown) or isinstance(whole, Unknown):
        return part if isinstance(part, Unknown) else whole
    return part if part == whole else Unknown(EACH_WAY)


def _not_pattern(text: str, pattern: str) -> bool | Unknown:
    found = _pattern(text, pattern)
    return found if isinstance(found, Unknown) else bool(text) and not found


def _number(text: str, given: str, held: Callable[[int, int], bool]) -> bool | Unknown:
    if not text:
        return False
    if re.fullmatch(r"-?[0-9]{1,19}", text) and re.fullmatch(r"-?[0-9]{1,19}", given):
        return held(int(text), int(given))
    return Unknown("a filter by size compares whole numbers, and here is none")


def _ends(text: str, given: str) -> bool | Unknown:
    exact, folded = text.endswith(given), text.lower().endswith(given.lower())
    return (
        bool(text) and exact if exact == folded else Unknown("the documentation does not say whether case counts here")
    )


_JUDGES: dict[str, Callable[[str, str], bool | Unknown]] = {
    "EQUALS": lambda text, given: bool(text) and text == given,
    "NOT EQUALS": lambda text, given: bool(text) and text != given,
    "IS TRUE": lambda text, _: text.lower() == "true",
    "IS FALSE": lambda text, _: text.lower() == "false",
    "IS NULL": lambda text, _: not text,
    "IS NOT NULL": lambda text, _: bool(text),
    "REGEX MATCH": lambda text, given: bool(text) and _pattern(text, given),
    "NOT REGEX MATCH": _not_pattern,
    "GREATER THAN": lambda text, given: _number(text, given, lambda a, b: a > b),
    "GREATER THAN OR EQUALS": lambda text, given: _number(text, given, lambda a, b: a >= b),
    "INCLUDES": lambda text, given: bool(text) and given in text,
    "ENDS WITH": _ends,
}  # fmt: skip
