"""Names in Arabic script, of Arabs, Persians and those who write Urdu: proposals, for most vowels are not written.

A name is looked up as the country of the worker writes it. One that no table has is put together of parts that a table has
(`عبد`, `ابن`, the article, `-zadeh`, `-pour`), or read by the pattern of its consonants where nearly all names of the pattern
are said alike: `فاعل` is Fa'el, `فعيل` is Fa'il (W. Wright, A Grammar of the Arabic Language, I, 228 to 240). No part is ever
sure enough to be given without a person.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from hcm_pipeline.identity.arabic_names import ARABIC, BY_COUNTRY
from hcm_pipeline.identity.persian_names import AFGHAN, PERSIAN
from hcm_pipeline.identity.ways import Way, table_of

_HOW = "Arabic script, which leaves out vowels"
_KNOWN, _MADE_UP = Way(_HOW, 0.3), Way(f"{_HOW}: by the parts or the pattern of the name", 0.2)
_PERSIAN_PLACES, _URDU_PLACES = ("IR", "AF", "TJ"), ("PK", "IN", "BD")
_ARTICLE_IN_EGYPT = ("EG", "SD")
_PERSIAN_LETTERS = re.compile("[پچژگیکھۀ]")
_URDU_LETTERS = re.compile("[ٹڈڑںےہ]")
_LOOSE = str.maketrans(
    {
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ى": "ي",
        "ی": "ي",
        "ئ": "ي",
        "ة": "ه",
        "ۀ": "ه",
        "ہ": "ه",
        "ک": "ك",
        "ؤ": "و",
    }
)
"""Letters that one and the same name is written with: with and without its hamza, and as Egypt and Iran write the last ones."""
_ZWNJ = "\u200c"


def arabic(text: str, place: str) -> tuple[str, Way]:
    """A proposal for each word; none where one has none."""
    bare = "".join(
        c
        for c in unicodedata.normalize("NFC", text)
        if not unicodedata.category(c).startswith("M") and c not in "ـ\u200d"
    )
    bare = bare.replace("عبد ال", "عبدال").replace(" الدين", "الدين")  # one name of two words
    tables = _tables(place, persian=bool(_PERSIAN_LETTERS.search(bare)), urdu=bool(_URDU_LETTERS.search(bare)))
    made, way = [], _KNOWN
    for word in re.findall(rf"[\w{_ZWNJ}]+|[^\w{_ZWNJ}]+", bare):
        plain = _known(word.strip(_ZWNJ), tables) if word[0].isalpha() or word[0] == _ZWNJ else word
        if not plain:
            plain, way = _of_parts(word.strip(_ZWNJ), tables, place), _MADE_UP
        made.append(plain)
    return ("".join(made) if all(made) else ""), way


Tables = tuple[str, ...]


def _tables(place: str, *, persian: bool, urdu: bool) -> Tables:
    """Keys of `_TABLES`, those of the worker's country first."""
    own = (place,) if place in BY_COUNTRY else ()
    if place == "AF":
        return "afghan", "persian", "arabic"
    if place in _PERSIAN_PLACES or (persian and not own and not urdu):
        return "persian", "arabic"
    if urdu or place in _URDU_PLACES:
        return own[0] if own else "PK", "arabic", "persian"
    return (*own, "arabic", "persian") if persian else (*own, "arabic")


_TABLES = {"arabic": ARABIC, "persian": PERSIAN, "afghan": AFGHAN, **BY_COUNTRY}


@cache
def _loosely(key: str) -> dict[str, str]:
    """The names of a table by their letters without such differences; none of which several names would be left."""
    found: dict[str, set[str]] = {}
    for letters, plain in _TABLES[key].items():
        found.setdefault(letters.translate(_LOOSE).replace(_ZWNJ, ""), set()).add(plain)
    return {letters: plains.pop() for letters, plains in found.items() if len(plains) == 1}


def _known(word: str, tables: Tables) -> str:
    loose = word.translate(_LOOSE).replace(_ZWNJ, "")
    found = (_TABLES[key].get(word) or _loosely(key).get(loose) for key in tables)
    return next((plain for plain in found if plain), "")


# --- of parts

_PREFIXES = {"عبدال": "Abdul", "ابو": "Abu", "أبو": "Abu", "بن": "Ben", "بو": "Bou", "امیر": "Amir", "محمد": "Mohammad"}
_SUFFIXES = {
    "زاده": "zadeh", "پور": "pour", "نژاد": "nejad", "نیا": "nia", "فر": "far", "راد": "rad", "وند": "vand", "خواه": "khah",
    "منش": "manesh", "دوست": "doust", "آبادی": "abadi", "لو": "lou", "یان": "ian", "یی": "ei", "الله": "ollah", "زی": "zai",
    "چی": "chi", "کیا": "kia", "تبار": "tabar", "بخش": "bakhsh", "علی": "ali", "رضا": "reza", "نام": "nam", "ی": "i",
}  # fmt: skip
"""Last parts of Persian surnames, the longest first where one is the end of another."""
_NISBA = re.compile("[aeiou]+$")


def _of_parts(word: str, tables: Tables, place: str) -> str:
    """A name whose parts are known, or by its pattern; empty where neither is so."""
    if word.startswith("ال") and len(word) > 4:
        rest = _known(word[2:], tables) or _by_pattern(word[2:])
        return f"{'El' if place in _ARTICLE_IN_EGYPT else 'Al'}-{rest}" if rest else ""
    if _ZWNJ in word and all(parts := [_known(part, tables) for part in word.split(_ZWNJ)]):
        return parts[0] + "".join(parts[1:]).lower()
    for prefix, plain in _PREFIXES.items():
        if (
            word.startswith(prefix)
            and len(word) > len(prefix) + 2
            and (rest := _known(word[len(prefix) :].strip(_ZWNJ), tables))
        ):
            return plain + rest.lower()
    if tables[0] in ("persian", "afghan"):
        for suffix, plain in _SUFFIXES.items():
            base = word.removesuffix(suffix).rstrip(_ZWNJ)
            if base != word and len(base) > 2 and (begin := _known(base, tables)):
                return _joined(begin, plain)
        return ""
    if word.endswith("ي") and len(word) > 3:  # the adjective of belonging
        begin = _known(word[:-1], tables) or _known(f"{word[:-1]}ة", tables)
        if begin:
            return f"{_NISBA.sub('', begin)}i"
    if word[-1] in "ةه" and len(word) > 3 and (begin := _known(word[:-1], tables) or _by_pattern(word[:-1])):
        return f"{begin}a"
    return _by_pattern(word)


def _joined(begin: str, end: str) -> str:
    """`Reza` and `i` are Rezaei, `Ali` and `ian` Alian; elsewhere the parts stand beside each other."""
    if begin.endswith("i") and end.startswith("i"):
        return begin + end[1:] if end != "i" else begin
    return begin + ("ei" if begin.endswith("a") and end == "i" else end)


# --- by pattern

_CONSONANTS = table_of(
    "ب b ت t ث th ج j ح h خ kh د d ذ th ر r ز z س s ش sh ص s ض d ط t ظ z غ gh ف f ق q ك k ل l م m ن n ه h و w ي y"
)
_C = "([بتثجحخدذرزسشصضطظعغفقكلمنه])"
_FIRST = "([بتثجحخدذرزسشصضطظعغفقكلمنهوي])"
_PATTERNS = (
    (f"{_FIRST}ا{_C}{_C}", "{}a{}e{}"), (f"م{_C}{_C}و{_C}", "ma{}{}ou{}"), (f"ت{_C}{_C}ي{_C}", "ta{}{}i{}"),
    (f"{_FIRST}{_C}ي{_C}", "{}a{}i{}"), (f"[أا]{_C}{_C}{_C}", "a{}{}a{}"), (f"{_FIRST}{_C}{_C}ان", "{}a{}{}an"),
    (f"{_FIRST}{_C}{_C}اوي", "{}a{}{}awi"), (f"{_FIRST}{_C}ا{_C}", "{}a{}a{}"), (f"{_FIRST}{_C}و{_C}", "{}a{}ou{}"),
    (f"{_FIRST}{_C}{_C}ي", "{}a{}{}i"),
)  # fmt: skip


def _by_pattern(word: str) -> str:
    """A name by the place of its consonants; empty for one that fits no pattern, for its vowels are anybody's guess."""
    for pattern, plain in _PATTERNS:
        found = re.fullmatch(pattern, word)
        if found and (plain.count("{}") < 3 or "ع" not in found.groups()[1:-1] or "{}{}" not in plain):
            return plain.format(*(_CONSONANTS.get(letter, "") for letter in found.groups())).capitalize()
    return ""
