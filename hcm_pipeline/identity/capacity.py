"""Capacity: how many people share a name but for the number behind it."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from hcm_pipeline.identity.attributes import attributes
from hcm_pipeline.identity.templates import number_sql, stem_sql
from hcm_pipeline.profile import Profile


@dataclass(frozen=True)
class Crowd:
    """One name without its number. `highest` is the highest number in use, 0 when there is none."""

    attribute: str
    name: str
    holders: int
    highest: int


def crowded(con: duckdb.DuckDBPyConnection, profile: Profile, top: int) -> list[Crowd]:
    """The names with most holders, of each attribute at most `top`, most crowded first."""
    found: list[Crowd] = []
    for attribute in attributes(profile):
        rows = con.execute(
            f"""select {stem_sql(attribute.shown, attribute.limit)} as stem, count(*) as holders,
                coalesce(max({number_sql(attribute.shown)}), 0)
            from identities where {attribute.shown} is not null
            group by stem having count(*) > 1 order by holders desc, stem limit ?""",
            [top],
        ).fetchall()
        found += [Crowd(attribute.name, str(stem), holders, highest) for stem, holders, highest in rows]
    return found
