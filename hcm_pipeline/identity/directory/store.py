"""The live directory in the warehouse: its objects, and their names in the form in which names are compared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import duckdb
import pyarrow as pa

from hcm_pipeline.identity.directory.model import SCHEMA
from hcm_pipeline.warehouse import first, quote

_COLUMNS = ", ".join(quote(name) for name in SCHEMA.names)


def replace_all(
    con: duckdb.DuckDBPyConnection, directory: str, batches: Iterable[pa.RecordBatch], read_at: dt.datetime
) -> int:
    """Replace what is known of `directory`, in the caller's transaction; how many objects it has.

    An object that comes twice, because it changed while pages were read, counts as it came last.
    """
    con.execute("create or replace temp table incoming as select 0::bigint as place, * from directory_objects limit 0")
    place = 0
    for batch in batches:
        if not batch.num_rows:
            continue
        con.register("batch_now", pa.Table.from_batches([batch.cast(SCHEMA)]))
        con.execute(
            f"""insert into incoming by name
            select {place} + row_number() over () as place, ? as directory, {_COLUMNS} from batch_now""",
            [directory],
        )
        con.unregister("batch_now")
        place += batch.num_rows
    con.execute("delete from directory_objects where directory = ?", [directory])
    con.execute("delete from directory_names where directory = ?", [directory])
    con.execute("""
        insert into directory_objects by name select * exclude (place) from incoming
        qualify row_number() over (partition by object_id order by place desc) = 1
    """)
    con.execute("drop table incoming")
    con.execute(f"insert into directory_names {_NAMES_SQL}", [directory])
    row = first(con, "select count(*) from directory_objects where directory = ?", [directory])
    count = int(row[0]) if row else 0
    con.execute("insert or replace into directory_reads values (?, ?, ?)", [directory, read_at, count])
    return count


def last_read(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[dt.datetime, int]]:
    """When each directory was read, and how many objects it had."""
    return {name: (at, count) for name, at, count in con.execute("from directory_reads order by 1").fetchall()}


CONTAINER = r"regexp_replace(distinguished_name, '^(?:[^,\\]|\\.)*,', '')"
"""SQL: the distinguished name of the container that an object is in (RFC 4514: a comma in a value is escaped)."""
_FIRST = r"nullif(regexp_extract(distinguished_name, '^[Cc][Nn]=((?:[^,\\]|\\.)*),', 1), '')"
RELATIVE_NAME = rf"regexp_replace({_FIRST}, '\\(.)', '\1', 'g')"
"""SQL: the common name at the beginning of a distinguished name, for directories that do not tell it otherwise."""
_OWNER = "case when kind = 'user' and not deleted then employee_id end"
_NAMES_SQL = f"""
    with objects as (from directory_objects where directory = ?),
    names as (
        select directory, 'address' as attribute, lower(user_principal_name) as key, kind, {_OWNER} as owner from objects
        union all
        select directory, 'address', lower(mail), kind, {_OWNER} from objects where mail is distinct from user_principal_name
        union all
        select directory, 'address', lower(regexp_replace(address, '^[A-Za-z0-9]+:', '')), kind, owner from (
            select directory, kind, {_OWNER} as owner, unnest(proxy_addresses) as address from objects)
            where address ilike 'smtp:%' or address not like '%:%'
        union all
        select directory, 'nickname', lower(mail_nickname), kind, {_OWNER} from objects
        union all
        select directory, 'sam', lower(sam_account_name), kind, {_OWNER} from objects
        union all
        select directory, 'common_name', lower(coalesce(common_name, {RELATIVE_NAME})) || chr(31) || lower({CONTAINER}),
            kind, {_OWNER} from objects where distinguished_name is not null)
    select distinct * from names where key is not null and key <> ''"""
