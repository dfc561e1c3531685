"""Which entries of a target no request of this home's journal explains.

An entry names neither request nor operation. So entries are grouped into changes of one worker (`change_id`), and each version
that was sent explains one change of its worker that began after it was sent, first in, first out. Nothing else is needed for:
the filling in of a reference, which is no change of its own; a change after a failure, which is the service's own try; a change
that is known from before; a version that was sent twice, which explains two.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from hcm_pipeline.delivery.fence.home_target import HistoryStop
from hcm_pipeline.delivery.service import OutcomeEntry, Service
from hcm_pipeline.delivery.state import Attempted, DeliveryState
from hcm_pipeline.warehouse import Relation, Scratch, query, scratch

__all__ = ["Finding", "HistoryStop", "TargetReading", "find_unexplained", "look_at_target"]

REMEMBERED = dt.timedelta(days=30)
"""No service keeps its entries longer."""
SETTLING = ("success", "failure", "skipped", "warning")


@dataclass(frozen=True)
class Finding:
    """Entries that nothing of this home explains. `workers`: about whom; `whole`: all of the entries were read."""

    changes: int
    workers: tuple[str, ...]
    oldest: dt.datetime | None
    newest: dt.datetime | None
    whole: bool = True

    def __bool__(self) -> bool:
        return self.changes > 0

    @property
    def sentence(self) -> str:
        """The finding, fit to be shown."""
        least = "" if self.whole else "at least "
        newest = f", the newest of {self.newest:%Y-%m-%d %H:%M:%S}Z" if self.newest else ""
        return (
            f"the log of this job tells of {least}{self.changes:,} changes of {least}{len(self.workers):,} workers{newest},"
            " that no request of this home's journal explains"
        )


@dataclass(frozen=True)
class TargetReading:
    """The finding of one reading. `until`: the service's clock when it began. `sent_before`: this home ever sent something."""

    finding: Finding
    until: dt.datetime
    sent_before: bool


def look_at_target(
    con: duckdb.DuckDBPyConnection, journal: DeliveryState, target: str, service: Service, now: dt.datetime,
    overlap: dt.timedelta, *, whole: bool = False,
) -> TargetReading:  # fmt: skip
    """Read the target's entries and compare them with what was sent. `con`: the warehouse or its read copy.

    The reading begins `overlap` before the last one that found nothing, for a log lags; the first one goes back as far as a
    service remembers. A home that never sent anything needs no more than one entry, unless `whole`. Raises what the
    service raises.
    """
    fence = journal.fence(target).known()
    since = fence.checked_until - overlap if fence.checked_until else now - REMEMBERED
    since = max([since, *([fence.accepted_until] if fence.accepted_until else [])])
    with scratch(con) as t:
        attempts = _attempts(t, target, journal.attempted(target), [m.manifest_id for m in journal.manifests()])
        sent_before = t.count(attempts) > 0
        pages, until, ended = [], now, True
        for number, page in enumerate(service.outcomes(since)):
            until = page.service_time if number == 0 else until
            pages.append(page)
            if page.entries and not sent_before and not whole:
                ended = False
                break
        entries = _entries(t, (entry for page in pages for entry in page.entries), since)
        found = find_unexplained(t, target, entries, attempts, since)
        return TargetReading(_finding(t, found, whole=ended), until, sent_before)


def find_unexplained(t: Scratch, target: str, entries: Relation, attempts: Relation, since: dt.datetime) -> Relation:
    """The changes that nothing explains: person_number, change_id, begins_at.

    `entries`: log_id, logged_at, person_number, change_id, good, twin, of `since` and later. `attempts`: manifest_id, request_no,
    opens_at, attempts.
    """
    values = {"target": target, "since": since}
    known = t.make(
        "known_changes",
        "select distinct person_number, change_id from log_entries"
        " where target = $target and logged_at < $since and change_id <> ''",
        values,
    )
    versions = t.make("open_versions", query(__package__, "open_versions", attempts=attempts), values)
    failing = t.make("failing", query(__package__, "failing"), values)
    return t.make(
        "unexplained",
        query(__package__, "unexplained", entries=entries, known=known, failing=failing, versions=versions),
    )


def _attempts(t: Scratch, target: str, attempted: Iterable[Attempted], journaled: list[str]) -> Relation:
    """All that may have arrived: manifest_id, request_no, opens_at, attempts. Of manifests that the journal has not, by the
    warehouse."""
    rows = list(attempted)
    own = t.of_arrow("attempted", pa.table({
        "manifest_id": pa.array([one.manifest_id for one in rows], pa.string()),
        "request_no": pa.array([one.request_no for one in rows], pa.int64()),
        "opens_at": pa.array([one.since for one in rows], pa.timestamp("us", "UTC")),
    }))  # fmt: skip
    known = t.of_arrow("journaled", pa.table({"manifest_id": pa.array(journaled, pa.string())}))
    return t.make(
        "attempts",
        f"""select *, count(*) over (partition by manifest_id, request_no) as attempts from (
        from {own} union all
        select manifest_id, request_no, accepted_at - interval 5 seconds
        from accepted_requests join manifests using (plan_no) anti join {known} using (manifest_id) where target = ?)""",
        [target],
    )


def _entries(t: Scratch, entries: Iterable[OutcomeEntry], since: dt.datetime) -> Relation:
    rows = {one.id: one for one in entries if one.person_number and one.status in SETTLING and one.at >= since}.values()
    return t.of_arrow("entries", pa.table({
        "log_id": pa.array([one.id for one in rows], pa.string()),
        "logged_at": pa.array([one.at for one in rows], pa.timestamp("us", "UTC")),
        "person_number": pa.array([one.person_number for one in rows], pa.string()),
        "change_id": pa.array([one.change_id for one in rows], pa.string()),
        "good": pa.array([one.good for one in rows], pa.bool_()),
        "twin": pa.array([one.twin for one in rows], pa.bool_()),
    }))  # fmt: skip


def _finding(t: Scratch, found: Relation, *, whole: bool) -> Finding:
    counts = t.first(f"select count(*), min(begins_at), max(begins_at) from {found}")
    workers = tuple(number for (number,) in t.rows(f"select distinct person_number from {found} order by 1"))
    changes, oldest, newest = counts or (0, None, None)
    return Finding(int(changes), workers, oldest, newest, whole)
