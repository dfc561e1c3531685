"""A schema of each kind in Graph's JSON that breaks no rule, and ways to change one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from hcm_pipeline.synchronization import Schema, read

USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
OWN = "urn:ietf:params:scim:schemas:extension:contoso:1.0:User"
NULL_FIELD = "flowNullValues"

Json = dict[str, Any]


def attribute(name: str, kind: str = "String", **given: Any) -> Json:
    return {
        "name": name, "type": kind, "anchor": False, "caseExact": False, "required": False, "multivalued": False,
        "mutability": "ReadWrite", "metadata": [], "referencedObjects": [], **given,
    }  # fmt: skip


def direct(source: str, target: str, **given: Any) -> Json:
    parsed = {"expression": f"[{source}]", "name": source, "type": "Attribute", "parameters": []}
    return mapping(target, parsed, **given)


def mapping(target: str, source: Json | None, **given: Any) -> Json:
    return {
        "targetAttributeName": target, "source": source, "defaultValue": None, "matchingPriority": 0, "flowType": "Always",
        "flowBehavior": "FlowWhenChanged", "exportMissingReferences": False, **given,
    }  # fmt: skip


def constant(value: str) -> Json:
    return {"expression": f'"{value}"', "name": value, "type": "Constant", "parameters": []}


def function(text: str, name: str, *parameters: tuple[str, Json]) -> Json:
    return {
        "expression": text, "name": name, "type": "Function",
        "parameters": [{"key": key, "value": value} for key, value in parameters],
    }  # fmt: skip


def switch(*pairs: str) -> Json:
    """Switch over `active`, without a default."""
    active = {"expression": "[active]", "name": "active", "type": "Attribute", "parameters": []}
    said = ", ".join(f'"{one}"' for one in pairs)
    return function(
        f"Switch([active], , {said})", "Switch", ("source", active), *(("switchValue", constant(one)) for one in pairs)
    )


def entra() -> Json:
    """A job to Entra ID."""
    source = [
        attribute("externalId", anchor=True), attribute("userName"), attribute("active", "Boolean"), attribute("displayName"),
        attribute("title", flowNullValues=True), attribute("userType"), attribute('emails[type eq "work"].value'),
        attribute('phoneNumbers[type eq "mobile"].value'), attribute(f"{USER}:department"),
        attribute(f"{USER}:manager", "Reference", referencedObjects=[{"referencedObjectName": USER}]),
        attribute(f"{OWN}:HireDate", "DateTime"), attribute(f"{OWN}:Grade", "Integer"),
    ]  # fmt: skip
    target = [
        attribute("objectId", anchor=True, mutability="ReadOnly"), attribute("employeeId"),
        attribute("userPrincipalName", required=True),
        attribute("accountEnabled", "Boolean"), attribute("displayName"), attribute("jobTitle"), attribute("department"),
        attribute("mail"), attribute("mobile"), attribute("manager", "Reference"), attribute("employeeHireDate", "DateTime"),
        attribute("extensionAttribute1"), attribute("country"), attribute("immutableId", mutability="Immutable"),
        attribute("userType"), attribute("mailNickname"),
    ]  # fmt: skip
    return schema(
        "Azure Active Directory", source, target,
        direct("externalId", "employeeId", matchingPriority=1),
        direct("userName", "userPrincipalName", flowType="ObjectAddOnly"),
        direct("active", "accountEnabled"), direct("displayName", "displayName"),
        direct("title", "jobTitle", **{NULL_FIELD: True}), direct(f"{USER}:department", "department"),
        direct(f"{USER}:manager", "manager"), direct(f"{OWN}:HireDate", "employeeHireDate"),
    )  # fmt: skip


def active_directory() -> Json:
    """A job to Active Directory."""
    source = [
        attribute("externalId", anchor=True), attribute("userName"), attribute("active", "Boolean"), attribute("displayName"),
        attribute(f"{OWN}:SamAccountName"),
    ]  # fmt: skip
    target = [
        attribute("objectGUID", anchor=True, mutability="ReadOnly"), attribute("employeeID"), attribute("userPrincipalName"),
        attribute("sAMAccountName"), attribute("accountDisabled", "Boolean"), attribute("cn"), attribute("displayName"),
    ]  # fmt: skip
    return schema(
        "Active Directory", source, target, direct("externalId", "employeeID", matchingPriority=1),
        direct("userName", "userPrincipalName", flowType="ObjectAddOnly"),
        direct(f"{OWN}:SamAccountName", "sAMAccountName", flowType="ObjectAddOnly"),
        mapping("accountDisabled", switch("False", "True", "True", "False")), direct("displayName", "cn", flowType="ObjectAddOnly"),
        direct("displayName", "displayName"),
    )  # fmt: skip


def schema(target: str, source: list[Json], accounts: list[Json], *mappings: Json) -> Json:
    return {
        "@odata.context": "https://graph.example/$metadata#schema", "id": "API2X.1.2", "version": "7",
        "directories": [
            {"id": "66e4a8cc", "name": "API", "version": "3", "readOnly": False, "discoverabilities": "None",
             "objects": [{"name": USER, "metadata": [], "supportedApis": [], "attributes": source}]},
            {"id": "3bc8a8cc", "name": target, "version": "3", "readOnly": False,
             "objects": [{"name": "User", "metadata": [], "supportedApis": [], "attributes": accounts}]},
        ],
        "synchronizationRules": [{
            "id": "r", "name": "USER_INBOUND_USER", "editable": True, "priority": 1, "metadata": [],
            "sourceDirectoryName": "API", "targetDirectoryName": target, "containerFilter": None,
            "objectMappings": [{
                "name": f"Provision API {USER}s", "enabled": True, "flowTypes": "Add, Update, Delete",
                "sourceObjectName": USER, "targetObjectName": "User", "scope": None, "metadata": [],
                "attributeMappings": list(mappings),
            }],
        }],
    }  # fmt: skip


class Changed:
    """A schema that a test changes by hand."""

    def __init__(self, made: Callable[[], Json] = entra) -> None:
        self.json = copy.deepcopy(made())

    @property
    def people(self) -> Json:
        found: Json = self.json["synchronizationRules"][0]["objectMappings"][0]
        return found

    @property
    def mappings(self) -> list[Json]:
        found: list[Json] = self.people["attributeMappings"]
        return found

    def mapping(self, target: str) -> Json:
        return next(one for one in self.mappings if one["targetAttributeName"] == target)

    def source(self, name: str) -> Json:
        return next(one for one in self.json["directories"][0]["objects"][0]["attributes"] if one["name"] == name)

    def target(self, name: str) -> Json:
        return next(one for one in self.json["directories"][1]["objects"][0]["attributes"] if one["name"] == name)

    def add_source(self, name: str, kind: str = "String", **given: Any) -> None:
        self.json["directories"][0]["objects"][0]["attributes"].append(attribute(name, kind, **given))

    def add_target(self, name: str, kind: str = "String", **given: Any) -> None:
        self.json["directories"][1]["objects"][0]["attributes"].append(attribute(name, kind, **given))

    def filter_by(self, source: str, operator: str, *values: str) -> None:
        clause = {"sourceOperandName": source, "operatorName": operator, "targetOperand": {"values": list(values)}}
        self.people["scope"] = {"groups": [{"name": "g", "clauses": [clause]}]}

    def text(self, target: str, expression: str, **given: Any) -> None:
        """A mapping of which the service tells the text alone."""
        self.mappings[:] = [one for one in self.mappings if one["targetAttributeName"] != target]
        self.mappings.append(mapping(target, {"expression": expression, "name": None, "type": None}, **given))

    def read(self) -> Schema:
        return read(self.json, NULL_FIELD)
