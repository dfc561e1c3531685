#!/usr/bin/env python3
"""More that the pipeline is measured by, beside its floor: quiet days, views, small files, many days.

    python benchmarks/rows.py quiet views [--workers 100000] [--floor PATH] [--keep DIR] [--json]
    python benchmarks/rows.py small files days [--days 60] [--files 150]

    quiet   the daily run when nothing has changed, and when one worker has; DIR must be one that `compare.py --keep DIR` left
    views   `status`, `plan`, `plan --worker` and `trace` of one worker, each a command of its own, in the same home
    first   the same while a first load waits, in a home of its own in DIR
    small   a file of 50 rows from the command line: `land`, then `run`, in a new home and again on the day after
    files   150 files of 50 rows: each a correction of the one before for one date, and for a date each; the time of one file
    days    60 daily runs, 1 % changed each (a guard holds what would come to a third in thirty days); the time of the first and of
            the last ten, and how far the warehouse grows

Seconds are of processors, user and system, which stay true on a busy machine; those of the wall stand beside them. 5,000,000
workers are `compare.py --workers 5000000`.
"""

from __future__ import annotations

import argparse
import compileall
import datetime as dt
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FLOOR = ROOT.parent / "shared" / "bench" / "floor.py"
ONE = 11
"""The place of the worker in the file who changes alone, and who is looked at."""
TARGET = {
    "HCM_PIPELINE_SERVICE_PRINCIPAL_ID": "benchmark",
    "HCM_PIPELINE_JOB_ID": "job",
    "AZURE_TENANT_ID": "example.com",
    "AZURE_CLIENT_ID": "nobody",
    "AZURE_CLIENT_SECRET": "none",
}
"""The target of `compare.py`, as the environment names it. Nobody connects to it."""
Row = dict[str, Any]


class Spent:
    """Seconds of the wall and of processors, of this process and of those that it ran."""

    def __init__(self) -> None:
        self.wall, self.processor = 0.0, 0.0

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Add the time of the block."""
        wall, processor = time.perf_counter(), _processor()
        try:
            yield
        finally:
            self.wall += time.perf_counter() - wall
            self.processor += _processor() - processor

    def row(self, name: str, **more: Any) -> Row:
        """A row of the table."""
        return {"row": name, "wall_s": round(self.wall, 3), "processor_s": round(self.processor, 3), **more}


def _processor() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def _command(home: Path, *words: str, target: bool = True) -> Spent:
    """One command of the pipeline, as a process of its own."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "HCM_PIPELINE_HOME": str(home), **(TARGET if target else {})}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    spent = Spent()
    with spent.measured():
        done = subprocess.run(
            [sys.executable, "-m", "hcm_pipeline.cli.main", *words],
            capture_output=True,
            text=True,
            check=False,
            env=environ,
        )
    if done.returncode not in (0, 3):  # 3: something is held, which is an answer, too
        sys.exit(f"{' '.join(words)} failed:\n{done.stderr}")
    return spent


def _day(warehouse: Any, loaded: Any, files: list[Path], day: dt.date) -> int:
    """Land, process and plan one date, as `compare.py` does; the number of operations."""
    from hcm_pipeline.flow import landing, plans, processing, utc_now

    landing.land(warehouse, loaded.profile, files, now=utc_now, date=day)
    for _ in processing.process(warehouse, loaded, [day]):
        pass
    planned = plans.plan(warehouse, loaded, "benchmark/job")
    return sum(planned.counts.values()) if planned else 0


def _accept(warehouse: Any) -> None:
    """Everything that waits is answered with 202, and taken over."""
    from hcm_pipeline.delivery import Journal, ManifestState, RequestState, SendResult
    from hcm_pipeline.delivery.state.journal_sync import sync
    from hcm_pipeline.warehouse import scratch, transaction

    accepted = SendResult(state=RequestState.ACCEPTED, status=202, service_time=dt.datetime.now(dt.UTC))
    with warehouse.write() as con, Journal(warehouse.home.journal) as journal:
        for manifest in journal.manifests(ManifestState.READY):
            journal.start(manifest.manifest_id)
            with journal.transaction():  # what an upload takes is measured by `compare.py`
                for number in range(manifest.requests):
                    journal.begin_send(manifest.manifest_id, number)
                    journal.end_send(manifest.manifest_id, number, accepted)
            journal.finish(manifest.manifest_id)
        with transaction(con), scratch(con) as t:
            sync(t, journal)


def _opened(home: Path) -> tuple[Any, Any]:
    from hcm_pipeline.flow.profiles import load_profile
    from hcm_pipeline.home import Home
    from hcm_pipeline.warehouse import Warehouse

    return Warehouse(Home(home).create()), load_profile("oracle-hcm")


def quiet(folder: Path) -> list[Row]:
    """Days after the two of `compare.py`: one that says the same, and one on which one worker has another job."""
    warehouse, loaded = _opened(folder / "home")
    _accept(warehouse)
    newest = max(folder.glob("day*.csv"), key=lambda path: path.stat().st_mtime)
    same, changed = folder / "quiet-same.csv", folder / "quiet-one.csv"
    lines = newest.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[1], lines[2] = lines[2], lines[1]  # other bytes, which say the same
    same.write_text("".join(lines), encoding="utf-8")
    lines[ONE] = lines[ONE].replace("Department ", "Another Department ", 1)
    changed.write_text("".join(lines), encoding="utf-8")
    with warehouse.write() as con:
        day = con.execute("select max(business_date) from days").fetchall()[0][0]
    rows = []
    for name, path in (("daily, nothing changed", same), ("daily, one worker changed", changed)):
        day, spent = day + dt.timedelta(days=1), Spent()
        with spent.measured():
            operations = _day(warehouse, loaded, [path], day)
        rows.append(spent.row(name, operations=operations))
    with Spent().measured():
        warehouse.publish()
    return rows


def views(folder: Path) -> list[Row]:
    """Commands that show something, in the home that `compare.py` and `quiet` left."""
    home = folder / "home"
    warehouse, _ = _opened(home)
    warehouse.publish()
    number = (folder / "day2.csv").read_text(encoding="utf-8").splitlines()[ONE].partition(",")[0]
    asked = (("status",), ("plan",), ("plan", "--json"), ("plan", "--worker", number), ("trace", number))
    return [_command(home, *words).row(" ".join(words).replace(number, "N")) for words in asked]


def first(folder: Path) -> list[Row]:
    """The same commands while a first load waits, of which nobody has been sent."""
    home = folder / "first"
    shutil.rmtree(home, ignore_errors=True)
    warehouse, loaded = _opened(home)
    _day(warehouse, loaded, [folder / "day1.csv"], dt.date(2026, 11, 1))
    warehouse.publish()
    number = (folder / "day1.csv").read_text(encoding="utf-8").splitlines()[ONE].partition(",")[0]
    asked = (("status",), ("plan",), ("plan", "--json"), ("plan", "--worker", number))
    return [_command(home, *words).row(f"first load: {' '.join(words).replace(number, 'N')}") for words in asked]


def small(folder: Path) -> list[Row]:
    """A file of 50 rows from the command line, as a person would take it: in a new home, and on the day after."""
    home, rows = folder / "small", []
    shutil.rmtree(home, ignore_errors=True)
    for number, day in ((1, "2026-11-01"), (2, "2026-11-02")):
        landed = _command(home, "land", "--date", day, str(folder / f"day{number}.csv"), target=False)
        run = _command(home, "run", target=False)
        rows += [landed.row(f"land, day {number}"), run.row(f"run, day {number}")]
    return rows


def files(folder: Path, number: int) -> list[Row]:
    """Small files, in one process without Dagster: for one date, and for a date each."""
    from hcm_pipeline.flow import landing, processing, utc_now

    header, *lines = (folder / "day1.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    rows = []
    for name, one_date in (("one date", True), ("a date each", False)):
        home = folder / "files"
        shutil.rmtree(home, ignore_errors=True)
        warehouse, loaded = _opened(home)
        first = dt.date(2026, 3, 1)
        dates = [first + dt.timedelta(days=0 if one_date else place) for place in range(number)]
        for place, day in enumerate(dates):
            people = lines[:50]
            if place:
                people[place % 50] = people[place % 50].replace("Department ", f"Department {place} ", 1)
            path = warehouse.home.landing / f"workers_{day:%Y-%m-%d}_{place:03}.csv"
            path.write_text(header + "".join(people), encoding="utf-8")
            os.utime(path, (0, 0))
        landed, processed = Spent(), Spent()
        with landed.measured():
            results = landing.land(warehouse, loaded.profile, None, now=utc_now)
        taken = sum(result.result == "taken" for result in results)
        with processed.measured():
            days = len(list(processing.process(warehouse, loaded, sorted(set(dates)))))
        each = 1000 * (landed.processor + processed.processor) / max(taken, 1)
        rows.append(landed.row(f"land {taken} files, {name}"))
        rows.append(processed.row(f"process {days} dates, {name}", ms_each_file=round(each)))
    return rows


def days(folder: Path, number: int) -> list[Row]:
    """Daily runs, each accepted: 1 % of the workers change a day. Of more, the guard over thirty days holds all that follow."""
    home = folder / "days"
    shutil.rmtree(home, ignore_errors=True)
    warehouse, loaded = _opened(home)
    header, *lines = (folder / "day1.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    spent, sizes = [], []
    for place in range(number):
        if place:
            for turn in range(place % 100, len(lines), 100):
                lines[turn] = lines[turn].replace("Department ", f"Department {place}", 1)
        path = folder / "days.csv"
        path.write_text(header + "".join(lines), encoding="utf-8")
        one = Spent()
        with one.measured():
            _day(warehouse, loaded, [path], dt.date(2026, 8, 1) + dt.timedelta(days=place))
            _accept(warehouse)
        spent.append(one)
        sizes.append(warehouse.home.warehouse.stat().st_size / 2**20)
        print(f"day {place + 1}: {one.processor:.2f} s of processor, {sizes[-1]:.0f} MiB", file=sys.stderr)
    rows = []
    for name, part in (("first load", spent[:1]), ("days 2 to 11", spent[1:11]), ("last ten days", spent[-10:])):
        total = Spent()
        total.wall, total.processor = (sum(getattr(one, kind) for one in part) for kind in ("wall", "processor"))
        rows.append(total.row(name, each_s=round(total.processor / max(len(part), 1), 3)))
    grown = (sizes[-1] - sizes[1]) / max(number - 2, 1) if number > 2 else 0.0
    return [
        *rows,
        {"row": "warehouse", "first_mib": round(sizes[0]), "last_mib": round(sizes[-1]), "a_day_mib": round(grown, 2)},
    ]


def main() -> None:
    """Parse the command line, make what is lacking, and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="+", choices=("quiet", "views", "first", "small", "files", "days"))
    parser.add_argument("--workers", type=int, default=100_000, help="for days")
    parser.add_argument("--floor", type=Path, default=FLOOR, help="where floor.py is, which makes the files")
    parser.add_argument("--keep", type=Path, help="the folder of quiet and views; of the others, one that stays")
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--files", type=int, default=150)
    parser.add_argument("--json", action="store_true", help="one JSON object a row instead of the table")
    asked = parser.parse_args()
    if {"quiet", "views", "first"} & set(asked.rows) and (asked.keep is None or not (asked.keep / "home").is_dir()):
        parser.error("quiet, views and first take the folder that `compare.py --keep DIR` left: name it with --keep")
    compileall.compile_dir(ROOT / "hcm_pipeline", quiet=1)  # as whoever installs a package does
    with tempfile.TemporaryDirectory(prefix="hcm-benchmark-") as temporary:
        for name in asked.rows:
            for row in _rows(name, asked, (asked.keep or Path(temporary)).resolve()):
                if asked.json:
                    print(json.dumps(row), flush=True)
                    continue
                wall, processor = row.pop("wall_s", 0.0), row.pop("processor_s", 0.0)
                more = ", ".join(f"{key} {value:,}" for key, value in row.items() if key != "row")
                print(f"{row['row']:34}{wall:9.2f} s{processor:9.2f} s of processor  {more}", flush=True)


def _rows(name: str, asked: argparse.Namespace, folder: Path) -> list[Row]:
    if name == "quiet":
        return quiet(folder)
    if name in ("views", "first"):
        return views(folder) if name == "views" else first(folder)
    own = folder / f"of-{name}"
    workers = asked.workers if name == "days" else 50
    made = [sys.executable, str(asked.floor.resolve()), "make", str(own), "--workers", str(workers)]
    subprocess.run(made, check=True, capture_output=True)
    if name == "small":
        return small(own)
    return files(own, asked.files) if name == "files" else days(own, asked.days)


if __name__ == "__main__":
    main()
