"""The limits of a tenant: calls a day, and licences for the people who are sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from hcm_pipeline.doctor.examined import Examined
from hcm_pipeline.doctor.finding import Check, NotLookedAt, Said, failed, ok, warning
from hcm_pipeline.entra import Json
from hcm_pipeline.errors import ServiceRefused
from hcm_pipeline.plain_text import counted
from hcm_pipeline.sqlite_state import read_only, text_of

DAY = dt.timedelta(hours=24)
NEARLY = 0.8
P1_QUOTA, GOVERNANCE_QUOTA = 2000, 6000
"""Calls in 24 hours, by the licensing page of API-driven provisioning."""
P1_PLANS = frozenset(("41781fb2-bc02-4b7c-bd55-b576c07bb09d", "eec0eb4f-6444-4f95-aba0-50c24d67f998"))
"""Service plans of Entra ID P1 and P2 (AAD_PREMIUM, AAD_PREMIUM_P2)."""
P1_NAMES = frozenset(("AAD_PREMIUM", "AAD_PREMIUM_P2"))
GOVERNANCE_PLAN, GOVERNANCE_NAME = "e866a266-3cff-43a3-acca-0c90a7e00c8b", "Entra_Identity_Governance"


def _quota(seen: Examined) -> Iterator[Said]:
    quota, tenant = seen.profile.delivery.own_quota, seen.connection.tenant
    if not seen.home.journal.is_file():
        yield ok(f"no call was made yet, of {quota:,} in 24 hours")
        return
    since = text_of(seen.today() - DAY)
    with read_only(seen.home.journal) as db:
        row = db.execute(
            "SELECT count(*) FROM paced_calls WHERE tenant = ? AND (ended_at IS NULL OR ended_at > ?)", (tenant, since)
        ).fetchone()
    used = int(row[0])
    if used >= NEARLY * quota:
        yield warning(
            f"{used:,} of {quota:,} calls of the last 24 hours are used",
            "an upload waits when they are used up, and goes on when they are free again",
            "Wait, or raise delivery.daily_quota if the tenant has Entra ID Governance (6,000)",
        )
    else:
        yield ok(f"{used:,} of {quota:,} calls of the last 24 hours are used")


def _licences(seen: Examined) -> Iterator[Said]:
    skus = _list(seen, "subscribedSkus")
    plans = [(sku, _of_plans(sku)) for sku in skus if sku.get("capabilityStatus") in (None, "Enabled", "Warning")]
    premium = [sku for sku, names in plans if names & (P1_NAMES | P1_PLANS | {GOVERNANCE_NAME, GOVERNANCE_PLAN})]
    governance = [sku for sku, names in plans if names & {GOVERNANCE_NAME, GOVERNANCE_PLAN}]
    buy = "Microsoft 365 admin center > Billing > Licenses"
    if not premium:
        yield failed(
            "the tenant has no licence of Entra ID P1, P2 or Governance",
            "API-driven provisioning is part of these",
            buy,
        )
        return
    yield from _seats(seen, premium, buy)
    quota = seen.profile.delivery.daily_quota
    if quota > P1_QUOTA and not governance:
        yield failed(
            f"delivery.daily_quota says {quota:,}, and without Entra ID Governance the tenant has {P1_QUOTA:,} calls in 24 hours",
            "the service refuses what is over it (429), and uploads stop half-way",
            f"Set delivery.daily_quota = {P1_QUOTA} in the profile",
        )
    elif governance and quota < GOVERNANCE_QUOTA:
        yield ok(
            f"with Entra ID Governance the tenant has {GOVERNANCE_QUOTA:,} calls in 24 hours; the profile uses {quota:,}"
        )


def _seats(seen: Examined, skus: list[Json], buy: str) -> Iterator[Said]:
    seats = sum(_number(_object(sku.get("prepaidUnits")).get("enabled")) for sku in skus)
    try:
        people = seen.warehouse.people
    except NotLookedAt:
        yield ok(f"there are licences for {seats:,}; how many people there are is not known yet")
        return
    if people > seats:
        yield failed(
            f"there are licences for {seats:,}, and {counted(people, 'worker')} in the warehouse",
            "every identity that the API provides must be covered, and the next ones may fail (LicenseLimitExceeded)", buy,
        )  # fmt: skip
    else:
        yield ok(f"there are licences for {seats:,}, and {counted(people, 'worker')}")


def _list(seen: Examined, path: str) -> list[Json]:
    try:
        return seen.values(path, "Organization.Read.All")
    except ServiceRefused as refused:
        raise NotLookedAt(f"{path} was refused ({refused.status})") from None


def _of_plans(sku: Json) -> set[str]:
    listed = sku.get("servicePlans")
    plans = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    live = [one for one in plans if one.get("provisioningStatus") != "Disabled"]
    return {str(one.get(name)) for one in live for name in ("servicePlanId", "servicePlanName")}


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


CHECKS = (
    Check("quota", "limits", "the calls of the last 24 hours, by the journal", _quota),
    Check(
        "licences",
        "limits",
        "the tenant's licences, against the people in the warehouse and the profile's quota",
        _licences,
    ),
)
