"""The verb identity review: decisions about accounts, former numbers and spellings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.confirm import ask
from hcm_pipeline.cli.context import Json, existing_installation
from hcm_pipeline.cli.output import dump, say, table
from hcm_pipeline.errors import UsageError

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
    if number is None:
        if accept or set_ or same_as or new or spelled or seen:
            raise UsageError("a decision needs the person number of the worker it is about")
        _show_waiting(flow.reviews(here), as_json)
        return
    if accept + bool(set_) + bool(same_as) + new + bool(spelled) + seen != 1:
        raise UsageError(
            "a decision is one of --accept, --set, --same-as, --new, --seen and a spelling (--first, --preferred, --last)"
        )
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
