"""Rows of a query as values, and values as JSON gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import duckdb

Value = TypeVar("Value")
KEYWORDS = {"from": "from_"}
"""Names of columns that Python keeps for itself, and the field that holds each; JSON has the column's name."""


def values_of(
    con: duckdb.DuckDBPyConnection,
    kind: type[Value],
    select: str,
    values: Sequence[object] | Mapping[str, object] = (),
    **given: object,
) -> list[Value]:
    """Each row of a SELECT as a `kind`, a dataclass with a field for each column; `given` are further fields."""
    return [kind(**row, **given) for row in mappings_of(con, select, values)]


def mappings_of(
    con: duckdb.DuckDBPyConnection, select: str, values: Sequence[object] | Mapping[str, object] = ()
) -> list[dict[str, Any]]:
    """Each row of a SELECT by the names of its columns, for those whose columns depend on the profile."""
    result = con.execute(select, dict(values) if isinstance(values, Mapping) else list(values))
    names = [KEYWORDS.get(column[0], column[0]) for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
