"""Is the extract whole? What speaks against applying it, before anybody's absence or change is believed.

An extract with findings is kept, explained and not applied until a person accepts or refuses it. Findings name counts, columns
and dates; the values of a cohort stay in the warehouse, in `detail`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from hcm_pipeline.extracts import Extract, last_before, step_back
from hcm_pipeline.profile import Share, Source
from hcm_pipeline.warehouse import first, quote
from hcm_pipeline.workers.normalise import ODD, odd_sql, text_of
from hcm_pipeline.workers.staged import Staged


@dataclass(frozen=True)
class Finding:
    """One thing that speaks against an extract. `detail` may hold values of cells and is kept in the warehouse only."""

    rule: str
    message: str
    detail: str | None = None


RULES = {
    "fewer_rows": "a full extract holds far fewer rows than those before it",
    "more_rows": "a full extract holds far more rows than those before it",
    "fewer_in_cohort": "far fewer workers of one legal employer, country or other cohort than are known",
    "everyone_changed": "a changes-only extract holds a large part of all workers: its baseline was made anew",
    "no_trailer": "the last line is not the trailer that the profile tells of: the file was cut off",
    "control_total": "the trailer counts other records than there are",
    "columns_lost": "columns are missing that the full extract before it had",
    "columns_changed": "the columns are others than those of the full extract before it, and the profile holds such",
    "gap": "a changes-only extract after one that is missing; a full extract closes the gap",
    "unexpected_date": "the business date is not one on which the source is due, or lies ahead",
    "older": "an extract of the source for a later date landed before it, and the profile holds such",
}


def find(staged: Staged, extract: Extract, day: dt.date, today: dt.date) -> list[Finding]:
    """Everything that speaks against a staged extract; `today` is the day by the clock."""
    source = staged.sources.get(extract.source)
    if source is None:  # the profile no longer knows it; its extracts are read by the first source
        return []
    return [
        *_dates(staged.con, extract, source, day, today),
        *_trailer(staged, extract, source),
        *(_full(staged, extract, day) if extract.content == "full" else _changes(staged, extract, source, day)),
    ]


def _fell(limit: Share, was: int, now: int) -> bool:
    return was - now >= limit.at_least and (was - now) * 100 > limit.percent * was


def _dates(
    con: duckdb.DuckDBPyConnection, extract: Extract, source: Source, day: dt.date, today: dt.date
) -> Iterator[Finding]:
    if source.every == "weekday" and day.weekday() >= 5:
        yield Finding("unexpected_date", f"{day} is no weekday, and the source {source.name} is due on weekdays")
    if source.every is not None and day > today:
        yield Finding("unexpected_date", f"it speaks for {day}, which lies ahead of {today}")
    if source.late == "hold":
        newer = first(
            con,
            """select max(business_date) from extracts where source = ? and extract_id < ? and business_date > ?
            and status <> 'refused'""",
            [source.name, extract.extract_id, day],
        )
        if newer and newer[0]:
            yield Finding("older", f"it speaks for {day}, and came after the extract of {newer[0]}")


def _trailer(staged: Staged, extract: Extract, source: Source) -> Iterator[Finding]:
    if source.trailer is None:
        return
    total, rows = staged.totals.get(extract.extract_id), staged.records[extract.extract_id]
    if total is None:
        yield Finding("no_trailer", f"its last line does not match {source.trailer}: it was cut off")
    elif total != rows:
        yield Finding("control_total", f"its trailer counts {total:,} records, and there are {rows:,}")


def _full(staged: Staged, extract: Extract, day: dt.date) -> Iterator[Finding]:
    con, whole, rows = staged.con, staged.profile.workers.whole, staged.records[extract.extract_id]
    before = first(
        con,
        """select median("rows")::bigint, count(*) from (select "rows" from extracts
            where source = ? and content = 'full' and status = 'applied' and business_date < ?
            order by business_date desc, extract_id desc limit ?)""",
        [extract.source, day, whole.history],
    )
    if before and before[1]:
        usual = int(before[0])
        of = f"{rows:,} rows, and the {before[1]} full extracts before it had {usual:,}"
        if _fell(whole.fewer, usual, rows):
            yield Finding("fewer_rows", f"it holds {of}; workers.whole.fewer allows {whole.fewer.percent:g} % less")
        if rows - usual >= whole.more.at_least and (rows - usual) * 100 > whole.more.percent * usual:
            yield Finding("more_rows", f"it holds {of}; workers.whole.more allows {whole.more.percent:g} % more")
    if whole.columns != "report":
        yield from _columns(staged, extract, day)
    for field in whole.cohorts:
        yield from _cohort(staged, extract, field)


def _columns(staged: Staged, extract: Extract, day: dt.date) -> Iterator[Finding]:
    con = staged.con
    before = first(
        con,
        """select shape->'header' from extracts where source = ? and content = 'full' and status = 'applied'
        and business_date < ? order by business_date desc, extract_id desc limit 1""",
        [extract.source, day],
    )
    if before is None:
        return
    [had] = first(con, "select from_json(?::json, '[\"varchar\"]')", [before[0]]) or ([],)
    has = extract.columns
    lost = [
        spec.column for spec in staged.columns_of(extract).values() if spec.column in had and spec.column not in has
    ]
    if lost:
        yield Finding("columns_lost", f"it lacks {', '.join(lost)}, which the full extract before it had")
    if staged.profile.workers.whole.columns == "exact":
        gone = [name for name in had if name not in has and name not in lost]
        come = [name for name in has if name not in had]
        told = [f"{said} {', '.join(names)}" for said, names in (("lacks", gone), ("has", come)) if names]
        if told:
            yield Finding("columns_changed", f"it {' and '.join(told)}, unlike the full extract before it")


def _cohort(staged: Staged, extract: Extract, field: str) -> Iterator[Finding]:
    """Compare by distinct values: the rows of the file with the workers known from its source and not absent."""
    spec, limit = staged.columns_of(extract)[field], staged.profile.workers.whole.cohort
    if spec.column not in extract.columns:
        return
    rows = staged.con.execute(
        f"""with file as (
            select {text_of(field, spec)} as cohort, count(*) as n
            from (select {quote(spec.column)} as {quote(field)}, {odd_sql([spec.column])} as {ODD}
                from {staged.raw(extract)})
            group by 1),
        known_now as (
            select k.{quote(field)} as cohort, count(*) as n from known k join extracts e using (extract_id)
            where e.source = ? and k.person_number not in (select person_number from absences where valid_to is null)
            group by 1)
        select k.n, coalesce(f.n, 0), coalesce(k.cohort, '') from known_now k
        left join file f on f.cohort is not distinct from k.cohort order by k.n desc, 3""",
        [extract.source],
    ).fetchall()
    fallen = [(was, now, value) for was, now, value in rows if _fell(limit, was, now)]
    if fallen:
        yield Finding(
            "fewer_in_cohort",
            f"of {len(fallen):,} of {len(rows):,} values of {field} it holds far fewer workers than are known, "
            f"{sum(now for _, now, _ in fallen):,} instead of {sum(was for was, _, _ in fallen):,}; "
            f"workers.whole.cohort allows {limit.percent:g} % less",
            "; ".join(f"{field} {value!r}: {now:,} instead of {was:,}" for was, now, value in fallen[:20]),
        )


def _changes(staged: Staged, extract: Extract, source: Source, day: dt.date) -> Iterator[Finding]:
    con, limit, rows = staged.con, staged.profile.workers.whole.changes, staged.records[extract.extract_id]
    known = int((first(con, "select count(*) from known") or (0,))[0])
    if known and rows >= limit.at_least and rows * 100 > limit.percent * known:
        yield Finding(
            "everyone_changed",
            f"it holds {rows:,} rows, and {known:,} workers are known; workers.whole.changes allows {limit.percent:g} %",
        )
    if source.every is not None:
        last = last_before(con, extract, day)
        due = step_back(day, source.every)
        if last is None or last < due:
            since = f"the last extract before it is of {last}" if last else "there is no extract before it"
            yield Finding("gap", f"it tells what changed since {due}, and {since}; a full extract closes the gap")
