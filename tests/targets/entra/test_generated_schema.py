"""The schema that a profile asks for: right at once, the same when it is read back, and nothing of anybody else's is lost in it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.flow.profiles import built_in_text, parse_profile
from hcm_pipeline.profile import Profile, TargetKind
from hcm_pipeline.synchronization import DifferenceKind, Schema, compare, findings, kind_of, read
from hcm_pipeline.targets.entra.default_schema import default_schema
from hcm_pipeline.targets.entra.generated_schema import GeneratedSchema, generated_schema
from tests.budget import examples

USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
OWN = "urn:ietf:params:scim:schemas:extension:contoso:1.0:User"
ENTRA, AD = TargetKind.ENTRA, TargetKind.ACTIVE_DIRECTORY
Json = dict[str, Any]


def profile(*more: str, name: str = "oracle-hcm") -> Profile:
    """A built-in profile with more sections."""
    return parse_profile("\n".join((built_in_text(name), *more)), "own.toml").profile


def mapped(lines: str) -> Profile:
    """The usual profile with more lines at the end of its mapping."""
    return parse_profile(f"{built_in_text('oracle-hcm')}\n{lines}\n", "own.toml").profile


def made(profile: Profile, kind: TargetKind = ENTRA, present: Schema | None = None) -> GeneratedSchema:
    return generated_schema(profile, kind, present)


def mapping(found: GeneratedSchema, target: str) -> Any:
    one = found.schema.user_mapping().of_target(target)
    assert one is not None, target
    return one


def again(schema: Schema, profile: Profile) -> Schema:
    """As the service would give it back."""
    return read(json.loads(json.dumps(schema.as_json())), profile.delivery.null_flow_field)


# --- always

BESIDES = (
    "'{custom}:Floor' = { sql = 'length(city)' }", "'{custom}:Remote' = { sql = 'city is null' }",
    "'{custom}:MobilePhone' = 'mobile_phone'", "'{custom}:CommonName' = 'common_name'",
    "'{custom}:ParentDistinguishedName' = { value = 'OU=Users,DC=contoso,DC=com' }", "'{enterprise}:costCenter' = 'cost_center'",
)  # fmt: skip
ROWS = (
    "extensionAttribute5 = '{custom}:JobCode'", "extensionAttribute6 = { expression = 'ToUpper([title])', flow_nulls = false }",
    "extensionAttribute7 = { value = 'HR' }", "department = { source = '{enterprise}:department', default = 'None' }",
    "extensionAttribute8 = { expression = 'Join(\",\", [userName], [displayName])', create_only = true }",
)  # fmt: skip
SCOPES = (
    "", "[[scope.groups]]\nclauses = [{ field = 'active', operator = 'EQUALS', value = 'true' }]",
    "[[scope.groups]]\nclauses = [{ field = 'city', operator = 'EQUALS', value = 'Rome' }]\n[[scope.groups]]\nclauses ="
    " [{ field = 'department', operator = 'IS NOT NULL' }, { field = 'country', operator = 'REGEX MATCH', value = '^[A-F]' }]",
    "[[scope.groups]]\nclauses = [{ field = 'worker_type', operator = 'EQUALS', value = 'Employee' }]",
    "[scope]\ninclude = [\"city = 'Rome'\"]",
)  # fmt: skip
DELIVERY = (
    "", "[delivery]\nnull_flow_field = 'flowNullValues'", "[delivery]\ninstead_of_null = { title = 'n/a' }",
)  # fmt: skip


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Profiles of many organisations."""
    text = built_in_text("oracle-hcm")
    gone = draw(
        st.sets(st.sampled_from(("userType =", '"name.middleName" =', "'{custom}:JobCode'", "'{custom}:HireDate'")))
    )
    text = "\n".join(line for line in text.splitlines() if not line.startswith(tuple(gone)))
    if draw(st.booleans()):
        text = text.replace('domain = "contoso.com"', 'domain = "contoso.com"\nrename = "follow"')
    text += "\n" + "\n".join(sorted(draw(st.sets(st.sampled_from(BESIDES)))))
    kind = draw(st.sampled_from(("entra", "active_directory")))
    rows = draw(st.lists(st.sampled_from(ROWS[1:] if "'{custom}:JobCode'" in gone else ROWS), unique=True))
    return parse_profile(
        "\n".join((text, draw(st.sampled_from(SCOPES)), draw(st.sampled_from(DELIVERY)), f"[target.{kind}]", *rows)), "own.toml"
    ).profile  # fmt: skip


@given(profiles(), st.sampled_from(TargetKind), st.data())
@settings(max_examples=examples(20))
def test_what_is_generated_breaks_no_rule_and_differs_in_nothing_when_it_is_read_back(
    profile: Profile, kind: TargetKind, data: st.DataObject
) -> None:
    wanted = made(profile, kind)
    follows = {"create_only"} if profile.identity.rename == "follow" else set()
    assert {one.rule for one in findings(wanted.schema)} <= follows
    assert kind_of(wanted.schema) == kind
    there = again(wanted.schema, profile)
    assert compare(there, wanted.schema, whole=True) == ()
    once_more = made(profile, kind, there)
    assert once_more.schema.as_json() == wanted.schema.as_json()
    assert compare(there, once_more.schema) == ()
    _an_attribute_changed_by_hand_shows(data, wanted, profile, kind)


def _an_attribute_changed_by_hand_shows(
    data: st.DataObject, wanted: GeneratedSchema, profile: Profile, kind: TargetKind
) -> None:
    changed = copy.deepcopy(wanted.schema.as_json())
    people: Any = changed["synchronizationRules"][0]["objectMappings"][0]  # type: ignore[index]
    one = data.draw(st.sampled_from(people["attributeMappings"]))
    target = one["targetAttributeName"]
    what = data.draw(st.sampled_from(("gone", "source", "flow", "default")))
    if what == "gone":
        people["attributeMappings"].remove(one)
    elif what == "source":
        one["source"] = {"expression": "[nickName]", "name": "nickName", "type": "Attribute", "parameters": []}
        one["defaultValue"] = None
    elif what == "flow":
        one["flowType"] = "Always" if one["flowType"] == "ObjectAddOnly" else "ObjectAddOnly"
    else:
        one["defaultValue"] = "by hand"
    there = read(changed, profile.delivery.null_flow_field)
    found = {(d.attribute, d.kind) for d in compare(there, made(profile, kind, there).schema)}
    assert {attribute for attribute, _ in found} == {target}
    assert found & {
        (target, DifferenceKind.MAPPING_MISSING if what == "gone" else DifferenceKind.EXPRESSION),
        (target, DifferenceKind.CREATE_ONLY_MISSING), (target, DifferenceKind.FLOW_TYPE), (target, DifferenceKind.DEFAULT),
    }  # fmt: skip


@given(profiles(), st.sampled_from(TargetKind))
@settings(max_examples=examples(10))
def test_nothing_of_the_jobs_own_is_removed_or_changed(profile: Profile, kind: TargetKind) -> None:
    present = _with_theirs(kind)
    before: Any = present.as_json()
    after: Any = made(profile, kind, present).schema.as_json()
    assert {name: after[name] for name in before if name not in ("synchronizationRules", "directories")} == {
        name: before[name] for name in before if name not in ("synchronizationRules", "directories")
    }
    mappings = after["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"]
    for one in before["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"]:
        assert one in mappings
    attributes = after["directories"][0]["objects"][0]["attributes"]
    assert {one["name"] for one in before["directories"][0]["objects"][0]["attributes"]} <= {
        one["name"] for one in attributes
    }
    assert next(one for one in attributes if one["name"].endswith(":Theirs")) == {"name": "urn:them:Theirs", "odd": 1}
    assert after["directories"][1] == before["directories"][1]
    told = {(aside.side, aside.attribute) for aside in made(profile, kind, present).not_ours}
    assert told == {("target", "facsimileTelephoneNumber"), ("source", "urn:them:Theirs")}


def _with_theirs(kind: TargetKind) -> Schema:
    """The default schema in which somebody has mapped a number, and has an attribute of their own."""
    json: Any = default_schema(kind).as_json() | {"id": "j", "odd": {"a": None}}
    json["directories"][0]["id"] = "66e4a8cc"
    json["directories"][0]["objects"][0]["attributes"].append({"name": "urn:them:Theirs", "odd": 1})
    json["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"].append({
        "targetAttributeName": "facsimileTelephoneNumber", "odd": True, "flowBehavior": "FlowAlways",
        "source": {"expression": "[nickName]", "name": "nickName", "type": "Attribute", "parameters": []},
    })  # fmt: skip
    return read(json)


# --- one by one


@pytest.mark.parametrize("name", ["oracle-hcm", "oracle-hcm-live", "microsoft-csv2scim"])
@pytest.mark.parametrize("kind", TargetKind)
def test_the_built_in_profiles_ask_for_schemas_that_break_no_rule(name: str, kind: TargetKind) -> None:
    assert findings(made(profile(name=name), kind).schema) == ()


def test_names_are_given_at_creation_alone_unless_accounts_follow_new_names() -> None:
    assert mapping(made(profile()), "userPrincipalName").create_only
    assert mapping(made(profile(), AD), "sAMAccountName").create_only
    following = built_in_text("oracle-hcm").replace("[identity]", '[identity]\nrename = "follow"')
    assert not mapping(made(parse_profile(following, "own.toml").profile), "userPrincipalName").create_only


def test_custom_attributes_have_the_type_of_their_values() -> None:
    own = mapped(
        "'{custom}:Floor' = { sql = 'length(city)' }\n'{custom}:Remote' = { sql = 'city is null' }\n"
        "'{custom}:Pay' = { sql = 'length(city)::decimal(9, 2)' }\n'{custom}:Vip' = { value = true }"
    )
    types = {
        name.rpartition(":")[2]: one.type
        for name, one in made(own).schema.people.source.items()
        if name.startswith(OWN)
    }
    assert types == {
        "JobCode": "String", "HireDate": "DateTime", "TermDate": "DateTime", "SamAccountName": "String", "Floor": "Integer",
        "Remote": "Boolean", "Pay": "String", "Vip": "Boolean",
    }  # fmt: skip


def test_a_date_that_an_expression_reads_is_a_text() -> None:
    source = made(profile(), AD).schema.people.source
    assert source[f"{OWN}:HireDate"].type == "String"


def test_an_attribute_that_somebody_added_as_text_stays_one_where_it_fits() -> None:
    present: Any = default_schema(ENTRA).as_json()
    present["directories"][0]["objects"][0]["attributes"] += [
        {"name": f"{OWN}:HireDate", "type": "String"}, {"name": f"{OWN}:JobCode", "type": "Boolean"},
    ]  # fmt: skip
    source = made(profile(), ENTRA, read(present)).schema.people.source
    assert (source[f"{OWN}:HireDate"].type, source[f"{OWN}:JobCode"].type) == ("String", "String")


def test_active_is_turned_round_for_active_directory_and_matches_by_the_number() -> None:
    found = made(profile(), AD)
    assert mapping(found, "accountDisabled").expression == 'Switch([active], , "False", "True", "True", "False")'
    assert mapping(found, "employeeID").matching_priority == 1
    assert mapping(made(profile()), "accountEnabled").direct == "active"


def test_both_switches_of_null_flow_are_on_where_a_value_may_be_cleared() -> None:
    own = profile("[delivery]\nnull_flow_field = 'flowNullValues'\ninstead_of_null = { department = 'none' }")
    found = made(own)
    source = found.schema.people.source
    assert (source["title"].flow_nulls, mapping(found, "jobTitle").flow_nulls) == (True, True)
    for target, name in (("employeeId", "externalId"), ("accountEnabled", "active"), ("userPrincipalName", "userName"),
                         ("department", f"{USER}:department")):  # fmt: skip
        assert not any((source[name].flow_nulls, mapping(found, target).flow_nulls))
    assert not any("second switch" in one for one in found.notes)


def test_without_a_name_for_the_second_switch_a_person_is_told_where_to_put_it_on() -> None:
    found = made(profile())
    assert mapping(found, "jobTitle").flow_nulls is None
    assert any("second switch" in one and "jobTitle" in one for one in found.notes)


def test_what_no_mapping_can_do_is_left_out_and_said() -> None:
    told = {aside.attribute: aside.why for aside in made(profile()).left_out}
    assert "Exchange" in told["mail"]
    assert "work" in told["mobile"]
    assert "ignores" in told["name.middleName"]
    assert made(profile()).schema.user_mapping().of_target("mail") is None


def test_an_attribute_that_the_jobs_directory_lacks_or_keeps_is_left_out_and_said() -> None:
    present: Any = default_schema(ENTRA).as_json()
    attributes = present["directories"][1]["objects"][0]["attributes"]
    attributes[:] = [one for one in attributes if one["name"] != "employeeType"]
    next(one for one in attributes if one["name"] == "department")["mutability"] = "ReadOnly"
    found = made(profile(), ENTRA, read(present))
    told = {aside.attribute: aside.why for aside in found.left_out}
    assert "no such attribute" in told["employeeType"]
    assert "ReadOnly" in told["department"]
    assert findings(found.schema) == ()


def test_the_scope_of_a_profile_is_a_scoping_filter_where_one_can_say_it() -> None:
    own = profile(
        "[[scope.groups]]\nclauses = [{ field = 'country', operator = 'EQUALS', value = 'NL' },"
        " { field = 'active', operator = 'EQUALS', value = 'true' }]"
    )
    [group] = made(own).schema.user_mapping().scope.groups
    assert [(one.source, one.operator, one.values) for one in group.clauses] == [
        ('addresses[type eq "work"].country', "EQUALS", ("NL",)), ("active", "IS TRUE", ()),
    ]  # fmt: skip


@pytest.mark.parametrize(("scope", "why"), [
    ("[scope]\ninclude = [\"country = 'NL'\"]", "SQL"),
    ("[[scope.groups]]\nclauses = [{ field = 'worker_type', operator = 'EQUALS', value = 'E' }]", "worker_type"),
    ("[[scope.groups]]\nclauses = [{ field = 'hire_date', operator = 'Greater_Than', value = '2020-01-01' }]", "hire_date"),
    ("[[scope.groups]]\nclauses = [{ field = 'location', operator = 'EQUALS', value = 'x' }]", "location"),
])  # fmt: skip
def test_a_scope_that_no_filter_can_say_is_left_to_the_profile_and_said(scope: str, why: str) -> None:
    found = made(profile(scope))
    assert found.schema.user_mapping().scope.groups == ()
    [aside] = [one for one in found.left_out if one.side == "scope"]
    assert why in aside.why


def test_a_filter_that_is_not_ours_stays_and_ours_does_not_widen_it() -> None:
    present: Any = default_schema(ENTRA).as_json()
    clause = {"sourceOperandName": "title", "operatorName": "EQUALS", "targetOperand": {"values": ["x"]}}
    theirs = {"groups": [{"name": "theirs", "clauses": [clause]}]}
    present["synchronizationRules"][0]["objectMappings"][0]["scope"] = theirs
    own = profile("[[scope.groups]]\nclauses = [{ field = 'country', operator = 'EQUALS', value = 'NL' }]")
    found = made(own, ENTRA, read(present))
    assert found.schema.user_mapping().scope.as_json() == theirs
    assert [one.side for one in found.not_ours] == ["scope"]
    assert any(one.side == "scope" and "let more people in" in one.why for one in found.left_out)


def test_names_that_the_directories_write_otherwise_are_taken_as_they_write_them() -> None:
    present: Any = default_schema(ENTRA).as_json()
    for attributes in (one["objects"][0]["attributes"] for one in present["directories"]):
        for one in attributes:
            one["name"] = {"title": "Title", "employeeOrgData.division": "EmployeeOrgData.division"}.get(
                one["name"], one["name"]
            )
    found = made(profile(), ENTRA, read(present))
    assert mapping(found, "jobTitle").expression == "[Title]"
    assert mapping(found, "employeeOrgData.division").target == "EmployeeOrgData.division"
    assert findings(found.schema) == ()
