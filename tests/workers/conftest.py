"""One connection in memory for a module, and relations for the time of a test."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from hcm_pipeline.flow import processing
from hcm_pipeline.warehouse import Scratch, memory, scratch


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with memory() as con:
        yield con


@pytest.fixture
def t(con: duckdb.DuckDBPyConnection) -> Iterator[Scratch]:
    with scratch(con) as t:
        yield t


@pytest.fixture(scope="module", autouse=True)
def lines_of_small_extracts() -> Iterator[None]:
    """Rows of these few are recognised by their lines, too, as those of a large extract."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("hcm_pipeline.workers.staged.LINES_FROM", 0)
        yield


@pytest.fixture(scope="module", autouse=True)
def without_names(request: pytest.FixtureRequest) -> Iterator[None]:
    """Workers are processed and not named, which takes a quarter of a day's time, unless the module says `NAMED = True`."""
    with pytest.MonkeyPatch.context() as patched:
        if not getattr(request.module, "NAMED", False):
            patched.setattr(processing, "name_workers", lambda *_: 0)
        yield
