"""The outbox: which conditions were told, to whom, and what is still to be told.

An SQLite file of its own in the home: it must be written while a run holds the warehouse or the warehouse cannot be opened,
which are among the things to tell of. Messages go out at least once: one whose sender was killed in between comes again, under
the same id.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import orjson

from hcm_pipeline.alerts.messages import Alert, Phase
from hcm_pipeline.sqlite_state import Schema, StateFile, moment_of, text_of

KEPT = dt.timedelta(days=90)
CLAIM = dt.timedelta(minutes=2)
"""How long a message belongs to the process that began to send it."""
FIRST_WAIT, LONGEST_WAIT = dt.timedelta(minutes=1), dt.timedelta(hours=1)

TABLES = """
-- one row: one time that a condition held, from when it was noticed to when it was noticed to be over
CREATE TABLE occurrences (
    occurrence_id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL,
    alert TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    resolved_at TEXT
);
CREATE UNIQUE INDEX one_open ON occurrences (key) WHERE resolved_at IS NULL;

-- one row: one message to one receiver
CREATE TABLE messages (
    occurrence_id INTEGER NOT NULL REFERENCES occurrences ON DELETE CASCADE,
    receiver TEXT NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('opened', 'resolved')),
    sent_at TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try_at TEXT NOT NULL,
    error TEXT,
    PRIMARY KEY (occurrence_id, receiver, phase)
) WITHOUT ROWID;
"""
FAILED_WORK = """
-- one row: work of which the newest run failed (see `FailedWork`). next_try_at: NULL when it was given up
CREATE TABLE failed_work (
    work TEXT PRIMARY KEY,
    business_date TEXT NOT NULL,
    tries INTEGER NOT NULL,
    failed_at TEXT NOT NULL,
    cause TEXT NOT NULL,
    next_try_at TEXT
) WITHOUT ROWID;
"""
SCHEMA = Schema("outbox of alerts", (TABLES, FAILED_WORK))


@dataclass(frozen=True)
class Occurrence:
    """A condition that held or holds. `unsent`: messages about it that no receiver has taken yet, with the last error."""

    occurrence_id: int
    alert: Alert
    opened_at: dt.datetime
    resolved_at: dt.datetime | None
    unsent: int
    error: str | None


@dataclass(frozen=True)
class Due:
    """A message to send now."""

    occurrence_id: int
    receiver: str
    phase: Phase
    alert: Alert
    at: dt.datetime


def _over(open_keys: Collection[str], alerts: Collection[Alert]) -> set[str]:
    """The keys of those that hold no more: whatever is in doubt goes on."""
    doubtful = {kind for alert in alerts for kind in alert.in_doubt}
    return {key for key in set(open_keys) - {alert.key for alert in alerts} if key.partition(":")[0] not in doubtful}


class Outbox:
    """One connection, for the time of a `with` block."""

    def __init__(self, path: Path) -> None:
        self._file = StateFile(path, SCHEMA)
        self._db = self._file.db

    def __enter__(self) -> Outbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def update(self, alerts: Collection[Alert], receivers: Collection[str], now: dt.datetime) -> None:
        """Bring the outbox up to what holds now: each beginning and each end is told to each receiver once."""
        holding = {alert.key: alert for alert in alerts}
        at = text_of(now)
        with self._file.transaction():
            open_keys = self._open_keys()
            for key, alert in holding.items():
                if key not in open_keys:
                    self._db.execute(
                        "INSERT INTO occurrences (key, alert, opened_at) VALUES (?, ?, ?)",
                        (key, orjson.dumps(alert.as_dict()).decode(), at),
                    )
            for key in _over(open_keys, alerts):
                self._db.execute(
                    "UPDATE occurrences SET resolved_at = ? WHERE key = ? AND resolved_at IS NULL", (at, key)
                )
            for receiver in receivers:
                self._db.execute(
                    "INSERT OR IGNORE INTO messages (occurrence_id, receiver, phase, next_try_at)"
                    " SELECT occurrence_id, ?, 'opened', ? FROM occurrences WHERE resolved_at IS NULL",
                    (receiver, at),
                )
            self._db.execute(
                "INSERT OR IGNORE INTO messages (occurrence_id, receiver, phase, next_try_at)"
                " SELECT occurrence_id, receiver, 'resolved', ? FROM messages JOIN occurrences USING (occurrence_id)"
                " WHERE phase = 'opened' AND resolved_at IS NOT NULL",
                (at,),
            )
            self._db.execute("DELETE FROM occurrences WHERE resolved_at < ?", (text_of(now - KEPT),))

    def differs(self, alerts: Collection[Alert], receivers: Collection[str], now: dt.datetime) -> bool:
        """Whether `update` would change anything, or a message is due."""
        open_keys = self._open_keys()
        if _over(open_keys, alerts) or any(alert.key not in open_keys for alert in alerts):
            return True
        for receiver in receivers:
            missing = self._db.execute(
                "SELECT 1 FROM occurrences WHERE resolved_at IS NULL AND NOT EXISTS (SELECT 1 FROM messages"
                " WHERE messages.occurrence_id = occurrences.occurrence_id AND phase = 'opened' AND receiver = ?)",
                (receiver,),
            ).fetchone()
            if missing or self._due(receiver, now):
                return True
        return False

    def claim(self, receiver: str, now: dt.datetime) -> Due | None:
        """The next message for a receiver, which nobody else sends then for a while; None: none is due."""
        with self._file.transaction():
            row = self._due(receiver, now)
            if row is None:
                return None
            self._db.execute(
                "UPDATE messages SET next_try_at = ?, attempts = attempts + 1"
                " WHERE occurrence_id = ? AND receiver = ? AND phase = ?",
                (text_of(now + CLAIM), row["occurrence_id"], receiver, row["phase"]),
            )
        phase = Phase(row["phase"])
        at = row["opened_at"] if phase is Phase.OPENED else row["resolved_at"]
        alert = Alert.from_dict(orjson.loads(row["alert"]))
        return Due(row["occurrence_id"], receiver, phase, alert, dt.datetime.fromisoformat(at))

    def sent(self, due: Due, now: dt.datetime) -> None:
        """The receiver has taken it."""
        with self._file.transaction():
            self._db.execute(
                "UPDATE messages SET sent_at = ?, error = NULL WHERE occurrence_id = ? AND receiver = ? AND phase = ?",
                (text_of(now), due.occurrence_id, due.receiver, due.phase),
            )

    def failed(self, due: Due, error: str, now: dt.datetime) -> None:
        """The receiver has not taken it: again after a wait that doubles with each attempt."""
        with self._file.transaction():
            row = self._db.execute(
                "SELECT attempts FROM messages WHERE occurrence_id = ? AND receiver = ? AND phase = ?",
                (due.occurrence_id, due.receiver, due.phase),
            ).fetchone()
            wait = min(FIRST_WAIT * 2 ** min(int(row["attempts"]) - 1, 10), LONGEST_WAIT)
            self._db.execute(
                "UPDATE messages SET next_try_at = ?, error = ? WHERE occurrence_id = ? AND receiver = ? AND phase = ?",
                (text_of(now + wait), error, due.occurrence_id, due.receiver, due.phase),
            )

    def occurrences(self, *, also_resolved: bool = False) -> list[Occurrence]:
        """The conditions that hold, newest first; with `also_resolved` what held in the last 90 days as well."""
        where = "" if also_resolved else "WHERE resolved_at IS NULL"
        rows = self._db.execute(
            "SELECT occurrence_id, alert, opened_at, resolved_at,"
            " (SELECT count(*) FROM messages m WHERE m.occurrence_id = o.occurrence_id AND sent_at IS NULL) AS unsent,"
            " (SELECT max(error) FROM messages m WHERE m.occurrence_id = o.occurrence_id AND sent_at IS NULL) AS error"
            f" FROM occurrences o {where} ORDER BY occurrence_id DESC"
        )
        return [
            Occurrence(
                row["occurrence_id"],
                Alert.from_dict(orjson.loads(row["alert"])),
                dt.datetime.fromisoformat(row["opened_at"]),
                moment_of(row["resolved_at"]),
                row["unsent"],
                row["error"],
            )
            for row in rows.fetchall()
        ]

    def _open_keys(self) -> set[str]:
        return {row["key"] for row in self._db.execute("SELECT key FROM occurrences WHERE resolved_at IS NULL")}

    def _due(self, receiver: str, now: dt.datetime) -> sqlite3.Row | None:
        """The oldest message that a receiver has not taken, when its time has come: whatever follows waits behind it."""
        row: sqlite3.Row | None = self._db.execute(
            "SELECT m.*, alert, opened_at, resolved_at FROM messages m JOIN occurrences USING (occurrence_id)"
            " WHERE receiver = ? AND sent_at IS NULL ORDER BY m.occurrence_id, phase LIMIT 1",
            (receiver,),
        ).fetchone()
        return row if row is not None and row["next_try_at"] <= text_of(now) else None
