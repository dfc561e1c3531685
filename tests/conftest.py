"""Settings of every test: one thread for DuckDB, no deadline for hypothesis, marks by folder, fixture and code."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import settings

from tests import budget, kept_instances, marks, pool

_connect = duckdb.connect


_kept: dict[Path, tuple[int, duckdb.DuckDBPyConnection]] = {}
"""By path: the inode of a database file that the test has opened, and a connection that keeps its instance."""


def _with_one_thread(*args: Any, **named: Any) -> duckdb.DuckDBPyConnection:
    given = {
        "database": ":memory:",
        "read_only": False,
        **dict(zip(("database", "read_only"), args, strict=False)),
        **named,
    }
    given["config"] = {"threads": 1, **(given.get("config") or {})}
    path = Path(given["database"])
    if (kept := _kept.get(path)) and (not path.is_file() or path.stat().st_ino != kept[0]):
        _kept.pop(path)[1].close()
    con = _connect(**given)
    if marks.starts_nothing():
        if not given["read_only"] and path not in _kept and path.is_file():
            _kept[path] = path.stat().st_ino, _connect(**given)
        if budget.spared():
            con.execute("pragma disable_optimizer")
    return con


def _let_go() -> None:
    while _kept:
        _kept.popitem()[1][1].close()


MALLOC = "glibc.malloc.tcache_count=20000:glibc.malloc.mmap_threshold=1073741824:glibc.malloc.top_pad=67108864"
"""DuckDB plans small queries mostly by allocating: with these settings they take an eighth less."""
IN_MEMORY = Path("/dev/shm")
ROOM = 4 << 30


def _make_room() -> None:
    """For the processes that the tests run in: memory that is kept, modules that are compiled once, and files in memory where there
    is room for them.

    An environment that forbids Python to keep compiled modules would have each process of the tests compile all of them.
    """
    os.environ.setdefault("GLIBC_TUNABLES", MALLOC)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    if IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))


def pytest_configure(config: pytest.Config) -> None:
    """DuckDB works with one thread, as each core has a worker of pytest-xdist; commands that tests start use all of them.

    A test without a mark keeps a database file open from its first connection to its end: an instance takes 14 ms to start.
    When only such tests run, SQL is executed as it stands: to optimise it takes an eighth of their time. The whole suite does.
    """
    duckdb.connect = _with_one_thread
    _make_room()
    if "not system" in config.getoption("markexpr", ""):
        budget.spare()
    settings.register_profile("untimed", deadline=None, max_examples=budget.examples(100))  # workers share cores
    settings.load_profile("untimed")
    marks.watch()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A worker for each core, and one more where tests wait for services and processes."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores if "not system" in config.getoption("markexpr", "") else cores + 1


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The fast lane does not import Dagster only to pass its tests over."""
    return marks.passed_over(collection_path, config.getoption("markexpr", "")) or None


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Each worker of pytest-xdist reads its share of the tests' modules first, and finds the rest compiled by the others.

    Otherwise all of them compile the same module at the same time, and pytest's rewriting of asserts takes 6 s.
    """
    gc.disable()
    worker = getattr(session.config, "workerinput", None)
    if worker is None or session.config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    number, workers = int(worker["workerid"].removeprefix("gw")), int(worker["workercount"])
    here = Path(__file__).parent
    modules = sorted(here.rglob("test_*.py"), key=lambda path: (path.stat().st_size, path))
    chosen = session.config.getoption("markexpr", "")
    for path in modules[number::workers]:
        if not any(marks.passed_over(place, chosen) for place in (path, *path.parents)):
            with contextlib.suppress(Exception, pytest.skip.Exception):  # to be told when it is collected
                importlib.import_module(".".join(path.relative_to(here.parent).with_suffix("").parts))


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


@pytest.fixture
def one_instance() -> Iterator[None]:
    """A file's database instance stays to the test's end, as it does for every test that starts nothing."""
    with nullcontext() if marks.starts_nothing() else kept_instances.kept():
        yield


def pytest_collection_finish() -> None:
    """The collected tests stay: the collector of garbage neither walks them again nor begins as often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)
    gc.enable()


def pytest_unconfigure() -> None:
    gc.unfreeze()
    pool.close()


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a parameter of bytes by its argument: pytest then numbers them.

    Bytes made by a packer can hold the second they were made in. A name of such bytes differs between two workers of
    pytest-xdist, which then refuse to run anything.
    """
    return argname if isinstance(val, bytes) else None
