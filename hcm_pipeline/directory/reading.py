"""One reading of a directory into the warehouse: what Graph, LDAP and files have in common."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from hcm_pipeline.directory.findings import require_none
from hcm_pipeline.directory.tables import Counts, apply, living, loss_findings, stage
from hcm_pipeline.home import private
from hcm_pipeline.verdicts import Kind
from hcm_pipeline.warehouse import Relation, Scratch, Warehouse, scratch, transaction

BATCH_ROWS = 10_000


def nothing_beside(con: duckdb.DuckDBPyConnection) -> None:
    """Nothing else is kept with the objects."""
    del con


@dataclass(frozen=True)
class Account:
    """An account that may read Active Directory, and where. `employee_id` is the attribute that holds the person number."""

    url: str
    user: str
    password: str
    bases: Sequence[str] = ()
    employee_id: str = "employeeID"
    ca_file: Path | None = None

    def __repr__(self) -> str:
        return f"Account({self.url}, {self.user})"


@dataclass(frozen=True)
class Reading:
    """Which directory is read into which warehouse, since when, and what is done about losses.

    `max_loss_percent` of the living objects may be gone at once, or any number when `accept_loss`. It counts as of `started`.
    """

    warehouse: Warehouse
    directory: str
    started: dt.datetime
    progress: Callable[[str], None]
    full: bool = False
    accept_loss: bool = False
    max_loss_percent: float = 20.0

    def take(
        self,
        rows: Iterable[Mapping[str, object]],
        schema: pa.Schema,
        *,
        onto_known: bool = False,
        beside: Callable[[duckdb.DuckDBPyConnection], None] = nothing_beside,
    ) -> Counts:
        """Read all rows (of SCHEMA or of CHANGES), then bring what is known up to date, together with what `beside` keeps.

        Nobody waits for the warehouse while rows come in, and a reading that is cut off changes nothing. Raises GuardStop
        when suspiciously many objects are gone.
        """
        with spooled(self.warehouse, self._counted(in_batches(rows, schema)), schema) as batches:
            with self.warehouse.write() as con:
                counts = self.put(con, lambda t: stage(t, batches), onto_known=onto_known, beside=beside)
            self.warehouse.publish()
        return counts

    def put(
        self,
        con: duckdb.DuckDBPyConnection,
        staging: Callable[[Scratch], Relation],
        *,
        onto_known: bool = False,
        beside: Callable[[duckdb.DuckDBPyConnection], None] = nothing_beside,
    ) -> Counts:
        """The same with the relation that `staging` makes (see `tables.stage`), in one transaction."""
        with scratch(con) as t, transaction(con):
            before = living(con, self.directory)
            counts = apply(t, self.directory, staging(t), self.started, onto_known=onto_known)
            if not self.accept_loss:
                require_none(loss_findings(con, self.directory, before, self.max_loss_percent), Kind.DIRECTORY)
            beside(con)
        return counts

    def _counted(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        total = 0
        for batch in batches:
            total += batch.num_rows
            self.progress(f"reading the directory {self.directory}: {total:,} objects")
            yield batch


def in_batches(rows: Iterable[Mapping[str, object]], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Rows as batches of bounded size. An empty batch when there are none."""
    kept: list[Mapping[str, object]] = []
    for row in rows:
        kept.append(row)
        if len(kept) == BATCH_ROWS:
            yield pa.RecordBatch.from_pylist(kept, schema=schema)
            kept = []
    yield pa.RecordBatch.from_pylist(kept, schema=schema)


@contextmanager
def spooled(
    warehouse: Warehouse, batches: Iterable[pa.RecordBatch], schema: pa.Schema
) -> Generator[Iterator[pa.RecordBatch], None, None]:
    """The batches once more, after all of them have come: they wait in a private file."""
    path = warehouse.home.create().scratch / f"directory-{os.getpid()}.arrow"
    try:
        _write(path, batches, schema)
        with pa.OSFile(str(path)) as kept:  # not mapped: pages of it would count as the process's memory
            reader = pa.ipc.open_file(kept)
            yield (reader.get_batch(place) for place in range(reader.num_record_batches))
    finally:
        path.unlink(missing_ok=True)


def _write(path: Path, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> None:
    with pa.ipc.new_file(private(path), schema) as out:
        for batch in batches:
            out.write_batch(batch)
