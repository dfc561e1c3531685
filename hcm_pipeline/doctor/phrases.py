"""Words that several checks share: times ahead, moments, lists of names."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable

from hcm_pipeline.plain_text import counted

SOON = dt.timedelta(days=30)
"""So long ahead an expiry is told."""


def days_until(moment: dt.datetime, now: dt.datetime) -> str:
    """Such as `in 12 days (2026-12-10)`, or `3 days ago (...)`."""
    days = (moment - now) / dt.timedelta(days=1)
    when = "within a day"
    if days >= 1:
        when = f"in {counted(round(days), 'day')}"
    elif days < 0:
        when = f"{counted(math.ceil(-days), 'day')} ago"
    return f"{when} ({moment:%Y-%m-%d})"


def moment_of(text: object) -> dt.datetime | None:
    """A moment as Graph writes it; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        found = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def some(names: Iterable[str], most: int = 5) -> str:
    """The first names, and how many there are more."""
    listed = list(names)
    more = f" and {len(listed) - most:,} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
