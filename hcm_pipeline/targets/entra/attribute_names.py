"""How a profile's keys name mapped attributes: by the whole name, or by the last part where one attribute alone has it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from hcm_pipeline.errors import ProfileFault
from hcm_pipeline.profile import Profile
from hcm_pipeline.targets.entra.scim_mapping import MANDATORY, Leaf
from hcm_pipeline.targets.entra.scim_schema import ENTERPRISE, Path


def filled(profile: Profile, name: str) -> str:
    """A name with the URNs of the schemas in it."""
    return name.replace("{custom}", profile.scim.custom_schema).replace("{enterprise}", ENTERPRISE)


def by_name(leaves: Iterable[Leaf]) -> dict[str, Leaf]:
    """The mapped values by their columns, and by the last parts that one of them has alone."""
    by_column = {leaf.column: leaf for leaf in leaves}
    last: dict[str, list[Leaf]] = {}
    for leaf in by_column.values():
        last.setdefault(_last_part(leaf.path), []).append(leaf)
    return {name: found[0] for name, found in last.items() if len(found) == 1} | by_column


def columns_named(profile: Profile, leaves: Iterable[Leaf], names: Collection[str]) -> frozenset[str]:
    """The columns that names stand for. Raises KeyError for a name of none: the profile was judged before."""
    if not names:
        return frozenset()
    named = by_name(leaves)
    return frozenset(named[filled(profile, name)].column for name in names)


def unknown_name(profile: Profile, named: Mapping[str, Leaf], where: str, name: str) -> list[ProfileFault]:
    """The fault of a key that names no mapped attribute; empty where it does."""
    if filled(profile, name) in named:
        return []
    allowed = f"an attribute of scim.mapping, or its last part where that is one's alone: {', '.join(_short(named))}"
    return [ProfileFault(where, repr(name), allowed)]


def _last_part(path: Path) -> str:
    return path.keys[0] if path.urn == ENTERPRISE else path.keys[-1]


def _short(named: Mapping[str, Leaf]) -> list[str]:
    return sorted(
        name for name, leaf in named.items() if name == _last_part(leaf.path) and leaf.column not in MANDATORY
    )
