"""Settings of every test: one thread for DuckDB, no deadline for hypothesis, marks by folder, fixture and code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import settings

from tests import budget, marks, pool

_connect = duckdb.connect


_kept: dict[str, tuple[int, duckdb.DuckDBPyConnection]] = {}
"""By path: the inode of a database file that the test has opened, and a connection that keeps its instance."""


def _with_one_thread(database: str = ":memory:", read_only: bool = False, **named: Any) -> duckdb.DuckDBPyConnection:
    config = {"threads": 1, **(named.pop("config", None) or {})}
    database = str(database)
    inode = Path(database).stat().st_ino if Path(database).is_file() else None
    if database in _kept and _kept[database][0] != inode:
        _kept.pop(database)[1].close()
    con = _connect(database, read_only=read_only, config=config, **named)
    if marks.in_the_fast_lane() and not read_only and database not in _kept and Path(database).is_file():
        _kept[database] = Path(database).stat().st_ino, _connect(database, config=config)
    return con


def _let_go() -> None:
    while _kept:
        _kept.popitem()[1][1].close()


def pytest_configure(config: pytest.Config) -> None:
    """DuckDB works with one thread, as each core has a worker of pytest-xdist; commands that tests start use all of them.

    A test of the fast lane keeps a database file open from its first connection to its end: an instance takes 14 ms to start.
    """
    duckdb.connect = _with_one_thread
    if "not system" in config.getoption("markexpr", ""):
        budget.spare()
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
    pool.begin()
    try:
        return (yield)
    finally:
        pool.end()
        _let_go()
        marks.end()


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a parameter of bytes by its argument: pytest then numbers them.

    Bytes made by a packer can hold the second they were made in. A name of such bytes differs between two workers of
    pytest-xdist, which then refuse to run anything.
    """
    return argname if isinstance(val, bytes) else None
