"""The two times of a version: a day that is processed anew erases nothing of what was known before.

A version says from which business date it is true (`valid_from`) and since when that is known (`known_from`). One that is
taken back goes to `withdrawn_versions` with the moment until which it was believed, unless its day comes out the same again.
"""

from __future__ import annotations

import datetime as dt

import duckdb

from hcm_pipeline.warehouse import Relation, Scratch, first, query, table
from hcm_pipeline.workers.known import worker_versions


def withdraw(con: duckdb.DuckDBPyConnection, day: dt.date, now: dt.datetime) -> None:
    """Keep the versions true from `day` or later, which the caller is about to delete, as believed until now."""
    if first(con, "select 1 from worker_versions where valid_from >= ? limit 1", [day]):
        con.execute(
            """insert into withdrawn_versions by name
            select * exclude (valid_to, next_at, as_read), ?::timestamptz as known_to, false as settled
            from worker_versions where valid_from >= ?""",
            [now, day],
        )


def said_again(t: Scratch, day: dt.date, withdrawn: Relation, versions: Relation) -> Relation:
    """The withdrawn versions that `day` says again as it said before: person_number, known_from."""
    return t.make("said_again", query(__package__, "said_again", withdrawn=withdrawn, versions=versions), {"day": day})


def confirm(t: Scratch, day: dt.date) -> None:
    """Enter what `day` says again as it said before it was taken back as known all the time. Anything else is settled: it was
    believed until then, even if the day should say it once more."""
    if not t.first("select 1 from withdrawn_versions where valid_from = ? and not settled limit 1", [day]):
        return
    confirmed = said_again(t, day, table(t.con, "withdrawn_versions"), worker_versions(t))
    t.run(
        f"""update worker_versions version set known_from = confirmed.known_from from {confirmed} confirmed
        where version.person_number = confirmed.person_number and version.valid_from = ?""",
        [day],
    )
    t.run(
        f"""delete from withdrawn_versions where valid_from = ? and not settled
        and person_number in (select person_number from {confirmed})""",
        [day],
    )
    t.run("update withdrawn_versions set settled = true where valid_from = ? and not settled", [day])
