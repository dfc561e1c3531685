"""Oracle HCM, live: `OracleService` is the connection that delivery talks to, `OracleLive` the target that makes it.

A request is a list of workers. An answer tells of every one of them at once, with a receipt: what was there before, what was
written, and how. A failure that passes ends the request; it is sent again whole, and whoever was written before is found so.
"""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from hcm_pipeline.delivery import (
    UNKNOWN_CODE,
    WRITES_BACK,
    Answer,
    FailureClass,
    Health,
    HealthState,
    Limits,
    Mend,
    NullFlows,
    OutcomeEntry,
    OutcomePage,
    Reception,
    first_in_first_out,
)
from hcm_pipeline.errors import SignInFailed
from hcm_pipeline.http import Clock, Patience, utc_now
from hcm_pipeline.oracle import (
    Forbidden,
    HcmCalls,
    NotWritten,
    OracleConnection,
    Passing,
    Way,
    Wish,
    WorkerWriter,
    WriteRules,
    Written,
)
from hcm_pipeline.plain_text import counted
from hcm_pipeline.warehouse import Relation, Scratch, literal, query

QUOTA = 10_000_000
"""No daily quota of Oracle HCM is known."""
FAULT, FAULTS = 500, 3
"""So often a worker over whom Oracle fails keeps the others waiting."""
PRIVILEGES = (
    "; the account needs PER_REST_SERVICE_ACCESS_WORKERS_PRIV for mail and phones, and for user names"
    " ASE_REST_SERVICE_ACCESS_IDENTITY_INTEGRATION_PRIV or the role IT Security Manager"
)
_DATA, _LATER, _SETUP = FailureClass.DATA, FailureClass.RETRY, FailureClass.CONFIGURATION
MENDS: Mapping[str, Mend] = {
    "WorkerNotFound": Mend(_LATER, "Oracle HCM shows no worker with this number: it is tried again later"),
    "SeveralWorkers": Mend(_DATA, "Oracle HCM shows several workers with this number; nothing was guessed"),
    "NotStarted": Mend(_LATER, "the worker has not started in Oracle HCM; writeback.before_start writes all the same"),
    "HasLeft": Mend(_DATA, "the worker has left in Oracle HCM; writeback.after_end writes all the same"),
    "Unreadable": Mend(_DATA, "Oracle HCM's dates of the worker's employment cannot be read; mend them there"),
    "NotVisible": Mend(_SETUP, "the account may not see mail or phones of the worker: grant the data privilege"),
    "NoLinks": Mend(_SETUP, "Oracle HCM answers without links: set oracle.framework_version to 4 or more"),
    "NoUserAccount": Mend(_LATER, "the worker has no user account in Oracle HCM yet: it is tried again later"),
    "SeveralUserAccounts": Mend(_DATA, "the worker has several user accounts in Oracle HCM; nothing was guessed"),
    "UserNameTooLong": Mend(_DATA, "the user name is longer than the 100 characters that Oracle HCM takes"),
    "NoNumber": Mend(_DATA, "the phone number has no digits: mend it in Entra ID"),
    "NoWay": Mend(_SETUP, "neither userAccounts nor SCIM takes user names: grant the privileges of the how-to"),
    "Locked": Mend(_LATER, "somebody else was writing the worker: it is tried again later"),
    "ServiceFault": Mend(_LATER, "Oracle HCM failed over this worker again and again: it is tried again later"),
    "Refused": Mend(_DATA, "Oracle HCM refused the value; its own words are in receipts"),
    "NotKept": Mend(_DATA, "Oracle HCM took the value and shows another one: a rule of its own changes it"),
}
"""The reasons for which a worker was not written."""
OF_ONE_WORKER = frozenset(
    {"WorkerNotFound", "SeveralWorkers", "NotStarted", "HasLeft", "Unreadable", "NoUserAccount", "SeveralUserAccounts",
     "UserNameTooLong", "NoNumber", "Locked", "ServiceFault"}
)  # fmt: skip
"""Reasons that say nothing of the others: they stop no plan whose first workers go alone."""


def key_of(connection: OracleConnection) -> str:
    """The key of an Oracle HCM, by its host."""
    return f"{WRITES_BACK}{connection.host}"


@dataclass(frozen=True)
class OracleSide:
    """An Oracle HCM that takes values back, without a connection. `key` and `tenant`: see `key_of`."""

    key: str
    limits: Limits
    tenant: str = ""

    @property
    def known_codes(self) -> frozenset[str]:
        """The codes that are fit to be told in a message: all of them are our own."""
        return frozenset(MENDS)

    @property
    def may_not_ask(self) -> Health:
        """The health of a service that does not tell."""
        return Health(HealthState.UNKNOWN)

    def workers_in(self, body: bytes) -> tuple[str, ...]:
        """The person numbers of a request."""
        return tuple(worker["person_number"] for worker in orjson.loads(body))

    def decide(self, t: Scratch, accepted: Relation, entries: Relation) -> Relation:
        """Each entry is a change of its own: an answer tells of its request's workers once."""
        changes = t.make(
            "changes", f"select * replace (log_id as change_id), 0 as step, logged_at as begins_at from {entries}"
        )
        served = first_in_first_out(t, accepted, changes)
        classes = " ".join(
            f"when {literal(code)} then {literal(str(mend.failure_class))}" for code, mend in MENDS.items()
        )
        unknown = literal(str(UNKNOWN_CODE.failure_class))
        failed = f"case when status <> 'success' then case error_code {classes} else {unknown} end end"
        return t.make("decided", query(__package__, "decided", served=served, entries=entries, failure_class=failed))

    def mend(self, code: str | None) -> Mend:
        """The class of a code, and what mends it."""
        return MENDS.get(code or "", UNKNOWN_CODE)

    mend_of_skip = mend

    def describe_health(self, health: Health) -> str:
        """The state, in one sentence."""
        return f"Oracle HCM is {health.state}"


@dataclass(frozen=True, kw_only=True)
class OracleLive(OracleSide):
    """An Oracle HCM that can be talked to. `zone_day`: the day of a moment where the workers are."""

    connection: OracleConnection
    rules: WriteRules
    zone_day: Any
    framework_version: int = 4
    timeout: float = 300.0
    width: int = 4
    memory: dict[str, Way] = field(default_factory=dict)
    """The resource that was found to take user names, by key; the owner keeps it."""
    wire: httpx.BaseTransport | None = None

    def connect(self, patience: Patience, clock: Clock = utc_now) -> AbstractContextManager[OracleService]:
        """A connection, for the time of a `with` block."""
        del patience  # of each call one attempt is made here; delivery has the patience
        return self._connected(clock)

    @contextmanager
    def _connected(self, clock: Clock) -> Iterator[OracleService]:
        calls = HcmCalls(
            self.connection, framework_version=self.framework_version, timeout=self.timeout, width=self.width, clock=clock,
            wire=self.wire,
        )  # fmt: skip
        writer = WorkerWriter(calls, self.rules, self.zone_day, self.memory.get(self.key))
        try:
            yield OracleService(writer, calls)
        finally:
            calls.close()
            if writer.way is not None:
                self.memory[self.key] = writer.way


class OracleService:
    """Oracle HCM as delivery's `Service`. `post` may be called by any thread."""

    def __init__(self, writer: WorkerWriter, calls: HcmCalls) -> None:
        self._writer, self._calls = writer, calls
        self._lock = threading.Lock()
        self._told: dict[tuple[int, str], OutcomeEntry] = {}
        """Workers of requests that were cut off: their receipts are not to be lost."""
        self._faults: Counter[str] = Counter()
        """How often Oracle failed (500) over a worker."""

    def prepare(self) -> None:
        """Nothing: a token is had when a call is made."""

    def post(self, number: int, body: bytes) -> Answer:
        """Write the workers of a request, one after the other. Raises NoAnswer."""
        told: list[OutcomeEntry] = []
        for worker in orjson.loads(body):
            person = str(worker["person_number"])
            with self._lock:
                known = self._told.get((number, person))
            entry = known or self._write(person, worker)
            if isinstance(entry, Answer):
                return entry
            with self._lock:
                self._told[number, person] = entry
            told.append(entry)
        with self._lock:
            for entry in told:
                self._told.pop((number, entry.person_number), None)
        return Answer(
            Reception.ACCEPTED,
            f"{counted(len(told), 'worker')} looked at",
            self._calls.service_time,
            200,
            outcomes=tuple(told),
        )

    def _write(self, person: str, worker: Mapping[str, Any]) -> OutcomeEntry | Answer:
        wishes = {name: Wish(said["now"], said["was"]) for name, said in worker.items() if isinstance(said, dict)}
        try:
            done = self._writer.write(person, wishes)
        except NotWritten as failed:
            return _entry(self._calls.service_time, person, failed.code, failed.detail)
        except Passing as later:
            if later.reply is not None and later.reply.status == FAULT:
                with self._lock:
                    self._faults[person] += 1
                    again = self._faults[person] < FAULTS
                if not again:
                    return _entry(self._calls.service_time, person, "ServiceFault", later.says)
            reply, now = later.reply, self._calls.service_time
            return Answer(
                Reception.LATER, later.says, reply.service_time if reply else now, reply.status if reply else None,
                (reply.request_id or None) if reply else None, reply.retry_after if reply else None,
                may_have_arrived=later.sent, code=reply.code if reply else "",
            )  # fmt: skip
        except Forbidden as forbidden:
            reply = forbidden.reply
            return Answer(
                Reception.CLOSED, reply.describe(), reply.service_time, reply.status, reply.request_id or None,
                code=reply.code, mend=PRIVILEGES,
            )  # fmt: skip
        except SignInFailed:
            return Answer(Reception.CLOSED, "401", self._calls.service_time, 401, mend=f"; {self._calls.mend}")
        return _entry(self._calls.service_time, person, None, receipt_of(done, wishes))

    def health(self) -> Health:
        """Whether it takes what it is sent is found by sending."""
        return Health(HealthState.UNKNOWN)

    def null_flows(self, columns: Collection[str]) -> NullFlows | None:
        """Nothing is ever cleared."""
        del columns
        return None

    def outcomes(self, since: dt.datetime) -> Iterator[OutcomePage]:
        """Answers have told everything."""
        del since
        yield OutcomePage((), self._calls.service_time)


def receipt_of(done: Mapping[str, Written], wishes: Mapping[str, Wish]) -> str:
    """The receipt of a worker, JSON: of each attribute what was there, what is there now, and the call; "" for none.

    A value that was there already may be that of an attempt whose process died before it could tell: what was there before is
    what the plan had found.
    """
    found = {
        name: {"before": w.before if w.how else wishes[name].was or "", "after": w.after, "how": w.how}
        for name, w in done.items()
    }
    return orjson.dumps(found).decode()


def _entry(at: dt.datetime, person: str, code: str | None, reason: str) -> OutcomeEntry:
    status = "success" if code is None else "failure"
    return OutcomeEntry(
        uuid.uuid4().hex,
        at,
        person,
        status,
        "write",
        code is None or code in OF_ONE_WORKER,
        error_code=code,
        reason=reason or None,
    )


def limits_of(workers: int, per_minute: int) -> Limits:
    """The limits of a writeback: workers in a request, and requests in a minute."""
    return Limits(workers, per_minute, dt.timedelta(minutes=1), QUOTA)
