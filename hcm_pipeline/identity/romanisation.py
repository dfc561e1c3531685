"""How names of other scripts are spelled in Latin letters: by the rules of the country where it has any.

National rules differ from what general transliteration makes (Щерев is Sheherev nowhere, Shterev in Bulgaria), and for
scripts that do not write how a name sounds there is no rule at all: what comes out is then a guess, and counts as one.
Packages that spell by language were tried and left: they aim at libraries and keyboards (SHHerbakov, Giwrgos), not at
how people are called in their passports, or their licence does not allow them here.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

import anyascii
import jaconv

_BLOCKS = (
    (0x0000, "latin"), (0x0370, "greek"), (0x0400, "cyrillic"), (0x0530, "armenian"), (0x0590, "hebrew"),
    (0x0600, "arabic"), (0x0700, "other"), (0x0750, "arabic"), (0x0780, "other"), (0x08A0, "arabic"), (0x0900, "indic"),
    (0x0E00, "thai"), (0x0E80, "other"), (0x10A0, "georgian"), (0x1100, "hangul"), (0x1200, "other"), (0x1C80, "cyrillic"),
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


@dataclass(frozen=True)
class Way:
    """How one run of letters was spelled. `confidence` from 0 (nothing of it is known) to 1 (nothing was to decide)."""

    how: str
    confidence: float


def _table(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


LATIN = Way("Latin letters, without their marks", 1.0)

# International Civil Aviation Organization, Doc 9303 part 3, section 6 B: Cyrillic as in passports
_ICAO = _table("""
    а a б b в v г g д d е e ж zh з z и i й i к k л l м m н n о o п p р r с s т t у u ф f х kh ц ts ч ch ш sh щ shch ъ ie ы y э e
    ю iu я ia ё e і i ў u ґ g є ie ї i ђ dj ѓ gj ѕ dz ј j љ lj њ nj ћ c ќ kj џ dj
""") | {"ь": ""}
_OF_COUNTRY: dict[str, dict[str, str]] = {
    "RU": {},
    "BY": {"г": "h", "ё": "io"},
    # Cabinet of Ministers of Ukraine, resolution 55 of 2010
    "UA": {"г": "h", "ґ": "g", "и": "y", "й": "i", "є": "ie", "ї": "i", "ю": "iu", "я": "ia"},
    # Transliteration Act of 2009
    "BG": {"щ": "sht", "ъ": "a", "ь": "y", "й": "y", "ю": "yu", "я": "ya"},
    # The Latin alphabet of Serbian without its marks, and dj as in passports
    "RS": {"ђ": "dj", "ж": "z", "ћ": "c", "х": "h", "ц": "c", "ч": "c", "џ": "dz", "ш": "s", "ј": "j"},
    "MK": {"ѓ": "gj", "ќ": "kj", "х": "h", "ц": "c", "џ": "dj"},
}
_OF_COUNTRY |= {"ME": _OF_COUNTRY["RS"], "BA": _OF_COUNTRY["RS"], "XK": _OF_COUNTRY["RS"]}
_AT_THE_BEGINNING = {"UA": {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}}
_TELLING = (("їєґ", "UA"), ("ў", "BY"), ("ѓќѕ", "MK"), ("ђћ", "RS"), ("ёыэ", "RU"))
"""Letters that one alphabet of the tables has and its neighbours have not."""


HOMES = {
    "be": "BY", "bg": "BG", "bs": "BA", "cnr": "ME", "da": "DK", "de": "DE", "el": "GR", "fi": "FI", "is": "IS", "ja": "JP",
    "ko": "KR", "mk": "MK", "nb": "NO", "nn": "NO", "no": "NO", "ru": "RU", "sr": "RS", "sv": "SE", "uk": "UA", "zh": "CN",
}  # fmt: skip
"""Languages (ISO 639) whose names are spelled by one country's rules, whoever bears them."""


def _cyrillic(text: str, place: str) -> tuple[str, Way]:
    low = text.lower()
    home = next((country for letters, country in _TELLING if set(letters) & set(low)), None)
    if home == "RU" and place == "BY":
        home = "BY"  # the alphabet has them too
    if home == "RS" and place in ("ME", "BA", "XK"):
        home = place
    country = home or (place if place in _OF_COUNTRY else None)
    if country is None or any(letter.isalpha() and letter not in _ICAO for letter in low):
        return anyascii.anyascii(text), Way("Cyrillic, of no known country", 0.6)
    if country in ("UA", "BY"):  # between letters that would run into each other; nothing in Latin
        text = re.sub("['’ʼ]", "", text)
        low = text.lower()
    table = _ICAO | _OF_COUNTRY[country]
    begins = table | _AT_THE_BEGINNING.get(country, {})
    made = []
    for place_in_text, letter in enumerate(low):
        first = place_in_text == 0 or not low[place_in_text - 1].isalpha()
        plain = (begins if first else table).get(letter, letter)
        if country == "UA" and letter == "г" and low[place_in_text - 1 : place_in_text] == "з":
            plain = "gh"
        made.append(plain.capitalize() if text[place_in_text] != letter else plain)
    plain = "".join(made)
    if country == "BG":
        plain = re.sub(r"iya\b", "ia", plain)
    return _as_loud(text, plain), Way(f"Cyrillic of {country}", 0.9)


# ISO 843 type 2, which is ELOT 743 and what Greek passports go by
_GREEK = _table("""
    α a β v γ g δ d ε e ζ z η i θ th ι i κ k λ l μ m ν n ξ x ο o π p ρ r σ s ς s τ t υ y φ f χ ch ψ ps ω o
""")
_GREEK_PAIRS = {"ου": "ou", "γγ": "ng", "γξ": "nx", "γχ": "nch"}
_VOICELESS = set("θκξπσςτφχψ")


def _greek(text: str, _place: str) -> tuple[str, Way]:
    apart = unicodedata.normalize("NFD", text.lower())
    low, split = "", set()
    for character in apart:
        if character == "\u0308":  # a diaeresis keeps two letters apart
            split.add(len(low) - 1)
        if not unicodedata.category(character).startswith("M"):
            low += character
    made, at = "", 0
    while at < len(low):
        pair = low[at : at + 2] if at + 1 not in split else low[at]
        first = at == 0 or not low[at - 1].isalpha()
        if pair in ("αυ", "ευ", "ηυ"):
            after = low[at + 2 : at + 3]
            made += _GREEK[pair[0]] + ("f" if not after.isalpha() or after in _VOICELESS else "v")
        elif pair == "μπ" and first:
            made += "b"
        elif pair in _GREEK_PAIRS:
            made += _GREEK_PAIRS[pair]
        else:
            made += _GREEK.get(low[at]) or anyascii.anyascii(low[at])
            at -= 1
        at += 2
    return _as_loud(text, _like_names(made)), Way("Greek, ISO 843", 0.9)


def _kana(text: str, _place: str) -> tuple[str, Way]:
    sounds = jaconv.kata2hira(jaconv.h2z(text)).replace("ー", "")
    plain = jaconv.kana2alphabet(sounds)
    # Ministry of Foreign Affairs of Japan, Hepburn for passports: no long vowels, m before b, m and p, tch
    plain = re.sub("o[ou]", "o", plain).replace("uu", "u").replace("cch", "tch")
    return _like_names(re.sub("n([bmp])", r"m\1", plain)), Way("kana, Hepburn as in passports", 0.8)


_KOREAN_FAMILY = _table("김 Kim 이 Lee 박 Park 최 Choi 강 Kang 임 Lim 신 Shin 오 Oh 권 Kwon 문 Moon 우 Woo 구 Koo")
"""Family names that their bearers hardly ever spell by the Revised Romanization, in the form that most of them use."""


def _hangul(text: str, _place: str) -> tuple[str, Way]:
    if text.strip() in _KOREAN_FAMILY:
        return _KOREAN_FAMILY[text.strip()], Way("Korean, the usual form of a family name", 0.8)
    return _like_names(anyascii.anyascii(text)), Way("Korean, Revised Romanization", 0.7)


_CHINESE_FAMILY = _table("""
    单 Shan 曾 Zeng 仇 Qiu 解 Xie 区 Ou 查 Zha 盖 Ge 缪 Miao 翟 Zhai 朴 Piao 吕 Lyu 尉迟 Yuchi 万俟 Moqi 长孙 Zhangsun
""")
"""Characters that are read otherwise in a family name, and lü, which passports write lyu."""


def _han(text: str, place: str) -> tuple[str, Way]:
    plain = _CHINESE_FAMILY.get(text.strip()) or _like_names(anyascii.anyascii(text))
    if place == "CN":
        return plain, Way("Chinese, pinyin", 0.8)
    return plain, Way("characters read as Chinese, of no country that says so", 0.3)


def _guess(how: str, confidence: float) -> Callable[[str, str], tuple[str, Way]]:
    return lambda text, _place: (_like_names(anyascii.anyascii(text)), Way(how, confidence))


WAYS: dict[str, Callable[[str, str], tuple[str, Way]]] = {
    "cyrillic": _cyrillic,
    "greek": _greek,
    "kana": _kana,
    "hangul": _hangul,
    "han": _han,
    "armenian": _guess("Armenian, letter by letter", 0.6),
    "georgian": _guess("Georgian, letter by letter", 0.7),
    "arabic": _guess("Arabic script, which leaves out vowels", 0.3),
    "hebrew": _guess("Hebrew, which leaves out vowels", 0.3),
    "thai": _guess("Thai, letter by letter", 0.3),
    "indic": _guess("Indic script, without the vowels that it implies", 0.3),
    "other": _guess("general transliteration", 0.4),
}
"""Every script but the Latin one."""


def _as_loud(text: str, plain: str) -> str:
    """Capitals throughout where the name is written so."""
    return plain.upper() if text.isupper() and sum(map(str.isalpha, text)) > 1 else plain


def _like_names(plain: str) -> str:
    """A capital at the beginning of every word, and small letters behind it."""
    return re.sub(r"[A-Za-z]+", lambda word: word[0].capitalize(), plain)
