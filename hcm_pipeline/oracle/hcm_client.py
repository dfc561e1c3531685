"""Oracle HCM as far as the pipeline reads it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType

from hcm_pipeline.http import Clock, utc_now
from hcm_pipeline.oracle.feed_entry import Page, Window
from hcm_pipeline.oracle.hcm_connection import OracleConnection
from hcm_pipeline.oracle.reading_rules import ReadingRules
from hcm_pipeline.oracle.worker_reading import Person, Reading


class OracleClient:
    """One Oracle HCM, for the time of a `with` block.

    Every call is repeated as patiently as the rules say: 408, 429, 5xx, connections that broke. 401 and 403 raise
    OracleRefused, whose text names the privilege that is missing, and nothing is asked afterwards.
    """

    def __init__(self, connection: OracleConnection, rules: ReadingRules, *, clock: Clock = utc_now) -> None:
        self._connection, self._rules, self._clock = connection, rules, clock

    def __enter__(self) -> OracleClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError

    @property
    def calls(self) -> Mapping[str, int]:
        """How many calls of each kind were made, for people."""
        raise NotImplementedError

    def service_time(self) -> dt.datetime:
        """The service's clock now, by the `Date` header of a cheap call."""
        raise NotImplementedError

    def walk(self, window: Window) -> Iterator[Page]:
        """Yield the pages of a window, ascending, to exhaustion."""
        raise NotImplementedError

    def read(self, people: Sequence[Person], on: dt.date) -> Iterator[Reading]:
        """Look at workers as of a date. Every person asked for comes back exactly once, in any order."""
        raise NotImplementedError

    def read_everybody(self, on: dt.date) -> Iterator[Reading]:
        """Look at every worker as of a date, in a stable order, nobody twice."""
        raise NotImplementedError
