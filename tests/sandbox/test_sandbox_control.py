"""Faults, clock, reset and the page for people."""

from __future__ import annotations

import httpx
import pytest

from .conftest import TenantWith
from .support import Tenant, record


def test_an_armed_status_is_answered_as_often_as_asked(tenant: Tenant) -> None:
    tenant.control("faults", kind="status", status=503, retry_after=7, times=2, code="x", message="y")
    answers = [tenant.upload(record("1")) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 202]
    assert (answers[0].headers["retry-after"], answers[0].json()["error"]["code"]) == ("7", "x")


def test_the_full_bucket_can_be_armed(tenant: Tenant) -> None:
    tenant.control("faults", kind="bucket_full")
    answer = tenant.upload(record("1"))
    assert answer.status_code == 500
    assert "bucket that stores the ingested data is full" in answer.text


def test_a_connection_cut_before_acceptance_queues_nothing(tenant: Tenant) -> None:
    tenant.control("faults", kind="reset_before")
    with pytest.raises(httpx.TransportError):
        tenant.upload(record("1"))
    assert tenant.state()["queue"] == 0
    assert tenant.upload(record("1")).status_code == 202


def test_a_connection_cut_after_acceptance_has_queued_everything(tenant: Tenant) -> None:
    tenant.control("faults", kind="reset_after")
    with pytest.raises(httpx.TransportError):
        tenant.upload(record("1"), record("2"))
    assert tenant.state()["queue"] == 2
    [call] = tenant.http.get(f"{tenant.handle.url}/sandbox/received").json()["received"]
    assert (call["status"], call["answered"]) == (202, False)


@pytest.mark.parametrize("on", ["log", "users", "jobs", "any"])
def test_a_fault_can_be_armed_for_another_kind_of_call(tenant: Tenant, on: str) -> None:
    urls = {"log": f"{tenant.graph}/auditLogs/provisioning", "jobs": tenant.job_url}
    tenant.control("faults", kind="status", status=500, on=on)
    assert tenant.http.get(urls.get(on, f"{tenant.graph}/users")).status_code == 500
    assert tenant.upload(record("1")).status_code == 202


def test_latency_lasts_until_disarmed(tenant: Tenant) -> None:
    tenant.control("faults", kind="latency", seconds=0.05, on="users")
    for _ in range(2):
        assert tenant.http.get(f"{tenant.graph}/users").elapsed.total_seconds() >= 0.05
    assert tenant.http.delete(f"{tenant.handle.url}/sandbox/faults").json()["armed"] == []


def test_revoked_tokens_count_as_expired(tenant: Tenant) -> None:
    tenant.control("faults", kind="revoke_tokens")
    answer = tenant.http.get(f"{tenant.graph}/users")
    assert answer.status_code == 401
    assert answer.json()["error"]["message"] == "Access token has expired or is not yet valid."


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"kind": "flood"}),
        ("faults", {"kind": "status"}),
        ("faults", {"kind": "status", "status": "500"}),
        ("faults", {"kind": "latency", "colour": 1}),
        ("clock", {"mode": "sundial"}),
        ("clock", {"advance_seconds": -1}),
        ("users", {"users": [{}]}),
        ("job", {"status": "Happy"}),
    ],
)
def test_what_the_control_plane_does_not_know_is_refused(tenant: Tenant, path: str, body: dict[str, object]) -> None:
    answer = tenant.http.post(f"{tenant.handle.url}/sandbox/{path}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_manual_clock_moves_only_by_advance_and_never_back(tenant: Tenant) -> None:
    before = tenant.state()["clock"]["now"]
    assert tenant.state()["clock"]["now"] == before
    tenant.advance(0.5)
    after = tenant.control("clock", mode="real")["now"]
    assert before < after


def test_a_day_of_idle_cycles_passes_at_once(tenant_with: TenantWith) -> None:
    tenant = tenant_with(cycle_seconds=0.1)
    tenant.upload(record("1"))
    tenant.advance(86_400 * 365)
    assert tenant.state()["users"] == 1


def test_the_log_forgets_after_thirty_days(tenant: Tenant) -> None:
    tenant.provision(record("1"))
    tenant.advance(31 * 86_400)
    assert [entry["sourceIdentity"]["id"] for entry in tenant.provision(record("2"))] == ["2"]
    assert tenant.state()["log"] == 1


def test_a_reset_leaves_an_empty_tenant_that_works(tenant: Tenant) -> None:
    tenant.provision(record("1"))
    tenant.control("faults", kind="reset_before", times=5)
    state = tenant.control("reset")
    assert (state["users"], state["log"], state["calls"], state["faults"]) == (0, 0, 0, 0)
    assert state["clock"]["mode"] == "real"
    assert tenant.upload(record("1")).status_code == 202


def page(tenant: Tenant, **query: int) -> str:
    answer = tenant.http.get(tenant.handle.url, params=query)
    assert answer.status_code == 200
    return answer.text


def test_the_page_for_people_escapes_what_it_shows(tenant: Tenant) -> None:
    nasty = "<script>alert('x')&\"</script>"
    tenant.control("faults", kind="fail", code="Conflict", message=nasty, external_ids=[nasty])
    tenant.provision(record("<b>", displayName=nasty))
    tenant.upload(record(nasty))
    assert "&lt;script&gt;" in page(tenant)
    assert "&lt;b&gt;" in page(tenant)
    assert "<script" not in page(tenant)
    assert "<b>" not in page(tenant)


def test_the_page_for_people_shows_the_whole_state(tenant_with: TenantWith) -> None:
    tenant = tenant_with(daily_quota=7, log_lag_seconds=300)
    tenant.control("faults", kind="fail", code="InvalidDomain", external_ids=["2"])
    tenant.provision(record("1"), record("2"))
    tenant.control("job", status="Quarantine", reason="TooManyDeletes")
    shown = page(tenant)
    for text in (
        "1 of 7", "worker1@contoso.com", "InvalidDomain", "TooManyDeletes", "[&quot;2&quot;]", "log_lag_seconds", "from 20",
        "Quarantine</strong>", tenant.handle.target.job_id,
    ):  # fmt: skip
        assert text in shown, text
    assert "http://" not in shown
    assert "https://" not in shown


def test_the_page_for_people_lists_accounts_page_by_page_and_may_refresh_itself(tenant: Tenant) -> None:
    tenant.provision(*(record(f"{number:03}") for number in range(30)))
    first = page(tenant)
    assert "worker024@contoso.com" in first
    assert "worker025@contoso.com" not in first
    assert 'href="/?after=25"' in first
    assert "http-equiv=refresh" not in first
    second = page(tenant, after=25, refresh=5)
    assert "worker025@contoso.com" in second
    assert "http-equiv=refresh content=5" in second
    assert tenant.http.get(tenant.handle.url, params={"after": "x"}).status_code == 400


def test_another_host_name_is_refused(tenant: Tenant) -> None:
    answer = tenant.http.get(f"{tenant.handle.url}/sandbox/state", headers={"Host": "rebound.example"})
    assert answer.status_code == 400
