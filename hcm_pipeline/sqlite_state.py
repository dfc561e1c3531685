"""State in an SQLite file: one way to open, migrate and lock for the delivery journal and the outbox of alerts.

Why SQLite beside the warehouse: state must be durable at every step while the warehouse is written in long transactions by
another process, or cannot be opened at all.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hcm_pipeline.errors import PipelineError, refused_by_disk
from hcm_pipeline.home import private

BUSY_SECONDS = 30


@dataclass(frozen=True)
class Schema:
    """The tables of one file. `what` names it in messages.

    Step n are the statements, separated by `;` at a line's end, that bring a file of version n to version n + 1: the first step
    makes the tables of an empty file.
    """

    what: str
    steps: tuple[str, ...]

    @property
    def version(self) -> int:
        """The version that this release knows."""
        return len(self.steps)


class StateFile:
    """One connection to a file of state, for one thread."""

    def __init__(self, path: Path, schema: Schema) -> None:
        self._path = path
        self._what = schema.what
        with self._explained():
            self._db = sqlite3.connect(private(path), isolation_level=None, timeout=BUSY_SECONDS)
            self._db.row_factory = sqlite3.Row
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._migrate(schema)
                self._db.execute("PRAGMA foreign_keys = ON")
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @property
    def db(self) -> sqlite3.Connection:
        """The connection, for reading."""
        return self._db

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction: what is begun inside another takes part in it. Raises PipelineError when the file cannot be used."""
        if self._db.in_transaction:
            yield self._db
            return
        with self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _migrate(self, schema: Schema) -> None:
        if self._version() == schema.version:
            return
        with self.transaction():  # another process may have been faster, and then there is nothing to do
            for step in schema.steps[self._version() :]:
                for statement in step.split(";\n"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {self._version() + 1}")
            if self._version() != schema.version:
                raise PipelineError(
                    f"{self._path}: was written by a newer hcm-pipeline ({self._what} {self._version()}, this one knows"
                    f" {schema.version}); use that release"
                )

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if refused := refused_by_disk(error, self._path.parent):
                raise refused from error
            raise PipelineError(f"{self._path}: the {self._what} cannot be used: {error}") from error


@contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """A file of SQLite, for looking alone: nothing is made or migrated, not even a file of its write-ahead log.

    While somebody writes (its log is there) it is read beside them. Raises PipelineError for one that cannot be read.
    """
    written = path.with_name(f"{path.name}-wal").exists()
    try:
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro{'' if written else '&immutable=1'}", uri=True, timeout=2
        )
        db.row_factory = sqlite3.Row
        try:
            yield db
        finally:
            db.close()
    except sqlite3.Error as error:
        raise PipelineError(f"{path}: cannot be read: {error}") from error


def text_of(moment: dt.datetime) -> str:
    """UTC with microseconds always, so that texts sort as times do."""
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")


def moment_of(text: str | None) -> dt.datetime | None:
    """The moment that `text_of` wrote."""
    return dt.datetime.fromisoformat(text) if text else None
