"""Calls within a sliding time, counted exactly."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterable

LONGEST = 86_400
"""Seconds that are remembered."""


class Window:
    """When calls were made: microseconds since 1970, in their order. Safe to use from several threads."""

    def __init__(self, moments: Iterable[int]) -> None:
        self._lock = threading.Lock()
        self._moments = list(moments)

    def add(self, moment: int) -> None:
        """Count one more; a clock that was set back does not make it earlier than the last."""
        with self._lock:
            self._moments.append(max(moment, self._moments[-1]) if self._moments else moment)
            if len(self._moments) % 1024 == 0:
                del self._moments[: self._gone(LONGEST, moment / 1e6)]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._moments.clear()

    def within(self, span: float, now: float) -> int:
        """How many were made in the last `span` seconds."""
        with self._lock:
            return len(self._moments) - self._gone(span, now)

    def full_for(self, calls: int, span: float, now: float) -> float | None:
        """Seconds until there are less than `calls` within `span` seconds; None: there are."""
        with self._lock:
            if calls <= 0:
                return span
            if len(self._moments) - self._gone(span, now) < calls:
                return None
            return max(0.001, self._moments[-calls] / 1e6 + span - now)

    def _gone(self, span: float, now: float) -> int:
        return bisect_right(self._moments, round((now - span) * 1_000_000))
