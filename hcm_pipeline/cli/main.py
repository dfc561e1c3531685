"""The command `hcm-pipeline`: exit 0 done, 1 failed, 2 wrong usage, 3 stopped by a guard."""

from __future__ import annotations

import os
import sys
import traceback

import typer

from hcm_pipeline.cli import (
    alerts,
    decide,
    demo,
    extract,
    identity,
    init,
    land,
    outcomes,
    plan,
    profile,
    run,
    sandbox,
    status,
    trace,
    ui,
    upload,
)
from hcm_pipeline.cli.output import note
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.home import private
from hcm_pipeline.settings import Settings

app = typer.Typer(
    name="hcm-pipeline",
    help="Oracle HCM extracts to Microsoft Entra ID and Active Directory accounts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
VERBS = (
    demo, init, profile, land, sandbox, ui, run, extract, upload, outcomes, decide, plan, status, trace, alerts, identity,
)  # fmt: skip
"""The modules of the verbs, in the order in which the help lists them."""
for module in VERBS:
    module.add_to(app)


def main() -> None:
    """Run a command; whatever goes wrong ends in one clear message and the exit code of the contract."""
    os.umask(0o077)
    try:
        code = app(standalone_mode=False)
    except typer.Abort:
        sys.exit(130)
    except PipelineError as error:
        note(f"hcm-pipeline: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if hasattr(
            error, "show"
        ):  # Typer's own faults of usage: it brings its own Click and exports none of its classes
            error.show()
            sys.exit(2)
        sys.exit(_unexpected(error))
    sys.exit(code if isinstance(code, int) else 0)


def _unexpected(error: Exception) -> int:
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if isinstance(cause, PipelineError):
            note(f"hcm-pipeline: {cause}")
            return cause.exit_code
        cause = cause.__cause__ or cause.__context__
    path = Settings.from_env().home.create().path / "last-fault.txt"
    private(path).write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    note(f"hcm-pipeline: an unexpected fault ({type(error).__name__}); its text is in {path}. Please report it")
    return 1


if __name__ == "__main__":
    main()
