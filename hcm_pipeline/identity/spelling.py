"""Names of any script in ASCII: letters as people write them, digits, and space, hyphen, apostrophe and full stop inside."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import NamedTuple

import anyascii
import pyarrow as pa

from hcm_pipeline.identity.romanisation import LATIN, WAYS, Way, script_of
from hcm_pipeline.warehouse import Relation, Scratch, literal, quote

_SEPARATOR = "\x1f"
"""Between names that are spelled together; it is no part of any."""
_FOREIGN = re.compile(r"[^A-Za-z0-9 .'\x1f-]+")
_BEYOND_LATIN = re.compile("[\u0370-\U0010ffff]")
"""Below stand Latin letters and marks only; beyond, other scripts and more of Latin."""
_SPACES = re.compile(r" {2,}")
_HYPHENS = re.compile(r"-{2,}")
_INNER = " .'-"
_EDGES = re.compile(rf"[{_INNER}]*\x1f[{_INNER}]*")
WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ø": "oe", "Ø": "Oe", "å": "aa",
                             "Å": "Aa"})  # fmt: skip
"""For the countries of `identity.spelling.written_out`."""


class Spelling(NamedTuple):
    """A name in ASCII (empty when nothing in it can be spelled), and how sure that is."""

    plain: str
    confidence: float
    """From 0 to 1; 1 for Latin letters. Of several scripts in a name, the least sure counts."""
    how: str


def spell(name: str, place: str = "") -> str:
    """A name in ASCII letters, digits and, between them, spaces, hyphens, apostrophes and full stops; empty when nothing in
    it can be spelled. `place` is the country (ISO 3166 alpha-2) whose rules are taken where they differ.

    >>> spell("Jürgen"), spell("O’Connor"), spell("Łukasz"), spell("Їжакевич"), spell("Щерев", "BG")
    ('Jurgen', "O'Connor", 'Lukasz', 'Yizhakevych', 'Shterev')
    """
    return spell_many([(name, place)])[0].plain


def spell_many(names: list[tuple[str, str]], written_out: Collection[str] = ()) -> list[Spelling]:
    """The spelling of every (name, country). Latin names as one text, so that a character is looked up once.

    In the countries `written_out`, ä is ae, ö and ø are oe, ü is ue and å is aa.
    """
    latin, ways = [], []
    for name, place in names:
        text = unicodedata.normalize("NFC", name.replace(_SEPARATOR, ""))
        if place in written_out:
            out = text.translate(WRITTEN_OUT)
            text = out.upper() if text.isupper() and len(text) > 1 else out
        text, way = _to_latin(text, place)
        latin.append(text)
        ways.append(way)
    return [Spelling(plain, way.confidence, way.how) for plain, way in zip(_plain_all(latin), ways, strict=True)]


def _to_latin(text: str, place: str) -> tuple[str, Way]:
    """Runs of other scripts in Latin letters, and the least sure way that was taken."""
    text = _with_stroke(text, place)
    if not _BEYOND_LATIN.search(text) or not (_scripts(text) - {None, "latin"}):
        return text, LATIN
    made, least, script, lacks = [], LATIN, "latin", False
    runs: list[tuple[str, str]] = []
    for character in text:  # what belongs to no script stays with the letters before it
        script = _script(character) or script
        runs.append((script, character))
    for script, run in groupby(runs, key=lambda pair: pair[0]):
        part = "".join(character for _, character in run)
        if script != "latin":
            part, way = WAYS[script](part, place)
            lacks = lacks or not part
            least = min(least, way, key=lambda one: one.confidence)
        made.append(part)
    return "" if lacks else "".join(made), least  # half a name is none


_STROKE = re.compile("[đĐ]")
_OF_SOUTHERN_SLAVS = ("RS", "ME", "BA", "XK", "HR", "MK", "SI")
_SLAVIC = re.compile("(?<=[^\\W\\d_])[đĐ]|[ćčžšĆČŽŠ]")
"""In Vietnamese, đ begins a word."""


def _with_stroke(text: str, place: str) -> str:
    """đ is dj in the names of southern Slavs, as ђ is, which is the same letter; elsewhere d."""
    if not _STROKE.search(text):
        return text
    if place not in _OF_SOUTHERN_SLAVS and (place in ("VN", "NO", "SE", "FI") or not _SLAVIC.search(text)):
        return text
    plain = text.replace("đ", "dj").replace("Đ", "Dj")
    return plain.upper() if text.isupper() and sum(map(str.isalpha, text)) > 1 else plain


_script = cache(script_of)


def _scripts(text: str) -> set[str | None]:
    return set(map(_script, set(text)))


def _plain_all(names: list[str]) -> list[str]:
    if not names:
        return []
    text = unicodedata.normalize("NFC", _SEPARATOR.join(names))
    table = {ord(character): _plain(character) for character in set(text) if ord(character) > 127}
    plain = _HYPHENS.sub("-", _SPACES.sub(" ", _FOREIGN.sub("", text.translate(table))))
    return _EDGES.sub(_SEPARATOR, plain).strip(_INNER).split(_SEPARATOR)


_PLAIN = {"ə": "a", "Ə": "A", "\u02bb": "'"}
"""Schwa as passports of Azerbaijan have it, and the turned comma of Uzbek."""


def _plain(character: str) -> str:
    """A character in ASCII; nothing for what is no letter, digit, space, dash or apostrophe: a picture of a bang is no name."""
    if character in _PLAIN:
        return _PLAIN[character]
    kind = unicodedata.category(character)
    return anyascii.anyascii(character) if kind[0] in "LMN" or kind in ("Zs", "Pd") or character in "‘’‛′" else ""


def spell_columns(
    t: Scratch, source: Relation, columns: Sequence[str], written_out: Collection[str] = ()
) -> Relation | None:
    """The spellings of the distinct values of `columns` of `source` that are not plain ASCII, by the rules of its column `place`.

    Columns: name, rules (see `spellings_join`), plain, confidence, how; None when there are none. ASCII names are spelled in SQL
    (see `spelled_sql`); Python sees each other name once, however many people bear it.
    """
    return spell_names(t, names_to_spell(t, source, columns, written_out), written_out)


@dataclass(frozen=True)
class Unspelled:
    """Names that are spelled by the same rules: those of a country, or of any (see `_rules_sql`)."""

    rules: str
    names: list[str]


def names_to_spell(
    t: Scratch, source: Relation, columns: Sequence[str], written_out: Collection[str], most: int | None = None
) -> list[Unspelled]:
    """The distinct values of `columns` of `source` that are not plain ASCII, not more than `most`, by the rules of its `place`."""
    names = " union all ".join(
        f"select {quote(c)} as name, place from {source} where strlen({quote(c)}) <> length({quote(c)})"
        for c in dict.fromkeys(columns)
    )
    limit = "" if most is None else f" limit {most}"
    # as one text they come at once; a name that holds what separates them comes by itself
    rows = t.rows(f"""
        select rules, case when contains(name, chr(31)) then name end as odd, string_agg(name, chr(31)) from (
            select distinct name, {_rules_sql("name", "place", written_out)} as rules from ({names}){limit})
        group by rules, odd""")
    return [Unspelled(rules, [odd] if odd else text.split(_SEPARATOR)) for rules, odd, text in rows]


def spell_names(t: Scratch, unspelled: Sequence[Unspelled], written_out: Collection[str] = ()) -> Relation | None:
    """The spellings of names: see `spell_columns`."""
    if not unspelled:
        return None
    columns: dict[str, list[object]] = {"name": [], "rules": [], "plain": [], "confidence": [], "how": []}
    for one in unspelled:
        count = len(one.names)
        columns["name"] += one.names
        columns["rules"] += [one.rules] * count
        if one.rules == _ANYWHERE:  # most names are of Latin letters alone, and need no look
            names = one.names if count > 1 else [one.names[0].replace(_SEPARATOR, "")]
            columns["plain"] += _plain_all(names)
            columns["confidence"] += [LATIN.confidence] * count
            columns["how"] += [LATIN.how] * count
        else:
            made = spell_many([(name, one.rules) for name in one.names], written_out)
            columns["plain"] += [spelling.plain for spelling in made]
            columns["confidence"] += [spelling.confidence for spelling in made]
            columns["how"] += [spelling.how for spelling in made]
    kinds = {"confidence": pa.float64()}
    table = {name: pa.array(values, kinds.get(name, pa.string())) for name, values in columns.items()}
    return t.of_arrow("spelled", pa.table(table))


_ANYWHERE = "*"
"""In place of a country: the rules of names of Latin letters alone, which are spelled alike in all countries."""


def spellings_join(
    spelled: Relation | None, alias: str, column: str, place: str, written_out: Collection[str] = ()
) -> str:
    """SQL: a LEFT JOIN, as `alias`, of what `spell_columns` made, on `column` and `place` (SQL); nothing when it made nothing."""
    if spelled is None:
        return ""
    rules = f"case when strlen({column}) <> length({column}) then {_rules_sql(column, place, written_out)} end"
    return f"left join {spelled} {alias} on {alias}.name = {column} and {alias}.rules = {rules}"


def _rules_sql(name: str, place: str, written_out: Collection[str]) -> str:
    """SQL for the rules by which a name is spelled: those of a country, or of any.

    Latin letters are spelled alike in all countries but those where they are written out: once for all of them.
    """
    out = f" or {place} in ({', '.join(map(literal, sorted(written_out)))})" if written_out else ""
    return rf"case when regexp_matches({name}, '[^\x{{0}}-\x{{36F}}]|[đĐ]'){out} then {place} else '{_ANYWHERE}' end"


def spelled_sql(column: str, joined: str | None) -> str:
    """SQL for the spelling of `column`, with what `spell_columns` made left-joined as `joined` on it; None when that is nothing."""
    ascii_only = f"regexp_replace({column}, '[^A-Za-z0-9 .''-]+', '', 'g')"
    single = f"regexp_replace(regexp_replace({ascii_only}, ' {{2,}}', ' ', 'g'), '-{{2,}}', '-', 'g')"
    plain = f"regexp_full_match({column}, '[A-Za-z0-9]+(?:[ .''-][A-Za-z0-9]+)*')"
    found = f"{joined}.plain, " if joined else ""
    return f"coalesce({found}case when {plain} then {column} else trim({single}, ' .''-') end, '')"


def reading_sql(name: str, column: str) -> str:
    """SQL condition: `name` has Han characters, and `column` is written as it sounds, in kana or Hangul."""
    sounds = r"\p{Hiragana}\p{Katakana}\p{Hangul}"
    return (
        f"(regexp_matches({name}, '\\p{{Han}}') and regexp_full_match({column}, '[{sounds}\\p{{Common}}\\p{{Inherited}}]+')"
        f" and regexp_matches({column}, '[{sounds}]'))"
    )


def latin_sql(column: str) -> str:
    """SQL condition: every letter of `column` is a Latin one."""
    return f"(strlen({column}) = length({column}) or not regexp_matches({column}, '[^\\p{{Latin}}\\p{{Common}}\\p{{Inherited}}]'))"
