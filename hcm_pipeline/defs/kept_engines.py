"""Dagster's SQLite storages, with things kept that they would make anew for each event and each run.

An engine of SQLAlchemy for every event: with it goes each statement that was compiled, so that all of them are compiled again.
The list of migrations for every file of a run: to learn the newest of them, Alembic reads all modules. Neither changes while a
process lives. The engines hold no connection, so that files are opened and closed as before, but for a command's own time: it
opens each file once (`connections_kept`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage
from dagster._core.storage.sql import ALEMBIC_SCRIPTS_LOCATION
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import QueuePool

from hcm_pipeline.defs import instance_tables

ENGINES = 16
"""How many are kept: those of runs, of schedules, of the index of events, and of runs that are written or looked at just now."""
_engines: dict[tuple[str, str], Engine] = {}
_open: dict[str, Engine] = {}
"""By file: the engines that keep their connections."""
_keeping = 0
_from_config = ScriptDirectory.from_config
_LOCK = RLock()
"""Of a thread that is interrupted while it has the lock the same thread reports the run that failed, and asks for it once more."""


def keep_engines() -> None:
    """Let Dagster's storages of this process keep what they make. It may be called again."""
    for module in (sqlite_event_log, sqlite_run_storage, sqlite_schedule_storage):
        vars(module)["create_engine"] = _engine
    ScriptDirectory.from_config = _scripts  # type: ignore[method-assign]  # both who asks and who stamps go through it


@contextmanager
def connections_kept() -> Iterator[None]:
    """Files that are opened within the block stay open until it ends: an event opens three, and a run has fifty events."""
    global _keeping
    _keeping += 1
    try:
        yield
    finally:
        _keeping -= 1
        while _open and not _keeping:
            _close(next(iter(_open)))


def _engine(url: str, **options: Any) -> Engine:
    """The engine of a file, made when it is first asked for; the one that was made first goes when there are too many."""
    with _LOCK:
        if _keeping:
            return _kept_open(url, options)
        key = url, repr(sorted(options.items()))
        if key not in _engines:
            if len(_engines) >= ENGINES:
                del _engines[next(iter(_engines))]
            _engines[key] = create_engine(url, **options)
        return _engines[key]


def _kept_open(url: str, options: dict[str, Any]) -> Engine:
    if url not in _open:
        if len(_open) >= ENGINES:
            _close(next(iter(_open)))
        made = create_engine(url, **{**options, "poolclass": QueuePool})
        vars(made)["dispose"] = lambda close=True: None  # Dagster does after each event
        _open[url] = made
    return _open[url]


def _close(url: str) -> None:
    _open.pop(url).pool.dispose()


class _Migrations:
    """Dagster's own migrations, of which the newest is known, and which are read when more is asked."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._read: ScriptDirectory | None = None

    def as_revision_number(self, asked: str | None) -> str | tuple[str, ...] | None:
        """The newest migration, of `head`; what Alembic says of anything else."""
        newest = instance_tables.known().get("revision") if asked == "head" else None
        return newest or self.read().as_revision_number(asked)

    def read(self) -> ScriptDirectory:
        """All of them, read once."""
        if self._read is None:
            self._read = _from_config(self._config)
        return self._read

    def __getattr__(self, name: str) -> Any:
        return getattr(self.read(), name)


_migrations: list[_Migrations] = []


def _scripts(config: Config) -> Any:
    """The migrations that a configuration names: Dagster's own are read once."""
    if config.get_main_option("script_location") != ALEMBIC_SCRIPTS_LOCATION:
        return _from_config(config)
    if not _migrations:
        _migrations.append(_Migrations(config))
    return _migrations[0]
