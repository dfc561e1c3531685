"""Faults, clock, reset and the page for people."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import orjson
import pytest

from hcm_pipeline.sandbox import running

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


def token_of(tenant: Tenant) -> str:
    """The page's token."""
    return str(tenant.handle.page).partition("token=")[2]


def page(tenant: Tenant, **query: int) -> str:
    answer = tenant.http.get(str(tenant.handle.page), params={**query, "token": token_of(tenant)})
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
    assert f'href="/?after=25&amp;token={token_of(tenant)}"' in first
    assert "http-equiv=refresh" not in first
    second = page(tenant, after=25, refresh=5)
    assert "worker025@contoso.com" in second
    assert "http-equiv=refresh content=5" in second
    assert tenant.http.get(tenant.handle.url, params={"after": "x", "token": token_of(tenant)}).status_code == 400


def test_another_host_name_is_refused(tenant: Tenant) -> None:
    answer = tenant.http.get(f"{tenant.handle.url}/sandbox/state", headers={"Host": "rebound.example"})
    assert answer.status_code == 400


CALLS = [
    ("GET", "/sandbox/users?limit=1000"), ("GET", "/sandbox/state"), ("POST", "/sandbox/reset"), ("POST", "/sandbox/clock"),
    ("DELETE", "/sandbox/faults"), ("GET", "/sandbox/received"), ("HEAD", "/sandbox/users"), ("GET", "/"), ("GET", "/?token=x"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_nobody_is_answered_without_the_token(tenant: Tenant, method: str, path: str) -> None:
    tenant.provision(record("1"))
    signed_in = {"Authorization": tenant.http.headers["Authorization"]}
    with httpx.Client(
        verify=ssl.create_default_context(cafile=tenant.handle.target.ca_file), trust_env=False
    ) as anybody:
        for headers in ({}, signed_in, {"Authorization": f"Bearer {token_of(tenant)}"}):
            answer = anybody.request(method, f"{tenant.handle.url}{path}", headers=headers)
            assert (answer.status_code, "worker1" in answer.text) == (401, False)
    assert tenant.state()["users"] == 1


def test_a_page_of_another_origin_changes_nothing_even_with_the_token(tenant: Tenant) -> None:
    tenant.provision(record("1"))
    foreign = [{"Origin": "https://evil.example"}, {"Origin": "null"}]
    foreign += [{"Sec-Fetch-Site": site} for site in ("cross-site", "same-site")]
    for headers in foreign:
        assert tenant.http.post(f"{tenant.handle.url}/sandbox/reset", headers=headers).status_code == 403
    assert tenant.state()["users"] == 1
    own = {"Origin": tenant.handle.url, "Sec-Fetch-Site": "same-origin"}
    assert tenant.http.post(f"{tenant.handle.url}/sandbox/reset", headers=own).status_code == 200


def test_every_sandbox_has_secrets_of_its_own(tmp_path: Path) -> None:
    with running(tmp_path / "one") as one, running(tmp_path / "other") as other:
        assert one.target.client_secret != other.target.client_secret
        assert one.token != other.token
        assert one.token not in repr(one)
        kept = orjson.loads((tmp_path / "one" / "endpoint.json").read_bytes())
        assert (kept["token"], (tmp_path / "one" / "endpoint.json").stat().st_mode & 0o777) == (one.token, 0o600)
