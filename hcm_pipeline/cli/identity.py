"""Verbs of the ledger: identity show, capacity, export, import; its other two have modules of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, existing_installation, installation, verb_group
from hcm_pipeline.cli.identity_directory import directory
from hcm_pipeline.cli.identity_review import SPELLING_COLUMNS, review, spelling_row
from hcm_pipeline.cli.output import dump, note, say, table
from hcm_pipeline.plain_text import counted

identity_app = verb_group("The ledger of names: why, how crowded, out and in.")


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command."""
    identity_app.command()(show)
    identity_app.command()(directory)
    identity_app.command()(review)
    identity_app.command()(capacity)
    identity_app.command("export")(export_)
    identity_app.command("import")(import_)
    app.add_typer(identity_app, name="identity")


def show(
    number: Annotated[str, typer.Argument(help="The worker's person number.")],
    as_json: Json = False,
) -> None:
    """One worker's names: which candidates there were, who holds each, and which rule decided. Prints personal data."""
    found = flow.identity_story(existing_installation(), number)
    if as_json:
        dump(found)
        return
    if found.identity is None:
        say(f"worker {number} has no names yet: out of scope, waiting for `identity review`, or not run since", "")
    show_identity(f"Worker {number}", found.identity)
    if found.spelling:
        table(
            f"Spelling, with confidence {found.spelling.confidence:.1f}",
            SPELLING_COLUMNS,
            [spelling_row(part) for part in found.spelling.parts],
        )
    show_tried(found.tried)


def show_identity(title: str, held: flow.LedgerEntry | None) -> None:
    """Print what the ledger holds for a worker, and what it held, for people."""
    if held is None:
        return
    table(
        title,
        ("attribute", "value"),
        [[k, v] for k, v in held.held.items() if v is not None and not isinstance(v, list)],
    )
    table(
        "Held before",
        ("attribute", "name", "why no longer", "until"),
        [[f.attribute, f.name, f.reason, f.until.isoformat()] for f in held.former],
    )
    table(
        "Was in",
        ("container", "as", "until", "moved because of"),
        [[p.parent_distinguished_name, p.common_name, p.until.isoformat(), p.cause] for p in held.former_places],
    )
    table(
        "Taken over",
        ("former number", "successor", "since", "decided by", "at"),
        [[s.person_number, s.successor, s.taken_on.isoformat(), s.decided_by, s.decided_at] for s in held.successions],
    )


def show_tried(tried: Iterable[flow.Tried]) -> None:
    """Print the candidates of a worker's name for people."""
    table(
        "Candidates of the name as it is today",
        ("attribute", "rule", "template", "name", "held by"),
        [[t.attribute, t.rule, t.template, t.name, t.held_by or "nobody"] for t in tried],
    )


def capacity(
    top: Annotated[int, typer.Option(help="How many names of each attribute to show.")] = 10,
    as_json: Json = False,
) -> None:
    """How crowded the common names are: holders, and the highest number in use. Prints personal data."""
    found = flow.capacity(existing_installation(), top)
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


def export_(
    file: Annotated[str, typer.Argument(help="The CSV file to write; - for standard output.")],
) -> None:
    """Write the ledger to a CSV file that only its owner may read. A file of that name is replaced, at once."""
    here = existing_installation()
    if file == "-":
        flow.export_to(here, sys.stdout)
        return
    path = Path(file).expanduser().absolute()
    say(f"{path}: {counted(flow.export_file(here, path), 'identity')}")


def import_(
    file: Annotated[Path, typer.Argument(help="A CSV file with the columns of `identity export`.")],
    as_json: Json = False,
) -> None:
    """Take names over into the ledger: those of accounts that exist, or a ledger to restore. Nothing that is held changes.

    Exit code 1 when rows were refused; the others are taken.
    """
    done = flow.import_file(installation(), file)
    if as_json:
        dump(done)
    else:
        say(
            f"{file.name}: {counted(done.added, 'identity')} taken, {done.unchanged:,} known already,"
            f" {counted(len(done.refused), 'fault')}"
        )
        table("Refused", ("row", "column", "why"), [[r.row, r.column, r.reason] for r in done.refused])
    if done.refused:
        note("refused rows were left out; the others are in the ledger")
        raise typer.Exit(1)
