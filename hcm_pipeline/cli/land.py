"""The verb land: take files as extracts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, day, installation
from hcm_pipeline.cli.output import dump, say
from hcm_pipeline.errors import ExtractRefused, UsageError


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(land)


def land(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Files to take; they are copied and stay where they are. None: what lies in landing/ and in the places."
        ),
    ] = None,
    date: Annotated[str | None, typer.Option(help="The business date they speak for, YYYY-MM-DD.")] = None,
    source: Annotated[str | None, typer.Option(help="The profile's source they belong to.")] = None,
    as_json: Json = False,
) -> None:
    """Take files as extracts, each for its source, its business date and its bytes. Exit 1 when one cannot be taken.

    Without files: fetch what lies in landing/ and in the places of the profile. Nothing is processed.
    """
    here = installation()
    profile = here.profile
    chosen = next((s for s in profile.sources if s.name == source), None)
    if source and chosen is None:
        raise UsageError(f"--source {source}: the profile's sources are {', '.join(s.name for s in profile.sources)}")
    if files:
        results = flow.land(here.warehouse, profile, files, now=here.clock, date=day(date), source=chosen, wait=True)
    elif date or source:
        raise UsageError("--date and --source are about files that are named")
    else:
        results = flow.land_all(here, wait=True)
    if any(r.result == "taken" for r in results):
        here.warehouse.publish()
    if as_json:
        dump(results)
    else:
        for r in results:
            where = f"{r.place}: " if r.place and r.place != r.name else ""
            about = f" for {r.business_date} ({r.source}, sha256 {r.sha256[:12]})" if r.sha256 else ""
            say(f"{where}{r.name}: {r.result}{about}: {r.message}")
        if not results:
            say(f"nothing waits in {here.home.landing}{' or in a place of the profile' if profile.places else ''}")
    failures = {"refused", "left", "unreachable"} if files else {"refused", "unreachable"}
    bad = [r for r in results if r.result in failures]
    if bad and not as_json:
        raise ExtractRefused(bad[0].name, bad[0].result, f"{flow.failures_of(results, failures)}; see above")
    if bad:
        raise typer.Exit(1)
