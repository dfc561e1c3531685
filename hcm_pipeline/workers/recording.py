"""The records of the rows of a business date: quarantine, the rows that were passed over, and the other rows of workers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch
from hcm_pipeline.workers.judging import Judged
from hcm_pipeline.workers.known import Known, facts_of
from hcm_pipeline.workers.primary_assignment import update_other_rows
from hcm_pipeline.workers.staged import Staged


def record_rows(t: Scratch, day: dt.date, staged: Sequence[Staged], judged: Judged) -> None:
    """Enter the rows of a batch that are not accepted: `quarantined_rows`, with all their text, and `passed_over_rows`."""
    for one in staged:
        _quarantine(t, day, one, judged)
    t.run(f"insert into passed_over_rows select ?, extract_id, row_no, person_number from {judged.passed_over}", [day])


def _quarantine(t: Scratch, day: dt.date, staged: Staged, judged: Judged) -> None:
    number = staged.extract.extract_id
    here = f"(from {judged.quarantined} where extract_id = {number})"
    as_read, lasting = "null", ""
    if judged.lasting is not None and judged.lasting.made:
        as_read, lasting = (
            "lasting.as_read",
            f"left join (select row_no, as_read from {judged.lasting}) lasting using (row_no)",
        )
    t.run(
        f"""insert into quarantined_rows
        select ?, bad.extract_id, bad.row_no, bad.person_number, bad.held, bad.violations, raw.json, {as_read}
        from {here} bad join (
            select row_no, to_json(r)::varchar as json from {staged.read} r
            where row_no in (select row_no from {here})) raw using (row_no) {lasting}""",
        [day],
    )
    t.run(
        f"""insert into quarantined_rows
        select ?, ?, row_no, torn.person_number, if(torn.person_number is null, 'row', 'cells'),
            [{{'rule': rule, 'column_name': column_name, 'value_class': value_class, 'value': null}}], raw, null
        from {staged.rejects} left join (from {judged.torn} where extract_id = {number}) torn using (row_no)""",
        [day, number],
    )


def record_other_rows(
    t: Scratch, profile: Profile, other_rows: Relation, judged: Judged, known: Known, day: dt.date
) -> None:
    """Bring `other_rows` up to what the rules chose; nothing where the profile knows one row a worker."""
    if judged.decided is None:
        return
    columns, stated = facts_of(profile), judged.accepted.facts
    facts = f"""select {columns} from {stated} union all select {columns} from {known.workers}
        where (extract_id, row_no) not in (select extract_id, row_no from {stated})"""
    update_other_rows(t, profile, other_rows, judged.decided, facts, day)
