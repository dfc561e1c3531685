"""Values of which an expression of the profile cannot be computed: an expression is a rule like a pattern.

Its cells are those of the fields that it reads, but for those on which an exit hangs: where one of these is to blame alone, the
plan tells it (a value cannot be computed, and the worker waits).
"""

from __future__ import annotations

import re

import pyarrow as pa

from hcm_pipeline.profile import LEDGER_COLUMNS, LIFE_COLUMNS, OwnExpression, Profile, fallible
from hcm_pipeline.warehouse import DUCKDB_TYPES, Relation, Scratch, fails_sql, quote
from hcm_pipeline.workers.batch import Batch

RULE = "expression"
_NEVER_HELD = ("person_number", "active", "hire_date", "termination_date")


def blamed(profile: Profile, one: OwnExpression) -> list[str]:
    """The fields that are held back where an expression fails. None for one that reads more than the facts of a row."""
    words = {word.lower() for word in re.findall(r"[A-Za-z_][A-Za-z_0-9]*", one.sql)}
    return [name for name in profile.columns if name in words and name not in _NEVER_HELD]


def uncomputed(t: Scratch, batch: Batch, suspects: Relation) -> pa.Table | None:
    """The violations (see VIOLATIONS) of the suspects by the profile's own expressions; None: there are none."""
    profile = batch.profile
    judged = [(one, blamed(profile, one)) for one in fallible(profile) if _over_facts(profile, one)]
    judged = [(one, fields) for one, fields in judged if fields]
    if not judged:
        return None
    lacking = [name for name in profile.types if name not in profile.columns]
    nulls = "".join(f", null::{DUCKDB_TYPES[profile.types[name]]} as {quote(name)}" for name in lacking)
    facts = f"(select *{nulls} from {batch.rows(suspects)})"
    every = fails_sql(one.sql for one, _ in judged)
    failing = t.make("failing", f"select * from {facts} where {every}")
    rows = [row for one, fields in judged for row in _of(t, batch, failing, one, fields)] if t.count(failing) else []
    t.drop(failing)
    if not rows:
        return None
    names = ("extract_id", "row_no", "rule", "field", "column_name", "value_class", "value")
    kinds = (pa.int32(), pa.int64(), *[pa.string()] * 5)
    return pa.table(
        {name: pa.array(values, kind) for name, kind, values in zip(names, kinds, zip(*rows, strict=True), strict=True)}
    )


def _over_facts(profile: Profile, one: OwnExpression) -> bool:
    """Whether a row alone says all that an expression reads: no stage of life, and no name that is given later."""
    later = {*LIFE_COLUMNS, *LEDGER_COLUMNS, "manager_external_id"} - set(profile.types)
    return not any(re.search(rf"\b{name}\b", one.sql, re.IGNORECASE) for name in later)


def _of(t: Scratch, batch: Batch, failing: Relation, one: OwnExpression, fields: list[str]) -> list[tuple[object, ...]]:
    from hcm_pipeline.workers.contract import value_class  # pandas and pandera: 60 MB that landing does without

    columns = {staged.extract.extract_id: staged.fields for staged in batch.staged}
    found: list[tuple[object, ...]] = []
    listed = ", ".join(f"{quote(name)}::varchar" for name in fields)
    for extract_id, row_no, *values in t.rows(
        f"select extract_id, row_no, {listed} from {failing} where {fails_sql([one.sql])}"
    ):
        for name, value in zip(fields, values, strict=True):
            if value is not None:
                said = f"{value_class(value)}: {one.key} cannot be computed"
                found.append((extract_id, row_no, RULE, name, columns[extract_id][name].column, said, value))
    return found
