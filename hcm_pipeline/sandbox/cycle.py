"""Provisioning cycles: what was queued becomes accounts and log entries, in order, a few hundred a transaction."""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from hcm_pipeline.sandbox.clock import micros
from hcm_pipeline.sandbox.log import facts_of, twin_facts
from hcm_pipeline.sandbox.mapping import Value
from hcm_pipeline.sandbox.options import SandboxOptions
from hcm_pipeline.sandbox.provision import Account, Directory, Outcome, apply_record
from hcm_pipeline.sandbox.store import Store

RECORDS_PER_TRANSACTION = 250
LOG_DAYS = 30

_INSERT_LOG = """
INSERT INTO log (id, at, visible_at, cycle_id, change_id, source_id, action, status, facts)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""


@dataclass
class Cycle:
    """One run over the queue. `now` is the sandbox's clock; `stopping` ends the run between two transactions."""

    store: Store
    rules: SandboxOptions
    now: Callable[[], float]
    stopping: threading.Event

    def run(self) -> int:
        """Process what is queued at the start, then what managers can be resolved. Returns the number of records."""
        self.cycle_id = str(uuid.uuid4())
        last = self.store.number("SELECT max(seq) FROM queue")
        waiting = self.store.number("SELECT count(*) FROM pending WHERE open = 1")
        if not last and not waiting:
            return 0
        self._last_at = self.store.number("SELECT max(at) FROM log")
        records = 0
        while not self.stopping.is_set():
            taken = self._take(last)
            records += taken
            if not taken:
                break
        while not self.stopping.is_set() and self._resolve():
            pass
        if not self.stopping.is_set():
            self._close()
        return records

    def _take(self, last: int) -> int:
        with self.store.write() as db:
            rows = db.execute(
                "SELECT seq, data FROM queue WHERE seq <= ? ORDER BY seq LIMIT ?", (last, RECORDS_PER_TRANSACTION)
            ).fetchall()
            directory = _directory(db)
            for row in rows:
                self._process(db, directory, orjson.loads(row["data"]))
            if rows:
                db.execute("DELETE FROM queue WHERE seq <= ?", (rows[-1]["seq"],))
        return len(rows)

    def _process(self, db: sqlite3.Connection, directory: Directory, record: dict[str, object]) -> None:
        started = time.perf_counter()
        external_id = str(record["externalId"])
        current = _matched(db, external_id)
        outcome = apply_record(current, record, directory, self.rules)
        change_id = str(uuid.uuid4())
        account = current
        if outcome.status == "success":
            account = self._write(db, current, outcome)
            db.execute("DELETE FROM pending WHERE user_id = ?", (account.object_id,))
            if outcome.unresolved is not None:
                values = (account.object_id, outcome.unresolved, change_id)
                db.execute("INSERT INTO pending VALUES (?, ?, ?, 1)", values)
        milliseconds = max(1, round((time.perf_counter() - started) * 1000))
        facts = facts_of(outcome, account, milliseconds)
        self._log(db, change_id, external_id, outcome.action, outcome.status, facts)

    def _write(self, db: sqlite3.Connection, current: Account | None, outcome: Outcome) -> Account:
        after = outcome.attributes
        columns = (after["employeeId"], after["userPrincipalName"], after["accountEnabled"], orjson.dumps(after))
        if current is None:
            object_id = str(uuid.uuid4())
            db.execute(
                "INSERT INTO users (employee_id, upn, enabled, body, provisioned, id) VALUES (?, ?, ?, ?, 1, ?)",
                (*columns, object_id),
            )
        else:
            object_id = current.object_id
            db.execute(
                "UPDATE users SET employee_id = ?, upn = ?, enabled = ?, body = ?, provisioned = 1 WHERE id = ?",
                (*columns, object_id),
            )
        return Account(object_id, after)

    def _log(
        self, db: sqlite3.Connection, change_id: str, source_id: str, action: str, status: str, facts: bytes
    ) -> None:
        now = micros(self.now())
        self._last_at = max(now, self._last_at + 1)
        visible_at = now + micros(self.rules.log_lag_seconds)
        values = (str(uuid.uuid4()), self._last_at, visible_at, self.cycle_id, change_id, source_id, action, status)
        db.execute(_INSERT_LOG, (*values, facts))

    def _resolve(self) -> int:
        """Give managers to some of those whose manager has come; 0 when none is left to give."""
        with self.store.write() as db:
            rows = db.execute(
                """SELECT p.user_id, p.change_id, m.id AS manager FROM pending p
                   JOIN users m ON m.employee_id = p.manager_external_id AND m.provisioned
                   WHERE p.open = 1 LIMIT ?""",
                (RECORDS_PER_TRANSACTION,),
            ).fetchall()
            for row in rows:
                body = db.execute("SELECT body FROM users WHERE id = ?", (row["user_id"],)).fetchone()["body"]
                attributes: dict[str, Value] = orjson.loads(body)
                change = ("manager", attributes.get("manager"), row["manager"])
                attributes["manager"] = row["manager"]
                db.execute("UPDATE users SET body = ? WHERE id = ?", (orjson.dumps(attributes), row["user_id"]))
                db.execute("DELETE FROM pending WHERE user_id = ?", (row["user_id"],))
                facts = twin_facts(Account(row["user_id"], attributes), change)
                self._log(db, row["change_id"], str(attributes["employeeId"]), "update", "success", facts)
        return len(rows)

    def _close(self) -> None:
        """Managers who did not come are waited for no longer, until a restart; old entries go."""
        with self.store.write() as db:
            db.execute("UPDATE pending SET open = 0 WHERE open = 1")
            db.execute("DELETE FROM log WHERE at < ?", (micros(self.now() - LOG_DAYS * 86_400),))


def _matched(db: sqlite3.Connection, external_id: str) -> Account | None:
    row = db.execute("SELECT id, body FROM users WHERE employee_id = ?", (external_id,)).fetchone()
    return Account(row["id"], orjson.loads(row["body"])) if row else None


def _directory(db: sqlite3.Connection) -> Directory:
    def one(sql: str, value: str) -> str | None:
        row = db.execute(sql, (value,)).fetchone()
        return None if row is None else str(row["id"])

    return Directory(
        holder_of=lambda name: one("SELECT id FROM users WHERE upn = ?", name),
        managed_by=lambda number: one("SELECT id FROM users WHERE employee_id = ? AND provisioned", number),
    )
