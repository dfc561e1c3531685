"""Faults of calls, records and log entries: each does what it says, to whom it says, as often as it says."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.sandbox.faults import Faults, read_fault
from hcm_pipeline.sandbox.log_codes import CODES

from .conftest import TenantWith
from .support import SCIM, Tenant, bulk, record


def ids(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["sourceIdentity"]["id"] for entry in entries]


def status_of(entry: dict[str, Any]) -> str:
    return str(entry["provisioningStatusInfo"]["status"])


def faults(tenant: Tenant) -> dict[str, Any]:
    answer: dict[str, Any] = tenant.http.get(f"{tenant.handle.url}/sandbox/faults").json()
    return answer


# --- which calls and records are hit


@given(st.integers(-(2**63), 2**63 - 1), st.floats(0.05, 0.95), st.permutations([str(number) for number in range(40)]))
def test_a_share_hits_the_same_records_under_a_seed_in_whatever_order_they_come(
    seed: int, share: float, order: list[str]
) -> None:
    armed = {"kind": "fail", "share": share, "seed": seed}
    one, other = Faults(), Faults()
    one.arm(read_fault(armed))
    other.arm(read_fault(armed))
    hit = {number for number in map(str, range(40)) if one.strike(number, "fail")}
    assert hit == {number for number in order if other.strike(number, "fail")}
    assert set(one.report()["struck"].get("fail", {})) == hit


def test_a_share_hits_about_that_many_and_other_ones_under_another_seed() -> None:
    hit = {}
    for seed in (1, 2):
        armed = Faults()
        armed.arm(read_fault({"kind": "fail", "share": 0.2, "seed": seed}))
        hit[seed] = {number for number in range(2000) if armed.strike(str(number), "fail")}
    assert all(300 < len(found) < 500 for found in hit.values())
    assert hit[1] != hit[2]


def test_a_share_of_calls_is_drawn_by_their_number() -> None:
    def drawn(seed: int) -> list[bool]:
        armed = Faults()
        armed.arm(read_fault({"kind": "reset_before", "share": 0.3, "seed": seed}))
        return [armed.take("bulkUpload", "reset_before") is not None for _ in range(200)]

    assert drawn(5) == drawn(5) != drawn(6)
    assert 30 < sum(drawn(5)) < 90


def test_each_bounds_how_often_one_record_is_hit() -> None:
    armed = Faults()
    armed.arm(read_fault({"kind": "fail", "external_ids": ["1", "2"], "each": 2}))
    hits = Counter(number for number in "123" * 4 if armed.strike(number, "fail"))
    assert hits == {"1": 2, "2": 2}


def test_after_lets_some_go_by_first(tenant: Tenant) -> None:
    tenant.control("faults", kind="status", status=503, after=2)
    assert [tenant.upload(record("1")).status_code for _ in range(4)] == [202, 202, 503, 202]


def test_what_faults_have_done_is_reported_until_they_are_disarmed(tenant: Tenant) -> None:
    tenant.control("faults", kind="fail", external_ids=["2"])
    tenant.provision(record("1"), record("2"))
    report = faults(tenant)
    assert (report["taken"], report["struck"]) == ({"fail": 1}, {"fail": {"2": 1}})
    assert [armed["taken"] for armed in report["armed"]] == [1]
    assert tenant.http.delete(f"{tenant.handle.url}/sandbox/faults").json() == {"armed": [], "taken": {}, "struck": {}}


@pytest.mark.parametrize(
    ("body", "allowed"),
    [
        ({"kind": "flood"}, "'reset_before'"),
        ({"kind": "fail", "share": 0}, "greater than 0"),
        ({"kind": "fail", "times": 0}, "greater than or equal to 1"),
        ({"kind": "fail", "on": "log"}, "has none"),
        ({"kind": "fail", "code": "not a code"}, "pattern"),
        ({"kind": "fail", "category": "bad"}, "'nonServiceFailure'"),
        ({"kind": "reset_after", "on": "log"}, "bulkUpload only"),
        ({"kind": "disorder", "on": "users"}, "log only"),
        ({"kind": "revoke_tokens", "on": "token"}, "any only"),
        ({"kind": "reset_before", "external_ids": ["1"]}, "only of faults of records"),
        ({"kind": "delay_entry"}, "seconds"),
        ({"kind": "status", "status": 200}, "400"),
        ({"kind": "fail", "external_ids": "1"}, "array"),
    ],
)
def test_a_fault_that_is_not_known_is_refused_with_what_is_allowed(body: dict[str, object], allowed: str) -> None:
    with pytest.raises(ValueError, match=r"\w+: ") as refused:
        read_fault(body)
    assert allowed in str(refused.value)


# --- calls


def test_an_error_comes_with_and_without_retry_after(tenant: Tenant) -> None:
    for status in (429, 500, 502, 503, 504):
        for wait in (None, 7):
            tenant.control("faults", kind="status", status=status, retry_after=wait)
            answer = tenant.upload(record("1"))
            assert (answer.status_code, answer.headers.get("retry-after")) == (status, wait and str(wait))
    assert tenant.state()["queue"] == 0


@pytest.mark.parametrize("wait", [None, 60])
def test_a_full_bucket_comes_with_and_without_retry_after(tenant_with: TenantWith, wait: int | None) -> None:
    tenant = tenant_with(bucket_records=0, bucket_retry_after=wait)
    tenant.control("faults", kind="bucket_full", retry_after=wait)
    armed, full = tenant.upload(record("1")), tenant.upload(record("1"))
    assert armed.json()["error"]["message"] == full.json()["error"]["message"]
    assert {answer.headers.get("retry-after") for answer in (armed, full)} == {None if wait is None else "60"}


def test_an_accepted_call_may_be_answered_by_an_error(tenant: Tenant) -> None:
    for number, (status, wait) in enumerate([(500, None), (500, 3), (504, None), (504, 3)], start=1):
        tenant.control("faults", kind="status_after", status=status, retry_after=wait)
        answer = tenant.upload(record("1"), record("2"))
        assert (answer.status_code, answer.headers.get("retry-after")) == (status, wait and str(wait))
        assert tenant.state()["queue"] == 2 * number
    calls = tenant.http.get(f"{tenant.handle.url}/sandbox/received").json()["received"]
    assert {(call["status"], call["answered"], *call["bulkIds"]) for call in calls} == {(202, False, "0", "1")}


def test_a_throttled_call_uses_up_no_fault_of_accepted_ones(tenant: Tenant) -> None:
    tenant.control("options", calls_per_5s=0)
    tenant.control("faults", kind="drop_request")
    assert tenant.upload(record("1")).status_code == 429
    assert len(faults(tenant)["armed"]) == 1


def test_a_dropped_request_is_accepted_and_never_heard_of_again(tenant: Tenant) -> None:
    tenant.control("faults", kind="drop_request")
    assert tenant.provision(record("1"), record("2")) == []
    assert ids(tenant.provision(record("3"))) == ["3"]
    assert tenant.state()["users"] == 1
    assert faults(tenant)["struck"] == {"drop_request": {"1": 1, "2": 1}}


def test_a_dropped_record_is_accepted_among_others_and_never_heard_of_again(tenant: Tenant) -> None:
    tenant.control("faults", kind="drop_record", external_ids=["2"], each=1)
    assert ids(tenant.provision(record("1"), record("2"), record("3"))) == ["1", "3"]
    assert ids(tenant.provision(record("2"))) == ["2"]


def test_tokens_are_revoked_in_mid_flight(tenant: Tenant) -> None:
    tenant.control("faults", kind="revoke_tokens", after=1)
    assert [tenant.upload(record("1")).status_code for _ in range(3)] == [202, 401, 401]


def test_a_token_is_good_for_its_time_on_the_sandboxs_clock(tenant_with: TenantWith) -> None:
    tenant = tenant_with(token_seconds=1000)
    tenant.control("clock", advance_seconds=900)
    assert tenant.upload(record("1")).status_code == 202
    tenant.control("clock", advance_seconds=100)
    assert tenant.upload(record("1")).json()["error"]["message"] == "Access token has expired or is not yet valid."


@pytest.mark.parametrize("kind", ["status", "reset_before"])
def test_the_token_endpoint_fails_on_demand(tenant: Tenant, kind: str) -> None:
    given = {"status": 503, "retry_after": 2} if kind == "status" else {}
    tenant.control("faults", kind=kind, on="token", **given)
    url = f"{tenant.handle.target.authority_host}/{tenant.handle.target.tenant_id}/oauth2/v2.0/token"
    if kind == "status":
        answer = tenant.http.post(url, data={})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    else:
        with pytest.raises(httpx.TransportError):
            tenant.http.post(url, data={})


# --- records


def test_a_record_fails_by_any_documented_code_and_changes_nothing(tenant: Tenant) -> None:
    records = [record(str(number)) for number, _ in enumerate(CODES)]
    for number, code in enumerate(CODES):
        tenant.control("faults", kind="fail", code=code, external_ids=[str(number)], each=1)
    for entry, (code, (reason, advice, category)) in zip(tenant.provision(*records), CODES.items(), strict=True):
        assert entry["provisioningAction"] == "create"
        assert entry["provisioningStatusInfo"] == {
            "status": "failure",
            "errorInformation": {
                "errorCode": code, "reason": reason, "recommendedAction": advice, "errorCategory": category,
                "additionalDetails": None,
            },
        }  # fmt: skip
    assert tenant.state()["users"] == 0
    assert {status_of(entry) for entry in tenant.provision(*records)} == {"success"}


def test_an_armed_failure_stands_before_the_records_own(tenant: Tenant) -> None:
    tenant.control("faults", kind="fail", code="Timeout")
    [entry] = tenant.provision(record("1", displayName=None))
    assert entry["provisioningStatusInfo"]["errorInformation"]["errorCode"] == "Timeout"


def test_a_failure_tells_what_it_was_armed_with(tenant: Tenant) -> None:
    tenant.control("faults", kind="fail", code="Own", message="Why", advice="What to do", category="nonServiceFailure")
    [entry] = tenant.provision(record("1"))
    assert entry["provisioningStatusInfo"]["errorInformation"] == {
        "errorCode": "Own", "reason": "Why", "recommendedAction": "What to do", "errorCategory": "nonServiceFailure",
        "additionalDetails": None,
    }  # fmt: skip


def test_a_failed_update_leaves_the_account_as_it_was(tenant: Tenant) -> None:
    tenant.provision(record("1", title="Engineer"))
    tenant.control("faults", kind="fail")
    [entry] = tenant.provision(record("1", title="Lead"))
    assert (entry["provisioningAction"], status_of(entry)) == ("update", "failure")
    assert tenant.user("1")["jobTitle"] == "Engineer"


def test_a_record_fails_always_or_once(tenant: Tenant) -> None:
    tenant.control("faults", kind="fail", external_ids=["1"])
    tenant.control("faults", kind="fail", external_ids=["2"], each=1)
    seen = [[status_of(entry) for entry in tenant.provision(record("1"), record("2"))] for _ in range(2)]
    assert seen == [["failure", "failure"], ["failure", "success"]]


@pytest.mark.parametrize("code", ["", "ImportSkipped"])
def test_a_record_is_skipped_on_demand(tenant: Tenant, code: str) -> None:
    tenant.control("faults", kind="skip", code=code)
    [entry] = tenant.provision(record("1"))
    assert status_of(entry) == "skipped"
    assert entry["provisioningStatusInfo"]["errorInformation"]["errorCode"] == (code or "EntrySynchronizationSkipped")
    assert tenant.state()["users"] == 0


def test_a_warning_is_logged_of_an_account_that_was_written(tenant: Tenant) -> None:
    tenant.control("faults", kind="warn")
    [entry] = tenant.provision(record("1"))
    assert (status_of(entry), tenant.user("1")["employeeId"]) == ("warning", "1")


def test_a_failure_may_have_created_the_account_without_its_manager(tenant: Tenant) -> None:
    tenant.provision(record("9"))
    tenant.control("faults", kind="fail_manager")
    [entry] = tenant.provision(record("1", manager="9"))
    user = tenant.user("1")
    assert (status_of(entry), entry["provisioningAction"]) == ("failure", "create")
    assert (entry["targetIdentity"]["id"], user.get("manager")) == (user["id"], None)


def test_a_manager_may_stay_unresolved_though_he_comes(tenant: Tenant) -> None:
    tenant.control("faults", kind="no_twin", external_ids=["2"])
    entries = tenant.provision(record("2", manager="1"), record("1"))
    assert ids(entries) == ["2", "1"]
    assert "EntrySynchronizationSkip" in [step["name"] for step in entries[0]["provisioningSteps"]]
    assert "manager" not in tenant.user("2")


def test_a_failed_record_is_tried_again_by_itself_where_the_options_say_so(tenant_with: TenantWith) -> None:
    tenant = tenant_with(retry_failed_seconds=2400, bucket_records=1)
    tenant.control("faults", kind="fail", code="Timeout")
    assert [status_of(entry) for entry in tenant.provision(record("1"))] == ["failure"]
    assert tenant.upload(record("2")).status_code == 500
    tenant.advance(2400)
    assert [status_of(entry) for entry in tenant.log()] == ["failure", "success"]
    assert tenant.upload(record("2")).status_code == 202


def test_a_newer_record_replaces_the_one_that_would_be_tried_again(tenant_with: TenantWith) -> None:
    tenant = tenant_with(retry_failed_seconds=2400)
    tenant.control("faults", kind="fail")
    tenant.provision(record("1", title="Old"))
    tenant.provision(record("1", title="New"))
    tenant.advance(7200)
    assert (tenant.user("1")["jobTitle"], len(tenant.log())) == ("New", 2)


# --- log entries


def test_an_entry_may_never_be_written(tenant: Tenant) -> None:
    tenant.control("faults", kind="lose_entry", external_ids=["1"])
    assert ids(tenant.provision(record("1"), record("2"))) == ["2"]
    assert tenant.state()["users"] == 2


def test_an_entry_may_stand_in_the_log_twice(tenant: Tenant) -> None:
    tenant.control("faults", kind="repeat_entry", external_ids=["1"])
    first, again, other = tenant.provision(record("1"), record("2"))
    assert first == again != other


def test_a_repeated_entry_is_read_twice_over_pages_too(tenant: Tenant) -> None:
    tenant.control("faults", kind="repeat_entry")
    tenant.provision(record("1"))
    url: str | None = f"{tenant.graph}/auditLogs/provisioning?$top=1"
    seen: list[str] = []
    while url:
        page = tenant.http.get(url).json()
        seen += ids(page["value"])
        url = page.get("@odata.nextLink")
    assert seen == ["1", "1"]


def test_single_entries_show_late_and_with_their_own_time(tenant: Tenant) -> None:
    tenant.control("faults", kind="delay_entry", external_ids=["1"], seconds=900)
    tenant.upload(record("1"), record("2"))
    tenant.advance(60)
    assert ids(tenant.log()) == ["2"]
    tenant.advance(900)
    assert ids(tenant.log()) == ["1", "2"]


def test_a_page_may_come_out_of_order(tenant: Tenant) -> None:
    tenant.provision(*(record(f"{number:02}") for number in range(20)))
    in_order = ids(tenant.log())
    tenant.control("faults", kind="disorder", seed=3)
    mixed = ids(tenant.log())
    assert mixed != in_order
    assert sorted(mixed) == in_order == sorted(in_order)
    assert ids(tenant.log()) == mixed


@pytest.mark.parametrize("wait", [None, 9])
def test_the_log_is_throttled_on_demand(tenant: Tenant, wait: int | None) -> None:
    tenant.control("faults", kind="status", status=429, on="log", retry_after=wait)
    answer = tenant.http.get(f"{tenant.graph}/auditLogs/provisioning")
    assert (answer.status_code, answer.headers.get("retry-after")) == (429, None if wait is None else "9")


@pytest.mark.parametrize("told", [True, False])
def test_the_logs_own_limit_comes_with_and_without_retry_after(tenant_with: TenantWith, told: bool) -> None:
    tenant = tenant_with(log_calls_per_10s=0, retry_after=told)
    answer = tenant.http.get(f"{tenant.graph}/auditLogs/provisioning")
    assert (answer.status_code, "retry-after" in answer.headers) == (429, told)


def test_uploads_at_once_are_counted_exactly(tenant: Tenant) -> None:
    url, headers = f"{tenant.job_url}/bulkUpload", {"Content-Type": SCIM}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: tenant.http.post(url, content=bulk(record("1")), headers=headers), range(60)))
    assert Counter(answer.status_code for answer in answers) == {202: 40, 429: 20}
    assert tenant.state()["callsInLastDay"] == 40
