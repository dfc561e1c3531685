"""Reading a profile: TOML to a typed model, with errors that name file, key, value and what is allowed."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from hcm_pipeline.errors import ProfileError, ProfileFault
from hcm_pipeline.profile.checks import cross_faults
from hcm_pipeline.profile.conditions import condition_faults
from hcm_pipeline.profile.delivery_section import LATER_KEYS as LATER_DELIVERY
from hcm_pipeline.profile.guard_section import LATER_GUARDS
from hcm_pipeline.profile.model import Profile
from hcm_pipeline.profile.raw_values import raw_faults
from hcm_pipeline.profile.source_section import LATER_KEYS, Source
from hcm_pipeline.profile.to_confirm import Mark, marks_of
from hcm_pipeline.profile.worker_fields import LATER_FIELD_KEYS, FieldSpec
from hcm_pipeline.profile.worker_section import LATER_WORKERS

Judge = Callable[[Profile], list[ProfileFault]]
BUILT_IN = "hcm_pipeline.profile.builtin"
LATER_IN = {"guards": LATER_GUARDS, "delivery": LATER_DELIVERY, "workers": LATER_WORKERS}
"""Keys by section that count in a profile's digest only where they are used, as `LATER_KEYS` of a source."""

LATER_SECTIONS = ("places", "pgp", "target")
"""Sections that count in a profile's digest only where they are used."""


@dataclass(frozen=True)
class LoadedProfile:
    """A profile, where it came from, and the sha256 of what it says (not of its spelling)."""

    profile: Profile
    file: str
    sha256: str
    to_confirm: tuple[Mark, ...] = ()
    """Marks that wait for a person, and stop nothing by themselves."""


def built_in_names() -> list[str]:
    """Names of the profiles that come with the package."""
    return sorted(p.name.removesuffix(".toml") for p in resources.files(BUILT_IN).iterdir() if p.name.endswith(".toml"))


def load(name_or_path: str, judges: Sequence[Judge] = ()) -> LoadedProfile:
    """Load a built-in profile by name, or a TOML file by path (see `parse`). Raises ProfileError with every broken rule."""
    if name_or_path in built_in_names():
        text = resources.files(BUILT_IN).joinpath(f"{name_or_path}.toml").read_text(encoding="utf-8")
        return parse(text, f"{name_or_path} (built in)")  # a test has judged it, so that no command need start a DuckDB
    try:
        path = Path(name_or_path).expanduser()
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError, RuntimeError) as error:  # none, not UTF-8, no path, ~ of nobody
        allowed = f"a TOML file in UTF-8, or one of {', '.join(built_in_names())}"
        raise ProfileError(name_or_path, [ProfileFault("profile", repr(name_or_path), allowed)]) from error
    return parse(text, str(path), judges)


def parse(text: str, file: str, judges: Sequence[Judge] = ()) -> LoadedProfile:
    """Parse and check a profile's text. Raises ProfileError with every broken rule.

    `judges` find the faults of the parts that belong to a target: the profile knows its own rules only. A command asks several
    times for the same profile, and nothing in one can change.
    """
    return _parsed(text, file, tuple(judges))


@lru_cache(maxsize=16)
def _parsed(text: str, file: str, judges: tuple[Judge, ...]) -> LoadedProfile:
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, and tables in tables in tables, too
        raise ProfileError(file, [ProfileFault("(syntax)", str(error), "TOML 1.0")]) from error
    if broken := list(raw_faults(raw)):
        raise ProfileError(file, broken)
    try:
        profile = Profile.model_validate(raw)
    except ValidationError as error:
        raise ProfileError(file, _faults([dict(e) for e in error.errors()])) from error
    # what SQL is made of is judged once its names are known to be right
    faults = cross_faults(profile) or [
        *condition_faults(profile),
        *(fault for judge in judges for fault in judge(profile)),
    ]
    marks = tuple(marks_of(text))
    faults += [
        ProfileFault(mark.key, "(to confirm)", f"{mark.what}; take the mark away when it is so")
        for mark in marks
        if mark.stops
    ]
    if faults:
        raise ProfileError(file, faults)
    return LoadedProfile(profile, file, _digest(profile), marks)


def _digest(profile: Profile) -> str:
    """The sha256 of what a profile says. It is in the id of every manifest, so a key that nobody uses must not change it."""
    values = profile.model_dump(mode="json", by_alias=True)
    for source, dumped in zip(profile.sources, values["sources"], strict=True):
        for key in LATER_KEYS:
            if getattr(source, key) == Source.model_fields[key].default:
                del dumped[key]
    for key in LATER_SECTIONS:
        if getattr(profile, key) == Profile.model_fields[key].default:
            del values[key]
    for section, keys in LATER_IN.items():
        said = getattr(profile, section)
        for key in keys:
            if getattr(said, key) == type(said).model_fields[key].default:
                del values[section][key]
    if profile.oracle is None:
        del values["oracle"]
    if profile.writeback is None:
        del values["writeback"]
    for fields in (
        values["fields"],
        values["extra_fields"],
        *(source.get("fields", {}) for source in values["sources"]),
    ):
        for dumped in fields.values():
            for key in LATER_FIELD_KEYS:
                if dumped.get(key) in (FieldSpec.model_fields[key].default, None):
                    dumped.pop(key, None)
    for dumped in (*values["fields"].values(), *values["extra_fields"].values()):
        meaning = dumped["blank_in_changes"]  # nobody said it: that was "unchanged" before a source could say it
        dumped["blank_in_changes"] = {None: "unchanged", "unchanged": "not said"}.get(meaning, meaning)
    if profile.delivery.automatic is None:  # it was true before it could be left open
        values["delivery"]["automatic"] = True
    return hashlib.sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _faults(errors: list[dict[str, Any]]) -> list[ProfileFault]:
    """Every broken rule; a list that is too short only because of a wrong member is told by the member."""
    places = [error["loc"] for error in errors]
    return [
        _fault(error)
        for error in errors
        if error["type"] != "too_short"
        or not any(place[: len(error["loc"])] == error["loc"] and place != error["loc"] for place in places)
    ]


def _fault(error: dict[str, Any]) -> ProfileFault:
    key = ".".join(f"[{part}]" if isinstance(part, int) else str(part) for part in error["loc"]).replace(".[", "[")
    kind, context = error["type"], error.get("ctx", {})
    value = repr(error["input"])
    value = value if len(value) <= 80 else value[:77] + "..."
    if kind == "missing":
        return ProfileFault(key, "(missing)", "this key is required")
    if kind == "extra_forbidden":
        return ProfileFault(key, value, "no such key; see docs/reference/profile.md for the keys there are")
    allowed = context.get("expected") or context.get("pattern") or error["msg"].removeprefix("Value error, ")
    prefix = {"literal_error": "one of ", "enum": "one of ", "string_pattern_mismatch": "must match "}.get(kind, "")
    return ProfileFault(key, value, f"{prefix}{allowed}")
