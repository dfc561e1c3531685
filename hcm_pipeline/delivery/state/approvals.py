"""Decisions in the journal: approvals, which expire, and rejections."""

from __future__ import annotations

import datetime as dt
import sqlite3

from hcm_pipeline.delivery.state.decision_chain import START, digest_of, verify_chain, verify_let_go
from hcm_pipeline.delivery.state.journal_records import (
    WAITING,
    ApprovalRule,
    Decision,
    JournaledManifest,
    ManifestState,
)
from hcm_pipeline.delivery.state.manifests import ManifestRecords
from hcm_pipeline.errors import UsageError
from hcm_pipeline.sqlite_state import moment_of, text_of

ANYBODY = ApprovalRule()


class DecisionRecords(ManifestRecords):
    """The decisions of people about manifests."""

    def approve(
        self, manifest_id: str, *, by: str, why: str | None, until: dt.datetime, how: str = "cli",
        rule: ApprovalRule = ANYBODY,
    ) -> JournaledManifest:  # fmt: skip
        """Let a manifest go out whose upload begins before `until`; returns it as it is then.

        A manifest that `rule` wants more people for stays held, with the reason, until they have approved it too. A rejected one
        is let go as well while its plan is the newest. After that it is closed as superseded: its workers are for the next plan
        again. Raises UsageError for one about which there is nothing to decide, or not by this person, and BrokenChain.
        """
        with self._file.transaction():
            found = self.existing(manifest_id)
            approved = found.state is ManifestState.READY and found.approved_until is not None
            if found.state not in (ManifestState.HELD, ManifestState.REJECTED) and not approved:
                raise UsageError(f"manifest {manifest_id[:12]} is {found.state}: there is nothing to approve")
            others = self._others(found, by, how, rule)
            self._decide(manifest_id, "approve", by, how, why, until)
            if found.state is ManifestState.REJECTED and not found.newest:
                self._reason(
                    manifest_id, "superseded", f"rejected, and approved by {by} after a newer plan; plan again"
                )
            elif len(others) + 1 >= rule.people:
                self._to(ManifestState.READY, manifest_id, until)
            elif not approved:  # one that is ready stays so until the time that all have agreed to
                missing = rule.people - len(others) - 1
                reason = (
                    f"approved by {', '.join([*others, by])}; {missing} more {'is' if missing == 1 else 'are'} needed"
                )
                self._reason(manifest_id, "held", reason)
            return self.existing(manifest_id)

    def reject(self, manifest_id: str, *, by: str, why: str | None, how: str = "cli") -> JournaledManifest:
        """Let nothing more of a manifest go out; returns it as it is then. Operations of it that were accepted stay delivered.

        Raises UsageError for one that is closed already, and BrokenChain.
        """
        with self._file.transaction():
            found = self.existing(manifest_id)
            if found.state not in WAITING:
                raise UsageError(f"manifest {manifest_id[:12]} is {found.state}: there is nothing to reject")
            self._decide(manifest_id, "reject", by, how, why, None)
            self._file.db.execute(
                "UPDATE manifests SET state = 'rejected', finished_at = ?, reason = ?, approved_until = NULL"
                " WHERE manifest_id = ?",
                (self._now(), f"rejected by {by}", manifest_id),
            )
            return self.existing(manifest_id)

    def decisions(self, after: int = 0) -> list[Decision]:
        """Decisions with a number above `after`, in order. Raises BrokenChain when any of them is not what was given."""
        return [decision for decision in self._verified() if decision.decision_no > after]

    def verify_decisions(self) -> None:
        """Raise BrokenChain when the decisions are not those that were given."""
        self._verified()

    def _verified(self) -> list[Decision]:
        with self._file.transaction():
            rows = self._file.db.execute("SELECT * FROM decisions ORDER BY decision_no").fetchall()
            given = self._file.db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'decisions'").fetchone()
            let_go = self._file.db.execute(
                "SELECT manifest_id FROM manifests WHERE held_for IS NOT NULL AND state IN ('ready', 'uploading')"
            ).fetchall()
        found = [_decision(row) for row in rows]
        verify_chain(found, int(given[0]) if given else 0)
        verify_let_go([row["manifest_id"] for row in let_go], found)
        return found

    def _others(self, found: JournaledManifest, by: str, how: str, rule: ApprovalRule) -> list[str]:
        """The other people whose approvals count now. Raises UsageError when this person's would not count."""
        name = found.manifest_id[:12]
        if rule.usual:
            return []
        if how == "ui":
            raise UsageError(
                f"manifest {name}: the profile's guards ask who approves, and in the UI nobody has signed in: approve it at the"
                " command line, or in the UI behind a reverse proxy"
            )
        if rule.not_who_started and found.started_by is not None and _same(found.started_by, by):
            raise UsageError(
                f"manifest {name}: {by} started its run, and guards.not_who_started asks for somebody else"
            )
        approvals = self._standing_approvals(found.manifest_id)
        if (
            rule.people > 1
            and any(_same(one.decided_by, by) for one in approvals)
            and found.state is ManifestState.HELD
        ):
            raise UsageError(f"manifest {name}: {by} has approved it already; somebody else is needed")
        return list(
            {one.decided_by.casefold(): one.decided_by for one in approvals if not _same(one.decided_by, by)}.values()
        )

    def _standing_approvals(self, manifest_id: str) -> list[Decision]:
        """Approvals of checked names that neither expired nor were followed by a rejection, oldest first."""
        standing: list[Decision] = []
        for decision in self._verified():
            if decision.manifest_id != manifest_id:
                continue
            if decision.decision == "reject":
                standing = []
            elif decision.how != "ui" and decision.expires_at is not None and decision.expires_at > self._clock():
                standing.append(decision)
        return standing

    def _reason(self, manifest_id: str, state: str, reason: str) -> None:
        self._file.db.execute(
            "UPDATE manifests SET state = ?, reason = ?, finished_at = NULL WHERE manifest_id = ?",
            (state, reason, manifest_id),
        )

    def _decide(
        self, manifest_id: str, decision: str, by: str, how: str, why: str | None, until: dt.datetime | None
    ) -> None:
        """Add a decision to the chain. Raises BrokenChain when it is broken."""
        before = self._verified()
        given = Decision(
            len(before) + 1,
            manifest_id,
            decision,
            by,
            how,
            self._clock(),
            why,
            until,
            before[-1].digest if before else START,
        )
        self._file.db.execute(
            "INSERT INTO decisions (decision_no, manifest_id, decision, decided_by, how, decided_at, why, expires_at, before,"
            " digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (given.decision_no, manifest_id, decision, by, how, text_of(given.decided_at), why, text_of(until) if until else None,
             given.before, digest_of(given)),
        )  # fmt: skip


def _decision(row: sqlite3.Row) -> Decision:
    return Decision(
        decision_no=row["decision_no"],
        manifest_id=row["manifest_id"],
        decision=row["decision"],
        decided_by=row["decided_by"],
        how=row["how"],
        decided_at=dt.datetime.fromisoformat(row["decided_at"]),
        why=row["why"],
        expires_at=moment_of(row["expires_at"]),
        before=row["before"],
        digest=row["digest"],
    )


def _same(name: str, other: str) -> bool:
    """Whether two names are one person's, as far as their spelling says."""
    return name.strip().casefold() == other.strip().casefold()
