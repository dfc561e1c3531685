"""The libraries of places are loaded when a profile names a place of their kind, and by nobody else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import hcm_pipeline
from hcm_pipeline.sources.places import open_place
from hcm_pipeline.sources.places.object_storage import Bucket
from hcm_pipeline.sources.places.other_folder import OtherFolder
from hcm_pipeline.sources.places.sftp import Sftp

from .far import spec

PRODUCT = Path(hcm_pipeline.__file__).parent
LIBRARIES = {"obstore": {"object_storage"}, "asyncssh": {"sftp"}, "pysequoia": set[str]()}
"""Each library, and the modules that load it when they are loaded."""
STORES = {f"hcm_pipeline.sources.places.{name}" for name in ("object_storage", "sftp", "web_center", "other_folder")}


def loaded(path: Path) -> set[str]:
    """The modules that a file loads when it is loaded."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def test_nobody_loads_a_library_or_a_store_before_it_is_needed() -> None:
    for path in PRODUCT.rglob("*.py"):
        modules = loaded(path)
        for library, own in LIBRARIES.items():
            assert library not in {module.partition(".")[0] for module in modules} or path.stem in own, path
        assert not modules & STORES, path


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("file:///srv", OtherFolder), ("sftp://h/x", Sftp), ("s3://b", Bucket), ("az://a/c", Bucket),
        ("oci://n/b", Bucket),
    ],
)  # fmt: skip
def test_each_kind_of_address_opens_its_store_and_connects_to_nothing(url: str, kind: type) -> None:
    assert isinstance(open_place(spec(url, region="eu-frankfurt-1")), kind)
