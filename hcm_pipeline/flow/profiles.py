"""Loading a profile: its own rules, and those of the formats of its sources and of the target that it maps workers to."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from importlib import resources

from hcm_pipeline import profile
from hcm_pipeline.errors import GuardStop, ProfileError, ProfileFault, UsageError
from hcm_pipeline.profile import (
    BUILT_IN,
    DEFAULT,
    IDENTITY_COLUMNS,
    NAME_PARTS,
    PLACEHOLDER,
    LoadedProfile,
    Profile,
    TargetKind,
    built_in_names,
)
from hcm_pipeline.sources import format_faults
from hcm_pipeline.targets.entra import (
    columns_of,
    compile_mapping,
    flow_faults,
    kind_of_job,
    mapping_faults,
    null_faults,
    rule_faults,
    target_notes,
)
from hcm_pipeline.warehouse import DUCKDB_TYPES, meanings_of
from hcm_pipeline.workers import KINDS as CHANGE_KINDS

__all__ = [
    "CHANGE_KINDS",
    "IDENTITY_COLUMNS",
    "BlanksOf",
    "MappedAttribute",
    "blanks_of",
    "built_in_text",
    "column_meanings",
    "field_columns",
    "load_profile",
    "mapped_attributes",
    "name_parts",
    "parse_profile",
    "require_target",
    "target_sentences",
    "worker_columns",
]
_WORD, _QUOTED = re.compile(r"[a-z_][a-z0-9_]*"), re.compile(r"'(?:[^']|'')*'")


def _target_faults(given: Profile) -> list[ProfileFault]:
    """The mapping's faults; where it has none, those of the words about nulls and lengths, which name its attributes."""
    return mapping_faults(given) or [*null_faults(given), *rule_faults(given), *flow_faults(given)]


JUDGES = (format_faults, _target_faults)


def load_profile(name_or_path: str, *, only_look: bool = False) -> LoadedProfile:
    """Load a built-in profile by name, or a TOML file by path. Raises ProfileError with every broken rule.

    A proposed domain that nobody has confirmed is one of them, unless the profile is only looked at: names are given for life.
    """
    loaded = profile.load(name_or_path, JUDGES)
    unsure = [mark for mark in loaded.to_confirm if mark.names]
    if unsure and not only_look:
        allowed = "names are given for life: take the mark away when it is so"
        raise ProfileError(
            loaded.file, [ProfileFault(mark.key, "(to confirm)", f"{mark.what}; {allowed}") for mark in unsure]
        )
    return loaded


def parse_profile(text: str, file: str) -> LoadedProfile:
    """Parse and check a profile's text; `file` names it in errors. Raises ProfileError with every broken rule."""
    return profile.parse(text, file, JUDGES)


def built_in_text(name: str) -> str:
    """The TOML of a built-in profile. Raises UsageError for a name that there is not."""
    if name not in built_in_names():
        raise UsageError(f"--profile {name}: built-in profiles are {', '.join(built_in_names())}")
    return resources.files(BUILT_IN).joinpath(f"{name}.toml").read_text(encoding="utf-8")


def require_target(kind: TargetKind | None, target: str, name: str = "") -> None:
    """Raise GuardStop where a job is not one for the directory that the profile says: nothing is planned for another.

    `kind`: that directory; None goes with any. `target`: the job's key. `name`: the target's, of several.
    """
    job = kind_of_job(target)
    if kind is not None and kind is not job:
        key = f"target.populations: {name} is of {kind}" if name not in ("", DEFAULT) else f"target.kind is {kind}"
        variable = "HCM_PIPELINE_JOB_ID" if name in ("", DEFAULT) else f"HCM_PIPELINE_JOB_ID_{name.upper()}"
        raise GuardStop(f"the profile's {key}, and the job writes to {job}: nothing is planned; see {variable}")


def target_sentences(given: Profile) -> list[str]:
    """Sentences about rows of worksheets 4 to 6 that are allowed and seldom meant, of the directories that the profile names."""
    return target_notes(given)


@dataclass(frozen=True)
class MappedAttribute:
    """One attribute of the target, and the worker field or expression that it is made from. `reads`: the fields and names in it."""

    attribute: str
    origin: str
    reads: tuple[str, ...]


def mapped_attributes(given: Profile) -> list[MappedAttribute]:
    """The attributes that a profile maps, in its order."""
    columns = columns_of(given)
    return [
        MappedAttribute(leaf.column, leaf.origin, _read_in(leaf.origin, columns))
        for leaf in compile_mapping(given).leaves
    ]


def _read_in(origin: str, columns: Collection[str]) -> tuple[str, ...]:
    """The columns that a mapping's origin names; texts in quotes name none."""
    if origin.startswith("value: "):
        return ()
    words = dict.fromkeys(_WORD.findall(_QUOTED.sub("", origin.removeprefix("sql: "))))
    return tuple("manager" if word == "manager_external_id" else word for word in words if word in columns)


def field_columns(given: Profile) -> dict[str, tuple[str, ...]]:
    """The columns of extracts that each worker field is read from, in any source of the profile."""
    found: dict[str, dict[str, None]] = {}
    for source in given.sources:
        for name, spec in given.columns_of(source).items():
            found.setdefault(name, {})[str(spec.column)] = None
    return {name: tuple(columns) for name, columns in found.items()}


def name_parts(given: Profile) -> dict[str, tuple[str, ...]]:
    """The worker fields that each name of the ledger is formed from."""
    found = {}
    for name in IDENTITY_COLUMNS:
        naming = getattr(given.identity, name, None)
        candidates = getattr(naming, "candidates", ())
        parts = [NAME_PARTS[part] for text in candidates for part, _ in PLACEHOLDER.findall(text) if part in NAME_PARTS]
        found[name] = tuple(dict.fromkeys(part for part in parts if part in given.types))
    return found


def column_meanings(table: str) -> dict[str, str]:
    """The meaning of each column of a table of the warehouse, as the reference has it."""
    return meanings_of(table)


@dataclass(frozen=True)
class BlanksOf:
    """The meaning of a blank in the rows of one changes-only source. `blank`: clears, says nothing, or by row; `otherwise`: the
    fields for which the profile says something else, with that."""

    source: str
    rows: str | None
    blank: str
    otherwise: dict[str, str]

    @property
    def sentence(self) -> str:
        """The same for people."""
        meant = {
            "whole": "rows are whole: a blank clears a value",
            "narrow": "rows are narrow: a blank says nothing",
            None: "sources.rows does not say whether rows are whole or narrow: in a row that leaves nothing required blank, a blank"
            " clears a value; in any other it says nothing",
        }[self.rows]
        but = "; ".join(f"{field}: {says}" for field, says in self.otherwise.items())
        return f"source {self.source}: {meant}{f' (but {but})' if but else ''}"


MEANINGS = {"cleared": "a blank clears", "unchanged": "a blank says nothing"}


def blanks_of(given: Profile) -> list[BlanksOf]:
    """The meaning of a blank, by changes-only source."""
    found = []
    for source in given.sources:
        if source.content == "changes-only":
            usual = {None: None, True: "cleared", False: "unchanged"}[source.blank_clears]
            says = {
                name: spec.blank_in_changes
                for name, spec in given.columns_of(source).items()
                if name != "person_number"
            }
            otherwise = {name: MEANINGS[meaning] for name, meaning in says.items() if meaning and meaning != usual}
            blank = MEANINGS[usual].removeprefix("a blank ") if usual else "by row"
            found.append(BlanksOf(source.name, source.rows, blank, otherwise))
    return found


def worker_columns(given: Profile) -> dict[str, str]:
    """The columns of the snapshot, each with its DuckDB type: the profile's fields, and those of every version."""
    fields = {name: DUCKDB_TYPES[kind] for name, kind in given.types.items()}
    return {**fields, "valid_from": "DATE", "valid_to": "DATE", "extract_id": "INTEGER", "row_no": "BIGINT"}
