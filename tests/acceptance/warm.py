"""Commands in processes of their own whose imports are done: forks of a server that has read the modules once.

A command spends half of its time on imports. Here it has a process, an environment, a folder and exit code of its own all the same.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from pathlib import Path
from tempfile import TemporaryDirectory

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.acceptance.warm_imports"])


def command(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, seconds: float
) -> tuple[int, str, str]:
    """Run `hcm-pipeline` to its end; exit code, standard output and standard error. Fails after so many seconds."""
    forkserver.ensure_running()
    with TemporaryDirectory() as here:
        out, err = Path(here) / "out", Path(here) / "err"
        process = _processes.Process(target=_run, args=(list(arguments), dict(environment), folder, out, err))
        process.start()
        process.join(seconds)
        late = process.exitcode is None
        if late:
            process.kill()
            process.join()
        said = out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")
    assert not late, f"still running after {seconds} s:\n{said[0]}\n{said[1]}"
    assert process.exitcode is not None
    code = process.exitcode
    process.close()
    return code, *said


def _run(arguments: list[str], environment: dict[str, str], folder: Path, out: Path, err: Path) -> None:
    from hcm_pipeline.cli.main import main

    os.setsid()
    for stream, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    os.umask(0o022)
    sys.argv = ["hcm-pipeline", *arguments]
    main()
