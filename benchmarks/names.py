#!/usr/bin/env python3
"""Giving names beside the floor's `names` stage: to everybody at once, and to few beside a large ledger and directory.

    python benchmarks/names.py [--ledger 1000000] [--directory 1000000] [--newcomers 2000] [--floor PATH] [--json]

`floor.py` (by default `../shared/bench/floor.py` from the project's root) makes workers with names as crowded as it has them,
and names them; the pipeline then names the same workers, into a ledger. Newcomers have names of workers who are there already.
The directory holds accounts of nobody's, each with an address, a second one, a nickname, a sAMAccountName and a common name.

Every step runs in a process of its own, so that its peak is its own: of resident memory, the interpreter and DuckDB's caches
included. Beside seconds stand seconds of the processor, which say something on a busy machine, too. The time is that of a
day's part: the names and their commit, not the filling of the tables that they are given to.

    first load    goal: 1.5 times the floor's names, and what it takes to write the finished ledger by itself
    newcomers     goal: one second and 1 GiB
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas  # noqa: F401  (as in a run: the contract has loaded it long before names are given)
import pyarrow as pa

ROOT = Path(__file__).resolve().parent.parent
FLOOR = ROOT.parent / "shared" / "bench" / "floor.py"
DAYS = (dt.date(2026, 11, 1), dt.date(2026, 11, 2))
NOW = dt.datetime(2026, 11, 2, 6, tzinfo=dt.UTC)
GOAL_RATIO, GOAL_SECONDS, GOAL_MIB = 1.5, 1.0, 1024
Measured = dict[str, float]


def timed(work: Callable[[], object]) -> Measured:
    """Seconds, seconds of the processor, and the most resident memory that this process has had so far, in MiB."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peak": peak()}


def peak() -> int:
    """In MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def floor(folder: Path, asked: argparse.Namespace) -> Measured:
    """The floor's names of its first day."""
    spec = importlib.util.spec_from_file_location("floor", asked.floor)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.make(folder, asked.ledger)
    looks: list[tuple[float, float]] = []

    def look() -> float:
        looks.append((time.perf_counter(), time.process_time()))
        return looks[-1][0]

    module.time = SimpleNamespace(perf_counter=look)  # a stage looks at the clock twice
    place = 2 * list(module.run(folder)["seconds"]).index("day1.names")
    (wall, cpu), (wall_after, cpu_after) = looks[place : place + 2]
    return {"wall": wall_after - wall, "cpu": cpu_after - cpu, "peak": peak()}


def first_load(folder: Path, asked: argparse.Namespace) -> Measured:
    """Names for everybody, into an empty ledger."""
    with _warehouse(folder) as con:
        _workers(con, folder, "", asked.ledger, DAYS[0])
        return _named(con, DAYS[0], asked.ledger)


def writing(folder: Path, asked: argparse.Namespace) -> Measured:
    """The finished ledger, written by itself."""
    with _warehouse(folder) as con:
        con.execute("create temp table finished as from identities")
        con.execute("create table written as from identities limit 0")
        con.execute("checkpoint")

        def work() -> None:
            con.begin()
            con.execute("insert into written from finished")
            con.commit()

        measured = timed(work)
        con.execute("drop table written")
        con.execute("checkpoint")
        return measured


def directory(folder: Path, asked: argparse.Namespace) -> Measured:
    """Fill the directory with accounts that nobody has, whose names are like those of the ledger."""
    from hcm_pipeline.directory import SCHEMA, apply, stage
    from hcm_pipeline.warehouse import scratch

    def batches() -> Iterator[pa.RecordBatch]:
        for start in range(0, asked.directory, 50_000):
            rows = con.execute(
                """select 'id' || i as object_id, 'user' as kind, false as deleted, u.* from (
                    select $start + row_number() over (order by person_number) as i,
                        'ext-' || user_principal_name as user_principal_name,
                        'e-' || left(sam_account_name, 18) as sam_account_name, 'ext-' || mail_nickname as mail_nickname,
                        ['SMTP:ext-' || user_principal_name, 'smtp:ext-' || mail_nickname || '@contoso.onmicrosoft.com']
                            as proxy_addresses,
                        common_name || ' (external)' as common_name,
                        'CN=' || common_name || ' (external),OU=Users,DC=contoso,DC=com' as distinguished_name
                    from (from identities order by person_number limit $count offset $place)) u""",
                {"start": start, "count": min(50_000, asked.directory - start), "place": start % asked.ledger},
            ).to_arrow_table()
            lacking = [field for field in SCHEMA if field.name not in rows.column_names]
            for field in lacking:
                rows = rows.append_column(field, pa.nulls(len(rows), field.type))
            yield from rows.select(SCHEMA.names).cast(SCHEMA).combine_chunks().to_batches()

    with _warehouse(folder) as con:
        con.execute("set preserve_insertion_order = true")

        def work() -> None:
            with scratch(con) as t:
                apply(t, "entra", stage(t, list(batches())), NOW, onto_known=False)

        return timed(work)


def newcomers(folder: Path, asked: argparse.Namespace) -> Measured:
    """Names for few, beside all that."""
    with _warehouse(folder) as con:
        _workers(con, folder, "9", asked.newcomers, DAYS[1])
        return _named(con, DAYS[1], asked.newcomers)


STEPS: dict[str, Callable[[Path, argparse.Namespace], Measured]] = {
    step.__name__: step for step in (floor, first_load, writing, directory, newcomers)
}


def _warehouse(folder: Path) -> Any:
    from hcm_pipeline.home import Home
    from hcm_pipeline.warehouse import Warehouse

    return Warehouse(Home(folder / "home").create()).write()


def _workers(con: Any, folder: Path, before: str, count: int, day: dt.date) -> None:
    """The first `count` workers of the floor's first day join, with `before` in front of their numbers."""
    import duckdb

    from hcm_pipeline.flow.profiles import load_profile
    from hcm_pipeline.warehouse import DUCKDB_TYPES, ensure_columns

    profile = load_profile("oracle-hcm").profile
    ensure_columns(con, "worker_versions", {name: DUCKDB_TYPES[kind] for name, kind in profile.types.items()})
    file = folder / "home" / ".scratch" / "workers.parquet"  # the warehouse reads nowhere else
    with duckdb.connect() as other:
        other.execute(f"""
            copy (select $before || "Person Number" as person_number, "First Name" as first_name, "Last Name" as last_name,
                "Country" as country from read_csv('{folder}/day1.csv', all_varchar = true) limit {count}) to '{file}'""",
            {"before": before},
        )  # fmt: skip
    con.execute("set preserve_insertion_order = false")
    con.execute(
        f"""insert into worker_versions by name select *, true as active, ?::date as valid_from,
        md5('')::uuid as digest, 1 as extract_id,
        1 as row_no from '{file}'""",
        [day],
    )
    file.unlink()


def _named(con: Any, day: dt.date, count: int) -> Measured:
    from hcm_pipeline.flow.profiles import load_profile
    from hcm_pipeline.identity import give_names
    from hcm_pipeline.warehouse import first, scratch, table

    profile = load_profile("oracle-hcm").profile
    given = []

    def work() -> None:
        con.begin()
        with scratch(con) as t:
            workers = t.view("workers", "from worker_versions where valid_to is null")
            versions, changes = table(con, "worker_versions"), table(con, "changes")
            given.append(give_names(t, profile, workers, versions, changes, day, NOW))
        con.commit()

    measured = timed(work)
    assert given == [count], given
    row = first(con, "select count(*) - count(distinct lower(user_principal_name)) from identities")
    assert row == (0,), row
    return measured


def run(asked: argparse.Namespace) -> dict[str, Measured]:
    """Every step in a process of its own."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="hcm-names-") as folder:
        for step in STEPS:
            sizes = [f"--{name}={getattr(asked, name)}" for name in ("ledger", "directory", "newcomers", "floor")]
            done = subprocess.run([sys.executable, __file__, "--step", step, "--folder", folder, *sizes], cwd=ROOT,
                                  capture_output=True, text=True, check=False)  # fmt: skip
            if done.returncode:
                sys.exit(f"{step} failed:\n{done.stderr}")
            found[step] = json.loads(done.stdout)
    return found


def show(found: dict[str, Measured], asked: argparse.Namespace) -> None:
    """Print the table, and how both goals stand."""
    counts = {"floor": asked.ledger, "first_load": asked.ledger, "writing": asked.ledger, "directory": asked.directory,
              "newcomers": asked.newcomers}  # fmt: skip
    print(f"{'':12}{'count':>12}{'s':>9}{'CPU s':>9}{'peak MiB':>10}")
    for step, one in found.items():
        print(f"{step:12}{counts[step]:12,}{one['wall']:9.2f}{one['cpu']:9.2f}{one['peak']:10,.0f}")
    for clock in ("wall", "cpu"):
        ratio = found["first_load"][clock] / found["floor"][clock]
        goal = GOAL_RATIO * found["floor"][clock] + found["writing"][clock]
        of_goal = found["first_load"][clock] / goal
        print(f"first load, {clock}: {ratio:.2f} times the floor's names; {of_goal:.2f} of the goal, which is "
              f"{GOAL_RATIO} x {found['floor'][clock]:.2f} + {found['writing'][clock]:.2f} = {goal:.2f} s")  # fmt: skip
    few = found["newcomers"]
    print(f"newcomers: {few['wall'] / GOAL_SECONDS:.2f} of the goal of {GOAL_SECONDS:.1f} s ({few['cpu']:.2f} s of the "
          f"processor), {few['peak'] / GOAL_MIB:.2f} of {GOAL_MIB:,} MiB")  # fmt: skip


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ledger", type=int, default=1_000_000, help="workers who are named first")
    parser.add_argument("--directory", type=int, default=1_000_000, help="accounts that belong to no worker")
    parser.add_argument(
        "--newcomers", type=int, default=2_000, help="workers who are named then, at most as many as the first"
    )
    parser.add_argument("--floor", type=Path, default=FLOOR, help="where floor.py is")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        print(json.dumps(STEPS[asked.step](asked.folder, asked)))
        return
    if not asked.floor.is_file():
        sys.exit(f"{asked.floor}: no floor.py there; name it with --floor")
    asked.floor = asked.floor.absolute()
    found = run(asked)
    print(json.dumps(found, indent=1)) if asked.json else show(found, asked)


if __name__ == "__main__":
    main()
