"""Verbs of the ledger: identity show, review, directory, capacity, export, import."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from hcm_pipeline.cli.context import Context
from hcm_pipeline.cli.output import Progress, dump, note, say, table
from hcm_pipeline.cli.prepare import Json
from hcm_pipeline.directory.entries import Read
from hcm_pipeline.errors import HomeError, PipelineError, UsageError
from hcm_pipeline.flow import queries
from hcm_pipeline.flow.directories import Wish, forget_removed, read_directory, readable
from hcm_pipeline.http import utc_now
from hcm_pipeline.identity.capacity import crowded
from hcm_pipeline.identity.explain import Tried, explain
from hcm_pipeline.identity.ledger_csv import export_ledger, import_ledger
from hcm_pipeline.identity.review import (
    SpelledPart,
    decide,
    decide_rehire,
    decide_spelling,
    spelling_of,
    spellings_waiting,
    waiting,
)
from hcm_pipeline.profile import Profile

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
        spelled = spelling_of(con, context.loaded.profile, number)
    if held is None and not tried:
        raise UsageError(f"{number}: neither the ledger nor the snapshot holds this person number")
    if as_json:
        dump({"person_number": number, "identity": held, "spelling": spelled, "tried": tried})
        return
    if held is None:
        say(f"worker {number} has no names yet: out of scope, waiting for `identity review`, or not run since\n")
    show_identity(f"Worker {number}", held)
    if spelled:
        table(
            f"Spelling, with confidence {spelled.confidence:.1f}",
            SPELLING_COLUMNS,
            [spelling_row(part) for part in spelled.parts],
        )
    show_tried(tried)


def show_identity(title: str, held: queries.Row | None) -> None:
    """Print what the ledger holds for a worker, and what it held, for people."""
    if held is None:
        return
    table(title, ("attribute", "value"), [[k, v] for k, v in held.items() if v is not None and not isinstance(v, list)])
    table(
        "Held before",
        ("attribute", "name", "why no longer", "until"),
        [[f["attribute"], f["name"], f["reason"], f["until"].isoformat()] for f in held["former"]],
    )
    table(
        "Was in",
        ("container", "as", "until", "moved because of"),
        [
            [p["parent_distinguished_name"], p["common_name"], p["until"].isoformat(), p["cause"]]
            for p in held["former_places"]
        ],
    )
    table(
        "Taken over",
        ("former number", "successor", "since", "decided by", "at"),
        [
            [s["person_number"], s["successor"], s["taken_on"].isoformat(), s["decided_by"], s["decided_at"]]
            for s in held["successions"]
        ],
    )


def show_tried(tried: list[Tried]) -> None:
    """Print the candidates of a worker's name for people."""
    table(
        "Candidates of the name as it is today",
        ("attribute", "rule", "template", "name", "held by"),
        [[t.attribute, t.rule, t.template, t.name, t.held_by or "nobody"] for t in tried],
    )


@identity_app.command()
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
    context = Context.from_env()
    profile = context.loaded.profile
    if file is not None and name is None:
        name = _the_only_file(profile)
    names = [name] if name else [one for one, spec in profile.identity.directories.items() if readable(spec)]
    done: list[Read] = []
    failed: list[PipelineError] = []
    progress = Progress()
    with progress.shown():
        for one in names:
            try:
                done.append(
                    read_directory(
                        context.settings, context.warehouse, profile, one, Wish(file, full, accept_loss),
                        progress=progress, announce=note if as_json else say,
                    )
                )  # fmt: skip
            except PipelineError as error:
                if len(names) == 1:
                    raise
                failed.append(error)
    if name is None:
        for gone in forget_removed(context.warehouse, profile):
            note(f"{gone}: the profile no longer has this directory; its names are no longer taken")
    if as_json:
        dump({"directories": done})
    else:
        _show_read(done)
    for read in done:
        for line in read.told:
            note(f"{read.directory}: {line}")
    for failure in failed:
        note(str(failure))
    if failed:
        raise typer.Exit(max(failure.exit_code for failure in failed))
    if any(read.refused for read in done):
        note("refused rows were left out; the other objects are known")
        raise typer.Exit(1)


def _the_only_file(profile: Profile) -> str:
    """The directory that --file is meant for."""
    names = [name for name, spec in profile.identity.directories.items() if spec.kind == "csv"]
    if len(names) != 1:
        known = f"NAME says which of {', '.join(names)}" if names else "the profile has no directory of kind csv"
        raise UsageError(f"--file: {known}")
    return names[0]


def _show_read(done: list[Read]) -> None:
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


@identity_app.command()
def review(
    number: Annotated[
        str | None, typer.Argument(help="The worker to decide about; without one, all that wait.")
    ] = None,
    accept: Annotated[
        bool,
        typer.Option(
            "--accept", help="The one account or former worker that is offered, or the spelling, is the worker's."
        ),
    ] = False,
    set_: Annotated[str | None, typer.Option("--set", help="This account is: its userPrincipalName.")] = None,
    same_as: Annotated[
        str | None,
        typer.Option("--same-as", help="The worker was here before under this number, and has its names back."),
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="None of them is; give new names.")] = False,
    first: Annotated[str | None, typer.Option(help="The first name is spelled so.")] = None,
    preferred: Annotated[str | None, typer.Option(help="The preferred name is spelled so.")] = None,
    last: Annotated[str | None, typer.Option(help="The last name is spelled so.")] = None,
    as_json: Json = False,
) -> None:
    """Workers whose account, former names or spelling are not clear, and the word about them. Prints personal data.

    Whose account is not clear gets no names, and is not sent, before somebody decides; nor does a likely rehire, unless the
    profile gives new names meanwhile. Whose name cannot be spelled for sure has names made of the person number until then.
    """
    context = Context.from_env()
    context.existing_home()
    spelled = {
        part: given for part, given in (("first", first), ("preferred", preferred), ("last", last)) if given is not None
    }
    if number is None:
        if accept or set_ or same_as or new or spelled:
            raise UsageError("a decision needs the person number of the worker it is about")
        _show_waiting(context, as_json)
        return
    if accept + bool(set_) + bool(same_as) + new + bool(spelled) != 1:
        raise UsageError(
            "a decision is one of --accept, --set, --same-as, --new and a spelling (--first, --preferred, --last)"
        )
    result: dict[str, object] = {"person_number": number}
    with context.warehouse.write() as con:
        by = getpass.getuser()
        if spelled or (accept and number not in {one.person_number for one in waiting(con)}):
            result["spelling"] = decide_spelling(con, context.loaded.profile, number, spelled, by=by, now=utc_now())
            what = "the names are made of the spelling"
        else:
            if same_as:
                decided = decide_rehire(con, number, same_as, by=by, now=utc_now())
            else:
                decided = decide(con, number, set_, accept=accept, by=by, now=utc_now())
            result |= {"account": decided.account, "same_as": decided.same_as}
            what = "their account is adopted" if decided.account else "they get new names, unless they have some"
            if decided.same_as:
                what = (
                    f"the names of {decided.same_as} are theirs; when the directory has that account, set its employee id "
                    f"to {number} before it is uploaded, or the service finds the names taken. That is done"
                )
    context.warehouse.publish()
    if as_json:
        dump(result)
        return
    say(f"{number}: decided; {what} at the next `hcm-pipeline run`")


def _show_waiting(context: Context, as_json: bool) -> None:
    with context.warehouse.read() as con:
        found = waiting(con)
        accounts = [review for review in found if review.about == "account"]
        rehires = [review for review in found if review.about != "account"]
        spellings = spellings_waiting(con, context.loaded.profile)
    if as_json:
        dump({"accounts": accounts, "rehires": rehires, "spellings": spellings})
        return
    table(
        "Accounts that wait for a decision",
        ("person number", "why", "accounts", "since"),
        [[r.person_number, r.reason, ", ".join(r.accounts), r.opened_on.isoformat()] for r in accounts],
    )
    table(
        "Numbers that may be one person's",
        ("person number", "why", "other numbers", "their names", "since"),
        [
            [r.person_number, r.reason, ", ".join(r.former), ", ".join(r.accounts), r.opened_on.isoformat()]
            for r in rehires
        ],
    )
    table(
        "Spellings that wait for a decision",
        ("person number", *SPELLING_COLUMNS, "confidence", "since"),
        [
            [r.person_number, *spelling_row(part), f"{r.confidence:.1f}", r.since and r.since.isoformat()]
            for r in spellings
            for part in r.parts
        ],
    )
    if not found and not spellings:
        say("nobody's names wait for a decision")


SPELLING_COLUMNS = ("part", "name", "spelled", "how")


def spelling_row(part: SpelledPart) -> list[object]:
    """A part of a name as a row of the table that people read."""
    return [part.part, part.name, part.spelling or "nothing", part.how]


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
