"""Judging SQL scalar expressions of a profile before anything runs them.

An expression may use the columns it is given and the functions of a list (`allowed_functions`), and its bound plan makes one row of
one: no subquery, aggregate, window or table function, no clock, no chance, no look into the database, no waiting. The same worker
must give the same bytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import Any

import duckdb
import orjson

from hcm_pipeline.warehouse.allowed_functions import ARGUMENTS, FUNCTIONS, NEVER_FAIL
from hcm_pipeline.warehouse.relations import scratch
from hcm_pipeline.warehouse.store import first, harden, memory, quote

REFUSED_CLASSES = {"SUBQUERY": "a subquery", "WINDOW": "a window function", "STAR": "*", "PARAMETER": "a parameter",
                   "DEFAULT": "default", "POSITIONAL_REFERENCE": "#n"}  # fmt: skip
"""Kinds of part that a person may have meant, and a name for each."""
ALLOWED_CLASSES = frozenset({"CONSTANT", "COLUMN_REF", "FUNCTION", "OPERATOR", "COMPARISON", "CONJUNCTION", "CASE", "CAST",
                             "BETWEEN", "LAMBDA", "COLLATE", "TYPE"})  # fmt: skip
REFUSED_OPERATORS = frozenset({"GROUPING_FUNCTION", "OPERATOR_UNPACK"})
SCANS = frozenset({"PROJECTION", "SEQ_SCAN", "TABLE_SCAN", "EMPTY_RESULT"})
"""The parts of a bound plan that makes one row of one."""
CLOCK_KEYWORDS = frozenset({"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_user",
                            "user", "session_user", "current_role", "current_catalog", "current_schema", "current_localtime",
                            "current_localtimestamp"})  # fmt: skip
"""Words without parentheses that DuckDB reads as functions when no column has their name."""
NO_TEXT = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f" + "\u202a-\u202e\u2066-\u2069\ufdd0\ufdd1\ufffe\uffff]"
"""A pattern (RE2 and Python): control characters but those of blanks, what turns the direction of writing, and no characters."""
_MAKERS = re.compile(r"\b(chr|format|printf|url_decode)\b|\be'", re.IGNORECASE)
PADDED, FORMATTED, LONGEST_PADDING = ("lpad", "rpad"), ("printf", "format"), 10_000
_LOCK = Lock()
_KEPT: dict[int, duckdb.DuckDBPyConnection] = {}
LOOKS, FOLDS, SPREADS, CLOCK = (
    "looks into the database or its session", "folds all rows into one", "makes several rows of one",
    "gives another value on another day",
)  # fmt: skip


@contextmanager
def _kept() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own to a database in memory, which the process keeps: to start one takes 13 ms, and a profile may have as
    many expressions as it has attributes. A forked process starts its own.
    """
    with _LOCK:
        if os.getpid() not in _KEPT:
            _KEPT[os.getpid()] = memory()
        con = _KEPT[os.getpid()].cursor()
    try:
        harden(con, None, [])
        yield con
    finally:
        con.close()


def type_of(expression: str, columns: Mapping[str, str]) -> str:
    """The DuckDB type of `expression` over `columns` (name to type). Raises ValueError saying what is not allowed."""
    return _type_of(expression, tuple(columns.items()))


@lru_cache(256)  # a code location is built again and again
def _type_of(expression: str, typed: tuple[tuple[str, str], ...]) -> str:
    columns = dict(typed)
    with _kept() as con:
        tree = _tree_by(con, expression)
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
        _judge_parts(node["select_list"][0], columns)
        relation = ", ".join(f"null::{kind} as {quote(name)}" for name, kind in columns.items())
        try:
            row = first(con, f"describe select ({expression}\n) as it from (select {relation})")
        except duckdb.Error as error:
            message = str(error).splitlines()[0]
            raise ValueError(f"does not fit the worker fields: {message}") from None
        kind = str(row[1]) if row else "NULL"
        if kind == "TUPLE":  # `()`: nothing, or a comment alone
            raise ValueError("is not an SQL expression (it is empty)")
        _judge_plan(con, expression, typed)
        return kind


def may_hold_no_text(expression: str) -> bool:
    """Whether the value of an expression over values without characters of NO_TEXT may hold one: it makes characters of numbers."""
    return _MAKERS.search(expression) is not None


def can_fail(expression: str, columns: Mapping[str, str]) -> bool:
    """Whether evaluating an expression (see `type_of`) may raise an error for some row; false only where it certainly cannot."""
    return _can_fail(expression, tuple(columns.items()))


@lru_cache(256)
def _can_fail(expression: str, typed: tuple[tuple[str, str], ...]) -> bool:
    columns = {name.lower(): kind for name, kind in typed}
    return _safe_type(_tree(expression)["statements"][0]["node"]["select_list"][0], columns) is None


@lru_cache(256)
def _tree(expression: str) -> Any:
    """The syntax of `select (expression)` as DuckDB tells it."""
    with _kept() as con:
        return _tree_by(con, expression)


def _tree_by(con: duckdb.DuckDBPyConnection, expression: str) -> Any:
    """As `_tree`, on a connection that is there already."""
    row = first(con, "select json_serialize_sql(?::varchar)", [f"select (\n{expression}\n)"])
    return orjson.loads(row[0] if row else "{}")


def _safe_type(node: Mapping[str, Any], columns: Mapping[str, str]) -> str | None:
    """The type of a part that has a value for every row, with no cast in it; None: it may have none."""
    kind, what = node["class"], node.get("type")
    if kind == "COLUMN_REF":
        return columns.get(str(node["column_names"][-1]).lower()) if len(node["column_names"]) == 1 else None
    if kind == "CONSTANT":
        literal_kind = str((node.get("literal") or {}).get("kind"))
        return {"STRING": "VARCHAR", "BOOLEAN": "BOOLEAN"}.get(literal_kind)
    if kind == "FUNCTION":
        parts = [one["expression"] for one in node.get("arguments", ())]
        made = NEVER_FAIL.get(str(node["function_name"]).lower())
        return made if _same(parts, columns) == "VARCHAR" else None
    parts = list(_children(node))
    if what in ("OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"):
        return "BOOLEAN" if _safe_type(parts[0], columns) else None
    if kind == "CONJUNCTION" or what == "OPERATOR_NOT":
        return "BOOLEAN" if _same(parts, columns) == "BOOLEAN" else None
    if kind in ("COMPARISON", "BETWEEN") or what in ("COMPARE_IN", "COMPARE_NOT_IN"):
        return "BOOLEAN" if _same(parts, columns) else None
    return _same(parts, columns) if what == "OPERATOR_COALESCE" else None


def _children(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for value in node.values():
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, dict) and "class" in child:
                yield child


def _same(parts: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> str | None:
    """The one type of several parts; None where they are of several, or one of them may have no value."""
    kinds = {_safe_type(part, columns) for part in parts}
    return kinds.pop() if len(kinds) == 1 else None


def holds_sql(condition: str, *, on_error: bool = False) -> str:
    """SQL (BOOLEAN, never null): a condition of a profile holds for a row; `on_error` where it cannot be evaluated."""
    holds = alone_sql(f"coalesce(({condition}\n), false)", condition)
    return f"coalesce(try({holds}), {str(on_error).lower()})"


def fails_sql(expressions: Iterable[str]) -> str:
    """SQL (BOOLEAN, never null): evaluating one of several expressions raises an error for a row."""
    values = (f"'e{number}': {alone_sql(expression)}" for number, expression in enumerate(expressions))
    return f"(try({{{', '.join(values)}}}) is null)"


def alone_sql(value: str, expression: str | None = None) -> str:
    """SQL for a value that is made from an expression of a profile, so that it is evaluated where it stands, inside a `try`.

    DuckDB computes parts that several expressions share in advance, and so outside; it does not look into a CASE for them. The
    condition is true of every row, and DuckDB does not know it.
    """
    read = _first_column(value if expression is None else expression)
    return f"case when len({quote(read)}::varchar) is distinct from -1 then ({value}\n) end" if read else f"({value}\n)"


@lru_cache(256)
def _first_column(expression: str) -> str | None:
    """A column that an expression reads; None: it is a constant."""
    tree = _tree(expression)
    given = {name for part in _nodes(tree) if part.get("class") == "LAMBDA" for name in _parameters(part)}
    for part in _nodes(tree):
        if part.get("class") == "COLUMN_REF" and str(part["column_names"][0]) not in given:
            return str(part["column_names"][0])
    return None


def _judge_parts(tree: dict[str, Any], columns: Mapping[str, str]) -> None:
    """Raise ValueError for a part of an expression that is not among those allowed."""
    parts = list(_nodes(tree))
    known = {name.lower() for name in columns} | {
        str(name).lower() for part in parts if part.get("class") == "LAMBDA" for name in _parameters(part)
    }
    for part in parts:
        kind = part.get("class")
        if kind is None:
            continue
        if kind not in ALLOWED_CLASSES or part.get("type") in REFUSED_OPERATORS:
            raise ValueError(f"must not use {REFUSED_CLASSES.get(kind, str(part.get('type')).lower())}")
        if kind == "COLUMN_REF":
            name = str(part["column_names"][0])
            if name.lower() in CLOCK_KEYWORDS and name.lower() not in known:
                raise ValueError(f"must not use {name}: the same worker must give the same value every day")
        if kind == "CONSTANT" and (found := re.search(NO_TEXT, _constant(part))):
            raise ValueError(f"must not hold the character U+{ord(found[0]):04X}: no value of a worker has it")
        if kind == "FUNCTION":
            _judge_function(part)


def _judge_function(part: Mapping[str, Any]) -> None:
    name = str(part["function_name"]).lower()
    if name not in FUNCTIONS:
        why = _reason(name)
        raise ValueError(f"must not use the function {name}: {why}; docs/reference/profile.md lists what is allowed")
    least = ARGUMENTS.get(name, 0)
    if len(part.get("arguments", part.get("children", ()))) < least:
        raise ValueError(f"must not use the function {name} with fewer than {least} arguments: it then reads the clock")
    if name in PADDED and not _short(part):
        raise ValueError(
            f"must not use the function {name} without a number of at most {LONGEST_PADDING:,} as its second argument"
        )
    if name in FORMATTED and not _short_format(part):
        raise ValueError(
            f"must not use the function {name} without a format that is written out, with no width above {LONGEST_PADDING:,}"
        )
    if name == "chr" and (told := _arguments(part)) and _constant(told[0]).isdecimal():
        number = int(_constant(told[0]))
        if number > 0x10FFFF or 0xD800 <= number < 0xE000 or re.search(NO_TEXT, chr(number)):
            raise ValueError(f"must not use chr({number}): no value of a worker holds this character")
    if part.get("distinct") or part.get("filter") or (part.get("order_bys") or {}).get("orders"):
        raise ValueError(f"must not use the function {name} over several rows")


def _short(part: Mapping[str, Any]) -> bool:
    """Whether the second argument of a function is a small number, written out."""
    told = _arguments(part)
    number = _constant(told[1]) if len(told) > 1 else ""
    return number.isdecimal() and int(number) <= LONGEST_PADDING


def _short_format(part: Mapping[str, Any]) -> bool:
    """Whether the first argument of a function is a format, written out, that makes nothing of any width."""
    told = _arguments(part)
    form = _constant(told[0]) if told and told[0].get("class") == "CONSTANT" else None
    if form is None or re.search(r"%[^A-Za-z%]*\*|\{[^{}]*\{", form.replace("{{", "")):
        return False
    return all(int(width) <= LONGEST_PADDING for width in re.findall("[0-9]+", form))


def _arguments(part: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one.get("expression", one) for one in part.get("arguments", part.get("children", ()))]


def _constant(part: Mapping[str, Any]) -> str:
    """The text of a constant as it is written; empty for any other part."""
    said = part.get("literal") or part.get("value") or {}
    return str(said.get("text", said.get("value", ""))) if isinstance(said, dict) else ""


def _parameters(part: Mapping[str, Any]) -> Iterator[str]:
    """The names that a lambda gives to its arguments."""
    for node in _nodes(part.get("lhs")):
        if node.get("class") == "COLUMN_REF":
            yield from map(str, node["column_names"])


def _judge_plan(con: duckdb.DuckDBPyConnection, expression: str, typed: tuple[tuple[str, str], ...]) -> None:
    """Raise ValueError unless the plan, bound and not yet made shorter, makes one row of one."""
    con.execute("pragma disable_optimizer")
    with scratch(con) as t:
        facts = t.empty("facts", {**dict(typed), "no field": "integer"})
        try:
            con.execute(f'select ({expression}\n) as it from (from {facts} union all by name select 0 as "no field")')
        except duckdb.Error as error:
            raise ValueError(f"fails even for a worker without any value ({type(error).__name__})") from None
        row = first(con, f"explain (format json) select ({expression}\n) as it from {facts}")
    for part in _nodes(orjson.loads(row[1] if row else "[]")):
        name = str(part.get("name", "PROJECTION")).strip()
        if name not in SCANS:
            why = {"UNNEST": SPREADS, "UNGROUPED_AGGREGATE": FOLDS, "HASH_GROUP_BY": FOLDS}.get(name, LOOKS)
            raise ValueError(f"must make one value of one worker's row: it {why}")


def _reason(name: str) -> str:
    """The reason why a function is not allowed, as far as DuckDB's catalogue tells it."""
    with _kept() as con:
        rows = con.execute(
            """select function_type, coalesce(stability, 'CONSISTENT'), lower(coalesce(macro_definition, ''))
            from duckdb_functions() where lower(function_name) = ?""",
            [name],
        ).fetchall()
    if not rows:
        return "DuckDB has no such function"
    for kind, stability, macro in rows:
        if kind in ("table", "table_macro") or "unnest" in macro or name == "unnest":
            return f"it {SPREADS}"
        if "select" in macro:
            return f"it {LOOKS}"
        if "sleep" in name:
            return "it waits"
        if "error" in macro or name == "error":
            return "it fails on purpose"
        if kind == "aggregate":
            return f"it {FOLDS}"
        if stability != "CONSISTENT" or any(word in f"{name} {macro}" for word in ("now(", "current_", "timestamp")):
            return f"it {CLOCK}"
        if kind == "macro" and name.startswith(("pg_", "has_", "inet_", "get_")):
            return f"it {LOOKS}"
        if kind == "macro" and any(map(_folds, _called(macro))):
            return f"it {FOLDS}"
    return "it is not among those whose value depends on their arguments alone"


def _called(macro: str) -> list[str]:
    return re.findall(r"([a-z_0-9]+)\(", macro)


def _folds(name: str) -> bool:
    with _kept() as con:
        found = first(
            con,
            "select 1 from duckdb_functions() where lower(function_name) = ? and function_type = 'aggregate'",
            [name],
        )
    return found is not None


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for child in tree.values():
            yield from _nodes(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from _nodes(child)
