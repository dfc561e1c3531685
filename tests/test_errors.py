"""Errors that come of a full disk are told as such, whatever library noticed."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from hcm_pipeline.errors import LEAST_SPACE, DiskFull, NoAccess, disk_full, refused_by_disk


def failed_by(error: Exception) -> RuntimeError:
    """A failure as a library raises it that has caught an error."""
    try:
        try:
            raise error
        except type(error) as cause:
            raise RuntimeError("the run has failed") from cause
    except RuntimeError as failed:
        return failed


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError(errno.EFBIG, "File too large"), sqlite3.OperationalError("database or disk is full"),
        duckdb.FatalException('FATAL Error: Could not write file "warehouse.duckdb": No space left on device'),
    ],
)  # fmt: skip
def test_a_full_disk_is_told_whoever_noticed(error: Exception, tmp_path: Path) -> None:
    full = disk_full(failed_by(error), tmp_path)
    assert isinstance(full, DiskFull)
    assert str(full).startswith(f"{tmp_path}: the disk or its quota is full; free some space")


@pytest.mark.parametrize(("left", "told"), [(LEAST_SPACE - 1, True), (LEAST_SPACE, False)])
def test_an_error_that_says_less_is_one_of_a_full_disk_when_no_space_is_left(
    left: int, told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=left))
    assert (disk_full(sqlite3.OperationalError("disk I/O error"), tmp_path) is not None) is told
    assert disk_full(ValueError("another thing"), tmp_path) is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/h/a.csv"), "/h/a.csv: may not be used by this account"),
        (OSError(errno.EPERM, "Operation not permitted", "/h/x"), "/h/x: may not be used by this account"),
        (OSError(errno.EROFS, "Read-only file system", "/h/x"), "/h/x: lies on a file system that is mounted read-only"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "{home}: may not be used by this account"),
        (duckdb.IOException('IO Error: Cannot open file "x": Permission denied'), "{home}: may not be used by this account"),
        (duckdb.IOException('IO Error: Cannot open file "x": Read-only file system'), "{home}: lies on a file system"),
    ],
    ids=["another account's", "immutable", "mounted read-only", "SQLite", "DuckDB", "DuckDB, mounted read-only"],
)  # fmt: skip
def test_a_file_that_may_not_be_used_is_told_with_its_mend_whoever_noticed(
    error: Exception, said: str, tmp_path: Path
) -> None:
    refused = refused_by_disk(failed_by(error), tmp_path)
    assert isinstance(refused, NoAccess)
    assert str(refused).startswith(said.format(home=tmp_path))
    assert "do it again: what was done before is kept" in str(refused)


def test_other_faults_are_no_matter_of_the_disk(tmp_path: Path) -> None:
    for error in (FileNotFoundError(errno.ENOENT, "No such file"), KeyError("permission"), duckdb.IOException("lock")):
        assert refused_by_disk(error, tmp_path) is None
