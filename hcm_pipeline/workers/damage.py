"""Text that was damaged on its way: read in another encoding, read twice, replaced by question marks, or left escaped.

A value is judged by itself, however it came: the file may be valid UTF-8 and hold text that was garbled before it was written.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html.entities import html5

_LETTER = "[A-Za-z\xc0-\xd6\xd8-\xf6\xf8-\U0010ffff]"
_CODE_PAGES = ("cp1252", "cp1250", "cp1251", "cp1254", "mac_roman", "cp850", "cp437")
"""In which UTF-8 is read by mistake: those of Windows, of old Macs, and of consoles."""


def _seconds(page: str) -> str:
    """The characters of a code page that may stand for the second byte of UTF-8, inside of a class."""
    return re.escape("".join(bytes([byte]).decode(page, "ignore") for byte in range(0x80, 0xC0)))


_PAIRS = (
    f"[\xc2-\xdf][{_seconds('cp1252')}\x80-\x9f]|[\xe0-\xef][{_seconds('cp1252')}\x80-\x9f]{{2}}"
    f"|[\xc2\u0102\xc4\u0139][{_seconds('cp1250')}]|(?:[\u0420\u0421][{_seconds('cp1251')}]){{2}}"
    "|[\u0410-\u044f][\u20ac‚„…†‡‰‹–—™›¤¦§©¬®°±µ¶·]|[\u2500-\u259f√∞≈≠≤≥∂∑∏∫◊]"
)
"""First and second bytes of UTF-8, as code pages show them; those of consoles and old Macs as lines of boxes and mathematics."""
_ENTITY = re.compile(r"&(#[0-9]{2,7}|#[xX][0-9A-Fa-f]{2,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_PRIVATE = "[\ue000-\uf8ff\U000f0000-\U0010fffd]"
_ESCAPE = r"\\u[0-9A-Fa-f]{4}|(?:=[C-F][0-9A-F]=[89AB][0-9A-F])+|(?:%[C-F][0-9A-F]%[89AB][0-9A-F])+"
_NOT_IN_NAMES = "?~{}^|¿¡¢£¤¥¦§©«¬®¯°±²³¶¸¹»¼½¾×÷†‡‰‹›€™„•"
"""Signs that stand where a letter stood, those of encodings of seven bits among them: in a name they are no punctuation."""
_IN_1250 = re.compile("[ĂÄĹ].[a-z]")
_ESCAPED = re.compile(_ESCAPE)
_QUERY = re.compile(r"\?\w+=")
_INSIDE = re.compile(f"{_LETTER}[?¿]+{_LETTER}")

SUSPECT = f"\ufffd|{_PRIVATE}|{_PAIRS}|{_LETTER}[?¿]+{_LETTER}|&[A-Za-z#][A-Za-z0-9]{{1,31}};|{_ESCAPE}"
"""A pattern (RE2 and Python) for values that may be damaged: `damage_of` decides."""
SUSPECT_NAME = f"[{_NOT_IN_NAMES}]|\\+[0-9a-z/]*[A-Z]"
"""The same for what may be damaged in a name only. Nearly every row has a plus: before a phone number, which has no capital."""


@lru_cache(maxsize=1 << 16)
def damage_of(value: str, *, is_name: bool) -> str | None:
    """The way in which a value was damaged, in words and without the value; None for one that was not. In a name (`is_name`) there
    are no question marks and no currencies."""
    if "\ufffd" in value:
        return "a letter was replaced by U+FFFD"
    if any(found[1].startswith("#") or f"{found[1]};" in html5 for found in _ENTITY.finditer(value)):
        return "an entity of HTML"
    is_address = "://" in value or _QUERY.search(value) is not None
    if re.search(_PRIVATE, value):
        return "a character of private use, which means nothing without its font"
    if not is_address and _ESCAPED.search(value):
        return "an escape in place of a letter"
    if not is_address and _INSIDE.search(value):
        return "a question mark inside a word"
    if any(_read_twice(value, page) for page in _CODE_PAGES):
        return "UTF-8 that was read in another encoding"
    if is_name and re.search(SUSPECT_NAME, value):
        return "a sign that no name has"
    return None


def _read_twice(value: str, page: str) -> bool:
    """Whether a value is the UTF-8 of a text with more letters than ASCII has, read in a code page: the whole of it is valid UTF-8
    then, which real text is hardly ever."""
    if value.isascii():
        return False
    raw = bytearray()
    for character in value:
        try:
            raw += character.encode(page)
        except UnicodeEncodeError:
            if not "\x80" <= character <= "\x9f":  # bytes that the code page does not define are often kept as they are
                return False
            raw.append(ord(character))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    beyond = [character for character in text if character > "\x7f"]
    if not all(_is_of_text(character) for character in beyond):
        return False
    # a capital before one letter of another page may be a word (Úľ); two such pairs, or a sign in a word, are none
    signs = any(not character.isalpha() for character in value if character > "\x7f")
    return len(beyond) > 1 or page == "cp1252" or signs or (page == "cp1250" and bool(_IN_1250.search(value)))


def _is_of_text(character: str) -> bool:
    """Not of the blocks that hold no people's names: IPA, marks alone, old scripts, private use."""
    number = ord(character)
    return not (0x0240 <= number < 0x0370 or 0x0800 <= number < 0x0900 or 0xE000 <= number < 0xF900 or number < 0xA0)
