"""The basis of a SCIM user: stands for all that it is made from, so that those whose basis was delivered are not looked at again.

A basis is put together by `xor` of what the worker's row, the names and the manager add to it. A worker with the basis that was
delivered adds nothing to the `xor` over all four, and a group of such people comes to zero: that nobody of a group has changed is
seen without joining anything to anybody, and on most days that is most groups.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from hcm_pipeline.profile import IDENTITY_COLUMNS, LIFE_COLUMNS, Profile
from hcm_pipeline.targets.entra.attribute_rules import Ruled
from hcm_pipeline.targets.entra.scim_mapping import Mapping, carriers
from hcm_pipeline.warehouse import Relation, Scratch, literal, query, quote

GROUPED_FROM = 50_000
"""So many delivered versions are looked at in groups first: of fewer, the statements take longer."""
_GROUP_BITS = range(13, 18)
"""The groups are 8,192 to 131,072, of some eight people each."""


@dataclass(frozen=True)
class Basis:
    """SQL (UHUGEINT) for what each part of a worker's facts adds to the basis: over the columns of a worker, over those of the
    ledger, and over a worker's person_number and manager where that one may not be sent.

    Each says whose it is, and is hashed twice: `hash` of several values only adds up those of each, so that two people who swap
    what they have would come to the same.
    """

    worker: str
    names: str
    without_manager: str

    @classmethod
    def of(cls, profile: Profile, mapping: Mapping, rules: tuple[Ruled, ...]) -> Basis:
        """That of a profile's mapping, and of the rules that its values were held to.

        The worker's fields are in it by their digest. Another DuckDB may hash otherwise, and then everybody is rendered once and
        found the same.
        """
        columns = repr([(name, profile.types[name]) for name in profile.columns])
        made_by = literal(fingerprint(mapping.select, mapping.user_json, columns, repr(rules)))
        life = [made_by, *map(quote, ["active", *LIFE_COLUMNS])]
        life += ["manager"] if "manager" in profile.columns else []  # a person number, whatever HR names managers by
        names = [*map(quote, IDENTITY_COLUMNS), *(["proxy_addresses"] if carriers(mapping, "proxy_addresses") else [])]
        return cls(f"xor(digest::uhugeint, {_part('worker', *life)})", _part("names", *names), _part("without manager"))

    @property
    def sql(self) -> str:
        """SQL (UUID) over a context: the basis of a worker."""
        held_back = f"if(manager is not null and manager_external_id is null, {self.without_manager}, 0::uhugeint)"
        return f"xor({self.worker}, xor({self.names}, {held_back}))::uuid"


def _part(what: str, *values: str) -> str:
    return f"hash(hash({', '.join([literal(what), 'person_number', *values])}))::uhugeint"


def fingerprint(*texts: str) -> str:
    """Stands for texts."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


@dataclass(frozen=True)
class Sides:
    """The relations that a basis is made from. `workers`: those who should have an account, with their fields, digest and stage of
    life; `names` and `without_manager` as of `desired`; `same` as of `Target.desired`."""

    workers: Relation
    names: Relation
    without_manager: Relation
    same: Relation


@dataclass(frozen=True)
class Unsettled:
    """The groups of people (`grp`) in which somebody may have another basis than the delivered one. In each other group are workers
    with names and a delivered version, and nobody else: `settled` in all."""

    groups: Relation
    settled: int
    grp: str
    """SQL: the group of a person, by the number."""

    def holds(self) -> str:
        """SQL condition over person_number: the person is in one of the groups."""
        return f"{self.grp} in (select grp from {self.groups})"


def unsettled(t: Scratch, basis: Basis, sides: Sides) -> Unsettled | None:
    """The groups in which anybody has to be looked at; None: whoever it may be."""
    people = t.count(sides.same)
    if people < GROUPED_FROM:
        return None
    bits = min(max((people // 8).bit_length(), _GROUP_BITS[0]), _GROUP_BITS[-1])
    grp = f"(hash(person_number) >> {64 - bits})"
    found = t.make(
        "groups",
        query(__package__, "groups_of_people", grp=grp, workers=sides.workers, names=sides.names, same=sides.same,
              without_manager=sides.without_manager, of_worker=basis.worker, of_names=basis.names,
              of_without=basis.without_manager),
    )  # fmt: skip
    groups = t.make("unsettled", f"select grp from {found} where not settled")
    [settled] = t.first(f"select coalesce(sum(versions), 0) from {found} where settled") or (0,)
    return Unsettled(groups, int(settled), grp) if 2 * groups.made <= 1 << bits else None
