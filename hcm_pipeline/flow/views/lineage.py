"""Lineage of manifests: the extracts that the versions of their workers came from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.views.rows import values_of
from hcm_pipeline.warehouse import query


@dataclass(frozen=True)
class ManifestExtract:
    """An extract that workers of a manifest are as it said. `operations`: how many; `business_date`: the day it speaks for."""

    manifest_id: str
    sha256: str
    source: str
    name: str
    business_date: dt.date
    operations: int


def extracts_of_manifests(installation: Installation, manifest_ids: Sequence[str]) -> list[ManifestExtract]:
    """The extracts behind the operations of some manifests, each with its number of operations; newest extract first.

    An operation counts for the extract whose row was the worker's newest on the business date of the plan.
    """
    if not manifest_ids:
        return []
    with installation.warehouse.read() as con:
        return values_of(
            con, ManifestExtract, query(__package__, "extracts_of_manifests"), {"manifests": list(manifest_ids)}
        )
