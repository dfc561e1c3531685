"""How a profile's synchronization schema is made: its custom attributes, mappings, scoping filter and null flow.

It is the job's present schema with these things in it. All else stays as it is: mappings and attributes that are not the
profile's, ids, and what the model does not know. Directories are found by name, through the rule that maps people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from hcm_pipeline.expressions import ExpressionFault, parse, to_source
from hcm_pipeline.profile import (
    ENTERPRISE,
    AttributeFlow,
    LeftOut,
    Profile,
    Sheet,
    TargetKind,
    unsent_attributes,
    worksheet_rows,
)
from hcm_pipeline.synchronization import (
    FITS,
    Attribute,
    AttributeMapping,
    Clause,
    FlowType,
    Group,
    Schema,
    Scope,
    same_source,
    scope_text,
    shown,
)
from hcm_pipeline.targets.entra.attribute_names import columns_named
from hcm_pipeline.targets.entra.default_schema import MANAGER, default_schema, standard_attributes
from hcm_pipeline.targets.entra.generated_schema import Aside, GeneratedSchema
from hcm_pipeline.targets.entra.scim_mapping import Leaf, columns_of, compile_mapping
from hcm_pipeline.targets.entra.scim_schema import CORE
from hcm_pipeline.warehouse import type_of

OUR_GROUP = "hcm-pipeline"
"""The beginning of the names of our groups of scoping filters."""
_WHOLE = ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "UBIGINT", "UINTEGER")
_UNSCOPED = ("userType", MANAGER)


def make(profile: Profile, kind: TargetKind, present: Schema | None) -> GeneratedSchema:
    """See `generated_schema.generated_schema`."""
    base = present or default_schema(kind, [row.target for row in worksheet_rows(profile, Sheet(kind))])
    making = _Making(profile, kind, base)
    mapping = base.user_mapping()
    mappings = tuple(making.mappings())
    scope, aside = making.scope()
    wanted = base.with_user_mapping(
        replace(
            mapping, enabled=True, flow_types=mapping.flow_types | {"Add", "Update"}, mappings=mappings, scope=scope
        )
    )
    rule = base.people.rule
    directory = base.directory(rule.source_directory)
    if directory is not None:
        objects = {**directory.objects, mapping.source_object: tuple(making.attributes())}
        wanted = wanted.with_directory(replace(directory, objects=objects))
    return GeneratedSchema(
        kind, wanted, tuple(making.left_out), (*making.not_ours(), *aside), tuple(making.notes())
    )  # fmt: skip


class _Making:
    """One generation: the profile's rows beside what the base schema has."""

    def __init__(self, profile: Profile, kind: TargetKind, base: Schema) -> None:
        self.profile, self.base, self.people = profile, base, base.people
        self.field = profile.delivery.null_flow_field
        self.leaves = compile_mapping(profile).leaves
        self.left_out: list[Aside] = []
        self.flows: list[AttributeFlow] = []
        for row in worksheet_rows(profile, Sheet(kind)):
            if isinstance(row, LeftOut):
                self.left_out.append(Aside("target", row.target, row.why))
            elif row.work_only:
                why = row.note or "only entries of type work are read: send the value as a custom attribute"
                self.left_out.append(Aside("target", row.target, why))
            elif (impossible := self._impossible(row.target)) is not None:
                self.left_out.append(Aside("target", row.target, impossible))
            else:
                self.flows.append(row)
        ignored = "is sent, and no row of the worksheet takes it further: the service ignores it"
        self.left_out += [Aside("source", name, ignored) for name in unsent_attributes(profile, kind)]
        spelled = {name.lower(): name for name in self.people.source}
        self.spelled = {
            name: spelled[name.lower()]
            for flow in self.flows for name in flow.reads
            if name not in self.people.source and name.lower() in spelled
        }  # fmt: skip
        """Attributes that the source directory writes in another case."""

    def _impossible(self, target: str) -> str | None:
        """Why the job's directory does not take an attribute; None: it does, or describes none."""
        known = self.base.target_attribute(target)
        if known is not None:
            return (
                "the job's directory does not let it be written (ReadOnly)" if known.mutability == "ReadOnly" else None
            )
        if not self.people.target:
            return None
        return f"the job's directory {self.people.rule.target_directory!r} has no such attribute"

    # --- mappings

    def mappings(self) -> Iterator[AttributeMapping]:
        """The base's mappings, ours changed in their places, and ours that it has not behind them."""
        ours = {flow.target.lower(): flow for flow in self.flows}
        seen = set[str]()
        for one in self.people.mapping.mappings:
            flow = ours.get(one.target.lower())
            if flow is None or one.target.lower() in seen:
                yield one
            else:
                seen.add(one.target.lower())
                yield self._mapping(flow, one)
        for flow in self.flows:
            if flow.target.lower() not in seen:
                target = self.base.target_attribute(flow.target)
                yield self._mapping(flow, AttributeMapping(target.name if target else flow.target, None))

    def _mapping(self, flow: AttributeFlow, base: AttributeMapping) -> AttributeMapping:
        expression, default = self._expression(flow), flow.default
        if flow.value is not None and flow.source is None and flow.expression is None:
            expression, default = None, flow.value
        made = replace(
            base, expression=expression, source=self._source(expression), default_value=default,
            matching_priority=flow.matching, flow_type=FlowType.OBJECT_ADD_ONLY if flow.create_only else FlowType.ALWAYS,
            null_flow_field=self.field,
        )  # fmt: skip
        if _same(base, made):
            made = replace(made, expression=base.expression, source=base.source)
        if self.field is None:
            return made
        wants = self._clears(flow)
        return replace(made, flow_nulls=wants if wants or base.flow_nulls is not None else None)

    def _expression(self, flow: AttributeFlow) -> str | None:
        if flow.expression is None:
            return None if flow.source is None else f"[{self.spelled.get(flow.source, flow.source)}]"
        text = flow.expression
        for name, other in self.spelled.items():
            text = text.replace(f"[{name}]", f"[{other}]")
        try:
            return str(parse(text))
        except ExpressionFault:
            return text  # a rule says what is wrong with it

    @staticmethod
    def _source(expression: str | None) -> Mapping[str, object] | None:
        if expression is None:
            return None
        try:
            return to_source(parse(expression))
        except ExpressionFault:
            return {"expression": expression, "name": None, "type": None, "parameters": []}

    def _clears(self, flow: AttributeFlow) -> bool:
        """Whether nulls are to flow through a row: it may be cleared, and nothing is sent in the place of null."""
        return flow.flow_nulls and not flow.matching and not flow.create_only and not set(flow.reads) & self._replaced

    @property
    def _replaced(self) -> frozenset[str]:
        named = columns_named(self.profile, self.leaves, tuple(self.profile.delivery.instead_of_null))
        return frozenset(map(_place, named))

    # --- the source directory

    def attributes(self) -> Iterator[Attribute]:
        """The attributes of people in the source directory, with those that the profile sends and it lacks behind the others."""
        readers = self._readers()
        for attribute in self.people.source.values():
            yield self._attribute(attribute, readers.get(attribute.name, ()))
        standard = standard_attributes()
        for name in self._sent(readers):
            fresh = standard.get(name) or Attribute(name, self._type(name, readers.get(name, ())))
            yield self._attribute(fresh, readers.get(name, ()))

    def _sent(self, readers: Collection[str]) -> Iterator[str]:
        """The attributes that are read or custom, and not in the source directory, in the profile's order."""
        custom = (leaf.column for leaf in self.leaves if leaf.path.free)
        known = {name.lower() for name in self.people.source}
        for name in dict.fromkeys((*custom, *readers)):
            if name.lower() not in known:
                yield name

    def _readers(self) -> dict[str, tuple[AttributeFlow, ...]]:
        found: dict[str, list[AttributeFlow]] = {}
        for flow in self.flows:
            for name in flow.reads:
                found.setdefault(self.spelled.get(name, name), []).append(flow)
        return {name: tuple(flows) for name, flows in found.items()}

    def _attribute(self, attribute: Attribute, readers: tuple[AttributeFlow, ...]) -> Attribute:
        if not readers:
            return attribute
        type_ = self._type(attribute.name, readers)
        if _own(attribute.name) and not _fits(attribute.type, type_, self._targets(readers)):
            attribute = replace(attribute, type=type_)
        found_by = any(flow.matching for flow in readers) or attribute.required or attribute.multivalued
        wants = not found_by and any(map(self._clears, readers))
        return replace(attribute, flow_nulls=wants if wants or attribute.flow_nulls is not None else None)

    def _targets(self, readers: Iterable[AttributeFlow]) -> frozenset[str]:
        """The types of the accounts' attributes that take an attribute as it is."""
        direct = (self.base.target_attribute(flow.target) for flow in readers if flow.expression is None)
        return frozenset(one.type for one in direct if one is not None)

    def _type(self, name: str, readers: tuple[AttributeFlow, ...]) -> str:
        """The type of a custom attribute: that of its values. A date that an expression reads is a text, as expressions want it."""
        leaf = next((one for one in self.leaves if _place(one.column).lower() == name.lower()), None)
        if leaf is None:
            return "String"
        kind = self._kind(leaf)
        return "String" if kind == "DateTime" and any(flow.expression for flow in readers) else kind

    def _kind(self, leaf: Leaf) -> str:
        if leaf.json == "string":
            return "DateTime" if leaf.value.startswith("strftime(") else "String"
        mapped = next(
            one for key, one in self.profile.scim.mapping.items()
            if key in (leaf.column, leaf.column.replace(self.profile.scim.custom_schema, "{custom}"))
        )  # fmt: skip
        if mapped.field is None and mapped.sql is None:
            return "Boolean" if isinstance(mapped.value, bool) else "Integer"
        columns = columns_of(self.profile)
        kind = columns[mapped.field] if mapped.field is not None else type_of(str(mapped.sql), columns)
        return "Boolean" if kind == "BOOLEAN" else "Integer" if kind in _WHOLE else "String"

    # --- scope

    def scope(self) -> tuple[Scope, list[Aside]]:
        """The scope, and what is said of it: why the profile's is no filter, or whose filters stay."""
        present = self.people.mapping.scope
        theirs = tuple(one for one in present.groups if not one.name.startswith(OUR_GROUP))
        ours, why = self._groups()
        if why is not None:
            self.left_out.append(Aside("scope", "", why))
        if not theirs:
            if not ours and not present.groups:
                return present, []
            return replace(present, groups=_kept(ours, present.groups)), []
        told = f"the job filters by {scope_text(theirs)}"
        if len(theirs) == len(present.groups):  # groups are alternatives: ours beside theirs would let more people in
            if ours:
                self.left_out.append(
                    Aside("scope", "", f"the profile's scope: {told}, and beside it ours would let more people in")
                )
            return present, [Aside("scope", "", told)]
        return replace(present, groups=(*_kept(ours, present.groups), *theirs)), [Aside("scope", "", told)]

    def _groups(self) -> tuple[tuple[Group, ...], str | None]:
        """The profile's scope as groups of scoping filters; why there are none where it has one."""
        scope = self.profile.scope
        if scope.include:
            return (), (
                "scope.include of the profile is SQL, which no scoping filter says: the profile judges it before anything is sent"
            )
        groups = []
        for i, group in enumerate(scope.groups):
            clauses = []
            for one in group.clauses:
                made = self._clause(one.field, one.operator, one.value)
                if isinstance(made, str):
                    return (
                        (),
                        f"scope.groups[{i}] of the profile: {made}; the profile judges it before anything is sent",
                    )
                clauses.append(made)
            groups.append(Group(f"{OUR_GROUP} {i + 1}", tuple(clauses)))
        return tuple(groups), None

    def _clause(self, field: str, operator: str, value: str | int | None) -> Clause | str:
        leaf = next(
            (
                one for one in self.leaves
                if one.origin == field and _place(one.column) not in _UNSCOPED and self._scoped(one)
            ),
            None,
        )  # fmt: skip
        if leaf is None:
            return f"no scoping filter can judge {field}: it is not sent as it is, or is a date, a manager or a worker type"
        name = _place(leaf.column)
        if self._kind(leaf) == "Boolean" and operator in ("EQUALS", "NOT EQUALS"):
            wanted = (str(value).lower() == "true") == (operator == "EQUALS")
            return Clause(name, "IS TRUE" if wanted else "IS FALSE")
        return Clause(name, operator, () if value is None else (str(value),))

    def _scoped(self, leaf: Leaf) -> bool:
        name = _place(leaf.column)
        attribute = self.people.source.get(name)
        several = leaf.path.entry is not None and leaf.path.entry != "work"
        return not several and self._kind(leaf) != "DateTime" and (attribute is None or not attribute.multivalued)

    # --- what is said

    def not_ours(self) -> Iterator[Aside]:
        """The job's mappings and custom attributes that the profile does not have."""
        ours = {flow.target.lower() for flow in self.flows}
        left = {aside.attribute.lower(): aside.why for aside in self.left_out if aside.side == "target"}
        for one in self.people.mapping.mappings:
            if one.target.lower() not in ours:
                why = left.get(one.target.lower())
                yield Aside("target", one.target, f"made from {shown(one)}" + (f"; {why}" if why else ""))
        sent = {_place(leaf.column).lower() for leaf in self.leaves} | {name.lower() for name in self._readers()}
        for name in self.people.source:
            if _own(name) and name.lower() not in sent:
                yield Aside("source", name, "a custom attribute that the profile does not send")

    def notes(self) -> Iterator[str]:
        """The things that a person has to do, for the schema cannot say them."""
        clearing = sorted(flow.target for flow in self.flows if self._clears(flow))
        if clearing and self.field is None:
            yield (
                "the second switch of null flow, at the mapping, has no documented field, and until it is on a cleared value stays"
                f" in accounts: switch Flow null values on in the portal for the mappings of {', '.join(clearing)}; where"
                " delivery.null_flow_field of the profile names the field, it is written here"
            )


def _kept(ours: tuple[Group, ...], present: tuple[Group, ...]) -> tuple[Group, ...]:
    """Our groups; those that the job has already keep what it says of them besides."""
    known = {one.name: one for one in present}
    return tuple(
        known[one.name] if one.name in known and known[one.name].clauses == one.clauses else one for one in ours
    )


def _same(base: AttributeMapping, made: AttributeMapping) -> bool:
    return base.expression is not None and made.expression is not None and same_source(base, made)


def _fits(present: str, wanted: str, targets: frozenset[str]) -> bool:
    """Whether an attribute may keep its type: it takes the values that are sent, and gives them to its targets."""
    takes = present == wanted or (wanted in ("String", "DateTime") and present == "String")
    return takes and all(target in FITS.get(present, ()) for target in targets)


def _place(column: str) -> str:
    """The name of a column's attribute in the source directory: of the manager it is that without `.value`."""
    return MANAGER if column == f"{MANAGER}.value" else column


def _own(name: str) -> bool:
    """Whether an attribute is one of an organisation's own schemas."""
    return name.startswith("urn:") and not name.startswith((f"{CORE}:", f"{ENTERPRISE}:"))
