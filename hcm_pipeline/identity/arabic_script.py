"""The letters of Arabic script as Arabs, Persians and the peoples beside them write it, and the names that many people bear.

The names are `arabic_script_names.txt`, see its head. They are read when the first name in Arabic script is to be spelled.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

from hcm_pipeline.identity.analogy import Analogy
from hcm_pipeline.identity.ways import table_of

LOOSE = str.maketrans(
    {
        "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ې": "ي", "ئ": "ي", "ة": "ه", "ۀ": "ه", "ہ": "ه", "ھ": "ه",
        "ک": "ك", "ؤ": "و", "ے": "ي", "ں": "ن", "ڤ": "ف", "ۃ": "ه", "ك": "ك",
    }
)  # fmt: skip
"""Letters that one and the same name is written with: with and without its hamza, and as Egypt, Iran and Pakistan write others."""
REGIONS = {
    "EG": ("EG", "SD"), "SA": ("SA", "AE", "KW", "QA", "BH", "OM", "YE"), "MA": ("MA", "DZ", "TN", "MR"),
    "LB": ("LB", "SY", "PS", "JO"), "IQ": ("IQ",), "IR": ("IR",), "AF": ("AF", "TJ"), "PK": ("PK", "IN", "BD"),
}  # fmt: skip
"""Countries that write names alike in Latin letters, by the first of them."""
_REGION_OF = {country: region for region, countries in REGIONS.items() for country in countries}
ANYWHERE = "*"

_LETTERS = """
    ب b p bb, ت t tt th, ث th s t ss, ج j g dj gg jj dg ch, ح h hh, خ kh k ch, د d dd, ذ dh th z d, ر r rr, ز z zz s, س s ss c z,
    ش sh ch sch s, ص s ss c, ض d dh z dd th, ط t tt th, ظ z dh th d, ع a e o i u aa -, غ gh g rh r, ف f ff ph v,
    ق q k g gh c qq kk kh ck,    ك k c kk ck q, ل l ll, م m mm, ن n nn, ه h a ah e eh -, و w v ou o u oo -, ي y i ee ei ie e -,
    ا a aa e i o u -, ء -, پ p pp, چ ch, ژ zh j, گ g gg, ٹ t tt, ڈ d, ڑ r rr,
    ټ t, ډ d, ړ r, ښ sh kh, ږ g zh, ڼ n, ځ z dz, څ ts s, ۍ ai, ڠ ng
"""
"""Consonants that a letter may be, the usual one first; `-` where it is silent, or the place of a vowel."""
SPELLINGS: Mapping[str, tuple[str, ...]] = {
    letter: tuple("" if plain == "-" else plain for plain in plains)
    for letter, *plains in (entry.split() for entry in _LETTERS.split(","))
}
_KINDS = {"ا": "A", "و": "W", "ي": "Y", "ه": "H", "ع": "3", "ء": "3"}
_AT_LEAST = {"ا": "a", "و": "ou", "ي": "i"}
_ENOUGH = 1_000
"""Names of a region, the most frequent ones, that others are spelled after."""


@cache
def _sections() -> dict[str, dict[str, str]]:
    text = Path(__file__).with_name("arabic_script_names.txt").read_text(encoding="utf-8")
    parts = re.split(
        r"^\[(.+)\]$", "\n".join(line for line in text.splitlines() if not line.startswith("#")), flags=re.M
    )
    found: dict[str, dict[str, str]] = {}
    for region, words in zip(parts[1::2], parts[2::2], strict=True):
        pairs = (word.partition("=") for word in words.split())
        found[region] = {letters: pieces or found[ANYWHERE][letters] for letters, _, pieces in pairs}
    return found


def known(letters: str, place: str) -> str:
    """The spelling of a name (`LOOSE` letters, without its article) that most of its bearers have, in the region of a country or,
    for any other place, everywhere; empty where few bear it."""
    return _sections()[_REGION_OF.get(place, ANYWHERE)].get(letters, "").replace(".", "").capitalize()


@cache
def _analogy(region: str) -> Analogy:
    names = islice(_sections()[region].items(), _ENOUGH)
    return Analogy([(letters, pieces.split(".")) for letters, pieces in names], SPELLINGS, _KINDS, _AT_LEAST)


def by_analogy(letters: str, place: str) -> str:
    """A spelling of any name (`LOOSE` letters), as the people of a country write names like it."""
    plain = _analogy(_REGION_OF.get(place, ANYWHERE)).spell(letters)
    if letters.endswith("ه"):  # the feminine ending, whose vowel is not written
        plain = re.sub("(?<=[^aeiouy])ha?$", "eh" if place in _PERSIAN else "a", plain)
    return plain.capitalize()


_PERSIAN = ("IR", "AF", "TJ")


def is_heard(letters: str, pieces: Sequence[str]) -> bool:
    """Whether each long vowel is heard in the spelling of a name, so that it teaches how others are spelled."""
    before = ""
    for letter, piece in zip(letters, pieces, strict=True):
        if letter == "ا" and not piece and before[-1:] not in "aeiouy":
            return False
        before += piece
    return True


VOWELS_WRITTEN = re.compile("[ەێۆۇۈېڕڵۋڭ]")
"""Letters of Kurdish and Uyghur, which write their vowels."""
_WRITTEN = table_of("""
    ا a ب b پ p ت t ج j چ ch ح h خ kh د d ر r ڕ r ز z ژ zh س s ش sh غ gh ف f ڤ v ق q ک k ك k گ g ڭ ng ل l ڵ l م m ن n ۋ w ۆ o ۇ u
    ۈ u ه h ھ h ە a ێ e ې e ص s ض z ط t ظ z ذ z ث s ى i
""") | {"ع": "", "ئ": "", "ء": ""}


def written_out(word: str) -> str:
    """A name of a language whose vowels are written: و and ی are consonants beside a vowel.

    >>> written_out("شێرکۆ"), written_out("ڕێبوار"), written_out("هێمن")
    ('Sherko', 'Rebwar', 'Hemin')
    """
    said = "".join(_WRITTEN.get(letter, letter) for letter in word)
    said = re.sub("وو", "u", said)
    for letter, vowel, consonant in (("و", "u", "w"), ("[یي]", "i", "y")):
        said = re.sub(f"{letter}(?=[aeiou])|(?<=[aeiou]){letter}", consonant, said)
        said = re.sub(letter, vowel, said)
    said = re.sub("(?<=[^aeiou])([^aeioushg])$", r"i\1", re.sub("[^a-z]", "", said))
    return said.capitalize()
