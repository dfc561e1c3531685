"""DuckDB's types for the types of the profile's fields; `decimal(2)` is a decimal that keeps two decimals."""

DUCKDB_TYPES = {
    "string": "VARCHAR",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "integer": "BIGINT",
    "decimal": "DECIMAL(18,4)",
    **{f"decimal({scale})": f"DECIMAL(18,{scale})" for scale in range(19)},
}
