"""The verb identity review: decisions about accounts, former numbers and spellings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.confirm import ask
from hcm_pipeline.cli.context import Json, Target, existing_installation
from hcm_pipeline.cli.output import dump, say, table
from hcm_pipeline.errors import UsageError
from hcm_pipeline.plain_text import counted

SPELLING_COLUMNS = ("part", "name", "spelled", "how")


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
    seen: Annotated[
        bool,
        typer.Option("--seen", help="The names look odd, or like another worker's, and are written as they are meant."),
    ] = False,
    confirmed: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A list of person numbers and accounts that people have signed for.", dir_okay=False
        ),
    ] = None,
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Before a first load: the worker is sent as planned, whatever was found.")
    ] = False,
    why: Annotated[str | None, typer.Option(help="With --as-is: the reason, kept with the decision.")] = None,
    target: Target = None,
    as_json: Json = False,
) -> None:
    """Workers whose account, former names or spelling are not clear, and the decision about them. Prints personal data.

    A worker whose account is not clear gets no names, and is not sent, before somebody decides; nor does a likely rehire, unless
    the profile gives new names meanwhile. A name that cannot be spelled for sure is made of the person number until then.
    """
    here = existing_installation()
    spelled = {
        part: given for part, given in (("first", first), ("preferred", preferred), ("last", last)) if given is not None
    }
    if confirmed is not None:
        if number is not None or accept or set_ or same_as or new or spelled or seen or as_is:
            raise UsageError("--confirmed FILE is a decision about those whom it lists; nothing else goes with it")
        _enter_list(here.at(target), confirmed, as_json)
        return
    if as_is:
        if number is None or accept or set_ or same_as or new or spelled or seen or not why:
            raise UsageError("--as-is goes with a person number and --why REASON, and with nothing else")
        _as_is(here, number, why, as_json)
        return
    if number is None:
        if accept or set_ or same_as or new or spelled or seen:
            raise UsageError("a decision needs the person number of the worker it is about")
        _show_waiting(flow.reviews(here), as_json)
        return
    if accept + bool(set_) + bool(same_as) + new + bool(spelled) + seen != 1:
        raise UsageError(
            "a decision is one of --accept, --set, --same-as, --new, --seen and a spelling (--first, --preferred, --last)"
        )
    if (accept or set_ or new) and (open_before := _open_match(here, number)):
        _decide_match(here, open_before, set_, accept=accept, as_json=as_json)
        return
    decision = flow.IdentityDecision(accept=accept, account=set_, same_as=same_as, spelling=spelled, seen=seen)
    ask(_about(flow.reviews(here), number, decision))
    done = flow.decide_identity(here, number, decision, by=flow.system_user())
    if not as_json:
        say(f"{number}: decided; {_said(number, done)} at the next `hcm-pipeline run`")
    elif done.seen:
        dump({"person_number": number, "seen": done.seen})
    elif done.about is None:
        dump({"person_number": number, "spelling": done.spelling})
    else:
        dump({"person_number": number, "account": done.about.account, "same_as": done.about.same_as})


def _open_match(here: flow.Installation, number: str) -> flow.MatchRow | None:
    """The worker as a first load has it, where that asks and no review of names does."""
    found = flow.reviews(here)
    if any(one.person_number == number for one in (*found.accounts, *found.rehires)):
        return None
    return flow.decides_about(here, number)


def _decide_match(
    here: flow.Installation, found: flow.MatchRow, account: str | None, *, accept: bool, as_json: bool
) -> None:
    offered = ", ".join(one.user_principal_name or one.object_id for one in found.accounts)
    chosen = f"{account} is theirs" if account else f"{offered} is theirs" if accept else "none of these is theirs"
    ask(f"About 1 worker, {found.person_number} ({found.reason}; in question: {offered or 'nothing'}): {chosen}.")
    done = flow.decide_match(here, found.person_number, account, accept=accept, by=flow.system_user())
    if as_json:
        dump(done)
        return
    then = "the account is adopted" if done.account else "the worker keeps its names, or gets new ones,"
    say(f"{found.person_number}: decided; {then} at the next `hcm-pipeline run`")


def _as_is(here: flow.Installation, number: str, why: str, as_json: bool) -> None:
    found = flow.decides_about(here, number)
    ask(
        f"About 1 worker, {number} ({found.reason if found else 'nothing is open'}): sent as planned, whatever was found."
    )
    done = flow.send_as_is(here, number, why, by=flow.system_user())
    dump(done) if as_json else say(f"{number}: decided; it no longer keeps the first load back")


def _enter_list(here: flow.Installation, path: Path, as_json: bool) -> None:
    ask(f"About the workers of {path}: their accounts are those of the list.")
    done = flow.enter_list(here, path, by=flow.system_user())
    if as_json:
        dump(done)
    else:
        say(f"{counted(done.entered, 'worker', 'are')} decided about; the next `hcm-pipeline run` acts on it")
        table(
            "Rows that cannot be taken",
            ("file", "row", "column", "rule", "why"),
            [[one.file, one.row, one.column, one.rule, one.reason] for one in done.refused],
        )
    if done.refused:
        raise typer.Exit(1)


def _about(waiting: flow.Reviews, number: str, decision: flow.IdentityDecision) -> str:
    """The decision in words, before it is made: it is about one worker."""
    asked = next((one for one in (*waiting.accounts, *waiting.rehires) if one.person_number == number), None)
    spelled = next((one for one in waiting.spellings if one.person_number == number), None)
    offered = (*asked.former, *asked.accounts) if asked else ()
    why = f" ({asked.reason}; offered: {', '.join(offered) or 'nothing'})" if asked else ""
    if decision.seen:
        odd = [one for one in waiting.names if one.person_number == number]
        texts = dict.fromkeys(f"{one.name} ({one.rule.replace('_', ' ')})" for one in odd)
        chosen = f"written as it is meant: {', '.join(texts) or 'nothing waits'}"
    elif decision.account:
        chosen = f"the account {decision.account} is theirs"
    elif decision.same_as:
        chosen = f"they were {decision.same_as} before, and have those names back"
    elif decision.spelling or (decision.accept and asked is None):
        parts = {part.part: part.spelling for part in (spelled.parts if spelled else ())} | dict(decision.spelling)
        chosen = f"the name is spelled {', '.join(f'{part} {text}' for part, text in parts.items())}"
    elif decision.accept:
        chosen = f"{', '.join(offered)} is theirs"
    else:
        chosen = "none of these is theirs"
    return f"About 1 worker, {number}{why}: {chosen}."


def _said(number: str, done: flow.IdentityDecided) -> str:
    if done.seen:
        return "the names are taken as they are written"
    if done.about is None:
        return "the names are made of the spelling"
    if done.about.same_as:
        return (
            f"the names of {done.about.same_as} are theirs; when the directory has that account, set its employee id "
            f"to {number} before it is uploaded, or the service finds the names taken. That is done"
        )
    return "their account is adopted" if done.about.account else "they get new names, unless they have some"


def _show_waiting(found: flow.Reviews, as_json: bool) -> None:
    if as_json:
        dump(found)
        return
    table(
        "Accounts that wait for a decision",
        ("person number", "why", "accounts", "since"),
        [[r.person_number, r.reason, ", ".join(r.accounts), r.opened_on.isoformat()] for r in found.accounts],
    )
    _say_next(
        found.accounts,
        "--accept: the one that is offered is theirs; --set USER_PRINCIPAL_NAME: another; --new: none is",
    )
    table(
        "Numbers that may be one person's",
        ("person number", "why", "other numbers", "their names", "since"),
        [
            [r.person_number, r.reason, ", ".join(r.former), ", ".join(r.accounts), r.opened_on.isoformat()]
            for r in found.rehires
        ],
    )
    _say_next(
        found.rehires, "--accept: the one number that is offered was theirs; --same-as NUMBER: that one; --new: none"
    )
    table(
        "Spellings that wait for a decision",
        ("person number", *SPELLING_COLUMNS, "confidence", "since"),
        [
            [r.person_number, *spelling_row(part), f"{r.confidence:.1f}", r.since and r.since.isoformat()]
            for r in found.spellings
            for part in r.parts
        ],
    )
    _say_next(found.spellings, "--accept: spelled as shown; --first TEXT, --preferred TEXT, --last TEXT: spelled so")
    table(
        "Names that look odd, or like another worker's: `identity review NUMBER --seen` takes them as they are written",
        ("person number", "field", "why", "name", "since"),
        [[r.person_number, r.field, r.rule.replace("_", " "), r.name, r.since] for r in found.names],
    )
    if not (found.accounts or found.rehires or found.spellings or found.names):
        say("nobody's names wait for a decision")


def _say_next(waiting: Sequence[object], decisions: str) -> None:
    """The command that decides, below those who wait for it."""
    if waiting:
        say("  hcm-pipeline identity review PERSON_NUMBER and one of", f"  {decisions}", "")


def spelling_row(part: flow.SpelledPart) -> list[object]:
    """A part of a name as a row of the table that people read."""
    return [part.part, part.name, part.spelling or "nothing", part.how]
