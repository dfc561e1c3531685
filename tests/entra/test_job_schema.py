"""A job's schema: which source attributes its mappings use, and whether a null of them clears anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hcm_pipeline.entra import SourceAttribute
from hcm_pipeline.entra.job_schema import source_attributes
from hcm_pipeline.errors import ServiceRefused

from .conftest import Service

MANAGER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"


def schema(*mappings: dict[str, Any], **switched: dict[str, Any]) -> dict[str, Any]:
    """A schema with these mappings; `switched` are source attributes, each with what its definition says."""
    attributes = [{"name": name, "flowNullValues": True, **said} for name, said in switched.items()]
    return {
        "directories": [
            {"name": "API", "objects": [{"name": "User", "attributes": attributes}]},
            {"name": "Target", "objects": [{"name": "User", "attributes": [{"name": "other", "flowNullValues": True}]}]},
        ],
        "synchronizationRules": [
            {"sourceDirectoryName": "API", "targetDirectoryName": "Target",
             "objectMappings": [{"enabled": True, "attributeMappings": list(mappings)}]},
        ],
    }  # fmt: skip


def direct(name: str, **said: Any) -> dict[str, Any]:
    return {"source": {"name": name, "type": "Attribute", "parameters": []}, "targetAttributeName": "x", **said}


def function(function: str, name: str) -> dict[str, Any]:
    inner = {"name": name, "type": "Attribute", "parameters": []}
    return {"source": {"name": function, "type": "Function", "parameters": [{"key": "source", "value": inner}]}}


def flows(given: dict[str, Any], field: str | None = None) -> dict[str, bool]:
    return {one.name: one.flows for one in source_attributes(given, field)}


def test_an_attribute_flows_where_its_switch_is_on() -> None:
    given = schema(direct("title"), direct("name"), title={}, name={"flowNullValues": False}, unused={})
    assert flows(given) == {"title": True, "name": False}


@pytest.mark.parametrize("said", [{"anchor": True}, {"required": True}, {"multivalued": True}])
def test_a_matching_or_required_attribute_never_flows(said: dict[str, Any]) -> None:
    assert flows(schema(direct("title"), title=said)) == {"title": False}
    assert flows(schema(direct("title", matchingPriority=1), title={})) == {"title": False}


def test_an_attribute_that_is_mapped_at_creation_alone_or_through_what_ignores_nulls_never_flows() -> None:
    assert flows(schema(direct("title", flowType="ObjectAddOnly"), title={})) == {"title": False}
    assert flows(schema(function("IgnoreFlowIfNullOrEmpty", "title"), title={})) == {"title": False}
    assert flows(schema(function("ToUpper", "title"), title={})) == {"title": True}
    assert flows(schema(direct("title"), direct("title", flowType="ObjectAddOnly"), title={})) == {"title": False}


def test_the_field_of_a_mapping_counts_where_the_profile_names_it() -> None:
    given = schema(
        direct("title", flowNulls=True), direct("city", flowNulls=False), direct("state"), title={}, city={}, state={}
    )
    assert flows(given) == {"title": True, "city": True, "state": True}
    assert flows(given, "flowNulls") == {"title": True, "city": False, "state": False}


def test_a_disabled_mapping_uses_nothing() -> None:
    given = schema(direct("title"), title={})
    given["synchronizationRules"][0]["objectMappings"][0]["enabled"] = False
    assert flows(given) == {}


@pytest.mark.parametrize("odd", [{}, {"directories": None}, {"synchronizationRules": [1]}, schema({"source": None})])
def test_a_schema_of_another_form_says_nothing(odd: dict[str, Any]) -> None:
    assert source_attributes(odd) == []


def test_the_service_tells_its_schema(service_with: Callable[..., Service]) -> None:
    service = service_with(flow_nulls=frozenset({MANAGER, "title"}))
    with service.client() as client:
        found = client.source_attributes()
    assert {one.name for one in found if one.flows} == {MANAGER, "title"}
    assert SourceAttribute("externalId", False, ("employeeId",)) in found


def test_an_attribute_is_held_as_what_it_is_mapped_to_directly() -> None:
    given = schema(
        direct("title"),
        direct("title", targetAttributeName="y"),
        function("ToUpper", "title"),
        function("ToUpper", "name"),
    )
    assert {one.name: one.held_as for one in source_attributes(given)} == {"title": ("x", "y"), "name": ()}


def test_without_the_permission_the_service_refuses_and_says_which(service_with: Callable[..., Service]) -> None:
    service = service_with(withheld_permissions=frozenset({"Synchronization.ReadWrite.All"}))
    with service.client() as client, pytest.raises(ServiceRefused, match=r"Synchronization\.Read\.All"):
        client.source_attributes()
