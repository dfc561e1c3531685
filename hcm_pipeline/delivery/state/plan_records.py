"""Plans in the journal: a newer one supersedes all that an older one left unfinished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from hcm_pipeline.delivery.manifest import Manifest
from hcm_pipeline.delivery.state.approvals import DecisionRecords
from hcm_pipeline.delivery.state.journal_records import CLOSED, OPEN, REST_OF, ManifestState, SentMeanwhile


class PlanRecords(DecisionRecords):
    """The order of plans, and what the newest one holds."""

    def last_send(self, target: str) -> int:
        """The number of the last attempt begun for a target; 0 before the first."""
        row = self._file.db.execute(
            "SELECT max(send_no) FROM sends JOIN manifests USING (manifest_id) WHERE target = ?", (target,)
        ).fetchone()
        return row[0] or 0

    def last_sent(self, target: str) -> str | None:
        """The manifest of which a request was last begun to be sent to a target; None before the first."""
        row = self._file.db.execute(
            "SELECT manifest_id FROM sends JOIN manifests USING (manifest_id) WHERE target = ?"
            " ORDER BY send_no DESC LIMIT 1",
            (target,),
        ).fetchone()
        return str(row[0]) if row else None

    def register(self, manifest: Manifest, folder: Path, *, planned_after: int | None = None) -> None:
        """`register_plan` of a plan with one manifest."""
        self.register_plan(manifest.target, [(manifest, folder)], planned_after=planned_after)

    def register_plan(
        self, target: str, parts: Sequence[tuple[Manifest, Path]], *, planned_after: int | None = None,
        nothing: str = "nothing is left to send", rest_of: Mapping[str, str] | None = None,
        started_by: str | None = None,
    ) -> None:  # fmt: skip
        """Enter the manifests of a plan, and supersede every other unfinished one of the target. Harmless twice.

        A manifest that a guard tripped over is held, any other is ready; one that is entered already and not closed keeps
        its state, and with it a person's decision. Folders are relative to the home. `planned_after` is `last_send` from
        before the delivered state was read: when a request went out since, the plan does not know of it, and SentMeanwhile
        says to plan again. `nothing` is the reason that is kept when the plan is empty. `rest_of` names, for a manifest that
        holds nothing but what is left of one that `begun_approved` named, that one: the approval of it stands for the rest,
        unless it was taken back since. `started_by` is the person whose run plans, None when nobody is known.

        A manifest that was superseded or rejected comes back when it is planned again, to be sent from its first request.
        """
        with self._file.transaction():
            if planned_after is not None and self.last_send(target) > planned_after:
                raise SentMeanwhile(f"{_named(parts)}: requests were sent while it was planned; plan again")
            for manifest, folder in parts:
                self._enter(manifest, folder, started_by)
                former = (rest_of or {}).get(manifest.manifest_id)
                if former is None or self.existing(manifest.manifest_id).state is not ManifestState.HELD:
                    continue
                if self.existing(former).state in OPEN:  # nobody has rejected it while the plan was made
                    given = self._approval(former)
                    why = f"{REST_OF}{former[:12]}, which was approved"
                    self._decide(manifest.manifest_id, "approve", given["decided_by"], given["how"], why, None)
                    self._to(ManifestState.READY, manifest.manifest_id)
            ids = [manifest.manifest_id for manifest, _ in parts]
            marks = ", ".join("?" * len(ids))
            reason = f"superseded by {', '.join(ids)}" if ids else nothing
            self._file.db.execute(
                f"UPDATE manifests SET state = 'superseded', finished_at = ?, reason = ? WHERE target = ?"
                f" AND manifest_id NOT IN ({marks}) AND state IN ('ready', 'held', 'uploading', 'failed')",
                (self._now(), reason, target, *ids),
            )
            self._file.db.execute(
                f"UPDATE manifests SET newest = manifest_id IN ({marks}) WHERE target = ?", (*ids, target)
            )

    def enter_rejected(self, manifest: Manifest, folder: Path, *, by: str, why: str) -> None:
        """Enter a manifest that `by` rejected in a journal which is lost, so that the word stands and can be taken back.

        Nothing happens to one about which this journal has a word of a person, or that is known as rejected or as sent.
        """
        with self._file.transaction():
            found = self._find(manifest.manifest_id)
            if found is not None and found.state in (ManifestState.REJECTED, ManifestState.ACCEPTED):
                return
            if any(one.manifest_id == manifest.manifest_id for one in self.decisions()):
                return
            self._enter(manifest, folder, None)
            self._file.db.execute("UPDATE manifests SET newest = 0 WHERE manifest_id = ?", (manifest.manifest_id,))
            self.reject(manifest.manifest_id, by=by, why=why)

    def _enter(self, manifest: Manifest, folder: Path, started_by: str | None) -> None:
        state = ManifestState.HELD if manifest.held_for else ManifestState.READY
        found = self._find(manifest.manifest_id)
        if found is None:
            self._file.db.execute(
                "INSERT INTO manifests (manifest_id, business_date, target, folder, requests, operations, state,"
                " created_at, held_for, started_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (manifest.manifest_id, manifest.business_date.isoformat(), manifest.target, folder.as_posix(),
                 manifest.requests, manifest.operations, state, self._now(), manifest.held_for, started_by),
            )  # fmt: skip
            self._order_last(manifest.manifest_id)
        elif found.state in CLOSED:
            self._order_last(manifest.manifest_id)
            self._give_back(manifest.manifest_id, "state <> 'sending'")  # that one will still be ended
            self._to(state, manifest.manifest_id)

    def _order_last(self, manifest_id: str) -> None:
        self._file.db.execute("INSERT OR REPLACE INTO plan_order (manifest_id) VALUES (?)", (manifest_id,))


def _named(parts: Sequence[tuple[Manifest, Path]]) -> str:
    return (
        " and ".join(f"manifest {manifest.manifest_id[:12]}" for manifest, _ in parts) or "a plan with nothing to send"
    )
