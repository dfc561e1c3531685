"""A schema that was set, and what a cycle makes of records by it: mappings, precedence, scope, nulls, types, and the log."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.sandbox.bulk import CORE, ENTERPRISE
from hcm_pipeline.sandbox.default_schema import CUSTOM_URN, attribute, default_schema, direct
from hcm_pipeline.sandbox.expressions import mapping_source, read_expression
from hcm_pipeline.sandbox.log_codes import Failure
from hcm_pipeline.sandbox.mapping_program import Program, program_of
from hcm_pipeline.sandbox.options import SandboxOptions
from hcm_pipeline.sandbox.provision import Account, Directory, Outcome, apply_record
from hcm_pipeline.sandbox.schema_changes import changed
from hcm_pipeline.sandbox.schema_form import check_schema
from hcm_pipeline.sandbox.scoping import in_scope

from .conftest import TenantWith
from .support import Tenant, record

Json = dict[str, Any]
URN = CUSTOM_URN


def schema_with(
    *mappings: Json, kind: str = "API2AAD", scope: Json | None = None, flows: str | None = None, **options: Any
) -> Json:
    """The default schema with mappings over those of the same targets, checked as the service checks it."""
    rules = SandboxOptions(target="ad" if kind == "API2AD" else "entra", **options)
    schema = default_schema(kind, "job", rules)
    [mapping] = schema["synchronizationRules"][0]["objectMappings"]
    targets = {one["targetAttributeName"] for one in mappings}
    kept = [one for one in mapping["attributeMappings"] if one["targetAttributeName"] not in targets]
    mapping["attributeMappings"] = [*kept, *mappings]
    mapping["scope"] = scope
    if flows is not None:
        mapping["flowTypes"] = flows
    check_schema(schema)
    return schema


def to(target: str, text: str | None, **given: Any) -> Json:
    """A mapping by the text of its source; None: a constant."""
    source = None if text is None else mapping_source(read_expression(text))
    return {
        "targetAttributeName": target, "source": source, "defaultValue": None, "matchingPriority": 0,
        "flowType": "Always", "flowBehavior": "FlowWhenChanged", **given,
    }  # fmt: skip


def program(*mappings: Json, skips: bool = False, **given: Any) -> Program:
    """The program of a schema with these mappings; options of the sandbox by name."""
    schema = schema_with(*mappings, **given)
    options = {name: value for name, value in given.items() if name not in ("kind", "scope", "flows")}
    rules = SandboxOptions(target="ad" if given.get("kind") == "API2AD" else "entra", **options)
    made = program_of(schema, rules, "contoso.com", skips_out_of_scope=skips)
    made.chance.seed(1)
    return made


def applied(
    made: Program, data: Json, on: Outcome | dict[str, Any] | None = None, taken: dict[str, str] | None = None
) -> Outcome:
    """A record on nothing, or on what an earlier one left, or on an account with these attributes."""
    current = None
    if on is not None:
        current = Account("object-1", on.attributes if isinstance(on, Outcome) else on)
    holders = taken or {}
    directory = Directory(holders.get, {"9": "object-9"}.get, lambda _name, value: holders.get(value))
    return made.apply(current, data, directory, linked=current is not None, now=0.0)


def code(outcome: Outcome) -> str | None:
    return outcome.failure.code if outcome.failure else None


# --- the default schema does what the cycles do without one

texts = st.none() | st.sampled_from(["", "x", "Ann", "x" * 65])


@st.composite
def records(draw: st.DrawFn) -> Json:
    """Workers' records with the attributes that the default schema maps, some null, empty, too long or left out."""

    def some(**given: st.SearchStrategy[Any]) -> Json:
        return {name: draw(values) for name, values in given.items() if draw(st.booleans())}

    given = some(
        title=texts, userType=texts, active=st.booleans(), displayName=texts,
        preferredLanguage=texts, name=st.fixed_dictionaries({}, optional={"givenName": texts, "familyName": texts}),
        phoneNumbers=st.lists(
            st.fixed_dictionaries({"type": st.sampled_from(["work", "mobile", "home"]), "value": texts}), max_size=2
        ),
        addresses=st.lists(st.fixed_dictionaries({"type": st.just("work")}, optional={"locality": texts}), max_size=1),
    )  # fmt: skip
    enterprise = some(
        department=texts, division=texts, costCenter=texts, organization=texts, manager=st.sampled_from(["9", "8"])
    )
    own = some(HireDate=st.sampled_from(["2026-01-01", "soon", "", None]), SamAccountName=st.just("ann"))
    whole = record("1", **{**given, **enterprise})
    return {**whole, URN: own, "schemas": [CORE, ENTERPRISE, URN]}


@given(
    st.lists(records(), min_size=1, max_size=3), st.sampled_from(["API2AAD", "API2AD"]), st.booleans(), st.booleans()
)
def test_the_default_schema_set_by_hand_changes_nothing(
    given_records: list[Json], kind: str, nulls: bool, omission: bool
) -> None:
    rules = SandboxOptions(
        target="ad" if kind == "API2AD" else "entra", flow_nulls=nulls, omission_clears=omission, mail="ignored"
    )
    made = program_of(default_schema(kind, "job", rules), rules, "contoso.com", skips_out_of_scope=False)
    nobody: dict[str, str] = {}
    directory = Directory(nobody.get, {"9": "object-9"}.get)
    current: Account | None = None
    for data in given_records:
        expected = apply_record(current, data, directory, rules)
        found = made.apply(current, data, directory, linked=True, now=0.0)
        assert (found.action, found.status, found.attributes) == (expected.action, expected.status, expected.attributes)
        assert (code(found), found.unresolved) == (code(expected), expected.unresolved)
        assert sorted(map(str, found.changes)) == sorted(map(str, expected.changes))
        if expected.status == "success":
            current = Account("object-1", expected.attributes)


# --- mappings


def test_direct_constant_and_expression_mappings_flow() -> None:
    made = program(
        to("displayName", 'Join(", ", [name.familyName], [name.givenName])'),
        to("usageLocation", None, defaultValue="NO"),
        to("companyName", '"Contoso"'),
        to("jobTitle", "[nickName]"),
    )
    outcome = applied(made, record("1", name={"givenName": "Ann", "familyName": "Lee"}, nickName="Chief"))
    wanted = {"displayName": "Lee, Ann", "usageLocation": "NO", "companyName": "Contoso", "jobTitle": "Chief"}
    assert {name: outcome.attributes.get(name) for name in wanted} == wanted


def test_a_default_fills_a_null_at_creation_only() -> None:
    made = program(to("jobTitle", "[title]", defaultValue="New here"))
    first = applied(made, record("1", title=None))
    assert first.attributes["jobTitle"] == "New here"
    second = applied(made, record("1", title="Engineer"), on=first)
    assert second.attributes["jobTitle"] == "Engineer"
    assert applied(made, record("1", title=None), on=second).status == "skipped"


def test_what_flows_at_creation_only_is_not_changed_by_an_update() -> None:
    random_name = 'Join("", [externalId], RandomString(3, 3, 0, 0, 0, ), "@", DefaultDomain())'
    for flow_type, stays in (("ObjectAddOnly", True), ("Always", False)):
        made = program(to("userPrincipalName", random_name, flowType=flow_type))
        first = applied(made, record("1"))
        again = applied(made, record("1", title="Lead"), on=first)
        assert str(first.attributes["userPrincipalName"]).endswith("@contoso.com")
        assert (again.attributes["userPrincipalName"] == first.attributes["userPrincipalName"]) is stays


def test_a_value_that_may_only_be_added_does_not_replace_one() -> None:
    made = program(to("jobTitle", "[title]", flowType="AttributeAddOnly"))
    first = applied(made, record("1"))
    second = applied(made, record("1", title="Engineer"), on=first)
    third = applied(made, record("1", title="Lead"), on=second)
    assert (second.attributes["jobTitle"], third.status) == ("Engineer", "skipped")


def test_several_values_are_kept_as_such_and_only_added_where_the_flow_says_so() -> None:
    text = 'Split([nickName], ",")'
    for flow_type, expected in (("Always", ["b", "c"]), ("MultiValueAddOnly", ["a", "b", "c"])):
        made = program(to("otherMails", text, flowType=flow_type))
        first = applied(made, record("1", nickName="a,b"))
        kept: object = applied(made, record("1", nickName="b,c"), on=first).attributes["otherMails"]
        assert kept == expected
    assert (
        code(applied(program(to("jobTitle", text)), record("1", nickName="a,b"))) == "SchemaPropertyCanOnlyAcceptValue"
    )


def test_an_attribute_that_cannot_be_written_is_left_alone_and_so_is_mail() -> None:
    schema = changed(schema_with(to("city", "[title]")), "read_only", "city")
    made = program_of(schema, SandboxOptions(), "contoso.com", skips_out_of_scope=False)
    outcome = applied(made, record("1", title="x", emails=[{"type": "work", "value": "a@b.c"}]))
    assert outcome.status == "success"
    assert not {"city", "mail"} & set(outcome.attributes)


def test_attributes_that_the_source_does_not_know_and_kinds_other_than_work_are_ignored() -> None:
    phones = [{"type": "home", "value": "1"}, {"type": "work", "value": "2"}]
    outcome = applied(program(), record("1", phoneNumbers=phones, shoeSize="44", **{"urn:other": {"HireDate": "soon"}}))
    assert (outcome.status, outcome.attributes["telephoneNumber"]) == ("success", "2")
    assert "shoeSize" not in outcome.received


@pytest.mark.parametrize(
    ("target", "text", "given", "expected"),
    [
        ("accountEnabled", "[title]", "maybe", "SchemaPropertyCanOnlyAcceptValue"),
        ("accountEnabled", "[title]", "FALSE", None),
        ("employeeHireDate", "[title]", "soon", "SchemaPropertyCanOnlyAcceptValue"),
        ("department", "[title]", "x" * 65, "SchemaPropertyCanOnlyAcceptValue"),
        ("mailNickname", "[title]", "x" * 65, "SchemaPropertyCanOnlyAcceptValue"),
        ("jobTitle", "CDate([title])", "soon", "InternalError"),
        ("jobTitle", 'IIF([title] = "", "a", "b")', None, "InternalError"),
        ("userPrincipalName", "[title]", "no name", "AzureActiveDirectoryInvalidUserPrincipalName"),
        ("userPrincipalName", "[nickName]", None, "MandatoryFieldsMissing"),
    ],
)
def test_a_value_of_another_type_or_an_expression_without_one_fails_the_record(
    target: str, text: str, given: str | None, expected: str | None
) -> None:
    outcome = applied(program(to(target, text)), record("1", title=given))
    assert code(outcome) == expected
    assert "soon" not in str(outcome.failure)


def test_tokens_stop_the_attribute_or_the_object() -> None:
    attribute_only = program(to("jobTitle", 'IIF([title] = "x", IgnoreAttributeFlow, [title])'))
    assert "jobTitle" not in applied(attribute_only, record("1", title="x")).attributes
    assert applied(attribute_only, record("1", title="y")).attributes["jobTitle"] == "y"
    filtered = program(to("objectFilter", 'IIF([title] = "x", IgnoreObjectFlow, "False")'))
    assert applied(filtered, record("1", title="x")).status == "skipped"
    outcome = applied(filtered, record("1", title="y"))
    assert (outcome.status, "objectFilter" in outcome.attributes) == ("success", False)
    empty = program(to("jobTitle", "IgnoreFlowIfNullOrEmpty([title])"), flow_nulls=True)
    assert applied(empty, record("1", title=None), on=applied(empty, record("1", title="x"))).status == "skipped"


def test_a_redacted_value_flows_and_is_not_told() -> None:
    outcome = applied(program(to("jobTitle", "Redact([title])")), record("1", title="secret"))
    assert outcome.attributes["jobTitle"] == "secret"
    assert ("jobTitle", None, "[Redact]") in outcome.changes


def test_a_value_that_always_flows_makes_an_update_of_nothing() -> None:
    made = program(to("jobTitle", "[title]", flowBehavior="FlowAlways"))
    again = applied(made, record("1", title="x"), on=applied(made, record("1", title="x")))
    assert (again.action, again.status, again.changes) == ("update", "success", [])


# --- nulls: two switches


@pytest.mark.parametrize(
    ("source", "mapping", "clears"),
    [(True, None, True), (True, True, True), (True, False, False), (False, None, False), (False, True, False)],
)
@pytest.mark.parametrize("text", ["[title]", 'Append([title], "")'])
def test_a_null_clears_through_both_switches_only(source: bool, mapping: bool | None, clears: bool, text: str) -> None:
    more = {} if mapping is None else {"flowNullValues": mapping}
    made = program(to("jobTitle", text, **more), flow_nulls=frozenset({"title"}) if source else False)
    before = applied(made, record("1", title="Engineer"))
    for nothing in (None, ""):
        after = applied(made, record("1", title=nothing), on=before)
        assert (after.changes == [("jobTitle", "Engineer", None)]) is clears, nothing
    assert applied(made, record("1"), on=before).status == "skipped"


def test_what_is_left_out_is_cleared_where_omission_clears_and_the_parent_is_there() -> None:
    made = program(flow_nulls=True, omission_clears=True)
    name = {"givenName": "Ann", "familyName": "Lee"}
    before = applied(made, record("1", title="Engineer", name=name, userType="E", preferredLanguage="nb"))
    after = applied(made, record("1", userType="E", preferredLanguage="nb", name={"givenName": "Ann"}), on=before)
    assert sorted(name for name, *_ in after.changes) == ["jobTitle", "surname"]
    kept = applied(made, record("1", title="Engineer", userType="E", preferredLanguage="nb"), on=before)
    assert kept.status == "skipped"


def test_what_is_matched_by_or_required_is_never_cleared() -> None:
    made = program(to("jobTitle", "[title]", matchingPriority=2), flow_nulls=True)
    before = applied(made, record("1", title="Engineer"))
    assert applied(made, record("1", title=None, displayName=None), on=before).status == "skipped"


# --- matching


def found_by(accounts: dict[str, list[str]]) -> Callable[[str, str, bool], list[Account]]:
    """The accounts by `attribute=value`."""
    return lambda name, value, _exact: [Account(one, {}) for one in accounts.get(f"{name}={value}", [])]


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        ({"employeeId=1": ["a"], "userPrincipalName=worker1@contoso.com": ["b"]}, "a"),
        ({"userPrincipalName=worker1@contoso.com": ["b"]}, "b"),
        ({}, None),
        ({"employeeId=1": ["a", "c"]}, "DuplicateTargetEntries"),
    ],
)
def test_accounts_are_matched_by_precedence(accounts: dict[str, list[str]], expected: str | None) -> None:
    made = program(to("userPrincipalName", "[userName]", matchingPriority=2))
    found = made.match(record("1"), found_by(accounts), 0.0)
    assert (found.code if isinstance(found, Failure) else found and found.object_id) == expected


def test_a_record_without_a_value_to_match_by_is_skipped_and_without_a_matching_attribute_it_is_new() -> None:
    by_title = program_of(
        changed(schema_with(), "match_by", "jobTitle"), SandboxOptions(), "x", skips_out_of_scope=False
    )
    found = by_title.match(record("1"), found_by({}), 0.0)
    assert isinstance(found, Failure)
    assert found.code == "ImportSkipped"
    nothing = program_of(changed(schema_with(), "no_match", None), SandboxOptions(), "x", skips_out_of_scope=False)
    assert nothing.match(record("1"), found_by({"employeeId=1": ["a"]}), 0.0) is None


# --- scope


def scope(*groups: list[tuple[str, str, str | None]]) -> Json:
    return {
        "groups": [
            {
                "name": f"group {number}",
                "clauses": [
                    {
                        "sourceOperandName": name, "operatorName": operator,
                        "targetOperand": {"values": [] if value is None else [value]},
                    }
                    for name, operator, value in group
                ],
            }
            for number, group in enumerate(groups)
        ]
    }  # fmt: skip


CLAUSES: list[tuple[str, str | None, list[Any], list[Any]]] = [
    ("EQUALS", "sales", ["sales"], ["Sales", "sales ", None, ""]),
    ("NOT EQUALS", "sales", ["Sales"], ["sales", None, ""]),
    ("IS TRUE", None, [True, "True"], [False, "no", None]),
    ("IS FALSE", None, [False, "false"], [True, None]),
    ("IS NULL", None, [None, ""], ["x", False]),
    ("IS NOT NULL", None, ["x", False], [None, ""]),
    ("REGEX MATCH", r".*\@domain.com", ["a@domain.com"], ["a@other.com", None]),
    ("NOT REGEX MATCH", r".*\@domain.com", ["a@other.com"], ["a@domain.com", None, ""]),
    ("REGEX MATCH", "([1-9][0-9])", ["10", "99"], ["9", "x"]),
    ("Greater_Than", "10", ["11"], ["10", "9", "x", None]),
    ("Greater_Than_OR_EQUALS", "10", ["10", "11"], ["9", None]),
    ("Includes", "ale", ["sales"], ["SALES", None]),
    ("ENDS_WITH", "es", ["sales"], ["sale", None]),
    ("&", "2", ["2", "3"], ["1", None]),
    ("!&", "2", ["1"], ["3", None]),
]


def test_each_operator_of_a_scoping_filter_holds_as_documented() -> None:
    for operator, wanted, holds, fails in CLAUSES:
        filters = scope([("title", operator, wanted)])
        assert [in_scope(filters, {"title": value}) for value in holds] == [True] * len(holds), operator
        assert [in_scope(filters, {"title": value}) for value in fails] == [False] * len(fails), operator


def test_clauses_are_joined_by_and_and_groups_by_or() -> None:
    filters = scope([("title", "EQUALS", "a"), ("active", "IS TRUE", None)], [("title", "EQUALS", "b")])
    assert in_scope(filters, {"title": "a", "active": True})
    assert in_scope(filters, {"title": "b", "active": False})
    assert not in_scope(filters, {"title": "a", "active": False})
    assert in_scope(None, {})
    assert in_scope({"groups": []}, {})


SALES = scope([(f"{ENTERPRISE}:department", "EQUALS", "Sales")])


def test_somebody_out_of_scope_is_not_made_and_a_linked_account_is_disabled() -> None:
    made = program(scope=SALES)
    outside = applied(made, record("1", department="IT"))
    assert (outside.status, outside.in_scope, code(outside)) == ("skipped", False, "EntrySynchronizationSkipped")
    inside = applied(made, record("1", department="Sales"))
    leaves = applied(made, record("1", department="IT", title="new"), on=inside)
    assert (leaves.action, leaves.changes) == ("disable", [("accountEnabled", True, False)])
    assert applied(made, record("1", department="IT"), on=leaves).status == "skipped"
    assert applied(made, record("1", department="Sales"), on=leaves).attributes["accountEnabled"] is True


@pytest.mark.parametrize("given", [{"skips": True}, {"flows": "Add, Update"}])
def test_an_account_that_leaves_the_scope_stays_where_deletions_are_skipped_or_do_not_flow(given: Json) -> None:
    made = program(scope=SALES, **given)
    inside = applied(made, record("1", department="Sales"))
    assert applied(made, record("1", department="IT"), on=inside).status == "skipped"


def test_what_the_mapping_does_not_flow_is_skipped() -> None:
    only_new, only_old = program(flows="Add"), program(flows="Update, Delete")
    first = applied(only_new, record("1"))
    assert (first.status, applied(only_new, record("1", title="x"), on=first).status) == ("success", "skipped")
    assert (applied(only_old, record("1")).status, applied(only_old, record("1", title="x"), on=first).status) == (
        "skipped",
        "success",
    )


# --- Active Directory


def test_a_schema_for_active_directory_maps_to_its_names_and_the_flag_is_the_other_way_round() -> None:
    unique = 'SelectUniqueValue([nickName], Append([nickName], "1"), Append([nickName], "2"))'
    made = program(
        to("accountDisabled", 'Switch([active], , "False", "True", "True", "False")'),
        to("sAMAccountName", unique, flowType="ObjectAddOnly"),
        to("cn", 'Join(" ", [name.givenName], [externalId])', flowType="ObjectAddOnly"),
        to("parentDistinguishedName", 'Switch([title], "OU=D,DC=a,DC=b", "Boss", "OU=B,DC=a,DC=b")'),
        to("extensionAttribute7", "[title]"),
        kind="API2AD",
    )
    person = {"name": {"givenName": "Ann", "familyName": "Lee"}, "nickName": "ann", "title": "Boss"}
    outcome = applied(made, record("1", **person), taken={"ann": "other", "ann1": "another"})
    wanted = {
        "accountEnabled": True, "onPremisesSamAccountName": "ann2", "cn": "Ann 1", "extensionAttribute7": "Boss",
        "onPremisesDistinguishedName": "CN=Ann 1,OU=B,DC=a,DC=b",
    }  # fmt: skip
    assert {name: outcome.attributes.get(name) for name in wanted} == wanted
    left = applied(made, record("1", **person, active=False), on=outcome)
    assert (left.action, left.changes) == ("disable", [("accountEnabled", True, False)])
    full = applied(made, record("1", **person), taken={"ann": "a", "ann1": "b", "ann2": "c"})
    assert (full.status, code(full)) == ("failure", "EntryConflict")


@pytest.mark.parametrize(
    ("target", "value", "expected"),
    [
        ("msExchHideFromAddressLists", "True", "HybridSynchronizationActiveDirectoryInvalidParameter"),
        ("msExchHideFromAddressLists", "TRUE", None),
        ("accountExpires", "soon", "HybridSynchronizationActiveDirectoryInvalidParameter"),
        ("sAMAccountName", "x" * 21, "HybridSynchronizationActiveDirectoryInvalidParameter"),
    ],
)
def test_active_directory_refuses_values_that_its_attributes_do_not_take(
    target: str, value: str, expected: str | None
) -> None:
    own = [] if target == "sAMAccountName" else [to("sAMAccountName", "[externalId]")]
    made = program(*own, to(target, "[title]"), kind="API2AD")
    data = record("1", title=value, name={"givenName": "Ann", "familyName": "Lee"})
    assert code(applied(made, data)) == expected


def test_the_flag_mapped_straight_disables_who_is_active() -> None:
    made = program(to("accountDisabled", "[active]"), to("sAMAccountName", "[externalId]"), kind="API2AD")
    outcome = applied(made, record("1", name={"givenName": "Ann", "familyName": "Lee"}))
    assert outcome.attributes["accountEnabled"] is False


# --- through Graph and its cycles


def put(tenant: Tenant, schema: Json) -> None:
    answer = tenant.http.put(f"{tenant.job_url}/schema", json=schema)
    assert answer.status_code == 204, answer.text


def test_the_next_cycle_goes_by_the_schema_that_was_set_and_the_log_tells_it(tenant: Tenant) -> None:
    tenant.provision(record("1", department="Sales"), record("2", department="Sales"))
    put(tenant, schema_with(to("displayName", 'Append([displayName], "!")'), scope=SALES))
    entries = tenant.provision(
        record("1", department="Sales"), record("2", department="IT"), record("3", department="IT")
    )
    told = [(entry["provisioningAction"], entry["provisioningStatusInfo"]["status"]) for entry in entries]
    assert told == [("update", "success"), ("disable", "success"), ("other", "skipped")]
    changed_name = {"displayName": "displayName", "oldValue": "Worker 1", "newValue": "Worker 1!"}
    assert entries[0]["modifiedProperties"] == [changed_name]
    scoping = {step["name"]: step["details"] for step in entries[2]["provisioningSteps"]}
    assert scoping["EntrySynchronizationScoping"]["Scoping filter evaluation passed"] == "False"
    assert scoping["EntrySynchronizationSkip"] == {"SkipReason": "NotEffectivelyEntitled"}
    tenant.http.delete(f"{tenant.job_url}/schema")
    [entry] = tenant.provision(record("1", department="Sales"))
    assert entry["modifiedProperties"][0]["newValue"] == "Worker 1"


def test_secrets_keep_who_leaves_the_scope_and_a_mapping_that_is_off_does_nothing(tenant: Tenant) -> None:
    put(tenant, schema_with(scope=SALES))
    tenant.provision(record("1", department="Sales"))
    tenant.control("secrets", SkipOutOfScopeDeletions="True")
    assert [entry["provisioningAction"] for entry in tenant.provision(record("1", department="IT"))] == ["other"]
    tenant.control("schema", change="mapping_disabled")
    assert tenant.provision(record("1", department="Sales", title="x")) == []
    assert (tenant.state()["users"], tenant.state()["queue"]) == (1, 0)


def test_a_record_matches_by_another_attribute_and_managers_are_found_by_their_records(tenant: Tenant) -> None:
    schema = schema_with(to("employeeId", 'Append("E", [externalId])'))
    put(tenant, changed(schema, "match_by", "employeeId"))
    there = tenant.control("users", users=[{"userPrincipalName": "old@contoso.com", "employeeId": "E1"}])["ids"][0]
    entries = tenant.provision(record("2", manager="1"), record("1"))
    assert entries[1]["targetIdentity"]["id"] == there
    assert tenant.user("E2")["manager"]["employeeId"] == "E1"
    assert [entry["sourceIdentity"]["id"] for entry in entries] == ["2", "1", "2"]


def test_a_record_that_failed_is_tried_again_when_the_schema_is_mended(tenant_with: TenantWith) -> None:
    tenant = tenant_with(retry_failed_seconds=86_400)
    put(tenant, schema_with(to("jobTitle", "CDate([title])")))
    [entry] = tenant.provision(record("1", title="Boss"))
    assert entry["provisioningStatusInfo"]["errorInformation"]["errorCode"] == "InternalError"
    before = {one["id"] for one in tenant.log()}
    put(tenant, schema_with())
    tenant.advance(60)
    [again] = [one for one in tenant.log() if one["id"] not in before]
    assert (again["provisioningAction"], tenant.user("1")["jobTitle"]) == ("create", "Boss")


def test_a_custom_attribute_counts_by_its_whole_name_once_a_schema_is_set(tenant: Tenant) -> None:
    schema = schema_with()
    source = schema["directories"][0]["objects"][0]["attributes"]
    source.append(attribute("urn:acme:User:Badge"))
    mappings = schema["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"]
    mappings.append({**to("extensionAttribute1", None), "source": direct("urn:acme:User:Badge")})
    put(tenant, schema)
    own = {"urn:acme:User": {"Badge": "B7"}, "urn:other:User": {"HireDate": "2026-01-01"}}
    data = record("1", **own)
    tenant.provision({**data, "schemas": [*data["schemas"], *own]})
    [user] = tenant.http.get(f"{tenant.handle.url}/sandbox/users").json()["users"]
    assert (user["extensionAttribute1"], "employeeHireDate" in user) == ("B7", False)
    shown = tenant.http.get(f"{tenant.graph}/users/worker1@contoso.com?$select=onPremisesExtensionAttributes").json()
    assert shown["onPremisesExtensionAttributes"]["extensionAttribute1"] == "B7"


def test_parse_expression_is_answered_over_the_job(tenant: Tenant) -> None:
    body = {"expression": "DefaultDomain()", "testInputObject": {"properties": []}}
    answer = tenant.http.post(f"{tenant.job_url}/schema/parseExpression", json=body)
    assert (answer.status_code, answer.json()["evaluationResult"]) == (200, ["sandbox.onmicrosoft.com"])
    assert tenant.http.post(f"{tenant.job_url}/schema/parseExpression", json={}).status_code == 400
    bad = deepcopy(schema_with())
    mapping = bad["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"][0]
    mapping["source"] = {"expression": "Shout([title])", "name": "Shout", "type": "Function", "parameters": []}
    refused = tenant.http.put(f"{tenant.job_url}/schema", json=bad)
    assert (refused.status_code, "Shout" in refused.json()["error"]["message"]) == (400, True)
