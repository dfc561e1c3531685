"""Settings of every test: one thread for DuckDB, no deadline for hypothesis, marks by folder, fixture and code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import settings

from tests import marks

_connect = duckdb.connect


def _with_one_thread(*args: Any, **named: Any) -> duckdb.DuckDBPyConnection:
    return _connect(*args, **{**named, "config": {"threads": 1, **(named.get("config") or {})}})


def pytest_configure() -> None:
    """DuckDB works with one thread, as each core has a worker of pytest-xdist; commands that tests start use all of them."""
    duckdb.connect = _with_one_thread
    settings.register_profile("untimed", deadline=None)  # three workers share two cores
    settings.load_profile("untimed")
    marks.watch()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The fast lane does not import Dagster only to pass its tests over."""
    return marks.passed_over(collection_path, config.getoption("markexpr", "")) or None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks are set before `-m` chooses by them."""
    for item in items:
        marks.mark(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """A test without a mark starts no process and no sandbox."""
    marks.begin(item)
    try:
        return (yield)
    finally:
        marks.end()


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a parameter of bytes by its argument: pytest then numbers them.

    Bytes made by a packer can hold the second they were made in. A name of such bytes differs between two workers of
    pytest-xdist, which then refuse to run anything.
    """
    return argname if isinstance(val, bytes) else None
