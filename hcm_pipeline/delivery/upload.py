"""Upload a manifest: every bulk request in order, journaled before and after, until all are settled.

Whatever cuts it off (a crash, a lost connection, the quota, a newer plan), the journal says where it stood, and the
next upload goes on there with the same bytes.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import logging
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hcm_pipeline.delivery.journal import (
    OPEN,
    Journal,
    JournaledManifest,
    ManifestState,
    Outcome,
    RequestState,
)
from hcm_pipeline.delivery.pacing import Pace, QuotaSpent
from hcm_pipeline.entra.answers import Answer, NoAnswer
from hcm_pipeline.entra.client import UPLOAD_PERMISSION, GraphClient
from hcm_pipeline.entra.timing import DAILY_QUOTA, Clock, Patience, TryAgain, utc_now
from hcm_pipeline.errors import GuardStop, PipelineError, ServiceRefused, ServiceUnavailable
from hcm_pipeline.home import Home, private
from hcm_pipeline.scim.manifest import Manifest, bodies, read_manifest, verify
from hcm_pipeline.settings import Target

log = logging.getLogger(__name__)

LOCK = "upload.lock"
REFUSED_BODY = frozenset({400, 409, 413, 422})
"""Statuses that speak of this body only: the next one may be taken. Others mean that no request will be."""


@dataclass(frozen=True)
class UploadReport:
    """How an upload ended.

    `sent`: HTTP attempts made by this upload. `paused_until`: when to go on, if the service's limits ended it early.
    `already`: the manifest was finished before, and nothing was done.
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


class Superseded(Exception):
    """A newer plan replaced the manifest, or a person rejected it."""


class Paused(Exception):
    """The service asked for more patience than there is."""

    def __init__(self, until: dt.datetime) -> None:
        self.until = until
        super().__init__(f"paused until {until.isoformat(timespec='seconds')}")


def upload(
    home: Home,
    target: Target,
    manifest_id: str,
    *,
    journal: Journal,
    clock: Clock = utc_now,
    progress: Callable[[int, int], None] = lambda settled, requests: None,
    patience: Patience | None = None,
    quota: int = DAILY_QUOTA,
    still_holds: Callable[[Manifest], None] = lambda manifest: None,
) -> UploadReport:
    """Send what is left of a manifest; `progress` is told (settled, all) requests after each.

    Raises UsageError for an unknown id; GuardStop for a manifest that waits for a person's word or was rejected; PipelineError
    when the manifest's bytes are not those planned, it belongs to another target, or another upload does not finish in time;
    what `still_holds` raises when the upload begins; SignInFailed; ServiceRefused when the service takes no request at all
    (401, 403, 404 ...); ServiceUnavailable when patience ran out. After any of these the upload can be started again.
    """
    patience = patience or Patience()
    found = journal.get(manifest_id)
    with _only_uploader(home.locks, patience):
        found = journal.get(found.manifest_id)  # another uploader may have finished it meanwhile
        refuse_undecided(found)
        if found.state not in OPEN:
            log.info("manifest %s is %s already; nothing was sent", found.manifest_id[:12], found.state)
            return _report(journal, found, sent=0, already=True)
        folder = _checked(home, found, target)
        if found.state is ManifestState.READY:
            still_holds(read_manifest(folder))
        journal.start(found.manifest_id)
        with GraphClient(target, patience=patience, clock=clock) as client:
            pace = Pace(journal, target.key, clock=clock, sleep=patience.sleep, quota=quota)
            run = _Upload(found, folder, journal, client, pace, patience, clock)
            paused_until = run.send_all(progress)
        journal.finish(found.manifest_id)
        report = _report(journal, journal.get(found.manifest_id), sent=run.sent, paused_until=paused_until)
    log.info(
        "manifest %s is %s: %d of %d requests accepted, %d refused, %d sent now",
        report.manifest_id[:12], report.state, report.accepted, report.requests, report.refused, report.sent,
    )  # fmt: skip
    return report


def refuse_undecided(found: JournaledManifest) -> None:
    """Raise GuardStop for a manifest that waits for a person's word, or was rejected."""
    if found.state is ManifestState.HELD:
        reason = f"; {found.reason}" if found.reason else ""
        raise GuardStop(
            f"manifest {found.manifest_id[:12]} is held ({found.held_for}){reason}: `hcm-pipeline plan` says why,"
            " `approve` or `reject` decides"
        )
    if found.state is ManifestState.REJECTED:
        raise GuardStop(f"manifest {found.manifest_id[:12]} was {found.reason}: nothing of it is sent")


class _Upload:
    """One run over a manifest."""

    def __init__(
        self,
        manifest: JournaledManifest,
        folder: Path,
        journal: Journal,
        client: GraphClient,
        pace: Pace,
        patience: Patience,
        clock: Clock,
    ) -> None:
        self.sent = 0
        self._manifest = manifest
        self._folder = folder
        self._journal = journal
        self._client = client
        self._pace = pace
        self._patience = patience
        self._clock = clock
        self._token_renewed = False

    def send_all(self, progress: Callable[[int, int], None]) -> dt.datetime | None:
        """Send every unsettled request. Returns when to go on if a limit ended it early."""
        try:
            doubtful, others = self._journal.pending(self._manifest.manifest_id)
            settled = self._manifest.requests - len(doubtful) - len(others)
            progress(settled, self._manifest.requests)
            # What may have arrived goes first, so that as little as possible stays in doubt.
            for numbers in (doubtful, others):
                for number, body in self._bodies(numbers):
                    self._send(number, body)
                    settled += 1
                    progress(settled, self._manifest.requests)
        except Superseded:
            log.info("manifest %s was superseded or rejected; the upload stops", self._manifest.manifest_id[:12])
        except (QuotaSpent, Paused) as pause:
            log.info("manifest %s: %s", self._manifest.manifest_id[:12], pause)
            return pause.until
        return None

    def _bodies(self, numbers: Collection[int]) -> Iterator[tuple[int, bytes]]:
        if not numbers:
            return
        wanted = set(numbers)
        for number, body in bodies(self._folder, min(wanted)):
            if number in wanted:
                yield number, body

    def _send(self, number: int, body: bytes) -> None:
        """Send one request until the service decides on it."""
        try:
            self._patience.attempts()(self._attempt, number, body)
        except TryAgain as last:
            if last.wait is not None:
                raise Paused(self._clock() + dt.timedelta(seconds=last.wait)) from last
            raise ServiceUnavailable(
                f"manifest {self._manifest.manifest_id[:12]}, request {number}: gave up: {last.reason};"
                " start the upload again later"
            ) from last

    def _attempt(self, number: int, body: bytes) -> None:
        answer = self._post(number, body)
        if answer.status == 401 and not self._token_renewed:
            self._token_renewed = True
            self._client.forget_token()
            answer = self._post(number, body)
        if answer.accepted:
            self._token_renewed = False
            return
        if answer.passing:
            log.info("manifest %s, request %d: %s", self._manifest.manifest_id[:12], number, answer.describe())
            raise TryAgain(answer.describe(), answer.retry_after, bucket_full=answer.bucket_full)
        if answer.status not in REFUSED_BODY:
            raise ServiceRefused(
                f"manifest {self._manifest.manifest_id[:12]}, request {number}: {answer.describe()}{_mend(answer)}",
                answer.status,
                answer.code,
            )
        log.warning("manifest %s, request %d refused: %s", self._manifest.manifest_id[:12], number, answer.describe())

    def _post(self, number: int, body: bytes) -> Answer:
        """One HTTP attempt. The order matters: the journal knows of it before it can have happened."""
        manifest_id = self._manifest.manifest_id
        try:
            self._client.sign_in()
        except NoAnswer as error:
            raise TryAgain(str(error)) from error
        call = self._pace.claim()
        if not self._journal.begin_send(manifest_id, number):
            raise Superseded
        self.sent += 1
        try:
            answer = self._client.bulk_upload(body)
        except NoAnswer as lost:
            state = RequestState.UNKNOWN if lost.sent else RequestState.PLANNED
            self._journal.end_send(manifest_id, number, Outcome(state, error=str(lost)))
            log.info("manifest %s, request %d: %s", manifest_id[:12], number, lost)
            raise TryAgain(str(lost)) from lost
        except PipelineError as error:  # no token, or no trust: nothing has left
            self._journal.end_send(manifest_id, number, Outcome(RequestState.PLANNED, error=str(error)))
            raise
        finally:
            self._pace.done(call)
        self._journal.end_send(manifest_id, number, _outcome(answer))
        return answer


def _outcome(answer: Answer) -> Outcome:
    if answer.accepted:
        state = RequestState.ACCEPTED
    elif answer.status in REFUSED_BODY:
        state = RequestState.REFUSED
    elif answer.status == 408 or answer.status >= 500:
        state = RequestState.UNKNOWN  # it may have been taken before the service failed
    else:
        state = RequestState.PLANNED
    return Outcome(
        state=state,
        status=answer.status,
        request_id=answer.request_id or None,
        service_time=answer.service_time,
        error=None if answer.accepted else answer.describe(),
        detail=answer.detail or None,
    )


def _mend(answer: Answer) -> str:
    return {
        401: "; the service does not take the token: check the app registration and its tenant",
        403: f"; the app needs the permission {UPLOAD_PERMISSION}, with admin consent",
        404: "; check HCM_PIPELINE_SERVICE_PRINCIPAL_ID (the object id) and HCM_PIPELINE_JOB_ID",
    }.get(answer.status, "")


def _checked(home: Home, found: JournaledManifest, target: Target) -> Path:
    """The manifest's folder, when what lies there is what was planned, for this target."""
    folder = home.path / found.folder
    manifest = verify(folder)
    if manifest.manifest_id != found.manifest_id:
        raise PipelineError(f"{folder}: holds another manifest than {found.manifest_id[:12]}; plan again")
    if manifest.target != target.key:
        raise PipelineError(
            f"manifest {found.manifest_id[:12]} was planned for {manifest.target}, but the target is {target.key};"
            " plan again"
        )
    return folder


def _report(
    journal: Journal,
    found: JournaledManifest,
    *,
    sent: int,
    paused_until: dt.datetime | None = None,
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
        paused_until=paused_until,
        already=already,
        reason=found.reason,
    )


@contextmanager
def _only_uploader(locks: Path, patience: Patience) -> Iterator[None]:
    """Hold the home's upload lock; the kernel lets go of it when its holder dies."""
    locks.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = private(locks / LOCK)
    lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    step, waited = min(0.25, patience.lock_wait / 10), 0.0
    try:
        while not _taken(lock):
            if waited >= patience.lock_wait:
                raise PipelineError(
                    f"{path}: another upload of this home still runs after {patience.lock_wait:.0f} s; wait for it"
                )
            patience.sleep(step)
            waited += step
        yield
    finally:
        os.close(lock)


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
