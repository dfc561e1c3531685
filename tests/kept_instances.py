"""DuckDB in a forked command or a test: one thread, and a file's instance stays from its first opening to the end.

An instance takes 14 ms to start, and a command opens the warehouse and its read copy six to ten times: a fifth of a command's time.
The file's lock then stays with the command to its end, so that tests of two commands at once start processes of their own
(`Site.start`).
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

_connect = duckdb.connect
_kept: dict[Path, tuple[int, bool, duckdb.DuckDBPyConnection]] = {}
"""By path: the inode of the file, whether it is only read, and a connection that keeps its instance."""


def keep() -> None:
    """From now on, in this process. To be called once."""
    duckdb.connect = _kept_connect
    atexit.register(_let_go)


@contextmanager
def kept() -> Iterator[None]:
    """Within the block, in this process."""
    usual = duckdb.connect
    duckdb.connect = _kept_connect
    try:
        yield
    finally:
        duckdb.connect = usual
        _let_go()


def _kept_connect(
    database: str | Path = ":memory:", read_only: bool = False, config: dict[str, Any] | None = None
) -> duckdb.DuckDBPyConnection:
    config = {"threads": 1, **(config or {})}
    path = Path(database)
    if (kept := _kept.get(path)) and (kept[1] != read_only or not path.is_file() or path.stat().st_ino != kept[0]):
        _kept.pop(path)[2].close()
    there = path.is_file()  # a new one may be made beside its place and moved there
    con = _connect(database=database, read_only=read_only, config=config)
    if there and path not in _kept:
        again = _connect(database=database, read_only=read_only, config=config)
        _kept[path] = path.stat().st_ino, read_only, again
    return con


def _let_go() -> None:
    while _kept:
        _kept.popitem()[1][2].close()
