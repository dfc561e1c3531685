"""One attribute of one account: what a mapping makes of it, and what is to be said about that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from hcm_pipeline.expressions import Dropped, Surroundings, Unknown, Value, as_text, is_random
from hcm_pipeline.rehearsal.accounts import Account, Present, Reference, Untold
from hcm_pipeline.rehearsal.conversion import NotSure, Refused, converted
from hcm_pipeline.rehearsal.prepared import MANDATORY, READ_ONLY, Prepared, PreparedMapping, Target
from hcm_pipeline.rehearsal.results import AttributeResult, Mark, Rehearsed, Then
from hcm_pipeline.rehearsal.source_record import SourceRecord
from hcm_pipeline.synchronization import ACTIVE_DIRECTORY, ENTRA, FlowType, Kind

ADDED: dict[str, Value] = {"preferredlanguage": "en-US", "accountenabled": True}
"""Values that the service gives a new account of Entra ID where nothing else does, by attribute in lower case. Source: the
provisioning log that Microsoft published with its samples."""
EXPRESSION_NULLS = "the documentation speaks of null flow for attributes, and not for expressions"
ONLY_WHERE_NONE = "the mapping writes only where there is no value, and there is one"
UNRESOLVED = "UnableToResolveReferenceAttributeValue"


@dataclass(frozen=True)
class Case:
    """A record with its account. `account`: None: one is made; a result: it is decided already.

    `resolved`: the object ids by externalId of those who are referred to, as of `Accounts.referenced`.
    """

    key: str
    record: SourceRecord
    before: SourceRecord | None
    account: Account | Rehearsed | None
    again: bool
    resolved: Mapping[str, str | None] | None

    @cached_property
    def present(self) -> Account | None:
        """The account, where there is one."""
        return self.account if isinstance(self.account, Account) else None


def raw_value(one: PreparedMapping, record: SourceRecord, around: Surroundings) -> Value | Unknown:
    """The value that a mapping makes of a record, before anything is converted; of a constant its text."""
    if one.fault is not None:
        return Unknown(one.fault)
    if one.expression is None:
        return one.constant
    return one.expression.evaluate(record.values, around)


def attribute_result(
    one: PreparedMapping, case: Case, around: Surroundings, prepared: Prepared, target: Target
) -> AttributeResult:
    """The result of a mapping for a record."""
    account, kind = case.present, prepared.kind
    now, delivered = _now(one, case, around, kind, target)
    stays = AttributeResult(one.name, now, now, one.by, changes=False)
    if prepared.described and one.attribute is None:
        why = "the target directory has no such attribute"
        return stays.marked(Mark.REFUSED, why, "SchemaAttributeNotFound")
    if one.attribute is not None and one.attribute.mutability == READ_ONLY:
        return stays.marked(Mark.IGNORED, "the attribute is read-only")
    if kind == ENTRA and one.key == "mail":
        return stays.marked(Mark.IGNORED, "Entra ID lets nobody write mail: Exchange owns it")
    if account is not None and one.create_only:
        return _at_creation_alone(one, case, around, stays)
    if one.unique and kind != ACTIVE_DIRECTORY:
        return _unknown(stays, "SelectUniqueValue is for Active Directory alone")
    value = raw_value(one, case.record, around)
    if isinstance(value, Unknown):
        return _unknown(stays, value.why)
    if isinstance(value, Dropped):
        return stays
    if value is None or value in ("", ()):
        return _empty(one, case, stays, value, kind, target)
    if (
        one.mapping.flow_type == FlowType.ATTRIBUTE_ADD_ONLY
        and account is not None
        and now not in (None, Untold.NOT_TOLD)
    ):
        return stays if _same(now, value) else stays.marked(Mark.IGNORED, ONLY_WHERE_NONE)
    if one.reference:
        return _reference(one, case, stays, as_text(value) if isinstance(value, str | int) else None)
    written = _written(one, stays, value, kind, target)
    if account is None or written.mark is not None:
        return written
    return _on_account(one, case, around, written, delivered, value)


def meant_result(
    found: AttributeResult, meant: PreparedMapping, case: Case, around: Surroundings, kind: Kind | None, target: Target
) -> AttributeResult:
    """With a mark where a job's mapping gives another value than the one that is meant for the attribute."""
    if (
        found.mark is Mark.UNKNOWN
        or isinstance(found.then, Reference | Untold)
        or found.changes is False
        or meant.reference
    ):
        return found
    value = raw_value(meant, case.record, around)
    if value is None or isinstance(value, Unknown | Dropped) or is_random(value):
        return found
    try:
        wanted = converted(value, meant, kind, target)
    except (Refused, NotSure):
        return found
    if _same(wanted, found.then):
        return found
    return found.marked(Mark.UNDONE, "the mapping gives another value than the plan means")


# --- steps


def _now(
    one: PreparedMapping, case: Case, around: Surroundings, kind: Kind | None, target: Target
) -> tuple[Present, bool]:
    """The value now, and whether it is only known from what the target took last."""
    if case.present is None:
        return None, False
    now = case.present.now(one.name)
    if not isinstance(now, Untold) or case.before is None or one.random or one.unique:
        return now, False
    value = raw_value(one, case.before, around)
    if value is None or isinstance(value, Unknown | Dropped):
        return now, False
    if one.reference:
        return Reference(as_text(value) or "", None) if isinstance(value, str | int) else now, True
    try:
        return converted(value, one, kind, target), True
    except (Refused, NotSure):
        return now, False


def _unknown(stays: AttributeResult, why: str) -> AttributeResult:
    return AttributeResult(stays.attribute, stays.now, Untold.NOT_TOLD, stays.by, Mark.UNKNOWN, why, changes=None)


def _at_creation_alone(
    one: PreparedMapping, case: Case, around: Surroundings, stays: AttributeResult
) -> AttributeResult:
    if one.random or one.unique or one.fault is not None:
        return stays
    value = raw_value(one, case.record, around)
    if value is None or isinstance(value, Unknown | Dropped):
        return stays
    if isinstance(stays.now, Untold):
        was = raw_value(one, case.before, around) if case.before is not None else value
        differs = was != value
    else:
        differs = not _same(stays.now, value)
    return (
        stays.marked(Mark.IGNORED, "the mapping writes when an account is made, and never after") if differs else stays
    )


def _empty(
    one: PreparedMapping, case: Case, stays: AttributeResult, value: Value, kind: Kind | None, target: Target
) -> AttributeResult:
    """The result of no value, and of an empty text."""
    flows = one.source_switch is True and one.mapping_switch is True and _clearable(one)
    open_to_doubt = one.direct is None and one.some_source_flows and one.mapping_switch is not False and _clearable(one)
    if value == "" and open_to_doubt:
        return _unknown(stays, EXPRESSION_NULLS)
    if case.present is None:
        return _empty_at_creation(one, stays, value, flows, kind, target)
    if one.mapping.flow_type != FlowType.ALWAYS and stays.now is not None:
        if one.mapping.flow_type == FlowType.ATTRIBUTE_ADD_ONLY and stays.now is not Untold.NOT_TOLD:
            return stays
        return _unknown(stays, f"the documentation does not say enough of the flow type {one.mapping.flow_type}")
    direct = one.direct
    if direct is not None and direct not in case.record.values:
        if direct == "active":
            return _unknown(stays, "the sources disagree whether an account stays enabled when active is left out")
        if flows and case.record.omits(direct) and stays.now is not None and not _needed(one, kind):
            cleared = AttributeResult(one.name, stays.now, None, one.by, changes=_changes(stays.now, None))
            return cleared.marked(Mark.UNDONE, "the record leaves it out, and leaving it out clears it")
        return (
            stays
            if not flows or not _needed(one, kind)
            else _unknown(stays, "the record leaves out what an account needs")
        )
    if value == "" and not flows:
        return _empty_text(one, stays, kind)
    if stays.now is None or stays.now == "":
        return stays
    if open_to_doubt:
        return _unknown(stays, EXPRESSION_NULLS)
    if flows and _needed(one, kind):
        return _unknown(
            stays, "the documentation says not to let nulls flow to what an account needs, and not what follows"
        )
    if flows:
        return AttributeResult(one.name, stays.now, None, one.by, changes=_changes(stays.now, None))
    if one.source_switch is True and one.mapping_switch is None and _clearable(one):
        return _unknown(stays, "the first switch of null flow is on, and the schema does not say whether the second is")
    if stays.now is Untold.NOT_TOLD:
        return stays
    return stays.marked(Mark.IGNORED, "no value is sent, and none clears it: null flow is off")


def _empty_at_creation(
    one: PreparedMapping, stays: AttributeResult, value: Value, flows: bool, kind: Kind | None, target: Target
) -> AttributeResult:
    default = one.mapping.default_value
    if value == "" and not flows:
        return _empty_text(one, stays, kind)
    if default is not None and one.expression is not None:
        return _written(one, stays, default, kind, target)
    if kind == ENTRA and one.key in ADDED:
        return AttributeResult(one.name, None, ADDED[one.key], one.by, changes=True)
    if kind == ACTIVE_DIRECTORY and one.key in ("parentdistinguishedname", "accountdisabled"):
        return _unknown(stays, "where nothing is mapped, a new account gets what the job or the domain has for it")
    return stays


def _needed(one: PreparedMapping, kind: Kind | None) -> bool:
    """Whether no account is without the attribute."""
    names = MANDATORY.get(kind, ()) if kind else ()
    return one.key == "parentdistinguishedname" or one.key in {name.lower() for name in names}


def _clearable(one: PreparedMapping) -> bool:
    attribute = one.attribute
    return not one.mapping.matching and not (attribute is not None and (attribute.required or attribute.multivalued))


def _empty_text(one: PreparedMapping, stays: AttributeResult, kind: Kind | None) -> AttributeResult:
    if kind == ACTIVE_DIRECTORY and _needed(one, kind):
        return stays.marked(Mark.REFUSED, "no account is without it, and the text is empty", "MandatoryFieldsMissing")
    if kind == ACTIVE_DIRECTORY:
        return stays.marked(Mark.REFUSED, "Active Directory takes no empty text", "InvalidAttributeSyntax")
    return _unknown(stays, "the documentation does not say what Entra ID makes of an empty text")


def _reference(one: PreparedMapping, case: Case, stays: AttributeResult, external_id: str | None) -> AttributeResult:
    if one.direct is None or external_id is None:
        return _unknown(stays, "a reference has to be mapped directly")
    if isinstance(stays.now, Reference) and stays.now.external_id == external_id:
        return stays  # as it was delivered
    if case.resolved is None:
        return AttributeResult(one.name, stays.now, Reference(external_id, None), one.by, changes=None)
    if external_id not in case.resolved:
        return stays.marked(
            Mark.IGNORED, "nobody whom the job has made has this number, so that it stays as it is", UNRESOLVED
        )
    then = Reference(external_id, case.resolved[external_id])
    changes = None if isinstance(stays.now, Untold) else then.object_id is None or then.object_id != stays.now
    return AttributeResult(one.name, stays.now, then, one.by, changes=changes)


def _written(
    one: PreparedMapping, stays: AttributeResult, value: Value, kind: Kind | None, target: Target
) -> AttributeResult:
    try:
        then: Then = converted(value, one, kind, target)
    except Refused as refused:
        return stays.marked(Mark.REFUSED, refused.why, refused.code)
    except NotSure as not_sure:
        return _unknown(stays, not_sure.why)
    return AttributeResult(one.name, stays.now, then, one.by, changes=_changes(stays.now, then))


def _on_account(
    one: PreparedMapping, case: Case, around: Surroundings, written: AttributeResult, delivered: bool, value: Value
) -> AttributeResult:
    """On an account that is there: flow types, case, and what the mapping undoes."""
    now, then, flow = written.now, written.then, one.mapping.flow_type
    stays = AttributeResult(one.name, now, now, one.by, changes=False)
    if flow != FlowType.ALWAYS and now is not None and written.changes is not False:
        return _unknown(
            stays, f"the documentation does not say enough of the flow type {flow}, or the value now is not known"
        )
    exact = one.attribute is not None and one.attribute.case_exact
    if written.changes and not exact and isinstance(now, str) and isinstance(then, str) and now.lower() == then.lower():
        return stays.marked(
            Mark.IGNORED, "it differs in case alone, and the attribute does not look at case (caseExact)"
        )
    if one.random and written.changes is not False:
        return written.marked(
            Mark.UNDONE, "each update writes another random value; the mapping is not for creation alone"
        )
    if written.changes and not delivered and not case.again and case.before is not None:
        was = raw_value(one, case.before, around)
        if was == value:
            return written.marked(Mark.UNDONE, "the account has another value, and the plan changes nothing of it")
    return written


def _changes(now: Present, then: Then) -> bool | None:
    if now is Untold.NOT_TOLD or (now is Untold.A_VALUE and then is not None):
        return None
    if now is Untold.A_VALUE:
        return True
    return not _same(now, then)


def _same(one: object, other: object) -> bool:
    if one == other:
        return type(one) is type(other) or not {bool, int} >= {type(one), type(other)}
    if isinstance(one, str | bool | int) and isinstance(other, str | bool | int):
        return as_text(one) == as_text(other)
    if one in (None, "", ()) and other in (None, "", ()):
        return True
    return isinstance(one, tuple) and isinstance(other, tuple) and sorted(one) == sorted(other)
