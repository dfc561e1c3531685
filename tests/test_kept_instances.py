"""The tests keep open the file that is there, and no longer than they say."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.kept_instances import kept


def made(path: Path, number: int) -> Path:
    with duckdb.connect(str(path)) as con:
        con.execute(f"create table t as select {number} as n")
    return path


def test_a_file_that_took_anothers_place_is_opened_anew_and_nothing_is_kept_after_the_block(tmp_path: Path) -> None:
    with kept():
        first, second = made(tmp_path / "first", 1), made(tmp_path / "second", 2)
        for number in (1, 2):
            with duckdb.connect(str(first), read_only=True) as con:
                assert con.execute("select n from t").fetchall() == [(number,)]
            second.replace(first) if second.exists() else None
        with duckdb.connect(str(first)) as con:
            con.execute("insert into t values (3)")
        assert first.with_name("first.wal").exists(), "it is not kept"
    assert not first.with_name("first.wal").exists(), "it is kept still"
    assert first.is_file()
