"""Managers who cannot be sent: unknown ones, oneself, and those on a cycle.

The worker's row is good and stays; only the reference is held back, with a warning that says why.
"""

from __future__ import annotations

import duckdb
import numpy as np

from hcm_pipeline.warehouse import first, on_cycles


def find_warnings(con: duckdb.DuckDBPyConnection, today: str) -> None:
    """Make temp table `today(person_number, status)`: open versions whose manager is not sent (unknown|self|cycle)."""
    con.execute("""
        create or replace temp table people as
        select person_number, manager, (row_number() over ()) - 1 as i from worker_versions where valid_to is null
    """)
    con.execute("""
        create or replace temp table edges as
        select p.i as i, m.i as m, p.manager = p.person_number as own
        from people p left join people m on m.person_number = p.manager where p.manager is not null
    """)
    size = (first(con, "select count(*) from people") or (0,))[0]
    known = con.execute("select i, m from edges where m is not null and not own").fetchnumpy()
    manager_of = np.full(size, -1, dtype=np.int64)
    manager_of[np.asarray(known["i"], dtype=np.int64)] = np.asarray(known["m"], dtype=np.int64)
    cyclic = on_cycles(manager_of)
    con.execute("create or replace temp table cyclic(i bigint)")
    if len(cyclic):
        con.execute("insert into cyclic select unnest(?::bigint[])", [cyclic.tolist()])
    con.execute(f"""
        create or replace temp table {today} as
        select p.person_number, case when e.own then 'self' when e.m is null then 'unknown' else 'cycle' end as status
        from edges e join people p using (i) where e.own or e.m is null or e.i in (select i from cyclic)
    """)
    for name in ("people", "edges", "cyclic"):
        con.execute(f"drop table {name}")
