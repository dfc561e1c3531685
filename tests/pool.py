"""The warehouse's tables in memory, lent to one test after the other: an instance with its tables takes 30 ms to make."""

from __future__ import annotations

from importlib import resources

import duckdb

from hcm_pipeline.warehouse import ensure_columns, memory, quote

KEPT = 4
"""So many wait for the next test."""

COLUMNS = """
    select table_name, column_name from duckdb_columns() where not internal
    and table_name not in (select view_name from duckdb_views() where not internal)
"""

_waiting: list[duckdb.DuckDBPyConnection] = []
_for_good: dict[str, duckdb.DuckDBPyConnection] = {}
_lent: list[duckdb.DuckDBPyConnection] | None = None
"""Those of the test that runs; None while none does."""


def empty_warehouse() -> duckdb.DuckDBPyConnection:
    """The warehouse's tables without a row, for the test that runs, which may close them, or for good when none does."""
    con = _waiting.pop() if _waiting and _lent is not None else _made()
    if _lent is not None:
        _lent.append(con)
    return con


def for_good(module: str) -> duckdb.DuckDBPyConnection:
    """The warehouse of a module, the same for all its tests, until the process ends."""
    if module not in _for_good:
        _for_good[module] = _made()
    return _for_good[module]


def close() -> None:
    """The process ends: a connection that is left then is told on standard error."""
    while _waiting:
        _waiting.pop().close()
    while _for_good:
        _for_good.popitem()[1].close()


def begin() -> None:
    """A test begins."""
    global _lent
    _lent = []


def end() -> None:
    """The test has ended: its warehouses are emptied for the next one."""
    global _lent
    for con in _lent or ():
        if len(_waiting) < KEPT and _emptied(con):
            _waiting.append(con)
        else:
            con.close()
    _lent = None


def _made() -> duckdb.DuckDBPyConnection:
    con = memory()
    con.execute(resources.files("hcm_pipeline.warehouse").joinpath("schema.sql").read_text(encoding="utf-8"))
    ensure_columns(con, "worker_versions", {"manager": "VARCHAR"})
    con.execute("create table columns_at_first (table_name varchar, column_name varchar)")
    con.execute(f"insert into columns_at_first {COLUMNS}")
    return con


def _emptied(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether it is as it was made. A test may have closed it, or left a transaction or a relation of its own; the columns that a
    profile added are dropped again.
    """
    try:
        changed = con.execute(f"""
            with now as ({COLUMNS})
            select *, table_name in (select table_name from columns_at_first) from (from now except from columns_at_first)
            union all select *, false from (from columns_at_first except from now)
            union all select view_name, null, false from duckdb_views() where temporary and not internal""").fetchall()
        if not all(added for _, _, added in changed):
            return False
        for table, column, _ in changed:
            con.execute(f"alter table {quote(table)} drop column {quote(column)}")
        filled = con.execute("select table_name from duckdb_tables() where estimated_size > 0").fetchall()
        for (name,) in filled:
            if name != "columns_at_first":
                con.execute(f"delete from {quote(name)}")
    except duckdb.Error:
        return False
    return True
