"""Every check, in the order in which people read them."""

from __future__ import annotations

from hcm_pipeline.doctor import (
    connection_checks,
    dagster_checks,
    home_checks,
    job_checks,
    limit_checks,
    oracle_checks,
    outbound_checks,
    place_checks,
    schema_checks,
    sign_in_checks,
)
from hcm_pipeline.doctor.finding import Check

CHECKS_OF_A_TARGET: tuple[Check, ...] = (
    *connection_checks.CHECKS,
    *sign_in_checks.CHECKS,
    *job_checks.CHECKS,
    *schema_checks.CHECKS,
    *limit_checks.CHECKS,
)
"""Those that look at one target."""
CHECKS: tuple[Check, ...] = (
    *home_checks.CHECKS,
    *CHECKS_OF_A_TARGET,
    *dagster_checks.CHECKS,
    *oracle_checks.CHECKS,
    *outbound_checks.CHECKS,
    *place_checks.CHECKS,
)
