"""Scripts that do not write how a name sounds: what is proposed to the person who decides, where it is a name at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import anyascii

from hcm_pipeline.identity.analogy import sayable_words
from hcm_pipeline.identity.thai import likely, rtgs
from hcm_pipeline.identity.ways import Way, like_names, table_of

Rule = Callable[[str, str], tuple[str, Way]]

THAI = table_of("""
    สมชาย Somchai สมศักดิ์ Somsak สมหญิง Somying สมบัติ Sombat สมพร Somporn สมบูรณ์ Somboon สมใจ Somjai สมปอง Sompong สุรชัย
    Surachai ประเสริฐ Prasert วิชัย Wichai
    ประยุทธ์ Prayut อนันต์ Anan วิทยา Wittaya สุชาติ Suchart นิพนธ์ Niphon อนุชา Anucha ณัฐพล Nattapon ธนพล Thanapon มานะ
    Mana ศิริพร Siriporn มาลี Malee สุภาพร Supaporn
    กัญญา Kanya รัตนา Rattana อารีย์ Aree วันดี Wandee นงนุช Nongnuch สุดา Suda นภา Napa ใจดี Jaidee ทองดี Thongdee
    แสงจันทร์ Saengchan พิมพ์ Pim กนกวรรณ Kanokwan เกษม Kasem
""")


def thai(text: str, _place: str) -> tuple[str, Way]:
    """Names that everybody knows as they are written, and others by RTGS where their spelling says how they are read."""
    words = re.split("([^\u0e00-\u0e7f]+)", unicodedata.normalize("NFC", text))
    said = [
        (THAI.get(word) or rtgs(word) or likely(word)) if "\u0e00" <= word[:1] <= "\u0e7f" else word for word in words
    ]
    sure = all(made for made, word in zip(said, words, strict=True) if word)
    return ("".join(said) if sure else ""), Way("Thai, which is not said as it is written", 0.3)


def guessed(how: str, confidence: float) -> Rule:
    """General transliteration, with vowels where what it makes could not be said."""

    def rule(text: str, _place: str) -> tuple[str, Way]:
        plain = like_names(re.sub(r"(?<=[A-Za-z])[`'’]+(?=[A-Za-z])|[`’]", "", anyascii.anyascii(text)))
        return (sayable_words(plain) if re.search("[A-Za-z]", plain) else ""), Way(how, confidence)

    return rule
