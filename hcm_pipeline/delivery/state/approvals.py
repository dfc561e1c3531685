"""Decisions in the journal: approvals, which expire, and rejections."""

from __future__ import annotations

import datetime as dt

from hcm_pipeline.delivery.state.journal_records import WAITING, Decision, JournaledManifest, ManifestState
from hcm_pipeline.delivery.state.manifests import ManifestRecords
from hcm_pipeline.errors import UsageError
from hcm_pipeline.sqlite_state import moment_of, text_of


class DecisionRecords(ManifestRecords):
    """The decisions of people about manifests."""

    def approve(self, manifest_id: str, *, by: str, why: str | None, until: dt.datetime) -> JournaledManifest:
        """Let a manifest go out whose upload begins before `until`; returns it as it is then.

        A rejected one is let go as well while its plan is the newest. After that it is closed as superseded: its workers are
        for the next plan again. Raises UsageError for one about which there is nothing to decide.
        """
        with self._file.transaction():
            found = self.existing(manifest_id)
            approved = found.state is ManifestState.READY and found.approved_until is not None
            if found.state not in (ManifestState.HELD, ManifestState.REJECTED) and not approved:
                raise UsageError(f"manifest {manifest_id[:12]} is {found.state}: there is nothing to approve")
            self._decide(manifest_id, "approve", by, why, until)
            if found.state is ManifestState.REJECTED and not found.newest:
                reason = f"rejected, and approved by {by} after a newer plan; plan again"
                self._file.db.execute(
                    "UPDATE manifests SET state = 'superseded', reason = ? WHERE manifest_id = ?", (reason, manifest_id)
                )
            else:
                self._to(ManifestState.READY, manifest_id, until)
            return self.existing(manifest_id)

    def reject(self, manifest_id: str, *, by: str, why: str | None) -> JournaledManifest:
        """Let nothing more of a manifest go out; returns it as it is then. Operations of it that were accepted stay delivered.

        Raises UsageError for one that is closed already.
        """
        with self._file.transaction():
            found = self.existing(manifest_id)
            if found.state not in WAITING:
                raise UsageError(f"manifest {manifest_id[:12]} is {found.state}: there is nothing to reject")
            self._decide(manifest_id, "reject", by, why, None)
            self._file.db.execute(
                "UPDATE manifests SET state = 'rejected', finished_at = ?, reason = ?, approved_until = NULL"
                " WHERE manifest_id = ?",
                (self._now(), f"rejected by {by}", manifest_id),
            )
            return self.existing(manifest_id)

    def decisions(self, after: int = 0) -> list[Decision]:
        """Decisions with a number above `after`, in order."""
        rows = self._file.db.execute("SELECT * FROM decisions WHERE decision_no > ? ORDER BY decision_no", (after,))
        return [
            Decision(
                decision_no=row["decision_no"],
                manifest_id=row["manifest_id"],
                decision=row["decision"],
                decided_by=row["decided_by"],
                decided_at=dt.datetime.fromisoformat(row["decided_at"]),
                why=row["why"],
                expires_at=moment_of(row["expires_at"]),
            )
            for row in rows.fetchall()
        ]

    def _decide(self, manifest_id: str, decision: str, by: str, why: str | None, until: dt.datetime | None) -> None:
        self._file.db.execute(
            "INSERT INTO decisions (manifest_id, decision, decided_by, decided_at, why, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (manifest_id, decision, by, self._now(), why, text_of(until) if until else None),
        )
