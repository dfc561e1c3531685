"""Reading the provisioning log until every accepted operation has an outcome."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass

from hcm_pipeline.delivery import settle
from hcm_pipeline.delivery.journal import Journal
from hcm_pipeline.entra import GraphClient, Patience
from hcm_pipeline.settings import Target
from hcm_pipeline.warehouse import Warehouse

OVERLAP = dt.timedelta(seconds=5)
"""Read again this much before the first open operation: the `Date` header has whole seconds, the log has fractions."""


@dataclass(frozen=True)
class OutcomeReport:
    """What one reading of the log brought: operations settled now, and those still without an outcome."""

    settled: int
    waiting: int
    taken_over: int


def read_outcomes(
    warehouse: Warehouse,
    target: Target,
    *,
    wait_seconds: float = 0.0,
    interval: float = 10.0,
    patience: Patience | None = None,
    progress: Callable[[int, int], None] = lambda settled, waiting: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> OutcomeReport:
    """Take over what was accepted, and read the log until nothing waits or `wait_seconds` are over.

    The warehouse is held for the short transactions only, never while the service is asked. Raises SignInFailed,
    ServiceRefused and ServiceUnavailable; what was read until then is kept, and the same call goes on from there.
    """
    started, settled, taken = clock(), 0, take_over(warehouse)
    waiting, since = _waiting(warehouse, target)
    if not waiting or since is None:
        warehouse.publish()
        return OutcomeReport(0, 0, taken)
    with GraphClient(target, patience=patience) as client:
        while True:
            entries = list(client.provisioning_log(since - OVERLAP))
            with warehouse.write() as con:
                con.begin()
                settled += settle.record_outcomes(con, target.key, entries)
                con.commit()
                waiting, since = settle.waiting_since(con, target.key)
            progress(settled, waiting)
            if not waiting or since is None or clock() - started >= wait_seconds:
                break
            sleep(min(interval, max(0.0, wait_seconds - (clock() - started))))
    warehouse.publish()
    return OutcomeReport(settled, waiting, taken)


def take_over(warehouse: Warehouse) -> int:
    """Make what the journal knows as accepted the delivered state, and publish it; how many requests were new."""
    if not warehouse.home.journal.is_file():
        return 0
    with warehouse.write() as con, Journal(warehouse.home.journal) as journal:
        con.begin()
        taken = settle.take_over(con, journal)
        con.commit()
    if taken:
        warehouse.publish()
    return taken


def _waiting(warehouse: Warehouse, target: Target) -> tuple[int, dt.datetime | None]:
    with warehouse.write() as con:
        return settle.waiting_since(con, target.key)
