"""Duplicates on either side: numbers that two workers have, numbers that two accounts have, accounts that fit two workers."""

from __future__ import annotations

from dataclasses import dataclass

from hcm_pipeline.first_load.sides import People
from hcm_pipeline.first_load.tiers import Matched
from hcm_pipeline.warehouse import Scratch, query

SHOWN = 1000
"""No more duplicates than that are listed."""


@dataclass(frozen=True)
class Duplicate:
    """One value that several have. `side`: workers (one number), accounts (one employeeId) or matches (one account)."""

    side: str
    value: str
    held_by: list[str]
    """Person numbers, or userPrincipalNames of accounts."""


def find_duplicates(t: Scratch, people: People, matched: Matched) -> list[Duplicate]:
    """Those of workers first, then of accounts, then of matches; at most SHOWN."""
    rows = t.rows(
        f"""{query(__package__, "duplicates", workers=people.workers, accounts=people.accounts, matched=matched.workers)}
        limit {SHOWN}"""
    )
    return [Duplicate(*row) for row in rows]
