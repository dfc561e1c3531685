"""Dagster's SQLite storages keep their engines: few of them, and none for another file."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.sql import ALEMBIC_SCRIPTS_LOCATION
from sqlalchemy.pool import NullPool

from hcm_pipeline.defs import kept_engines
from hcm_pipeline.defs.private_instance import PrivateInstance


def test_an_engine_is_made_once_for_a_file_and_holds_no_connection(tmp_path: Path) -> None:
    assert PrivateInstance.__module__  # whoever loads the class has the engines kept
    make = vars(sqlite_event_log)["create_engine"]
    one, other = f"sqlite:///{tmp_path / 'one.db'}", f"sqlite:///{tmp_path / 'other.db'}"
    made = make(one, poolclass=NullPool, connect_args={"timeout": 1})
    assert make(one, poolclass=NullPool, connect_args={"timeout": 1}) is made
    assert make(one, poolclass=NullPool, connect_args={"timeout": 2}) is not made
    assert str(make(other, poolclass=NullPool).url) == other
    assert isinstance(made.pool, NullPool)


def test_engines_of_files_that_nobody_asks_for_are_let_go(tmp_path: Path) -> None:
    made = [
        kept_engines._engine(f"sqlite:///{tmp_path / str(number)}.db") for number in range(3 * kept_engines.ENGINES)
    ]
    assert len(kept_engines._engines) == kept_engines.ENGINES
    assert kept_engines._engine(str(made[0].url)) is not made[0]


def test_dagsters_migrations_are_read_once_and_nobody_elses(tmp_path: Path) -> None:
    def scripts(place: str) -> object:
        config = Config()
        config.set_main_option("script_location", place)
        return kept_engines._scripts(config)

    assert scripts(ALEMBIC_SCRIPTS_LOCATION) is scripts(ALEMBIC_SCRIPTS_LOCATION)
    assert scripts(str(tmp_path)) is not scripts(str(tmp_path))
