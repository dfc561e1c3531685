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
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType

from hcm_pipeline.delivery.manifest import Manifest
from hcm_pipeline.delivery.state import journal_schema
from hcm_pipeline.entra.timing import Clock, utc_now
from hcm_pipeline.errors import PipelineError, UsageError
from hcm_pipeline.home import private

BUSY_SECONDS = 30

ORDER_SCHEMA = """
-- one row: one manifest, in the order of planning: a newer plan has a higher place
CREATE TABLE plan_order (place INTEGER PRIMARY KEY AUTOINCREMENT, manifest_id TEXT NOT NULL UNIQUE);
INSERT INTO plan_order (manifest_id) SELECT manifest_id FROM manifests ORDER BY created_at, manifest_id;

-- one row: one worker of one target, and the newest plan of which a version was begun to be sent
CREATE TABLE sent_versions (
    target TEXT NOT NULL,
    person_number TEXT NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (target, person_number)
) WITHOUT ROWID;
"""


class SentMeanwhile(PipelineError):
    """A plan does not know of a request that went out while it was made."""


class ManifestState(StrEnum):
    """Where a manifest stands."""

    READY = "ready"
    HELD = "held"
    UPLOADING = "uploading"
    ACCEPTED = "accepted"
    FAILED = "failed"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class RequestState(StrEnum):
    """Where a bulk request stands."""

    PLANNED = "planned"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


OPEN = (ManifestState.READY, ManifestState.UPLOADING)
WAITING = (*OPEN, ManifestState.HELD)
REST_OF = "the rest of manifest "
"""How the reason of an approval begins that a newer plan took over, see `Journal.register_plan`."""
CLOSED = (ManifestState.SUPERSEDED, ManifestState.REJECTED)
UNSETTLED = (RequestState.SENDING, RequestState.UNKNOWN)


@dataclass(frozen=True)
class JournaledManifest:
    """What the journal knows of a manifest. `folder` is relative to the home.

    `held_for` is what a person decides about, None of a free one; `approved_until` is set while an approval counts.
    `newest`: it belongs to the newest plan of its target.
    """

    manifest_id: str
    business_date: dt.date
    target: str
    folder: Path
    requests: int
    operations: int
    state: ManifestState
    created_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    attempts: int
    reason: str | None
    held_for: str | None
    approved_until: dt.datetime | None
    newest: bool


@dataclass(frozen=True)
class Decision:
    """What a person decided about a manifest: `approve` or `reject`. An approval counts until `expires_at`."""

    decision_no: int
    manifest_id: str
    decision: str
    decided_by: str
    decided_at: dt.datetime
    why: str | None
    expires_at: dt.datetime | None


@dataclass(frozen=True)
class RequestRecord:
    """What the journal knows of a request. `error` is fit to be shown; `detail` is not printed."""

    manifest_id: str
    request_no: int
    state: RequestState
    sends: int
    first_sent_at: dt.datetime
    answered_at: dt.datetime | None
    status: int | None
    request_id: str | None
    service_time: dt.datetime | None
    error: str | None


@dataclass(frozen=True)
class Acceptance:
    """A request that the service took. `service_time` is its clock, which the provisioning log goes by."""

    accept_seq: int
    manifest_id: str
    request_no: int
    folder: Path
    target: str
    accepted_at: dt.datetime
    service_time: dt.datetime
    request_id: str | None


@dataclass(frozen=True)
class Progress:
    """Requests of a manifest by where they stand; they add up to `requests`."""

    requests: int
    accepted: int
    refused: int
    unknown: int
    planned: int

    @property
    def settled(self) -> int:
        """Requests that the service has decided on."""
        return self.accepted + self.refused


@dataclass(frozen=True)
class Outcome:
    """How one HTTP attempt ended. `state` is what the request is now; `status` is None when no answer came."""

    state: RequestState
    status: int | None = None
    request_id: str | None = None
    service_time: dt.datetime | None = None
    error: str | None = None
    detail: str | None = None


class Journal:
    """One connection to the journal, for the time of a `with` block and for one thread."""

    def __init__(self, path: Path, *, clock: Clock = utc_now) -> None:
        self._path = path
        self._clock = clock
        with self._explained():
            self._db = sqlite3.connect(private(path), isolation_level=None, timeout=BUSY_SECONDS)
            self._db.row_factory = sqlite3.Row
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._prepare()
                self._db.execute("PRAGMA foreign_keys = ON")
                self.ensure("plan_order", ORDER_SCHEMA)
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    # --- for what is kept beside it

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction for what belongs together: methods called inside take part in it."""
        with self._transaction():
            yield self._db

    def ensure(self, table: str, schema: str) -> None:
        """Make another module's tables unless `table`, one of them, is there."""
        known = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        if self._db.execute(known, (table,)).fetchone() is None:
            with self._transaction():
                if self._db.execute(known, (table,)).fetchone() is None:  # another process may have been faster
                    for statement in schema.split(";\n"):
                        self._db.execute(statement)

    # --- manifests

    def last_send(self, target: str) -> int:
        """The number of the last HTTP attempt begun for a target; 0 before the first."""
        row = self._db.execute(
            "SELECT max(send_no) FROM sends JOIN manifests USING (manifest_id) WHERE target = ?", (target,)
        ).fetchone()
        return row[0] or 0

    def last_sent(self, target: str) -> str | None:
        """The manifest of which a request was last begun to be sent to a target; None before the first."""
        row = self._db.execute(
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
    ) -> None:  # fmt: skip
        """Enter the manifests of a plan, and supersede every other unfinished one of the target. Harmless twice.

        A manifest that a guard tripped over is held, any other is ready; one that is entered already and not closed keeps
        its state, and with it a person's decision. Folders are relative to the home. `planned_after` is `last_send` from
        before the delivered state was read: when a request went out since, the plan does not know of it, and SentMeanwhile
        says to plan again. `nothing` is the reason that is kept when the plan is empty. `rest_of` names, for a manifest that
        holds nothing but what is left of one that `begun_approved` told of, that one: the word about it stands for the rest,
        unless it was taken back since.

        A manifest that was superseded or rejected comes back when it is planned again, to be sent from its first request.
        """
        with self._transaction():
            if planned_after is not None and self.last_send(target) > planned_after:
                raise SentMeanwhile(f"{_named(parts)}: requests were sent while it was planned; plan again")
            for manifest, folder in parts:
                self._enter(manifest, folder)
                former = (rest_of or {}).get(manifest.manifest_id)
                if former is None or self._existing(manifest.manifest_id).state is not ManifestState.HELD:
                    continue
                if self._existing(former).state in OPEN:  # nobody has rejected it while the plan was made
                    self._decide(manifest.manifest_id, "approve", self._approval(former)["decided_by"],
                                 f"{REST_OF}{former[:12]}, which was approved", None)  # fmt: skip
                    self._to(ManifestState.READY, manifest.manifest_id)
            ids = [manifest.manifest_id for manifest, _ in parts]
            marks = ", ".join("?" * len(ids))
            reason = f"superseded by {', '.join(ids)}" if ids else nothing
            self._db.execute(
                f"UPDATE manifests SET state = 'superseded', finished_at = ?, reason = ? WHERE target = ?"
                f" AND manifest_id NOT IN ({marks}) AND state IN ('ready', 'held', 'uploading', 'failed')",
                (self._now(), reason, target, *ids),
            )
            self._db.execute(f"UPDATE manifests SET newest = manifest_id IN ({marks}) WHERE target = ?", (*ids, target))

    def _enter(self, manifest: Manifest, folder: Path) -> None:
        state = ManifestState.HELD if manifest.held_for else ManifestState.READY
        found = self._find(manifest.manifest_id)
        if found is None:
            self._db.execute(
                "INSERT INTO manifests (manifest_id, business_date, target, folder, requests, operations, state,"
                " created_at, held_for) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (manifest.manifest_id, manifest.business_date.isoformat(), manifest.target, folder.as_posix(),
                 manifest.requests, manifest.operations, state, self._now(), manifest.held_for),
            )  # fmt: skip
            self._order_last(manifest.manifest_id)
        elif found.state in CLOSED:
            self._order_last(manifest.manifest_id)
            self._give_back(manifest.manifest_id, "state <> 'sending'")  # that one will still be ended
            self._to(state, manifest.manifest_id)

    def get(self, manifest: str) -> JournaledManifest:
        """A manifest by its id, or by a beginning of it that fits no other. Raises UsageError otherwise."""
        rows = self._db.execute(
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
        rows = self._db.execute(f"SELECT * FROM manifests {where} ORDER BY created_at, manifest_id", tuple(stored))
        found = [self._manifest(row) for row in rows.fetchall()]
        return [manifest for manifest in found if not states or manifest.state in states]

    def open_manifests(self) -> list[JournaledManifest]:
        """Manifests that an upload would go on with: who left first, then what nobody had to approve, then the rest."""
        return sorted(self.manifests(*OPEN), key=lambda m: 0 if m.held_for == "disable" else 1 + bool(m.held_for))

    def begun_approved(self, target: str) -> list[JournaledManifest]:
        """Manifests of a target's newest plan that a person approved and of which the upload has begun, or that are the rest of
        such a one: an approval does not expire under way."""
        found = [m for m in self.manifests(*OPEN) if m.target == target and m.held_for and m.newest]
        return [
            m for m in found
            if m.state is ManifestState.UPLOADING or str(self._approval(m.manifest_id)["why"] or "").startswith(REST_OF)
        ]  # fmt: skip

    def _approval(self, manifest_id: str) -> sqlite3.Row:
        """The last approval of a manifest that has one."""
        row: sqlite3.Row = self._db.execute(
            "SELECT * FROM decisions WHERE manifest_id = ? AND decision = 'approve' ORDER BY decision_no DESC LIMIT 1",
            (manifest_id,),
        ).fetchone()
        return row

    def held_manifests(self, target: str) -> list[JournaledManifest]:
        """Manifests of a target that wait for a person's word, oldest first."""
        return [manifest for manifest in self.manifests(ManifestState.HELD) if manifest.target == target]

    # --- decisions

    def approve(self, manifest_id: str, *, by: str, why: str | None, until: dt.datetime) -> JournaledManifest:
        """Let a manifest go out whose upload begins before `until`; returns it as it is then.

        A rejected one is let go as well while its plan is the newest. After that it is closed as superseded: its workers are
        for the next plan again. Raises UsageError for one about which there is nothing to decide.
        """
        with self._transaction():
            found = self._existing(manifest_id)
            approved = found.state is ManifestState.READY and found.approved_until is not None
            if found.state not in (ManifestState.HELD, ManifestState.REJECTED) and not approved:
                raise UsageError(f"manifest {manifest_id[:12]} is {found.state}: there is nothing to approve")
            self._decide(manifest_id, "approve", by, why, until)
            if found.state is ManifestState.REJECTED and not found.newest:
                reason = f"rejected, and approved by {by} after a newer plan; plan again"
                self._db.execute(
                    "UPDATE manifests SET state = 'superseded', reason = ? WHERE manifest_id = ?", (reason, manifest_id)
                )
            else:
                self._to(ManifestState.READY, manifest_id, until)
            return self._existing(manifest_id)

    def reject(self, manifest_id: str, *, by: str, why: str | None) -> JournaledManifest:
        """Let nothing more of a manifest go out; returns it as it is then. What was accepted of it stays delivered.

        Raises UsageError for one that is closed already.
        """
        with self._transaction():
            found = self._existing(manifest_id)
            if found.state not in WAITING:
                raise UsageError(f"manifest {manifest_id[:12]} is {found.state}: there is nothing to reject")
            self._decide(manifest_id, "reject", by, why, None)
            self._db.execute(
                "UPDATE manifests SET state = 'rejected', finished_at = ?, reason = ?, approved_until = NULL"
                " WHERE manifest_id = ?",
                (self._now(), f"rejected by {by}", manifest_id),
            )
            return self._existing(manifest_id)

    def decisions(self, after: int = 0) -> list[Decision]:
        """Decisions with a number above `after`, in order."""
        rows = self._db.execute("SELECT * FROM decisions WHERE decision_no > ? ORDER BY decision_no", (after,))
        return [
            Decision(
                decision_no=row["decision_no"],
                manifest_id=row["manifest_id"],
                decision=row["decision"],
                decided_by=row["decided_by"],
                decided_at=dt.datetime.fromisoformat(row["decided_at"]),
                why=row["why"],
                expires_at=_time(row["expires_at"]),
            )
            for row in rows.fetchall()
        ]

    def _decide(self, manifest_id: str, decision: str, by: str, why: str | None, until: dt.datetime | None) -> None:
        self._db.execute(
            "INSERT INTO decisions (manifest_id, decision, decided_by, decided_at, why, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (manifest_id, decision, by, self._now(), why, _iso(until) if until else None),
        )

    # --- uploading

    def start(self, manifest_id: str) -> None:
        """An upload begins, or goes on after it was cut off: what was on its way then is unknown now.

        Only for the holder of the upload lock. A held, closed or finished manifest is left as it is.
        """
        now = self._now()
        with self._transaction():
            begun = self._db.execute(
                "UPDATE manifests SET state = 'uploading', attempts = attempts + 1,"
                " started_at = coalesce(started_at, ?) WHERE manifest_id = ? AND (state = 'uploading'"
                " OR (state = 'ready' AND (approved_until IS NULL OR approved_until > ?)))",
                (now, manifest_id, now),
            )
            if begun.rowcount:
                self._db.execute(
                    "UPDATE sends SET status = 'unknown', ended_at = ? WHERE manifest_id = ? AND status IS NULL",
                    (now, manifest_id),
                )
                self._db.execute(
                    "UPDATE requests SET state = 'unknown', error = 'cut off before an answer came'"
                    " WHERE manifest_id = ? AND state = 'sending'",
                    (manifest_id,),
                )

    def finish(self, manifest_id: str) -> ManifestState:
        """Close a manifest of which every request is settled: accepted, or failed when some were refused.

        Returns the state it is in then; one that was closed, or has requests left, stays as it is.
        """
        with self._transaction():
            found = self._existing(manifest_id)
            progress = self.progress(manifest_id)
            if found.state not in OPEN or progress.settled < progress.requests:
                return found.state
            state = ManifestState.FAILED if progress.refused else ManifestState.ACCEPTED
            reason = f"{progress.refused} of {progress.requests} requests were refused" if progress.refused else None
            self._db.execute(
                "UPDATE manifests SET state = ?, finished_at = ?, reason = ? WHERE manifest_id = ?",
                (state, self._now(), reason, manifest_id),
            )
            return state

    def reopen(self, manifest_id: str) -> None:
        """Make a failed manifest ready again; its refused requests will be sent again. Raises UsageError otherwise."""
        with self._transaction():
            found = self._existing(manifest_id)
            if found.state is not ManifestState.FAILED:
                raise UsageError(f"manifest {manifest_id[:12]} is {found.state}; only a failed one can be reopened")
            self._give_back(manifest_id, "state = 'refused'")
            self._to(ManifestState.READY, manifest_id)

    # --- requests

    def begin_send(self, manifest_id: str, request_no: int, workers: Collection[str] = ()) -> bool:
        """Note that a request is about to be sent; False: it must not be, for the manifest was superseded or rejected.

        It is superseded, too, when a newer plan has begun to send a version of one of these `workers` (person numbers):
        an older one never follows. Raises PipelineError for a request that is on its way or settled.
        """
        now = self._now()
        with self._transaction():
            found = self._existing(manifest_id)
            if found.state in CLOSED:
                return False
            if found.state in OPEN and not self._is_newest(found, request_no, workers):
                return False
            if found.state not in OPEN or not 0 <= request_no < found.requests:
                raise PipelineError(
                    f"manifest {manifest_id[:12]} is {found.state}: request {request_no} is not to send"
                )
            begun = self._db.execute(
                "INSERT INTO requests (manifest_id, request_no, state, sends, first_sent_at)"
                " VALUES (?, ?, 'sending', 1, ?)"
                " ON CONFLICT DO UPDATE SET state = 'sending', sends = sends + 1 WHERE state IN ('planned', 'unknown')",
                (manifest_id, request_no, now),
            )
            if not begun.rowcount:
                raise PipelineError(f"manifest {manifest_id[:12]}: request {request_no} is sent or settled already")
            self._db.execute(
                "INSERT INTO sends (manifest_id, request_no, at) VALUES (?, ?, ?)", (manifest_id, request_no, now)
            )
            return True

    def end_send(self, manifest_id: str, request_no: int, outcome: Outcome) -> None:
        """Note how an attempt ended, even when the manifest was superseded meanwhile: it was delivered all the same."""
        now = self._now()
        service_time = _iso(outcome.service_time) if outcome.service_time else None
        ended = str(outcome.status or ("unknown" if outcome.state is RequestState.UNKNOWN else "unsent"))
        with self._transaction():
            done = self._db.execute(
                "UPDATE requests SET state = ?, answered_at = ?, status = ?, request_id = ?, service_time = ?,"
                " error = ?, detail = ? WHERE manifest_id = ? AND request_no = ? AND state = 'sending'",
                (outcome.state, now, outcome.status, outcome.request_id, service_time, outcome.error, outcome.detail,
                 manifest_id, request_no),
            )  # fmt: skip
            if not done.rowcount:
                raise PipelineError(f"manifest {manifest_id[:12]}: request {request_no} ended but was never begun")
            self._db.execute(
                "UPDATE sends SET ended_at = ?, status = ? WHERE manifest_id = ? AND request_no = ? AND status IS NULL",
                (now, ended, manifest_id, request_no),
            )
            if outcome.state is RequestState.ACCEPTED:
                self._db.execute(
                    "INSERT INTO acceptances (manifest_id, request_no, at, request_id, service_time)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (manifest_id, request_no, now, outcome.request_id, service_time or now),
                )

    def pending(self, manifest_id: str) -> tuple[list[int], list[int]]:
        """Request numbers still to send, in order: those that may have arrived already, and the others."""
        rows = self._db.execute("SELECT request_no, state FROM requests WHERE manifest_id = ?", (manifest_id,))
        states = {row["request_no"]: RequestState(row["state"]) for row in rows}
        unsettled = sorted(number for number, state in states.items() if state in UNSETTLED)
        planned = RequestState.PLANNED
        others = [n for n in range(self._existing(manifest_id).requests) if states.get(n, planned) is planned]
        return unsettled, others

    def progress(self, manifest_id: str) -> Progress:
        """How far a manifest has come."""
        total = self._existing(manifest_id).requests
        rows = self._db.execute(
            "SELECT state, count(*) FROM requests WHERE manifest_id = ? GROUP BY state", (manifest_id,)
        )
        counts = {RequestState(state): int(count) for state, count in rows.fetchall()}
        accepted, refused = counts.get(RequestState.ACCEPTED, 0), counts.get(RequestState.REFUSED, 0)
        unknown = sum(counts.get(state, 0) for state in UNSETTLED)
        return Progress(total, accepted, refused, unknown, total - accepted - refused - unknown)

    def requests(self, manifest_id: str, *states: RequestState) -> list[RequestRecord]:
        """Requests of which a sending was begun, in these states (all when none is named), by number."""
        marks = ", ".join("?" * len(states))
        where = f"AND state IN ({marks})" if states else ""
        rows = self._db.execute(
            f"SELECT * FROM requests WHERE manifest_id = ? {where} ORDER BY request_no", (manifest_id, *states)
        )
        return [_request(row) for row in rows.fetchall()]

    def unsettled_requests(self, target: str) -> list[RequestRecord]:
        """Requests of any manifest of the target, superseded ones among them, that may or may not have arrived.

        What they carry is neither delivered nor undelivered: a plan must send those workers again.
        """
        rows = self._db.execute(
            "SELECT requests.* FROM requests JOIN manifests USING (manifest_id)"
            " WHERE target = ? AND requests.state IN ('sending', 'unknown') ORDER BY manifest_id, request_no",
            (target,),
        )
        return [_request(row) for row in rows.fetchall()]

    def accepted_requests(self, after: int = 0) -> Iterator[Acceptance]:
        """Acceptances with an `accept_seq` above `after`, in order. A request that was sent twice may come twice."""
        rows = self._db.execute(
            "SELECT acceptances.*, folder, target FROM acceptances JOIN manifests USING (manifest_id)"
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
            )

    def last_acceptance(self) -> int:
        """The sequence number of the newest acceptance; 0 before the first."""
        row = self._db.execute("SELECT max(accept_seq) FROM acceptances").fetchone()
        return row[0] or 0

    # --- inside

    def _now(self) -> str:
        return _iso(self._clock())

    def _order_last(self, manifest_id: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO plan_order (manifest_id) VALUES (?)", (manifest_id,))

    def _is_newest(self, found: JournaledManifest, request_no: int, workers: Collection[str]) -> bool:
        """Note whose versions are about to go out; False, and superseded, when a newer plan's did for one of them."""
        [place] = self._db.execute(
            "SELECT place FROM plan_order WHERE manifest_id = ?", (found.manifest_id,)
        ).fetchone()
        marks = ", ".join("?" * len(workers))
        [newer] = self._db.execute(
            f"SELECT count(*) FROM sent_versions WHERE target = ? AND person_number IN ({marks}) AND place > ?",
            (found.target, *workers, place),
        ).fetchone()
        if newer:
            self._db.execute(
                "UPDATE manifests SET state = 'superseded', finished_at = ?, reason = ? WHERE manifest_id = ?",
                (self._now(), f"request {request_no} holds older versions of {newer} workers than a later plan sent",
                 found.manifest_id),
            )  # fmt: skip
            return False
        self._db.executemany(
            "INSERT OR REPLACE INTO sent_versions (target, person_number, place) VALUES (?, ?, ?)",
            [(found.target, worker, place) for worker in workers],
        )
        return True

    def _find(self, manifest_id: str) -> JournaledManifest | None:
        row = self._db.execute("SELECT * FROM manifests WHERE manifest_id = ?", (manifest_id,)).fetchone()
        return self._manifest(row) if row else None

    def _existing(self, manifest_id: str) -> JournaledManifest:
        found = self._find(manifest_id)
        if found is None:
            raise UsageError(f"manifest {manifest_id[:12]}: the journal does not know it")
        return found

    def _give_back(self, manifest_id: str, which: str) -> None:
        self._db.execute(f"UPDATE requests SET state = 'planned' WHERE manifest_id = ? AND {which}", (manifest_id,))

    def _to(self, state: ManifestState, manifest_id: str, approved_until: dt.datetime | None = None) -> None:
        self._db.execute(
            "UPDATE manifests SET state = ?, finished_at = NULL, reason = NULL, approved_until = ? WHERE manifest_id = ?",
            (state, _iso(approved_until) if approved_until else None, manifest_id),
        )

    def _manifest(self, row: sqlite3.Row) -> JournaledManifest:
        """A row as it counts now: an approval that expired before the upload began is none."""
        state, reason, until = ManifestState(row["state"]), row["reason"], _time(row["approved_until"])
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
            started_at=_time(row["started_at"]),
            finished_at=_time(row["finished_at"]),
            attempts=row["attempts"],
            reason=reason,
            held_for=row["held_for"],
            approved_until=until,
            newest=bool(row["newest"]),
        )

    def _prepare(self) -> None:
        if journal_schema.version_of(self._db) == journal_schema.VERSION:
            return
        with self._transaction():  # another process may have been faster, and then there is nothing to do
            journal_schema.migrate(self._db)
            found = journal_schema.version_of(self._db)
            if found != journal_schema.VERSION:
                raise PipelineError(
                    f"{self._path}: was written by a newer hcm-pipeline (journal {found}, this one knows"
                    f" {journal_schema.VERSION}); use that release"
                )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._db.in_transaction:  # part of a larger one, see `transaction`
            yield
            return
        with self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise PipelineError(f"{self._path}: the journal cannot be used: {error}") from error


def _iso(moment: dt.datetime) -> str:
    """UTC with microseconds always, so that texts sort as times do."""
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")


def _time(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def _named(parts: Sequence[tuple[Manifest, Path]]) -> str:
    return (
        " and ".join(f"manifest {manifest.manifest_id[:12]}" for manifest, _ in parts) or "a plan with nothing to send"
    )


def _request(row: sqlite3.Row) -> RequestRecord:
    return RequestRecord(
        manifest_id=row["manifest_id"],
        request_no=row["request_no"],
        state=RequestState(row["state"]),
        sends=row["sends"],
        first_sent_at=dt.datetime.fromisoformat(row["first_sent_at"]),
        answered_at=_time(row["answered_at"]),
        status=row["status"],
        request_id=row["request_id"],
        service_time=_time(row["service_time"]),
        error=row["error"],
    )
