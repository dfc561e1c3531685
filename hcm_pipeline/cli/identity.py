"""Verbs of the ledger: identity show, review, directory, capacity, export, import."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from hcm_pipeline.cli import queries
from hcm_pipeline.cli.context import Context
from hcm_pipeline.cli.output import Progress, dump, note, say, table
from hcm_pipeline.cli.prepare import Json
from hcm_pipeline.delivery.target import describe, open_target
from hcm_pipeline.entra import GraphClient
from hcm_pipeline.errors import HomeError, UsageError
from hcm_pipeline.identity.capacity import crowded
from hcm_pipeline.identity.directory.graph import DIRECTORY, refresh
from hcm_pipeline.identity.exchange import export_ledger, import_ledger
from hcm_pipeline.identity.explain import explain
from hcm_pipeline.identity.review import decide, waiting
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
        table(
            f"Worker {number}",
            ("attribute", "value"),
            [[k, v] for k, v in held.items() if v is not None and k != "former"],
        )
        table(
            "Held before",
            ("attribute", "name", "why no longer", "until"),
            [[f["attribute"], f["name"], f["reason"], f["until"].isoformat()] for f in held["former"]],
        )
    table(
        "Candidates of the name as it is today",
        ("attribute", "rule", "template", "name", "held by"),
        [[t.attribute, t.rule, t.template, t.name, t.held_by or "nobody"] for t in tried],
    )


@identity_app.command()
def directory(as_json: Json = False) -> None:
    """Read users, deleted users and groups of the target's directory: their names are taken, and their accounts adopted."""
    context = Context.from_env()
    progress = Progress()
    with open_target(context.settings) as target, GraphClient(target) as client, progress.shown():
        (note if as_json else say)(describe(target))
        count = refresh(context.warehouse, client, clock=utc_now, progress=progress)
    if as_json:
        dump({"directory": DIRECTORY, "objects": count})
        return
    say(f"{DIRECTORY}: {count:,} objects; the next run gives nobody a name that one of them holds")


@identity_app.command()
def review(
    number: Annotated[
        str | None, typer.Argument(help="The worker to decide about; without one, all that wait.")
    ] = None,
    accept: Annotated[bool, typer.Option("--accept", help="The one account that is offered is the worker's.")] = False,
    set_: Annotated[str | None, typer.Option("--set", help="This account is: its userPrincipalName.")] = None,
    new: Annotated[bool, typer.Option("--new", help="None of them is; give new names.")] = False,
    as_json: Json = False,
) -> None:
    """Workers whose account is not clear. They get no names, and are not sent, before somebody decides. Prints personal data."""
    context = Context.from_env()
    context.existing_home()
    if number is None:
        if accept or set_ or new:
            raise UsageError("a decision needs the person number of the worker it is about")
        with context.warehouse.read() as con:
            found = waiting(con)
        if as_json:
            dump(found)
            return
        table(
            "Waiting for a decision",
            ("person number", "why", "accounts", "since"),
            [[r.person_number, r.reason, ", ".join(r.accounts), r.opened_on.isoformat()] for r in found],
        )
        if not found:
            say("nobody's names wait for a decision")
        return
    if accept + bool(set_) + new != 1:
        raise UsageError("a decision is one of --accept, --set and --new")
    with context.warehouse.write() as con:
        account = decide(con, number, set_, accept=accept, by=getpass.getuser(), now=utc_now())
    context.warehouse.publish()
    if as_json:
        dump({"person_number": number, "account": account})
        return
    what = "their account is adopted" if account else "they get new names"
    say(f"{number}: decided; {what} at the next `hcm-pipeline run`")


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
