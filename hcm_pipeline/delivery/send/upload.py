"""Upload a manifest: every request, journaled before and after, until all are settled.

Whatever cuts it off (a crash, a lost connection, the quota, a newer plan), the journal says where it stood, and the
next upload goes on there with the same bytes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from hcm_pipeline.delivery.manifest import Manifest, bodies, verify
from hcm_pipeline.delivery.plan.canary import Canary
from hcm_pipeline.delivery.send.first_outcomes import SKEW, find_canary_outcomes
from hcm_pipeline.delivery.send.in_flight import InFlight, Post, Threads
from hcm_pipeline.delivery.send.sending import Line, Paused, Sending, Superseded
from hcm_pipeline.delivery.service import LiveTarget, Service
from hcm_pipeline.delivery.state import (
    OPEN,
    DeliveryState,
    JournaledManifest,
    ManifestState,
    Pace,
    Pause,
    PauseKind,
    RequestState,
)
from hcm_pipeline.errors import GuardStop, PipelineError
from hcm_pipeline.home import Home, private
from hcm_pipeline.http import Clock, Patience, Sleep, looks, utc_now
from hcm_pipeline.locks import advisory_lock

log = logging.getLogger(__name__)

LOOK_AGAIN = dt.timedelta(minutes=15)
"""A service that does not run is looked at again after so long."""


@dataclass(frozen=True)
class UploadTerms:
    """How long an upload waits, by which clock, and for which canary."""

    patience: Patience = field(default_factory=Patience)
    clock: Clock = utc_now
    canary: Canary = field(default_factory=Canary)


@dataclass(frozen=True)
class UploadReport:
    """How an upload ended.

    `sent`: attempts made by this upload. `paused_until`: when to go on, if something ended it early. `stopped`: a
    person has to do something first. `reason`: why it paused, stopped or failed. `already`: the manifest was finished
    before, and nothing was done.
    """

    manifest_id: str
    state: ManifestState
    requests: int
    accepted: int
    refused: int
    sent: int
    paused_until: dt.datetime | None = None
    already: bool = False
    reason: str | None = None
    stopped: bool = False


def upload(
    home: Home,
    target: LiveTarget,
    manifest_id: str,
    *,
    journal: DeliveryState,
    terms: UploadTerms | None = None,
    progress: Callable[[int, int], None] = lambda *_: None,
    still_holds: Callable[[Manifest], None] = lambda _: None,
    fence: Callable[[Service], None] = lambda _: None,
    in_flight: Callable[[Post, Clock, Sleep], InFlight] = Threads,
) -> UploadReport:
    """Send what is left of a manifest; `progress` hears (settled, all) requests after each.

    Raises UsageError for an unknown id; GuardStop for a manifest that waits for an approval or was rejected;
    PipelineError when the manifest's bytes are not those planned, it belongs to another target, or another upload does
    not finish in time; BrokenChain; what `still_holds` raises of a manifest of which nothing was sent yet; what `fence`
    raises of the target before anything is sent; SignInFailed;
    ServiceRefused when the service takes no request at all; ServiceUnavailable when patience ran out. After any of
    these the upload can be started again.
    """
    terms = terms or UploadTerms()
    found = journal.get(manifest_id)
    with _only_uploader(home.locks, target, terms.patience):
        found = journal.get(found.manifest_id)  # another uploader may have finished it meanwhile
        journal.verify_decisions()
        refuse_undecided(found)
        if found.state not in OPEN:
            log.info("manifest %s is %s already; nothing was sent", found.manifest_id[:12], found.state)
            return _report(journal, found, sent=0, already=True)
        planned = _checked(home, found, target)
        if found.state is ManifestState.READY:
            still_holds(planned.manifest)
        with target.connect(terms.patience, terms.clock) as service:
            fence(service)
            run = _Upload(planned, journal, target, service, terms)
            ended = run.run(in_flight(service.post, terms.clock, terms.patience.sleep), progress)
        report = _report(journal, journal.get(found.manifest_id), sent=run.sent, pause=ended)
    log.info(
        "manifest %s is %s: %d of %d requests accepted, %d refused, %d sent now",
        report.manifest_id[:12], report.state, report.accepted, report.requests, report.refused, report.sent,
    )  # fmt: skip
    return report


def refuse_undecided(found: JournaledManifest) -> None:
    """Raise GuardStop for a manifest that waits for an approval, or was rejected."""
    if found.state is ManifestState.HELD:
        reason = f"; {found.reason}" if found.reason else ""
        raise GuardStop(
            f"manifest {found.manifest_id[:12]} is held ({found.held_for}){reason}: `hcm-pipeline plan` says why,"
            " `approve` or `reject` decides"
        )
    if found.state is ManifestState.REJECTED:
        raise GuardStop(f"manifest {found.manifest_id[:12]} was {found.reason}: nothing of it is sent")


@dataclass(frozen=True)
class _EndedEarly:
    """Why an upload ended before its manifest did. `until` None: a person decides."""

    reason: str
    until: dt.datetime | None
    stopped: bool = False


@dataclass(frozen=True)
class _Planned:
    """A manifest as the journal and its folder have it."""

    found: JournaledManifest
    manifest: Manifest
    folder: Path


class _Upload:
    """One run over a manifest, by the holder of the target's lock."""

    def __init__(
        self, planned: _Planned, journal: DeliveryState, target: LiveTarget, service: Service, terms: UploadTerms
    ) -> None:
        self.sent = 0
        self._found = planned.found
        self._id = planned.found.manifest_id
        self._name = f"manifest {self._id[:12]}"
        self._profile = planned.manifest.inputs.get("profile", "")
        self._folder = planned.folder
        self._journal = journal
        self._target = target
        self._service = service
        self._pace = Pace(journal, target.tenant, target.key, target.limits, clock=terms.clock)
        self._patience = terms.patience
        self._clock = terms.clock
        self._canary = terms.canary
        self._pauses = journal.pauses(planned.found.target)

    def run(self, in_flight: InFlight, progress: Callable[[int, int], None]) -> _EndedEarly | None:
        """Send every unsettled request. Returns why it ended early, if it did."""
        self._pace.end_lost()
        early = self._may_not_begin()
        if early is not None:
            return early
        self._pauses.go_on()
        self._journal.start(self._id)
        prepare, workers_in = self._service.prepare, self._target.workers_in
        line = Line(in_flight, prepare, workers_in, self._pace, self._patience, self._clock)
        sending = Sending(self._found, self._journal, line, lambda settled: progress(settled, self._found.requests))
        try:
            progress(self._journal.progress(self._id).settled, self._found.requests)
            early = self._send(sending)
        except Superseded:
            log.info("%s was superseded or rejected; the upload stops", self._name)
        except Paused as pause:
            log.info("%s: %s", self._name, pause)
            early = self._pause(PauseKind.QUOTA if pause.spent else PauseKind.SERVICE, pause.until, str(pause))
        finally:
            self.sent = sending.attempts
            in_flight.close()
        self._journal.finish(self._id)
        return early

    def _may_not_begin(self) -> _EndedEarly | None:
        """The reason not to begin: a pause that the service asked for, a bad canary, a service that stands still."""
        failed = self._pauses.failed(self._id)
        if failed is not None:
            return _EndedEarly(failed, None, stopped=True)
        pause = self._pauses.paused()
        if pause is not None and pause.kind is PauseKind.SERVICE and pause.until > self._clock():
            return _EndedEarly(pause.reason, pause.until)
        reason = self._service_stands_still()
        if reason is not None:
            return self._pause(PauseKind.JOB, self._clock() + LOOK_AGAIN, reason, stopped=True)
        return None

    def _service_stands_still(self) -> str | None:
        health = self._service.health()
        if health.unknown:
            log.info("%s: %s; it is sent all the same", self._name, self._target.describe_health(health))
        return self._target.describe_health(health) if health.stopped else None

    def _send(self, sending: Sending) -> _EndedEarly | None:
        """The canary first, where one is due. Then requests that may have arrived, so that little stays in doubt."""
        if self._canary_is_due():
            sending.send(self._bodies(number for number in self._unsettled() if number == 0))
            early = self._judge_canary()
            if early is not None:
                return early
        for numbers in self._journal.pending(self._id):
            sending.send(self._bodies(numbers))
        return None

    def _unsettled(self) -> list[int]:
        doubtful, others = self._journal.pending(self._id)
        return doubtful + others

    def _bodies(self, numbers: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        wanted = set(numbers)
        if wanted:
            for number, body in bodies(self._folder, min(wanted)):
                if number in wanted:
                    yield number, body

    # --- canary

    def _canary_is_due(self) -> bool:
        """Whether the first request goes alone. One request alone has nobody to warn, and proves nothing."""
        return (
            self._canary.operations > 0
            and self._found.requests > 1
            and not self._pauses.proven(self._profile)
            and not self._pauses.released(self._id)
        )

    def _judge_canary(self) -> _EndedEarly | None:
        """Wait for the first request's outcomes; None: they are good."""
        [first] = [request for request in self._journal.requests(self._id) if request.request_no == 0]
        if first.state is RequestState.REFUSED:
            return self._canary_failed(f"the service refused the canary: {first.error}")
        workers = self._target.workers_in(next(body for _, body in bodies(self._folder)))
        accepted_at = (first.service_time or first.first_sent_at).replace(microsecond=0)
        log.info("%s: %d operations went first; their outcomes are waited for", self._name, len(workers))
        deadline = (first.answered_at or self._clock()) + dt.timedelta(minutes=self._canary.minutes)
        for wait in looks(self._canary.interval):
            read = (entry for page in self._service.outcomes(accepted_at - SKEW) for entry in page.entries)
            findings = find_canary_outcomes(
                chain(self._journal.answered_outcomes(self._id), read), workers, accepted_at
            )
            if findings.bad:
                bad = _of_first(len(workers) - findings.waiting - findings.good, len(workers), "was", "were")
                return self._canary_failed(
                    f"{bad} not good ({'; '.join(findings.bad)}): mend the cause and plan again, or let it go on past its canary"
                )
            if not findings.waiting:
                self._pauses.prove(self._profile, self._clock())
                return None
            if self._clock() >= deadline:
                reason = f"{_of_first(findings.waiting, len(workers), 'has', 'have')} no outcome yet"
                return self._pause(PauseKind.CANARY, self._clock() + LOOK_AGAIN, reason)
            self._patience.sleep(wait)
        raise AssertionError  # the waits have no end

    def _canary_failed(self, reason: str) -> _EndedEarly:
        log.warning("%s: %s", self._name, reason)
        self._pauses.fail(self._id, reason, self._clock())
        return _EndedEarly(reason, None, stopped=True)

    def _pause(self, kind: PauseKind, until: dt.datetime, reason: str, *, stopped: bool = False) -> _EndedEarly:
        self._pauses.pause(Pause(self._id, kind, until, reason))
        return _EndedEarly(reason, until, stopped)


def _checked(home: Home, found: JournaledManifest, target: LiveTarget) -> _Planned:
    """The manifest, when the files in its folder are those that were planned, for this target."""
    folder = home.path / found.folder
    manifest = verify(folder)
    if manifest.manifest_id != found.manifest_id:
        raise PipelineError(f"{folder}: holds another manifest than {found.manifest_id[:12]}; plan again")
    if manifest.target != target.key:
        raise PipelineError(
            f"manifest {found.manifest_id[:12]} was planned for {manifest.target}, but the target is {target.key};"
            " plan again"
        )
    return _Planned(found, manifest, folder)


def _report(
    journal: DeliveryState,
    found: JournaledManifest,
    *,
    sent: int,
    pause: _EndedEarly | None = None,
    already: bool = False,
) -> UploadReport:
    counts = journal.progress(found.manifest_id)
    return UploadReport(
        manifest_id=found.manifest_id,
        state=found.state,
        requests=found.requests,
        accepted=counts.accepted,
        refused=counts.refused,
        sent=sent,
        paused_until=pause.until if pause else None,
        already=already,
        reason=pause.reason if pause else found.reason,
        stopped=pause is not None and pause.stopped,
    )


def _only_uploader(locks: Path, target: LiveTarget, patience: Patience) -> AbstractContextManager[None]:
    """Hold the target's upload lock."""
    locks.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = private(locks / f"upload-{hashlib.sha256(target.key.encode()).hexdigest()[:12]}.lock")
    return advisory_lock(
        path, patience.lock_wait, step=min(0.25, patience.lock_wait / 10), sleep=patience.sleep,
        refuse=lambda holder: PipelineError(
            f"{path}: another upload to this target still runs after {patience.lock_wait:.0f} s (process {holder}); wait for it"
        ),
    )  # fmt: skip


def _of_first(some: int, first: int, one_does: str, several_do: str) -> str:
    """So many of the operations that went first, as the subject of a sentence."""
    which = "the one operation" if first == 1 else f"{some} of the {first} operations"
    return f"{which} that went first {one_does if some == 1 else several_do}"
