"""Time as an argument: tests and the sandbox have clocks of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

Clock = Callable[[], dt.datetime]
"""Tells the time as a timezone-aware UTC datetime."""

Sleep = Callable[[float], None]
"""Waits for so many seconds."""


def utc_now() -> dt.datetime:
    """The machine's time."""
    return dt.datetime.now(dt.UTC)
