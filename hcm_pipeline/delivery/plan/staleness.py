"""The inputs that a manifest was computed from, and whether they still hold.

A plan is a difference between two states; when either moves, the difference is another. Digests are independent of order, and
taken over exactly the workers of the manifest.
"""

from __future__ import annotations

from hcm_pipeline.delivery.manifest import Manifest
from hcm_pipeline.delivery.plan.facts import Snapshot, Task
from hcm_pipeline.warehouse import Relation, Scratch, query

SNAPSHOT = "snapshot"
MOVED = {
    "profile": "the profile changed",
    "names": "names of its workers changed in the ledger",
    "delivered": "the target got other operations for its workers",
}


def inputs(t: Scratch, task: Task, workers: Relation) -> dict[str, str]:
    """The inputs of a manifest of `workers` (person_number).

    `profile`: sha256 of the profile; `snapshot`: state of the newest business date; `names`: digest of the names that these workers
    have; `delivered`: digest of what the target has of them.
    """
    snapshot = {SNAPSHOT: task.facts.snapshot.state}
    return {"profile": task.rules.sha256, **snapshot, **_digests(t, task.facts.names, task.target.key, workers)}


def moved(t: Scratch, manifest: Manifest, profile: str, snapshot: Snapshot, names: Relation) -> list[str]:
    """The inputs that are no longer as they were when the manifest was planned, in words; empty when it would be the same.

    `profile` is the sha256 of the profile, `names` as of `Facts`. The snapshot of a manifest is the one of the newest plan: that
    one has found again what an older, held one said.
    """
    row = t.first("select plan_no from manifests where manifest_id = ?", [manifest.manifest_id])
    plan = t.first("select state, manifest_ids from newest_plans where target = ?", [manifest.target])
    if row is None or plan is None or manifest.manifest_id not in plan[1]:
        return ["a plan was made that does not hold it"]
    workers = t.view("workers_of_manifest", f"select person_number from operations where plan_no = {row[0]}")
    now = {"profile": profile, **_digests(t, names, manifest.target, workers)}
    found = [MOVED[name] for name in MOVED if name in manifest.inputs and manifest.inputs[name] != now[name]]
    if snapshot.state != plan[0]:
        found.append(f"there is a newer snapshot, of {snapshot.business_date}")
    return found


def _digests(t: Scratch, names: Relation, target: str, workers: Relation) -> dict[str, str]:
    digests = t.first(query(__package__, "inputs", names=names, workers=workers), [target]) or (None, None)
    names_digest, delivered_digest = (f"{value or 0:032x}" for value in digests)
    return {"names": names_digest, "delivered": delivered_digest}
