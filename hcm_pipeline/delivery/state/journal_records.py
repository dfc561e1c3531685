"""The contents of the delivery journal, as values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hcm_pipeline.deciders import Decider
from hcm_pipeline.delivery.service import OutcomeEntry
from hcm_pipeline.errors import PipelineError


class SentMeanwhile(PipelineError):
    """A plan does not know of a request that went out while it was made."""


class ManifestState(StrEnum):
    """Where a manifest stands."""

    READY = "ready"
    HELD = "held"
    UPLOADING = "uploading"
    ACCEPTED = "accepted"
    FAILED = "failed"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class RequestState(StrEnum):
    """Where a request stands."""

    PLANNED = "planned"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


OPEN = (ManifestState.READY, ManifestState.UPLOADING)
WAITING = (*OPEN, ManifestState.HELD)
REST_OF = "the rest of manifest "
"""How the reason of an approval begins that a newer plan took over, see `PlanRecords.register_plan`."""
CLOSED = (ManifestState.SUPERSEDED, ManifestState.REJECTED)
UNREGISTERED = "the journal does not know it: it was planned with one that is lost, or its planning was cut off"
"""Why a manifest is closed that the warehouse knows and the journal does not: nothing of it goes out."""
UNSETTLED = (RequestState.SENDING, RequestState.UNKNOWN)


@dataclass(frozen=True)
class JournaledManifest:
    """One manifest as the journal has it. `folder` is relative to the home.

    `held_for` is the matter that a person decides about, None of a free one; `approved_until` is set while an approval counts.
    `newest`: it belongs to the newest plan of its target. `started_by`: the person whose run planned it first, None when nobody is
    known.
    """

    manifest_id: str
    business_date: dt.date
    target: str
    folder: Path
    requests: int
    operations: int
    state: ManifestState
    created_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    attempts: int
    reason: str | None
    held_for: str | None
    approved_until: dt.datetime | None
    newest: bool
    started_by: str | None = None


@dataclass(frozen=True)
class Decision:
    """A person's decision about a manifest: `approve` or `reject`. An approval counts until `expires_at`.

    `how`: at the command line (`cli`, the system's account), in the UI (`ui`, a name that nobody checked), or there signed in at
    the reverse proxy (`proxy`). `before` and `digest`: see `decision_chain`.
    """

    decision_no: int
    manifest_id: str
    decision: str
    decided_by: str
    how: str
    decided_at: dt.datetime
    why: str | None
    expires_at: dt.datetime | None
    before: str
    digest: str = ""


@dataclass(frozen=True)
class OtherDecision:
    """A person's decision about something else than a held manifest: its canary, or a target's history."""

    about: str
    subject: str
    decision: str
    by: Decider
    why: str | None


@dataclass(frozen=True)
class ApprovalRule:
    """How many people must approve a manifest, each under a name of their own, and whether one of them may have started its run.

    A rule that asks for more than one, or for another person, takes names only that somebody has checked: not those of `ui`.
    """

    people: int = 1
    not_who_started: bool = False

    @property
    def usual(self) -> bool:
        """Whether one person, any person, is enough."""
        return self.people < 2 and not self.not_who_started


@dataclass(frozen=True)
class RequestRecord:
    """One request as the journal has it. `error` is fit to be shown; `perhaps`: so many attempts may have arrived that were not
    accepted."""

    manifest_id: str
    request_no: int
    state: RequestState
    sends: int
    first_sent_at: dt.datetime
    answered_at: dt.datetime | None
    status: int | None
    request_id: str | None
    service_time: dt.datetime | None
    error: str | None
    perhaps: int = 0


@dataclass(frozen=True)
class Acceptance:
    """A request that the service took. `service_time` is its clock, which outcomes go by. `perhaps`: so many other attempts of it
    may have arrived, too."""

    accept_seq: int
    manifest_id: str
    request_no: int
    folder: Path
    target: str
    accepted_at: dt.datetime
    service_time: dt.datetime
    request_id: str | None
    perhaps: int = 0


@dataclass(frozen=True)
class Attempted:
    """An attempt to send a request that arrived, or may have. `since`: what came of it happened then or later."""

    manifest_id: str
    request_no: int
    since: dt.datetime


@dataclass(frozen=True)
class ManifestProgress:
    """Requests of a manifest by where they stand; they add up to `requests`."""

    requests: int
    accepted: int
    refused: int
    unknown: int
    planned: int

    @property
    def settled(self) -> int:
        """Requests that the service has decided on."""
        return self.accepted + self.refused


@dataclass(frozen=True)
class SendResult:
    """How one attempt to send a request ended. `state` is what the request is now; `status` is None when no answer came.

    `outcomes`: what became of the operations, where the answer said so at once.
    """

    state: RequestState
    status: int | None = None
    request_id: str | None = None
    service_time: dt.datetime | None = None
    error: str | None = None
    detail: str | None = None
    outcomes: tuple[OutcomeEntry, ...] = ()
