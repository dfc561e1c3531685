"""The snapshot: versions of workers, each true for a span of business dates, and what changed between two of them."""

from __future__ import annotations

import datetime as dt

import duckdb

from hcm_pipeline.warehouse import quote
from hcm_pipeline.workers.kinds import attributes_sql, kind_sql
from hcm_pipeline.workers.managers import find_warnings
from hcm_pipeline.workers.staged import Staged

CURRENT = "(select * from worker_versions where valid_to is null)"
VIEWS = ("opened", "unheard_of", "heard_of")
TABLES = ("accepted", "delta")


def open_versions(staged: Staged, day: dt.date) -> dict[str, int]:
    """Close and open versions for the accepted rows that differ from the snapshot before; changes by kind."""
    con = staged.con
    con.execute("""
        create or replace temp table accepted as
        select s.extract_id, s.row_no, s.person_number, c.valid_from as before_from
        from suspects s left join known c on c.person_number = s.person_number
        where (s.extract_id, s.row_no) not in (select extract_id, row_no from bad)
    """)
    con.execute("create or replace temp view unheard_of as from accepted where before_from is null")
    con.execute("create or replace temp view heard_of as from accepted where before_from is not null")
    names = list(staged.profile.columns)
    attributes = attributes_sql(names, "c", "n")
    con.execute(f"""
        create or replace temp table delta as
        select extract_id, row_no, person_number, before_from, attributes,
            {kind_sql("attributes", "it.before", "it.now")} as kind
        from (
            select a.*, {attributes} as attributes, c as before, n as now
            from heard_of a join {staged.rows("heard_of")} n using (extract_id, row_no)
            join known c on c.person_number = a.person_number) it
        where len(attributes) > 0
    """)
    # One INSERT for a table in a transaction: in DuckDB 2.0.0 rows can be lost from sight when an INSERT of more than a
    # row group follows an empty one (tests/warehouse/test_duckdb.py).
    con.execute("""
        create or replace temp view opened as
        select extract_id, row_no from unheard_of union all select extract_id, row_no from delta
    """)
    con.execute(
        f"""insert into worker_versions by name
        select {", ".join(map(quote, names))}, ?::date as valid_from, null::date as valid_to, digest, extract_id, row_no
        from {staged.rows("opened")}""",
        [day],
    )
    # closed only now: rows of partial files are completed from `known`, the versions that are still open
    con.execute(
        """update worker_versions v set valid_to = ? from delta d
        where v.valid_to is null and v.person_number = d.person_number and v.valid_from = d.before_from""",
        [day],
    )
    con.execute(
        """insert into changes by name
        select ?::date as business_date, person_number, kind, attributes, before_from from delta
        union all
        select ?, person_number, case when active then 'joiner' else 'former' end, [], null
        from worker_versions
        where valid_from = ? and valid_to is null and person_number in (select person_number from unheard_of)""",
        [day, day, day],
    )
    return dict(
        con.execute(
            "select kind, count(*) from changes where business_date = ? group by 1 order by 1", [day]
        ).fetchall()
    )


def update_warnings(con: duckdb.DuckDBPyConnection, day: dt.date) -> None:
    """Bring `manager_warnings` up to the snapshot."""
    find_warnings(con, "today")
    _keep(con, "manager_warnings", day)


def update_absences(staged: Staged, day: dt.date) -> None:
    """Bring `absences` up to today's full sources: workers whom their files no longer name are kept, and reported."""
    full = [extract.source for extract in staged.used if extract.content == "full"]
    if not full:
        return
    staged.con.execute(
        """create or replace temp table today as
        select v.person_number, 'absent' as status from worker_versions v join extracts e using (extract_id)
        where v.valid_to is null and list_contains(?::varchar[], e.source)
        and v.person_number not in (select person_number from keys where person_number is not null)""",
        [full],
    )
    _keep(staged.con, "absences", day)


def _keep(con: duckdb.DuckDBPyConnection, table: str, day: dt.date) -> None:
    """Bring a table of dated facts up to `today(person_number, status)`."""
    con.execute(
        f"""update {table} t set valid_to = ? where valid_to is null and not exists
        (from today n where n.person_number = t.person_number and n.status = t.status)""",
        [day],
    )
    con.execute(
        f"""insert into {table} select person_number, status, ?, null from today n where not exists
        (from {table} t where t.valid_to is null and t.person_number = n.person_number and t.status = n.status)""",
        [day],
    )
    con.execute("drop table temp.today")
