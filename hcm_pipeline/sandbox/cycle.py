"""Provisioning cycles: what was queued becomes accounts and log entries, in order, a few hundred a transaction."""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import orjson

from hcm_pipeline.sandbox.ad_accounts import DN, SAM
from hcm_pipeline.sandbox.agent import Agent
from hcm_pipeline.sandbox.agent import written as through
from hcm_pipeline.sandbox.attribute_mapping import Value
from hcm_pipeline.sandbox.bulk import Record
from hcm_pipeline.sandbox.clock import micros
from hcm_pipeline.sandbox.fault_effects import Apply, spoiled
from hcm_pipeline.sandbox.faults import ENTRY, RECORD, Faults
from hcm_pipeline.sandbox.job import Execution
from hcm_pipeline.sandbox.log_codes import NO_AGENT, Failure, failure
from hcm_pipeline.sandbox.log_service import facts_of, twin_facts
from hcm_pipeline.sandbox.mapping_program import Program
from hcm_pipeline.sandbox.options import SandboxOptions
from hcm_pipeline.sandbox.provision import Account, Directory, Outcome, apply_record
from hcm_pipeline.sandbox.state import Store

RECORDS_PER_TRANSACTION = 250
LOG_DAYS = 30

_LINKED = "SELECT u.id, u.body FROM connections c JOIN users u ON u.id = c.user_id WHERE c.source_id = ?"
_MANAGED = "SELECT id FROM users WHERE employee_id = ? AND provisioned"
_WAITING = """
SELECT p.user_id, p.change_id, m.id AS manager, u.employee_id AS source_id
FROM pending p JOIN users u ON u.id = p.user_id JOIN users m ON m.employee_id = p.manager_external_id AND m.provisioned
WHERE p.open = 1 LIMIT ?"""
_WAITING_LINKED = """
SELECT p.user_id, p.change_id, m.id AS manager, coalesce(s.source_id, u.employee_id) AS source_id
FROM pending p JOIN users u ON u.id = p.user_id
LEFT JOIN connections s ON s.user_id = p.user_id
JOIN users m ON m.id = coalesce(
    (SELECT c.user_id FROM connections c JOIN users l ON l.id = c.user_id WHERE c.source_id = p.manager_external_id),
    (SELECT e.id FROM users e WHERE e.employee_id = p.manager_external_id AND e.provisioned))
WHERE p.open = 1 GROUP BY p.user_id LIMIT ?"""
"""Those whose manager is there now; the second where some links are not told by numbers."""
_INSERT_LOG = """
INSERT INTO log (id, at, visible_at, cycle_id, change_id, source_id, action, status, facts)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""


@dataclass
class Cycle:
    """One run over the queue. `now` is the sandbox's clock; `stopping` ends the run between two transactions."""

    store: Store
    rules: SandboxOptions
    faults: Faults
    now: Callable[[], float]
    stopping: threading.Event
    program: Program | None = None
    """The schema that was set; None: the default one."""
    agent: Agent | None = None
    """A real directory server behind the job; None: the sandbox alone keeps the accounts."""

    def run(self) -> Execution | None:
        """Process what is queued at the start, then what managers can be resolved. None: there was nothing to do."""
        self.cycle_id = str(uuid.uuid4())
        self.imported = self.exported = self.escrowed = 0
        self.links = bool(self.store.number("SELECT EXISTS (SELECT 1 FROM connections)"))
        last = self.store.number("SELECT max(seq) FROM queue")
        waiting = self.store.number("SELECT count(*) FROM pending WHERE open = 1")
        due = self.store.number("SELECT count(*) FROM escrow WHERE due <= ?", (micros(self.now()),))
        if not last and not waiting and not due:
            return None
        began = self.now()
        self._last_at = self.store.number("SELECT max(at) FROM log")
        for take in (self._retry, self._take):
            while not self.stopping.is_set() and take(last):
                pass
        while not self.stopping.is_set() and self._resolve():
            pass
        if not self.stopping.is_set():
            self._close()
        return Execution(self.cycle_id, began, self.now(), self.imported, self.exported, self.escrowed)

    def warn(self, after: int) -> int:
        """Log a warning for each record queued after this one, and leave it queued; the last one's position."""
        self.cycle_id = str(uuid.uuid4())
        self._last_at = self.store.number("SELECT max(at) FROM log")
        with self.store.write() as db:
            for row in db.execute("SELECT seq, data FROM queue WHERE seq > ? ORDER BY seq", (after,)).fetchall():
                after = row["seq"]
                record = orjson.loads(row["data"])
                current = _linked(db, record["externalId"]) or _matched(db, record["externalId"])
                held = Outcome("update" if current else "create", "warning", {}, failure=failure(NO_AGENT))
                facts = facts_of(held, current, 1)
                self._log(db, str(uuid.uuid4()), record["externalId"], held.action, held.status, facts)
        return after

    def _retry(self, _last: int) -> int:
        """Take some of those that failed and are to be tried again; 0 when none is left."""
        with self.store.write() as db:
            rows = db.execute(
                "SELECT data FROM escrow WHERE due <= ? LIMIT ?", (micros(self.now()), RECORDS_PER_TRANSACTION)
            ).fetchall()
            directory = _directory(db, lambda: self.links)
            for row in rows:
                self._process(db, directory, orjson.loads(row["data"]))
        return len(rows)

    def _take(self, last: int) -> int:
        """Take some of the queue; 0 when none is left."""
        with self.store.write() as db:
            rows = db.execute(
                "SELECT seq, data FROM queue WHERE seq <= ? ORDER BY seq LIMIT ?", (last, RECORDS_PER_TRANSACTION)
            ).fetchall()
            directory = _directory(db, lambda: self.links)
            for row in rows:
                self._process(db, directory, orjson.loads(row["data"]))
            if rows:
                db.execute("DELETE FROM queue WHERE seq <= ?", (rows[-1]["seq"],))
        return len(rows)

    def _process(self, db: sqlite3.Connection, directory: Directory, record: dict[str, object]) -> None:
        started = time.perf_counter()
        external_id = str(record["externalId"])
        if self.program is not None and not self.program.enabled:
            return
        current, apply = self._own(db, external_id, record)
        fault = self.faults.strike(external_id, *RECORD)
        if fault is None:
            outcome = apply(current, record, directory)
            if current is None and outcome.status == "success" and self._no_seat(db):
                received, lacking = outcome.received, failure("LicenseLimitExceeded")
                outcome = Outcome("create", "failure", received, failure=lacking)
            written = outcome.status == "success"
        else:
            outcome, written = spoiled(fault, current, record, directory, apply)
        if written and self.agent is not None:
            refused = through(self.agent, db, current.attributes if current else None, outcome.attributes)
            if refused is not None:
                outcome, written = replace(outcome, status="failure", changes=[], failure=refused), False
        change_id = str(uuid.uuid4())
        account = current
        if written:
            account = self._write(db, external_id, current, outcome)
            db.execute("DELETE FROM pending WHERE user_id = ?", (account.object_id,))
            if outcome.unresolved is not None and (fault is None or fault.kind != "no_twin"):
                values = (account.object_id, outcome.unresolved, change_id)
                db.execute("INSERT INTO pending VALUES (?, ?, ?, 1)", values)
        self._count(db, external_id, record, outcome, written=written)
        milliseconds = max(1, round((time.perf_counter() - started) * 1000))
        facts = facts_of(outcome, account, milliseconds)
        self._log(db, change_id, external_id, outcome.action, outcome.status, facts)

    def _own(self, db: sqlite3.Connection, external_id: str, record: dict[str, object]) -> tuple[Account | None, Apply]:
        """The account of a record, and the effect of records on accounts."""
        linked = _linked(db, external_id) if self.links else None
        program = self.program
        if program is None:
            return linked or _matched(db, external_id), self._default
        now = self.now()
        linked = linked or _provisioned(db, external_id)
        found = linked or program.match(record, partial(_with_value, db), now)
        if isinstance(found, Failure):
            status = "skipped" if found.code == "ImportSkipped" else "failure"
            outcome = Outcome("other", status, program.received(record), failure=found)
            return None, lambda _current, _given, _directory: outcome
        return found, partial(program.apply, linked=linked is not None, now=now)

    def _default(self, current: Account | None, record: Record, directory: Directory) -> Outcome:
        return apply_record(current, record, directory, self.rules)

    def _no_seat(self, db: sqlite3.Connection) -> bool:
        seats = self.rules.license_seats
        return seats is not None and db.execute("SELECT count(*) FROM users").fetchone()[0] >= seats

    def _count(
        self, db: sqlite3.Connection, external_id: str, record: dict[str, object], outcome: Outcome, *, written: bool
    ) -> None:
        """Keep the score, and a failed record where the service tries it again by itself; a newer one replaces it."""
        failed = outcome.status == "failure"
        self.imported, self.exported = self.imported + 1, self.exported + written
        self.escrowed += failed
        db.execute("DELETE FROM escrow WHERE external_id = ?", (external_id,))
        wait = self.rules.retry_failed_seconds
        if failed and wait is not None:
            values = (external_id, micros(self.now() + wait), orjson.dumps(record))
            db.execute("INSERT INTO escrow VALUES (?, ?, ?)", values)

    def _write(self, db: sqlite3.Connection, source_id: str, current: Account | None, outcome: Outcome) -> Account:
        after = outcome.attributes
        columns = (after.get("employeeId"), after["userPrincipalName"], after["accountEnabled"], orjson.dumps(after))
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
        if after.get("employeeId") != source_id:
            db.execute("INSERT OR REPLACE INTO connections VALUES (?, ?)", (source_id, object_id))
            self.links = True
        elif self.links:
            db.execute("DELETE FROM connections WHERE source_id = ?", (source_id,))
        if self.rules.target == "ad":
            keep_names(db, object_id, after)
        return Account(object_id, after)

    def _log(
        self, db: sqlite3.Connection, change_id: str, source_id: str, action: str, status: str, facts: bytes
    ) -> None:
        fault = self.faults.strike(source_id, *ENTRY)
        if fault is not None and fault.kind == "lose_entry":
            db.execute("INSERT INTO lost_log VALUES (?, ?, ?)", (source_id, status, facts))
            return
        now = micros(self.now())
        self._last_at = max(now, self._last_at + 1)
        late = fault.seconds if fault is not None and fault.kind == "delay_entry" else 0.0
        visible_at = now + micros(self.rules.log_lag_seconds + late)
        values = (str(uuid.uuid4()), self._last_at, visible_at, self.cycle_id, change_id, source_id, action, status)
        for _ in range(2 if fault is not None and fault.kind == "repeat_entry" else 1):
            db.execute(_INSERT_LOG, (*values, facts))

    def _resolve(self) -> int:
        """Give managers to some of those whose manager has come; 0 when none is left to give."""
        with self.store.write() as db:
            sql = _WAITING_LINKED if self.links else _WAITING
            rows = db.execute(sql, (RECORDS_PER_TRANSACTION,)).fetchall()
            for row in rows:
                body = db.execute("SELECT body FROM users WHERE id = ?", (row["user_id"],)).fetchone()["body"]
                attributes: dict[str, Value] = orjson.loads(body)
                change = ("manager", attributes.get("manager"), row["manager"])
                before = dict(attributes)
                attributes["manager"] = row["manager"]
                if self.agent is not None:
                    through(self.agent, db, before, attributes)
                db.execute("UPDATE users SET body = ? WHERE id = ?", (orjson.dumps(attributes), row["user_id"]))
                db.execute("DELETE FROM pending WHERE user_id = ?", (row["user_id"],))
                facts = twin_facts(Account(row["user_id"], attributes), change)
                self._log(db, row["change_id"], str(row["source_id"]), "update", "success", facts)
        return len(rows)

    def _close(self) -> None:
        """Managers who did not come are waited for no longer, until a restart; old entries go."""
        with self.store.write() as db:
            db.execute("UPDATE pending SET open = 0 WHERE open = 1")
            db.execute("DELETE FROM log WHERE at < ?", (micros(self.now() - LOG_DAYS * 86_400),))


def _linked(db: sqlite3.Connection, external_id: str) -> Account | None:
    """The account that a record is linked to whatever its number."""
    return _account(db.execute(_LINKED, (external_id,)).fetchone())


def _provisioned(db: sqlite3.Connection, external_id: str) -> Account | None:
    """The account of a record that an earlier cycle made or matched by the number."""
    sql = "SELECT id, body FROM users WHERE employee_id = ? AND provisioned"
    return _account(db.execute(sql, (external_id,)).fetchone())


def _matched(db: sqlite3.Connection, external_id: str) -> Account | None:
    return _account(db.execute("SELECT id, body FROM users WHERE employee_id = ?", (external_id,)).fetchone())


def _account(row: sqlite3.Row | None) -> Account | None:
    return Account(row["id"], orjson.loads(row["body"])) if row else None


def _with_value(db: sqlite3.Connection, attribute: str, value: str, exact: bool) -> list[Account]:
    """The accounts whose attribute has a value, two at most."""
    column = {"employeeId": "employee_id", "userPrincipalName": "upn"}.get(attribute)
    if column is not None:
        rows = db.execute(f"SELECT id, body FROM users WHERE {column} = ? LIMIT 2", (value,)).fetchall()
    else:
        order = "BINARY" if exact else "NOCASE"
        sql = f"SELECT id, body FROM users WHERE json_extract(CAST(body AS TEXT), ?) = ? COLLATE {order} LIMIT 2"
        rows = db.execute(sql, (f'$."{attribute}"', value)).fetchall()
    return [Account(row["id"], orjson.loads(row["body"])) for row in rows]


def _directory(db: sqlite3.Connection, links: Callable[[], bool]) -> Directory:
    def one(sql: str, value: str) -> str | None:
        row = db.execute(sql, (value,)).fetchone()
        return None if row is None else str(row["id"])

    def first(accounts: list[Account]) -> str | None:
        return accounts[0].object_id if accounts else None

    return Directory(
        holder_of=lambda name: one("SELECT id FROM users WHERE upn = ?", name),
        managed_by=lambda number: (one(_LINKED, number) if links() else None) or one(_MANAGED, number),
        holder_of_name=lambda attribute, value: (
            one(_HOLDER[attribute], value) if attribute in _HOLDER else first(_with_value(db, attribute, value, False))
        ),
    )


_HOLDER = {
    "userPrincipalName": "SELECT id FROM users WHERE upn = ?",
    SAM: f"SELECT user_id AS id FROM names WHERE attribute = '{SAM}' AND value = ?",
    DN: f"SELECT user_id AS id FROM names WHERE attribute = '{DN}' AND value = ?",
}


def keep_names(db: sqlite3.Connection, user_id: str, attributes: Mapping[str, object]) -> None:
    """Note the unique names that an account of Active Directory has now."""
    db.execute("DELETE FROM names WHERE user_id = ?", (user_id,))
    held = [(name, attributes[name], user_id) for name in (SAM, DN) if attributes.get(name)]
    db.executemany("INSERT OR IGNORE INTO names VALUES (?, ?, ?)", held)
