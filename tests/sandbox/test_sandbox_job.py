"""The job: started, paused, quarantined, without an agent, and how Graph shows it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from hcm_pipeline.sandbox import running
from hcm_pipeline.sandbox.bulk import CORE, ENTERPRISE
from hcm_pipeline.sandbox.job import Reason

from .conftest import TenantWith
from .support import Tenant, record, sign_in, trusting

HOUR, DAY = 3600, 86_400
URN = "urn:contoso:employee"
AD: dict[str, Any] = {
    "name": {"givenName": "Ann", "familyName": "Lee"},
    URN: {"SamAccountName": "alee"},
    "schemas": [CORE, ENTERPRISE, URN],
}


def job(tenant: Tenant) -> dict[str, Any]:
    answer = tenant.http.get(tenant.job_url)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def code(tenant: Tenant) -> str:
    return str(job(tenant)["status"]["code"])


def act(tenant: Tenant, verb: str) -> None:
    assert tenant.http.post(f"{tenant.job_url}/{verb}").status_code == 204


def quarantine(tenant: Tenant) -> dict[str, Any]:
    found: dict[str, Any] = job(tenant)["status"]["quarantine"]
    return found


def hours(held: dict[str, Any], of: str) -> float:
    """From the judgement that was last to another moment of a quarantine."""
    return (datetime.fromisoformat(held[of]) - datetime.fromisoformat(held["currentBegan"])).total_seconds() / HOUR


def seconds_to(tenant: Tenant, moment: str) -> float:
    now = tenant.state()["clock"]["now"]
    return (datetime.fromisoformat(moment) - datetime.fromisoformat(now)).total_seconds()


def test_the_last_executions_are_shown_with_their_counts(tenant: Tenant) -> None:
    assert job(tenant)["status"]["lastExecution"] is None
    tenant.provision(record("1"), record("2"))
    tenant.control("faults", kind="fail")
    [entry] = tenant.provision(record("3"))
    status = job(tenant)["status"]
    last, good = status["lastExecution"], status["lastSuccessfulExecution"]
    assert (last["state"], last["countImported"], last["countExported"], last["countEscrowed"]) == ("Failed", 1, 0, 1)
    assert (good["state"], good["countImported"], good["countExported"]) == ("Succeeded", 2, 2)
    assert status["lastSuccessfulExecutionWithExports"] == good
    assert (last["activityIdentifier"], status["countSuccessiveCompleteFailures"]) == (entry["cycleId"], 1)
    assert status["synchronizedEntryCountByType"] == [{"key": "User", "value": 2}]


def test_a_quarantine_is_shown_with_its_reason_and_processes_nothing(tenant: Tenant) -> None:
    for reason in get_args(Reason):
        tenant.control("job", status="Quarantine", reason=reason)
        assert tenant.provision(record("1")) == []
        found, held = job(tenant), quarantine(tenant)
        assert (found["status"]["code"], found["schedule"]["state"]) == ("Quarantine", "Active")
        assert (held["reason"], held["seriesCount"], held["error"]) == (reason, 0, None)
        assert (held["currentBegan"], hours(held, "nextAttempt")) == (held["seriesBegan"], 6)


def test_a_quarantine_is_judged_after_6_12_and_24_hours_then_daily_and_disabled_after_four_weeks(
    tenant_with: TenantWith,
) -> None:
    tenant = tenant_with(cycle_seconds=60)
    tenant.control("job", status="Quarantine")
    began = quarantine(tenant)["seriesBegan"]
    for count, wait in enumerate((6, 12, 24, 24)):
        held = quarantine(tenant)
        assert (held["seriesCount"], held["seriesBegan"], hours(held, "nextAttempt")) == (count, began, wait)
        tenant.advance(seconds_to(tenant, held["nextAttempt"]) - 1)
        assert quarantine(tenant) == held
        tenant.advance(61)
    tenant.advance(29 * DAY)
    found = job(tenant)
    assert (found["status"]["code"], found["schedule"]["state"]) == ("Quarantine", "Disabled")


def test_a_quarantine_may_lift_itself_and_then_takes_what_was_queued(tenant_with: TenantWith) -> None:
    tenant = tenant_with(cycle_seconds=60)
    tenant.control("job", status="Quarantine", lasts=1)
    tenant.upload(record("1"))
    tenant.advance(7 * HOUR)
    assert (code(tenant), tenant.state()["users"]) == ("Quarantine", 0)
    tenant.advance(12 * HOUR)
    assert (code(tenant), tenant.state()["users"]) == ("Active", 1)


def test_a_start_lifts_a_quarantine_and_keeps_the_queue_while_a_restart_purges_it(tenant: Tenant) -> None:
    for verb, users in (("restart", 0), ("start", 1)):
        tenant.control("job", status="Quarantine")
        tenant.upload(record("1"))
        act(tenant, verb)
        tenant.advance(1)
        assert (code(tenant), tenant.state()["users"]) == ("Active", users)


def test_a_restart_of_a_running_job_keeps_the_queue(tenant: Tenant) -> None:
    tenant.upload(record("1"))
    act(tenant, "restart")
    tenant.advance(1)
    assert tenant.state()["users"] == 1


@pytest.mark.parametrize("status", ["NotConfigured", "NotRun"])
def test_a_job_that_never_ran_queues_and_is_active_after_its_first_cycle(tenant: Tenant, status: str) -> None:
    tenant.control("job", status=status)
    assert tenant.provision(record("1")) == []
    found = job(tenant)
    assert (found["status"]["code"], found["schedule"]["state"]) == (status, "Disabled")
    act(tenant, "start")
    assert (code(tenant), job(tenant)["schedule"]["state"]) == ("NotRun", "Active")
    tenant.advance(1)
    assert (code(tenant), tenant.state()["users"]) == ("Active", 1)


def test_a_paused_job_shows_a_paused_schedule(tenant: Tenant) -> None:
    act(tenant, "pause")
    assert (code(tenant), job(tenant)["schedule"]["state"]) == ("Paused", "Paused")


@pytest.mark.parametrize("verb", ["start", "restart"])
def test_a_job_without_a_notification_address_is_quarantined_when_it_is_started(tenant: Tenant, verb: str) -> None:
    tenant.control("options", notification_email=False)
    act(tenant, verb)
    assert quarantine(tenant)["error"]["message"] == "The job has no notification e-mail address."
    tenant.control("options", notification_email=True)
    act(tenant, verb)
    assert code(tenant) == "Active"


@pytest.mark.parametrize(("failing", "status"), [(2, "Quarantine"), (1, "Active")])
def test_too_many_failures_in_a_cycle_quarantine_the_job(tenant: Tenant, failing: int, status: str) -> None:
    tenant.control("options", quarantine_failures=1)
    tenant.control("faults", kind="fail", external_ids=["1", "2"][:failing])
    tenant.provision(record("1"), record("2"), record("3"))
    assert code(tenant) == status
    if status == "Quarantine":
        assert quarantine(tenant)["reason"] == "EncounteredEscrowProportionThreshold"


def test_the_state_of_the_job_outlives_a_restart_of_the_sandbox(tmp_path: Path) -> None:
    seen = []
    for first in (True, False):
        with running(tmp_path) as handle, trusting(handle) as client:
            sign_in(handle, client)
            tenant = Tenant(handle, client)
            if first:
                tenant.control("job", status="Quarantine", reason="TooManyDeletes", lasts=3)
            seen.append(job(tenant)["status"])
    assert seen[0] == seen[1]
    assert seen[0]["quarantine"]["reason"] == "TooManyDeletes"


# --- the agent


@pytest.mark.parametrize("shows", ["nothing", "warnings", "quarantine"])
def test_without_an_agent_nothing_is_processed_and_what_tells_so_is_as_the_option_says(
    tenant_with: TenantWith, shows: str
) -> None:
    tenant = tenant_with(target="ad", agent="down", agent_down_shows=shows)
    assert tenant.upload(record("1", **AD)).status_code == 202
    tenant.advance(10)
    assert (tenant.state()["users"], tenant.state()["queue"]) == (0, 1)
    log = [(entry["provisioningStatusInfo"]["status"], entry["sourceIdentity"]["id"]) for entry in tenant.log()]
    assert log == ([("warning", "1")] if shows == "warnings" else [])
    assert code(tenant) == ("Quarantine" if shows == "quarantine" else "Active")
    if shows == "quarantine":
        assert quarantine(tenant)["error"]["code"] == "HybridIdentityServiceNoActiveAgents"
    tenant.control("options", agent="running")
    tenant.advance(7 * HOUR)
    assert (code(tenant), tenant.state()["users"]) == ("Active", 1)


def test_a_job_for_entra_needs_no_agent(tenant: Tenant) -> None:
    tenant.control("options", agent="down")
    assert len(tenant.provision(record("1"))) == 1


def test_a_quarantine_for_want_of_an_agent_lasts_as_long_as_the_want(tenant_with: TenantWith) -> None:
    tenant = tenant_with(target="ad", agent="down", cycle_seconds=60)
    tenant.advance(60)
    tenant.advance(20 * HOUR)
    assert quarantine(tenant)["seriesCount"] == 2
