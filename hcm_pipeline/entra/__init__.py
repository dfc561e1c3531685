"""Microsoft Graph client: sign-in, bulkUpload, provisioning log, users and the synchronization job.

It knows nothing of manifests or of the warehouse.
"""

from hcm_pipeline.entra.answers import Answer, NoAnswer
from hcm_pipeline.entra.client import ChangesLost, GraphClient, JobStatus
from hcm_pipeline.entra.log import LogEntry, LogPage
from hcm_pipeline.entra.timing import Patience

__all__ = ["Answer", "ChangesLost", "GraphClient", "JobStatus", "LogEntry", "LogPage", "NoAnswer", "Patience"]
