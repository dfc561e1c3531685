"""A manifest's id stands for its content."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.delivery.manifest import (
    BULK_FILE,
    MANIFEST_FILE,
    Manifest,
    bodies,
    read_manifest,
    verify,
    write_manifest,
)
from hcm_pipeline.errors import PipelineError

BULK = b'{"a":1}\n{"b":2}\n'
FIELDS: dict[str, Any] = {
    "business_date": dt.date(2026, 11, 1), "target": "sp/job", "profile": "firm", "previous": None, "requests": 2,
    "operations": 60, "bulk_sha256": hashlib.sha256(BULK).hexdigest(), "bulk_bytes": len(BULK), "counts": {"create": 60},
    "inputs": {"snapshot": "x"},
    "extracts": [{"sha256": "s", "source": "people", "name": "people.csv", "business_date": "2026-11-01"}],
}  # fmt: skip


def written(folder: Path) -> Manifest:
    """A manifest on disk."""
    manifest = Manifest.seal(**FIELDS)
    (folder / BULK_FILE).write_bytes(BULK)
    write_manifest(folder, manifest)
    return manifest


@pytest.mark.parametrize(
    ("field", "value"),
    [("business_date", dt.date(2026, 11, 2)), ("target", "other"), ("profile", "other"), ("previous", "before"),
     ("requests", 3), ("operations", 61), ("bulk_sha256", "0"), ("bulk_bytes", 1), ("counts", {"update": 60}),
     ("inputs", {}), ("extracts", [])],
)  # fmt: skip
def test_the_id_changes_with_every_field(field: str, value: object) -> None:
    assert Manifest.seal(**{**FIELDS, field: value}).manifest_id != Manifest.seal(**FIELDS).manifest_id


def test_the_same_content_has_the_same_id_whatever_the_order_of_keys() -> None:
    assert Manifest.seal(**dict(reversed(FIELDS.items()))) == Manifest.seal(**FIELDS)


def test_what_was_written_is_read_again_by_its_owner_only(tmp_path: Path) -> None:
    manifest = written(tmp_path)
    assert verify(tmp_path) == manifest
    assert (tmp_path / MANIFEST_FILE).stat().st_mode & 0o777 == 0o600
    assert list(bodies(tmp_path)) == [(0, b'{"a":1}'), (1, b'{"b":2}')]
    assert list(bodies(tmp_path, start=1)) == [(1, b'{"b":2}')]


def test_altered_bytes_are_noticed(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / BULK_FILE).write_bytes(BULK.replace(b"1", b"3"))
    with pytest.raises(PipelineError, match="plan again"):
        verify(tmp_path)


def test_an_altered_manifest_is_noticed(tmp_path: Path) -> None:
    written(tmp_path)
    path = tmp_path / MANIFEST_FILE
    path.write_text(path.read_text().replace('"operations": 60', '"operations": 61'))
    with pytest.raises(PipelineError, match="altered"):
        read_manifest(tmp_path)


def test_a_manifest_that_is_none_is_named_without_its_content(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_FILE).write_text('{"secret": 1}')
    with pytest.raises(PipelineError) as caught:
        read_manifest(tmp_path)
    assert "secret" not in str(caught.value)
