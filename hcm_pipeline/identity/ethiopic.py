"""Names in Ethiopic script: proposals, by BGN/PCGN without marks, as passports of Ethiopia have most of them."""

from __future__ import annotations

import re

from hcm_pipeline.identity.analogy import sayable_words
from hcm_pipeline.identity.ways import Way, like_names

_ROWS = tuple(
    "h l h m s r s sh k kw k kw b v t ch h hw n ny - k kw h hw w - z zh y d d j g gw gw t ch p ts ts f p".split()  # noqa: SIM905
)
"""Consonants, eight letters of Unicode each, from U+1200."""
_FIRST = 0x1200
_ORDERS = ("e", "u", "i", "a", "e", "", "o", "wa")
_THROATS = "ሀሐኀአዐ"
"""Letters whose first vowel is said as the fourth."""


def ethiopic(text: str, _place: str) -> tuple[str, Way]:
    """A run of Ethiopic. The sixth vowel is said where two consonants could not be."""
    made = ""
    for letter in text:
        row, order = divmod(ord(letter) - _FIRST, 8)
        if not 0 <= row < len(_ROWS):
            made += "" if letter.isalpha() else letter
            continue
        plain = "" if _ROWS[row] == "-" else _ROWS[row]
        vowel = "a" if letter in _THROATS else _ORDERS[order]
        if plain == "" and vowel == "":
            vowel = "e" if not made[-1:].isalpha() else "i"
        made += plain.removesuffix("w" if vowel in ("wa", "o", "u") else "") + vowel
    made = re.sub(rf"(?<![a-z])({_ONE})(?={_ONE})", r"\1i", made)
    made = re.sub(rf"{_ONE}{{3,}}", _with_vowels, made)
    made = re.sub("ay(?=[^aeiou ]|$)", "ai", made)
    return sayable_words(like_names(made)), Way("Ethiopic, by its syllables", 0.4)


_ONE = "(?>[csztkp]h|ts|ny|[bcdfghjklmnpqrstvwyz])"


def _with_vowels(run: re.Match[str]) -> str:
    """Three consonants or more with the vowel that nobody writes: `gst` is gist, `skndr` skindir."""
    ones = re.findall(_ONE, run[0])
    step = 1 if len(ones) == 3 else 2
    pairs = [ones[:step], *(ones[at : at + 2] for at in range(step, len(ones), 2))]
    return "i".join("".join(pair) for pair in pairs)
