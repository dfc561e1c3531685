"""The view of everything at once: days, extracts, manifests, queue, quota, failures and quarantine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from hcm_pipeline.delivery import (
    CONFIGURES,
    WAITING,
    WRITES_BACK,
    Journal,
    JournaledManifest,
    Pause,
    Unsure,
    unsure,
    withheld,
)
from hcm_pipeline.errors import HomeError
from hcm_pipeline.flow import landing, verdict_table
from hcm_pipeline.flow.fencing import FenceStatus, fence_status
from hcm_pipeline.flow.fetching import PlaceStatus, place_statuses
from hcm_pipeline.flow.installation import Installation, reads_kept
from hcm_pipeline.flow.unfinished import FailedWork, failed_work
from hcm_pipeline.flow.views.clearing import StaleCount, flows_unread, stale_counts
from hcm_pipeline.flow.views.days import Day, QuarantineReason, newest_days, quarantine
from hcm_pipeline.flow.views.extracts import Extract, newest_extracts
from hcm_pipeline.flow.views.feeds import FeedStatus, feed_status
from hcm_pipeline.flow.views.held_back import NOTHING_HELD, HeldBack, held_back
from hcm_pipeline.flow.views.manifests import WaitingManifest, waiting_manifests
from hcm_pipeline.flow.views.receipts import Failure, Job, Receipts, failures, job, receipts
from hcm_pipeline.flow.views.target_findings import NO_FINDINGS, TargetFindings, findings_of
from hcm_pipeline.flow.views.written_over import WrittenOver, written_over
from hcm_pipeline.targets.entra import pace_of
from hcm_pipeline.verdicts import Kind, Verdict

SHOWN_MANIFESTS = 20


@dataclass(frozen=True)
class ManifestStatus:
    """A manifest and how far its upload has come. `accepted` are requests."""

    manifest_id: str
    business_date: dt.date
    state: str
    requests: int
    accepted: int
    operations: int
    reason: str | None


@dataclass(frozen=True)
class Known:
    """All that the read copy knows; empty before anything was processed."""

    days: tuple[Day, ...] = ()
    extracts: tuple[Extract, ...] = ()
    quarantine: tuple[QuarantineReason, ...] = ()
    held_back: HeldBack = NOTHING_HELD
    receipts: tuple[Receipts, ...] = ()
    failures: tuple[Failure, ...] = ()
    withheld: Mapping[str, int] = field(default_factory=dict)
    job: Job | None = None
    tripped: tuple[Verdict, ...] = ()
    stale_values: tuple[StaleCount, ...] = ()
    flows_unread: str | None = None
    refused: TargetFindings = NO_FINDINGS
    written_over: tuple[WrittenOver, ...] = ()
    """Values written to Oracle HCM that somebody else has changed there."""
    unsure: Unsure | None = None
    """The workers of whom nobody knows what the target has, since a person let this home go on."""


@dataclass(frozen=True)
class Status:
    """All that `status` shows. `paused` is set while an upload waits; `tripped` is what holds or stops something."""

    home: Path
    profile: str
    target: str
    manifests: tuple[ManifestStatus, ...]
    waiting: tuple[WaitingManifest, ...]
    quota_left: int
    paused: Pause | None
    landing: tuple[str, ...]
    places: tuple[PlaceStatus, ...]
    feeds: FeedStatus | None
    failed_work: tuple[FailedWork, ...]
    """Work that runs were started for and that none has done yet."""
    known: Known
    fence: FenceStatus

    def as_json(self) -> dict[str, object]:
        """One object, what the read copy knows among the rest; verdicts are `plan --json`'s and the table's."""
        own = {name: value for name, value in vars(self).items() if name != "known"}
        return own | {name: value for name, value in vars(self.known).items() if name != "tripped"}

    def is_open(self, manifest_id: str) -> bool:
        """Whether something of a manifest is still to be sent."""
        return any(m.manifest_id == manifest_id and m.state in set(WAITING) for m in self.manifests)


def status(installation: Installation) -> Status:
    """Look at the journal, the landing folder, the memory of places and the read copy. Raises BrokenChain."""
    with reads_kept(), installation.journal() as journal:
        journal.verify_decisions()
        manifests = journal.manifests()
        if installation.several:
            manifests = [
                m
                for m in manifests
                if m.target == installation.target or m.target.startswith((WRITES_BACK, CONFIGURES))
            ]
        pause = journal.pauses(installation.target).paused()
        return Status(
            home=installation.home.path,
            profile=installation.profile.name,
            target=installation.target,
            manifests=tuple(_of_manifest(journal, m) for m in manifests[-SHOWN_MANIFESTS:]),
            waiting=tuple(waiting_manifests(installation, manifests)),
            quota_left=pace_of(journal, installation.settings, installation.profile.delivery).left(),
            paused=pause if pause and pause.holds(installation.clock()) else None,
            landing=tuple(each.name for each in landing.waiting(installation.home, installation.profile)),
            places=place_statuses(installation.home, installation.profile),
            feeds=feed_status(installation),
            failed_work=tuple(failed_work(installation.home)),
            known=_known(installation),
            fence=fence_status(installation, journal),
        )


def _of_manifest(journal: Journal, manifest: JournaledManifest) -> ManifestStatus:
    return ManifestStatus(
        manifest.manifest_id, manifest.business_date, str(manifest.state), manifest.requests,
        journal.progress(manifest.manifest_id).accepted, manifest.operations, manifest.reason,
    )  # fmt: skip


def _known(installation: Installation) -> Known:
    try:
        with installation.warehouse.read() as con, installation.journal() as journal:
            return _read(con, installation, journal)
    except HomeError:
        return Known()


def _read(con: duckdb.DuckDBPyConnection, installation: Installation, journal: Journal) -> Known:
    target = installation.target
    return Known(
        tuple(newest_days(con)),
        tuple(newest_extracts(con)),
        tuple(quarantine(con)),
        held_back(con),
        tuple(receipts(con, target if installation.several else None)),
        tuple(failures(con, target)),
        withheld(con, target),
        job(con, target),
        tuple(_holding(con, journal, target, installation.name)),
        tuple(stale_counts(con, target)),
        flows_unread(con, target),
        findings_of(con, target),
        written_over(con, installation),
        unsure(con, target),
    )


def _holding(con: duckdb.DuckDBPyConnection, journal: Journal, target: str, name: str = "") -> list[Verdict]:
    """Verdicts that trip, without what a person has decided about since: the journal knows of that before the warehouse does."""
    held, gates = journal.held_manifests(target), journal.pauses(target)
    return [
        verdict
        for verdict in verdict_table.tripped(con)
        if verdict_table.is_at(verdict, name)
        and not (verdict.kind is Kind.LIMIT and not held)
        and not (verdict.kind is Kind.CANARY and gates.failed(verdict.subject) is None)
        and not (verdict.kind is Kind.FIRST_LOAD and journal.last_send(target))
    ]


def unsure_sentences(installation: Installation) -> list[str]:
    """That of some workers nobody knows what the target has, and why, in a sentence; empty: there are none."""
    with installation.warehouse.read() as con:
        found = unsure(con, installation.target)
    return [found.told] if found else []


def holding(installation: Installation) -> list[Verdict]:
    """Everything that holds or stops something, by what was last found; empty before anything was processed."""
    if not installation.home.read_copy.is_file():
        return []
    with installation.warehouse.read() as con, installation.journal() as journal:
        found: list[Verdict] = []
        for at in installation.targets:
            found += [one for one in _holding(con, journal, at.target, at.name) if one not in found]
    return found
