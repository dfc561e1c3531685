"""Read by each Python whose PYTHONPATH has this folder: a process that Dagster would start by itself, for a run, is a fork.

The code server starts a process for each run, and that spends most of its time on imports. With this it forks them from a server of
its own that has read the modules once. All else of them stays: arguments, environment, streams, signals and exit codes.
"""

import multiprocessing
from multiprocessing.context import BaseContext

_context = multiprocessing.get_context


def _forking(method: str | None = None) -> BaseContext:
    if method != "spawn":
        return _context(method)
    found = _context("forkserver")
    found.set_forkserver_preload(["tests.warm_imports"])
    return found


multiprocessing.get_context = _forking  # type: ignore[assignment]
