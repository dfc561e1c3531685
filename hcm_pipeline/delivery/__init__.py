"""Delivery: bringing a target from what it has to what it should have, whatever the target.

The room decides which operations a plan holds, which of them wait for an approval, when requests go out and what became of them. A
service, a format and a worker's fields are known to targets alone (`Target`).
"""

from hcm_pipeline.delivery.kinds import OperationKind
from hcm_pipeline.delivery.manifest import (
    BULK_FILE,
    MANIFEST_FILE,
    PLAN_FILE,
    ExtractOf,
    Manifest,
    bodies,
    folder_of,
    read_manifest,
    verify,
    write_manifest,
)
from hcm_pipeline.delivery.plan import (
    OTHERS,
    UNDO,
    Facts,
    Plan,
    Preview,
    Rules,
    Snapshot,
    Task,
    Verdict,
    ask_undo,
    attributes,
    make_plan,
    moved,
    preview,
    read_summary,
    why_plan,
    withheld,
)
from hcm_pipeline.delivery.target import Column, Desired, Limits, RequestForm, Target, digest_sql, names_of

__all__ = [
    "BULK_FILE",
    "MANIFEST_FILE",
    "OTHERS",
    "PLAN_FILE",
    "UNDO",
    "Column",
    "Desired",
    "ExtractOf",
    "Facts",
    "Limits",
    "Manifest",
    "OperationKind",
    "Plan",
    "Preview",
    "RequestForm",
    "Rules",
    "Snapshot",
    "Target",
    "Task",
    "Verdict",
    "ask_undo",
    "attributes",
    "bodies",
    "digest_sql",
    "folder_of",
    "make_plan",
    "moved",
    "names_of",
    "preview",
    "read_manifest",
    "read_summary",
    "verify",
    "why_plan",
    "withheld",
    "write_manifest",
]
