"""Opening the warehouse: one writer at a time, and a read copy that nobody has to wait for.

DuckDB locks its file against every other process while a writer has it open, so writers queue on an advisory lock (which
the kernel releases when its holder dies), and readers open a copy that is replaced atomically after every run.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb

from hcm_pipeline.errors import HomeError, PipelineError, WarehouseBusy, refused_by_disk
from hcm_pipeline.home import PRIVATE_UMASK, USUAL_SHARE, Home, Share, private
from hcm_pipeline.locks import advisory_lock, process_is_alive

SCHEMA_VERSION = 1
MIGRATIONS: dict[int, str] = {}
"""SQL that makes tables of one version those of the next one. There is none before the first release."""
_EMPTY: dict[int, bytes] = {}
"""Files of warehouses without a row, by the version of their tables: a process makes one once, whatever the number of its homes."""
SMALL, FEW = 24 << 20, 2 << 20
"""A warehouse of fewer bytes, with extracts of fewer bytes, is worked on by one thread, where a home has no wish: to divide the
work of a statement takes a sixth of the time of a small one. Without a row a warehouse has 5 MB."""
_UNDER_LOCK = ("publish-", "manifest-")
"""Beginnings of the names of half-written files that only a writer of the warehouse makes."""
USUAL_MEMORY = "usual_memory"
"""The variable of a connection that holds the bound of memory as it was given: the setting itself tells a rounded one."""
_OWNER = re.compile(r"-(\d+)(?=\.|$)")
"""In the name of a half-written file: the process that writes it."""


def quote(identifier: str) -> str:
    """An SQL identifier, quoted."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(value: str) -> str:
    """An SQL string literal, for places that take no parameter."""
    return "'" + value.replace("'", "''") + "'"


@contextlib.contextmanager
def exclusive(path: Path, patience: float, what: str, notice: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold an advisory lock on `path`. Raises WarehouseBusy, naming the holder, after `patience` seconds."""
    with advisory_lock(
        path,
        patience,
        refuse=lambda holder: WarehouseBusy(f"{what} is held by process {holder}; try again when it has ended"),
        notice=lambda holder: notice(f"waiting for {what}, held by process {holder}") if notice else None,
    ):
        yield


_File = tuple[int, int]
"""The mark that tells a file from one that took its place: its inode, and when it was written."""


def _file(path: Path) -> _File | None:
    """Which file lies there; None: there is none."""
    with contextlib.suppress(OSError):
        found = path.stat()
        return found.st_ino, found.st_mtime_ns
    return None


class _Readers:
    """Connections to read copies that nobody reads from just now, kept for the next who does."""

    def __init__(self) -> None:
        self.blocks = 0
        self._kept: dict[Path, tuple[_File, duckdb.DuckDBPyConnection]] = {}

    def take(self, path: Path) -> tuple[_File | None, duckdb.DuckDBPyConnection | None]:
        """The one that is kept of a file, and which file it is of. One of a file that was replaced since is closed: as long as
        it is open, DuckDB would give it to whoever opens the path."""
        file, con = self._kept.pop(path, (None, None))
        if con is not None and file != _file(path):
            con.close()
            return None, None
        return file, con

    def give_back(self, path: Path, file: _File | None, con: duckdb.DuckDBPyConnection) -> bool:
        """Keep a connection to a file that is still there; False when that was not done."""
        if not self.blocks or path in self._kept or file is None or file != _file(path):
            return False
        self._kept[path] = file, con
        return True

    def close(self) -> None:
        """Keep none: memory is needed, or a file is replaced."""
        while self._kept:
            self._kept.popitem()[1][1].close()


_readers = _Readers()


@contextlib.contextmanager
def reads_kept() -> Iterator[None]:
    """Read copies that are opened within the block stay open for those who read next, until something is written or the block ends.

    For one thread, and a process that lives as long as a command does: a copy that another process replaces takes up its room until
    the next reading.
    """
    _readers.blocks += 1
    try:
        yield
    finally:
        _readers.blocks -= 1
        if not _readers.blocks:
            _readers.close()


class _Open:
    """A connection that several writings of one block share."""

    def __init__(self) -> None:
        self.stack = contextlib.ExitStack()
        self.con: duckdb.DuckDBPyConnection | None = None

    def close(self) -> None:
        """End it, and let others write."""
        self.con = None
        self.stack.close()


@dataclass(frozen=True)
class Warehouse:
    """The warehouse of a home. `patience` is how long, in seconds, to wait for another writer."""

    home: Home
    patience: float = 900.0
    notice: Callable[[str], None] | None = None
    share: Share = USUAL_SHARE
    _shared: _Open | None = field(default=None, repr=False, compare=False)

    @contextlib.contextmanager
    def kept_open(self) -> Iterator[Warehouse]:
        """The same warehouse, opened by the first `write` within the block and closed with the block: many small writings share the
        time that opening and closing takes. Nobody else can write meanwhile, unless `let_go` lets them."""
        shared = _Open()
        try:
            yield replace(self, _shared=shared)
        finally:
            shared.close()

    def let_go(self) -> None:
        """Close what is kept open, because nothing is read or written for a while; the next who does opens it again."""
        _readers.close()
        if self._shared is not None:
            self._shared.close()

    @contextlib.contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The live warehouse, migrated, for this process alone; closed whatever happens.

        Raises WarehouseBusy when another process keeps the file (also a person's own DuckDB client) and PipelineError
        for a fault inside DuckDB: its text may hold values, so it goes to a private file and not into the message.
        """
        shared = self._shared
        if shared is not None:
            if shared.con is None:
                shared.con = shared.stack.enter_context(replace(self, _shared=None).write())
            try:
                yield shared.con
            except duckdb.Error as error:
                raise self.fault(error) from None
            return
        self.home.create()
        _readers.close()
        with exclusive(self.home.locks / "warehouse.lock", self.patience, "the warehouse", self.notice):
            sweep(self.home.scratch)
            if not self.home.warehouse.exists():
                self._make()
            con = self._open(self.home.warehouse, read_only=False)
            try:
                _migrate(con)
                yield con
            except duckdb.Error as error:
                raise self.fault(error) from None
            finally:
                con.close()

    def _make(self) -> None:
        """Make the file beside its place, and move it there: one that was begun on a full disk could never be opened again."""
        half = self.home.scratch / f"publish-{os.getpid()}.duckdb"
        try:
            if SCHEMA_VERSION in _EMPTY:
                private(half).write_bytes(_EMPTY[SCHEMA_VERSION])
            else:
                con = self._open(half, read_only=False)
                try:
                    _migrate(con)
                    con.execute("checkpoint")
                finally:
                    con.close()
                _EMPTY[SCHEMA_VERSION] = half.read_bytes()
            half.replace(self.home.warehouse)
        except duckdb.Error as error:
            raise self.fault(error) from None
        finally:
            for path in (half, half.with_name(f"{half.name}.wal")):
                path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The newest read copy. Raises HomeError when nothing was ever published.

        A copy that an earlier release published lacks tables: it is published anew.
        """
        copy = self.home.read_copy
        if not copy.is_file():
            raise HomeError(f"{self.home.path}: nothing has been processed yet; `hcm-pipeline run` comes first")
        file, con = _readers.take(copy)
        whole = False
        if con is None:
            file, con = _file(copy), self._open(copy, read_only=True)
        try:
            if _steps(_version(con)):
                con.close()
                with self.write():
                    pass  # it is migrated
                self.publish()
                con, file = self._open(copy, read_only=True), None
            yield con
            whole = True
        except duckdb.Error as error:
            raise self.fault(error) from None
        finally:
            if not (whole and _readers.give_back(copy, file, con)):
                con.close()

    @contextlib.contextmanager
    def read_or_empty(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The newest read copy, or tables without rows before anything was published."""
        if self.home.read_copy.is_file():
            with self.read() as con:
                yield con
            return
        with memory() as con:
            _migrate(con)
            yield con

    def publish(self) -> None:
        """Replace the read copy by the warehouse as it is now, if there is one. Readers keep what they have open."""
        if self._shared is not None and self._shared.con is not None:
            self.publish_between(self._shared.con)
            return
        with exclusive(self.home.locks / "warehouse.lock", self.patience, "the warehouse", self.notice):
            if not self.home.warehouse.is_file():
                return
            if self.home.warehouse.with_name(f"{self.home.warehouse.name}.wal").exists():
                self._write_out()
            try:
                self._copy()
            finally:
                sweep(self.home.scratch)

    def _write_out(self) -> None:
        """Put into the file all that a writer left beside it, as one does that was killed; others do it as they close."""
        con = self._open(self.home.warehouse, read_only=False)
        try:
            con.execute("checkpoint")
        except duckdb.Error as error:
            raise self.fault(error) from None
        finally:
            con.close()

    def publish_between(self, con: duckdb.DuckDBPyConnection) -> None:
        """Replace the read copy while this process goes on writing by `con`, which is between two transactions."""
        con.execute("checkpoint")
        self._copy()

    def _copy(self) -> None:
        """Copy the file, which this process alone writes and has written to its end."""
        half = self.home.scratch / f"publish-{os.getpid()}.duckdb"
        try:
            shutil.copyfile(self.home.warehouse, half)
            half.chmod(0o600)
            _readers.close()
            half.replace(self.home.read_copy)
        finally:
            half.unlink(missing_ok=True)  # a full disk must not stay full

    def fault(self, error: duckdb.Error) -> PipelineError:
        """The error to raise instead of DuckDB's own, whose text may quote values."""
        refused = refused_by_disk(error, self.home.path)
        if refused is not None:
            return refused
        if isinstance(error, duckdb.OutOfMemoryException):
            return PipelineError(
                f"the warehouse needs more memory than the {self.share.memory} that it may take; what it had begun is taken"
                " back. Set HCM_PIPELINE_MEMORY higher, such as 3GB, and run it again"
            )
        note = self.home.path / "last-fault.txt"
        with open(os.open(note, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            out.write(f"{type(error).__name__}: {error}\n")
        return PipelineError(f"the warehouse reported {type(error).__name__}; its text is in {note.name} in the home")

    def _open(self, path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        started = time.monotonic()
        os.umask(PRIVATE_UMASK)  # DuckDB makes its write-ahead log and what it spills by it
        while True:
            try:
                con = duckdb.connect(str(path), read_only=read_only)
                break
            except duckdb.IOException as error:
                if refused := refused_by_disk(error, self.home.path):
                    raise refused from None
                if "lock" not in str(error).lower():
                    raise HomeError(f"{path.name}: cannot be opened as a DuckDB file of this version") from None
                if time.monotonic() - started > min(self.patience, 60):
                    raise WarehouseBusy(
                        f"{path.name} is open in another program; close it, and read {self.home.read_copy} instead"
                    ) from None
                time.sleep(0.2)
            except duckdb.Error:
                raise HomeError(f"{path.name}: cannot be opened as a DuckDB file of this version") from None
        if not read_only:
            path.chmod(0o600)
        share = self.share
        if share.threads is None and _is_small(path, self.home.extracts):
            share = replace(share, threads=1)
        harden(con, self.home.scratch / f"duckdb-{os.getpid()}", [self.home.extracts, self.home.scratch], share)
        return con


def _is_small(database: Path, extracts: Path) -> bool:
    """Whether a warehouse, and all that was ever taken into it, are of few bytes."""
    if database.stat().st_size >= SMALL:
        return False
    left = FEW
    files = (Path(folder, name) for folder, _, names in os.walk(extracts) for name in names)
    while left > 0 and (one := next(files, None)):
        with contextlib.suppress(OSError):  # another process has moved it meanwhile
            left -= one.stat().st_size
    return left > 0


@contextlib.contextmanager
def look_into(home: Home) -> Iterator[tuple[duckdb.DuckDBPyConnection, int]]:
    """The newest read copy and the version of its tables, for looking alone: nothing is written, migrated or waited for.

    Raises HomeError when there is none, or one that cannot be read.
    """
    if not home.read_copy.is_file():
        raise HomeError(f"{home.path}: nothing has been processed yet; `hcm-pipeline run` comes first")
    _readers.close()
    try:
        con = duckdb.connect(str(home.read_copy), read_only=True)
    except duckdb.Error:
        raise HomeError(f"{home.read_copy}: cannot be opened as a DuckDB file of this version") from None
    try:
        harden(con, None, [])
        version = _version(con)
        if version != SCHEMA_VERSION:
            raise HomeError(
                f"the warehouse is of schema {version}, and this hcm-pipeline reads schema {SCHEMA_VERSION} only: use the release"
                " that made it, or start a new home"
            )
        yield con, version
    except duckdb.Error as error:
        raise HomeError(f"{home.read_copy}: cannot be read ({type(error).__name__})") from None
    finally:
        con.close()


def sweep(scratch: Path) -> None:
    """Remove what killed processes left half-written. The caller holds the warehouse's lock, so that what is only written under it
    has no writer any more; the rest goes an hour after its process has ended, or after a day.
    """
    for path in scratch.iterdir():
        with contextlib.suppress(OSError):
            owner, age = _OWNER.search(path.name), time.time() - path.lstat().st_mtime
            ended = owner is not None and age > 3_600 and not process_is_alive(owner[1])
            if path.name.startswith(_UNDER_LOCK) or ended or age > 86_400:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def harden(
    con: duckdb.DuckDBPyConnection, scratch: Path | None, readable: list[Path], share: Share = USUAL_SHARE
) -> None:
    """UTC, bounded memory, no extension downloads, and no file or network access outside `readable`.

    An instance that this process has open already is hardened, and lets nobody change that.
    """
    con.execute("set timezone = 'UTC'")
    if first(con, "select current_setting('enable_external_access')") == (False,):
        return
    con.execute(f"set memory_limit = {literal(share.memory)}; set variable {USUAL_MEMORY} = {literal(share.memory)}")
    if share.threads is not None:
        con.execute(f"set threads = {share.threads}")
    con.execute("set autoinstall_known_extensions = false")
    con.execute("set autoload_known_extensions = false")
    if scratch is not None:
        con.execute(f"set temp_directory = {literal(str(scratch))}")
    folders = ", ".join(literal(f"{folder}/") for folder in readable)
    con.execute(f"set allowed_directories = [{folders}]")
    con.execute("set enable_external_access = false")


def memory() -> duckdb.DuckDBPyConnection:
    """A warehouse in memory with no access to anything outside, for checking expressions."""
    con = duckdb.connect(":memory:", config={"threads": 1})
    harden(con, None, [])
    return con


def _version(con: duckdb.DuckDBPyConnection) -> int:
    """The version of a warehouse's tables; 0 of an empty file."""
    try:
        version = first(con, "select value from meta where key = 'schema'")
    except duckdb.CatalogException:
        return 0
    return int(version[0]) if version else 0


def _steps(version: int) -> list[str]:
    """The SQL that brings tables of a version to today's. Raises HomeError when there is no way from there."""
    if version == 0:
        return [resources.files("hcm_pipeline.warehouse").joinpath("schema.sql").read_text(encoding="utf-8")]
    missing = [step for step in range(version, SCHEMA_VERSION) if step not in MIGRATIONS]
    if version > SCHEMA_VERSION or missing:
        raise HomeError(
            f"the warehouse is of schema {version}, and this hcm-pipeline reads schema {SCHEMA_VERSION} only: "
            "use the release that made it, or start a new home"
        )
    return [MIGRATIONS[step] for step in range(version, SCHEMA_VERSION)]


def _migrate(con: duckdb.DuckDBPyConnection) -> None:
    """Create the tables of an empty file, or bring those of an earlier release to today's, in one transaction."""
    steps = _steps(_version(con))
    if not steps:
        return
    con.begin()
    for step in steps:
        con.execute(step)
    con.execute("insert or replace into meta values ('schema', ?)", [str(SCHEMA_VERSION)])
    con.commit()


def ensure_columns(
    con: duckdb.DuckDBPyConnection, table: str, columns: dict[str, str], *, compression: Mapping[str, str] | None = None
) -> None:
    """Add the columns that `table` lacks. `columns` is name to DuckDB type; a column is never dropped or retyped. `compression`:
    how some are kept, by name, of those that it adds (`uncompressed`, `zstd`); DuckDB finds out how to keep the others.

    Raises PipelineError when a column is there with another type: the profile changed a field's type.
    """
    found = {str(name): str(kind) for name, kind, *_ in con.execute(f"describe {quote(table)}").fetchall()}
    for name, kind in columns.items():
        if found.get(name, kind) != kind:
            raise PipelineError(
                f"the warehouse holds {name} as {found[name].lower()}, the profile says {kind.lower()}; "
                "give the field another name, or start a new home"
            )
    kept = {name: f" using compression {how}" for name, how in (compression or {}).items()}
    lacking = [
        f"add column {quote(name)} {kind}{kept.get(name, '')}" for name, kind in columns.items() if name not in found
    ]
    if not lacking:
        return
    # one commit for all: each of its own would wait for the disk
    alone = _transaction_id(con) != _transaction_id(con)
    if alone:
        con.begin()
    con.execute("; ".join(f"alter table {quote(table)} {addition}" for addition in lacking))
    if alone:
        con.commit()


def _transaction_id(con: duckdb.DuckDBPyConnection) -> object:
    """Outside a transaction every statement has one of its own."""
    found = first(con, "select txid_current()")
    return found and found[0]


def first(
    con: duckdb.DuckDBPyConnection, query: str, values: Sequence[object] | Mapping[str, object] = ()
) -> tuple[Any, ...] | None:
    """The first row of a result, read to its end: DuckDB 2 streams, and an open result owns its connection."""
    rows = con.execute(query, dict(values) if isinstance(values, Mapping) else list(values)).fetchall()
    return rows[0] if rows else None
