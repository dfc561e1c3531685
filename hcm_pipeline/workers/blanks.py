"""The meaning of a blank in a row of a changes-only source.

A whole row states every value of its worker, and a blank in it is a cleared value, as in a full extract. A narrow row states what
changed, and a blank in it says nothing. The source says which (`rows`), and a field may say otherwise (`blank_in_changes`). Where
nobody says it, a row with every value that no worker is without is a whole one.

Where a row can leave a column out (an element of XML that is not there), that says nothing in whatever row.
"""

from __future__ import annotations

from dataclasses import replace

from hcm_pipeline.warehouse import literal, quote
from hcm_pipeline.workers.staged import Staged


def merged_sql(staged: Staged, name: str, value: str, known: str) -> str:
    """SQL for the value of a field, from the row (`t`) or from what is known of the worker."""
    says = staged.fields[name].blank_in_changes
    if name != "person_number" and (left_out := unsaid_sql(staged, name)):
        said = replace(staged, unsaid=None)
        return f"case when {left_out} then {known} else {merged_sql(said, name, value, known)} end"
    if staged.extract.content != "changes-only" or says == "cleared" or name == "person_number":
        return value
    kept = f"coalesce({value}, {known})"
    return kept if says == "unchanged" else f"case when {whole_sql(staged, 't.')} then {value} else {kept} end"


def unsaid_sql(staged: Staged, name: str) -> str:
    """SQL (BOOLEAN) beside `unsaid` (see `with_unsaid`): the row leaves out the column of a field; empty: none does."""
    if staged.unsaid is None or staged.extract.content != "changes-only":
        return ""
    return f"coalesce(list_contains(unsaid.columns, {literal(staged.fields[name].column)}), false)"


def with_unsaid(staged: Staged) -> str:
    """SQL that joins a row (`t`) with the columns that it leaves out; empty: nobody leaves any out."""
    return f"left join {staged.unsaid} unsaid on unsaid.row_no = t.row_no" if staged.unsaid is not None else ""


def whole_sql(staged: Staged, row: str = "") -> str:
    """SQL (BOOLEAN) over the texts of fields: a row of a source that does not say what its rows are is a whole one."""
    tests = [f"{row}{quote(name)} is not null" for name in telling(staged)]
    lacking = any(staged.fields[name].column not in staged.header for name in telling(staged))
    return "false" if lacking else f"({' and '.join(tests)})"


def telling(staged: Staged) -> list[str]:
    """The fields that no whole row leaves blank."""
    return [
        name for name, spec in staged.fields.items() if name == "active" or (spec.required and name != "person_number")
    ]
