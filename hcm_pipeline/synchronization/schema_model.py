"""A synchronization job's schema as typed values: directories, rules, object mappings, attribute mappings, scope.

Lossless: each value keeps Graph's JSON as it was read (`raw`) and writes it back with no other field than those that were given
another value. Sources: `synchronizationSchema`, `directoryDefinition`, `objectDefinition`, `attributeDefinition`,
`synchronizationRule`, `objectMapping`, `attributeMapping`, `attributeMappingSource` and `filter` of the Graph reference, v1.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

from hcm_pipeline.errors import PipelineError

Json = Mapping[str, object]
NOTHING: Json = {}
DEEPEST = 300
"""Levels of JSON: three for each function inside another, of which an expression may have a hundred at most."""


class SchemaFault(PipelineError):
    """JSON that has not the form of a synchronization schema. `path`: where, as `directories[0].objects[1].name`."""

    def __init__(self, path: str, allowed: str) -> None:
        self.path = path
        self.allowed = allowed
        super().__init__(f"{path or 'the schema'}: {allowed}")


class FlowType(StrEnum):
    """When a mapping writes (`attributeFlowType`). ObjectAddOnly is "Only during object creation" of the portal."""

    ALWAYS = "Always"
    OBJECT_ADD_ONLY = "ObjectAddOnly"
    MULTI_VALUE_ADD_ONLY = "MultiValueAddOnly"
    VALUE_ADD_ONLY = "ValueAddOnly"
    ATTRIBUTE_ADD_ONLY = "AttributeAddOnly"


# --- the values


@dataclass(frozen=True)
class Attribute:
    """An attribute of an object of a directory. `type`: String, Integer, Reference, Binary, Boolean or DateTime.

    `mutability`: ReadWrite, ReadOnly, Immutable or WriteOnly. `flow_nulls`: the first switch of null flow; None: the schema does
    not say. `referenced`: the objects that a reference may name.
    """

    name: str
    type: str = "String"
    anchor: bool = False
    case_exact: bool = False
    required: bool = False
    multivalued: bool = False
    mutability: str = "ReadWrite"
    flow_nulls: bool | None = None
    referenced: tuple[str, ...] = ()
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    @property
    def custom(self) -> bool:
        """Whether somebody added it to the directory: the service marks those that customers define."""
        return any(
            one.get("key") == "IsCustomerDefined" and str(one.get("value")).lower() == "true"
            for one in _plain_objects(self.raw.get("metadata"))
        )

    def as_json(self) -> dict[str, object]:
        """Graph's `attributeDefinition`."""
        known: dict[str, object] = {
            "name": self.name, "type": self.type, "anchor": self.anchor, "caseExact": self.case_exact, "required": self.required,
            "multivalued": self.multivalued, "mutability": self.mutability,
        }  # fmt: skip
        if not self.raw:
            known |= {"metadata": [], "referencedObjects": [], "apiExpressions": [], "defaultValue": None}
        if self.flow_nulls is not None:
            known["flowNullValues"] = self.flow_nulls
        before = read_attribute(self.raw, "") if self.raw else None
        if self.referenced and (before is None or before.referenced != self.referenced):
            known["referencedObjects"] = [
                {"referencedObjectName": one, "referencedProperty": None} for one in self.referenced
            ]
        return _over(self.raw, known, _ATTRIBUTE_DEFAULTS)


@dataclass(frozen=True)
class AttributeMapping:
    """How one attribute of the account is made.

    `expression`: the source as text, `[externalId]` or a function; None: there is no source, and `default_value` is a constant.
    `source`: the same in Graph's parsed form (`attributeMappingSource`). `matching_priority`: 0: it does not match. `flow_nulls`:
    the second switch of null flow; None: the schema does not say, or nobody knows its field.
    """

    target: str
    expression: str | None
    default_value: str | None = None
    matching_priority: int = 0
    flow_type: str = FlowType.ALWAYS
    flow_behavior: str = "FlowWhenChanged"
    export_missing_references: bool = False
    flow_nulls: bool | None = None
    source: Json | None = field(default=None, repr=False, compare=False)
    null_flow_field: str | None = field(default=None, repr=False, compare=False)
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    @property
    def create_only(self) -> bool:
        """Whether it writes when the account is made, and never after."""
        return self.flow_type == FlowType.OBJECT_ADD_ONLY

    @property
    def matching(self) -> bool:
        """Whether an account is found by it."""
        return self.matching_priority > 0

    @property
    def direct(self) -> str | None:
        """The source attribute, when it flows as it is; None: a function, a constant or nothing."""
        if self.source is not None and self.source.get("type") == "Attribute":
            return str(self.source.get("name"))
        names = attribute_names_in(self.expression or "")
        return names[0] if len(names) == 1 and self.expression == f"[{names[0]}]" else None

    @property
    def sources(self) -> tuple[str, ...]:
        """The source attributes that it reads, each once."""
        parsed = tuple(_names_of(self.source)) if self.source else ()
        return tuple(dict.fromkeys(parsed or attribute_names_in(self.expression or "")))

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions of the parsed form, the outermost first; empty where there is no parsed form."""
        return tuple(_functions_of(self.source)) if self.source else ()

    def as_json(self) -> dict[str, object]:
        """Graph's `attributeMapping`."""
        known: dict[str, object] = {
            "targetAttributeName": self.target, "source": self.source, "defaultValue": self.default_value,
            "matchingPriority": self.matching_priority, "flowType": str(self.flow_type), "flowBehavior": self.flow_behavior,
            "exportMissingReferences": self.export_missing_references,
        }  # fmt: skip
        if self.flow_nulls is not None and self.null_flow_field:
            known[self.null_flow_field] = self.flow_nulls
        return _over(self.raw, known, _MAPPING_DEFAULTS)


@dataclass(frozen=True)
class Clause:
    """One condition of a scope: `source` is a source attribute, `operator` one of the service's (`filterOperators`)."""

    source: str
    operator: str
    values: tuple[str, ...] = ()
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    def as_json(self) -> dict[str, object]:
        """Graph's `filterClause`."""
        known: dict[str, object] = {"sourceOperandName": self.source, "operatorName": self.operator}
        operand = self.raw.get("targetOperand")
        if not self.raw or _texts(operand.get("values") if isinstance(operand, dict) else None) != self.values:
            known["targetOperand"] = {**(operand if isinstance(operand, dict) else {}), "values": list(self.values)}
        return _over(self.raw, known)


@dataclass(frozen=True)
class Group:
    """Conditions of which all must hold."""

    name: str
    clauses: tuple[Clause, ...]
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    def as_json(self) -> dict[str, object]:
        """Graph's `filterGroup`."""
        return _over(self.raw, {"name": self.name, "clauses": [one.as_json() for one in self.clauses]})


@dataclass(frozen=True)
class Scope:
    """The people in scope: those for whom one of the groups holds. Without groups everybody is."""

    groups: tuple[Group, ...] = ()
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    def as_json(self) -> dict[str, object]:
        """Graph's `filter`."""
        known: dict[str, object] = {"groups": [one.as_json() for one in self.groups]}
        if not self.raw:
            known |= {"inputFilterGroups": [], "categoryFilterGroups": []}
        return _over(self.raw, known)


@dataclass(frozen=True)
class Directory:
    """One side of the job. `objects`: the attributes by the object's name. `read_only`: its definition cannot be changed."""

    name: str
    id: str
    read_only: bool
    objects: Mapping[str, tuple[Attribute, ...]]
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    def attributes(self, object_name: str) -> dict[str, Attribute]:
        """The attributes of an object by their names; empty for an object that it has not."""
        return {one.name: one for one in self.objects.get(object_name, ())}

    def as_json(self) -> dict[str, object]:
        """Graph's `directoryDefinition`."""
        before = {str(one.get("name")): one for one in _plain_objects(self.raw.get("objects"))}
        objects = []
        for name, attributes in self.objects.items():
            fresh: Json = {"name": name, "metadata": [], "supportedApis": []}
            objects.append(
                {**before.get(name, fresh), "name": name, "attributes": [one.as_json() for one in attributes]}
            )
        known = {"name": self.name, "id": self.id, "readOnly": self.read_only, "objects": objects}
        if not self.raw:
            known |= {"version": "", "discoverabilities": "None", "discoveryDateTime": None}
        return _over(self.raw, known, _DIRECTORY_DEFAULTS)


@dataclass(frozen=True)
class ObjectMapping:
    """How objects of one kind become objects of another. `flow_types`: of Add, Update and Delete, what the job carries out."""

    name: str
    enabled: bool
    flow_types: frozenset[str]
    source_object: str
    target_object: str
    scope: Scope
    mappings: tuple[AttributeMapping, ...]
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    def of_target(self, name: str) -> AttributeMapping | None:
        """The mapping that fills an attribute of the account, whatever the case of its name; None: there is none."""
        return next((one for one in self.mappings if one.target.lower() == name.lower()), None)

    def as_json(self) -> dict[str, object]:
        """Graph's `objectMapping`."""
        known: dict[str, object] = {
            "name": self.name, "enabled": self.enabled, "sourceObjectName": self.source_object,
            "targetObjectName": self.target_object, "attributeMappings": [one.as_json() for one in self.mappings],
        }  # fmt: skip
        if not self.raw or _flow_types(self.raw.get("flowTypes")) != self.flow_types:
            known["flowTypes"] = ", ".join(one for one in ("Add", "Update", "Delete") if one in self.flow_types)
        if self.scope.groups or self.scope.raw or not self.raw:
            known["scope"] = self.scope.as_json()
        if not self.raw:
            known["metadata"] = []
        return _over(self.raw, known)


@dataclass(frozen=True)
class Rule:
    """Which directory flows to which."""

    name: str
    source_directory: str
    target_directory: str
    object_mappings: tuple[ObjectMapping, ...]
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    def as_json(self) -> dict[str, object]:
        """Graph's `synchronizationRule`."""
        known: dict[str, object] = {
            "name": self.name, "sourceDirectoryName": self.source_directory, "targetDirectoryName": self.target_directory,
            "objectMappings": [one.as_json() for one in self.object_mappings],
        }  # fmt: skip
        if not self.raw:
            known |= {"editable": True, "priority": 1, "metadata": []}
        return _over(self.raw, known)


@dataclass(frozen=True)
class People:
    """The mapping of people in a schema, with the attributes on both sides. `path`: where the mapping stands in the JSON."""

    rule: Rule
    mapping: ObjectMapping
    source: Mapping[str, Attribute]
    target: Mapping[str, Attribute]
    path: str


@dataclass(frozen=True)
class Schema:
    """A synchronization job's schema."""

    id: str
    version: str
    rules: tuple[Rule, ...]
    directories: tuple[Directory, ...]
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    def directory(self, name: str) -> Directory | None:
        """A directory by its name, never by its place or id; None: there is none."""
        return next((one for one in self.directories if one.name == name), None)

    def user_mapping(self) -> ObjectMapping:
        """The one object mapping of people. Raises SchemaFault when there is none, or several."""
        return self.people.mapping

    @cached_property
    def people(self) -> People:
        """The one object mapping of people and what belongs to it. Raises SchemaFault when there is none, or several."""
        to_users = [
            (i, j, rule, mapping)
            for i, rule in enumerate(self.rules)
            for j, mapping in enumerate(rule.object_mappings)
            if mapping.target_object.lower() == "user"
        ]
        found = [one for one in to_users if _of_people(one[3])] or to_users
        found = [one for one in found if one[3].enabled] or found
        if len(found) != 1:
            raise SchemaFault(
                "synchronizationRules",
                f"one enabled object mapping makes people ({len(found)} do here): its target object is called User",
            )
        i, j, rule, mapping = found[0]
        source, target = self.directory(rule.source_directory), self.directory(rule.target_directory)
        return People(
            rule,
            mapping,
            source.attributes(mapping.source_object) if source else {},
            target.attributes(mapping.target_object) if target else {},
            f"synchronizationRules[{i}].objectMappings[{j}]",
        )

    def source_attribute(self, name: str) -> Attribute | None:
        """An attribute of the people in the source directory; None: there is none."""
        return self.people.source.get(name)

    def target_attribute(self, name: str) -> Attribute | None:
        """An attribute of the accounts in the target directory, whatever the case of its name; None: there is none."""
        found = self.people.target
        return found.get(name) or next((one for one in found.values() if one.name.lower() == name.lower()), None)

    def with_user_mapping(self, mapping: ObjectMapping) -> Schema:
        """The same schema with another mapping of people."""
        old, rule = self.people.mapping, self.people.rule
        changed = replace(rule, object_mappings=tuple(mapping if one is old else one for one in rule.object_mappings))
        return replace(self, rules=tuple(changed if one is rule else one for one in self.rules))

    def with_directory(self, directory: Directory) -> Schema:
        """The same schema, with another definition of the directory of that name."""
        return replace(
            self, directories=tuple(directory if one.name == directory.name else one for one in self.directories)
        )

    def as_json(self) -> dict[str, object]:
        """Graph's `synchronizationSchema`."""
        known: dict[str, object] = {
            "id": self.id, "version": self.version, "synchronizationRules": [one.as_json() for one in self.rules],
            "directories": [one.as_json() for one in self.directories],
        }  # fmt: skip
        return _over(self.raw, known, {"version": ""})


# --- reading


def read(json: object, null_flow_field: str | None = None) -> Schema:
    """The schema that a job's JSON says. `null_flow_field`: the field of a mapping that is the second switch of null flow.

    Raises SchemaFault, with the place in the JSON, for what has not the form of a schema.
    """
    raw = _object(json, "")
    _refuse_deep(raw)
    rules = [_rule(one, path, null_flow_field) for path, one in _objects(raw, "synchronizationRules", "", needed=True)]
    directories = [_directory(one, path) for path, one in _objects(raw, "directories", "", needed=True)]
    names = [one.name for one in directories]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise SchemaFault(f"directories[{i}].name", f"a name that no other directory has; {name!r} is another's")
    return Schema(_text(raw, "id", ""), _text(raw, "version", ""), tuple(rules), tuple(directories), raw)


def read_attribute(raw: Json, path: str) -> Attribute:
    """An `attributeDefinition`. Raises SchemaFault."""
    flows = raw.get("flowNullValues")
    return Attribute(
        _name(raw, "name", path), _text(raw, "type", path, "String"), _flag(raw, "anchor", path),
        _flag(raw, "caseExact", path), _flag(raw, "required", path), _flag(raw, "multivalued", path),
        _text(raw, "mutability", path, "ReadWrite"), flows if isinstance(flows, bool) else None,
        tuple(_text(one, "referencedObjectName", at) for at, one in _objects(raw, "referencedObjects", path)), raw,
    )  # fmt: skip


def read_mapping(raw: Json, path: str, null_flow_field: str | None = None) -> AttributeMapping:
    """An `attributeMapping`. Raises SchemaFault."""
    source = raw.get("source")
    parsed = _object(source, f"{path}.source") if source is not None else None
    second = raw.get(null_flow_field) if null_flow_field else None
    default = raw.get("defaultValue")
    if default is not None and not isinstance(default, str):
        raise SchemaFault(f"{path}.defaultValue", "a text or null")
    return AttributeMapping(
        _name(raw, "targetAttributeName", path), _source_text(parsed, f"{path}.source") if parsed is not None else None,
        default, _priority(raw, path), _text(raw, "flowType", path, "Always"),
        _text(raw, "flowBehavior", path, "FlowWhenChanged"), _flag(raw, "exportMissingReferences", path),
        second if isinstance(second, bool) else None, parsed, null_flow_field, raw,
    )  # fmt: skip


def _directory(raw: Json, path: str) -> Directory:
    objects: dict[str, tuple[Attribute, ...]] = {}
    for at, one in _objects(raw, "objects", path):
        name = _name(one, "name", at)
        if name in objects:
            raise SchemaFault(f"{at}.name", f"a name that no other object of the directory has; {name!r} is another's")
        objects[name] = tuple(read_attribute(each, here) for here, each in _objects(one, "attributes", at))
    return Directory(_name(raw, "name", path), _text(raw, "id", path), _flag(raw, "readOnly", path), objects, raw)


def _rule(raw: Json, path: str, null_flow_field: str | None) -> Rule:
    return Rule(
        _text(raw, "name", path), _name(raw, "sourceDirectoryName", path), _name(raw, "targetDirectoryName", path),
        tuple(_object_mapping(one, at, null_flow_field) for at, one in _objects(raw, "objectMappings", path)), raw,
    )  # fmt: skip


def _object_mapping(raw: Json, path: str, null_flow_field: str | None) -> ObjectMapping:
    scope = raw.get("scope")
    enabled = raw.get("enabled")
    return ObjectMapping(
        _text(raw, "name", path), enabled is not False, _flow_types(raw.get("flowTypes")),
        _name(raw, "sourceObjectName", path), _name(raw, "targetObjectName", path),
        _scope(_object(scope, f"{path}.scope"), f"{path}.scope") if scope is not None else Scope(),
        tuple(read_mapping(one, at, null_flow_field) for at, one in _objects(raw, "attributeMappings", path)), raw,
    )  # fmt: skip


def _scope(raw: Json, path: str) -> Scope:
    groups = []
    for at, group in _objects(raw, "groups", path):
        clauses = []
        for here, clause in _objects(group, "clauses", at):
            operand = clause.get("targetOperand")
            values = _object(operand, f"{here}.targetOperand").get("values") if operand is not None else None
            clauses.append(
                Clause(_name(clause, "sourceOperandName", here), _name(clause, "operatorName", here), _texts(values), clause)
            )  # fmt: skip
        groups.append(Group(_text(group, "name", at), tuple(clauses), group))
    return Scope(tuple(groups), raw)


def _of_people(mapping: ObjectMapping) -> bool:
    """Whether a mapping takes the SCIM user; of other systems the source object has a name of its own."""
    return mapping.source_object.rpartition(":")[2].lower() in ("user", "users")


def _flow_types(value: object) -> frozenset[str]:
    """Flags, as the service writes them; nothing said means all."""
    if not isinstance(value, str):
        return frozenset(("Add", "Update", "Delete"))
    return frozenset(part.strip() for part in value.split(",") if part.strip() and part.strip() != "None")


def _priority(raw: Json, path: str) -> int:
    value = raw.get("matchingPriority", 0)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise SchemaFault(f"{path}.matchingPriority", "a whole number, 0 for a mapping by which no account is found")
    return value


# --- expressions, as far as their attributes are asked for


def attribute_names_in(text: str) -> list[str]:
    """The attributes `[name]` of an expression's text, in its order; a name may hold brackets and quotes of its own, as
    `emails[type eq "work"].value` does. Text in quotes outside of brackets names none."""
    found, at = [], 0
    while at < len(text):
        if text[at] == '"':
            at = _after_quote(text, at)
        elif text[at] == "[":
            end = _after_bracket(text, at)
            found.append(text[at + 1 : end - 1])
            at = end
        else:
            at += 1
    return found


def _after_quote(text: str, at: int) -> int:
    at += 1
    while at < len(text) and text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    return at + 1


def _after_bracket(text: str, at: int) -> int:
    depth = 0
    while at < len(text):
        if text[at] == '"':
            at = _after_quote(text, at)
            continue
        depth += (text[at] == "[") - (text[at] == "]")
        at += 1
        if depth == 0:
            return at
    return at


def _names_of(source: Json) -> Iterator[str]:
    if source.get("type") == "Attribute":
        yield str(source.get("name"))
    for one in _plain_objects(source.get("parameters")):
        value = one.get("value")
        if isinstance(value, dict):
            yield from _names_of(value)


def _functions_of(source: Json) -> Iterator[str]:
    if source.get("type") == "Function":
        yield str(source.get("name"))
    for one in _plain_objects(source.get("parameters")):
        value = one.get("value")
        if isinstance(value, dict):
            yield from _functions_of(value)


def _source_text(source: Json, path: str) -> str:
    """The text of a source; made from the parsed form where the service left it out."""
    text = source.get("expression")
    if isinstance(text, str) and text:
        return text
    name, kind = source.get("name"), source.get("type")
    if kind == "Attribute" and isinstance(name, str):
        return f"[{name}]"
    if kind == "Constant":
        escaped = str(name or "").replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if kind == "Function" and isinstance(name, str):
        given = [
            _source_text(_object(one.get("value"), at), at) if one.get("value") is not None else ""
            for at, one in _objects(source, "parameters", path)
        ]
        return f"{name}({', '.join(given)})"
    raise SchemaFault(f"{path}.type", "Attribute, Constant or Function, with its name; or an expression as text")


# --- JSON


_ATTRIBUTE_DEFAULTS: Json = {
    "type": "String", "anchor": False, "caseExact": False, "required": False, "multivalued": False, "mutability": "ReadWrite",
}  # fmt: skip
_MAPPING_DEFAULTS: Json = {
    "source": None, "defaultValue": None, "matchingPriority": 0, "flowType": "Always", "flowBehavior": "FlowWhenChanged",
    "exportMissingReferences": False,
}  # fmt: skip
_DIRECTORY_DEFAULTS: Json = {"id": "", "readOnly": False}


def _over(raw: Json, known: Json, defaults: Json = NOTHING) -> dict[str, object]:
    """Raw JSON with the fields of a value over it; a field that it leaves out, or has as null, stays so while the value is the
    default that this means."""
    written = dict(raw)
    for name, value in known.items():
        silent = bool(raw) and raw.get(name) is None and value == defaults.get(name, _EMPTY.get(name, ...))
        if not silent:
            written[name] = value
    return written


_EMPTY: dict[str, object] = {
    "id": "", "version": "", "name": "", "objects": [], "groups": [], "clauses": [], "objectMappings": [], "attributeMappings": [],
    "attributes": [], "enabled": True,
}  # fmt: skip


def _object(value: object, path: str) -> Json:
    if not isinstance(value, dict):
        raise SchemaFault(path, "an object")
    return value


def _refuse_deep(json: object) -> None:
    """Raise SchemaFault for what is nested deeper than any schema: everything else may then recur."""
    level = [json]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in _within(one)]
        if not level:
            return
    raise SchemaFault("", f"objects inside each other to a depth of at most {DEEPEST}")


def _within(value: object) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _objects(raw: Json, name: str, path: str, *, needed: bool = False) -> list[tuple[str, Json]]:
    """The objects of a list with their places; null and nothing are an empty list unless it is `needed`."""
    at = f"{path}.{name}" if path else name
    value = raw.get(name)
    if value is None and not needed:
        return []
    if not isinstance(value, list):
        raise SchemaFault(at, "a list")
    return [(f"{at}[{i}]", _object(one, f"{at}[{i}]")) for i, one in enumerate(value)]


def _plain_objects(value: object) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def _text(raw: Json, name: str, path: str, default: str = "") -> str:
    value = raw.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise SchemaFault(f"{path}.{name}" if path else name, "a text")
    return value


def _flag(raw: Json, name: str, path: str) -> bool:
    value = raw.get(name)
    if value is not None and not isinstance(value, bool):
        raise SchemaFault(f"{path}.{name}", "true or false")
    return value is True


def _name(raw: Json, name: str, path: str) -> str:
    found = _text(raw, name, path)
    if not found:
        raise SchemaFault(f"{path}.{name}", "a name that is not empty")
    return found
