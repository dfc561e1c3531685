"""Decisions before a first load: which account is a worker's, that a worker is new, and that one is sent as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from hcm_pipeline.deciders import Decider
from hcm_pipeline.directory import folded_sql, same_name_sql
from hcm_pipeline.errors import UsageError
from hcm_pipeline.first_load.confirmed_list import Listed, RefusedLine
from hcm_pipeline.first_load.sides import People
from hcm_pipeline.warehouse import Relation, Scratch, query

_SCHEMA = pa.schema(
    [("row_no", pa.int64()), ("person_number", pa.string()), ("account", pa.string()), ("decided_by", pa.string())]
)
_RULES = {
    "unknown_worker": ("person_number", "is no worker in scope of the newest snapshot"),
    "unknown_account": ("account", "is no account of the directory that is not deleted"),
    "several_accounts": ("account", "names several accounts; give the object id"),
    "no_name": ("account", "has no userPrincipalName, by which it is known"),
    "held": ("account", "is another worker's in the ledger, and what is given stays"),
    "sent": ("account", "differs from the account that was sent for this worker already"),
}


@dataclass(frozen=True)
class AsIs:
    """A worker who is not clean, as somebody saw it."""

    person_number: str
    reason: str
    accounts: tuple[str, ...]


def listed_relation(t: Scratch, listed: Sequence[Listed]) -> Relation:
    """row_no, person_number, account (None: new), decided_by of the rows of a list."""
    return t.of_arrow("listed", pa.table(
        {"row_no": [one.row for one in listed], "person_number": [one.person_number for one in listed],
         "account": [one.account for one in listed], "decided_by": [one.confirmed_by for one in listed]}, schema=_SCHEMA,
    ))  # fmt: skip


def enter_matches(
    t: Scratch, people: People, listed: Sequence[Listed], file: str, by: Decider, sent: Relation
) -> list[RefusedLine]:
    """Enter the decisions of a list; those of its rows that cannot be taken. `sent`: person_number of workers ever sent anywhere.

    Names that were given and never sent are taken back where a person says that the worker has an account with other ones, so that
    the next run adopts that.
    """
    judged = t.make(
        "judged",
        query(__package__, "judged_matches", listed=listed_relation(t, listed), workers=people.workers, accounts=people.accounts,
              sent=sent, folded_upn=folded_sql("user_principal_name"), folded_account=folded_sql("listed.account"),
              same_name=same_name_sql("ledger.user_principal_name", "resolved.user_principal_name")),
    )  # fmt: skip
    t.run(
        f"""insert into identity_decisions (person_number, about, account, same_as, decided_by, decided_at, how)
        select person_number, 'account', user_principal_name, null, decided_by, ?, ? from {judged} where rule is null""",
        [by.at, by.how],
    )
    t.run(
        f"""delete from identities ledger where status <> 'released' and person_number in (
            select person_number from {judged} resolved where rule is null and parts_from_ledger)"""
    )
    rows = t.rows(f"select row_no, rule from {judged} where rule is not null order by row_no")
    return [RefusedLine(file, row, _RULES[rule][0], rule, _RULES[rule][1]) for row, rule in rows]


def enter_match(t: Scratch, people: People, number: str, account: str | None, by: Decider, sent: Relation) -> None:
    """Enter that `account` (a userPrincipalName or an object id) is the worker's. Raises UsageError when it cannot be."""
    refused = enter_matches(t, people, [Listed(1, number, account, by.name)], "", by, sent)
    if refused:
        told = account if refused[0].column == "account" else number
        raise UsageError(f"{told}: {refused[0].reason}")


def enter_new(t: Scratch, people: People, number: str, by: Decider, sent: Relation) -> None:
    """Enter that no account of the directory is the worker's. Raises UsageError for no worker in scope."""
    enter_match(t, people, number, None, by, sent)


def enter_as_is(t: Scratch, found: AsIs, why: str, by: Decider) -> None:
    """Enter that a worker is sent as it is, whatever was found."""
    t.run(
        "insert into first_load_decisions values (?, ?, ?, ?, ?, ?, ?)",
        [found.person_number, found.reason, list(found.accounts), by.name, by.at, why, by.how],
    )
