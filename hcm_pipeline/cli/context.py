"""The start of every command: the installation that the environment names, and arguments as values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from hcm_pipeline import flow
from hcm_pipeline.cli.output import note, say
from hcm_pipeline.errors import HomeError, UsageError
from hcm_pipeline.settings import Settings

LONGEST_SENTENCE = 1000
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Target = Annotated[
    str | None,
    typer.Option(
        "--target", metavar="NAME", help="One of several targets (target.populations); default: each of them in turn."
    ),
]


class Verbs(TyperGroup):
    """A command of several, whose help lists each with the whole first sentence about it."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list, as wide as the terminal is."""
        named = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, verb.get_short_help_str(LONGEST_SENTENCE)) for name, verb in named if verb and not verb.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


def verb_group(about: str) -> typer.Typer:
    """A command of several verbs, which prints its help when it is called without any."""
    return typer.Typer(cls=Verbs, help=about, no_args_is_help=True, rich_markup_mode=None)


def installation() -> flow.Installation:
    """The home, settings and profile of the environment. Raises UsageError when it names a target incompletely."""
    return flow.Installation(Settings.from_env(), note)


def existing_installation() -> flow.Installation:
    """The same for a command that makes no home. Raises HomeError when there is none yet."""
    return installation().existing()


def targets_of(here: flow.Installation, name: str | None) -> tuple[flow.Installation, ...]:
    """The installation of the target of that name; without a name that of each of the home. Raises UsageError for a name that is
    none."""
    return here.targets if name is None else (here.at(name),)


def heading(one: flow.Installation) -> None:
    """Say which target the next lines are about, where there are several."""
    if one.name:
        say(f"target {one.name} ({one.kind}):", "")


def by_target(found: Iterable[tuple[flow.Installation, object]]) -> object:
    """The value that is printed as JSON: of one target the finding, of several an object by their names."""
    listed = list(found)
    return listed[0][1] if len(listed) == 1 and not listed[0][0].name else {one.name: value for one, value in listed}


def day(text: str | None, option: str = "--date") -> dt.date | None:
    """A date given as YYYY-MM-DD. Raises UsageError for anything else."""
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text}: a date is written as YYYY-MM-DD") from None


@contextmanager
def sandbox_used() -> Iterator[None]:
    """A block that starts a sandbox. Raises HomeError or UsageError in place of the sandbox's own exception."""
    from hcm_pipeline.sandbox import SandboxProblem  # loads pydantic

    try:
        yield
    except SandboxProblem as problem:
        kind = UsageError if problem.exit_code == UsageError.exit_code else HomeError
        raise kind(str(problem)) from None
