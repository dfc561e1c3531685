"""Opens the store of a place by its kind. The library of a kind is loaded here, when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hcm_pipeline.errors import ServiceError
from hcm_pipeline.profile import PlaceSpec
from hcm_pipeline.sources.places.far_store import Store

Opener = Callable[[PlaceSpec], Store]
"""Makes the store of a place. Nothing is connected before the store is asked for something."""


@dataclass(frozen=True)
class OracleSignIn:
    """Where the pod is, and the headers that sign a call in."""

    url: str
    headers: Callable[[], Mapping[str, str]] = field(repr=False)
    ca_file: Path | None = None


def open_place(spec: PlaceSpec, oracle: OracleSignIn | None = None) -> Store:
    """The store of a place. `oracle` signs in to WebCenter Content. Raises ServiceError for one that cannot be used."""
    address = spec.address
    if address.kind == "file":
        from hcm_pipeline.sources.places.other_folder import OtherFolder

        return OtherFolder(address.folder)
    if address.kind == "sftp":
        from hcm_pipeline.sources.places.sftp import Sftp

        return Sftp(spec)
    if address.kind in ("s3", "az", "oci"):
        from hcm_pipeline.sources.places.object_storage import open_bucket

        return open_bucket(spec)
    if oracle is None:
        raise ServiceError(
            "WebCenter Content is opened with the sign-in to Oracle HCM; set ORACLE_HCM_URL and its account"
        )
    from hcm_pipeline.sources.places.web_center import WebCenter

    return WebCenter(spec, oracle)
