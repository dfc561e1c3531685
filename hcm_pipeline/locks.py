"""Advisory locks, which the kernel lets go of when their holder dies, and whether a process is alive."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

STEP = 0.05
"""Seconds between two tries to take a lock."""


@contextlib.contextmanager
def advisory_lock(
    path: Path,
    patience: float,
    *,
    refuse: Callable[[str], Exception],
    step: float = STEP,
    sleep: Callable[[float], None] = time.sleep,
    notice: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold the lock of a file, which is made when it is missing. `patience` and `step`: seconds.

    `notice` hears once whom the caller waits for: a process id, or `unknown`. When patience runs out, the error that `refuse`
    makes of it is raised.
    """
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        waited = 0.0
        while not _taken(handle):
            holder = os.pread(handle, 64, 0).decode("ascii", "replace").strip() or "unknown"
            if waited >= patience:
                raise refuse(holder)
            if notice and not waited:
                notice(holder)
            sleep(step)
            waited += step
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)  # lets go of the lock


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def process_is_alive(process: str) -> bool:
    """Whether a process of this machine is alive, by its id; True where the machine cannot tell."""
    return Path(f"/proc/{process}").exists() or not Path("/proc/self").exists()
