"""Reading a profile: TOML to a typed model, with errors that name file, key, value and what is allowed."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from hcm_pipeline.errors import ProfileError, ProfileFault
from hcm_pipeline.profile.conditions import condition_faults
from hcm_pipeline.profile.model import (
    CORE_FIELDS,
    NAME_PARTS,
    PLACEHOLDER,
    REQUIRED_FIELDS,
    RESERVED_COLUMNS,
    STAGES,
    Naming,
    Profile,
)

_REFUSED_IN = {" ": ("user_principal_name",), "'": ("sam_account_name",)}
"""What the limits of directory/limits.py do not allow in a name."""
Judge = Callable[[Profile], list[ProfileFault]]
BUILT_IN = "hcm_pipeline.profile.builtin"


@dataclass(frozen=True)
class LoadedProfile:
    """A profile, where it came from, and the sha256 of what it says (not of its spelling)."""

    profile: Profile
    file: str
    sha256: str


def built_in_names() -> list[str]:
    """Names of the profiles that come with the package."""
    return sorted(p.name.removesuffix(".toml") for p in resources.files(BUILT_IN).iterdir() if p.name.endswith(".toml"))


def load(name_or_path: str, judges: Sequence[Judge] = ()) -> LoadedProfile:
    """Load a built-in profile by name, or a TOML file by path (see `parse`). Raises ProfileError with every broken rule."""
    if name_or_path in built_in_names():
        text = resources.files(BUILT_IN).joinpath(f"{name_or_path}.toml").read_text(encoding="utf-8")
        return parse(text, f"{name_or_path} (built in)", judges)
    path = Path(name_or_path).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        allowed = f"a TOML file in UTF-8, or one of {', '.join(built_in_names())}"
        raise ProfileError(name_or_path, [ProfileFault("profile", repr(name_or_path), allowed)]) from error
    return parse(text, str(path), judges)


def parse(text: str, file: str, judges: Sequence[Judge] = ()) -> LoadedProfile:
    """Parse and check a profile's text. Raises ProfileError with every broken rule.

    `judges` find the faults of the parts that belong to a target: the profile knows its own rules only.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(file, [ProfileFault("(syntax)", str(error), "TOML 1.0")]) from error
    try:
        profile = Profile.model_validate(raw)
    except ValidationError as error:
        raise ProfileError(file, [_fault(dict(e)) for e in error.errors()]) from error
    # what SQL is made of is judged once its names are known to be right
    faults = _cross_checks(profile) or [
        *condition_faults(profile),
        *(fault for judge in judges for fault in judge(profile)),
    ]
    if faults:
        raise ProfileError(file, faults)
    canonical = orjson.dumps(profile.model_dump(mode="json", by_alias=True), option=orjson.OPT_SORT_KEYS)
    return LoadedProfile(profile, file, hashlib.sha256(canonical).hexdigest())


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


def _cross_checks(profile: Profile) -> list[ProfileFault]:
    faults: list[ProfileFault] = []
    for name, spec in profile.fields.items():
        if name not in CORE_FIELDS:
            allowed = f"one of {', '.join(CORE_FIELDS)}; other fields belong in extra_fields"
            faults.append(ProfileFault(f"fields.{name}", repr(spec.column), allowed))
        elif spec.type != CORE_FIELDS[name] and "type" in spec.model_fields_set:
            faults.append(ProfileFault(f"fields.{name}.type", repr(spec.type), f"this field is a {CORE_FIELDS[name]}"))
    for name, spec in profile.extra_fields.items():
        if name in CORE_FIELDS or name in RESERVED_COLUMNS:
            faults.append(
                ProfileFault(f"extra_fields.{name}", repr(spec.column), "a name that the pipeline does not use")
            )
    faults += [
        ProfileFault(f"fields.{name}", "(missing)", "every profile maps a column to this field")
        for name in REQUIRED_FIELDS
        if name not in profile.fields
    ]
    faults += _template_faults(profile)
    faults += _directory_faults(profile)
    faults += [
        ProfileFault(f"identity.adopt[{i}].field", repr(rule.field), "a text field that the profile maps to a column")
        for i, rule in enumerate(profile.identity.adopt)
        if rule.field not in profile.columns or profile.types[rule.field] != "string"
    ]
    if "rehire" in profile.identity.model_fields_set:
        faults += [
            ProfileFault(f"identity.rehire[{i}].fields", repr(field), "worker fields that the profile maps to a column")
            for i, rule in enumerate(profile.identity.rehire)
            for field in rule.fields
            if field not in profile.columns
        ]
    faults += [
        ProfileFault(f"identity.spelling.latin.{part}", repr(field), "text fields that the profile maps to a column")
        for part, fields in profile.identity.spelling.latin.items()
        for field in fields
        if field not in profile.columns or profile.types[field] != "string"
    ]
    language = profile.identity.spelling.language
    if language is not None and profile.types.get(language) != "string":
        faults.append(
            ProfileFault("identity.spelling.language", repr(language), "a text field that the profile maps to a column")
        )
    if not profile.sources:
        faults.append(ProfileFault("sources", "[]", "at least one [[sources]] table"))
    names = [source.name for source in profile.sources]
    faults += [
        ProfileFault(f"sources[{i}].name", repr(name), "source names differ from each other")
        for i, name in enumerate(names)
        if name in names[:i]
    ]
    columns = profile.columns
    faults += [
        ProfileFault(f"workers.pick[{i}].field", repr(step.field), f"one of {', '.join(columns)}")
        for i, step in enumerate(profile.workers.pick)
        if step.field not in columns
    ]
    if "cohorts" in profile.guards.model_fields_set:
        faults += [
            ProfileFault(f"guards.cohorts[{i}]", repr(field), f"one of {', '.join(columns)}")
            for i, field in enumerate(profile.guards.cohorts)
            if field not in columns
        ]
    faults += [
        ProfileFault(f"guards.limits[{i}].per", repr(limit.per), f"cohort, or one of {', '.join(columns)}")
        for i, limit in enumerate(profile.guards.limits)
        if limit.per not in (None, "cohort", *columns)
    ]
    faults += [
        ProfileFault(f"workers.row_key[{i}]", repr(field), "a text field that the profile maps to a column")
        for i, field in enumerate(profile.workers.row_key)
        if field not in columns or profile.types[field] != "string"
    ]
    slices = profile.workers.slices
    faults += (
        [
            ProfileFault(f"workers.slices.{key}", repr(field), "a date field that the profile maps to a column")
            for key, field in (("from", slices.from_), ("to", slices.to))
            if field is not None and (field not in columns or profile.types[field] != "date")
        ]
        if slices
        else []
    )
    faults += [
        ProfileFault(f"workers.whole.cohorts[{i}]", repr(field), "a text field that the profile maps to a column")
        for i, field in enumerate(profile.workers.whole.cohorts)
        if field not in columns or profile.types[field] != "string"
    ]
    faults += [
        ProfileFault(f"sources[{i}].trailer", repr(source.trailer), "group 1 is the number of records")
        for i, source in enumerate(profile.sources)
        if source.trailer is not None and not re.compile(source.trailer).groups
    ]
    return faults + _life_faults(profile)


def _life_faults(profile: Profile) -> list[ProfileFault]:
    life, where = profile.workers.life, "workers.life"
    faults: list[ProfileFault] = []
    if life.zone_field is not None and profile.types.get(life.zone_field) != "string":
        faults.append(ProfileFault(f"{where}.zone_field", repr(life.zone_field), "a text field of the worker"))
    days = life.grace_days
    for i, step in enumerate(life.steps):
        if step.stage in STAGES or step.stage in [other.stage for other in life.steps[:i]]:
            allowed = f"a name of its own, and none of {', '.join(STAGES)}"
            faults.append(ProfileFault(f"{where}.steps[{i}].stage", repr(step.stage), allowed))
        if step.after_days <= days:
            allowed = "more than grace_days and than the step before"
            faults.append(ProfileFault(f"{where}.steps[{i}].after_days", repr(step.after_days), allowed))
        days = max(days, step.after_days)
    return faults


_KEYS_OF = {"url": "ad", "user": "ad", "bases": "ad", "employee_id": "ad", "file": "csv"}
"""Keys of a directory that belong to one kind only."""
_LDAPS = re.compile(r"ldaps://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?/?")


def _directory_faults(profile: Profile) -> list[ProfileFault]:
    """Keys that a directory's kind lacks or does not know."""
    faults = []
    for name, directory in profile.identity.directories.items():
        where = f"identity.directories.{name}"
        faults += [
            ProfileFault(
                f"{where}.{key}", repr(getattr(directory, key)), f"no key of a directory of kind {directory.kind}"
            )
            for key in directory.model_fields_set
            if _KEYS_OF.get(key, directory.kind) != directory.kind
        ]
        if directory.kind == "ad":
            if not _LDAPS.fullmatch(directory.url or ""):
                allowed = "ldaps:// and a host, with a port unless it is 636: nothing is sent without TLS"
                faults.append(ProfileFault(f"{where}.url", repr(directory.url), allowed))
            if not directory.user:
                allowed = "who signs in; the password is in HCM_PIPELINE_LDAP_PASSWORD"
                faults.append(ProfileFault(f"{where}.user", repr(directory.user), allowed))
    entra = [name for name, directory in profile.identity.directories.items() if directory.kind == "entra"]
    if len(entra) > 1:
        faults.append(ProfileFault("identity.directories", ", ".join(entra), "one of kind entra: there is one target"))
    return faults


def _template_faults(profile: Profile) -> list[ProfileFault]:
    """Placeholders of names that are no part of a name and no text field, and spaces where no name may have them."""
    texts = {name for name, kind in profile.types.items() if kind == "string"}
    known = f"one of {', '.join(NAME_PARTS)}, or a text field of the worker"
    faults: list[ProfileFault] = []
    for name in ("user_principal_name", "sam_account_name", "common_name"):
        naming: Naming = getattr(profile.identity, name)
        faults += [
            ProfileFault(
                f"identity.{name}.{key}", repr(getattr(naming, key)), f"the directory allows no {what} in this name"
            )
            for key, refused, what in (
                ("keep", " ", "space"),
                ("number_separator", " ", "space"),
                ("keep", "'", "apostrophe"),
            )
            if refused in getattr(naming, key) and name in _REFUSED_IN[refused]
        ]
        if not naming.candidates:
            faults.append(ProfileFault(f"identity.{name}.candidates", "[]", "at least one"))
        lists = [(f"identity.{name}.candidates", naming.candidates)]
        lists += [
            (f"identity.special[{i}].{name}", getattr(one, name)) for i, one in enumerate(profile.identity.special)
        ]
        for where, templates in lists:
            for i, template in enumerate(templates):
                parts = {part for part, _ in PLACEHOLDER.findall(template)}
                if parts - {*NAME_PARTS, *texts}:
                    faults.append(ProfileFault(f"{where}[{i}]", repr(template), f"placeholders are {known}"))
                if name in _REFUSED_IN[" "] and " " in template:
                    faults.append(
                        ProfileFault(f"{where}[{i}]", repr(template), "no spaces: no userPrincipalName has any")
                    )
    return faults
