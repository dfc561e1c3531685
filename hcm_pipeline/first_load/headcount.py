"""Headcount: workers in scope against accounts, by company, country, department or kind of worker."""

from __future__ import annotations

from dataclasses import dataclass

from hcm_pipeline.directory import folded_sql
from hcm_pipeline.first_load.sides import People
from hcm_pipeline.first_load.tiers import Matched
from hcm_pipeline.warehouse import Scratch, query, quote

COHORTS = {
    "company": "company",
    "legal_employer": "company",
    "country": "country",
    "department": "department",
    "worker_type": "employee_type",
}
"""Fields of workers that can be counted by, and the attribute of an account that is set against each."""


@dataclass(frozen=True)
class Heads:
    """One value of a field. `matched`: of the workers, those who are linked to one account by number or by a person."""

    value: str | None
    """None: there is none."""
    workers_active: int
    workers_inactive: int
    matched: int
    accounts_enabled: int
    accounts_disabled: int
    accounts_unknown: int
    """The directory does not tell whether they are enabled."""


def count_heads(t: Scratch, people: People, matched: Matched, by: str) -> list[Heads]:
    """A row for each value that a worker or an account has, in the order of size; protected accounts are not counted.

    Values are compared without regard to case, marks and blanks at the ends. `by`: a key of COHORTS.
    """
    ours, theirs = f"nullif(trim({quote(by)}), '')", f"nullif(trim({quote(COHORTS[by])}), '')"
    rows = t.rows(
        query(__package__, "heads", workers=people.workers, accounts=people.accounts, matched=matched.workers, ours=ours,
              theirs=theirs, folded_ours=folded_sql(ours), folded_theirs=folded_sql(theirs))
    )  # fmt: skip
    return [Heads(*row) for row in rows]
