"""Which entries of a target no request of this home's journal explains.

An entry names neither request nor operation. So entries are grouped into changes of one worker (`change_id`), and each version
that was sent explains one change of its worker that began after it was sent, first in, first out. Nothing else is needed for:
the filling in of a reference, which is no change of its own; a change after a failure, which is the service's own try; a change
that is known from before; a version that was sent twice, which explains two.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from hcm_pipeline.delivery.manifest import BULK_FILE, bodies
from hcm_pipeline.delivery.service import LiveTarget, OutcomeEntry, Service
from hcm_pipeline.delivery.state import Attempted, DeliveryState, JournaledManifest
from hcm_pipeline.errors import ServiceError
from hcm_pipeline.home import Home
from hcm_pipeline.plain_text import counted
from hcm_pipeline.warehouse import Relation, Scratch, query, scratch

SLACK = dt.timedelta(days=1)
"""Where nobody read the log, what was sent so long ago was worked off: the service says an hour."""
REMEMBERED = dt.timedelta(days=30)
"""No service keeps its entries longer."""
Received = tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
"""Attributes, as a log spells them, and the workers whose records had a value of each."""
SETTLING = ("success", "failure", "skipped", "warning")


@dataclass(frozen=True)
class Finding:
    """Entries that nothing of this home explains. `workers`: about whom; `whole`: all of the entries were read.

    `oldest`: when the first of the changes began. `newest`: the time of the last of their entries.
    `gone`: so many requests went out of manifests that neither the warehouse nor a file tells of any more: they may explain some.
    """

    changes: int
    workers: tuple[str, ...]
    oldest: dt.datetime | None
    newest: dt.datetime | None
    whole: bool = True
    gone: int = 0
    received: Received = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return self.changes > 0

    @property
    def sentence(self) -> str:
        """The finding, fit to be shown."""
        least = "" if self.whole else "at least "
        newest = f", the newest of {self.newest:%Y-%m-%d %H:%M:%S}Z" if self.newest else ""
        return (
            f"the log of this job tells of {least}{counted(self.changes, 'change')} of"
            f" {least}{counted(len(self.workers), 'worker')}{newest},"
            " that no request of this home's journal explains"
            + (
                f", though {counted(self.gone, 'request')} of it may, of manifests that are not there any more"
                if self.gone
                else ""
            )
        )


@dataclass(frozen=True)
class TargetReading:
    """The finding of one reading. `until`: the service's clock when it began. `sent_before`: this home ever sent something."""

    finding: Finding
    until: dt.datetime
    sent_before: bool

    @property
    def told_until(self) -> dt.datetime:
        """From when on the target can tell of something that this reading did not: after the last entry that it found.

        The service's clock tells whole seconds (RFC 9110, section 5.6.7), and its entries fractions of one.
        """
        newest = self.finding.newest
        return max(self.until, newest + dt.timedelta(microseconds=1)) if newest else self.until


@dataclass(frozen=True)
class Question:
    """The terms of a reading, at the time `now`. `overlap`: how far before the end of the last one it begins, for a log lags.

    `whole`: every entry is wanted; else one is enough for a home that never sent anything.
    """

    home: Home
    target: LiveTarget
    now: dt.datetime
    overlap: dt.timedelta
    whole: bool = False


def look_at_target(
    con: duckdb.DuckDBPyConnection, journal: DeliveryState, service: Service, question: Question
) -> TargetReading:
    """Read the target's entries and compare them with what was sent. `con`: the warehouse or its read copy.

    The first reading goes back as far as a service remembers. Raises what the service raises, and ServiceError when an entry
    cannot be read.
    """
    target, now, whole = question.target.key, question.now, question.whole
    fence = journal.fence(target).known()
    since = fence.checked_until - question.overlap if fence.checked_until else now - REMEMBERED
    since = max([since, *([fence.accepted_until] if fence.accepted_until else [])])
    attempted, journaled = journal.attempted(target), journal.manifests()
    with scratch(con) as t:
        attempts = _attempts(t, target, attempted, journaled)
        filed, gone = _in_files(t, question, [one for one in attempted if one.since >= since - SLACK], journaled)
        sent_before = t.count(attempts) > 0
        pages, until, ended = [], now, True
        for number, page in enumerate(service.outcomes(since)):
            if page.unreadable:  # it might tell of a change that is not ours
                raise ServiceError(
                    f"{counted(page.unreadable, 'entry')} of the log cannot be read, so that nothing goes out on their word"
                )
            until = page.service_time if number == 0 else until
            pages.append(page)
            if page.entries and not sent_before and not whole:
                ended = False
                break
        kinds: dict[tuple[str, ...], int] = {}
        entries = _entries(t, (entry for page in pages for entry in page.entries), since, kinds)
        found = find_unexplained(t, target, entries, Sent(attempts, filed), since)
        return TargetReading(
            _finding(t, found, _received(t, found, entries, list(kinds)), whole=ended, gone=gone), until, sent_before
        )


@dataclass(frozen=True)
class Sent:
    """Everything that arrived or may have.

    `attempts`: manifest_id, request_no, opens_at, attempts (how many of this request), of manifests that the warehouse knows.
    `filed`: person_number, opens_at, of manifests that it does not.
    """

    attempts: Relation
    filed: Relation


def find_unexplained(t: Scratch, target: str, entries: Relation, sent: Sent, since: dt.datetime) -> Relation:
    """The changes that nothing explains: person_number, change_id, begins_at, ends_at.

    `entries`: log_id, logged_at, person_number, change_id, good, twin, of `since` and later.
    """
    values = {"target": target, "since": since}
    known = t.make(
        "known_changes",
        "select distinct person_number, change_id from log_entries"
        " where target = $target and logged_at < $since and change_id <> ''",
        values,
    )
    of_warehouse = t.make("open_versions", query(__package__, "open_versions", attempts=sent.attempts), values)
    versions = t.view("versions", f"from {of_warehouse} union all from {sent.filed}")
    failing = t.make("failing", query(__package__, "failing"), values)
    return t.make(
        "unexplained",
        query(__package__, "unexplained", entries=entries, known=known, failing=failing, versions=versions),
    )


def _in_files(
    t: Scratch, question: Question, attempted: Sequence[Attempted], journaled: Iterable[JournaledManifest]
) -> tuple[Relation, int]:
    """The versions of manifests that the warehouse does not know, by their files: person_number, opens_at.

    It knows none when it was rebuilt or is older than the journal. A manifest without a file has none: how many of its requests
    went out, or may have, comes second.
    """
    known = {manifest_id for (manifest_id,) in t.rows("select manifest_id from manifests")}
    folders = {one.manifest_id: question.home.path / one.folder for one in journaled}
    wanted: dict[str, dict[int, list[dt.datetime]]] = {}
    for one in attempted:
        if one.manifest_id not in known:
            wanted.setdefault(one.manifest_id, {}).setdefault(one.request_no, []).append(one.since)
    there = {manifest_id for manifest_id in wanted if (folders[manifest_id] / BULK_FILE).is_file()}
    rows = [
        (worker, since)
        for manifest_id in there
        for number, body in bodies(folders[manifest_id], min(wanted[manifest_id]))
        for since in wanted[manifest_id].get(number, ())
        for worker in question.target.workers_in(body)
    ]
    filed = t.of_arrow("filed", pa.table({
        "person_number": pa.array([worker for worker, _ in rows], pa.string()),
        "opens_at": pa.array([since for _, since in rows], pa.timestamp("us", "UTC")),
    }))  # fmt: skip
    return filed, sum(len(wanted[manifest_id]) for manifest_id in wanted.keys() - there)


def _attempts(
    t: Scratch, target: str, attempted: Iterable[Attempted], journaled: Iterable[JournaledManifest]
) -> Relation:
    """All that may have arrived: manifest_id, request_no, opens_at, attempts. Of manifests that the journal has not, by the
    warehouse."""
    rows = list(attempted)
    own = t.of_arrow("attempted", pa.table({
        "manifest_id": pa.array([one.manifest_id for one in rows], pa.string()),
        "request_no": pa.array([one.request_no for one in rows], pa.int64()),
        "opens_at": pa.array([one.since for one in rows], pa.timestamp("us", "UTC")),
    }))  # fmt: skip
    known = t.of_arrow(
        "journaled", pa.table({"manifest_id": pa.array([one.manifest_id for one in journaled], pa.string())})
    )
    return t.make(
        "attempts",
        f"""select *, count(*) over (partition by manifest_id, request_no) as attempts from (
        from {own} union all
        select manifest_id, request_no, accepted_at - interval 5 seconds
        from accepted_requests join manifests using (plan_no) anti join {known} using (manifest_id) where target = ?)""",
        [target],
    )


def _entries(
    t: Scratch, entries: Iterable[OutcomeEntry], since: dt.datetime, kinds: dict[tuple[str, ...], int]
) -> Relation:
    """As of `find_unexplained`, and `received`: the place in `kinds` of what the record had, which is noted there."""
    rows = {one.id: one for one in entries if one.person_number and one.status in SETTLING and one.at >= since}.values()
    return t.of_arrow("entries", pa.table({
        "log_id": pa.array([one.id for one in rows], pa.string()),
        "logged_at": pa.array([one.at for one in rows], pa.timestamp("us", "UTC")),
        "person_number": pa.array([one.person_number for one in rows], pa.string()),
        "change_id": pa.array([one.change_id for one in rows], pa.string()),
        "good": pa.array([one.good for one in rows], pa.bool_()),
        "twin": pa.array([one.twin for one in rows], pa.bool_()),
        "received": pa.array([_had(one, kinds) for one in rows], pa.int64()),
    }))  # fmt: skip


def _had(entry: OutcomeEntry, kinds: dict[tuple[str, ...], int]) -> int | None:
    """The place of what the record had and the account may have; None: nothing is told, or the service left the record out.

    One that failed may have been written in part, or whole when the service tried it again, of which no entry need tell.
    """
    written = entry.good or entry.status != "skipped"
    return kinds.setdefault(entry.received, len(kinds)) if entry.received is not None and written else None


def _received(t: Scratch, found: Relation, entries: Relation, kinds: Sequence[tuple[str, ...]]) -> Received:
    """As of `Finding`."""
    rows = t.rows(
        f"""select entry.received, list(distinct entry.person_number order by entry.person_number)
        from {entries} entry join {found} change on change.person_number = entry.person_number
            and change.change_id = coalesce(nullif(entry.change_id, ''), entry.log_id)
        where entry.received is not null group by 1 order by 1"""
    )
    return tuple((kinds[place], tuple(workers)) for place, workers in rows)


def _finding(t: Scratch, found: Relation, received: Received, *, whole: bool, gone: int) -> Finding:
    counts = t.first(f"select count(*), min(begins_at), max(ends_at) from {found}")
    workers = tuple(number for (number,) in t.rows(f"select distinct person_number from {found} order by 1"))
    changes, oldest, newest = counts or (0, None, None)
    return Finding(int(changes), workers, oldest, newest, whole, gone, received)
