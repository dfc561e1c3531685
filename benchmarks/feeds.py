#!/usr/bin/env python3
"""Draining the Atom feeds of the sandbox's Oracle HCM: how much of the time is waiting for the service.

    python benchmarks/feeds.py [--entries 5000] [--people 500] [--latency-ms 100] [--page-cap 25] [--json]

Everybody is hired and then changed, as often as it takes; one poll reads all entries and the workers whom they name. The service is
in this process and really takes its time: what it works itself is told apart, and not counted. `waiting` is the share of the rest
in which nothing of ours worked on any processor. 100,000 entries of 10,000 people take some eight minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from hcm_pipeline.flow.feeding import drain, reading_rules  # noqa: E402
from hcm_pipeline.flow.installation import Installation  # noqa: E402
from hcm_pipeline.home import Home  # noqa: E402
from hcm_pipeline.oracle import OracleClient, OracleConnection  # noqa: E402
from hcm_pipeline.profile import Oracle  # noqa: E402
from hcm_pipeline.sandbox.clock import MANUAL, Clock  # noqa: E402
from hcm_pipeline.sandbox.oracle import Hcm, HcmOptions  # noqa: E402
from hcm_pipeline.sandbox.oracle.control import act  # noqa: E402
from hcm_pipeline.sandbox.oracle.entries import Event  # noqa: E402
from hcm_pipeline.sandbox.oracle.front import HcmTransport  # noqa: E402
from hcm_pipeline.sandbox.state import Store  # noqa: E402
from hcm_pipeline.settings import Settings  # noqa: E402

START = dt.datetime(2031, 3, 3, 8, tzinfo=dt.UTC)
URL = "https://hcm.test"
AT_ONCE = 1000
"""People who are hired at once."""


class Service(httpx.BaseTransport):
    """The service, and what it works itself: `processor` and `wall` seconds, those of several threads added up."""

    def __init__(self, hcm: Hcm, latency: float) -> None:
        self._inner = HcmTransport(hcm, sleep=lambda _: None)
        self._latency = latency
        self._lock = threading.Lock()
        self.processor = self.wall = 0.0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer after the latency."""
        processor, wall = time.thread_time(), time.perf_counter()
        answer = self._inner.handle_request(request)
        with self._lock:
            self.processor += time.thread_time() - processor
            self.wall += time.perf_counter() - wall
        time.sleep(self._latency)
        return answer


def populated(hcm: Hcm, people: int, entries: int) -> None:
    """Hire everybody, and raise entries until there are so many."""
    for first in range(0, people, AT_ONCE):
        hires = [
            {"do": "hire", "person_number": f"{number:07}", "first_name": "Kim", "last_name": f"L{number}", "start": "2030-01-07"}
            for number in range(first, min(first + AT_ONCE, people))
        ]  # fmt: skip
        act(hcm, hires)
    persons = list(hcm.people.values())
    with hcm.transaction():
        for number in range(max(0, entries - people)):
            person, moment = persons[number % people], hcm.now() - number
            hcm.raise_entry(Event("empupdate", person, person.relationships[0], hcm.today(), moment, moment))


def measured(people: int, entries: int, latency: float, page_cap: int) -> dict[str, object]:
    """One poll of everything; what it took."""
    with tempfile.TemporaryDirectory(prefix="hcm-benchmark-") as folder:
        store = Store(Path(folder) / "state.sqlite")
        clock = Clock(store)
        clock.switch(MANUAL)
        clock.move_to(START.timestamp())
        hcm = Hcm(store, clock, HcmOptions(page_size_cap=page_cap))
        populated(hcm, people, entries)
        clock.move_to(START.timestamp() + 60)
        service = Service(hcm, latency)
        held = hcm.sign_in.credentials
        connection = OracleConnection(URL, username=held.username, password=held.password)

        @contextlib.contextmanager
        def opened(_: Installation) -> Iterator[OracleClient]:
            rules = reading_rules(Oracle())
            with OracleClient(connection, rules, clock=lambda: START, wire=service) as client:
                yield client

        home = replace(
            Installation(Settings(Home(Path(folder) / "home"), "oracle-hcm-live", None)), clock=lambda: START
        )
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        wall, processor = time.perf_counter(), time.process_time()
        done = drain(home, opened=opened)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        ours, rest = processor - service.processor, wall - min(service.wall, service.processor)
        assert (done.new_entries, done.workers) == (max(entries, people), people), (done.new_entries, done.workers)
        store.close()
        return {
            "row": f"drain {done.new_entries:,} entries of {people:,} workers", "wall_s": round(wall, 1),
            "processor_s": round(ours, 1), "service_processor_s": round(service.processor, 1),
            "calls": sum(done.calls.values()), "waiting_percent": round(100 * (1 - ours / rest), 1),
            "grown_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024 - before,
        }  # fmt: skip


def main() -> None:
    """Parse the command line and print the row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=5_000)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--latency-ms", type=float, default=100)
    parser.add_argument("--page-cap", type=int, default=25, help="the most entries on a page; the sandbox's own is 25")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    row = measured(given.people, given.entries, given.latency_ms / 1000, given.page_cap)
    if given.json:
        print(json.dumps(row))
    else:
        print("   ".join(f"{key} {value}" if key != "row" else str(value) for key, value in row.items()))


if __name__ == "__main__":
    main()
