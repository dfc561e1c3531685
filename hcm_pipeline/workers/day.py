"""One business date: from staged rows to a new snapshot, its changes and its quarantine, in one transaction.

The steps are set-based SQL over relations: `judging` decides about the rows (deduplication, contract, primary assignment),
`snapshot` compares what is accepted with what is known, and what they find is recorded in between.
"""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from zoneinfo import ZoneInfo

import duckdb

from hcm_pipeline.errors import ExtractHeld, GuardStop
from hcm_pipeline.extracts import Extract, choose, doubtful, groups, is_accepted, last_before, reference
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import LoadedProfile, QuarantineLimit
from hcm_pipeline.verdicts import Kind
from hcm_pipeline.warehouse import Relation, Scratch, first, literal, scratch, table
from hcm_pipeline.workers import completeness, snapshot
from hcm_pipeline.workers.absences import Rolls, absent_today, bring_up_to
from hcm_pipeline.workers.batch import Batch
from hcm_pipeline.workers.bitemporal import confirm
from hcm_pipeline.workers.held_back import over_sql
from hcm_pipeline.workers.held_cells import record_held
from hcm_pipeline.workers.judging import Accepted, accepted_of, gather, judge, nothing_gathered
from hcm_pipeline.workers.known import current_workers, known_today
from hcm_pipeline.workers.lifecycle import HERE, AsOf, moment_of
from hcm_pipeline.workers.managers import Newcomers, find_warnings, with_managers
from hcm_pipeline.workers.primary_assignment import has_other_rows
from hcm_pipeline.workers.processed import DayCounts, reasons_of, seen_on, state_before, state_of
from hcm_pipeline.workers.recognised import recognise_lines
from hcm_pipeline.workers.recording import record_other_rows, record_rows
from hcm_pipeline.workers.seen_names import seen_texts
from hcm_pipeline.workers.staged import Folders, Progress, Recognise, Staged, staged_extracts
from hcm_pipeline.workers.standing import say_again


def _count(con: duckdb.DuckDBPyConnection, query: str, values: list[object] | None = None) -> int:
    row = first(con, query, values or [])
    return int(row[0]) if row else 0


@dataclass(frozen=True)
class RowCounts:
    """The rows of a date that are not accepted: in quarantine, passed over by the rules, or collapsed into an equal one."""

    collapsed: int = 0
    passed_over: int = 0
    quarantined: int = 0


def over_quarantine_limit(limit: QuarantineLimit, quarantined: int, rows: int) -> bool:
    """Whether so many rows in quarantine stop a day."""
    return quarantined >= limit.at_least and quarantined * 100 > limit.percent * rows


class Day:
    """The work on one business date. Create it outside a transaction: staging may fail and must not abort one.

    Raises CannotBeRead for an extract that cannot be read, and HomeError for one whose copy is not what was delivered. `close` lets
    go of the staged rows.
    """

    def __init__(
        self, con: duckdb.DuckDBPyConnection, loaded: LoadedProfile, day: dt.date, now: dt.datetime, folders: Folders,
        progress: Progress,
    ) -> None:  # fmt: skip
        self.con, self.loaded, self.profile, self.day = con, loaded, loaded.profile, day
        self.as_of = AsOf(day, moment_of(day, now, self.profile.workers.life.zone), now)
        self.used, self.superseded = choose(con, loaded.profile, day)
        self._doubtful = doubtful(con, loaded.profile, day) if self.superseded else []
        self.progress: Progress = lambda message: progress(f"{day}: {message}")
        self._stack = ExitStack()
        wanted = {one.extract_id: one for one in [*self.used, *(each for pair in self._doubtful for each in pair)]}
        recognise = self._recognise() if len(wanted) == 1 else None
        staged = self._stack.enter_context(
            staged_extracts(con, self.profile, list(wanted.values()), folders, self.progress, recognise)
        )
        self._every = dict(zip(wanted, staged, strict=True))
        self.staged = staged[: len(self.used)]

    def _recognise(self) -> Recognise | None:
        """How rows of the only extract are recognised before they are read; None where other workers may be known, or in another
        way, when they are judged."""
        again = first(self.con, "select 1 from days where business_date >= ? limit 1", [self.day])
        if again or not self._same_contract() or self.used[0].content != "full":
            return None
        said = None if self.profile.workers.many_rows else self.day
        return partial(recognise_lines, self.profile, table(self.con, "worker_versions"), said)

    def close(self) -> None:
        """Drop the staged rows."""
        self._stack.close()

    @property
    def rows(self) -> int:
        """Data records of all files."""
        return sum(one.records for one in self.staged)

    def apply(self) -> DayCounts:
        """Do the day inside the caller's transaction. Raises GuardStop (and nothing of the day is in the snapshot)."""
        # what it makes inside the transaction goes with it, should it be rolled back
        with scratch(self.con) as t:
            return self._apply(t)

    def _apply(self, t: Scratch) -> DayCounts:
        state, rejudge = self._state(), not self._same_contract()
        before, other_rows = snapshot.known_now(t, self.profile), table(self.con, "other_rows")
        self._require_complete(t, before)
        counts, reasons = RowCounts(), dict[str, int]()
        if self.used or self._may_change_places(t, other_rows):
            self.progress(f"checking {counted(self.rows, 'row')} against the contract")
            accepted, counts = self._judge(t, before, other_rows, table(self.con, "held_cells"))
            reasons = reasons_of(self.con, self.day)
            self._require_few_quarantined(counts.quarantined)
            self._update_absences(t, accepted)
        else:
            accepted = accepted_of(t, nothing_gathered(t, self.profile, before.known))
        self.progress("comparing with the snapshot before")
        changed = snapshot.compare(t, self.profile, accepted, before, self.as_of, rejudge=rejudge)
        changes = snapshot.record_changes(t, self.profile, before, changed, self.as_of, rejudge=rejudge)
        confirm(t, self.day)
        if changes:
            self._update_warnings(t, changed, rejudge=rejudge)
        self._mark_applied()
        return DayCounts(
            self.day, state, extracts=len(self.used), rows=self.rows, **asdict(counts), workers=self._workers(),
            absent=_count(self.con, "select count(*) from absences where valid_to is null"),
            manager_warnings=_count(self.con, "select count(*) from manager_warnings where valid_to is null"),
            changes=changes, reasons=reasons,
        )  # fmt: skip

    def record(self, counts: DayCounts) -> None:
        """Enter the day, done or stopped. A day that was done before, and stops now, stands as it was."""
        self.con.execute(
            "insert or ignore into days values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [counts.business_date, counts.state, self.loaded.sha256, counts.extracts, counts.rows, counts.collapsed,
             counts.passed_over, counts.quarantined, counts.workers, counts.absent, counts.manager_warnings,
             counts.identities_given, "stopped" if counts.stopped else "done", counts.stopped, self.as_of.now, self.as_of.moment],
        )  # fmt: skip

    def stopped(self, stop: GuardStop) -> DayCounts:
        """In a transaction of its own: keep the quarantine of a stopped day, for people to look at, and nothing else."""
        numbers = [extract.extract_id for extract in self.used]
        for name in ("quarantined_rows", "passed_over_rows"):
            self.con.execute(
                f"delete from {name} where business_date = ? and list_contains(?::integer[], extract_id)",
                [self.day, numbers],
            )
        with scratch(self.con) as t:
            before = snapshot.known_now(t, self.profile)
            if isinstance(stop, ExtractHeld):
                numbers += [extract.extract_id for extract, _ in self._enter_findings(t, before)]
            # the rules decide over copies: what they decide against and hold back is not what the day before knew
            others = t.make("other_rows", "from other_rows where valid_to is null")
            accepted, counts = self._judge(
                t, before, others, t.make("held_cells", "from held_cells where valid_to is null")
            )
            self._enter_stopped_exits(t, before, accepted)
        self.con.execute("delete from days where business_date = ? and status = 'stopped'", [self.day])
        self.con.execute(
            """update extracts set status = 'stopped', reason = ? where status <> 'applied'
            and list_contains(?::integer[], extract_id)""",
            [str(stop), numbers],
        )
        return DayCounts(
            self.day, self._state(), extracts=len(self.used), rows=self.rows, **asdict(counts),
            workers=self._workers(), stopped=str(stop),
        )  # fmt: skip

    def _enter_stopped_exits(self, t: Scratch, before: snapshot.Before, accepted: Accepted) -> None:
        """Keep for people who would leave by this date, were it applied."""
        self.con.execute("delete from stopped_exits where business_date = ?", [self.day])
        here = ", ".join(map(literal, HERE))
        t.run(
            f"""insert into stopped_exits select distinct ?::date, person_number from {accepted.facts}
            semi join {accepted.rows} using (extract_id, row_no)
            where {over_sql(self.profile, self.day)}
            and person_number in (select person_number from {before.known.workers} where life_stage in ({here}))""",
            [self.day],
        )

    def _state(self) -> str:
        before, seen = state_before(self.con, self.day), seen_on(self.con, self.day)
        return state_of(before, self.day, self.loaded.sha256, self.used, seen)

    def _workers(self) -> int:
        return _count(self.con, "select count(*) from worker_versions where valid_to is null")

    def _same_contract(self) -> bool:
        """Whether the day before was judged by the same profile."""
        before = first(
            self.con,
            "select contract from days where status = 'done' and business_date < ? order by business_date desc limit 1",
            [self.day],
        )
        return before is not None and before[0] == self.loaded.sha256

    def _may_change_places(self, t: Scratch, other_rows: Relation) -> bool:
        """Whether another row of a worker may win today though no file says so."""
        return self.profile.workers.many_rows and has_other_rows(t, other_rows)

    def _judge(
        self, t: Scratch, before: snapshot.Before, other_rows: Relation, held: Relation
    ) -> tuple[Accepted, RowCounts]:
        """Decide about every row, and record those that are not accepted. Of files that speak one after the other, each is judged
        beside what is known and what those before it say."""
        parts = [self._staged(part) for part in groups(self.used)]
        if self._may_change_places(t, other_rows):
            parts.append(())  # whose rows are all known may be another one today
        seen = seen_texts(self.con)
        if len(parts) == 1:
            batch = Batch(self.profile, parts[0], before.known, seen=seen)
            accepted, counts = self._judge_batch(t, batch, other_rows, held)
            return accepted, self._with_quarantine(counts)
        gathered, total = nothing_gathered(t, self.profile, before.known), RowCounts()
        for part in parts:
            with scratch(self.con) as one:
                known = known_today(one, self.profile, before.known, gathered, other_rows)
                accepted, counts = self._judge_batch(one, Batch(self.profile, part, known, seen=seen), other_rows, held)
                gathered = gather(t, self.profile, gathered, accepted)
            total = RowCounts(total.collapsed + counts.collapsed, total.passed_over + counts.passed_over)
        return accepted_of(t, gathered), self._with_quarantine(total)

    def _judge_batch(
        self, t: Scratch, batch: Batch, other_rows: Relation, held: Relation
    ) -> tuple[Accepted, RowCounts]:
        of = t.view("of_held", f"select distinct person_number from {held} where valid_to is null")
        judged = judge(t, batch, other_rows, of, self.day, same_contract=self._same_contract())
        record_rows(t, self.day, batch.staged, judged)
        record_held(t, held, batch, judged, self.day)
        if judged.standing is not None:
            say_again(t, batch.staged[0], held, judged.standing, self.day)
        record_other_rows(t, self.profile, other_rows, judged, batch.known, self.day)
        return judged.accepted, RowCounts(judged.collapsed, t.count(judged.passed_over))

    def _with_quarantine(self, counts: RowCounts) -> RowCounts:
        """With the rows in quarantine, of which some could not even be staged."""
        quarantined = _count(self.con, "select count(*) from quarantined_rows where business_date = ?", [self.day])
        return RowCounts(counts.collapsed, counts.passed_over, quarantined)

    def _staged(self, part: list[Extract]) -> tuple[Staged, ...]:
        wanted = {extract.extract_id for extract in part}
        return tuple(one for one in self.staged if one.extract.extract_id in wanted)

    def _update_absences(self, t: Scratch, accepted: Accepted) -> None:
        full = [extract.source for extract in self.used if extract.content == "full"]
        if not full:
            return
        absences = table(self.con, "absences")
        rolls = Rolls(current_workers(t), absences, table(self.con, "extracts"))
        today = absent_today(
            t, rolls, accepted.named, full, self.day, self.profile.workers.life.missing_after, unnamed=accepted.unnamed
        )
        bring_up_to(t, absences, today, self.day)

    def _update_warnings(self, t: Scratch, changed: snapshot.Changed, *, rejudge: bool) -> None:
        """Bring `manager_warnings` up to the changes of the day: as long as nobody comes, and no manager changes, they stay."""
        by_number, warnings = self.profile.workers.manager_by == "person_number", table(self.con, "manager_warnings")
        only = None
        if by_number and not rejudge:
            other, new = (
                t.first(f"""select
                exists (from {changed.changes} where list_contains(attributes, 'manager')), exists (from {changed.new})""")
                or ()
            )
            if not other and not new:
                return
            if not other:
                before = t.view("warned_before", f"select person_number, status from {warnings} where valid_to is null")
                only = Newcomers(t.view("newcomers", f"select person_number from {changed.new}"), before)
        workers = with_managers(t, self.profile, current_workers(t))
        bring_up_to(t, warnings, find_warnings(t, workers, only), self.day)

    def _require_complete(self, t: Scratch, before: snapshot.Before) -> None:
        """Enter the findings against each extract. Raises ExtractHeld where nobody has accepted it."""
        held = self._enter_findings(t, before)
        if held:
            extract, findings = held[0]
            records = 1 if extract.description.records is None else extract.description.records
            more = f", and {len(held) - 1} more" if len(held) > 1 else ""
            told = reference(self.con, extract).replace(extract.sha256, extract.sha256[:12])
            part = ", with `--part` beside the others," if any(f.rule == "other_people" for f in findings) else ","
            raise ExtractHeld(
                f"{self.day}: {extract.name}{more} is held: {'; '.join(f.message for f in findings)}. Nothing was "
                f'applied or planned. `hcm-pipeline extract accept {told} {records} --why "..."` applies it as it is{part} '
                "`extract refuse` leaves it out"
            )

    def _enter_findings(self, t: Scratch, before: snapshot.Before) -> list[tuple[Extract, list[completeness.Finding]]]:
        """Bring `extract_findings` up to date; the extracts that wait for a decision."""
        held = []
        others = {one.extract_id: one for one, _ in self._doubtful}
        for extract in {**{one.extract_id: one for one in self.used}, **others}.values():
            findings = self._findings(t, before, self._every[extract.extract_id]) if extract in self.used else []
            findings += [
                finding
                for later, earlier in self._doubtful
                if later.extract_id == extract.extract_id and not self._settled(t, later, earlier)
                for finding in self._others(t, later, earlier)
            ]
            self.con.execute("delete from extract_findings where extract_id = ?", [extract.extract_id])
            for finding in findings:
                self.con.execute(
                    "insert into extract_findings values (?, ?, ?, ?)",
                    [extract.extract_id, finding.rule, finding.message, finding.detail],
                )
            if findings and not is_accepted(self.con, extract):
                held.append((extract, findings))
        return held

    def _settled(self, t: Scratch, later: Extract, earlier: Extract) -> bool:
        """Whether a full extract that is read in their place names the people of both, so that nobody is lost."""
        if later in self.used:
            return False
        last = [one for one in self.used if one.source == later.source and one.content == "full"][-1]
        return not self._others(t, last, later) and not self._others(t, last, earlier)

    def _others(self, t: Scratch, later: Extract, earlier: Extract) -> list[completeness.Finding]:
        return completeness.find_others(t, self.profile, self._every[later.extract_id], self._every[earlier.extract_id])

    def _findings(self, t: Scratch, before: snapshot.Before, staged: Staged) -> list[completeness.Finding]:
        today = self.as_of.now.astimezone(ZoneInfo(self.profile.workers.life.zone)).date()
        baseline = completeness.Baseline(
            extracts=table(self.con, "extracts"),
            known=before.known.workers,
            absent=t.view("absent", "select person_number from absences where valid_to is null"),
            last=last_before(self.con, staged.extract, self.day),
            replaced=self._replaced_by(staged.extract),
        )
        own = [one for one in self.staged if one.extract.source == staged.extract.source]
        return completeness.find(
            t, self.profile, staged, baseline, self.day, today,
            beside=[one for one in own if one is not staged], last=own[-1] is staged,
        )  # fmt: skip

    def _replaced_by(self, extract: Extract) -> list[int]:
        """The extracts of the date whose place this one takes, but for those that were held and that nobody has accepted."""
        numbers = [
            e.extract_id for e in self.superseded if e.source == extract.source and e.extract_id < extract.extract_id
        ]
        if not numbers:
            return []
        held = self.con.execute(
            """select extract_id from extract_findings where list_contains(?::integer[], extract_id)
            and extract_id not in (select extract_id from extract_decisions where decision <> 'refuse')""",
            [numbers],
        ).fetchall()
        return [number for number in numbers if (number,) not in held]

    def _require_few_quarantined(self, quarantined: int) -> None:
        """Raises GuardStop when more rows are in quarantine than the profile allows, and not all extracts were accepted."""
        limit = self.profile.workers.quarantine_limit
        if all(is_accepted(self.con, extract) for extract in self.used):
            return
        if over_quarantine_limit(limit, quarantined, self.rows):
            raise GuardStop(
                f"{self.day}: {quarantined:,} of {self.rows:,} rows break a rule, more than the {limit.percent:g} % that "
                "workers.quarantine_limit allows; nothing was applied or planned. Correct the extract or the limit, or accept it "
                "with `hcm-pipeline extract accept`",
                Kind.QUARANTINE,
            )

    def _mark_applied(self) -> None:
        for staged in self.staged:
            number = staged.extract.extract_id
            self.con.execute(
                """update extracts set status = 'applied', reason = null, "rows" = ?, control_total = ?,
                quarantined = (select count(*) from quarantined_rows q
                where q.extract_id = extracts.extract_id and q.business_date = ?) where extract_id = ?""",
                [staged.records, staged.total, self.day, number],
            )
        for extract in self.superseded:
            self.con.execute("update extracts set status = 'superseded' where extract_id = ?", [extract.extract_id])
