"""The verb identity directory: read the live directories."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, installation
from hcm_pipeline.cli.output import Progress, dump, note, say, table


def directory(
    name: Annotated[
        str | None, typer.Argument(help="A directory of the profile; without one, all that need no --file.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="The CSV file of a directory of kind csv, instead of the profile's.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything, even where changes would do.")] = False,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Objects that are no longer shown are gone, however many they are.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read the objects of the directories: their names are taken, and their accounts adopted.

    Exit code 3 when a directory shows suspiciously few objects; 1 when one cannot be read, or rows of a file are refused. The
    other directories, and the other rows, are taken.
    """
    here = installation()
    if file is not None and name is None:
        name = flow.directory_for_file(here.profile)
    wish, progress, announce = flow.Wish(file, full, accept_loss), Progress(), note if as_json else say
    with progress.shown():
        if name is None:
            found = flow.read_directories(here, wish, progress=progress, announce=announce)
        else:
            read = flow.read_directory(here, name, wish, progress=progress, announce=announce)
            found = flow.DirectoriesRead((read,), ())
    for gone in found.forgotten:
        note(f"{gone}: the profile no longer has this directory; its names are no longer taken")
    if as_json:
        dump({"directories": found.done})
    else:
        _show_read(found.done)
    _exit(found)


def _exit(found: flow.DirectoriesRead) -> None:
    """Tell what could not be read; the exit code is the worst fault's, or 1 when rows were refused."""
    for read in found.done:
        for line in read.told:
            note(f"{read.directory}: {line}")
    for failure in found.failed:
        note(str(failure))
    if found.failed:
        raise typer.Exit(max(failure.exit_code for failure in found.failed))
    if any(read.refused for read in found.done):
        note("refused rows were left out; the other objects are known")
        raise typer.Exit(1)


def _show_read(done: Iterable[flow.Read]) -> None:
    table(
        "Directories",
        ("directory", "kind", "read", "objects", "changed", "refused rows"),
        [[one.directory, one.kind, one.read, one.objects, one.changed, len(one.refused)] for one in done],
    )
    table(
        "Refused rows",
        ("file", "row", "column", "rule", "why"),
        [[row.file, row.row, row.column, row.rule, row.reason] for one in done for row in one.refused],
    )
    if done:
        say("the next run gives nobody a name that one of these objects holds")
