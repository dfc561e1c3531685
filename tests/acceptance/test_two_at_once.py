"""Two runs over one home at once, and somebody who reads meanwhile: nobody meets a lock, and the state is that of one run."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import duckdb

from hcm_pipeline.warehouse import Warehouse

from .support import Site, worker

KEPT = {
    "days": "* exclude (finished_at, judged_at)", "worker_versions": "* exclude (known_from)", "changes": "*", "identities": "*",
    "quarantined_rows": "*", "absences": "*",
}  # fmt: skip


def deliver(site: Site, first: int, last: int) -> None:
    """Extracts of some days of November 2026: everybody moves now and then, a few leave, and one row is bad."""
    for d in range(first, last + 1):
        rows = [
            worker(f"{1000 + i}", f"First{i % 11}", f"Last{i % 7}", Job_Name=f"Job {d if i % d == 0 else 0}",
                   Account_Status=str(i % 23 != d))
            for i in range(250 + d)
        ]  # fmt: skip
        site.land(f"workers-2026-11-{d:02}.csv", *rows, worker("9999", "Bad", "Country", Country="nowhere"))


def state(site: Site) -> dict[str, list[str]]:
    """The rows that must not depend on how many runs there were."""
    with duckdb.connect(str(site.home.warehouse), read_only=True) as con:
        return {
            table: sorted(map(str, con.execute(f"select {columns} from {table}").fetchall()))
            for table, columns in KEPT.items()
        }


class Reader(threading.Thread):
    """Reads the published copy again and again until told to stop."""

    def __init__(self, site: Site) -> None:
        super().__init__(daemon=True)
        self.warehouse, self.enough = Warehouse(site.home, patience=0), threading.Event()
        self.days: list[int] = []
        self.faults: list[BaseException] = []

    def run(self) -> None:
        try:
            while not self.enough.is_set():
                with self.warehouse.read() as con:
                    [[days, workers]] = con.execute("select count(*), min(workers) from days").fetchall()
                assert workers >= 252, "half a day was published"
                self.days.append(days)
        except BaseException as fault:
            self.faults.append(fault)


def test_two_runs_and_a_reader_at_once_meet_no_lock(tmp_path: Path) -> None:
    alone = Site(tmp_path / "alone")
    deliver(alone, 2, 4)
    alone.run("run")

    site = Site(tmp_path / "home")
    deliver(site, 2, 2)
    site.run("run")
    deliver(site, 3, 4)
    reader = Reader(site)
    reader.start()
    runs = [
        site.start("run", "--json"),
        site.start("run", "--json"),
        site.start("run", "--from", "2026-11-02", "--to", "2026-11-04"),
    ]
    looks: list[Any] = []
    while any(process.wait(0) is None for process in runs):
        looks.append(site.json("status"))
        time.sleep(1)
    for process in runs:
        site.end(process)
    seen = len(reader.days)
    while reader.is_alive() and len(reader.days) < seen + 2:
        time.sleep(0.01)
    reader.enough.set()
    reader.join(60)
    assert reader.faults == []
    assert (reader.days[0], reader.days[-1]) == (1, 3)
    assert reader.days == sorted(reader.days), "an older copy took a newer one's place"
    assert len(looks) > 1
    assert state(site) == state(alone)
    ready = [found for found in site.json("status")["manifests"] if found["state"] == "ready"]
    assert len(ready) == 1, "one manifest to send, however many runs planned it"
    assert ready[0]["operations"] == next(
        found["operations"] for found in alone.json("status")["manifests"] if found["state"] == "ready"
    )
    assert "lock" not in "".join(site.heard).lower()
