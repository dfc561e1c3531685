"""A change by hand shows as exactly that, and what means the same shows as nothing."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

import pytest

from hcm_pipeline.synchronization import Difference, compare, read
from hcm_pipeline.synchronization import DifferenceKind as Kind

from .schemas import (
    NULL_FIELD,
    OWN,
    USER,
    Changed,
    Json,
    active_directory,
    constant,
    direct,
    entra,
    function,
    mapping,
    switch,
)

Change = Callable[[Changed], object]
NULLS = 'Switch([active], , "False", "True", "True", "False")'


def differences(change: Change, made: Callable[[], Json] = entra) -> list[Difference]:
    changed = Changed(made)
    change(changed)
    return list(compare(changed.read(), read(made(), NULL_FIELD)))


def kinds(change: Change, made: Callable[[], Json] = entra) -> list[tuple[Kind, str]]:
    return [(one.kind, one.attribute) for one in differences(change, made)]


@pytest.mark.parametrize(("kind", "attribute", "change"), [
    (Kind.ATTRIBUTE_MISSING, f"{OWN}:Grade",
     lambda c: c.json["directories"][0]["objects"][0]["attributes"].remove(c.source(f"{OWN}:Grade"))),
    (Kind.ATTRIBUTE_OTHER, f"{OWN}:HireDate", lambda c: c.source(f"{OWN}:HireDate").update(type="String")),
    (Kind.MAPPING_MISSING, "department", lambda c: c.mappings.remove(c.mapping("department"))),
    (Kind.EXPRESSION, "department", lambda c: c.mapping("department").update(direct("title", "department"))),
    (Kind.EXPRESSION, "department", lambda c: c.mapping("department")["source"].update(name="title")),
    (Kind.EXPRESSION, "department", lambda c: c.mapping("department").update(source=None, defaultValue="R&D")),
    (Kind.DEFAULT, "department", lambda c: c.mapping("department").update(defaultValue="R&D")),
    (Kind.MATCHING, "employeeId", lambda c: c.mapping("employeeId").update(matchingPriority=0)),
    (Kind.MATCHING, "displayName", lambda c: c.mapping("displayName").update(matchingPriority=2)),
    (Kind.CREATE_ONLY_MISSING, "userPrincipalName", lambda c: c.mapping("userPrincipalName").update(flowType="Always")),
    (Kind.FLOW_TYPE, "department", lambda c: c.mapping("department").update(flowType="ObjectAddOnly")),
    (Kind.FLOW_BEHAVIOR, "department", lambda c: c.mapping("department").update(flowBehavior="FlowAlways")),
    (Kind.REFERENCES, "manager", lambda c: c.mapping("manager").update(exportMissingReferences=True)),
    (Kind.NULL_FLOW_OFF, "title", lambda c: c.source("title").update(flowNullValues=False)),
    (Kind.NULL_FLOW_OFF, "jobTitle", lambda c: c.mapping("jobTitle").pop(NULL_FIELD)),
    (Kind.SCOPE, "", lambda c: c.filter_by("active", "IS TRUE")),
    (Kind.SWITCHED_OFF, "", lambda c: c.people.update(enabled=False)),
    (Kind.ACTIONS, "", lambda c: c.people.update(flowTypes="Add")),
    (Kind.NO_MAPPING_OF_PEOPLE, "", lambda c: c.people.update(targetObjectName="Contact")),
])  # fmt: skip
def test_a_change_by_hand_shows_as_exactly_that(kind: Kind, attribute: str, change: Change) -> None:
    [one] = differences(change)
    assert (one.kind, one.attribute) == (kind, attribute)
    assert one.attribute in one.sentence


@pytest.mark.parametrize("change", [
    lambda c: c.mappings.reverse(),
    lambda c: c.json["directories"].reverse(),
    lambda c: c.json["directories"][0]["objects"][0]["attributes"].reverse(),
    lambda c: c.json.update(id="another", version="8"),
    lambda c: [one.update(id="another") for one in c.json["directories"]],
    lambda c: c.mapping("department").pop("defaultValue"),
    lambda c: c.mapping("department").pop("exportMissingReferences"),
    lambda c: c.mapping("department").update(defaultValue=""),
    lambda c: c.mapping("department").update(targetAttributeName="Department"),
    lambda c: c.mapping("department")["source"].pop("parameters"),
    lambda c: c.people.update(flowTypes="Delete,Update,Add"),
    lambda c: c.people.update(scope={"groups": [], "inputFilterGroups": [], "categoryFilterGroups": []}),
    lambda c: c.source("userName").update(flowNullValues=False),
    lambda c: c.mapping("department").update({NULL_FIELD: False}),
    lambda c: c.mappings.append(direct("title", "extensionAttribute1")),
    lambda c: c.add_source(f"{OWN}:Theirs"),
])  # fmt: skip
def test_what_means_the_same_or_is_not_ours_is_no_difference(change: Change) -> None:
    assert kinds(change) == []


@pytest.mark.parametrize("expression", [
    NULLS, NULLS.replace(" ", ""), NULLS.replace(", ", " ,  "), 'Switch([active], , "False", "True", "True", "False", )',
])  # fmt: skip
def test_an_expression_is_the_same_however_it_is_spaced_and_however_it_ends(expression: str) -> None:
    assert kinds(lambda c: c.text("accountDisabled", expression), active_directory) == []


def test_a_parsed_form_that_says_something_else_than_the_text_is_a_difference() -> None:
    def turned(changed: Changed) -> None:
        changed.mapping("accountDisabled")["source"] = {**switch("True", "True", "False", "False"), "expression": NULLS}

    [one] = differences(turned, active_directory)
    assert one.kind is Kind.EXPRESSION
    assert one.sentence.startswith("the parsed form of accountDisabled says something else than its text")


def test_a_constant_is_the_same_as_a_source_and_as_a_default_without_one() -> None:
    one, other = Changed(), Changed()
    one.mappings.append(mapping("country", None, defaultValue="NL"))
    other.mappings.append(mapping("country", constant("NL")))
    assert compare(one.read(), other.read()) == compare(other.read(), one.read()) == ()
    other.mapping("country")["source"] = constant("BE")
    assert [d.kind for d in compare(one.read(), other.read())] == [Kind.EXPRESSION]


def test_two_expressions_that_nobody_here_can_read_are_compared_as_texts() -> None:
    text = 'Shout([title], "a" "b")'
    one, other = Changed(), Changed()
    one.text("country", text)
    other.mappings.append(mapping("country", function(text.replace(" ", "  "), "Shout")))
    assert compare(one.read(), other.read()) == ()


def test_clauses_and_groups_of_a_scope_have_no_order() -> None:
    one, other = Changed(), Changed()
    clauses = [
        {"sourceOperandName": "active", "operatorName": "IS TRUE", "targetOperand": {"values": []}},
        {"sourceOperandName": "title", "operatorName": "EQUALS", "targetOperand": {"values": ["x"]}},
    ]
    groups = [{"name": "a", "clauses": clauses}, {"name": "b", "clauses": clauses[:1]}]
    one.people["scope"] = {"groups": groups}
    other.people["scope"] = {"groups": [{"name": "z", "clauses": clauses[:1]}, {"name": "y", "clauses": clauses[::-1]}]}
    assert compare(one.read(), other.read()) == ()
    [found] = compare(Changed().read(), one.read())
    assert found.sentence == "the scope is everybody, and not (active IS TRUE and title EQUALS 'x') or (active IS TRUE)"


def test_of_the_whole_what_there_is_besides_is_a_difference_too() -> None:
    changed = Changed()
    changed.mappings.append(direct("title", "extensionAttribute1"))
    changed.add_source(f"{OWN}:Theirs")
    changed.source(f"{USER}:department")["flowNullValues"] = True
    wanted = read(copy.deepcopy(entra()), NULL_FIELD)
    assert {(one.kind, one.attribute) for one in compare(changed.read(), wanted, whole=True)} == {
        (Kind.MAPPING_BESIDES, "extensionAttribute1"),
        (Kind.ATTRIBUTE_BESIDES, f"{OWN}:Theirs"),
        (Kind.NULL_FLOW_ON, f"{USER}:department"),
    }
    assert compare(wanted, read(json.loads(json.dumps(entra())), NULL_FIELD), whole=True) == ()
