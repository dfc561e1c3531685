"""A synchronization schema made ready to be executed, and its effect on one record.

Sources: "Customize attribute mappings", "Clear attribute values", "Scoping users or groups", "Skip deletion of out of scope
users", and the known limitations of API-driven provisioning. A direct mapping is a look-up; an expression is read once, when the
schema is set.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from hcm_pipeline.sandbox.ad_accounts import CN, NAMES, ad_refusal, place
from hcm_pipeline.sandbox.attribute_mapping import DATES, REQUIRED, Change, Value, flatten, parent_of
from hcm_pipeline.sandbox.bulk import ENTERPRISE, Record
from hcm_pipeline.sandbox.evaluation import (
    IGNORE_ATTRIBUTE,
    IGNORE_OBJECT,
    EvaluationFault,
    NoUniqueValue,
    Result,
    Setting,
    Source,
    Token,
    evaluate,
    text_of,
)
from hcm_pipeline.sandbox.expressions import Attribute, Call, Constant, Node, attributes_in
from hcm_pipeline.sandbox.log_codes import INVALID_PARAMETER, SKIPPED, Failure, failure
from hcm_pipeline.sandbox.options import SandboxOptions
from hcm_pipeline.sandbox.provision import LONGEST, Account, Directory, Outcome, entra_refusal
from hcm_pipeline.sandbox.schema_form import attributes_of
from hcm_pipeline.sandbox.schema_sources import node_of
from hcm_pipeline.sandbox.scoping import in_scope

CAPITAL_FLAGS = ("msExchHideFromAddressLists",)
"""Flags of Active Directory that are written in capitals ("Workday expression mapping functions")."""
OBJECT_FILTER = "objectFilter"
INTERNAL = {shown: name for name, shown in NAMES.items()}
"""The names that accounts are kept by, by Active Directory's."""
UNCHANGED, OUT_OF_SCOPE = "RedundantExport", "NotEffectivelyEntitled"

Json = Mapping[str, Any]
Find = Callable[[str, str, bool], list[Account]]
"""The accounts whose attribute has a value; the flag: small and large letters count."""


@dataclass(frozen=True)
class Step:
    """One attribute mapping. `target`: as accounts are kept; `shown`: as the schema has it. `flag`: it is kept the other way round.

    `node` None: a constant, which is the default.
    """

    target: str
    shown: str
    node: Node | None
    default: str | None
    priority: int
    flow_type: str
    always: bool
    clears: frozenset[str]
    """Source attributes whose null clears the target."""
    kind: str = "String"
    many: bool = False
    exact: bool = False
    mutability: str = "ReadWrite"
    longest: int | None = None
    flag: bool = False
    used: frozenset[str] = frozenset()

    @property
    def direct(self) -> str | None:
        """The source attribute of a direct mapping."""
        return self.node.name if isinstance(self.node, Attribute) else None

    @property
    def once(self) -> bool:
        """Whether it flows at creation only."""
        return self.flow_type == "ObjectAddOnly"

    @property
    def redacted(self) -> bool:
        """Whether the log does not show the value."""
        return isinstance(self.node, Call) and self.node.name == "Redact"


@dataclass(frozen=True)
class Program:
    """The mapping of people of one schema. `enabled` False: nobody is provisioned, and nothing is logged."""

    enabled: bool
    flows: frozenset[str]
    known: frozenset[str]
    scope: Json | None
    steps: tuple[Step, ...]
    matching: tuple[Step, ...]
    rules: SandboxOptions
    default_domain: str
    skips_out_of_scope: bool
    chance: random.Random = field(default_factory=random.Random)

    # --- one record

    def received(self, record: Record) -> dict[str, Value]:
        """The attributes of a record that the source directory knows; others are ignored."""
        flat = flatten(record, mobile=self.rules.map_mobile)
        return {name: value for name, value in flat.items() if name in self.known}

    def match(self, record: Record, find: Find, now: float) -> Account | Failure | None:
        """The account that a record without a link matches, by precedence."""
        setting = self._setting(self.received(record), now)
        if not in_scope(self.scope, setting.attributes):
            return None
        empty = bool(self.matching)
        for step in self.matching:
            try:
                value = text_of(self._value(step, setting))
            except EvaluationFault as error:
                return _unevaluated(step, error)
            if not value:
                continue
            empty = False
            found = find(step.target, value, step.exact)
            if len(found) > 1:
                return failure("DuplicateTargetEntries")
            if found:
                return found[0]
        return failure("ImportSkipped") if empty else None

    def apply(
        self, current: Account | None, record: Record, directory: Directory, *, linked: bool, now: float
    ) -> Outcome:
        """Create (no account) or update. Nothing is written here; a failure leaves the account as it was."""
        received = self.received(record)
        setting = self._setting(received, now)
        before = current.attributes if current else {}
        if not in_scope(self.scope, setting.attributes):
            return self._leaves(current if linked else None, received)
        action = "update" if current else "create"
        if ("Update" if current else "Add") not in self.flows:
            return self._skipped(received, before, OUT_OF_SCOPE, "The mapping does not flow this action.")
        own = current.object_id if current else None
        try:
            wanted, noted = self._wanted(received, before, own, setting, directory, created=current is None)
        except _Stopped as stopped:
            if stopped.why is None:
                return self._skipped(received, before, OUT_OF_SCOPE, "The mapping ignores the object.")
            return Outcome(action, "failure", received, before, failure=stopped.why)
        after, unresolved = dict(before), None
        if "manager" in wanted:
            named = wanted.pop("manager")
            found = directory.managed_by(str(named)) if named is not None else None
            if named is None or found is not None:
                after["manager"] = found
            else:
                unresolved = str(named)
        after.update(wanted)
        refusal = self._refusal(current, after, wanted, directory)
        if refusal:
            return Outcome(action, "failure", received, before, failure=refusal)
        after = {name: value for name, value in after.items() if value is not None}
        changes = _changes(before, after)
        same = not changes and unresolved is None and not noted.rewrites
        if current and same and self.rules.unchanged_record == "skipped":
            return self._skipped(received, before, UNCHANGED, "The account already is as the record says.")
        if current and before.get("accountEnabled") is True and after.get("accountEnabled") is False:
            action = "disable"
        told = [
            (name, _hidden(old), _hidden(new)) if name in noted.redacted else (name, old, new)
            for name, old, new in changes
        ]
        return Outcome(action, "success", received, after, told, unresolved)

    def _setting(self, values: Mapping[str, Value], now: float) -> Setting:
        attributes: dict[str, Source] = dict(values)
        return Setting(attributes, now, self.default_domain, self.chance)

    def _skipped(self, received: dict[str, Value], before: dict[str, Value], why: str, reason: str) -> Outcome:
        skipped = failure(SKIPPED, reason)
        return Outcome("other", "skipped", received, before, failure=skipped, skip_reason=why)

    def _leaves(self, current: Account | None, received: dict[str, Value]) -> Outcome:
        """Somebody out of scope: a linked account is disabled, unless that is switched off."""
        before = current.attributes if current else {}
        may = "Delete" in self.flows and not self.skips_out_of_scope
        if not before.get("accountEnabled") or not may:
            out = self._skipped(received, before, OUT_OF_SCOPE, "The record is out of scope.")
            return replace(out, in_scope=False)
        after = {**before, "accountEnabled": False}
        changes: list[Change] = [("accountEnabled", True, False)]
        return Outcome("disable", "success", received, after, changes, in_scope=False)

    # --- values

    def _value(self, step: Step, setting: Setting) -> Result:
        if step.node is None:
            return step.default
        return evaluate(step.node, setting)

    def _wanted(
        self,
        received: Mapping[str, Value],
        before: Mapping[str, Value],
        own: str | None,
        setting: Setting,
        directory: Directory,
        *,
        created: bool,
    ) -> tuple[dict[str, Value], _Noted]:
        """The attributes that a record sets, None for those it clears. Raises _Stopped."""
        wanted: dict[str, Value] = {}
        noted = _Noted()
        for step in self.steps:
            if not self._flows(step, before, created=created):
                continue
            try:
                value = self._value(step, self._probing(step, setting, directory, own))
            except EvaluationFault as error:
                raise _Stopped(_unevaluated(step, error)) from None
            if value is IGNORE_OBJECT or (step.shown == OBJECT_FILTER and text_of(value) == "True"):
                raise _Stopped(None)
            if value is IGNORE_ATTRIBUTE or step.shown == OBJECT_FILTER:
                continue
            assert not isinstance(value, Token)
            if value in (None, "", []):
                self._empty(step, value, received, wanted, created=created)
                continue
            wanted[step.target] = self._typed(step, value, before)
            noted.note(step)
        self._complete(wanted, created=created)
        return wanted, noted

    def _flows(self, step: Step, before: Mapping[str, Value], *, created: bool) -> bool:
        if step.mutability == "ReadOnly" or (step.target == "mail" and self.rules.target == "entra"):
            return False
        if created:
            return True
        if step.once or step.mutability == "Immutable":
            return False
        return step.flow_type not in ("ValueAddOnly", "AttributeAddOnly") or before.get(step.target) in (None, "", [])

    def _probing(self, step: Step, setting: Setting, directory: Directory, own: str | None) -> Setting:
        """Only the job for Active Directory looks whether a value is unique."""
        if self.rules.target != "ad" or not isinstance(step.node, Call) or step.node.name != "SelectUniqueValue":
            return setting
        return replace(setting, taken=lambda value: directory.holder_of_name(step.target, value) not in (None, own))

    def _empty(
        self, step: Step, value: Result, received: Mapping[str, Value], wanted: dict[str, Value], *, created: bool
    ) -> None:
        """A value that is null or empty: the default at creation, cleared where nulls flow, otherwise left out."""
        if created:
            if step.default is not None and step.node is not None:
                wanted[step.target] = self._typed(step, step.default, {})
            elif value == "" and self.rules.target == "ad" and not step.clears:
                wanted[step.target] = ""
            return
        if any(self._is_null(name, received) for name in step.clears):
            wanted[step.target] = None
        elif value == "" and self.rules.target == "ad":
            wanted[step.target] = ""
        elif step.target == "accountEnabled" and self.rules.active_omitted == "disable" and "active" in step.used:
            wanted[step.target] = False

    def _is_null(self, name: str, received: Mapping[str, Value]) -> bool:
        if name in received:
            return received[name] in (None, "")
        present = {parent_of(one) for one in received}
        return self.rules.omission_clears and parent_of(name) in present

    def _typed(self, step: Step, value: Result, before: Mapping[str, Value]) -> Value:
        """A value as the target has it. Raises _Stopped with the fault of its type."""
        if isinstance(value, list) or step.many:
            values = value if isinstance(value, list) else [str(value)]
            if not step.many:
                raise _Stopped(self._wrong(step, "holds one value"))
            if step.flow_type == "MultiValueAddOnly":
                kept = before.get(step.target)
                values = list(dict.fromkeys([*(kept if isinstance(kept, list) else []), *values]))
            return values  # type: ignore[return-value]
        text = str(value)
        if step.kind == "Boolean":
            if text.lower() not in ("true", "false"):
                raise _Stopped(self._wrong(step, "is true or false"))
            return (text.lower() == "true") is not step.flag
        if step.shown in CAPITAL_FLAGS and self.rules.target == "ad" and text not in ("TRUE", "FALSE"):
            raise _Stopped(self._wrong(step, "is TRUE or FALSE, in capitals"))
        if step.kind == "Integer" and not text.lstrip("+-").isdecimal():
            raise _Stopped(self._wrong(step, "is a whole number"))
        if (step.kind == "DateTime" or step.target in DATES) and self.rules.target == "entra":
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                raise _Stopped(self._wrong(step, "must be an ISO 8601 date")) from None
            return f"{moment.astimezone(UTC) if moment.tzinfo else moment:%Y-%m-%dT%H:%M:%S}Z"
        return text

    def _wrong(self, step: Step, rule: str) -> Failure:
        code = INVALID_PARAMETER if self.rules.target == "ad" else "SchemaPropertyCanOnlyAcceptValue"
        return failure(code, f"{step.shown} {rule}.")

    def _complete(self, wanted: dict[str, Value], *, created: bool) -> None:
        """The attributes that the service fills in when it creates an account."""
        if not created:
            return
        wanted.setdefault("accountEnabled", True)
        if self.rules.target == "entra":
            name = wanted.get("userPrincipalName")
            wanted.setdefault("preferredLanguage", "en-US")
            wanted.setdefault("mailNickname", str(name).partition("@")[0] if name else None)

    def _refusal(
        self, current: Account | None, after: dict[str, Value], wanted: dict[str, Value], directory: Directory
    ) -> Failure | None:
        if self.rules.target == "ad":
            fixed = {CN: None} if current and any(step.target == CN and step.once for step in self.steps) else {}
            place(after, {**fixed, **wanted}, self.rules)
            own = current.object_id if current else None
            refusal = ad_refusal(own, after, directory.holder_of_name, LONGEST, self.rules)
        else:
            refusal = entra_refusal(current, after, directory, self.rules)
        return refusal or next(self._too_long(wanted), None)

    def _too_long(self, wanted: Mapping[str, Value]) -> Iterator[Failure]:
        """The values that are longer than the schema's definitions say; the target knows its own lengths."""
        for step in self.steps:
            value = wanted.get(step.target)
            if step.longest is not None and isinstance(value, str) and len(value) > step.longest:
                yield self._wrong(step, f"can only hold {step.longest} characters")


class _Stopped(Exception):
    """The record goes no further: with a failure, or (None) because the mapping ignores the object."""

    def __init__(self, why: Failure | None) -> None:
        self.why = why


@dataclass
class _Noted:
    """The mappings that had a value, as far as the log and the cycle ask about them."""

    rewrites: bool = False
    redacted: set[str] = field(default_factory=set)

    def note(self, step: Step) -> None:
        self.rewrites |= step.always
        if step.redacted:
            self.redacted.add(step.target)


def _hidden(value: Value) -> Value:
    return None if value is None else "[Redact]"


def _unevaluated(step: Step, error: EvaluationFault) -> Failure:
    if isinstance(error, NoUniqueValue):
        return failure("EntryConflict", f"{step.shown}: no unique value is left.")
    return failure("InternalError", f"The mapping to {step.shown} could not be evaluated. {error}.", category="failure")


def _changes(before: Mapping[str, Value], after: Mapping[str, Value]) -> list[Change]:
    names = (*after, *(name for name in before if name not in after))
    return [(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)]


# --- made of a schema


def program_of(schema: Json, rules: SandboxOptions, default_domain: str, *, skips_out_of_scope: bool) -> Program:
    """The program of a schema: of the first rule that maps people of the source."""
    directories = {one["name"]: one for one in schema["directories"]}
    nobody: tuple[Json, Json] = ({}, {"enabled": False})
    rule, mapping = next(_people(schema), nobody)
    source, target = (
        attributes_of(directories.get(rule.get(f"{side}DirectoryName"), {}), mapping.get(f"{side}ObjectName", "")) or {}
        for side in ("source", "target")
    )
    steps = [
        _step(one, source, target.get(one["targetAttributeName"], {}), rules)
        for one in mapping.get("attributeMappings") or []
    ]
    steps = [step for step in steps if step.kind != "Reference" or step.direct is not None]
    flows = mapping.get("flowTypes") or "Add, Update, Delete"
    return Program(
        enabled=mapping.get("enabled") is not False,
        flows=frozenset(word.strip() for word in flows.split(",")),
        known=frozenset(source) | {"externalId"},
        scope=mapping.get("scope"),
        steps=tuple(steps),
        matching=tuple(sorted((step for step in steps if step.priority), key=lambda step: step.priority)),
        rules=rules,
        default_domain=default_domain,
        skips_out_of_scope=skips_out_of_scope,
    )


def _people(schema: Json) -> Iterator[tuple[Json, Json]]:
    """The object mappings of people, those of rules with a smaller priority first."""
    rules = sorted(schema["synchronizationRules"], key=lambda rule: rule.get("priority") or 0)
    found = [(rule, one) for rule in rules for one in rule.get("objectMappings") or []]
    yield from (pair for pair in found if pair[1]["sourceObjectName"] == ENTERPRISE)
    yield from found


def _step(mapping: Json, source: Json, definition: Json, rules: SandboxOptions) -> Step:
    shown: str = mapping["targetAttributeName"]
    target = INTERNAL.get(shown, shown) if rules.target == "ad" else shown
    flag = shown == "accountDisabled" and rules.target == "ad"
    node = node_of(mapping["source"]) if mapping.get("source") is not None else None
    if isinstance(node, Constant) and node.written and not node.value:
        node = None
    priority = mapping.get("matchingPriority") or 0
    used = frozenset(attributes_in(node))
    many = bool(definition.get("multivalued"))
    closed = (
        mapping.get("flowNullValues") is False or priority or many or target in REQUIRED or definition.get("required")
    )
    clears = frozenset(
        name
        for name in used
        if not closed and source.get(name, {}).get("flowNullValues") is True and not source[name].get("multivalued")
    )
    kind = "Reference" if target == "manager" else definition.get("type", "String")
    return Step(
        target="accountEnabled" if flag else target,
        shown=shown,
        node=node,
        default=mapping.get("defaultValue"),
        priority=priority,
        flow_type=mapping.get("flowType") or "Always",
        always=mapping.get("flowBehavior") == "FlowAlways",
        clears=clears,
        kind=kind,
        many=many,
        exact=bool(definition.get("caseExact")),
        mutability=definition.get("mutability") or "ReadWrite",
        longest=_longest(definition),
        flag=flag,
        used=used,
    )


def _longest(definition: Json) -> int | None:
    for one in definition.get("metadata") or []:
        if one.get("key") == "MaximumLength" and str(one.get("value")).isdecimal():
            return int(one["value"])
    return None
