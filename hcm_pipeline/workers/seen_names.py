"""Names that somebody has looked at: a person's word that a name which looks odd, or like another's, is meant.

The word is about a worker and a text: the same name in a later row is taken as well, and another one is asked about again.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from hcm_pipeline.deciders import Decider
from hcm_pipeline.errors import UsageError
from hcm_pipeline.warehouse import literal
from hcm_pipeline.workers.lookalike_names import ALIKE, MIXED

DAMAGED = "damaged_text"
SEEN_RULES = (MIXED, ALIKE, DAMAGED)
"""The rules that a look at a name settles."""
_WAITING = f"""from held_cells where valid_to is null and "rule" in ({", ".join(map(literal, SEEN_RULES))})
    and person_number is not null and "value" is not null"""


@dataclass(frozen=True)
class OddName:
    """A text of a worker that is held back until somebody has looked at it. `since` is the business date of its first row."""

    person_number: str
    field: str
    rule: str
    name: str
    since: str


def odd_names(con: duckdb.DuckDBPyConnection) -> list[OddName]:
    """Every name that waits for a look, by person number."""
    rows = con.execute(
        f"""select person_number, field, "rule", "value", since::varchar {_WAITING} order by person_number, field, "rule" """
    ).fetchall()
    return [OddName(*row) for row in rows]


def take_as_seen(con: duckdb.DuckDBPyConnection, number: str, by: Decider) -> list[OddName]:
    """Enter that the names of a worker are written as they are meant; the dates of their rows are then processed anew.

    To be called in a transaction. Raises UsageError when none of them waits.
    """
    found = [one for one in odd_names(con) if one.person_number == number]
    if not found:
        raise UsageError(
            f"{number}: no name of this worker waits for a look; `hcm-pipeline identity review` lists those that do"
        )
    con.execute(
        f"""insert into seen_names
        select distinct cell.person_number, cell."value", extract.business_date, ?, ?::timestamptz, ?
        from (select * {_WAITING}) cell join extracts extract using (extract_id) where cell.person_number = ?""",
        [by.name, by.at, by.how, number],
    )
    con.execute(
        f"""insert or ignore into to_rebuild select distinct business_date
        from (select extract_id {_WAITING} and person_number = ?) join extracts using (extract_id)""",
        [number],
    )
    return found


def seen_texts(con: duckdb.DuckDBPyConnection) -> frozenset[tuple[str, str]]:
    """Person number and text of each name that somebody has looked at."""
    return frozenset(con.execute('select person_number, "value" from seen_names').fetchall())
