"""One business date: from staged rows to a new snapshot, its changes and its quarantine, in one transaction.

The steps are set-based SQL over temporary tables; the narrow table `keys` (where a row is, whose it is, what it says as a
digest) carries the decisions, and wide rows are read again only where they are needed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from hcm_pipeline.errors import GuardStop
from hcm_pipeline.profile import LoadedProfile
from hcm_pipeline.scim.mapping import DUCKDB_TYPES
from hcm_pipeline.sources import stage
from hcm_pipeline.warehouse import ensure_columns, literal, quote
from hcm_pipeline.workers.contract import Broken, broken_rules
from hcm_pipeline.workers.extracts import Extract, effective, of_day
from hcm_pipeline.workers.kinds import attributes_sql, kind_sql
from hcm_pipeline.workers.managers import find_warnings
from hcm_pipeline.workers.normalise import normalised_select

CHUNK_ROWS = 50_000
Progress = Callable[[str], None]
NO_STATE = "0" * 64
CURRENT = "(select * from worker_versions where valid_to is null)"


@dataclass(frozen=True)
class DayCounts:
    """What became of one business date; every number is a count of rows or workers."""

    business_date: dt.date
    state: str
    extracts: int = 0
    rows: int = 0
    collapsed: int = 0
    passed_over: int = 0
    quarantined: int = 0
    workers: int = 0
    absent: int = 0
    manager_warnings: int = 0
    identities_given: int = 0
    changes: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    unchanged: bool = False
    """The day had been processed before from the same inputs; nothing was done."""
    stopped: str | None = None
    """Why the day was stopped; the snapshot is then that of the day before."""


def prepare(con: duckdb.DuckDBPyConnection, loaded: LoadedProfile) -> None:
    """Give the tables of versions a column for every worker field."""
    ensure_columns(con, "worker_versions", {n: DUCKDB_TYPES[k] for n, k in loaded.profile.types.items()})


def state_before(con: duckdb.DuckDBPyConnection, day: dt.date) -> str:
    """The state of the latest processed date before `day`."""
    row = con.execute("select state from days where business_date < ? order by business_date desc limit 1", [day]).fetchone()
    return str(row[0]) if row else NO_STATE


def state_of(previous: str, day: dt.date, contract: str, extracts: list[Extract]) -> str:
    """What the snapshot of a day is made from, as one digest: a chain back to the first day."""
    text = "\n".join([previous, day.isoformat(), contract, *(e.sha256 for e in extracts)])
    return hashlib.sha256(text.encode()).hexdigest()


def days_to_rebuild(con: duckdb.DuckDBPyConnection, day: dt.date) -> list[dt.date]:
    """Processed dates after `day`, oldest first: what follows from it."""
    rows = con.execute("select business_date from days where business_date > ? order by 1", [day]).fetchall()
    return [date for (date,) in rows]


def is_current(con: duckdb.DuckDBPyConnection, loaded: LoadedProfile, day: dt.date) -> bool:
    """Whether `day` stands as its inputs would make it."""
    row = con.execute("select state, status from days where business_date = ?", [day]).fetchone()
    used, _ = effective(of_day(con, day))
    return row is not None and row[0] == state_of(state_before(con, day), day, loaded.sha256, used)


def rewind(con: duckdb.DuckDBPyConnection, day: dt.date) -> None:
    """Take back everything learnt on or after `day`. Names stay given: the ledger is for life."""
    for table in ("worker_versions", "manager_warnings", "absences"):
        con.execute(f"delete from {table} where valid_from >= ?", [day])
        con.execute(f"update {table} set valid_to = null where valid_to >= ?", [day])
    for table in ("changes", "quarantined_rows", "passed_over_rows", "days"):
        con.execute(f"delete from {table} where business_date >= ?", [day])
    con.execute("update extracts set status = 'landed' where business_date >= ?", [day])


def _count(con: duckdb.DuckDBPyConnection, query: str, values: list[object] | None = None) -> int:
    row = con.execute(query, values or []).fetchone()
    return int(row[0]) if row else 0


class Day:
    """The work on one business date. Create it outside a transaction: staging may fail and must not abort one."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, loaded: LoadedProfile, day: dt.date, extracts: Path, scratch: Path,
        progress: Progress,
    ) -> None:  # fmt: skip
        self.con, self.loaded, self.profile, self.day = con, loaded, loaded.profile, day
        self.progress = progress
        self.used, self.superseded = effective(of_day(con, day))
        self.records: dict[int, int] = {}
        sources = {source.name: source for source in self.profile.sources}
        parts = []
        con.execute(f"create or replace temp view known as {CURRENT}")
        for extract in self.used:
            progress(f"{day}: reading {extract.name}")
            table = f"raw_{extract.extract_id}"
            source = sources.get(extract.source, self.profile.sources[0])
            counts = stage(
                con, extract.stored(extracts), extract.shape, table, scratch,
                max_field_chars=source.max_field_chars, name=extract.name,
            )  # fmt: skip
            self.records[extract.extract_id] = counts.rows + counts.rejected
            parts.append(
                normalised_select(
                    self.profile, table, frozenset(extract.shape.header), extract.extract_id,
                    changes_only=extract.content == "changes-only", current="known",
                )
            )  # fmt: skip
        self.names = list(self.profile.columns)
        if parts:
            con.execute(f"create or replace temp view norm as {' union all by name '.join(f'({p})' for p in parts)}")

    def close(self) -> None:
        """Drop the temporary tables."""
        self.con.execute("drop view if exists norm")
        self.con.execute("drop view if exists known")
        for extract in self.used:
            for suffix in ("", "_rejects"):
                self.con.execute(f"drop table if exists temp.{quote(f'raw_{extract.extract_id}{suffix}')}")
        for name in ("keys", "repeated", "repeats", "passed", "contradicting", "suspects", "failures", "bad", "delta"):
            self.con.execute(f"drop table if exists temp.{name}")

    def apply(self) -> DayCounts:
        """Do the day inside the caller's transaction. Raises GuardStop (and nothing of the day is in the snapshot)."""
        con, day = self.con, self.day
        state = state_of(state_before(con, day), day, self.loaded.sha256, self.used)
        counts: dict[str, int] = {"extracts": len(self.used), "rows": sum(self.records.values())}
        changes: dict[str, int] = {}
        reasons: dict[str, int] = {}
        if self.used:
            counts["collapsed"], counts["passed_over"] = self._find_repeats()
            self.progress(f"{day}: checking {counts['rows']:,} rows against the contract")
            self._validate()
            counts["quarantined"] = self._quarantine()
            reasons = dict(
                con.execute(
                    """select rule || coalesce(' in ' || column_name, '') as reason, count(*) from quarantine_reasons
                    where business_date = ? group by 1 order by 2 desc, 1""",
                    [day],
                ).fetchall()
            )
            self._guard(counts["quarantined"], counts["rows"])
            self.progress(f"{day}: comparing with the snapshot before")
            changes = self._open_versions()
            if changes:
                find_warnings(con, "today")
                self._keep("manager_warnings")
            self._find_absent()
            self._mark("applied")
        counts["workers"] = _count(con, f"select count(*) from {CURRENT}")
        counts["absent"] = _count(con, "select count(*) from absences where valid_to is null")
        counts["manager_warnings"] = _count(con, "select count(*) from manager_warnings where valid_to is null")
        return DayCounts(day, state, **counts, changes=changes, reasons=reasons)

    def record(self, counts: DayCounts, now: dt.datetime) -> None:
        """Enter the day, done or stopped."""
        self.con.execute(
            "insert into days values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [counts.business_date, counts.state, self.loaded.sha256, counts.extracts, counts.rows, counts.collapsed,
             counts.passed_over, counts.quarantined, counts.workers, counts.absent, counts.manager_warnings,
             counts.identities_given, "stopped" if counts.stopped else "done", counts.stopped, now],
        )  # fmt: skip

    def stopped(self, stop: GuardStop) -> DayCounts:
        """In a transaction of its own: keep the quarantine of a stopped day, for people to look at."""
        con, day = self.con, self.day
        self._find_repeats()
        self._validate()
        quarantined = self._quarantine()
        self._mark("stopped")
        state = state_of(state_before(con, day), day, self.loaded.sha256, self.used)
        return DayCounts(
            day, state, extracts=len(self.used), rows=sum(self.records.values()), quarantined=quarantined,
            workers=_count(con, f"select count(*) from {CURRENT}"), stopped=str(stop),
        )  # fmt: skip

    # --- rows that speak for the same worker

    def _find_repeats(self) -> tuple[int, int]:
        """Fill `keys`, and decide among rows of one person number: (collapsed, passed over)."""
        con = self.con
        unreadable = " or ".join(
            ["control", *(quote(f"{n}__unreadable") for n in self.names if self.profile.types[n] != "string")]
        )
        con.execute(f"""
            create or replace temp table keys as
            select extract_id, row_no, person_number, digest, ({unreadable}) as unreadable from norm
        """)
        con.execute("""
            create or replace temp table repeated as
            select person_number from keys where person_number is not null group by 1 having count(*) > 1
        """)
        # identical rows: one is kept, the first of the file
        con.execute("""
            create or replace temp table repeats as
            select extract_id, row_no, person_number, unreadable,
                row_number() over (partition by person_number, digest, case when unreadable then row_no end
                    order by extract_id, row_no) as nth
            from keys where person_number in (from repeated)
        """)
        self._pick()
        con.execute("""
            create or replace temp table contradicting as
            select r.extract_id, r.row_no, r.person_number from repeats r
            where nth = 1 and not exists (from passed p where p.extract_id = r.extract_id and p.row_no = r.row_no)
            qualify count(*) over (partition by person_number) > 1
        """)
        collapsed = _count(con, "select count(*) from repeats where nth > 1")
        return collapsed, _count(con, "select count(*) from passed")

    def _pick(self) -> None:
        """Fill `passed`: rows that lose by the profile's ordered rules. A tie is no decision: nobody loses then."""
        self.con.execute("create or replace temp table passed(extract_id integer, row_no bigint, person_number varchar)")
        steps = []
        for step in self.profile.workers.pick:
            value = f"n.{quote(step.field)}"
            order = {"latest": f"{value} desc nulls last", "earliest": f"{value} asc nulls last"}.get(step.prefer)
            steps.append(order or f"({value}::varchar is not distinct from {literal(step.prefer)}) desc")
        if not steps:
            return
        self.con.execute(f"""
            insert into passed
            select extract_id, row_no, person_number from (
                select r.extract_id, r.row_no, r.person_number,
                    rank() over (partition by r.person_number order by {", ".join(steps)}) as place
                from repeats r join norm n using (extract_id, row_no) where r.nth = 1)
            qualify place > 1 and count(*) filter (place = 1) over (partition by person_number) = 1
        """)

    # --- the contract

    def _validate(self) -> None:
        """Fill `suspects` (rows that may not be known as good) and `failures` (the rules they break)."""
        con = self.con
        same_contract = _count(
            con,
            "select count(*) from (select contract from days where business_date < ? order by business_date desc limit 1) "
            "where contract = ?",
            [self.day, self.loaded.sha256],
        )
        known = "exists (from known c where c.person_number = k.person_number and c.digest = k.digest)"
        con.execute(f"""
            create or replace temp table suspects as
            select k.extract_id, k.row_no, k.person_number, k.digest from keys k
            where (k.unreadable or not ({known if same_contract else "false"})
                or exists (from contradicting x where x.extract_id = k.extract_id and x.row_no = k.row_no))
            and not exists (from repeats r where r.extract_id = k.extract_id and r.row_no = k.row_no and r.nth > 1)
            and not exists (from passed p where p.extract_id = k.extract_id and p.row_no = k.row_no)
            order by k.extract_id, k.row_no
        """)
        con.execute("""create or replace temp table failures(extract_id integer, row_no bigint, rule varchar,
            column_name varchar, value_class varchar, "value" varchar)""")
        for extract in self.used:
            bounds = con.execute(
                """select min(row_no), max(row_no) from (
                    select row_no, (row_number() over (order by row_no) - 1) // ? as chunk
                    from suspects where extract_id = ?) group by chunk order by 1""",
                [CHUNK_ROWS, extract.extract_id],
            ).fetchall()
            for low, high in bounds:
                self._validate_chunk(extract.extract_id, low, high)

    def _validate_chunk(self, extract_id: int, low: int, high: int) -> None:
        select = ["n.row_no", "n.control"]
        for name, spec in self.profile.columns.items():
            if self.profile.types[name] == "string":
                select.append(f"n.{quote(name)}")
                continue
            select.append(f"coalesce(n.{quote(name + '__text')}, n.{quote(name)}::varchar) as {quote(name)}")
            select.append(f"n.{quote(name + '__unreadable')}")
            if spec.required:
                blank = f"n.{quote(name)} is null and not n.{quote(name + '__unreadable')}"
                select.append(f"({blank}) as {quote(name + '__blank')}")
        query = f"""
            select {", ".join(select)} from norm n
            where n.extract_id = {extract_id} and n.row_no between {low} and {high} and n.row_no in
                (select row_no from suspects where extract_id = {extract_id} and row_no between {low} and {high})
        """
        frame = self.con.sql(query).to_arrow_table().to_pandas()
        broken = broken_rules(self.profile, frame)
        if broken:
            self._fail(extract_id, [int(n) for n in frame["row_no"].tolist()], broken)

    def _fail(self, extract_id: int, row_nos: list[int], broken: list[Broken]) -> None:
        columns = self.profile.columns
        table = pa.table({
            "extract_id": pa.array([extract_id] * len(broken), pa.int32()),
            "row_no": pa.array([row_nos[b.position] for b in broken], pa.int64()),
            "rule": pa.array([b.rule for b in broken], pa.string()),
            "column_name": pa.array([columns[b.field].column for b in broken], pa.string()),
            "value_class": pa.array([b.value_class for b in broken], pa.string()),
            "value": pa.array([b.value for b in broken], pa.string()),
        })  # fmt: skip
        self.con.register("broken_now", table)
        self.con.execute("insert into failures from broken_now")
        self.con.unregister("broken_now")

    # --- quarantine

    def _quarantine(self) -> int:
        """Write `quarantined_rows` and fill `bad`; the number of rows."""
        con = self.con
        number = self.profile.columns["person_number"].column
        con.execute(
            """insert into failures
            select extract_id, row_no, 'contradicts_another_row', ?, 'repeated person number', person_number
            from contradicting""",
            [number],
        )
        con.execute("""
            create or replace temp table bad as
            select f.extract_id, f.row_no, any_value(k.person_number) as person_number,
                list({'rule': rule, 'column_name': column_name, 'value_class': value_class, 'value': "value"}
                    order by rule, column_name) as broken
            from failures f join keys k using (extract_id, row_no) group by all
        """)
        for extract in self.used:
            raw = quote(f"raw_{extract.extract_id}")
            con.execute(
                f"""insert into quarantined_rows
                select ?, b.extract_id, b.row_no, b.person_number, b.broken,
                    (select to_json(r)::varchar from {raw} r where r.row_no = b.row_no)
                from bad b where b.extract_id = ?""",
                [self.day, extract.extract_id],
            )
            con.execute(
                f"""insert into quarantined_rows
                select ?, ?, row_no, null,
                    [{{'rule': rule, 'column_name': column_name, 'value_class': value_class, 'value': null}}], raw
                from {quote(f"raw_{extract.extract_id}_rejects")}""",
                [self.day, extract.extract_id],
            )
        con.execute("insert into passed_over_rows select ?, extract_id, row_no, person_number from passed", [self.day])
        return _count(con, "select count(*) from quarantined_rows where business_date = ?", [self.day])

    def _guard(self, quarantined: int, rows: int) -> None:
        limit = self.profile.workers.quarantine_limit
        if quarantined >= limit.at_least and quarantined * 100 > limit.percent * rows:
            raise GuardStop(
                f"{self.day}: {quarantined:,} of {rows:,} rows break a rule, more than the {limit.percent:g} % that "
                "workers.quarantine_limit allows; nothing was applied or planned. Correct the extract, or the limit"
            )

    # --- the snapshot

    def _open_versions(self) -> dict[str, int]:
        """Close and open versions for accepted rows that differ; changes by kind."""
        con, day = self.con, self.day
        attributes = attributes_sql(self.names, "c", "n")
        con.execute(f"""
            create or replace temp table delta as
            select *, case
                when before_from is not null then kind_known
                when now_active then 'joiner' else 'former' end as kind
            from (
                select s.extract_id, s.row_no, s.person_number, s.digest, c.valid_from as before_from,
                    n.active as now_active,
                    case when c.person_number is null then []::varchar[] else {attributes} end as attributes,
                    case when c.person_number is not null then {kind_sql(attributes, "c", "n")} end as kind_known
                from suspects s join norm n using (extract_id, row_no)
                left join known c on c.person_number = s.person_number
                where not exists (from bad b where b.extract_id = s.extract_id and b.row_no = s.row_no))
            where before_from is null or len(attributes) > 0
        """)
        con.execute(
            """update worker_versions v set valid_to = ? from delta d
            where v.valid_to is null and v.person_number = d.person_number and d.before_from is not null""",
            [day],
        )
        names = ", ".join(quote(name) for name in self.names)
        con.execute(
            f"""insert into worker_versions by name
            select {names}, ?::date as valid_from, null::date as valid_to, n.digest, n.extract_id, n.row_no
            from norm n where exists (from delta d where d.extract_id = n.extract_id and d.row_no = n.row_no)""",
            [day],
        )
        con.execute(
            """insert into changes by name
            select ?::date as business_date, person_number, kind, attributes, before_from from delta""",
            [day],
        )
        return dict(con.execute("select kind, count(*) from delta group by 1 order by 1").fetchall())

    def _find_absent(self) -> None:
        """Workers of today's full sources whom today's files do not name: kept, and reported."""
        full = [e.source for e in self.used if e.content == "full"]
        self.con.execute(
            """create or replace temp table today as
            select v.person_number, 'absent' as status from worker_versions v join extracts e using (extract_id)
            where v.valid_to is null and v.person_number not in (select person_number from keys where person_number is not null)
            and list_contains(?::varchar[], e.source)""",
            [full],
        )
        if full:
            self._keep("absences")
        self.con.execute("drop table if exists temp.today")

    def _keep(self, table: str) -> None:
        """Bring a table of dated facts up to `today(person_number, status)`."""
        self.con.execute(
            f"""update {table} t set valid_to = ? where valid_to is null and not exists
            (from today n where n.person_number = t.person_number and n.status = t.status)""",
            [self.day],
        )
        self.con.execute(
            f"""insert into {table} select person_number, status, ?, null from today n where not exists
            (from {table} t where t.valid_to is null and t.person_number = n.person_number and t.status = n.status)""",
            [self.day],
        )
        self.con.execute("drop table if exists temp.today")

    def _mark(self, status: str) -> None:
        for extract in self.used:
            self.con.execute(
                """update extracts set status = ?, "rows" = ?, quarantined = (select count(*) from quarantined_rows q
                where q.extract_id = extracts.extract_id and q.business_date = ?) where extract_id = ?""",
                [status, self.records[extract.extract_id], self.day, extract.extract_id],
            )
        for extract in self.superseded:
            self.con.execute("update extracts set status = 'superseded' where extract_id = ?", [extract.extract_id])
