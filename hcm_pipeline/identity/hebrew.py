"""Names in Hebrew script: proposals, for most vowels are not written.

A name of two parts that are known is known (`בן-דוד`, `גולדברג`); another one is spelled as known names that are written like it,
its consonants as the rules of the Academy of the Hebrew Language have them (2006, the simple form). None is sure enough to be given
without a person.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from hcm_pipeline.identity.analogy import Analogy, cut
from hcm_pipeline.identity.hebrew_names import HEBREW
from hcm_pipeline.identity.ways import Way, table_of

_HOW = "Hebrew, which leaves out vowels"
_KNOWN, _MADE_UP = Way(_HOW, 0.3), Way(f"{_HOW}: by its parts, or by names that are written like it", 0.2)
_QUOTES = str.maketrans({"׳": "'", "’": "'", "`": "'", "״": '"', "־": "-"})
_FIRST = table_of("""
    גולד Gold זילבר Silber רוזן Rosen גרין Green גרינ Green וויס Weiss וייס Weiss שוורץ Schwartz וינ Wein ויינ Wein ליכט Licht
    שטיינ Stein ברג Berg לינד Lind אייזנ Eisen פרידל Friedl פרייד Fried פריד Fried הירש Hirsch לוינ Levin קירש Kirsch
    בלומנ Blumen הוכ Hoch רוט Roth ליבר Lieber לאנג Lang קליינ Klein גרוס Gross בירנ Birn אפל Apfel נוי Neu אלט Alt הול Hol
""")
_LAST = table_of("""
    ברג berg מן man שטיין stein בוים baum באום baum פלד feld בלום blum בלאט blatt פרב farb טל thal סון son הולץ holtz הויז haus
    בך bach בערג berg סקי sky סקיי sky
""")
_SONS = table_of("וביץ' ovich וביץ ovich ביץ' vich ביץ vich שווילי shvili יאן ian ובה ova וב ov")


def hebrew(text: str, _place: str) -> tuple[str, Way]:
    """A proposal for each word."""
    composed = unicodedata.normalize("NFC", text).translate(_QUOTES)
    bare = "".join(c for c in composed if not unicodedata.category(c).startswith("M"))
    made, way = [], _KNOWN
    for word in re.findall(r"[\w\"]+(?:'\w*)*|[^\w]+", bare):
        plain = HEBREW.get(word, "") if word[0].isalpha() else word
        if not plain:
            plain, way = _of_parts(word) or _like_others(word), _MADE_UP
        made.append(plain)
    return ("".join(made) if all(made) else ""), way


def _of_parts(word: str) -> str:
    for last, plain in _LAST.items():
        base = word.removesuffix(last)
        if base == word:
            continue
        first = _FIRST.get(base) or (_like_others(base) if len(base) > 2 and len(plain) > 2 else "")
        if first:
            return first + plain
    for last, plain in _SONS.items():
        base = word.removesuffix(last)
        if base != word and (known := HEBREW.get(base) or HEBREW.get(f"{base}ה")):
            return re.sub("[aeiou]$", "", known) + plain
    if word.startswith("ה") and len(word) > 3 and (rest := HEBREW.get(word[1:])):
        return f"Ha{rest.lower()}"
    if word.endswith("י") and len(word) > 3 and (name := HEBREW.get(word[:-1])):  # the surname of a first name: Davidi
        return f"{name}i" if name[-1] not in "aeiou" else ""
    return ""


# --- by analogy

_LETTERS = """
    א a e i o u -, ב v b bb w, ג g gg j, ד d dd, ה h a ah e -, ו v o u oo ou vv -, ז z s zz, ח ch h kh, ט t tt th, י y i ee e j -,
    כ k ch c kh h ck, ך ch kh h k,
    ל l ll, מ m mm, ם m, נ n nn, ן n, ס s ss c z, ע a e o i u -, פ p f pp ff ph, ף f ff ph, צ tz ts z c, ץ tz ts z, ק k c q kk ck,
    ר r rr, ש sh s sch ss ch, ת t th tt, ǰ j g, č ch tch tsch, ž zh j g, θ th t
"""
"""Consonants that a letter may be, the usual one first; `-` where it is silent, or the place of a vowel."""
_SPELLINGS = {
    letter: tuple("" if plain == "-" else plain for plain in plains)
    for letter, *plains in (entry.split() for entry in _LETTERS.split(","))
}
_WITH_STROKE = {"ג'": "ǰ", "צ'": "č", "ץ'": "č", "ז'": "ž", "ת'": "θ", "ד'": "ד", "ח'": "ח", "'": "", '"': ""}
"""Letters that write sounds of other languages, as one letter each."""
_KINDS = {"א": "A", "ה": "H", "ו": "W", "י": "Y", "ע": "3"}


def _as_letters(word: str) -> str:
    for written, letter in _WITH_STROKE.items():
        word = word.replace(written, letter)
    return word


@cache
def _analogy() -> Analogy:
    known = ((_as_letters(letters), re.sub("[^a-z]", "", plain.lower())) for letters, plain in HEBREW.items())
    cuts = ((letters, cut(letters, plain, _SPELLINGS)) for letters, plain in known)
    return Analogy([(letters, pieces) for letters, pieces in cuts if pieces], _SPELLINGS, _KINDS, {"ו": "o", "י": "i"})


def _like_others(word: str) -> str:
    plain = _analogy().spell(_as_letters(word))
    return (re.sub("(?<=[^aeiouy])ha?$", "a", plain) if word.endswith("ה") else plain).capitalize()
