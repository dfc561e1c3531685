"""Microsoft Graph client: sign-in, bulkUpload, provisioning log, users and the synchronization job.

It knows nothing of manifests or of the warehouse. The client itself is loaded when it is first asked for: it brings httpx along.
"""

from typing import TYPE_CHECKING, Any

from hcm_pipeline.entra.credentials import EntraConnection
from hcm_pipeline.entra.job_schema import SourceAttribute
from hcm_pipeline.entra.limits import DAILY_QUOTA, LOG_RATE, OPERATIONS_PER_REQUEST, UPLOAD_RATE
from hcm_pipeline.entra.provisioning_log import NO_CHANGE, OUT_OF_SCOPE, UNSPECIFIED, LogEntry, LogPage
from hcm_pipeline.entra.synchronization import JobSchema, Parsed

if TYPE_CHECKING:
    from hcm_pipeline.entra.client import UPLOAD_PERMISSION, ChangesLost, GraphClient, JobStatus
    from hcm_pipeline.entra.graph_errors import BUCKET_FULL, is_bucket_full, read_reply

__all__ = [
    "BUCKET_FULL",
    "DAILY_QUOTA",
    "LOG_RATE",
    "NO_CHANGE",
    "OPERATIONS_PER_REQUEST",
    "OUT_OF_SCOPE",
    "UNSPECIFIED",
    "UPLOAD_PERMISSION",
    "UPLOAD_RATE",
    "ChangesLost",
    "EntraConnection",
    "GraphClient",
    "JobSchema",
    "JobStatus",
    "LogEntry",
    "LogPage",
    "Parsed",
    "SourceAttribute",
    "is_bucket_full",
    "read_reply",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from hcm_pipeline.entra import client, graph_errors

    return getattr(client, name) if hasattr(client, name) else getattr(graph_errors, name)
