"""Exits in torn rows: of a row with more or fewer fields than columns nothing can be trusted, but for an exit in its sound part.

Such a row is torn in one place. Before it, the fields stand where the header has them; behind it, as many places off as there are
fields too many or too few. Where the person number and a name of a known worker stand in the same part, on either side of the
status, the status between them is theirs. Of a worker with several rows it is that of the known row whose key stands in either
part, and of one with a single row, where the profile has no key, of that one. A slice that nobody knows yet, and that has begun, is
the exit of the relationship whose slice comes before it.

A row that a line break inside of a cell has broken is put together again: pieces on lines that follow each other, with as many
fields as columns between them. All cells but the broken one stand in their places then, as they do in a record that is rejected for
one that is too long.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch, literal, quote
from hcm_pipeline.workers.batch import Batch
from hcm_pipeline.workers.deduplication import Deduplicated
from hcm_pipeline.workers.known import facts_of, known_rows_sql
from hcm_pipeline.workers.normalise import DIGEST_TYPE, ODD, digest_of, text_of, typed
from hcm_pipeline.workers.primary_assignment import identity_of
from hcm_pipeline.workers.staged import Staged

NAMES = ("first_name", "last_name")


def torn_exits(
    t: Scratch, batch: Batch, every: Batch, found: Deduplicated, other_rows: Relation, day: dt.date
) -> Relation:
    """The known rows whose exit a torn row tells, and of which no other row of the batch speaks: their facts, with a status
    that says inactive and, of a new slice, its beginning; digest, extract_id and row_no. `every`: the batch of which any row can
    be asked for."""
    profile = batch.profile
    torn = [one for one in batch.staged if one.torn is not None and t.count(one.torn)]
    columns = ", ".join(quote(name) for name in profile.columns)
    known = _known_rows(profile, batch.known.workers, other_rows)
    parts = [part for one in torn for part in _exits_in(t, batch, one, known, day)]
    if not parts:
        nothing = (
            f"select {columns}, null::{DIGEST_TYPE} as digest, extract_id, row_no from {batch.known.workers} limit 0"
        )
        return t.make("torn_exits", nothing)
    same = " and ".join(
        f"good.{quote(field)} is not distinct from ended.{quote(field)}" for field in identity_of(profile)
    )
    told = t.make("told", f"select distinct * from ({' union all '.join(f'({part})' for part in parts)})")
    beside = ""
    if profile.workers.many_rows and same:  # another row of the worker may well stand beside the torn one
        place = f"select extract_id, row_no from {found.keys} where person_number in (select person_number from {told})"
        asked = t.make("beside", place)
        beside = f""" or not exists (select 1 from {every.keep(t, asked).rows(asked)} good
            where good.person_number = ended.person_number and {same})"""
    facts = ", ".join(f"{_fact(profile, name)} as {quote(name)}" for name in profile.columns)
    return t.make(
        "torn_exits",
        f"""select {columns}, {digest_of(list(profile.columns))} as digest, extract_id, row_no from (
            select {facts}, told.extract_id, told.row_no
            from (select person_number, known_digest, begins, any_value(extract_id) as extract_id, any_value(row_no) as row_no
                from {told} group by all having count(*) = 1) told
            join {known} worker on worker.person_number = told.person_number and worker.digest = told.known_digest) ended
        where person_number not in (select person_number from {found.keys} where person_number is not null){beside}""",
    )


def _fact(profile: Profile, name: str) -> str:
    """SQL for a fact of a row that has ended: that of the known row `worker`, or of the slice of `told` that follows it."""
    slices, known = profile.workers.slices, f"worker.{quote(name)}"
    if name == "active":
        return "false"
    if slices and name == slices.from_:
        return f"coalesce(told.begins, {known})"
    if slices and name == slices.to:
        return f"if({known} < told.begins, null, {known})"
    return known


def with_torn(t: Scratch, found: Deduplicated, torn: Relation) -> Deduplicated:
    """The rows of a batch with the exits of torn ones: where the profile knows several rows a worker, all are ranked."""
    of = t.make("several", f"from {found.several} union select person_number from {torn}")
    repeats = f"""from {found.repeats} union all select extract_id, row_no, person_number, 1 as nth from {torn}
        union all select extract_id, row_no, person_number, 1 from {found.keys} semi join {torn} using (person_number)
            anti join {found.repeats} using (extract_id, row_no)"""
    return replace(found, several=of, repeats=t.make("repeats", repeats))


def _known_rows(profile: Profile, workers: Relation, other_rows: Relation) -> str:
    """SELECT, in parentheses: the known rows that a torn row may be."""
    if not profile.workers.many_rows:
        return f"(select {facts_of(profile)} from {workers})"
    rows = known_rows_sql(profile, workers, other_rows)
    alone = "" if identity_of(profile) else "qualify count(*) over (partition by person_number) = 1"
    return f"(select {facts_of(profile)} from ({rows}) {alone})"


def _exits_in(t: Scratch, batch: Batch, staged: Staged, known: str, day: dt.date) -> list[str]:
    """SELECTs of person_number, known_digest, extract_id, row_no and begins (of a new slice, else null): one for each name on the
    other side of the status, and for each name of rows whose fields are in their places."""
    profile, header, fields = batch.profile, list(staged.header), staged.fields
    places = {name: header.index(spec.column) for name, spec in fields.items() if spec.column in header}
    key = identity_of(profile) if profile.workers.many_rows else []
    if "active" not in places or not places.keys() >= set(key):
        return []
    number, status = places["person_number"], places["active"]
    pieces = t.make("pieces", f"select row_no, fields from {staged.torn} semi join {staged.rejects} using (row_no)")
    alone = f"select * from {pieces} where len(fields) <> {len(header)}"
    in_place = _in_place(t, staged, pieces, batch.known.workers, number)
    selects = []
    for name in NAMES:
        if name not in places:
            continue
        if (places[name] - status) * (number - status) < 0:
            offset = f"(len(fields) - {len(header)})"
            selects += [
                _exit(batch, staged, known, day, _Read(alone, name, places, off, ("0", offset)))
                for off in ("0", offset)
            ]
        selects.append(_exit(batch, staged, known, day, _Read(f"from {in_place}", name, places, "0", ("0", "0"))))
    return selects


def _in_place(t: Scratch, staged: Staged, pieces: Relation, workers: Relation, number: int) -> Relation:
    """Rejects with all fields in their places, and rows that two or three lines make, where the later pieces begin like nobody's
    row: row_no (of the first piece), fields."""
    columns, begins = len(staged.header), f"{literal(staged.namespace)} || trim(piece.fields[{number + 1}])"
    whole = f"select row_no, fields from {pieces} where len(fields) = {columns}"
    if t.first(f"select 1 from {pieces} one join {pieces} two on two.row_no = one.row_no + 1 limit 1") is None:
        return t.make("in_place", whole)
    later = f"""(select * from {pieces} piece where len(fields) < {columns}
        and not exists (select 1 from {workers} worker where worker.person_number = {begins}))"""
    glued = "{0}.fields[:-2] || [{0}.fields[-1] || chr(10) || {1}.fields[1]] || {1}.fields[2:]"
    two = f"""select one.row_no, {glued.format("one", "two")} as fields
        from {{}} one join {later} two on two.row_no = one.row_no + {{}}"""
    pairs = t.make("pairs", two.format(f"(from {pieces} where len(fields) < {columns})", 1))
    triples = two.format(f"(from {pairs} where len(fields) < {columns})", 2)
    return t.make(
        "in_place", f"from (from {pairs} union all {triples}) where len(fields) = {columns} union all {whole}"
    )


@dataclass(frozen=True)
class _Read:
    """Torn rows and where they are read: person number, status and `name` at the place `at` off that of the header, keys at either
    of `offsets`."""

    rows: str
    name: str
    places: Mapping[str, int]
    at: str
    offsets: tuple[str, str]


def _exit(batch: Batch, staged: Staged, known: str, day: dt.date, read: _Read) -> str:
    """SELECT: the known rows whose number and name a torn row has, with a status that says inactive."""
    profile, fields = batch.profile, staged.fields
    slices = profile.workers.slices if profile.workers.many_rows else None
    key = identity_of(profile) if profile.workers.many_rows else []
    texts = {field: text_of(field, fields[field]) for field in ("person_number", "active", read.name)}
    cells = [f"{_cell(read.places[field], read.at)} as {quote(field)}" for field in texts]
    keys = [
        f"{_key(batch, staged, field, _cell(read.places[field], at))} as {quote(f'{field} {nth}')}"
        for field in key
        for nth, at in enumerate(read.offsets)
    ]
    rows = f"select row_no, {', '.join([*cells, *keys])}, true as {ODD} from ({read.rows})"
    ended = typed("active", "boolean", fields["active"], "status").value
    is_known = {
        field: f"worker.{quote(field)} in (said.{quote(f'{field} 0')}, said.{quote(f'{field} 1')})" for field in key
    }
    begins, is_it, nearest = "null::date", "true", ""
    if slices:
        is_it = f"coalesce({is_known.pop(slices.from_)}, false)"
        one, other = (f"said.{quote(f'{slices.from_} {nth}')}" for nth in (0, 1))
        new = f"case when {one} is null or {one} = {other} then {other} when {other} is null then {one} end"
        begins = f"if({is_it}, null, {new})"
        before = f"worker.{quote(slices.from_)}"
        is_it = f"({is_it} or ({before} < {new} and {new} <= {literal(day.isoformat())}::date))"
        nearest = f"""qualify rank() over (partition by said.row_no, worker.person_number
            order by begins is null desc, if(begins is null, null, {before}) desc) = 1"""
    theirs = ["worker.person_number = said.number", f"worker.{quote(read.name)} = said.name", *is_known.values(), is_it]
    return f"""select worker.person_number, worker.digest as known_digest,
            {staged.extract.extract_id} as extract_id, said.row_no, {begins} as begins
        from (select *, {literal(staged.namespace)} || {texts["person_number"]} as number,
            {texts["active"]} as status, {texts[read.name]} as name from ({rows})) said
        join {known} worker on {" and ".join(theirs)}
        where not ({ended}) {nearest}"""


def _cell(place: int, off: str) -> str:
    return f"nullif(fields[{place + 1} + {off}], '')"


def _key(batch: Batch, staged: Staged, field: str, cell: str) -> str:
    """SQL for the value of a field that tells the rows of a worker apart, from a cell of a torn row."""
    spec = staged.fields[field]
    text = text_of("cell", spec)
    value = typed(field, batch.profile.types[field], spec, text).value
    return f"(select {value} from (select {cell} as cell, true as {ODD}))"
