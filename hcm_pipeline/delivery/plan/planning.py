"""The plan: desired minus delivered, written as manifests.

What is sent is never the raw delta of two extracts: reruns, failures, backfills and a service that lost something need no
case of their own, because each plan is the difference between what should be and what the service took.

A plan makes one manifest of all that no guard stopped, and one of each kind of operation that a guard stopped, held until a
person decides. What is left, unchanged, of one that was approved and whose upload has begun is a manifest of its own and needs
no second word: a load larger than the quota goes on by itself. No worker is in two of them, and a newer plan takes the place of
all that an older one left unsent: in whatever order they are approved and uploaded, no version of a worker follows a newer one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import orjson
import pyarrow as pa

from hcm_pipeline.delivery.manifest import (
    BULK_FILE,
    OPERATIONS_PER_REQUEST,
    PLAN_FILE,
    ExtractOf,
    Manifest,
    folder_of,
    read_manifest,
    write_durably,
    write_manifest,
)
from hcm_pipeline.delivery.plan import decisions, guards, order, staleness, summary, undo
from hcm_pipeline.delivery.plan.canary import first_request
from hcm_pipeline.delivery.plan.guards import Verdict
from hcm_pipeline.delivery.plan.resend import make_resend
from hcm_pipeline.delivery.send.batches import request_sql, slices
from hcm_pipeline.delivery.state import WAITING, DeliveryState, ManifestState, SentMeanwhile
from hcm_pipeline.delivery.state.journal_sync import find_doubtful, sync
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.home import Home, private
from hcm_pipeline.profile import LoadedProfile
from hcm_pipeline.targets.entra import desired
from hcm_pipeline.targets.entra.scim_mapping import Mapping
from hcm_pipeline.targets.entra.scim_schema import BULK_REQUEST
from hcm_pipeline.warehouse import first, literal, scratch

Progress = Callable[[str], None]
HEAD = b'{"schemas":["' + BULK_REQUEST.encode() + b'"],"Operations":['
TAIL = b'],"failOnErrors":null}\n'
KINDS = ("disable", "enable", "create", "rename", "move", "update", "retry")
"""Operations in the order of sending: who left first."""
CHUNK_REQUESTS = 1000
"""Requests rendered at once: some 50 MB of JSON outside DuckDB's own limit."""


@dataclass(frozen=True)
class Plan:
    """What would be sent. `counts` are operations by kind, held ones among them.

    `manifest` and `plan_no` are those of what no guard stopped, None when nothing of that kind is to send. `held` are the
    manifests that wait for a person's word, `approved` those of which a person has approved what an earlier one left.
    `withheld` counts workers whom a rejection or an undo keeps out, by reason. `superseded` are the manifests whose place this
    plan takes. `left_out` says, by the manifest that is undone, of how many workers nothing is put back, and why (see
    `undo.make`).
    """

    business_date: dt.date
    target: str
    desired: int
    counts: dict[str, int] = field(default_factory=dict)
    manifest: Manifest | None = None
    plan_no: int | None = None
    held: tuple[Manifest, ...] = ()
    approved: tuple[Manifest, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    withheld: dict[str, int] = field(default_factory=dict)
    superseded: tuple[str, ...] = ()
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """All of them, the free one first."""
        return ((self.manifest,) if self.manifest else ()) + self.approved + self.held


@dataclass(frozen=True)
class Part:
    """The operations of one manifest: rows of `planned` with this number."""

    plan_no: int
    held_for: str | None
    counts: dict[str, int]
    undoes: str | None = None
    rest_of: str | None = None
    """The manifest that a person approved and of which this is what is left."""


def diff_sql(profile_sql: str, target: str, moved: str) -> str:
    """SELECT: person_number, every mapped value, digest and `kind` for everyone whom the target does not have as desired.

    Whoever is withheld is left out. `moved` is `desired.moved_sql`.
    """
    return f"""
        select d.*, case
            when x.person_number is null then 'create'
            when x.active = 'true' and d.active = 'false' then 'disable'
            when x.active = 'false' and d.active = 'true' then 'enable'
            when x.digest = d.digest then 'retry'
            when x."userName" is distinct from d."userName" then 'rename'
            when {moved} then 'move'
            else 'update' end as kind
        from ({profile_sql}) d
        left join delivered x on x.target = {literal(target)} and x.person_number = d.person_number
        left join resend r on r.person_number = d.person_number
        left join doubtful f on f.person_number = d.person_number
        left join withheld w on w.target = {literal(target)} and w.person_number = d.person_number and w.digest = d.digest
        where w.person_number is null
        and (x.person_number is null or x.digest <> d.digest or r.person_number is not null or f.plan_no >= x.plan_no)
    """


def make_plan(
    con: duckdb.DuckDBPyConnection, home: Home, loaded: LoadedProfile, journal: DeliveryState, target: str,
    now: dt.datetime, progress: Progress,
) -> Plan | None:  # fmt: skip
    """Plan for the newest snapshot; the manifests are on disk and registered at the end.

    Returns None when no business date was processed yet. A crash at any point leaves either no manifest or those that the
    same call makes again under the same ids. Raises SentMeanwhile when an upload keeps sending while it plans.
    """
    attempts = 3
    while True:
        try:
            return _Planning(con, home, loaded, journal, target, now, progress).plan()
        except SentMeanwhile:
            attempts -= 1
            if not attempts:
                raise


class _Planning:
    """One plan for one target."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, home: Home, loaded: LoadedProfile, journal: DeliveryState, target: str,
        now: dt.datetime, progress: Progress,
    ) -> None:  # fmt: skip
        self._con = con
        self._home = home
        self._loaded = loaded
        self._journal = journal
        self._target = target
        self._now = now
        self._progress = progress

    def plan(self) -> Plan | None:
        con, target = self._con, self._target
        self._mapping = desired.prepare(con, self._loaded.profile)
        row = first(
            con, "select business_date, state from days where status = 'done' order by business_date desc limit 1"
        )
        if row is None:
            return None
        self._day, self._state = row
        self._first_request = first_request(self._journal, self._loaded, target)
        seen = self._journal.last_send(target)
        waiting = [m for m in self._journal.manifests(*WAITING) if m.target == target]
        self._going_on = [found for m in waiting if (found := self._readable(m.folder))]
        self._begun = {m.manifest_id: m for m in self._journal.begun_approved(target) if m.held_for != undo.UNDO}
        con.begin()
        try:
            made, parts, rest_of = self._inside()
            con.commit()
        except BaseException:
            con.rollback()
            raise
        self._journal.register_plan(target, parts, planned_after=seen, rest_of=rest_of)
        superseded = {m.manifest_id for m in waiting} - {manifest.manifest_id for manifest, _ in parts}
        return replace(made, superseded=tuple(sorted(superseded)))

    def _inside(self) -> tuple[Plan, list[tuple[Manifest, Path]], dict[str, str]]:
        """What happens in one transaction; the plan, its manifests with their folders, and what each of them is the rest of."""
        con, target, profile = self._con, self._target, self._loaded.profile
        # in this order: a request accepted in between is then known twice, and never not at all
        with scratch(con) as t:
            doubtful = find_doubtful(t, self._journal, target)
            con.execute(f"create or replace temp table doubtful as from {doubtful}")
            sync(t, self._journal)
        decisions.take_over(con, self._journal)
        make_resend(con, target, self._now)
        undo.forget_old(con, self._now, profile.guards.undo_days)
        number = self._next_number()
        self._progress(f"{self._day}: comparing what should be with what the service has")
        wanted = desired.desired_sql(profile, self._mapping, target)
        decisions.forget_changed(con, wanted, target)
        con.execute(
            f"create or replace temp table differing as {diff_sql(wanted, target, desired.moved_sql(self._mapping))}"
        )
        order.arrange(con, profile.delivery, KINDS, target, "differing", self._day, self._now)
        self._fill(number, "select * from differing")
        con.execute("drop table differing")
        planned = f"select * from planned where plan_no = {number}"
        left_out = undo.make(con, self._mapping, target, planned)
        undo.close_done(con, target)
        self._find_rests(number)
        ordinary = f"""{planned} and person_number not in (select person_number from undo_operations)
            and person_number not in (select person_number from rests)"""
        verdicts = guards.judge(con, profile, self._mapping, target, self._day, ordinary)
        guards.record(con, verdicts, target, number, self._now)
        parts = self._split(number)
        manifests = [(part, self._write(part, verdicts, left_out)) for part in parts]
        numbers = {manifest.manifest_id: self._enter(part, manifest) for part, manifest in manifests}
        con.execute(
            "insert or replace into newest_plans values (?, ?, ?, ?, ?)",
            [target, self._day, self._state, list(numbers), self._now],
        )
        free = next((manifest for part, manifest in manifests if part.held_for is None), None)
        counts = sum((Counter(part.counts) for part in parts), Counter[str]())
        made = Plan(
            business_date=self._day, target=target, desired=self._in_scope(), counts=dict(sorted(counts.items())),
            manifest=free, plan_no=numbers[free.manifest_id] if free else None,
            held=tuple(m for part, m in manifests if part.held_for is not None and part.rest_of is None),
            approved=tuple(m for part, m in manifests if part.rest_of is not None),
            verdicts=tuple(verdicts), withheld=decisions.withheld(con, target), left_out=left_out,
        )  # fmt: skip
        folders = [folder_of(self._home.manifests, manifest).relative_to(self._home.path) for _, manifest in manifests]
        placed = [(manifest, folder) for (_, manifest), folder in zip(manifests, folders, strict=True)]
        return made, placed, {manifest.manifest_id: part.rest_of for part, manifest in manifests if part.rest_of}

    # --- operations

    def _next_number(self) -> int:
        """The number of the plan's first manifest; what `planned` holds of manifests that are closed is dropped."""
        states = (*WAITING, ManifestState.REJECTED)
        kept = [m.manifest_id for m in self._journal.manifests(*states) if m.target == self._target and m.newest]
        self._con.execute(
            """delete from planned where plan_no not in
            (select plan_no from manifests where target <> ? or list_contains(?::varchar[], manifest_id))""",
            [self._target, kept],
        )
        row = first(self._con, "select coalesce(max(plan_no), 0) + 1 from manifests")
        return int(row[0]) if row else 1

    def _fill(self, number: int, operations: str, *, held: bool = False) -> None:
        """Put operations into `planned` under a number, in the order of sending.

        `operations` is a SELECT of person_number, kind, digest, basis and every mapped value. Held ones keep their order from
        day to day.
        """
        place = "steady_place" if held else "place"
        by = f"{place} nulls last, person_number"
        # numbered as they come out of one sort of wide rows, which takes two thirds of the time that a window over them takes
        self._con.execute(f"""
            insert into planned by name
            select {number} as plan_no, row_number() over () - 1 as position, * from (
                select o.* from ({operations}) o left join sending_order s using (person_number) order by {by})
        """)
        numbered = f"""select position, row_number() over (order by {by}) - 1 as place
            from planned left join sending_order using (person_number) where plan_no = {number}"""
        if first(self._con, f"select 1 from ({numbered}) where position <> place limit 1"):
            raise PipelineError("the warehouse numbered operations out of order; nothing was planned")

    def _find_rests(self, number: int) -> None:
        """Make temp table `rests(person_number, rest_of)`: whose operation is one that a person has approved, of the same kind and
        content, in a manifest whose upload has begun."""
        self._con.execute("create or replace temp table rests(person_number varchar, rest_of varchar)")
        if self._begun:
            self._con.execute(
                """insert into rests
                select p.person_number, min(m.manifest_id) from planned p
                join operations o on o.person_number = p.person_number and o.digest = p.digest and o.kind = p.kind
                join manifests m on m.plan_no = o.plan_no and list_contains(?::varchar[], m.manifest_id)
                where p.plan_no = ? and p.person_number not in (select person_number from undo_operations) group by 1""",
                [list(self._begun), number],
            )

    def _part(self, number: int, held_for: str | None, undoes: str | None = None, rest_of: str | None = None) -> Part:
        counts = self._con.execute(
            "select kind, count(*) from planned where plan_no = ? group by 1 order by 1", [number]
        ).fetchall()
        return Part(number, held_for, dict(counts), undoes, rest_of)

    def _split(self, number: int) -> list[Part]:
        """The plan's manifests: what is free, what is left of approved ones, what is held for each kind of operation, and what
        each undo puts back."""
        con = self._con
        found = con.execute("select distinct held_for from held_back").fetchall()
        kinds = sorted((kind for (kind,) in found), key=guards.HELD_FOR.index)
        undone = undo.wanted(con)
        rests = [former for (former,) in con.execute("select distinct rest_of from rests order by 1").fetchall()]
        if not kinds and not undone and not rests:
            free = self._part(number, None)
            return [free] if free.counts else []
        con.execute(
            """create or replace temp table whole as
            select p.* exclude (plan_no, position), h.held_for, r.rest_of from planned p
            left join held_back h using (person_number) left join rests r using (person_number)
            anti join undo_operations using (person_number) where plan_no = ?""",
            [number],
        )
        con.execute("delete from planned where plan_no = ?", [number])
        plain = "select * exclude (held_for, rest_of) from whole where"
        sources: list[tuple[str | None, str | None, str | None, str]] = [
            (kind, None, None, f"{plain} rest_of is null and held_for is not distinct from {_sql(kind)}")
            for kind in (None, *kinds)
        ]
        sources += [(self._begun[each].held_for, None, each, f"{plain} rest_of = {_sql(each)}") for each in rests]
        sources += [
            (undo.UNDO, each, None, f"select * exclude (undoes) from undo_operations where undoes = {_sql(each)}")
            for each in undone
        ]
        parts = []
        for held_for, undoes, rest_of, source in sources:
            self._fill(number, source, held=held_for is not None)
            part = self._part(number, held_for, undoes, rest_of)
            if part.counts:
                parts.append(part)
                number += 1
        con.execute("drop table whole")
        return parts

    def _in_scope(self) -> int:
        row = first(self._con, f"select count(*) from {desired.context_sql(self._loaded.profile)}")
        return int(row[0]) if row else 0

    # --- manifests

    def _readable(self, folder: Path) -> Manifest | None:
        """A manifest that waits, None when its file is no longer what it was: another is written then."""
        try:
            return read_manifest(self._home.path / folder)
        except PipelineError:
            return None

    def _write(self, part: Part, verdicts: Sequence[Verdict], left_out: dict[str, dict[str, int]]) -> Manifest:
        """Write a manifest's folder, complete or not at all; one that waits and says the same goes on instead."""
        con, home, operations = self._con, self._home, sum(part.counts.values())
        half = home.scratch / f"manifest-{os.getpid()}"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o700)
        digest, size, written = hashlib.sha256(), 0, 0
        with open(private(half / BULK_FILE), "wb", buffering=1 << 20) as out:
            for body in _bodies(con, operation_sql(self._mapping, part.plan_no), operations, self._first_request):
                digest.update(body)
                size += out.write(body)
                written += 1
                if written % 100 == 0:
                    self._progress(f"writing request {written:,} of a manifest of {operations:,} operations")
            out.flush()
            os.fsync(out.fileno())
        numbers = f"select * from planned where plan_no = {part.plan_no}"
        about = orjson.dumps(
            {
                "business_date": self._day,
                "held_for": part.held_for,
                "undoes": part.undoes,
                "rest_of": part.rest_of,
                "operations": part.counts,
                "requests": written,
                "attributes": summary.attributes(con, self._mapping, self._target, numbers),
                "guards": [v.as_row() for v in verdicts if _about(v, part)],
                "left_out": left_out.get(part.undoes or "", {}),
                "withheld": decisions.withheld(con, self._target),
            },
            option=orjson.OPT_INDENT_2,
        )
        write_durably(half / PLAN_FILE, about)
        extracts = con.execute(
            """select sha256, source, name, business_date from extracts
            where extract_id in (select distinct v.extract_id from worker_versions v join planned p using (person_number)
                where v.valid_to is null and p.plan_no = ?) order by extract_id""",
            [part.plan_no],
        ).fetchall()
        manifest = self._or_going_on(Manifest.seal(
            business_date=self._day, target=self._target, profile=self._loaded.profile.name,
            previous=self._journal.last_sent(self._target), requests=written, operations=operations,
            bulk_sha256=digest.hexdigest(), bulk_bytes=size, counts=part.counts,
            inputs=staleness.of(con, self._loaded, self._state, self._target, part.plan_no),
            extracts=[ExtractOf(sha256=s, source=o, name=n, business_date=d) for s, o, n, d in extracts],
            held_for=part.held_for, undoes=part.undoes, plan_sha256=hashlib.sha256(about).hexdigest(),
        ))  # fmt: skip
        write_manifest(half, manifest)
        folder = folder_of(home.manifests, manifest)
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.exists():
            shutil.rmtree(half)  # planned before, byte for byte the same
        else:
            half.rename(folder)
        return manifest

    def _or_going_on(self, made: Manifest) -> Manifest:
        """The manifest that waits and says the same as the one made now, or else that one.

        An upload that was cut off goes on, and a decision is not thrown away, when nothing changed: what was sent meanwhile,
        and how the rest of the plan was judged, is no part of what a manifest says. A held one may be of an earlier business
        date: its bytes, its profile, its workers' names and what the target has of them are the same.
        """
        for waits in self._going_on:
            same: dict[str, Any] = {"previous": waits.previous, "plan_sha256": waits.plan_sha256}
            if made.held_for is not None:
                snapshot = {"snapshot": waits.inputs.get("snapshot", "")}
                same |= {"business_date": waits.business_date, "inputs": {**made.inputs, **snapshot}}
            if Manifest.seal(**{**dict(made), **same, "manifest_id": ""}) == waits:
                return waits
        return made

    def _enter(self, part: Part, manifest: Manifest) -> int:
        """Enter a manifest and its operations; returns its number, the old one when it was planned before."""
        con = self._con
        known = first(con, "select plan_no from manifests where manifest_id = ?", [manifest.manifest_id])
        if known:
            con.execute("delete from planned where plan_no = ?", [known[0]])
            con.execute("update planned set plan_no = ? where plan_no = ?", [known[0], part.plan_no])
            return int(known[0])
        con.execute(
            "insert into manifests values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [manifest.manifest_id, part.plan_no, manifest.business_date, manifest.target, manifest.requests,
             manifest.operations, self._now, manifest.held_for, manifest.undoes],
        )  # fmt: skip
        request, place = request_sql("position", self._first_request)
        con.execute(
            f"insert into operations select plan_no, {request}, {place}, person_number, kind, digest"
            " from planned where plan_no = ?",
            [part.plan_no],
        )
        return part.plan_no


def _about(verdict: Verdict, part: Part) -> bool:
    """Whether a verdict belongs to a manifest: those that hold it, and to the free one all that hold nothing."""
    if part.rest_of is not None:
        return False
    if part.held_for == guards.OTHERS:
        return verdict.tripped and not verdict.others_go_on
    return verdict.kind == part.held_for if verdict.tripped else part.held_for is None


def _sql(text: str | None) -> str:
    return "null" if text is None else literal(text)


def _bodies(
    con: duckdb.DuckDBPyConnection, query: str, operations: int, first_request: int = OPERATIONS_PER_REQUEST
) -> Iterator[bytes]:
    """The lines of `bulk.ndjson`: requests of 50 operations, made of rows (position, operation JSON and a comma).

    The text stays the UTF-8 bytes that DuckDB made: a request is one slice of an Arrow buffer, not fifty Python strings.
    """
    requests = list(slices(operations, first_request))
    for number in range(0, len(requests), CHUNK_REQUESTS):
        cuts = requests[number : number + CHUNK_REQUESTS]
        begin, end = cuts[0][0], cuts[-1][1]
        texts = _in_order(con, query, begin, end - begin)
        _, bounds, data = texts.buffers()
        ends = np.frombuffer(bounds, dtype=np.int64)[texts.offset : texts.offset + end - begin + 1]
        for start, stop in cuts:
            yield b"".join((HEAD, data[ends[start - begin] : ends[stop - begin] - 1].to_pybytes(), TAIL))


def _in_order(con: duckdb.DuckDBPyConnection, query: str, start: int, rows: int) -> pa.Array:
    """The texts of the positions from `start` on, in order: threads read row groups side by side, in no order of their own.

    Raises PipelineError when a position is missing or there twice.
    """
    table = con.sql(f"select * from ({query}) where position >= {start} and position < {start + rows}").to_arrow_table()
    positions = table.column(0).to_numpy()
    order = np.argsort(positions, kind="stable")
    if not np.array_equal(positions[order], np.arange(start, start + rows)):
        raise PipelineError("the warehouse did not return every planned operation once; nothing was planned")
    texts = table.column(1).cast(pa.large_string()).combine_chunks()
    return texts if np.array_equal(positions, positions[order]) else texts.take(pa.array(order))


def operation_sql(mapping: Mapping, plan_no: int) -> str:
    """SELECT: position, and JSON and a comma, of every operation of a plan, in no order.

    The bulkId is the person number and the beginning of the digest of what is sent: the same content has the same id,
    wherever and whenever it is planned.
    """
    return f"""
        select position, concat('{{"method":"POST","bulkId":',
            to_json(person_number || '-' || left(lpad(lower(hex(digest)), 32, '0'), 12))::varchar,
            ',"path":"/Users","data":', {mapping.user_json}, '}},')
        from planned where plan_no = {plan_no}
    """
