"""Stamps: the numbers that confirmed accounts have to be given before the service can match them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hcm_pipeline.first_load.tiers import UNSTAMPED, Matched
from hcm_pipeline.warehouse import Scratch

NUMBER = "[A-Za-z0-9][A-Za-z0-9_.-]{0,15}"
"""A number that fits employeeId (16 characters), and that no spreadsheet computes and no shell takes apart."""
OBJECT_ID = "[A-Za-z0-9-]{1,64}"
PAGE = 1000


@dataclass(frozen=True)
class Stamp:
    """One account and the number that it is to have. `employee_id_now`: the one that it has; None: none."""

    object_id: str
    user_principal_name: str | None
    employee_id: str
    employee_id_now: str | None
    tier: str
    evidence: str
    confirmed_by: str | None
    protected: bool


def stamps(t: Scratch, matched: Matched) -> Iterator[Stamp]:
    """Every stamp, in the order of person numbers: of confirmed accounts that are one worker's and have not the number yet."""
    yield from _read(t, matched, "fits")


def unfit(t: Scratch, matched: Matched) -> list[str]:
    """The person numbers that no file can carry unchanged, or that employeeId cannot hold."""
    return [one.employee_id for one in _read(t, matched, "not fits")]


def _read(t: Scratch, matched: Matched, condition: str) -> Iterator[Stamp]:
    result = t.con.execute(
        f"""select object_id, user_principal_name, person_number, employee_id, tier, evidence, decided_by, is_protected from (
            select account.object_id, account.user_principal_name, worker.person_number, account.employee_id, worker.tier,
                array_to_string(worker.evidence, ', ') as evidence, worker.decided_by, account.is_protected,
                regexp_full_match(worker.person_number, ?) and regexp_full_match(account.object_id, ?) as fits
            from {matched.workers} worker join {matched.accounts} account on account.object_id = worker.accounts[1]
            where worker.reason = ?)
        where {condition} order by person_number""",
        [NUMBER, OBJECT_ID, UNSTAMPED],
    )
    while rows := result.fetchmany(PAGE):
        yield from (Stamp(*row) for row in rows)
