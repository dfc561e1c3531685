#!/usr/bin/env python3
"""Naming few newcomers beside a large ledger and a large directory.

    python benchmarks/names.py [--ledger 1000000] [--directory 1000000] [--new 2000]

Fills a ledger with workers who have names, a directory with as many accounts of nobody's, and then gives names to newcomers
with names as common as those. Shows seconds and the peak of resident memory, beside the goal: one second, 1 GiB.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import tempfile
import time
from pathlib import Path

from hcm_pipeline.home import Home
from hcm_pipeline.identity import give_names
from hcm_pipeline.profile import load
from hcm_pipeline.scim.mapping import DUCKDB_TYPES
from hcm_pipeline.warehouse import Warehouse, ensure_columns, first

GOAL_SECONDS, GOAL_MIB = 1.0, 1024
DAYS = (dt.date(2026, 11, 1), dt.date(2026, 11, 2))
NOW = dt.datetime(2026, 11, 2, 6, tzinfo=dt.UTC)
FIRST = "'First' || (hash(i) % 2000)"
LAST = "'Last' || chr((97 + hash(i, 1) % 26)::integer) || (hash(i, 2) % 1600)"


def main() -> None:
    """Run it and print a line for each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ledger", type=int, default=1_000_000, help="workers who have names")
    parser.add_argument("--directory", type=int, default=1_000_000, help="accounts that belong to no worker")
    parser.add_argument("--new", type=int, default=2_000, help="workers who are given names")
    given = parser.parse_args()
    profile = load("oracle-hcm").profile
    with tempfile.TemporaryDirectory() as folder, Warehouse(Home(Path(folder) / "home").create()).write() as con:
        con.execute("set preserve_insertion_order = false")
        ensure_columns(con, "worker_versions", {name: DUCKDB_TYPES[kind] for name, kind in profile.types.items()})
        workers = f"""insert into worker_versions by name
            select i::varchar as person_number, {FIRST} as first_name, {LAST} as last_name, true as active, 'US' as country,
                ?::date as valid_from, 0 as digest, 1 as extract_id, i as row_no from range(?, ?) t(i)"""
        con.execute(workers, [DAYS[0], 0, given.ledger])
        _timed("names for the ledger", given.ledger, lambda: give_names(con, profile, DAYS[0], NOW))
        con.execute(
            f"""insert into directory_names
            select 'entra' as directory, 'user' as kind, a.attribute,
                lower({FIRST} || '.' || {LAST} || i || a.tail) as key, null as employee_id
            from range(?) t(i), (values ('address', '@contoso.com'), ('sam', '')) a(attribute, tail)""",
            [given.directory],
        )
        con.execute("checkpoint")
        con.execute(workers, [DAYS[1], given.ledger, given.ledger + given.new])
        took = _timed("names for newcomers", given.new, lambda: give_names(con, profile, DAYS[1], NOW))
        row = first(con, "select count(*), count(distinct lower(user_principal_name)) from identities")
        assert row == (given.ledger + given.new,) * 2, row
    print(f"goal for newcomers: {GOAL_SECONDS:.1f} s, {took / GOAL_SECONDS:.2f} of it taken; {GOAL_MIB:,} MiB")


def _timed(what: str, count: int, work: object) -> float:
    assert callable(work)
    started = time.perf_counter()
    done = work()
    seconds = time.perf_counter() - started
    assert done == count, (done, count)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{what}: {count:,} in {seconds:.2f} s; peak so far {peak:,} MiB")
    return seconds


if __name__ == "__main__":
    main()
