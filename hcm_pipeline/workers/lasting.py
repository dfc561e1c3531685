"""Rows in quarantine of which a later day may say the same, while they stand as they stand: see `standing`."""

from __future__ import annotations

from hcm_pipeline.lookalikes import skeleton
from hcm_pipeline.warehouse import Relation, Scratch, literal, quote
from hcm_pipeline.workers.batch import Batch
from hcm_pipeline.workers.deduplication import Deduplicated
from hcm_pipeline.workers.lookalike_names import MIXED, shown_together
from hcm_pipeline.workers.standing import said_by


def lasting(t: Scratch, batch: Batch, found: Deduplicated, quarantined: Relation) -> Relation | None:
    """The rows of a batch that a later day may say the same of: extract_id, row_no, as_read (see `said_by`). None where nobody will
    ask."""
    one = batch.staged[0] if len(batch.staged) == 1 else None
    if one is None or one.extract.content != "full" or not one.has_many_lines or batch.profile.workers.many_rows:
        return None
    rules = f"list_distinct(list_transform(violations, lambda one: one.rule)) = [{literal(MIXED)}]"
    waiting = t.make(
        "waiting_alone",
        f"""select extract_id, row_no, person_number, as_read
        from {quarantined} join (select extract_id, row_no, as_read from {found.keys}) using (extract_id, row_no)
        where held = 'row' and as_read is not null and {rules}
            and person_number not in (from {found.several})
            and person_number not in (select person_number from {batch.known.workers})""",
    )
    if not waiting.made:
        return waiting
    groups = shown_together(batch.profile)
    at = list(dict.fromkeys(name for fields in groups for name in fields))
    names = t.make(
        "names_waiting",
        f"""select extract_id, row_no, as_read, {", ".join(map(quote, at))}
        from {batch.rows(waiting)}""",
    )
    odd = " union ".join(
        f"select {quote(name)} as name from {names} where strlen({quote(name)}) > length({quote(name)})" for name in at
    )
    unlike = [name for (name,) in t.rows(odd) if not skeleton(name).isascii()]
    signs = t.make("like_no_ascii", "select unnest(?::varchar[]) as name", [unlike])
    tests = []
    for fields in groups:
        told = "true" if fields[0] == "first_name" else f"{quote(fields[0])} is not null"
        any_of = " or ".join(f"coalesce({quote(name)} in (from {signs}), false)" for name in fields)
        tests.append(f"(not {told} or {any_of})")
    return t.make(
        "lasting",
        f"select extract_id, row_no, {said_by('as_read')} as as_read from {names} where {' and '.join(tests)}",
    )
