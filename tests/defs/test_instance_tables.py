"""The tables of a new home's Dagster files are those that Dagster makes."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import dagster
import pytest
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage

from hcm_pipeline.defs import instance_tables
from hcm_pipeline.defs.instance_tables import INDEX, OF_A_RUN, file_of, prepare
from hcm_pipeline.defs.private_instance import PrivateInstance

STORED = Path(instance_tables.__file__).with_suffix(".toml")
UPDATE = "python -m tests.defs.test_instance_tables"
NEWEST = "SELECT version_num FROM alembic_version"
MARKS = "SELECT name FROM secondary_indexes WHERE migration_completed IS NOT NULL ORDER BY id"


def made_by_dagster(folder: Path) -> dict[str, str]:
    """The parts of `instance_tables.toml`, of files that this release of Dagster makes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(instance_tables, "known", dict)
        SqliteRunStorage.from_local(str(folder))
        SqliteScheduleStorage.from_local(str(folder))
        SqliteEventLogStorage(str(folder))
    parts = {"dagster": dagster.__version__}
    for name in ("runs", "schedules", INDEX):
        with closing(sqlite3.connect(folder / f"{name}.db")) as db:
            tables = [
                f"{sql};\n"
                for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC, name")
            ]
            [(newest,)] = db.execute(NEWEST)
            marks = [mark for (mark,) in db.execute(MARKS)]
        tables.append(f"INSERT INTO alembic_version VALUES ('{newest}');\n")
        inserted = "".join(
            f"INSERT INTO secondary_indexes (name, migration_completed) VALUES ('{mark}', CURRENT_TIMESTAMP);\n"
            for mark in marks
        )
        assert parts.setdefault("revision", newest) == newest
        if name == INDEX:
            parts |= {OF_A_RUN: "".join(tables), INDEX: inserted}
        else:
            parts[name] = "".join(tables) + inserted
    return parts


def test_the_tables_are_those_of_the_dagster_that_is_installed(tmp_path: Path) -> None:
    assert PrivateInstance.__module__  # whoever loads the class begins with the tables
    assert instance_tables.known() == made_by_dagster(tmp_path), f"`{UPDATE}` writes them anew"


def test_a_file_that_is_there_stays_and_another_dagster_makes_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "folder" / "runs.db"
    assert prepare(path, "runs")
    assert not prepare(path, "runs")
    assert path.read_bytes() == file_of("runs")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [*path.parent.iterdir()] == [path]
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    monkeypatch.setattr(instance_tables, "known", dict)
    assert not prepare(tmp_path / "other.db", "runs")


def write_anew(folder: Path) -> None:
    """Write the file."""
    parts = made_by_dagster(folder)
    lines = [f'{name} = "{parts.pop(name)}"\n' for name in ("dagster", "revision")]
    lines += [f"{name} = '''\n{text}'''\n" for name, text in parts.items()]
    head = (
        f"# The tables of Dagster's SQLite files, as the release `dagster` leaves a new file; `{UPDATE}` writes them.\n"
    )
    STORED.write_text(head + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as temporary:
        write_anew(Path(temporary))
    sys.exit()
