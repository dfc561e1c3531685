"""Whether a synchronization schema is one that the service takes: the resource types of the Graph reference as a function of JSON.

Source: `synchronizationSchema`, `directoryDefinition`, `attributeDefinition`, `synchronizationRule`, `objectMapping`,
`attributeMapping`, `attributeMappingSource` and `filter` of the Graph reference. Which of these rules the service itself holds is
not published; each is one that a schema cannot break and still mean anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hcm_pipeline.sandbox.expression_catalogue import FILTER_OPERATORS
from hcm_pipeline.sandbox.expressions import attributes_in
from hcm_pipeline.sandbox.schema_sources import fault_of, node_of

Json = dict[str, Any]

TYPES = ("String", "Integer", "Reference", "Binary", "Boolean", "DateTime")
MUTABILITY = ("ReadWrite", "ReadOnly", "Immutable", "WriteOnly")
FLOW_TYPES = ("Always", "ObjectAddOnly", "MultiValueAddOnly", "ValueAddOnly", "AttributeAddOnly")
FLOW_BEHAVIORS = ("FlowWhenChanged", "FlowAlways")
OBJECT_FLOWS = ("None", "Add", "Update", "Delete")
SOURCE_TYPES = ("Attribute", "Constant", "Function")
OPERATORS = {one["id"]: one["arity"] for one in FILTER_OPERATORS}

PROPERTIES: dict[str, frozenset[str]] = {
    kind: frozenset(names.split())
    for kind, names in {
        "schema": "id version synchronizationRules directories provisioningTaskIdentifier",
        "directory": "id name version discoverabilities discoveryDateTime readOnly objects",
        "object": "name attributes metadata supportedApis",
        "attribute": "name type anchor caseExact required multivalued mutability defaultValue flowNullValues referencedObjects"
        " apiExpressions metadata",
        "rule": "id name priority editable sourceDirectoryName targetDirectoryName objectMappings containerFilter groupFilter"
        " metadata",
        "objectMapping": "name enabled flowTypes sourceObjectName targetObjectName scope attributeMappings metadata",
        "mapping": "targetAttributeName source defaultValue matchingPriority flowType flowBehavior exportMissingReferences"
        " flowNullValues",
        "source": "expression name type parameters",
        "parameter": "key value",
        "filter": "groups inputFilterGroups categoryFilterGroups",
        "group": "name clauses",
        "clause": "sourceOperandName operatorName targetOperand",
    }.items()
}
"""By the kind of an object. `flowNullValues` of a mapping is a guess: nobody has published the second switch's name."""


class SchemaFault(ValueError):
    """The schema breaks a rule. The message names the place and the rule."""

    def __init__(self, where: str, rule: str) -> None:
        super().__init__(f"The synchronization schema is not valid. {where}: {rule}")


def check_schema(schema: Json) -> None:
    """Raises SchemaFault on the first broken rule."""
    _check_names("schema", "", schema)
    directories: dict[str, Json] = {}
    for where, directory in _objects(schema, "directories", ""):
        _check_directory(where, directory)
        if directory["name"] in directories:
            raise SchemaFault(f"{where}.name", "another directory has it")
        directories[directory["name"]] = directory
    rules = list(_objects(schema, "synchronizationRules", ""))
    if not rules:
        raise SchemaFault("synchronizationRules", "at least one is needed")
    for where, rule in rules:
        _check_rule(where, rule, directories)


def attributes_of(directory: Mapping[str, Any], object_name: str) -> dict[str, Json] | None:
    """The attribute definitions of an object of a directory, by name; None: the directory has no such object."""
    for found in directory.get("objects") or []:
        if found.get("name") == object_name:
            return {one["name"]: one for one in found.get("attributes") or []}
    return None


# --- directories


def _check_directory(where: str, directory: Json) -> None:
    _check_names("directory", where, directory)
    _text(where, directory, "name")
    for place, found in _objects(directory, "objects", where):
        _check_names("object", place, found)
        _text(place, found, "name")
        seen: set[str] = set()
        for spot, attribute in _objects(found, "attributes", place):
            _check_names("attribute", spot, attribute)
            name = _text(spot, attribute, "name")
            if name in seen:
                raise SchemaFault(f"{spot}.name", "another attribute has it")
            seen.add(name)
            _one_of(spot, attribute, "type", TYPES)
            _one_of(spot, attribute, "mutability", MUTABILITY, needed=False)
            for flag in ("anchor", "caseExact", "required", "multivalued", "flowNullValues"):
                _is(spot, attribute, flag, bool)


# --- rules


def _check_rule(where: str, rule: Json, directories: Mapping[str, Json]) -> None:
    _check_names("rule", where, rule)
    sides = []
    for name in ("sourceDirectoryName", "targetDirectoryName"):
        if _text(where, rule, name) not in directories:
            raise SchemaFault(f"{where}.{name}", "no directory has this name")
        sides.append(directories[rule[name]])
    for place, mapping in _objects(rule, "objectMappings", where):
        _check_object_mapping(place, mapping, *sides)


def _check_object_mapping(where: str, mapping: Json, source: Json, target: Json) -> None:
    _check_names("objectMapping", where, mapping)
    _is(where, mapping, "enabled", bool)
    flows = mapping.get("flowTypes")
    if flows is not None and (
        not isinstance(flows, str) or not {word.strip() for word in flows.split(",")} <= set(OBJECT_FLOWS)
    ):
        raise SchemaFault(f"{where}.flowTypes", f"the values are {', '.join(OBJECT_FLOWS)}")
    known = {}
    for side, directory, name in (("source", source, "sourceObjectName"), ("target", target, "targetObjectName")):
        found = attributes_of(directory, _text(where, mapping, name))
        if found is None:
            raise SchemaFault(f"{where}.{name}", "the directory has no such object")
        known[side] = found
    seen: set[str] = set()
    for place, one in _objects(mapping, "attributeMappings", where):
        _check_mapping(place, one, known["source"], known["target"])
        if one["targetAttributeName"] in seen:
            raise SchemaFault(f"{place}.targetAttributeName", "another mapping has this target")
        seen.add(one["targetAttributeName"])
    if mapping.get("scope") is not None:
        _check_scope(f"{where}.scope", mapping["scope"], known["source"])


def _check_mapping(where: str, mapping: Json, source: Mapping[str, Json], target: Mapping[str, Json]) -> None:
    _check_names("mapping", where, mapping)
    name = _text(where, mapping, "targetAttributeName")
    if name not in target and name != "objectFilter":
        raise SchemaFault(f"{where}.targetAttributeName", "the target directory has no such attribute")
    _one_of(where, mapping, "flowType", FLOW_TYPES, needed=False)
    _one_of(where, mapping, "flowBehavior", FLOW_BEHAVIORS, needed=False)
    for flag in ("exportMissingReferences", "flowNullValues"):
        _is(where, mapping, flag, bool)
    _is(where, mapping, "defaultValue", str)
    priority = mapping.get("matchingPriority", 0)
    if isinstance(priority, bool) or not isinstance(priority, int) or priority < 0:
        raise SchemaFault(f"{where}.matchingPriority", "an integer from 0")
    if mapping.get("source") is not None:
        _check_source(f"{where}.source", mapping["source"], source)
        fault = fault_of(mapping["source"], matching=priority > 0)
        if fault is not None:
            raise SchemaFault(f"{where}.source.expression", fault)
        unknown = attributes_in(node_of(mapping["source"])) - source.keys()
        if unknown:
            raise SchemaFault(f"{where}.source.expression", f"the source directory has no attribute {min(unknown)}")
    elif mapping.get("defaultValue") is None:
        raise SchemaFault(f"{where}.source", "a mapping without a source has a default value")


def _check_source(where: str, source: object, known: Mapping[str, Json]) -> None:
    if not isinstance(source, dict):
        raise SchemaFault(where, "an object")
    _check_names("source", where, source)
    _is(where, source, "expression", str)
    kind = _one_of(where, source, "type", SOURCE_TYPES)
    if kind == "Attribute" and _text(where, source, "name") not in known:
        raise SchemaFault(f"{where}.name", "the source directory has no such attribute")
    for place, parameter in _objects(source, "parameters", where):
        _check_names("parameter", place, parameter)
        _text(place, parameter, "key")
        _check_source(f"{place}.value", parameter.get("value"), known)


# --- scope


def _check_scope(where: str, scope: object, known: Mapping[str, Json]) -> None:
    if not isinstance(scope, dict):
        raise SchemaFault(where, "an object")
    _check_names("filter", where, scope)
    for place, group in _objects(scope, "groups", where):
        _check_names("group", place, group)
        for spot, clause in _objects(group, "clauses", place):
            _check_names("clause", spot, clause)
            if _text(spot, clause, "sourceOperandName") not in known:
                raise SchemaFault(f"{spot}.sourceOperandName", "the source directory has no such attribute")
            if known[clause["sourceOperandName"]].get("multivalued"):
                raise SchemaFault(f"{spot}.sourceOperandName", "a filter does not go by a multi-valued attribute")
            arity = OPERATORS[_one_of(spot, clause, "operatorName", tuple(OPERATORS))]
            operand = clause.get("targetOperand")
            values = operand.get("values") if isinstance(operand, dict) else None
            if arity == "Binary" and not (isinstance(values, list) and values):
                raise SchemaFault(f"{spot}.targetOperand.values", "an array of at least one value")


# --- the forms of JSON


def _objects(holder: Json, name: str, where: str) -> Iterator[tuple[str, Json]]:
    """The objects of an array and the place of each; an array that is absent or null has none."""
    place = f"{where}.{name}" if where else name
    found = holder.get(name)
    if found is None:
        return
    if not isinstance(found, list):
        raise SchemaFault(place, "an array")
    for number, one in enumerate(found):
        if not isinstance(one, dict):
            raise SchemaFault(f"{place}[{number}]", "an object")
        yield f"{place}[{number}]", one


def _check_names(kind: str, where: str, found: Json) -> None:
    for name in found:
        if name not in PROPERTIES[kind] and "@odata." not in name:
            raise SchemaFault(where or "schema", f"the property '{name}' does not exist on the type of {kind}")


def _text(where: str, found: Json, name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise SchemaFault(f"{where}.{name}", "a text is needed")
    return value


def _one_of(where: str, found: Json, name: str, allowed: tuple[str, ...], *, needed: bool = True) -> str:
    value = found.get(name)
    if value is None and not needed:
        return allowed[0]
    if not isinstance(value, str) or value not in allowed:
        raise SchemaFault(f"{where}.{name}", f"the values are {', '.join(allowed)}")
    return value


def _is(where: str, found: Json, name: str, kind: type) -> None:
    if found.get(name) is not None and not isinstance(found[name], kind):
        raise SchemaFault(f"{where}.{name}", "true or false" if kind is bool else "a text")
