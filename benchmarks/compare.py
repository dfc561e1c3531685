#!/usr/bin/env python3
"""The pipeline beside its speed floor: the same two extracts, in one go, stage by stage.

    python benchmarks/compare.py [--workers 100000] [--floor PATH] [--keep DIR] [--json]

`floor.py` (by default `../shared/bench/floor.py` from the project's root) makes two extracts and does the least that each
stage can do; then the pipeline takes the same files: land, process and plan both days, without Dagster. Each runs in a
process of its own, so that the peaks are honest. A ratio says what lineage, contract, quarantine, history and the ledger cost.

    stage     floor                                 pipeline
    read      DuckDB's CSV reader into a table      landing (sha256, shape, immutable copy) and staging with row numbers
    validate  twelve SQL counts                     digests, repeats, the pandera contract, quarantine
    delta     join of two digests (second day)      versions, changes by kind, manager warnings, absences
    names     user principal names                  user principal and sAMAccount names, into the ledger
    payloads  dictionaries and orjson               desired minus delivered, manifest on disk, journal
    rest      -                                     opening and closing the warehouse, commits

Between the days the first manifest is accepted, request by request, and taken over as the delivered state; the table shows
what that took, and no total includes it. "peak" is the most resident memory seen during a stage, sampled every 10 ms.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FLOOR = ROOT.parent / "shared" / "bench" / "floor.py"
STAGES = ("read", "validate", "delta", "names", "payloads", "rest")
FLOOR_STAGES = {"ingest": "read", "validate": "validate", "delta": "delta", "names": "names", "payloads": "payloads"}
DAYS = (dt.date(2026, 11, 1), dt.date(2026, 11, 2))
GOAL_RATIO, GOAL_MIB = 1.5, 1536


class Stopwatch:
    """Seconds and peak memory of every stage of every day; a stage inside another is taken out of it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.peak: dict[str, int] = defaultdict(int)
        self._running: list[str] = []
        self._since = time.perf_counter()
        self._done = threading.Event()
        threading.Thread(target=self._sample, daemon=True).start()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._turn()
        self._running.append(name)
        try:
            yield
        finally:
            self._turn()
            self._running.pop()

    def timed(self, owner: Any, attribute: str, stage: str) -> None:
        """Put a timer around a function of the product, for this process."""
        function: Callable[..., Any] = getattr(owner, attribute)

        def call(*arguments: Any, **named: Any) -> Any:
            with self.stage(f"{self._running[0].partition('.')[0]}.{stage}"):
                return function(*arguments, **named)

        setattr(owner, attribute, call)

    def _turn(self) -> None:
        now = time.perf_counter()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now

    def _sample(self) -> None:
        while not self._done.wait(0.01):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            for name in self._running[-1:]:
                self.peak[name] = max(self.peak[name], pages // 256)


def pipeline(folder: Path) -> dict[str, Any]:
    """Both days through the pipeline in this process; the same shape as the answer of floor.py."""
    import resource

    from hcm_pipeline.flow import landing, plans, processing, utc_now
    from hcm_pipeline.flow.profiles import load_profile
    from hcm_pipeline.home import Home
    from hcm_pipeline.warehouse import Warehouse
    from hcm_pipeline.workers import day as days
    from hcm_pipeline.workers import snapshot, staged

    watch = Stopwatch()
    for owner, attribute, stage in (
        (landing, "land", "read"), (staged, "_staged", "read"), (days, "judge", "validate"), (days, "record_rows", "validate"),
        (snapshot, "compare", "delta"), (snapshot, "record_changes", "delta"), (days, "find_warnings", "delta"),
        (days, "absent_today", "delta"), (days, "bring_up_to", "delta"),
        (processing, "name_workers", "names"), (plans, "plan", "payloads"),
    ):  # fmt: skip
        watch.timed(owner, attribute, stage)
    loaded = load_profile("oracle-hcm")
    warehouse = Warehouse(Home(folder / "home").create())
    operations = []
    for number, day in enumerate(DAYS, 1):
        with watch.stage(f"day{number}.rest"):
            landing.land(warehouse, loaded.profile, [folder / f"day{number}.csv"], now=utc_now, date=day)
            for _ in processing.process(warehouse, loaded, [day]):
                pass
            planned = plans.plan(warehouse, loaded, "benchmark/job")
        assert planned is not None
        assert planned.manifest is not None
        operations.append(planned.counts)
        if number == 1:
            with watch.stage("accepted.settle"):
                _accept(warehouse, planned.manifest.manifest_id, planned.manifest.requests)
    return {
        "seconds": watch.seconds,
        "peak": watch.peak,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "operations": operations,
    }


def _accept(warehouse: Any, manifest_id: str, requests: int) -> None:
    """Everything was answered with 202."""
    from hcm_pipeline.delivery import Journal, RequestState, SendResult
    from hcm_pipeline.delivery.state.journal_sync import sync
    from hcm_pipeline.warehouse import scratch, transaction

    accepted = SendResult(state=RequestState.ACCEPTED, status=202, service_time=dt.datetime.now(dt.UTC))
    with warehouse.write() as con, Journal(warehouse.home.journal) as journal:
        journal.start(manifest_id)
        for number in range(requests):
            journal.begin_send(manifest_id, number)
            journal.end_send(manifest_id, number, accepted)
        journal.finish(manifest_id)
        with transaction(con), scratch(con) as t:
            sync(t, journal)


def _answer(*command: str | Path) -> dict[str, Any]:
    done = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout or "{}")
    return answer


def compare(folder: Path, floor_file: Path, workers: int) -> dict[str, Any]:
    """Run both; seconds and peaks by day and stage, ratios and totals."""
    _answer(floor_file, "make", folder, "--workers", str(workers))
    floor = _answer(floor_file, "run", folder)
    ours = _answer(Path(__file__), "--inside", folder)
    floor_seconds = {
        f"{day}.{FLOOR_STAGES[stage]}": seconds
        for (day, stage), seconds in ((key.split("."), value) for key, value in floor["seconds"].items())
    }
    days = {}
    for day, title in (("day1", "first load"), ("day2", "daily run")):
        rows = {
            stage: {
                "floor": floor_seconds.get(f"{day}.{stage}"),
                "ours": round(ours["seconds"].get(f"{day}.{stage}", 0.0), 3),
                "peak": ours["peak"].get(f"{day}.{stage}", 0),
            }
            for stage in STAGES
        }
        totals = {column: sum(row[column] or 0 for row in rows.values()) for column in ("floor", "ours")}
        days[title] = {"stages": rows, "total": {**totals, "ratio": totals["ours"] / totals["floor"]}}
    return {
        "workers": workers,
        "days": days,
        "operations": ours["operations"],
        "settle_s": round(ours["seconds"]["accepted.settle"], 1),
        "peak_rss_mib": {"floor": floor["peak_rss_mib"], "ours": ours["peak_rss_mib"]},
    }


def show(result: dict[str, Any]) -> None:
    """Print the table."""
    print(f"{result['workers']:,} workers; operations {result['operations']}")
    for title, day in result["days"].items():
        print(f"\n{title:12}{'floor s':>9}{'ours s':>9}{'ratio':>8}{'peak MiB':>10}")
        for stage, row in day["stages"].items():
            floor = f"{row['floor']:9.2f}" if row["floor"] is not None else f"{'-':>9}"
            ratio = f"{row['ours'] / row['floor']:8.1f}" if row["floor"] else f"{'-':>8}"
            print(f"  {stage:10}{floor}{row['ours']:9.2f}{ratio}{row['peak']:10,}")
        total = day["total"]
        print(f"  {'total':10}{total['floor']:9.2f}{total['ours']:9.2f}{total['ratio']:8.2f}   goal {GOAL_RATIO}")
    peak = result["peak_rss_mib"]
    print(f"\npeak RSS: floor {peak['floor']:,} MiB, pipeline {peak['ours']:,} MiB (goal {GOAL_MIB:,})")
    print(f"accepting the first manifest and taking it over: {result['settle_s']} s")


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=100_000)
    parser.add_argument("--floor", type=Path, default=FLOOR, help="where floor.py is")
    parser.add_argument("--keep", type=Path, help="a folder for files and home, which then stay")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        print(json.dumps(pipeline(asked.inside)))
        return
    if not asked.floor.is_file():
        sys.exit(f"{asked.floor}: no floor.py there; name it with --floor")
    with tempfile.TemporaryDirectory(prefix="hcm-benchmark-") as temporary:
        result = compare(asked.keep or Path(temporary), asked.floor.absolute(), asked.workers)
    print(json.dumps(result, indent=1)) if asked.json else show(result)


if __name__ == "__main__":
    main()
