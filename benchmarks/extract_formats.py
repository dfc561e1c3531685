#!/usr/bin/env python3
"""The same workers as CSV and as XML: what landing and processing each of them takes.

    python benchmarks/extract_formats.py [--workers 200000]

XML comes plain, as a native extract with a group around each record whose tag is a column, with an attribute in each
record, and with old values. Each runs in a process of its own: seconds by the clock and of the
processors (those of the process that checks XML among them), and the peak of resident memory.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DAY = dt.date(2026, 11, 2)
FIELDS = {
    "person_number": "NUMBER", "active": "ACTIVE", "first_name": "FIRST_NAME", "last_name": "LAST_NAME", "email": "EMAIL",
    "manager": "MANAGER", "worker_type": "WORKER_TYPE", "legal_employer": "EMPLOYER", "company": "COMPANY", "division": "DIVISION",
    "department": "DEPARTMENT", "job_code": "JOB_CODE", "job_name": "JOB_NAME", "street_address": "STREET", "city": "CITY",
    "state": "STATE", "postal_code": "POSTAL_CODE", "country": "COUNTRY", "work_phone": "PHONE", "mobile_phone": "MOBILE",
    "hire_date": "HIRE_DATE", "termination_date": "TERMINATION_DATE",
}  # fmt: skip
"""Worker field to its column."""
WRAPS = {
    "xml, plain": ("<G_1>", "</G_1>"),
    "xml, native": ("<DG><RUN>7</RUN><G_1>", "</G_1></DG>"),
    "xml, attributes": ('<G_1 id="1">', "</G_1>"),
    "xml, with care": ("<G_1>\n  <CITY_OLD>Utrecht</CITY_OLD>", "</G_1>"),
}
"""Kind of XML to what stands around a record."""


def worker(number: int) -> list[str]:
    """The cells of a worker."""
    return [
        f"{number:07}", "True", "Zo\u00eb" if number % 3 else "Jan", f"N\u00fa\u00f1ez {number}", f"zoe{number}@example.test",
        f"{number // 10:07}" if number > 9 else "", "Employee", "Example NL BV", "Example", "North",
        "R&D" if number % 7 == 0 else "Sales", "J12", "Engineer", "Street 12", "Amsterdam", "NH", "1012 AB", "NL",
        "+31 20 1234567", "", "2020-04-01", "",
    ]  # fmt: skip


def csv(workers: int) -> Iterator[str]:
    """The lines of the CSV."""
    yield ",".join(FIELDS.values()) + "\n"
    yield from (",".join(worker(number)) + "\n" for number in range(1, workers + 1))


def xml(workers: int, kind: str) -> Iterator[str]:
    """The lines of the XML of a kind."""
    before, behind = WRAPS[kind]
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<DATA_DS>\n'
    for number in range(1, workers + 1):
        cells = zip(FIELDS.values(), worker(number), strict=True)
        tags = (f"  <{tag}>{cell.replace('&', '&amp;')}</{tag}>\n" if cell else f"  <{tag}/>\n" for tag, cell in cells)
        yield f"{before}\n{''.join(tags)}{behind}\n"
    yield "</DATA_DS>\n"


def profile(kind: str) -> str:
    """The profile of a kind of extract."""
    lines = ['name = "bench"', "[[sources]]", 'name = "workers"', 'glob = "*"']
    lines += ['format = "xml"', 'record = "G_1"', 'old_values = ["*_OLD"]'] if kind != "csv" else []
    lines += ['enclosing = ["../RUN"]'] if kind == "xml, native" else []
    required = ("person_number", "active", "first_name", "last_name")
    for field, column in FIELDS.items():
        lines += [f"[fields.{field}]", f'column = "{column}"', *(["required = true"] if field in required else [])]
    lines += ["[identity]", 'domain = "bench.example"', "[scim.mapping]", 'externalId = "person_number"']
    return "\n".join([*lines, 'userName = "user_principal_name"', 'active = "active"', 'displayName = "last_name"'])


def processors() -> float:
    """Seconds of the processors that this process and those that it started have used."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def measure(kind: str, path: Path, folder: Path) -> None:
    """Land and process an extract; print what that took."""
    from hcm_pipeline.flow import landing, processing
    from hcm_pipeline.flow.profiles import parse_profile
    from hcm_pipeline.home import Home
    from hcm_pipeline.http import utc_now
    from hcm_pipeline.warehouse import Warehouse

    loaded = parse_profile(profile(kind), "bench.toml")
    warehouse = Warehouse(Home(folder / kind.replace(", ", "-")).create())
    times = [(time.perf_counter(), processors())]
    [landed] = landing.land(warehouse, loaded.profile, [path], now=utc_now, date=DAY)
    assert landed.result == "taken", landed.message
    times.append((time.perf_counter(), processors()))
    list(processing.process(warehouse, loaded, [DAY], clock=utc_now))
    times.append((time.perf_counter(), processors()))
    land, run = ([after - before for before, after in zip(*pair, strict=True)] for pair in pairwise(times))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    whole = [sum(both) for both in zip(land, run, strict=True)]
    print(
        f"{kind:15} {path.stat().st_size / 2**20:6.0f} MiB   land {land[0]:6.1f} s   run {run[0]:6.1f} s"
        f"   together {whole[0]:6.1f} s ({whole[1]:.1f} s of processors)   peak {peak:,} MiB",
        flush=True,
    )


def main() -> None:
    """Make each extract, and measure it in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=200_000)
    parser.add_argument(
        "--kinds", nargs="*", default=["csv", *WRAPS], help="csv, xml, plain ...: all of them by default"
    )
    parser.add_argument("--one", nargs=3, metavar=("KIND", "FILE", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        measure(given.one[0], Path(given.one[1]), Path(given.one[2]))
        return
    for kind in given.kinds:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "extract"
            with path.open("w", encoding="utf-8") as file:
                file.writelines(csv(given.workers) if kind == "csv" else xml(given.workers, kind))
            subprocess.run([sys.executable, __file__, "--one", kind, str(path), folder], check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
