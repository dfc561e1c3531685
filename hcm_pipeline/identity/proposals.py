"""Scripts that do not write how a name sounds: what is proposed to the person who decides, where it is a name at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import anyascii

from hcm_pipeline.identity.thai import rtgs
from hcm_pipeline.identity.ways import Way, like_names, table_of

Rule = Callable[[str, str], tuple[str, Way]]

THAI = table_of("""
    สมชาย Somchai สมศักดิ์ Somsak สมหญิง Somying สมบัติ Sombat สมพร Somporn สมบูรณ์ Somboon สมใจ Somjai สมปอง Sompong สุรชัย
    Surachai ประเสริฐ Prasert วิชัย Wichai
    ประยุทธ์ Prayut อนันต์ Anan วิทยา Wittaya สุชาติ Suchart นิพนธ์ Niphon อนุชา Anucha ณัฐพล Nattapon ธนพล Thanapon มานะ
    Mana ศิริพร Siriporn มาลี Malee สุภาพร Supaporn
    กัญญา Kanya รัตนา Rattana อารีย์ Aree วันดี Wandee นงนุช Nongnuch สุดา Suda นภา Napa ใจดี Jaidee ทองดี Thongdee
    แสงจันทร์ Saengchan พิมพ์ Pim กนกวรรณ Kanokwan
""")


def thai(text: str, _place: str) -> tuple[str, Way]:
    """Names that everybody knows as they are written, and others by RTGS where their spelling says how they are read."""
    words = re.split("([^\u0e00-\u0e7f]+)", unicodedata.normalize("NFC", text))
    said = [(THAI.get(word) or rtgs(word)) if "\u0e00" <= word[:1] <= "\u0e7f" else word for word in words]
    sure = all(made for made, word in zip(said, words, strict=True) if word)
    return ("".join(said) if sure else ""), Way("Thai, which is not said as it is written", 0.3)


def guessed(how: str, confidence: float) -> Rule:
    """General transliteration, where what it makes can be said at all."""

    def rule(text: str, _place: str) -> tuple[str, Way]:
        plain = like_names(re.sub(r"(?<=[A-Za-z])[`'’]+(?=[A-Za-z])|[`’]", "", anyascii.anyascii(text)))
        return (plain if _is_sayable(plain) else ""), Way(how, confidence)

    return rule


def _is_sayable(plain: str) -> bool:
    """A name has a vowel in every word, and hardly more than three consonants in a row."""
    words = re.findall(r"[A-Za-z]+", plain)
    return bool(words) and all(
        re.search("[aeiouy]", word, re.IGNORECASE) and not re.search("[^aeiouy]{5}", word, re.IGNORECASE)
        for word in words
    )


# Letters of India's scripts by their place in a block of Unicode, the same in all of them: the Hunterian system, without marks
_VOWELS = "a a i i u u ri e e ai o o au"
_INDIC_VOWELS = dict(zip((*range(0x05, 0x0C), 0x0E, 0x0F, 0x10, 0x12, 0x13, 0x14), _VOWELS.split(), strict=True))
_INDIC_SIGNS = {place + 0x38: plain for place, plain in _INDIC_VOWELS.items() if place > 0x05}
_CONSONANTS = "k kh g gh n ch chh j jh n t th d dh n t th d dh n n p ph b bh m y r r l l l v sh sh s h"
_INDIC_CONSONANTS = dict(enumerate(_CONSONANTS.split(), 0x15))
_NASALS, _VIRAMA, _NUKTA = (0x01, 0x02), 0x4D, 0x3C
_KEEPS_ITS_VOWELS = range(0x0B00, 0x0D80)


def indic(text: str, _place: str) -> tuple[str, Way]:
    """A run of one of India's scripts, by the Hunterian system: in the north, vowels that are implied and not said go."""
    words = re.split(r"([^\u0900-\u0d7f]+)", re.sub("[\u200c\u200d]", "", text))
    plain = like_names("".join(_indic_word(word) if "\u0900" <= word[:1] <= "\u0d7f" else word for word in words))
    return (plain if _is_sayable(plain) else ""), Way("Indic script, Hunterian, with the vowels that it implies", 0.4)


def _indic_word(word: str) -> str:
    """Sounds, of which `A` is an implied vowel."""
    sounds: list[str] = []
    for letter in word:
        place = ord(letter) & 0x7F
        if place in _INDIC_CONSONANTS and place <= 0x39:
            sounds += [_INDIC_CONSONANTS[place], "A"]
        elif place in _INDIC_SIGNS or place == _VIRAMA:
            if sounds[-1:] == ["A"]:
                sounds.pop()
            if place != _VIRAMA:
                sounds.append(_INDIC_SIGNS[place])
        elif place in _INDIC_VOWELS:
            sounds.append(_INDIC_VOWELS[place])
        elif place in _NASALS:
            sounds.append("n")
    said = "".join(sounds).replace("jn", "gy")
    if ord(word[0]) not in _KEEPS_ITS_VOWELS:
        said = said if _joined(word) else re.sub("(?<=[a-z])A$", "", said)
        said = re.sub("(?<=[aeiouA][^aeiouA])A(?=(?:[^aeiouA]|[kgcjtdpbs]h)[aeiou])", "", said)
    plain = re.sub("n(?=[pbm])", "m", said.replace("A", "a"))
    return re.sub("sinh$", "singh", plain)  # as all who bear it write it


def _joined(word: str) -> bool:
    """Whether the last consonant is joined to the one before it: the vowel behind two of them is said."""
    return len(word) > 2 and ord(word[-2]) & 0x7F == _VIRAMA
