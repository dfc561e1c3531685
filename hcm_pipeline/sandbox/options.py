"""What can be set about the sandbox, and what it is unless set: the service's documented limits, with a fast cycle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TENANT_ID = "7c0f2b4e-6a51-4d38-9f0e-5a4d424f5801"
CLIENT_ID = "7c0f2b4e-6a51-4d38-9f0e-5a4d424f5802"
SERVICE_PRINCIPAL_ID = "7c0f2b4e-6a51-4d38-9f0e-5a4d424f5803"
JOB_GUID = "7c0f2b4e-6a51-4d38-9f0e-5a4d424f5804"
CLIENT_SECRET = "sandbox-secret-of-no-worth-outside-this-machine"

UPLOAD = "SynchronizationData-User.Upload"
PERMISSIONS = (
    UPLOAD,
    "ProvisioningLog.Read.All",
    "Synchronization.ReadWrite.All",
    "User.Read.All",
    "GroupMember.Read.All",
)


@dataclass(frozen=True)
class SandboxOptions:
    """How the sandbox behaves. The ids and the secret count for a fresh directory only; it keeps those it began with.

    Times are seconds on the sandbox's clock, except `token_seconds` and `latency_seconds`, which are real ones.
    """

    tenant_id: str = TENANT_ID
    client_id: str = CLIENT_ID
    client_secret: str = CLIENT_SECRET
    service_principal_id: str = SERVICE_PRINCIPAL_ID
    job_guid: str = JOB_GUID

    cycle_seconds: float = 1.0
    """From the start of one provisioning cycle to the start of the next."""
    log_lag_seconds: float = 0.0
    """How long a log entry stays invisible after the fact; 300 to 600 on the real service."""
    calls_per_5s: int = 40
    daily_quota: int = 2000
    """bulkUpload calls in any 24 hours; 6000 with an Entra ID Governance licence."""
    log_calls_per_10s: int = 5
    retry_after: bool = True
    """Whether a 429 carries Retry-After."""
    bucket_records: int | None = None
    """Records the ingestion queue holds before it answers that the bucket is full; None: no bound."""

    strict: bool = True
    """Refuse what the reference forbids; False accepts the deviations found in Microsoft's own samples."""
    delete_method: Literal["reject", "ignore"] | None = None
    """What happens to a DELETE operation; None: reject when strict, else accept and ignore."""
    active_omitted: Literal["unchanged", "disable"] = "unchanged"
    """What a matched record without `active` does to the account."""
    flow_nulls: bool = True
    """null and "" clear the attribute on update; False: they are skipped."""
    omission_clears: bool = False
    """With `flow_nulls`: an attribute left out of a present parent is cleared too, as the preview documents."""
    map_mobile: bool = True
    """Whether phoneNumbers[type eq "mobile"] is processed besides the "work" ones."""
    verified_domains: frozenset[str] | None = None
    """Domains a userPrincipalName may have, besides any *.onmicrosoft.com; None: any that is legally spelled."""

    withheld_permissions: frozenset[str] = frozenset()
    """Permissions nobody consented to: calls that need one answer 403."""
    token_seconds: int = 3599
    latency_seconds: float = 0.0
    """Added to every Graph call."""

    @property
    def rejects_delete(self) -> bool:
        """Whether a DELETE operation makes the request invalid."""
        return self.strict if self.delete_method is None else self.delete_method == "reject"
