"""Requests in the journal: each attempt is written before it is made and when it has ended."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path

import orjson

from hcm_pipeline.delivery.service import OutcomeEntry
from hcm_pipeline.delivery.state.journal_records import (
    CLOSED,
    OPEN,
    UNSETTLED,
    Acceptance,
    Attempted,
    JournaledManifest,
    ManifestProgress,
    ManifestState,
    RequestRecord,
    RequestState,
    SendResult,
)
from hcm_pipeline.delivery.state.manifests import ManifestRecords
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.plain_text import counted, of_all
from hcm_pipeline.sqlite_state import moment_of, text_of

SKEW = dt.timedelta(seconds=5)
"""How much older than its acceptance an entry may be: two clocks of the service's."""
DOUBT = dt.timedelta(minutes=10)
"""The same of an attempt without an answer: only this machine's clock knows when it was."""
IN_DOUBT = "(sends.status IS NULL OR sends.status = 'unknown')"
"""An attempt that may have arrived: it is on its way, or has ended without an answer that tells."""
DOUBTS = f"(SELECT manifest_id, request_no, count(*) AS perhaps FROM sends WHERE {IN_DOUBT} GROUP BY 1, 2)"
"""Requests with such attempts, and how many of them."""


class RequestRecords(ManifestRecords):
    """Requests, attempts and acceptances of the manifests of an upload."""

    def start(self, manifest_id: str) -> None:
        """An upload begins, or goes on after it was cut off: what was on its way then is unknown now.

        Only for the holder of the upload lock. A held, closed or finished manifest is left as it is.
        """
        now = self._now()
        with self._file.transaction():
            begun = self._file.db.execute(
                "UPDATE manifests SET state = 'uploading', attempts = attempts + 1,"
                " started_at = coalesce(started_at, ?) WHERE manifest_id = ? AND (state = 'uploading'"
                " OR (state = 'ready' AND (approved_until IS NULL OR approved_until > ?)))",
                (now, manifest_id, now),
            )
            if begun.rowcount:
                self._file.db.execute(
                    "UPDATE sends SET status = 'unknown', ended_at = ? WHERE manifest_id = ? AND status IS NULL",
                    (now, manifest_id),
                )
                self._file.db.execute(
                    "UPDATE requests SET state = 'unknown', error = 'cut off before an answer came'"
                    " WHERE manifest_id = ? AND state = 'sending'",
                    (manifest_id,),
                )

    def finish(self, manifest_id: str) -> ManifestState:
        """Close a manifest of which every request is settled: accepted, or failed when some were refused.

        Returns the state it is in then; one that was closed, or has requests left, stays as it is.
        """
        with self._file.transaction():
            found = self.existing(manifest_id)
            progress = self.progress(manifest_id)
            if found.state not in OPEN or progress.settled < progress.requests:
                return found.state
            state = ManifestState.FAILED if progress.refused else ManifestState.ACCEPTED
            reason = None
            if progress.refused:
                reason = f"{of_all(progress.refused, progress.requests, 'request', 'were')} refused"
            self._file.db.execute(
                "UPDATE manifests SET state = ?, finished_at = ?, reason = ? WHERE manifest_id = ?",
                (state, self._now(), reason, manifest_id),
            )
            return state

    def begin_send(self, manifest_id: str, request_no: int, workers: Collection[str] = ()) -> bool:
        """Note that a request is about to be sent; False: it must not be, for the manifest was superseded or rejected.

        It is superseded, too, when a newer plan has begun to send a version of one of these `workers` (person numbers):
        an older one never follows. Raises PipelineError for a request that is on its way or settled.
        """
        now = self._now()
        with self._file.transaction():
            found = self.existing(manifest_id)
            if found.state in CLOSED:
                return False
            if found.state in OPEN and not self._is_newest(found, request_no, workers):
                return False
            if found.state not in OPEN or not 0 <= request_no < found.requests:
                raise PipelineError(
                    f"manifest {manifest_id[:12]} is {found.state}: request {request_no} is not to send"
                )
            begun = self._file.db.execute(
                "INSERT INTO requests (manifest_id, request_no, state, sends, first_sent_at)"
                " VALUES (?, ?, 'sending', 1, ?)"
                " ON CONFLICT DO UPDATE SET state = 'sending', sends = sends + 1 WHERE state IN ('planned', 'unknown')",
                (manifest_id, request_no, now),
            )
            if not begun.rowcount:
                raise PipelineError(f"manifest {manifest_id[:12]}: request {request_no} is sent or settled already")
            self._file.db.execute(
                "INSERT INTO sends (manifest_id, request_no, at) VALUES (?, ?, ?)", (manifest_id, request_no, now)
            )
            return True

    def end_send(self, manifest_id: str, request_no: int, result: SendResult) -> None:
        """Note how an attempt ended, even when the manifest was superseded meanwhile: it was delivered all the same.

        A request that may have arrived by an attempt before stays in doubt until one is accepted or refused.
        """
        now = self._now()
        service_time = text_of(result.service_time) if result.service_time else None
        ended = "unknown" if result.state is RequestState.UNKNOWN else str(result.status or "unsent")
        with self._file.transaction():
            self._file.db.execute(
                "UPDATE sends SET ended_at = ?, status = ? WHERE manifest_id = ? AND request_no = ? AND status IS NULL",
                (now, ended, manifest_id, request_no),
            )
            state = result.state
            if state is RequestState.PLANNED and self._may_have_arrived(manifest_id, request_no):
                state = RequestState.UNKNOWN  # whatever became of this attempt, one before it is in doubt
            done = self._file.db.execute(
                "UPDATE requests SET state = ?, answered_at = ?, status = ?, request_id = ?, service_time = ?,"
                " error = ?, detail = ? WHERE manifest_id = ? AND request_no = ? AND state = 'sending'",
                (state, now, result.status, result.request_id, service_time, result.error, result.detail,
                 manifest_id, request_no),
            )  # fmt: skip
            if not done.rowcount:
                raise PipelineError(f"manifest {manifest_id[:12]}: request {request_no} ended but was never begun")
            if result.state is RequestState.ACCEPTED:
                accepted = self._file.db.execute(
                    "INSERT INTO acceptances (manifest_id, request_no, at, request_id, service_time)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (manifest_id, request_no, now, result.request_id, service_time or now),
                )
                self._file.db.executemany(
                    "INSERT INTO answered_outcomes (accept_seq, place, outcome) VALUES (?, ?, ?)",
                    [
                        (accepted.lastrowid, place, orjson.dumps(outcome).decode())
                        for place, outcome in enumerate(result.outcomes)
                    ],
                )

    def pending(self, manifest_id: str) -> tuple[list[int], list[int]]:
        """Request numbers still to send, in order: those that may have arrived already, and the others."""
        rows = self._file.db.execute("SELECT request_no, state FROM requests WHERE manifest_id = ?", (manifest_id,))
        states = {row["request_no"]: RequestState(row["state"]) for row in rows}
        unsettled = sorted(number for number, state in states.items() if state in UNSETTLED)
        planned = RequestState.PLANNED
        others = [n for n in range(self.existing(manifest_id).requests) if states.get(n, planned) is planned]
        return unsettled, others

    def progress(self, manifest_id: str) -> ManifestProgress:
        """How far a manifest has come."""
        total = self.existing(manifest_id).requests
        rows = self._file.db.execute(
            "SELECT state, count(*) FROM requests WHERE manifest_id = ? GROUP BY state", (manifest_id,)
        )
        counts = {RequestState(state): int(count) for state, count in rows.fetchall()}
        accepted, refused = counts.get(RequestState.ACCEPTED, 0), counts.get(RequestState.REFUSED, 0)
        unknown = sum(counts.get(state, 0) for state in UNSETTLED)
        return ManifestProgress(total, accepted, refused, unknown, total - accepted - refused - unknown)

    def requests(self, manifest_id: str, *states: RequestState) -> list[RequestRecord]:
        """Requests of which a sending was begun, in these states (all when none is named), by number."""
        marks = ", ".join("?" * len(states))
        where = f"AND state IN ({marks})" if states else ""
        rows = self._file.db.execute(
            f"SELECT * FROM requests LEFT JOIN {DOUBTS} USING (manifest_id, request_no) WHERE manifest_id = ? {where}"
            " ORDER BY request_no",
            (manifest_id, *states),
        )
        return [_request(row) for row in rows.fetchall()]

    def unsettled_requests(self, target: str) -> list[RequestRecord]:
        """Requests of any manifest of the target, superseded ones among them, that may or may not have arrived by any attempt.

        Their operations are neither delivered nor undelivered: a plan must send those workers again.
        """
        rows = self._file.db.execute(
            f"SELECT requests.*, perhaps FROM requests JOIN manifests USING (manifest_id)"
            f" LEFT JOIN {DOUBTS} USING (manifest_id, request_no) WHERE target = ? AND (requests.state IN ('sending', 'unknown')"
            " OR (perhaps > 0 AND requests.state <> 'accepted')) ORDER BY manifest_id, request_no",
            (target,),
        )
        return [_request(row) for row in rows.fetchall()]

    def accepted_requests(self, after: int = 0) -> Iterator[Acceptance]:
        """Acceptances with an `accept_seq` above `after`, in order. A request that was sent twice may come twice."""
        rows = self._file.db.execute(
            f"SELECT acceptances.*, folder, target, coalesce(perhaps, 0) AS perhaps FROM acceptances"
            f" JOIN manifests USING (manifest_id) LEFT JOIN {DOUBTS} USING (manifest_id, request_no)"
            " WHERE accept_seq > ? ORDER BY accept_seq",
            (after,),
        )
        for row in rows.fetchall():
            yield Acceptance(
                accept_seq=row["accept_seq"],
                manifest_id=row["manifest_id"],
                request_no=row["request_no"],
                folder=Path(row["folder"]),
                target=row["target"],
                accepted_at=dt.datetime.fromisoformat(row["at"]),
                service_time=dt.datetime.fromisoformat(row["service_time"]),
                request_id=row["request_id"],
                perhaps=row["perhaps"],
            )

    def attempted(self, target: str) -> list[Attempted]:
        """Attempts at a target that arrived or may have, one for each time that a request was sent."""
        rows = self._file.db.execute(
            "SELECT manifest_id, request_no, service_time AS since, 1 AS accepted FROM acceptances"
            " JOIN manifests USING (manifest_id) WHERE target = ?1 UNION ALL"
            " SELECT manifest_id, request_no, at, 0 FROM sends JOIN manifests USING (manifest_id)"
            f" WHERE target = ?1 AND {IN_DOUBT}",
            (target,),
        )
        return [
            Attempted(
                row["manifest_id"],
                row["request_no"],
                dt.datetime.fromisoformat(row["since"]) - (SKEW if row["accepted"] else DOUBT),
            )
            for row in rows.fetchall()
        ]

    def answered_outcomes(self, manifest_id: str) -> list[OutcomeEntry]:
        """The outcomes of operations that acceptances of a manifest told at once, in order."""
        return self._outcomes("manifest_id = ?", manifest_id)

    def answered_outcomes_after(self, after: int, target: str) -> list[OutcomeEntry]:
        """The same of the acceptances of a target with an `accept_seq` above `after`."""
        return self._outcomes("accept_seq > ? AND target = ?", after, target)

    def _outcomes(self, which: str, *values: object) -> list[OutcomeEntry]:
        rows = self._file.db.execute(
            f"SELECT outcome FROM answered_outcomes JOIN acceptances USING (accept_seq)"
            f" JOIN manifests USING (manifest_id) WHERE {which} ORDER BY accept_seq, place",
            values,
        )
        found = [orjson.loads(row["outcome"]) for row in rows.fetchall()]
        return [OutcomeEntry(**{**one, "at": dt.datetime.fromisoformat(one["at"])}) for one in found]

    def last_acceptance(self) -> int:
        """The sequence number of the newest acceptance; 0 before the first.

        Acceptances of a journal that this one took the place of count (`Journal.go_on_after`).
        """
        row = self._file.db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'acceptances'").fetchone()
        return row[0] if row else 0

    def _may_have_arrived(self, manifest_id: str, request_no: int) -> bool:
        found = self._file.db.execute(
            f"SELECT 1 FROM sends WHERE manifest_id = ? AND request_no = ? AND {IN_DOUBT} LIMIT 1",
            (manifest_id, request_no),
        )
        return found.fetchone() is not None

    def _is_newest(self, found: JournaledManifest, request_no: int, workers: Collection[str]) -> bool:
        """Note whose versions are about to go out; False, and superseded, when a newer plan's did for one of them."""
        [place] = self._file.db.execute(
            "SELECT place FROM plan_order WHERE manifest_id = ?", (found.manifest_id,)
        ).fetchone()
        marks = ", ".join("?" * len(workers))
        [newer] = self._file.db.execute(
            f"SELECT count(*) FROM sent_versions WHERE target = ? AND person_number IN ({marks}) AND place > ?",
            (found.target, *workers, place),
        ).fetchone()
        if newer:
            self._file.db.execute(
                "UPDATE manifests SET state = 'superseded', finished_at = ?, reason = ? WHERE manifest_id = ?",
                (self._now(), f"request {request_no} holds older versions of {counted(newer, 'worker')} than a later plan sent",
                 found.manifest_id),
            )  # fmt: skip
            return False
        self._file.db.executemany(
            "INSERT OR REPLACE INTO sent_versions (target, person_number, place) VALUES (?, ?, ?)",
            [(found.target, worker, place) for worker in workers],
        )
        return True


def _request(row: sqlite3.Row) -> RequestRecord:
    return RequestRecord(
        manifest_id=row["manifest_id"],
        request_no=row["request_no"],
        state=RequestState(row["state"]),
        sends=row["sends"],
        first_sent_at=dt.datetime.fromisoformat(row["first_sent_at"]),
        answered_at=moment_of(row["answered_at"]),
        status=row["status"],
        request_id=row["request_id"],
        service_time=moment_of(row["service_time"]),
        error=row["error"],
        perhaps=row["perhaps"] or 0,
    )
