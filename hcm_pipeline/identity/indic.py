"""Names in the scripts of India and Sri Lanka: proposals, by the Hunterian system and without marks.

A consonant implies a vowel; whether it is said depends on the language. In the north it goes at the end of a word and between two
syllables that have their vowels (M. Ohala, Aspects of Hindi Phonology, 1983).
"""

from __future__ import annotations

import re
import unicodedata

from hcm_pipeline.identity.analogy import sayable_words
from hcm_pipeline.identity.ways import Way, like_names, table_of

# By their place in a block of Unicode, the same in all scripts but the one of Sri Lanka
_VOWELS = "a a i i u u ri li e e e ai o o o au"
_INDIC_VOWELS = dict(zip(range(0x05, 0x15), _VOWELS.split(), strict=True))
_INDIC_SIGNS = {place + 0x38: plain for place, plain in _INDIC_VOWELS.items() if place > 0x05}
_CONSONANTS = "k kh g gh n ch chh j jh n t th d dh n t th d dh n n p ph b bh m y r r l l zh v sh sh s h"
_INDIC_CONSONANTS = dict(enumerate(_CONSONANTS.split(), 0x15)) | {0x5F: "y", 0x5C: "r", 0x5E: "f"}
_WITH_DOT = {"k": "q", "g": "gh", "j": "z", "d": "r", "dh": "rh", "ph": "f", "y": "y"}
"""Consonants with a dot below, of Persian and of the north."""
_DEAD = table_of("ൺ n ൻ n ർ r ൽ l ൾ l ൿ k ൔ m ൕ y ൖ zh ৎ t")
"""Consonants without a vowel that are letters of their own."""
_NASALS, _VIRAMA, _DOT, _DOUBLES = (0x01, 0x02, 0x70), 0x4D, 0x3C, "ੱ"
_TAMIL, _SINHALA = range(0x0B80, 0x0C00), range(0x0D80, 0x0E00)
_DROPS_BETWEEN = (*range(0x0900, 0x0980), *range(0x0A00, 0x0B00))
"""Scripts of languages in which an implied vowel goes between two others."""
_KEEPS_ITS_VOWELS = range(0x0B00, 0x0D80)
_ONE = "(?:[kgcjtdpbszr]h|[^aeiouA])"


def indic(text: str, _place: str) -> tuple[str, Way]:
    """A run of one of these scripts."""
    words = re.split(r"([^\u0900-\u0dff]+)", re.sub("[\u200c\u200d]", "", unicodedata.normalize("NFC", text)))
    plain = like_names("".join(_word(word) if "\u0900" <= word[:1] <= "\u0dff" else word for word in words))
    return sayable_words(plain), Way("Indic script, Hunterian, with the vowels that it implies", 0.4)


def _word(word: str) -> str:
    if ord(word[0]) in _SINHALA:
        return _sinhala(word)
    said = "".join(_sounds(word)).replace("jn", "gy")
    if ord(word[0]) in _TAMIL:
        said = _tamil(said)
    if ord(word[0]) not in _KEEPS_ITS_VOWELS:
        said = re.sub(r"(.)\1A$", r"\1\1", said)
        said = said if _joined(word) else re.sub("(?<=[a-z])A$", "", said)
    if ord(word[0]) in _DROPS_BETWEEN:
        said = _without_middle_vowels(said)
    plain = re.sub("n(?=[pb])", "m", said.replace("A", "a"))
    return re.sub("sinh$", "singh", plain)  # as all who bear it write it


def _sounds(word: str) -> list[str]:
    """Sounds, of which `A` is an implied vowel."""
    sounds: list[str] = []
    doubled = False
    for letter in word:
        place = ord(letter) & 0x7F
        if letter in _DEAD:
            sounds.append(_DEAD[letter])
        elif letter == _DOUBLES:
            doubled = True
        elif place in _INDIC_CONSONANTS and (place <= 0x39 or place >= 0x5C):
            plain = "th" if letter == _OF_THE_TEETH else _INDIC_CONSONANTS[place]
            sounds += [*(plain[:1] if doubled else ""), plain, "A"]
            doubled = False
        elif place == _DOT and len(sounds) > 1:
            sounds[-2] = _WITH_DOT.get(sounds[-2], sounds[-2])
        elif place in _INDIC_SIGNS or place == _VIRAMA:
            if sounds[-1:] == ["A"]:
                sounds.pop()
            if place != _VIRAMA:
                sounds.append(_INDIC_SIGNS[place])
        elif place in _INDIC_VOWELS:
            sounds.append(_INDIC_VOWELS[place])
        elif place in _NASALS:
            sounds.append("n")
    return sounds


def _without_middle_vowels(said: str) -> str:
    """From the end: an implied vowel behind a vowel and a consonant, and before a consonant and a vowel, is not said."""
    for found in reversed(list(re.finditer("A(?!ti$)", said))):
        before, behind = said[: found.start()], said[found.end() :]
        if re.search(f"[aeiouA]{_ONE}$", before) and re.match(f"{_ONE}[aeiouA]", behind):
            said = before + behind
    return said


def _joined(word: str) -> bool:
    """Whether the last consonant is joined to the one before it: the vowel behind two of them is said."""
    return len(word) > 2 and ord(word[-2]) & 0x7F == _VIRAMA


_V = "[aeiouA]"
_TAMIL_SOUNDS = (
    ("thth", "th"), ("tchu?(?=m)|tch", "ksh"), ("^ch", "s"), (f"(?<={_V})ch(?={_V})", "s"), ("nch", "nj"), ("chch", "ch"),
    (f"(?<=[aeiouAn])k(?={_V})(?!Anth|umar)", "g"), (f"(?<=[aeiouAn])t(?={_V})", "d"), (f"(?<=[aeiouAn])p(?={_V})", "b"),
    ("np", "mb"), ("^([kgptdb])iri(?=[yst])", r"\1ri"),
)  # fmt: skip
"""Tamil writes k, g and kh with one letter, and so on: soft between vowels and behind n. Its t of the teeth is th in names."""
_OF_THE_TEETH = "\u0ba4"


def _tamil(said: str) -> str:
    for found, sound in _TAMIL_SOUNDS:
        said = re.sub(found, sound, said)
    return said


# --- Sinhala

_SINHALA_CONSONANTS = table_of("""
    ක k ඛ kh ග g ඝ gh ඞ n ඟ ng ච ch ඡ ch ජ j ඣ jh ඤ n ඥ gn ඦ nj ට t ඨ t ඩ d ඪ d ණ n ඬ nd ත th ථ th ද d ධ dh න n ඳ nd ප p ඵ ph
    බ b භ bh ම m ඹ mb ය y ර r ල l ව w ශ sh ෂ sh ස s හ h ළ l ෆ f
""")
_SINHALA_VOWELS = table_of("""
    අ a ආ a ඇ a ඈ a ඉ i ඊ i උ u ඌ u ඍ ru එ e ඒ e ඓ ai ඔ o ඕ o ඖ au ා a ැ a ෑ a ි i ී i ු u ූ u ෘ ru ෙ e ේ e ෛ ai ො o ෝ o ෞ au
""")
_SINHALA_VIRAMA, _SINHALA_NASAL = "\u0dca", "\u0d82"


def _sinhala(word: str) -> str:
    made = ""
    for letter in word:
        if letter in _SINHALA_CONSONANTS:
            made += _SINHALA_CONSONANTS[letter] + "A"
        elif letter in _SINHALA_VOWELS:
            made = made.removesuffix("A") + _SINHALA_VOWELS[letter]
        elif letter == _SINHALA_VIRAMA:
            made = made.removesuffix("A")
        elif letter == _SINHALA_NASAL:
            made += "n"
    return re.sub("(?<=[lrs])w", "v", made).replace("A", "a")
