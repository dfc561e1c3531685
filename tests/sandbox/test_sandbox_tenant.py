"""The tenant around the job over TLS: schema, templates, secrets, service principals, consent, domains, licences, links."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from .conftest import TenantWith
from .support import SCIM, Tenant, bulk, record, sign_in, token_form, token_url

Json = dict[str, Any]
GRAPH = "00000003-0000-0000-c000-000000000000"


def get(tenant: Tenant, path: str, version: str = "v1.0", **query: str) -> Json:
    answer = tenant.http.get(
        f"{tenant.handle.url}/{version}{path}", params={f"${name}": text for name, text in query.items()}
    )
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def send(tenant: Tenant, method: str, path: str, body: object = None, version: str = "v1.0") -> int:
    return tenant.http.request(method, f"{tenant.handle.url}/{version}{path}", json=body).status_code


def principal(tenant: Tenant) -> str:
    return f"/servicePrincipals/{tenant.handle.target.service_principal_id}"


def job(tenant: Tenant) -> str:
    return f"{principal(tenant)}/synchronization/jobs/{tenant.handle.target.job_id}"


# --- schema


@pytest.mark.parametrize(("target", "name"), [("entra", "Azure Active Directory"), ("ad", "Active Directory")])
def test_a_schema_is_read_replaced_read_back_and_put_back(tenant_with: TenantWith, target: str, name: str) -> None:
    tenant = tenant_with(target=target)
    first = get(tenant, f"{job(tenant)}/schema")
    assert [one["name"] for one in first["directories"]] == ["API", name]
    second = deepcopy(first)
    [mapping] = second["synchronizationRules"][0]["objectMappings"]
    mapping["attributeMappings"].pop()
    assert send(tenant, "PUT", f"{job(tenant)}/schema", second) == 204
    again = get(tenant, f"{job(tenant)}/schema", "beta")
    assert again.pop("version") != second.pop("version")
    assert again == second
    assert send(tenant, "DELETE", f"{job(tenant)}/schema") == 204
    assert get(tenant, f"{job(tenant)}/schema") == first
    [template] = get(tenant, f"{principal(tenant)}/synchronization/templates")["value"]
    assert template["schema"]["synchronizationRules"] == first["synchronizationRules"]
    shown = get(tenant, f"{principal(tenant)}/synchronization/templates/{template['id']}/schema")
    assert shown["directories"] == first["directories"]


def broken(schema: Json, path: tuple[Any, ...], value: object) -> Json:
    """The schema with one value changed; None takes it away."""
    changed: Any = deepcopy(schema)
    found = changed
    for step in path[:-1]:
        found = found[step]
    if value is None:
        del found[path[-1]]
    else:
        found[path[-1]] = value
    return changed  # type: ignore[no-any-return]


OBJECTS = ("synchronizationRules", 0, "objectMappings", 0)
MAPPINGS = (*OBJECTS, "attributeMappings", 0)
DEFINITION = ("directories", 0, "objects", 0, "attributes", 0)
CLAUSE = {"sourceOperandName": "title", "operatorName": "EQUALS", "targetOperand": {"values": ["x"]}}
INVALID: list[tuple[tuple[Any, ...], object, str]] = [
    (("synchronizationRules",), [], "synchronizationRules"),
    (("directories",), {}, "directories"),
    (("directories",), None, "sourceDirectoryName"),
    (("colour",), "red", "colour"),
    (("synchronizationRules", 0, "targetDirectoryName"), "Elsewhere", "targetDirectoryName"),
    ((*OBJECTS, "sourceObjectName"), "User", "sourceObjectName"),
    ((*OBJECTS, "flowTypes"), "Create", "flowTypes"),
    ((*OBJECTS, "enabled"), "yes", "enabled"),
    ((*MAPPINGS, "flowType"), "Add", "flowType"),
    ((*MAPPINGS, "targetAttributeName"), "shoeSize", "targetAttributeName"),
    ((*MAPPINGS, "targetAttributeName"), "displayName", "another mapping"),
    ((*MAPPINGS, "matchingPriority"), -1, "matchingPriority"),
    ((*MAPPINGS, "matchingPriority"), True, "matchingPriority"),
    ((*MAPPINGS, "source", "name"), "shoeSize", "source.name"),
    ((*MAPPINGS, "source", "type"), "Magic", "source.type"),
    ((*MAPPINGS, "source"), None, "default value"),
    ((*MAPPINGS, "colour"), "red", "colour"),
    ((*DEFINITION, "type"), "string", "type"),
    ((*DEFINITION, "mutability"), "Always", "mutability"),
    ((*DEFINITION, "name"), "active", "another attribute"),
    ((*OBJECTS, "scope"), {"groups": [{"clauses": [CLAUSE | {"operatorName": "LIKE"}]}]}, "operatorName"),
    ((*OBJECTS, "scope"), {"groups": [{"clauses": [CLAUSE | {"sourceOperandName": "x"}]}]}, "sourceOperandName"),
    ((*OBJECTS, "scope"), {"groups": [{"clauses": [CLAUSE | {"targetOperand": {"values": []}}]}]}, "targetOperand"),
]
"""A place in a schema, the value that makes it no schema, and what the refusal names."""


def test_a_schema_that_is_none_is_refused_with_its_place_and_nothing_changes(tenant: Tenant) -> None:
    schema = get(tenant, f"{job(tenant)}/schema")
    for path, value, named in INVALID:
        answer = tenant.http.put(f"{tenant.job_url}/schema", json=broken(schema, path, value))
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest"), path
        assert named in answer.json()["error"]["message"], path
    for content, kind in ((b"{", "application/json"), (b"[]", "application/json"), (b"{}", "text/plain")):
        answer = tenant.http.put(f"{tenant.job_url}/schema", content=content, headers={"Content-Type": kind})
        assert answer.status_code == 400
    assert get(tenant, f"{job(tenant)}/schema") == schema


def test_functions_and_filter_operators_are_listed(tenant: Tenant) -> None:
    functions = {one["name"]: one["parameters"] for one in get(tenant, f"{job(tenant)}/schema/functions")["value"]}
    assert [one["name"] for one in functions["Append"]] == ["source", "suffix"]
    assert functions["Join"][-1]["allowMultipleOccurrences"] is True
    operators = {one["id"]: one["arity"] for one in get(tenant, f"{job(tenant)}/schema/filterOperators")["value"]}
    assert (operators["EQUALS"], operators["IS NULL"], len(operators)) == ("Binary", "Unary", 14)


CHANGED: list[tuple[str, str | None, Callable[[str], bool]]] = [
    ("no_custom_attribute", None, lambda text: ":HireDate" not in text),
    ("rewrites_names", None, lambda text: "RandomString" in text),
    ("null_flow_off", None, lambda text: '"flowNullValues": true' not in text),
    ("no_match", None, lambda text: '"matchingPriority": 1' not in text),
    ("create_only", "userPrincipalName", lambda text: "ObjectAddOnly" in text),
    ("mapping_disabled", None, lambda text: '"enabled": false' in text),
]


def test_a_schema_is_changed_as_by_hand(tenant_with: TenantWith) -> None:
    tenant = tenant_with(flow_nulls=True)
    for change, attribute, holds in CHANGED:
        tenant.http.delete(f"{tenant.handle.url}/sandbox/schema")
        text = str(tenant.control("schema", change=change, **({"attribute": attribute} if attribute else {})))
        assert holds(text.replace("'", '"').replace("True", "true").replace("False", "false")), change
    answer = tenant.http.post(f"{tenant.handle.url}/sandbox/schema", json={"change": "melt"})
    assert (answer.status_code, "rewrites_names" in answer.text) == (400, True)


def test_the_target_directory_may_have_another_name(tenant_with: TenantWith) -> None:
    schema = get(tenant := tenant_with(target_directory="Microsoft Entra ID"), f"{job(tenant)}/schema")
    assert schema["directories"][1]["name"] == "Microsoft Entra ID"
    assert schema["synchronizationRules"][0]["targetDirectoryName"] == "Microsoft Entra ID"


# --- permissions

NEEDS = [
    ("GET", "{job}/schema", ["Synchronization.ReadWrite.All"]),
    ("PUT", "{job}/schema", ["Synchronization.ReadWrite.All"]),
    ("DELETE", "{job}/schema", ["Synchronization.ReadWrite.All"]),
    ("GET", "{job}/schema/functions", ["Synchronization.ReadWrite.All"]),
    ("POST", "{job}/restart", ["Synchronization.ReadWrite.All"]),
    ("PUT", "{principal}/synchronization/secrets", ["Synchronization.ReadWrite.All"]),
    ("GET", "{principal}/synchronization/templates", ["Synchronization.ReadWrite.All"]),
    ("POST", "{principal}/synchronization/jobs", ["Synchronization.ReadWrite.All"]),
    ("GET", "{principal}", ["Application.Read.All"]),
    ("GET", "/servicePrincipals", ["Application.Read.All"]),
    ("GET", "/applications", ["Application.Read.All"]),
    ("POST", "/applicationTemplates/x/instantiate", []),
    ("POST", "{principal}/appRoleAssignments", []),
    ("GET", "/domains", ["Domain.Read.All"]),
    ("GET", "/organization", ["Organization.Read.All"]),
    ("GET", "/subscribedSkus", ["Organization.Read.All"]),
]
"""Calls, and the client's own permissions of which one is needed; none: the client does not have what it takes."""


def test_each_call_needs_one_of_its_permissions_and_the_token_says_which_there_are(tenant: Tenant) -> None:
    withheld = sorted({name for _, _, names in NEEDS for name in names})
    tenant.control("options", withheld_permissions=withheld)
    sign_in(tenant.handle, tenant.http)
    for method, path, _ in NEEDS:
        place = path.format(job=job(tenant), principal=principal(tenant))
        answer = tenant.http.request(method, tenant.graph + place, json={})
        told = answer.json()["error"]
        assert (answer.status_code, told["code"]) == (403, "Authorization_RequestDenied"), path
        assert {"date", "request-id", "client-request-id"} == told["innerError"].keys()
    tenant.control("options", withheld_permissions=[], further_permissions=["Application.ReadWrite.OwnedBy"])
    sign_in(tenant.handle, tenant.http)
    for method, path, names in NEEDS:
        place = path.format(job=job(tenant), principal=principal(tenant))
        expected = not names and "appRole" in path
        answer = tenant.http.request(method, tenant.graph + place, json={})
        assert (answer.status_code == 403) is (expected or path == "/domains"), path


# --- principals and consent


def test_service_principals_are_found_and_consent_is_shown_and_given(tenant_with: TenantWith) -> None:
    tenant = tenant_with(
        withheld_permissions={"User.Read.All"}, further_permissions={"AppRoleAssignment.ReadWrite.All"}
    )
    client_id = tenant.handle.target.client_id
    [client] = get(tenant, "/servicePrincipals", filter=f"appId eq '{client_id}'", select="id,appId")["value"]
    assert client == get(tenant, f"/servicePrincipals(appId='{client_id}')", select="id,appId")
    graph = get(tenant, f"/servicePrincipals(appId='{GRAPH}')")
    roles = {one["value"]: one["id"] for one in graph["appRoles"]}
    assert roles["SynchronizationData-User.Upload"] == "db31e92a-b9ea-4d87-bf6a-75a37a9ca35a"
    given = get(tenant, f"/servicePrincipals/{client['id']}/appRoleAssignments")["value"]
    assert {one["resourceId"] for one in given} == {graph["id"]}
    names = {value for value, known in roles.items() if known in {one["appRoleId"] for one in given}}
    assert "Synchronization.ReadWrite.All" in names
    assert not {"User.Read.All", "Application.ReadWrite.All"} & names
    body = {"principalId": client["id"], "resourceId": graph["id"], "appRoleId": roles["Directory.Read.All"]}
    assert send(tenant, "POST", f"/servicePrincipals/{client['id']}/appRoleAssignments", body) == 201
    assert send(tenant, "POST", f"/servicePrincipals/{client['id']}/appRoleAssignments", {}) == 400
    assert len(get(tenant, f"/servicePrincipals/{client['id']}/appRoleAssignments")["value"]) == len(given) + 1
    gallery = get(tenant, principal(tenant))
    assert gallery["applicationTemplateId"] == "40d8f01e-b0d7-4b4f-938b-05190712e598"
    assert tenant.http.get(f"{tenant.graph}/servicePrincipals/{GRAPH}").status_code == 404
    assert tenant.http.get(f"{tenant.graph}/servicePrincipals?$filter=tags eq 'x'").status_code == 400


@pytest.mark.parametrize(("days", "signs_in"), [(400.0, True), (3.0, True), (-1.0, False)])
def test_the_secret_expires_when_the_option_says_so(tenant: Tenant, days: float, signs_in: bool) -> None:
    tenant.control("options", secret_days=days)
    [application] = get(tenant, "/applications", filter=f"appId eq '{tenant.handle.target.client_id}'")["value"]
    [password] = application["passwordCredentials"]
    assert (password["endDateTime"] > tenant.state()["clock"]["now"]) is (days > 0)
    assert password["secretText"] is None
    answer = tenant.http.post(token_url(tenant.handle), data=token_form(tenant.handle))
    assert (answer.status_code == 200) is signs_in
    if not signs_in:
        assert (answer.status_code, answer.json()["error_codes"]) == (401, [7000222])
    assert get(tenant, f"/applications/{application['id']}/federatedIdentityCredentials")["value"] == []


def test_a_tenant_that_is_not_set_up_is_set_up_by_graph(tenant_with: TenantWith) -> None:
    tenant = tenant_with(set_up=False, further_permissions={"Application.ReadWrite.OwnedBy"})
    assert send(tenant, "GET", principal(tenant)) == 404
    upload = tenant.http.post(f"{tenant.job_url}/bulkUpload", content=bulk(record("1")), headers={"Content-Type": SCIM})
    assert upload.status_code == 404
    template = get(
        tenant, "/applicationTemplates", filter="displayName eq 'API-driven provisioning to Microsoft Entra ID'"
    )
    path = f"/applicationTemplates/{template['value'][0]['id']}/instantiate"
    made = tenant.http.post(tenant.graph + path, json={"displayName": "Workers"}).json()
    assert made["servicePrincipal"]["id"] == tenant.handle.target.service_principal_id
    assert made["application"]["displayName"] == "Workers"
    jobs = f"{principal(tenant)}/synchronization/jobs"
    assert get(tenant, jobs)["value"] == []
    assert send(tenant, "POST", jobs, {"templateId": "Nothing"}) == 400
    job_made = tenant.http.post(tenant.graph + jobs, json={"templateId": "API2AAD"})
    assert (job_made.status_code, job_made.json()["id"]) == (201, tenant.handle.target.job_id)
    assert (job_made.json()["status"]["code"], job_made.json()["schedule"]["state"]) == ("NotConfigured", "Disabled")
    assert send(tenant, "POST", jobs, {"templateId": "API2AAD"}) == 409
    assert send(tenant, "POST", f"{job(tenant)}/start") == 204
    assert len(tenant.provision(record("1"))) == 1
    more = tenant.http.post(tenant.graph + path, json={"displayName": "Others"}).json()["servicePrincipal"]["id"]
    assert send(tenant, "POST", f"/servicePrincipals/{more}/synchronization/jobs", {"templateId": "API2AAD"}) == 201
    assert len(get(tenant, f"/servicePrincipals/{more}/synchronization/jobs")["value"]) == 1


JWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
PIPELINE = {"issuer": "https://token.example", "subject": "repo:contoso/hr"}
FOREIGN: list[tuple[Json, int | None]] = [
    ({}, None),
    ({"issuer": "https://other.example"}, 700211),
    ({"subject": "repo:contoso/it"}, 700213),
    ({"audience": "api://other"}, 700212),
    ({"seconds": -1}, 700024),
]
"""Changes of another issuer's token, and the refusal of each."""


def test_a_token_of_another_issuer_signs_in_where_a_federated_credential_names_it(tenant_with: TenantWith) -> None:
    tenant = tenant_with(further_permissions={"Application.ReadWrite.OwnedBy"})
    path = f"/applications(appId='{tenant.handle.target.client_id}')/federatedIdentityCredentials"
    body = {"name": "pipeline", **PIPELINE, "audiences": ["api://AzureADTokenExchange"]}
    assert send(tenant, "POST", path, {"name": "pipeline"}) == 400
    assert send(tenant, "POST", path, body) == 201
    for changes, number in FOREIGN:
        token = tenant.control("federation", **{**PIPELINE, **changes})["token"]
        form = token_form(tenant.handle, client_assertion=token, client_assertion_type=JWT)
        del form["client_secret"]
        answer = tenant.http.post(token_url(tenant.handle), data=form)
        assert answer.json().get("error_codes") == (None if number is None else [number])


def test_a_managed_identity_gets_a_token_by_its_header(tenant: Tenant) -> None:
    url, query = (
        f"{tenant.handle.url}/msi/token",
        {"api-version": "2019-08-01", "resource": "https://graph.microsoft.com"},
    )
    told = tenant.http.get(url, params=query, headers={"X-IDENTITY-HEADER": tenant.handle.target.client_secret}).json()
    headers = {"Authorization": f"Bearer {told['access_token']}"}
    assert tenant.http.get(f"{tenant.graph}/users", headers=headers).status_code == 200
    assert tenant.http.get(url, params=query, headers={"X-IDENTITY-HEADER": "x"}).status_code == 400


# --- secrets, job, clock


def test_without_an_address_to_notify_a_start_ends_in_quarantine_until_secrets_name_one(tenant: Tenant) -> None:
    secrets = f"{principal(tenant)}/synchronization/secrets"
    [settings] = get(tenant, secrets)["value"]
    assert (settings["key"], "Recipients" in settings["value"]) == ("SyncNotificationSettings", True)
    tenant.control("options", notification_email=False)
    assert "Recipients" not in get(tenant, secrets)["value"][0]["value"]
    assert send(tenant, "POST", f"{job(tenant)}/start") == 204
    assert get(tenant, job(tenant))["status"]["code"] == "Quarantine"
    pairs = [
        {"key": "SyncNotificationSettings", "value": '{"Enabled":true,"Recipients":"it@contoso.com"}'},
        {"key": "SkipOutOfScopeDeletions", "value": "True"},
        {"key": "SecretToken", "value": "hidden"},
    ]
    assert send(tenant, "PUT", secrets, {"value": pairs}) == 204
    assert get(tenant, secrets)["value"] == [*pairs[:2], {"key": "SecretToken", "value": "*"}]
    assert send(tenant, "POST", f"{job(tenant)}/start") == 204
    assert get(tenant, job(tenant))["status"]["code"] == "Active"
    assert send(tenant, "PUT", secrets, {"value": [{"key": 1}]}) == 400


def test_a_job_may_be_switched_off_and_a_restart_takes_scopes(tenant: Tenant) -> None:
    tenant.control("job", status="Paused", disabled=True)
    shown = get(tenant, job(tenant))
    assert (shown["status"]["code"], shown["schedule"]["state"]) == ("Paused", "Disabled")
    restart = f"{job(tenant)}/restart"
    assert send(tenant, "POST", restart, {"criteria": {"resetScope": "Everything"}}) == 400
    tenant.control("job", status="Quarantine")
    assert send(tenant, "POST", restart, {"criteria": {"resetScope": "Escrows, Watermark"}}) == 204
    assert get(tenant, job(tenant))["status"]["code"] == "Quarantine"
    assert send(tenant, "POST", restart, {"criteria": {"resetScope": "QuarantineState"}}) == 204
    assert get(tenant, job(tenant))["status"]["code"] == "Active"


def test_the_date_of_answers_may_be_off(tenant: Tenant) -> None:
    def date() -> float:
        return parsedate_to_datetime(tenant.http.get(f"{tenant.graph}/users").headers["date"]).timestamp()

    before = date()
    tenant.control("options", clock_skew_seconds=-900)
    assert before - date() == 900


# --- domains and licences


def test_an_unverified_domain_is_listed_as_one_and_refused(tenant_with: TenantWith) -> None:
    tenant = tenant_with(unverified_domains={"contoso.com"}, default_domain="contoso.com")
    listed = {one["id"]: (one["isVerified"], one["isDefault"]) for one in get(tenant, "/domains")["value"]}
    assert listed == {"sandbox.onmicrosoft.com": (True, False), "contoso.com": (False, True)}
    [entry] = tenant.provision(record("1"))
    assert entry["provisioningStatusInfo"]["errorInformation"]["errorCode"] == "InvalidDomain"


def test_the_organization_tells_its_licence_and_seats_run_out(tenant_with: TenantWith) -> None:
    tenant = tenant_with(license="governance", license_seats=1)
    [organization] = get(tenant, "/organization")["value"]
    assert len(organization["assignedPlans"]) == 3
    entries = tenant.provision(record("1"), record("2"))
    codes = [(entry["provisioningStatusInfo"]["errorInformation"] or {}).get("errorCode") for entry in entries]
    assert codes == [None, "LicenseLimitExceeded"]
    [sku] = get(tenant, "/subscribedSkus")["value"]
    assert (sku["consumedUnits"], sku["prepaidUnits"]["enabled"]) == (1, 1)
    tenant.control("options", license="none")
    assert get(tenant, "/subscribedSkus")["value"] == []


# --- object connections


def test_a_link_is_read_and_undone_by_either_id_while_the_job_is_paused(tenant: Tenant) -> None:
    tenant.provision(record("1"))
    wrong = tenant.control("users", users=[{"userPrincipalName": "other@contoso.com", "displayName": "Other"}])["ids"][
        0
    ]
    assert tenant.control("connections", externalId="2", userPrincipalName="other@contoso.com")["id"] == wrong
    links = f"{job(tenant)}/objectConnections"
    found = get(tenant, f"{links}('2')", "beta")
    assert (found["sourceAnchor"], found["targetAnchor"], found["displayName"]) == ("2", wrong, "Other")
    assert get(tenant, f"{links}/{wrong}", "beta")["sourceAnchor"] == "2"
    [entry] = tenant.provision(record("2"))
    assert (entry["provisioningAction"], entry["targetIdentity"]["id"]) == ("update", wrong)
    assert send(tenant, "GET", links, version="beta") == 400
    assert send(tenant, "GET", f"{links}/2") == 404
    assert send(tenant, "GET", f"{links}/nobody", version="beta") == 404
    assert send(tenant, "DELETE", f"{links}/2", version="beta") == 409
    assert send(tenant, "POST", f"{job(tenant)}/pause") == 204
    for _ in range(2):
        assert send(tenant, "DELETE", f"{links}/2", version="beta") == 204
    assert send(tenant, "GET", f"{links}/2", version="beta") == 404
    assert tenant.state()["users"] == 2
