"""Correlation: accounts that exist already and the workers whose they are, by employee id first, then by the profile's rules.

A match counts when it is one to one, when something besides the number agrees, and when the account is no protected one. Where it
does not, the worker is given no name before a person has decided.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hcm_pipeline.directory import CONTAINER, RELATIVE_NAME, folded_sql, protected_sql, same_name_sql
from hcm_pipeline.identity.agreement import agreeing
from hcm_pipeline.identity.latest_decisions import latest_decisions
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch, literal, nothing, query, quote, scratch

SEVERAL, SHARED, HELD = "several accounts", "account of several workers", "account of somebody else"
GUARDED, UNLIKE = "protected account", "nothing else agrees"
WAITING = {"person_number": "varchar", "reason": "varchar", "accounts": "varchar[]", "former": "varchar[]"}
"""Columns of the workers whose names wait for a person's decision: those of `identity_reviews`, without the date."""


@dataclass(frozen=True)
class Correlated:
    """`matched`: columns of `identities`, one row for each newcomer with an account of their own; None when there is none.

    `waiting`: the columns of WAITING, one row for each newcomer of whom a person has to decide which account is theirs.
    """

    matched: Relation | None
    waiting: Relation


def correlate(
    t: Scratch, profile: Profile, newcomers: Relation, emails: Relation, renamed: Relation, accounts: Relation, day: dt.date
) -> Correlated:  # fmt: skip
    """Find the accounts that newcomers have already. One newcomer is in exactly one of the results, or in none.

    `newcomers`: see `named_sql`; `emails`: person_number, email; `renamed` (person_number): those whose names were retired on the
    day, who keep their account; `accounts`: the columns of `directory_objects`.
    """
    nobody = Correlated(None, nothing(WAITING))
    if t.first(f"select 1 from {accounts} limit 1") is None:
        return nobody
    with scratch(t.con) as own:
        # found first and by themselves: how few they are is then known, and not the whole directory is carried along
        candidates = own.make("candidates", _candidates_sql(profile, newcomers, accounts))
        if not candidates.made:
            return nobody
        correlated = own.make(
            "correlated",
            query(__package__, "correlated_accounts", candidates=candidates, accounts=accounts, renamed=renamed,
                  agreeing=agreeing(own, profile, candidates, newcomers, emails, accounts),
                  is_protected=protected_sql(profile.guards.protected, "account"), several=literal(SEVERAL),
                  shared=literal(SHARED), held=literal(HELD), guarded=literal(GUARDED), unlike=literal(UNLIKE),
                  same_address=same_name_sql("ledger.user_principal_name", "account.user_principal_name"),
                  same_logon=same_name_sql("ledger.sam_account_name", "account.sam_account_name")),
        )  # fmt: skip
        matched = t.make(
            "matched",
            query(__package__, "adopted_identities", correlated=correlated, container=CONTAINER, relative_name=RELATIVE_NAME),
            {"day": day},
        )  # fmt: skip
        waiting = t.make(
            "waiting",
            f"""select person_number, min(reason) as reason, list(user_principal_name order by user_principal_name) as accounts,
                []::varchar[] as former
            from {correlated} where reason is not null group by 1""",
        )
    return Correlated(matched, waiting)


def _candidates_sql(profile: Profile, newcomers: Relation, accounts: Relation) -> str:
    """SELECT person_number, object_id, tier: a decision is tier 0, an employee id 1, and the profile's rules follow.

    Values are compared as the directories compare them. Of accounts whose names come to one form, a decision means the one that it
    writes out.
    """
    upn, named = folded_sql("account.user_principal_name"), folded_sql("decided.account")
    undecided = "worker.person_number not in (select person_number from decided)"
    tiers = [
        f"""select worker.person_number, account.object_id, 0 as tier from {newcomers} worker
        join decided using (person_number) join accounts account on {upn} = {named}
        qualify lower(account.user_principal_name) = lower(decided.account)
            or not bool_or(lower(account.user_principal_name) = lower(decided.account)) over (partition by worker.person_number)""",
        f"""select worker.person_number, account.object_id, 1 from {newcomers} worker
        join accounts account on {folded_sql("account.employee_id")} = {folded_sql("worker.person_number")} where {undecided}""",
    ]
    tiers += [
        f"""select worker.person_number, account.object_id, {tier} from {newcomers} worker
        join accounts account on {folded_sql(f"account.{quote(rule.attribute)}")} = {folded_sql(f"worker.{quote(rule.field)}")}
        where account.employee_id is null and {undecided}"""
        for tier, rule in enumerate(profile.identity.adopt, 2)
    ]
    return f"""
        with accounts as not materialized (
            from {accounts} where kind = 'user' and not deleted and user_principal_name is not null),
        decided as (select person_number, account from {latest_decisions("account")})
        {" union ".join(tiers)}"""
