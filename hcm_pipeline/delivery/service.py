"""The live half of a target's protocol: all that delivery asks of a target while it talks to it.

`OutcomeRules` needs no connection: how entries settle operations, and what mends a failure. `LiveTarget` adds the way to
connect, and `Service` is a connection. Statuses, tokens, codes and logs of a particular service stay behind these. See
`delivery.target` for how they belong together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from hcm_pipeline.delivery.target import KnownTarget
from hcm_pipeline.http import Clock, Patience
from hcm_pipeline.warehouse import Relation, Scratch

# --- what a service answers


class Reception(StrEnum):
    """How a service received one request."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """This body only: the next one may be taken."""
    CLOSED = "closed"
    """No request will be taken before a person has mended something."""
    AGAIN = "again"
    """The same request may be sent at once: nothing is wrong with the service (a token was renewed)."""
    LATER = "later"
    """The same request may be taken later."""


@dataclass(frozen=True)
class OutcomeEntry:
    """One entry about one worker: what became of a version that was sent.

    `status` is success, failure, skipped or warning; any other settles nothing. `change_id` is the service's own name of the
    piece of work, empty when it has none. `good`: what was sent is there, whatever the service had to do for it. `skip` says why
    a skipped entry was skipped. `unresolved`: a reference (the manager) was left out; `twin`: the entry only fills one in, and
    says nothing of the record. `reason` and `advice` are the service's own words, and may be personal. `received`: the
    attributes that the record had a value of, spelled in whatever way that leaves letters and digits as they are; None: it does
    not tell.
    """

    id: str
    at: dt.datetime
    person_number: str
    status: str
    action: str
    good: bool
    change_id: str = ""
    skip: str | None = None
    unresolved: bool = False
    twin: bool = False
    error_code: str | None = None
    reason: str | None = field(default=None, repr=False)
    advice: str | None = field(default=None, repr=False)
    landed_on: str | None = None
    """The service's id of the account that it worked on, where it tells."""
    received: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Answer:
    """A service's answer to one request. `says`, `code` and `mend` are fit to be shown; `detail` is for private files only.

    `service_time` is the service's clock. `wait`: seconds that it asks to wait, None when it does not say. `congested`: it takes
    minutes to pass, not seconds. `may_have_arrived`: the request may have been taken although it was not accepted. `outcomes`:
    what became of the operations, where the answer says so at once.
    """

    reception: Reception
    says: str
    service_time: dt.datetime
    status: int | None = None
    request_id: str | None = None
    wait: float | None = None
    congested: bool = False
    may_have_arrived: bool = False
    code: str = ""
    mend: str = ""
    outcomes: tuple[OutcomeEntry, ...] = ()
    detail: str | None = field(default=None, repr=False)

    @property
    def accepted(self) -> bool:
        """Whether the service took the request."""
        return self.reception is Reception.ACCEPTED


# --- whether a service processes what it takes


class HealthState(StrEnum):
    """The state of a service that takes requests. Only running and unknown ones are sent anything."""

    RUNNING = "running"
    PAUSED = "paused"
    QUARANTINE = "quarantine"
    NOT_STARTED = "not started"
    SILENT = "silent"
    UNKNOWN = "unknown"


STOPPED = (HealthState.PAUSED, HealthState.QUARANTINE, HealthState.NOT_STARTED)


@dataclass(frozen=True)
class Health:
    """The known state of a service. `reason` is fit to be shown. `until`: when a silent one is tried again."""

    state: HealthState
    reason: str | None = None
    until: dt.datetime | None = None

    @property
    def stopped(self) -> bool:
        """Whether the service itself says that it processes nothing."""
        return self.state in STOPPED

    @property
    def unknown(self) -> bool:
        """Whether the service does not tell."""
        return self.state is HealthState.UNKNOWN

    def stops(self, now: dt.datetime) -> bool:
        """Whether nothing is to be sent."""
        return self.stopped or (self.state is HealthState.SILENT and self.until is not None and now < self.until)


# --- the fate of a null


class NullFlow(StrEnum):
    """The fate of a null that a service is sent for an attribute."""

    FLOWS = "flows"
    """It clears the value that the account has."""
    STAYS = "stays"
    """The service skips it, and the value stays."""
    UNUSED = "unused"
    """The service does nothing with the attribute, whatever it is sent."""


@dataclass(frozen=True)
class NullFlows:
    """A service's word on the nulls of its attributes, by column. `at` is its clock.

    `why_not`: what it did not tell and why, in words fit to be shown. Without a word on any column the profile's counts, or, where
    `stands`, what was known before. `held_as`: by column, the attributes of an account that have its value, by the service's names.
    """

    at: dt.datetime
    by_column: Mapping[str, NullFlow]
    why_not: str | None = None
    held_as: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stands: bool = False


# --- what a failure asks for


class FailureClass(StrEnum):
    """The thing that has to happen before sending again can help."""

    RETRY = "retry later"
    DATA = "needs data"
    CONFIGURATION = "needs configuration"
    MANAGER = "needs its manager"


@dataclass(frozen=True)
class Mend:
    """The class of a code, and what a person does about it."""

    failure_class: FailureClass
    mend: str


UNKNOWN_CODE = Mend(
    FailureClass.RETRY,
    "the documentation does not know this code: read the service's own words (reason, advice) in receipts",
)
"""Tried again a few times with growing waits, and then left to a person: neither lost nor hammered."""


# --- the protocols


@dataclass(frozen=True)
class OutcomePage:
    """Some entries. `service_time` is the service's clock when it answered."""

    entries: tuple[OutcomeEntry, ...]
    service_time: dt.datetime
    unreadable: int = 0
    """Entries that could not be read, of whatever job."""


class Service(Protocol):
    """A connection to a target, for one thread but for `post`, which any may call."""

    def prepare(self) -> None:
        """Have at hand what the next call needs, such as a token.

        Raises SignInFailed, or NoAnswer when the authority cannot be reached.
        """

    def post(self, number: int, body: bytes) -> Answer:
        """Post one request of a manifest, exactly these bytes, once. `number` is the request's.

        Raises NoAnswer when the connection failed; its `sent` says whether the request may have arrived.
        """

    def health(self) -> Health:
        """Ask whether the service processes what it takes. Where it does not tell, that is unknown, which stops nothing."""

    def null_flows(self, columns: Collection[str]) -> NullFlows | None:
        """The fate of a null in each of these columns; None: nothing is new, and what was known stays."""

    def outcomes(self, since: dt.datetime) -> Iterator[OutcomePage]:
        """The outcomes of versions that were sent, from `since` on, in any order; at least one page.

        Entries of other senders and of nobody's are left out.
        """


class Mends(Protocol):
    """The mends of failures, by their codes."""

    def mend(self, code: str | None) -> Mend:
        """The class of a failure's code, and what mends it."""

    def mend_of_skip(self, code: str | None) -> Mend:
        """The same of a version that the target left out for a reason that somebody can mend."""


class OutcomeRules(KnownTarget, Mends, Protocol):
    """How a target's entries are read, without a connection."""

    def decide(self, t: Scratch, accepted: Relation, entries: Relation) -> Relation:
        """Which entry decides which operation, and what it says: at most one row for each row of `accepted`.

        `accepted`: person_number, plan_no, request_no, op_no, opens_at, epoch (see `matching.find_accepted`). `entries`: the
        columns of log_entries but target, of these workers. The result has the columns of `outcomes`.
        """

    def describe_health(self, health: Health) -> str:
        """State, reason and mend, in one sentence."""


class LiveTarget(OutcomeRules, Protocol):
    """A target that can be talked to."""

    def workers_in(self, body: bytes) -> tuple[str, ...]:
        """The person numbers of which a request holds a version."""

    def connect(self, patience: Patience, clock: Clock) -> AbstractContextManager[Service]:
        """A connection, for the time of a `with` block."""
