"""Cleared values: those that stay in the target although workers have them no more, and whether nulls clear them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from hcm_pipeline.delivery import last_reading, read_summary
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.views.rows import values_of

NOT_ASKED = (
    "which nulls flow is not read yet, for nothing was sent to this target: until then the profile says it (delivery.flows_nulls),"
    " and by default none does"
)
CAUSE = "the job does not flow nulls for"


@dataclass(frozen=True)
class StaleValue:
    """A value that HR has cleared and that an account keeps. `cleared_at`: since when the record is without it.

    `clearable`: nulls flow for the attribute by now, and the next plan clears it.
    """

    person_number: str
    name: str | None
    attribute: str
    value: str
    cleared_at: dt.datetime
    clearable: bool


@dataclass(frozen=True)
class StaleCount:
    """So many accounts keep a cleared value of one attribute, of the oldest since `since`."""

    attribute: str
    accounts: int
    clearable: int
    since: dt.datetime


@dataclass(frozen=True)
class Clearing:
    """A value of one worker that was cleared, and its fate. `closed_by`: null, value, made, directory, person; None: it stays, or a
    null is on its way that clears it."""

    attribute: str
    value: str
    cleared_at: dt.datetime
    stays: bool
    closed_at: dt.datetime | None
    closed_by: str | None


def short(attribute: str) -> str:
    """An attribute without the long front of its URN."""
    return attribute.rpartition(":")[2] if attribute.startswith("urn:") else attribute


def clearing_sentence(staying: Mapping[str, int]) -> str | None:
    """The clearings that will not take effect, in a sentence; None where there are none. `staying`: values by attribute."""
    if not staying:
        return None
    total = sum(staying.values())
    named = ", ".join(f"{short(name)} {count:,}" for name, count in sorted(staying.items()))
    stay = (
        "value that HR has cleared stays in its account"
        if total == 1
        else "values that HR has cleared stay in accounts"
    )
    return f"{total:,} {stay}: {CAUSE} {named}. The log will call it a success all the same."


def stale_values(con: duckdb.DuckDBPyConnection, target: str) -> list[StaleValue]:
    """Every value that stays, worker by worker."""
    return values_of(
        con,
        StaleValue,
        """select stale.person_number,
            nullif(trim(concat_ws(' ', worker.first_name, worker.last_name)), '') as name,
            stale.attribute, stale."value", stale.cleared_at, stale.clearable
        from stale_values stale
        left join worker_versions worker on worker.person_number = stale.person_number and worker.valid_to is null
        where stale.target = ? order by stale.attribute, stale.person_number""",
        [target],
    )


def stale_counts(con: duckdb.DuckDBPyConnection, target: str) -> list[StaleCount]:
    """The same in numbers, attribute by attribute."""
    return values_of(
        con,
        StaleCount,
        """select attribute, count(*) as accounts, count(*) filter (clearable) as clearable, min(cleared_at) as since
        from stale_values where target = ? group by 1 order by accounts desc, attribute""",
        [target],
    )


def clearings(con: duckdb.DuckDBPyConnection, target: str, number: str) -> list[Clearing]:
    """All values of a worker that were ever cleared, oldest first."""
    return values_of(
        con,
        Clearing,
        """select clearing.attribute, clearing."value", clearing.cleared_at,
            exists (from stale_values stale where stale.target = clearing.target and stale.attribute = clearing.attribute
                and stale.person_number = clearing.person_number) and clearing.closed_at is null as stays,
            clearing.closed_at, clearing.closed_by
        from clearings clearing where clearing.target = ? and clearing.person_number = ? order by 3, 1""",
        [target, number],
    )


def flows_unread(con: duckdb.DuckDBPyConnection, target: str) -> str | None:
    """The part that the service did not tell of null flow, and why, as last known; None: it told all, or was not asked."""
    read = last_reading(con, target)
    return read.why_not if read else None


def clearing_words(
    con: duckdb.DuckDBPyConnection, target: str, changes: Iterable[Mapping[str, Any]]
) -> tuple[str | None, str | None]:
    """About the clearings of a plan: those that will not take effect, and what is not known of the others; each in a sentence.

    `changes` as of `delivery.attributes`, or a manifest's summary. None: there is nothing to say.
    """
    clears = {change["attribute"]: change.get("stays", 0) for change in changes if change["cleared"]}
    if not clears:
        return None, None
    read = last_reading(con, target)
    return clearing_sentence(
        {name: stays for name, stays in clears.items() if stays}
    ), read.why_not if read else NOT_ASKED


def clearing_sentences(installation: Installation, folders: Iterable[Path]) -> list[str]:
    """The same of manifests that are planned, which lie in these folders."""
    changes = [change for folder in folders for change in read_summary(folder).get("attributes", [])]
    if not any(change["cleared"] for change in changes):
        return []
    stays: Counter[str] = Counter()
    for change in changes:
        stays[change["attribute"]] += change.get("stays", 0)
    with installation.warehouse.read() as con:
        said = clearing_words(
            con, installation.target, [{"attribute": a, "cleared": 1, "stays": n} for a, n in stays.items()]
        )
    return [sentence for sentence in said if sentence]


def all_stale(installation: Installation) -> list[StaleValue]:
    """Every value that stays."""
    with installation.warehouse.read() as con:
        return stale_values(con, installation.target)
