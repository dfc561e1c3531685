"""Characters that are blank, that nobody sees, and that text only holds when it was damaged: one rule for values, headings and
person numbers alike.

Blanks are the white space of Unicode (property White_Space) and what is drawn as one. Characters that nobody sees are trimmed from
the ends, as blanks are. Inside, a joiner or a variation selector stays behind a letter of a script that needs it; everything else
that nobody sees, and all that turns the direction of writing, has no place in a value (Unicode, 23.2 to 23.4; UAX 31, 2.3).
"""

from __future__ import annotations

import re
import unicodedata

BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000"
"""Inside of a class of characters, for RE2 and Python alike. White_Space, and the empty pattern of Braille."""
UNSEEN = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2065\u206a-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Default_Ignorable_Code_Point and the signs of interlinear notes, but for those that turn the direction of what follows."""
TURNING = "\u202a-\u202e\u2066-\u2069"
"""Embeddings, overrides and isolates: they turn the direction of writing for all that follows, and an address book obeys them."""

_JOINED = (  # scripts in which a joiner inside of a word tells words apart, and pictures that it puts together
    "\u0600-\u06ff\u0700-\u077f\u07c0-\u07ff\u0840-\u08ff\u0900-\u0dff\u0e00-\u109f\u1000-\u109f\u1700-\u17b3\u17b6-\u17ff"
    "\u1800-\u180a\u1810-\u18af\u1900-\u1aff\u1b00-\u1c4f\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc\u2600-\u27bf\ufe0f"
    "\U00010a00-\U00010aff\U00011000-\U00011fff\U0001e900-\U0001e95f\U0001f000-\U0001faff"
)
_VARIED = (  # ideographs, Mongolian letters and pictures have variants that a selector behind them names
    "\u1820-\u18aa\u2190-\u2bff\u3001-\u303f\u3400-\u9fff\uf900-\ufaff\U0001f000-\U0001faff\U00020000-\U0003ffff"
)
_JOINERS = "\u200c\u200d"
_SELECTORS = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
NEVER = (  # of UNSEEN, without joiners and selectors
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
INVISIBLE = rf"[{NEVER}]|(?:^|[^{_JOINED}])[{_JOINERS}]|(?:^|[^{_VARIED}])[{_SELECTORS}]"
"""A pattern for what nobody sees and nothing needs, inside of a value."""
UNDECODABLE, NUL = "\ufdd0", "\ufdd1"
"""Characters that stand for a byte without a meaning in the file's encoding, and for NUL. Unicode keeps them for such a use: no
text holds them."""
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f" + f"{TURNING}{UNDECODABLE}{NUL}\ufffe\uffff]"
"""A pattern for control characters other than tab, line feed and carriage return, for characters that turn the direction of all
that follows, and for what is no character: no HR system means them."""
EDGES = f"{BLANKS}{NEVER}{_JOINERS}"
"""Inside of a class of characters: all that is trimmed from the ends of a value."""

SEVERAL = "\uffff\ufffe"
"""Stands between values where a record has several in the place of one. No file holds it: neither half is a character."""

_EDGE = re.compile(f"[{EDGES}]+")
_INNER = re.compile(f"[{BLANKS}]+")
_SHOWN = re.compile(rf"[{UNSEEN}{TURNING}\x00-\x1f\x7f-\x9f]|(?! )[{BLANKS}]|(?<= ) ")


def trimmed(text: str) -> str:
    """The text without blanks and what nobody sees at its ends."""
    begin = _EDGE.match(text)
    start, end = begin.end() if begin else 0, len(text)
    while end > start and _EDGE.match(text[end - 1]):
        end -= 1
    return text[start:end]


def heading(text: str) -> str:
    """The text as people see it: without what nobody sees, each run of blanks one space, composed. Headings that are seen alike are
    one heading.

    >>> heading("\\ufeffPerson\\u00a0 Number\\u200b")
    'Person Number'
    """
    seen = re.sub(f"[{UNSEEN}{TURNING}]", "", text)
    return unicodedata.normalize("NFC", _INNER.sub(" ", seen)).strip(" ")


def escaped(text: str) -> str:
    """The text with an escape for each character that nobody sees or that is no ordinary blank, and for the second of two blanks.

    >>> escaped("Person\\u00a0Number")
    'Person\\\\xa0Number'
    """
    return _SHOWN.sub(lambda found: _escape(ord(found[0])), text)


def _escape(number: int) -> str:
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
