"""Checks between the keys of a profile: what no section can judge by itself, each fault by the key that it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hcm_pipeline.errors import ProfileFault
from hcm_pipeline.profile.directory_section import Directory
from hcm_pipeline.profile.guard_section import GuardKind
from hcm_pipeline.profile.model import Profile
from hcm_pipeline.profile.naming_section import NAME_PARTS, PLACEHOLDER, Naming
from hcm_pipeline.profile.oracle_section import READ_COLUMNS
from hcm_pipeline.profile.place_section import place_faults
from hcm_pipeline.profile.source_section import Source
from hcm_pipeline.profile.worker_fields import CORE_FIELDS, REQUIRED_FIELDS, RESERVED_COLUMNS, STAGES, FieldSpec
from hcm_pipeline.profile.writeback_section import FIELDS

_REFUSED_IN = {" ": ("user_principal_name",), "'": ("sam_account_name",)}
"""Characters that the limits of directory/name_limits.py do not allow in a name."""
_KEYS_OF = {"url": "ad", "user": "ad", "bases": "ad", "employee_id": "ad", "file": "csv"}
"""Keys of a directory that belong to one kind only."""
_LDAPS = re.compile(r"ldaps://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?/?")
_MAPPED_TEXT = "a text field that the profile maps to a column"


def cross_faults(profile: Profile) -> list[ProfileFault]:
    """Every key that does not fit another one."""
    return [
        *_field_faults(profile),
        *_template_faults(profile),
        *_directory_faults(profile),
        *_identity_faults(profile),
        *_source_faults(profile),
        *place_faults(profile.places),
        *_pgp_faults(profile),
        *_row_faults(profile),
        *_guard_faults(profile),
        *_life_faults(profile),
        *_oracle_faults(profile),
        *_writeback_faults(profile),
    ]


def _is_text(profile: Profile, field: str) -> bool:
    """Whether the profile maps a text column to the field."""
    return field in profile.columns and profile.types[field] == "string"


def _field_faults(profile: Profile) -> Iterator[ProfileFault]:
    yield from _core_field_faults("fields", profile.fields)
    yield from _extra_field_faults("extra_fields", profile.extra_fields)
    for name in REQUIRED_FIELDS:
        if name not in profile.fields:
            yield ProfileFault(f"fields.{name}", "(missing)", "every profile maps a column to this field")


def _core_field_faults(where: str, fields: dict[str, FieldSpec]) -> Iterator[ProfileFault]:
    for name, spec in fields.items():
        if name not in CORE_FIELDS:
            allowed = f"one of {', '.join(CORE_FIELDS)}; other fields belong in extra_fields"
            yield ProfileFault(f"{where}.{name}", repr(spec.column), allowed)
        elif spec.type != CORE_FIELDS[name] and "type" in spec.model_fields_set:
            yield ProfileFault(f"{where}.{name}.type", repr(spec.type), f"this field is a {CORE_FIELDS[name]}")


def _extra_field_faults(where: str, fields: dict[str, FieldSpec]) -> Iterator[ProfileFault]:
    for name, spec in fields.items():
        if name in CORE_FIELDS or name in RESERVED_COLUMNS:
            yield ProfileFault(f"{where}.{name}", repr(spec.column), "a name that the pipeline does not use")


def _template_faults(profile: Profile) -> Iterator[ProfileFault]:
    """Placeholders of names that are no part of a name and no text field, and spaces where no name may have them."""
    texts = {name for name, kind in profile.types.items() if kind == "string"}
    for name in ("user_principal_name", "sam_account_name", "common_name"):
        naming: Naming = getattr(profile.identity, name)
        yield from _character_faults(name, naming)
        lists = [(f"identity.{name}.candidates", naming.candidates)]
        lists += [
            (f"identity.special[{i}].{name}", getattr(one, name)) for i, one in enumerate(profile.identity.special)
        ]
        for where, templates in lists:
            yield from _candidate_faults(name, where, templates, texts)


def _character_faults(name: str, naming: Naming) -> Iterator[ProfileFault]:
    for key, refused, what in (("keep", " ", "space"), ("number_separator", " ", "space"), ("keep", "'", "apostrophe")):
        if refused in getattr(naming, key) and name in _REFUSED_IN[refused]:
            allowed = f"the directory allows no {what} in this name"
            yield ProfileFault(f"identity.{name}.{key}", repr(getattr(naming, key)), allowed)
    if not naming.candidates:
        yield ProfileFault(f"identity.{name}.candidates", "[]", "at least one")


def _candidate_faults(name: str, where: str, templates: Iterable[str], texts: set[str]) -> Iterator[ProfileFault]:
    known = f"one of {', '.join(NAME_PARTS)}, or a text field of the worker"
    for i, template in enumerate(templates):
        parts = {part for part, _ in PLACEHOLDER.findall(template)}
        if parts - {*NAME_PARTS, *texts}:
            yield ProfileFault(f"{where}[{i}]", repr(template), f"placeholders are {known}")
        if name in _REFUSED_IN[" "] and " " in template:
            yield ProfileFault(f"{where}[{i}]", repr(template), "no spaces: no userPrincipalName has any")


def _directory_faults(profile: Profile) -> Iterator[ProfileFault]:
    """Keys that a directory's kind lacks or does not know."""
    for name, directory in profile.identity.directories.items():
        where = f"identity.directories.{name}"
        for key in directory.model_fields_set:
            if _KEYS_OF.get(key, directory.kind) != directory.kind:
                allowed = f"no key of a directory of kind {directory.kind}"
                yield ProfileFault(f"{where}.{key}", repr(getattr(directory, key)), allowed)
        if directory.kind == "ad":
            yield from _sign_in_faults(where, directory)
    entra = [name for name, directory in profile.identity.directories.items() if directory.kind == "entra"]
    if len(entra) > 1:
        yield ProfileFault("identity.directories", ", ".join(entra), "one of kind entra: there is one target")


def _sign_in_faults(where: str, directory: Directory) -> Iterator[ProfileFault]:
    if not _LDAPS.fullmatch(directory.url or ""):
        allowed = "ldaps:// and a host, with a port unless it is 636: nothing is sent without TLS"
        yield ProfileFault(f"{where}.url", repr(directory.url), allowed)
    if not directory.user:
        allowed = "who signs in; the password is in HCM_PIPELINE_LDAP_PASSWORD"
        yield ProfileFault(f"{where}.user", repr(directory.user), allowed)


def _identity_faults(profile: Profile) -> Iterator[ProfileFault]:
    identity = profile.identity
    for i, adopt in enumerate(identity.adopt):
        if not _is_text(profile, adopt.field):
            yield ProfileFault(f"identity.adopt[{i}].field", repr(adopt.field), _MAPPED_TEXT)
    if "rehire" in identity.model_fields_set:
        for i, rehire in enumerate(identity.rehire):
            for field in rehire.fields:
                if field not in profile.columns:
                    allowed = "worker fields that the profile maps to a column"
                    yield ProfileFault(f"identity.rehire[{i}].fields", repr(field), allowed)
    for part, fields in identity.spelling.latin.items():
        for field in fields:
            if not _is_text(profile, field):
                allowed = "text fields that the profile maps to a column"
                yield ProfileFault(f"identity.spelling.latin.{part}", repr(field), allowed)
    language = identity.spelling.language
    if language is not None and profile.types.get(language) != "string":
        yield ProfileFault("identity.spelling.language", repr(language), _MAPPED_TEXT)


def _source_faults(profile: Profile) -> Iterator[ProfileFault]:
    if not profile.sources:
        yield ProfileFault("sources", "[]", "at least one [[sources]] table")
    names = [source.name for source in profile.sources]
    for i, source in enumerate(profile.sources):
        if source.name in names[:i]:
            yield ProfileFault(f"sources[{i}].name", repr(source.name), "source names differ from each other")
        if source.trailer is not None and not re.compile(source.trailer).groups:
            yield ProfileFault(f"sources[{i}].trailer", repr(source.trailer), "group 1 is the number of records")
        if source.rows is not None and source.content == "full":
            yield ProfileFault(f"sources[{i}].rows", repr(source.rows), "only with content = 'changes-only'")
        if source.place not in (None, *(place.name for place in profile.places)):
            allowed = ", ".join(place.name for place in profile.places) or "the name of one of [[places]]"
            yield ProfileFault(f"sources[{i}].place", repr(source.place), allowed)
        yield from _part_faults(f"sources[{i}].parts", source)
        yield from _source_field_faults(f"sources[{i}].fields", profile, source)


def _pgp_faults(profile: Profile) -> Iterator[ProfileFault]:
    pgp = profile.pgp
    for key in ("passphrase_file", "signer_files", "required"):
        if getattr(pgp, key) and pgp.key_file is None:
            yield ProfileFault(f"pgp.{key}", repr(getattr(pgp, key)), "only with key_file, the key that decrypts")


def _part_faults(where: str, source: Source) -> Iterator[ProfileFault]:
    if source.parts is None:
        return
    groups = re.compile(source.parts.pattern).groups
    if not groups:
        yield ProfileFault(f"{where}.pattern", repr(source.parts.pattern), "group 1 is the part")
    elif groups > 1 and source.parts.count is not None:
        allowed = "no count where group 2 of the pattern reads it in the name"
        yield ProfileFault(f"{where}.count", repr(source.parts.count), allowed)


def _source_field_faults(where: str, profile: Profile, source: Source) -> Iterator[ProfileFault]:
    for name, own in source.fields.items():
        if name not in profile.columns:
            yield ProfileFault(f"{where}.{name}", repr(own.column), f"one of {', '.join(profile.columns)}")
            continue
        spec = own.over(profile.columns[name])
        both = sorted({*spec.true_values} & {*spec.false_values})
        if both:
            yield ProfileFault(f"{where}.{name}", ", ".join(both), "a value is true or false, and not both")
        for wrong in spec.clashes():
            yield ProfileFault(f"{where}.{name}", ", ".join(own.model_fields_set), wrong)


def _row_faults(profile: Profile) -> Iterator[ProfileFault]:
    """Fields by which rows of one worker are told apart and counted."""
    workers, columns = profile.workers, profile.columns
    for i, step in enumerate(workers.pick):
        if step.field not in columns:
            yield ProfileFault(f"workers.pick[{i}].field", repr(step.field), f"one of {', '.join(columns)}")
    if workers.manager_by not in columns:
        yield ProfileFault("workers.manager_by", repr(workers.manager_by), "a field that the profile maps to a column")
    for i, field in enumerate(workers.row_key):
        if not _is_text(profile, field):
            yield ProfileFault(f"workers.row_key[{i}]", repr(field), _MAPPED_TEXT)
    dates = [("from", workers.slices.from_), ("to", workers.slices.to)] if workers.slices else []
    for key, date in dates:
        if date is not None and (date not in columns or profile.types[date] != "date"):
            allowed = "a date field that the profile maps to a column"
            yield ProfileFault(f"workers.slices.{key}", repr(date), allowed)
    for i, field in enumerate(workers.whole.cohorts):
        if not _is_text(profile, field):
            yield ProfileFault(f"workers.whole.cohorts[{i}]", repr(field), _MAPPED_TEXT)


def _guard_faults(profile: Profile) -> Iterator[ProfileFault]:
    guards, columns = profile.guards, profile.columns
    if "cohorts" in guards.model_fields_set:
        for i, field in enumerate(guards.cohorts):
            if field not in columns:
                yield ProfileFault(f"guards.cohorts[{i}]", repr(field), f"one of {', '.join(columns)}")
    for i, limit in enumerate(guards.limits):
        if limit.per not in (None, "cohort", *columns):
            yield ProfileFault(f"guards.limits[{i}].per", repr(limit.per), f"cohort, or one of {', '.join(columns)}")


def _life_faults(profile: Profile) -> Iterator[ProfileFault]:
    life, where = profile.workers.life, "workers.life"
    if life.zone_field is not None and profile.types.get(life.zone_field) != "string":
        yield ProfileFault(f"{where}.zone_field", repr(life.zone_field), "a text field of the worker")
    days = life.grace_days
    for i, step in enumerate(life.steps):
        if step.stage in STAGES or step.stage in [other.stage for other in life.steps[:i]]:
            allowed = f"a name of its own, and none of {', '.join(STAGES)}"
            yield ProfileFault(f"{where}.steps[{i}].stage", repr(step.stage), allowed)
        if step.after_days <= days:
            allowed = "more than grace_days and than the step before"
            yield ProfileFault(f"{where}.steps[{i}].after_days", repr(step.after_days), allowed)
        days = max(days, step.after_days)


def _writeback_faults(profile: Profile) -> Iterator[ProfileFault]:
    """Attributes of which nobody could tell whether Oracle HCM has them, and limits that count nothing."""
    section = profile.writeback
    if section is None:
        return
    for name in section.to_hr:
        if not _is_text(profile, FIELDS[name]):
            allowed = f"the profile maps a column to the field {FIELDS[name]}, by which it is known what Oracle HCM has"
            yield ProfileFault(f"writeback.{name}.direction", "'to_hr'", allowed)
    for place, limit in enumerate(section.limits):
        if limit.kind not in (GuardKind.UPDATE, GuardKind.CHANGE):
            yield ProfileFault(f"writeback.limits[{place}].kind", repr(str(limit.kind)), "update, or change")


def _oracle_faults(profile: Profile) -> Iterator[ProfileFault]:
    """Sources that `[oracle]` names, and there are not, or are of another kind; and days that cannot be."""
    oracle = profile.oracle
    if oracle is None:
        return
    wanted = {"people": "full", "feed": "changes-only", "reconciliation": "changes-only"}
    by_name = {source.name: source for source in profile.sources}
    for key, content in wanted.items():
        name = getattr(oracle, key)
        source = by_name.get(name)
        if source is None or source.content != content or source.format != "json_lines":
            yield ProfileFault(
                f"oracle.{key}", repr(name), f"a source with content = {content!r} and format = 'json_lines'"
            )
    if len({getattr(oracle, key) for key in wanted}) < len(wanted):
        yield ProfileFault("oracle.feed", repr(oracle.feed), "three different sources")
    taken = {name.lower() for name in (*READ_COLUMNS, "_told")}
    for name in oracle.columns:
        if name.lower() in taken:
            yield ProfileFault(f"oracle.columns.{name}", repr(name), "a heading that no reading has already")
        taken.add(name.lower())
    if oracle.purged_after_days < oracle.archived_after_days:
        allowed = "not less than oracle.archived_after_days"
        yield ProfileFault("oracle.purged_after_days", repr(oracle.purged_after_days), allowed)
