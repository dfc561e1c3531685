"""Whether a manifest may still be sent: what it was planned from is as it was."""

from __future__ import annotations

from hcm_pipeline.delivery import Manifest, moved
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.flow.plan_facts import name_digests, newest_snapshot
from hcm_pipeline.profile import LoadedProfile
from hcm_pipeline.warehouse import Warehouse, first, scratch, table


def refuse_moved(warehouse: Warehouse, loaded: LoadedProfile, manifest: Manifest) -> None:
    """Raise PipelineError when what a manifest was planned from has moved since, and say what."""
    if not _published(warehouse, manifest):
        warehouse.publish()  # the run that planned it came to its end before it could
    found = ["there is no snapshot"]
    with warehouse.read() as con, scratch(con) as t:
        if snapshot := newest_snapshot(t):
            found = moved(t, manifest, loaded.sha256, snapshot, name_digests(t, table(con, "identities")))
    if found:
        raise PipelineError(
            f"manifest {manifest.manifest_id[:12]} is not sent: since it was planned, {'; '.join(found)}. Plan again:"
            " `hcm-pipeline run`"
        )


def _published(warehouse: Warehouse, manifest: Manifest) -> bool:
    if not warehouse.home.read_copy.is_file():
        return False
    with warehouse.read() as con:
        return first(con, "select 1 from manifests where manifest_id = ?", [manifest.manifest_id]) is not None
