"""One business date: from staged rows to a new snapshot, its changes and its quarantine, in one transaction.

The steps are set-based SQL over temporary tables: `repeats` decides among rows of one worker, `judge` puts what breaks the
contract into quarantine, `snapshot` opens versions for the rest.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from hcm_pipeline.errors import ExtractHeld, GuardStop
from hcm_pipeline.extracts import Extract, choose, groups, is_accepted
from hcm_pipeline.profile import LoadedProfile
from hcm_pipeline.warehouse import DUCKDB_TYPES, ensure_columns, first, quote
from hcm_pipeline.workers import completeness, deduplication, primary_assignment, snapshot, validation
from hcm_pipeline.workers.bitemporal import confirm, withdraw
from hcm_pipeline.workers.lifecycle import make_surroundings, moment_of
from hcm_pipeline.workers.snapshot import CURRENT, KNOWN, KNOWN_TODAY
from hcm_pipeline.workers.staged import Progress, Staged

NO_STATE = "0" * 64


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
    """Give the tables of versions a column for every worker field; let DuckDB insert in any order (half the time)."""
    con.execute("set preserve_insertion_order = false")
    for table in ("worker_versions", "other_rows", "withdrawn_versions"):
        ensure_columns(con, table, {n: DUCKDB_TYPES[k] for n, k in loaded.profile.types.items()})
    make_surroundings(con, loaded.profile.workers.life)


def state_before(con: duckdb.DuckDBPyConnection, day: dt.date) -> str:
    """The state of the latest date before `day` that was done; a stopped one left the snapshot as it was."""
    row = first(
        con,
        "select state from days where status = 'done' and business_date < ? order by business_date desc limit 1",
        [day],
    )
    return str(row[0]) if row else NO_STATE


def state_of(previous: str, day: dt.date, contract: str, extracts: list[Extract]) -> str:
    """What the snapshot of a day is made from, as one digest: a chain back to the first day."""
    text = "\n".join([previous, day.isoformat(), contract, *(e.sha256 for e in extracts)])
    return hashlib.sha256(text.encode()).hexdigest()


def days_to_rebuild(con: duckdb.DuckDBPyConnection, day: dt.date) -> list[dt.date]:
    """Processed dates after `day`, oldest first: what follows from it."""
    rows = con.execute("select business_date from days where business_date > ? order by 1", [day]).fetchall()
    return [date for (date,) in rows]


def is_current(con: duckdb.DuckDBPyConnection, loaded: LoadedProfile, day: dt.date, now: dt.datetime) -> bool:
    """Whether `day` stands as its inputs would make it. The newest day does not once somebody's moment has come since."""
    row = first(con, "select state from days where status = 'done' and business_date = ?", [day])
    used, _ = choose(con, loaded.profile, day)
    if row is None or row[0] != state_of(state_before(con, day), day, loaded.sha256, used):
        return False
    if first(con, "select 1 from days where status = 'done' and business_date > ? limit 1", [day]):
        return True
    moment = moment_of(day, now, loaded.profile.workers.life.zone)
    return first(con, "select 1 from worker_versions where valid_to is null and next_at <= ? limit 1", [moment]) is None


def rewind(con: duckdb.DuckDBPyConnection, day: dt.date, now: dt.datetime) -> None:
    """Take back everything learnt on or after `day`. Names stay given, for the ledger is for life, and what was believed until
    `now` stays known."""
    withdraw(con, day, now)
    for table in ("worker_versions", "other_rows", "manager_warnings", "absences"):
        con.execute(f"delete from {table} where valid_from >= ?", [day])
        con.execute(f"update {table} set valid_to = null where valid_to >= ?", [day])
    for table in ("changes", "quarantined_rows", "passed_over_rows", "days"):
        con.execute(f"delete from {table} where business_date >= ?", [day])
    con.execute("update extracts set status = 'landed' where status <> 'refused' and business_date >= ?", [day])


def _count(con: duckdb.DuckDBPyConnection, query: str, values: list[object] | None = None) -> int:
    row = first(con, query, values or [])
    return int(row[0]) if row else 0


class Day:
    """The work on one business date. Create it outside a transaction: staging may fail and must not abort one."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, loaded: LoadedProfile, day: dt.date, now: dt.datetime, extracts: Path, scratch: Path,
        progress: Progress,
    ) -> None:  # fmt: skip
        self.con, self.loaded, self.profile, self.day, self.now = con, loaded, loaded.profile, day, now
        self.zone = ZoneInfo(self.profile.workers.life.zone)
        self.moment = moment_of(day, now, self.profile.workers.life.zone)
        self.used, self.superseded = choose(con, loaded.profile, day)
        self.staged = Staged(con, loaded.profile, self.used)
        self.progress: Progress = lambda message: progress(f"{day}: {message}")
        con.execute(f"create or replace temp view known as {KNOWN}")
        con.execute(f"create or replace temp view known_by_key as {primary_assignment.known_by_key_sql(self.profile)}")
        self.staged.read(extracts, scratch, self.progress)

    def close(self) -> None:
        """Drop the temporary tables."""
        self.staged.close()
        for name in ("known_by_key", "known", *snapshot.VIEWS):
            self.con.execute(f"drop view if exists temp.{name}")
        for name in (*deduplication.TABLES, *primary_assignment.TABLES, *validation.TABLES, *snapshot.TABLES):
            self.con.execute(f"drop table if exists temp.{name}")

    def apply(self) -> DayCounts:
        """Do the day inside the caller's transaction. Raises GuardStop (and nothing of the day is in the snapshot)."""
        con, day = self.con, self.day
        state = self._state()
        counts: dict[str, Any] = {"extracts": len(self.used), "rows": sum(self.staged.records.values())}
        changes: dict[str, int] = {}
        reasons: dict[str, int] = {}
        self._require_whole()
        if self.used or (self.profile.workers.many_rows and primary_assignment.has_other_rows(self.staged)):
            self.progress(f"checking {counts['rows']:,} rows against the contract")
            counts |= self._judge()
            reasons = dict(
                con.execute(
                    """select rule || coalesce(' in ' || column_name, '') as reason, count(*) from quarantine_reasons
                    where business_date = ? group by 1 order by 2 desc, 1""",
                    [day],
                ).fetchall()
            )
            self._guard(counts["quarantined"], counts["rows"])
            snapshot.update_absences(self.staged, day)
        self.progress("comparing with the snapshot before")
        changes = snapshot.open_versions(self.staged, day, self.moment, self.now, rejudge=not self._same_contract())
        confirm(con, day)
        if changes:
            snapshot.update_warnings(con, day)
        self._mark("applied")
        counts["workers"] = _count(con, f"select count(*) from {CURRENT}")
        counts["absent"] = _count(con, "select count(*) from absences where valid_to is null")
        counts["manager_warnings"] = _count(con, "select count(*) from manager_warnings where valid_to is null")
        return DayCounts(day, state, **counts, changes=changes, reasons=reasons)

    def record(self, counts: DayCounts) -> None:
        """Enter the day, done or stopped. A day that was done before, and stops now, stands as it was."""
        self.con.execute(
            "insert or ignore into days values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [counts.business_date, counts.state, self.loaded.sha256, counts.extracts, counts.rows, counts.collapsed,
             counts.passed_over, counts.quarantined, counts.workers, counts.absent, counts.manager_warnings,
             counts.identities_given, "stopped" if counts.stopped else "done", counts.stopped, self.now, self.moment],
        )  # fmt: skip

    def stopped(self, stop: GuardStop) -> DayCounts:
        """In a transaction of its own: keep the quarantine of a stopped day, for people to look at, and nothing else."""
        numbers = [extract.extract_id for extract in self.used]
        for table in ("quarantined_rows", "passed_over_rows"):
            self.con.execute(
                f"delete from {table} where business_date = ? and list_contains(?::integer[], extract_id)",
                [self.day, numbers],
            )
        if isinstance(stop, ExtractHeld):
            self._enter_findings()
        counts = self._judge()
        self.con.execute("delete from days where business_date = ? and status = 'stopped'", [self.day])
        self.con.execute(
            """update extracts set status = 'stopped', reason = ? where status <> 'applied'
            and list_contains(?::integer[], extract_id)""",
            [str(stop), numbers],
        )
        return DayCounts(
            self.day, self._state(), extracts=len(self.used), rows=sum(self.staged.records.values()), **counts,
            workers=_count(self.con, f"select count(*) from {CURRENT}"), stopped=str(stop),
        )  # fmt: skip

    def _state(self) -> str:
        return state_of(state_before(self.con, self.day), self.day, self.loaded.sha256, self.used)

    def _same_contract(self) -> bool:
        """Whether the day before was judged by the same profile."""
        before = first(
            self.con,
            "select contract from days where status = 'done' and business_date < ? order by business_date desc limit 1",
            [self.day],
        )
        return before is not None and before[0] == self.loaded.sha256

    def _judge(self) -> dict[str, Any]:
        """Decide about every row; what is not in quarantine then is `suspects` without `bad`, or known as it is."""
        parts = groups(self.used)
        if self.profile.workers.many_rows and primary_assignment.has_other_rows(self.staged):
            parts.append([])  # whose rows are all known may be another one today
        if len(parts) == 1:
            return self._judge_part(self.staged)
        names = ", ".join(f"{quote(name)}" for name in [*self.profile.columns, "digest", "extract_id", "row_no"])
        self.con.execute(f"create or replace temp table gathered as select {names} from ({KNOWN}) limit 0")
        self.con.execute("create or replace temp table gathered_keys(person_number varchar)")
        counts = {"collapsed": 0, "passed_over": 0, "quarantined": 0}
        for part in parts:
            self.con.execute(f"create or replace temp view known as {KNOWN_TODAY}")
            staged = self.staged.of(part)
            judged = self._judge_part(staged)
            counts = {key: judged[key] + (counts[key] if key != "quarantined" else 0) for key in counts}
            self.staged.gather(staged)
        self.staged.take_gathered()
        self.con.execute(f"create or replace temp view known as {KNOWN}")
        return counts

    def _judge_part(self, staged: Staged) -> dict[str, Any]:
        same_contract = self._same_contract()
        staged.forget()
        if not same_contract:
            staged.keep()  # nothing is known as good: all rows are judged, and normalised once for all that follows
        collapsed, passed_over = deduplication.find_repeats(staged, self.day)
        validation.validate(staged, same_contract=same_contract)
        quarantined = validation.quarantine(staged, self.day)
        if self.profile.workers.many_rows:
            passed_over = _count(self.con, "select count(*) from passed")
            primary_assignment.promote(staged)
            primary_assignment.keep_others(staged, self.day)
        return {"collapsed": collapsed, "passed_over": passed_over, "quarantined": quarantined}

    def _require_whole(self) -> None:
        """Enter what speaks against each extract. Raises ExtractHeld where nobody has accepted it."""
        held = self._enter_findings()
        if held:
            extract, findings = held[0]
            more = f", and {len(held) - 1} more" if len(held) > 1 else ""
            raise ExtractHeld(
                f"{self.day}: {extract.name}{more} does not look whole: {'; '.join(f.message for f in findings)}. Nothing was "
                f"applied or planned. `hcm-pipeline extract accept {extract.sha256[:12]}` applies it as it is, `extract refuse` "
                "leaves it out"
            )

    def _enter_findings(self) -> list[tuple[Extract, list[completeness.Finding]]]:
        """Bring `extract_findings` up to date; the extracts that wait for a decision."""
        held = []
        for extract in self.used:
            findings = completeness.find(self.staged, extract, self.day, self.now.astimezone(self.zone).date())
            self.con.execute("delete from extract_findings where extract_id = ?", [extract.extract_id])
            for finding in findings:
                self.con.execute(
                    "insert into extract_findings values (?, ?, ?, ?)",
                    [extract.extract_id, finding.rule, finding.message, finding.detail],
                )
            if findings and not is_accepted(self.con, extract):
                held.append((extract, findings))
        return held

    def _guard(self, quarantined: int, rows: int) -> None:
        limit = self.profile.workers.quarantine_limit
        if all(is_accepted(self.con, extract) for extract in self.used):
            return
        if quarantined >= limit.at_least and quarantined * 100 > limit.percent * rows:
            raise GuardStop(
                f"{self.day}: {quarantined:,} of {rows:,} rows break a rule, more than the {limit.percent:g} % that "
                "workers.quarantine_limit allows; nothing was applied or planned. Correct the extract or the limit, or accept it "
                "with `hcm-pipeline extract accept`"
            )

    def _mark(self, status: str) -> None:
        for extract in self.used:
            self.con.execute(
                """update extracts set status = ?, reason = null, "rows" = ?, control_total = ?,
                quarantined = (select count(*) from quarantined_rows q
                where q.extract_id = extracts.extract_id and q.business_date = ?) where extract_id = ?""",
                [
                    status,
                    self.staged.records[extract.extract_id],
                    self.staged.totals.get(extract.extract_id),
                    self.day,
                    extract.extract_id,
                ],
            )
        for extract in self.superseded:
            self.con.execute("update extracts set status = 'superseded' where extract_id = ?", [extract.extract_id])
