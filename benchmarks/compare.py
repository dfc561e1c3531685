#!/usr/bin/env python3
"""The pipeline beside its speed floor: the same two extracts, in one go, stage by stage.

    python benchmarks/compare.py [--workers 100000] [--floor PATH] [--keep DIR] [--json]
    python benchmarks/compare.py --keep DIR --no-floor [--code PROJECT]... [--turns 2]

`floor.py` (by default `../shared/bench/floor.py` from the project's root) makes two extracts and does the least that each
stage can do; then the pipeline takes the same files: land, process and plan both days, without Dagster. Each runs in a
process of its own, so that the peaks are honest. A ratio says what lineage, contract, quarantine, history and the ledger cost.

`rows.py` beside this file measures the rest: quiet days, views, small files and many days.

    stage     floor                                 pipeline
    read      DuckDB's CSV reader into a table      landing (sha256, shape, immutable copy) and staging with row numbers
    validate  twelve SQL counts                     digests, repeats, the pandera contract, quarantine
    delta     join of two digests (second day)      versions, changes by kind, manager warnings, absences
    names     user principal names                  user principal and sAMAccount names, into the ledger
    payloads  dictionaries and orjson               desired minus delivered, manifest on disk, journal
    rest      -                                     opening and closing the warehouse, commits

Beside the wall seconds stand those of processors, of all threads, and of the thread that was busiest in a stage: they stay true on
a busy machine. With `--no-floor` the pipeline alone takes the files that an earlier call left in DIR; `--code` names projects
whose code does it, each in turn, so that two can be compared.

Between the days the first manifest is accepted, request by request, and taken over as the delivered state; the table shows
what that took, and no total includes it. HCM_PIPELINE_MEMORY and HCM_PIPELINE_THREADS count as they do for commands: five million
workers need 3GB. "peak" is the most resident memory seen during a stage, sampled every 10 ms.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FLOOR = ROOT.parent / "shared" / "bench" / "floor.py"
STAGES = ("read", "validate", "delta", "names", "payloads", "rest")
FLOOR_STAGES = {"ingest": "read", "validate": "validate", "delta": "delta", "names": "names", "payloads": "payloads"}
DAYS = (dt.date(2026, 11, 1), dt.date(2026, 11, 2))
GOAL_RATIOS = {"first load": 1.8, "daily run": 2.0}
GOAL_MIB = 1200


@dataclass(frozen=True)
class Clocks:
    """The state of the clocks: seconds of the wall, of processors (all threads of the process) and of each thread by its number."""

    wall: float
    processor: float
    threads: dict[int, float]


def clocks() -> Clocks:
    """The state of the clocks now. Of a thread that has ended nothing is known."""
    threads = {}
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            threads[int(task.name)] = int((task / "schedstat").read_text().split()[0]) / 1e9
    return Clocks(time.perf_counter(), time.process_time(), threads)


class Spent:
    """Seconds of a stage, as it is added to: see `Clocks`."""

    def __init__(self) -> None:
        self.wall, self.processor = 0.0, 0.0
        self.threads: dict[int, float] = defaultdict(float)

    def add(self, since: Clocks, until: Clocks) -> None:
        """The time between."""
        self.wall += until.wall - since.wall
        self.processor += until.processor - since.processor
        for thread, seconds in until.threads.items():
            self.threads[thread] += seconds - since.threads.get(thread, 0.0)

    def values(self) -> dict[str, float]:
        """Seconds of the wall, of processors and of the busiest thread."""
        return {"wall": self.wall, "processor": self.processor, "busiest": max(self.threads.values(), default=0.0)}


class Stopwatch:
    """Seconds and peak memory of every stage of every day; a stage inside another is taken out of it."""

    def __init__(self) -> None:
        self.spent: dict[str, Spent] = defaultdict(Spent)
        self.peak: dict[str, int] = defaultdict(int)
        self._running: list[str] = []
        self._since = clocks()
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
        function: Callable[..., Any] | None = getattr(owner, attribute, None)
        if function is None:
            sys.exit(f"{owner.__name__}.{attribute}: the pipeline has no such function any more")

        def call(*arguments: Any, **named: Any) -> Any:
            with self.stage(f"{self._running[0].partition('.')[0]}.{stage}"):
                return function(*arguments, **named)

        setattr(owner, attribute, call)

    def values(self) -> dict[str, dict[str, float]]:
        """The seconds of each stage: see `Spent.values`."""
        return {name: spent.values() for name, spent in self.spent.items()}

    def _turn(self) -> None:
        now = clocks()
        if self._running:
            self.spent[self._running[-1]].add(self._since, now)
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
    from hcm_pipeline.settings import Settings
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
    shutil.rmtree(folder / "home", ignore_errors=True)
    warehouse = Warehouse(Home(folder / "home").create(), share=Settings.from_env().share)
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
        "seconds": watch.values(),
        "peak": watch.peak,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "operations": operations,
    }


def _accept(warehouse: Any, manifest_id: str, requests: int) -> None:
    """Everything was answered with 202, as many at once as an upload has on their way: those that begin together share a
    commit, and so do those that end together."""
    from hcm_pipeline.delivery import Journal, RequestState, SendResult
    from hcm_pipeline.delivery.send.in_flight import WIDTH
    from hcm_pipeline.delivery.state.journal_sync import sync
    from hcm_pipeline.warehouse import scratch, transaction

    accepted = SendResult(state=RequestState.ACCEPTED, status=202, service_time=dt.datetime.now(dt.UTC))
    with warehouse.write() as con, Journal(warehouse.home.journal) as journal:
        journal.start(manifest_id)
        for first in range(0, requests, WIDTH):
            together = range(first, min(first + WIDTH, requests))
            with journal.transaction():
                for number in together:
                    journal.begin_send(manifest_id, number)
            with journal.transaction():
                for number in together:
                    journal.end_send(manifest_id, number, accepted)
        journal.finish(manifest_id)
        with transaction(con), scratch(con) as t:
            sync(t, journal)


def floor_run(folder: Path, floor_file: Path) -> dict[str, Any]:
    """floor.py in this process, and its answer with the seconds of processors beside those of the wall.

    It reads its clock at the beginning and at the end of each stage, and nowhere else.
    """
    import runpy

    seen: list[Clocks] = []

    def read() -> float:
        seen.append(clocks())
        return seen[-1].wall

    run = runpy.run_path(str(floor_file))["run"]
    run.__globals__["time"] = SimpleNamespace(perf_counter=read)
    answer: dict[str, Any] = run(folder)
    seconds = {}
    for number, key in enumerate(answer["seconds"]):
        day, stage = key.split(".")
        spent = Spent()
        spent.add(*seen[2 * number : 2 * number + 2])
        seconds[f"{day}.{FLOOR_STAGES[stage]}"] = spent.values()
    return {**answer, "seconds": seconds}


def _answer(*command: str | Path, code: Path = ROOT) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, check=False, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(code)},
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout or "{}")
    return answer


def compare(folder: Path, floor_file: Path, workers: int) -> dict[str, Any]:
    """Run both; seconds and peaks by day and stage, ratios and totals."""
    _answer(floor_file, "make", folder, "--workers", str(workers))
    floor = _answer(Path(__file__), "--inside-floor", folder, "--floor", floor_file)
    return {"workers": workers, **_table(floor, _answer(Path(__file__), "--inside", folder))}


def pipeline_alone(folder: Path, codes: list[Path], turns: int) -> list[dict[str, Any]]:
    """The pipeline of each code in turn, on the files that lie in a folder."""
    if not (folder / "day2.csv").is_file():
        sys.exit(f"{folder}: no day1.csv and day2.csv there; make them with `floor.py make`, or without --no-floor")
    return [
        {
            "code": str(code),
            "turn": turn,
            **_table(None, _answer(Path(__file__), "--inside", folder, code=code.resolve())),
        }
        for turn in range(1, turns + 1)
        for code in codes
    ]


def _table(floor: dict[str, Any] | None, ours: dict[str, Any]) -> dict[str, Any]:
    days = {}
    for day, title in (("day1", "first load"), ("day2", "daily run")):
        rows: dict[str, dict[str, Any]] = {}
        for stage in STAGES:
            least = floor["seconds"].get(f"{day}.{stage}") if floor else None
            spent = ours["seconds"].get(f"{day}.{stage}", Spent().values())
            rows[stage] = {
                "floor": least and least["wall"],
                "floor_processor": least and least["processor"],
                "floor_busiest": least and least["busiest"],
                "ours": spent["wall"],
                "processor": spent["processor"],
                "busiest": spent["busiest"],
                "peak": ours["peak"].get(f"{day}.{stage}", 0),
            }
        columns = ("floor", "floor_processor", "ours", "processor")
        total = {column: sum(row[column] or 0 for row in rows.values()) for column in columns}
        if floor:
            total["ratio"] = total["ours"] / total["floor"]
            total["processor_ratio"] = total["processor"] / total["floor_processor"]
        days[title] = {"stages": rows, "total": total}
    settle = ours["seconds"]["accepted.settle"]
    return {
        "days": days,
        "operations": ours["operations"],
        "settle_s": settle["wall"],
        "settle_processor_s": settle["processor"],
        "peak_rss_mib": {"floor": floor and floor["peak_rss_mib"], "ours": ours["peak_rss_mib"]},
    }


def _cells(*values: float | None) -> str:
    return "".join(f"{'-':>9}" if value is None else f"{value:9.2f}" for value in values)


def _ratio(ours: float, floor: float | None, digits: int = 1) -> str:
    return f"{ours / floor:7.{digits}f}" if floor else f"{'-':>7}"


def show(result: dict[str, Any]) -> None:
    """Print the table."""
    head = f"{result['workers']:,} workers" if "workers" in result else f"{result['code']}, turn {result['turn']}"
    print(f"{head}; operations {result['operations']}")
    for title, day in result["days"].items():
        print(f"\n{title:12}{'wall s':>25}{'processor s':>25}{'busiest thread s':>18}")
        print(f"{'':12}" + f"{'floor':>9}{'ours':>9}{'ratio':>7}" * 2 + f"{'floor':>9}{'ours':>9}{'peak MiB':>10}")
        for stage, row in day["stages"].items():
            print(
                f"  {stage:10}{_cells(row['floor'], row['ours'])}{_ratio(row['ours'], row['floor'])}"
                f"{_cells(row['floor_processor'], row['processor'])}{_ratio(row['processor'], row['floor_processor'])}"
                f"{_cells(row['floor_busiest'], row['busiest'])}{row['peak']:10,}"
            )
        total = day["total"]
        sums = (total["ours"], total["floor"] or None), (total["processor"], total["floor_processor"] or None)
        line = "".join(f"{_cells(floor, ours)}{_ratio(ours, floor, 2)}" for ours, floor in sums)
        print(f"  {'total':10}{line}   goal {GOAL_RATIOS[title]}")
    peak = result["peak_rss_mib"]
    beside = f"floor {peak['floor']:,} MiB, " if peak["floor"] else ""
    print(f"\npeak RSS: {beside}pipeline {peak['ours']:,} MiB (goal {GOAL_MIB:,})")
    spent = f"{result['settle_s']:.1f} s, {result['settle_processor_s']:.1f} s of processor"
    print(f"accepting the first manifest and taking it over: {spent}")


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=100_000)
    parser.add_argument("--floor", type=Path, default=FLOOR, help="where floor.py is")
    parser.add_argument("--keep", type=Path, help="a folder for files and home, which then stay")
    parser.add_argument(
        "--no-floor", action="store_true", help="only the pipeline, on the files in the folder of --keep"
    )
    parser.add_argument("--code", type=Path, action="append", help="with --no-floor: a project whose code runs")
    parser.add_argument("--turns", type=int, default=1, help="with --no-floor: how often each code runs")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--inside-floor", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        print(json.dumps(pipeline(asked.inside)))
        return
    if asked.inside_floor:
        print(json.dumps(floor_run(asked.inside_floor, asked.floor)))
        return
    if asked.no_floor:
        if asked.keep is None:
            parser.error("--no-floor takes the files in a folder: name it with --keep")
        results = pipeline_alone(asked.keep.resolve(), asked.code or [ROOT], asked.turns)
        for result in results:
            print(json.dumps(result, indent=1)) if asked.json else show(result)
        return
    if not asked.floor.is_file():
        sys.exit(f"{asked.floor}: no floor.py there; name it with --floor")
    with tempfile.TemporaryDirectory(prefix="hcm-benchmark-") as temporary:
        result = compare((asked.keep or Path(temporary)).resolve(), asked.floor.resolve(), asked.workers)
    print(json.dumps(result, indent=1)) if asked.json else show(result)


if __name__ == "__main__":
    main()
