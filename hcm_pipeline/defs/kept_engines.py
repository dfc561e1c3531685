"""Dagster's SQLite storages, with two things kept that they would make anew for each event and each run.

An engine of SQLAlchemy for every event: with it goes each statement that was compiled, so that all of them are compiled again.
The list of migrations for every file of a run: to learn the newest of them, Alembic reads all modules. Neither changes while a
process lives. The engines hold no connection, so that files are opened and closed as before.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage
from dagster._core.storage.sql import ALEMBIC_SCRIPTS_LOCATION
from sqlalchemy import Engine, create_engine

ENGINES = 16
"""How many are kept: those of runs, of schedules, of the index of events, and of runs that are written or looked at just now."""
_engines: dict[tuple[str, str], Engine] = {}
_migrations: list[ScriptDirectory] = []
_from_config = ScriptDirectory.from_config
_LOCK = Lock()


def keep_engines() -> None:
    """Let Dagster's storages of this process keep what they make. It may be called again."""
    for module in (sqlite_event_log, sqlite_run_storage, sqlite_schedule_storage):
        vars(module)["create_engine"] = _engine
    ScriptDirectory.from_config = _scripts  # type: ignore[method-assign]  # both who asks and who stamps go through it


def _engine(url: str, **options: Any) -> Engine:
    """The engine of a file, made when it is first asked for; the one that was made first goes when there are too many."""
    key = url, repr(sorted(options.items()))
    with _LOCK:
        if key not in _engines:
            if len(_engines) >= ENGINES:
                del _engines[next(iter(_engines))]
            _engines[key] = create_engine(url, **options)
        return _engines[key]


def _scripts(config: Config) -> ScriptDirectory:
    """The migrations that a configuration names: Dagster's own are read once."""
    if config.get_main_option("script_location") != ALEMBIC_SCRIPTS_LOCATION:
        return _from_config(config)
    if not _migrations:
        _migrations.append(_from_config(config))
    return _migrations[0]
