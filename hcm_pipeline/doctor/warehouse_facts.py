"""Facts of the read copy of the warehouse for the doctor: people, names, accounts, cleared values, the job's last known state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from hcm_pipeline.home import Home
from hcm_pipeline.warehouse import first, look_into, query


@dataclass(frozen=True)
class Accounts:
    """The accounts of one directory by its last reading: users, those with a person number, person numbers that several have.

    `named`: accounts that have the user name of a worker and no person number, or another one; `near`: accounts whose person number
    is a worker's but for leading zeros, blanks or case.
    """

    directory: str
    users: int
    filled: int
    twice: int
    named: int
    near: int


@dataclass(frozen=True)
class WarehouseFacts:
    """`people` are workers whose account is to be open or kept; `suffixes` counts user names by domain, in lower case."""

    schema_version: int
    people: int
    too_long: int
    alike: int
    suffixes: Mapping[str, int]
    accounts: tuple[Accounts, ...]
    cleared: Mapping[str, int]
    job_state: tuple[str, str | None] | None
    last_day: str | None
    domains: Mapping[str, bool]


def read_facts(home: Home, target: str, longest: int) -> WarehouseFacts:
    """Read them all. `target`: the key of the job; `longest`: characters of the matching attribute. Raises HomeError."""
    with look_into(home) as (con, version):
        return _facts(con, version, target, longest)


def _facts(con: duckdb.DuckDBPyConnection, version: int, target: str, longest: int) -> WarehouseFacts:
    people = first(
        con,
        """select count(*), count(*) filter (length(person_number) > ?), count(*) - count(distinct lower(trim(person_number)))
        from worker_versions where valid_to is null""",
        [longest],
    ) or (0, 0, 0)
    suffixes = con.execute(
        """select lower(split_part(user_principal_name, '@', 2)), count(*) from identities
        where status <> 'released' group by 1 order by 1"""
    ).fetchall()
    accounts = con.execute(query(__package__, "accounts_by_directory")).fetchall()
    cleared = con.execute(
        "select attribute, count(*) from stale_values where target = ? and not clearable group by 1 order by 1",
        [target],
    ).fetchall()
    state = first(con, "select state, reason from job_states where target = ?", [target])
    day = first(con, "select max(business_date)::varchar from days where status = 'done'")
    domains = con.execute('select "domain", bool_or(verified) from directory_domains group by 1').fetchall()
    return WarehouseFacts(
        version, people[0], people[1], people[2], dict(suffixes), tuple(Accounts(*row) for row in accounts), dict(cleared),
        (state[0], state[1]) if state else None, day[0] if day else None, dict(domains),
    )  # fmt: skip
