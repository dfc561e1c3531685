"""The DuckDB warehouse: the only room that opens it. Relations are its values, transactions its unit of work."""

from hcm_pipeline.warehouse.expressions import (
    NO_TEXT,
    alone_sql,
    can_fail,
    fails_sql,
    holds_sql,
    may_hold_no_text,
    type_of,
)
from hcm_pipeline.warehouse.graphs import on_cycles
from hcm_pipeline.warehouse.meanings import column_meanings, meanings_of
from hcm_pipeline.warehouse.relations import Relation, Scratch, nothing, query, scratch, table, transaction
from hcm_pipeline.warehouse.store import (
    Warehouse,
    ensure_columns,
    exclusive,
    first,
    literal,
    look_into,
    memory,
    quote,
    reads_kept,
)
from hcm_pipeline.warehouse.types import DUCKDB_TYPES

__all__ = [
    "DUCKDB_TYPES",
    "NO_TEXT",
    "Relation",
    "Scratch",
    "Warehouse",
    "alone_sql",
    "can_fail",
    "column_meanings",
    "ensure_columns",
    "exclusive",
    "fails_sql",
    "first",
    "holds_sql",
    "literal",
    "look_into",
    "may_hold_no_text",
    "meanings_of",
    "memory",
    "nothing",
    "on_cycles",
    "query",
    "quote",
    "reads_kept",
    "scratch",
    "table",
    "transaction",
    "type_of",
]
