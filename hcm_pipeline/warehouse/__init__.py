"""The DuckDB warehouse: the only room that opens it."""

from hcm_pipeline.warehouse.store import Warehouse, ensure_columns, exclusive, first, literal, memory, quote

__all__ = ["Warehouse", "ensure_columns", "exclusive", "first", "literal", "memory", "quote"]
