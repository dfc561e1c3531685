"""Why a worker is called so: the candidates in order, and the holder of each."""

from __future__ import annotations

from dataclasses import dataclass

from hcm_pipeline.identity.attributes import Attribute, attributes
from hcm_pipeline.identity.name_parts import named_sql, parts_of
from hcm_pipeline.identity.workforce import Workforce
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch, scratch


@dataclass(frozen=True)
class Tried:
    """One candidate of one attribute, and its holder now."""

    attribute: str
    rule: str
    """`candidate 2`, or how the name was made that no candidate gave."""
    template: str | None
    name: str
    held_by: str | None
    """`this worker`, `worker N`, `reserved`, or a kind and its directory (`group of entra`); None when nobody does."""


def explain(t: Scratch, profile: Profile, workforce: Workforce, number: str) -> list[Tried]:
    """The candidates that a worker's name as it is today gives, in order, up to the one that they hold.

    Empty for a number that no snapshot holds. The connection may be read-only: everything is made in temporary tables.
    """
    found: list[Tried] = []
    worker = f"(from {workforce.workers} where person_number = ?)"
    with scratch(t.con) as own:
        named = own.make("named", named_sql(profile, workforce.day, worker, workforce.versions), [number])
        parts = parts_of(own, profile, named)
        for attribute in attributes(profile):
            found += _explain(
                own, attribute, own.make("asking", f"select *, {attribute.pieces_sql()} from {parts}"), number
            )
    return found


def _explain(t: Scratch, attribute: Attribute, asking: Relation, number: str) -> list[Tried]:
    tried: list[Tried] = []
    row = t.first(f"select variant from {asking}")
    templates = attribute.ways()[int(row[0])] if row else ()
    for place, (template, sql) in enumerate(zip(templates, attribute.candidates(), strict=False), 1):
        for name, holder in _held(t, attribute, asking, sql, number):
            if name not in [one.name for one in tried]:
                tried.append(Tried(attribute.name, f"candidate {place}", template, name, holder))
        if tried and tried[-1].held_by == "this worker":
            break
    held = t.first(
        f"select {attribute.shown}, {attribute.rule} from identities where person_number = ? and {attribute.name} is not null",
        [number],
    )
    if held and "this worker" not in {one.held_by for one in tried}:
        tried.append(Tried(attribute.name, str(held[1]), None, str(held[0]), "this worker"))
    return tried


def _held(t: Scratch, attribute: Attribute, asking: Relation, sql: str, number: str) -> list[tuple[str, str | None]]:
    rows = t.rows(
        f"""with named as (select container, {sql} as name from {asking}),
        candidate as (select name, {attribute.key("name")} as key from named where name is not null)
        select candidate.name, case when taken.person_number = ? then 'this worker' when taken.key is null then null
            else coalesce(taken.holder, 'worker ' || taken.person_number) end
        from candidate left join ({attribute.held}) taken on taken.key = candidate.key
        order by taken.person_number is distinct from ? limit 1""",
        [number, number],
    )
    return [(str(name), holder) for name, holder in rows]
