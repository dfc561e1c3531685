"""A refusal of Oracle HCM, and the privilege that mends it (facts of Oracle and of its partners' set-up guides)."""

from __future__ import annotations

from hcm_pipeline.errors import ServiceRefused

FEEDS = "Use ATOM Feed: Employees Workspace"
WORKERS = "PER_REST_SERVICE_ACCESS_WORKERS_RO_PRIV (or PER_REST_SERVICE_ACCESS_WORKERS_PRIV)"
ACCOUNTS = "ASE_REST_SERVICE_ACCESS_IDENTITY_INTEGRATION_PRIV and ASE_VIEW_USER_ACCOUNT_PRIV"


class OracleRefused(ServiceRefused):
    """401 or 403. After it the client makes no further call. `privilege`: the one that is missing; "" for a sign-in that failed."""

    def __init__(self, message: str, status: int, code: str = "", privilege: str = "") -> None:
        self.privilege = privilege
        super().__init__(message, status, code)
