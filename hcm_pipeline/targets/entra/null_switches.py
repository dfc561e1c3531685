"""The nulls of a synchronization job: which attributes the profile says they clear, what stands in their place, and what the job's
schema says of them.

A null flows only where somebody switched it on, attribute by attribute (`entra.job_schema`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from hcm_pipeline.delivery import NullFlow, NullFlows
from hcm_pipeline.directory import FILLED
from hcm_pipeline.entra import SourceAttribute
from hcm_pipeline.errors import ProfileFault, ServiceError, ServiceRefused, SignInFailed
from hcm_pipeline.profile import Profile
from hcm_pipeline.targets.entra.attribute_names import by_name, columns_named, filled, unknown_name
from hcm_pipeline.targets.entra.scim_mapping import MANDATORY, Leaf, compile_mapping
from hcm_pipeline.targets.entra.scim_schema import Path, parse_path, written_by

if TYPE_CHECKING:
    from hcm_pipeline.entra import GraphClient  # at run time it loads httpx

HASTE = 10.0
"""Seconds of patience when the schema is asked for: whoever asks can do without the answer."""
FORBIDDEN = 403
MAY_NOT_READ = (
    "the app may not read the job's schema, so that the profile says which nulls flow (delivery.flows_nulls); grant"
    " Synchronization.Read.All"
)
NO_ANSWER = (
    "the job's schema could not be read, so that it is not known whether nulls flow by now: what was known before counts, or else"
    " the profile (delivery.flows_nulls); the next reading asks again"
)
ONE_SWITCH = (
    "the job's schema tells one of the two switches of null flow, at the source attribute, and it is on for {names}; whether their"
    " mappings let nulls by is not known, and it is taken for granted: look at the mappings in the portal, and name the field of"
    " the second switch (delivery.null_flow_field)"
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_DATE_SQL = "strftime("
_HELD_AS = {
    Path(("emails", "value"), "work"): ("mail",),
    Path(("name", "givenName")): ("givenName",),
    Path(("name", "familyName")): ("surname",),
}
"""The account's attributes that have the values of some places in the SCIM user, as long as the job's schema has not told."""
_READ_AS = {
    **{name.lower(): ours for ours, names in FILLED.items() for name in names if name},
    "mail": "mail", "givenname": "given_name", "surname": "surname", "sn": "surname", "displayname": "display_name",
    "mailnickname": "mail_nickname", "samaccountname": "sam_account_name", "cn": "common_name",
}  # fmt: skip
"""The name that a reading of a directory has for an account's attribute, by the name in the job's schema, in lower case."""


# --- by the profile


def flowing(profile: Profile) -> frozenset[str]:
    """The columns of which the profile says that a null clears them."""
    return columns_named(profile, compile_mapping(profile).leaves, profile.delivery.flows_nulls)


def replacements(profile: Profile) -> dict[str, str]:
    """By column, the value that the profile wants in the place of null."""
    named = by_name(compile_mapping(profile).leaves)
    return {named[filled(profile, name)].column: value for name, value in profile.delivery.instead_of_null.items()}


def null_faults(profile: Profile) -> list[ProfileFault]:
    """Every rule that the profile's words about nulls break. The mapping has no faults."""
    delivery = profile.delivery
    if not (delivery.flows_nulls or delivery.instead_of_null):
        return []
    named = by_name(compile_mapping(profile).leaves)
    faults: list[ProfileFault] = []
    for i, name in enumerate(delivery.flows_nulls):
        faults += _name_faults(profile, named, f"delivery.flows_nulls[{i}]", name)
    for name, value in delivery.instead_of_null.items():
        where = f"delivery.instead_of_null.{name}"
        faults += _name_faults(profile, named, where, name) or _value_faults(named[filled(profile, name)], where, value)
    places = [
        named[filled(profile, name)].column for name in delivery.instead_of_null if filled(profile, name) in named
    ]
    twice = sorted({column for column in places if places.count(column) > 1})
    return faults + [ProfileFault("delivery.instead_of_null", column, "one value for an attribute") for column in twice]


def _name_faults(profile: Profile, named: Mapping[str, Leaf], where: str, name: str) -> list[ProfileFault]:
    if unknown := unknown_name(profile, named, where, name):
        return unknown
    if named[filled(profile, name)].column in MANDATORY:
        return [ProfileFault(where, repr(name), f"an attribute that may be cleared; {', '.join(MANDATORY)} never are")]
    return []


def _value_faults(leaf: Leaf, where: str, value: str) -> Iterator[ProfileFault]:
    if leaf.json == "raw":
        yield ProfileFault(where, repr(value), "the place of an attribute of text; this one is a boolean or a number")
    elif leaf.value.startswith(_DATE_SQL) and not _MOMENT.fullmatch(value):
        yield ProfileFault(where, repr(value), "a time stamp such as 9999-12-31T00:00:00Z, as this attribute has")


# --- by a directory


def shown_by(target: str, kind: str | None, held_as: Mapping[str, Collection[str] | None]) -> dict[str, list[str]]:
    """The columns whose values are in an account where a reading of a directory of some kind finds them, and its names for them.

    `held_as`: by column, the account's attributes that have its value; None: the job's schema has not told. One of them that no
    reading has leaves the column out. Empty for a directory that is not the one which the target's job writes to. `target` is the
    job's key.
    """
    if kind != written_by(target):
        return {}
    found = {}
    for column, told in held_as.items():
        place = _place(column)
        known = told if told is not None or place is None else _HELD_AS.get(place)
        names = [name.lower() for name in known or ()]
        if names and all(name in _READ_AS for name in names):
            found[column] = [_READ_AS[name] for name in names]
    return found


# --- by the service


def read_null_flows(client: GraphClient, columns: Collection[str], field: str | None) -> NullFlows:
    """Ask the job's schema. Where it may not be read the profile's word stands; without an answer, what was known.

    `field` as of `source_attributes`: without it the second switch is not known. Raises SignInFailed.
    """
    try:
        attributes = client.source_attributes(field, give_up_after=HASTE)
    except SignInFailed:
        raise
    except ServiceRefused as refused:
        if refused.status == FORBIDDEN:
            return NullFlows(client.answered_at, {}, MAY_NOT_READ)
        return NullFlows(client.answered_at, {}, NO_ANSWER, stands=True)
    except ServiceError:
        return NullFlows(client.answered_at, {}, NO_ANSWER, stands=True)
    flows = flows_of(columns, attributes)
    half = (
        sorted(name.rpartition(":")[2] for name, flow in flows.items() if flow is NullFlow.FLOWS)
        if field is None
        else []
    )
    why_not = ONE_SWITCH.format(names=", ".join(half)) if half else None
    return NullFlows(client.answered_at, flows, why_not, _held_as(columns, attributes))


def flows_of(columns: Collection[str], attributes: Iterable[SourceAttribute]) -> dict[str, NullFlow]:
    """The fate of nulls in columns, by the attributes that a job's mappings use; one that none uses has no values."""
    flows = {_place(attribute.name): attribute.flows for attribute in attributes}
    flows.pop(None, None)
    return {column: _flow(flows.get(_place(column)), column) for column in columns}


def _held_as(columns: Collection[str], attributes: Iterable[SourceAttribute]) -> dict[str, tuple[str, ...]]:
    held = {_place(attribute.name): attribute.held_as for attribute in attributes}
    return {column: held[place] for column in columns if (place := _place(column)) is not None and place in held}


def _flow(flows: bool | None, column: str) -> NullFlow:
    if flows is None:
        return NullFlow.UNUSED
    return NullFlow.FLOWS if flows and column not in MANDATORY else NullFlow.STAYS


def _place(name: str) -> Path | None:
    """The place of an attribute in the SCIM user; None for a name of no such place."""
    try:
        return parse_path(name)
    except ValueError:
        return None
