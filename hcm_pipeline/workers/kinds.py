"""What a change is called: one readable table, as SQL.

| before      | now      | and                                   | kind       |
|-------------|----------|---------------------------------------|------------|
| unknown     | active   |                                       | joiner     |
| unknown     | inactive | they had left before we heard of them | former     |
| active      | inactive |                                       | leaver     |
| inactive    | active   | the hire date is a later one          | rehire     |
| inactive    | active   | otherwise: the exit was taken back    | reinstated |
| same status |          | only dates differ                     | correction |
| same status |          | job, place or manager differs         | mover      |
| same status |          | anything else (name, phone, address)  | update     |
"""

from __future__ import annotations

from hcm_pipeline.warehouse import literal, quote

DATES = ("hire_date", "termination_date")
MOVES = ("worker_type", "legal_employer", "company", "division", "department", "cost_center", "job_code", "job_name",
         "location", "manager")  # fmt: skip
KINDS = ("joiner", "former", "mover", "leaver", "rehire", "reinstated", "correction", "update")


def attributes_sql(fields: list[str], before: str, now: str) -> str:
    """SQL (VARCHAR[]) naming the fields in which two rows differ, in the given order."""
    tests = ", ".join(
        f"case when {now}.{quote(f)} is distinct from {before}.{quote(f)} then {literal(f)} end" for f in fields
    )
    return f"list_filter([{tests}], lambda it: it is not null)"


def kind_sql(attributes: str, before: str, now: str) -> str:
    """SQL (VARCHAR) for the kind of a change of a known worker."""
    dates, moves = (f"[{', '.join(map(literal, names))}]" for names in (DATES, MOVES))
    return f"""case
        when {before}.active and not {now}.active then 'leaver'
        when {now}.active and not {before}.active
            then case when {now}.hire_date > {before}.hire_date then 'rehire' else 'reinstated' end
        when list_has_all({dates}, {attributes}) then 'correction'
        when list_has_any({moves}, {attributes}) then 'mover'
        else 'update' end"""
