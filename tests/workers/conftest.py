"""One connection in memory for a module, and relations for the time of a test."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from hcm_pipeline.warehouse import Scratch, memory, scratch


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with memory() as con:
        yield con


@pytest.fixture
def t(con: duckdb.DuckDBPyConnection) -> Iterator[Scratch]:
    with scratch(con) as t:
        yield t
