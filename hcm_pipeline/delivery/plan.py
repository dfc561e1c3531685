"""The plan: desired minus delivered, written as a manifest.

What is sent is never the raw delta of two extracts: reruns, failures, backfills and a service that lost something need no
case of their own, because each plan is the difference between what should be and what the service took.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import duckdb
import numpy as np
import pyarrow as pa

from hcm_pipeline.delivery import desired, settle
from hcm_pipeline.delivery.journal import Journal, SentMeanwhile
from hcm_pipeline.delivery.resend import make_resend
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.home import Home
from hcm_pipeline.profile import LoadedProfile
from hcm_pipeline.scim.manifest import (
    BULK_FILE,
    OPERATIONS_PER_REQUEST,
    ExtractOf,
    Manifest,
    folder_of,
    read_manifest,
    write_manifest,
)
from hcm_pipeline.scim.mapping import Mapping
from hcm_pipeline.scim.schema import BULK_REQUEST
from hcm_pipeline.warehouse import first, literal

Progress = Callable[[str], None]
HEAD = b'{"schemas":["' + BULK_REQUEST.encode() + b'"],"Operations":['
TAIL = b'],"failOnErrors":null}\n'
KINDS = ("disable", "enable", "create", "update", "retry")
"""Operations in the order of sending: who left first."""
CHUNK_OPERATIONS = OPERATIONS_PER_REQUEST * 1000
"""Operations rendered at once: some 50 MB of JSON outside DuckDB's own limit."""


@dataclass(frozen=True)
class Plan:
    """What would be sent. `manifest` is None when nothing is to send. `counts` are operations by kind."""

    business_date: dt.date
    target: str
    desired: int
    counts: dict[str, int] = field(default_factory=dict)
    manifest: Manifest | None = None
    plan_no: int | None = None


def diff_sql(profile_sql: str, target: str) -> str:
    """SELECT: person_number, every mapped value, digest and `kind` for everyone whom the target does not have as desired."""
    return f"""
        select d.*, case
            when x.person_number is null then 'create'
            when x.active = 'true' and d.active = 'false' then 'disable'
            when x.active = 'false' and d.active = 'true' then 'enable'
            when x.digest = d.digest then 'retry'
            else 'update' end as kind
        from ({profile_sql}) d
        left join delivered x on x.target = {literal(target)} and x.person_number = d.person_number
        left join resend r on r.person_number = d.person_number
        left join doubtful f on f.person_number = d.person_number
        where x.person_number is null or x.digest <> d.digest or r.person_number is not null or f.plan_no >= x.plan_no
    """


def make_plan(
    con: duckdb.DuckDBPyConnection, home: Home, loaded: LoadedProfile, journal: Journal, target: str,
    now: dt.datetime, progress: Progress,
) -> Plan | None:  # fmt: skip
    """Plan for the newest snapshot; the manifest is on disk and registered at the end.

    Returns None when no business date was processed yet. A crash at any point leaves either no manifest or one that the
    same call makes again under the same id. Raises SentMeanwhile when an upload keeps sending while it plans.
    """
    attempts = 3
    while True:
        try:
            return _plan_once(con, home, loaded, journal, target, now, progress)
        except SentMeanwhile:
            attempts -= 1
            if not attempts:
                raise


def _plan_once(
    con: duckdb.DuckDBPyConnection, home: Home, loaded: LoadedProfile, journal: Journal, target: str,
    now: dt.datetime, progress: Progress,
) -> Plan | None:  # fmt: skip
    mapping = desired.prepare(con, loaded.profile)
    row = first(con, "select business_date, state from days where status = 'done' order by business_date desc limit 1")
    if row is None:
        return None
    day, state = row
    seen = journal.last_send(target)
    con.begin()
    try:
        # in this order: a request accepted in between is then known twice, and never not at all
        settle.find_doubtful(con, journal, target)
        settle.take_over(con, journal)
        make_resend(con, target, now)
        plan_no = _next_plan_no(con, journal, target)
        progress(f"{day}: comparing what should be with what the service has")
        counts = _fill_planned(con, loaded, mapping, target, plan_no)
        total = _in_scope(con, loaded)
        if not counts:
            con.commit()
            journal.supersede_open(target, "nothing is left to send", planned_after=seen)
            return Plan(day, target, total)
        inputs = {"profile": loaded.sha256, "snapshot": state}
        manifest = _write(con, home, loaded, mapping, plan_no, counts, progress,
                          business_date=day, target=target, previous=_previous(home, journal, target), inputs=inputs)  # fmt: skip
        plan_no = _enter(con, manifest, plan_no, now)
        con.commit()
    except BaseException:
        con.rollback()
        raise
    folder = folder_of(home.manifests, manifest)
    journal.register(manifest, folder.relative_to(home.path), planned_after=seen)
    return Plan(day, target, total, counts, manifest, plan_no)


def _next_plan_no(con: duckdb.DuckDBPyConnection, journal: Journal, target: str) -> int:
    """A new plan's number; what `planned` holds of plans that no upload goes on with is dropped."""
    open_ids = [m.manifest_id for m in journal.open_manifests() if m.target == target]
    con.execute(
        """delete from planned where plan_no not in
        (select plan_no from manifests where target <> ? or list_contains(?::varchar[], manifest_id))""",
        [target, open_ids],
    )
    row = first(con, "select coalesce(max(plan_no), 0) + 1 from manifests")
    return int(row[0]) if row else 1


def _fill_planned(
    con: duckdb.DuckDBPyConnection, loaded: LoadedProfile, mapping: Mapping, target: str, plan_no: int
) -> dict[str, int]:
    """Fill `planned` in the order of sending; operations by kind."""
    order = f"list_position([{', '.join(map(literal, KINDS))}], kind), person_number"
    # numbered as they come out of one sort of wide rows, which takes two thirds of the time that a window over them takes
    con.execute(f"""
        insert into planned by name
        select {plan_no} as plan_no, row_number() over () - 1 as position, * from (
            select * from ({diff_sql(desired.desired_sql(loaded.profile, mapping, target), target)}) order by {order})
    """)
    numbered = (
        f"select position, row_number() over (order by {order}) - 1 as place from planned where plan_no = {plan_no}"
    )
    if first(con, f"select 1 from ({numbered}) where position <> place limit 1"):
        raise PipelineError("the warehouse numbered operations out of order; nothing was planned")
    return dict(
        con.execute("select kind, count(*) from planned where plan_no = ? group by 1 order by 1", [plan_no]).fetchall()
    )


def _in_scope(con: duckdb.DuckDBPyConnection, loaded: LoadedProfile) -> int:
    row = first(con, f"select count(*) from {desired.context_sql(loaded.profile)}")
    return int(row[0]) if row else 0


def _enter(con: duckdb.DuckDBPyConnection, manifest: Manifest, plan_no: int, now: dt.datetime) -> int:
    """Enter the manifest and its operations; returns its plan number, the old one when it was planned before."""
    known = first(con, "select plan_no from manifests where manifest_id = ?", [manifest.manifest_id])
    if known:
        con.execute("delete from planned where plan_no = ?", [known[0]])
        con.execute("update planned set plan_no = ? where plan_no = ?", [known[0], plan_no])
        return int(known[0])
    con.execute(
        "insert into manifests values (?, ?, ?, ?, ?, ?, ?)",
        [manifest.manifest_id, plan_no, manifest.business_date, manifest.target, manifest.requests,
         manifest.operations, now],
    )  # fmt: skip
    con.execute(
        f"""insert into operations
        select plan_no, position // {OPERATIONS_PER_REQUEST}, position % {OPERATIONS_PER_REQUEST}, person_number, kind, digest
        from planned where plan_no = ?""",
        [plan_no],
    )
    return plan_no


@dataclass(frozen=True)
class Previous:
    """What was last sent to a target: `sent` is its id, `going_on` the manifest itself while its upload is not over."""

    sent: str | None
    going_on: Manifest | None


def _previous(home: Home, journal: Journal, target: str) -> Previous:
    """What was last sent. An upload that was cut off goes on when it is planned again unchanged, instead of a copy of it."""
    sent = journal.last_sent(target)
    for manifest in journal.open_manifests():
        if manifest.manifest_id == sent:
            try:
                return Previous(sent, read_manifest(home.path / manifest.folder))
            except PipelineError:
                break  # whatever was done to it, a new one is written
    return Previous(sent, None)


def _write(
    con: duckdb.DuckDBPyConnection, home: Home, loaded: LoadedProfile, mapping: Mapping, plan_no: int,
    counts: dict[str, int], progress: Progress, *, previous: Previous, **fields: object,
) -> Manifest:  # fmt: skip
    """Write the manifest's folder, complete or not at all."""
    operations = sum(counts.values())
    half = home.scratch / f"manifest-{os.getpid()}"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    digest, size, written = hashlib.sha256(), 0, 0
    with open(os.open(half / BULK_FILE, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb", buffering=1 << 20) as out:
        for body in _bodies(con, operation_sql(mapping, plan_no), operations):
            digest.update(body)
            size += out.write(body)
            written += 1
            if written % 100 == 0:
                progress(f"writing operations {written * OPERATIONS_PER_REQUEST:,} of {operations:,}")
        out.flush()
        os.fsync(out.fileno())
    extracts = con.execute(
        """select sha256, source, name, business_date from extracts
        where extract_id in (select distinct v.extract_id from worker_versions v join planned p using (person_number)
            where v.valid_to is null and p.plan_no = ?) order by extract_id""",
        [plan_no],
    ).fetchall()
    fields |= {
        "previous": previous.sent, "profile": loaded.profile.name, "requests": written, "operations": operations,
        "bulk_sha256": digest.hexdigest(), "bulk_bytes": size, "counts": counts,
        "extracts": [ExtractOf(sha256=s, source=o, name=n, business_date=d) for s, o, n, d in extracts],
    }  # fmt: skip
    manifest = Manifest.seal(**fields)
    if previous.going_on:
        same = Manifest.seal(**fields | {"previous": previous.going_on.previous})
        manifest = same if same == previous.going_on else manifest
    write_manifest(half, manifest)
    folder = folder_of(home.manifests, manifest)
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.exists():
        shutil.rmtree(half)  # planned before, byte for byte the same
    else:
        half.rename(folder)
    return manifest


def _bodies(con: duckdb.DuckDBPyConnection, query: str, operations: int) -> Iterator[bytes]:
    """The lines of `bulk.ndjson`: requests of 50 operations, made of rows (position, operation JSON and a comma).

    The text stays the UTF-8 bytes that DuckDB made: a request is one slice of an Arrow buffer, not fifty Python strings.
    """
    for first_position in range(0, operations, CHUNK_OPERATIONS):
        rows = min(CHUNK_OPERATIONS, operations - first_position)
        texts = _in_order(con, query, first_position, rows)
        _, bounds, data = texts.buffers()
        ends = np.frombuffer(bounds, dtype=np.int64)[texts.offset : texts.offset + rows + 1]
        for start in range(0, rows, OPERATIONS_PER_REQUEST):
            stop = min(rows, start + OPERATIONS_PER_REQUEST)
            yield b"".join((HEAD, data[ends[start] : ends[stop] - 1].to_pybytes(), TAIL))


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
