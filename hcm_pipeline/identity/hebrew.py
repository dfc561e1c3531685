"""Names in Hebrew script: proposals, for most vowels are not written. A name of two parts that are known is known (`בן-דוד`,
`גולדברג`). None is sure enough to be given without a person."""

from __future__ import annotations

import re
import unicodedata

from hcm_pipeline.identity.hebrew_names import HEBREW
from hcm_pipeline.identity.ways import Way, table_of

_HOW = "Hebrew, which leaves out vowels"
_KNOWN, _MADE_UP = Way(_HOW, 0.3), Way(f"{_HOW}: by the parts of the name", 0.2)
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
    """A proposal for each word; none where one has none."""
    composed = unicodedata.normalize("NFC", text).translate(_QUOTES)
    bare = "".join(c for c in composed if not unicodedata.category(c).startswith("M"))
    made, way = [], _KNOWN
    for word in re.findall(r"\w+(?:'\w*)?|[^\w]+", bare):
        plain = HEBREW.get(word, "") if word[0].isalpha() else word
        if not plain:
            plain, way = _of_parts(word), _MADE_UP
        made.append(plain)
    return ("".join(made) if all(made) else ""), way


def _of_parts(word: str) -> str:
    for last, plain in _LAST.items():
        if word.endswith(last) and (first := _FIRST.get(word[: -len(last)])):
            return first + plain
    for last, plain in _SONS.items():
        base = word.removesuffix(last)
        if base != word and (first := HEBREW.get(base) or HEBREW.get(f"{base}ה")):
            return re.sub("[aeiou]$", "", first) + plain
    if word.startswith("ה") and len(word) > 3 and (rest := HEBREW.get(word[1:])):
        return f"Ha{rest.lower()}"
    if word.endswith("י") and len(word) > 3 and (first := HEBREW.get(word[:-1])):  # the surname of a first name: Davidi
        return f"{first}i" if first[-1] not in "aeiou" else ""
    return ""
