"""Microsoft Graph client: sign-in, bulkUpload, provisioning log, users and the synchronization job.

It knows nothing of manifests or of the warehouse.
"""

from hcm_pipeline.entra.client import UPLOAD_PERMISSION, ChangesLost, GraphClient, JobStatus
from hcm_pipeline.entra.credentials import EntraConnection
from hcm_pipeline.entra.graph_errors import BUCKET_FULL, is_bucket_full, read_reply
from hcm_pipeline.entra.limits import DAILY_QUOTA, LOG_RATE, OPERATIONS_PER_REQUEST, UPLOAD_RATE
from hcm_pipeline.entra.provisioning_log import NO_CHANGE, OUT_OF_SCOPE, UNSPECIFIED, LogEntry, LogPage

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
    "JobStatus",
    "LogEntry",
    "LogPage",
    "is_bucket_full",
    "read_reply",
]
