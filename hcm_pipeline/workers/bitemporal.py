"""What was believed, and when: a day that is processed anew erases nothing of what was known before.

A version says from which business date it is true (`valid_from`) and since when that is known (`known_from`). One that is
taken back goes to `withdrawn_versions` with the moment until which it was believed, unless its day comes out the same again.
"""

from __future__ import annotations

import datetime as dt

import duckdb

from hcm_pipeline.warehouse import first


def withdraw(con: duckdb.DuckDBPyConnection, day: dt.date, now: dt.datetime) -> None:
    """Keep the versions true from `day` or later, which the caller is about to delete, as believed until now."""
    if first(con, "select 1 from worker_versions where valid_from >= ? limit 1", [day]):
        con.execute(
            """insert into withdrawn_versions by name
            select * exclude (valid_to, next_at), ?::timestamptz as known_to, false as settled
            from worker_versions where valid_from >= ?""",
            [now, day],
        )


def confirm(con: duckdb.DuckDBPyConnection, day: dt.date) -> None:
    """What `day` says again as it said before it was taken back has been known all the time. Anything else is settled: it was
    believed until then, even if the day should say it once more."""
    if not first(con, "select 1 from withdrawn_versions where valid_from = ? and not settled limit 1", [day]):
        return
    con.execute(
        """create or replace temp table confirmed as
        select w.person_number, w.known_from from withdrawn_versions w join worker_versions v
            on v.person_number = w.person_number and v.valid_from = w.valid_from and v.digest = w.digest
            and v.extract_id = w.extract_id and v.row_no = w.row_no and v.active = w.active and v.life_stage = w.life_stage
        where w.valid_from = ? and not w.settled""",
        [day],
    )
    con.execute(
        """update worker_versions v set known_from = c.known_from from confirmed c
        where v.person_number = c.person_number and v.valid_from = ?""",
        [day],
    )
    con.execute(
        """delete from withdrawn_versions where valid_from = ? and not settled
        and person_number in (select person_number from confirmed)""",
        [day],
    )
    con.execute("update withdrawn_versions set settled = true where valid_from = ? and not settled", [day])
    con.execute("drop table confirmed")
