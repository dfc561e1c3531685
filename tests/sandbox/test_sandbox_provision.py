"""The effect of one record on an account."""

from __future__ import annotations

from typing import Any

import pytest

from hcm_pipeline.sandbox.bulk import CORE, ENTERPRISE
from hcm_pipeline.sandbox.options import SandboxOptions
from hcm_pipeline.sandbox.provision import Account, Directory, Outcome, apply_record, user_principal_name_refusal

from .support import record

DEFAULT = SandboxOptions()


def directory(holders: dict[str, str] | None = None, managers: dict[str, str] | None = None) -> Directory:
    """The holders of names, and the managers who are there."""
    return Directory((holders or {}).get, (managers or {}).get)


def applied(data: dict[str, Any], on: Outcome | None = None, rules: SandboxOptions = DEFAULT, **there: Any) -> Outcome:
    """Apply a record, on top of what an earlier one left."""
    current = Account("object-1", on.attributes) if on else None
    return apply_record(current, data, directory(**there), rules)


def test_a_new_worker_is_created_with_what_the_service_adds() -> None:
    outcome = applied(record("7", title="Engineer"))
    assert (outcome.action, outcome.status) == ("create", "success")
    assert outcome.attributes == {
        "employeeId": "7",
        "userPrincipalName": "worker7@contoso.com",
        "displayName": "Worker 7",
        "accountEnabled": True,
        "jobTitle": "Engineer",
        "mailNickname": "worker7",
        "preferredLanguage": "en-US",
    }


def test_the_same_record_again_is_skipped() -> None:
    first = applied(record("7"))
    again = applied(record("7"), on=first)
    assert (again.status, again.failure and again.failure.code) == ("skipped", "EntrySynchronizationSkipped")


def test_the_same_record_again_is_an_update_where_the_options_say_so() -> None:
    again = applied(record("7"), on=applied(record("7")), rules=SandboxOptions(unchanged_record="update"))
    assert (again.action, again.status, again.changes) == ("update", "success", [])


@pytest.mark.parametrize(
    ("mode", "created", "updated"),
    [("writable", "a@b.c", "d@e.f"), ("create_only", "a@b.c", "a@b.c"), ("ignored", None, None)],
)
def test_mail_flows_as_the_option_says(mode: Any, created: str | None, updated: str | None) -> None:
    rules = SandboxOptions(mail=mode)
    first = applied(record("7", emails=[{"type": "work", "value": "a@b.c"}]), rules=rules)
    again = applied(record("7", title="x", emails=[{"type": "work", "value": "d@e.f"}]), on=first, rules=rules)
    assert (first.attributes.get("mail"), again.attributes.get("mail")) == (created, updated)


def test_an_account_mastered_on_premises_is_not_updated() -> None:
    account = Account("object-1", {**applied(record("7")).attributes, "onPremisesSyncEnabled": True})
    outcome = apply_record(account, record("7", title="Lead"), directory(), DEFAULT)
    assert outcome.failure is not None
    assert outcome.failure.code == "AzureActiveDirectoryCannotUpdateObjectsMasteredOnPremises"


def test_active_false_disables() -> None:
    outcome = applied(record("7", active=False), on=applied(record("7")))
    assert (outcome.action, outcome.changes) == ("disable", [("accountEnabled", True, False)])


def test_a_rehire_is_enabled_by_an_update() -> None:
    outcome = applied(record("7"), on=applied(record("7", active=False)))
    assert (outcome.action, outcome.attributes["accountEnabled"]) == ("update", True)


@pytest.mark.parametrize(("mode", "enabled"), [("unchanged", True), ("disable", False)])
def test_an_update_without_active_does_as_the_option_says(mode: Any, enabled: bool) -> None:
    data = record("7", title="Lead")
    del data["active"]
    outcome = applied(data, on=applied(record("7")), rules=SandboxOptions(active_omitted=mode))
    assert outcome.attributes["accountEnabled"] is enabled


def test_a_create_without_active_is_enabled() -> None:
    data = record("7")
    del data["active"]
    assert applied(data).attributes["accountEnabled"] is True


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_empty_text_clear_an_attribute(nothing: str | None) -> None:
    before = applied(record("7", title="Engineer"))
    outcome = applied(record("7", title=nothing), on=before, rules=SandboxOptions(flow_nulls=True))
    assert outcome.changes == [("jobTitle", "Engineer", None)]


@pytest.mark.parametrize("nothing", [None, ""])
def test_nulls_are_skipped_where_they_do_not_flow(nothing: str | None) -> None:
    before = applied(record("7", title="Engineer"))
    assert applied(record("7", title=nothing), on=before).status == "skipped"


def test_nulls_flow_attribute_by_attribute() -> None:
    before = applied(record("7", title="Engineer", department="Sales"))
    rules = SandboxOptions(flow_nulls=frozenset({"title"}))
    outcome = applied(record("7", title=None, department=None), on=before, rules=rules)
    assert outcome.changes == [("jobTitle", "Engineer", None)]


def test_an_attribute_of_an_organisations_own_is_named_whatever_its_urn() -> None:
    rules = SandboxOptions(flow_nulls=frozenset({"urn:ietf:params:scim:schemas:extension:contoso:1.0:User:TermDate"}))
    assert rules.flows_nulls("urn:ietf:params:scim:schemas:extension:other:1.0:User:TermDate")
    assert not rules.flows_nulls("urn:ietf:params:scim:schemas:extension:other:1.0:User:HireDate")
    assert not rules.flows_nulls("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:TermDate")


@pytest.mark.parametrize("flows", [True, False])
def test_a_null_populates_nothing_on_a_create(flows: bool) -> None:
    outcome = applied(record("7", title=None), rules=SandboxOptions(flow_nulls=flows))
    assert (outcome.status, "jobTitle" in outcome.attributes) == ("success", False)


def test_a_required_attribute_is_never_cleared() -> None:
    rules = SandboxOptions(flow_nulls=True)
    assert applied(record("7", displayName=None), on=applied(record("7")), rules=rules).status == "skipped"


def test_what_is_left_out_stays() -> None:
    before = applied(record("7", title="Engineer", department="Sales"))
    assert applied(record("7"), on=before).status == "skipped"


def test_what_is_left_out_of_a_present_parent_is_cleared_where_omission_clears() -> None:
    kept = {"department": "Sales", "preferredLanguage": "en-US"}
    before = applied(record("7", title="Engineer", division="North", **kept))
    after = applied(record("7", **kept), on=before, rules=SandboxOptions(flow_nulls=True, omission_clears=True))
    assert sorted(change[0] for change in after.changes) == ["employeeOrgData.division", "jobTitle"]


def test_only_work_and_mobile_elements_are_read() -> None:
    phones = [
        {"type": "home", "value": "1"},
        {"type": "work", "value": "2"},
        {"type": "mobile", "value": "3"},
        {"value": "4"},
    ]
    places = [{"type": "home", "locality": "Oslo"}, {"type": "work", "locality": "Bergen"}]
    given = applied(record("7", phoneNumbers=phones, addresses=places)).attributes
    assert (given["telephoneNumber"], given["mobile"], given["city"]) == ("2", "3", "Bergen")
    assert "mobile" not in applied(record("7", phoneNumbers=phones), rules=SandboxOptions(map_mobile=False)).attributes


def test_dates_flow_from_any_custom_urn_and_are_kept_in_utc() -> None:
    urn = "urn:ietf:params:scim:schemas:extension:contoso:1.0:User"
    dates = {"HireDate": "2021-05-01T00:00:00-05:00", "TermDate": "2026-11-30", "Unmapped": "x"}
    given = applied(record("7", **{urn: dates})).attributes
    assert given["employeeHireDate"] == "2021-05-01T05:00:00Z"
    assert given["employeeLeaveDateTime"] == "2026-11-30T00:00:00Z"
    assert "x" not in given.values()


def test_a_date_that_is_none_fails() -> None:
    outcome = applied(record("7", **{"urn:contoso:employee": {"HireDate": "01/05/2021"}}))
    assert (outcome.status, outcome.failure and outcome.failure.code) == ("failure", "SchemaPropertyCanOnlyAcceptValue")


@pytest.mark.parametrize("name", ["userName", "displayName"])
def test_a_create_without_a_mandatory_attribute_fails(name: str) -> None:
    outcome = applied(record("7", **{name: None}))
    assert (outcome.status, outcome.failure and outcome.failure.code) == ("failure", "MandatoryFieldsMissing")


def test_a_name_another_account_holds_is_a_conflict() -> None:
    outcome = applied(record("7"), holders={"worker7@contoso.com": "object-2"})
    assert (outcome.status, outcome.failure and outcome.failure.code) == ("failure", "Conflict")


def test_a_failed_update_leaves_the_account_as_it_was() -> None:
    before = applied(record("7"))
    outcome = applied(record("7", userName="bad name@contoso.com", title="Lead"), on=before)
    assert (outcome.status, outcome.attributes) == ("failure", before.attributes)


def test_text_longer_than_the_property_holds_fails() -> None:
    outcome = applied(record("7", name={"givenName": "x" * 65}))
    assert outcome.failure is not None
    assert "64" in outcome.failure.reason


def test_a_manager_is_found_by_number() -> None:
    outcome = applied(record("7", manager="1"), managers={"1": "object-9"})
    assert (outcome.attributes["manager"], outcome.unresolved) == ("object-9", None)


def test_a_manager_who_is_not_there_leaves_the_create_a_success() -> None:
    outcome = applied(record("7", manager="1"))
    assert (outcome.status, outcome.unresolved, "manager" in outcome.attributes) == ("success", "1", False)


@pytest.mark.parametrize("nobody", [None, {"value": None}])
def test_a_null_manager_is_cleared(nobody: object) -> None:
    before = applied(record("7", manager="1"), managers={"1": "object-9"})
    data = {**record("7"), "schemas": [CORE, ENTERPRISE], ENTERPRISE: {"manager": nobody}}
    assert applied(data, on=before, rules=SandboxOptions(flow_nulls=True)).changes == [("manager", "object-9", None)]
    named = SandboxOptions(flow_nulls=frozenset({f"{ENTERPRISE}:manager"}))
    assert applied(data, on=before, rules=named).changes == [("manager", "object-9", None)]
    assert applied(data, on=before).status == "skipped"


LEGAL = ["a@contoso.com", "o'connor.p-q_r!#^~1@a.b.c", "x" * 64 + "@contoso.com", "a@" + "b" * 44 + ".com"]
ILLEGAL = [
    "", "a", "@contoso.com", "a@", "a b@contoso.com", "josé@contoso.com", "a.@contoso.com", "a+b@contoso.com",
    "x" * 65 + "@contoso.com", "a@" + "b" * 45 + ".com", "a@contoso", "a@-contoso.com", "a@b@contoso.com",
    "a@contoso.com ", "a@contoso.com\n",
]  # fmt: skip


@pytest.mark.parametrize("name", LEGAL)
def test_a_legal_user_principal_name_is_taken(name: str) -> None:
    assert user_principal_name_refusal(name, DEFAULT) is None


@pytest.mark.parametrize("name", ILLEGAL)
def test_an_illegal_user_principal_name_is_refused(name: str) -> None:
    failure = user_principal_name_refusal(name, DEFAULT)
    assert failure is not None
    assert failure.code == "AzureActiveDirectoryInvalidUserPrincipalName"


def test_a_domain_must_be_verified_where_domains_are_named() -> None:
    rules = SandboxOptions(verified_domains=frozenset({"contoso.com"}))
    refusals = [user_principal_name_refusal(f"a@{domain}", rules) for domain in ("Contoso.com", "x.onmicrosoft.com")]
    assert refusals == [None, None]
    other = user_principal_name_refusal("a@woodgrove.com", rules)
    assert other is not None
    assert other.code == "InvalidDomain"
