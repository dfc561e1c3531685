"""Verbs of the target's job: its synchronization schema, compared, applied, exported, checked, put back."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, Target, existing_installation, installation, verb_group
from hcm_pipeline.cli.output import dump, note, say, table
from hcm_pipeline.errors import GuardStop, UsageError
from hcm_pipeline.plain_text import counted

target_app = verb_group("The target's synchronization job: its schema, and its set-up.")
Approve = Annotated[
    str | None, typer.Option("--approve", metavar="ID", help="Approve this very change, and carry it out.")
]
Changes = Annotated[
    int | None, typer.Option("--changes", metavar="N", help="With --approve: how many things it changes.")
]
Why = Annotated[str | None, typer.Option("--why", help="With --approve: the reason, kept with the decision.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A schema as `target export` writes it.")]


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command."""
    app.add_typer(target_app, name="target")


@target_app.command("diff")
def target_diff(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="An exported schema in the place of the job's; asks no service."),
    ] = None,
    target: Target = None,
    as_json: Json = False,
) -> None:
    """Show what differs between the job's schema and the one that the profile asks for. Changes nothing."""
    found = flow.schema_differences(installation().at(target), file, announce=note if as_json else say)
    if as_json:
        dump(found)
    else:
        _show(found)


@target_app.command("apply")
def target_apply(
    approve: Approve = None, changes: Changes = None, why: Why = None, target: Target = None, as_json: Json = False
) -> None:  # fmt: skip
    """Plan the change of the job's schema to the profile's; once a person has approved it, carry it out and read it back.

    The schema that the job had is kept in the manifest's folder (before.json); `target restore` puts it back.
    """
    approval = _approval(approve, changes, why)
    done = flow.apply_schema(
        existing_installation().at(target), approval, started_by=flow.system_user(), announce=note if as_json else say
    )  # fmt: skip
    _tell(done, f"hcm-pipeline target apply{_again(target)}", as_json)


@target_app.command("restore")
def target_restore(
    backup: Annotated[Path, typer.Argument(metavar="BACKUP", help="A schema that was exported, or kept as before.json.")],
    approve: Approve = None, changes: Changes = None, why: Why = None, target: Target = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Plan to put back a schema, whole; once a person has approved it, carry it out and read it back."""
    approval = _approval(approve, changes, why)
    done = flow.restore_schema(
        existing_installation().at(target), backup, approval, started_by=flow.system_user(), announce=note if as_json else say
    )  # fmt: skip
    _tell(done, f"hcm-pipeline target restore {shlex.quote(str(backup))}{_again(target)}", as_json)


@target_app.command("export")
def target_export(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Where to write it; default: standard output.")] = None,
    target: Target = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Write the job's schema as the service has it."""
    found = flow.export_schema(installation().at(target), file, announce=note)
    if file is None or as_json:
        dump(found)
    else:
        say(f"the schema is in {file}; `hcm-pipeline target check {file}` judges it")


@target_app.command("show")
def target_show(
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="entra or active_directory; default: that of the profile, or of the job."),
    ] = None,
    target: Target = None,
    as_json: Json = False,
) -> None:
    """Show the schema that the profile asks for, over the documented default. Asks no service. With --json: the schema itself."""
    if kind not in (None, "entra", "active_directory"):
        raise UsageError(f"--kind {kind}: entra or active_directory")
    made = flow.wanted_schema(installation().at(target), kind)
    if as_json:
        dump(made.schema.as_json())
        return
    rows = [
        (one.target, one.expression or f'"{one.default_value}"', one.matching_priority or None, one.flow_type, one.flow_nulls)
        for one in made.schema.user_mapping().mappings
    ]  # fmt: skip
    table(f"The mappings of {made.kind}", ("attribute", "from", "matching", "flow", "nulls flow"), rows)
    _show_asides(made.left_out, made.not_ours, made.notes)


@target_app.command("check")
def target_check(file: File, as_json: Json = False) -> None:
    """Judge a schema by the rules of the documentation. Asks no service. Exit code 1 when it breaks one."""
    found = flow.check_schema(installation(), file)
    if as_json:
        dump({"findings": found})
    else:
        _show_findings(f"{file}", found)
        if not found:
            say(f"{file}: breaks no rule")
    if found:
        raise typer.Exit(1)


def _again(target: str | None) -> str:
    """The option behind a command that is to be typed for the same target."""
    return f" --target {target}" if target else ""


def _approval(approve: str | None, changes: int | None, why: str | None) -> flow.Approval | None:
    if approve is None:
        if changes is not None or why is not None:
            raise UsageError("--changes and --why go with --approve ID")
        return None
    return flow.Approval(approve, changes, flow.system_user(), why)


def _tell(done: flow.SchemaChange, command: str, as_json: bool) -> None:
    if as_json:
        dump(done)
    else:
        _show(done.differences)
        if done.applied:
            say(f"applied, and read back: {counted(done.operations, 'change')}. What the job had is in {done.backup}")
            say("The next cycle of the job reads everybody anew.")
    if done.manifest is not None and not done.applied:
        note(
            f"manifest {done.manifest[:12]} is {done.state}: to approve and carry it out: {command} --approve {done.manifest}"
            f" --changes {done.operations}"
        )
        raise typer.Exit(GuardStop.exit_code)


def _show(found: flow.SchemaDifferences) -> None:
    table(
        counted(len(found.changes), "difference"),
        ("what", "attribute", "the job has", "wanted"),
        [[str(one.kind), one.attribute, one.has, one.wanted] for one in found.changes],
    )
    if not found.changes:
        say("the job's schema is as the profile asks for")
    _show_asides(found.left_out, found.not_ours, found.notes)
    _show_findings("Rules that the job's schema breaks", found.broken)
    _show_findings("Rules that the wanted schema would break", found.breaks)


def _show_asides(left_out: tuple[flow.Aside, ...], not_ours: tuple[flow.Aside, ...], notes: tuple[str, ...]) -> None:
    for title, rows in (("Not mapped", left_out), ("Not ours, and left as it is", not_ours)):
        table(title, ("side", "attribute", "why"), [(one.side, one.attribute, one.why) for one in rows])
    for sentence in notes:
        say(sentence)


def _show_findings(title: str, found: tuple[flow.SchemaFinding, ...]) -> None:
    columns = ("rule", "severity", "path", "attribute", "what is wrong", "mend")
    rows = [(one.rule, one.severity, one.path, one.attribute, one.sentence, one.mend) for one in found]
    table(title, columns, rows)
