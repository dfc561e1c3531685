#!/usr/bin/env python3
"""Time passing: a day on which only dates come, beside years of history; and a year of daily extracts in one go.

    python benchmarks/lives.py day [--workers 1000000] [--versions 10]
    python benchmarks/lives.py year [--workers 10000] [--days 365]
    python benchmarks/lives.py cleared [--workers 1500] [--days 40]

`day` fills a warehouse with workers who have so many versions each, and runs a date without an extract on which 0.2 % of
them start, leave or come to a step. `year` lands full extracts of which 0.5 % of the rows change each day, with 20 hires entered
ahead and 20 last days, and processes all of them in one call. Both show seconds by the wall and by the processor, the peak of
resident memory and the size of the warehouse, beside the goals. `compare.py` has the daily run with an extract. `cleared` delivers
dates on each of which HR clears the managers of 1 % of the people and gives some to others, to a sandbox that flows no nulls: it
counts the accounts that keep a manager, beside the findings that are open.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from hcm_pipeline.flow import landing, processing, utc_now
from hcm_pipeline.flow.profiles import load_profile
from hcm_pipeline.home import Home
from hcm_pipeline.identity import entered
from hcm_pipeline.profile import LoadedProfile
from hcm_pipeline.warehouse import Warehouse, first
from hcm_pipeline.workers import prepare

START = dt.date(2025, 11, 1)
GOAL_YEAR_SECONDS, GOAL_GROWTH = 240.0, 3.0


def timed(what: str, work: Callable[[], object]) -> float:
    """Do it and print a line; seconds by the wall."""
    wall, cpu = time.perf_counter(), time.process_time()
    done = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{what}: {done} in {wall:.2f} s ({cpu:.2f} s of processor time); peak so far {peak:,} MiB")
    return wall


def one_day(folder: Path, loaded: LoadedProfile, workers: int, versions: int) -> None:
    """A date on which only dates come."""
    warehouse = Warehouse(Home(folder / "home").create())
    noon = dt.datetime.combine(START, dt.time(12), dt.UTC)
    with warehouse.write() as con:
        prepare(con, loaded)
        con.execute(
            f"""insert into worker_versions by name
            select i::varchar as person_number, 'First' || i % 2000 as first_name, 'Last' || i % 20000 as last_name,
                'D' || (i + v) % 300 as department, true as status_active, date '2015-01-01' + v::integer as valid_from,
                case when v + 1 < {versions} then date '2015-01-01' + v::integer + 1 end as valid_to,
                case when i % 500 = 0 then 'prehire' else 'active' end as life_stage, i % 500 <> 0 as active,
                case when i % 500 = 0 then ?::date + 1 else date '2010-01-01' end as hire_date,
                case when i % 500 = 0 and v + 1 = {versions} then ?::date + 1 end as next_at,
                md5_number(i || '-' || v)::uuid as digest, 1 as extract_id, i + 2 as row_no, ?::timestamptz as known_from
            from range(?) w(i), range(?) n(v)""",
            [START, START, noon, workers, versions],
        )
        con.execute(
            "insert into days select ?, 'x', ?, 1, ?, 0, 0, 0, ?, 0, 0, 0, 'done', null, ?, ?",
            [START, loaded.sha256, workers, workers, noon, noon],
        )
        con.execute(
            entered("""select i::varchar as person_number, 'n' || i || '@contoso.com' as user_principal_name,
                'n' || i as mail_nickname, 'n' || i as sam_account_name, 'N' || i as common_name, 'given' as status,
                ?::date as given_on, '' as upn_rule from range(?) w(i)"""),
            [START, workers],
        )
        con.execute("checkpoint")

    def run() -> str:
        [counts] = processing.process(warehouse, loaded, [START + dt.timedelta(days=1)])
        assert counts.changes == {"joiner": workers // 500}, counts.changes
        return f"{counts.changes['joiner']:,} of {counts.workers:,} workers judged again"

    timed(f"a day without an extract, {versions} versions a worker", run)


def a_year(folder: Path, loaded: LoadedProfile, workers: int, number: int) -> None:
    """A year of daily extracts in one call."""
    warehouse = Warehouse(Home(folder / "home").create())
    with duckdb.connect() as con:
        con.execute(f"""
            create table people as select (100000 + i)::varchar as "Person Number", 'True' as "Account Status",
                'First' || hash(i) % 2000 as "First Name", 'Last' || hash(i, 1) % 20000 as "Last Name",
                'D' || i % 300 as "Department Name", 'Job ' || i % 90 as "Job Name", '2015-01-01' as "Hire Date",
                '' as "Termination Date" from range({workers}) t(i)
        """)
        for n in range(number):
            today = START + dt.timedelta(days=n)
            con.execute(
                """update people set "Department Name" = 'N' || ? where hash("Person Number", ?) % 200 = 0;""", [n, n]
            )
            for column, ahead in (("Hire Date", 10), ("Termination Date", 20)):
                con.execute(
                    f"""update people set "{column}" = ? where "Person Number"::bigint between ? and ?""",
                    [
                        (today + dt.timedelta(days=ahead)).isoformat(),
                        *((100000 + 20 * n % workers) + i for i in (0, 19)),
                    ],
                )
            path = folder / f"workers-{today}.csv"
            con.execute(f"copy people to '{path}' (header)")
            [landed] = landing.land(warehouse, loaded.profile, [path], now=utc_now)
            assert landed.result == "taken", landed
            path.unlink()
    dates = [START + dt.timedelta(days=n) for n in range(number)]

    def run(some: list[dt.date]) -> str:
        done = list(processing.process(warehouse, loaded, some))
        return f"{sum(sum(counts.changes.values()) for counts in done):,} changes"

    def size() -> int:
        with warehouse.write() as con:
            con.execute("checkpoint")
        return warehouse.home.warehouse.stat().st_size

    seconds = timed("the first day", lambda: run(dates[:1]))
    before = size()
    seconds += timed(f"{number - 1} days more", lambda: run(dates[1:]))
    after = size()
    with warehouse.write() as con:
        print(f"versions: {(first(con, 'select count(*) from worker_versions') or (0,))[0]:,}")
    grown = f"from {before / 2**20:.1f} to {after / 2**20:.1f} MiB, {after / before:.2f} times; goal {GOAL_GROWTH:.0f}"
    print(f"{seconds:.0f} s, goal {GOAL_YEAR_SECONDS:.0f}; the warehouse grew {grown}")


def cleared(folder: Path, workers: int, number: int) -> tuple[int, int, list[str]]:
    """The people whose accounts keep a manager whom HR has cleared, by the directory; by the open findings; and what differs."""
    from benchmarks.chaos import verdict
    from benchmarks.chaos.company import Company
    from benchmarks.chaos.site import START as BEGIN
    from benchmarks.chaos.site import site
    from benchmarks.chaos.trial import Trial

    chance = random.Random(number)
    company = Company.make(0)
    people = {
        f"{1000 + i}": ["True", f"First{i}", f"Last{i}", f"{1000 + i // 8}" if i else "", "D", "Job", "North", "DE"]
        for i in range(workers)
    }
    company.days.clear()
    for place in range(number):
        for person in chance.sample(sorted(people), max(1, workers // 100)) if place else ():
            people[person][3] = ""
        for person in chance.sample(sorted(people), max(1, workers // 500)) if place else ():
            people[person][3] = "1000" if person != "1000" else ""
        day = BEGIN.date() - dt.timedelta(days=number - 1 - place)
        company.days[day] = [(person, *row[:4], f"v{place:04}", *row[5:]) for person, row in people.items()]
    home = Home(folder / "home").create()
    company.begin(home)
    with site(folder / "sandbox") as at:
        trial = Trial(at, home, company, -1, chaos=False)
        at.post("options", flow_nulls=False)
        trial._size = 50
        found = trial.run()
        trial.close()
        doubtful = trial.doubtful()
    last = company.days[BEGIN.date()]
    kept = sum(1 for row in last if not row[4] and found[row[0]].get("manager"))
    with Warehouse(home).write() as con:
        told = first(con, "select count(*) from stale_values") or (0,)
        return kept, int(told[0]), list(verdict.of_cleared(con, found, doubtful))


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("day", "year", "cleared"))
    parser.add_argument("--workers", type=int)
    parser.add_argument("--versions", type=int, default=10)
    parser.add_argument("--days", type=int)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hcm-benchmark-") as temporary:
        if given.what == "day":
            one_day(Path(temporary), load_profile("oracle-hcm"), given.workers or 1_000_000, given.versions)
        elif given.what == "cleared":
            kept, told, differ = cleared(Path(temporary), given.workers or 1500, given.days or 40)
            print(
                f"{kept:,} people keep a manager whom HR has cleared; {told:,} findings are open; {len(differ)} differ"
            )
        else:
            a_year(Path(temporary), load_profile("oracle-hcm"), given.workers or 10_000, given.days or 365)


if __name__ == "__main__":
    main()
