"""A synchronization job's schema, as far as it says what becomes of a null that a source attribute is sent.

Sources: `synchronizationSchema`, `attributeDefinition` and `attributeMapping` of the Graph reference; "Clear attribute values" of
the provisioning documentation (preview, August 2026). Nulls flow through two switches, one at the source attribute
(`flowNullValues`) and one at the mapping. No documentation names the JSON field of the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

CREATE_ONLY = "ObjectAddOnly"
"""The flow type of a mapping that counts when an account is made, and never after."""
IGNORES_NULLS = "IgnoreFlowIfNullOrEmpty"

Json = Mapping[str, object]


@dataclass(frozen=True)
class SourceAttribute:
    """A source attribute that some mapping uses. `flows`: a null of it clears, on an update, what it is mapped to.

    `held_as`: the attributes of the account that have its very value, as the target's schema names them; an expression makes
    another.
    """

    name: str
    flows: bool
    held_as: tuple[str, ...] = ()


def source_attributes(schema: Json, mapping_field: str | None = None) -> list[SourceAttribute]:
    """The source attributes that the enabled mappings of a job's schema use, each once.

    `mapping_field`: the field of a mapping that says whether nulls flow through it; None: it is not known, and the source
    attribute alone decides. Matching and required attributes never flow, nor does one that is mapped at creation alone. An
    attribute that several mappings use flows when it flows through all of them.
    """
    switched = {name: _switched(each) for name, each in _definitions(schema)}
    found: dict[str, bool] = {}
    held: dict[str, list[str]] = {}
    for mapping in _mappings(schema):
        source, to = _object(mapping.get("source")), mapping.get("targetAttributeName")
        if source.get("type") == "Attribute" and isinstance(to, str):
            held.setdefault(str(source.get("name")), []).append(to)
        for name, ignored in _names_in(source):
            flows = switched.get(name, False) and not ignored and _lets_nulls_by(mapping, mapping_field)
            found[name] = found.get(name, True) and flows
    return [SourceAttribute(name, flows, tuple(held.get(name, ()))) for name, flows in found.items()]


def _switched(definition: Json) -> bool:
    never = any(definition.get(name) is True for name in ("anchor", "required", "multivalued"))
    return definition.get("flowNullValues") is True and not never


def _lets_nulls_by(mapping: Json, field: str | None) -> bool:
    priority = mapping.get("matchingPriority")
    matching = isinstance(priority, int) and priority > 0
    return not matching and mapping.get("flowType") != CREATE_ONLY and (field is None or mapping.get(field) is True)


def _definitions(schema: Json) -> Iterator[tuple[str, Json]]:
    """The attributes of the objects that rules take from, by name."""
    sources = {str(rule.get("sourceDirectoryName")) for rule in _objects(schema.get("synchronizationRules"))}
    for directory in _objects(schema.get("directories")):
        if str(directory.get("name")) in sources:
            for kind in _objects(directory.get("objects")):
                for attribute in _objects(kind.get("attributes")):
                    yield str(attribute.get("name")), attribute


def _mappings(schema: Json) -> Iterator[Json]:
    for rule in _objects(schema.get("synchronizationRules")):
        for each in _objects(rule.get("objectMappings")):
            if each.get("enabled") is not False:
                yield from _objects(each.get("attributeMappings"))


def _names_in(source: Json, ignored: bool = False) -> Iterator[tuple[str, bool]]:
    """The attributes that an expression uses, and whether it ignores that one is null."""
    if source.get("type") == "Attribute":
        yield str(source.get("name")), ignored
    within = ignored or source.get("name") == IGNORES_NULLS
    for parameter in _objects(source.get("parameters")):
        yield from _names_in(_object(parameter.get("value")), within)


def _objects(value: object) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}
