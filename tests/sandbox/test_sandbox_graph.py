"""The sandbox over TLS: bulkUpload, limits, cycles, the log, users and the job."""

from __future__ import annotations

import hashlib
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from hcm_pipeline.sandbox.bulk import ENTERPRISE

from .conftest import TenantWith
from .support import SCIM, Tenant, bulk, record, sign_in


def step_names(entry: dict[str, Any]) -> list[str]:
    return [step["name"] for step in entry["provisioningSteps"]]


def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


# --- bulkUpload


def test_an_upload_is_accepted_with_the_headers_of_the_reference(tenant: Tenant) -> None:
    headers = {"Content-Type": SCIM, "client-request-id": "mine"}
    answer = tenant.http.post(f"{tenant.job_url}/bulkUpload", content=bulk(record("1")), headers=headers)
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["client-request-id"] == "mine"
    assert answer.headers["request-id"]
    job_id = tenant.handle.target.job_id
    assert answer.headers["location"] == f"{tenant.graph}/auditLogs/provisioning/?$filter=jobid%20eq%20'{job_id}'"
    assert tenant.http.get(answer.headers["location"]).json()["value"] == []


def test_an_accepted_record_waits_for_its_cycle(tenant: Tenant) -> None:
    tenant.upload(record("1"))
    assert (tenant.state()["queue"], tenant.state()["users"]) == (1, 0)
    tenant.advance(1)
    assert (tenant.state()["queue"], tenant.state()["users"]) == (0, 1)


def test_invalid_data_is_told_in_graphs_shape(tenant: Tenant) -> None:
    answer = tenant.http.post(f"{tenant.job_url}/bulkUpload", json={"name": "John Doe"})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["message"].startswith("Invalid Data Format")
    assert error["innerError"]["request-id"] == answer.headers["request-id"]


def test_another_job_or_service_principal_does_not_exist(tenant: Tenant) -> None:
    target = tenant.handle.target
    for wrong in (tenant.job_url + "x", tenant.job_url.replace(target.service_principal_id, "someone")):
        answer = tenant.http.post(f"{wrong}/bulkUpload", content=bulk(record("1")), headers={"Content-Type": SCIM})
        assert answer.status_code == 404


def test_an_unknown_address_and_a_wrong_method_are_errors_in_graphs_shape(tenant: Tenant) -> None:
    unknown, wrong_method = tenant.http.get(f"{tenant.graph}/devices"), tenant.http.get(f"{tenant.job_url}/bulkUpload")
    assert (unknown.status_code, wrong_method.status_code) == (404, 405)
    assert code_of(unknown)


def test_a_call_needs_a_valid_token(tenant: Tenant) -> None:
    for authorization in ("", "Bearer x", "Basic x"):
        answer = tenant.http.get(f"{tenant.graph}/users", headers={"Authorization": authorization})
        assert (answer.status_code, code_of(answer)) == (401, "InvalidAuthenticationToken")


def test_a_call_needs_its_permission(tenant_with: TenantWith) -> None:
    tenant = tenant_with(withheld_permissions=frozenset({"SynchronizationData-User.Upload"}))
    answer = tenant.upload(record("1"))
    assert (answer.status_code, code_of(answer)) == (403, "Authorization_RequestDenied")
    assert tenant.log() == []


def test_a_body_too_large_for_graph_is_refused(tenant: Tenant) -> None:
    answer = tenant.http.post(f"{tenant.job_url}/bulkUpload", content=b" " * (4 * 1024 * 1024 + 1))
    assert answer.status_code == 413


def test_the_forty_first_call_in_five_seconds_is_throttled(tenant: Tenant) -> None:
    assert {tenant.upload(record("1")).status_code for _ in range(40)} == {202}
    refused = tenant.upload(record("1"))
    assert (refused.status_code, code_of(refused), refused.headers["retry-after"]) == (429, "TooManyRequests", "5")
    tenant.advance(5)
    assert tenant.upload(record("1")).status_code == 202


def test_the_daily_quota_is_counted_over_twenty_four_hours(tenant_with: TenantWith) -> None:
    tenant = tenant_with(daily_quota=2, cycle_seconds=3600)
    tenant.upload(record("1"))
    tenant.advance(3600)
    tenant.upload(record("1"))
    refused = tenant.upload(record("1"))
    assert (refused.status_code, refused.headers["retry-after"]) == (429, str(23 * 3600))
    tenant.advance(23 * 3600)
    assert tenant.upload(record("1")).status_code == 202


def test_a_throttled_call_may_come_without_retry_after(tenant_with: TenantWith) -> None:
    tenant = tenant_with(calls_per_5s=0, retry_after=False)
    refused = tenant.upload(record("1"))
    assert refused.status_code == 429
    assert "retry-after" not in refused.headers


def test_a_full_bucket_answers_500_with_the_documented_text(tenant_with: TenantWith) -> None:
    tenant = tenant_with(bucket_records=2)
    assert tenant.upload(record("1"), record("2")).status_code == 202
    full = tenant.upload(record("3"))
    assert full.status_code == 500
    assert full.json()["error"]["message"].startswith("The bucket that stores the ingested data is full")
    tenant.advance(1)
    assert tenant.upload(record("3")).status_code == 202


@pytest.mark.parametrize(("method", "status", "calls"), [("reject", 400, 0), ("ignore", 202, 1)])
def test_a_delete_is_refused_or_accepted_without_effect(tenant: Tenant, method: str, status: int, calls: int) -> None:
    tenant.provision(record("1"))
    tenant.control("options", delete_method=method)
    body = bulk(record("1")).replace(b'"POST"', b'"DELETE"')
    answer = tenant.http.post(f"{tenant.job_url}/bulkUpload", content=body, headers={"Content-Type": SCIM})
    assert answer.status_code == status
    tenant.advance(1)
    assert (tenant.state()["users"], tenant.state()["log"], tenant.state()["acceptedCalls"]) == (1, 1, 1 + calls)


def test_what_was_received_is_listed_by_digest(tenant: Tenant) -> None:
    tenant.upload(record("1"), record("2"))
    tenant.http.post(f"{tenant.job_url}/bulkUpload", content=b"{")
    first, second = tenant.http.get(f"{tenant.handle.url}/sandbox/received").json()["received"]
    assert (first["status"], first["bulkIds"]) == (202, ["0", "1"])
    assert first["sha256"] == hashlib.sha256(bulk(record("1"), record("2"))).hexdigest()
    assert (second["status"], second["bulkIds"]) == (400, [])


# --- cycles


def test_a_create_is_logged_with_its_steps(tenant: Tenant) -> None:
    [entry] = tenant.provision(record("10018", name={"givenName": "Ada"}))
    target = tenant.handle.target
    assert (entry["provisioningAction"], entry["provisioningStatusInfo"]["status"]) == ("create", "success")
    assert (entry["sourceIdentity"]["id"], entry["jobId"]) == ("10018", target.job_id)
    assert entry["servicePrincipal"]["id"] == target.service_principal_id
    assert entry["targetIdentity"]["id"] == tenant.user("10018")["id"]
    assert entry["activityDateTime"].endswith("Z")
    assert step_names(entry) == [
        "EntryImportAdd", "EntrySynchronizationScoping", "EntrySynchronizationAdd", "EntryExportAdd",
    ]  # fmt: skip
    assert entry["provisioningSteps"][0]["details"]["namegivenName"] == "Ada"
    changes = {change["displayName"]: change["newValue"] for change in entry["modifiedProperties"]}
    assert (changes["givenName"], changes["accountEnabled"]) == ("Ada", "True")


def test_an_update_is_matched_by_number(tenant: Tenant) -> None:
    tenant.provision(record("1", title="Engineer"))
    [entry] = tenant.provision(record("1", title="Lead"))
    assert entry["provisioningAction"] == "update"
    assert step_names(entry) == ["EntryImportAdd", "EntryImport", "EntrySynchronizationScoping", "EntryExportUpdate"]
    change = {"displayName": "jobTitle", "oldValue": "Engineer", "newValue": "Lead"}
    assert entry["modifiedProperties"] == [change]


def test_the_same_record_twice_in_a_cycle_is_a_create_and_a_skip(tenant: Tenant) -> None:
    first, second = tenant.provision(record("1"), record("1"))
    assert (first["provisioningAction"], second["provisioningStatusInfo"]["status"]) == ("create", "skipped")
    assert second["provisioningStatusInfo"]["errorInformation"]["errorCode"] == "EntrySynchronizationSkipped"
    assert first["changeId"] != second["changeId"]
    assert first["cycleId"] == second["cycleId"]


def test_a_leaver_is_disabled(tenant: Tenant) -> None:
    tenant.provision(record("1"))
    [entry] = tenant.provision(record("1", active=False))
    assert entry["provisioningAction"] == "disable"
    assert tenant.user("1")["accountEnabled"] is False


def test_a_manager_later_in_the_cycle_is_given_by_a_twin_entry(tenant: Tenant) -> None:
    report, manager, twin = tenant.provision(record("2", manager="1"), record("1"))
    skip = next(step for step in report["provisioningSteps"] if step["name"] == "EntrySynchronizationSkip")
    assert skip["details"]["SkipReason"] == "UnableToResolveReferenceAttributeValue"
    assert report["provisioningStatusInfo"]["status"] == "success"
    assert (twin["changeId"], twin["sourceIdentity"]["id"]) == (report["changeId"], "2")
    assert (twin["provisioningAction"], step_names(twin)) == ("update", ["EntryExportUpdate"])
    [change] = twin["modifiedProperties"]
    assert (change["oldValue"], change["newValue"]) == (None, manager["targetIdentity"]["id"])
    assert tenant.user("2")["manager"]["employeeId"] == "1"


def test_a_manager_in_a_later_cycle_is_not_given_until_a_restart(tenant: Tenant) -> None:
    tenant.provision(record("2", manager="1"))
    assert [entry["sourceIdentity"]["id"] for entry in tenant.provision(record("1"))] == ["1"]
    tenant.http.post(f"{tenant.job_url}/restart", json={"criteria": {"resetScope": "Full"}})
    tenant.advance(1)
    assert tenant.user("2")["manager"]["employeeId"] == "1"


def test_a_manager_in_a_later_cycle_is_given_to_a_record_sent_again(tenant: Tenant) -> None:
    tenant.provision(record("2", manager="1"))
    tenant.provision(record("1"))
    [entry] = tenant.provision(record("2", manager="1"))
    assert [change["displayName"] for change in entry["modifiedProperties"]] == ["manager"]


def test_an_account_of_another_origin_blocks_its_name_and_manages_nobody(tenant: Tenant) -> None:
    tenant.control("users", users=[{"userPrincipalName": "Worker1@contoso.com", "employeeId": "9"}])
    blocked, report = tenant.provision(record("1"), record("2", manager="9"))
    assert blocked["provisioningStatusInfo"]["errorInformation"]["errorCode"] == "Conflict"
    assert "EntrySynchronizationSkip" in step_names(report)


def test_an_account_of_another_origin_is_taken_over_when_its_number_matches(tenant: Tenant) -> None:
    [object_id] = tenant.control("users", users=[{"userPrincipalName": "old@contoso.com", "employeeId": "1"}])["ids"]
    [entry] = tenant.provision(record("1"))
    assert (entry["provisioningAction"], tenant.user("1")["id"]) == ("update", object_id)


def test_a_paused_job_queues_and_processes_nothing(tenant: Tenant) -> None:
    assert tenant.http.post(f"{tenant.job_url}/pause").status_code == 204
    assert tenant.provision(record("1")) == []
    assert tenant.http.get(tenant.job_url).json()["status"]["code"] == "Paused"
    assert tenant.http.post(f"{tenant.job_url}/start").status_code == 204
    tenant.advance(1)
    assert tenant.user("1")["employeeId"] == "1"


def test_a_restart_of_a_job_that_does_not_run_purges_the_queue(tenant: Tenant) -> None:
    tenant.control("job", status="Quarantine")
    tenant.upload(record("1"))
    tenant.http.post(f"{tenant.job_url}/restart")
    tenant.advance(1)
    assert (tenant.state()["users"], tenant.state()["job"]["status"]) == (0, "Active")


# --- the log


def test_the_log_is_read_page_by_page_without_loss(tenant: Tenant) -> None:
    tenant.provision(*(record(str(number)) for number in range(7)))
    query = {"$filter": f"jobid eq '{tenant.handle.target.job_id}'", "$orderby": "activityDateTime asc", "$top": "3"}
    seen: list[str] = []
    url: str | None = str(httpx.URL(f"{tenant.graph}/auditLogs/provisioning", params=query))
    pages = 0
    while url:
        page = tenant.http.get(url).json()
        seen += [entry["sourceIdentity"]["id"] for entry in page["value"]]
        url, pages = page.get("@odata.nextLink"), pages + 1
    assert (seen, pages) == ([str(number) for number in range(7)], 3)


def test_the_log_is_filtered_as_microsofts_samples_filter_it(tenant: Tenant) -> None:
    good, bad = tenant.provision(record("1"), record("2", displayName=None))
    job = f"jobid eq '{tenant.handle.target.job_id}'"
    failed = tenant.log(filter=f"{job} and statusInfo/status eq 'failure' and activityDateTime ge 2022-10-10T09:47:34Z")
    assert [entry["id"] for entry in failed] == [bad["id"]]
    assert [entry["id"] for entry in tenant.log(filter=f"{job} and sourceIdentity/id eq '1'")] == [good["id"]]
    assert tenant.log(filter=f"{job} and cycleId ne '{good['cycleId']}'") == []
    assert len(tenant.log(filter=f"activityDateTime gt {good['activityDateTime']}")) == 1
    assert tenant.log(filter="jobId eq 'another'") == []


def test_a_filter_the_log_does_not_know_is_refused(tenant: Tenant) -> None:
    for option in ({"$filter": "contains(jobid,'x')"}, {"$orderby": "id"}, {"$top": "0"}, {"$count": "true"}):
        answer = tenant.http.get(f"{tenant.graph}/auditLogs/provisioning", params=option)
        assert (answer.status_code, code_of(answer)) == (400, "BadRequest")


def test_beta_adds_the_older_names(tenant: Tenant) -> None:
    [entry] = tenant.provision(record("1"))
    assert not {"action", "statusInfo"} & entry.keys()
    beta = tenant.graph.replace("/v1.0", "/beta")
    [entry] = tenant.http.get(f"{beta}/auditLogs/provisioning").json()["value"]
    assert (entry["action"], entry["statusInfo"]["status"]) == ("Create", "success")


def test_an_entry_becomes_visible_after_the_lag(tenant_with: TenantWith) -> None:
    tenant = tenant_with(log_lag_seconds=300)
    tenant.upload(record("1"))
    tenant.advance(1)
    assert (tenant.state()["users"], tenant.log()) == (1, [])
    tenant.advance(300)
    assert len(tenant.log()) == 1


def test_the_log_takes_five_requests_in_ten_seconds(tenant_with: TenantWith) -> None:
    tenant = tenant_with(log_calls_per_10s=5)
    url = f"{tenant.graph}/auditLogs/provisioning"
    assert {tenant.http.get(url).status_code for _ in range(5)} == {200}
    refused = tenant.http.get(url)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
    tenant.advance(10)
    assert tenant.http.get(url).status_code == 200


# --- users and the job


def test_a_user_is_shown_as_graph_shows_it(tenant: Tenant) -> None:
    phones = [{"type": "work", "value": "+47 1"}, {"type": "mobile", "value": "+47 2"}]
    tenant.provision(record("007", phoneNumbers=phones, division="North", organization="Contoso"))
    user = tenant.user("007")
    assert (user["businessPhones"], user["mobilePhone"]) == (["+47 1"], "+47 2")
    assert (user["employeeOrgData"], user["companyName"]) == ({"division": "North"}, "Contoso")
    by_name = tenant.http.get(f"{tenant.graph}/users/worker007@contoso.com").json()
    assert by_name["id"] == user["id"]
    assert "employeeId" not in by_name


def test_users_are_listed_page_by_page(tenant: Tenant) -> None:
    tenant.provision(*(record(str(number)) for number in range(5)))
    url: str | None = f"{tenant.graph}/users?$top=2&$select=employeeId"
    seen: list[str] = []
    while url:
        page = tenant.http.get(url).json()
        seen += [user["employeeId"] for user in page["value"]]
        url = page.get("@odata.nextLink")
    assert seen == ["0", "1", "2", "3", "4"]


def test_a_manager_is_read_by_its_own_address(tenant: Tenant) -> None:
    tenant.provision(record("1"), record("2", manager="1"))
    manager = tenant.http.get(f"{tenant.graph}/users/worker2@contoso.com/manager?$select=employeeId").json()
    assert manager["employeeId"] == "1"
    assert tenant.http.get(f"{tenant.graph}/users/worker1@contoso.com/manager").status_code == 404
    assert tenant.http.get(f"{tenant.graph}/users/nobody@contoso.com").status_code == 404


@pytest.mark.parametrize("query", ["$filter=mail eq 'x'", "$select=shoeSize", "$search=x", "$expand=directReports"])
def test_a_query_of_users_beyond_these_is_refused(tenant: Tenant, query: str) -> None:
    tenant.provision(record("1"))
    assert tenant.http.get(f"{tenant.graph}/users?{query}").status_code == 400


def test_the_schema_matches_on_the_employee_number(tenant: Tenant) -> None:
    schema = tenant.http.get(f"{tenant.job_url}/schema").json()
    [rule] = schema["synchronizationRules"]
    mappings = rule["objectMappings"][0]["attributeMappings"]
    matching = [(one["source"]["name"], one["targetAttributeName"]) for one in mappings if one["matchingPriority"]]
    assert matching == [("externalId", "employeeId")]


def test_the_jobs_of_the_service_principal_are_listed(tenant: Tenant) -> None:
    [job] = tenant.http.get(tenant.job_url.rpartition("/")[0]).json()["value"]
    assert (job["id"], job["status"]["code"], job["schedule"]["state"]) == (
        tenant.handle.target.job_id, "Active", "Active",
    )  # fmt: skip


def test_every_answer_is_dated_by_the_sandboxs_clock(tenant: Tenant) -> None:
    def date() -> float:
        return parsedate_to_datetime(tenant.http.get(f"{tenant.graph}/users").headers["date"]).timestamp()

    before = date()
    tenant.advance(86_400)
    assert date() - before == 86_400


def flowing(tenant: Tenant) -> set[str]:
    """The source attributes whose switch is on, by the schema."""
    directories = {one["name"]: one for one in tenant.http.get(f"{tenant.job_url}/schema").json()["directories"]}
    assert not any(each["flowNullValues"] for each in directories["Azure Active Directory"]["objects"][0]["attributes"])
    return {each["name"] for each in directories["API"]["objects"][0]["attributes"] if each["flowNullValues"]}


def test_the_schema_says_for_each_attribute_whether_nulls_flow_and_by_default_for_none(tenant: Tenant) -> None:
    assert flowing(tenant) == set()
    tenant.control("options", flow_nulls=["title", f"{ENTERPRISE}:manager"])
    assert flowing(tenant) == {"title", f"{ENTERPRISE}:manager"}
    tenant.control("options", flow_nulls=True)
    assert not {"externalId", "userName", "active", "displayName"} & flowing(tenant)
    assert {"title", "name.givenName", f"{ENTERPRISE}:department"} < flowing(tenant)
    tenant.control("options", withheld_permissions=["Synchronization.Read.All", "Synchronization.ReadWrite.All"])
    sign_in(tenant.handle, tenant.http)
    assert tenant.http.get(f"{tenant.job_url}/schema").status_code == 403
