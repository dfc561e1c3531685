"""The expressions that a profile holds in its own words, by the key that they stand under."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hcm_pipeline.profile.model import Profile
from hcm_pipeline.profile.worker_fields import LEDGER_COLUMNS, LIFE_COLUMNS
from hcm_pipeline.warehouse import DUCKDB_TYPES, can_fail


@dataclass(frozen=True)
class OwnExpression:
    """An expression and its key. `of_facts`: it is a condition over the facts alone, before any stage of life is known."""

    key: str
    sql: str
    of_facts: bool = False


def conditions_of(profile: Profile) -> Iterator[OwnExpression]:
    """The conditions of every section, but for the filters of the scope, which are made of fields and constants."""
    life = profile.workers.life
    for i, zone in enumerate(life.zones):
        yield OwnExpression(f"workers.life.zones[{i}].when", zone.when, of_facts=True)
    for key, when in (("on_leave", life.on_leave), ("erased", life.erased)):
        if when:
            yield OwnExpression(f"workers.life.{key}", when, of_facts=True)
    for i, condition in enumerate(profile.scope.include):
        yield OwnExpression(f"scope.include[{i}]", condition)
    for part in ("special", "domains", "placement", "leavers"):
        for i, rule in enumerate(getattr(profile.identity, part)):
            yield OwnExpression(f"identity.{part}[{i}].when", rule.when)
    for i, population in enumerate(profile.target.populations):
        yield OwnExpression(f"target.populations[{i}].when", population.when)
    for i, protected in enumerate(profile.guards.protected):
        if protected.when:
            yield OwnExpression(f"guards.protected[{i}].when", protected.when)


def mappings_of(profile: Profile) -> Iterator[OwnExpression]:
    """The expressions of the mapping."""
    for name, mapped in profile.scim.mapping.items():
        if mapped.sql is not None:
            yield OwnExpression(f"scim.mapping.{name}", mapped.sql)


def fallible(profile: Profile, *keys: str) -> list[OwnExpression]:
    """Those that may fail for some worker, of keys that begin so (none: of all)."""
    fields = {name: DUCKDB_TYPES[kind] for name, kind in {**profile.types, **LIFE_COLUMNS}.items()}
    columns = {**fields, **dict.fromkeys((*LEDGER_COLUMNS, "manager_external_id"), "VARCHAR")}
    return [
        one
        for one in (*conditions_of(profile), *mappings_of(profile))
        if (not keys or one.key.startswith(keys)) and can_fail(one.sql, columns)
    ]
