"""Names in Tibetan script: proposals, as they are said (after the simplified transcription of the Tibetan and Himalayan
Library)."""

from __future__ import annotations

import re
import unicodedata

from hcm_pipeline.identity.analogy import sayable_words
from hcm_pipeline.identity.ways import LONGEST_WORD, Way, like_names, table_of

_SAID = table_of("""
    ཀ k ཁ kh ག g ང ng ཅ ch ཆ ch ཇ j ཉ ny ཏ t ཐ th ད d ན n པ p ཕ ph བ b མ m ཙ ts ཚ ts ཛ dz ཝ w ཞ zh ཟ z ཡ y ར r ལ l ཤ sh ས s ཧ h
""") | {"འ": "", "ཨ": ""}
_VOWELS = {
    "\u0f72": "i",
    "\u0f74": "u",
    "\u0f7a": "e",
    "\u0f7c": "o",
    "\u0f71": "",
    "\u0f7b": "e",
    "\u0f7d": "o",
    "\u0f7e": "m",
}
_BEFORE, _ABOVE = "གདབམའ", "རལས"
_BELOW = 0x50
"""Between a letter and its form below another."""
_WITH_Y = {"k": "ky", "kh": "khy", "g": "gy", "p": "ch", "ph": "ch", "b": "j", "m": "ny"}
_WITH_R = {
    "k": "tr",
    "kh": "tr",
    "g": "dr",
    "t": "tr",
    "d": "dr",
    "p": "tr",
    "ph": "tr",
    "b": "dr",
    "s": "s",
    "h": "hr",
    "m": "m",
}
_FINALS = {"ག": "k", "ང": "ng", "ད": "", "ན": "n", "བ": "p", "མ": "m", "འ": "", "ར": "r", "ལ": "l", "ས": ""}


def tibetan(text: str, _place: str) -> tuple[str, Way]:
    """A run of Tibetan, syllable by syllable."""
    syllables = re.split("[\u0f0b\u0f0c]", unicodedata.normalize("NFC", text))
    made = "".join(map(_syllable, syllables))
    return sayable_words(like_names(made)), Way("Tibetan, as it is said", 0.4)


def _syllable(syllable: str) -> str:
    """Letters before and above the root are not said, nor are most behind it."""
    stacks = re.findall("[\u0f40-\u0f6c][\u0f90-\u0fbc]*[\u0f71-\u0f84]*|[^\u0f00-\u0fff]", syllable)
    if len(stacks) > LONGEST_WORD or not stacks or not "\u0f40" <= stacks[0][0] <= "\u0f6c":
        return "".join(stacks)
    at = _root(stacks)
    if at and stacks[0] not in _BEFORE:  # two syllables in one, as of Sanskrit: ཀརྨ
        first, rest = "".join(stacks[:at]), "".join(stacks[at:])
        if "\u0f90" <= rest[1:2] <= "\u0fbc":
            first, rest = first + rest[0], chr(ord(rest[1]) - _BELOW) + rest[2:]
        return _syllable(first) + _syllable(rest)
    stack = stacks[at]
    vowel = "".join(_VOWELS.get(one, "") for one in stack) or "a"
    final = stacks[at + 1] if len(stacks) > at + 1 else ""
    if vowel == "a" and final in ("ད", "ན", "ལ", "ས"):
        vowel = "e"
    behind = "".join(_VOWELS.get(one, "") for later in stacks[at + 1 :] for one in later)
    begins = (
        "z" if at and (stacks[0], stack[0]) == ("འ", "ཛ") else "w" if at and (stacks[0], stack[0]) == ("ད", "བ") else ""
    )
    return (begins or _begin(stack)) + vowel + (_FINALS.get(final[:1], "") or behind)


def _root(stacks: list[str]) -> int:
    """The stack that is the root: the first with letters or vowels at it, or else the one that stands where a root does."""
    with_signs = next((at for at, stack in enumerate(stacks) if len(stack) > 1), None)
    if with_signs is not None:
        return with_signs
    return int(len(stacks) > 2 and stacks[0] in _BEFORE)


def _begin(stack: str) -> str:
    """The consonant of a root."""
    letters = [stack[0], *(chr(ord(one) - _BELOW) for one in stack[1:] if "\u0f90" <= one <= "\u0fbc")]
    if len(letters) > 1 and letters[0] in _ABOVE and letters[1] not in "ཡརལཝ":
        letters = letters[1:]
    plain = _SAID.get(letters[0], "")
    if "ཡ" in letters[1:]:
        plain = _WITH_Y.get(plain, plain)
    if "ར" in letters[1:]:
        plain = _WITH_R.get(plain, plain)
    if "ལ" in letters[1:] and letters[0] != "ལ":
        plain = "d" if letters[0] == "ཟ" else "l"
    return plain
