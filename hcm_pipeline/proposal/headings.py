"""The meaning of headings and of words for a status, in the languages of the two tables beside this module."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

LEFT_OUT = "-"
"""The field of headings of personal data that no account needs."""
ANY = "any"
"""The language of words that are in use everywhere."""
_BEFORE = (
    "worker",
    "employee",
    "emp",
    "person",
    "per",
    "staff",
    "associate",
    "user",
    "mitarbeiter",
    "empleado",
    "paaf",
    "papf",
)
"""Words that systems put before each of their headings."""
_WEAK = "?"
_LESS = 100_000
"""Stands before a heading that often means something else."""


@dataclass(frozen=True)
class Meaning:
    """The worker field that a heading may stand for; `+` before a field of the extract's own, LEFT_OUT for none.

    `source`: where the heading comes from. `rank`: the earlier of two headings of a field is the better one. `sure`: it seldom
    means something else.
    """

    field: str
    source: str
    rank: int
    sure: bool


def folded(text: str) -> str:
    """The letters and digits of a text, without marks and case: two headings that fold alike are one."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return re.sub(r"[\W_]+", "", "".join(sign for sign in plain if not unicodedata.combining(sign)))


@cache
def _known() -> dict[str, tuple[Meaning, ...]]:
    found: dict[str, list[Meaning]] = {}
    rank = 0
    for row in _table("headings.csv"):
        for heading in row["headings"].split("|"):
            rank += 1
            sure = not heading.startswith(_WEAK)
            meaning = Meaning(row["field"], row["source"], rank + (0 if sure else _LESS), sure)
            found.setdefault(folded(heading), []).append(meaning)
    return {key: tuple(meanings) for key, meanings in found.items()}


def _table(name: str) -> Iterable[dict[str, str]]:
    text = resources.files("hcm_pipeline.proposal").joinpath(name).read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())


def meanings_of(heading: str) -> tuple[Meaning, ...]:
    """The fields that a heading may stand for, the best first; empty for one that nobody knows.

    A path of XML is known by its last name, and `emp_first_name` by what stands behind `emp`, which is less sure.
    """
    last = heading.rpartition("/")[2].removeprefix("@")
    for text in dict.fromkeys((heading, last)):
        if found := _known().get(folded(text)):
            return found
    words = re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", last))
    while len(words) > 1 and folded(words[0]) in _BEFORE:
        words = words[1:]
        if found := _known().get(folded("".join(words))):
            return tuple(Meaning(one.field, one.source, one.rank + _LESS, False) for one in found)
    return ()


@cache
def _words() -> dict[str, dict[str, bool]]:
    """By word, the languages that have it, and whether it means there that somebody works."""
    found: dict[str, dict[str, bool]] = {}
    for row in _table("status_words.csv"):
        for meaning in ("active", "inactive"):
            for word in row[meaning].split("|"):
                found.setdefault(_word(word), {})[row["language"]] = meaning == "active"
    return found


def _word(text: str) -> str:
    return folded(text) or text.strip()


def is_active(value: str) -> bool | None:
    """Whether a status says that somebody works here, on leave or not; None: nobody knows the word."""
    found = set(_words().get(_word(value), {}).values())
    return found.pop() if len(found) == 1 else None


def opposites(values: Sequence[str], active: bool) -> tuple[str, ...]:
    """Words that mean the opposite of what these values do, of the languages that have most of them, in the values' own case."""
    counted = Counter(language for value in values for language in _words().get(_word(value), {}))
    most = max(counted.values(), default=0)
    rows = [row for row in _table("status_words.csv") if counted[row["language"]] == most or row["language"] == ANY]
    words = [word for row in rows for word in row["inactive" if active else "active"].split("|")]
    return tuple(dict.fromkeys(form for word in words for form in _cased(word, values)))


def _cased(word: str, values: Sequence[str]) -> tuple[str, ...]:
    if all(value.isupper() for value in values):
        return (word.upper(),)
    if all(value.islower() for value in values):
        return (word.lower(),)
    return tuple(dict.fromkeys((word.lower(), word.capitalize(), word)))
