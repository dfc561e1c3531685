"""Changes to a schema, as people make them by hand in a portal: each breaks a tenant in one of the ways that are complained of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from hcm_pipeline.sandbox.attribute_mapping import parent_of
from hcm_pipeline.sandbox.bulk import ENTERPRISE

Json = dict[str, Any]


def changed(schema: Json, what: str, attribute: str | None) -> Json:
    """The schema after one change, of an attribute where the change is of one. Raises ValueError with what is allowed."""
    if what not in CHANGES:
        raise ValueError(f"change: one of {', '.join(CHANGES)}")
    after = deepcopy(schema)
    CHANGES[what](after, attribute)
    return after


def _mappings(schema: Json) -> Iterator[tuple[list[Json], Json]]:
    """Every mapping with the array it is in."""
    for rule in schema["synchronizationRules"]:
        for one in rule["objectMappings"]:
            for mapping in list(one["attributeMappings"]):
                yield one["attributeMappings"], mapping


def _directory(schema: Json, side: str) -> list[Json]:
    """The attribute definitions of the source or the target."""
    name = schema["synchronizationRules"][0][f"{side}DirectoryName"]
    found: list[Json] = next(one for one in schema["directories"] if one["name"] == name)["objects"][0]["attributes"]
    return found


def _target(schema: Json, attribute: str | None) -> Json:
    for _, mapping in _mappings(schema):
        if mapping["targetAttributeName"] == attribute:
            return mapping
    raise ValueError("attribute: no mapping has this target")


def _no_custom(schema: Json, attribute: str | None) -> None:
    """Custom attributes of the source, or one of them, were never added."""
    source = _directory(schema, "source")
    gone = {
        one["name"]
        for one in source
        if (one["name"] == attribute if attribute else _is_custom(one["name"]))
    }  # fmt: skip
    if not gone:
        raise ValueError("attribute: the source has no such attribute")
    source[:] = [one for one in source if one["name"] not in gone]
    for mappings, mapping in _mappings(schema):
        if (mapping.get("source") or {}).get("name") in gone:
            mappings.remove(mapping)


def _is_custom(name: str) -> bool:
    return name.startswith("urn:") and parent_of(name) != f"{ENTERPRISE}:"


def _rewrites(schema: Json, attribute: str | None) -> None:
    """A name is made anew, with a random end, at every update."""
    mapping = _target(schema, attribute or "userPrincipalName")
    mapping["flowType"] = "Always"
    mapping["source"] = {
        "expression": 'Join("", [externalId], RandomString(3, 3, 0, 0, 0, ), "@", DefaultDomain())', "name": "Join",
        "type": "Function", "parameters": [],
    }  # fmt: skip


def _no_nulls(schema: Json, attribute: str | None) -> None:
    """Null flow is off: at every attribute of the source, or at one."""
    for one in _directory(schema, "source"):
        if attribute in (None, one["name"]):
            one["flowNullValues"] = False


def _no_mapping_nulls(schema: Json, attribute: str | None) -> None:
    """Null flow is off at the mappings, or at the one of a target."""
    for _, mapping in _mappings(schema):
        if attribute in (None, mapping["targetAttributeName"]):
            mapping["flowNullValues"] = False


def _unmapped(schema: Json, attribute: str | None) -> None:
    """A mapping was deleted, known by its target."""
    gone = _target(schema, attribute)
    for mappings, mapping in _mappings(schema):
        if mapping is gone:
            mappings.remove(mapping)


def _no_match(schema: Json, _attribute: str | None) -> None:
    """Nothing is matched by."""
    for _, mapping in _mappings(schema):
        mapping["matchingPriority"] = 0


def _match_by(schema: Json, attribute: str | None) -> None:
    """Another attribute of the target is matched by, alone."""
    wanted = _target(schema, attribute)
    for _, mapping in _mappings(schema):
        mapping["matchingPriority"] = int(mapping is wanted)


def _create_only(schema: Json, attribute: str | None) -> None:
    """A target is written at creation alone."""
    _target(schema, attribute)["flowType"] = "ObjectAddOnly"


def _always(schema: Json, attribute: str | None) -> None:
    """A target that was written at creation alone is written always."""
    _target(schema, attribute)["flowType"] = "Always"


def _read_only(schema: Json, attribute: str | None) -> None:
    """An attribute of the target cannot be written."""
    for one in _directory(schema, "target"):
        if one["name"] == attribute:
            one["mutability"] = "ReadOnly"
            return
    raise ValueError("attribute: the target has no such attribute")


def _off(schema: Json, _attribute: str | None) -> None:
    """The mapping of people is switched off."""
    for rule in schema["synchronizationRules"]:
        for one in rule["objectMappings"]:
            one["enabled"] = False


def _no_updates(schema: Json, _attribute: str | None) -> None:
    """Only new accounts are written."""
    for rule in schema["synchronizationRules"]:
        for one in rule["objectMappings"]:
            one["flowTypes"] = "Add"


CHANGES: dict[str, Callable[[Json, str | None], None]] = {
    "no_custom_attribute": _no_custom,
    "rewrites_names": _rewrites,
    "null_flow_off": _no_nulls,
    "mapping_null_flow_off": _no_mapping_nulls,
    "no_mapping": _unmapped,
    "no_match": _no_match,
    "match_by": _match_by,
    "create_only": _create_only,
    "always": _always,
    "read_only": _read_only,
    "mapping_disabled": _off,
    "no_updates": _no_updates,
}
