"""Completeness: the findings against an extract, before anybody's absence or change is believed.

An extract with findings is kept, explained and not applied until a person accepts or refuses it. Findings name counts, columns
and dates; the values of a cohort stay in the warehouse, in `detail`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hcm_pipeline.extracts import Extract, step_back
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import Profile, Share, Source
from hcm_pipeline.sources import ROW_NO
from hcm_pipeline.warehouse import Relation, Scratch, literal, query, quote
from hcm_pipeline.workers.guessed_encoding import judge_words
from hcm_pipeline.workers.normalise import ODD, number_fields, odd_sql, text_of
from hcm_pipeline.workers.staged import Staged


@dataclass(frozen=True)
class Finding:
    """One rule that an extract does not keep. `detail` may hold values of cells and is kept in the warehouse only."""

    rule: str
    message: str
    detail: str | None = None


_WORDS = 50_000
"""Texts that a guessed encoding is judged by."""
RULES = {
    "encoding_guessed": "it is not UTF-8, and its words do not bear out the encoding that was taken for want of another",
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
    "parts": "a file of a date is missing, or more came than there are parts, or a name says no part: sources.parts",
    "other_people": "a full extract lacks most people of the one whose place it would take: a part, or a correction",
    "older": "an extract of the source for a later date landed before it, and the profile holds such",
}


@dataclass(frozen=True)
class Baseline:
    """The state before an extract, with which it is compared.

    `extracts`: the table of that name: every extract ever taken, with source, content, status, business_date, rows and shape.
    `known`: one row a worker who is known, with the fields and extract_id. `absent`: person_number: those whom the full extracts
    before this one did not name. `last`: the newest date up to which the source was applied without this extract, None before.
    `replaced`: extract_id of those of the same date that were believed, and whose place this one takes.
    """

    extracts: Relation
    known: Relation
    absent: Relation
    last: dt.date | None = None
    replaced: Sequence[int] = ()


def find(
    t: Scratch, profile: Profile, staged: Staged, before: Baseline, day: dt.date, today: dt.date,
    *, beside: Sequence[Staged] = (), last: bool = True,
) -> list[Finding]:  # fmt: skip
    """All findings against a staged extract that speaks for `day`; `today` is the day by the clock.

    `beside`: the other extracts of its source that are read for the day. Full ones speak together: what they are as a whole is told
    of the `last` of them.
    """
    source = next((source for source in profile.sources if source.name == staged.extract.source), None)
    if source is None:  # the profile no longer knows it; its extracts are read like those of the first source
        return []
    whole = (*beside, staged) if last else ()
    full = staged.extract.content == "full"
    return [
        *_encoding(t, staged),
        *_dates(source, day, today),
        *_order(t, before, staged.extract, source, day),
        *_trailer(staged, source),
        *_parts(t, whole, before, source, day),
        *(() if full else _changes(t, profile, staged, source, before, day)),
        *(_columns(t, profile, staged, before, day) if full and profile.workers.whole.columns != "report" else ()),
        *(_full(t, profile, whole, before, day) if full and last else ()),
    ]


_DROPPED = 5


def find_others(t: Scratch, profile: Profile, later: Staged, earlier: Staged) -> list[Finding]:
    """The finding against a full extract that would take the place of an earlier one of its date, and names other people.

    A correction seldom drops people: where it does, fewer of them count than between two dates.
    """
    before, after = _numbers(t, later), _numbers(t, earlier)
    found = t.first(f"select count(*), count(*) filter (person_number in (from {before})) from {after}")
    was, stays = (int(found[0]), int(found[1])) if found else (0, 0)
    fewer = profile.workers.whole.fewer
    dropped = Share(percent=fewer.percent, at_least=min(fewer.at_least, _DROPPED))
    if not was or (stays * 2 >= was and not _fell(dropped, was, stays)):
        return []
    return [
        Finding(
            "other_people",
            f"of the {was:,} people of {earlier.extract.name}, an earlier full extract of the same date, it names {stays:,}: it is "
            "a part beside it, or a correction that takes its place",
        )
    ]


def _numbers(t: Scratch, staged: Staged) -> Relation:
    """The person numbers that a file names, each once."""
    spec = staged.fields["person_number"]
    if spec.column not in staged.header:
        return t.empty("numbers", {"person_number": "varchar"})
    return t.make(
        "numbers",
        f"""select distinct {text_of("person_number", spec)} as person_number from (
            select {quote(spec.column)} as person_number, {odd_sql([spec])} as {ODD} from {staged.all_rows(t)})
        where person_number is not null""",
    )


def _parts(t: Scratch, whole: Sequence[Staged], before: Baseline, source: Source, day: dt.date) -> Iterator[Finding]:
    """Compare the parts of a date with their number or, where nobody says it, with the parts of the date before."""
    parts = source.parts
    if parts is None or not whole:
        return
    read = {staged.extract.name: parts.read(staged.extract.name) for staged in whole}
    unnamed = [name for name, part in read.items() if not part.name]
    if unnamed:
        yield Finding("parts", f"the names of {', '.join(unnamed)} say no part: sources.parts does not fit them")
    names = {part.name for part in read.values() if part.name}
    count = next((part.count for part in reversed(read.values()) if part.name), parts.count)
    if count is not None:
        if len(names) != count:
            yield Finding("parts", f"{len(names):,} of {count:,} parts are here: {', '.join(sorted(names)) or 'none'}")
        return
    earlier = t.rows(
        f"""select name from {before.extracts} where source = $source and status = 'applied' and business_date = (
            select max(business_date) from {before.extracts}
            where source = $source and status = 'applied' and business_date < $day)""",
        {"source": source.name, "day": day},
    )
    missing = {parts.read(name).name for (name,) in earlier} - names - {""}
    if missing:
        yield Finding("parts", f"parts are missing that the date before had: {', '.join(sorted(missing))}")


def _encoding(t: Scratch, staged: Staged) -> Iterator[Finding]:
    """Judge a guess by the words of the mapped columns; nobody gets a name for life of one that they do not bear out."""
    if staged.guessed is None:
        return
    mend = "name it in the profile (encoding or fallback_encoding of the source) and run again"
    if staged.guessed == "latin-1":
        yield Finding("encoding_guessed", f"it is not UTF-8, and holds bytes that windows-1252 does not define; {mend}")
        return
    there = {name: quote(spec.column) for name, spec in staged.fields.items() if spec.column in staged.header}
    place = f"upper(trim({there['country']}))" if "country" in there else "null"
    parts = (
        f"select {place} as country, {column} as text from {staged.all_rows(t)} where strlen({column}) <> length({column})"
        for column in there.values()
    )
    values = t.rows(f"select distinct coalesce(country, ''), text from ({' union all '.join(parts)}) limit {_WORDS}")
    borne = judge_words(values, staged.guessed)
    if borne.is_doubtful:
        shown = " ".join(sorted(borne.letters)[:20])
        yield Finding(
            "encoding_guessed",
            f"it is not UTF-8, and {borne.against:,} of {borne.words:,} words do not look like {staged.guessed} ({shown}); {mend}",
        )


def _fell(limit: Share, was: int, now: int) -> bool:
    return was - now >= limit.at_least and (was - now) * 100 > limit.percent * was


def _dates(source: Source, day: dt.date, today: dt.date) -> Iterator[Finding]:
    if source.every == "weekday" and day.weekday() >= 5:
        yield Finding("unexpected_date", f"{day} is no weekday, and the source {source.name} is due on weekdays")
    if source.every is not None and day > today:
        yield Finding("unexpected_date", f"it speaks for {day}, which lies ahead of {today}")


def _order(t: Scratch, before: Baseline, extract: Extract, source: Source, day: dt.date) -> Iterator[Finding]:
    if source.late != "hold":
        return
    newer = t.first(
        f"""select max(business_date) from {before.extracts} where source = ? and extract_id < ? and business_date > ?
        and status <> 'refused'""",
        [source.name, extract.extract_id, day],
    )
    if newer and newer[0]:
        yield Finding("older", f"it speaks for {day}, and came after the extract of {newer[0]}")


def _trailer(staged: Staged, source: Source) -> Iterator[Finding]:
    if source.trailer is None and source.total is None:
        return
    if staged.total is None and source.total is not None:
        yield Finding(
            "no_trailer", f"it has no element {source.total} with a number, so that nobody can tell whether it is whole"
        )
    elif staged.total is None:
        yield Finding("no_trailer", f"its last line does not match {source.trailer}: it was cut off")
    elif staged.total != staged.records:
        what = source.total or "trailer"
        yield Finding(
            "control_total", f"its {what} counts {counted(staged.total, 'record')}, and there are {staged.records:,}"
        )


def _full(t: Scratch, profile: Profile, whole: Sequence[Staged], before: Baseline, day: dt.date) -> Iterator[Finding]:
    yield from _size(t, profile, whole, before, day)
    fields = profile.workers.whole.cohorts
    if not fields or not t.first(f"select 1 from {before.known} limit 1"):
        return
    counts = _counted(t, before, fields)
    narrow = [_narrow(t, one, fields) for one in whole]
    for field in fields:
        yield from _cohort(t, profile, whole, narrow, before, counts, field)


def _narrow(t: Scratch, staged: Staged, fields: Sequence[str]) -> Staged:
    """The file with these fields alone, of rows that are not recognised: such lines are cut once."""
    columns = [staged.fields[field].column for field in fields]
    if staged.others is None or any(column not in staged.header for column in columns):
        return staged
    select = ", ".join(map(quote, dict.fromkeys([ROW_NO, *columns])))
    return replace(staged, read=t.make("cohort_cells", f"select {select} from {staged.not_same}"), standing=None)


def _counted(t: Scratch, before: Baseline, fields: Sequence[str]) -> Relation:
    """The known workers by field, its value (`cohort`) and the source that they come from (`n`), in one pass over all of them."""
    names = list(map(quote, fields))
    place = " ".join(
        f"when grouping({name}) = 0 then {literal(field)}" for field, name in zip(fields, names, strict=True)
    )
    value = " ".join(f"when grouping({name}) = 0 then {name}" for name in names)
    return t.make(
        "cohort_counts",
        f"""select counted.field, counted.cohort, extract.source, sum(n)::bigint as n from (
            select case {place} end as field, case {value} end as cohort, extract_id, count(*) as n from {before.known}
            group by grouping sets ({", ".join(f"({name}, extract_id)" for name in names)})) counted
        join {before.extracts} extract using (extract_id) group by all""",
    )


def _size(t: Scratch, profile: Profile, speaks: Sequence[Staged], before: Baseline, day: dt.date) -> Iterator[Finding]:
    """Compare the number of rows with the median of the full extracts before; parts of one date are one extract."""
    whole, rows = profile.workers.whole, sum(staged.records for staged in speaks)
    found = t.first(
        f"""select median("rows")::bigint, count(*) from (select sum("rows") as "rows" from {before.extracts}
            where source = ? and content = 'full' and status = 'applied' and business_date < ?
            group by business_date order by business_date desc limit ?)""",
        [speaks[-1].extract.source, day, whole.history],
    )
    if found is None or not found[1]:
        return
    usual = int(found[0])
    of = f"{counted(rows, 'row')}, and the {counted(found[1], 'full extract')} before it had {usual:,}"
    if _fell(whole.fewer, usual, rows):
        yield Finding("fewer_rows", f"it holds {of}; workers.whole.fewer allows {whole.fewer.percent:g} % less")
    if rows - usual >= whole.more.at_least and (rows - usual) * 100 > whole.more.percent * usual:
        yield Finding("more_rows", f"it holds {of}; workers.whole.more allows {whole.more.percent:g} % more")


def _columns(t: Scratch, profile: Profile, staged: Staged, before: Baseline, day: dt.date) -> Iterator[Finding]:
    found = t.first(
        f"""select from_json(shape->'header', '["varchar"]') from {before.extracts} where source = ? and content = 'full'
        and (status = 'applied' and business_date < ? or list_contains(?::integer[], extract_id))
        order by business_date desc, extract_id desc limit 1""",
        [staged.extract.source, day, list(before.replaced)],
    )
    if found is None:
        return
    had, has = list(found[0]), staged.header
    lost = [spec.column for spec in staged.fields.values() if spec.column in had and spec.column not in has]
    if lost:
        yield Finding("columns_lost", f"it lacks {', '.join(lost)}, which the full extract before it had")
    if profile.workers.whole.columns == "exact":
        gone = [name for name in had if name not in has and name not in lost]
        come = [name for name in has if name not in had]
        differences = [f"{verb} {', '.join(names)}" for verb, names in (("lacks", gone), ("has", come)) if names]
        if differences:
            yield Finding("columns_changed", f"it {' and '.join(differences)}, unlike the full extract before it")


def _cohort(
    t: Scratch, profile: Profile, whole: Sequence[Staged], narrow: Sequence[Staged], before: Baseline, counts: Relation,
    field: str,
) -> Iterator[Finding]:  # fmt: skip
    """Compare by distinct values: the rows of the files with the workers known from their source and not absent."""
    staged, limit = whole[-1], profile.workers.whole.cohort
    spec = staged.fields[field]
    if any(spec.column not in one.header for one in whole):
        return
    prefixed = bool(staged.namespace) and field in number_fields(profile)
    parts = [
        values_of(t, one, before.known, field, read=prefixed, counts=counts) for one in (whole if prefixed else narrow)
    ]
    in_file = f"(select cohort, sum(n)::bigint as n from ({' union all '.join(parts)}) group by 1 having sum(n) <> 0)"
    compared = query(
        __package__, "cohorts", counts=counts, known=before.known, extracts=before.extracts, absent=before.absent, in_file=in_file,
        field=quote(field), told=literal(field),
    )  # fmt: skip
    rows = t.rows(compared, {"source": staged.extract.source})
    fallen = [(was, now, value) for was, now, value in rows if _fell(limit, was, now)]
    if fallen:
        yield Finding(
            "fewer_in_cohort",
            f"of {len(fallen):,} of {counted(len(rows), 'value')} of {field} it holds far fewer workers than are known, "
            f"{sum(now for _, now, _ in fallen):,} instead of {sum(was for was, _, _ in fallen):,}; "
            f"workers.whole.cohort allows {limit.percent:g} % less",
            "; ".join(f"{field} {value!r}: {now:,} instead of {was:,}" for was, now, value in fallen[:20]),
        )


def values_of(
    t: Scratch, staged: Staged, known: Relation, field: str, *, read: bool, counts: Relation | None = None
) -> str:
    """SELECTs of a value of a field (`cohort`) and how many rows of a file have it (`n`), to be summed. Those of recognised rows
    are what is known of their workers, unless all must be `read`. `counts` as of `_counted`, where somebody has."""
    spec = staged.fields[field]
    by_line = staged.others is not None and not read
    rows = staged.not_same if by_line else str(staged.all_rows(t))
    cells = f"select {quote(spec.column)} as {quote(field)}, {odd_sql([spec])} as {ODD} from {rows}"
    found = f"select {text_of(field, spec)} as cohort, count(*) as n from ({cells}) group by 1"
    if not by_line:
        return found
    counted = f"select {quote(field)}, {{}}count(*) from {known} {{}} group by 1"
    unknown = f"where person_number in (from {staged.others})"
    everybody = counted.format("", "")
    if counts is not None:
        everybody = f"select cohort, n from {counts} where field = {literal(field)}"
    return f"{found} union all {everybody} union all {counted.format('-', unknown)}"


def _changes(
    t: Scratch, profile: Profile, staged: Staged, source: Source, before: Baseline, day: dt.date
) -> Iterator[Finding]:
    limit, rows, known = profile.workers.whole.changes, staged.records, t.count(before.known)
    if known and rows >= limit.at_least and rows * 100 > limit.percent * known:
        yield Finding(
            "everyone_changed",
            f"it holds {counted(rows, 'row')}, and {counted(known, 'worker', 'are')} known; workers.whole.changes allows"
            f" {limit.percent:g} %",
        )
    if source.every is not None:
        due = step_back(day, source.every)
        if before.last is None or before.last < due:
            since = (
                f"the last extract before it is of {before.last}" if before.last else "there is no extract before it"
            )
            yield Finding("gap", f"it tells what changed since {due}, and {since}; a full extract closes the gap")
