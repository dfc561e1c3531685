"""The command `hcm-pipeline`: exit 0 done, 1 failed, 2 wrong usage, 3 stopped by a guard."""

from __future__ import annotations

import atexit
import copy
import gc
import os
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from typer.main import get_command_name
from typer.models import CommandInfo

from hcm_pipeline.cli import (
    alerts,
    decide,
    demo,
    doctor,
    extract,
    feed,
    health,
    identity,
    init,
    land,
    outcomes,
    page,
    plan,
    profile,
    run,
    sandbox,
    status,
    target,
    target_matches,
    target_setup,
    trace,
    ui,
    upload,
    writeback,
)
from hcm_pipeline.cli.context import Verbs
from hcm_pipeline.cli.output import note, printable, say
from hcm_pipeline.errors import PipelineError, causes, refused_by_disk
from hcm_pipeline.home import PRIVATE_UMASK, private
from hcm_pipeline.settings import Settings

CYCLES = (100_000, 50, 100)
"""When Python looks for cycles of dead objects: far less often than by its own choice, which is a tenth of a small run."""


def _tell_version(asked: bool) -> None:
    if asked:
        say(f"hcm-pipeline {version('hcm-pipeline')}")
        raise typer.Exit


app = typer.Typer(
    name="hcm-pipeline",
    cls=Verbs,
    help="Oracle HCM extracts to Microsoft Entra ID and Active Directory accounts.",
    no_args_is_help=True,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    """Oracle HCM extracts to Microsoft Entra ID and Active Directory accounts."""


VERBS = (
    demo, init, profile, land, feed, sandbox, ui, run, extract, upload, outcomes, decide, plan, status, trace, page, alerts,
    identity, writeback, target, target_matches, target_setup, doctor, health,
)  # fmt: skip
"""The modules of the verbs, in the order in which the help lists them."""
for module in VERBS:
    module.add_to(app)


def _asked(words: Sequence[str]) -> typer.Typer:
    """The app with the verb alone that the first word names. To make all of them takes a third of a small command's time; help,
    completion and a word that is no verb need them all.
    """
    name = words[0] if words else ""
    alone = copy.copy(app)
    alone.registered_commands = [made for made in app.registered_commands if name == _name_of(made)]
    alone.registered_groups = [made for made in app.registered_groups if name == made.name]
    return alone if alone.registered_commands or alone.registered_groups else app


def _name_of(made: CommandInfo) -> str | None:
    return made.name or (get_command_name(made.callback.__name__) if made.callback else None)


def main() -> None:
    """Run a command; whatever goes wrong ends in one clear message and the exit code of the contract."""
    os.umask(PRIVATE_UMASK)
    gc.set_threshold(*CYCLES)
    printable()
    _end(_leave(_run))


def _end(code: int) -> NoReturn:
    """End the process once its threads have ended and all is done that was put off to the end.

    The interpreter itself would take every module apart first, which is a fifth of a small run and of no use to anybody.
    """
    threading._shutdown()  # type: ignore[attr-defined]  # the interpreter waits for them in the same way
    atexit._run_exitfuncs()
    with suppress(OSError, ValueError):
        _flush()
    os._exit(code)


def _flush() -> None:
    """Write out all that is printed. A stream that was closed before the process began is none."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def _run() -> int:
    """Run the command that was asked for; its exit code."""
    try:
        code = _asked(sys.argv[1:])(standalone_mode=False)
    except typer.Abort:
        return 130
    except PipelineError as error:
        _tell(error)
        return error.exit_code
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as error:
        if hasattr(
            error, "show"
        ):  # Typer's own faults of usage: it brings its own Click and exports none of its classes
            error.show()
            return 2
        return _unexpected(error)
    return code if isinstance(code, int) else 0


def _leave(work: Callable[[], int]) -> int:
    """The exit code of what a command comes to, also when nothing can be printed any more."""
    try:
        code = work()
        _flush()
    except KeyboardInterrupt:
        return 130
    except (OSError, ValueError):  # nobody reads on, the disk is full, or the stream is closed
        _print_no_more()
        return 1
    return code


def _print_no_more() -> None:
    """Nothing is left to be written at the end, which would fail once more."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                os.dup2(nowhere, stream.fileno())


def _tell(error: PipelineError) -> None:
    first, *rest = error.lines or ("",)
    note(f"hcm-pipeline: {first}", *rest)


def _unexpected(error: Exception) -> int:
    for cause in causes(error):
        if isinstance(cause, PipelineError):
            _tell(cause)
            return cause.exit_code
    with suppress(PipelineError):
        refused = refused_by_disk(error, Settings.from_env().home.path)
        if refused is not None:
            _tell(refused)
            return refused.exit_code
    where = _kept("".join(traceback.format_exception(error)))
    told = f"its text is in {where}" if where else "its text could not be kept"
    note(f"hcm-pipeline: an unexpected fault ({type(error).__name__}); {told}. Please report it")
    return 1


def _kept(text: str) -> Path | None:
    """The private file that keeps the text of a fault: in the home or, where there can be none, among temporary files."""
    with suppress(PipelineError, OSError):
        path = Settings.from_env().home.create().path / "last-fault.txt"
        private(path).write_text(text, encoding="utf-8", errors="backslashreplace")
        return path
    with suppress(OSError):
        handle, name = tempfile.mkstemp(prefix="hcm-pipeline-fault-", suffix=".txt")
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as out:
            out.write(text)
        return Path(name)
    return None


if __name__ == "__main__":
    main()
