"""Decisions say what they are about to do, and ask: on a terminal for the number, elsewhere it has to be given."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.output import err, note
from hcm_pipeline.errors import UsageError


def confirmed(intent: flow.Intent, given_id: str, size: int | None) -> str:
    """The whole id of the decision's subject, once it is clear that a person means it. Raises UsageError when it is not."""
    if size is None and _may_ask():
        _say(intent.sentences)
        size = typer.prompt(f"Type the number of {intent.units} ({intent.size}) to go on", type=int, err=True)
        given_id = intent.whole_id
    else:
        intent.require(given_id, size)
        _say(intent.sentences)
    intent.require(given_id, size)
    return intent.whole_id


def one_number(positional: int | None, option: int | None, name: str) -> int | None:
    """A number that may be given as an argument or by an option. Raises UsageError when both are given, and differ."""
    if positional is not None and option is not None and positional != option:
        raise UsageError(f"{positional} and {name} {option} are two numbers; give one")
    return option if positional is None else positional


def ask(sentence: str) -> None:
    """Say what is about to be done, and ask on a terminal whether to go on; elsewhere go on. Ends the command on a no."""
    note(sentence)
    if _may_ask():
        typer.confirm("Go on?", abort=True, err=True)


def _say(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        note(sentence)


def _may_ask() -> bool:
    return sys.stdin.isatty() and err.is_terminal
