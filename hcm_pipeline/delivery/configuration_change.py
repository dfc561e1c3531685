"""Changes of a target's configuration as manifests: one request about no worker, planned, approved and sent as any other.

The folder holds what every manifest's does: `bulk.ndjson` (the body), `plan.json` (what changes, in words) and `manifest.json`; and
`before.json`, what the configuration was. Such a manifest is always held: a person decides.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from hcm_pipeline.delivery.manifest import (
    BULK_FILE,
    PLAN_FILE,
    Manifest,
    bodies,
    folder_of,
    read_manifest,
    verify,
    write_durably,
    write_manifest,
)
from hcm_pipeline.delivery.state import (
    WAITING,
    DeliveryState,
    JournaledManifest,
    ManifestState,
    RequestState,
    SendResult,
)
from hcm_pipeline.errors import PipelineError, ServiceError, ServiceRefused
from hcm_pipeline.home import Home

CONFIGURES = "configuration:"
"""Keys of targets begin so whose manifests change how a job works, and none of its accounts."""
BEFORE_FILE = "before.json"
HELD_FOR = "configuration"


@dataclass(frozen=True)
class ConfigurationChange:
    """A change that is wanted. `target`: the key, which begins with `CONFIGURES`. `operations`: how many things it changes.

    `inputs` name what it was made from: the same of them is the same change, and keeps a person's decision. `before` and `body` are
    JSON documents. `about` is for people and for `plan.json`.
    """

    target: str
    profile: str
    operations: int
    inputs: Mapping[str, str]
    before: bytes
    body: bytes
    about: Mapping[str, object]


def plan_change(
    home: Home, journal: DeliveryState, change: ConfigurationChange, now: dt.datetime, started_by: str | None
) -> JournaledManifest:
    """Enter a change in the journal, held, and supersede every other of its target that waits. The same change stays as it is.

    `started_by`: the person who plans it.
    """
    for waits in journal.manifests(*WAITING):
        if waits.target == change.target and waits.newest and _is_same(home.path / waits.folder, change):
            return waits
    about = orjson.dumps(change.about, option=orjson.OPT_INDENT_2) + b"\n"
    content = change.body + b"\n"
    manifest = Manifest.seal(
        business_date=now.date(), target=change.target, profile=change.profile, previous=journal.last_sent(change.target),
        requests=1, operations=change.operations, bulk_sha256=hashlib.sha256(content).hexdigest(), bulk_bytes=len(content),
        counts={}, inputs=dict(change.inputs), extracts=(), held_for=HELD_FOR, plan_sha256=hashlib.sha256(about).hexdigest(),
    )  # fmt: skip
    folder = folder_of(home.manifests, manifest)
    if not folder.exists():
        half = home.scratch / f"change-{os.getpid()}"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o700)
        try:
            for name, text in ((BULK_FILE, content), (PLAN_FILE, about), (BEFORE_FILE, change.before)):
                write_durably(half / name, text)
            write_manifest(half, manifest)
            folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            half.rename(folder)
        finally:
            shutil.rmtree(half, ignore_errors=True)
    journal.register_plan(change.target, [(manifest, folder.relative_to(home.path))], started_by=started_by)
    return journal.get(manifest.manifest_id)


def nothing_to_change(journal: DeliveryState, target: str) -> None:
    """Close the changes of a target that wait, for it is as it should be: one that was cut off has arrived, and others go."""
    for begun in journal.manifests(ManifestState.UPLOADING):
        if begun.target == target:
            journal.start(begun.manifest_id)
            if journal.begin_send(begun.manifest_id, 0):
                journal.end_send(
                    begun.manifest_id, 0, SendResult(RequestState.ACCEPTED, error="cut off, and found there")
                )
            journal.finish(begun.manifest_id)
    journal.register_plan(target, [], nothing="the target is as it should be")


def carry_out(
    home: Home, journal: DeliveryState, manifest_id: str, send: Callable[[bytes], object]
) -> ManifestState:  # fmt: skip
    """Send the one request of a change that may go out; the state of its manifest then.

    Raises PipelineError when it was altered or may not go out, and what `send` raises: a refusal closes the manifest, anything else
    leaves it to be sent again.
    """
    found = journal.get(manifest_id)
    folder = home.path / found.folder
    verify(folder)
    [(number, body)] = bodies(folder)
    journal.start(manifest_id)
    if not journal.begin_send(manifest_id, number):
        raise PipelineError(f"manifest {manifest_id[:12]} was decided otherwise meanwhile; plan again")
    try:
        send(body)
    except ServiceRefused as refused:
        journal.end_send(
            manifest_id,
            number,
            SendResult(RequestState.REFUSED, refused.status, error=f"{refused.status} {refused.code}"),
        )
        journal.finish(manifest_id)
        raise
    except ServiceError:
        journal.end_send(manifest_id, number, SendResult(RequestState.UNKNOWN, error="no answer came"))
        raise
    journal.end_send(manifest_id, number, SendResult(RequestState.ACCEPTED, 204))
    return journal.finish(manifest_id)


def before_of(home: Home, manifest: JournaledManifest) -> Path:
    """The file with what the configuration was before a change."""
    return home.path / manifest.folder / BEFORE_FILE


def _is_same(folder: Path, change: ConfigurationChange) -> bool:
    sealed = read_manifest(folder)
    return sealed.inputs == dict(change.inputs) and sealed.operations == change.operations
