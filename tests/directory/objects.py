"""Objects of directories, and a warehouse in memory that knows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import duckdb
import pyarrow as pa

from hcm_pipeline.directory import SCHEMA, apply, stage
from hcm_pipeline.warehouse import scratch

NOW = dt.datetime(2026, 11, 1, 6, tzinfo=dt.UTC)


def account(upn: str | None = None, **given: Any) -> dict[str, Any]:
    """One object of a directory, a user unless `given` says otherwise."""
    return {"object_id": f"id of {upn or given}", "kind": "user", "deleted": False, "user_principal_name": upn, **given}


def fill(
    con: duckdb.DuckDBPyConnection, *objects: dict[str, Any], directory: str = "entra", at: dt.datetime = NOW
) -> int:
    """The directory was read, and holds these."""
    halves: Iterable[list[dict[str, Any]]] = [list(objects[: len(objects) // 2]), list(objects[len(objects) // 2 :])]
    batches = [pa.RecordBatch.from_pylist(half, schema=SCHEMA) for half in halves]
    with scratch(con) as t:
        return apply(t, directory, stage(t, batches), at, onto_known=False).objects
