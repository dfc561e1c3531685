"""Hangul in Latin letters: the Revised Romanization of 2000, and the forms of family names that their bearers use."""

from __future__ import annotations

import re
import unicodedata

from hcm_pipeline.identity.ways import Way, like_names, table_of

_INITIALS = ("g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h")
_VOWELS = (
    "a",
    "ae",
    "ya",
    "yae",
    "eo",
    "e",
    "yeo",
    "ye",
    "o",
    "wa",
    "wae",
    "oe",
    "yo",
    "u",
    "wo",
    "we",
    "wi",
    "yu",
    "eu",
    "ui",
    "i",
)
_FINALS = ("", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p", "t", "t", "ng",
    "t", "t", "k", "t",
           "p", "t")  # fmt: skip
"""In the order in which Unicode composes syllables; a final as it sounds by itself."""
FAMILY = table_of("""
    김 Kim 이 Lee 박 Park 최 Choi 강 Kang 조 Cho 윤 Yoon 임 Lim 신 Shin 오 Oh 권 Kwon 유 Yoo 안 Ahn 고 Ko 문 Moon 노 Noh 심
    Shim 곽 Kwak 성 Sung
    주 Joo 우 Woo 구 Koo 공 Kong 현 Hyun 변 Byun 추 Choo 기 Ki 국 Kook 금 Keum 부 Boo 황보 Hwangbo 남궁 Namgung 제갈 Jegal
    사공 Sagong 독고 Dokgo
    서문 Seomun 동방 Dongbang
""")
"""Family names, in the form that most of their bearers have in their passports where that is not the Revised Romanization."""
_FREQUENT = set(
    "김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구민진지엄채원천방공현함변염여추"
)


_GIVEN = 2
"""Syllables of nearly all given names."""


def hangul(text: str, _place: str) -> tuple[str, Way]:
    """A run of Hangul. Between the syllables of a given name no sound changes (article 3, item 4): 빛나 is Bitna."""
    if not all(_is_syllable(letter) or not letter.isalpha() for letter in text):
        return "", Way("Korean, with letters that are no syllables", 0.3)
    made, ways = [], [Way("Korean, Revised Romanization", 0.7)]
    for word in re.split(r"([^\uac00-\ud7a3]+)", text):
        if word in FAMILY:
            made.append(FAMILY[word])
            ways.append(Way("Korean, the usual form of a family name", 0.8))
        elif len(word) > 2 and (word[0] in _FREQUENT or word[:2] in FAMILY):
            family = 2 if word[:2] in FAMILY else 1
            made += [FAMILY.get(word[:family]) or _syllables(word[:family]), " ", _syllables(word[family:])]
            ways.append(Way("Korean, perhaps a family and a given name", 0.4))
        else:
            made.append(_syllables(word))
            if sum(map(_is_syllable, word)) > _GIVEN:
                ways.append(Way("Korean, longer than given names are", 0.4))
    least = min(ways[1:] or ways, key=lambda way: way.confidence)
    return "".join(made), least if len(made) == 1 or least.confidence < 0.5 else ways[0]


def _is_syllable(letter: str) -> bool:
    return "\uac00" <= letter <= "\ud7a3"


def _syllables(word: str) -> str:
    """Syllable by syllable; ㄹㄹ is ll, which is how the rule writes it and no change of sounds."""
    made = ""
    for letter in unicodedata.normalize("NFC", word):
        if not _is_syllable(letter):
            made += letter
            continue
        place = ord(letter) - 0xAC00
        initial = _INITIALS[place // 588]
        made += "l" if initial == "r" and made.endswith("l") else initial
        made += _VOWELS[place % 588 // 28] + _FINALS[place % 28]
    return like_names(made)
