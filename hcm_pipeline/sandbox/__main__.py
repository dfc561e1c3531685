"""`python -m hcm_pipeline.sandbox`: the sandbox by itself, without a home, a profile or a warehouse."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from hcm_pipeline.sandbox.command import greeting, options_of
from hcm_pipeline.sandbox.problems import SandboxProblem
from hcm_pipeline.sandbox.server import SandboxHandle, serve


def main() -> None:
    """Serve a directory until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m hcm_pipeline.sandbox", description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path("sandbox"), help="where its state is kept (./sandbox)")
    parser.add_argument("--port", type=int, default=8443, help="the port on 127.0.0.1; 0 takes a free one (8443)")
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE", help="may be repeated")
    asked = parser.parse_args()
    directory = asked.directory.absolute()

    def ready(handle: SandboxHandle) -> None:
        sys.stdout.writelines(f"{line}\n" for line in greeting(handle, directory))
        sys.stdout.flush()

    os.umask(0o077)
    try:
        serve(directory, asked.port, options_of(asked.option, {}), ready)
    except SandboxProblem as error:
        sys.stderr.write(f"sandbox: {error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
