"""Manifests: those that wait, those of a run, those of a business date."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from hcm_pipeline.delivery import (
    CONFIGURES,
    WAITING,
    WRITES_BACK,
    JournaledManifest,
    Manifest,
    ManifestState,
    read_manifest,
    read_summary,
)
from hcm_pipeline.delivery import Verdict as LimitVerdict
from hcm_pipeline.flow.installation import Installation


@dataclass(frozen=True)
class WaitingManifest:
    """A manifest that waits for an upload or for a person. `why`: what its guards found, a sentence each."""

    manifest_id: str
    business_date: dt.date
    state: ManifestState
    held_for: str | None
    operations: int
    requests: int
    approved_until: dt.datetime | None
    reason: str | None
    why: tuple[str, ...]


@dataclass(frozen=True)
class Superseded:
    """A manifest whose place a newer plan took."""

    manifest_id: str
    business_date: dt.date
    operations: int


@dataclass(frozen=True)
class PlannedManifest:
    """A manifest as a run tells of it."""

    manifest_id: str
    business_date: dt.date
    requests: int
    operations: int
    folder: Path


@dataclass(frozen=True)
class DecidedManifest(PlannedManifest):
    """One that a person decides, or has decided, about."""

    held_for: str | None

    @property
    def approve_command(self) -> str:
        """The command that lets it go out."""
        return f"hcm-pipeline approve {self.manifest_id} {self.operations}"


@dataclass(frozen=True)
class OpenManifests:
    """Manifests that an upload would send, and those that wait for a decision. `manifest`: the one that nobody had to approve."""

    manifest: PlannedManifest | None
    approved: tuple[DecidedManifest, ...]
    held: tuple[DecidedManifest, ...]

    @property
    def folders(self) -> list[Path]:
        """Where all of them lie."""
        return [one.folder for one in (self.manifest, *self.approved, *self.held) if one is not None]


@dataclass(frozen=True)
class SealedManifest:
    """A manifest as it was written, and where it stands."""

    state: ManifestState
    reason: str | None
    sealed: Manifest

    def as_json(self) -> dict[str, object]:
        """One object: where it stands, and all that `manifest.json` says."""
        return {"state": self.state, "reason": self.reason, **self.sealed.model_dump(mode="json")}


def waiting_manifests(installation: Installation, manifests: list[JournaledManifest]) -> list[WaitingManifest]:
    """Those of the newest plan of the target, of what is written back, and of changes of its job, that wait."""
    return [
        _waiting(installation, m)
        for m in manifests
        if (m.target == installation.target or m.target.startswith((WRITES_BACK, CONFIGURES)))
        and m.newest
        and m.state in WAITING
    ]


def _waiting(installation: Installation, manifest: JournaledManifest) -> WaitingManifest:
    about = read_summary(installation.home.path / manifest.folder)
    guards = installation.profile.guards
    tripped = [
        LimitVerdict.from_row(row).under(guards) for row in about.get("guards", []) if row["verdict"] == "tripped"
    ]
    return WaitingManifest(
        manifest.manifest_id, manifest.business_date, manifest.state, manifest.held_for, manifest.operations,
        manifest.requests, manifest.approved_until, manifest.reason, tuple(one.describe(values=True) for one in tripped),
    )  # fmt: skip


def superseded_by(manifests: list[JournaledManifest], waiting: list[WaitingManifest]) -> list[Superseded]:
    """The manifests whose place the newest plan took."""
    ids = [m.manifest_id for m in waiting]
    return [
        Superseded(m.manifest_id, m.business_date, m.operations)
        for m in manifests
        if m.state is ManifestState.SUPERSEDED and any(each in (m.reason or "") for each in ids)
    ]


def open_manifests(installation: Installation) -> OpenManifests:
    """The manifests that are ready for the target, and those that are held."""
    with installation.journal() as journal:
        opened = [m for m in journal.open_manifests() if m.target == installation.target]
        held = journal.held_manifests(installation.target)
    free = [m for m in opened if m.held_for is None]
    return OpenManifests(
        _planned(installation, free[-1]) if free else None,
        tuple(_decided(installation, m) for m in opened if m.held_for is not None),
        tuple(_decided(installation, m) for m in held),
    )


def _planned(installation: Installation, manifest: JournaledManifest) -> PlannedManifest:
    return PlannedManifest(
        manifest.manifest_id, manifest.business_date, manifest.requests, manifest.operations,
        installation.home.path / manifest.folder,
    )  # fmt: skip


def _decided(installation: Installation, manifest: JournaledManifest) -> DecidedManifest:
    return DecidedManifest(**vars(_planned(installation, manifest)), held_for=manifest.held_for)


def manifests_of(installation: Installation, day: dt.date) -> list[SealedManifest]:
    """The manifests that were planned for a business date, oldest first. Raises PipelineError for one that was altered."""
    with installation.journal() as journal:
        found = [
            m
            for m in journal.manifests()
            if m.business_date == day and not m.target.startswith((WRITES_BACK, CONFIGURES))
        ]
    return [SealedManifest(m.state, m.reason, read_manifest(installation.home.path / m.folder)) for m in found]


def accepted_requests(installation: Installation) -> int:
    """How many bulk requests the service has accepted in all."""
    with installation.journal() as journal:
        return sum(
            journal.progress(m.manifest_id).accepted
            for m in journal.manifests() if not m.target.startswith(CONFIGURES)
        )  # fmt: skip


def targets_by_manifest(installation: Installation) -> dict[str, str]:
    """The name of the target that each manifest is for, where there are several; else none."""
    if not installation.several:
        return {}
    names = {one.target: one.name for one in installation.targets}
    with installation.journal() as journal:
        return {m.manifest_id: names[m.target] for m in journal.manifests() if m.target in names}


def manifest_id(installation: Installation, beginning: str) -> str:
    """The id of the one manifest that begins so. Raises UsageError when none or several do."""
    with installation.journal() as journal:
        return journal.get(beginning).manifest_id
