"""The forms of an extract's values, counted by DuckDB: no value leaves it but words for a status and domains of addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hcm_pipeline.profile import date_pattern
from hcm_pipeline.warehouse import Relation, Scratch, literal, quote

ISO = "%Y-%m-%d"
_ISO_FORM = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?( ?(Z|[+-]\d{2}(:?\d{2})?))?)?"
FORMATS = (
    "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%-d.%-m.%Y", "%-d/%-m/%Y",
    "%-m/%-d/%Y", "%-d-%-m-%Y", "%Y/%-m/%-d", "%Y-%-m-%-d", "%d-%b-%Y", "%-d-%b-%Y", "%d %b %Y", "%-d %b %Y", "%d %B %Y",
    "%-d %B %Y", "%b %d, %Y", "%B %d, %Y", "%B %-d, %Y", "%d-%b-%y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%-m/%-d/%y", "%-d/%-m/%y",
    "%Y年%m月%d日", "%Y年%-m月%-d日", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%-m/%-d/%Y %-H:%M", "%-m/%-d/%Y %-I:%M:%S %p", "%-d/%-m/%Y %-H:%M:%S",
)  # fmt: skip
"""Forms of dates, the stricter of two before the other; ISO dates come before all."""
MOST_MIXED = 3
"""So many forms may stand in one column."""
NOTHING = (
    "null", "(null)", "<null>", "n/a", "#n/a", "na", "none", "-", "--", "---", ".", "tbd", "tba", "00.00.0000", "0000-00-00",
    "00000000", "00/00/0000",
)  # fmt: skip
"""Texts that stand where no date was entered."""
_PRIVATE = ("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "gmx.de", "web.de", "qq.com",
            "163.com", "mail.ru", "yandex.ru", "proton.me", "protonmail.com", "live.com", "aol.com", "t-online.de")  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """One column: how many records there are, how many have a value, about how many differ, and the longest's characters."""

    rows: int
    filled: int
    distinct: int
    longest: int


@dataclass(frozen=True)
class Dates:
    """The forms of a column's dates. `formats` read all but `unreadable` of `filled`. `others`: the forms with day and month
    changed, which read all of them as well. `mixed`: some values can only have the day first, and some only the month.
    `nothing`: texts that stand for no date. `serial`: numbers, as a spreadsheet counts days."""

    formats: tuple[str, ...]
    filled: int
    unreadable: int
    others: tuple[str, ...] = ()
    mixed: bool = False
    nothing: tuple[str, ...] = ()
    serial: int = 0

    @property
    def two_digits(self) -> bool:
        """Whether years have two digits."""
        return any("%y" in form for form in self.formats)


def facts_of(t: Scratch, rows: Relation, columns: Sequence[str]) -> dict[str, Facts]:
    """Every column's, in one pass over the records."""
    if not columns:
        return {}
    parts = ", ".join(
        f"count({quote(name)}), approx_count_distinct({quote(name)}), coalesce(max(length({quote(name)})), 0)"
        for name in columns
    )
    found = t.first(f"select count(*), {parts} from {rows}")
    assert found is not None
    return {
        name: Facts(found[0], found[1 + 3 * i], found[2 + 3 * i], found[3 + 3 * i]) for i, name in enumerate(columns)
    }


def dates_of(t: Scratch, rows: Relation, column: str) -> Dates:
    """The forms of dates of a column."""
    text, forms = f"trim({quote(column)})", (ISO, *FORMATS)
    nothing = t.rows(
        f"select distinct {text} from {rows} where lower({text}) in ({', '.join(map(literal, NOTHING))}) order by 1"
    )
    blank = tuple(row[0] for row in nothing)
    values = f"select {text} as x, count(*) as n from {rows} where {text} <> ''" + (
        f" and {text} not in ({', '.join(map(literal, blank))})" if blank else ""
    )
    values += " group by 1"  # dates are few, however many have them
    tests = ", ".join(f"{_reads(form)} as f{i}" for i, form in enumerate(forms))
    masks = t.rows(
        f"select {', '.join(f'f{i}' for i in range(len(forms)))}, serial, sum(n)::bigint from (select n, {tests},"
        f" regexp_full_match(x, '[2-6][0-9]{{4}}') as serial from ({values})) group by all"
    )
    counted = [(frozenset(forms[i] for i in range(len(forms)) if mask[i]), bool(mask[-2]), mask[-1]) for mask in masks]
    return _chosen(counted, blank)


def _reads(form: str) -> str:
    if form == ISO:
        return f"regexp_full_match(x, '{_ISO_FORM}') and try_cast(left(x, 10) as date) is not null"
    read = f"try_strptime(x, {literal(form)})"
    return f"regexp_full_match(x, {literal(date_pattern(form))}) and {read} is not null and year({read}) between 1900 and 9999"


def _chosen(counted: list[tuple[frozenset[str], bool, int]], nothing: tuple[str, ...]) -> Dates:
    """Forms that read all values, as few as there can be, and what is uncertain of them."""
    forms = (ISO, *FORMATS)
    filled = sum(count for _, _, count in counted)
    serial = sum(count for reads, looks, count in counted if looks and not reads)
    rest, chosen = list(counted), list[str]()
    while rest and len(chosen) < MOST_MIXED:
        best = max(
            forms, key=lambda form: (sum(count for reads, _, count in rest if form in reads), -forms.index(form))
        )
        if not any(best in reads for reads, _, _ in rest):
            break
        chosen.append(best)
        rest = [one for one in rest if best not in one[0]]
    read = [(reads, count) for reads, _, count in counted if any(form in reads for form in chosen)]
    others = tuple(dict.fromkeys(_turned(form) for form in chosen if _turned(form) != form))
    every = tuple(_turned(form) for form in chosen)
    either = bool(others) and all(any(form in reads for form in every) for reads, _ in read)
    return Dates(
        tuple(chosen),
        filled,
        sum(count for _, _, count in rest),
        others if either else (),
        _is_mixed(chosen),
        nothing,
        serial,
    )


def _turned(form: str) -> str:
    """The form with day and month in each other's place; itself where a name says which is the month, or the year comes first."""
    if form.startswith("%Y") or "%b" in form or "%B" in form:
        return form
    swap = {"%d": "%m", "%m": "%d", "%-d": "%-m", "%-m": "%-d"}
    turned = form
    for part, other in swap.items():
        turned = turned.replace(part, f"\0{other[1:]}")
    return turned.replace("\0", "%")


def _is_mixed(chosen: Sequence[str]) -> bool:
    """Whether forms with the day first and with the month first stand beside each other."""
    turning = [form for form in chosen if _turned(form) != form]
    first = {form.lstrip("%-")[0] for form in turning}
    return len(first) > 1


def count(t: Scratch, rows: Relation, column: str, condition: str) -> int:
    """How many values of a column, as `x`, fulfil a condition."""
    found = t.first(
        f"select count(*) from (select trim({quote(column)}) as x from {rows}) where x <> '' and ({condition})"
    )
    return int(found[0]) if found else 0


def words(t: Scratch, rows: Relation, column: str, most: int) -> list[tuple[str, int]] | None:
    """The different values of a column and how many records have each, the most frequent first; None: more than `most`."""
    found = t.rows(
        f"select x, count(*) from (select trim({quote(column)}) as x from {rows}) where x <> '' group by 1 order by 2 desc, 1"
        f" limit {most + 1}"
    )
    return None if len(found) > most else [(row[0], row[1]) for row in found]


def among(t: Scratch, rows: Relation, column: str, other: str) -> int:
    """How many values of a column are a value of another one, in any case."""
    found = t.first(
        f"select count(*) from {rows} where lower(trim({quote(column)})) in"
        f" (select lower(trim({quote(other)})) from {rows} where {quote(other)} is not null)"
    )
    return int(found[0]) if found else 0


def repeated(t: Scratch, rows: Relation, column: str) -> int:
    """How many values of a column stand in several records."""
    found = t.first(
        f"select count(*) from (select 1 from {rows} where {quote(column)} is not null group by trim({quote(column)})"
        " having count(*) > 1)"
    )
    return int(found[0]) if found else 0


def domains(t: Scratch, rows: Relation, column: str) -> list[tuple[str, int]]:
    """The domains of a column's addresses that are no private ones, the most frequent first."""
    private = ", ".join(map(literal, _PRIVATE))
    found = t.rows(
        f"select d, count(*) from (select lower(split_part(trim({quote(column)}), '@', 2)) as d from {rows})"
        rf" where regexp_full_match(d, '[a-z0-9-]+(\.[a-z0-9-]+)+') and d not in ({private}) group by 1 order by 2 desc, 1 limit 5"
    )
    return [(row[0], row[1]) for row in found]
