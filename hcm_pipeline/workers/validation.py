"""Validation: which rows keep the contract, and which rules the others violate."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from hcm_pipeline.warehouse import Relation, Scratch, literal, query, quote
from hcm_pipeline.workers.batch import Batch
from hcm_pipeline.workers.certain import certain_sql
from hcm_pipeline.workers.computed import uncomputed
from hcm_pipeline.workers.deduplication import Deduplicated
from hcm_pipeline.workers.lookalike_names import (
    ALIKE,
    MIXED,
    PERSON_COLUMN,
    UNUSUAL_COLUMN,
    Shown,
    alike,
    drawn_alike,
    mixed_in,
    resembling,
    shown_in,
    unusual_sql,
)
from hcm_pipeline.workers.normalise import name_fields, names_that_may_lack, none_of, number_fields
from hcm_pipeline.workers.seen_names import DAMAGED, SEEN_RULES

CHUNK_ROWS = 100_000
"""Rows in one frame for pandera: some 100 MiB."""
CERTAIN_COLUMN = "certain to keep the contract"
"""A column of a chunk beside its fields: SQL has judged the row, and nobody else is asked."""
VIOLATIONS = {"extract_id": "integer", "row_no": "bigint", "rule": "varchar", "field": "varchar",
              "column_name": "varchar", "value_class": "varchar", "value": "varchar"}  # fmt: skip
"""Columns of a relation of violations: one row is one rule that one row of an extract violates."""


def suspects_of(t: Scratch, found: Deduplicated, known: Relation, held: Relation, *, same_contract: bool) -> Relation:
    """Rows that are not known as good, without those that collapse: extract_id, row_no, person_number, digest, as_read.

    `same_contract`: the snapshot before was judged by the same profile, so a row that says what `known` says is good, unless
    something of the worker is held back (`held`: person_number).
    """
    parts = {"keys": found.keys, "repeats": found.repeats, "contradicting": found.contradicting, "held": held}
    good = known if same_contract else f"(from {known} limit 0)"
    return t.make("suspects", query(__package__, "suspects", **parts, good=good))


def violations_of(t: Scratch, batch: Batch, suspects: Relation) -> Relation:
    """The rules of the contract that the suspects violate: see VIOLATIONS. Rows that certainly keep it are not looked at singly."""
    frame = f"(select {', '.join(_judged_columns(batch))} from {batch.rows(suspects)} n) frame"
    certain = quote(CERTAIN_COLUMN)
    select = f"""select * from (select *, {certain_sql(batch.profile, "frame")} as {certain} from {frame})
        where {quote(UNUSUAL_COLUMN)} or not {certain}"""
    tables: list[pa.Table] = []
    shown: list[Shown] = []
    asked = t.make("asked", select)
    if t.count(asked):
        # nothing else can be asked while rows stream in, so what was found waits; not even a rollback, so they end here
        with t.con.sql(f"from {asked}").to_arrow_reader(CHUNK_ROWS) as rows:
            for chunk in rows:
                failures, some = _failures(batch, chunk)
                tables += [failures] if failures is not None else []
                shown += some
    t.drop(asked)
    found = [*(alike(t, batch, shown) if shown else ()), *_unseen(batch, drawn_alike(t, batch, suspects, shown))]
    found += _unseen(batch, resembling(t, batch, suspects))
    looking_alike = _violations_of_shown(batch, found)
    tables += [one for one in (looking_alike, uncomputed(t, batch, suspects)) if one is not None]
    return t.of_arrow("violations", pa.concat_tables(tables)) if tables else t.empty("violations", VIOLATIONS)


def contradictions_of(t: Scratch, batch: Batch, contradicting: Relation, agreed: Relation) -> Relation:
    """The violations of rows that contradict each other: see VIOLATIONS. `agreed` is that of `held_back`; a worker who is not in it
    has rows among which nothing chooses, and the person number's column stands for that."""
    profile = batch.profile
    if not t.count(contradicting):
        return t.empty("contradictions", VIOLATIONS)
    values = " ".join(f"when {literal(name)} then n.{quote(name)}::varchar" for name in profile.columns)
    torn = query(
        __package__, "contradictions", contradicting=contradicting, agreed=agreed, rows=batch.rows(contradicting),
        value=f"case field {values} end", heading=_heading_sql(batch),
    )  # fmt: skip
    return t.make("contradictions", torn)


def quarantined_rows(t: Scratch, found: Deduplicated, violations: str, whole: str) -> Relation:
    """The rows that violate a rule or contradict another one: extract_id, row_no, person_number, violations (a list of structs of
    rule, column_name, value_class and value), held (`cells`: the row counts without these cells; `row`: it does not count), and
    cells (the same violations as structs with the field).

    `violations` is a SELECT of rows of VIOLATIONS, `whole` one of extract_id and row_no.
    """
    return t.make("quarantined", query(__package__, "quarantined", keys=found.keys, violations=violations, whole=whole))


def _heading_sql(batch: Batch) -> str:
    """SQL (VARCHAR) over extract_id and field: the column in which the extract of a row has a field."""
    cases = []
    for one in batch.staged:
        columns = " ".join(f"when {literal(name)} then {literal(spec.column)}" for name, spec in one.fields.items())
        cases.append(f"when {one.extract.extract_id} then case field {columns} end")
    return f"case extract_id {' '.join(cases)} end" if cases else "null::varchar"


def _judged_columns(batch: Batch) -> list[str]:
    """Select list of a frame: fields as text, and the flags of the typed ones. Person numbers are judged as the file has them."""
    profile = batch.profile
    select = ["n.extract_id", "n.row_no", "n.control", "n.formula", f"n.person_number as {quote(PERSON_COLUMN)}"]
    select.append(f"{unusual_sql(profile)} as {quote(UNUSUAL_COLUMN)}")
    for name, spec in profile.columns.items():
        if name in names_that_may_lack(profile):
            other = quote("last_name" if name == "first_name" else "first_name")
            told = f"n.{quote(none_of(name))} and n.{other} is not null"
            select.append(f"(n.{quote(name)} is null and not ({told})) as {quote(name + '__blank')}")
        if profile.types[name] == "string":
            select.append(f"{_as_delivered(batch, name)} as {quote(name)}")
            continue
        select.append(f"coalesce(n.{quote(name + '__text')}, n.{quote(name)}::varchar) as {quote(name)}")
        select.append(f"n.{quote(name + '__unreadable')}")
        if spec.required:
            blank = f"n.{quote(name)} is null and not n.{quote(name + '__unreadable')}"
            select.append(f"({blank}) as {quote(name + '__blank')}")
    return select


def _as_delivered(batch: Batch, field: str) -> str:
    """SQL for a text field without the namespace of its source."""
    cases = " ".join(
        f"when {one.extract.extract_id} then substr(n.{quote(field)}, {len(one.namespace) + 1})"
        for one in batch.staged
        if one.namespace
    )
    if not cases or field not in number_fields(batch.profile):
        return f"n.{quote(field)}"
    return f"case n.extract_id {cases} else n.{quote(field)} end"


def _failures(batch: Batch, chunk: pa.RecordBatch) -> tuple[pa.Table | None, list[Shown]]:
    """Rows of violations (None when every row of the chunk keeps the contract), and the texts that may look like others."""
    profile = batch.profile
    found: list[tuple[int, str, str, str, str | None]] = []
    doubtful = pc.indices_nonzero(pc.invert(chunk.column(CERTAIN_COLUMN)))
    if len(doubtful):
        from hcm_pipeline.workers.contract import violations_in  # pandas and pandera: a third of every command's start

        places_of = doubtful.to_pylist()
        found += [
            (places_of[one.position], one.rule, one.field, one.value_class, one.value)
            for one in violations_in(profile, chunk.take(doubtful).to_pandas())
        ]
    unusual = pc.indices_nonzero(chunk.column(UNUSUAL_COLUMN))
    shown: list[Shown] = []
    if len(unusual):
        rows, at = chunk.take(unusual), unusual.to_pylist()
        found += [(at[place], MIXED, field, kind, value) for place, field, kind, value in mixed_in(profile, rows)]
        shown = _unseen(batch, list(shown_in(profile, rows)))
    if seen := frozenset(profile.workers.names_seen):
        numbers, names = chunk.column(PERSON_COLUMN).to_pylist(), name_fields(profile)
        of_sight = {(MIXED, name) for name in profile.columns} | {(DAMAGED, name) for name in names}
        found = [one for one in found if (one[1], one[2]) not in of_sight or numbers[one[0]] not in seen]
    if texts := batch.seen:
        numbers = chunk.column(PERSON_COLUMN).to_pylist()
        found = [one for one in found if one[1] not in SEEN_RULES or (numbers[one[0]], one[4]) not in texts]
    if not found:
        return None, shown
    places = pa.array([position for position, *_ in found], pa.int64())
    extracts, rows = (chunk.column(name).take(places).to_pylist() for name in ("extract_id", "row_no"))
    cells = [
        (number, row, rule, field, kind, value)
        for number, row, (_, rule, field, kind, value) in zip(extracts, rows, found, strict=True)
    ]
    return _table(batch, cells), shown


def _unseen(batch: Batch, shown: list[Shown]) -> list[Shown]:
    """Those that nobody has looked at."""
    numbers, texts = frozenset(batch.profile.workers.names_seen), batch.seen
    return [one for one in shown if one.person_number not in numbers and not _was_seen(one, texts)]


def _was_seen(one: Shown, texts: frozenset[tuple[str, str]]) -> bool:
    """Whether somebody has looked at the whole text, or at each odd part of it."""
    return {(one.person_number, one.text)} <= texts or {(one.person_number, value) for value in one.values} <= texts


def _violations_of_shown(batch: Batch, shown: list[Shown]) -> pa.Table | None:
    """Rows of violations for texts that look like those of somebody else."""
    cells = {
        (one.extract_id, one.row_no, ALIKE, name, f"looks like another worker's name ({len(one.text)})", one.text)
        for one in shown
        for name in one.fields
    }
    return _table(batch, sorted(cells)) if cells else None


def _table(batch: Batch, found: Sequence[tuple[int, int, str, str, str, str | None]]) -> pa.Table:
    """Violations as VIOLATIONS has them: extract_id, row_no, rule, field, value_class and value of each."""
    fields = {one.extract.extract_id: one.fields for one in batch.staged}
    numbers, rows, rules, names, classes, values = zip(*found, strict=True)
    headings = [fields[number][name].column for number, name in zip(numbers, names, strict=True)]
    texts = {"rule": rules, "field": names, "column_name": headings, "value_class": classes, "value": values}
    return pa.table({
        "extract_id": pa.array(numbers, pa.int32()),
        "row_no": pa.array(rows, pa.int64()),
        **{name: pa.array(cells, pa.string()) for name, cells in texts.items()},
    })  # fmt: skip
