"""Names for the workers of the snapshot: the ledger's work on the relations of workers."""

from __future__ import annotations

import datetime as dt

import duckdb

from hcm_pipeline.identity import Workforce, give_names
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import DUCKDB_TYPES, Scratch, first, scratch
from hcm_pipeline.workers import changes_of, current_workers, worker_versions


def name_workers(con: duckdb.DuckDBPyConnection, profile: Profile, day: dt.date, now: dt.datetime) -> int:
    """Give the workers of the snapshot of `day` the names that they lack; how many were given some. Raises as `give_names`."""
    with scratch(con) as t:
        return give_names(t, profile, current_workers(t), worker_versions(t), changes_of(t, day), day, now)


def workforce(t: Scratch, profile: Profile) -> Workforce:
    """The workers of the newest snapshot, as the ledger reads them: with every field of the profile, null where unknown."""
    types = {name: DUCKDB_TYPES[kind] for name, kind in profile.types.items()}
    newest = first(t.con, "select max(business_date) from days where status = 'done'")
    return Workforce(
        newest[0] if newest and newest[0] else dt.date.min,
        t.complete(current_workers(t), types),
        t.complete(worker_versions(t), types),
    )
