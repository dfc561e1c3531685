"""The sandbox itself, without HTTP: its state, its clock, its job, and what may be asked of them."""

from __future__ import annotations

import math
import secrets
import threading
import uuid
from collections import deque
from pathlib import Path
from typing import Any

import orjson

from hcm_pipeline.sandbox.auth import Authority, Identity
from hcm_pipeline.sandbox.bulk import Operation
from hcm_pipeline.sandbox.clock import MANUAL, Clock, iso, micros
from hcm_pipeline.sandbox.cycle import Cycle
from hcm_pipeline.sandbox.faults import Faults
from hcm_pipeline.sandbox.log import JobFacts
from hcm_pipeline.sandbox.options import SandboxOptions
from hcm_pipeline.sandbox.store import STATE_TABLES, Store
from hcm_pipeline.sandbox.users import GROUP_PROPERTIES

ACTIVE, PAUSED, QUARANTINE = "Active", "Paused", "Quarantine"
DAY = 86_400


class Sandbox:
    """One tenant with one API-driven provisioning job. Safe to use from several threads."""

    def __init__(self, directory: Path, rules: SandboxOptions) -> None:
        self.directory = directory
        self.rules = rules
        self.store = Store(directory / "state.sqlite")
        self.clock = Clock(self.store)
        self.faults = Faults()
        kept = self.store.meta()
        fresh = {
            "tenant_id": rules.tenant_id,
            "client_id": rules.client_id,
            "client_secret": rules.client_secret,
            "service_principal_id": rules.service_principal_id,
            "job_id": f"API2AAD.{rules.tenant_id.replace('-', '')}.{rules.job_guid}",
            "token_key": secrets.token_hex(32),
            "job_status": ACTIVE,
        }
        if "tenant_id" not in kept:
            self.store.keep(fresh)
            kept = fresh
        self.identity = Identity(*(kept[name] for name in Identity.__dataclass_fields__))
        self.job_facts = JobFacts(
            self.identity.tenant_id, self.identity.service_principal_id, self.identity.job_id
        )  # fmt: skip
        self.authority = Authority(self.identity, kept["token_key"], directory / "certificates", rules)
        self.authority.generation = int(kept.get("token_generation", "0"))
        self.stopping = threading.Event()
        self.admission = threading.Lock()
        """Held while a bulkUpload call is decided on, so that the limits hold exactly."""
        self._job_status = kept["job_status"]
        self._cycles = threading.Lock()
        self._next_cycle = self.clock.now() + rules.cycle_seconds
        self._log_calls: deque[float] = deque()
        self._log_lock = threading.Lock()

    # --- provisioning

    def tick(self) -> None:
        """Run the cycle that is due, when time passes by itself."""
        if self.clock.mode == MANUAL:
            return
        with self._cycles:
            now = self.clock.now()
            if now >= self._next_cycle:
                self._next_cycle = now + self.rules.cycle_seconds
                self._run_cycle()

    def advance(self, seconds: float) -> None:
        """Move the clock, running each cycle that falls due at its own time. Idle cycles are passed over."""
        with self._cycles:
            target = self.clock.now() + seconds
            while self._next_cycle <= target and not self.stopping.is_set():
                self.clock.move_to(self._next_cycle)
                self._run_cycle()
                self._next_cycle += self.rules.cycle_seconds
                if self._job_status != ACTIVE or not self._has_work():
                    missed = math.floor((target - self._next_cycle) / self.rules.cycle_seconds) + 1
                    self._next_cycle += max(0, missed) * self.rules.cycle_seconds
            self.clock.move_to(target)

    def seconds_to_cycle(self) -> float:
        """Until the next cycle is due, on the sandbox's clock."""
        return max(0.0, self._next_cycle - self.clock.now())

    def _run_cycle(self) -> None:
        if self._job_status == ACTIVE:
            Cycle(self.store, self.rules, self.clock.now, self.stopping).run()

    def _has_work(self) -> bool:
        found = self.store.number("SELECT EXISTS (SELECT 1 FROM queue) OR EXISTS (SELECT 1 FROM pending WHERE open)")
        return bool(found)

    # --- ingestion

    def refused_for(self) -> float | None:
        """Seconds until another bulkUpload call is taken; None: it is taken now."""
        now = self.clock.now()
        for calls, span in ((self.rules.daily_quota, DAY), (self.rules.calls_per_5s, 5)):
            rows = self.store.rows(
                "SELECT at FROM received WHERE at > ? AND status NOT IN (0, 429) ORDER BY at DESC LIMIT 1 OFFSET ?",
                (micros(now - span), max(0, calls - 1)),
            )
            if calls <= 0 or rows:
                since = rows[0]["at"] / 1e6 if rows else now
                return max(0.001, since + span - now)
        return None

    def bucket_is_full(self, arriving: int) -> bool:
        """Whether the ingestion queue has no room for so many records."""
        room = self.rules.bucket_records
        return room is not None and self.store.number("SELECT count(*) FROM queue") + arriving > room

    def accept(self, operations: list[Operation], digest: str, *, answered: bool) -> None:
        """Queue the records and note the call, in one committed transaction."""
        with self.store.write() as db:
            db.executemany(
                "INSERT INTO queue (data) VALUES (?)",
                [(orjson.dumps(operation.data),) for operation in operations if not operation.ignored],
            )
            ids = orjson.dumps([operation.bulk_id for operation in operations]).decode()
            db.execute(
                "INSERT INTO received (at, status, answered, sha256, bulk_ids) VALUES (?, 202, ?, ?, ?)",
                (micros(self.clock.now()), answered, digest, ids),
            )

    def note_refused(self, status: int, digest: str) -> None:
        """Note a call that queued nothing. Status 0: the connection was reset."""
        with self.store.write() as db:
            db.execute(
                "INSERT INTO received (at, status, answered, sha256, bulk_ids) VALUES (?, ?, ?, ?, '[]')",
                (micros(self.clock.now()), status, status != 0, digest),
            )

    def received(self, limit: int) -> list[dict[str, Any]]:
        """The last calls, oldest first."""
        rows = self.store.rows("SELECT * FROM received ORDER BY seq DESC LIMIT ?", (limit,))
        return [
            {
                "time": iso(row["at"]), "status": row["status"], "answered": bool(row["answered"]),
                "sha256": row["sha256"], "bulkIds": orjson.loads(row["bulk_ids"]),
            }
            for row in reversed(rows)
        ]  # fmt: skip

    # --- log throttle

    def log_refused_for(self) -> float | None:
        """Count a call to the log; seconds until one is taken again when there were too many."""
        with self._log_lock:
            now = self.clock.now()
            while self._log_calls and self._log_calls[0] <= now - 10:
                self._log_calls.popleft()
            if len(self._log_calls) >= self.rules.log_calls_per_10s:
                return max(0.001, self._log_calls[0] + 10 - now) if self._log_calls else 10.0
            self._log_calls.append(now)
            return None

    # --- job

    @property
    def job_status(self) -> str:
        """Active, Paused or Quarantine. Only an active job processes; any job queues."""
        return self._job_status

    def set_job_status(self, status: str) -> None:
        """Change and keep it."""
        self._job_status = status
        self.store.keep({"job_status": status})

    def restart_job(self) -> None:
        """Running: records stay queued and missing managers are looked for again. Not running: the queue is purged."""
        with self._cycles:
            with self.store.write() as db:
                if self._job_status == ACTIVE:
                    db.execute("UPDATE pending SET open = 1")
                else:
                    db.execute("DELETE FROM queue")
                    db.execute("DELETE FROM pending")
            self.set_job_status(ACTIVE)

    # --- control

    def counts(self) -> dict[str, Any]:
        """What there is, in numbers."""
        now = self.clock.now()
        number = self.store.number
        return {
            "instance": self.instance,
            "clock": {"mode": self.clock.mode, "now": iso(micros(now))},
            "job": {"id": self.identity.job_id, "status": self._job_status},
            "users": number("SELECT count(*) FROM users"),
            "enabled": number("SELECT count(*) FROM users WHERE enabled"),
            "queue": number("SELECT count(*) FROM queue"),
            "pendingManagers": number("SELECT count(*) FROM pending"),
            "log": number("SELECT count(*) FROM log"),
            "calls": number("SELECT count(*) FROM received"),
            "acceptedCalls": number("SELECT count(*) FROM received WHERE status = 202"),
            "callsInLastDay": number(
                "SELECT count(*) FROM received WHERE at > ? AND status NOT IN (0, 429)", (micros(now - DAY),)
            ),
            "faults": len(self.faults.armed()),
        }

    instance = ""
    """Names the process that serves, so that a stale address is recognised."""

    def revoke_tokens(self) -> None:
        """Every token issued so far counts as expired from now on."""
        self.authority.generation += 1
        self.store.keep({"token_generation": str(self.authority.generation)})

    def add_users(self, users: list[dict[str, Any]]) -> list[str]:
        """Put accounts there that this job did not create, by provisioning name. Raises ValueError."""
        ids = []
        with self.store.write() as db:
            for number, given in enumerate(users):
                user = {"accountEnabled": True, **given}
                if "userPrincipalName" not in user:
                    raise ValueError(f"users[{number}].userPrincipalName: required")
                taken = db.execute("SELECT 1 FROM users WHERE upn = ?", (user["userPrincipalName"],)).fetchone()
                if taken:
                    raise ValueError(f"users[{number}].userPrincipalName: taken already")
                ids.append(str(uuid.uuid4()))
                db.execute(
                    "INSERT INTO users (id, employee_id, upn, enabled, provisioned, body) VALUES (?, ?, ?, ?, 0, ?)",
                    (ids[-1], user.get("employeeId"), user["userPrincipalName"], user["accountEnabled"],
                     orjson.dumps(user)),
                )  # fmt: skip
        return ids

    def add_groups(self, groups: list[dict[str, Any]]) -> list[str]:
        """Put groups there, by the names of Graph's properties. Raises ValueError."""
        ids = []
        with self.store.write() as db:
            for number, given in enumerate(groups):
                unknown = sorted(set(given) - set(GROUP_PROPERTIES))
                if unknown or "displayName" not in given:
                    raise ValueError(f"groups[{number}]: displayName and any of {', '.join(GROUP_PROPERTIES)}")
                ids.append(str(uuid.uuid4()))
                db.execute("INSERT INTO groups (id, body) VALUES (?, ?)", (ids[-1], orjson.dumps(given)))
        return ids

    def delete_user(self, upn: str) -> str:
        """Soft-delete an account, as an administrator would: it goes to the deleted items. Raises ValueError."""
        with self.store.write() as db:
            row = db.execute("SELECT id, body FROM users WHERE upn = ?", (upn,)).fetchone()
            if row is None:
                raise ValueError("userPrincipalName: nobody has it")
            body = orjson.loads(row["body"])
            body["userPrincipalName"] = row["id"].replace("-", "") + body["userPrincipalName"]
            db.execute("DELETE FROM users WHERE id = ?", (row["id"],))
            db.execute("INSERT INTO deleted_users (id, body) VALUES (?, ?)", (row["id"], orjson.dumps(body)))
        return str(row["id"])

    def reset(self) -> None:
        """Back to an empty tenant with an active job; ids, certificates and tokens stay."""
        with self._cycles:
            with self.store.write() as db:
                for table in STATE_TABLES:
                    db.execute(f"DELETE FROM {table}")
            self.faults.disarm()
            self.clock.reset()
            self._next_cycle = self.clock.now() + self.rules.cycle_seconds
            self.set_job_status(ACTIVE)
            with self._log_lock:
                self._log_calls.clear()

    def close(self) -> None:
        """End a running cycle between two transactions and close the state."""
        self.stopping.set()
        with self._cycles:
            self.store.close()
