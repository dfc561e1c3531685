"""The scope: who gets an account. The profile's conditions and scoping filters, as one SQL condition over worker fields.

The filters are those of Entra ID (operators, clauses that must all hold, groups of which one must), which it evaluates for
attributes of its own. Here they also go over dates and worker types, which Entra ID cannot filter on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from hcm_pipeline.profile.model import Profile
from hcm_pipeline.profile.scope_section import Clause
from hcm_pipeline.profile.worker_fields import LIFE_COLUMNS
from hcm_pipeline.warehouse import holds_sql, literal, quote

Make = Callable[[str, str], str]
_BARE: dict[str, str] = {
    "IS TRUE": "{0}",
    "IS FALSE": "not {0}",
    "IS NULL": "{0} is null",
    "IS NOT NULL": "{0} is not null",
}
_WITH_VALUE: dict[str, tuple[tuple[str, ...], Make]] = {
    "EQUALS": ((), lambda field, value: f"{field} = {value}"),
    "NOT EQUALS": ((), lambda field, value: f"{field} <> {value}"),
    "REGEX MATCH": (("string",), lambda field, value: f"regexp_matches({field}, {value})"),
    "NOT REGEX MATCH": (("string",), lambda field, value: f"not regexp_matches({field}, {value})"),
    "Greater_Than": (("integer", "decimal", "date"), lambda field, value: f"{field} > {value}"),
    "Greater_Than_OR_EQUALS": (("integer", "decimal", "date"), lambda field, value: f"{field} >= {value}"),
    "Includes": (("string",), lambda field, value: f"contains({field}, {value})"),
    "ENDS_WITH": (("string",), lambda field, value: f"ends_with({field}, {value})"),
    "&": (("integer",), lambda field, value: f"({field} & {value}) <> 0"),
    "!&": (("integer",), lambda field, value: f"({field} & {value}) = 0"),
}
"""Operators with the types of field that they take (none: all), and their SQL."""


def scope_sql(profile: Profile) -> str:
    """SQL condition over worker fields, never null: the profile gives this worker an account.

    It is false where a condition cannot be evaluated: whoever has an account must then be left alone, see `fallible`.
    """
    conditions = [holds_sql(condition) for condition in profile.scope.include]
    groups = [
        f"({' and '.join(f'coalesce({clause_sql(profile, clause)}, false)' for clause in group.clauses)})"
        for group in profile.scope.groups
    ]
    if groups:
        conditions.append(f"({' or '.join(groups)})")
    return " and ".join(conditions) or "true"


def clause_sql(profile: Profile, clause: Clause) -> str:
    """SQL (BOOLEAN) for one clause. Raises ValueError saying what would be allowed."""
    kind = {**profile.types, **LIFE_COLUMNS}.get(clause.field, "").partition("(")[0]
    if not kind:
        raise ValueError("a worker field, life_stage or status_active")
    field = quote(clause.field)
    if clause.operator in _BARE:
        if clause.value is not None:
            raise ValueError(f"{clause.operator} takes no value")
        if clause.operator in ("IS TRUE", "IS FALSE") and kind != "boolean":
            raise ValueError(f"{clause.operator} takes a boolean field; this one is a {kind}")
        return f"({_BARE[clause.operator].format(field)})"
    allowed, make = _WITH_VALUE[clause.operator]
    if allowed and kind not in allowed:
        raise ValueError(f"{clause.operator} takes a field of type {' or '.join(allowed)}; this one is a {kind}")
    return f"({make(field, _value(kind, clause.value))})"


def _value(kind: str, value: str | int | None) -> str:
    if value is None:
        raise ValueError("this operator needs a value")
    if kind == "date":
        try:
            return f"date {literal(dt.date.fromisoformat(str(value)).isoformat())}"
        except ValueError:
            raise ValueError("a date such as 2026-11-02") from None
    if kind == "boolean":
        if str(value).lower() not in ("true", "false"):
            raise ValueError("true or false")
        return str(value).lower()
    if kind in ("integer", "decimal"):
        try:
            return f"{int(value)}"
        except ValueError:
            raise ValueError("a whole number") from None
    return literal(str(value))
