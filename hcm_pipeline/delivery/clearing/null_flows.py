"""The nulls that clear: the fate of a null, for each attribute of a target.

The service itself tells, where it may be asked; otherwise the profile does, and by default it says that no null clears. Both words
are kept, so that one stands when the other is gone.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from hcm_pipeline.delivery.service import NullFlow, NullFlows
from hcm_pipeline.delivery.target import Target
from hcm_pipeline.plain_text import counted
from hcm_pipeline.warehouse import Relation, Scratch, first, query

ASK_AGAIN = dt.timedelta(hours=24)
"""So often a service is asked while values stay that it might clear by now."""


@dataclass(frozen=True)
class Flow:
    """The fate of nulls, by the attributes of one target. `known`: attribute, by_profile, by_service, flow, since, held_as.

    `stays`: the attributes whose values stay.
    """

    known: Relation
    stays: frozenset[str]


def known_flows(t: Scratch, target: Target, now: dt.datetime) -> Flow:
    """The flows of a target's columns, by the service's last word or else by the profile's, with nothing written.

    `since` is when an attribute was first known to be so: `now` for one of which the profile says something new.
    """
    columns = t.of_rows(
        "columns",
        {"attribute": "varchar", "by_profile": "varchar"},
        [(c.name, str(NullFlow.FLOWS if c.clears else NullFlow.STAYS)) for c in target.columns],
    )
    found = t.make("null_flows", query(__package__, "known_flows", columns=columns), {"target": target.key, "now": now})
    stays = t.rows(f"select attribute from {found} where flow = ?", [NullFlow.STAYS])
    return Flow(found, frozenset(attribute for (attribute,) in stays))


def keep_flows(t: Scratch, target: Target, now: dt.datetime) -> Flow:
    """The same, and kept: a reading and an acceptance look there, and know no profile."""
    found = known_flows(t, target, now)
    t.run(
        f"delete from null_flows where target = ? and attribute in (select attribute from {found.known})", [target.key]
    )
    t.run("update null_flows set mapped = false where target = ?", [target.key])
    t.run(
        f"""insert into null_flows by name
        select ? as target, attribute, by_profile, by_service, flow, since, true as mapped, held_as from {found.known}""",
        [target.key],
    )
    return found


def held_as(con: duckdb.DuckDBPyConnection, target: str) -> dict[str, list[str] | None]:
    """The attributes of a target of which clearings are open, with those of an account that have their values; None: not told."""
    rows = con.execute(
        """select attribute, held_as from null_flows where target = $target and attribute in
        (select attribute from clearings where target = $target and closed_at is null) order by 1""",
        {"target": target},
    ).fetchall()
    return dict(rows)


def attributes_of(con: duckdb.DuckDBPyConnection, target: str) -> list[str]:
    """The attributes of a target's newest plan."""
    rows = con.execute("select attribute from null_flows where target = ? and mapped order by 1", [target]).fetchall()
    return [attribute for (attribute,) in rows]


def note_flows(t: Scratch, target: str, told: NullFlows) -> bool:
    """Keep what a service told of its attributes, or what it did not tell: then the profile's word stands, or what was known.

    Whether the latter is news: people are told of it once.
    """
    before = last_reading(t.con, target)
    news = told.why_not is not None and (before is None or before.why_not != told.why_not)
    if told.stands:
        read_at = before.read_at if before else told.at
        t.run("insert or replace into null_flow_reads values (?, ?, ?)", [target, read_at, told.why_not])
        return news
    said = t.of_rows(
        "said",
        {"attribute": "varchar", "flow": "varchar", "held_as": "varchar[]"},
        [(name, str(flow), list(told.held_as.get(name, ()))) for name, flow in told.by_column.items()],
    )
    fresh = t.make("fresh_flows", query(__package__, "fresh_flows", said=said), {"target": target, "at": told.at})
    t.run(f"delete from null_flows where target = ? and attribute in (select attribute from {fresh})", [target])
    t.run(f"insert into null_flows by name select * from {fresh}")
    t.run("insert or replace into null_flow_reads values (?, ?, ?)", [target, told.at, told.why_not])
    return news


@dataclass(frozen=True)
class Reading:
    """The last time that a service was asked; `why_not`: what it did not tell and why, in words fit to be shown."""

    read_at: dt.datetime
    why_not: str | None


def last_reading(con: duckdb.DuckDBPyConnection, target: str) -> Reading | None:
    """The last time that a target's service was asked; None before the first."""
    row = first(con, "select read_at, why_not from null_flow_reads where target = ?", [target])
    return Reading(*row) if row else None


def ask_again(con: duckdb.DuckDBPyConnection, target: str, now: dt.datetime) -> str | None:
    """Why a service should be asked again although nothing waits for an outcome; None: it need not be."""
    read = last_reading(con, target)
    open_ones = first(con, "select count(*) from stale_values where target = ?", [target])
    if not open_ones or not open_ones[0] or (read is not None and now - read.read_at < ASK_AGAIN):
        return None
    return f"{counted(open_ones[0], 'cleared value', 'stay')} in accounts, and nobody has asked for a day whether nulls clear them"
