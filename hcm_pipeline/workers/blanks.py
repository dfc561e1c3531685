"""The meaning of a blank in a row of a changes-only source.

A whole row states every value of its worker, and a blank in it is a cleared value, as in a full extract. A narrow row states what
changed, and a blank in it says nothing. The source says which (`rows`), and a field may say otherwise (`blank_in_changes`). Where
nobody says it, a row with every value that no worker is without is a whole one.
"""

from __future__ import annotations

from hcm_pipeline.warehouse import quote
from hcm_pipeline.workers.staged import Staged


def merged_sql(staged: Staged, name: str, value: str, known: str) -> str:
    """SQL for the value of a field, from the row (`t`) or from what is known of the worker."""
    says = staged.fields[name].blank_in_changes
    if staged.extract.content != "changes-only" or says == "cleared" or name == "person_number":
        return value
    kept = f"coalesce({value}, {known})"
    return kept if says == "unchanged" else f"case when {whole_sql(staged, 't.')} then {value} else {kept} end"


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
