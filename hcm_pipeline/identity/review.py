"""Reviews: names that wait for a person's decision, and the decisions."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

import duckdb

from hcm_pipeline.deciders import Decider
from hcm_pipeline.directory import folded_sql
from hcm_pipeline.errors import UsageError
from hcm_pipeline.identity.attributes import STANDS_IN
from hcm_pipeline.identity.latest_decisions import latest_decisions
from hcm_pipeline.identity.name_parts import JUDGED, named_sql, spelled_parts
from hcm_pipeline.identity.rehires import LIKELY, TAKEN_OVER
from hcm_pipeline.identity.workforce import Workforce
from hcm_pipeline.profile import NAME_PARTS, Profile, scope_sql
from hcm_pipeline.warehouse import Relation, Scratch, first, scratch

SPELLING = re.compile(r"[A-Za-z0-9]+(?:[ .'-][A-Za-z0-9]+)*")


@dataclass(frozen=True)
class Review:
    """One worker of whom it is not clear which account or which former names are theirs."""

    person_number: str
    reason: str
    accounts: list[str]
    """userPrincipalNames."""
    opened_on: dt.date
    former: list[str]
    """Person numbers of former workers who may be the same person, in the order of the accounts; or the number that has taken
    this one's names over."""

    @property
    def about(self) -> str:
        """The question, as `identity_decisions` has it: account, rehire or number."""
        return {LIKELY: "rehire", TAKEN_OVER: "number"}.get(self.reason, "account")


@dataclass(frozen=True)
class Decided:
    """A person's decision: the account or the former number that is the worker's; neither means new names."""

    account: str | None = None
    same_as: str | None = None


def waiting(con: duckdb.DuckDBPyConnection) -> list[Review]:
    """Everything that waits, in the order of person numbers."""
    rows = con.execute(
        "select person_number, reason, accounts, opened_on, former from identity_reviews order by 1"
    ).fetchall()
    return [Review(*row) for row in rows]


def decide(
    con: duckdb.DuckDBPyConnection, workers: Relation, number: str, account: str | None, *,
    accept: bool, by: Decider,
) -> Decided:  # fmt: skip
    """Record that `account` is the worker's, or the only one that was offered (`accept`), or none of them (None).

    Of a likely rehire, `accept` takes the only former number that is offered, and None says that it is another person. The next run
    acts on it. `workers`: see `Workforce`. Raises UsageError when nothing waits for the worker, when the account is none of those
    offered, or when there is no single one to accept.
    """
    found = next((review for review in waiting(con) if review.person_number == number), None)
    if found is None:
        raise UsageError(f"{number}: nothing waits for a decision about this worker")
    if found.about == "account":
        decided = Decided(account=_account_of(con, found, account, accept=accept))
    elif account is not None:
        raise UsageError(f"{number}: no account is in question; choose --same-as or --new")
    elif not accept:
        decided = Decided()
    elif found.about == "rehire" and len(found.former) == 1:
        return decide_rehire(con, workers, number, found.former[0], by=by)
    else:
        raise UsageError(f"{number}: there is no single former worker to accept; choose one with --same-as")
    con.execute(
        """insert into identity_decisions (person_number, about, account, same_as, decided_by, decided_at, how)
        values (?, ?, ?, ?, ?, ?, ?)""",
        [number, found.about, decided.account, decided.same_as, by.name, by.at, by.how],
    )
    return decided


def _account_of(con: duckdb.DuckDBPyConnection, found: Review, account: str | None, *, accept: bool) -> str | None:
    number = found.person_number
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
        f"""select 1 from identities, (select ?::varchar as account)
            where {folded_sql("user_principal_name")} = {folded_sql("account")} and person_number <> ?""",
        [account, number],
    )
    if holder:
        raise UsageError(f"{number}: the ledger has given this account to another worker, and what is given stays")
    return account


def decide_rehire(
    con: duckdb.DuckDBPyConnection, workers: Relation, number: str, former: str, *, by: Decider
) -> Decided:
    """Record that `number` is the person whose number was `former`: the next run hands the names of the one to the other.

    It need not have been offered: a person knows more than the rules. Raises UsageError when `number` is no active worker, when
    `former` is one, or has no names to take over, or was promised to somebody else.
    """
    active = dict(
        con.execute(
            f"select person_number, active from {workers} where person_number in (?, ?)", [number, former]
        ).fetchall()
    )
    if number == former or not active.get(number):
        raise UsageError(f"{number}: is no active worker who could have been {former} before")
    if active.get(former, True):
        raise UsageError(f"{former}: is no worker who has left, so the names are not {number}'s to take over")
    if not first(con, "select 1 from identities where person_number = ?", [former]):
        raise UsageError(f"{former}: has no names that could be taken over")
    promised = first(
        con,
        f"select person_number from {latest_decisions('rehire')} where same_as = ? and person_number <> ?",
        [former, number],
    )
    if promised:
        raise UsageError(f"{former}: {promised[0]} was said to be this person already")
    con.execute(
        """insert into identity_decisions (person_number, about, account, same_as, decided_by, decided_at, how)
        values (?, 'rehire', null, ?, ?, ?, ?)""",
        [number, former, by.name, by.at, by.how],
    )
    return Decided(same_as=former)


@dataclass(frozen=True)
class SpelledPart:
    """One part of a worker's name, and how it would be spelled."""

    part: str
    """first, preferred or last."""
    name: str
    spelling: str
    """Empty when nothing in it can be spelled."""
    how: str


@dataclass(frozen=True)
class SpelledName:
    """A worker's name as it is today, and how it is spelled. `since`: when the names held now were given, if any are."""

    person_number: str
    confidence: float
    """Of the least sure part; 0 when nothing in the name can be spelled."""
    parts: list[SpelledPart]
    since: dt.date | None


def spelling_of(t: Scratch, profile: Profile, workforce: Workforce, number: str) -> SpelledName | None:
    """How one worker's name is spelled; None for a number that no snapshot holds. A read-only connection does."""
    found = _spelled(t, profile, workforce, "person_number = ?", [number])
    return found[0] if found else None


def spellings_waiting(t: Scratch, profile: Profile, workforce: Workforce) -> list[SpelledName]:
    """Every worker in scope for whom the person number stands in, until somebody says how the name is spelled."""
    holds = "person_number in (select person_number from identities where upn_rule = ? and status = 'given')"
    return _spelled(t, profile, workforce, f"({scope_sql(profile)}) and {holds}", [STANDS_IN])


def _spelled(
    t: Scratch, profile: Profile, workforce: Workforce, condition: str, values: list[object]
) -> list[SpelledName]:
    columns = ", ".join(
        f"named.{NAME_PARTS[part]}, spelled.{part}, coalesce(spelled.ways.{part}, '')" for part in JUDGED
    )
    workers = f"(from {workforce.workers} where {condition})"
    with scratch(t.con) as own:
        named = own.make("named", named_sql(profile, workforce.day, workers, workforce.versions), values)
        rows = own.rows(f"""
            select named.person_number, ledger.given_on, spelled.confidence, {columns}
            from {named} named join {spelled_parts(own, profile, named)} spelled using (person_number)
            left join identities ledger using (person_number) order by 1""")
    return [_spelled_name(row[0], row[1], row[2], row[3:]) for row in rows]


def _spelled_name(number: str, since: dt.date | None, confidence: float, cells: tuple[str | None, ...]) -> SpelledName:
    """`cells`: name, spelling and way of each part in JUDGED; a preferred name that is the first one is no part of its own."""
    names = {part: cells[3 * place] for place, part in enumerate(JUDGED)}
    parts = [
        SpelledPart(part, name, cells[3 * place + 1] or "", cells[3 * place + 2] or "")
        for place, (part, name) in enumerate(names.items())
        if name and (part != "preferred" or name != names["first"])
    ]
    sure = confidence if any(part.spelling for part in parts) else 0.0
    return SpelledName(number, sure, parts, since)


def decide_spelling(
    t: Scratch, profile: Profile, workforce: Workforce, number: str, given: dict[str, str], *, by: Decider
) -> dict[str, str]:
    """Record how the parts of a worker's name are spelled: as `given` by part, the others as proposed. Returns all.

    The next run gives names of it. Raises UsageError when no spelling waits for the worker, when a part is none of the
    name's, or when a spelling has anything but what names are made of, or no letter in all.
    """
    found = next((one for one in spellings_waiting(t, profile, workforce) if one.person_number == number), None)
    if found is None:
        raise UsageError(f"{number}: no spelling waits for a decision about this worker")
    parts = {part.part: part for part in found.parts}
    if "preferred" not in parts and "first" in parts and "preferred" not in given:
        preferred = parts["first"]
        parts["preferred"] = SpelledPart(
            "preferred", preferred.name, given.get("first", preferred.spelling), preferred.how
        )
    for part, spelling in given.items():
        if part not in parts:
            raise UsageError(f"{number}: the worker has no {part} name")
        if not SPELLING.fullmatch(spelling):
            raise UsageError(
                f"the {part} name must be spelled in letters A to Z, digits and, between them, single spaces, hyphens, "
                "apostrophes and full stops"
            )
    spelled = {part: given.get(part, one.spelling) for part, one in parts.items()}
    for part, spelling in spelled.items():
        if not spelling and any(character.isalpha() for character in parts[part].name):
            raise UsageError(f"{number}: nothing is proposed for the {part} name; say how it is spelled with --{part}")
    if not any(character.isalpha() for spelling in spelled.values() for character in spelling):
        raise UsageError(f"{number}: no part of the name can be spelled; say how with --first or --last")
    for part, spelling in spelled.items():
        t.run(
            "insert into spelling_decisions values (?, ?, ?, ?, ?, ?, ?)",
            [number, part, parts[part].name, spelling, by.name, by.at, by.how],
        )
    return spelled
