"""The sandbox's state in one SQLite file, so that it survives a restart and a kill -9."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hcm_pipeline.sandbox.files import private
from hcm_pipeline.sandbox.options import SandboxOptions

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- one row: one account. body: its attributes by provisioning name, as JSON. provisioned: this job created or matched it
CREATE TABLE IF NOT EXISTS users (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    employee_id TEXT,
    upn TEXT NOT NULL UNIQUE COLLATE NOCASE,
    enabled INTEGER NOT NULL,
    provisioned INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS users_by_employee_id ON users (employee_id);

-- one row: one name that is unique in Active Directory besides the userPrincipalName, and who has it
CREATE TABLE IF NOT EXISTS names (
    attribute TEXT NOT NULL,
    value TEXT NOT NULL COLLATE NOCASE,
    user_id TEXT NOT NULL,
    PRIMARY KEY (attribute, value)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS names_by_user ON names (user_id);

-- one row: one soft-deleted account, as it was, but for the userPrincipalName, which is free again
CREATE TABLE IF NOT EXISTS deleted_users (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body BLOB NOT NULL);

-- one row: one group. body: its properties as Graph shows them, as JSON
CREATE TABLE IF NOT EXISTS groups (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body BLOB NOT NULL);

-- one row: one change of a user or group, for delta queries. before: its body until then; NULL: it was not there
CREATE TABLE IF NOT EXISTS tracked (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, before BLOB
);
CREATE TRIGGER IF NOT EXISTS users_added AFTER INSERT ON users BEGIN
    INSERT INTO tracked (kind, id) VALUES ('users', NEW.id); END;
CREATE TRIGGER IF NOT EXISTS users_altered AFTER UPDATE OF body ON users BEGIN
    INSERT INTO tracked (kind, id, before) VALUES ('users', OLD.id, OLD.body); END;
CREATE TRIGGER IF NOT EXISTS users_removed AFTER DELETE ON users BEGIN
    INSERT INTO tracked (kind, id, before) VALUES ('users', OLD.id, OLD.body); END;
CREATE TRIGGER IF NOT EXISTS groups_added AFTER INSERT ON groups BEGIN
    INSERT INTO tracked (kind, id) VALUES ('groups', NEW.id); END;
CREATE TRIGGER IF NOT EXISTS groups_altered AFTER UPDATE OF body ON groups BEGIN
    INSERT INTO tracked (kind, id, before) VALUES ('groups', OLD.id, OLD.body); END;
CREATE TRIGGER IF NOT EXISTS groups_removed AFTER DELETE ON groups BEGIN
    INSERT INTO tracked (kind, id, before) VALUES ('groups', OLD.id, OLD.body); END;

-- one row: the account that a source record is linked to, where the account's number does not say so
CREATE TABLE IF NOT EXISTS connections (source_id TEXT PRIMARY KEY, user_id TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS connections_by_user ON connections (user_id);

-- one row: one document of the tenant, as JSON: the job's schema, its secrets, consent that was given
CREATE TABLE IF NOT EXISTS documents (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;

-- one row: one accepted operation that no cycle has taken yet
CREATE TABLE IF NOT EXISTS queue (seq INTEGER PRIMARY KEY AUTOINCREMENT, data BLOB NOT NULL);

-- one row: the last record of a worker that failed, and when (microseconds since 1970) it is tried again
CREATE TABLE IF NOT EXISTS escrow (external_id TEXT PRIMARY KEY, due INTEGER NOT NULL, data BLOB NOT NULL) WITHOUT ROWID;

-- one row: an account whose manager is not there yet. open: the running or next cycle tries again
CREATE TABLE IF NOT EXISTS pending (
    user_id TEXT PRIMARY KEY,
    manager_external_id TEXT NOT NULL,
    change_id TEXT NOT NULL,
    open INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pending_open ON pending (open);

-- one row: one provisioning log entry. at and visible_at: microseconds since 1970. facts: what the steps are told from
CREATE TABLE IF NOT EXISTS log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    visible_at INTEGER NOT NULL,
    cycle_id TEXT NOT NULL,
    change_id TEXT NOT NULL,
    source_id TEXT NOT NULL,
    action TEXT NOT NULL,
    status TEXT NOT NULL,
    facts BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS log_by_time ON log (at);
CREATE INDEX IF NOT EXISTS log_by_source ON log (source_id);
CREATE INDEX IF NOT EXISTS log_by_change ON log (change_id);
CREATE INDEX IF NOT EXISTS log_by_cycle ON log (cycle_id);

-- one row: one entry that the log never had, after a fault that lost it: for those who judge what could be known
CREATE TABLE IF NOT EXISTS lost_log (source_id TEXT NOT NULL, status TEXT NOT NULL, facts BLOB NOT NULL);

-- one row: one bulkUpload call. status 0: the connection was reset before it was taken. answered: and the caller was told
CREATE TABLE IF NOT EXISTS received (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    status INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    bulk_ids TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS received_by_time ON received (at);

-- one row: one person of the Oracle HCM. body: everything about them, as JSON
CREATE TABLE IF NOT EXISTS hcm_people (id INTEGER PRIMARY KEY, body BLOB NOT NULL);

-- one row: one entry of an Atom feed. updated, published, visible: microseconds since 1970. facts: what is shown, as JSON
CREATE TABLE IF NOT EXISTS hcm_entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    feed TEXT NOT NULL,
    name TEXT NOT NULL,
    updated INTEGER NOT NULL,
    published INTEGER NOT NULL,
    visible INTEGER NOT NULL,
    person_number TEXT NOT NULL,
    facts BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS hcm_entries_updated ON hcm_entries (feed, updated, seq, published, visible, person_number);
CREATE INDEX IF NOT EXISTS hcm_entries_published ON hcm_entries (feed, published, seq, updated, visible, person_number);
CREATE INDEX IF NOT EXISTS hcm_entries_name ON hcm_entries (feed, name);
"""

STATE_TABLES = (
    "users", "names", "deleted_users", "groups", "queue", "escrow", "pending", "log", "lost_log", "received", "tracked",
    "hcm_people", "hcm_entries", "connections", "documents",
)  # fmt: skip


class Store:
    """One connection that writes, one that reads. Both may be used from any thread, by one thread at a time each.

    A committed transaction is in the operating system's hands: it outlives the process, though not a power cut.
    """

    def __init__(self, path: Path) -> None:
        self._write_lock = threading.RLock()
        self._read_lock = threading.Lock()
        private(path)
        self._writer = self._connect(path)
        self._writer.execute("PRAGMA journal_mode = WAL")
        self._writer.executescript(SCHEMA)
        self._reader = self._connect(path)
        self._reader.execute("PRAGMA query_only = ON")

    @staticmethod
    def _connect(path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed at the end, rolled back on any exception."""
        with self._write_lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    def rows(self, sql: str, parameters: tuple[object, ...] | Mapping[str, object] = ()) -> list[sqlite3.Row]:
        """Everything a query of the committed state answers."""
        with self._read_lock:
            return self._reader.execute(sql, parameters).fetchall()

    def number(self, sql: str, parameters: tuple[object, ...] = ()) -> int:
        """The one number a query answers; 0 for NULL."""
        return int(self.rows(sql, parameters)[0][0] or 0)

    def meta(self) -> dict[str, str]:
        """Every kept setting."""
        return {row["key"]: row["value"] for row in self.rows("SELECT key, value FROM meta")}

    def keep(self, values: Mapping[str, str]) -> None:
        """Keep settings, over what was kept under the same keys."""
        with self.write() as db:
            db.executemany("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", list(values.items()))

    def close(self) -> None:
        """Close both connections; the write-ahead log is folded into the file."""
        with self._write_lock, self._read_lock:
            self._reader.close()
            self._writer.close()


def job_key(directory: Path, options: SandboxOptions | None = None) -> str:
    """`<service principal>/<job>` of a directory's sandbox, running or not; of a fresh one, what it will be with these options."""
    state, usual = directory / "state.sqlite", options or SandboxOptions()
    if state.is_file():
        store = Store(state)
        try:
            kept = store.meta()
        finally:
            store.close()
        if "tenant_id" in kept:
            return f"{kept['service_principal_id']}/{kept['job_id']}"
    return f"{usual.service_principal_id}/{usual.job_id}"
