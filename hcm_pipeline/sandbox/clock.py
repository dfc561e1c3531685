"""The sandbox's own clock, so that a day of quota or of log lag can pass in no time."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from email.utils import format_datetime

from hcm_pipeline.sandbox.state import Store

REAL, MANUAL = "real", "manual"


class Clock:
    """Real: the machine's time plus an offset. Manual: stands still until it is moved. It never goes backwards.

    It counts whole microseconds, as those do who are judged by it: a call 5 s after another is not 4.9999998 s after it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        kept = store.meta()
        self.mode = kept.get("clock_mode", REAL)
        self._manual = float(kept.get("clock_manual", "0"))
        self._offset = float(kept.get("clock_offset", "0"))

    def now(self) -> float:
        """Seconds since 1970."""
        with self._lock:
            return self._now()

    def _now(self) -> float:
        return self._manual if self.mode == MANUAL else round(time.time() + self._offset, 6)

    def switch(self, mode: str) -> None:
        """Change the mode; the time shown stays the same."""
        with self._lock:
            now = self._now()
            self.mode, self._manual, self._offset = mode, now, now - time.time()
        self._keep()

    def move_to(self, moment: float) -> None:
        """Set the clock forward. A moment already past changes nothing."""
        with self._lock:
            ahead = max(0.0, moment - self._now())
            self._manual = round(self._manual + ahead, 6)
            self._offset += ahead
        self._keep()

    def reset(self) -> None:
        """Back to the machine's time."""
        with self._lock:
            self.mode, self._manual, self._offset = REAL, 0.0, 0.0
        self._keep()

    def _keep(self) -> None:
        self._store.keep(
            {"clock_mode": self.mode, "clock_manual": repr(self._manual), "clock_offset": repr(self._offset)}
        )


def micros(moment: float) -> int:
    """Microseconds since 1970."""
    return round(moment * 1_000_000)


def iso(microseconds: int) -> str:
    """As the log prints it: sub-seconds and Z."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:06d}Z"


def http_date(moment: float) -> str:
    """As the Date header prints it."""
    return format_datetime(datetime.fromtimestamp(int(moment), UTC), usegmt=True)
