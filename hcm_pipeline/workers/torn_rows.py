"""Exits in torn rows: of a row with more or fewer fields than columns nothing can be trusted, but for an exit in its sound part.

Such a row is torn in one place. Before it, the fields stand where the header has them; behind it, as many places off as there are
fields too many or too few. Where the person number and a name of a known worker stand in the same part, on either side of the
status, the status between them is theirs. Of a worker with several rows it is that of the known row whose key stands in either
part, and of one with a single row, where the profile has no key, of that one.
"""

from __future__ import annotations

from dataclasses import replace

from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch, literal, quote
from hcm_pipeline.workers.batch import Batch
from hcm_pipeline.workers.deduplication import Deduplicated
from hcm_pipeline.workers.known import facts_of, known_rows_sql
from hcm_pipeline.workers.normalise import DIGEST_TYPE, ODD, digest_of, text_of, typed
from hcm_pipeline.workers.primary_assignment import identity_of
from hcm_pipeline.workers.staged import Staged

NAMES = ("first_name", "last_name")


def torn_exits(t: Scratch, batch: Batch, found: Deduplicated, other_rows: Relation) -> Relation:
    """The known rows whose exit a torn row tells, and of which no other row of the batch speaks: their facts, with a status
    that says inactive, digest, extract_id and row_no."""
    profile = batch.profile
    torn = [one for one in batch.staged if one.torn is not None and t.count(one.torn)]
    columns = ", ".join(quote(name) for name in profile.columns)
    known = _known_rows(profile, batch.known.workers, other_rows)
    parts = [part for one in torn for part in _exits_in(batch, one, known)]
    if not parts:
        nothing = (
            f"select {columns}, null::{DIGEST_TYPE} as digest, extract_id, row_no from {batch.known.workers} limit 0"
        )
        return t.make("torn_exits", nothing)
    same = " and ".join(
        f"good.{quote(field)} is not distinct from worker.{quote(field)}" for field in identity_of(profile)
    )
    # of a worker of whom several rows may speak, all are looked at: another one may well stand beside the torn one
    beside = (
        f""" or told.person_number in (from {found.several}) and not exists (
            select 1 from {batch.rows(found.repeats)} good where good.person_number = worker.person_number and {same})"""
        if profile.workers.many_rows and same
        else ""
    )
    told = " union all ".join(f"({part})" for part in parts)
    facts = ", ".join("false as active" if name == "active" else f"worker.{quote(name)}" for name in profile.columns)
    return t.make(
        "torn_exits",
        f"""select {columns}, {digest_of(list(profile.columns))} as digest, extract_id, row_no from (
            select {facts}, told.extract_id, told.row_no
            from (select person_number, known_digest, any_value(extract_id) as extract_id, any_value(row_no) as row_no
                from (select distinct * from ({told})) group by all having count(*) = 1) told
            join {known} worker on worker.person_number = told.person_number and worker.digest = told.known_digest
            where told.person_number not in (select person_number from {found.keys} where person_number is not null){beside}
            )""",
    )


def with_torn(t: Scratch, found: Deduplicated, torn: Relation) -> Deduplicated:
    """The rows of a batch with the exits of torn ones: where the profile knows several rows a worker, all are ranked."""
    of = t.make("several", f"from {found.several} union select person_number from {torn}")
    repeats = f"from {found.repeats} union all select extract_id, row_no, person_number, 1 as nth from {torn}"
    return replace(found, several=of, repeats=t.make("repeats", repeats))


def _known_rows(profile: Profile, workers: Relation, other_rows: Relation) -> str:
    """SELECT, in parentheses: the known rows that a torn row may be."""
    if not profile.workers.many_rows:
        return f"(select {facts_of(profile)} from {workers})"
    rows = known_rows_sql(profile, workers, other_rows)
    alone = "" if identity_of(profile) else "qualify count(*) over (partition by person_number) = 1"
    return f"(select {facts_of(profile)} from ({rows}) {alone})"


def _exits_in(batch: Batch, staged: Staged, known: str) -> list[str]:
    """SELECTs of person_number, known_digest, extract_id and row_no: one for each name on the other side of the status."""
    profile, header, fields = batch.profile, list(staged.header), staged.fields
    places = {name: header.index(spec.column) for name, spec in fields.items() if spec.column in header}
    key = identity_of(profile) if profile.workers.many_rows else []
    if "active" not in places or not places.keys() >= set(key):
        return []
    number, status = places["person_number"], places["active"]
    offsets = ("0", f"(len(fields) - {len(header)})")
    selects = []
    for name in NAMES:
        if name not in places or (places[name] - status) * (number - status) >= 0:
            continue
        read = {field: text_of(field, fields[field]) for field in ("person_number", "active", name)}
        for off in offsets:
            cells = [f"{_cell(places[field], off)} as {quote(field)}" for field in read]
            keys = [
                f"{_key(batch, staged, field, _cell(places[field], at))} as {quote(f'{field} {nth}')}"
                for field in key
                for nth, at in enumerate(offsets)
            ]
            rows = f"""select row_no, {", ".join([*cells, *keys])}, true as {ODD}
                from {staged.torn} torn semi join {staged.rejects} using (row_no)"""
            ended = typed("active", "boolean", fields["active"], "status").value
            same = [
                f"worker.{quote(field)} in (said.{quote(field + ' 0')}, said.{quote(field + ' 1')})" for field in key
            ]
            theirs = ["worker.person_number = said.number", f"worker.{quote(name)} = said.name", *same]
            selects.append(
                f"""select worker.person_number, worker.digest as known_digest,
                    {staged.extract.extract_id} as extract_id, said.row_no
                from (select *, {literal(staged.namespace)} || {read["person_number"]} as number,
                    {read["active"]} as status, {read[name]} as name from ({rows})) said
                join {known} worker on {" and ".join(theirs)}
                where not ({ended})"""
            )
    return selects


def _cell(place: int, off: str) -> str:
    return f"nullif(fields[{place + 1} + {off}], '')"


def _key(batch: Batch, staged: Staged, field: str, cell: str) -> str:
    """SQL for the value of a field that tells the rows of a worker apart, from a cell of a torn row."""
    spec = staged.fields[field]
    text = text_of("cell", spec)
    value = typed(field, batch.profile.types[field], spec, text).value
    return f"(select {value} from (select {cell} as cell, true as {ODD}))"
