"""Judging rows by the contract, and putting those that break it into quarantine with every rule they broke."""

from __future__ import annotations

import datetime as dt

import duckdb
import pyarrow as pa

from hcm_pipeline.extracts import Extract
from hcm_pipeline.warehouse import first, literal, quote
from hcm_pipeline.workers.normalise import NUMBER_FIELDS
from hcm_pipeline.workers.staged import Staged

CHUNK_ROWS = 100_000
"""Rows in one frame for pandera: some 100 MiB."""
TABLES = ("suspects", "failures", "bad")


def validate(staged: Staged, *, same_contract: bool) -> None:
    """Make temp tables `suspects` (rows that are not known as good) and `failures` (the rules they break).

    `same_contract`: the snapshot before was judged by the same profile, so a row that says what the snapshot says is good.
    """
    con = staged.con
    known = "exists (from known c where c.person_number = k.person_number and c.digest = k.digest)"
    con.execute(f"""
        create or replace temp table suspects as
        select k.extract_id, k.row_no, k.person_number, k.digest from keys k
        where (k.unreadable or not ({known if same_contract else "false"})
            or (k.extract_id, k.row_no) in (select extract_id, row_no from passed)
            or (k.extract_id, k.row_no) in (select extract_id, row_no from contradicting))
        and (k.extract_id, k.row_no) not in (select extract_id, row_no from repeats where nth > 1)
    """)
    con.execute("""create or replace temp table failures(extract_id integer, row_no bigint, rule varchar,
        column_name varchar, value_class varchar, "value" varchar)""")
    staged.keep("suspects")
    query = f"select {', '.join(_judged_columns(staged))} from {staged.rows('suspects')} n"
    # nothing else can be asked while rows stream in, so what was found waits; not even a rollback, so they end here
    with con.sql(query).to_arrow_reader(CHUNK_ROWS) as rows:
        found = [_failures(staged, batch) for batch in rows]
    for table in filter(None, found):
        con.register("broken_now", table)
        con.execute("insert into failures from broken_now")
        con.unregister("broken_now")


def _judged_columns(staged: Staged) -> list[str]:
    """Select list of a frame: fields as text, and the flags of the typed ones. Person numbers are judged as the file has them."""
    profile = staged.profile
    select = ["n.extract_id", "n.row_no", "n.control"]
    for name, spec in profile.columns.items():
        if profile.types[name] == "string":
            select.append(f"{_as_delivered(staged, name)} as {quote(name)}")
            continue
        select.append(f"coalesce(n.{quote(name + '__text')}, n.{quote(name)}::varchar) as {quote(name)}")
        select.append(f"n.{quote(name + '__unreadable')}")
        if spec.required:
            blank = f"n.{quote(name)} is null and not n.{quote(name + '__unreadable')}"
            select.append(f"({blank}) as {quote(name + '__blank')}")
    return select


def _as_delivered(staged: Staged, field: str) -> str:
    """SQL for a text field without the namespace of its source."""
    prefixes = {extract.extract_id: staged.profile.source_of(extract.source).prefix for extract in staged.used}
    cases = " ".join(
        f"when {number} then substr(n.{quote(field)}, {len(prefix) + 1})"
        for number, prefix in prefixes.items()
        if prefix
    )
    if not cases or field not in NUMBER_FIELDS:
        return f"n.{quote(field)}"
    return f"case n.extract_id {cases} else n.{quote(field)} end"


def _column_sql(staged: Staged, field: str) -> str:
    """SQL over `extract_id`: the heading under which the extract of a row has a field."""
    cases = [f"when {one.extract_id} then {literal(staged.columns_of(one)[field].column)}" for one in staged.used]
    return f"case extract_id {' '.join(cases)} end" if cases else "null"


def _failures(staged: Staged, batch: pa.RecordBatch) -> pa.Table | None:
    """Rows for `failures`; None when every row of the batch keeps the contract."""
    from hcm_pipeline.workers.contract import broken_rules  # pandas and pandera: a third of every command's start

    broken = broken_rules(staged.profile, batch.to_pandas())
    if not broken:
        return None
    places = pa.array([b.position for b in broken], pa.int64())
    numbers = batch.column("extract_id").take(places)
    columns = {extract.extract_id: staged.columns_of(extract) for extract in staged.used}
    headings = [columns[number][b.field].column for number, b in zip(numbers.to_pylist(), broken, strict=True)]
    return pa.table({
        "extract_id": numbers,
        "row_no": batch.column("row_no").take(places),
        "rule": pa.array([b.rule for b in broken], pa.string()),
        "column_name": pa.array(headings, pa.string()),
        "value_class": pa.array([b.value_class for b in broken], pa.string()),
        "value": pa.array([b.value for b in broken], pa.string()),
    })  # fmt: skip


def quarantine(staged: Staged, day: dt.date) -> int:
    """Write `quarantined_rows` and `passed_over_rows`, make temp table `bad`; the number of rows in quarantine."""
    con = staged.con
    con.execute(f"""insert into failures
        select extract_id, row_no, 'contradicts_another_row', {_column_sql(staged, "person_number")}, 'repeated person number',
            person_number
        from contradicting""")
    con.execute("""
        create or replace temp table bad as
        select f.extract_id, f.row_no, any_value(k.person_number) as person_number,
            list({'rule': rule, 'column_name': column_name, 'value_class': value_class, 'value': "value"}
                order by rule, column_name) as broken
        from failures f join keys k using (extract_id, row_no) group by all
    """)
    for extract in staged.used:
        _keep_raw(con, staged, extract, day)
    # a row that breaks the contract is in quarantine, whatever else would have become of it
    con.execute("delete from passed where (extract_id, row_no) in (select extract_id, row_no from bad)")
    con.execute("insert into passed_over_rows select ?, extract_id, row_no, person_number from passed", [day])
    row = first(con, "select count(*) from quarantined_rows where business_date = ?", [day])
    return int(row[0]) if row else 0


def _keep_raw(con: duckdb.DuckDBPyConnection, staged: Staged, extract: Extract, day: dt.date) -> None:
    con.execute(
        f"""insert into quarantined_rows
        select ?, b.extract_id, b.row_no, b.person_number, b.broken, r.json
        from bad b join (
            select row_no, to_json(r)::varchar as json from {staged.raw(extract)} r
            where row_no in (select row_no from bad where extract_id = {extract.extract_id})) r using (row_no)
        where b.extract_id = {extract.extract_id}""",
        [day],
    )
    con.execute(
        f"""insert into quarantined_rows
        select ?, ?, row_no, null,
            [{{'rule': rule, 'column_name': column_name, 'value_class': value_class, 'value': null}}], raw
        from {staged.rejects(extract)}""",
        [day, extract.extract_id],
    )
