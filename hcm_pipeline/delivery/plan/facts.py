"""All that a plan is made of: the facts of workers that other rooms hand in, the profile's rules, the target and the time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from hcm_pipeline.delivery.target import Target
from hcm_pipeline.profile import Delivery, Guards
from hcm_pipeline.warehouse import Relation


@dataclass(frozen=True)
class Snapshot:
    """The newest business date that was processed. `state`: sha256 of what it was made from; `contract`: of the profile then."""

    business_date: dt.date
    state: str
    contract: str


@dataclass(frozen=True)
class Facts:
    """The facts about workers, made by the rooms before delivery.

    `workers`: person_number, extract_id, starts_on (DATE), refers_to (person_number of the worker to whom the account refers, and
    whose account comes first); one row for a worker of the snapshot.
    `groups`: person_number, valid_from, valid_to (DATE; null: still) and a column for each field whose values are groups.
    `names`: person_number, digest (UHUGEINT) over the names that the worker has.
    `extracts`: extract_id, sha256, source, name, business_date.
    `protected`: person_number, valid_from, valid_to (DATE; null: for ever), has_account (BOOLEAN: it was there before anything was
    sent) of workers who matter; None: nobody does.
    `moving`: person_number of workers who have their account at another target, and for whom one here waits for a person; None:
    there is no other target.
    `sources`: what the target makes its versions from; delivery does not look inside.
    """

    snapshot: Snapshot
    workers: Relation
    groups: Relation
    names: Relation
    extracts: Relation
    sources: Mapping[str, Relation]
    protected: Relation | None = None
    moving: Relation | None = None


@dataclass(frozen=True)
class Rules:
    """A profile's rules of delivery. `profile` is its name, `sha256` stands for all that it says.

    `share_of`: the number of which `max` of a limit is a share, so that it is judged over days, too; None: of none.
    """

    profile: str
    sha256: str
    guards: Guards
    delivery: Delivery
    share_of: int | None = None


@dataclass(frozen=True)
class Task:
    """One plan to be made, or looked at."""

    target: Target
    rules: Rules
    facts: Facts
    now: dt.datetime

    @property
    def business_date(self) -> dt.date:
        """The date that is planned for."""
        return self.facts.snapshot.business_date
