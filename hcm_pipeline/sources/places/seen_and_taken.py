"""The memory of places: what the last look found and since when it lies there unchanged, and what was taken.

An SQLite file of its own in the home: a sensor notes what it sees while a run holds the warehouse. A file is known by place, name
and mark, so that a file that stays where it is is taken once, and one that replaces it is taken again.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from hcm_pipeline.sources.places.far_store import Thing
from hcm_pipeline.sqlite_state import Schema, StateFile, moment_of, text_of

TABLES = """
-- one row: the last look at a place. fault: NULL when it succeeded; failing_since: the first of the looks that have failed one
-- behind the other
CREATE TABLE looks (
    place TEXT PRIMARY KEY,
    looked_at TEXT NOT NULL,
    fault TEXT,
    failing_since TEXT
) WITHOUT ROWID;

-- one row: a file that the last look which succeeded has seen and that fits a source. since: when its mark was first seen
CREATE TABLE seen (
    place TEXT NOT NULL,
    name TEXT NOT NULL,
    mark TEXT NOT NULL,
    since TEXT NOT NULL,
    PRIMARY KEY (place, name)
) WITHOUT ROWID;

-- one row: a version of a file whose bytes are in the home. newest: the number of the newest extract before it was to become one;
-- done: it was entered, or was known
CREATE TABLE taken (
    place TEXT NOT NULL,
    name TEXT NOT NULL,
    mark TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    newest INTEGER NOT NULL,
    taken_at TEXT NOT NULL,
    done INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (place, name, mark)
) WITHOUT ROWID;

-- one row: bytes that were delivered encrypted. sha256: of what is stored. note: the key that opened them, and who signed them
CREATE TABLE decrypted (
    delivered TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    name TEXT NOT NULL,
    at TEXT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (delivered, sha256)
) WITHOUT ROWID;
"""
SCHEMA = Schema("memory of places", (TABLES.strip(),))


@dataclass(frozen=True)
class LookedAt:
    """The last look at a place. `waiting` are names that were not taken; `fault`: why it failed; what it found before counts.
    `failing_since`: the first look of those that have failed one behind the other."""

    at: dt.datetime | None
    fault: str | None
    waiting: tuple[str, ...]
    failing_since: dt.datetime | None = None


class SeenAndTaken:
    """The memory of one home, for a `with` block. Times are those of this machine, in UTC."""

    def __init__(self, path: Path) -> None:
        self._file = StateFile(path, SCHEMA)

    def __enter__(self) -> SeenAndTaken:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def saw(self, place: str, things: Iterable[Thing], now: dt.datetime) -> dict[str, dt.datetime]:
        """Note what a look has found. The answer: since when each name lies there as it is."""
        with self._file.transaction() as db:
            before = {row["name"]: row for row in db.execute("SELECT * FROM seen WHERE place = ?", (place,))}
            since = {}
            for thing in things:
                known = before.pop(thing.name, None)
                at = known["since"] if known and known["mark"] == thing.mark else text_of(now)
                since[thing.name] = moment_of(at) or now
                if known is None or known["mark"] != thing.mark:
                    db.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", (place, thing.name, thing.mark, at))
            db.executemany("DELETE FROM seen WHERE place = ? AND name = ?", [(place, name) for name in before])
            db.execute("INSERT OR REPLACE INTO looks VALUES (?, ?, NULL, NULL)", (place, text_of(now)))
        return since

    def failed(self, place: str, fault: str, now: dt.datetime) -> None:
        """Note that a look has failed."""
        with self._file.transaction() as db:
            db.execute(
                "INSERT INTO looks VALUES (:place, :at, :fault, :at) ON CONFLICT (place) DO UPDATE SET looked_at = :at,"
                " fault = :fault, failing_since = coalesce(failing_since, :at)",
                {"place": place, "at": text_of(now), "fault": fault},
            )

    def seen(self, place: str) -> list[tuple[str, str, dt.datetime]]:
        """Name, mark, and since when, of all that the last look has found and nobody has taken."""
        rows = self._file.db.execute(
            "SELECT name, mark, since FROM seen AS s WHERE place = ? AND NOT EXISTS (SELECT 1 FROM taken AS t"
            " WHERE t.place = s.place AND t.name = s.name AND t.mark = s.mark AND t.done) ORDER BY name",
            (place,),
        )
        return [(row["name"], row["mark"], moment_of(row["since"]) or dt.datetime.now(dt.UTC)) for row in rows]

    def look(self, place: str) -> LookedAt:
        """The last look at a place."""
        row = self._file.db.execute("SELECT * FROM looks WHERE place = ?", (place,)).fetchone()
        names = tuple(name for name, _, _ in self.seen(place))
        if row is None:
            return LookedAt(None, None, names)
        return LookedAt(moment_of(row["looked_at"]), row["fault"], names, moment_of(row["failing_since"]))

    def taken(self, place: str) -> set[tuple[str, str]]:
        """Name and mark of all that was taken from a place."""
        rows: Iterable[sqlite3.Row] = self._file.db.execute(
            "SELECT name, mark FROM taken WHERE place = ? AND done", (place,)
        )
        return {(row["name"], row["mark"]) for row in rows}

    def kept(self, place: str, name: str, mark: str) -> tuple[str, int] | None:
        """The sha256 of bytes that a try has kept and not come to an end with, and the newest extract before."""
        row = self._file.db.execute(
            "SELECT sha256, newest FROM taken WHERE place = ? AND name = ? AND mark = ? AND NOT done",
            (place, name, mark),
        ).fetchone()
        return (str(row["sha256"]), int(row["newest"])) if row else None

    def keep(self, place: str, name: str, mark: str, sha256: str, newest: int, now: dt.datetime) -> None:
        """The bytes of a version are in the home, and are about to become an extract."""
        with self._file.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO taken VALUES (?, ?, ?, ?, ?, ?, 0)",
                (place, name, mark, sha256, newest, text_of(now)),
            )

    def done(self, place: str, name: str, mark: str, sha256: str, now: dt.datetime) -> None:
        """A version is an extract: it is not taken again."""
        with self._file.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO taken VALUES (?, ?, ?, ?, 0, ?, 1)", (place, name, mark, sha256, text_of(now))
            )

    def drop(self, place: str, name: str, mark: str) -> None:
        """A version was refused: it may be tried again."""
        with self._file.transaction() as db:
            db.execute("DELETE FROM taken WHERE place = ? AND name = ? AND mark = ? AND NOT done", (place, name, mark))

    def decrypted(self, delivered: str, sha256: str, name: str, note: str, now: dt.datetime) -> None:
        """Bytes were decrypted: what was delivered, and what is stored."""
        with self._file.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO decrypted VALUES (?, ?, ?, ?, ?)", (delivered, sha256, name, text_of(now), note)
            )
