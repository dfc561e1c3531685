"""Letters of the mapping language: the table of `NormalizeDiacritics`, and the words of `PCase`.

Source: "Reference for writing expressions for attribute mappings". A letter that the table does not name stays as it is.
"""

from __future__ import annotations

import re
import unicodedata

_TABLE = """
a ä à â ã å á ą ă ā ā́ ā̀ ā̂ ā̃ ǟ ā̈ ǡ a̱ å̄
ae æ ǣ
c ç č ć c̄ c̱
d ď d̄ ḏ
e ë è é ê ę ě ė ē ḗ ḕ ē̂ ē̃ ê̄ e̱ ë̄ e̊̄
g ğ ḡ g̱
i ï î ì í ı ī ī́ ī̀ ī̂ ī̃ i̱
l ľ ł l̄ ḹ ḻ
n ñ ń ň n̄ ṉ
o ö ò ő õ ô ó ō ṓ ṑ ō̂ ō̃ ȫ ō̈ ǭ ȭ ȱ o̱
oe ø ø̄ œ œ̄
r ř r̄ ṟ ṝ
s š ś ș ş s̄ s̱
t ť ț t̄ ṯ
u ü ù û ú ů ű ū ū́ ū̀ ū̂ ū̃ u̇̄ ǖ ṻ ṳ̄ u̱
y ÿ ý ȳ ȳ́ ȳ̀ ȳ̃ y̱
z ź ž ż z̄ ẕ
"""


def _letters() -> dict[str, str]:
    """Each letter of the table in both normal forms, small and large."""
    found = {"ß": "ss", "İ": "I"}
    for line in _TABLE.split("\n"):
        plain, *marked = line.split() or [""]
        for letter in marked:
            for one, other in ((letter, plain), (letter.upper(), plain.upper())):
                if one != "I":
                    found |= {unicodedata.normalize(form, one): other for form in ("NFC", "NFD")}
    return found


_LETTERS = _letters()
_MARKED = re.compile("|".join(re.escape(letter) for letter in sorted(_LETTERS, key=len, reverse=True)))
_SEPARATES = ("Zs", "Zl", "Zp", "Cc", "Cf", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So")


def without_marks(text: str) -> str:
    """The letters that the table names without their marks."""
    return _MARKED.sub(lambda match: _LETTERS[match.group()], text)


def in_proper_case(text: str, separators: str | None) -> str:
    """Each word with a large first letter and small ones behind it. None: words end at the categories that are documented."""
    found, begins = [], True
    for letter in text.lower():
        found.append(letter.upper() if begins and len(letter.upper()) == 1 else letter)
        ends = unicodedata.category(letter) in _SEPARATES if separators is None else letter in separators
        begins = ends
    return "".join(found)


def in_case(text: str, culture: str | None, *, upper: bool) -> str:
    """Large or small letters; Turkish and Azerbaijani have an i of their own."""
    if culture and culture.partition("-")[0].lower() in ("tr", "az"):
        text = text.replace("i", "İ") if upper else text.replace("I", "ı").replace("İ", "i")
    if upper:
        return "".join(letter.upper() if len(letter.upper()) == 1 else letter for letter in text)
    return "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
