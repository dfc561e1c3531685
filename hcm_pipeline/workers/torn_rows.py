"""Exits in torn rows: of a row with more or fewer fields than columns nothing can be trusted, but for an exit in its sound part.

Such a row is torn in one place. Before it, the fields stand where the header has them; behind it, as many places off as there are
fields too many or too few. Where the person number and a name of a known worker stand in the same part, on either side of the
status, the status between them is theirs.
"""

from __future__ import annotations

from hcm_pipeline.warehouse import Relation, Scratch, literal, quote
from hcm_pipeline.workers.batch import Batch
from hcm_pipeline.workers.deduplication import Deduplicated
from hcm_pipeline.workers.normalise import DIGEST_TYPE, ODD, digest_of, text_of, typed
from hcm_pipeline.workers.staged import Staged

NAMES = ("first_name", "last_name")


def torn_exits(t: Scratch, batch: Batch, found: Deduplicated) -> Relation:
    """The known workers whose exit a torn row tells, and no other row of the batch speaks of: their facts, with a status that says
    inactive, digest, extract_id and row_no. None where the profile knows several rows a worker: which of them ends, is torn too."""
    profile = batch.profile
    parts = [
        part for one in batch.staged if one.torn is not None and t.count(one.torn) for part in _exits_in(batch, one)
    ]
    columns = ", ".join(quote(name) for name in profile.columns)
    if not parts or profile.workers.many_rows:
        nothing = (
            f"select {columns}, null::{DIGEST_TYPE} as digest, extract_id, row_no from {batch.known.workers} limit 0"
        )
        return t.make("torn_exits", nothing)
    told = " union all ".join(f"({part})" for part in parts)
    facts = ", ".join("false as active" if name == "active" else f"worker.{quote(name)}" for name in profile.columns)
    return t.make(
        "torn_exits",
        f"""select {columns}, {digest_of(list(profile.columns))} as digest, extract_id, row_no from (
            select {facts}, told.extract_id, told.row_no
            from (select person_number, any_value(extract_id) as extract_id, any_value(row_no) as row_no
                from (select distinct * from ({told})) group by 1 having count(*) = 1) told
            join {batch.known.workers} worker on worker.person_number = told.person_number
            where told.person_number not in (select person_number from {found.keys} where person_number is not null))""",
    )


def _exits_in(batch: Batch, staged: Staged) -> list[str]:
    """SELECTs of person_number, extract_id and row_no: one for each name that stands on the other side of the status."""
    header, fields = list(staged.header), staged.fields
    places = {name: header.index(spec.column) for name, spec in fields.items() if spec.column in header}
    if "active" not in places:
        return []
    number, status = places["person_number"], places["active"]
    selects = []
    for name in NAMES:
        if name not in places or (places[name] - status) * (number - status) >= 0:
            continue
        read = {field: text_of(field, fields[field]) for field in ("person_number", "active", name)}
        for off in ("0", f"(len(fields) - {len(header)})"):
            cells = ", ".join(f"nullif(fields[{places[field] + 1} + {off}], '') as {quote(field)}" for field in read)
            rows = f"select torn.row_no, {cells}, true as {ODD} from {staged.torn} torn semi join {staged.rejects} using (row_no)"
            ended = typed("active", "boolean", fields["active"], "status").value
            selects.append(
                f"""select worker.person_number, {staged.extract.extract_id} as extract_id, said.row_no
                from (select row_no, {literal(staged.namespace)} || {read["person_number"]} as number,
                    {read["active"]} as status, {read[name]} as name from ({rows})) said
                join {batch.known.workers} worker on worker.person_number = said.number
                    and worker.{quote(name)} = said.name
                where not ({ended})"""
            )
    return selects
