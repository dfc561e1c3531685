"""Calls in the journal: when each call that counts against the limits of a tenant began and ended."""

from __future__ import annotations

import datetime as dt

from hcm_pipeline.sqlite_state import StateFile, text_of


class CallRecords:
    """The counted calls of a tenant. `target` is the one that calls are begun for."""

    def __init__(self, file: StateFile, tenant: str, target: str) -> None:
        self._file = file
        self._tenant = tenant
        self._target = target

    def begin(self, now: dt.datetime) -> int:
        """A call begins; its number."""
        with self._file.transaction() as db:
            made = db.execute(
                "INSERT INTO paced_calls (tenant, target, begun_at) VALUES (?, ?, ?)",
                (self._tenant, self._target, text_of(now)),
            )
            return int(made.lastrowid or 0)

    def end(self, call: int, at: dt.datetime) -> None:
        """A call has ended."""
        with self._file.transaction() as db:
            db.execute("UPDATE paced_calls SET ended_at = ? WHERE call_no = ?", (text_of(at), call))

    def forget(self, call: int) -> None:
        """A call was never begun."""
        with self._file.transaction() as db:
            db.execute("DELETE FROM paced_calls WHERE call_no = ?", (call,))

    def forget_before(self, moment: dt.datetime) -> None:
        """Calls that ended before a moment count no more."""
        with self._file.transaction() as db:
            db.execute("DELETE FROM paced_calls WHERE tenant = ? AND ended_at < ?", (self._tenant, text_of(moment)))

    def end_all_of_target(self, now: dt.datetime) -> None:
        """The calls of the target that are on their way have ended now."""
        with self._file.transaction() as db:
            db.execute(
                "UPDATE paced_calls SET ended_at = ? WHERE tenant = ? AND target = ? AND ended_at IS NULL",
                (text_of(now), self._tenant, self._target),
            )

    def end_impossible(self, now: dt.datetime, longest: dt.timedelta) -> None:
        """Calls that ended in the future, or that are on their way for longer than any call is, have ended now."""
        with self._file.transaction() as db:
            db.execute(
                "UPDATE paced_calls SET ended_at = ? WHERE tenant = ?"
                " AND (ended_at > ? OR ended_at IS NULL AND begun_at < ?)",
                (text_of(now), self._tenant, text_of(now), text_of(now - longest)),
            )

    def on_their_way(self) -> int:
        """How many calls have begun and not ended."""
        query = "SELECT count(*) FROM paced_calls WHERE tenant = ? AND ended_at IS NULL"
        return int(self._file.db.execute(query, (self._tenant,)).fetchone()[0])

    def nth_newest_end(self, n: int) -> dt.datetime | None:
        """When the n-th newest ended call (0: the newest) has ended; None when there are fewer."""
        row = self._file.db.execute(
            "SELECT ended_at FROM paced_calls WHERE tenant = ? AND ended_at IS NOT NULL"
            " ORDER BY ended_at DESC LIMIT 1 OFFSET ?",
            (self._tenant, n),
        ).fetchone()
        return dt.datetime.fromisoformat(row["ended_at"]) if row else None

    def ends_since(self, moment: dt.datetime, now: dt.datetime) -> list[dt.datetime]:
        """When calls have ended after a moment, oldest first; `now` for those that are on their way."""
        rows = self._file.db.execute(
            "SELECT coalesce(ended_at, ?) AS at FROM paced_calls"
            " WHERE tenant = ? AND (ended_at IS NULL OR ended_at > ?) ORDER BY at",
            (text_of(now), self._tenant, text_of(moment)),
        ).fetchall()
        return [dt.datetime.fromisoformat(row["at"]) for row in rows]
