"""Whether the words of a file bear out the encoding that was taken for want of another.

Every file is valid windows-1252, whatever wrote it. A word speaks against it when no language that is written in windows-1252 has
its letters (`Gêœl¹`), or none of the worker's country (`Nìmec` of Czechia), and read in another code page it is of one language
(`Gęślą`, `Němec`). Single words prove little: foreigners work everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

_WESTERN = {
    "de": "äöüß", "fr": "àâæçéèêëîïôœùûüÿ", "es": "áéíóúüñ", "pt": "áâãàçéêíóôõúü", "it": "àèéìíîòóù", "ca": "àçéèíïòóúü",
    "nl": "éèëïóöüêçôâî", "sv": "åäöéü", "da": "æøåéüöäèêôò", "fi": "åäöšž", "et": "äöüõšž", "sq": "çë", "vi": "àáâãèéêìíòóôõùú",
}  # fmt: skip
_NORDIC = {"is": "áéíóúýðþæö", "fo": "áíóúýðæø"}
_NORDIC_COUNTRIES = ("IS", "FO", "DK", "NO", "SE", "FI")
_LATIN = {
    "pl": "ąćęłńóśźż", "cs": "áčďéěíňóřšťúůýž", "sk": "áäčďéíĺľňóôŕšťúýž", "hu": "áéíóöőúüű", "hr": "čćđšž", "ro": "ăâîşţșțé",
    "tr": "çğıöşüâîû\u0307", "lt": "ąčęėįšųūž", "lv": "āčēģīķļņšūž", "et": "äöüõšž",
}  # fmt: skip
_BEYOND = re.compile(
    "[\u0400-\u04ff]+|[\u0370-\u03ff]+|[\u05d0-\u05ea]+|[\u0621-\u06d3]+|[\u0e01-\u0e4c]+|[\u3041-\u30ff\u3400-\u9fff]+|[\uac00-\ud7a3]+"
)
"""Letters of the scripts that other code pages are for."""
_CENTRAL = ("pl", "cs", "sk", "hu", "hr", "ro")
_PAGES: dict[str, tuple[str, ...]] = {
    "cp1250": _CENTRAL, "iso8859-2": _CENTRAL, "cp852": _CENTRAL, "cp1254": ("tr",), "iso8859-9": ("tr",),
    "cp1257": ("lt", "lv", "pl", "et"), "iso8859-13": ("lt", "lv"), "iso8859-15": ("fr",), "cp850": tuple(_WESTERN),
    "mac-roman": tuple(_WESTERN), "mac-latin2": _CENTRAL, "cp857": ("tr",),
    **dict.fromkeys(("cp775", "iso8859-4", "iso8859-10"), ("lt", "lv")),
    **dict.fromkeys((
        "cp1251", "koi8-u", "cp866", "iso8859-5", "mac-cyrillic", "cp1253", "iso8859-7", "cp737", "cp1255", "iso8859-8", "cp1256",
        "iso8859-6", "cp874", "cp932", "gb18030", "cp950", "cp949"), ()),
}  # fmt: skip
"""Code pages, and the languages that are judged by their letters; the others are for scripts of their own."""
_RARE = ("cp775", "iso8859-4", "iso8859-10", "mac-latin2", "cp857")
"""Code pages that count for their own countries alone: elsewhere a sign behind a word (`m²`) is a letter of theirs by chance."""
_HOMES = {
    "PL": "pl", "CZ": "cs", "SK": "sk", "HU": "hu", "HR": "hr", "SI": "hr", "BA": "hr", "RS": "hr", "ME": "hr", "RO": "ro",
    "MD": "ro", "TR": "tr", "AZ": "tr", "LT": "lt", "LV": "lv",
}  # fmt: skip
"""Countries whose language windows-1252 lacks letters of."""
_MINORITIES = "äöüßé"
_BETWEEN = re.compile(r"[\s.,;:()\"'/&@+*!=<>|%#$0-9_\\\[\]{}-]+")
_CAPITAL_INSIDE = re.compile("[a-zß-ÿ][\xc0-\xdeŠŽŸŒ](?![A-Z\xc0-\xdeŠŽŸŒ])")
_PREFIXED = re.compile("([a-z]|Mc|Mac|De|Di|La|Le)[\xc0-\xde]")
_VOWELS = "aeiouyáäâàéèêëíìîóòôöúùûüý"
_ODDLY_PLACED = re.compile(
    f"ã(?=[a-zß-ÿ])(?!o|e|s$)|[{_VOWELS}].*õ(?!e)|(?:sz|gy|zs|cs).*[õû]|[õû].*(?:sz|gy|zs|cs)|^[ªº](?=[a-zß-ÿ])"
)
"""Letters of Western languages where none of these has them: ã but before o, e and a last s (Portuguese), õ behind the first
syllable (Estonian) but before e (Portuguese), õ and û beside letters of Hungarian. Romanian ă, ş and Hungarian ő, ű look so."""
_TILDED = re.compile("õ(?!e)")
_NOT_ESTONIAN = re.compile("[cqwxy]|z$|õ[^õ]*ö")
"""Letters that only foreign names have in Estonia, and ö behind the first syllable of a word with õ."""
_VIETNAMESE = re.compile(f"(?!.*[fjwz])[^{_VOWELS}ãõ]*[{_VOWELS}ãõ]{{1,3}}(?:ch?|m|ng?|nh|p|t)?")
"""A syllable, with the consonants that may end one."""
_QUOTES = "’‘“”„«»‹›…–—·´®™©°ªº²\xa0¡¿"


@dataclass
class Borne:
    """Words that are not plain ASCII, how many of them speak against the encoding, and the letters by which they do."""

    words: int = 0
    against: int = 0
    letters: set[str] = field(default_factory=set)

    @property
    def is_doubtful(self) -> bool:
        """One word in twenty speaks against it, or three do that are one in two hundred: one Icelander abroad proves nothing."""
        return self.against * 20 >= max(self.words, 1) or (self.against >= 3 and self.against * 200 >= self.words)


def judge_words(values: Iterable[tuple[str, str]], encoding: str) -> Borne:
    """Judge the words of (country, text), each once. `encoding` is that in which the texts were read."""
    borne = Borne()
    codec = "latin-1" if encoding == "latin-1" else "cp1252"
    found = {(country, word) for country, text in values for word in words_of(text)}
    for country, word in sorted(found):
        borne.words += 1
        if _speaks_against(word, country, codec):
            borne.against += 1
            borne.letters |= {character for character in word if character > "\x7f"}
    return borne


def words_of(text: str) -> list[str]:
    """The words of a text that are not plain ASCII, with the signs around them: each may stand for a letter."""
    return [part for part in _BETWEEN.split(text) if not _bare(part).isascii()]


def _bare(part: str) -> str:
    """A word without the signs around it; an ordinal sign before a letter is a part of it."""
    word = part.strip(_QUOTES)
    sign = part[: part.find(word)][-1:] if word else ""
    return sign + word if sign in ("ª", "º") and word[:1].isalpha() else word


@lru_cache(maxsize=1 << 16)
def _speaks_against(part: str, country: str, codec: str) -> bool:
    word, home = _bare(part), _HOMES.get(country)
    letters = {character for character in word.lower() if character > "\x7f"}
    if letters <= {*_LATIN[home], *_MINORITIES} if home else _is_western(word, letters, country):
        return False
    raws = {_bytes_of(part, codec), _bytes_of(word, codec)}
    return any(_reads(raw, page, languages, home) for raw in raws for page, languages in _PAGES.items())


def _bytes_of(word: str, codec: str) -> bytes:
    try:
        return word.encode(codec)
    except UnicodeEncodeError:  # a cell may hold anything, once it is decoded
        return word.encode("latin-1", "ignore")


def _is_western(word: str, letters: set[str], country: str) -> bool:
    """Some language that windows-1252 is for has all letters of the word, and the word is written like one."""
    if len(word) > 2 and letters == {*word.lower()}:  # no letter of ASCII: Åå is a word, and ÕÅÎ is none
        return False
    if _ODDLY_PLACED.search(word.lower()):
        return False
    if _CAPITAL_INSIDE.search(word) and not _PREFIXED.match(word):
        return False
    if _TILDED.search(
        word.lower()
    ):  # Portuguese has it in õe alone, Vietnamese in words of one syllable, and then Estonian
        return (letters <= {*_WESTERN["et"]} and not _NOT_ESTONIAN.search(word.lower())) or (
            letters <= {*_WESTERN["vi"]} and _VIETNAMESE.fullmatch(word.lower()) is not None
        )
    alphabets = [*_WESTERN.values(), *(_NORDIC.values() if country in _NORDIC_COUNTRIES else ())]
    return any(letters <= {*alphabet, *"’‘´·"} for alphabet in alphabets)


def _reads(raw: bytes, page: str, languages: tuple[str, ...], home: str | None) -> bool:
    """Read in another code page, the word is of one of its languages; `home`: of that one, where the page is for it."""
    try:
        word = raw.decode(page).lower()
    except UnicodeDecodeError:
        return False
    if not languages:
        return _BEYOND.fullmatch(word) is not None
    letters = {character for character in word if character > "\x7f"}
    known = {**_WESTERN, **_LATIN}
    homes = (language for language in languages if home == language or (home is None and page not in _RARE))
    return any(letters <= {*known[language]} for language in homes)
