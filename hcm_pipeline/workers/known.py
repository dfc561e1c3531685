"""The relations of workers: those that other rooms may read, and what is known before the rows of an extract are read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch, literal, query, quote, table


def worker_versions(t: Scratch) -> Relation:
    """All versions of all workers, a row each: the table `worker_versions`, with a column for every worker field."""
    return table(t.con, "worker_versions")


def current_workers(t: Scratch) -> Relation:
    """The open version of every worker: a view over `worker_versions`, with its columns."""
    return t.view("current_workers", f"select * from {worker_versions(t)} where valid_to is null")


def changes_of(t: Scratch, day: dt.date) -> Relation:
    """The changes of a business date, one row a worker: business_date, person_number, kind, attributes, before_from."""
    return t.view(
        "changes",
        f"""select business_date, person_number, kind, attributes, before_from from {table(t.con, "changes")}
        where business_date = date {literal(day.isoformat())}""",
    )


@dataclass(frozen=True)
class Known:
    """The workers as they are known before some rows are read.

    `workers`: one row a worker: the facts of the open version (`active` is what the status said), extract_id, row_no, digest,
    valid_from, enabled, life_stage and as_read (the digest of the row as it stood in its file, see `recognised`). The last four are
    null of a worker of whom only an earlier file of the day has told.
    `by_key`: one row for every worker and value of the profile's `row_key`: the facts of the open version, or of another known row;
    without a `row_key` it is `workers`.
    """

    workers: Relation
    by_key: Relation


@dataclass(frozen=True)
class Gathered:
    """The rows of a day's files, which were read one after the other, put together.

    `rows`: the facts, digest, extract_id and row_no of the last accepted row of each worker. `named`: person_number, once for
    every row of the files; null where a row has none. `readings`: person_number, digest, as_read: of rows that were read.
    """

    rows: Relation
    named: Relation
    readings: Relation


def facts_of(profile: Profile) -> str:
    """Select list of all that a row states, and where it stands."""
    return ", ".join(map(quote, [*profile.columns, "digest", "extract_id", "row_no"]))


def known_before(t: Scratch, profile: Profile, versions: Relation, other_rows: Relation) -> Known:
    """The open versions, before any file of the day: a view, for few of its rows are ever asked for."""
    workers = t.view("known", query(__package__, "known", versions=versions))
    return _with_keys(t, profile, workers, other_rows)


def known_today(t: Scratch, profile: Profile, before: Known, gathered: Gathered, other_rows: Relation) -> Known:
    """The workers with all that earlier files of the day say of them."""
    workers = t.view("known_today", query(__package__, "known_today", known=before.workers, gathered=gathered.rows))
    return _with_keys(t, profile, workers, other_rows)


def _with_keys(t: Scratch, profile: Profile, workers: Relation, other_rows: Relation) -> Known:
    if not profile.workers.row_key:
        return Known(workers, workers)
    keys = ", ".join(map(quote, ["person_number", *profile.workers.row_key]))
    by_key = f"""select * from ({known_rows_sql(profile, workers, other_rows)})
        qualify row_number() over (partition by {keys} order by chosen desc, extract_id desc, row_no desc) = 1"""
    return Known(workers, t.view("known_by_key", by_key))


def known_rows_sql(profile: Profile, workers: Relation, other_rows: Relation) -> str:
    """SELECT: every row that is known of a worker: the chosen one (`chosen`), which is the open version, and the others."""
    facts = facts_of(profile)
    return f"""select {facts}, true as chosen from {workers}
        union all by name select {facts}, false as chosen from {other_rows} where valid_to is null"""
