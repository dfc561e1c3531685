"""Each rule of a schema: something that breaks it, found where it is, and nothing found in a schema that breaks none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hcm_pipeline.synchronization import Finding, described, findings, kind_of

from .schemas import OWN, USER, Changed, Json, active_directory, direct, entra, function, mapping, switch

Change = Callable[[Changed], object]


def named(attribute_name: str) -> Json:
    return {"expression": f"[{attribute_name}]", "name": attribute_name, "type": "Attribute", "parameters": []}


def both_ways(changed: Changed) -> None:
    changed.mapping("department")["source"] = function("ToUpper([title])", "ToLower", ("source", named("title")))


BREAKS: list[tuple[str, str, Change]] = [
    ("one_mapping_of_people", "", lambda c: c.people.update(targetObjectName="Contact")),
    ("mapping_enabled", "", lambda c: c.people.update(enabled=False)),
    ("actions", "", lambda c: c.people.update(flowTypes="Add")),
    ("directories", "", lambda c: c.json["synchronizationRules"][0].update(sourceDirectoryName="HR")),
    ("matching_chain", "", lambda c: c.mapping("employeeId").update(matchingPriority=0)),
    ("matching_chain", "displayName", lambda c: c.mapping("displayName").update(matchingPriority=1)),
    ("matching_chain", "displayName", lambda c: c.mapping("displayName").update(matchingPriority=3)),
    ("matching_chain", "country", lambda c: c.mappings.append(mapping("country", None, defaultValue="X", matchingPriority=2))),
    ("matching_chain", "extensionAttribute1",
     lambda c: c.mappings.append(direct("externalId", "extensionAttribute1", matchingPriority=2))),
    ("one_mapping_each", "JobTitle", lambda c: c.mappings.append(direct("title", "JobTitle"))),
    ("source_exists", "country", lambda c: c.mappings.append(direct("addresses.country", "country"))),
    ("source_exists", "country", lambda c: c.text("country", 'Join(",", [title], [nobody])')),
    ("source_exists", "jobTitle", lambda c: c.mapping("jobTitle").update(source=named("Title"))),
    ("target_exists", "shoeSize", lambda c: c.mappings.append(direct("title", "shoeSize"))),
    ("target_writable", "objectId", lambda c: c.mappings.append(direct("title", "objectId"))),
    ("target_writable", "immutableId", lambda c: c.mappings.append(direct("title", "immutableId"))),
    ("required_filled", "accountEnabled", lambda c: c.mappings.remove(c.mapping("accountEnabled"))),
    ("required_filled", "userPrincipalName", lambda c: c.mappings.remove(c.mapping("userPrincipalName"))),
    ("required_filled", "country", lambda c: c.target("country").update(required=True)),
    ("types_fit", "employeeHireDate", lambda c: c.source(f"{OWN}:HireDate").update(type="Boolean")),
    ("types_fit", "accountEnabled", lambda c: c.source("active").update(type="String")),
    ("types_fit", "department", lambda c: c.source(f"{USER}:department").update(multivalued=True)),
    ("types_fit", "accountEnabled", lambda c: c.mapping("accountEnabled").update(defaultValue="yes")),
    ("manager_direct", "manager", lambda c: c.text("manager", f"ToLower([{USER}:manager])")),
    ("manager_direct", "manager", lambda c: c.mapping("manager").update(source=named("title"))),
    ("expression_form", "department", lambda c: c.text("department", "ToLower([title]")),
    ("expression_form", "department", lambda c: c.text("department", "tolower([title])")),
    ("expression_form", "department", lambda c: c.text("department", "Shout([title])")),
    ("expression_form", "department", both_ways),
    ("expression_length", "department", lambda c: c.text("department", f'Append([title], "{"x" * 10_000}")')),
    ("create_only", "userPrincipalName", lambda c: c.mapping("userPrincipalName").update(flowType="Always")),
    ("create_only", "userPrincipalName", lambda c: c.text("userPrincipalName", 'Join("@", [title], "contoso.com")')),
    ("create_only", "mailNickname",
     lambda c: c.text("mailNickname", 'Join("", [userName], RandomString(3, 3, 0, 0, 0, ))')),
    ("select_unique", "userPrincipalName",
     lambda c: c.text("userPrincipalName", "SelectUniqueValue([title], [userName])", flowType="ObjectAddOnly")),
    ("mail_not_writable", "mail", lambda c: c.mappings.append(direct('emails[type eq "work"].value', "mail"))),
    ("work_entries", "mobile", lambda c: c.mappings.append(direct('phoneNumbers[type eq "mobile"].value', "mobile"))),
    ("status_direction", "accountEnabled",
     lambda c: c.mapping("accountEnabled").update(source=switch("False", "True", "True", "False"))),
    ("status_direction", "accountEnabled", lambda c: c.mapping("accountEnabled").update(source=named("title"))),
    ("status_direction", "accountEnabled", lambda c: c.mapping("accountEnabled").update(source=None, defaultValue="True")),
    ("status_direction", "accountEnabled", lambda c: c.mapping("accountEnabled").update(flowType="ObjectAddOnly")),
    ("null_switches", "jobTitle", lambda c: c.mapping("jobTitle").update(flowNullValues=False)),
    ("null_switches", "jobTitle", lambda c: c.source("title").update(flowNullValues=False)),
    ("null_switches", "employeeId", lambda c: c.source("externalId").update(flowNullValues=True)),
    ("scope_attributes", "userType", lambda c: c.filter_by("userType", "EQUALS", "Employee")),
    ("scope_attributes", f"{USER}:manager", lambda c: c.filter_by(f"{USER}:manager", "IS NOT NULL")),
    ("scope_attributes", f"{OWN}:HireDate", lambda c: c.filter_by(f"{OWN}:HireDate", "EQUALS", "2026-01-01")),
    ("scope_attributes", "nobody", lambda c: c.filter_by("nobody", "EQUALS", "x")),
    ("scope_attributes", "title", lambda c: c.filter_by("title", "CONTAINS", "x")),
    ("scope_attributes", "title", lambda c: c.filter_by("title", "Greater_Than", "3")),
    ("scope_attributes", "title", lambda c: c.filter_by("title", "EQUALS")),
    ("scope_attributes", "title", lambda c: c.filter_by("title", "REGEX MATCH", "(")),
    ("custom_attributes", f"{OWN}:Boss", lambda c: c.add_source(f"{OWN}:Boss", "Reference")),
    ("custom_attributes", f"{OWN}:Roles", lambda c: c.add_source(f"{OWN}:Roles", multivalued=True)),
    ("misprints", f"{OWN.replace('contoso', 'COMPANYAME')}:TermDate",
     lambda c: c.add_source(f"{OWN.replace('contoso', 'COMPANYAME')}:TermDate")),
    ("misprints", f"{OWN.replace('contoso', 'COMPANYNAME')}:TermDate",
     lambda c: c.add_source(f"{OWN.replace('contoso', 'COMPANYNAME')}:TermDate")),
    ("misprints", f"{OWN.replace('contoso', 'contosso')}:TermDate",
     lambda c: c.add_source(f"{OWN.replace('contoso', 'contosso')}:TermDate")),
    ("misprints", "urn:ietf:params:scim:schemas: extension:enterprise:2.0:User:division",
     lambda c: c.add_source("urn:ietf:params:scim:schemas: extension:enterprise:2.0:User:division")),
    ("misprints", "displayName", lambda c: c.mapping("displayName").update(source=named("userName"))),
]  # fmt: skip
ON_PREMISES: list[tuple[str, str, Change]] = [
    ("status_direction", "accountDisabled", lambda c: c.mapping("accountDisabled").update(source=named("active"))),
    ("required_filled", "accountDisabled", lambda c: c.mappings.remove(c.mapping("accountDisabled"))),
    ("create_only", "sAMAccountName", lambda c: c.text("sAMAccountName", "Mid([displayName], 1, 20)")),
    ("select_unique", "cn",
     lambda c: c.text("cn", "ToLower(SelectUniqueValue([displayName], [userName]))", flowType="ObjectAddOnly")),
    ("select_unique", "cn", lambda c: c.text("cn", "SelectUniqueValue([displayName], [userName])", flowType="ObjectAddOnly",
                                             matchingPriority=2)),
    ("misprints", "cn", lambda c: c.mapping("cn").update(source=named("userName"))),
]  # fmt: skip


def found(changed: Changed) -> list[tuple[str, str]]:
    return [(one.rule, one.attribute) for one in findings(changed.read())]


@pytest.mark.parametrize("made", [entra, active_directory])
def test_nothing_is_found_in_a_schema_that_breaks_no_rule(made: Callable[[], Json]) -> None:
    assert findings(Changed(made).read()) == ()


@pytest.mark.parametrize(("made", "rule", "attribute_name", "change"), [
    *((entra, *one) for one in BREAKS), *((active_directory, *one) for one in ON_PREMISES),
])  # fmt: skip
def test_a_broken_rule_is_named_with_the_attribute_and_the_mend(
    made: Callable[[], Json], rule: str, attribute_name: str, change: Change
) -> None:
    changed = Changed(made)
    change(changed)
    told = [one for one in findings(changed.read()) if (one.rule, one.attribute) == (rule, attribute_name)]
    assert told, found(changed)
    assert all(one.path and one.sentence and one.mend for one in told)


def test_every_rule_has_something_here_that_breaks_it() -> None:
    assert {one.name for one in described()} == {rule for rule, *_ in (*BREAKS, *ON_PREMISES)}


def test_a_finding_says_where_in_the_json_it_is() -> None:
    changed = Changed()
    changed.mapping("employeeHireDate")["source"] = named(f"{OWN}:HiredDate")
    [one] = findings(changed.read())
    assert one == Finding(
        "source_exists", "error", "synchronizationRules[0].objectMappings[0].attributeMappings[7].source", "employeeHireDate",
        f"the source directory has no attribute {OWN}:HiredDate (it has {OWN}:HireDate): it is always empty",
        "add it to the source directory 'API', or map one that is there",
    )  # fmt: skip


def test_what_works_is_no_finding() -> None:
    """Each of these looks like a broken rule and is none."""
    changed = Changed()
    changed.filter_by("active", "IS TRUE")
    changed.mapping("displayName")["matchingPriority"] = 2
    changed.text("mailNickname", 'Join("", [userName], RandomString(3, 3, 0, 0, 0, ))', flowType="ObjectAddOnly")
    changed.mappings.append(mapping("country", None, defaultValue="NL"))
    changed.mapping("accountEnabled")["source"] = switch("True", "True", "False", "False")
    changed.source(f"{OWN}:HireDate")["type"] = "String"
    changed.mappings.append(direct("title", "immutableId", flowType="ObjectAddOnly", flowNullValues=None))
    changed.source("title")["flowNullValues"] = True
    assert found(changed) == []


def test_select_unique_value_is_for_active_directory_where_it_is_the_outermost() -> None:
    changed = Changed(active_directory)
    changed.text("cn", "SelectUniqueValue([displayName], [userName])", flowType="ObjectAddOnly")
    assert found(changed) == []
    changed.mappings[-1]["flowType"] = "Always"
    assert found(changed) == [("create_only", "cn")]


@pytest.mark.parametrize(("directory", "made", "kind"), [
    ("Azure Active Directory", entra, "entra"), ("Microsoft Entra ID", entra, "entra"), ("contoso.com", entra, "entra"),
    ("Active Directory", active_directory, "active_directory"), ("contoso.com", active_directory, "active_directory"),
])  # fmt: skip
def test_the_kind_of_directory_is_known_by_its_name_or_by_its_attributes(
    directory: str, made: Callable[[], Json], kind: str
) -> None:
    changed = Changed(made)
    changed.json["directories"][1]["name"] = directory
    changed.json["synchronizationRules"][0]["targetDirectoryName"] = directory
    assert kind_of(changed.read()) == kind


def test_a_directory_that_describes_nothing_is_said_once_and_not_for_every_attribute() -> None:
    changed = Changed()
    changed.json["directories"][1]["objects"] = []
    assert found(changed) == [("directories", "")]
