"""Which column of an extract is which worker field: by its heading, and where that may mean two things by its values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hcm_pipeline.proposal import evidence
from hcm_pipeline.proposal.evidence import Facts
from hcm_pipeline.proposal.headings import LEFT_OUT, Meaning, is_active, meanings_of
from hcm_pipeline.warehouse import Relation, Scratch, literal

MOST_STATUSES = 40
"""A column with more different values is no status."""
_HONORIFICS = ("mr", "mrs", "ms", "miss", "dr", "prof", "herr", "frau", "m", "mme", "mlle", "sr", "sra", "srta", "dhr", "mevr",
               "pan", "pani", "mx", "sir", "eng", "dipl.-ing")  # fmt: skip
_MOSTLY = 0.6
_HARDLY = 0.1


@dataclass(frozen=True)
class Taken:
    """A column that is a worker field. `sure`: its heading seldom means something else, or its values have shown it."""

    column: str
    field: str
    source: str
    sure: bool
    facts: Facts


@dataclass(frozen=True)
class Recognised:
    """`taken`: by field. `own`: fields of the extract's own, by name without the plus. `private`: headings of personal data that no
    account needs. `rest`: columns that nobody knows, or whose field another column has. `second`: of these, the field that each
    might have been."""

    taken: Mapping[str, Taken]
    own: Mapping[str, Taken]
    private: tuple[str, ...]
    rest: tuple[str, ...]
    second: Mapping[str, str] = field(default_factory=dict)


def recognise(t: Scratch, rows: Relation, columns: Sequence[str], facts: Mapping[str, Facts]) -> Recognised:
    """Every column's field. Of two columns for one field the better heading wins; of equals the fuller column does."""
    offers: list[tuple[tuple[int, int, int], str, Meaning]] = []
    private = []
    for place, column in enumerate(columns):
        meanings = [one for one in meanings_of(column) if _fits(t, rows, column, one, facts[column])]
        if any(one.field == LEFT_OUT for one in meanings):
            private.append(column)
            continue
        offers += [((one.rank, -facts[column].filled, place), column, one) for one in meanings]
    taken: dict[str, Taken] = {}
    given: set[str] = set()
    for _, column, meaning in sorted(offers, key=lambda offer: offer[0]):
        if column not in given and meaning.field not in taken:
            sure = meaning.sure or _shown_by_values(t, rows, column, meaning.field)
            taken[meaning.field] = Taken(column, meaning.field, meaning.source, sure, facts[column])
            given.add(column)
    _without_an_end(taken)
    second = {column: meaning.field for _, column, meaning in offers if column not in given}
    rest = tuple(column for column in columns if column not in given and column not in private)
    own = {name.removeprefix("+"): one for name, one in taken.items() if name.startswith("+")}
    core = {name: one for name, one in taken.items() if not name.startswith("+")}
    return Recognised(core, own, tuple(private), rest, second)


def _without_an_end(taken: dict[str, Taken]) -> None:
    """An effective start date without an end is no span of dates: where nothing else is, it may be the date of hire."""
    start = taken.get("+effective_from")
    if start is not None and "+effective_to" not in taken and "hire_date" not in taken:
        taken["hire_date"] = Taken(start.column, "hire_date", start.source, False, start.facts)
        del taken["+effective_from"]


def _fits(t: Scratch, rows: Relation, column: str, meaning: Meaning, facts: Facts) -> bool:
    """Whether the values do not speak against a meaning."""
    test = _AGAINST.get(meaning.field)
    return test is None or facts.filled == 0 or not test(t, rows, column, facts)


def _no_status(t: Scratch, rows: Relation, column: str, facts: Facts) -> bool:
    """Many different values are no status, unless it is the only meaning: a person then lists them."""
    alone = len(meanings_of(column)) == 1
    return not alone and not _knows_status(t, rows, column) and facts.distinct > 1


def _knows_status(t: Scratch, rows: Relation, column: str) -> bool:
    found = evidence.words(t, rows, column, MOST_STATUSES)
    return bool(found) and any(is_active(value) is not None for value, _ in found or ())


def _honorifics(t: Scratch, rows: Relation, column: str, facts: Facts) -> bool:
    listed = ", ".join(map(literal, _HONORIFICS))
    return evidence.count(t, rows, column, f"lower(rtrim(x, '.')) in ({listed})") > _MOSTLY * facts.filled


def _whole_names(t: Scratch, rows: Relation, column: str, facts: Facts) -> bool:
    """`Name` is a last name in German and everybody's whole name elsewhere: then most values have a blank or a comma inside."""
    unsure = not all(one.sure for one in meanings_of(column))
    return unsure and evidence.count(t, rows, column, "regexp_matches(x, '[ ,]')") > _MOSTLY * facts.filled


def _no_addresses(t: Scratch, rows: Relation, column: str, facts: Facts) -> bool:
    return evidence.count(t, rows, column, "contains(x, '@')") < _HARDLY * facts.filled


_AGAINST: dict[str, Callable[[Scratch, Relation, str, Facts], bool]] = {
    "active": _no_status, "job_name": _honorifics, "last_name": _whole_names, "email": _no_addresses,
}  # fmt: skip


def _shown_by_values(t: Scratch, rows: Relation, column: str, name: str) -> bool:
    """Whether the values say what a weak heading leaves open."""
    if name == "active":
        found = evidence.words(t, rows, column, MOST_STATUSES)
        return bool(found) and all(is_active(value) is not None for value, _ in found or ())
    return name == "last_name"  # what is no whole name, beside a first name
