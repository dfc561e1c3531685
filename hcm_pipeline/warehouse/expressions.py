"""Judging SQL scalar expressions of a profile before anything runs them.

An expression may use the columns it is given and DuckDB's consistent scalar functions. Subqueries, aggregates, windows,
table functions and anything that depends on the clock or on chance are refused: the same worker must give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

import duckdb
import orjson

from hcm_pipeline.warehouse.store import first, memory, quote

REFUSED_CLASSES = {"SUBQUERY": "a subquery", "WINDOW": "a window function", "STAR": "*", "PARAMETER": "a parameter",
                   "DEFAULT": "default", "POSITIONAL_REFERENCE": "#n"}  # fmt: skip
CLOCK_KEYWORDS = frozenset({"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_user",
                            "user", "session_user", "current_role", "current_catalog", "current_schema"})  # fmt: skip
"""Words without parentheses that DuckDB reads as functions when no column has their name."""
REFUSED_FUNCTIONS = frozenset({"error", "getenv", "getvariable", "current_setting", "nextval", "currval", "query"})


def type_of(expression: str, columns: Mapping[str, str]) -> str:
    """The DuckDB type of `expression` over `columns` (name to type). Raises ValueError saying what is not allowed."""
    return _type_of(expression, tuple(columns.items()))


@lru_cache(256)  # a code location is built again and again, and a database takes 13 ms to start
def _type_of(expression: str, typed: tuple[tuple[str, str], ...]) -> str:
    columns = dict(typed)
    with memory() as con:
        tree = orjson.loads(
            (first(con, "select json_serialize_sql(?::varchar)", [f"select (\n{expression}\n)"]) or ("{}",))[0]
        )
        if tree.get("error"):
            raise ValueError(f"is not an SQL expression ({tree.get('error_type', 'syntax')})")
        statements = tree["statements"]
        node = statements[0]["node"] if len(statements) == 1 else {}
        if (
            node.get("type") != "SELECT_NODE"
            or len(node["select_list"]) != 1
            or node["from_table"]["type"] != "EMPTY"
            or node["modifiers"]
            or node["cte_map"]["map"]
            or any(node.get(part) for part in ("where_clause", "having", "qualify", "sample", "group_expressions"))
        ):
            raise ValueError("must be one scalar expression, with no FROM, WHERE or second statement")
        for part in _nodes(node["select_list"][0]):
            if part.get("class") in REFUSED_CLASSES:
                raise ValueError(f"must not use {REFUSED_CLASSES[part['class']]}")
            if part.get("class") == "COLUMN_REF":
                name = str(part["column_names"][-1])
                if name.lower() in CLOCK_KEYWORDS and name not in columns:
                    raise ValueError(f"must not use {name}: the same worker must give the same value every day")
            if part.get("class") == "FUNCTION":
                name = str(part["function_name"]).lower()
                if name not in _allowed_functions() or name in REFUSED_FUNCTIONS:
                    raise ValueError(f"must not use the function {name}: only consistent scalar functions are allowed")
        relation = ", ".join(f"null::{kind} as {quote(name)}" for name, kind in columns.items())
        try:
            row = first(con, f"describe select ({expression}\n) as it from (select {relation})")
        except duckdb.Error as error:
            message = str(error).splitlines()[0]
            raise ValueError(f"does not fit the worker fields: {message}") from None
        kind = str(row[1]) if row else "NULL"
        if kind == "TUPLE":  # `()`: nothing, or a comment alone
            raise ValueError("is not an SQL expression (it is empty)")
        return kind


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for child in tree.values():
            yield from _nodes(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from _nodes(child)


@cache
def _allowed_functions() -> frozenset[str]:
    with memory() as con:
        rows = con.execute("""
            select lower(function_name) from duckdb_functions()
            group by 1
            having bool_and(function_type in ('scalar', 'macro') and coalesce(stability, 'CONSISTENT') = 'CONSISTENT')
        """).fetchall()
    return frozenset(str(name) for (name,) in rows)
