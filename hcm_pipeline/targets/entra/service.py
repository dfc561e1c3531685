"""Entra ID, live: `EntraService` is the connection that delivery talks to, `EntraLive` the target that makes it.

`EntraJob` is what is known of a synchronization job without a connection: its name, its limits, and how its log is read. The plan's
half, `target.EntraTarget`, is one with a profile, and `EntraLive` is one with a connection.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from hcm_pipeline.delivery import (
    Answer,
    DeliveryState,
    Health,
    Limits,
    Mend,
    NullFlows,
    OutcomeEntry,
    OutcomePage,
    Reception,
    SharedGate,
)
from hcm_pipeline.entra import (
    DAILY_QUOTA,
    LOG_RATE,
    NO_CHANGE,
    OPERATIONS_PER_REQUEST,
    UPLOAD_PERMISSION,
    UPLOAD_RATE,
    EntraConnection,
    LogEntry,
    is_bucket_full,
)
from hcm_pipeline.http import CallGate, Clock, Patience, Reply, utc_now
from hcm_pipeline.targets.entra import error_codes, job_health, log_matching, null_switches
from hcm_pipeline.warehouse import Relation, Scratch

if TYPE_CHECKING:
    from hcm_pipeline.entra import GraphClient  # at run time it loads httpx

REFUSED_BODY = frozenset({400, 409, 413, 422})
"""Statuses that speak of this body only: the next one may be taken. Others mean that no request will be."""
LONGEST_READING = dt.timedelta(minutes=4)
"""No reading of a page takes longer (the client's timeouts): one that began before was killed in it."""
_MENDS = {
    401: "; the service does not take the token: check the app registration and its tenant",
    403: f"; the app needs the permission {UPLOAD_PERMISSION}, with admin consent",
    404: "; check HCM_PIPELINE_SERVICE_PRINCIPAL_ID (the object id) and HCM_PIPELINE_JOB_ID",
}


def limits_of(quota: int = DAILY_QUOTA) -> Limits:
    """The limits of bulkUpload. `quota`: calls in any 24 hours that the tenant's other users leave."""
    return Limits(OPERATIONS_PER_REQUEST, UPLOAD_RATE.calls, UPLOAD_RATE.per, quota)


LIMITS = limits_of()


@dataclass(frozen=True)
class EntraJob:
    """A synchronization job, and how its log and a bulk request are read. `key` and `tenant`: see `EntraConnection`."""

    key: str
    tenant: str = ""
    limits: Limits = LIMITS

    @property
    def known_codes(self) -> frozenset[str]:
        """The codes that the documentation knows: nothing else of the log is fit to be told in a message."""
        return error_codes.KNOWN_CODES

    @property
    def may_not_ask(self) -> Health:
        """The health of a job that the app has no permission to read."""
        return job_health.NOT_READABLE

    def workers_in(self, body: bytes) -> tuple[str, ...]:
        """The externalIds of a bulk request."""
        return tuple(operation["data"]["externalId"] for operation in orjson.loads(body)["Operations"])

    def decide(self, t: Scratch, accepted: Relation, entries: Relation) -> Relation:
        """See `OutcomeRules.decide` and `log_matching`."""
        return log_matching.decide(t, self, accepted, entries)

    def mend(self, code: str | None) -> Mend:
        """The class of a code of the log, and what mends it."""
        return error_codes.mend_of(code)

    def mend_of_skip(self, code: str | None) -> Mend:
        """The same of a record that the service left out."""
        return error_codes.mend_of_skip(code)

    def describe_health(self, health: Health) -> str:
        """The state of the job, the reason and the mend, in one sentence."""
        return job_health.describe_health(health)


@dataclass(frozen=True, kw_only=True)
class EntraLive(EntraJob):
    """A job that can be talked to (see `live`). `journal`: where the calls of its log are counted, for all processes of a home.

    `null_flow_field`: see `Delivery.null_flow_field`.
    """

    connection: EntraConnection
    journal: DeliveryState | None = None
    null_flow_field: str | None = None

    def connect(self, patience: Patience, clock: Clock = utc_now) -> AbstractContextManager[EntraService]:
        """See `connect`."""
        return connect(self.connection, patience, clock, self.log_gate(patience, clock), self.null_flow_field)

    def log_gate(self, patience: Patience, clock: Clock) -> CallGate | None:
        """The gate of the log's own limit, which is a tenant's; None without a journal: the connection counts its own calls."""
        if self.journal is None:
            return None
        name = f"log of {self.tenant}"
        return SharedGate(self.journal, name, LOG_RATE, clock=clock, sleep=patience.sleep, longest=LONGEST_READING)


def live(
    connection: EntraConnection, quota: int = DAILY_QUOTA, journal: DeliveryState | None = None,
    null_flow_field: str | None = None,
) -> EntraLive:  # fmt: skip
    """The target of a connection. `quota`: see `limits_of`; `journal` and `null_flow_field`: see `EntraLive`."""
    return EntraLive(
        connection.key, connection.tenant, limits_of(quota), connection=connection, journal=journal,
        null_flow_field=null_flow_field,
    )  # fmt: skip


@contextmanager
def connect(
    connection: EntraConnection, patience: Patience, clock: Clock = utc_now, log_gate: CallGate | None = None,
    null_flow_field: str | None = None,
) -> Iterator[EntraService]:  # fmt: skip
    """A connection to Graph, for the time of a `with` block."""
    from hcm_pipeline.entra import GraphClient  # loads httpx

    with GraphClient(connection, patience=patience, clock=clock, log_gate=log_gate) as client:
        yield EntraService(client, connection.job_id, null_flow_field)


class EntraService:
    """Graph as delivery's `Service`. `post` may be called by any thread, the rest by one.

    A token that is refused before its time is renewed once in a row: the answer to such a request is `AGAIN`, and the next 401
    without anything taken in between closes the service.
    """

    def __init__(self, client: GraphClient, job_id: str, null_flow_field: str | None = None) -> None:
        self._client = client
        self._null_flow_field = null_flow_field
        self._job_id = job_id.lower()
        self._lock = threading.Lock()
        self._token = ""
        self._number = 0  # how often a token was renewed before this one
        self._renewals = 0
        self._unproven = False  # the token was renewed, and nothing was taken with it yet

    def prepare(self) -> None:
        """Have a token. Raises SignInFailed, or NoAnswer when the authority cannot be reached."""
        with self._lock:  # a token and its number belong together, and MSAL is for one thread at a time
            self._token, self._number = self._client.sign_in(), self._renewals

    def post(self, number: int, body: bytes) -> Answer:
        """Post one bulk request; see `Service.post`. Entra ID does not ask for its number."""
        del number
        with self._lock:
            token, renewals = self._token, self._number
        reply = self._client.bulk_upload(body, token)
        with self._lock:
            reception = self._received(reply, renewals)
        return answer_of(reply, reception)

    def health(self) -> Health:
        """The state of the job."""
        return job_health.read_job(self._client)

    def null_flows(self, columns: Collection[str]) -> NullFlows:
        """The word of the job's schema on nulls."""
        return null_switches.read_null_flows(self._client, columns, self._null_flow_field)

    def outcomes(self, since: dt.datetime) -> Iterator[OutcomePage]:
        """The entries of the job in the provisioning log."""
        for page in self._client.provisioning_log(since):
            ours = tuple(outcome_of(entry) for entry in page.entries if self._is_ours(entry))
            yield OutcomePage(ours, page.service_time, page.unreadable)

    def _is_ours(self, entry: LogEntry) -> bool:
        """Whether an entry is of the target's job. The service was asked for this job only: an entry that names none is."""
        return entry.job_id.lower() in ("", self._job_id)

    def _received(self, reply: Reply, renewals: int) -> Reception:
        if reply.accepted or reply.status in REFUSED_BODY:
            if renewals == self._renewals:
                self._unproven = False
            return Reception.ACCEPTED if reply.accepted else Reception.REFUSED
        if reply.status == 401 and self._renewed(renewals):
            return Reception.AGAIN
        return Reception.LATER if reply.passing else Reception.CLOSED

    def _renewed(self, renewals: int) -> bool:
        """Whether a request that was refused with 401 may be sent with another token."""
        if renewals < self._renewals:
            return True  # another request with the same token was answered before
        if self._unproven:
            return False
        self._renewals += 1
        self._unproven = True
        self._client.forget_token()
        return True


def answer_of(reply: Reply, reception: Reception) -> Answer:
    """A reply, as far as delivery has to know it."""
    return Answer(
        reception=reception,
        says=reply.describe(),
        service_time=reply.service_time,
        status=reply.status,
        request_id=reply.request_id or None,
        wait=reply.retry_after,
        congested=is_bucket_full(reply),
        may_have_arrived=reply.status == 408 or reply.status >= 500,  # it may have been taken before the service failed
        code=reply.code,
        mend=_MENDS.get(reply.status, ""),
        detail=reply.detail or None,
    )


def outcome_of(entry: LogEntry) -> OutcomeEntry:
    """An entry of the log, as far as delivery has to know it."""
    return OutcomeEntry(
        id=entry.id,
        at=entry.activity_time,
        person_number=entry.external_id,
        status=entry.status,
        action=entry.action,
        good=entry.status == "success" or entry.skip == NO_CHANGE,
        change_id=entry.change_id,
        skip=entry.skip,
        unresolved=bool(entry.unresolved_references),
        twin=entry.resolves_references,
        error_code=entry.error_code,
        reason=entry.reason,
        advice=entry.recommended_action,
        landed_on=entry.target_id,
        received=entry.received,
    )
