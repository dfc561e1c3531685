"""Oracle HCM as far as the pipeline reads it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType

import httpx

from hcm_pipeline.http import Clock, utc_now
from hcm_pipeline.oracle.batched_reads import WorkerReader
from hcm_pipeline.oracle.feed_entry import Page, Window
from hcm_pipeline.oracle.feed_walks import FeedWalker
from hcm_pipeline.oracle.full_reads import FullReads
from hcm_pipeline.oracle.hcm_connection import OracleConnection
from hcm_pipeline.oracle.reading_rules import ReadingRules
from hcm_pipeline.oracle.transport import Transport
from hcm_pipeline.oracle.worker_reading import Person, Reading


class OracleClient:
    """One Oracle HCM, for the time of a `with` block. For one thread; readings have threads of their own.

    Every call is repeated as patiently as the rules say: 408, 429, 5xx, connections that broke. 401 and 403 raise
    OracleRefused, whose text names the privilege that is missing, and nothing is asked afterwards. Other errors are the
    ServiceErrors of `errors`: SignInFailed, ServiceRefused, ServiceUnavailable when patience has run out.
    """

    def __init__(
        self, connection: OracleConnection, rules: ReadingRules, *, clock: Clock = utc_now, wire: httpx.BaseTransport | None = None
    ) -> None:  # fmt: skip
        """`wire`: what carries the calls, None for the network."""
        self._transport = Transport(connection, rules, clock, wire)
        self._feeds = FeedWalker(self._transport, rules)
        self._reader = WorkerReader(self._transport, rules)
        self._everybody = FullReads(self._reader.queries, rules, self._reader.parts)

    def __enter__(self) -> OracleClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.close()

    @property
    def calls(self) -> Mapping[str, int]:
        """How many calls of each kind were made, for people: feed, time, workers, children, managers, user accounts."""
        return dict(self._transport.calls)

    def service_time(self) -> dt.datetime:
        """The service's clock now, by the `Date` header of a cheap call; our own where it sends none."""
        return self._feeds.service_time()

    def walk(self, window: Window) -> Iterator[Page]:
        """Yield the pages of a window to exhaustion, ascending where the service keeps the order that it is asked for.

        Entries may come twice, with the same id and content. Raises ServiceRefused with status 404 for a feed that is not there
        or switched off, and ServiceError for one that cannot be read to its end.
        """
        return self._feeds.walk(window)

    def read(self, people: Sequence[Person], on: dt.date) -> Iterator[Reading]:
        """Look at workers as of a date. Everybody who was asked for comes back exactly once, in any order."""
        return self._reader.read(people, on)

    def read_everybody(self, on: dt.date) -> Iterator[Reading]:
        """Look at every worker as of a date, nobody twice, in the order of PersonId where the service keeps one."""
        return self._reader.read_found(self._everybody.pages(on), on)
