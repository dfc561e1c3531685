"""Manifests: all requests of one planned upload, as files that can be read, compared and replayed.

A folder `manifests/<business date>/<manifest id>/` holds `bulk.ndjson` (a line is exactly one body that is posted),
`plan.json` (its effects, in numbers, and the verdicts of the guards) and `manifest.json` (its origin). The id is the
sha256 of the canonical JSON of every field but the id itself; the sha256 of the two other files are among those fields, so
the id stands for the content and for the text that a person read before approving it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import orjson
from pydantic import BaseModel, ConfigDict

from hcm_pipeline.errors import PipelineError

BULK_FILE = "bulk.ndjson"
MANIFEST_FILE = "manifest.json"
PLAN_FILE = "plan.json"


class ExtractOf(BaseModel):
    """An extract that a manifest's workers come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    source: str
    name: str
    business_date: dt.date


class Manifest(BaseModel):
    """One planned upload, and all that it was made from.

    `previous` is the manifest of which a request was last sent to the same target (None for the first): it keeps the
    ids of two uploads with equal bytes apart. `counts` are operations by kind. `inputs` names what the plan was computed
    from (see `plan.staleness`). `held_for` is what a person decides about before it goes out: the kind of operation that a
    guard tripped over, `others` or `undo`; None: it is free. `undoes` is the manifest that an undo takes back.
    `plan_sha256` is of `plan.json`, None where there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    manifest_id: str
    business_date: dt.date
    target: str
    profile: str
    previous: str | None
    requests: int
    operations: int
    bulk_sha256: str
    bulk_bytes: int
    counts: dict[str, int]
    inputs: dict[str, str]
    extracts: tuple[ExtractOf, ...]
    held_for: str | None = None
    undoes: str | None = None
    plan_sha256: str | None = None

    @classmethod
    def seal(cls, **fields: object) -> Manifest:
        """Make a manifest whose id is computed from `fields` (all but `manifest_id`)."""
        draft = cls.model_validate({"manifest_id": "", **fields})
        return draft.model_copy(update={"manifest_id": draft.content_id()})

    def content_id(self) -> str:
        """The sha256 of the canonical JSON of every field but the id, and but the optional ones that are not set."""
        unset = {name for name in ("held_for", "undoes", "plan_sha256") if getattr(self, name) is None}
        content = self.model_dump(mode="json", exclude={"manifest_id", *unset})
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def folder_of(manifests: Path, manifest: Manifest) -> Path:
    """Where a manifest lives below the home's `manifests` folder."""
    return manifests / manifest.business_date.isoformat() / manifest.manifest_id


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `manifest.json` beside its `bulk.ndjson`, durably and readable by its owner only."""
    text = orjson.dumps(manifest.model_dump(mode="json"), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
    write_durably(folder / MANIFEST_FILE, text)


def write_durably(path: Path, text: bytes) -> None:
    """Write a file that is on disk when this returns, readable by its owner only."""
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())


def read_manifest(folder: Path) -> Manifest:
    """Read and check `manifest.json`. Raises PipelineError when it is missing, broken or not what its id says."""
    path = folder / MANIFEST_FILE
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise PipelineError(f"{path}: cannot be read as a manifest ({type(error).__name__})") from error
    if manifest.content_id() != manifest.manifest_id:
        raise PipelineError(f"{path}: the content does not hash to the id {manifest.manifest_id[:12]}; it was altered")
    return manifest


def bodies(folder: Path, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield (request number, body) from request `start` on; the body is the exact bytes to post."""
    with open(folder / BULK_FILE, "rb") as lines:
        for number, line in enumerate(lines):
            if number >= start:
                yield number, line.rstrip(b"\n")


def verify(folder: Path) -> Manifest:
    """Check that `bulk.ndjson` and `plan.json` are the files that the manifest was sealed over; returns the manifest.

    Raises PipelineError when the bytes differ: the requests, or the text that people read about them, are not those planned.
    """
    manifest = read_manifest(folder)
    for name, sealed in ((BULK_FILE, manifest.bulk_sha256), (PLAN_FILE, manifest.plan_sha256)):
        if sealed is not None and _sha256(folder / name) != sealed:
            raise PipelineError(f"{folder / name}: the bytes are not those that were planned; plan again")
    return manifest


def _sha256(path: Path) -> str | None:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
