"""Names in Arabic script, of Arabs, Persians, Kurds and those who write Urdu or Pashto: proposals, for most vowels are not written.

A name is looked up as the country of the worker writes it, in the tables made by hand and then in the spellings that bearers have.
One that none has is put together of parts that are known (`عبد`, `ابن`, the article, `-zadeh`, `-pour`), or spelled as names of its
region that are written like it. No part is ever sure enough to be given without a person.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from hcm_pipeline.identity.arabic_names import ARABIC, BY_COUNTRY
from hcm_pipeline.identity.arabic_script import LOOSE, VOWELS_WRITTEN, by_analogy, known, written_out
from hcm_pipeline.identity.persian_names import AFGHAN, PERSIAN
from hcm_pipeline.identity.ways import Way

_HOW = "Arabic script, which leaves out vowels"
_KNOWN, _MADE_UP = Way(_HOW, 0.3), Way(f"{_HOW}: by its parts, or by names that are written like it", 0.2)
_PERSIAN_PLACES, _URDU_PLACES = ("IR", "AF", "TJ"), ("PK", "IN", "BD")
_ARTICLE_IS_EL = ("EG", "SD", "MA", "DZ", "TN", "MR")
_PERSIAN_LETTERS = re.compile("[پچژگیکھۀ]")
_URDU_LETTERS = re.compile("[ٹڈڑںےہ]")
_KURDISH_BEGIN = "ئ"
"""The sign at the beginning of a name that begins with a vowel, in Kurdish and Uyghur."""
_ZWNJ = "\u200c"
_TABLES = {"arabic": ARABIC, "persian": PERSIAN, "afghan": AFGHAN, **BY_COUNTRY}


_HERE, _ANYWHERE = "bearers of the region", "all bearers"
"""Keys beside those of `_TABLES`: the spellings that most bearers have."""


@dataclass(frozen=True)
class _Where:
    """How the people of a place write names: what is looked up, one after the other, and the country of `arabic_script`."""

    tables: tuple[str, ...]
    country: str
    article: str = "Al"
    is_persian: bool = False
    """Whether surnames end as Persian ones do."""


def arabic(text: str, place: str) -> tuple[str, Way]:
    """A proposal for each word."""
    bare = "".join(
        c
        for c in unicodedata.normalize("NFKC", text)
        if not unicodedata.category(c).startswith("M") and c not in "ـ\u200d"
    )
    bare = bare.replace("عبد ال", "عبدال").replace(" الدين", "الدين")  # one name of two words
    where = _where(place, persian=bool(_PERSIAN_LETTERS.search(bare)), urdu=bool(_URDU_LETTERS.search(bare)))
    made, way = [], _KNOWN
    for word in re.findall(rf"[\w{_ZWNJ}]+|[^\w{_ZWNJ}]+", bare):
        plain = word
        if letters := word.strip(_ZWNJ) if word[0].isalpha() or word[0] == _ZWNJ else "":
            plain = _known(letters, where)
            if not plain:
                plain, way = _of_parts(letters, where), _MADE_UP
        made.append(plain)
    return ("".join(made) if all(made) else ""), way


def _where(place: str, *, persian: bool, urdu: bool) -> _Where:
    own = (place,) if place in BY_COUNTRY else ()
    if place == "AF":
        return _Where(("afghan", _HERE, "persian", "arabic", _ANYWHERE), place, is_persian=True)
    if place in _PERSIAN_PLACES or (persian and not own and not urdu):
        return _Where(("persian", _HERE, "arabic", _ANYWHERE), "IR", is_persian=True)
    if urdu or place in _URDU_PLACES:
        return _Where((*(own or ("PK",)), _HERE, "arabic", "persian", _ANYWHERE), place if own else "PK")
    beside = ("persian",) if persian else ()
    return _Where((*own, "arabic", *beside, _HERE, _ANYWHERE), place, "El" if place in _ARTICLE_IS_EL else "Al")


@cache
def _loosely(key: str) -> dict[str, str]:
    """The names of a table by their letters without such differences; none of which several names would be left."""
    found: dict[str, set[str]] = {}
    for letters, plain in _TABLES[key].items():
        found.setdefault(_loose(letters), set()).add(plain)
    return {letters: plains.pop() for letters, plains in found.items() if len(plains) == 1}


def _loose(word: str) -> str:
    return word.translate(LOOSE).replace(_ZWNJ, "")


def _known(word: str, where: _Where) -> str:
    if word.startswith(_KURDISH_BEGIN):
        return ""
    loose = _loose(word)
    for key in where.tables:
        if key in _TABLES:
            plain = _TABLES[key].get(word) or _loosely(key).get(loose, "")
        else:
            plain = known(loose, where.country if key == _HERE else "")
        if plain:
            return plain
    return ""


# --- of parts

_PREFIXES = {"عبدال": "Abdul", "ابو": "Abu", "أبو": "Abu", "بن": "Ben", "بو": "Bou", "امیر": "Amir", "محمد": "Mohammad"}
_SUFFIXES = {
    "زاده": "zadeh", "زادگان": "zadegan", "پور": "pour", "نژاد": "nejad", "نیا": "nia", "فر": "far", "راد": "rad",
    "وند": "vand", "خواه": "khah", "منش": "manesh", "دوست": "doust", "آبادی": "abadi", "لو": "lou", "یان": "ian", "یی": "ei",
    "اللهی": "ollahi", "الله": "ollah", "زی": "zai", "چی": "chi", "کیا": "kia", "تبار": "tabar", "بخش": "bakhsh", "علی": "ali",
    "رضا": "reza", "نام": "nam", "ی": "i",
}  # fmt: skip
"""Last parts of Persian surnames, the longest first where one is the end of another."""
_NISBA = re.compile("[aeiou]+$")
_SURE_PARTS = 3
"""Letters of a last part that shows by itself where a name is put together."""


def _of_parts(word: str, where: _Where) -> str:
    """A name whose parts are known; or one that is spelled as names like it."""
    if word.startswith("ال") and len(word) > 4:
        return f"{where.article}-{_known(word[2:], where) or _of_parts(word[2:], where)}"
    if _ZWNJ in word and not word.endswith((f"{_ZWNJ}ها", f"{_ZWNJ}ی")):
        parts = [_known(part, where) or _of_parts(part, where) for part in word.split(_ZWNJ) if part]
        return parts[0] + "".join(parts[1:]).lower()
    for prefix, plain in _PREFIXES.items():
        rest = word.removeprefix(prefix)
        if rest != word and len(rest) > 2 and (known_rest := _known(rest.strip(_ZWNJ), where)):
            return plain + known_rest.lower()
    if where.is_persian:
        for suffix, plain in _SUFFIXES.items():
            base = word.removesuffix(suffix).rstrip(_ZWNJ)
            if base == word or len(base) < 3:
                continue
            begin = _known(base, where) or (_like_others(base, where) if len(suffix) >= _SURE_PARTS else "")
            if begin:
                return _joined(begin, plain)
    elif word.endswith("ي") and len(word) > 3:  # the adjective of belonging
        begin = _known(word[:-1], where) or _known(f"{word[:-1]}ة", where)
        if begin:
            return f"{_NISBA.sub('', begin)}i"
    return _like_others(word, where)


def _like_others(word: str, where: _Where) -> str:
    if VOWELS_WRITTEN.search(word) or word.startswith(_KURDISH_BEGIN):
        return written_out(word)
    return by_analogy(_loose(word), where.country)


def _joined(begin: str, end: str) -> str:
    """`Reza` and `i` are Rezaei, `Ali` and `ian` Alian; elsewhere the parts stand beside each other."""
    if begin.endswith("i") and end.startswith("i"):
        return begin + end[1:] if end != "i" else begin
    return begin + ("ei" if begin.endswith("a") and end == "i" else end)
