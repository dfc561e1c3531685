"""The history of a target in the journal: how far it was compared with the target's own, and what a person accepted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from hcm_pipeline.sqlite_state import StateFile, moment_of, text_of


class HistoryWord(StrEnum):
    """The decision of a person about a history."""

    ACCEPT = "accept-history"
    """The target knows more than the journal, and what this home knows is newer still: it goes on from here."""
    FIRST = "first"
    """Somebody else delivered before this home did: what is planned goes out as it is."""
    ADOPT = "adopt-target"
    """The home delivers to another target from now on."""


@dataclass(frozen=True)
class HistoryDecision:
    """A person's decision about the history of a target. `found`: what it was about, in a sentence."""

    decision: HistoryWord
    decided_by: str
    decided_at: dt.datetime
    why: str
    found: str
    how: str = "cli"


@dataclass(frozen=True)
class Fence:
    """A target's history, as far as the home knows it. `checked_until` and `accepted_until` are on the service's clock.

    `reason`: why nothing goes out, when `stopped_at` is set; else why the target could not be asked, None when it was.
    `waits_until`: a home that lies elsewhere than it did sends nothing before it has asked once more then.
    """

    checked_until: dt.datetime | None = None
    accepted_until: dt.datetime | None = None
    stopped_at: dt.datetime | None = None
    reason: str | None = None
    waits_until: dt.datetime | None = None

    @property
    def stopped(self) -> str | None:
        """Why nothing goes out until a person says so."""
        return self.reason if self.stopped_at else None


class FenceRecords:
    """The fence of one target."""

    def __init__(self, file: StateFile, target: str) -> None:
        self._file = file
        self._target = target

    def known(self) -> Fence:
        """The fence as it was last left; empty before the first."""
        with self._file.transaction() as db:
            row = db.execute("SELECT * FROM fences WHERE target = ?", (self._target,)).fetchone()
        if row is None:
            return Fence()
        return Fence(
            checked_until=moment_of(row["checked_until"]),
            accepted_until=moment_of(row["accepted_until"]),
            stopped_at=moment_of(row["stopped_at"]),
            reason=row["reason"],
            waits_until=moment_of(row["waits_until"]),
        )

    def passed(self, until: dt.datetime, *, unasked: str | None = None) -> None:
        """The target knew nothing more `until` then; `unasked`: it could not be asked, and the profile lets that pass."""
        if unasked is None:
            self._note("checked_until = ?, stopped_at = NULL, reason = NULL", text_of(until))
        else:
            self._note("stopped_at = NULL, reason = ?", unasked)

    def stop(self, reason: str, at: dt.datetime) -> None:
        """The target knows more than the journal."""
        self._note("stopped_at = coalesce(stopped_at, ?), reason = ?", text_of(at), reason)

    def wait(self, until: dt.datetime | None) -> None:
        """Nothing goes out before the target was asked once more, `until` then; None: the wait is over."""
        self._note("waits_until = ?", text_of(until) if until else None)

    def decide(self, decision: HistoryDecision, *, accepted_until: dt.datetime | None = None) -> None:
        """Keep a person's decision; what the target knows until `accepted_until` is asked about no more."""
        with self._file.transaction() as db:
            db.execute(
                "INSERT INTO history_decisions (target, decision, decided_by, decided_at, why, found, how)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self._target, decision.decision, decision.decided_by, text_of(decision.decided_at), decision.why,
                 decision.found, decision.how),
            )  # fmt: skip
            if accepted_until is not None:
                until = text_of(accepted_until)
                self._note(
                    "accepted_until = ?, checked_until = ?, stopped_at = NULL, reason = NULL, waits_until = NULL",
                    until,
                    until,
                )

    def decisions(self) -> list[HistoryDecision]:
        """The decisions of people, oldest first."""
        rows = self._file.db.execute(
            "SELECT * FROM history_decisions WHERE target = ? ORDER BY decision_no", (self._target,)
        )
        return [
            HistoryDecision(
                HistoryWord(row["decision"]), row["decided_by"], dt.datetime.fromisoformat(row["decided_at"]), row["why"],
                row["found"], row["how"],
            )
            for row in rows.fetchall()
        ]  # fmt: skip

    def _note(self, what: str, *values: str | None) -> None:
        with self._file.transaction() as db:
            db.execute("INSERT OR IGNORE INTO fences (target) VALUES (?)", (self._target,))
            db.execute(f"UPDATE fences SET {what} WHERE target = ?", (*values, self._target))
