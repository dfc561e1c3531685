"""The files of a manifest: `bulk.ndjson`, `plan.json` and `manifest.json`, written completely or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson
import pyarrow as pa

from hcm_pipeline.delivery.manifest import (
    BULK_FILE,
    PLAN_FILE,
    ExtractOf,
    Manifest,
    folder_of,
    write_durably,
    write_manifest,
)
from hcm_pipeline.delivery.plan import staleness
from hcm_pipeline.delivery.plan.facts import Task
from hcm_pipeline.delivery.plan.guards import OTHERS, Verdict
from hcm_pipeline.delivery.plan.splitting import Part
from hcm_pipeline.delivery.plan.undo import LeftOut
from hcm_pipeline.delivery.send.batches import Sizes
from hcm_pipeline.delivery.target import RequestForm
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.home import Home, private
from hcm_pipeline.warehouse import Scratch, query

Progress = Callable[[str], None]
CHUNK_REQUESTS = 500
"""Requests rendered at once: some 25 MB of JSON outside DuckDB's own limit, three times while some are written."""
BUFFER = 1 << 20
"""Bytes that are written at once: a request has a few pieces."""
SHORT = 1 << 30
"""So many bytes of text are counted by 32 bits for sure."""


@dataclass(frozen=True)
class Said:
    """The plan as a whole, for its files. `task` is what it was made for, `attributes` as of `summary`.

    `previous` is the manifest that was last sent to the target; `going_on` are the manifests that wait, each as it was sealed.
    """

    task: Task
    attributes: Mapping[int, list[dict[str, Any]]]
    verdicts: tuple[Verdict, ...]
    left_out: LeftOut
    withheld: dict[str, int]
    previous: str | None
    going_on: tuple[Manifest, ...]
    sizes: Sizes


@dataclass(frozen=True)
class Content:
    """Requests, bytes and sha256 of a `bulk.ndjson`."""

    requests: int
    size: int
    sha256: str


def write_files(t: Scratch, said: Said, part: Part, plan_no: int, home: Home, progress: Progress) -> Manifest:
    """Write a manifest's folder; one that waits and says the same goes on instead.

    The operations are those of `planned` under the number.
    """
    half = home.scratch / f"manifest-{os.getpid()}"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    try:
        return _written(t, said, part, plan_no, home, half, progress)
    finally:
        shutil.rmtree(half, ignore_errors=True)  # a full disk must not stay full


def _written(t: Scratch, said: Said, part: Part, plan_no: int, home: Home, half: Path, progress: Progress) -> Manifest:
    content = _write_requests(t, said, part, plan_no, half, progress)
    about = _about(said, part, plan_no, content.requests)
    write_durably(half / PLAN_FILE, about)
    made = _seal(t, said, part, plan_no, content, about)
    manifest = next((waits for waits in said.going_on if says_the_same(made, waits)), made)
    write_manifest(half, manifest)
    folder = folder_of(home.manifests, manifest)
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not folder.exists():  # else planned before, byte for byte the same
        half.rename(folder)
    return manifest


def says_the_same(made: Manifest, waits: Manifest) -> bool:
    """Whether a manifest that waits may go on in the place of one that was made now.

    An upload that was cut off goes on, and a decision is not thrown away, when nothing changed: what was sent meanwhile, and how
    the rest of the plan was judged, is no part of what a manifest says. A held one may be of an earlier business date: its bytes,
    its profile, its workers' names and what the target has of them are the same.
    """
    same: dict[str, Any] = {"previous": waits.previous, "plan_sha256": waits.plan_sha256}
    if made.held_for is not None:
        snapshot = {staleness.SNAPSHOT: waits.inputs.get(staleness.SNAPSHOT, "")}
        same |= {"business_date": waits.business_date, "inputs": {**made.inputs, **snapshot}}
    return Manifest.seal(**{**dict(made), **same, "manifest_id": ""}) == waits


def _seal(t: Scratch, said: Said, part: Part, plan_no: int, content: Content, about: bytes) -> Manifest:
    task = said.task
    workers = t.view("workers_of_manifest", f"select person_number from planned where plan_no = {plan_no}")
    extracts = query(
        __package__, "extracts_of", extracts=task.facts.extracts, workers=task.facts.workers, chosen=workers
    )
    return Manifest.seal(
        business_date=task.business_date, target=task.target.key, profile=task.rules.profile,
        previous=said.previous, requests=content.requests, operations=part.size,
        bulk_sha256=content.sha256, bulk_bytes=content.size, counts={str(kind): count for kind, count in part.counts.items()},
        inputs=staleness.inputs(t, task, workers),
        extracts=[_extract(*row) for row in t.rows(extracts)],
        held_for=part.held_for, undoes=part.undoes, plan_sha256=hashlib.sha256(about).hexdigest(),
    )  # fmt: skip


def _extract(sha256: str, source: str, name: str, business_date: dt.date) -> ExtractOf:
    return ExtractOf(sha256=sha256, source=source, name=name, business_date=business_date)


# --- plan.json


def _about(said: Said, part: Part, plan_no: int, requests: int) -> bytes:
    return orjson.dumps(
        {
            "business_date": said.task.business_date,
            "held_for": part.held_for,
            "undoes": part.undoes,
            "rest_of": part.rest_of,
            "operations": {str(kind): count for kind, count in part.counts.items()},
            "requests": requests,
            "attributes": said.attributes.get(plan_no, []),
            "guards": [verdict.as_row() for verdict in said.verdicts if _belongs(verdict, part)],
            "left_out": said.left_out.get(part.undoes or "", {}),
            "withheld": said.withheld,
        },
        option=orjson.OPT_INDENT_2,
    )


def _belongs(verdict: Verdict, part: Part) -> bool:
    """Whether a verdict belongs to a manifest: those that hold it, and to the free one all that hold nothing."""
    if part.rest_of is not None:
        return False
    if part.held_for == OTHERS:
        return verdict.tripped and not verdict.others_go_on
    return verdict.kind == part.held_for if verdict.tripped else part.held_for is None


# --- bulk.ndjson


def _write_requests(t: Scratch, said: Said, part: Part, plan_no: int, folder: Path, progress: Progress) -> Content:
    form = said.task.target.form
    rendered = f"select position, {form.operation} from planned where plan_no = {plan_no}"
    with open(private(folder / BULK_FILE), "wb", buffering=BUFFER) as out:
        content = write_requests(
            t, form, rendered, list(said.sizes.slices(part.size)), out,
            lambda number: progress(f"writing request {number:,} of a manifest of {part.size:,} operations"),
            # onto the disk while the next are rendered: nobody waits for a gigabyte at the end
            lambda: os.fdatasync(out.fileno()),
        )  # fmt: skip
        out.flush()
        os.fsync(out.fileno())
    return content


def write_requests(
    t: Scratch, form: RequestForm, rendered: str, requests: Sequence[tuple[int, int]], out: BinaryIO,
    told: Callable[[int], None], between: Callable[[], None] = lambda: None,
) -> Content:  # fmt: skip
    """Write the lines of `bulk.ndjson`, one for each of `requests` (first position, position after the last).

    `rendered` is a SELECT of every position and the text of its operation with the separator, in any order. While DuckDB renders
    the next requests, a thread hashes and writes these, and calls `between` unless they are the last. `told` hears how many have
    been rendered. Raises PipelineError when an operation is missing or there twice.
    """
    digest, size = hashlib.sha256(), 0

    def write(pieces: Sequence[bytes | memoryview], more: bool) -> int:
        for piece in pieces:
            digest.update(piece)
        out.writelines(pieces)
        if more:
            between()
        return sum(map(len, pieces))

    waits: Future[int] | None = None
    with ThreadPoolExecutor(1) as beside:
        for number in range(0, len(requests), CHUNK_REQUESTS):
            cuts = requests[number : number + CHUNK_REQUESTS]
            lines = _lines(t, form, rendered, cuts)
            size += waits.result() if waits else 0
            waits = beside.submit(write, lines, number + CHUNK_REQUESTS < len(requests))
            told(number + len(cuts))
        size += waits.result() if waits else 0
    return Content(len(requests), size, digest.hexdigest())


def _lines(t: Scratch, form: RequestForm, rendered: str, cuts: Sequence[tuple[int, int]]) -> list[bytes | memoryview]:
    """The lines of some requests, in pieces. The text stays the UTF-8 bytes that DuckDB made: a request is one slice of an Arrow
    buffer, not fifty Python strings."""
    cut = len(form.separator)
    begin, end = cuts[0][0], cuts[-1][1]
    texts = _in_order(t, rendered, begin, end - begin)
    _, bounds, data = texts.buffers()
    width = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    ends = np.frombuffer(bounds, dtype=width)[texts.offset : texts.offset + end - begin + 1]
    operations = memoryview(data)
    pieces: list[bytes | memoryview] = []
    for start, stop in cuts:
        pieces += (form.head, operations[ends[start - begin] : ends[stop - begin] - cut], form.tail)
    return pieces


def _in_order(t: Scratch, rendered: str, start: int, rows: int) -> pa.Array:
    """The texts of the positions from `start` on, in order: threads read row groups side by side, in no order of their own.

    Raises PipelineError when a position is missing or there twice.
    """
    chunk = f"select * from ({rendered}) where position >= {start} and position < {start + rows}"
    table = t.con.sql(chunk).to_arrow_table()
    positions = table.column(0).to_numpy()
    order = np.argsort(positions, kind="stable")
    if not np.array_equal(positions[order], np.arange(start, start + rows)):
        raise PipelineError("the warehouse did not return every planned operation once; nothing was planned")
    texts = table.column(1)
    texts = texts if texts.nbytes < SHORT else texts.cast(pa.large_string())
    texts = texts.chunk(0) if texts.num_chunks == 1 else texts.combine_chunks()  # which copies
    return texts if np.array_equal(positions, positions[order]) else texts.take(pa.array(order))
