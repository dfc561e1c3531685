"""The fence before the first send: whether the home, its journal and its target know the same history.

Four things stop an upload, each until a person says so: the environment names another target than the home's, or none; the
journal was lost, emptied or is older than the home knows; the target tells of changes that no request of the journal explains;
the target may not be asked, and the profile wants it to be. And a home that was copied or restored asks twice, for the target tells
of what it was sent only when it has been worked off and its log has caught up.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from hcm_pipeline.delivery import (
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
    whereabouts,
    write_target,
)
from hcm_pipeline.errors import HomeError, ServiceRefused, UsageError
from hcm_pipeline.flow.installation import Installation, Progress, quiet
from hcm_pipeline.flow.known_journal import marks_of, require_known_journal

FORBIDDEN = 403
ASK_AGAIN = dt.timedelta(minutes=15)
"""A process asks the target before its first send, and again after so long."""


@dataclass(frozen=True)
class PersonsWord:
    """A person's decision about a history, or about the target: see `HistoryWord`. `everybody`: the workers whom the log does not
    name are sent again, too."""

    word: HistoryWord
    why: str
    by: str
    everybody: bool = False

    def decision(self, at: dt.datetime, found: str) -> HistoryDecision:
        """As the journal keeps it; `found` is what it was about."""
        return HistoryDecision(self.word, self.by, at, self.why, found)


# --- which target


def own_sandbox(installation: Installation) -> bool:
    """Whether the target is the home's own sandbox, named by the environment or not."""
    target = installation.settings.target
    if target is None:
        return True
    return target.ca_file is not None and target.ca_file.absolute().is_relative_to(installation.settings.sandbox)


def another_target(installation: Installation) -> str | None:
    """Why the environment's target is not the home's; None: it is, or the home has not delivered yet."""
    known = read_target(installation.home, installation.settings.place)
    now = installation.known_target
    if known is None or known.is_same(now.key, now.tenant, own_sandbox=own_sandbox(installation)):
        return None
    there = "its own sandbox" if known.own_sandbox else f"the job {known.target}"
    if installation.settings.target is None:
        here = "the environment names none, so that the home's own sandbox would be taken for it"
        place = installation.settings.place
        variable = f"HCM_PIPELINE_SERVICE_PRINCIPAL_ID{f'_{place.upper()}' if place else ''}"
        mend = f"set {variable} and the other variables of docs/reference/environment.md"
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
        installation.home.target_of(installation.settings.place).unlink(missing_ok=True)
    if other is None:
        raise UsageError(
            "--adopt-target: the environment names the target that this home delivers to, or the first one"
        )
    with installation.journal() as journal:
        journal.fence(installation.target).decide(word.decision(installation.clock(), other))
        mark = mark_of(journal)
    keep_target(installation, mark, installation.clock())


def keep_target(installation: Installation, mark: JournalMark, since: dt.datetime, home_id: str = "") -> None:
    """Note which target this home delivers to, and how far its journal has come."""
    now = installation.known_target
    own = own_sandbox(installation)
    known = HomeTarget(now.key, now.tenant, own, since, mark, home_id)
    write_target(installation.home, known, installation.settings.place)


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
            self._ask_twice_where_it_moved(service)
        self._asked_at = now
        known = read_target(self._installation.home, self._installation.settings.place)
        since, home_id = (known.since, known.home_id) if known else (now, "")
        keep_target(self._installation, mark_of(self._journal), since, home_id)

    def _ask_twice_where_it_moved(self, service: Service) -> None:
        """Raise HistoryStop unless the home lies where it lay, or the target was asked again when its log had had time to catch up.

        A job that stands still works off what it has taken when it runs again, and no log tells of it before: the wait begins anew.
        The home's own sandbox is in it: what it knows was copied along.
        """
        installation, fence = self._installation, self._journal.fence(self._target.key)
        place = whereabouts(installation.home)
        now, until = installation.clock(), fence.known().waits_until
        moved = self._journal.moved(place) or (installation.several and until is not None)
        if own_sandbox(installation) or not moved:
            return
        standing = standing_still(self._target, service)
        if until is None or standing:
            until = now + dt.timedelta(minutes=installation.profile.outcomes.overlap_minutes)
            fence.wait(until)
        if now < until:
            raise HistoryStop(f"nothing was sent: {_moved(until)}{f'. Meanwhile {standing}' if standing else ''}")
        ask_the_others_twice(installation, self._journal)
        self._journal.settle(place)
        fence.wait(None)

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
        known = read_target(self._installation.home, self._installation.settings.place)
        if known is not None and self._asked_at is not None:
            write_target(
                self._installation.home,
                replace(known, journal=mark_of(self._journal)),
                self._installation.settings.place,
            )


def standing_still(target: LiveTarget, service: Service) -> str | None:
    """Why the log cannot tell yet what the target was sent, by the target's own word; None: nothing is known of that."""
    health = service.health()
    return target.describe_health(health) if health.stopped else None


def ask_the_others_twice(installation: Installation, journal: Journal) -> None:
    """Where a home with several targets has moved and one of them is settled: each of the others is asked twice as well."""
    if not installation.several or not journal.moved(whereabouts(installation.home)):
        return
    until = installation.clock() + dt.timedelta(minutes=installation.profile.outcomes.overlap_minutes)
    for other in (installation.whole or installation).targets:
        if other.name != installation.name and not own_sandbox(other) and read_target(other.home, other.settings.place):
            journal.fence(other.target).wait(until)


def _moved(until: dt.datetime) -> str:
    return (
        "the files of this home are not where they were: it was copied or restored, or was given to another owner. The log may not"
        f" tell yet of what another one like it has sent, so that the target is asked once more after {until:%Y-%m-%d %H:%M}Z,"
        " before anything goes out. Sooner, if no other home goes on: `hcm-pipeline upload --accept-history REASON`"
    )


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
    known, fence = (
        read_target(installation.home, installation.settings.place),
        journal.fence(installation.target).known(),
    )
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
    fence = journal.fence(installation.target).known()
    return (
        another_target(installation)
        or journal_trouble(mark_of(journal), *marks_of(installation.warehouse))
        or fence.stopped
        or (_moved(fence.waits_until) if fence.waits_until and installation.clock() < fence.waits_until else None)
    )
