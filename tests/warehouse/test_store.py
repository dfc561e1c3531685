"""One writer at a time, readers who never wait, and faults that give nothing away."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest

from hcm_pipeline.errors import HomeError, PipelineError, WarehouseBusy
from hcm_pipeline.home import Home, Share
from hcm_pipeline.warehouse import Warehouse, ensure_columns, literal, memory, quote, store

HOLD = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
KILLED = """
import sys
from pathlib import Path
from hcm_pipeline.home import Home
from hcm_pipeline.warehouse import Warehouse
with Warehouse(Home(Path(sys.argv[1]))).write() as con:
    con.begin()
    con.execute("insert into meta select i::varchar, repeat('x', 1000) from range(20000) t(i)")
    print("writing", flush=True)
    while True:
        con.execute("insert into meta select uuid()::varchar, 'y' from range(1000)")
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """A warehouse with its tables, whose patience is short."""
    made = Warehouse(Home(tmp_path / "home"), patience=0.3)
    with made.write():
        pass
    return made


def test_writers_queue(warehouse: Warehouse) -> None:
    patient = Warehouse(warehouse.home, patience=30)
    with warehouse.write() as con:
        waiting = threading.Event()
        done: list[str] = []

        def second() -> None:
            waiting.set()
            with patient.write() as other:
                done.extend(row[0] for row in other.execute("select value from meta where key = 'first'").fetchall())

        thread = threading.Thread(target=second)
        thread.start()
        waiting.wait()
        con.execute("insert into meta values ('first', 'was here')")
        assert not done
    thread.join(timeout=30)
    assert done == ["was here"]


def test_a_writer_without_patience_is_told_who_holds_the_warehouse(warehouse: Warehouse) -> None:
    with warehouse.write(), pytest.raises(WarehouseBusy, match=f"held by process {os.getpid()}"), warehouse.write():
        pass


def test_many_writings_share_one_opening_until_it_is_let_go(warehouse: Warehouse) -> None:
    with warehouse.kept_open() as kept:
        with kept.write() as con:
            con.execute("insert into meta values ('one', '1')")
        with kept.write() as again:
            assert again is con
        with pytest.raises(WarehouseBusy), warehouse.write():
            pass
        kept.publish()
        kept.let_go()
        with warehouse.write() as other:
            other.execute("insert into meta values ('two', '2')")
        with kept.write() as con:
            assert con.execute("select count(*) from meta where key in ('one', 'two')").fetchall() == [(2,)]
    with warehouse.read() as reader, warehouse.write():
        assert reader.execute("select key from meta where key <> 'schema'").fetchall() == [("one",)]


def test_a_fault_in_one_of_many_writings_keeps_its_values_to_itself(warehouse: Warehouse) -> None:
    with pytest.raises(PipelineError, match="ConversionException"), warehouse.kept_open() as kept, kept.write() as con:
        con.execute("select 'a secret'::integer").fetchall()


def test_the_read_copy_holds_what_a_killed_writer_left_beside_the_file(warehouse: Warehouse) -> None:
    with duckdb.connect(warehouse.home.warehouse) as con:
        con.execute("pragma disable_checkpoint_on_shutdown")
        con.execute("insert into meta values ('left', 'beside')")
    assert warehouse.home.warehouse.with_name("warehouse.duckdb.wal").exists()
    warehouse.publish()
    with warehouse.read() as reader:
        assert reader.execute("select value from meta where key = 'left'").fetchall() == [("beside",)]


def test_a_waiting_writer_says_so_once(warehouse: Warehouse) -> None:
    told: list[str] = []
    with warehouse.write(), pytest.raises(WarehouseBusy), Warehouse(warehouse.home, 0.3, told.append).write():
        pass
    assert told == [f"waiting for the warehouse, held by process {os.getpid()}"]


def test_a_reader_reads_the_published_copy_while_a_writer_writes(warehouse: Warehouse) -> None:
    warehouse.publish()
    with warehouse.write() as con:
        con.execute("insert into meta values ('new', '1')")
        with warehouse.read() as reader:
            assert reader.execute("select count(*) from meta where key = 'new'").fetchall() == [(0,)]
    warehouse.publish()
    with warehouse.read() as reader:
        assert reader.execute("select count(*) from meta where key = 'new'").fetchall() == [(1,)]


def test_readers_share_one_opening_and_read_what_was_published_last(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def published() -> int:
        with warehouse.read() as con:
            seen.append(con)
            return int(con.execute("select count(*) from meta where key <> 'schema'").fetchall()[0][0])

    def publish(key: str) -> None:
        with warehouse.write() as con:
            con.execute("insert into meta values (?, '')", [key])
        warehouse.publish()

    seen: list[duckdb.DuckDBPyConnection] = []
    warehouse.publish()
    with store.reads_kept():
        assert published() == published() == 0
        assert seen[0] is seen[1]
        publish("by this process")
        assert published() == 1
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(store, "_readers", store._Readers())
            publish("by another process, of which this one hears nothing")
        assert published() == 2
        with warehouse.read() as one, warehouse.read() as other:
            assert one is not other
        with pytest.raises(PipelineError), warehouse.read() as con:
            con.execute("select 1 / 'no number'::integer").fetchall()
        warehouse.let_go()
        with pytest.raises(duckdb.ConnectionException):
            seen[-1].execute("select 1")
        assert published() == 2
    assert not store._readers._kept
    assert published() == published() == 2
    assert seen[-1] is not seen[-2]


def test_a_reader_before_the_first_run_is_told_what_comes_first(warehouse: Warehouse) -> None:
    with pytest.raises(HomeError, match="hcm-pipeline run"), warehouse.read():
        pass


def test_a_file_that_another_program_holds_is_told_with_advice(warehouse: Warehouse) -> None:
    command = [sys.executable, "-c", HOLD, str(warehouse.home.warehouse)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(WarehouseBusy, match="open in another program; close it, and read"), warehouse.write():
            pass
        other.communicate()
    with warehouse.write() as con:
        assert con.execute("select 1").fetchall() == [(1,)]


def test_the_text_of_a_fault_stays_in_the_home(warehouse: Warehouse) -> None:
    with pytest.raises(PipelineError) as caught, warehouse.write() as con:
        con.execute("select cast('Secret Person' as integer)")
    assert "Secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    note = warehouse.home.path / "last-fault.txt"
    assert "Secret Person" in note.read_text()
    assert note.stat().st_mode & 0o777 == 0o600


def test_the_files_are_their_owners_only(warehouse: Warehouse) -> None:
    warehouse.publish()
    for path in (warehouse.home.warehouse, warehouse.home.read_copy):
        assert path.stat().st_mode & 0o777 == 0o600
    assert warehouse.home.path.stat().st_mode & 0o777 == 0o700


def test_a_kill_in_the_middle_of_a_write_leaves_the_state_before_it(warehouse: Warehouse) -> None:
    command = [sys.executable, "-c", KILLED, str(warehouse.home.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"writing\n"
        time.sleep(0.05)
        other.send_signal(signal.SIGKILL)
    with warehouse.write() as con:
        assert con.execute("select key from meta where key <> 'schema'").fetchall() == []
        con.execute("insert into meta values ('after', '1')")


def test_what_is_no_warehouse_is_told(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    home.warehouse.write_text("not a database, but long enough to be read as one" * 200)
    with pytest.raises(HomeError, match="cannot be opened as a DuckDB file"), Warehouse(home, patience=0.3).write():
        pass


@pytest.mark.parametrize("version", ["-1", "999"])
def test_a_warehouse_of_another_release_is_refused_by_writers_and_by_readers(
    warehouse: Warehouse, version: str
) -> None:
    with warehouse.write() as con:
        con.execute("update meta set value = ? where key = 'schema'", [version])
    warehouse.publish()
    with pytest.raises(HomeError, match=f"schema {version}.* start a new home"), warehouse.write():
        pass
    with pytest.raises(HomeError, match=f"schema {version}.* start a new home"), warehouse.read():
        pass


def test_a_warehouse_of_an_earlier_release_and_its_read_copy_are_migrated(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with warehouse.write() as con:
        con.execute("insert into meta values ('kept', '1')")
    warehouse.publish()
    monkeypatch.setattr(store, "SCHEMA_VERSION", store.SCHEMA_VERSION + 2)
    monkeypatch.setitem(store.MIGRATIONS, store.SCHEMA_VERSION - 2, "create table added (a integer)")
    monkeypatch.setitem(store.MIGRATIONS, store.SCHEMA_VERSION - 1, "alter table added add column b integer")
    with warehouse.read() as con:
        assert con.execute("select count(a + b) from added").fetchall() == [(0,)]
        assert con.execute("select value from meta where key in ('kept', 'schema') order by key").fetchall() == [
            ("1",),
            (str(store.SCHEMA_VERSION),),
        ]


def test_a_field_that_changed_its_type_is_refused(warehouse: Warehouse) -> None:
    with warehouse.write() as con:
        ensure_columns(con, "worker_versions", {"grade": "VARCHAR"})
        ensure_columns(con, "worker_versions", {"grade": "VARCHAR", "level": "BIGINT"})
        with pytest.raises(PipelineError, match="grade as varchar, the profile says bigint"):
            ensure_columns(con, "worker_versions", {"grade": "BIGINT"})


def test_columns_are_added_in_the_callers_transaction_or_in_one_of_their_own(warehouse: Warehouse) -> None:
    with warehouse.write() as con:
        con.begin()
        ensure_columns(con, "meta", {"a": "VARCHAR", "b": "VARCHAR"})
        con.rollback()
        ensure_columns(con, "meta", {"c": "VARCHAR"})
        assert [name for name, *_ in con.execute("describe meta").fetchall()] == ["key", "value", "c"]
        with pytest.raises(duckdb.TransactionException):
            con.rollback()


@pytest.mark.parametrize(
    "statement",
    ["from read_csv('/etc/passwd')", "from read_text('/etc/passwd')", "from '/etc/passwd'", "copy (select 1) to '/tmp/out.csv'",
     "attach '/tmp/other.duckdb'", "install httpfs", "load httpfs", "from read_csv('http://127.0.0.1:9/x')",
     "set enable_external_access = true"],
)  # fmt: skip
def test_sql_cannot_touch_files_or_the_network(warehouse: Warehouse, statement: str) -> None:
    with memory() as con, pytest.raises(duckdb.Error):
        con.execute(statement)
    with pytest.raises(PipelineError), warehouse.write() as live:
        live.execute(statement)


@pytest.mark.parametrize("name", ["plain", 'a"b', "a'b", "sel ect", ""])
def test_quoting_keeps_names_and_values_whole(name: str) -> None:
    with memory() as con:
        assert con.execute(f"select {literal(name)}").fetchall() == [(name,)]
        if name:
            assert [column[0] for column in con.execute(f"select 1 as {quote(name)}").description or []] == [name]


def test_a_full_disk_leaves_nothing_that_keeps_it_full(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Path, copy: Path) -> None:
        copy.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("hcm_pipeline.warehouse.store.shutil.copyfile", full)
    with pytest.raises(OSError, match="No space left"):
        warehouse.publish()
    assert list(warehouse.home.scratch.iterdir()) == []


def test_what_killed_processes_left_goes_when_the_next_one_begins_to_write(warehouse: Warehouse) -> None:
    scratch, hours_ago = warehouse.home.scratch, time.time() - 7_200
    left = {
        name: scratch / name
        for name in ("publish-1.duckdb", "duckdb-4194305", "directory-4194305.csv", f"directory-{os.getpid()}.csv")
    }
    for path in left.values():
        path.write_bytes(b"half")
        os.utime(path, (hours_ago, hours_ago))
    (scratch / "duckdb-4194306").mkdir()  # of a moment ago: its process may be in another container
    with warehouse.write():
        pass
    assert sorted(path.name for path in scratch.iterdir()) == [f"directory-{os.getpid()}.csv", "duckdb-4194306"]


def test_a_warehouse_takes_the_share_of_the_machine_that_it_is_given(tmp_path: Path) -> None:
    with Warehouse(Home(tmp_path / "home"), share=Share("900MB", 3)).write() as con:
        settings = dict(
            con.execute(
                "select name, value from duckdb_settings() where name in ('memory_limit', 'threads')"
            ).fetchall()
        )
    assert settings == {"memory_limit": "858.3 MiB", "threads": "3"}


def test_a_warehouse_that_needs_more_memory_says_which_setting_gives_it(tmp_path: Path) -> None:
    warehouse = Warehouse(Home(tmp_path / "home"), share=Share("20MB", 1))
    told = r"more memory than the 20MB that it may take.* Set HCM_PIPELINE_MEMORY higher"
    with pytest.raises(PipelineError, match=told), warehouse.write() as con:
        con.execute("select list(range) from range(20_000_000)").fetchall()
