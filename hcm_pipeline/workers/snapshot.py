"""The snapshot: versions of workers, each true for a span of business dates, and what changed between two of them."""

from __future__ import annotations

import datetime as dt

import duckdb

from hcm_pipeline.profile import scope_sql
from hcm_pipeline.warehouse import literal, quote
from hcm_pipeline.workers.change_kinds import attributes_sql, first_kind_sql, kind_sql
from hcm_pipeline.workers.lifecycle import HERE, WAITING, lives_sql
from hcm_pipeline.workers.managers import find_warnings
from hcm_pipeline.workers.staged import Staged

CURRENT = "(select * from worker_versions where valid_to is null)"
KNOWN = """select * exclude (active, status_active, life_stage, next_at, known_from), coalesce(status_active, active) as active,
    active as enabled,
    life_stage from worker_versions where valid_to is null"""
"""Facts of the open versions, `active` being what the status said, beside what was made of them: `enabled` and `life_stage`."""
_HERE, _WAITING = (", ".join(map(literal, stages)) for stages in (HERE, WAITING))
KNOWN_TODAY = f"""with base as ({KNOWN})
    select t.*, b.valid_from, b.enabled, b.life_stage from gathered t
        left join (select person_number, valid_from, enabled, life_stage from base) b using (person_number)
    union all by name select * from base where person_number not in (select person_number from gathered)"""
"""The same, with what files earlier in the sequence of the day say over it."""
VIEWS = ("opened", "unheard_of", "heard_of")
TABLES = ("accepted", "delta", "due", "been")


def open_versions(
    staged: Staged, day: dt.date, moment: dt.datetime, now: dt.datetime, *, rejudge: bool
) -> dict[str, int]:
    """Close and open versions for the accepted rows that differ from the snapshot before, and for everybody whose date has
    come by `moment`; changes by kind. `rejudge`: everybody's has, because the profile is another one."""
    con, profile = staged.con, staged.profile
    _accept(staged)
    con.execute(
        f"""create or replace temp table due as select person_number from worker_versions
        where valid_to is null and ({"true" if rejudge else "next_at <= ?"}
            or (life_stage = 'missing') <> (person_number in (from ended_by_absence)))
        and person_number not in (select person_number from accepted)""",
        [] if rejudge else [moment],
    )
    names = list(profile.columns)
    facts = ", ".join(map(quote, [*names, "digest", "extract_id", "row_no"]))
    heard_of = [f"select {facts} from {staged.rows('heard_of')}"] if staged.speaks else []
    here = lives_sql(
        profile,
        f"({' union all '.join([*heard_of, f'select {facts} from known semi join due using (person_number)'])})",
        moment,
    )
    attributes, scope = attributes_sql(names, "c", "n"), scope_sql(profile)
    # of the few who wait for their first day, those who were here before
    con.execute(f"""
        create or replace temp table been as select distinct v.person_number from worker_versions v
        semi join known k on k.person_number = v.person_number and k.life_stage in ({_WAITING})
        where v.life_stage in ({_HERE})
    """)
    con.execute(f"""
        create or replace temp table delta as
        select person_number, extract_id, row_no, before_from, is_due, attributes,
            {kind_sql(profile, "attributes", "it.before", "it.now")} as kind
        from (
            select n.person_number, n.extract_id, n.row_no, c.valid_from as before_from,
                d.person_number is not null as is_due,
                {attributes} as attributes, c as before, n as now,
                n.person_number in (from been) as been
            from (select *, {scope} as in_scope from {here}) n
            join (select *, {scope} as in_scope from (
                select * replace (enabled as active), active as status_active from known)) c using (person_number)
            left join due d using (person_number)) it
        where len(attributes) > 0
    """)
    # One INSERT for a table in a transaction: in DuckDB 2.0.0 rows can be lost from sight when an INSERT of more than a
    # row group follows an empty one (tests/warehouse/test_duckdb.py).
    con.execute("""
        create or replace temp view opened as
        select extract_id, row_no from unheard_of union all select extract_id, row_no from delta where not is_due
    """)
    opened = [f"select {facts} from {staged.rows('opened')}"] if staged.speaks else []
    turned = f"select {facts} from known where person_number in (select person_number from delta where is_due)"
    con.execute(
        f"""insert into worker_versions by name
        select *, ?::date as valid_from, null::date as valid_to, ?::timestamptz as known_from
        from {lives_sql(profile, f"({' union all '.join([*opened, turned])})", moment)}""",
        [day, now],
    )
    # closed only now: rows of partial files are completed from `known`, the versions that are still open
    con.execute(
        """update worker_versions v set valid_to = ? from delta d
        where v.valid_to is null and v.person_number = d.person_number and v.valid_from = d.before_from""",
        [day],
    )
    if rejudge:
        _settle_unchanged(staged, moment)
    con.execute(
        f"""insert into changes by name
        select ?::date as business_date, person_number, kind, attributes, before_from from delta
        union all
        select ?, person_number, {first_kind_sql("life_stage")}, [], null
        from worker_versions
        where valid_from = ? and valid_to is null and person_number in (select person_number from unheard_of)""",
        [day, day, day],
    )
    return dict(
        con.execute(
            "select kind, count(*) from changes where business_date = ? group by 1 order by 1", [day]
        ).fetchall()
    )


def _settle_unchanged(staged: Staged, moment: dt.datetime) -> None:
    """Under another profile: digests over its columns, and moments by its rules, for the versions that stay."""
    staged.con.execute("""
        update worker_versions v set digest = a.digest from accepted a
        where v.valid_to is null and v.person_number = a.person_number and v.valid_from = a.before_from and v.digest <> a.digest
    """)
    staged.con.execute(f"""
        update worker_versions v set next_at = n.next_at from {lives_sql(staged.profile, "known", moment)} n
        where v.valid_to is null and v.person_number = n.person_number and v.next_at is distinct from n.next_at
    """)


def _accept(staged: Staged) -> None:
    """Make temp table `accepted`, rows that are good and not known as they are, and its parts `unheard_of` and `heard_of`."""
    good = """select s.extract_id, s.row_no, s.person_number, s.digest, c.valid_from as before_from
        from suspects s left join known c on c.person_number = s.person_number
        where (s.extract_id, s.row_no) not in (select extract_id, row_no from bad)
        and (s.extract_id, s.row_no) not in (select extract_id, row_no from passed)"""
    nobody = """select null::integer as extract_id, null::bigint as row_no, null::varchar as person_number,
        null::uhugeint as digest, null::date as before_from limit 0"""
    staged.con.execute(f"create or replace temp table accepted as {good if staged.speaks else nobody}")
    staged.con.execute("create or replace temp view unheard_of as from accepted where before_from is null")
    staged.con.execute("create or replace temp view heard_of as from accepted where before_from is not null")


def update_warnings(con: duckdb.DuckDBPyConnection, day: dt.date) -> None:
    """Bring `manager_warnings` up to the snapshot."""
    find_warnings(con, "today")
    _keep(con, "manager_warnings", day)


def update_absences(staged: Staged, day: dt.date) -> None:
    """Bring `absences` up to today's full sources: workers whom their files no longer name are kept, and reported.

    Whoever is absent on `missing_after` days with a full extract of their source in a row is missing.
    """
    full = [extract.source for extract in staged.used if extract.content == "full"]
    if not full:
        return
    staged.con.execute(
        """create or replace temp table today as
        with absent as (
            select v.person_number, e.source, a.status, a.valid_from as since
            from worker_versions v join extracts e using (extract_id)
            left join absences a on a.person_number = v.person_number and a.valid_to is null
            where v.valid_to is null and list_contains($sources::varchar[], e.source)
            and v.person_number not in (select person_number from keys where person_number is not null)),
        counted as (
            select n.source, n.since, count(distinct e.business_date) + 1 as times
            from (select distinct source, since from absent where since is not null) n
            join extracts e on e.source = n.source and e.content = 'full' and e.status = 'applied'
                and e.business_date >= n.since and e.business_date < $day
            group by all)
        select person_number, if(status = 'missing' or coalesce(times, 1) >= $after, 'missing', 'absent') as status
        from absent left join counted using (source, since)
        union all
        -- nothing was heard today of the sources of these
        select a.person_number, a.status from absences a
        join worker_versions v on v.person_number = a.person_number and v.valid_to is null join extracts e using (extract_id)
        where a.valid_to is null and not list_contains($sources::varchar[], e.source)
        and a.person_number not in (select person_number from keys where person_number is not null)""",
        {"sources": full, "day": day, "after": staged.profile.workers.life.missing_after},
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
