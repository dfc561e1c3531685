"""The end of a process that serves: by a signal in order, and never later than the process that started it."""

from __future__ import annotations

import ctypes
import signal
from contextlib import suppress

PR_SET_PDEATHSIG = 1
"""prctl(2)."""


def end_by_signals() -> None:
    """SIGINT and SIGTERM raise KeyboardInterrupt. A shell that starts something in the background has it ignore SIGINT."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)


def end_with_parent() -> None:
    """Have Linux send this process a SIGTERM when the one that started it ends, however that happens; elsewhere nothing."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
