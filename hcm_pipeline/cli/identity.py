"""Verbs of the ledger: identity show, capacity, export, import."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from hcm_pipeline.cli import queries
from hcm_pipeline.cli.context import Context
from hcm_pipeline.cli.output import dump, note, say, table
from hcm_pipeline.cli.prepare import Json
from hcm_pipeline.errors import HomeError, UsageError
from hcm_pipeline.identity.capacity import crowded
from hcm_pipeline.identity.exchange import export_ledger, import_ledger
from hcm_pipeline.identity.explain import explain
from hcm_pipeline.processing import utc_now

identity_app = typer.Typer(
    help="The ledger of names: why, how crowded, out and in.", no_args_is_help=True, rich_markup_mode=None
)


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command."""
    app.add_typer(identity_app, name="identity")


@identity_app.command()
def show(
    number: Annotated[str, typer.Argument(help="The worker's person number.")],
    as_json: Json = False,
) -> None:
    """One worker's names: which candidates there were, who holds each, and which rule decided. Prints personal data."""
    context = Context.from_env()
    context.existing_home()
    with context.warehouse.read() as con:
        held = queries.identity(con, number)
        tried = explain(con, context.loaded.profile, number)
    if held is None and not tried:
        raise UsageError(f"{number}: neither the ledger nor the snapshot holds this person number")
    if as_json:
        dump({"person_number": number, "identity": held, "tried": tried})
        return
    if held is None:
        say(f"worker {number} has no names yet: out of scope, or not run since\n")
    else:
        table(f"Worker {number}", ("attribute", "value"), [[k, v] for k, v in held.items() if v is not None])
    table(
        "Candidates of the name as it is today",
        ("attribute", "rule", "template", "name", "held by"),
        [[t.attribute, t.rule, t.template, t.name, t.held_by or "nobody"] for t in tried],
    )


@identity_app.command()
def capacity(
    top: Annotated[int, typer.Option(help="How many names of each attribute to show.")] = 10,
    as_json: Json = False,
) -> None:
    """How crowded the common names are: holders, and the highest number in use. Prints personal data."""
    context = Context.from_env()
    context.existing_home()
    with context.warehouse.read() as con:
        found = crowded(con, context.loaded.profile, top)
    if as_json:
        dump(found)
        return
    table(
        "Crowded names",
        ("attribute", "name", "holders", "highest number"),
        [[c.attribute, c.name, c.holders, c.highest] for c in found],
    )
    if not found:
        say("no name has more than one holder")


@identity_app.command("export")
def export_(
    file: Annotated[str, typer.Argument(help="The CSV file to write; - for standard output.")],
) -> None:
    """Write the ledger to a CSV file that only its owner may read. A file of that name is replaced, at once."""
    context = Context.from_env()
    context.existing_home()
    with context.warehouse.read() as con:
        if file == "-":
            export_ledger(con, sys.stdout)
            return
        path = Path(file).expanduser().absolute()
        half = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with open(
                os.open(half, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline=""
            ) as out:
                count = export_ledger(con, out)
            half.replace(path)
        except OSError as error:
            half.unlink(missing_ok=True)
            raise HomeError(f"{path}: cannot be written ({error.strerror})") from None
    say(f"{path}: {count:,} identities")


@identity_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A CSV file with the columns of `identity export`.")],
    as_json: Json = False,
) -> None:
    """Take names over into the ledger: those of accounts that exist, or a ledger to restore. Nothing that is held changes.

    Exit code 1 when rows were refused; the others are taken.
    """
    context = Context.from_env()
    try:
        source = file.expanduser().open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from None
    with source, context.warehouse.write() as con:
        con.begin()
        try:
            done = import_ledger(con, source, utc_now().date())
            con.commit()
        except BaseException:
            con.rollback()
            raise
    context.warehouse.publish()
    if as_json:
        dump(done)
    else:
        say(
            f"{file.name}: {done.added:,} identities taken, {done.unchanged:,} known already, {len(done.refused):,} faults"
        )
        table("Refused", ("row", "column", "why"), [[r.row, r.column, r.reason] for r in done.refused])
    if done.refused:
        note("refused rows were left out; the others are in the ledger")
        raise typer.Exit(1)
