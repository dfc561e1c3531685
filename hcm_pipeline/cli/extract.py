"""Verbs about extracts: show the findings about one, and decide what becomes of it."""

from __future__ import annotations

from typing import Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.confirm import confirmed, one_number
from hcm_pipeline.cli.context import Json, existing_installation, verb_group
from hcm_pipeline.cli.output import dump, say, show_verdicts, table

extract_app = verb_group("Extracts: the findings about one, and what becomes of it.")

Sha256 = Annotated[
    str,
    typer.Argument(
        help="The extract's sha256, or at least the first twelve characters of it; `@date@source` behind it where its bytes were "
        "for several."
    ),
]
Rows = Annotated[int | None, typer.Argument(help="The number of its rows; a terminal is asked for it.")]
AsOption = Annotated[int | None, typer.Option("--rows", help="The same number, as an option.")]
Why = Annotated[str, typer.Option(help="Why, for those who read it later.")]
By = Annotated[str | None, typer.Option(help="Who says so; default: the user of this command.")]
AsPart = Annotated[
    bool, typer.Option("--part", help="It is a part: it speaks beside the other files of its date, and replaces none.")
]
DONE = {"accept": "is accepted", "part": "is accepted as a part", "refuse": "is refused"}


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
    """Extracts with the findings about them and what was decided. Names values of cohorts."""
    here = existing_installation()
    found = flow.extract_stories(here, sha256)
    if as_json:
        dump(found)
        return
    table(
        "Extracts",
        ("date", "file", "sha256", "content", "rows", "status"),
        [[e.business_date.isoformat(), e.name, e.sha256[:12], e.content, e.rows, e.status] for e in found],
    )
    for e in found:
        show_verdicts(f"Findings about {e.name} ({e.sha256[:12]})", e.verdicts())
        table(
            f"Decided about {e.name} ({e.sha256[:12]})",
            ("decision", "by", "at", "why"),
            [[d.decision, d.decided_by, d.decided_at, d.why] for d in e.decisions],
        )
        if e.status == "stopped":
            say("To apply it as it is (`refuse` instead of `accept` leaves it out):")
            told = f"{e.sha256}@{e.business_date}@{e.source}"
            say(f"  {flow.extract_intent(here, 'accept', told).command}")
            if any(f.rule == "other_people" for f in e.findings):
                say("or, where it is a part, beside the other files of its date:")
                say(f"  {flow.extract_intent(here, 'part', told).command}")


@extract_app.command()
def accept(
    sha256: Sha256, why: Why, rows: Rows = None, as_option: AsOption = None, by: By = None, part: AsPart = False
) -> None:
    """Apply an extract as it is, whatever was found; the next run does."""
    _decide(sha256, one_number(rows, as_option, "--rows"), "part" if part else "accept", why, by)


@extract_app.command()
def refuse(sha256: Sha256, why: Why, rows: Rows = None, as_option: AsOption = None, by: By = None) -> None:
    """Leave an extract out. One that was applied is taken back: the next run processes its date anew without it."""
    _decide(sha256, one_number(rows, as_option, "--rows"), "refuse", why, by)


def _decide(sha256: str, rows: int | None, decision: str, why: str, by: str | None) -> None:
    here = existing_installation()
    intent = flow.extract_intent(here, decision, sha256)
    whole = confirmed(intent, sha256, rows)
    extract = flow.decide_extract(here, whole, decision, rows=intent.size, by=by or flow.system_user(), why=why)
    say(
        f"{extract.name} ({extract.sha256[:12]}) of {extract.business_date} {DONE[decision]}; "
        "`hcm-pipeline run` goes on from there"
    )
