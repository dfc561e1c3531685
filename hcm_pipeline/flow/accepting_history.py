"""A person's word on a history: the home goes on from here, although its target knows more than it does."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from hcm_pipeline.delivery import (
    Finding,
    HistoryStop,
    HistoryWord,
    Journal,
    LiveTarget,
    Service,
    TargetReading,
    Unsure,
    journal_trouble,
    left_alone,
    mark_of,
    newer_since,
    note_history,
    read_target,
    send_everybody,
    sync_warehouse,
    take_over,
    unsure,
    whereabouts,
)
from hcm_pipeline.errors import ServiceRefused, UsageError
from hcm_pipeline.flow.fencing import (
    FORBIDDEN,
    PersonsWord,
    ask_the_others_twice,
    keep_target,
    own_sandbox,
    read_history,
    standing_still,
)
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.known_journal import marks_of
from hcm_pipeline.http import Patience
from hcm_pipeline.plain_text import counted
from hcm_pipeline.warehouse import scratch, transaction

CLOSED = "planned before a person accepted what the target knows; plan again"


@dataclass(frozen=True)
class Accepted:
    """The consequence of accepting a history.

    `closed`: manifests that had been planned from less. `known`: workers whom the target knows more of. `withheld`: how many of
    them are left alone, as the home was told of nothing newer. `everybody`: how many others are sent again, for the person said so;
    `unsure`: those who are not, and of whom nobody knows what the target has.
    """

    found: str
    closed: int = 0
    known: int = 0
    withheld: int = 0
    everybody: int = 0
    unsure: Unsure | None = None

    @property
    def sentence(self) -> str:
        """The result, in sentences."""
        said = [f"accepted: {self.found}"]
        if self.closed:
            said.append(f"{counted(self.closed, 'manifest', 'are')} closed: planned before this home knew of it")
        if self.known:
            said.append(
                f"{counted(self.known, 'worker', 'are')} sent again as they should be, with the next `hcm-pipeline run`"
            )
        if self.withheld:
            said.append(
                f"{counted(self.withheld, 'worker', 'are')} left alone until their data change: nothing was landed since"
                " that is newer. Land"
                " what this home has not seen, `hcm-pipeline run`, and say --accept-history once more"
            )
        if self.everybody:
            said.append(f"{counted(self.everybody, 'other worker', 'are')} sent again, too: the log does not name them")
        if self.unsure:
            said.append(self.unsure.sentence)
        return ". ".join(said)


@dataclass(frozen=True)
class _Case:
    """All that there is to accept: entries, a journal that is not the known one, a home that was moved, workers left alone, and
    those whom an earlier acceptance left unsure, when everybody is to be sent again."""

    reading: TargetReading
    trouble: str | None
    moved: bool
    alone: int
    unsure: int = 0

    @property
    def lacks(self) -> bool:
        """Whether the target was sent something that this home does not know of."""
        return bool(self.reading.finding or self.trouble)

    @property
    def found(self) -> str:
        """In words; empty when there is nothing."""
        said = [self.trouble or ""]
        said += [self.reading.finding.sentence] if self.reading.finding else []
        said += ["this home was copied or restored"] if self.moved else []
        said += [f"{counted(self.alone, 'worker', 'are')} left alone"] if self.alone else []
        said += [f"of {counted(self.unsure, 'worker')} nobody knows what the target has"] if self.unsure else []
        return "; ".join(filter(None, said))


def accept_history(
    installation: Installation,
    journal: Journal,
    target: LiveTarget,
    word: PersonsWord,
    patience: Patience | None = None,
) -> Accepted:
    """Take over what the target knows, by a person's word; what is sent from now on is compared from here on.

    A manifest that was planned before this home knew of an extract that is newer than all that the target tells would take it back:
    it is closed. The workers whom the target knows more of are sent again as they should be by now or, while nothing newer was
    landed, are left alone. With `HistoryWord.FIRST` all goes out as it is planned. Raises UsageError when there is nothing to
    accept, or when it is not the first; HistoryStop while the target stands still, for nobody can see then what it was sent before
    (`HistoryWord.FIRST` asks nothing of that). Where the target was sent something that this home does not know of, the workers
    whom the log does not name are noted, and sent again when the person wants `everybody`. UsageError, too, for that while nothing
    newer was landed.
    """
    with target.connect(patience or Patience(), installation.clock) as service:
        reading = _read_or_nothing(installation, journal, target, service)
        standing = standing_still(target, service) if word.word is HistoryWord.ACCEPT else None
    marks, place = marks_of(installation.warehouse), whereabouts(installation.home)
    moved = journal.moved(place) and not own_sandbox(installation)
    case = _Case(
        reading, journal_trouble(mark_of(journal), *marks), moved, _told_since(installation, target.key),
        _unsure_before(installation, target.key) if word.everybody else 0,
    )  # fmt: skip
    if word.word is HistoryWord.FIRST and (reading.sent_before or case.trouble):
        raise UsageError("--first: this home has delivered to this target before; see --accept-history")
    if not case.found:
        raise UsageError(f"--{word.word}: there is nothing to accept: the target and this home know the same")
    if standing:
        raise HistoryStop(
            f"nothing was accepted: {standing}. What it was sent before it stood still is not in its log yet, so that nobody can"
            " see what would be accepted; nothing goes out before it runs, either. Say it again once its log has caught up"
        )
    accepted = Accepted(case.found)
    if word.word is not HistoryWord.FIRST:  # before the fence opens: cut off in between, it is said again
        accepted = _take_over(installation, journal, target, case, everybody=word.everybody)
    with journal.transaction():
        if case.trouble:
            journal.go_on_after(max(mark.accept_seq for mark in marks))
        journal.fence(target.key).decide(
            word.decision(installation.clock(), case.found), accepted_until=reading.told_until
        )
        ask_the_others_twice(installation, journal)
        journal.settle(place)
    known = read_target(installation.home, installation.settings.place)
    since, home_id = (known.since, known.home_id) if known else (installation.clock(), "")
    keep_target(installation, mark_of(journal), since, home_id)
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


def _told_since(installation: Installation, target: str) -> int:
    """How many workers are left alone although the home was told of something newer since."""
    with installation.warehouse.read_or_empty() as con:
        count, since = left_alone(con, target)
        return count if newer_since(con, since) else 0


def _unsure_before(installation: Installation, target: str) -> int:
    """How many workers an earlier acceptance has left unsure."""
    with installation.warehouse.read_or_empty() as con:
        found = unsure(con, target)
        return found.workers if found else 0


def _take_over(
    installation: Installation, journal: Journal, target: LiveTarget, case: _Case, *, everybody: bool
) -> Accepted:
    """Close what was planned from less, and note whom the target knows more of; the warehouse has the journal's news before."""
    sync_warehouse(installation.warehouse, target, installation.profile.outcomes)
    finding, now = case.reading.finding, installation.clock()
    with installation.warehouse.write() as con, transaction(con), scratch(con) as t:
        _, since = left_alone(con, target.key)
        told = newer_since(con, finding.newest or since)
        if case.lacks:
            note_history(t, target.key, finding.newest, case.reading.until)
        if everybody:
            _require_newer(con, target.key)
        closed = []
        if finding or case.trouble or case.alone:  # a home that was only moved has planned from all that there is
            closed = journal.close_planned_before(target.key, told or now, CLOSED)
        withheld = take_over(t, target.key, finding, closed, newer=told is not None, now=now)
        again = send_everybody(t, target.key, now) if everybody else 0
        left = unsure(con, target.key) if case.lacks else None
        t.run("insert or replace into meta values ('journal_id', ?)", [journal.journal_id()])
    installation.warehouse.publish()
    return Accepted(case.found, len(closed), len(finding.workers) - withheld, withheld, again, left)


def _require_newer(con: duckdb.DuckDBPyConnection, target: str) -> None:
    """Raises UsageError where this home was told of nothing newer than what the target was: it would be set back."""
    found = unsure(con, target)
    if found and found.newest and newer_since(con, found.newest) is None:
        raise UsageError(
            f"--everybody: nothing was landed and processed since {found.newest:%Y-%m-%d %H:%M}Z, when the target was sent"
            " something that this home does not know of, so that accounts would be set back. Land what is missing,"
            " `hcm-pipeline run`, and say it again"
        )
