"""A job for Active Directory: worksheet 4, what a domain refuses, moves, and how accounts and entries are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.sandbox import SandboxOptions, running

from .conftest import TenantWith
from .support import Tenant, record, sign_in, trusting

URN = "urn:ietf:params:scim:schemas:extension:contoso:1.0:User"
OSLO, BERGEN = "OU=Oslo,DC=contoso,DC=com", "OU=Bergen,DC=contoso,DC=com"


def person(number: str, *, sam: str | None = None, container: str | None = OSLO, **given: Any) -> dict[str, Any]:
    """A record with what a domain needs; `own` adds attributes of the organisation."""
    own = {"SamAccountName": sam or f"worker{number}", "ParentDistinguishedName": container, **given.pop("own", {})}
    whole = record(number, **{"name": {"givenName": "Ann", "familyName": "Lee"}, URN: own, **given})
    return {**whole, "schemas": [*whole["schemas"], URN]}


@pytest.fixture
def domain(tenant_with: TenantWith) -> Tenant:
    """A tenant whose job provisions to Active Directory."""
    return tenant_with(target="ad")


def accounts(tenant: Tenant) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tenant.http.get(f"{tenant.handle.url}/sandbox/users").json()["users"]
    return found


def outcome(entry: dict[str, Any]) -> tuple[str, str | None]:
    status = entry["provisioningStatusInfo"]
    return status["status"], (status["errorInformation"] or {}).get("errorCode")


def test_the_job_and_its_entries_name_active_directory(domain: Tenant) -> None:
    assert domain.handle.target.job_id.startswith("API2AD.")
    [entry] = domain.provision(person("1"))
    assert entry["targetSystem"]["displayName"] == "Active Directory"
    assert domain.http.get(domain.job_url).json()["templateId"] == "API2AD"


def test_a_record_becomes_the_attributes_of_worksheet_4(domain: Tenant) -> None:
    places = [{
        "type": "work", "streetAddress": "Gate 1", "locality": "Oslo", "region": "East", "postalCode": "0150",
        "country": "NO", "formatted": "Building 2",
    }]  # fmt: skip
    phones = [{"type": "work", "value": "+47 1"}, {"type": "mobile", "value": "+47 2"}]
    own = {"JobCode": "J7", "HireDate": "2026-11-02T00:00:00Z", "TermDate": "2027-01-31T23:59:59Z"}
    data = person(
        "007", own=own, displayName="Lee, Ann", title="Engineer", department="Sales", division="North",
        organization="Contoso", addresses=places, phoneNumbers=phones, emails=[{"type": "work", "value": "a@b.c"}],
    )  # fmt: skip
    domain.provision(data)
    [account] = accounts(domain)
    assert account.pop("id")
    assert account == {
        "employeeID": "007", "accountDisabled": False, "userPrincipalName": "worker007@contoso.com", "givenName": "Ann",
        "sn": "Lee", "displayName": "Lee, Ann", "cn": "Lee, Ann", "sAMAccountName": "worker007",
        "parentDistinguishedName": OSLO, "distinguishedName": rf"CN=Lee\, Ann,{OSLO}", "title": "Engineer",
        "department": "Sales", "division": "North", "company": "Contoso", "streetAddress": "Gate 1", "l": "Oslo",
        "st": "East", "postalCode": "0150", "co": "NO", "physicalDeliveryOfficeName": "Building 2",
        "telephoneNumber": "+47 1", "mobile": "+47 2", "extensionAttribute1": "J7",
        "extensionAttribute2": "2026-11-02T00:00:00Z", "extensionAttribute3": "2027-01-31T23:59:59Z",
        "provisioned": True,
    }  # fmt: skip


def test_a_leaver_is_disabled_and_the_entry_says_so_in_active_directorys_words(domain: Tenant) -> None:
    domain.provision(person("1"))
    [entry] = domain.provision(person("1", active=False))
    assert entry["provisioningAction"] == "disable"
    assert entry["modifiedProperties"] == [{"displayName": "accountDisabled", "oldValue": "False", "newValue": "True"}]
    assert accounts(domain)[0]["accountDisabled"] is True


def test_another_container_moves_the_account(domain: Tenant) -> None:
    domain.provision(person("1"))
    [entry] = domain.provision(person("1", container=BERGEN))
    changed = {change["displayName"]: change["newValue"] for change in entry["modifiedProperties"]}
    assert changed == {
        "parentDistinguishedName": BERGEN, "distinguishedName": f"CN=Worker 1,{BERGEN}",
    }  # fmt: skip


def test_a_record_without_a_container_goes_to_the_default_one(domain: Tenant) -> None:
    domain.provision(person("1", container=None))
    assert accounts(domain)[0]["parentDistinguishedName"] == "OU=Users,DC=contoso,DC=com"


def test_an_own_common_name_stands_before_the_display_name(domain: Tenant) -> None:
    domain.provision(person("1", own={"CommonName": "Ann Lee 2"}))
    assert accounts(domain)[0]["distinguishedName"] == f"CN=Ann Lee 2,{OSLO}"


INVALID = "HybridSynchronizationActiveDirectoryInvalidParameter"


REFUSED = [
    (person("1", sam="x" * 21), INVALID),
    (person("1", sam="a+b"), INVALID),
    (person("1", sam="a."), INVALID),
    (person("1", container="OU=Nowhere,DC=contoso,DC=com"), INVALID),
    (person("1", container="Oslo"), INVALID),
    (person("1", title="x" * 129), INVALID),
    (person("1", own={"CommonName": "x" * 65}), INVALID),
    (person("1", own={"SamAccountName": None}), "MandatoryFieldsMissing"),
    (person("1", name={"givenName": "Ann"}), "MandatoryFieldsMissing"),
    (person("2", sam="WORKER9"), INVALID),
    (person("2", own={"CommonName": "worker 9"}), INVALID),
    (person("2", userName="WORKER9@contoso.com"), "HybridSynchronizationActiveDirectoryUserPrincipalNameNotUnique"),
]
"""Records, and the code each fails with beside an account of number 9."""


def test_what_a_domain_does_not_take_fails(tenant_with: TenantWith) -> None:
    tenant = tenant_with(target="ad", containers={OSLO, BERGEN})
    tenant.provision(person("9"))
    entries = tenant.provision(*(data for data, _ in REFUSED))
    assert [outcome(entry) for entry in entries] == [("failure", code) for _, code in REFUSED]
    assert len(accounts(tenant)) == 1


def test_a_legal_account_name_is_taken(domain: Tenant) -> None:
    names = ["x" * 20, "o'connor", "a b", "a.b-c_d~!#$%^&(){}"]
    entries = domain.provision(*(person(str(number), sam=name) for number, name in enumerate(names)))
    assert {outcome(entry) for entry in entries} == {("success", None)}
    assert [account["sAMAccountName"] for account in accounts(domain)] == names


def test_an_account_of_another_origin_holds_its_names(domain: Tenant) -> None:
    domain.control("users", users=[{"userPrincipalName": "x@contoso.com", "onPremisesSamAccountName": "Worker1"}])
    assert outcome(domain.provision(person("1"))[0]) == ("failure", INVALID)
    domain.control("users/delete", userPrincipalName="x@contoso.com")
    assert outcome(domain.provision(person("1"))[0]) == ("success", None)


@pytest.mark.parametrize(
    ("flows", "nothing", "expected"),
    [
        (True, "", ("success", None)),
        (True, None, ("success", None)),
        (False, "", ("failure", "InvalidAttributeSyntax")),
        (False, None, ("skipped", "EntrySynchronizationSkipped")),
    ],
)
def test_an_empty_text_clears_where_nulls_flow_and_is_a_syntax_error_where_they_do_not(
    tenant_with: TenantWith, flows: bool, nothing: str | None, expected: tuple[str, str | None]
) -> None:
    tenant = tenant_with(target="ad", flow_nulls=flows)
    tenant.provision(person("1", title="Engineer"))
    assert outcome(tenant.provision(person("1", title=nothing))[0]) == expected
    assert accounts(tenant)[0].get("title") == (None if flows else "Engineer")


def test_graph_shows_the_accounts_as_they_are_once_synchronized(domain: Tenant) -> None:
    domain.provision(person("1", division="North"))
    user = domain.http.get(
        f"{domain.graph}/users/worker1@contoso.com",
        params={
            "$select": "employeeId,accountEnabled,onPremisesSamAccountName,onPremisesDistinguishedName,employeeOrgData"
        },
    ).json()
    del user["id"]
    assert user == {
        "employeeId": "1", "accountEnabled": True, "onPremisesSamAccountName": "worker1",
        "onPremisesDistinguishedName": f"CN=Worker 1,{OSLO}", "employeeOrgData": {"division": "North"},
    }  # fmt: skip


def test_the_schema_maps_to_active_directorys_names(domain: Tenant) -> None:
    [rule] = domain.http.get(f"{domain.job_url}/schema").json()["synchronizationRules"]
    mappings = {
        one["source"]["name"]: one["targetAttributeName"] for one in rule["objectMappings"][0]["attributeMappings"]
    }
    assert (mappings["externalId"], mappings["Switch"], mappings["name.familyName"]) == (
        "employeeID",
        "accountDisabled",
        "sn",
    )
    assert rule["targetDirectoryName"] == "Active Directory"


def test_accounts_are_listed_page_by_page(domain: Tenant) -> None:
    domain.provision(*(person(str(number)) for number in range(5)))
    seen, after = [], 0
    while after is not None:
        page = domain.http.get(f"{domain.handle.url}/sandbox/users", params={"limit": 2, "after": after}).json()
        seen += [account["employeeID"] for account in page["users"]]
        after = page["next"]
    assert seen == ["0", "1", "2", "3", "4"]


def test_the_directory_keeps_its_target(tmp_path: Path) -> None:
    for options in (SandboxOptions(target="ad"), SandboxOptions()):
        with running(tmp_path, options=options) as handle, trusting(handle) as client:
            sign_in(handle, client)
            tenant = Tenant(handle, client)
            assert handle.target.job_id.startswith("API2AD.")
            assert tenant.http.get(f"{tenant.job_url}/schema").json()["directories"][1]["name"] == "Active Directory"
