"""Applying: whether a manifest may go out, and sending it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from hcm_pipeline.deciders import Decider
from hcm_pipeline.delivery import (
    CONFIGURES,
    WRITES_BACK,
    DeliveryState,
    HealthState,
    Journal,
    JournaledManifest,
    LiveTarget,
    NullFlows,
    PauseKind,
    Service,
    UploadTerms,
    attributes_of,
    canary_of,
    keep_null_flows,
    refuse_silent,
    remembered,
    sync_warehouse,
)
from hcm_pipeline.delivery import HistoryStop as HistoryStop
from hcm_pipeline.delivery import HistoryWord as HistoryWord
from hcm_pipeline.delivery import UploadReport as UploadReport
from hcm_pipeline.delivery import upload as send
from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow import verdict_table
from hcm_pipeline.flow.accepting_history import accept_history
from hcm_pipeline.flow.fencing import PersonsWord as PersonsWord
from hcm_pipeline.flow.fencing import (
    TargetFence,
    adopt_target,
    require_known_target,
    stopped,
)
from hcm_pipeline.flow.first_load_guard import kept_back, refuse_unclean
from hcm_pipeline.flow.installation import Counted, Installation, Progress, named, quiet, uncounted
from hcm_pipeline.flow.stale_manifests import refuse_moved
from hcm_pipeline.targets.entra import describe, describe_health, live, open_target, pace_of
from hcm_pipeline.verdicts import Effect, Kind, Verdict
from hcm_pipeline.warehouse import Warehouse, first, reads_kept


@dataclass(frozen=True)
class Uploads:
    """The result of an upload: a report for each manifest, and the manifests that wait for a decision."""

    manifests: tuple[JournaledManifest, ...]
    """As they were before."""
    reports: tuple[UploadReport, ...]
    """In the same order."""
    held: tuple[JournaledManifest, ...] = ()
    """Empty when one manifest was asked for."""


def upload(
    installation: Installation, manifest: str | None = None, *, past_canary_by: str | None = None,
    word: PersonsWord | None = None, announce: Progress = quiet, progress: Counted = uncounted,
) -> Uploads:  # fmt: skip
    """Send what is left of a manifest (a beginning of its id), or of all that are ready for the target; a manifest says for which
    of several targets it is.

    `past_canary_by`: this person lets the named manifest go on, whatever its first operations came to. `word`: what a person says
    of the target, or of its history, before. `announce` is told of the target before anything is sent. Raises HistoryStop when
    this home and its target do not know the same history, ServiceStopped for a job of which the log does not speak, and what
    `delivery.upload` raises; the same call goes on from there.
    """
    if manifest is not None:
        installation = _at_manifest(installation, manifest)
    accepts = word is not None and word.word is not HistoryWord.ADOPT
    if word is not None and not accepts:
        adopt_target(installation, word)
    require_known_target(installation)
    with open_target(installation.settings) as connection, installation.journal(new=accepts) as journal:
        announce(named(installation, describe(connection)))
        delivery = installation.profile.delivery
        target = live(connection, delivery.own_quota, journal, delivery.null_flow_field)
        if word is not None and accepts:
            announce(accept_history(installation, journal, target, word).sentence)
        fence = TargetFence(installation, journal, target, announce)
        nulls = _NullQuestion(installation, fence)
        chosen = (
            [journal.get(manifest)] if manifest else [m for m in journal.open_manifests() if m.target == target.key]
        )
        for one in chosen:
            if one.target.startswith(WRITES_BACK):
                raise UsageError(
                    f"manifest {one.manifest_id[:12]} is one of writeback: `hcm-pipeline writeback apply {one.manifest_id[:12]}`"
                    " writes it"
                )
            if one.target.startswith(CONFIGURES):
                raise UsageError(
                    f"manifest {one.manifest_id[:12]} is a change of the job: `hcm-pipeline target apply` carries it out"
                )
        if chosen:
            refuse_unclean(installation, journal)
        if past_canary_by is not None:
            for one in chosen:
                journal.pauses(one.target).release(one.manifest_id, Decider(past_canary_by, installation.clock()))
        with reads_kept():
            refuse_silent(installation.warehouse, target, installation.clock())
            reports = [_send(installation, target, journal, one, connection.sandbox, nulls, progress) for one in chosen]
        fence.keep_mark()
        held = [] if manifest else journal.held_manifests(target.key)
        canaries = [_canary(journal, one) for one in chosen]
    if reports:
        with installation.warehouse.kept_open() as kept:
            _keep_canaries(kept, canaries, installation.clock())
            nulls.keep(kept, target.key, announce)
            sync_warehouse(kept, target, installation.profile.outcomes)
    return Uploads(tuple(chosen), tuple(reports), tuple(held))


def _at_manifest(installation: Installation, manifest: str) -> Installation:
    """The installation of the target that a manifest is for; of one that keeps no accounts the first."""
    if installation.name or not installation.several:
        return installation
    with installation.journal(new=True) as journal:
        key = journal.get(manifest).target
    return next((one for one in installation.targets if one.target == key), installation.targets[0])


def _send(
    installation: Installation,
    target: LiveTarget,
    journal: DeliveryState,
    manifest: JournaledManifest,
    sandbox: bool,
    before_sending: Callable[[Service], None],
    progress: Counted,
) -> UploadReport:
    delivery = installation.profile.delivery
    return send(
        installation.home,
        target,
        manifest.manifest_id,
        journal=journal,
        terms=UploadTerms(clock=installation.clock, canary=canary_of(delivery, sandbox=sandbox)),
        still_holds=partial(refuse_moved, installation.warehouse, installation.loaded),
        fence=before_sending,
        progress=progress,
    )


class _NullQuestion:
    """The fence, and once behind it the question which nulls flow: before anything is sent, so that it is known of what is."""

    def __init__(self, installation: Installation, fence: TargetFence) -> None:
        self._installation = installation
        self._fence = fence
        self._asked = False
        self._told: NullFlows | None = None

    def __call__(self, service: Service) -> None:
        """Ask the fence, and the first time the service. Raises HistoryStop as the fence does; no answer stops nothing."""
        self._fence(service)
        if not self._asked:
            self._asked = True
            with self._installation.warehouse.read_or_empty() as con:
                attributes = attributes_of(con, self._installation.target)
            self._told = service.null_flows(attributes) if attributes else None
        self._installation.warehouse.let_go()  # to send may take hours

    def keep(self, warehouse: Warehouse, target: str, announce: Progress) -> None:
        """Keep the answer; that nobody may ask is told once."""
        if self._told is not None:
            unread = keep_null_flows(warehouse, target, self._told)
            if unread:
                announce(unread)


def _canary(journal: Journal, manifest: JournaledManifest) -> Verdict:
    failed = journal.pauses(manifest.target).failed(manifest.manifest_id)
    return verdict_table.of_canary(manifest.manifest_id, failed)


def _keep_canaries(warehouse: Warehouse, found: list[Verdict], now: dt.datetime) -> None:
    """Keep the verdicts about canaries: of those that failed, and of those that had failed before."""
    with warehouse.write() as con:
        rows = con.execute("select subject from verdicts where kind = ?", [Kind.CANARY]).fetchall()
        known = {subject for (subject,) in rows}
        verdict_table.keep(con, [one for one in found if one.tripped or one.subject in known], now)


@dataclass(frozen=True)
class Ready:
    """A manifest that is ready or was cut off, and whether it may go out now. `paused`: something made the last upload wait."""

    manifest: JournaledManifest
    verdict: Verdict
    paused: bool


def ready_manifests(installation: Installation) -> list[Ready]:
    """The manifests that an upload would go on with, of each target those of leavers first, and whether one may start by itself
    now."""
    return [ready for one in installation.targets for ready in _ready_manifests(one)]


def _ready_manifests(installation: Installation) -> list[Ready]:
    with installation.journal() as journal:
        ready = [manifest for manifest in journal.open_manifests() if manifest.target == installation.target]
        paused = journal.pauses(installation.target).paused() is not None
        return [
            Ready(one, _by_hand(installation, journal, one) or may_go_out(installation, journal, one), paused)
            for one in ready
        ]


def _by_hand(installation: Installation, journal: Journal, manifest: JournaledManifest) -> Verdict | None:
    """The verdict that a person has to start the upload: to a tenant nothing goes out because somebody opened a page to look."""
    if installation.settings.target is None:
        return None  # the home's own sandbox: whoever turned the sensor on meant it
    if not installation.profile.delivery.starts_by_itself(sandbox=False):
        why = "the profile does not say automatic = true in [delivery]: `hcm-pipeline upload` sends it"
        return Verdict(Kind.PACE, "automatic", manifest.manifest_id, True, why, Effect.HOLD)
    if journal.last_send(installation.target) == 0:
        why = "nothing was ever sent to this target: the first upload is a person's, with `hcm-pipeline upload`"
        return Verdict(Kind.PACE, "first_upload", manifest.manifest_id, True, why, Effect.HOLD)
    return None


def may_go_out(installation: Installation, journal: Journal, manifest: JournaledManifest) -> Verdict:
    """Whether a manifest may be uploaded now: its canary, the job, a wait that the service asks for, the quota.

    By the journal and the read copy alone: nothing is asked of the service. The upload itself looks again.
    """
    return (
        _fence(installation, journal, manifest)
        or _unclean(installation, journal, manifest)
        or _canary_or_job(installation, journal, manifest)
        or _pause(installation, journal, manifest)
        or _quota(installation, journal, manifest)
        or Verdict(Kind.PACE, "may_go_out", manifest.manifest_id, False, "nothing keeps it back")
    )


def _fence(installation: Installation, journal: Journal, manifest: JournaledManifest) -> Verdict | None:
    why = stopped(installation, journal)
    return Verdict(Kind.FENCE, "history", manifest.manifest_id, True, why) if why else None


def _unclean(installation: Installation, journal: Journal, manifest: JournaledManifest) -> Verdict | None:
    found = kept_back(installation, journal)
    return replace(found, subject=manifest.manifest_id) if found else None


def _canary_or_job(installation: Installation, journal: Journal, manifest: JournaledManifest) -> Verdict | None:
    failed = journal.pauses(manifest.target).failed(manifest.manifest_id)
    if failed:
        return verdict_table.of_canary(manifest.manifest_id, failed)
    silent = _silent_job(installation, manifest.target)
    return Verdict(Kind.JOB, "silent", manifest.manifest_id, True, silent) if silent else None


def _pause(installation: Installation, journal: Journal, manifest: JournaledManifest) -> Verdict | None:
    gates = journal.pauses(manifest.target)
    pause, subject = gates.paused(), manifest.manifest_id
    if pause is None:
        return None
    if pause.kind is PauseKind.CANARY and pause.manifest_id == subject:
        waiting = _canary_waits(installation, manifest)
        if waiting and not gates.released(subject):
            why = f"{waiting} of the operations that went first {'has' if waiting == 1 else 'have'} no outcome yet"
            return Verdict(Kind.CANARY, "waits", subject, True, why, Effect.HOLD)
    elif pause.kind in (PauseKind.SERVICE, PauseKind.JOB) and pause.until > installation.clock():
        kind = Kind.JOB if pause.kind is PauseKind.JOB else Kind.PACE
        return Verdict(kind, pause.kind, subject, True, pause.describe(), Effect.HOLD)
    return None


def _quota(installation: Installation, journal: Journal, manifest: JournaledManifest) -> Verdict | None:
    pace = pace_of(journal, installation.settings, installation.profile.delivery, clock=installation.clock)
    spent = pace.not_yet()
    if spent is None or not spent.spent:
        return None
    why = f"the quota is spent; it goes on at {spent.free_at:%Y-%m-%d %H:%M}Z"
    return Verdict(Kind.PACE, "quota", manifest.manifest_id, True, why, Effect.HOLD)


def _canary_waits(installation: Installation, manifest: JournaledManifest) -> int:
    """How many operations of a manifest's first request have no outcome, as far as the read copy knows."""
    if not installation.home.read_copy.is_file():
        return 1
    with installation.warehouse.read() as con:
        row = first(
            con,
            """select count(*) from operations join manifests using (plan_no)
            left join outcomes using (plan_no, request_no, op_no)
            where manifests.manifest_id = ? and operations.request_no = 0 and outcomes.outcome is null""",
            [manifest.manifest_id],
        )
    return int(row[0]) if row else 0


def _silent_job(installation: Installation, target: str) -> str | None:
    """Why nothing is to be sent to a job of which the log does not speak, as far as the read copy knows."""
    if not installation.home.read_copy.is_file():
        return None
    with installation.warehouse.read() as con:
        found = remembered(con, target)
    silent = found and found.health.state is HealthState.SILENT and found.health.stops(installation.clock())
    return describe_health(found.health) if found and silent else None
