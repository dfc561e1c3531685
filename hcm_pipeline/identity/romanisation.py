"""How names of other scripts are spelled in Latin letters: by the rules of the country where it has any.

National rules differ from what general transliteration makes (Щерев is Sheherev nowhere, Shterev in Bulgaria), and for
scripts that do not write how a name sounds there is no rule at all: such a name waits for a person, with a proposal where one is a
name. Packages that spell by language were tried and left: they aim at libraries and keyboards (SHHerbakov, Giwrgos), not at
how people are called in their passports, or their licence does not allow them here.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Callable

from hcm_pipeline.identity.alphabets import armenian, georgian, greek
from hcm_pipeline.identity.arabic import arabic
from hcm_pipeline.identity.cyrillic import cyrillic
from hcm_pipeline.identity.ethiopic import ethiopic
from hcm_pipeline.identity.han_characters import han
from hcm_pipeline.identity.hebrew import hebrew
from hcm_pipeline.identity.indic import indic
from hcm_pipeline.identity.japanese import kana
from hcm_pipeline.identity.korean import hangul
from hcm_pipeline.identity.proposals import guessed, thai
from hcm_pipeline.identity.southeast_asian import burmese, khmer, lao
from hcm_pipeline.identity.tibetan import tibetan
from hcm_pipeline.identity.ways import LATIN as LATIN
from hcm_pipeline.identity.ways import Way as Way

_BLOCKS = (
    (0x0000, "latin"), (0x0370, "greek"), (0x0400, "cyrillic"), (0x0530, "armenian"), (0x0590, "hebrew"),
    (0x0600, "arabic"), (0x0700, "other"), (0x0750, "arabic"), (0x0780, "other"), (0x08A0, "arabic"), (0x0900, "indic"),
    (0x0E00, "thai"), 
    (0x0E80, "lao"), (0x0F00, "tibetan"), (0x1000, "burmese"), (0x10A0, "georgian"), (0x1100, "hangul"), 
    (0x1200, "ethiopic"), (0x13A0, "other"), (0x1780, "khmer"), (0x1800, "other"), (0x1C80, "cyrillic"),
    (0x1C90, "georgian"), (0x1CC0, "other"), (0x1D00, "latin"), (0x1F00, "greek"), (0x2000, "latin"), (0x2C80, "other"),
    (0x2D00, "georgian"), (0x2D30, "other"), (0x2DE0, "cyrillic"), (0x2E00, "other"), (0x3005, "han"), (0x3008, "other"),
    (0x3040, "kana"), (0x3100, "other"), (0x3130, "hangul"), (0x3190, "other"), (0x31F0, "kana"), (0x3200, "other"),
    (0x3400, "han"), (0x4DC0, "other"), (0x4E00, "han"), (0xA000, "other"), (0xA640, "cyrillic"), (0xA6A0, "other"),
    (0xA720, "latin"), (0xA800, "other"), (0xAB30, "latin"), (0xAB70, "other"), (0xAC00, "hangul"), (0xD7B0, "other"),
    (0xF900, "han"), (0xFB00, "latin"), (0xFB13, "armenian"), (0xFB1D, "hebrew"), (0xFB50, "arabic"), (0xFE00, "other"),
    (0xFE70, "arabic"), (0xFF00, "latin"), (0xFF66, "kana"), (0xFFA0, "hangul"), (0xFFE0, "other"), (0x20000, "han"),
    (0x40000, "other"),
)  # fmt: skip
"""Where a script's blocks of Unicode begin."""
_STARTS = [start for start, _ in _BLOCKS]


def script_of(character: str) -> str | None:
    """The script of a letter, or None for what belongs to none: digits, spaces, punctuation, marks, pictures."""
    if character in "ーｰ":  # long vowels of kana, which Unicode counts as common to several scripts
        return "kana"
    if not unicodedata.category(character).startswith("L") or "\u02b0" <= character <= "\u02ff":
        return None
    return _BLOCKS[bisect_right(_STARTS, ord(character)) - 1][1]


HOMES = {
    "az": "AZ", "be": "BY", "bg": "BG", "bs": "BA", "cnr": "ME", "da": "DK", "de": "DE", "el": "GR", "fi": "FI",
    "hr": "HR", "hy": "AM",
    "is": "IS", "ja": "JP", "ka": "GE", "kk": "KZ", "ko": "KR", "ky": "KG", "mk": "MK", "mn": "MN", "nb": "NO",
    "nn": "NO", "no": "NO",
    "ru": "RU", "sr": "RS", "sv": "SE", "tg": "TJ", "uk": "UA", "uz": "UZ", "vi": "VN", "zh": "CN",
}  # fmt: skip
"""Languages (ISO 639) whose names are spelled by one country's rules, whoever bears them."""

WAYS: dict[str, Callable[[str, str], tuple[str, Way]]] = {
    "cyrillic": cyrillic,
    "greek": greek,
    "kana": kana,
    "hangul": hangul,
    "han": han,
    "armenian": armenian,
    "georgian": georgian,
    "arabic": arabic,
    "hebrew": hebrew,
    "thai": thai,
    "indic": indic,
    "ethiopic": ethiopic,
    "burmese": burmese,
    "lao": lao,
    "tibetan": tibetan,
    "khmer": khmer,
    "other": guessed("general transliteration", 0.4),
}
"""Every script but the Latin one."""
