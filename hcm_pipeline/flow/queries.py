"""What the reading verbs ask the warehouse: plain rows and dictionaries, for tables and JSON alike."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb

from hcm_pipeline.delivery.manifest import OPERATIONS_PER_REQUEST
from hcm_pipeline.delivery.plan import decisions, guards, summary, undo
from hcm_pipeline.delivery.plan.planning import KINDS, diff_sql
from hcm_pipeline.delivery.plan.resend import make_resend
from hcm_pipeline.delivery.send.batches import slices
from hcm_pipeline.delivery.state.journal import Journal
from hcm_pipeline.directory.distinguished_names import key_sql
from hcm_pipeline.identity import in_scope
from hcm_pipeline.identity.aliases import ALIASES, PROXY_ADDRESSES
from hcm_pipeline.identity.explain import explain
from hcm_pipeline.identity.placement import find_moves, places, today, unknown_places
from hcm_pipeline.profile import IDENTITY_COLUMNS, Profile, scope_sql
from hcm_pipeline.targets.entra import desired
from hcm_pipeline.targets.entra.job_health import remembered
from hcm_pipeline.targets.entra.scim_mapping import Mapping, compile_mapping
from hcm_pipeline.warehouse import DUCKDB_TYPES, first, quote
from hcm_pipeline.workers.change_kinds import first_kind_sql, kind_sql

Row = dict[str, Any]


def rows(
    con: duckdb.DuckDBPyConnection, query: str, values: list[object] | dict[str, object] | None = None
) -> list[Row]:
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


def newest_day(con: duckdb.DuckDBPyConnection) -> dt.date | None:
    """The newest business date that was processed."""
    row = first(con, "select max(business_date) from days where status = 'done'")
    return row[0] if row else None


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


def extract_stories(con: duckdb.DuckDBPyConnection, sha256: str | None, limit: int = 30) -> list[Row]:
    """Extracts with what speaks against them and what was decided: one, or the newest, oldest first."""
    found = rows(
        con,
        """select extract_id, business_date, name, source, content, sha256, status, "rows", control_total, quarantined, landed_at,
            reason from extracts where ? is null or sha256 = ? order by business_date desc, extract_id desc limit ?""",
        [sha256, sha256, limit],
    )[::-1]
    for each in found:
        number = [each.pop("extract_id")]
        each["findings"] = rows(
            con, "select rule, message, detail from extract_findings where extract_id = ? order by 1", number
        )
        each["decisions"] = rows(
            con,
            "select decision, decided_by, decided_at, why from extract_decisions where extract_id = ? order by decided_at",
            number,
        )
    return found


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


def difference(
    con: duckdb.DuckDBPyConnection, profile: Profile, target: str, journal: Journal, *,
    first_request: int = OPERATIONS_PER_REQUEST,
) -> Row:  # fmt: skip
    """What would be sent now: operations by kind, attribute by attribute, what guards say, and who is kept out.

    `held` counts operations by what they are held for, `requests` those of every manifest that a plan would make of them,
    whose first request holds `first_request` operations.
    """
    mapping = _diff(con, profile, target, journal)
    undo.make(con, mapping, target, "select * from differing")
    con.execute("delete from differing where person_number in (select person_number from undo_operations)")
    day = first(con, "select max(business_date) from days where status = 'done' having count(*) > 0")
    verdicts = guards.judge(con, profile, mapping, target, day[0] if day else dt.date.max, "select * from differing")
    con.execute("""
        create or replace temp table sent as
        select d.*, h.held_for, null as undoes from differing d left join held_back h using (person_number)
        union all by name select *, 'undo' as held_for from undo_operations
    """)
    counts = dict(con.execute("select kind, count(*) from sent group by 1").fetchall())
    parts = con.execute("select held_for, count(*) from sent group by held_for, undoes").fetchall()
    held: dict[str, int] = {}
    for kind, operations in parts:
        if kind is not None:
            held[kind] = held.get(kind, 0) + operations
    return {
        "operations": {kind: counts[kind] for kind in KINDS if kind in counts},
        "attributes": summary.attributes(con, mapping, target, "select * from sent"),
        "moves": moves(con, profile, target),
        "guards": [*places_verdict(con, profile), *(verdict.as_row() for verdict in verdicts)],
        "held": held,
        "withheld": decisions.withheld(con, target),
        "requests": sum(sum(1 for _ in slices(operations, first_request)) for _, operations in parts),
    }


def _complete(con: duckdb.DuckDBPyConnection, profile: Profile, mapping: Mapping) -> None:
    """Stand temp views before the tables that lack columns of the profile: nothing was processed since it named them."""
    fields = {name: DUCKDB_TYPES[kind] for name, kind in profile.types.items()}
    wanted = {
        "worker_versions": fields,
        "withdrawn_versions": fields,
        "delivered": {leaf.column: "VARCHAR" for leaf in mapping.leaves},
        "delivered_before": {leaf.column: "VARCHAR" for leaf in mapping.leaves},
    }
    for table, columns in wanted.items():
        found = con.execute("select column_name from duckdb_columns() where table_name = ?", [table]).fetchall()
        missing = [name for name in columns if (name,) not in found]
        if missing:
            nulls = ", ".join(f"null::{columns[name]} as {quote(name)}" for name in missing)
            con.execute(f"create temp view {table} as select *, {nulls} from {quote(_database(con))}.main.{table}")


def _database(con: duckdb.DuckDBPyConnection) -> str:
    row = first(con, "select current_database()")
    return str(row[0]) if row else ""


def _diff(con: duckdb.DuckDBPyConnection, profile: Profile, target: str, journal: Journal) -> Mapping:
    """Temp table `differing`: what the plan would hold, with the decisions that no plan has taken over yet."""
    mapping = compile_mapping(profile)
    _complete(con, profile, mapping)
    _preview_moves(con, profile)
    for table in ("manifest_decisions", "withheld", "undos"):  # a read copy cannot be written to
        con.execute(f"create temp table {table} as from {quote(_database(con))}.main.{table}")
    decisions.take_over(con, journal)
    con.execute("create or replace temp table doubtful(person_number varchar, plan_no integer)")
    make_resend(con, target, dt.datetime.now(dt.UTC))
    differing = diff_sql(desired.desired_sql(profile, mapping), target, desired.moved_sql(mapping))
    con.execute(f"create or replace temp table differing as {differing}")
    return mapping


def _preview_moves(con: duckdb.DuckDBPyConnection, profile: Profile) -> None:
    """When the profile's rules of places have changed since the last run, stand a temp view before the ledger that has everybody
    where they say. A common name that is taken there is given another one only by the run."""
    if not find_moves(con, profile, today(con), in_scope(profile)):
        return
    con.execute(f"""
        create temp view identities as
        select i.* replace (coalesce(m.container, i.parent_distinguished_name) as parent_distinguished_name)
        from {quote(_database(con))}.main.identities i left join moving m using (person_number)
    """)


def moves(con: duckdb.DuckDBPyConnection, profile: Profile, target: str) -> list[Row]:
    """Accounts that the target has, and that would come into another container: how many go where, and why.

    Over temp table `differing`, whatever kind of operation carries the move. `cause` is `rules` when the profile changed,
    `worker` when the worker did, `date` when days passed since somebody left.
    """
    mapping = compile_mapping(profile)
    leaves = desired.carriers(mapping, "parent_distinguished_name")
    if not leaves:
        return []
    place = quote(leaves[0].column)
    return rows(
        con,
        f"""with causes as (
            select person_number, cause from former_places
            qualify row_number() over (partition by person_number order by until desc) = 1)
        select x.{place} as "from", d.{place} as "to", coalesce(m.cause, c.cause, 'worker') as cause, count(*) as accounts
        from differing d join delivered x on x.target = ? and x.person_number = d.person_number
        left join moving m on m.person_number = d.person_number left join causes c on c.person_number = d.person_number
        where {key_sql(f"x.{place}")} is distinct from {key_sql(f"d.{place}")}
        group by all order by accounts desc, 1, 2, 3""",
        [target],
    )


def places_verdict(con: duckdb.DuckDBPyConnection, profile: Profile) -> list[Row]:
    """What the guard of containers would say: nothing when no directory tells its containers, or no rule names one."""
    day = today(con)
    if not places(profile, day) or not first(con, "select 1 from directory_objects where kind = 'container' limit 1"):
        return []
    unknown = [f"{rule.setting} is {rule.container}" for rule in unknown_places(con, profile, day)]
    why = (
        f"not in the directory: {'; '.join(unknown)}"
        if unknown
        else "the directory has every container that the profile names"
    )
    return [{"guard": "placement", "verdict": "stopped" if unknown else "passed", "why": why}]


def worker_plan(
    con: duckdb.DuckDBPyConnection, profile: Profile, target: str, number: str, journal: Journal
) -> Row | None:
    """What would be sent for one worker: kind, attribute by attribute old and new, and the exact SCIM user.

    `held_for` says what a person decides about before it goes out, if anything.
    """
    mapping = _diff(con, profile, target, journal)
    undo.make(con, mapping, target, "select * from differing")
    found = rows(con, "select *, 'undo' as held_for from undo_operations where person_number = ?", [number]) or rows(
        con, "select *, null as held_for from differing where person_number = ?", [number]
    )
    if not found:
        return None
    (new,) = found
    source = "undo_operations" if new["held_for"] else "differing"
    if new["held_for"] is None:
        day = first(con, "select max(business_date) from days where status = 'done'") or (dt.date.max,)
        guards.judge(con, profile, mapping, target, day[0], "select * from differing")
        new["held_for"] = (first(con, "select held_for from held_back where person_number = ?", [number]) or (None,))[0]
    old = (rows(con, "select * from delivered where target = ? and person_number = ?", [target, number]) or [{}])[0]
    payload = first(con, f"select {mapping.user_json} from {source} where person_number = ?", [number])
    attributes = [
        {"attribute": leaf.column, "from": leaf.origin, "old": old.get(leaf.column), "new": new[leaf.column]}
        for leaf in mapping.leaves
        if not old or old.get(leaf.column) != new[leaf.column]
    ]
    return {
        "person_number": number,
        "kind": new["kind"],
        "held_for": new["held_for"],
        "attributes": attributes,
        "payload": payload and payload[0],
    }


def identity(con: duckdb.DuckDBPyConnection, number: str) -> dict[str, Any] | None:
    """What the ledger holds for a worker."""
    found = rows(
        con,
        f"""select {", ".join(f"i.{column}" for column in IDENTITY_COLUMNS)}, {PROXY_ADDRESSES} as proxy_addresses, status,
            given_on, released_on, upn_rule, sam_rule, cn_rule, placed_by, placed_on
        from identities i left join ({ALIASES}) a using (person_number) where person_number = ?""",
        [number],
    )
    taken = rows(
        con,
        """select person_number, successor, taken_on, decided_by, decided_at from successions
        where person_number = ? or successor = ?""",
        [number, number],
    )
    if not found and not taken:
        return None
    former = rows(
        con, "select attribute, name, reason, until from former_names where person_number = ? order by 4, 1", [number]
    )
    places_before = rows(
        con,
        """select parent_distinguished_name, common_name, until, cause from former_places where person_number = ?
        order by until, parent_distinguished_name""",
        [number],
    )
    return {**(found[0] if found else {}), "former": former, "former_places": places_before, "successions": taken}


def _kinds(con: duckdb.DuckDBPyConnection, profile: Profile, number: str, limit: dt.date) -> list[Row]:
    """What every change of one worker is called, and the rule that says so."""
    told = f"(select *, {scope_sql(profile)} as in_scope from worker_versions where person_number = $number)"
    at_first = first_kind_sql("n.life_stage", lambda rule: rule.why)
    why = kind_sql(profile, "c.attributes", "b", "n", lambda rule: rule.why)
    return rows(
        con,
        f"""select c.business_date, c.kind, if(c.before_from is null, {at_first}, {why}) as why
        from (select *, exists (from worker_versions w where w.person_number = $number and w.valid_from < c.before_from
                and w.life_stage in ('active', 'on_leave')) as been from changes c where person_number = $number) c
        join {told} n on n.valid_from = c.business_date left join {told} b on b.valid_from = c.before_from
        where c.business_date <= $limit order by 1""",
        {"number": number, "limit": limit},
    )


def trace(
    con: duckdb.DuckDBPyConnection, profile: Profile, number: str, date: dt.date | None, known_on: dt.date | None = None
) -> Row:
    """One worker's story: versions with file, row and column, changes, quarantine, names, operations and outcomes.

    With `known_on`, the version is that of `date` by what was known at the end of that day.
    """
    _complete(con, profile, compile_mapping(profile))
    names = list(profile.columns)
    fields = ", ".join(f"v.{quote(name)}" for name in names)
    made = "v.life_stage, v.status_active, v.next_at, v.known_from, e.landed_at, e.source"
    versions = (
        rows(
            con,
            f"""select v.valid_from, v.valid_to, e.name as file, e.sha256 as extract_sha256, v.row_no, {made}, {fields}
        from worker_versions v join extracts e using (extract_id)
        where v.person_number = ? and (?::date is null or (v.valid_from <= ? and coalesce(v.valid_to, date '9999-12-31') > ?))
        order by v.valid_from""",
            [number, date, date, date],
        )
        if known_on is None
        else rows(
            con,
            f"""select v.valid_from, null as valid_to, e.name as file, e.sha256 as extract_sha256, v.row_no,
            {made.replace("v.next_at", "null as next_at")}, {fields}
        from believed(?::date, ?::date) v join extracts e using (extract_id) where v.person_number = ?""",
            [date or known_on, known_on, number],
        )
    )
    withdrawn = rows(
        con,
        """select v.valid_from, e.name as file, v.row_no, v.life_stage, v.known_from, v.known_to
        from withdrawn_versions v join extracts e using (extract_id) where v.person_number = ? order by v.known_to, v.valid_from""",
        [number],
    )
    becomes: dict[str, list[str]] = {}
    for leaf in compile_mapping(profile).leaves:
        becomes.setdefault("manager" if leaf.origin == "manager_external_id" else leaf.origin, []).append(leaf.column)
    for version in versions:
        columns = profile.columns_of(profile.source_of(version.pop("source")))
        version["values"] = [
            {
                "field": name,
                "column": columns[name].column,
                "value": version.pop(name),
                "becomes": becomes.get(name, []),
            }
            for name in names
        ]
    limit = date or dt.date(9999, 12, 31)
    return {
        "person_number": number,
        "versions": versions,
        "withdrawn": withdrawn,
        "other_rows": rows(
            con,
            """select o.valid_from, o.valid_to, e.name as file, o.row_no from other_rows o join extracts e using (extract_id)
            where o.person_number = ? order by 1, 3, 4""",
            [number],
        ),
        "kinds": _kinds(con, profile, number, limit),
        "manager_warnings": rows(
            con,
            "select status, valid_from, valid_to from manager_warnings where person_number = ? order by 2",
            [number],
        ),
        "absences": rows(
            con, "select status, valid_from, valid_to from absences where person_number = ? order by 2", [number]
        ),
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
        "tried": explain(con, profile, number),
        "operations": rows(
            con,
            """select business_date, manifest_id, request_no, op_no, kind, state, accepted_at, action, reference,
                error_code, failure_class, reason, advice, mend, attempts, next_try_at, logged_at
            from receipts where person_number = ? and business_date <= ? order by accepted_at nulls last, business_date""",
            [number, limit],
        ),
    }
