"""Behaviour of this DuckDB that the SQL of the pipeline has to know. A test that fails here says that a caution may go."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

ROWS = 122_880
"""A row group: an INSERT of at least so many rows is written beside the transaction and merged into it."""


def seen(folder: Path, *, ordered: bool) -> int:
    """Rows that a transaction sees of its own INSERT of a row group behind an empty one."""
    with duckdb.connect(str(folder / "a.duckdb"), config={"threads": 2}) as con:
        con.execute(f"set preserve_insertion_order = {str(ordered).lower()}")
        con.execute("create table a(t varchar)")
        con.execute(f"create temp table b as select i from range({ROWS}) r(i)")
        con.begin()
        con.execute("insert into a select i::varchar from b where i < 0")
        con.execute("insert into a select i::varchar from b")
        count = con.execute("select count(distinct t) from a").fetchall()[0][0]
        con.commit()
    return int(count)


@pytest.mark.skipif(not duckdb.__version__.startswith("2.0."), reason="seen in DuckDB 2.0.0 only")
def test_rows_behind_an_empty_insert_are_lost_from_sight_when_the_order_is_kept(tmp_path: Path) -> None:
    assert seen(tmp_path, ordered=True) == 0


def test_no_row_is_lost_when_the_order_is_not_kept_as_in_a_days_work(tmp_path: Path) -> None:
    assert seen(tmp_path, ordered=False) == ROWS
