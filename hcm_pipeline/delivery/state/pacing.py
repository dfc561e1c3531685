"""Keep to the service's limits: 40 bulkUpload calls in any 5 seconds, and a quota in any 24 hours.

The calls are counted in the journal's file, so that a restart, a second process or the time between two runs changes
nothing. The limits are a tenant's: uploads to several jobs of one tenant share one count.

The service counts a call when it arrives, at a moment between its begin and its end that nobody here knows. A call that is
on its way may be counted any time from now on; one that has ended was counted no later than its end. So a call may begin
when fewer than the limit are on their way or ended within the window before it: whatever the moments were, no window of the
service's is then too full. It costs as much of the rate as a call is long: 40 calls in 5 s plus one call's time.

pyrate-limiter's SQLiteBucket was weighed and left: it checks and inserts in two statements unless a further package
locks a file for it, takes its time and its sleep from the machine, and notes when a call began.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import dataclass

from hcm_pipeline.delivery.state.journal import Journal
from hcm_pipeline.entra.timing import DAILY_QUOTA, UPLOAD_RATE, Clock, Rate, utc_now
from hcm_pipeline.profile import Delivery
from hcm_pipeline.settings import Settings
from hcm_pipeline.targets.entra.connection import target_key, tenant_of

DAY = dt.timedelta(hours=24)
LONGEST_CALL = dt.timedelta(minutes=10)
"""No call takes longer: one that began before has ended, although its process was killed before it could say so."""
SCHEMA = """
-- one row: one call that counts against the limits of a tenant. ended_at: NULL while it is on its way
CREATE TABLE paced_calls (
    call_no INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    target TEXT NOT NULL,
    begun_at TEXT NOT NULL,
    ended_at TEXT
);
CREATE INDEX paced_calls_ended ON paced_calls (tenant, ended_at);
"""


@dataclass(frozen=True)
class NotYet:
    """A limit is used up until `free_at`. `spent`: it is the quota, and whoever paces the work stops for today."""

    free_at: dt.datetime
    spent: bool


class Pace:
    """The pace of one upload's calls. `quota`: calls that the tenant's other users leave in any 24 hours."""

    def __init__(
        self,
        journal: Journal,
        tenant: str,
        target: str,
        *,
        clock: Clock,
        quota: int = DAILY_QUOTA,
        rate: Rate = UPLOAD_RATE,
    ) -> None:
        self._journal = journal
        self._tenant = tenant
        self._target = target
        self._clock = clock
        self._rate = rate
        self._quota = Rate(quota, DAY)
        journal.ensure("paced_calls", SCHEMA)
        self._take_over_calls()

    def _take_over_calls(self) -> None:
        """Count what the first release counted in its table `calls`, for each target: the quota goes back a day."""
        with self._journal.transaction() as db:
            if db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'calls'").fetchone():
                db.execute(
                    "INSERT INTO paced_calls (tenant, target, begun_at, ended_at)"
                    " SELECT ?, target, at, at FROM calls WHERE target = ?",
                    (self._tenant, self._target),
                )
                db.execute("DELETE FROM calls WHERE target = ?", (self._target,))
                if db.execute("SELECT 1 FROM calls").fetchone() is None:
                    db.execute("DROP TABLE calls")

    def claim(self) -> int | NotYet:
        """Count a call that begins now, if both limits allow it; its number is for `done`.

        A clock that was set back leaves calls in the future: they count as ended now, so that the wait stays bounded.
        """
        with self._journal.transaction() as db:
            now = self._clock().astimezone(dt.UTC)
            db.execute(
                "UPDATE paced_calls SET ended_at = ? WHERE tenant = ?"
                " AND (ended_at > ? OR ended_at IS NULL AND begun_at < ?)",
                (_iso(now), self._tenant, _iso(now), _iso(now - LONGEST_CALL)),
            )
            refused = self._not_yet(db, now)
            if refused is not None:
                return refused
            db.execute("DELETE FROM paced_calls WHERE tenant = ? AND ended_at < ?", (self._tenant, _iso(now - 2 * DAY)))
            made = db.execute(
                "INSERT INTO paced_calls (tenant, target, begun_at) VALUES (?, ?, ?)",
                (self._tenant, self._target, _iso(now)),
            )
            return int(made.lastrowid or 0)

    def done(self, call: int, at: dt.datetime) -> None:
        """The call has ended at `at`, whichever way."""
        with self._journal.transaction() as db:
            db.execute("UPDATE paced_calls SET ended_at = ? WHERE call_no = ?", (_iso(at), call))

    def undo(self, call: int) -> None:
        """The call was never begun."""
        with self._journal.transaction() as db:
            db.execute("DELETE FROM paced_calls WHERE call_no = ?", (call,))

    def end_lost(self) -> None:
        """End the calls that an upload to this target left when it was killed. Only for the holder of its lock."""
        with self._journal.transaction() as db:
            db.execute(
                "UPDATE paced_calls SET ended_at = ? WHERE tenant = ? AND target = ? AND ended_at IS NULL",
                (_iso(self._clock()), self._tenant, self._target),
            )

    def not_yet(self) -> NotYet | None:
        """Which limit allows no call now, and until when; None: one may begin."""
        with self._journal.transaction() as db:
            return self._not_yet(db, self._clock().astimezone(dt.UTC))

    def left(self) -> int:
        """Calls that the quota allows now."""
        return max(0, self._quota.calls - len(self.made()))

    def made(self) -> list[dt.datetime]:
        """When the calls that the quota still counts have ended, oldest first; now for those that are on their way."""
        now = self._clock()
        with self._journal.transaction() as db:
            rows = db.execute(
                "SELECT coalesce(ended_at, ?) AS at FROM paced_calls"
                " WHERE tenant = ? AND (ended_at IS NULL OR ended_at > ?) ORDER BY at",
                (_iso(now), self._tenant, _iso(now - self._quota.per)),
            ).fetchall()
        return [dt.datetime.fromisoformat(row["at"]) for row in rows]

    def _not_yet(self, db: sqlite3.Connection, now: dt.datetime) -> NotYet | None:
        [on_their_way] = db.execute(
            "SELECT count(*) FROM paced_calls WHERE tenant = ? AND ended_at IS NULL", (self._tenant,)
        ).fetchone()
        for limit in (self._quota, self._rate):
            before = limit.calls - 1 - on_their_way
            if before < 0:  # until one of those on their way has ended, and then for the length of the window
                return NotYet(now + limit.per, spent=limit is self._quota)
            row = db.execute(
                "SELECT ended_at FROM paced_calls WHERE tenant = ? AND ended_at IS NOT NULL"
                " ORDER BY ended_at DESC LIMIT 1 OFFSET ?",
                (self._tenant, before),
            ).fetchone()
            free = limit.free_at(dt.datetime.fromisoformat(row["ended_at"]) if row else None, now)
            if free > now:
                return NotYet(free, spent=limit is self._quota)
        return None


def _iso(moment: dt.datetime) -> str:
    """UTC with microseconds always, so that texts sort as times do."""
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")


def pace_of(journal: Journal, settings: Settings, delivery: Delivery, *, clock: Clock = utc_now) -> Pace:
    """The calls that count against the quota of the settings' tenant, without starting anything."""
    return Pace(journal, tenant_of(settings), target_key(settings), clock=clock, quota=delivery.own_quota)
