"""A schema is read and written without a loss, and what has not its form is named by its place."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.synchronization import FlowType, SchemaFault, read
from tests.budget import examples

from .schemas import OWN, USER, Changed, active_directory, direct, entra

Json = dict[str, Any]
UNKNOWN = st.dictionaries(
    st.from_regex(r"x[A-Za-z]{1,6}", fullmatch=True),
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4) | st.lists(st.integers(0, 9), max_size=2),
    max_size=2,
)


@given(st.data())
@settings(max_examples=examples(25))
def test_what_is_not_known_of_a_schema_is_written_back_as_it_was(data: st.DataObject) -> None:
    json = copy.deepcopy(data.draw(st.sampled_from([entra, active_directory]))())
    for one in list(_objects_in(json)):
        one |= data.draw(UNKNOWN)
        for name in data.draw(st.lists(st.sampled_from(sorted(one)), max_size=1)):
            if name in (
                "caseExact",
                "metadata",
                "version",
                "defaultValue",
                "exportMissingReferences",
                "anchor",
                "scope",
            ):
                del one[name]
    assert read(json).as_json() == json


def _objects_in(value: Any) -> Any:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects_in(inner)


def test_another_value_alone_is_written_anew() -> None:
    schema = Changed().read()
    mapping = schema.user_mapping()
    made = tuple(
        replace(one, flow_type=FlowType.OBJECT_ADD_ONLY) if one.target == "jobTitle" else one
        for one in mapping.mappings
    )
    wanted = Changed()
    wanted.mapping("jobTitle")["flowType"] = "ObjectAddOnly"
    assert schema.with_user_mapping(replace(mapping, mappings=made)).as_json() == wanted.json


def test_the_mapping_of_people_is_found_beside_others_and_directories_by_their_names() -> None:
    changed = Changed()
    group = copy.deepcopy(changed.people) | {"name": "groups", "sourceObjectName": "Group", "targetObjectName": "Group"}
    changed.json["synchronizationRules"][0]["objectMappings"].insert(0, group)
    changed.json["directories"].reverse()
    people = changed.read().people
    assert people.path == "synchronizationRules[0].objectMappings[1]"
    assert {"externalId", f"{OWN}:HireDate"} <= people.source.keys()
    assert "employeeId" in people.target


def test_a_mapping_that_is_switched_off_counts_when_there_is_no_other() -> None:
    changed = Changed()
    changed.people["enabled"] = False
    assert not changed.read().user_mapping().enabled
    spare = copy.deepcopy(changed.people) | {"enabled": True, "name": "the other"}
    changed.json["synchronizationRules"][0]["objectMappings"].append(spare)
    assert changed.read().user_mapping().name == "the other"
    changed.json["synchronizationRules"][0]["objectMappings"].append(copy.deepcopy(spare))
    with pytest.raises(SchemaFault, match="2 do here"):
        _ = changed.read().people


@pytest.mark.parametrize(("path", "value", "at"), [
    (("directories",), {}, "directories"),
    (("directories", 0, "name"), 7, "directories[0].name"),
    (("directories", 1, "name"), "API", "directories[1].name"),
    (("directories", 0, "objects", 0, "attributes", 3), "x", "directories[0].objects[0].attributes[3]"),
    (("directories", 0, "objects", 0, "attributes", 3, "anchor"), "yes", "directories[0].objects[0].attributes[3].anchor"),
    (("synchronizationRules",), None, "synchronizationRules"),
    (("synchronizationRules", 0, "objectMappings", 0, "attributeMappings", 1, "matchingPriority"), "1",
     "synchronizationRules[0].objectMappings[0].attributeMappings[1].matchingPriority"),
    (("synchronizationRules", 0, "objectMappings", 0, "attributeMappings", 1, "targetAttributeName"), "",
     "synchronizationRules[0].objectMappings[0].attributeMappings[1].targetAttributeName"),
    (("synchronizationRules", 0, "objectMappings", 0, "attributeMappings", 0, "source", "expression"), None, None),
    (("synchronizationRules", 0, "objectMappings", 0, "scope"), [], "synchronizationRules[0].objectMappings[0].scope"),
])  # fmt: skip
def test_what_has_not_the_form_of_a_schema_is_named_by_its_place(
    path: tuple[Any, ...], value: Any, at: str | None
) -> None:
    json: Any = copy.deepcopy(entra())
    *parents, last = path
    inner = json
    for one in parents:
        inner = inner[one]
    inner[last] = value
    if at is None:  # the parsed form alone is enough
        assert read(json).user_mapping().mappings[0].expression == "[externalId]"
        return
    with pytest.raises(SchemaFault) as caught:
        read(json)
    assert caught.value.path == at


@pytest.mark.parametrize("json", [None, [], "schema", 7, {}])
def test_what_is_no_schema_at_all_is_a_fault_and_no_traceback(json: object) -> None:
    with pytest.raises(SchemaFault):
        read(json)


def test_what_is_nested_without_end_is_a_fault_and_no_traceback() -> None:
    json: Any = entra()
    deep: Any = {}
    json["odd"] = deep
    for _ in range(2000):
        deep["a"] = deep = {}
    with pytest.raises(SchemaFault, match="depth"):
        read(json)


def test_an_expression_says_which_attributes_it_reads_though_their_names_have_brackets() -> None:
    work = 'addresses[type eq "work"].locality'
    changed = Changed()
    changed.add_source(work)
    changed.text("country", f'Join("[no]", [{work}], [{USER}:department], [{work}])')
    assert changed.read().user_mapping().mappings[-1].sources == (work, f"{USER}:department")
    assert changed.read().user_mapping().mappings[-1].direct is None
    changed.mappings.append(direct(work, "city"))
    assert changed.read().user_mapping().mappings[-1].direct == work


def test_a_schema_of_another_source_system_is_read_by_the_mapping_that_makes_users() -> None:
    changed = Changed()
    changed.people["sourceObjectName"] = "Worker"
    changed.json["directories"][0]["objects"][0]["name"] = "Worker"
    assert changed.read().user_mapping().source_object == "Worker"
    assert "externalId" in changed.read().people.source
