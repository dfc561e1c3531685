"""Who is sent again although the target took what should be: the one place that decides it."""

from __future__ import annotations

import datetime as dt

import duckdb


def make_resend(con: duckdb.DuckDBPyConnection, target: str, now: dt.datetime) -> None:
    """Make temp table `resend(person_number, reason)`: whose delivered version goes out again, as it should be by now.

    At most one row for each worker. `now` is the time of planning, for whoever waits before trying again.
    """
    del now  # every failure is tried again with the next plan
    con.execute("create or replace temp table resend(person_number varchar, reason varchar)")
    con.execute(
        "insert into resend select person_number, 'failed' from delivered where target = ? and outcome = 'failure'",
        [target],
    )
