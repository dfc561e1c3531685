"""The state of following Oracle HCM, in an SQLite file of the home: entries, hints, cursors, and the workers who were read.

The cursor of a feed moves in the transaction that stores the last of its entries. A hint is settled in the transaction that notes
the reading, after its extract lies in the landing folder: a crash in between reads the worker once more, which is harmless.
"""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import orjson

from hcm_pipeline.feeds.columns import DIGEST_SIZE, NUMBER, STATUS, differing, digests_of
from hcm_pipeline.feeds.feed_schema import SCHEMA
from hcm_pipeline.feeds.hints import Asked, Coming, Missed, Settled, Unseen
from hcm_pipeline.feeds.polls import FeedStanding, Poll
from hcm_pipeline.oracle import COLUMNS, Entry, Page, Person, Stamp
from hcm_pipeline.sqlite_state import StateFile, moment_of, text_of

AHEAD = dt.timedelta(hours=1)
"""A cursor that lies further ahead of the service's clock than this was set when that clock was wrong."""
ENDING = "cancelworkrelship"
"""The feed of hires that were taken back."""
_SECONDARY = re.compile(rb"PrimaryFlag[^A-Za-z]{1,12}N\b")
_TERMINATION = "termination"


@dataclass
class _Gathered:
    person_id: str | None = None
    number: str | None = None
    hints: list[int] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    ahead: set[dt.date] = field(default_factory=set)
    later: list[int] = field(default_factory=list)
    employment: list[tuple[str, int, bool]] = field(default_factory=list)
    told_on: str | None = None


class FeedState:
    """One connection, for the time of a `with` block."""

    def __init__(self, path: Path) -> None:
        self._file = StateFile(path, SCHEMA)
        self._db = self._file.db

    def __enter__(self) -> FeedState:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One transaction over several calls."""
        with self._file.transaction():
            yield

    def read_by(self) -> Iterator[tuple[str, int]]:
        """Every worker who was ever read, and the poll that did it last."""
        yield from self._db.execute("SELECT person_number, read_by FROM people ORDER BY 1")

    # --- polls

    def begin(self, mode: str, now: dt.datetime, service_time: dt.datetime, day: dt.date) -> int:
        """Note that the feeds are being read; the number of the poll, which is in the names of its files."""
        with self._file.transaction():
            made = self._db.execute(
                "INSERT INTO polls (mode, begun_at, service_time, business_date) VALUES (?, ?, ?, ?)",
                [mode, text_of(now), text_of(service_time), day.isoformat()],
            )
        return int(made.lastrowid or 0)

    def finish(
        self, poll_no: int, now: dt.datetime, *, files: Sequence[str], calls: Mapping[str, int], fault: str | None
    ) -> None:
        """Note the end of a poll."""
        with self._file.transaction():
            self._db.execute(
                "UPDATE polls SET finished_at = ?, files = ?, calls = ?, fault = ? WHERE poll_no = ?",
                [text_of(now), orjson.dumps(files).decode(), orjson.dumps(dict(calls)).decode(), fault, poll_no],
            )

    def polls(self, limit: int = 20) -> list[Poll]:
        """The newest polls, newest first."""
        rows = self._db.execute("SELECT * FROM polls ORDER BY poll_no DESC LIMIT ?", [limit]).fetchall()
        return [_poll(row) for row in rows]

    def reconciled(self, day: dt.date) -> bool:
        """Whether a share of the workers, or everybody, was read for a date already."""
        row = self._db.execute(
            """SELECT 1 FROM polls WHERE business_date = ? AND finished_at IS NOT NULL
            AND (files LIKE '%-people.jsonl%' OR files LIKE '%-reconciliation.jsonl%') LIMIT 1""",
            [day.isoformat()],
        ).fetchone()
        return row is not None

    # --- feeds

    def cursor(self, feed: str, clock: Stamp) -> dt.datetime | None:
        """How far a feed was read by a clock; None when it never was."""
        row = self._db.execute("SELECT stands_at FROM cursors WHERE feed = ? AND clock = ?", [feed, clock]).fetchone()
        return moment_of(row[0]) if row else None

    def keep(
        self, poll_no: int, feed: str, clock: Stamp, pages: Iterable[Page], stands_at: dt.datetime, day: dt.date
    ) -> int:
        """Store the entries of a walk as they come, page by page, and move the cursor with the last of them; how many were new."""
        new, waiting = 0, None
        for page in pages:
            if waiting is not None:
                with self._file.transaction():
                    new += self._store(poll_no, feed, clock, waiting, day)
            waiting = page
        with self._file.transaction():
            if waiting is not None:
                new += self._store(poll_no, feed, clock, waiting, day)
            self.move(feed, clock, stands_at)
        return new

    def take(self, poll_no: int, feed: str, page: Page, day: dt.date) -> int:
        """Store entries that were handed over; no cursor moves. How many were new."""
        with self._file.transaction():
            return self._store(poll_no, feed, "published", page, day)

    def move(self, feed: str, clock: Stamp, stands_at: dt.datetime) -> None:
        """Move a cursor. It goes back only from where no clock that is right can have set it."""
        with self._file.transaction():
            self._db.execute(
                """INSERT INTO cursors (feed, clock, stands_at) VALUES (?, ?, ?)
                ON CONFLICT (feed, clock) DO UPDATE
                SET stands_at = CASE WHEN stands_at > ? THEN excluded.stands_at
                    ELSE max(coalesce(stands_at, ''), excluded.stands_at) END, fault = NULL""",
                [feed, clock, text_of(stands_at), text_of(_later(stands_at))],
            )

    def last_before(self, moment: dt.datetime) -> dt.datetime | None:
        """The service's time of the last poll that read the feeds to their end, not after this moment."""
        row = self._db.execute(
            """SELECT max(service_time) FROM polls WHERE service_time <= ? AND finished_at IS NOT NULL AND fault IS NULL
            AND mode IN ('feed', 'full')""",
            [text_of(moment)],
        ).fetchone()
        return moment_of(row[0]) if row else None

    def failed(self, feed: str, clock: Stamp, fault: str) -> None:
        """Note why a feed could not be read; its cursor stays."""
        with self._file.transaction():
            self._db.execute(
                """INSERT INTO cursors (feed, clock, fault) VALUES (?, ?, ?)
                ON CONFLICT (feed, clock) DO UPDATE SET fault = excluded.fault""",
                [feed, clock, fault],
            )

    def _store(self, poll_no: int, feed: str, clock: Stamp, page: Page, day: dt.date) -> int:
        new = 0
        for entry in page.entries:
            made = self._db.execute(
                """INSERT OR IGNORE INTO entries (feed, entry_id, content_sha256, updated, published, person_id, person_number,
                    effective_dates, fault, raw, poll_no, clock, page) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                [feed, entry.entry_id, entry.content_sha256, _text(entry.updated), _text(entry.published), entry.person_id,
                 entry.person_number, orjson.dumps(entry.effective_dates).decode(), entry.fault, entry.raw, poll_no, clock,
                 page.number],
            )  # fmt: skip
            if made.rowcount:
                new += 1
                self._hint(poll_no, int(made.lastrowid or 0), entry, day)
        self._db.execute(
            "UPDATE polls SET entries = entries + ?, new_entries = new_entries + ? WHERE poll_no = ?",
            [len(page.entries), new, poll_no],
        )
        return new

    def _hint(self, poll_no: int, entry_no: int, entry: Entry, day: dt.date) -> None:
        if not (entry.person_id or entry.person_number):
            return
        stamp = entry.updated.date() if entry.updated else day
        ahead = {date for date in (*entry.effective_dates, stamp) if date > day}
        if entry.feed == _TERMINATION:
            ahead |= {date + dt.timedelta(days=1) for date in entry.effective_dates if date >= day}
        for due in (day, *sorted(ahead)):
            self._add_hint(poll_no, entry.person_id, entry.person_number, due, "entry", entry_no)

    def _add_hint(
        self,
        poll_no: int,
        person_id: str | None,
        number: str | None,
        due: dt.date,
        why: str,
        entry_no: int | None = None,
    ) -> None:
        self._db.execute(
            "INSERT INTO hints (person_id, person_number, due, why, entry_no, poll_no) VALUES (?, ?, ?, ?, ?, ?)",
            [person_id, number, due.isoformat(), why, entry_no, poll_no],
        )

    # --- whom to read

    def due(self, day: dt.date) -> list[Asked]:
        """Everybody with an open hint for a date up to this one."""
        return [asked for asked in self._open(day) if asked.hints]

    def ahead(self, day: dt.date) -> list[Asked]:
        """Everybody who has open hints for later dates only."""
        return [asked for asked in self._open(day) if not asked.hints]

    def _open(self, day: dt.date) -> Iterator[Asked]:
        rows = self._db.execute(
            """SELECT h.hint_no, h.due, h.why, h.told_on, coalesce(h.person_id, p.person_id) AS person_id,
                coalesce(h.person_number, p.person_number) AS number, e.feed, e.entry_id, e.published, e.updated, e.page, e.poll_no,
                e.entry_no, CASE WHEN e.feed = ? THEN e.raw END AS raw
            FROM hints h LEFT JOIN entries e USING (entry_no)
            LEFT JOIN people p ON h.person_number IS NULL AND p.person_id = h.person_id
            WHERE h.settled_by IS NULL ORDER BY h.hint_no""",
            [ENDING],
        ).fetchall()
        found: dict[str, _Gathered] = {}
        numbers = {row["person_id"]: row["number"] for row in rows if row["person_id"] and row["number"]}
        for row in rows:
            number = row["number"] or numbers.get(row["person_id"])
            one = found.setdefault(number or f"id:{row['person_id']}", _Gathered())
            one.number, one.person_id = number or one.number, row["person_id"] or one.person_id
            if row["due"] <= day.isoformat():
                one.hints.append(row["hint_no"])
                one.told_on = max(one.told_on or "", row["told_on"] or "") or None
            else:
                one.ahead.add(dt.date.fromisoformat(row["due"]))
                one.later.append(row["hint_no"])
            if row["entry_no"] is None:
                one.told.append(row["why"])
                continue
            one.told.append(_told(row))
            if row["feed"] in ("newhire", ENDING):
                taken_back = row["feed"] == ENDING and not _SECONDARY.search(row["raw"])
                one.employment.append((row["published"] or row["updated"] or "", row["entry_no"], taken_back))
        known = self._known([one.number for one in found.values() if one.number])
        for key, one in found.items():
            yield Asked(
                key, Person(one.person_id, one.number), tuple(one.hints), tuple(dict.fromkeys(one.told)),
                tuple(sorted(one.ahead)), tuple(one.later), bool(one.employment) and max(one.employment)[2], one.number in known,
                dt.date.fromisoformat(one.told_on) if one.told_on else None,
            )  # fmt: skip

    def _known(self, numbers: Sequence[str]) -> set[str]:
        known: set[str] = set()
        for start in range(0, len(numbers), 500):
            some = numbers[start : start + 500]
            places = ", ".join("?" for _ in some)
            rows = self._db.execute(f"SELECT person_number FROM people WHERE person_number IN ({places})", some)
            known |= {number for (number,) in rows}
        return known

    def longest_unread(self, count: int, but: Collection[str]) -> list[Person]:
        """Workers who were not read for longest."""
        rows = self._db.execute(
            "SELECT person_number, person_id FROM people ORDER BY read_at, person_number LIMIT ?", [count + len(but)]
        ).fetchall()
        return [Person(person_id, number) for number, person_id in rows if number not in but][:count]

    @property
    def head_count(self) -> int:
        """How many workers were ever read."""
        return int(self._db.execute("SELECT count(*) FROM people").fetchone()[0])

    # --- what was read

    def hold(self, poll_no: int, readings: Sequence[Settled]) -> None:
        """Keep what a poll under way has read, until `note`."""
        with self._file.transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO pending VALUES (?, ?, ?, ?, ?, ?)",
                [
                    [
                        poll_no,
                        one.row[NUMBER],
                        one.person_id,
                        one.row.get(STATUS) == "True",
                        digests_of(one.row),
                        bool(one.hints),
                    ]
                    for one in readings
                ],
            )

    def note(
        self, poll_no: int, now: dt.datetime, day: dt.date, *, settled: Iterable[tuple[int, ...]], unseen: Iterable[Unseen],
        coming: Iterable[Coming], found_by: str,
    ) -> int:  # fmt: skip
        """Note what a poll came to, whose extracts lie in the landing folder; how many workers differ from the reading
        before though nothing had told of it. Call it in a transaction.

        `settled`: hints that were followed. `found_by`: full or reconciliation, which read workers without hints.
        """
        missed = list(self._missed(poll_no, found_by))
        self._db.executemany(
            "INSERT OR REPLACE INTO missed VALUES (?, ?, ?, ?)",
            [[poll_no, one.number, one.found_by, orjson.dumps(one.columns).decode()] for one in missed],
        )
        workers = self._db.execute("SELECT count(*) FROM pending WHERE poll_no = ?", [poll_no]).fetchone()[0]
        self._db.execute(
            """INSERT INTO people SELECT person_number, person_id, ?, active, digests, poll_no FROM pending WHERE poll_no = ?
            ON CONFLICT (person_number) DO UPDATE SET person_id = coalesce(excluded.person_id, person_id),
                read_at = excluded.read_at, active = excluded.active, digests = excluded.digests,
                read_by = excluded.read_by""",
            [text_of(now), poll_no],
        )
        self._db.execute("DELETE FROM pending")  # the lock of the home lets one poll work at a time
        for hints in settled:
            self._settle(poll_no, hints)
        unread = 0
        for failure in unseen:
            unread += 1
            self._db.executemany(
                "UPDATE hints SET tries = tries + 1, fault = ?, told_on = coalesce(?, told_on) WHERE hint_no = ?",
                [[failure.reason, day.isoformat() if failure.told else None, hint] for hint in failure.hints],
            )
        for one in coming:
            self._look_again(poll_no, one)
        self._db.execute(
            "UPDATE polls SET workers = workers + ?, unread = unread + ?, missed = missed + ? WHERE poll_no = ?",
            [workers, unread, len(missed), poll_no],
        )
        return len(missed)

    def _missed(self, poll_no: int, found_by: str) -> Iterator[Missed]:
        rows = self._db.execute(
            """SELECT person_number, people.digests AS was, pending.digests AS is_now FROM pending JOIN people USING (person_number)
            WHERE poll_no = ? AND NOT hinted AND pending.digests <> people.digests""",
            [poll_no],
        )
        for row in rows:
            if columns := differing(row["was"], row["is_now"]):
                yield Missed(row["person_number"], found_by, columns)

    def ever_read(self, columns: Collection[str]) -> bool:
        """Whether one of these columns was ever read of anybody."""
        places = [COLUMNS.index(name) * DIGEST_SIZE + 1 for name in columns]
        known = " OR ".join(f"substr(digests, {place}, {DIGEST_SIZE}) <> zeroblob({DIGEST_SIZE})" for place in places)
        return bool(places) and self._db.execute(f"SELECT 1 FROM people WHERE {known} LIMIT 1").fetchone() is not None

    def ask_again(self, poll_no: int, person: Person, day: dt.date, why: str) -> None:
        """Open a hint for a worker whom no entry named."""
        with self._file.transaction():
            self._add_hint(poll_no, person.person_id, person.person_number, day, why)

    def replay(self, poll_no: int, since: dt.datetime, feeds: Collection[str], day: dt.date) -> int:
        """Open a hint for everybody named by an entry of some feeds that was published or updated since; how many entries."""
        places = ", ".join("?" for _ in feeds)
        with self._file.transaction():
            made = self._db.execute(
                f"""INSERT INTO hints (person_id, person_number, due, why, entry_no, poll_no)
                SELECT person_id, person_number, ?, 'replay', entry_no, ? FROM entries
                WHERE feed IN ({places}) AND coalesce(published, updated, '9') >= ?
                    AND coalesce(person_id, person_number) IS NOT NULL""",
                [day.isoformat(), poll_no, *feeds, text_of(since)],
            )
        return made.rowcount

    def _settle(self, poll_no: int, hints: tuple[int, ...]) -> None:
        self._db.executemany(
            "UPDATE hints SET settled_by = ?, tries = tries + 1, fault = NULL WHERE hint_no = ?",
            [[poll_no, hint] for hint in hints],
        )

    def _look_again(self, poll_no: int, one: Coming) -> None:
        there = self._db.execute(
            "SELECT 1 FROM hints WHERE person_number = ? AND due = ? AND settled_by IS NULL LIMIT 1",
            [one.number, one.due.isoformat()],
        ).fetchone()
        if not there:
            self._add_hint(poll_no, one.person_id, one.number, one.due, one.why)

    # --- for people

    def standings(self, feeds: Sequence[str]) -> list[FeedStanding]:
        """Each feed, as far as it was read."""
        counted = {
            row["feed"]: row
            for row in self._db.execute(
                """SELECT feed, count(*) AS n, count(fault) AS bad, max(coalesce(published, updated)) AS newest
                FROM entries GROUP BY feed"""
            )
        }
        found = []
        for feed in feeds:
            row = counted.get(feed)
            faults = self._db.execute(
                "SELECT fault FROM cursors WHERE feed = ? AND fault IS NOT NULL", [feed]
            ).fetchall()
            standing = FeedStanding(
                feed, self.cursor(feed, "updated"), self.cursor(feed, "published"), row["n"] if row else 0,
                row["bad"] if row else 0, moment_of(row["newest"]) if row else None, faults[0][0] if faults else None,
            )  # fmt: skip
            found.append(standing)
        return found

    def open_hints(self, day: dt.date) -> tuple[int, int, int]:
        """How many workers wait to be read now, how many of them could not be read, and how many are to be read on a later date."""
        row = self._db.execute(
            """SELECT count(DISTINCT CASE WHEN due <= ?1 THEN coalesce(person_number, person_id) END),
                count(DISTINCT CASE WHEN due <= ?1 AND fault IS NOT NULL THEN coalesce(person_number, person_id) END),
                count(DISTINCT CASE WHEN due > ?1 THEN coalesce(person_number, person_id) END)
            FROM hints WHERE settled_by IS NULL""",
            [day.isoformat()],
        ).fetchone()
        return tuple(row)

    def missed_since(self, since: dt.date) -> list[tuple[dt.date, Missed]]:
        """Workers who differed though nothing had told of it, of polls of the dates from `since` on, newest first."""
        rows = self._db.execute(
            """SELECT p.business_date, m.person_number, m.found_by, m.columns FROM missed m JOIN polls p USING (poll_no)
            WHERE p.business_date >= ? ORDER BY m.poll_no DESC, m.person_number""",
            [since.isoformat()],
        ).fetchall()
        return [
            (dt.date.fromisoformat(day), Missed(number, by, tuple(orjson.loads(columns))))
            for day, number, by, columns in rows
        ]

    def told_since(self, since: dt.date) -> set[str]:
        """Workers whom an entry named in polls of the dates from `since` on."""
        rows = self._db.execute(
            """SELECT DISTINCT e.person_number FROM entries e JOIN polls p USING (poll_no)
            WHERE p.business_date >= ? AND e.person_number IS NOT NULL""",
            [since.isoformat()],
        )
        return {number for (number,) in rows}

    def unread(self, day: dt.date, limit: int = 100) -> list[tuple[str, str, int]]:
        """Workers whose open hints could not be followed: person number (or id), reason, tries."""
        rows = self._db.execute(
            """SELECT coalesce(person_number, 'id ' || person_id), max(fault), max(tries) FROM hints
            WHERE settled_by IS NULL AND due <= ? AND fault IS NOT NULL GROUP BY 1 ORDER BY 1 LIMIT ?""",
            [day.isoformat(), limit],
        ).fetchall()
        return [(who, why, tries) for who, why, tries in rows]


def _later(moment: dt.datetime) -> dt.datetime:
    try:
        return moment + AHEAD
    except OverflowError:
        return moment


def _told(row: sqlite3.Row) -> str:
    moment = moment_of(row["published"] or row["updated"])
    when = f" of {moment:%Y-%m-%d %H:%M:%S}Z" if moment else ""
    return f"entry {row['entry_id']}{when} of the feed {row['feed']}, page {row['page']} of poll {row['poll_no']}"


def _text(moment: dt.datetime | None) -> str | None:
    return text_of(moment) if moment else None


def _poll(row: sqlite3.Row) -> Poll:
    return Poll(
        row["poll_no"], row["mode"], dt.datetime.fromisoformat(row["begun_at"]), dt.datetime.fromisoformat(row["service_time"]),
        dt.date.fromisoformat(row["business_date"]), moment_of(row["finished_at"]), row["entries"], row["new_entries"],
        row["workers"], row["unread"], row["missed"], tuple(orjson.loads(row["files"])), orjson.loads(row["calls"]), row["fault"],
    )  # fmt: skip
