"""Names that wait for a person's word, and the word."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from hcm_pipeline.errors import UsageError
from hcm_pipeline.warehouse import first


@dataclass(frozen=True)
class Review:
    """One worker without names, because several accounts could be theirs, or theirs could be somebody else's."""

    person_number: str
    reason: str
    accounts: list[str]
    """userPrincipalNames."""
    opened_on: dt.date


def waiting(con: duckdb.DuckDBPyConnection) -> list[Review]:
    """Everything that waits, in the order of person numbers."""
    rows = con.execute("select person_number, reason, accounts, opened_on from identity_reviews order by 1").fetchall()
    return [Review(*row) for row in rows]


def decide(
    con: duckdb.DuckDBPyConnection, number: str, account: str | None, *, accept: bool, by: str, now: dt.datetime
) -> str | None:
    """Record that `account` is the worker's, or the only one that was offered (`accept`), or none of them (None); the account.

    The next run acts on it. Raises UsageError when nothing waits for the worker, when the account is none of those offered,
    or when there is no single one to accept.
    """
    found = next((review for review in waiting(con) if review.person_number == number), None)
    if found is None:
        raise UsageError(f"{number}: nothing waits for a decision about this worker")
    if accept:
        if len(found.accounts) != 1:
            raise UsageError(f"{number}: {len(found.accounts)} accounts are offered; choose one with --set")
        account = found.accounts[0]
    elif account is not None:
        account = next((offered for offered in found.accounts if offered.lower() == account.lower()), None)
        if account is None:
            raise UsageError(f"{number}: the account is none of those that are offered")
    holder = account and first(
        con,
        "select 1 from identities where lower(user_principal_name) = lower(?) and person_number <> ?",
        [account, number],
    )
    if holder:
        raise UsageError(f"{number}: the ledger has given this account to another worker, and what is given stays")
    con.execute("insert into identity_decisions values (?, ?, ?, ?)", [number, account, by, now])
    return account
