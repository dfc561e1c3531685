"""The delivery journal: what was sent to a target, written before and after every request.

An SQLite file beside the warehouse, for two reasons: it must be durable at every request while the warehouse is written
in long transactions by someone else, and it is what survives when the warehouse is rebuilt.

A manifest is ready -> uploading -> accepted, or failed when the service refused some of its requests. One that a guard
tripped over is held -> ready by a person's approval, and held again when that expires before anything was sent; a person may
reject what is not accepted yet. A newer plan supersedes all that an older one left unfinished. A request is planned (no row,
or given back) -> sending -> accepted | refused | unknown: unknown means that it may or may not have arrived, so that the
same bytes go out again.
"""

from __future__ import annotations

import datetime as dt
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from hcm_pipeline.deciders import Decider
from hcm_pipeline.delivery.state.calls import CallRecords
from hcm_pipeline.delivery.state.fences import FenceRecords
from hcm_pipeline.delivery.state.journal_records import OtherDecision
from hcm_pipeline.delivery.state.journal_schema import SCHEMA
from hcm_pipeline.delivery.state.pauses import Pauses
from hcm_pipeline.delivery.state.plan_records import PlanRecords
from hcm_pipeline.delivery.state.requests import RequestRecords
from hcm_pipeline.http import Clock, utc_now
from hcm_pipeline.sqlite_state import StateFile


class Journal(PlanRecords, RequestRecords):
    """One connection to the journal, for the time of a `with` block and for one thread: `DeliveryState` in SQLite."""

    def __init__(self, path: Path, *, clock: Clock = utc_now) -> None:
        super().__init__(StateFile(path, SCHEMA), clock)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def transaction(self) -> AbstractContextManager[object]:
        """One transaction for what belongs together: methods called inside take part in it."""
        return self._file.transaction()

    def pauses(self, target: str) -> Pauses:
        """The pauses and canaries of a target."""
        return Pauses(self._file, target)

    def calls(self, tenant: str, target: str) -> CallRecords:
        """The calls that count against the limits of a tenant; `target` is the one that calls are begun for."""
        return CallRecords(self._file, tenant, target)

    def fence(self, target: str) -> FenceRecords:
        """The history of a target, as far as it is known."""
        return FenceRecords(self._file, target)

    def other_decisions(self) -> list[OtherDecision]:
        """The decisions of people about canaries and histories, oldest first."""
        rows = self._file.db.execute(
            "SELECT 'canary' AS about, manifest_id AS subject, state AS decision, at, by, how, NULL AS why FROM canaries"
            " WHERE state = 'released' UNION ALL"
            " SELECT 'history', target, decision, decided_at, decided_by, how, why FROM history_decisions ORDER BY at"
        )
        return [
            OtherDecision(
                row["about"], row["subject"], row["decision"],
                Decider(row["by"], dt.datetime.fromisoformat(row["at"]), row["how"]), row["why"],
            )
            for row in rows.fetchall()
        ]  # fmt: skip

    def journal_id(self) -> str:
        """The name of this journal, which no other has."""
        return str(self._file.db.execute("SELECT journal_id FROM this_journal").fetchone()[0])

    def moved(self, place: str) -> bool:
        """Whether its home lies elsewhere than it did; the first place that is named is its own."""
        known = self._file.db.execute("SELECT place FROM this_journal").fetchone()[0]
        if known is None:
            self.settle(place)
        return known not in (None, place)

    def settle(self, place: str) -> None:
        """Its home lies here from now on, and there is no other that counts."""
        with self.transaction():
            self._file.db.execute("UPDATE this_journal SET place = ?", (place,))

    def go_on_after(self, accept_seq: int) -> None:
        """Number acceptances on from there: this journal takes the place of one that was lost."""
        with self.transaction():
            done = self._file.db.execute(
                "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'acceptances'", (accept_seq,)
            )
            if not done.rowcount:
                self._file.db.execute("INSERT INTO sqlite_sequence VALUES ('acceptances', ?)", (accept_seq,))
