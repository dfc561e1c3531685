"""The verb page: HTML files to send or to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Target, existing_installation, verb_group
from hcm_pipeline.cli.output import note

File = Annotated[Path, typer.Argument(help="The file to write (mode 0600).")]


def add_to(app: typer.Typer) -> None:
    """Add this group of verbs to the command."""
    verbs = verb_group("Pages to send or to look at: HTML files that need nothing else, mode 0600.")
    for verb in (company, guards, quota, now, worker):
        verbs.command()(verb)
    app.add_typer(verbs, name="page")


def company(file: File) -> None:
    """The company by day: headcount, joiners, leavers, quarantine, what was held."""
    flow.write_company(existing_installation(), file)
    _told(file)


def guards(file: File, target: Target = None) -> None:
    """How near each limit came, so that limits are set from facts."""
    flow.write_guards(existing_installation().at(target), file)
    _told(file)


def quota(file: File, target: Target = None) -> None:
    """Calls left of the daily quota, and when the last request that waits is sent."""
    flow.write_quota(existing_installation().at(target), file)
    _told(file)


def now(file: File) -> None:
    """The things that hold now and what to type, for somebody who is woken at three."""
    flow.write_now(existing_installation(), file)
    _told(file)


def worker(number: Annotated[str, typer.Argument(help="The person number.")], file: File) -> None:
    """One worker's life as a time line: rows, changes, names, operations, outcomes."""
    flow.write_worker(existing_installation(), number, file)
    _told(file)


def _told(file: Path) -> None:
    note(f"{file}: written (mode 0600)")
