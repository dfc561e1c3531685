"""The fence before the first send: whether the home, its journal and its target know the same history.

Four things stop an upload, each until a person says so: the environment names another target than the home's, or none; the
journal was lost, emptied or is older than the home knows; the target tells of changes that no request of the journal explains;
the target may not be asked, and the profile wants it to be.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from hcm_pipeline.delivery import (
    Finding,
    HistoryDecision,
    HistoryStop,
    HistoryWord,
    HomeTarget,
    Journal,
    JournalMark,
    LiveTarget,
    Question,
    Service,
    TargetReading,
    journal_trouble,
    look_at_target,
    mark_of,
    read_target,
    write_target,
)
from hcm_pipeline.errors import HomeError, ServiceRefused, UsageError
from hcm_pipeline.flow.installation import Installation, Progress, quiet
from hcm_pipeline.flow.known_journal import marks_of, require_known_journal
from hcm_pipeline.http import Patience
from hcm_pipeline.warehouse import first, scratch, transaction

FORBIDDEN = 403
ASK_AGAIN = dt.timedelta(minutes=15)
"""A process asks the target before its first send, and again after so long."""
HISTORY = "history"
"""Why a worker is withheld: the target knows a version of the worker that this home does not."""


@dataclass(frozen=True)
class PersonsWord:
    """A person's decision about a history, or about the target: see `HistoryWord`."""

    word: HistoryWord
    why: str
    by: str


# --- which target


def own_sandbox(installation: Installation) -> bool:
    """Whether the target is the home's own sandbox, named by the environment or not."""
    target = installation.settings.target
    if target is None:
        return True
    return target.ca_file is not None and target.ca_file.absolute().is_relative_to(installation.home.sandbox)


def another_target(installation: Installation) -> str | None:
    """Why the environment's target is not the home's; None: it is, or the home has not delivered yet."""
    known = read_target(installation.home)
    now = installation.known_target
    if known is None or known.is_same(now.key, now.tenant, own_sandbox=own_sandbox(installation)):
        return None
    there = "its own sandbox" if known.own_sandbox else f"the job {known.target}"
    if installation.settings.target is None:
        here = "the environment names none, so that the home's own sandbox would be taken for it"
        mend = "set HCM_PIPELINE_SERVICE_PRINCIPAL_ID and the other variables of docs/reference/environment.md"
    else:
        here = f"the environment names {'the own sandbox' if own_sandbox(installation) else 'the job ' + now.key}"
        mend = "mend the environment"
    return (
        f"nothing was sent: this home has delivered to {there} since {known.since:%Y-%m-%d}, and {here}. {mend[0].upper()}"
        f"{mend[1:]}, or use another home; if another target is meant for this one: `hcm-pipeline upload --adopt-target REASON`"
    )


def require_known_target(installation: Installation) -> None:
    """Raises HistoryStop when the environment names another target than the home's, or none."""
    other = another_target(installation)
    if other is not None:
        raise HistoryStop(other)


def adopt_target(installation: Installation, word: PersonsWord) -> None:
    """The home delivers to the environment's target from now on. Raises UsageError when it does already."""
    try:
        other = another_target(installation)
    except HomeError as unreadable:
        other = str(unreadable)
        installation.home.target.unlink(missing_ok=True)
    if other is None:
        raise UsageError(
            "--adopt-target: the environment names the target that this home delivers to, or the first one"
        )
    with installation.journal() as journal:
        journal.fence(installation.target).decide(_decision(installation, word, other))
        mark = mark_of(journal)
    _keep_target(installation, mark, installation.clock())


def _keep_target(installation: Installation, mark: JournalMark, since: dt.datetime, home_id: str = "") -> None:
    now = installation.known_target
    own = own_sandbox(installation)
    write_target(installation.home, HomeTarget(now.key, now.tenant, own, since, mark, home_id))


# --- what the target knows


class TargetFence:
    """The question to the target, for one process: before its first send, and again after a while."""

    def __init__(
        self, installation: Installation, journal: Journal, target: LiveTarget, announce: Progress = quiet
    ) -> None:
        self._installation = installation
        self._journal = journal
        self._target = target
        self._announce = announce
        self._asked_at: dt.datetime | None = None

    def __call__(self, service: Service) -> None:
        """Ask, unless that was done just now. Raises HistoryStop when nothing may go out."""
        now = self._installation.clock()
        if self._asked_at is not None and now - self._asked_at < ASK_AGAIN:
            return
        require_known_journal(self._installation.warehouse, self._journal)
        fence = self._journal.fence(self._target.key)
        try:
            reading = read_history(self._installation, self._journal, self._target, service)
        except ServiceRefused as refused:
            if refused.status != FORBIDDEN:
                raise
            self._not_told(str(refused))
        else:
            if reading.finding:
                reason = f"{reading.finding.sentence}. {_advice(reading)}"
                fence.stop(reason, now)
                raise HistoryStop(f"nothing was sent: {reason}")
            fence.passed(reading.until)
        self._asked_at = now
        known = read_target(self._installation.home)
        since, home_id = (known.since, known.home_id) if known else (now, "")
        _keep_target(self._installation, mark_of(self._journal), since, home_id)

    def _not_told(self, why: str) -> None:
        reason = f"the fence cannot ask what the target knows: {why}"
        if self._installation.profile.delivery.fence == "require":
            raise HistoryStop(
                f'nothing was sent: {reason}; or set delivery.fence = "warn" in the profile and go without'
            )
        self._journal.fence(self._target.key).passed(self._installation.clock(), unasked=reason)
        self._announce(f"{reason}; it is sent all the same (delivery.fence)")

    def keep_mark(self) -> None:
        """Note beside the journal how far it has come."""
        known = read_target(self._installation.home)
        if known is not None and self._asked_at is not None:
            write_target(self._installation.home, replace(known, journal=mark_of(self._journal)))


def _advice(reading: TargetReading) -> str:
    before_us = (
        ""
        if reading.sent_before
        else " If another program filled this job before this home, and what is planned may replace that: `upload --first REASON`."
    )
    return (
        "Was this home restored or copied, was its journal lost, does a second home or program send to this job? Land the extracts"
        " that this home has not seen, `hcm-pipeline run`, read `hcm-pipeline plan`, and then let it go on:"
        f" `hcm-pipeline upload --accept-history REASON`.{before_us}"
    )


def read_history(
    installation: Installation, journal: Journal, target: LiveTarget, service: Service, *, whole: bool = False
) -> TargetReading:
    """The target's entries that this home does not explain (see `look_at_target`). Raises what the service raises."""
    overlap = dt.timedelta(minutes=installation.profile.outcomes.overlap_minutes)
    with installation.warehouse.read_or_empty() as con:
        question = Question(installation.home, target, installation.clock(), overlap, whole)
        return look_at_target(con, journal, service, question)


# --- a person's word


@dataclass(frozen=True)
class Accepted:
    """The consequence of accepting a history. `closed`: manifests that had been planned from less; `withheld`: their workers."""

    found: str
    closed: int = 0
    withheld: int = 0

    @property
    def sentence(self) -> str:
        """The result, in a sentence."""
        if not self.closed:
            return f"accepted: {self.found}"
        return (
            f"accepted: {self.found}. {self.closed:,} manifests that were planned before this home knew of it are closed, and"
            f" {self.withheld:,} workers of them are left alone until their data change: land what this home has not seen, and"
            " `hcm-pipeline run`"
        )


def accept_history(installation: Installation, journal: Journal, target: LiveTarget, word: PersonsWord) -> Accepted:
    """Take over what the target knows, by a person's word; what is sent from now on is compared from here on.

    A manifest that was planned before an extract was landed after the newest of these changes would take the target back: it is
    closed, and the workers whom the target knows more of are withheld until their data change. With `HistoryWord.FIRST`
    all goes out as it is planned. Raises UsageError when there is nothing to accept, or when it is not the first.
    """
    with target.connect(Patience(), installation.clock) as service:
        reading = _read_or_nothing(installation, journal, target, service)
    marks = marks_of(installation.warehouse)
    trouble = journal_trouble(mark_of(journal), *marks)
    finding = reading.finding
    if word.word is HistoryWord.FIRST and (reading.sent_before or trouble):
        raise UsageError("--first: this home has delivered to this target before; see --accept-history")
    if not finding and not trouble:
        raise UsageError(f"--{word.word}: there is nothing to accept: the target and this home know the same")
    found = "; ".join([*([trouble] if trouble else []), *([finding.sentence] if finding else [])])
    accepted = Accepted(found)
    with journal.transaction():
        if trouble:
            journal.go_on_after(max(mark.accept_seq for mark in marks))
        journal.fence(target.key).decide(_decision(installation, word, found), accepted_until=reading.until)
        closed = [] if word.word is HistoryWord.FIRST else _close(installation, journal, target.key, finding)
    if closed or trouble:
        accepted = Accepted(found, len(closed), _withhold(installation, journal, target.key, closed, finding.workers))
    known = read_target(installation.home)
    since, home_id = (known.since, known.home_id) if known else (installation.clock(), "")
    _keep_target(installation, mark_of(journal), since, home_id)
    return accepted


def _read_or_nothing(
    installation: Installation, journal: Journal, target: LiveTarget, service: Service
) -> TargetReading:
    """The whole reading; without the permission to read the log there is none, and a lost journal can be accepted all the same."""
    try:
        return read_history(installation, journal, target, service, whole=True)
    except ServiceRefused as refused:
        if refused.status != FORBIDDEN:
            raise
        return TargetReading(Finding(0, (), None, None), installation.clock(), sent_before=True)


def _close(installation: Installation, journal: Journal, target: str, finding: Finding) -> list[str]:
    """Close what was planned before an extract came that is newer than all that the target tells."""
    newer = None
    if finding.newest is not None:
        with installation.warehouse.read_or_empty() as con:
            row = first(con, "select min(landed_at) from extracts where landed_at > ?", [finding.newest])
            newer = row[0] if row else None
    before = newer if newer is not None else installation.clock()
    return journal.close_planned_before(
        target, before, "planned before a person accepted what the target knows; plan again"
    )


def _withhold(
    installation: Installation, journal: Journal, target: str, closed: list[str], workers: tuple[str, ...]
) -> int:
    """Withhold the workers of closed manifests whom the target knows more of, and note the journal in the warehouse."""
    with installation.warehouse.write() as con, transaction(con), scratch(con) as t:
        ids = t.of_rows("closed", {"manifest_id": "varchar"}, [(one,) for one in closed])
        known = t.of_rows("known_workers", {"person_number": "varchar"}, [(one,) for one in workers])
        found = t.make(
            "to_withhold",
            f"""select distinct operation.person_number, operation.digest, manifest.manifest_id
            from operations operation join manifests manifest using (plan_no) semi join {ids} using (manifest_id)
            semi join {known} known on known.person_number = operation.person_number""",
        )
        t.run(
            f"insert into withheld select ?, person_number, digest, ?, manifest_id, ? from {found}",
            [target, HISTORY, installation.clock()],
        )
        t.run("insert or replace into meta values ('journal_id', ?)", [journal.journal_id()])
        count = t.count(found)
    installation.warehouse.publish()
    return count


def _decision(installation: Installation, word: PersonsWord, found: str) -> HistoryDecision:
    return HistoryDecision(word.word, word.by, installation.clock(), word.why, found)


# --- for people


@dataclass(frozen=True)
class FenceStatus:
    """A target's history, as far as the home knows it. `stopped`: why nothing goes out; `unasked`: why the target was not asked."""

    target: str | None
    own_sandbox: bool | None
    since: dt.datetime | None
    checked_until: dt.datetime | None
    stopped: str | None
    unasked: str | None


def fence_status(installation: Installation, journal: Journal) -> FenceStatus:
    """The status of the fence, without asking the target."""
    known, fence = read_target(installation.home), journal.fence(installation.target).known()
    return FenceStatus(
        known.target if known else None,
        known.own_sandbox if known else None,
        known.since if known else None,
        fence.checked_until,
        stopped(installation, journal),
        None if fence.stopped_at else fence.reason,
    )


def stopped(installation: Installation, journal: Journal) -> str | None:
    """Why nothing goes out before a person says so, as far as it is known without asking the target."""
    return (
        another_target(installation)
        or journal_trouble(mark_of(journal), *marks_of(installation.warehouse))
        or journal.fence(installation.target).known().stopped
    )
