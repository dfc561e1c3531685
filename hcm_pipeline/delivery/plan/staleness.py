"""What a manifest was computed from, and whether that still holds.

A plan is a difference between two states; when either moves, the difference is another. Digests are independent of order, and
taken over exactly the workers of the manifest.
"""

from __future__ import annotations

import duckdb

from hcm_pipeline.delivery.manifest import Manifest
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.profile import IDENTITY_COLUMNS, LoadedProfile
from hcm_pipeline.warehouse import Warehouse, first, literal

SNAPSHOT = "snapshot"


def of(
    con: duckdb.DuckDBPyConnection, loaded: LoadedProfile, snapshot: str, target: str, plan_no: int
) -> dict[str, str]:
    """The inputs of a manifest whose workers are those of `planned` under a number.

    `profile`: sha256 of the profile; `snapshot`: state of the newest business date; `names`: digest of what the ledger holds
    for these workers; `delivered`: digest of what the target has of them.
    """
    return {
        "profile": loaded.sha256,
        SNAPSHOT: snapshot,
        **_of_workers(con, target, f"select person_number from planned where plan_no = {plan_no}"),
    }


def moved(con: duckdb.DuckDBPyConnection, loaded: LoadedProfile, manifest: Manifest) -> list[str]:
    """What is no longer as it was when the manifest was planned, in words; empty when it still says what it would say.

    The snapshot is the one of the newest plan: that one has found again what an older, held one said.
    """
    row = first(con, "select plan_no from manifests where manifest_id = ?", [manifest.manifest_id])
    plan = first(con, "select state, manifest_ids from newest_plans where target = ?", [manifest.target])
    if row is None or plan is None or manifest.manifest_id not in plan[1]:
        return ["a plan was made that does not hold it"]
    newest = first(
        con, "select state, business_date from days where status = 'done' order by business_date desc limit 1"
    )
    workers = f"select person_number from operations where plan_no = {row[0]}"
    now = {"profile": loaded.sha256, **_of_workers(con, manifest.target, workers)}
    words = {
        "profile": "the profile changed",
        "names": "names of its workers changed in the ledger",
        "delivered": "the target got other operations for its workers",
    }
    found = [words[name] for name in words if name in manifest.inputs and manifest.inputs[name] != now[name]]
    if newest and newest[0] != plan[0]:
        found.append(f"there is a newer snapshot, of {newest[1]}")
    return found


def refuse_moved(warehouse: Warehouse, loaded: LoadedProfile, manifest: Manifest) -> None:
    """Raise PipelineError when what a manifest was planned from has moved since, and say what."""
    if not _published(warehouse, manifest):
        warehouse.publish()  # the run that planned it came to its end before it could
    with warehouse.read() as con:
        found = moved(con, loaded, manifest)
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


def _of_workers(con: duckdb.DuckDBPyConnection, target: str, workers: str) -> dict[str, str]:
    names = ", ".join(f"coalesce({column}, chr(30))" for column in ("person_number", *IDENTITY_COLUMNS, "status"))
    found = first(
        con,
        f"""select
            (select bit_xor(md5_number(concat_ws(chr(31), {names}))) from identities semi join ({workers}) using (person_number)),
            (select bit_xor(md5_number(concat_ws(chr(31), person_number, plan_no, hex(digest)))) from delivered
                semi join ({workers}) using (person_number) where target = {literal(target)})""",
    ) or (None, None)
    names_digest, delivered_digest = (f"{value or 0:032x}" for value in found)
    return {"names": names_digest, "delivered": delivered_digest}
