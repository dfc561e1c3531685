"""The sandbox itself, without HTTP: its state, its clock, its job, and what may be asked of them."""

from __future__ import annotations

import math
import secrets
import sqlite3
import threading
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import orjson

from hcm_pipeline.sandbox.ad_accounts import ad_attributes
from hcm_pipeline.sandbox.agent import Agent
from hcm_pipeline.sandbox.auth import Authority, Identity
from hcm_pipeline.sandbox.bulk import Operation
from hcm_pipeline.sandbox.clock import MANUAL, Clock, iso, micros
from hcm_pipeline.sandbox.cycle import Cycle, keep_names
from hcm_pipeline.sandbox.default_schema import default_schema
from hcm_pipeline.sandbox.delta import forget
from hcm_pipeline.sandbox.faults import Faults
from hcm_pipeline.sandbox.job import DAY, Execution, Job, Reason, Status
from hcm_pipeline.sandbox.log_codes import CODES, NO_AGENT
from hcm_pipeline.sandbox.log_service import JobFacts
from hcm_pipeline.sandbox.mapping_program import Program, program_of
from hcm_pipeline.sandbox.options import SandboxOptions, with_changes
from hcm_pipeline.sandbox.oracle import Hcm, HcmOptions
from hcm_pipeline.sandbox.state import STATE_TABLES, Store
from hcm_pipeline.sandbox.tenant import INITIAL_DOMAIN, Tenant
from hcm_pipeline.sandbox.users import GROUP_PROPERTIES
from hcm_pipeline.sandbox.window import Window

UNCOUNTED = (0, 429)
"""Endings of a bulkUpload call that use up no quota: cut before it was taken, and throttled."""
_CONNECTION = """
WITH links AS (
    SELECT c.source_id, c.user_id, u.body, 0 AS told FROM connections c JOIN users u ON u.id = c.user_id
    UNION ALL
    SELECT employee_id, id, body, 1 FROM users
    WHERE provisioned AND employee_id IS NOT NULL AND id NOT IN (SELECT user_id FROM connections))
SELECT * FROM links WHERE source_id = :id OR user_id = :id ORDER BY source_id <> :id, told LIMIT 1"""
COUNTED = f"SELECT at FROM received WHERE at > ? AND status NOT IN {UNCOUNTED} ORDER BY at"

FULL = frozenset({"Full"})
RESTART_SCOPES = ("None", "ConnectorDataStore", "Escrows", "Watermark", "QuarantineState", "Full", "ForceDeletes")


class Sandbox:
    """One tenant with one API-driven provisioning job, and beside it an Oracle HCM. Safe to use from several threads."""

    def __init__(
        self, directory: Path, rules: SandboxOptions, hcm: HcmOptions | None = None, agent: Agent | None = None
    ) -> None:
        self.directory = directory
        self.store = Store(directory / "state.sqlite")
        self.clock = Clock(self.store)
        self.faults = Faults()
        self.hcm = Hcm(self.store, self.clock, hcm)
        kept = self.store.meta()
        fresh = {
            "tenant_id": rules.tenant_id,
            "client_id": rules.client_id,
            "client_secret": rules.client_secret or secrets.token_urlsafe(32),
            "service_principal_id": rules.service_principal_id,
            "job_id": rules.job_id,
            "token_key": secrets.token_hex(32),
            "set_up": "1" if rules.set_up else "0",
        }
        if "tenant_id" not in kept:
            self.store.keep(fresh)
            kept = fresh
            if rules.company:
                self.hcm.found({"people": rules.company})
        self.identity = Identity(*(kept[name] for name in Identity.__dataclass_fields__))
        self.job_facts = JobFacts(
            self.identity.tenant_id, self.identity.service_principal_id, self.identity.job_id
        )  # fmt: skip
        target: Literal["entra", "ad"] = "ad" if self.identity.active_directory else "entra"
        set_up = kept.get("set_up", "1") == "1"
        self.rules = self._rules_at_start = replace(rules, target=target, set_up=set_up)
        self.tenant = Tenant(self.store, self.identity, lambda: self.rules, self.clock.now)
        self.authority = self.tenant.authority = Authority(
            self.identity, kept["token_key"], directory / "certificates", lambda: self.rules, self.clock.now,
            self.tenant.roles,
        )  # fmt: skip
        self.authority.federated = lambda: self.tenant.federated_credentials(self.identity.client_id)
        self.authority.generation = int(kept.get("token_generation", "0"))
        self.control_token, self.page_token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        """Needed for the control plane, and to see the page; new ones at each start."""
        self.stopping = threading.Event()
        self.admission = threading.Lock()
        """Held while a bulkUpload call is decided on, so that the limits hold exactly."""
        self._job = Job.from_json(kept["job"]) if "job" in kept else self._first_job()
        self._cycles = threading.Lock()
        self._next_cycle = self.clock.now() + rules.cycle_seconds
        self._calls = Window(row["at"] for row in self.store.rows(COUNTED, (micros(self.clock.now() - DAY),)))
        self._log_calls: deque[float] = deque()
        self._log_lock = threading.Lock()
        self._made: tuple[object, Program | None] | None = None
        self._agent = agent if self.identity.active_directory else None

    def change_options(self, changes: Mapping[str, object]) -> None:
        """Change options while it runs. Raises ValueError that says what is allowed."""
        self.rules = with_changes(self.rules, changes)

    def restore_options(self) -> None:
        """Back to the options it was started with."""
        self.rules = self._rules_at_start

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
                every = self.rules.cycle_seconds
                self._next_cycle += every
                idle_until = min(target, self._busy_from())
                self._next_cycle += max(0, math.ceil((idle_until - self._next_cycle) / every)) * every
            self.clock.move_to(target)

    def seconds_to_cycle(self) -> float:
        """Until the next cycle is due, on the sandbox's clock."""
        return max(0.0, self._next_cycle - self.clock.now())

    def _run_cycle(self) -> None:
        job = self._judged()
        if job.runs and self._agent_is_down:
            job = self._without_agent(job)
        elif job.runs:
            execution = Cycle(
                self.store, self.rules, self.faults, self.clock.now, self.stopping, self._program(), self._agent
            ).run()
            job = job.first_run()
            if execution is not None:
                job = job.ran(execution)
                if self._fails_too_often(execution):
                    job = job.quarantined("EncounteredEscrowProportionThreshold", self.clock.now(), lasts=0)
        self._keep_job(job)

    def _judged(self) -> Job:
        """The job after what is due of a quarantine; one for want of an agent lasts as long as the agent is down."""
        job = self._job
        if job.quarantine is not None and job.quarantine.code == NO_AGENT:
            job = replace(job, quarantine=replace(job.quarantine, lasts=None if self._agent_is_down else 0))
        return job.judged(self.clock.now())

    @property
    def _agent_is_down(self) -> bool:
        return self.identity.active_directory and self.rules.agent == "down"

    def _without_agent(self, job: Job) -> Job:
        """The sign of an agent that is down, as the options have it."""
        shows = self.rules.agent_down_shows
        if shows == "warnings":
            told = int(self.store.meta().get("agent_warned", "0"))
            cycle = Cycle(self.store, self.rules, self.faults, self.clock.now, self.stopping)
            self.store.keep({"agent_warned": str(cycle.warn(told))})
        if shows == "quarantine":
            now, message = self.clock.now(), CODES[NO_AGENT].reason
            return job.quarantined("EncounteredQuarantineException", now, code=NO_AGENT, message=message)
        return job

    def _fails_too_often(self, execution: Execution) -> bool:
        limit = self.rules.quarantine_failures
        return limit is not None and execution.escrowed >= limit and execution.escrowed > 0.4 * execution.imported

    def _busy_from(self) -> float:
        """The moment from which a cycle may have something to do."""
        held = self._job.quarantine
        if held is not None:
            return math.inf if held.next_attempt is None else held.next_attempt
        if not self._job.runs:
            return math.inf
        if self._agent_is_down:
            return math.inf if self.rules.agent_down_shows != "quarantine" else self.clock.now()
        if self.store.number("SELECT EXISTS (SELECT 1 FROM queue) OR EXISTS (SELECT 1 FROM pending WHERE open)"):
            return self.clock.now()
        due = self.store.rows("SELECT min(due) FROM escrow")[0][0]
        return math.inf if due is None else due / 1e6

    # --- ingestion

    def refused_for(self) -> float | None:
        """Seconds until another bulkUpload call is taken; None: it is taken now."""
        now = self.clock.now()
        for calls, span in ((self.rules.daily_quota, DAY), (self.rules.calls_per_5s, 5)):
            wait = self._calls.full_for(calls, span, now)
            if wait is not None:
                return wait
        return None

    def bucket_is_full(self, arriving: int) -> bool:
        """Whether the ingestion queue has no room for so many records; those to be tried again stay in it."""
        room = self.rules.bucket_records
        held = "SELECT (SELECT count(*) FROM queue) + (SELECT count(*) FROM escrow)"
        return room is not None and self.store.number(held) + arriving > room

    def accept(self, operations: list[Operation], kept: list[Operation], digest: str, *, answered: bool) -> None:
        """Queue the records that are kept and note the call, in one committed transaction."""
        at = micros(self.clock.now())
        with self.store.write() as db:
            db.executemany("INSERT INTO queue (data) VALUES (?)", [(orjson.dumps(one.data),) for one in kept])
            ids = orjson.dumps([operation.bulk_id for operation in operations]).decode()
            db.execute(
                "INSERT INTO received (at, status, answered, sha256, bulk_ids) VALUES (?, 202, ?, ?, ?)",
                (at, answered, digest, ids),
            )
        self._calls.add(at)

    def note_refused(self, status: int, digest: str) -> None:
        """Note a call that queued nothing. Status 0: the connection was reset."""
        at = micros(self.clock.now())
        with self.store.write() as db:
            db.execute(
                "INSERT INTO received (at, status, answered, sha256, bulk_ids) VALUES (?, ?, ?, ?, '[]')",
                (at, status, status != 0, digest),
            )
        if status not in UNCOUNTED:
            self._calls.add(at)

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
    def job(self) -> Job:
        """Only a job that runs processes; any job queues."""
        return self._job

    def _keep_job(self, job: Job) -> None:
        if job != self._job:
            self._job = job
            self.store.keep({"job": job.to_json()})

    def _first_job(self) -> Job:
        return Job() if self.rules.set_up else Job(status="NotConfigured", started=False)

    def make_job(self) -> None:
        """Make the tenant's job, which then waits to be started."""
        with self._cycles:
            self.tenant.keep("job", True)
            self._keep_job(Job(status="NotConfigured", started=False))

    def set_job(
        self,
        status: Status,
        reason: Reason = "QuarantinedOnDemand",
        lasts: int | None = None,
        *,
        disabled: bool = False,
    ) -> None:
        """Put the job into a state, by somebody's hand. `reason` and `lasts` are of a quarantine."""
        with self._cycles:
            if status == "Quarantine":
                self._keep_job(self._job.quarantined(reason, self.clock.now(), lasts=lasts))
            else:
                self._keep_job(self._job.set_to(status, disabled=disabled))

    def start_job(self) -> None:
        """Start provisioning; what is queued stays."""
        with self._cycles:
            self._begin()

    def pause_job(self) -> None:
        """Hold the job; it goes on queueing."""
        with self._cycles:
            self._keep_job(self._job.paused())

    def restart_job(self, scopes: frozenset[str] = FULL) -> None:
        """Running: records stay queued and missing managers are looked for again. Not running: the queue is purged.

        `scopes`: what is reset, as `synchronizationJobRestartScope` names it.
        """
        with self._cycles:
            if self._job.quarantine is not None and not scopes & {"None", "QuarantineState", "Full"}:
                return
            with self.store.write() as db:
                if scopes & {"ConnectorDataStore", "Full"}:
                    db.execute("DELETE FROM connections")
                if scopes & {"Escrows", "Full"}:
                    db.execute("DELETE FROM escrow")
                if self._job.runs:
                    db.execute("UPDATE pending SET open = 1")
                else:
                    db.execute("DELETE FROM queue")
                    db.execute("DELETE FROM pending")
            self._begin()

    def _begin(self) -> None:
        job = self._job.begun()
        if not self.tenant.notifies:
            message = "The job has no notification e-mail address."
            job = job.quarantined("EncounteredQuarantineException", self.clock.now(), message=message)
        self._keep_job(job)

    # --- schema

    @property
    def schema(self) -> dict[str, Any]:
        """The job's schema: the one that was set, or the default one."""
        kept: dict[str, Any] | None = self.tenant.document("schema")
        return kept or default_schema(self.tenant.template, self.identity.job_id, self.rules)

    def set_schema(self, schema: dict[str, Any] | None) -> None:
        """Set the job's schema; None: back to the default one.

        The next cycle is a full one: what failed is tried again, and missing managers are looked for.
        """
        with self._cycles:
            self._made = None
            number = int(self.tenant.document("schema_number", 1)) + 1
            self.tenant.keep("schema_number", number)
            self.tenant.keep("schema", schema and {**schema, "id": self.identity.job_id, "version": f"v{number}"})
            with self.store.write() as db:
                db.execute("UPDATE escrow SET due = 0")
                db.execute("UPDATE pending SET open = 1")

    def _program(self) -> Program | None:
        """The schema that was set, ready to be executed; None: the default one is what the cycles do."""
        tenant, rules = self.tenant, self.rules
        key = (rules, tenant.document("secrets"))
        if self._made is None or self._made[0] != key:
            schema = tenant.document("schema")
            domain = rules.default_domain or INITIAL_DOMAIN
            made = schema and program_of(schema, rules, domain, skips_out_of_scope=tenant.skips_out_of_scope)
            self._made = (key, made)
        return self._made[1]

    # --- connections

    def connection(self, object_id: str) -> dict[str, Any] | None:
        """The link of a source record, or else of an account, that has this id; None: there is none.

        An account that the job made or matched is linked to the record of its number, unless it is linked otherwise.
        """
        rows = self.store.rows(_CONNECTION, {"id": object_id})
        if not rows:
            return None
        return {
            "objectId": object_id,
            "sourceAnchor": rows[0]["source_id"],
            "targetAnchor": rows[0]["user_id"],
            "displayName": orjson.loads(rows[0]["body"]).get("displayName"),
            "objectTypeName": "User",
        }

    def disconnect(self, source_id: str, user_id: str) -> None:
        """Forget a link."""
        with self.store.write() as db:
            db.execute("DELETE FROM connections WHERE source_id = ?", (source_id,))
            db.execute("UPDATE users SET provisioned = 0 WHERE id = ?", (user_id,))

    def connect(self, source_id: str, upn: str) -> str:
        """Link a source record to an account, rightly or not; the account's id. Raises ValueError."""
        with self.store.write() as db:
            row = db.execute("SELECT id FROM users WHERE upn = ?", (upn,)).fetchone()
            if row is None:
                raise ValueError("userPrincipalName: nobody has it")
            db.execute("INSERT OR REPLACE INTO connections VALUES (?, ?)", (source_id, row["id"]))
            db.execute("UPDATE users SET provisioned = 1 WHERE id = ?", (row["id"],))
        return str(row["id"])

    # --- control

    def counts(self) -> dict[str, Any]:
        """The sandbox's contents, in numbers."""
        now = self.clock.now()
        number = self.store.number
        return {
            "instance": self.instance,
            "clock": {"mode": self.clock.mode, "now": iso(micros(now))},
            "job": {"id": self.identity.job_id, "status": self._job.status, "schedule": self._job.schedule},
            "users": number("SELECT count(*) FROM users"),
            "enabled": number("SELECT count(*) FROM users WHERE enabled"),
            "queue": number("SELECT count(*) FROM queue"),
            "escrow": number("SELECT count(*) FROM escrow"),
            "pendingManagers": number("SELECT count(*) FROM pending"),
            "log": number("SELECT count(*) FROM log"),
            "calls": number("SELECT count(*) FROM received"),
            "acceptedCalls": number("SELECT count(*) FROM received WHERE status = 202"),
            "callsInLastDay": self._calls.within(DAY, now),
            "faults": self.faults.number,
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
                keep_names(db, ids[-1], user)
        return ids

    def accounts(self, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
        """Accounts in the order of their creation, by the target's names, and the position after which there are more."""
        rows = self.store.rows("SELECT * FROM users WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit + 1))
        shown = []
        for row in rows[:limit]:
            attributes = orjson.loads(row["body"])
            named = ad_attributes(attributes) if self.identity.active_directory else attributes
            shown.append({"id": row["id"], "provisioned": bool(row["provisioned"]), **named})
        return shown, rows[limit - 1]["seq"] if len(rows) > limit else None

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

    def alter_user(self, upn: str, values: dict[str, Any]) -> str:
        """Change an account's values by provisioning name, as an administrator would; null clears. Raises ValueError."""
        with self.store.write() as db:
            row = db.execute("SELECT id, body, provisioned FROM users WHERE upn = ?", (upn,)).fetchone()
            if row is None:
                raise ValueError("userPrincipalName: nobody has it")
            before = orjson.loads(row["body"])
            body = {**before, **values}
            if not body.get("userPrincipalName"):
                raise ValueError("set.userPrincipalName: required")
            try:
                db.execute(
                    "UPDATE users SET employee_id = ?, upn = ?, enabled = ?, body = ? WHERE id = ?",
                    (body.get("employeeId"), body["userPrincipalName"], body.get("accountEnabled", True),
                     orjson.dumps(body), row["id"]),
                )  # fmt: skip
            except sqlite3.IntegrityError:
                raise ValueError("set.userPrincipalName: taken already") from None
            if row["provisioned"] and before.get("employeeId") not in (None, body.get("employeeId")):
                db.execute("INSERT OR IGNORE INTO connections VALUES (?, ?)", (before["employeeId"], row["id"]))
            keep_names(db, row["id"], body)
        return str(row["id"])

    def delete_group(self, group_id: str) -> str:
        """Delete a group for good. Raises ValueError."""
        with self.store.write() as db:
            if not db.execute("DELETE FROM groups WHERE id = ?", (group_id,)).rowcount:
                raise ValueError("id: no group has it")
        return group_id

    def delete_user(self, upn: str, *, for_good: bool = False) -> str:
        """Delete an account, as an administrator would: it goes to the deleted items, or is gone. Raises ValueError."""
        with self.store.write() as db:
            row = db.execute("SELECT id, body FROM users WHERE upn = ?", (upn,)).fetchone()
            if row is None:
                raise ValueError("userPrincipalName: nobody has it")
            body = orjson.loads(row["body"])
            body["userPrincipalName"] = row["id"].replace("-", "") + body["userPrincipalName"]
            db.execute("DELETE FROM users WHERE id = ?", (row["id"],))
            db.execute("DELETE FROM names WHERE user_id = ?", (row["id"],))
            if not for_good:
                db.execute("INSERT INTO deleted_users (id, body) VALUES (?, ?)", (row["id"], orjson.dumps(body)))
        return str(row["id"])

    def reset(self) -> None:
        """Back to an empty tenant with an active job and the options of the start; ids, certificates and tokens stay."""
        with self._cycles:
            with self.store.write() as db:
                for table in STATE_TABLES:
                    db.execute(f"DELETE FROM {table}")
            self._made = None
            forget(self.store)
            self.faults.disarm()
            self.restore_options()
            self.clock.reset()
            self.hcm.forget()
            self._next_cycle = self.clock.now() + self.rules.cycle_seconds
            self._keep_job(self._first_job())
            self.store.keep({"agent_warned": "0"})
            self._calls.clear()
            with self._log_lock:
                self._log_calls.clear()

    def close(self) -> None:
        """End a running cycle between two transactions and close the state."""
        self.stopping.set()
        with self._cycles:
            self.store.close()
