"""The record of held-back cells: each is told from the row that breaks a rule until a later row of the worker states the field and
breaks none. A row that does not say whose it is waits for the next full extract of its source.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from hcm_pipeline.profile import FieldSpec, Profile
from hcm_pipeline.warehouse import Relation, Scratch, literal, query, quote
from hcm_pipeline.workers.batch import Batch
from hcm_pipeline.workers.blanks import telling, whole_sql
from hcm_pipeline.workers.held_back import over_sql
from hcm_pipeline.workers.judging import Judged
from hcm_pipeline.workers.normalise import ODD, odd_sql, text_of
from hcm_pipeline.workers.staged import Staged

_NO_REJECTS = """select null::integer as extract_id, null::bigint as row_no, '' as rule, '' as column_name, '' as value_class
    where false"""


def record_held(t: Scratch, held: Relation, batch: Batch, judged: Judged, day: dt.date) -> None:
    """Bring `held` (the table held_cells) up to the rows of a batch."""
    news = (judged.quarantined, *(one.rejects for one in batch.staged), f"{held} where valid_to is null")
    if not any(t.first(f"select 1 from {each} limit 1") for each in news):
        return
    now = _held_now(t, held, batch, judged, day)
    full = sorted({one.extract.source for one in batch.staged if one.extract.content == "full"})
    mended = query(
        __package__, "mended", held=held, now=now, stated=_stated(t, held, batch, judged), extracts="extracts",
        sources=f"[{', '.join(map(literal, full))}]::varchar[]",
    )  # fmt: skip
    over = t.make("mended", mended)
    same = f"""valid_to is null and exists (from {over} mended where mended.extract_id = {held}.extract_id
        and mended.row_no = {held}.row_no and mended.field is not distinct from {held}.field)"""
    t.run(f"delete from {held} where valid_from = ? and {same}", [day])
    t.run(f"update {held} set valid_to = ? where {same}", [day])
    t.run(f"insert into {held} by name select *, ?::date as valid_from, null::date as valid_to from {now}", [day])


def _held_now(t: Scratch, held: Relation, batch: Batch, judged: Judged, day: dt.date) -> Relation:
    """The cells that the rows of a batch hold back, with the day since which they have been."""
    rejects = [
        f"select {one.extract.extract_id}, row_no, rule, column_name, value_class from {one.rejects}"
        for one in batch.staged
    ]
    select = query(
        __package__, "held_now", quarantined=judged.quarantined, counted=judged.rows, known=batch.known.workers, held=held,
        torn=judged.torn,
        rejects=f"({' union all '.join([_NO_REJECTS, *rejects])})", over=over_sql(batch.profile, day, "counted."),
        row_key=_row_key(batch.profile, "counted"),
    )  # fmt: skip
    return t.make("held_now", select, {"day": day})


def _row_key(profile: Profile, of: str) -> str:
    """SQL (VARCHAR): the values of the profile's row_key; NULL without one."""
    keys = ", ".join(f"coalesce({of}.{quote(key)}, '')" for key in profile.workers.row_key)
    return f"concat_ws(chr(31), {keys})" if keys else "null::varchar"


def _stated(t: Scratch, held: Relation, batch: Batch, judged: Judged) -> Relation:
    """The held-back fields that rows of a batch state of their workers: person_number, field, row_key, is_full."""
    open_now = f"(from {held} where valid_to is null)"
    fields = [str(field) for (field,) in t.rows(f"select distinct field from {open_now} where field is not null")]
    rows = t.make(
        "rows_of_held",
        f"""select extract_id, row_no, person_number, {_row_key(batch.profile, "judged")} as row_key from {judged.rows} judged
        semi join {open_now} using (person_number)""",
    )
    parts = [f"select person_number, null::varchar as field, row_key, true as is_full from {rows}"]
    for one in batch.staged:
        parts += _stated_by(one, fields, f"(from {rows} where extract_id = {one.extract.extract_id})")
    return t.make("stated", " union all ".join(f"({part})" for part in parts))


def _stated_by(staged: Staged, fields: Sequence[str], rows: str) -> list[str]:
    full, selects = staged.extract.content == "full", []
    for name in fields:
        spec = staged.fields.get(name)
        if spec is None or spec.column not in staged.header:
            continue
        says = "true" if full or spec.blank_in_changes == "cleared" else _stating(staged, name, spec, rows)
        if staged.unsaid is not None:
            left_out = f"select row_no from {staged.unsaid} where list_contains(columns, {literal(spec.column)})"
            says = f"({says}) and row_no not in ({left_out})"
        selects.append(f"select person_number, {literal(name)}, row_key, {full} from {rows} where {says}")
    return selects


def _stating(staged: Staged, name: str, spec: FieldSpec, rows: str) -> str:
    """SQL condition over row_no: the row states the field, by a value or, if it is a whole one, by a blank."""
    asked = {name: spec}
    if spec.blank_in_changes is None and whole_sql(staged) != "false":
        asked |= {telling_one: staged.fields[telling_one] for telling_one in telling(staged)}
    named = ", ".join(f"{quote(one.column)} as {quote(of)}" for of, one in asked.items())
    texts = ", ".join(f"{text_of(of, one)} as {quote(of)}" for of, one in asked.items())
    raw = f"""select row_no, {texts} from (select row_no, {named}, {odd_sql(asked.values())} as {ODD}
        from {staged.read} where row_no in (select row_no from {rows}))"""
    whole = f" or {whole_sql(staged)}" if len(asked) > 1 else ""
    return f"row_no in (select row_no from ({raw}) where {quote(name)} is not null{whole})"
