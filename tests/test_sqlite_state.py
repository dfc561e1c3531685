"""State in SQLite: made once, migrated step by step, and never touched by an older release."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from hcm_pipeline.errors import PipelineError
from hcm_pipeline.sqlite_state import Schema, StateFile

ONE = "CREATE TABLE a (x TEXT);\nINSERT INTO a VALUES ('kept');\n"
TWO = "ALTER TABLE a ADD COLUMN y TEXT;\n"


def names(path: Path, schema: Schema) -> list[tuple[object, ...]]:
    """The rows of table `a`."""
    file = StateFile(path, schema)
    rows = [tuple(row) for row in file.db.execute("SELECT * FROM a")]
    file.close()
    return rows


def test_a_file_is_made_once_and_brought_to_the_newest_version_step_by_step(tmp_path: Path) -> None:
    path = tmp_path / "state"
    assert names(path, Schema("state", (ONE,))) == [("kept",)]
    assert names(path, Schema("state", (ONE,))) == [("kept",)]
    assert names(path, Schema("state", (ONE, TWO))) == [("kept", None)]
    assert names(tmp_path / "new", Schema("state", (ONE, TWO))) == [("kept", None)]


def test_a_file_of_a_newer_release_is_not_touched(tmp_path: Path) -> None:
    StateFile(tmp_path / "state", Schema("state", (ONE, TWO))).close()
    with pytest.raises(PipelineError, match=r"newer hcm-pipeline \(state 2, this one knows 1\)"):
        StateFile(tmp_path / "state", Schema("state", (ONE,)))


OF_ANOTHER = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)"
"""Takes the bytes on which each connection of a write-ahead log has a shared lock."""


def test_a_file_that_is_opened_twice_keeps_the_locks_of_this_process(tmp_path: Path) -> None:
    path, schema = tmp_path / "state", Schema("state", (ONE,))
    first = StateFile(path, schema)
    first.db.execute("SELECT * FROM a").fetchall()
    StateFile(path, schema).close()
    other = subprocess.run([sys.executable, "-IS", "-c", OF_ANOTHER, path], capture_output=True, text=True, check=False)
    first.close()
    assert "BlockingIOError" in other.stderr


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="the state cannot be used"):
        StateFile(tmp_path / "state", Schema("state", (ONE + "NONSENSE;\n",)))
    assert names(tmp_path / "state", Schema("state", (ONE,))) == [("kept",)]


def test_a_transaction_inside_another_takes_part_in_it(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state", Schema("state", (ONE,)))

    def delete_and_fail() -> None:
        with file.transaction() as db:
            with file.transaction():
                db.execute("DELETE FROM a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        delete_and_fail()
    assert [row["x"] for row in file.db.execute("SELECT x FROM a")] == ["kept"]
    file.close()


def test_the_file_is_readable_by_its_owner_only_and_durable(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state", Schema("state", (ONE,)))
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o600
    assert file.db.execute("PRAGMA synchronous").fetchone()[0] == 2
    file.close()
    with sqlite3.connect(tmp_path / "state") as db:
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    db.close()
