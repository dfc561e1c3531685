"""A limit of a service as a gate that calls pass: so many in any window, counted until they have ended."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from hcm_pipeline.http.clock import Clock, Sleep
from hcm_pipeline.http.patience import Rate


class CallGate(Protocol):
    """The calls of one limit. Delivery has one that all processes of a home share (`SharedGate`)."""

    def call(self) -> AbstractContextManager[None]:
        """One call: the block begins when the limit allows it, and the call counts from then to the window after its end."""


class OwnGate:
    """The calls of this object alone, one at a time."""

    def __init__(self, rate: Rate, clock: Clock, sleep: Sleep) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._ends: deque[dt.datetime] = deque(maxlen=rate.calls)

    @contextmanager
    def call(self) -> Iterator[None]:
        """See `CallGate`. A service counts a call no later than at its end, which is what the next ones keep away from."""
        while (now := self._clock()) < (free := self._rate.free_at(self._nth_newest(), now)):
            self._sleep((free - now).total_seconds())
        try:
            yield
        finally:
            self._ends.append(self._clock())

    def _nth_newest(self) -> dt.datetime | None:
        return self._ends[0] if len(self._ends) == self._rate.calls else None
