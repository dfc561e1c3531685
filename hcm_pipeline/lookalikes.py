"""Names that cannot be told from others by looking at them: mixed scripts, letters that are signs, and equal skeletons.

Unicode Technical Standard 39: sections 4 (confusable detection) and 5.2 (restriction levels, of which this is the highly
restrictive one). The data are `confusables.txt`, see its head.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from importlib import resources

UNUSUAL = (
    "\u0250-\u02af\u0370-\u1cff\u1d00-\u1dbf\u1f00-\u1fff\u2070-\u209f\u2100-\u218f\u2460-\u24ff\u2c60-\u2dff\ua490-\ua95f"
    "\ua960-\uabff\ufb00-\ufb1c\uff21-\uff3a\uff41-\uff5a\U00010000-\U0001f2ff"
)
"""Inside of a class of characters: all that can be taken for letters of ASCII, or mixed with them; none of the Latin letters of
European names, nor of Chinese, Japanese and Korean ones."""
_PAIRS = {"m": "rn", "d": "cl", "w": "vv", "W": "VV"}
"""Letters that two others draw. UTS 39 has the first in its table; the others are drawn alike in the usual fonts of screens."""
PAIRS = ("rn", "cl", "cI", "c1", "c|", "vv", "VV")
"""Two letters of ASCII that may stand for one: Arnara, Sanclra, VVayne."""
DRAWN_BY_ONE = f"[{''.join(_PAIRS)}]"
"""A pattern for text of ASCII with a letter that two others draw."""
DRAWN_ALIKE = f"[A-Za-z][01|]|[01|][A-Za-z]|[a-z]I|{'|'.join(map(re.escape, PAIRS))}"
"""A pattern for text of ASCII in which a letter may be drawn by other signs: 0kafor, Wi11iam, BiIl, Arnara."""
_CJK = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "KATAKANA-HIRAGANA", "KANGXI"})
_ALIKE = {
    "FULLWIDTH": "LATIN",
    "HALFWIDTH": "HANGUL",
    "FEMININE": "LATIN",
    "MASCULINE": "LATIN",
    "KELVIN": "LATIN",
    "MODIFIER": "",
}
_LATIN = re.compile("[\x00-\xb4\xb6-\u024f]*")
"""Text whose letters are all Latin ones. Between them stands a sign of which Unicode says that it is a letter: micro."""
_WORDS = re.compile(r"[^\s,;/()\d_-]+")
_OF_ASCII = str.maketrans({"0": "O", "1": "l", "I": "l", "|": "l", **_PAIRS})


@cache
def _prototypes() -> dict[int, str]:
    text = resources.files(__package__).joinpath("confusables.txt").read_text(encoding="utf-8")
    lines = (line.split(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    wide = {0xFEE0 + code: chr(code) for code in range(0x21, 0x7F)}  # the letters of East Asian keyboards
    return wide | {ord(character): prototype for prototype, characters in lines for character in characters}


@lru_cache(maxsize=1 << 16)
def skeleton(text: str) -> str:
    """The form that texts share which look alike (UTS 39, 4), as far as they look like ASCII: capitals stay capitals.

    >>> skeleton("Аmаrа"), skeleton("Amara")
    ('Arnara', 'Arnara')
    """
    drawn = unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).translate(_prototypes()))
    return drawn.translate(_OF_ASCII)


def skeleton_sql(column: str) -> str:
    """SQL for the skeleton of a text of ASCII."""
    drawn = f"translate({column}, '01I|', 'Olll')"
    for letter, pair in _PAIRS.items():
        drawn = f"replace({drawn}, '{letter}', '{pair}')"
    return drawn


@lru_cache(maxsize=1 << 16)
def oddity(text: str) -> str | None:
    """An odd thing about the letters of a name, in words: a word mixes scripts, or letters are signs. None for nothing."""
    if _LATIN.fullmatch(text):
        return None
    if any(_is_sign(character) for character in text):
        return "letters of mathematics, in circles or squares"
    for word in _WORDS.findall(text):
        scripts = {script for character in word if (script := _script(character))}
        if len(scripts) > 1 and not scripts <= {*_CJK, "LATIN"}:
            return "a word of several scripts"
    return None


@cache
def _script(character: str) -> str:
    """The script of a letter by its name; empty for what belongs to none."""
    if unicodedata.category(character)[0] != "L":
        return ""
    first = unicodedata.name(character, "").split(" ", 1)[0]
    return _ALIKE.get(first, first)


@cache
def _is_sign(character: str) -> bool:
    if character < "\u2000":
        return False
    if unicodedata.decomposition(character).startswith(("<font>", "<circle>", "<square>")):
        return any(one.isascii() and one.isalnum() for one in unicodedata.normalize("NFKC", character))
    name = unicodedata.name(character, "")
    return "LATIN" in name and not name.startswith(("LATIN", "FULLWIDTH", "MODIFIER", "COMBINING"))
