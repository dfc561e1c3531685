"""Microsoft Graph client: sign-in, bulkUpload, provisioning log, users and the synchronization job.

It knows nothing of manifests or of the warehouse. The client itself is loaded when it is first asked for: it brings httpx along.
"""

from typing import TYPE_CHECKING, Any

from hcm_pipeline.entra.credentials import EntraConnection, SignInWay
from hcm_pipeline.entra.job_schema import SourceAttribute, source_attributes
from hcm_pipeline.entra.limits import DAILY_QUOTA, LOG_RATE, OPERATIONS_PER_REQUEST, UPLOAD_RATE
from hcm_pipeline.entra.object_connections import ObjectConnection, ObjectConnections
from hcm_pipeline.entra.provisioning_log import NO_CHANGE, OUT_OF_SCOPE, UNSPECIFIED, LogEntry, LogPage
from hcm_pipeline.entra.synchronization import JobSchema, Parsed

if TYPE_CHECKING:
    from hcm_pipeline.entra.client import UPLOAD_PERMISSION, ChangesLost, GraphClient, JobStatus
    from hcm_pipeline.entra.graph_errors import BUCKET_FULL, is_bucket_full, read_reply
    from hcm_pipeline.entra.own_certificate import make_certificate
    from hcm_pipeline.entra.signin import CertificateFacts, certificate_facts, token_of
    from hcm_pipeline.entra.tenant import MOST_PAGES, Json, TenantReader, Wire, claims_of, reading_client, try_wire
    from hcm_pipeline.entra.tenant_setup import TenantSetup

__all__ = [
    "BUCKET_FULL",
    "DAILY_QUOTA",
    "LOG_RATE",
    "MOST_PAGES",
    "NO_CHANGE",
    "OPERATIONS_PER_REQUEST",
    "OUT_OF_SCOPE",
    "UNSPECIFIED",
    "UPLOAD_PERMISSION",
    "UPLOAD_RATE",
    "CertificateFacts",
    "ChangesLost",
    "EntraConnection",
    "GraphClient",
    "JobSchema",
    "JobStatus",
    "Json",
    "LogEntry",
    "LogPage",
    "ObjectConnection",
    "ObjectConnections",
    "Parsed",
    "SignInWay",
    "SourceAttribute",
    "TenantReader",
    "TenantSetup",
    "Wire",
    "certificate_facts",
    "claims_of",
    "is_bucket_full",
    "make_certificate",
    "read_reply",
    "reading_client",
    "source_attributes",
    "token_of",
    "try_wire",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from hcm_pipeline.entra import client, graph_errors, own_certificate, signin, tenant, tenant_setup

    return next(
        getattr(part, name)
        for part in (client, graph_errors, tenant, tenant_setup, signin, own_certificate)
        if hasattr(part, name)
    )
