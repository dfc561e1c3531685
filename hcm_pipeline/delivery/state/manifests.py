"""Manifests in the journal: which there are, where they stand, and which an upload would go on with."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

from hcm_pipeline.delivery.state.journal_records import OPEN, REST_OF, JournaledManifest, ManifestState
from hcm_pipeline.errors import UsageError
from hcm_pipeline.http import Clock
from hcm_pipeline.sqlite_state import StateFile, moment_of, text_of


class ManifestRecords:
    """The table of manifests, and the last approval of each."""

    def __init__(self, file: StateFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock

    def get(self, manifest: str) -> JournaledManifest:
        """A manifest by its id, or by a beginning of it that fits no other. Raises UsageError otherwise."""
        rows = self._file.db.execute(
            "SELECT * FROM manifests WHERE substr(manifest_id, 1, ?) = ? ORDER BY manifest_id LIMIT 6",
            (len(manifest), manifest),
        ).fetchall()
        if not manifest or not rows:
            raise UsageError(f"manifest {manifest!r}: no manifest's id begins so; `hcm-pipeline status` lists them")
        if len(rows) > 1:
            fitting = ", ".join(row["manifest_id"][: len(manifest) + 8] for row in rows[:5])
            raise UsageError(f"manifest {manifest!r}: more than one id begins so: {fitting}")
        return self._manifest(rows[0])

    def manifests(self, *states: ManifestState) -> list[JournaledManifest]:
        """Manifests in these states (all when none is named), oldest first."""
        stored = {*states, *([ManifestState.READY] if ManifestState.HELD in states else [])}  # one may have expired
        marks = ", ".join("?" * len(stored))
        where = f"WHERE state IN ({marks})" if states else ""
        rows = self._file.db.execute(f"SELECT * FROM manifests {where} ORDER BY created_at, manifest_id", tuple(stored))
        found = [self._manifest(row) for row in rows.fetchall()]
        return [manifest for manifest in found if not states or manifest.state in states]

    def open_manifests(self) -> list[JournaledManifest]:
        """Manifests that an upload would go on with: leavers first, then those that need no approval, then the rest."""
        return sorted(self.manifests(*OPEN), key=lambda m: 0 if m.held_for == "disable" else 1 + bool(m.held_for))

    def begun_approved(self, target: str) -> list[JournaledManifest]:
        """Manifests of a target's newest plan that a person approved and of which the upload has begun, or that are the rest of
        such a one: an approval does not expire under way."""
        found = [m for m in self.manifests(*OPEN) if m.target == target and m.held_for and m.newest]
        return [
            m for m in found
            if m.state is ManifestState.UPLOADING or str(self._approval(m.manifest_id)["why"] or "").startswith(REST_OF)
        ]  # fmt: skip

    def held_manifests(self, target: str) -> list[JournaledManifest]:
        """Manifests of a target that wait for a decision, oldest first."""
        return [manifest for manifest in self.manifests(ManifestState.HELD) if manifest.target == target]

    def close_planned_before(self, target: str, moment: dt.datetime, reason: str) -> list[str]:
        """Supersede a target's manifests that wait and were planned before a moment; their ids."""
        with self._file.transaction() as db:
            which = "target = ? AND created_at < ? AND state IN ('ready', 'held', 'uploading')"
            values = (target, text_of(moment))
            found = [row[0] for row in db.execute(f"SELECT manifest_id FROM manifests WHERE {which}", values)]
            db.execute(
                f"UPDATE manifests SET state = 'superseded', finished_at = ?, reason = ? WHERE {which}",
                (self._now(), reason, *values),
            )
        return found

    def existing(self, manifest_id: str) -> JournaledManifest:
        """A manifest by its whole id. Raises UsageError for one that the journal does not know."""
        found = self._find(manifest_id)
        if found is None:
            raise UsageError(f"manifest {manifest_id[:12]}: the journal does not know it")
        return found

    def _approval(self, manifest_id: str) -> sqlite3.Row:
        """The last approval of a manifest that has one."""
        row: sqlite3.Row = self._file.db.execute(
            "SELECT * FROM decisions WHERE manifest_id = ? AND decision = 'approve' ORDER BY decision_no DESC LIMIT 1",
            (manifest_id,),
        ).fetchone()
        return row

    def _find(self, manifest_id: str) -> JournaledManifest | None:
        row = self._file.db.execute("SELECT * FROM manifests WHERE manifest_id = ?", (manifest_id,)).fetchone()
        return self._manifest(row) if row else None

    def _give_back(self, manifest_id: str, which: str) -> None:
        self._file.db.execute(
            f"UPDATE requests SET state = 'planned' WHERE manifest_id = ? AND {which}", (manifest_id,)
        )

    def _to(self, state: ManifestState, manifest_id: str, approved_until: dt.datetime | None = None) -> None:
        self._file.db.execute(
            "UPDATE manifests SET state = ?, finished_at = NULL, reason = NULL, approved_until = ? WHERE manifest_id = ?",
            (state, text_of(approved_until) if approved_until else None, manifest_id),
        )

    def _manifest(self, row: sqlite3.Row) -> JournaledManifest:
        """A row as it counts now: an approval that expired before the upload began is none."""
        state, reason, until = ManifestState(row["state"]), row["reason"], moment_of(row["approved_until"])
        if state is ManifestState.READY and until is not None and until <= self._clock():
            state, reason = ManifestState.HELD, f"the approval expired at {until.isoformat(timespec='seconds')}"
        return JournaledManifest(
            manifest_id=row["manifest_id"],
            business_date=dt.date.fromisoformat(row["business_date"]),
            target=row["target"],
            folder=Path(row["folder"]),
            requests=row["requests"],
            operations=row["operations"],
            state=state,
            created_at=dt.datetime.fromisoformat(row["created_at"]),
            started_at=moment_of(row["started_at"]),
            finished_at=moment_of(row["finished_at"]),
            attempts=row["attempts"],
            reason=reason,
            held_for=row["held_for"],
            approved_until=until,
            newest=bool(row["newest"]),
            started_by=row["started_by"],
        )

    def _now(self) -> str:
        return text_of(self._clock())
