"""A synchronization schema, made ready for records: each mapping is read and compiled once."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property

from hcm_pipeline.expressions import Compiled, Expression, ExpressionFault, compiled, from_source, parse
from hcm_pipeline.rehearsal.scope_filter import ScopeFilter, scope_filter
from hcm_pipeline.synchronization import (
    ACTIVE_DIRECTORY,
    ENTRA,
    Attribute,
    AttributeMapping,
    FlowType,
    Kind,
    Schema,
    kind_of,
)

NAMES = frozenset(("userprincipalname", "samaccountname"))
"""The attributes that no two accounts have, in lower case."""
DATES = frozenset(("employeehiredate", "employeeleavedatetime"))
READ_ONLY = "ReadOnly"
IMMUTABLE = "Immutable"
MANDATORY: dict[Kind, tuple[str, ...]] = {
    ENTRA: ("userPrincipalName", "displayName"),
    ACTIVE_DIRECTORY: ("givenName", "sn", "cn", "userPrincipalName", "sAMAccountName"),
}
"""Attributes without which no account is made ("hr-user-creation-issues")."""


@dataclass(frozen=True)
class Limit:
    """The values that an attribute of the target takes. `longest` counts UTF-16 code units; `form`: a regular expression of RE2 of
    the whole value."""

    longest: int | None = None
    form: str | None = None


@dataclass(frozen=True)
class Target:
    """The target, as far as it is known besides the schema. `limits`: by attribute in lower case.

    `domains`: the verified ones, None: not known. `skip_out_of_scope`: SkipOutOfScopeDeletions, None: not known.
    """

    limits: Mapping[str, Limit] = field(default_factory=dict)
    domains: Set[str] | None = None
    default_domain: str | None = None
    skip_out_of_scope: bool | None = None


@dataclass(frozen=True)
class PreparedMapping:
    """One mapping, ready. `attribute`: the target's definition, None: the target has no such attribute.

    `expression`: None for a constant, whose text is `constant`. `fault`: why nothing comes out, whatever the record is.
    `source_switch`, `mapping_switch`: the two switches of null flow, of all its attributes and of itself; None: not said.
    """

    mapping: AttributeMapping
    name: str
    attribute: Attribute | None
    expression: Compiled | None
    constant: str | None
    fault: str | None
    source_switch: bool | None
    some_source_flows: bool
    mapping_switch: bool | None
    by: str
    random: bool

    @cached_property
    def key(self) -> str:
        """The target attribute's name in lower case."""
        return self.name.lower()

    @cached_property
    def create_only(self) -> bool:
        """Whether it writes when an account is made, and never after."""
        immutable = self.attribute is not None and self.attribute.mutability == IMMUTABLE
        return immutable or self.mapping.flow_type == FlowType.OBJECT_ADD_ONLY

    @cached_property
    def longest(self) -> int | None:
        """The length that the schema itself says, as metadata of the attribute."""
        listed = self.attribute.raw.get("metadata") if self.attribute is not None else None
        for entry in listed if isinstance(listed, list) else ():
            if isinstance(entry, dict) and entry.get("key") == "MaximumLength" and str(entry.get("value")).isdigit():
                return int(str(entry["value"]))
        return None

    @cached_property
    def type(self) -> str:
        """The type of the values that are written; the dates of an account of Entra ID are dates whatever the schema says."""
        if self.key in DATES:
            return "DateTime"
        return self.attribute.type if self.attribute is not None else "String"

    @cached_property
    def reference(self) -> bool:
        """Whether the value refers to another person."""
        return self.key == "manager" or (self.attribute is not None and self.attribute.type == "Reference")

    @cached_property
    def unique(self) -> bool:
        """Whether the service looks for a value that no account has."""
        return self.expression is not None and "SelectUniqueValue" in self.expression.expression.functions

    @cached_property
    def direct(self) -> str | None:
        """The source attribute, when it flows as it is."""
        return self.expression.expression.direct if self.expression else None


@dataclass(frozen=True)
class Prepared:
    """A schema, ready. `matching`: the mappings by which accounts are found, in their order. `used`: source attributes that some
    mapping reads; `known`: those that the source directory has."""

    kind: Kind | None
    mappings: tuple[PreparedMapping, ...]
    matching: tuple[PreparedMapping, ...]
    scope: ScopeFilter
    flow_types: Set[str]
    enabled: bool
    used: frozenset[str]
    known: frozenset[str]
    described: bool
    """Whether the schema says which attributes the target has."""

    def of(self, target: str) -> PreparedMapping | None:
        """The mapping of a target attribute."""
        return next((one for one in self.mappings if one.key == target.lower()), None)


def prepare(schema: Schema) -> Prepared:
    """Make a schema ready. Raises SchemaFault when no object mapping, or several, make people.

    A source attribute that the source directory has not is not read, whatever is sent of it.
    """
    people = schema.people
    target = {name.lower(): one for name, one in people.target.items()}
    mappings = tuple(_prepared(one, people.source, target) for one in people.mapping.mappings)
    return Prepared(
        kind_of(schema), mappings,
        tuple(sorted((one for one in mappings if one.mapping.matching), key=lambda one: one.mapping.matching_priority)),
        scope_filter(people.mapping.scope), people.mapping.flow_types, people.mapping.enabled,
        frozenset(name for one in mappings if one.expression for name in one.expression.expression.attributes),
        frozenset(people.source),
        bool(target),
    )  # fmt: skip


def _prepared(
    mapping: AttributeMapping, source: Mapping[str, Attribute], target: Mapping[str, Attribute]
) -> PreparedMapping:
    expression: Expression | None = None
    fault: str | None = None
    if mapping.source is not None or mapping.expression is not None:
        try:
            expression = _read(mapping)
        except ExpressionFault as wrong:
            fault = wrong.lines[0]
    ready = compiled(expression) if expression is not None else None
    attribute = target.get(mapping.target.lower())
    read = [source.get(name) for name in expression.attributes] if expression is not None else []
    return PreparedMapping(
        mapping, attribute.name if attribute else mapping.target, attribute, ready,
        mapping.default_value if expression is None and fault is None else None,
        fault or (ready.never if ready else None),
        all(_flows(one) for one in read) if read else None,
        any(_flows(one) for one in read),
        mapping.flow_nulls,
        str(expression) if expression is not None else mapping.expression or f'"{mapping.default_value}"',
        expression is not None and bool({"RandomString", "Guid"} & set(expression.functions)),
    )  # fmt: skip


def _read(mapping: AttributeMapping) -> Expression:
    return from_source(mapping.source) if mapping.source else parse(mapping.expression or "")


def _flows(attribute: Attribute | None) -> bool:
    """The first switch. Matching and required attributes never flow, nor do several values."""
    if attribute is None or attribute.anchor or attribute.required or attribute.multivalued:
        return False
    return attribute.flow_nulls is True
