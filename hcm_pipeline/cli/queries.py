"""What the reading verbs ask the warehouse: plain rows and dictionaries, for tables and JSON alike."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb

from hcm_pipeline.delivery import contents, desired
from hcm_pipeline.delivery.jobstate import remembered
from hcm_pipeline.delivery.plan import KINDS, diff_sql
from hcm_pipeline.delivery.resend import make_resend
from hcm_pipeline.profile.model import IDENTITY_COLUMNS, Profile
from hcm_pipeline.scim.mapping import DUCKDB_TYPES, Mapping, compile_mapping
from hcm_pipeline.warehouse import first, quote

Row = dict[str, Any]


def rows(con: duckdb.DuckDBPyConnection, query: str, values: list[object] | None = None) -> list[Row]:
    """The result of a query as dictionaries."""
    result = con.execute(query, values or [])
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def days(con: duckdb.DuckDBPyConnection, limit: int = 14) -> list[Row]:
    """The newest business dates, oldest first, with their changes by kind."""
    found = rows(con, "select * exclude (state, contract) from days order by business_date desc limit ?", [limit])[::-1]
    for day in found:
        kinds = con.execute(
            "select kind, count(*) from changes where business_date = ? group by 1 order by 1", [day["business_date"]]
        ).fetchall()
        day["changes"] = dict(kinds)
    return found


def extracts(con: duckdb.DuckDBPyConnection, limit: int = 14) -> list[Row]:
    """The newest extracts, oldest first."""
    return rows(
        con,
        """select business_date, name, source, sha256, status, "rows", quarantined, shape->>'encoding' as encoding,
            shape->>'delimiter' as delimiter, shape->>'newline' as newline, shape->>'compression' as compression,
            unknown_columns, missing_columns, reason
        from extracts order by business_date desc, extract_id desc limit ?""",
        [limit],
    )[::-1]


def quarantine(con: duckdb.DuckDBPyConnection, date: dt.date | None = None) -> list[Row]:
    """Quarantined rows by rule and column: of a date, or of the newest date that has an extract."""
    return rows(
        con,
        """select business_date, file, rule, column_name as "column", value_class, count(*) as "rows",
            min(row_no) as first_row
        from quarantine_reasons where business_date = coalesce(?,
            (select max(business_date) from days where extracts > 0))
        group by all order by "rows" desc, first_row limit 50""",
        [date],
    )


def receipts(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """Operations by manifest, kind and state, newest manifest first."""
    return rows(
        con,
        """select manifest_id, business_date, kind, state, count(*) as operations from receipts
        group by all order by business_date desc, manifest_id, kind, state""",
    )


def failures(con: duckdb.DuckDBPyConnection, target: str, limit: int = 50) -> list[Row]:
    """Workers whose last delivered version is not in the target as it should be, and what mends it."""
    return rows(
        con,
        """select person_number, state, error_code, failure_class, mend, attempts, since, next_try_at from failures
        where target = ? order by state, failure_class, person_number limit ?""",
        [target, limit],
    )


def job(con: duckdb.DuckDBPyConnection, target: str) -> Row | None:
    """What was last known of the synchronization job; None before it was first asked."""
    found = remembered(con, target)
    if found is None:
        return None
    report = found.report
    return {"state": str(report.state), "reason": report.reason, "since": found.since, "checked_at": found.checked_at,
            "until": report.until, "says": report.describe()}  # fmt: skip


def difference(con: duckdb.DuckDBPyConnection, profile: Profile, target: str) -> tuple[dict[str, int], list[Row]]:
    """What would be sent now: operations by kind, and how often each attribute differs from what the target has."""
    mapping = _diff(con, profile, target)
    counts = dict(con.execute("select kind, count(*) from differing group by 1").fetchall())
    attributes = contents.attributes(con, mapping, target, "select * from differing")
    return {kind: counts[kind] for kind in KINDS if kind in counts}, attributes


def _complete(con: duckdb.DuckDBPyConnection, profile: Profile, mapping: Mapping) -> None:
    """Stand temp views before the tables that lack columns of the profile: nothing was processed since it named them."""
    wanted = {
        "worker_versions": {name: DUCKDB_TYPES[kind] for name, kind in profile.types.items()},
        "delivered": {leaf.column: "VARCHAR" for leaf in mapping.leaves},
    }
    (database,) = first(con, "select current_database()") or ("",)
    for table, columns in wanted.items():
        found = con.execute("select column_name from duckdb_columns() where table_name = ?", [table]).fetchall()
        missing = [name for name in columns if (name,) not in found]
        if missing:
            nulls = ", ".join(f"null::{columns[name]} as {quote(name)}" for name in missing)
            con.execute(f"create temp view {table} as select *, {nulls} from {quote(str(database))}.main.{table}")


def _diff(con: duckdb.DuckDBPyConnection, profile: Profile, target: str) -> Mapping:
    mapping = compile_mapping(profile)
    _complete(con, profile, mapping)
    con.execute("create or replace temp table doubtful(person_number varchar, plan_no integer)")
    make_resend(con, target, dt.datetime.now(dt.UTC))
    con.execute(f"create or replace temp table differing as {diff_sql(desired.desired_sql(profile, mapping), target)}")
    return mapping


def worker_plan(con: duckdb.DuckDBPyConnection, profile: Profile, target: str, number: str) -> Row | None:
    """What would be sent for one worker: kind, attribute by attribute old and new, and the exact SCIM user."""
    mapping = _diff(con, profile, target)
    found = rows(con, "select * from differing where person_number = ?", [number])
    if not found:
        return None
    (new,) = found
    old = (rows(con, "select * from delivered where target = ? and person_number = ?", [target, number]) or [{}])[0]
    payload = first(con, f"select {mapping.user_json} from differing where person_number = ?", [number])
    attributes = [
        {"attribute": leaf.column, "from": leaf.origin, "old": old.get(leaf.column), "new": new[leaf.column]}
        for leaf in mapping.leaves
        if not old or old.get(leaf.column) != new[leaf.column]
    ]
    return {"person_number": number, "kind": new["kind"], "attributes": attributes, "payload": payload and payload[0]}


def identity(con: duckdb.DuckDBPyConnection, number: str) -> dict[str, Any] | None:
    """What the ledger holds for a worker."""
    found = rows(
        con,
        f"""select {", ".join(IDENTITY_COLUMNS)}, status, given_on, upn_rule, sam_rule, cn_rule
        from identities where person_number = ?""",
        [number],
    )
    if not found:
        return None
    former = rows(
        con, "select attribute, name, reason, until from former_names where person_number = ? order by 4, 1", [number]
    )
    return {**found[0], "former": former}


def trace(con: duckdb.DuckDBPyConnection, profile: Profile, number: str, date: dt.date | None) -> Row:
    """One worker's story: versions with file, row and column, changes, quarantine, names, operations and outcomes."""
    _complete(con, profile, compile_mapping(profile))
    names = list(profile.columns)
    fields = ", ".join(f"v.{quote(name)}" for name in names)
    versions = rows(
        con,
        f"""select v.valid_from, v.valid_to, e.name as file, e.sha256 as extract_sha256, v.row_no, {fields}
        from worker_versions v join extracts e using (extract_id)
        where v.person_number = ? and (?::date is null or (v.valid_from <= ? and coalesce(v.valid_to, date '9999-12-31') > ?))
        order by v.valid_from""",
        [number, date, date, date],
    )
    columns = {name: spec.column for name, spec in profile.columns.items()}
    becomes: dict[str, list[str]] = {}
    for leaf in compile_mapping(profile).leaves:
        becomes.setdefault("manager" if leaf.origin == "manager_external_id" else leaf.origin, []).append(leaf.column)
    for version in versions:
        version["values"] = [
            {"field": name, "column": columns[name], "value": version.pop(name), "becomes": becomes.get(name, [])}
            for name in names
        ]
    limit = date or dt.date(9999, 12, 31)
    return {
        "person_number": number,
        "versions": versions,
        "manager_warnings": rows(
            con,
            "select status, valid_from, valid_to from manager_warnings where person_number = ? order by 2",
            [number],
        ),
        "absences": rows(con, "select valid_from, valid_to from absences where person_number = ? order by 1", [number]),
        "changes": rows(
            con,
            """select business_date, kind, attribute, old, new from change_attributes
            where person_number = ? and business_date <= ? order by 1, 3""",
            [number, limit],
        ),
        "quarantine": rows(
            con,
            """select business_date, file, row_no, rule, column_name as "column", value_class, "value"
            from quarantine_reasons where person_number = ? and business_date <= ? order by 1, 3, 4""",
            [number, limit],
        ),
        "identity": identity(con, number),
        "operations": rows(
            con,
            """select business_date, manifest_id, request_no, op_no, kind, state, accepted_at, action, reference,
                error_code, failure_class, reason, advice, mend, attempts, next_try_at, logged_at
            from receipts where person_number = ? and business_date <= ? order by accepted_at nulls last, business_date""",
            [number, limit],
        ),
    }
