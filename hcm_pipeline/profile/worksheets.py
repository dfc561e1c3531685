"""Worksheets 4, 5 and 6 of a profile: the rows of `worksheets.toml` that count for it, with its own in their places."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from importlib import resources

from hcm_pipeline.profile.model import Profile
from hcm_pipeline.profile.target_section import (
    ENTERPRISE,
    AttributeFlow,
    DefaultRow,
    LeftOut,
    Rows,
    Sheet,
    TargetKind,
    flows,
    unsent,
)

_QUIET = (".primary", ".display")
"""Ends of attributes that stand beside a value and are mapped to nothing."""
_TWICE = "employeeNumber"
"""The person number, which `externalId` carries to the directory as well."""


@cache
def default_rows(sheet: Sheet) -> tuple[DefaultRow, ...]:
    """The tutorial's rows of a worksheet, in its order."""
    read = tomllib.loads(resources.files("hcm_pipeline.profile").joinpath("worksheets.toml").read_text("utf-8"))
    return tuple(
        DefaultRow(**{**row, "sources": tuple(row["sources"]), "expressions": row.get("expressions", {})})
        for row in read[sheet]
    )


def worksheet_rows(profile: Profile, sheet: Sheet) -> tuple[AttributeFlow | LeftOut, ...]:
    """The rows of a worksheet that count for a profile, those that nothing is mapped by among them.

    A row of the tutorial counts where the sheet before it has its source: worksheet 2 for the worksheets 4 and 6, and worksheet 4
    for worksheet 5.
    """
    return tuple(
        flows(default_rows(sheet), _own(profile, sheet), _known(profile, sheet), filler(profile), _renames(profile))
    )


def attribute_flows(profile: Profile, sheet: Sheet | TargetKind) -> tuple[AttributeFlow, ...]:
    """The rows by which attributes of a directory are filled, in the worksheet's order. Of a kind of target: worksheet 6 or 4."""
    return tuple(row for row in worksheet_rows(profile, Sheet(sheet)) if isinstance(row, AttributeFlow))


def unsent_attributes(profile: Profile, kind: TargetKind) -> tuple[str, ...]:
    """The attributes of worksheet 2 that no row of a kind of target takes further: the service ignores them there."""
    fill = filler(profile)
    mapped = [fill(name) for name in profile.scim.mapping]
    left_out = {row.source for row in worksheet_rows(profile, Sheet(kind)) if isinstance(row, LeftOut)}
    rows = attribute_flows(profile, kind)
    there = {flow.target for flow in rows}
    instead = {fill(source) for row in default_rows(Sheet(kind)) if row.target in there for source in row.sources}
    quiet = {name for name in mapped if name.endswith(_QUIET)} | left_out | instead | {f"{ENTERPRISE}:{_TWICE}"}
    return tuple(unsent(rows, mapped, quiet))


def filler(profile: Profile) -> Callable[[str], str]:
    """A function that puts the profile's URNs in the place of `{custom}` and `{enterprise}`."""
    return lambda text: text.replace("{custom}", profile.scim.custom_schema).replace("{enterprise}", ENTERPRISE)


def _own(profile: Profile, sheet: Sheet) -> Rows:
    rows: Rows = getattr(profile.target, sheet)
    return rows


def _known(profile: Profile, sheet: Sheet) -> Callable[[str], bool]:
    fill = filler(profile)
    if sheet is Sheet.HYBRID:
        names = {flow.target.lower() for flow in attribute_flows(profile, TargetKind.ACTIVE_DIRECTORY)}
    else:
        names = {fill(name).lower().removesuffix(":manager.value") for name in profile.scim.mapping}
        if f"{ENTERPRISE}:manager.value" in map(fill, profile.scim.mapping):
            names.add(f"{ENTERPRISE}:manager".lower())
    return lambda source: fill(source).lower() in names


def _renames(profile: Profile) -> bool:
    return profile.identity.rename == "follow"
