"""How often the service may be called, as its documentation says."""

from __future__ import annotations

import datetime as dt

from hcm_pipeline.http import Rate

OPERATIONS_PER_REQUEST = 50
"""Microsoft Graph, synchronizationJob: bulkUpload: at most 50 operations in a request."""
UPLOAD_RATE = Rate(40, dt.timedelta(seconds=5))
"""bulkUpload: entra-docs `inbound-provisioning-api-concepts.md`. A Graph page says 40 a second; the slower is kept."""
DAILY_QUOTA = 2000
"""bulkUpload calls in any 24 hours of a tenant with P1 or P2 licences; 6,000 with Entra ID Governance."""
LOG_RATE = Rate(5, dt.timedelta(seconds=10))
"""The reporting endpoints: Graph's `throttling-limits.md`."""
