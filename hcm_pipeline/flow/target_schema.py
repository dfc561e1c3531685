"""The synchronization schema of the target's job: compared with the profile's, applied as any change, exported, put back.

A change is a manifest (`delivery.configuration_change`): it is planned, a person approves it, it is carried out against the very
schema that it was planned over, read back and compared.
"""

from __future__ import annotations

import hashlib
import operator
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import orjson

from hcm_pipeline.delivery import (
    CONFIGURES,
    ConfigurationChange,
    Journal,
    JournaledManifest,
    ManifestState,
    before_of,
    carry_out,
    nothing_to_change,
    plan_change,
)
from hcm_pipeline.entra import GraphClient, JobSchema
from hcm_pipeline.errors import GuardStop, PipelineError, ServiceRefused, UsageError
from hcm_pipeline.flow.confirming import LEAST_OF_ID
from hcm_pipeline.flow.deciding import approve
from hcm_pipeline.flow.installation import Installation, Progress, quiet
from hcm_pipeline.home import private
from hcm_pipeline.http import Patience
from hcm_pipeline.locks import advisory_lock
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import TargetKind
from hcm_pipeline.synchronization import (
    AttributeMapping,
    Difference,
    DifferenceKind,
    Schema,
    compare,
    findings,
    kind_of,
    read,
)
from hcm_pipeline.synchronization import Finding as Finding
from hcm_pipeline.targets.entra import Aside as Aside
from hcm_pipeline.targets.entra import GeneratedSchema, describe, generated_schema, kind_of_job, open_target

SchemaFinding = Finding
LOCK_SECONDS = 60.0
HASTE = 120.0
"""Seconds of patience with a service that does not answer: somebody waits at the command line."""
UNSAID = ("@odata.context", "discoveryDateTime", "version")
"""Fields that the service writes of its own accord: another value of them is no other schema."""
WAITS = (0.0, 2.0, 5.0)
"""Seconds before each reading back: the service may take a moment to show what it took."""
LONGEST_FILE = 50_000_000
"""Bytes of a file with a schema."""


@dataclass(frozen=True)
class SchemaDifferences:
    """A job's schema beside the one that is wanted.

    `breaks` are the rules that the wanted one breaks and the present one does not; `broken` those that the present one breaks.
    """

    target: str
    kind: str
    changes: tuple[Difference, ...]
    left_out: tuple[Aside, ...]
    not_ours: tuple[Aside, ...]
    notes: tuple[str, ...]
    broken: tuple[SchemaFinding, ...]
    breaks: tuple[SchemaFinding, ...]


@dataclass(frozen=True)
class SchemaChange:
    """A planned change of a job's schema, and what became of it.

    `manifest`: None when nothing differs. `state` is that of the manifest. `backup`: the schema that the job had, once it was
    changed.
    """

    differences: SchemaDifferences
    manifest: str | None
    operations: int
    state: str | None
    backup: Path | None = None

    @property
    def held(self) -> bool:
        """Whether a person has to decide."""
        return self.state == ManifestState.HELD

    @property
    def applied(self) -> bool:
        """Whether the job has it now."""
        return self.state == ManifestState.ACCEPTED

    def as_json(self) -> dict[str, object]:
        """One object, the differences among the rest."""
        return {
            **vars(self.differences), "manifest": self.manifest, "operations": self.operations, "state": self.state,
            "backup": None if self.backup is None else str(self.backup), "applied": self.applied,
        }  # fmt: skip


@dataclass(frozen=True)
class Approval:
    """A person's approval of the change that waits: a manifest's id, and how many things it changes."""

    manifest: str
    changes: int | None
    by: str
    why: str | None = None


@dataclass(frozen=True)
class _Wanted:
    schema: Schema
    differences: SchemaDifferences


# --- looking


def schema_differences(
    installation: Installation, file: Path | None = None, announce: Progress = quiet
) -> SchemaDifferences:
    """The differences between the job's schema, or the one in a file, and the profile's. Changes nothing."""
    if file is not None:
        return _generated(installation, read_schema_file(installation, file), f"{file}").differences
    with _job(installation, announce) as (key, job):
        return _generated(installation, _read(installation, job.read()), key).differences


def wanted_schema(installation: Installation, kind: str | None = None) -> GeneratedSchema:
    """The schema that the profile asks for, over the built-in default. Asks no service."""
    wanted = TargetKind(kind) if kind else installation.kind or kind_of_job(installation.target)
    return generated_schema(installation.profile, wanted)


def export_schema(installation: Installation, file: Path | None, announce: Progress = quiet) -> Mapping[str, object]:
    """The job's schema as the service has it; also written to a file, for its owner alone. Raises UsageError where one is."""
    if file is not None and file.exists():
        raise UsageError(f"{file}: is there already; name another file")
    with _job(installation, announce) as (_, job):
        found = job.read()
    if file is not None:
        try:
            private(file).write_bytes(_pretty(found))
        except OSError as error:
            raise UsageError(f"{file}: cannot be written ({error.strerror})") from None
    return found


def check_schema(installation: Installation, file: Path) -> tuple[SchemaFinding, ...]:
    """The rules that the schema in a file breaks. Asks no service."""
    return findings(read_schema_file(installation, file))


def read_schema_file(installation: Installation, file: Path) -> Schema:
    """The schema that a file holds. Raises UsageError for a file that cannot be read, and SchemaFault."""
    try:
        if file.stat().st_size > LONGEST_FILE:
            raise UsageError(f"{file}: is too large to be a schema")
        text = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from None
    try:
        found = orjson.loads(text.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise UsageError(f"{file}: is no JSON document ({error})") from None
    return _read(installation, found)


# --- changing


def apply_schema(
    installation: Installation, approval: Approval | None = None, *, started_by: str | None = None,
    announce: Progress = quiet, sleep: Callable[[float], None] = time.sleep,
) -> SchemaChange:  # fmt: skip
    """Plan the change of the job's schema to the profile's and, where a person has approved this very change, carry it out.

    Raises UsageError for an approval of another change, GuardStop when the wanted schema breaks rules that the present one keeps,
    and PipelineError when the job does not have afterwards what was sent.
    """
    making = partial(_generated, installation)
    return _change(installation, making, _Doing("apply", approval, started_by, sleep), announce)


def restore_schema(
    installation: Installation, backup: Path, approval: Approval | None = None, *, started_by: str | None = None,
    announce: Progress = quiet, sleep: Callable[[float], None] = time.sleep,
) -> SchemaChange:  # fmt: skip
    """The same to a schema that was exported or kept: all of it comes back, and what came since goes."""
    kept = read_schema_file(installation, backup)
    making = partial(_restored, kept)
    return _change(installation, making, _Doing("restore", approval, started_by, sleep), announce)


Making = Callable[[Schema, str], _Wanted]


@dataclass(frozen=True)
class _Doing:
    """A verb, and the people who want it done."""

    verb: str
    approval: Approval | None
    started_by: str | None
    sleep: Callable[[float], None]

    @property
    def whole(self) -> bool:
        """Whether what the job has besides is to go."""
        return self.verb == "restore"


def _change(installation: Installation, making: Making, doing: _Doing, announce: Progress) -> SchemaChange:
    approval = doing.approval
    with _alone(installation), _job(installation, announce) as (key, job), installation.journal() as journal:
        raw = job.read()
        present = _read(installation, raw)
        wanted = _parsed(job, making(present, key))
        target = f"{CONFIGURES}{key}"
        if not wanted.differences.changes:
            _refuse_other(approval, None, journal)
            nothing_to_change(journal, target)
            return SchemaChange(wanted.differences, None, 0, None)
        if not doing.whole:
            _refuse_broken(wanted.differences)
        _refuse_disabling(installation, job, wanted)
        change = _as_change(installation, target, doing.verb, raw, wanted)
        planned = plan_change(installation.home, journal, change, installation.clock(), doing.started_by)
        _refuse_other(approval, planned, journal)
        if approval is not None and planned.state is ManifestState.HELD:
            planned = approve(
                installation, planned.manifest_id, operations=approval.changes, by=approval.by, why=approval.why
            )  # fmt: skip
        if planned.state not in (ManifestState.READY, ManifestState.UPLOADING):
            return SchemaChange(wanted.differences, planned.manifest_id, planned.operations, str(planned.state))
        state = carry_out(
            installation.home, journal, planned.manifest_id, lambda body: job.replace(orjson.loads(body))
        )  # fmt: skip
        backup = before_of(installation.home, planned)
        _read_back(installation, job, wanted.schema, backup, doing)
        return SchemaChange(wanted.differences, planned.manifest_id, planned.operations, str(state), backup)


def _parsed(job: JobSchema, wanted: _Wanted) -> _Wanted:
    """The same with the service's parsed form of each expression of which the documentation tells none."""
    schema = wanted.schema
    mapping = schema.user_mapping()
    mappings = tuple(_parsed_mapping(job, one) for one in mapping.mappings)
    if mappings == mapping.mappings and all(map(operator.is_, mappings, mapping.mappings)):
        return wanted
    return replace(wanted, schema=schema.with_user_mapping(replace(mapping, mappings=mappings)))


def _parsed_mapping(job: JobSchema, mapping: AttributeMapping) -> AttributeMapping:
    if mapping.expression is None or mapping.source is None or mapping.source.get("type"):
        return mapping
    told = job.parse_expression(mapping.expression)
    if told.source is None:
        raise PipelineError(
            f"{mapping.target}: the service cannot parse {mapping.expression}: {told.error or 'it does not say why'}"
        )
    return replace(mapping, source=told.source)


def _as_change(
    installation: Installation, target: str, verb: str, raw: Mapping[str, object], wanted: _Wanted
) -> ConfigurationChange:
    body = {name: value for name, value in wanted.schema.as_json().items() if not name.startswith("@odata.")}
    changes = wanted.differences.changes
    return ConfigurationChange(
        target, installation.profile.name, len(changes),
        {"change": f"schema {verb}", "present": schema_digest(raw), "wanted": schema_digest(body)},
        _pretty(raw), orjson.dumps(body),
        {"operations": {"schema": len(changes)}, "changes": [asdict(one) for one in changes]},
    )  # fmt: skip


def schema_digest(schema: object) -> str:
    """The sha256 of a schema, without what the service writes of its own accord."""
    return hashlib.sha256(orjson.dumps(_said(schema), option=orjson.OPT_SORT_KEYS)).hexdigest()


def _said(value: object) -> object:
    if isinstance(value, dict):
        return {name: _said(one) for name, one in value.items() if name not in UNSAID}
    return [_said(one) for one in value] if isinstance(value, list) else value


def _refuse_other(approval: Approval | None, planned: JournaledManifest | None, journal: Journal) -> None:
    """Raise UsageError for an approval of anything but what is planned now."""
    if approval is None:
        return
    if len(approval.manifest) < LEAST_OF_ID:
        raise UsageError(
            f"nothing was changed: {approval.manifest} is not enough of an id; give at least {LEAST_OF_ID} characters"
        )
    if planned is None:
        raise UsageError("nothing was changed: the job's schema is as it should be already")
    if not planned.manifest_id.startswith(approval.manifest):
        before = journal.get(approval.manifest)  # raises for an id that nothing has
        raise UsageError(
            f"nothing was changed: {before.manifest_id[:12]} was planned over another schema than the job has now, or for another"
            f" profile; what would change now is {planned.manifest_id} with {counted(planned.operations, 'change')}: look at it,"
            " and approve that"
        )
    if approval.changes != planned.operations:
        given = "give the number of changes" if approval.changes is None else f"not {approval.changes:,}"
        raise UsageError(
            f"nothing was changed: it is about {counted(planned.operations, 'change')}; {given} (--changes)"
        )


def _refuse_broken(found: SchemaDifferences) -> None:
    faults = [one for one in found.breaks if one.severity == "error"]
    if faults:
        raise GuardStop(
            "nothing was planned: the schema that the profile asks for breaks rules that the job's keeps: "
            + "; ".join(f"{one.attribute or one.path}: {one.sentence} ({one.mend})" for one in faults)
        )


def _refuse_disabling(installation: Installation, job: JobSchema, wanted: _Wanted) -> None:
    """Raise GuardStop for a filter that would disable accounts which the profile keeps."""
    filtered = any(one.kind is DifferenceKind.SCOPE and one.wanted for one in wanted.differences.changes)
    if not filtered or installation.profile.scope.leaving == "disable":
        return
    try:
        if job.skips_out_of_scope():
            return
        why = "is not set"
    except ServiceRefused as refused:
        why = f"cannot be read ({refused.status})"
    raise GuardStop(
        "nothing was planned: a scoping filter disables the accounts of everybody who is outside of it, and the profile keeps them"
        f" (scope.leaving = 'keep'). SkipOutOfScopeDeletions {why}: set it to True (docs/how-to/set-the-target-up.md#scope), or say"
        " scope.leaving = 'disable'"
    )


def _read_back(
    installation: Installation, job: JobSchema, wanted: Schema, backup: Path, doing: _Doing
) -> None:  # fmt: skip
    left: tuple[Difference, ...] = ()
    for wait in WAITS:
        if wait:
            doing.sleep(wait)
        left = compare(_read(installation, job.read()), wanted, whole=doing.whole)
        if not left:
            return
    raise PipelineError(
        "the service took the schema and has something else now: "
        + "; ".join(one.sentence for one in left)
        + f". What it was before is in {backup}: `hcm-pipeline target restore {shlex.quote(str(backup))}` puts it back"
    )


# --- what is wanted


def _generated(installation: Installation, present: Schema, key: str) -> _Wanted:
    made = generated_schema(installation.profile, _kind(installation, present), present)
    return _beside(present, made.schema, key, made)


def _kind(installation: Installation, present: Schema) -> TargetKind:
    """The kind of the job's directory. Raises PipelineError when the profile names others only."""
    told, named = kind_of(present), installation.kind
    if told is None:
        return named or kind_of_job(installation.target)
    if named is not None and told != named:
        raise PipelineError(
            f"the job writes to {_WORDS[told]}, and [target] of the profile is about {named}: name the"
            " job of that directory (HCM_PIPELINE_JOB_ID), or set target.kind"
        )
    return TargetKind(told)


_WORDS = {"entra": "Entra ID (entra)", "active_directory": "Active Directory (active_directory)"}


def _restored(kept: Schema, present: Schema, key: str) -> _Wanted:
    """A kept schema with the ids of the job's: it may be another job's, whose directories have the same names."""
    ids = {one.name: one.id for one in present.directories}
    unknown = [one.name for one in kept.directories if one.name not in ids]
    if unknown:
        raise PipelineError(
            f"the job has no directory {', '.join(map(repr, unknown))}: the schema is one of another kind of job"
        )
    schema = replace(
        kept, id=present.id, directories=tuple(replace(one, id=ids[one.name]) for one in kept.directories)
    )  # fmt: skip
    return _beside(present, schema, key, None)


def _beside(present: Schema, wanted: Schema, key: str, made: GeneratedSchema | None) -> _Wanted:
    broken = findings(present)
    known = {(one.rule, one.attribute, one.sentence) for one in broken}
    breaks = tuple(one for one in findings(wanted) if (one.rule, one.attribute, one.sentence) not in known)
    differences = SchemaDifferences(
        key, kind_of(wanted) or "", _differences(present, wanted, whole=made is None), made.left_out if made else (),
        made.not_ours if made else (), made.notes if made else (), broken, breaks,
    )  # fmt: skip
    return _Wanted(wanted, differences)


def _differences(present: Schema, wanted: Schema, *, whole: bool) -> tuple[Difference, ...]:
    found = compare(present, wanted, whole=whole)
    if found or not whole or schema_digest(present.as_json()) == schema_digest(wanted.as_json()):
        return found
    sentence = "parts of the schema differ that are not about the attributes of people"
    return (Difference(DifferenceKind.REST, "", "", None, None, sentence),)


# --- the job


@contextmanager
def _job(installation: Installation, announce: Progress) -> Iterator[tuple[str, JobSchema]]:
    """The key of the job and its schema, for the time of a `with` block."""
    patience = Patience(give_up_after=HASTE)
    with (
        open_target(installation.settings) as connection,
        GraphClient(connection, patience=patience, clock=installation.clock) as client,
    ):
        announce(describe(connection))
        yield connection.key, JobSchema(client)


def _read(installation: Installation, found: object) -> Schema:
    return read(found, installation.profile.delivery.null_flow_field)


def _alone(installation: Installation) -> AbstractContextManager[None]:
    home = installation.private_home()
    return advisory_lock(
        home.locks / "target-schema", LOCK_SECONDS,
        refuse=lambda holder: PipelineError(f"process {holder} is changing the schema; try again when it has ended"),
    )  # fmt: skip


def _pretty(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n"
