"""Tiers: how each worker in scope and each account belong together, and by what.

By the number, compared as the target compares it; by a person's word; by several attributes that agree; ambiguous; or not at all.
A match by agreement alone counts for nothing before a person has confirmed it: the service matches by number only, so that the
account has to be given the number first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hcm_pipeline.directory import folded_sql, same_name_sql
from hcm_pipeline.first_load.sides import People
from hcm_pipeline.identity import (
    GUARDED,
    HELD,
    SEVERAL,
    SHARED,
    UNLIKE,
    latest_decisions,
)
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch, literal, query, quote

NOBODY_CONFIRMED = "agrees, and nobody has confirmed it"
LOOKS, GONE, CONTRADICTED = "looks like an account", "decided account is not there", "number and decision differ"
UNSTAMPED, TWIN = "account has not the number yet", "another worker has this number"
RENAMED = "account would be renamed"
REASONS = {
    SEVERAL: "Several accounts fit, and one has to be chosen.",
    SHARED: "Another worker fits the same account.",
    TWIN: "Two workers have one number, as the target compares numbers.",
    CONTRADICTED: "A person named one account, or none, and the number is on another one.",
    GONE: "The account that a person named is not in the directory, or is deleted.",
    HELD: "The ledger has given this account to another worker.",
    RENAMED: "The ledger gave the worker other names than the account has, and nothing was sent: confirm the account.",
    GUARDED: "The profile protects the account: it is nobody's without a decision.",
    UNLIKE: "The number agrees, and neither name nor mail does.",
    NOBODY_CONFIRMED: "Several attributes agree, and the number does not: a person has to confirm it.",
    UNSTAMPED: "A person confirmed the account, and it has not the number by which the service matches: stamp it, and read again.",
    LOOKS: "No account is theirs by number, and one agrees in something.",
}
"""The reasons for which a person has to look at a worker before a first load, and what each means."""
FIRST_LOAD = "first load"


class Tier(StrEnum):
    """How a worker, or an account, was matched."""

    NUMBER = "number"
    CONFIRMED = "confirmed"
    AGREEING = "agreeing"
    AMBIGUOUS = "ambiguous"
    NONE = "none"


TIERS = tuple(Tier)


class OrphanKind(StrEnum):
    """Why an account is no worker's."""

    PROTECTED = "protected"
    OUT_OF_SCOPE = "of a worker out of scope"
    LOOKS_LIKE = "looks like a worker"
    UNKNOWN_NUMBER = "number of nobody"
    NO_NUMBER = "no number"


@dataclass(frozen=True)
class Matched:
    """`workers`: person_number, name, active, life_stage, tier, reason (None: clean), accounts (object ids), evidence, decided_by;
    one row for each worker in scope. `accounts`: object_id, user_principal_name, employee_id, display_name, enabled, mail,
    distinguished_name, is_protected, tier, orphan, workers; one row for each account."""

    workers: Relation
    accounts: Relation


def match(
    t: Scratch, profile: Profile, people: People, everybody: Relation, sent: Relation, listed: Relation | None = None
) -> Matched:
    """Put every worker and every account into one tier.

    `everybody`: person_number of all workers, in scope or not; `sent`: of those who were ever sent. `listed`: person_number,
    account, decided_by of a list that is not entered yet, and that counts as decisions do.
    """
    decided = _decided(t, people, listed)
    claims = t.make(
        "claims",
        query(__package__, "claims", workers=people.workers, accounts=people.accounts, decided=decided,
              same_name=f"{folded_sql('account.user_principal_name')} = {folded_sql('decided.account')}"),
    )  # fmt: skip
    alike = _alike(t, profile, people, claims, decided)
    workers = t.make(
        "matched_workers",
        query(__package__, "matched_workers", workers=people.workers, accounts=people.accounts, claims=claims, alike=alike,
              decided=decided, words=people.words, sent=sent, renamed=literal(RENAMED),
              same_ledger_name=same_name_sql("ledger.user_principal_name", "account.user_principal_name"),
              twin=literal(TWIN), shared=literal(SHARED), contradicted=literal(CONTRADICTED), several=literal(SEVERAL),
              gone=literal(GONE), looks=literal(LOOKS), held=literal(HELD), unstamped=literal(UNSTAMPED),
              guarded=literal(GUARDED), unconfirmed=literal(NOBODY_CONFIRMED), unlike=literal(UNLIKE)),
    )  # fmt: skip
    accounts = t.make(
        "matched_accounts",
        query(__package__, "matched_accounts", accounts=people.accounts, matched=workers,
              everybody=everybody, folded_everybody=folded_sql("person_number"),
              protected=literal(OrphanKind.PROTECTED), out_of_scope=literal(OrphanKind.OUT_OF_SCOPE),
              looks_like=literal(OrphanKind.LOOKS_LIKE), unknown_number=literal(OrphanKind.UNKNOWN_NUMBER),
              no_number=literal(OrphanKind.NO_NUMBER)),
    )  # fmt: skip
    return Matched(workers, accounts)


def open_reasons(t: Scratch, matched: Matched) -> Relation:
    """person_number, reason, accounts of the workers who are not clean, without those of whom a person said: send as it is.

    Such a word counts while the reason and the accounts are what they were.
    """
    return t.view(
        "open_reasons",
        f"""select person_number, reason, accounts from {matched.workers} worker where reason is not null and not exists (
            from (from first_load_decisions
                qualify row_number() over (partition by person_number order by decided_at desc) = 1) said
            where said.person_number = worker.person_number and said.reason = worker.reason and said.accounts = worker.accounts)""",
    )


def _decided(t: Scratch, people: People, listed: Relation | None) -> Relation:
    """person_number, account (null: none of those, the worker is new), decided_by.

    A list comes before what was decided, and that before a ledger that was imported, as far as its accounts are there.
    """
    given = f"""select person_number, account, decided_by, 1 as place from {latest_decisions("account")}
        union all
        select ledger.person_number, ledger.user_principal_name, 'the imported ledger', 2
        from identities ledger join {people.accounts} account
            on {same_name_sql("ledger.user_principal_name", "account.user_principal_name")}
        where ledger.status = 'imported'"""
    if listed is not None:
        given = f"select person_number, account, decided_by, 0 as place from {listed} union all {given}"
    first = "row_number() over (partition by person_number order by place) = 1"
    return t.make("decided", f"select person_number, account, decided_by from ({given}) qualify {first}")


def _alike(t: Scratch, profile: Profile, people: People, claims: Relation, decided: Relation) -> Relation:
    same = {name: _same_text(f"worker.{name}", f"account.{name}") for name in ("company", "department", "country")}
    return t.make(
        "alike",
        query(__package__, "alike", workers=people.workers, words=people.words, accounts=people.accounts, claims=claims,
              decided=decided, ruled=_ruled(t, profile, people), folded_upn=folded_sql("user_principal_name"),
              folded_dn=folded_sql("account.distinguished_name"),
              folded_manager=folded_sql("account.manager"), same_company=same["company"],
              same_department=same["department"], same_country=same["country"]),
    )  # fmt: skip


def _ruled(t: Scratch, profile: Profile, people: People) -> Relation:
    """person_number, object_id, what of the pairs that agree by a rule of `identity.adopt`; mail addresses are compared besides."""
    rules = [rule for rule in profile.identity.adopt if rule.field != "email"]
    selects = [
        f"""select worker.person_number, account.object_id, {literal(f"{rule.attribute} = {rule.field}")} as what
        from {people.workers} worker join {people.accounts} account
            on {folded_sql(f"account.{quote(rule.attribute)}")} = worker.{quote(f"rule_{rule.field}")}"""
        for rule in rules
    ]
    if not selects:
        return t.empty("ruled", {"person_number": "VARCHAR", "object_id": "VARCHAR", "what": "VARCHAR"})
    return t.view("ruled", " union ".join(selects))


def _same_text(one: str, other: str) -> str:
    return f"coalesce({same_name_sql(f'trim({one})', f'trim({other})')}, false)"
