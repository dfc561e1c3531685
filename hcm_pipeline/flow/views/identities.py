"""The ledger of names: what a worker holds and held, what waits for a decision, and how crowded names are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.naming import workforce
from hcm_pipeline.flow.views.rows import mappings_of, values_of
from hcm_pipeline.identity import (
    ALIASES,
    PROXY_ADDRESSES,
    Crowd,
    Review,
    SpelledName,
    crowded,
    explain,
    spelling_of,
    spellings_waiting,
    waiting,
)
from hcm_pipeline.identity import SpelledPart as SpelledPart
from hcm_pipeline.identity import Tried as Tried
from hcm_pipeline.profile import IDENTITY_COLUMNS
from hcm_pipeline.warehouse import scratch
from hcm_pipeline.workers import OddName, odd_names


@dataclass(frozen=True)
class FormerName:
    """A name that a worker held before."""

    attribute: str
    name: str
    reason: str
    until: dt.date


@dataclass(frozen=True)
class FormerPlace:
    """A container that a worker's account was in before."""

    parent_distinguished_name: str | None
    common_name: str | None
    until: dt.date
    cause: str


@dataclass(frozen=True)
class Succession:
    """A person number that has taken over the names of another."""

    person_number: str
    successor: str
    taken_on: dt.date
    decided_by: str
    decided_at: dt.datetime


@dataclass(frozen=True)
class LedgerEntry:
    """All that the ledger holds for a worker. `held` is empty when only another number has a part in it."""

    held: Mapping[str, Any]
    """By column of `identities`, and `proxy_addresses`."""
    former: tuple[FormerName, ...]
    former_places: tuple[FormerPlace, ...]
    successions: tuple[Succession, ...]

    def as_json(self) -> dict[str, object]:
        """One object: what is held beside what was held."""
        return {
            **self.held,
            "former": self.former,
            "former_places": self.former_places,
            "successions": self.successions,
        }


@dataclass(frozen=True)
class IdentityStory:
    """One worker's names: what is held, how the name is spelled, and which candidates there were."""

    person_number: str
    identity: LedgerEntry | None
    spelling: SpelledName | None
    tried: list[Tried]


@dataclass(frozen=True)
class Reviews:
    """Decisions that are asked for: about accounts, about numbers that may be one person's, about spellings, and about names that
    look odd or like another worker's."""

    accounts: list[Review]
    rehires: list[Review]
    spellings: list[SpelledName]
    names: list[OddName]


def ledger_entry(con: duckdb.DuckDBPyConnection, number: str) -> LedgerEntry | None:
    """All that the ledger holds for a worker; None when it knows nothing of the number."""
    found = mappings_of(
        con,
        f"""select {", ".join(f"i.{column}" for column in IDENTITY_COLUMNS)}, {PROXY_ADDRESSES} as proxy_addresses, status,
            given_on, released_on, upn_rule, sam_rule, cn_rule, placed_by, placed_on
        from identities i left join ({ALIASES}) a using (person_number) where person_number = ?""",
        [number],
    )
    taken = values_of(
        con,
        Succession,
        """select person_number, successor, taken_on, decided_by, decided_at from successions
        where person_number = ? or successor = ?""",
        [number, number],
    )
    if not found and not taken:
        return None
    former = values_of(
        con,
        FormerName,
        "select attribute, name, reason, until from former_names where person_number = ? order by 4, 1",
        [number],
    )
    places = values_of(
        con,
        FormerPlace,
        """select parent_distinguished_name, common_name, until, cause from former_places where person_number = ?
        order by until, parent_distinguished_name""",
        [number],
    )
    return LedgerEntry(found[0] if found else {}, tuple(former), tuple(places), tuple(taken))


def identity_story(installation: Installation, number: str) -> IdentityStory:
    """One worker's names. Raises UsageError when neither the ledger nor the snapshot holds the number."""
    with installation.warehouse.read() as con, scratch(con) as t:
        held, workers = ledger_entry(con, number), workforce(t, installation.profile)
        tried = explain(t, installation.profile, workers, number)
        spelled = spelling_of(t, installation.profile, workers, number)
    if held is None and not tried:
        raise UsageError(f"{number}: neither the ledger nor the snapshot holds this person number")
    return IdentityStory(number, held, spelled, tried)


def reviews(installation: Installation) -> Reviews:
    """Everything about names that waits for a person."""
    with installation.warehouse.read() as con, scratch(con) as t:
        found = waiting(con)
        spellings = spellings_waiting(t, installation.profile, workforce(t, installation.profile))
        names = odd_names(con)
    return Reviews(
        [review for review in found if review.about == "account"],
        [review for review in found if review.about != "account"],
        spellings,
        names,
    )


def capacity(installation: Installation, top: int) -> list[Crowd]:
    """The most crowded names of each attribute."""
    with installation.warehouse.read() as con:
        return crowded(con, installation.profile, top)
