"""Relations are values: named apart, dropped at the end, filled from files whose heads are true."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest

from hcm_pipeline.warehouse import Relation, memory, scratch, table, transaction


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with memory() as con:
        yield con


def temporary(con: duckdb.DuckDBPyConnection) -> list[str]:
    rows = con.execute("select table_name from duckdb_tables() where temporary union all from (select view_name "
                       "from duckdb_views() where temporary and not internal)")  # fmt: skip
    return [str(name) for (name,) in rows.fetchall()]


def test_two_relations_of_one_word_are_two(con: duckdb.DuckDBPyConnection) -> None:
    with scratch(con) as t:
        one, other = t.make("workers", "select 1 as number"), t.make("workers", "select 2 as number")
        assert t.rows(f"select a.number, b.number from {one} a, {other} b") == [(1, 2)]


def test_a_relation_never_hides_a_permanent_table(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create table failures as select 1 as permanent")
    with scratch(con) as t:
        t.make("failures", "select 2 as temporary")
        assert t.rows("from failures") == [(1,)]
        assert t.rows(f"from {table(con, 'failures')}") == [(1,)]


def test_relations_end_with_their_block(con: duckdb.DuckDBPyConnection) -> None:
    with scratch(con) as t:
        made = t.make("a", "select 1 as x")
        t.view("b", f"from {made}")
        assert len(temporary(con)) == 2
    assert temporary(con) == []


def test_rows_stream_through_little_memory_or_the_usual_one_where_that_is_too_little(
    con: duckdb.DuckDBPyConnection,
) -> None:
    def bound() -> object:
        return con.execute("select current_setting('memory_limit')").fetchall()[0][0]

    usual = bound()
    rows = pa.table({f"c{n}": ["x" * 50] * 3000 for n in range(40)})
    with scratch(con) as t:

        def filled() -> tuple[Relation, object]:
            made = t.empty("rows", dict.fromkeys(rows.column_names, "varchar"))
            t.append(made, rows)
            t.append(made, rows)
            return made, bound()

        for memory, held in (("64MB", "61.0 MiB"), ("3MB", usual), (None, usual)):
            made, meanwhile = t.fill(filled, memory)
            assert (t.count(made), meanwhile, bound()) == (6000, held, usual)


def test_relations_end_with_a_block_that_fails(con: duckdb.DuckDBPyConnection) -> None:
    def fail() -> None:
        with scratch(con) as t:
            t.make("a", "select 1 as x")
            t.rows("from nowhere")

    with pytest.raises(duckdb.Error):
        fail()
    assert temporary(con) == []


def test_a_rollback_may_take_them_first(con: duckdb.DuckDBPyConnection) -> None:
    def fail() -> None:
        with scratch(con) as t, transaction(con):
            t.make("a", "select 1 as x")
            t.rows("select error('no')")

    with pytest.raises(duckdb.Error):
        fail()
    assert temporary(con) == []
    assert con.execute("select 1").fetchall() == [(1,)]


def test_a_relation_knows_its_columns(con: duckdb.DuckDBPyConnection) -> None:
    with scratch(con) as t:
        made = t.make("names", 'select 1 as number, 2 as "userName"')
        assert made.columns == ("number", "userName")
        assert made.select("number") == '"userName"'
        assert t.empty("none", {"a": "integer"}).columns == ("a",)


def test_relations_of_rows_and_of_arrow(con: duckdb.DuckDBPyConnection) -> None:
    with scratch(con) as t:
        rows = t.of_rows("few", {"number": "varchar", "n": "integer"}, [("1", 2), ("2", None)])
        arrow = t.of_arrow("many", pa.table({"number": ["1", "2"]}))
        assert t.rows(f"select n from {rows} join {arrow} using (number) order by number") == [(2,), (None,)]
        assert t.count(rows) == 2


def test_many_rows_inserted_into_an_empty_relation_within_a_transaction_are_found_again(
    con: duckdb.DuckDBPyConnection,
) -> None:
    con.execute("set threads = 2")
    con.execute("set preserve_insertion_order = true")
    con.execute("create temp table source as select range::varchar as number from range(130_000)")
    with scratch(con) as t, transaction(con):
        filled = t.empty("filled", {"number": "varchar"})
        assert t.change(f"insert into {filled} from source") == 130_000
        assert t.count(f"(select distinct number from {filled})") == 130_000


def test_a_wide_relation_can_go_early(con: duckdb.DuckDBPyConnection) -> None:
    with scratch(con) as t:
        t.drop(t.make("wide", "select 1 as x"))
        assert temporary(con) == []


def test_what_a_block_made_takes_no_memory_while_the_transaction_goes_on(con: duckdb.DuckDBPyConnection) -> None:
    def taken() -> int:
        [row] = con.execute("select sum(memory_usage_bytes)::bigint from duckdb_memory()").fetchall()
        return int(row[0])

    with transaction(con), scratch(con) as outer:
        before = taken()
        with scratch(con) as t:
            t.make("wide", "select md5(i::varchar) as a, md5((i + 1)::varchar) as b, i from range(60_000) _(i)")
            assert taken() - before > 4_000_000
        assert taken() - before < 1_000_000
        dropped = outer.make("narrow", "select md5(i::varchar) as a from range(60_000) _(i)")
        outer.drop(dropped)
        assert taken() - before < 1_000_000


@pytest.mark.parametrize("ends", ["commit", "rollback"])
def test_what_a_block_lets_go_of_takes_nothing_else_with_it(con: duckdb.DuckDBPyConnection, ends: str) -> None:
    con.execute("create table kept as select 1 as i")
    con.begin()
    with scratch(con) as t:
        many = t.make("many", "select i, i % 7 as weekday from range(60_000) _(i)")
        t.run(f"insert into {many} select 60_000, 0")
        t.run(f"insert into kept select i from {many} where i > 59_999")
    getattr(con, ends)()
    assert con.execute("from kept order by i").fetchall() == [(1,), (60_000,)][: 2 if ends == "commit" else 1]
    assert temporary(con) == []
