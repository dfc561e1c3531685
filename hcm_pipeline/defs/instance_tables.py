"""The tables of a new home's Dagster files, and of a new run's, written at once as Dagster would leave them.

Dagster makes them one by one, runs its migrations over tables without a row, and reads all modules of its migrations only to
learn the newest. `instance_tables.toml` holds what comes out for one release of Dagster, and is not used with another.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import tomllib
from collections.abc import Callable
from contextlib import closing
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import dagster
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage

INDEX, OF_A_RUN = "index", "events"
_WAL = slice(18, 20)
"""The two bytes of a file of SQLite's that say by which way it is written: 2 is the write-ahead log, which Dagster chooses."""


@cache
def known() -> dict[str, str]:
    """The lines of the file by name: `dagster`, `revision`, and the SQL of the tables. Empty with another release of Dagster."""
    text = resources.files("hcm_pipeline.defs").joinpath("instance_tables.toml").read_text(encoding="utf-8")
    found: dict[str, str] = tomllib.loads(text)
    return found if found["dagster"] == dagster.__version__ else {}


@cache
def file_of(name: str) -> bytes:
    """The bytes of a file with the tables of `runs`, `schedules`, `index` or `events`."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(known()[OF_A_RUN] + known()[INDEX] if name == INDEX else known()[name])
        made = bytearray(db.serialize())
    made[_WAL] = b"\x02\x02"
    return bytes(made)


def prepare(path: Path, name: str) -> bool:
    """Put the tables of `name` where no file is yet; whether this call did."""
    if path.exists() or not known():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"{path.name}-{os.getpid()}-{threading.get_ident()}")
    try:
        with open(os.open(half, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as out:
            out.write(file_of(name))
            out.flush()
            os.fsync(out.fileno())
        path.hardlink_to(half)
    except OSError:  # another process was faster, or the disk refuses, of which Dagster tells
        return False
    finally:
        half.unlink(missing_ok=True)
    return True


def make_tables_at_once() -> None:
    """Let Dagster's storages of this process begin with the tables. It may be called again."""
    if getattr(SqliteEventLogStorage._initdb, "prepares", False):
        return
    storages: list[tuple[Any, str]] = [(SqliteRunStorage, "runs"), (SqliteScheduleStorage, "schedules")]
    for storage, name in storages:
        storage.from_local = classmethod(_from_local(storage.from_local.__func__, name))
    SqliteEventLogStorage._initdb = _initdb(SqliteEventLogStorage._initdb)  # type: ignore[method-assign]
    SqliteEventLogStorage.__init__ = _init(SqliteEventLogStorage.__init__)  # type: ignore[method-assign]


def _from_local(real: Callable[..., Any], name: str) -> Callable[..., Any]:
    def from_local(cls: type, base_dir: str, inst_data: Any = None) -> Any:
        prepare(Path(base_dir) / f"{name}.db", name)
        return real(cls, base_dir, inst_data)

    return from_local


def _init(real: Callable[..., None]) -> Callable[..., None]:
    def init(self: SqliteEventLogStorage, base_dir: str, inst_data: Any = None) -> None:
        prepare(Path(base_dir) / f"{INDEX}.db", INDEX)
        real(self, base_dir, inst_data)

    return init


def _initdb(real: Callable[..., None]) -> Callable[..., None]:
    def initdb(self: SqliteEventLogStorage, engine: Any, for_index_shard: bool = False) -> None:
        if for_index_shard or not prepare(Path(engine.url.database), OF_A_RUN):
            real(self, engine, for_index_shard)

    initdb.prepares = True  # type: ignore[attr-defined]
    return initdb
