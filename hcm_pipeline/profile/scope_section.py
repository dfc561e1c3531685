"""`[scope]`: which workers get accounts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hcm_pipeline.profile.value_types import Identifier, Model

Operator = Literal["EQUALS", "NOT EQUALS", "IS TRUE", "IS FALSE", "IS NULL", "IS NOT NULL", "REGEX MATCH", "NOT REGEX MATCH",
                   "Greater_Than", "Greater_Than_OR_EQUALS", "Includes", "ENDS_WITH", "&", "!&"]  # fmt: skip
"""Those of Entra ID's scoping filters."""


class Clause(Model):
    """One clause of a scoping filter. Of a blank value every clause is false but IS NULL."""

    field: Identifier
    operator: Operator
    value: str | int | None = None
    """A date as YYYY-MM-DD; none for the operators that begin with IS."""


class ScopeGroup(Model):
    """Clauses that must all be true."""

    clauses: tuple[Clause, ...] = Field(min_length=1)


class Scope(Model):
    """Which workers get accounts: those for whom every condition is true, and one of the groups."""

    include: tuple[str, ...] = ()
    """SQL conditions over worker fields."""
    groups: tuple[ScopeGroup, ...] = ()
    leaving: Literal["keep", "disable"] = "keep"
    """An account whose worker leaves the scope stays as last delivered, or is disabled."""
