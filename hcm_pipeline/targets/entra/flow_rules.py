"""The rules of worksheets 4, 5 and 6: what a directory's attribute may take, and from where.

Faults make a profile unusable; notes are for people who sign the worksheets. Sources: the fact that each message states is one of
"API-driven inbound provisioning" (concepts, known issues), "Reference for writing expressions", "Plan cloud HR application" and
"HR user creation issues" of Microsoft's documentation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from hcm_pipeline.errors import ProfileFault
from hcm_pipeline.expressions import ExpressionFault, parse
from hcm_pipeline.profile import (
    DEFAULT,
    ENTERPRISE,
    AttributeFlow,
    Flow,
    Profile,
    Sheet,
    TargetKind,
    attribute_flows,
    unsent_attributes,
)
from hcm_pipeline.targets.entra.attribute_names import filled
from hcm_pipeline.targets.entra.directory_attributes import DirectoryAttribute, attribute_of, attributes_of, meant
from hcm_pipeline.targets.entra.scim_mapping import compile_mapping

MANAGER = f"{ENTERPRISE}:manager"
UNIQUE_VALUE = "SelectUniqueValue("
_ENDS_ENABLED = {"accountenabled", "accountdisabled"}
_BEFORE_SOURCE = "where an account is to be made, this is needed: {how}"
_HOW = {
    "samaccountname": "map '{custom}:SamAccountName' = \"sam_account_name\" in scim.mapping",
    "parentdistinguishedname": "map '{custom}:ParentDistinguishedName' = \"parent_distinguished_name\" in scim.mapping",
}
_SHEETS = {Sheet.ENTRA: TargetKind.ENTRA, Sheet.ACTIVE_DIRECTORY: TargetKind.ACTIVE_DIRECTORY}


def flow_faults(profile: Profile) -> list[ProfileFault]:
    """Every rule that the profile's target and worksheets 4, 5 and 6 break. The mapping (worksheet 2) has no faults."""
    target = profile.target
    return [
        *_population_faults(profile),
        *(fault for sheet in Sheet for fault in _repeated(f"target.{sheet}", getattr(target, sheet))),
        *(fault for sheet, kind in _SHEETS.items() for fault in _sheet_faults(profile, sheet, kind)),
        *_hybrid_faults(profile),
    ]


def own_limits(profile: Profile, kind: TargetKind) -> dict[str, int]:
    """The longest value by SCIM attribute, where the profile's own rows take it to another attribute than the tutorial's."""
    found: dict[str, int] = {}
    for flow in attribute_flows(profile, kind):
        attribute = attribute_of(kind, flow.target)
        if flow.own and flow.source is not None and attribute is not None and attribute.longest is not None:
            found[flow.source] = min(attribute.longest, found.get(flow.source, attribute.longest))
    return found


# --- populations


def _population_faults(profile: Profile) -> Iterator[ProfileFault]:
    target = profile.target
    names = [population.name for population in target.populations]
    if names and target.kind is None:
        allowed = "entra or active_directory: the directory of everybody who is in none of the populations"
        yield ProfileFault("target.kind", "(missing)", allowed)
    for i, population in enumerate(target.populations):
        where = f"target.populations[{i}]"
        if population.name == DEFAULT:
            allowed = f"another name: {DEFAULT} is the target of everybody who is in no population"
            yield ProfileFault(f"{where}.name", repr(population.name), allowed)
        if population.name in names[:i]:
            yield ProfileFault(f"{where}.name", repr(population.name), "populations differ in their names")
        if population.when.strip() in [other.when.strip() for other in target.populations[:i]]:
            allowed = "a condition of its own: a worker belongs to the first population whose condition holds"
            yield ProfileFault(f"{where}.when", repr(population.when), allowed)


# --- the rows of worksheets 4 and 6


def _repeated(where: str, rows: dict[str, Flow | None]) -> Iterator[ProfileFault]:
    counted = Counter(name.lower() for name in rows)
    for name in rows:
        if counted[name.lower()] > 1:
            yield ProfileFault(
                f"{where}.{name}", repr(name), "one row for an attribute: names are the same in any case"
            )


def _sheet_faults(profile: Profile, sheet: Sheet, kind: TargetKind) -> Iterator[ProfileFault]:
    where = f"target.{sheet}"
    own = getattr(profile.target, sheet)
    declared = kind in profile.target.kinds
    if not own and not declared:
        return
    rows = attribute_flows(profile, kind)
    mapped = _mapped(profile)
    for flow in rows:
        if flow.own:
            yield from _row_faults(profile, f"{where}.{flow.target}", flow, kind, mapped)
    yield from _matching_faults(where, rows, kind)
    yield from _missing_faults(profile, where, rows, kind, declared)


def _mapped(profile: Profile) -> set[str]:
    """The attributes of worksheet 2 in lower case. The manager is one attribute, by either of its names."""
    return {filled(profile, name).lower() for name in profile.scim.mapping} | {
        MANAGER.lower() for name in profile.scim.mapping if filled(profile, name).lower() == f"{MANAGER}.value".lower()
    }


def _row_faults(
    profile: Profile, where: str, flow: AttributeFlow, kind: TargetKind, mapped: set[str]
) -> Iterator[ProfileFault]:
    attribute = attribute_of(kind, flow.target)
    if attribute is None:
        if flow.target.lower() not in {name.lower() for name in profile.target.extensions}:
            guess = meant(kind, flow.target)
            allowed = (
                f"{guess} is the service's name for it"
                if guess
                else "an attribute of the directory, or one of target.extensions"
            )
            yield ProfileFault(where, repr(flow.target), allowed)
    else:
        yield from _attribute_faults(where, flow, attribute)
    for name in flow.reads:
        if name.lower() not in mapped:
            yield ProfileFault(where, repr(name), "an attribute that scim.mapping has: what is not sent cannot flow")
    yield from _expression_faults(where, flow, kind)
    yield from _date_faults(profile, where, flow, attribute)


def _attribute_faults(where: str, flow: AttributeFlow, attribute: DirectoryAttribute) -> Iterator[ProfileFault]:
    name = attribute.name.lower()
    if attribute.read_only:
        why = "Exchange Online writes it" if name in ("mail", "proxyaddresses") else "the directory writes it itself"
        yield ProfileFault(where, repr(flow.text), f"an attribute that may be written: {why}")
    if attribute.type == "Reference" and flow.source != MANAGER:
        allowed = "{enterprise}:manager as it is: a reference is found by the person number, and takes no expression"
        yield ProfileFault(where, repr(flow.text), allowed)
    for constant in (flow.value, flow.default):
        if (
            constant is not None
            and attribute.longest is not None
            and len(constant.encode("utf-16-le")) // 2 > attribute.longest
        ):
            yield ProfileFault(where, repr(constant[:40]), f"at most {attribute.longest} characters")
    if name in _ENDS_ENABLED:
        yield from _enabled_faults(where, flow, name)


def _enabled_faults(where: str, flow: AttributeFlow, name: str) -> Iterator[ProfileFault]:
    if "active" not in flow.reads:
        yield ProfileFault(where, repr(flow.text), "made of active: nothing else says that somebody has left")
    elif name == "accountdisabled" and flow.expression is None:
        allowed = 'an expression: it says the opposite of active, as Switch([active], , "False", "True", "True", "False") does'
        yield ProfileFault(where, repr(flow.text), allowed)
    if flow.create_only:
        yield ProfileFault(
            where, "create_only", "false: an account that is there must be disabled when somebody leaves"
        )


def _expression_faults(where: str, flow: AttributeFlow, kind: TargetKind) -> Iterator[ProfileFault]:
    text = flow.expression
    if text is None:
        return
    if wrong := _form(text):
        yield ProfileFault(where, repr(text[:60]), wrong)
        return
    if UNIQUE_VALUE in text:
        if kind is TargetKind.ENTRA:
            allowed = (
                "no SelectUniqueValue: it works for Active Directory alone; the pipeline gives names that are unique"
            )
            yield ProfileFault(where, "SelectUniqueValue", allowed)
        elif not text.lstrip().startswith(UNIQUE_VALUE) or text.count(UNIQUE_VALUE) > 1:
            yield ProfileFault(where, "SelectUniqueValue", "the outermost function, and none inside of another")
        if flow.matching:
            yield ProfileFault(where, "SelectUniqueValue", "not where accounts are found by the attribute")
    if not flow.create_only and ("RandomString(" in text or UNIQUE_VALUE in text):
        yield ProfileFault(where, "create_only", "true: another value at each update would be another account's name")


def _form(text: str) -> str | None:
    """The sentence about an expression that cannot be read; None where it can."""
    try:
        parse(text)
    except ExpressionFault as fault:
        return f"an expression of attribute mappings: {fault}"
    return None


def _date_faults(
    profile: Profile, where: str, flow: AttributeFlow, attribute: DirectoryAttribute | None
) -> Iterator[ProfileFault]:
    if attribute is None or attribute.type != "DateTime" or flow.source is None:
        return
    dates = {leaf.column.lower() for leaf in compile_mapping(profile).leaves if leaf.value.startswith("strftime(")}
    if flow.source.lower() not in dates:
        yield ProfileFault(where, repr(flow.source), "a date of scim.mapping, with a deliberate time and zone")


def _matching_faults(where: str, rows: Iterable[AttributeFlow], kind: TargetKind) -> Iterator[ProfileFault]:
    matching = sorted((flow for flow in rows if flow.matching), key=lambda flow: flow.matching)
    for flow in matching:
        attribute = attribute_of(kind, flow.target)
        if attribute is not None and not attribute.matchable:
            allowed = "0: accounts cannot be found by an extension attribute, a reference, a date, a boolean or several values"
            yield ProfileFault(f"{where}.{flow.target}.matching", str(flow.matching), allowed)
    if not matching:
        yield ProfileFault(
            where, "(no matching)", "one row with matching = 1: without it every update makes another account"
        )
        return
    places = [flow.matching for flow in matching]
    if places != list(range(1, len(places) + 1)):
        named = ", ".join(f"{flow.target} {flow.matching}" for flow in matching)
        yield ProfileFault(f"{where}.{matching[-1].target}.matching", named, "precedences 1, 2, 3 ..., each once")


def _missing_faults(
    profile: Profile, where: str, rows: Iterable[AttributeFlow], kind: TargetKind, declared: bool
) -> Iterator[ProfileFault]:
    there = {flow.target.lower() for flow in rows}
    taken_away = {name.lower() for name, flow in getattr(profile.target, str(kind)).items() if flow is None}
    for key, attribute in attributes_of(kind).items():
        if attribute.required and key not in there and (declared or key in taken_away):
            how = _HOW.get(key, "the tutorial's row has it")
            yield ProfileFault(f"{where}.{attribute.name}", "(missing)", _BEFORE_SOURCE.format(how=how))
    on_premises = kind is TargetKind.ACTIVE_DIRECTORY and declared
    if on_premises and "parentdistinguishedname" in there and not profile.identity.parent_distinguished_name:
        allowed = "the container of everybody whom no rule of identity.placement places elsewhere"
        yield ProfileFault("identity.parent_distinguished_name", "(missing)", allowed)


# --- worksheet 5


def _hybrid_faults(profile: Profile) -> Iterator[ProfileFault]:
    known = {name.lower() for name in profile.target.extensions}
    for name, flow in profile.target.hybrid.items():
        where = f"target.hybrid.{name}"
        attribute = attribute_of(TargetKind.ENTRA, name)
        if attribute is None and name.lower() not in known:
            guess = meant(TargetKind.ENTRA, name)
            yield ProfileFault(where, repr(name), f"{guess} is its name" if guess else "an attribute of Entra ID")
        for source in _on_premises_sources(flow):
            if attribute_of(TargetKind.ACTIVE_DIRECTORY, source) is None and source.lower() not in known:
                yield ProfileFault(where, repr(source), "an attribute of Active Directory, or one of target.extensions")
        if flow and flow.expression is not None and (wrong := _form(flow.expression)):
            yield ProfileFault(where, repr(flow.expression[:60]), wrong)
        if flow and flow.matching:
            yield ProfileFault(
                f"{where}.matching", str(flow.matching), "0: the anchor of Entra Connect and cloud sync decides"
            )


def _on_premises_sources(flow: Flow | None) -> tuple[str, ...]:
    if flow is None:
        return ()
    return AttributeFlow("", flow.source, flow.expression).reads


# --- notes


def target_notes(profile: Profile) -> list[str]:
    """Sentences about rows that are allowed and seldom meant, for each kind of directory that the profile names."""
    found: list[str] = []
    for kind in profile.target.kinds:
        rows = attribute_flows(profile, kind)
        for name in unsent_attributes(profile, kind):
            found.append(f"{kind}: {name} is sent, and no attribute takes it: the service ignores it")
        for flow in rows:
            if flow.work_only:
                found.append(
                    f"{kind}: {flow.target} takes {flow.source}, and the service reads entries of type work alone"
                )
            if flow.target == "cn" and flow.source == "displayName":
                found.append(f"{kind}: cn is made of displayName: {flow.note}")
            attribute = attribute_of(kind, flow.target)
            if (
                attribute is not None
                and attribute.is_name
                and not flow.create_only
                and profile.identity.rename == "keep"
            ):
                found.append(
                    f"{kind}: {flow.target} is a name that every update writes again, over what people changed"
                )
        if kind is TargetKind.ACTIVE_DIRECTORY and not any(
            flow.target.startswith("extensionAttribute") or flow.target.startswith("msDS-cloud") for flow in rows
        ):
            found.append(
                f"{kind}: no extension attribute holds a hire or termination date, so that no lifecycle workflow begins"
            )
    if profile.target.populations:
        found.append(
            "the populations get their accounts in targets of their own, each by its own job: a job cannot find a manager of"
            " another population, so that nobody is sent one"
        )
    return found
