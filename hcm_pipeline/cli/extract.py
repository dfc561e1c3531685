"""Verbs about extracts: show what speaks against one, and say what becomes of it."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from hcm_pipeline.cli.context import Context
from hcm_pipeline.cli.output import dump, say, table
from hcm_pipeline.cli.prepare import Json
from hcm_pipeline.extracts import decide, named
from hcm_pipeline.flow import queries
from hcm_pipeline.flow.processing import utc_now

extract_app = typer.Typer(
    help="Extracts: what speaks against one, and what becomes of it.", no_args_is_help=True, rich_markup_mode=None
)

Sha256 = Annotated[str, typer.Argument(help="The beginning of the extract's sha256.")]
Why = Annotated[str, typer.Option(help="Why, for those who read it later.")]
By = Annotated[str | None, typer.Option(help="Who says so; default: the user of this command.")]


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command."""
    app.add_typer(extract_app, name="extract")


@extract_app.command()
def show(
    sha256: Annotated[
        str | None, typer.Argument(help="The beginning of its sha256; without one, the newest extracts.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Extracts with what speaks against them and what was decided. Names values of cohorts."""
    context = Context.from_env()
    context.existing_home()
    with context.warehouse.read() as con:
        only = named(con, sha256).sha256 if sha256 else None
        found = queries.extract_stories(con, only)
    if as_json:
        dump(found)
        return
    table(
        "Extracts",
        ("date", "file", "sha256", "content", "rows", "status"),
        [
            [e["business_date"].isoformat(), e["name"], e["sha256"][:12], e["content"], e["rows"], e["status"]]
            for e in found
        ],
    )
    for e in found:
        table(
            f"What speaks against {e['name']} ({e['sha256'][:12]})",
            ("rule", "what was found", "detail"),
            [[f["rule"], f["message"], f["detail"]] for f in e["findings"]],
        )
        table(
            f"Decided about {e['name']} ({e['sha256'][:12]})",
            ("decision", "by", "at", "why"),
            [[d["decision"], d["decided_by"], d["decided_at"], d["why"]] for d in e["decisions"]],
        )


@extract_app.command()
def accept(sha256: Sha256, why: Why, by: By = None) -> None:
    """Apply an extract as it is, whatever speaks against it; the next run does."""
    _decide(sha256, "accept", why, by)


@extract_app.command()
def refuse(sha256: Sha256, why: Why, by: By = None) -> None:
    """Leave an extract out. One that was applied is taken back: the next run processes its date anew without it."""
    _decide(sha256, "refuse", why, by)


def _decide(sha256: str, decision: str, why: str, by: str | None) -> None:
    context = Context.from_env()
    context.existing_home()
    with context.warehouse.write() as con:
        extract = named(con, sha256)
        decide(con, extract, decision, by=by or getpass.getuser(), why=why, now=utc_now())
    context.warehouse.publish()
    done = {"accept": "is accepted", "refuse": "is refused"}[decision]
    say(
        f"{extract.name} ({extract.sha256[:12]}) of {extract.business_date} {done}; `hcm-pipeline run` goes on from there"
    )
