"""Microsoft Graph client: sign-in, bulkUpload, provisioning log, users and the synchronization job.

It knows nothing of manifests or of the warehouse. A part that brings httpx, MSAL or a web of certificates along is loaded when a
name of it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hcm_pipeline.entra.credentials import EntraConnection, SignInWay
from hcm_pipeline.entra.graph_errors import BUCKET_FULL, is_bucket_full, read_reply
from hcm_pipeline.entra.graph_permissions import UPLOAD_PERMISSION
from hcm_pipeline.entra.job_schema import SourceAttribute, source_attributes
from hcm_pipeline.entra.limits import DAILY_QUOTA, LOG_RATE, OPERATIONS_PER_REQUEST, UPLOAD_RATE
from hcm_pipeline.entra.object_connections import ObjectConnection, ObjectConnections
from hcm_pipeline.entra.provisioning_log import NO_CHANGE, OUT_OF_SCOPE, UNSPECIFIED, LogEntry, LogPage
from hcm_pipeline.entra.synchronization import JobSchema, Parsed

if TYPE_CHECKING:
    from hcm_pipeline.entra.client import ChangesLost, GraphClient, JobStatus
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


_LATER = {
    "client": ("ChangesLost", "GraphClient", "JobStatus"),
    "own_certificate": ("make_certificate",),
    "signin": ("CertificateFacts", "certificate_facts", "token_of"),
    "tenant": ("MOST_PAGES", "Json", "TenantReader", "Wire", "claims_of", "reading_client", "try_wire"),
    "tenant_setup": ("TenantSetup",),
}
"""Parts that are loaded when one of their names is asked for."""


def __getattr__(name: str) -> Any:
    for part, names in _LATER.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{part}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
