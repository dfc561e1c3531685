"""Pauses: what keeps an upload from going on, kept in the journal: a wait, and the canary.

A profile is proven at a target when its canary's outcomes were good there; until then the first request of a manifest is
the canary of all that follow.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from hcm_pipeline.deciders import Decider
from hcm_pipeline.sqlite_state import StateFile, text_of


class PauseKind(StrEnum):
    """Why nothing is sent."""

    QUOTA = "quota"
    SERVICE = "service"
    JOB = "job"
    CANARY = "canary"


@dataclass(frozen=True)
class Pause:
    """Nothing is sent to a target before `until`. `manifest_id`: the one that was being uploaded.

    A canary is waited for until its outcomes have come; `until` is then when it is worth looking again.
    """

    manifest_id: str
    kind: PauseKind
    until: dt.datetime
    reason: str

    def holds(self, now: dt.datetime) -> bool:
        """Whether it is not over yet, as far as the time says."""
        return self.kind is PauseKind.CANARY or self.until > now

    def describe(self) -> str:
        """The reason of the wait, and its end."""
        if self.kind is PauseKind.CANARY:
            return f"{self.reason}; the rest follows when they are good"
        return f"{self.reason}; it goes on at {self.until:%Y-%m-%d %H:%M}Z"


class Pauses:
    """The pauses and canaries of one target."""

    def __init__(self, file: StateFile, target: str) -> None:
        self._file = file
        self._target = target

    def pause(self, pause: Pause) -> None:
        """Note a pause, in place of the one before."""
        with self._file.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO pauses (target, manifest_id, kind, until, reason) VALUES (?, ?, ?, ?, ?)",
                (self._target, pause.manifest_id, pause.kind, text_of(pause.until), pause.reason),
            )

    def paused(self) -> Pause | None:
        """The last pause noted, over or not; None: the last upload ended by itself."""
        with self._file.transaction() as db:
            row = db.execute("SELECT * FROM pauses WHERE target = ?", (self._target,)).fetchone()
        if row is None:
            return None
        until = dt.datetime.fromisoformat(row["until"])
        return Pause(row["manifest_id"], PauseKind(row["kind"]), until, row["reason"])

    def go_on(self) -> None:
        """Nothing pauses any more."""
        with self._file.transaction() as db:
            db.execute("DELETE FROM pauses WHERE target = ?", (self._target,))

    def proven(self, profile: str) -> bool:
        """Whether the profile last proven at the target is this one."""
        with self._file.transaction() as db:
            row = db.execute("SELECT profile FROM proven_profiles WHERE target = ?", (self._target,)).fetchone()
        return row is not None and row["profile"] == profile

    def prove(self, profile: str, at: dt.datetime) -> None:
        """The target has processed what this profile made, and well."""
        with self._file.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO proven_profiles (target, profile, at) VALUES (?, ?, ?)",
                (self._target, profile, text_of(at)),
            )

    def fail(self, manifest_id: str, reason: str, at: dt.datetime) -> None:
        """A manifest's canary was not good: nothing more of it is sent unless a person says so."""
        self._judge(manifest_id, "failed", reason, at, None)

    def release(self, manifest_id: str, by: Decider) -> None:
        """A person lets a manifest go on, whatever its canary says."""
        self._judge(manifest_id, "released", "goes on past its canary", by.at, by)

    def released(self, manifest_id: str) -> bool:
        """Whether a person let the manifest go on past its canary."""
        return self._judged(manifest_id)[0] == "released"

    def failed(self, manifest_id: str) -> str | None:
        """Why the manifest's canary was not good; None when it was, or is still to be judged, or does not matter."""
        state, reason = self._judged(manifest_id)
        return reason if state == "failed" else None

    def _judge(self, manifest_id: str, state: str, reason: str, at: dt.datetime, by: Decider | None) -> None:
        with self._file.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO canaries (manifest_id, state, reason, at, by, how) VALUES (?, ?, ?, ?, ?, ?)",
                (manifest_id, state, reason, text_of(at), by.name if by else None, by.how if by else None),
            )

    def _judged(self, manifest_id: str) -> tuple[str, str]:
        with self._file.transaction() as db:
            row = db.execute("SELECT state, reason FROM canaries WHERE manifest_id = ?", (manifest_id,)).fetchone()
        return (row["state"], row["reason"]) if row else ("", "")
