"""Why a worker is called so: the candidates in order, and who holds each."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from hcm_pipeline.identity.allocation import Attribute, attributes, make_asking
from hcm_pipeline.identity.name_parts import drop_parts, make_parts, named_sql
from hcm_pipeline.identity.placement import today
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import first


@dataclass(frozen=True)
class Tried:
    """One candidate of one attribute, and who has it now."""

    attribute: str
    rule: str
    """`candidate 2`, or how the name was made that no candidate gave."""
    template: str | None
    name: str
    held_by: str | None
    """`this worker`, `worker N`, `reserved`, or a kind and its directory (`group of entra`); None when nobody does."""


def explain(con: duckdb.DuckDBPyConnection, profile: Profile, number: str) -> list[Tried]:
    """The candidates that a worker's name as it is today gives, in order, up to the one that they hold.

    Empty for a number that no snapshot holds. The connection may be read-only: everything is made in temporary tables.
    """
    con.execute(
        f"""create or replace temp table newcomers as
        {named_sql(profile, today(con), "from worker_versions where valid_to is null and person_number = ?")}""",
        [number],
    )
    found: list[Tried] = []
    make_parts(con, profile)
    for attribute in attributes(profile):
        found += _explain(con, attribute, number)
    drop_parts(con)
    con.execute("drop table newcomers")
    return found


def _explain(con: duckdb.DuckDBPyConnection, attribute: Attribute, number: str) -> list[Tried]:
    make_asking(con, attribute, "true")
    tried: list[Tried] = []
    row = first(con, "select variant from asking")
    templates = attribute.ways()[int(row[0])] if row else ()
    for place, (template, sql) in enumerate(zip(templates, attribute.candidates(), strict=False), 1):
        for name, holder in _held(con, attribute, sql, number):
            if name not in [one.name for one in tried]:
                tried.append(Tried(attribute.name, f"candidate {place}", template, name, holder))
        if tried and tried[-1].held_by == "this worker":
            break
    con.execute("drop table asking")
    held = first(
        con,
        f"select {attribute.shown}, {attribute.rule} from identities where person_number = ? and {attribute.name} is not null",
        [number],
    )
    if held and "this worker" not in {one.held_by for one in tried}:
        tried.append(Tried(attribute.name, str(held[1]), None, str(held[0]), "this worker"))
    return tried


def _held(con: duckdb.DuckDBPyConnection, attribute: Attribute, sql: str, number: str) -> list[tuple[str, str | None]]:
    query = f"""
        with named as (select container, {sql} as name from asking),
        candidate as (select name, {attribute.key("name")} as key from named where name is not null)
        select c.name, case when h.person_number = ? then 'this worker' when h.key is null then null
            else coalesce(h.holder, 'worker ' || h.person_number) end
        from candidate c left join ({attribute.held}) h on h.key = c.key
        order by h.person_number is distinct from ? limit 1"""
    return [(str(name), holder) for name, holder in con.execute(query, [number, number]).fetchall()]
